"""Pictures of single objects: glyphs of Noto Color Emoji, named by Unicode, beside shapes drawn here.

Noto Color Emoji is under the SIL Open Font License 1.1; only pictures made with it are used, never the font itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pixxelbot.bundled.faces import STAND_INS
from pixxelbot.bundled.shapes import SHAPES, emblem

FONT: Final = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
"""Where Debian's package fonts-noto-color-emoji puts the font."""
STRIKE: Final = 109
"""Points of the only bitmap size in the font."""
MIDDLE: Final = 0.52
"""Lightness to which the median of an object is bent before it is coloured, so that the colour itself prevails."""
SIDE: Final = 136
"""Side of a sprite in pixels: the width of a glyph at that size."""

_SKINS: Final = (" + EMOJI MODIFIER FITZPATRICK TYPE-3", " + EMOJI MODIFIER FITZPATRICK TYPE-5")

GLYPHS: Final[dict[str, tuple[str, ...]]] = {
    "cat": ("CAT FACE", "CAT"),
    "dog": ("DOG FACE", "DOG"),
    "fox": ("FOX FACE",),
    "penguin": ("PENGUIN",),
    "butterfly": ("BUTTERFLY",),
    "fish": ("FISH", "TROPICAL FISH"),
    "rocket": ("ROCKET",),
    "car": ("AUTOMOBILE", "RECREATIONAL VEHICLE"),
    "boat": ("SAILBOAT", "SPEEDBOAT"),
    "house": ("HOUSE BUILDING", "HOUSE WITH GARDEN"),
    "castle": ("EUROPEAN CASTLE",),
    "tree": ("DECIDUOUS TREE", "EVERGREEN TREE"),
    "flower": ("CHERRY BLOSSOM", "BLOSSOM", "TULIP", "SUNFLOWER"),
    "mushroom": ("MUSHROOM",),
    "apple": ("RED APPLE", "GREEN APPLE"),
    "robot": ("ROBOT FACE",),
    "star": ("WHITE MEDIUM STAR",),
    "heart": ("HEAVY BLACK HEART",),
    "moon": ("CRESCENT MOON", "FULL MOON SYMBOL"),
    "ghost": ("GHOST",),
    "rabbit": ("RABBIT FACE", "RABBIT"),
    "bear": ("BEAR FACE", "TEDDY BEAR"),
    "panda": ("PANDA FACE",),
    "lion": ("LION FACE",),
    "pig": ("PIG FACE", "PIG"),
    "frog": ("FROG FACE",),
    "owl": ("OWL",),
    "duck": ("DUCK", "BABY CHICK"),
    "elephant": ("ELEPHANT",),
    "turtle": ("TURTLE",),
    "octopus": ("OCTOPUS",),
    "whale": ("SPOUTING WHALE", "WHALE"),
    "bee": ("HONEYBEE",),
    "dragon": ("DRAGON", "DRAGON FACE"),
    "unicorn": ("UNICORN FACE",),
    "man": ("MAN", *(f"MAN{skin}" for skin in _SKINS), "BEARDED PERSON"),
    "woman": ("WOMAN", *(f"WOMAN{skin}" for skin in _SKINS)),
    "wizard": ("MAGE", "MAGE + EMOJI MODIFIER FITZPATRICK TYPE-5"),
    "smiley": ("GRINNING FACE", "SMILING FACE WITH SMILING EYES", "SMILING FACE WITH SUNGLASSES"),
    "snowman": ("SNOWMAN WITHOUT SNOW",),
    "bus": ("BUS", "ONCOMING BUS"),
    "train": ("STEAM LOCOMOTIVE", "TRAIN"),
    "bicycle": ("BICYCLE",),
    "airplane": ("AIRPLANE", "SMALL AIRPLANE"),
    "balloon": ("BALLOON",),
    "ufo": ("FLYING SAUCER",),
    "tent": ("TENT", "CIRCUS TENT"),
    "cactus": ("CACTUS",),
    "palm tree": ("PALM TREE",),
    "strawberry": ("STRAWBERRY",),
    "pizza": ("SLICE OF PIZZA",),
    "cake": ("BIRTHDAY CAKE", "SHORTCAKE"),
    "ice cream": ("SOFT ICE CREAM", "ICE CREAM"),
    "donut": ("DOUGHNUT",),
    "banana": ("BANANA",),
    "sun": ("BLACK SUN WITH RAYS", "SUN WITH FACE"),
    "cloud": ("CLOUD",),
    "umbrella": ("UMBRELLA", "UMBRELLA WITH RAIN DROPS"),
    "hat": ("TOP HAT", "WOMANS HAT"),
    "shirt": ("T-SHIRT",),
    "crown": ("CROWN",),
    "ball": ("SOCCER BALL", "BASKETBALL AND HOOP"),
    "guitar": ("GUITAR",),
}
"""Noun → its glyphs by Unicode name; ` + ` joins a sequence."""

