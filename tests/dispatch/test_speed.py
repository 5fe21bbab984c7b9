"""How long a recipe will take."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from pixxelbot.dispatch.renderers.speed import Speed, needed
from pixxelbot.profile import Profile
from pixxelbot.recipe import Kind
from tests.factories import recipe


def test_before_anything_was_measured_there_is_a_sane_guess() -> None:
    assert 0.1 < Speed().predict(recipe(steps=25, count=4)) < 20


def test_the_mean_moves_towards_what_is_measured_by_model() -> None:
    speed, one = Speed(), recipe(steps=10)
    speed.learn(one, 2.0)
    assert speed.predict(one) == pytest.approx(2.0)
    speed.learn(one, 4.0)
    assert 2.0 < speed.predict(one) < 4.0
    assert speed.predict(one.evolve(model="other")) == Speed().predict(one)


def test_cost_grows_with_pixels_pictures_steps_and_guidance() -> None:
    speed, one = Speed(), recipe(steps=10)
    for change in ({"count": 2}, {"steps": 20}, {"width": 256}):
        assert speed.predict(one.evolve(**change)) == pytest.approx(2 * speed.predict(one))
    assert speed.predict(one.evolve(guidance_scale=1)) == pytest.approx(speed.predict(one) / 2)
    assert speed.predict(one.evolve(kind="img2img", strength=0.5)) == pytest.approx(speed.predict(one) / 2)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_drawing_has_a_prediction(kind: str) -> None:
    speed = Speed()
    one = recipe(kind=kind, sources=("a",))
    assert speed.predict(one) > 0
    speed.learn(one, 2.0)
    assert speed.predict(one) == pytest.approx(2.0)


def test_what_was_measured_before_is_better_than_a_guess() -> None:
    measured = Profile(
        model="bundled", model_hash="0" * 64, size="4x16x16", dtype="float32", device="cpu", versions="torch 2.13.0",
        seconds=((1, 0.5), (2, 0.6), (4, 1.0), (8, 2.0)),
    )  # fmt: skip
    speed, one = Speed(), recipe(steps=10, count=4)
    assert speed.predict(one, [measured]) == pytest.approx(10 * 2.0)
    assert speed.predict(one.evolve(width=256), [measured]) == pytest.approx(2 * 10 * 2.0)
    speed.learn(one, 3.0)
    assert speed.predict(one, [measured]) == pytest.approx(3.0)


def test_what_is_drawn_in_tiles_takes_the_memory_of_its_tiles() -> None:
    measured = Profile(
        model="bundled", model_hash="0" * 64, size="4x16x16", dtype="float32", device="cpu", versions="torch 2.13.0",
        seconds=((1, 0.5),), bytes=((1, 10_000_000),),
    )  # fmt: skip
    large = recipe(kind="upscale", sources=("a",), width=2048, height=2048, scale=4.0, guidance_scale=7.0)
    assert needed(large, [measured]) == pytest.approx(4 * 10_000_000 + 2048 * 2048 * 24)
    frames = recipe(kind="interpolate", sources=("a", "b"), count=4, frames=60, guidance_scale=1.0)
    assert needed(frames, [measured]) == pytest.approx(4 * 10_000_000, rel=0.05)


def test_on_a_device_that_says_when_its_memory_is_short_a_grid_needs_what_one_row_does() -> None:
    """The engine splits what does not fit at once; only what does not fit alone cannot be drawn there."""
    measured = Profile(
        model="bundled", model_hash="0" * 64, size="4x16x16", dtype="float16", device="NVIDIA X", versions="torch",
        seconds=((1, 0.5),), bytes=((1, 10_000_000),), decoding=100.0,
    )  # fmt: skip
    grid = recipe(count=10, guidance_scale=7.0)
    assert needed(grid, [measured]) == pytest.approx(10_000_000)
    assert needed(grid.evolve(width=256), [measured]) == pytest.approx(20_000_000)
    assert needed(grid, [dataclasses.replace(measured, device="cpu x86_64 2 threads")]) == pytest.approx(
        200_000_000, rel=0.05
    )
