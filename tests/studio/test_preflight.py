"""Pre-flight: what does not fit is refused before it is queued, with the least change that does fit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixxelbot.errors import TooDemanding
from pixxelbot.job import Forecast, Status, new_id
from pixxelbot.recipe import Kind, Limits, Recipe
from pixxelbot.studio import Studio
from pixxelbot.studio.preflight import check_memory, flags, lesser
from tests import factories
from tests.studio.talk import opened
from tests.studio.test_studio import queued, uploaded

LIMITS = Limits(model="bundled", native=128, minimum=64, maximum=256, samplers=("DDIM",), turbo_steps=8)
ROOM = 3 * 2**30
"""Three pictures of 128² fit."""


def forecast(recipe: Recipe) -> Forecast:
    pixels = recipe.width * recipe.height * recipe.count
    return Forecast(seconds=pixels / 128**2 * recipe.steps / 10, bytes=pixels * 2**16, room=ROOM)


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio on a machine where three pictures fit the memory."""
    async with opened(tmp_path, forecast) as studio:
        yield studio


async def test_what_does_not_fit_the_memory_is_refused_with_what_does(narrow: Studio) -> None:
    request, job = await queued(narrow, factories.request("a red fox"))
    assert job is None and request.status is Status.FAILED and request.error_code == TooDemanding.code
    assert "4.0 GiB of memory" in str(request.error_message) and "1.0 GiB too much" in str(request.error_message)
    assert request.intent is not None
    [choice] = request.intent.choices
    assert choice.instead is not None and choice.instead.said() == {"count": 3} and "--count 3" in choice.label


async def test_the_answer_that_was_offered_draws_whatever_options_and_locks_said(narrow: Studio) -> None:
    address = factories.request().address
    await queued(narrow, factories.request("always use four pictures from now on", address=address))
    refused, _ = await queued(narrow, factories.request("a red fox --count 4 --seed 9", address=address))
    assert refused.intent is not None and refused.error_code == TooDemanding.code
    again = factories.request("yes", address=address, intent=refused.intent.choices[0].intent)
    _, job = await queued(narrow, again)
    assert job is not None and (job.recipe.count, job.recipe.seed) == (3, 9) and "fox" in job.recipe.prompt


async def test_yes_in_words_takes_what_was_offered(narrow: Studio) -> None:
    await queued(narrow, factories.request("a red fox"))
    _, job = await queued(narrow, factories.request("yes"))
    assert job is not None and job.recipe.count == 3 and "fox" in job.recipe.prompt


async def test_a_start_from_a_picture_is_offered_from_that_picture(narrow: Studio) -> None:
    picture = await uploaded(narrow)
    refused, _ = await queued(narrow, factories.request("a red fox --count 10", sources=(picture.id,)))
    assert refused.intent is not None
    _, job = await queued(narrow, factories.request("yes"))
    assert job is not None and job.recipe.kind == "img2img" and job.recipe.sources == (picture.id,)


async def test_a_days_time_is_kept_to_and_what_still_fits_is_offered(studio: Studio) -> None:
    await studio.store.change_preferences("guild:10", {"daily_seconds": 3})
    refused, job = await queued(studio, factories.request("a red fox"))
    assert job is None
    assert "4 s of drawing, and 3 s of your 3 s for today are left" in str(refused.error_message)
    assert refused.intent is not None and refused.intent.choices[0].instead is not None
    assert refused.intent.choices[0].instead.said() == {"count": 3}


async def test_the_operator_has_no_budget_of_time(studio: Studio) -> None:
    await studio.store.change_preferences("guild:10", {"daily_seconds": 1})
    _, job = await queued(studio, factories.request("a red fox", member_id="cli:ana"))
    assert job is not None and job.cost == 4.0


async def test_what_was_never_measured_is_accepted_and_that_is_recorded(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "pixxelbot.studio"):
        request, job = await queued(studio, factories.request(id=new_id()))
    assert job is not None
    assert f"request {request.id} is accepted without knowing" in caplog.text


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"count": 4}, "--count 3"),
        ({"count": 1, "width": 256, "height": 256}, "--size 192x192"),
        ({"kind": "vary", "sources": ("a",), "count": 9}, "--count 3"),
        ({"kind": "upscale", "sources": ("a",), "width": 512, "height": 512, "scale": 4.0}, "--scale 1.5"),
    ],
)
def test_the_least_change_that_fits_is_found(changes: dict[str, Any], flag: str) -> None:
    found = lesser(factories.recipe(**changes), LIMITS, forecast)
    assert found is not None and flags(found) == flag


def test_time_is_saved_by_fewer_steps_where_pictures_are_one() -> None:
    found = lesser(factories.recipe(kind="edit", sources=("a",), steps=40), LIMITS, forecast, seconds=2.5)
    assert found is not None and flags(found) == "--steps 20"


def test_where_nothing_lesser_fits_nothing_is_offered() -> None:
    assert lesser(factories.recipe(), LIMITS, lambda _: Forecast(seconds=0.0, bytes=2, room=1)) is None


@given(
    st.sampled_from(Kind.__args__),  # type: ignore[attr-defined]
    st.integers(1, 10),
    st.sampled_from([64, 128, 192, 256]),
    st.integers(1, 100),
    st.floats(0, 50),
)
def test_whatever_is_offered_fits(kind: Kind, count: int, side: int, steps: int, seconds: float) -> None:
    fields: dict[str, Any] = {"count": count, "width": side, "height": side, "steps": steps, "scale": 2.0, "frames": 16}
    asked = factories.recipe(kind=kind, sources=("a",), **fields)
    found = lesser(asked, LIMITS, forecast, seconds)
    if found is not None:
        said = found.said()
        if found.scale:
            said |= {"width": round(side / 2 * found.scale), "height": round(side / 2 * found.scale)}
        foreseen = forecast(asked.evolve(**said))
        check_memory(foreseen)
        assert foreseen.seconds <= seconds