INK: Final[dict[str, tuple[int, int, int]]] = {
    "red": (226, 32, 38),
    "orange": (255, 136, 14),
    "yellow": (255, 216, 30),
    "green": (44, 172, 62),
    "blue": (36, 98, 226),
    "purple": (138, 50, 200),
    "pink": (255, 112, 182),
    "brown": (132, 78, 40),
    "white": (236, 238, 244),
    "black": (46, 46, 54),
}
"""Colour word → its middle tone as sRGB bytes."""

_SHADOW: Final[dict[str, tuple[int, int, int]]] = {"white": (120, 128, 150), "black": (8, 8, 12)}
_LIGHT: Final[dict[str, tuple[int, int, int]]] = {"white": (255, 255, 255), "black": (118, 118, 132)}


@dataclass(frozen=True)
class Sprite:
    """One object on a transparent square.

    `image` is RGBA of `SIDE`² pixels; `light` holds its lightness, stretched so that the darkest and brightest 2 % of
    its pixels are 0 and 255 and bent so that the median is in the middle.
    """

    image: Image.Image
    light: Image.Image


def has_font() -> bool:
    """Whether the emoji font is installed; without it every object is a drawn shape."""
    return FONT.is_file()


@cache
def variants(noun: str) -> int:
    """How many sprites a noun has: at least one."""
    return len(_glyphs(noun)) + len(_drawn(noun)) or 1


@lru_cache(maxsize=512)
def sprite(noun: str, variant: int) -> Sprite:
    """The sprite number `variant` of a noun: glyphs first, drawn shapes after them."""
    names, shapes = _glyphs(noun), _drawn(noun)
    if variant < len(names):
        return _finished(_glyph(names[variant]))
    return _finished(shapes[variant - len(names)]() if shapes else emblem(noun))


def _glyphs(noun: str) -> tuple[str, ...]:
    return GLYPHS.get(noun, ()) if has_font() else ()


def _drawn(noun: str) -> tuple[Callable[[], Image.Image], ...]:
    """Shapes drawn beside the glyphs, or in their stead."""
    return SHAPES.get(noun, ()) if _glyphs(noun) else SHAPES.get(noun, ()) or STAND_INS.get(noun, ())


@cache
def ramp(colour: str) -> NDArray[np.uint8]:
    """A colour's tones as (256, 3) sRGB bytes, from its shadow at lightness 0 to its highlight at 255."""
    middle = np.array(INK[colour], dtype=np.float64)
    shadow = np.array(_SHADOW.get(colour, tuple(middle * 0.26)), dtype=np.float64)
    light = np.array(_LIGHT.get(colour, tuple(middle + (255 - middle) * 0.6)), dtype=np.float64)
    stops = np.stack((shadow, middle, middle, light))
    at = np.linspace(0, 1, 256)
    tones = [np.interp(at, (0.0, 0.42, 0.62, 1.0), stops[:, channel]) for channel in range(3)]
    return np.stack(tones, axis=1).round().astype(np.uint8)


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, STRIKE)


def _glyph(name: str) -> Image.Image:
    text = "".join(unicodedata.lookup(part) for part in name.split(" + "))
    font = _font()
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGBA", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), text, font=font, embedded_color=True)
    return image


def _finished(image: Image.Image) -> Sprite:
    """Crop to what is seen, fit into the square, and measure lightness."""
    image = image.crop(image.getchannel("A").point(lambda value: 255 if value > 8 else 0).getbbox())
    scale = SIDE / max(image.size)
    image = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BICUBIC
    )
    square = Image.new("RGBA", (SIDE, SIDE))
    square.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
    return Sprite(square, _light(square))


def _light(image: Image.Image) -> Image.Image:
    """Lightness, stretched to its range and bent so that half of what is seen lies above the middle tone."""
    pixels = np.asarray(image, dtype=np.float64)
    light = pixels[..., :3] @ (0.299, 0.587, 0.114)
    seen = light[pixels[..., 3] > 128]
    low, middle, high = np.percentile(seen, (2, 50, 98)) if seen.size else (0.0, 128.0, 255.0)
    if high - low < 24:
        return Image.new("L", image.size, 135)
    stretched = (light - low) / (high - low)
    knee = float(np.clip((middle - low) / (high - low), 0.03, 0.97))
    return Image.fromarray((np.interp(stretched, (0.0, knee, 1.0), (0.0, MIDDLE, 1.0)) * 255).astype(np.uint8))
