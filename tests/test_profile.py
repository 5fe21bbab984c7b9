"""Caps and predictions from what was measured."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixxelbot.dispatch.renderers.speed import KEPT, PICTURE, Speed, needed, work
from pixxelbot.profile import Profile
from pixxelbot.recipe import Kind
from tests.factories import recipe


def profile(*seconds: float, size: str = "4x16x16", held: tuple[int, ...] = ()) -> Profile:
    rows = [2**place for place in range(len(seconds))]
    return Profile(
        model="bundled", model_hash="0" * 64, size=size, dtype="float32", device="cpu", versions="torch 2.13.0",
        seconds=tuple(zip(rows, seconds, strict=True)), bytes=tuple(zip(rows, held, strict=False)), decoding=500.0,
    )  # fmt: skip


def test_the_cap_is_where_company_stops_paying() -> None:
    assert profile(1.0, 1.2, 1.6, 2.4, 4.8).cap == 8
    assert profile(1.0, 1.2, 1.6, 3.2, 6.4).cap == 4
    assert profile(1.0, 1.9, 3.7, 7.4).cap == 2, "at 2 a row is within a twentieth of the cheapest"


def test_where_company_never_pays_each_goes_alone() -> None:
    assert profile(1.0, 2.0, 4.0, 8.0).cap == 1
    assert profile(1.0, 1.97, 3.9, 8.2).cap == 1
    assert profile(3.0).cap == 1


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=6))
def test_a_cap_is_a_measured_number_of_rows_that_costs_nearly_the_least(seconds: list[float]) -> None:
    found = profile(*seconds)
    costs = {rows: cost / rows for rows, cost in found.seconds}
    assert costs[found.cap] <= min(costs.values()) * 1.0501
    assert found.gain >= 1 or found.gain == pytest.approx(1)


def test_memory_is_known_where_it_was_measured_and_on_lines_between_and_beyond() -> None:
    found = profile(1.0, 1.5, 2.5, held=(100, 110, 410))
    assert [found.memory(rows) for rows in (1, 2, 3, 4)] == [100, 110, 260, 410]
    assert found.memory(7) == pytest.approx(410 + 310)


def test_memory_follows_a_line_and_durations_lie_between_their_neighbours() -> None:
    found = profile(1.0, 1.5, 2.5, held=(110, 210, 410))
    assert found.memory(8) == pytest.approx(810)
    assert found.memory(1) == pytest.approx(110)
    assert found.duration(3) == pytest.approx(2.0)
    assert found.duration(8) == pytest.approx(5.0)


def test_a_profile_is_stored_and_read_back() -> None:
    found = profile(1.0, 1.5, held=(10, 20))
    assert Profile.load(json.loads(json.dumps(found.dump()))) == found
    assert len(found.name) <= 110


def test_the_memory_of_a_recipe_grows_with_its_pictures_and_their_size() -> None:
    found = [profile(1.0, 1.5, 2.5, held=(10_000_000, 20_000_000, 40_000_000))]
    one, four = recipe(count=1, guidance_scale=1.0), recipe(count=4)
    pixels = 128 * 128
    decoding = 500 * pixels
    assert needed(one, found) == pytest.approx(10_000_000 + (decoding + pixels * PICTURE) * KEPT, rel=0.01)
    assert needed(four, found) == pytest.approx(80_000_000 + (decoding + 4 * pixels * PICTURE) * KEPT, rel=0.01)
    assert needed(four.evolve(width=256, height=256), found) == pytest.approx(4 * (needed(four, found) or 0), rel=0.01)
    alone = profile(1.0, held=(10,))
    assert needed(one, [alone]) == pytest.approx(decoding + pixels * PICTURE, rel=0.01), "decoding is more here"
    assert needed(one, []) is None


@pytest.mark.parametrize("kind", Kind.__args__)  # type: ignore[attr-defined]
def test_every_kind_is_work_of_some_amount(kind: Kind) -> None:
    asked = recipe(kind=kind, sources=("one",), strengths=(0.5, 1.0))
    assert 0 < work(asked) < 1e12
    assert Speed().predict(asked) > 0
