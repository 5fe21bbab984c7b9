"""Pictures: what may come in, and what is written into those that go out."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from pixxelbot import picture
from pixxelbot.errors import InvalidPicture
from pixxelbot.recipe import Recipe
from tests import factories


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    held = io.BytesIO()
    image.save(held, format, **options)
    return held.getvalue()


def taken_in(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture.validate_upload(data)))
    assert image.format == "PNG"
    image.load()
    return image


def bomb(side: int) -> bytes:
    """A PNG that claims `side`² pixels, in a few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


PLAIN = encoded(Image.effect_noise((64, 48), 90).convert("RGB"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, I am a text", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%PDF-1.7", "not a picture"),
        (PLAIN[:500], "damaged"),
        (PLAIN[:20], "not a picture"),
        (PLAIN[:200] + b"\0" * 200 + PLAIN[400:], "damaged"),
        (encoded(Image.effect_noise((64, 48), 90).convert("RGB"), "JPEG")[:-400], "damaged"),
        (bomb(9_000), "pixels"),
        (bomb(12_000), "pixels"),
        (bomb(60_000), "pixels"),
        (bomb(500), "damaged"),
        (encoded(Image.new("RGB", (4, 400))), "at least"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (picture.MAX_BYTES), "MiB"),
    ],
    ids=[
        "empty", "text", "svg", "pdf", "truncated", "header only", "damaged", "half a JPEG", "81 megapixels",
        "144 megapixels", "gigapixels", "too little data", "too narrow", "too many bytes",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_is_refused_with_words(data: bytes, words: str) -> None:
    with pytest.raises(InvalidPicture, match=words):
        picture.validate_upload(data)


def test_sixteen_bits_become_eight_without_clipping() -> None:
    image = Image.new("I;16", (16, 16), 32768)
    assert taken_in(encoded(image)).getpixel((3, 3)) in ((127, 127, 127), (128, 128, 128))


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_every_opaque_mode_becomes_rgb(mode: str) -> None:
    white = Image.new("RGB", (16, 16), "white").convert(mode)
    format = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    image = taken_in(encoded(white, format))
    assert image.mode == "RGB"
    found = image.getpixel((8, 8))
    assert isinstance(found, tuple)
    assert min(found) >= 250


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_kept(mode: str) -> None:
    half = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    half.paste((0, 0, 255, 255), (8, 0, 16, 16))
    source = half.convert("P") if mode == "PA" else half.convert(mode)
    image = taken_in(encoded(source, "PNG"))
    assert image.mode == "RGBA"
    left, right = image.getpixel((2, 2)), image.getpixel((12, 2))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert (left[3], right[3]) == (0, 255)


def test_a_picture_taken_sideways_stands_upright_and_tells_no_place() -> None:
    sideways = Image.new("RGB", (60, 40), "blue")
    sideways.paste("red", (0, 0, 30, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    upright = taken_in(encoded(sideways, "JPEG", exif=exif, quality=95))
    assert upright.size == (40, 60)
    top = upright.getpixel((20, 10))
    assert isinstance(top, tuple)
    assert top[0] > 200
    assert not upright.getexif()
    assert upright.info == {}


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(format: str) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "green")]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=50)
    found = taken_in(data).getpixel((3, 3))
    assert isinstance(found, tuple)
    assert found[0] > 240
    assert found[2] < 20


def test_a_huge_picture_is_scaled_down() -> None:
    image = taken_in(encoded(Image.new("L", (5000, 1000))))
    assert image.size == (4096, 819)


def test_metadata_goes_in_and_comes_out() -> None:
    recipe = factories.recipe(
        negative_prompt="moon, clouds", styles=(("ink", 0.5),), count=4, prompt="Füchsin\nim Schnee"
    )
    image = Image.new("RGB", (32, 32))
    data = picture.encode_png(image, picture_id="01", recipe=recipe, seed=9, index=2, model_hash="f" * 64)
    found = picture.read_metadata(data)
    assert found is not None
    assert Recipe.load(found["recipe"]) == recipe
    assert {
        "picture_id": "01",
        "seed": 9,
        "index": 2,
        "model_hash": "f" * 64,
        "schema_version": 1,
    }.items() <= found.items()
    opened = Image.open(io.BytesIO(data))
    text = (
        "Füchsin\nim Schnee\nNegative prompt: moon, clouds\nSteps: 4, Sampler: DDIM, CFG scale: 4, Seed: 9, Size: 32x32"
    )
    assert opened.info["parameters"].startswith(text)
    assert "trainedAlgorithmicMedia" in opened.info["XML:com.adobe.xmp"]


def test_pictures_of_others_carry_no_metadata_of_ours() -> None:
    assert picture.read_metadata(PLAIN) is None
    assert picture.read_metadata(b"nothing") is None
    assert picture.read_metadata(encoded(Image.new("RGB", (9, 9)), "JPEG")) is None
    texts = Image.new("RGB", (9, 9))
    from PIL.PngImagePlugin import PngInfo

    for broken in ("{", "[]", '"word"'):
        info = PngInfo()
        info.add_text("pixxelbot", broken)
        assert picture.read_metadata(encoded(texts, pnginfo=info)) is None


@pytest.mark.parametrize(
    ("count", "size"),
    [(1, (10, 8)), (2, (20, 8)), (3, (20, 16)), (4, (20, 16)), (5, (30, 16)), (9, (30, 24)), (10, (40, 24))],
)
def test_a_grid_has_room_for_all(count: int, size: tuple[int, int]) -> None:
    whole = picture.grid([Image.new("RGB", (10, 8), (place, 0, 0)) for place in range(1, count + 1)])
    assert whole.size == size
    columns = size[0] // 10
    seen = [whole.getpixel((place % columns * 10 + 5, place // columns * 8 + 4)) for place in range(count)]
    assert seen == [(place, 0, 0) for place in range(1, count + 1)]


def test_alt_text_says_what_was_drawn_within_discords_limit() -> None:
    assert picture.alt_text(factories.recipe(count=4, prompt="a red\n fox"), 1) == "Picture 2 of 4: a red fox"
    assert picture.alt_text(factories.recipe(prompt="fox"), 0) == "Picture: fox"
    assert len(picture.alt_text(factories.recipe(prompt="x" * 4000), 0)) == picture.MAX_ALT


@pytest.mark.parametrize("chunk", [b"zTXt", b"iTXt"])
def test_text_that_unpacks_to_very_much_is_called_what_it_is(chunk: bytes) -> None:
    packed = zlib.compress(b" " * 2**26)
    body = b"Comment\0\0" + packed if chunk == b"zTXt" else b"Comment\0\1\0\0\0" + packed
    bomb = struct.pack(">I", len(body)) + chunk + body + struct.pack(">I", zlib.crc32(chunk + body))
    with pytest.raises(InvalidPicture, match="more text than is safe"):
        picture.validate_upload(PLAIN[:33] + bomb + PLAIN[33:])  # after the signature and IHDR
