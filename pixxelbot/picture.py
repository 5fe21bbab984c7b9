"""Pictures: what is known of one, what is written into its file, and what may come in from outside."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from math import ceil, sqrt
from typing import Any, Final

from PIL import Image, ImageOps, PngImagePlugin

from pixxelbot.errors import InvalidPicture
from pixxelbot.recipe import MAX_PROMPT, MAX_SEED, Recipe

SCHEMA_VERSION: Final = 1
MAX_BYTES: Final = 25 * 2**20
"""Bytes of one upload: what Discord lets a member attach without paying."""
MAX_PIXELS: Final = 64_000_000
"""A 64-megapixel phone camera; RGBA of it takes 256 MB for a moment."""
MIN_SIDE: Final = 8
"""Pixels: one latent of the common autoencoders."""
MAX_SIDE: Final = 4096
"""Pixels; larger uploads are scaled down, no model draws more."""
MAX_WRITTEN: Final = 20_000
"""Characters of a `parameters` text that are read."""
LOOK_SIDE: Final = 512
"""Pixels of what a language model is shown; the common ones cut more than that into tiles and charge for each."""
MAX_ALT: Final = 1024
"""Characters that Discord takes as an attachment's description."""
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""What may be opened; Pillow knows many more, and every parser is a way in."""
NO_PICTURE: Final = (
    OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, MemoryError, OverflowError, struct.error,
    zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow's parsers raise on broken files."""
TEXT_BOMB: Final = re.compile(r"MAX_TEXT_CHUNK|text chunks")
"""What Pillow says of text that unpacks to more than it will hold."""
MADE_BY_A_MODEL: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC digital source type, which shows and search engines read."""
XMP: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    f' Iptc4xmpExt:DigitalSourceType="{MADE_BY_A_MODEL}" xmp:CreatorTool="pixxelbot"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One stored picture, drawn or uploaded."""

    id: str
    job_id: str | None = None
    """None for an upload."""
    request_id: str | None = None
    member_id: str
    guild_id: str | None = None
    channel_id: str | None = None
    index: int = 0
    """Place within its job, from 0."""
    seed: int = 0
    width: int
    """Pixels."""
    height: int
    sha256: str
    key: str
    """Where its bytes are, within the storage."""
    parents: tuple[str, ...] = ()
    """Ids of the pictures it started from."""
    created_at: float = 0.0
    """Unix seconds."""
    deleted: bool = False
    """Its bytes are gone; its place in the lineage stays."""
    upload: bool = False
    private: bool = False
    """Made where not every member of the server looks in."""
    nsfw: bool = False
    """Made in an age-restricted channel, or from such a picture."""
    recipe: Recipe


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of an encoded picture; raises InvalidPicture."""
    return _opened(data).size


def suffix_of(data: bytes) -> str:
    """What a file of ours is called behind the dot: a picture, or an animation."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return "mp4"
    return "gif" if data[:3] == b"GIF" else "png"


def validate_upload(data: bytes) -> bytes:
    """A PNG of what the bytes show: upright, 8 bit RGB or RGBA, first frame, no metadata, at most MAX_SIDE.

    Raises:
        InvalidPicture: nothing, no picture, a broken one, or one too large or too small.
    """
    image = _opened(data)
    try:
        image.seek(0)
        upright = ImageOps.exif_transpose(eight_bit(image))
    except NO_PICTURE as error:
        raise InvalidPicture(f"The picture is damaged and cannot be read to its end ({error}).") from None
    upright.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    plain = Image.new(upright.mode, upright.size)  # a fresh image carries neither EXIF nor colour profile along
    plain.paste(upright)
    return _png(plain, PngImagePlugin.PngInfo())


def _opened(data: bytes) -> Image.Image:
    """An opened, not yet decoded picture of bearable size."""
    if not data:
        raise InvalidPicture("The file is empty. Send a PNG, JPEG, WebP or GIF picture.")
    if len(data) > MAX_BYTES:
        raise InvalidPicture(f"The file has {len(data) / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB can be used.")
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidPicture(f"The picture has too many pixels; at most {MAX_PIXELS:,} can be used.") from None
    except NO_PICTURE as error:
        if TEXT_BOMB.search(str(error)):
            raise InvalidPicture(
                "The picture carries more text than is safe to unpack. Save it without its metadata, and send that."
            ) from None
        raise InvalidPicture("The file is not a picture I can read. Send a PNG, JPEG, WebP or GIF picture.") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InvalidPicture(f"The picture has {width} × {height} pixels; at most {MAX_PIXELS:,} in all can be used.")
    if min(width, height) < MIN_SIDE:
        raise InvalidPicture(f"The picture has {width} × {height} pixels; each side needs at least {MIN_SIDE}.")
    return image


