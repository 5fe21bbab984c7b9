"""The part of a picture that is drawn anew: a mask from whatever a member gives, grown, shrunk, inverted, shown.

A mask is a greyscale PNG of the picture's size: white is drawn anew, black is kept.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from pixxelbot.errors import InvalidPicture

STEP: Final = 1 / 32
"""One growing or shrinking, as a share of the picture's longer side."""
COARSE: Final = 512
"""Longest side in pixels at which a mask grows or shrinks; its edge need be no finer."""
MARKED: Final = 40
"""Difference of one channel (of 255) from which a pixel counts as marked; JPEG noise stays below."""
TINT: Final = (255, 64, 64)
VEIL: Final = 150
"""Opacity (of 255) of the overlay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region that a member is choosing, kept until it is drawn."""

    id: str
    picture_id: str
    mask_id: str
    """The upload that holds the mask."""
    member_id: str
    words: str = ""
    """What is to be drawn there."""
    created_at: float = 0.0


def mask_from_upload(data: bytes, picture: bytes) -> bytes:
    """A mask out of what a member sent for a picture: its transparency, a black-and-white mask, or a marked-up copy.

    Raises:
        InvalidPicture: nothing is marked, or everything is.
    """
    sent, original = _image(data), _image(picture)
    if sent.size != original.size:
        sent = sent.resize(original.size, Image.Resampling.LANCZOS)
    if sent.mode == "RGBA" and any(sent.getchannel("A").histogram()[:255]):
        mask = ImageChops.invert(sent.getchannel("A"))
    elif _is_grey(sent.convert("RGB")):
        mask = sent.convert("L")
    else:
        mask = _difference(sent.convert("RGB"), original.convert("RGB"))
    return _png(_checked(mask.point(lambda level: 255 if level > 127 else 0)))


def mask_from_grey(data: bytes, picture: bytes) -> bytes:
    """A mask out of a grey picture of how likely each place is meant.

    Raises:
        InvalidPicture: nothing is, or everything.
    """
    likely, size = _image(data).convert("L"), _image(picture).size
    likely = likely if likely.size == size else likely.resize(size)
    return _png(_checked(likely.point(lambda level: 255 if level > 127 else 0)))


def changed(mask: bytes, how: str) -> bytes:
    """The mask grown, shrunk or inverted.

    Raises:
        InvalidPicture: nothing would be left, or nothing left out.
    """
    image = _image(mask).convert("L")
    if how == "invert":
        return _png(_checked(ImageChops.invert(image)))
    small = image.copy()
    small.thumbnail((COARSE, COARSE), Image.Resampling.NEAREST)
    near = ImageFilter.MaxFilter(3) if how == "grow" else ImageFilter.MinFilter(3)
    for _ in range(max(round(max(small.size) * STEP), 1)):
        small = small.filter(near)
    return _png(_checked(small.resize(image.size, Image.Resampling.NEAREST)))


def overlay(picture: bytes, mask: bytes) -> bytes:
    """The picture with the region tinted, as it is shown for approval."""
    image, where = _image(picture).convert("RGB"), _image(mask).convert("L")
    if where.size != image.size:
        where = where.resize(image.size)
    veil = where.point(lambda level: level * VEIL // 255)
    return _png(Image.composite(Image.new("RGB", image.size, TINT), image, veil))


def share(mask: bytes) -> float:
    """How much of the picture is marked, from 0 to 1."""
    histogram = _image(mask).convert("L").histogram()
    return sum(histogram[128:]) / max(sum(histogram), 1)


def _difference(sent: Image.Image, original: Image.Image) -> Image.Image:
    """What was painted over: the largest difference of any channel, without specks."""
    red, green, blue = ImageChops.difference(sent, original).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda level: 255 if level > MARKED else 0).filter(ImageFilter.MedianFilter(3))


def _is_grey(image: Image.Image) -> bool:
    """Whether it is black, white and little else: a mask that was painted as one."""
    red, green, blue = image.split()
    spread = ImageChops.lighter(ImageChops.difference(red, green), ImageChops.difference(green, blue))
    extremes = sum(image.convert("L").histogram()[64:192])
    return not any(spread.histogram()[MARKED:]) and extremes < image.width * image.height / 20


def _checked(mask: Image.Image) -> Image.Image:
    levels = mask.convert("L").histogram()
    if not any(levels[128:]):
        raise InvalidPicture("Nothing is marked in it. Paint over the part that shall change, and send it again.")
    if not any(levels[:128]):
        raise InvalidPicture("Everything is marked in it. Leave the part that shall stay as it is, and send it again.")
    return mask


def _image(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
        return opened.convert("RGBA" if opened.has_transparency_data else opened.mode)


def _png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()
