"""The painter: the same seed gives the same picture, masks and depth fit it, and nothing needs the emoji font."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from pixxelbot.bundled import backdrops, sprites
from pixxelbot.bundled.painter import Painting, paint
from pixxelbot.bundled.scenes import COLOURS, NOUNS, SETTINGS, STYLES, Scene, Thing, compose

FOX: Final = Scene((Thing("fox"),), "day")


@pytest.fixture(params=["with the font", "without the font"])
def font(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways to paint; the first only where the font is installed."""
    if request.param == "with the font" and not sprites.has_font():
        pytest.skip("the emoji font is not installed")
    if request.param == "without the font":
        monkeypatch.setattr(sprites, "FONT", Path("missing.ttf"))
    sprites.variants.cache_clear()
    sprites.sprite.cache_clear()
    yield
    sprites.variants.cache_clear()
    sprites.sprite.cache_clear()


def centre(mask: np.ndarray) -> tuple[float, float]:
    """Column and row of a mask's middle, as shares of its width and height."""
    rows, columns = np.nonzero(mask)
    return float(columns.mean()) / mask.shape[1], float(rows.mean()) / mask.shape[0]


def islands(mask: np.ndarray) -> int:
    """How many separate regions of at least 12 pixels a mask has."""
    left, found = mask.copy(), 0
    while left.any():
        stack, size = [tuple(np.argwhere(left)[0])], 0
        while stack:
            row, column = stack.pop()
            if 0 <= row < left.shape[0] and 0 <= column < left.shape[1] and left[row, column]:
                left[row, column], size = False, size + 1
                stack += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
        found += size >= 12
    return found


@pytest.mark.usefixtures("font")
def test_the_same_seed_paints_the_same_picture() -> None:
    one, same, other = paint(FOX, 5), paint(FOX, 5), paint(FOX, 6)
    assert np.array_equal(one.image, same.image) and np.array_equal(one.depth, same.depth)
    assert not np.array_equal(one.image, other.image)


def test_the_splits_share_no_picture() -> None:
    def pictures(split: str) -> set[bytes]:
        return {paint(FOX, seed, split=split).image.tobytes() for seed in range(40)}  # type: ignore[arg-type]

    assert len(pictures("train") | pictures("held-out")) == 80


@pytest.mark.parametrize(("width", "height"), [(96, 96), (128, 128), (192, 96), (96, 192), (168, 120)])
def test_a_painting_has_the_asked_shape(width: int, height: int) -> None:
    for style in STYLES:
        painting = paint(replace(FOX, style=style), 0, width, height)
        assert painting.image.shape == (height, width, 3)
        assert painting.depth.shape == painting.edges.shape == painting.masks[0].shape == (height, width)
        assert painting.image.dtype == painting.depth.dtype == painting.edges.dtype == np.uint8


@pytest.mark.usefixtures("font")
@pytest.mark.parametrize("noun", NOUNS)
def test_every_object_is_seen_and_unlike_the_empty_background(noun: str) -> None:
    painting = paint(Scene((Thing(noun),), "plain green"), 1)
    inside, outside = painting.image[painting.masks[0]], painting.image[2, 2]
    assert 0.06 < painting.masks[0].mean() < 0.6
    assert np.abs(inside.astype(int) - outside).sum(axis=1).mean() > 40


@pytest.mark.parametrize("setting", [*SETTINGS, None])
@pytest.mark.parametrize("style", STYLES)
def test_every_setting_is_painted_in_every_style(setting: str | None, style: str) -> None:
    pictures = [paint(Scene((Thing("star"),), setting, style), seed).image for seed in range(2)]
    assert pictures[0].std() > 4
    assert not np.array_equal(*pictures)


def test_the_styles_differ() -> None:
    pictures = [paint(replace(FOX, style=style), 3).image.astype(int) for style in STYLES]
    for place, one in enumerate(pictures):
        assert all(np.abs(one - other).mean() > 3 for other in pictures[place + 1 :])


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_is_painted_as_said(colour: str) -> None:
    for noun in ("fox", "car", "panda"):
        painting = paint(Scene((Thing(noun, colour),), "plain green" if colour != "green" else "plain pink"), 2)
        middle = np.median(painting.image[painting.masks[0]], axis=0)
        distances = {name: float(np.abs(middle - np.array(ink)).sum()) for name, ink in sprites.INK.items()}
        assert min(distances, key=distances.__getitem__) == colour


