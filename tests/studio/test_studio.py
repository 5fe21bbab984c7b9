"""The studio: what may be asked, by whom, and what recipe comes of it. Real store, real offline planner."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pixxelbot.app import model_limits
from pixxelbot.errors import (
    EmptyPrompt,
    InvalidPicture,
    InvalidRequest,
    ModelIncomplete,
    ModelMissing,
    OutOfRange,
    PromptTooLong,
    Refused,
    UnknownChoice,
    UnknownFlag,
)
from pixxelbot.intent import Changes, Intent
from pixxelbot.job import Address, Job, Link, Request, Status, new_id
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe
from pixxelbot.settings import BUNDLED
from pixxelbot.studio import Studio
from tests import factories
from tests.studio.talk import Talk


async def queued(studio: Studio, request: Request) -> tuple[Request, Job | None]:
    accepted = await studio.accept(request)
    planned = await studio.planned(accepted.id)
    return planned, await studio.store.job_of(planned.id)


async def recipe_of(studio: Studio, request: Request) -> Recipe:
    planned, job = await queued(studio, request)
    assert job is not None, planned.error_message
    return job.recipe


async def uploaded(studio: Studio, **kwargs: str) -> Picture:
    return await studio.upload(factories.png(), kwargs.get("member_id", "discord:1"))


async def test_words_become_a_job_with_the_models_own_defaults(studio: Studio) -> None:
    recipe = await recipe_of(studio, factories.request("a red fox under a full moon, and no clouds"))
    assert (recipe.kind, recipe.count, recipe.width, recipe.height) == ("text2img", 4, 128, 128)
    assert "fox" in recipe.prompt and "cloud" in recipe.negative_prompt and "cloud" not in recipe.prompt


async def test_what_an_option_fixed_no_planner_changes(studio: Studio) -> None:
    given = Changes(count=2, seed=5, steps=9, guidance_scale=6.5, aspect="3:2", negative_prompt="dogs")
    recipe = await recipe_of(studio, factories.request("four pictures of a fox, square", given=given))
    assert (recipe.count, recipe.seed, recipe.steps, recipe.guidance_scale) == (2, 5, 9, 6.5)
    assert recipe.width > recipe.height and "dogs" in recipe.negative_prompt


async def test_inline_flags_are_read_and_leave_the_prompt(studio: Studio) -> None:
    recipe = await recipe_of(studio, factories.request("a fox --seed 77 --ar 2:3 --steps 12"))
    assert (recipe.seed, recipe.steps) == (77, 12)
    assert recipe.height > recipe.width and "--" not in recipe.prompt


@pytest.mark.parametrize(
    ("request_", "error", "named"),
    [
        (factories.request(""), EmptyPrompt, "no words"),
        (factories.request("   "), EmptyPrompt, "no words"),
        (factories.request("--verbatim"), EmptyPrompt, "no words"),
        (factories.request("x" * 5000), PromptTooLong, "4,000"),
        (factories.request("fox --frobnicate 3"), UnknownFlag, "--frobnicate"),
        (factories.request("fox --steps 9000"), OutOfRange, "100"),
        (factories.request(given=Changes(steps=0)), OutOfRange, "between 1 and 100"),
        (factories.request(given=Changes(count=11)), OutOfRange, "between 1 and 10"),
        (factories.request(given=Changes(strength=1.5)), OutOfRange, "between 0 and 1"),
        (factories.request(given=Changes(aspect="9:1")), OutOfRange, "4:1"),
        (factories.request(given=Changes(model="sd9")), UnknownChoice, "bundled"),
        (factories.request(given=Changes(sampler="Nope")), UnknownChoice, "DDIM"),
        (factories.request(given=Changes(styles=(("nope", 1.0),))), UnknownChoice, "nope"),
    ],
)
async def test_a_bad_request_is_answered_at_once_and_stores_nothing(
    studio: Studio, request_: Request, error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        await studio.accept(request_)
    assert await studio.store.requests() == []


async def test_the_same_event_twice_is_one_request(studio: Studio) -> None:
    request = factories.request()
    first, again = await studio.accept(request), await studio.accept(request.evolve(id=new_id()))
    assert first.id == again.id
    assert len(await studio.store.jobs()) <= 1
    await studio.planned(first.id)
    assert len(await studio.store.jobs()) == 1


async def test_a_picture_sent_along_is_the_start(studio: Studio) -> None:
    picture = await uploaded(studio)
    recipe = await recipe_of(studio, factories.request("a fox", sources=(picture.id,)))
    assert (recipe.kind, recipe.sources) == ("img2img", (picture.id,))
    assert recipe.width > recipe.height and recipe.strength == pytest.approx(0.6)


async def test_somebody_elses_upload_is_not_a_start(studio: Studio) -> None:
    picture = await uploaded(studio, member_id="discord:2")
    planned, job = await queued(studio, factories.request("a fox", sources=(picture.id,)))
    assert job is None and planned.status is Status.FAILED and planned.error_code == Refused.code


async def test_planning_cut_off_by_a_crash_is_taken_up_again(studio: Studio) -> None:
    stored, fresh = await studio.store.accept(factories.request("a cat"))
    assert fresh and stored.status is Status.PLANNING
    await studio.resume()
    planned = await studio.planned(stored.id)
    assert planned.status is Status.QUEUED


async def test_a_follow_up_without_a_picture_ends_with_a_clear_card(studio: Studio) -> None:
    planned, job = await queued(studio, factories.request().evolve(intent=None, words="upscale it"))
    assert job is None and planned.status in (Status.FAILED, Status.DONE)


async def test_only_author_or_moderator_cancels(studio: Studio) -> None:
    _, job = await queued(studio, factories.request())
    assert job is not None
    with pytest.raises(Refused):
        await studio.cancel(job.id, "discord:2")
    assert (await studio.cancel(job.id, "discord:2", moderator=True)).status is Status.CANCELLED
    with pytest.raises(Refused, match="cancelled already"):
        await studio.cancel(job.id, "discord:1")


async def test_a_request_can_be_withdrawn_while_it_is_planned_and_while_it_waits(studio: Studio) -> None:
    planning, _ = await studio.store.accept(factories.request())
    with pytest.raises(Refused):
        await studio.withdraw(planning.id, "discord:2")
    await studio.withdraw(planning.id, "discord:1")
    assert (await studio.store.request(planning.id)).status is Status.CANCELLED
    waiting, job = await queued(studio, factories.request())
    await studio.withdraw(waiting.id, "discord:1")
    assert job is not None and (await studio.store.job(job.id)).status is Status.CANCELLED
    with pytest.raises(Refused):
        await studio.withdraw(waiting.id, "discord:1")


def picture(**changes: object) -> Picture:
    values: dict[str, object] = {
        "id": new_id(), "job_id": new_id(), "request_id": new_id(), "member_id": "discord:1", "guild_id": "10",
        "channel_id": "20", "index": 0, "seed": 1, "width": 8, "height": 8, "sha256": "", "key": "", "parents": (),
        "created_at": 0.0, "deleted": False, "recipe": factories.recipe(), "upload": False,
    }  # fmt: skip
    return Picture(**(values | changes))  # type: ignore[arg-type]


SAME, OTHER, DIRECT = Address(guild_id="10", channel_id="21"), Address(guild_id="11"), Address(channel_id="30")


@pytest.mark.parametrize(
    ("who", "verb", "made", "where", "moderator", "allowed"),
    [
        ("discord:1", "delete", "10", OTHER, False, True),
        ("discord:1", "see", None, DIRECT, False, True),
        ("discord:2", "see", "10", SAME, False, True),
        ("discord:2", "vary", "10", SAME, False, True),
        ("discord:2", "vary", "10", OTHER, False, False),
        ("discord:2", "vary", "10", DIRECT, False, False),
        ("discord:2", "see", None, SAME, False, False),
        ("discord:2", "see", None, DIRECT, False, False),
        ("discord:2", "delete", "10", SAME, False, False),
        ("discord:2", "delete", "10", SAME, True, True),
        ("discord:2", "delete", "10", OTHER, True, False),
        ("discord:2", "vary", "10", None, False, False),
        ("cli:ana", "delete", "10", None, False, True),
    ],
)
async def test_who_may_do_what_with_a_picture(
    studio: Studio, who: str, verb: str, made: str | None, where: Address | None, moderator: bool, allowed: bool
) -> None:
    assert studio.may(who, verb, picture(guild_id=made), where, moderator) is allowed  # type: ignore[arg-type]


async def test_a_model_folder_that_lacks_something_is_named(tmp_path: Path) -> None:
    gone = factories.settings(tmp_path, models=(("x", str(tmp_path / "nowhere")),))
    with pytest.raises(ModelMissing, match="nowhere"):
        model_limits(gone)
    half = tmp_path / "half"
    half.mkdir()
    (half / "model_index.json").write_bytes((BUNDLED / "model_index.json").read_bytes())
    with pytest.raises(ModelIncomplete, match=r"text_encoder|unet|vae|scheduler|tokenizer"):
        model_limits(factories.settings(tmp_path, models=(("x", str(half)),)))


@pytest.mark.parametrize(
    ("words", "loras", "embeddings", "prompt"),
    [
        ("a red fox <lora:ink:0.8>", (("ink", 0.8),), (), "fox"),
        ("a red fox with the mist lora --lora ink:0.5", (("mist", 1.0), ("ink", 0.5)), (), "fox"),
        ("a red fox like <mojo>", (), ("mojo",), "<mojo>"),
        ("a red fox --embedding mojo --raw", (), ("mojo",), "a red fox, <mojo>"),
        ("a red fox --model other --lora film", (("film", 1.0),), (), "fox"),
    ],
)
async def test_loras_and_learnt_words_reach_the_recipe(
    adapted: Studio, words: str, loras: tuple[Any, ...], embeddings: tuple[str, ...], prompt: str
) -> None:
    recipe = await recipe_of(adapted, factories.request(words))
    assert (recipe.loras, recipe.embeddings) == (loras, embeddings)
    assert prompt in recipe.prompt and "lora" not in recipe.prompt


@pytest.mark.parametrize(
    ("words", "error", "named"),
    [
        ("a fox --lora inc", UnknownChoice, r"LoRA called 'inc'.*: ink"),
        ("a fox with the nonsense lora", UnknownChoice, "ink, mist"),
        ("a fox --model bundled --lora film", InvalidRequest, "made for other, not for bundled"),
        ("a fox --model other --embedding sky", InvalidRequest, "No learnt word is installed for other"),
    ],
)
async def test_an_adapter_that_cannot_be_used_is_named_with_those_that_can(
    adapted: Studio, words: str, error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        await adapted.accept(factories.request(words))


async def test_an_adapter_of_another_model_than_the_usual_one_is_told_once_the_model_is_known(adapted: Studio) -> None:
    request, job = await queued(adapted, factories.request("a fox --lora film"))
    assert job is None and "made for other, not for bundled" in str(request.error_message)


async def test_an_adapter_that_a_server_does_not_allow_is_refused(adapted: Studio) -> None:
    await adapted.store.change_preferences("guild:10", {"loras": ["mist"]})
    with pytest.raises(UnknownChoice, match="mist"):
        await adapted.accept(factories.request("a fox --lora ink"))
    assert (await recipe_of(adapted, factories.request("a fox --lora mist"))).loras == (("mist", 1.0),)


async def test_follow_ups_keep_an_adapter_until_it_is_dropped_or_the_model_changes(adapted: Studio) -> None:
    talk = Talk(adapted)
    await talk.say("a red fox with the ink lora")
    await talk.say("vary the second one")
    assert talk.recipe and talk.recipe.loras == (("ink", 1.0),)
    await talk.say("the same, but without the lora")
    assert talk.recipe and talk.recipe.loras == ()
    await talk.say("a blue boat --lora ink:0.3")
    await talk.say("the same again --model other")
    assert talk.recipe and (talk.recipe.model, talk.recipe.loras) == ("other", ())
    await talk.say("with the film lora at 60%")
    assert talk.recipe and talk.recipe.loras == (("film", 0.6),)


async def test_pictures_sent_along_are_fetched_once_before_planning(studio: Studio) -> None:
    asked: list[str] = []

    async def fetch(link: Link) -> bytes:
        asked.append(link.url)
        return factories.png()

    studio.fetch = fetch
    _, job = await queued(studio, factories.request("a fox", links=(Link(url="https://example.com/a.png"),)))
    assert job is not None and job.recipe.kind == "img2img" and len(job.recipe.sources) == 1
    intent = Intent(action="blend", targets=(job.recipe.sources[0],), planner="none")
    link = Link(url="https://example.com/b.png", attachment=True)
    request, blend = await queued(studio, factories.request("", intent=intent, links=(link,)))
    assert blend is not None and blend.recipe.sources[0] == job.recipe.sources[0] and len(blend.recipe.sources) == 2
    assert asked == ["https://example.com/a.png", "https://example.com/b.png"] and request.links == ()


async def test_a_fetch_that_a_crash_cut_off_is_taken_up_again_and_one_that_fails_ends_with_a_card(
    studio: Studio,
) -> None:
    async def fetch(link: Link) -> bytes:
        if "gone" in link.url:
            raise InvalidPicture("The address answered with status 404. Check it, or attach the file instead.")
        return factories.png()

    studio.fetch = fetch
    good, bad = [
        (await studio.store.accept(factories.request("a fox", links=(Link(url=f"https://example.com/{name}"),))))[0]
        for name in ("there.png", "gone.png")
    ]
    await studio.resume()
    assert (await studio.planned(good.id)).status is Status.QUEUED
    failed = await studio.planned(bad.id)
    assert (failed.status, failed.error_code) == (Status.FAILED, "invalid_picture")
    assert [entry.kind for entry in await studio.store.due(time.time())] == ["error"]


async def test_a_strength_without_a_picture_is_said_to_change_nothing(studio: Studio) -> None:
    _, job = await queued(studio, factories.request("a fox", given=Changes(strength=0.4)))
    assert job is not None and any("no picture to start from" in note for note in job.notes)
    picture = await uploaded(studio)
    _, job = await queued(studio, factories.request("a fox --strength 0.4", sources=(picture.id,)))
    assert job is not None and job.recipe.strength == 0.4 and job.notes == ()


async def test_a_range_of_the_model_is_told_with_the_models_name(studio: Studio) -> None:
    for request in (factories.request("a fox", given=Changes(steps=120)), factories.request("a fox --steps 120")):
        with pytest.raises(OutOfRange, match="between 1 and 100 for the model bundled"):
            await studio.accept(request)
