"""Permutations and repeats: how many pictures it would be is asked first, and each prompt is a job of its own."""

from __future__ import annotations

from typing import Any

import pytest

from pixxelbot.intent import Changes, Intent
from pixxelbot.job import Job, Request, Status
from pixxelbot.studio import Studio
from pixxelbot.studio.several import NOTHING
from tests.databases import until
from tests.studio.talk import Talk

FOXES = Changes(prompt="{red, blue} fox", permutations=("red fox", "blue fox"), count=2)


def planned(**changes: Any) -> Intent:
    return Intent(action="imagine", changes=FOXES.model_copy(update=changes))


async def jobs_beside(studio: Studio, request: Request) -> list[Job]:
    """The request's job and those of its companions, once all are queued."""

    async def all_queued() -> bool:
        beside = await studio.companions(request)
        return all(one.status is Status.QUEUED for one in beside)

    await until(all_queued)
    found = [await studio.store.job_of(one.id) for one in (request, *await studio.companions(request))]
    return [job for job in found if job is not None]


async def test_the_number_of_pictures_is_asked_before_anything_is_drawn(talk: Talk) -> None:
    intent = await talk.say("{red, blue} fox", intent=planned())
    assert intent.action == "clarify" and "2 prompts × 2 = 4 pictures" in intent.reply and talk.recipe is None
    assert [one.label for one in intent.choices] == ["Draw all 4 pictures", "One of each: 2 pictures", "No"]
    assert (await talk.say("no")).reply == NOTHING
    assert await talk.studio.store.jobs() == []


@pytest.mark.parametrize(("answer", "count"), [("yes", 2), ("2", 1)])
async def test_each_prompt_becomes_a_job_of_its_own(talk: Talk, studio: Studio, answer: str, count: int) -> None:
    talk.draws = False
    await talk.say("{red, blue} fox --seed 7", intent=planned(seed=7))
    await talk.say(answer)
    assert talk.request is not None
    jobs = await jobs_beside(studio, talk.request)
    assert [(job.recipe.prompt, job.recipe.count, job.recipe.permutations) for job in jobs] == [
        ("red fox", count, ()), ("blue fox", count, ()),
    ]  # fmt: skip
    assert all(job.recipe.seed == 7 for job in jobs)
    places = {(await studio.store.request(job.request_id)).address.channel_id for job in jobs}
    assert places == {"20"}


async def test_repeats_draw_the_same_prompt_with_other_noise(talk: Talk, studio: Studio) -> None:
    talk.draws = False
    await talk.say("a fox", intent=Intent(changes=Changes(prompt="a red fox", repeat=3, count=1, seed=7)))
    assert talk.request is not None and talk.request.intent is not None
    assert "3 times the same prompt × 1 = 3 pictures" in talk.request.intent.reply
    await talk.say("go ahead")
    jobs = await jobs_beside(studio, talk.request)
    assert {job.recipe.prompt for job in jobs} == {"a red fox"} and len({job.recipe.seed for job in jobs}) == 3


async def test_more_than_a_server_can_bear_is_refused(talk: Talk) -> None:
    await talk.say("a fox", intent=planned(repeat=11))
    assert talk.request is not None and talk.request.error_code == "out_of_range"


async def test_braces_in_words_are_asked_about_and_drawn(talk: Talk, studio: Studio) -> None:
    talk.draws = False
    asked = await talk.say("two pictures of a {red, blue} fox")
    assert "2 prompts × 2 = 4 pictures" in asked.reply
    await talk.say("yes")
    assert talk.request is not None
    jobs = await jobs_beside(studio, talk.request)
    assert ["red" in job.recipe.prompt for job in jobs] == [True, False] and "blue" in jobs[1].recipe.prompt
