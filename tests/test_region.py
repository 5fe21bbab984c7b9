"""Masks from whatever a member sends."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from pixxelbot import region
from pixxelbot.errors import InvalidPicture


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    image.save(held, kind)
    return held.getvalue()


def scene(size: tuple[int, int] = (96, 64)) -> Image.Image:
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    ImageDraw.Draw(image).ellipse((60, 10, 90, 40), fill="orange")
    return image


def marked(mask: bytes) -> Image.Image:
    return Image.open(io.BytesIO(mask)).convert("L")


def test_transparency_a_painted_mask_and_a_marked_up_copy_mean_the_same() -> None:
    clear = scene().convert("RGBA")
    clear.paste((0, 0, 0, 0), (10, 10, 40, 40))
    painted = Image.new("RGB", (96, 64), "black")
    painted.paste("white", (10, 10, 40, 40))
    copy = scene()
    copy.paste((255, 0, 255), (10, 10, 40, 40))
    for sent in (clear, painted, copy):
        mask = marked(region.mask_from_upload(png(sent), png(scene())))
        assert mask.size == (96, 64)
        assert mask.getpixel((25, 25)) == 255 and mask.getpixel((70, 50)) == 0
        assert region.share(png(mask)) == pytest.approx(900 / (96 * 64), abs=0.02)


def test_a_copy_of_another_size_and_after_jpeg_still_fits() -> None:
    copy = scene()
    copy.paste((255, 0, 255), (10, 10, 40, 40))
    held = io.BytesIO()
    copy.resize((192, 128)).save(held, "JPEG", quality=80)
    again = Image.open(io.BytesIO(held.getvalue())).convert("RGB")
    mask = marked(region.mask_from_upload(png(again), png(scene())))
    assert mask.size == (96, 64) and mask.getpixel((25, 25)) == 255 and mask.getpixel((5, 60)) == 0


def test_growing_and_shrinking_undo_each_other_and_inverting_turns_it_round() -> None:
    painted = Image.new("L", (96, 64), 0)
    painted.paste(255, (30, 20, 60, 44))
    grown = region.changed(png(painted), "grow")
    assert region.share(grown) > region.share(png(painted)) > region.share(region.changed(png(painted), "shrink"))
    assert list(marked(region.changed(grown, "shrink")).getdata()) == list(painted.getdata())
    assert region.share(region.changed(png(painted), "invert")) == pytest.approx(1 - region.share(png(painted)))


def test_what_marks_nothing_or_everything_is_refused() -> None:
    for sent, named in ((scene(), "Nothing"), (Image.new("L", (96, 64), 255), "Everything")):
        with pytest.raises(InvalidPicture, match=named):
            region.mask_from_upload(png(sent), png(scene()))
    dot = Image.new("L", (96, 64), 0)
    dot.putpixel((5, 5), 255)
    with pytest.raises(InvalidPicture, match="Nothing"):
        region.changed(png(dot), "shrink")


def test_the_overlay_tints_only_the_region() -> None:
    painted = Image.new("L", (96, 64), 0)
    painted.paste(255, (10, 10, 40, 40))
    shown = Image.open(io.BytesIO(region.overlay(png(scene()), png(painted)))).convert("RGB")
    assert shown.getpixel((80, 55)) == scene().getpixel((80, 55))
    red, green, _ = shown.getpixel((20, 20))  # type: ignore[misc]
    assert red > green