def test_masks_are_disjoint_and_in_the_said_order() -> None:
    things = (Thing("fox"), Thing("car"))
    for seed in range(6):
        for relation, axis, sign in (("left of", 0, 1), ("right of", 0, -1), ("above", 1, 1)):
            first, second = paint(Scene(things, "day", relation=relation), seed).masks  # type: ignore[arg-type]
            assert not (first & second).any()
            assert sign * (centre(second)[axis] - centre(first)[axis]) > 0.3


@pytest.mark.parametrize(
    ("place", "axis", "low", "high"),
    [("left", 0, 0, 0.4), ("right", 0, 0.6, 1), ("top", 1, 0, 0.4), ("bottom", 1, 0.6, 1), ("centre", 0, 0.4, 0.6)],
)
def test_a_thing_stands_where_it_is_said(place: str, axis: int, low: float, high: float) -> None:
    for seed in range(6):
        painting = paint(Scene((Thing("fox"),), "day", place=place), seed)  # type: ignore[arg-type]
        assert low < centre(painting.masks[0])[axis] < high


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_as_many_are_painted_as_are_said(count: int) -> None:
    for noun in ("star", "heart", "panda"):
        assert islands(paint(Scene((Thing(noun, count=count),), "day"), 1).masks[0]) == count


def test_sizes_and_framings_order_the_things() -> None:
    def share(**changes: object) -> float:
        size = changes.pop("size", None)
        scene = Scene((Thing("fox", size=size),), "day", **changes)  # type: ignore[arg-type]
        return float(np.mean([paint(scene, seed).masks[0].mean() for seed in range(4)]))

    assert share(framing="wide") < share(size="small") * 1.2 < share() < share(size="large") < share(framing="close-up")


def test_things_are_nearer_than_what_is_behind_them() -> None:
    for seed, setting in enumerate(SETTINGS):
        painting = paint(Scene((Thing("cat"),), setting), seed)
        assert painting.depth[painting.masks[0]].min() > painting.depth[~painting.masks[0]].max()


def test_edges_follow_the_outline_of_a_thing() -> None:
    painting = paint(Scene((Thing("heart"),), "plain white"), 0)
    mask = painting.masks[0]
    outline = mask ^ np.roll(mask, 1, axis=1)
    near = sum(np.roll(painting.edges > 0, shift, axis=1).astype(int) for shift in (-1, 0, 1)) > 0
    assert near[outline].mean() > 0.9
    assert set(np.unique(painting.edges)) == {0, 255}
    assert (painting.edges[:8] > 0).mean() < 0.05


def moons(painting: Painting) -> int:
    """Separate regions in the colour of the moon."""
    red, green, blue = (painting.image[..., channel].astype(int) for channel in range(3))
    pale = (red > 225) & (green > 205) & (blue > 140) & (blue < 215) & ~painting.masks[0]
    return islands(pale)


def test_a_night_has_exactly_one_moon_in_varied_places() -> None:
    nights = [paint(Scene((Thing("heart", "red", "small"),), "night"), seed) for seed in range(30)]
    assert [moons(night) for night in nights] == [1] * 30
    columns = [centre(night.image[..., 0] > 240)[0] for night in nights]
    assert max(columns) - min(columns) > 0.3


def test_a_moon_in_the_night_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[backdrops.Ground] = []
    monkeypatch.setattr(backdrops, "_moon", drawn.append)
    paint(Scene((Thing("moon"),), "night"), 0)
    assert not drawn
    paint(Scene((Thing("cat"),), "night"), 0)
    assert len(drawn) == 1


def test_pictures_of_one_scene_vary() -> None:
    pictures = [paint(FOX, seed).image.astype(int) for seed in range(4)]
    assert all(np.abs(one - other).mean() > 4 for one, other in pairwise(pictures))


@pytest.mark.usefixtures("font")
def test_any_composed_scene_can_be_painted() -> None:
    rng = np.random.default_rng(0)
    for seed in range(60):
        scene = compose(rng, "train")
        painting = paint(scene, seed)
        assert len(painting.masks) == len(scene.things)
        assert all(mask.any() for mask in painting.masks)