def eight_bit(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where there is transparency; EXIF orientation stays attached."""
    orientation = image.getexif()
    if image.mode.startswith(("I", "F")):  # 16 and 32 bit grey, which Pillow's own conversion would clip to white
        levels = image.convert("F")
        top = 65535.0 if image.mode.startswith("I") else 1.0
        whole = levels.point(lambda level: level * (255 / top) + 0).convert("L").convert("RGB")
    else:
        whole = image.convert("RGBA" if image.has_transparency_data else "RGB")
    whole.info["exif"] = orientation.tobytes()
    return whole


def encode_png(
    image: Image.Image, *, picture_id: str, recipe: Recipe, seed: int, index: int, model_hash: str, arithmetic: str = ""
) -> bytes:
    """PNG with the A1111 `parameters` text, our own JSON, and XMP that says a model made it.

    `arithmetic` is what the model calculated in: in another one, or on other hardware, a replay is not exact.
    """
    own = {
        "schema_version": SCHEMA_VERSION,
        "picture_id": picture_id,
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "index": index,
        "model_hash": model_hash,
        "arithmetic": arithmetic,
        "software": software(),
    }
    texts = _texts(recipe, seed, image.size, model_hash)
    texts.add_itxt("pixxelbot", json.dumps(own, ensure_ascii=False))
    return _png(image, texts)


def encode_grid(images: Sequence[Image.Image], *, recipe: Recipe, model_hash: str) -> bytes:
    """PNG of all pictures of a job in one, with the metadata that holds for all."""
    whole = grid(images)
    return _png(whole, _texts(recipe, recipe.seed, whole.size, model_hash))


def read_metadata(data: bytes) -> dict[str, Any] | None:
    """Our own JSON out of a PNG, or None where it carries none (or a damaged one)."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()  # text may stand behind the pixels
            text = image.info.get("pixxelbot")
            found = json.loads(text) if isinstance(text, str) else None
    except NO_PICTURE:
        return None
    return found if isinstance(found, dict) else None


def written_in(data: bytes) -> dict[str, Any]:
    """What a PNG says of how it was drawn: our own JSON, else the text of AUTOMATIC1111's web UI; empty where nothing.

    Anything may stand there, for it comes from outside: it is text and numbers of the right types, and nothing more.
    """
    own = read_metadata(data)
    said = own.get("recipe") if own else None
    if not isinstance(said, dict):
        said = _a1111(data)
    texts = {name: _line(said[name]) for name in ("prompt", "negative_prompt") if isinstance(said.get(name), str)}
    numbers = {"seed": MAX_SEED, "steps": 150, "guidance_scale": 50.0}
    values = {name: said[name] for name in numbers if isinstance(said.get(name), int | float)}
    fitting = {name: value for name, value in values.items() if 0 <= value <= numbers[name]}
    return texts | {name: value for name, value in fitting.items() if not isinstance(value, bool)}


def _a1111(data: bytes) -> dict[str, Any]:
    """Prompt, negative prompt and the commonest settings out of a `parameters` text."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()
            text = image.info.get("parameters")
    except NO_PICTURE:
        return {}
    if not isinstance(text, str):
        return {}
    words, _, settings = text[:MAX_WRITTEN].rpartition("\n")
    if not re.match(r"\w[\w ]*: ", settings):
        words, settings = text[:MAX_WRITTEN], ""
    prompt, _, negative = words.partition("\nNegative prompt: ")
    found: dict[str, Any] = {"prompt": prompt, "negative_prompt": negative}
    for name, field, kind in (("Steps", "steps", int), ("Seed", "seed", int), ("CFG scale", "guidance_scale", float)):
        if match := re.search(rf"\b{name}: (\d{{1,10}}(?:\.\d{{1,4}})?)", settings):
            found[field] = kind(float(match[1]))
    return found


def _line(text: str) -> str:
    """One line without characters that nobody sees, no longer than a prompt may be."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[:MAX_PROMPT]).split())


def parameters(recipe: Recipe, seed: int, size: tuple[int, int], model_hash: str) -> str:
    """The text AUTOMATIC1111's web UI writes, which many galleries read."""
    settings: dict[str, object] = {
        "Steps": recipe.steps,
        "Sampler": recipe.sampler,
        "CFG scale": f"{recipe.guidance_scale:g}",
        "Seed": seed,
        "Size": f"{size[0]}x{size[1]}",
        "Model hash": model_hash[:10],
        "Model": recipe.model,
    }
    if recipe.strength is not None:
        settings["Denoising strength"] = f"{recipe.strength:g}"
    settings["Version"] = software()
    loras = "".join(f" <lora:{name}:{weight:g}>" for name, weight in recipe.loras)
    negative = f"Negative prompt: {recipe.negative_prompt}\n" if recipe.negative_prompt else ""
    return f"{recipe.prompt}{loras}\n{negative}{', '.join(f'{name}: {value}' for name, value in settings.items())}"


def grid(images: Sequence[Image.Image]) -> Image.Image:
    """All pictures in one: 2 side by side, 3 or 4 as 2 × 2, up to 9 as 3 × 3, then four to a row."""
    across = ceil(sqrt(len(images)))
    down = ceil(len(images) / across)
    width, height = (max(image.size[side] for image in images) for side in (0, 1))
    whole = Image.new("RGB", (across * width, down * height), "#313338")  # the ground of Discord's dark theme
    for place, image in enumerate(images):
        whole.paste(image, (place % across * width, place // across * height))
    return whole


def look_at(png: bytes) -> bytes:
    """A small JPEG of a picture, for networks that look at it."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        small = opened.convert("RGB")
    small.thumbnail((LOOK_SIDE, LOOK_SIDE))
    held = io.BytesIO()
    small.save(held, "JPEG", quality=85)
    return held.getvalue()


def alt_text(recipe: Recipe, index: int) -> str:
    """Words for those who cannot see the picture at `index` (from 0)."""
    which = f"Picture {index + 1} of {recipe.count}: " if recipe.count > 1 else "Picture: "
    text = which + " ".join(recipe.prompt.split())
    return text if len(text) <= MAX_ALT else text[: MAX_ALT - 1] + "…"


@cache
def software() -> str:
    """Name and version of this program."""
    try:
        return f"pixxelbot {version('pixxelbot')}"
    except PackageNotFoundError:  # run from a source folder that was never installed
        return "pixxelbot"


def _texts(recipe: Recipe, seed: int, size: tuple[int, int], model_hash: str) -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", parameters(recipe, seed, size, model_hash))
    texts.add_itxt("XML:com.adobe.xmp", XMP)
    return texts


def _png(image: Image.Image, texts: PngImagePlugin.PngInfo) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "PNG", pnginfo=texts, compress_level=4)
    return encoded.getvalue()
