"""Dialogues: what "it", "the second one" and "go back" mean, through the real store and the real offline planner."""

from __future__ import annotations

import pytest

from pixxelbot.intent import Changes, Choice, Intent
from pixxelbot.job import Address, Status
from pixxelbot.planner.wording import choice_in
from pixxelbot.studio import Studio
from tests.studio.talk import Talk


async def test_a_follow_up_keeps_what_was_not_mentioned(talk: Talk) -> None:
    await talk.say("three wide pictures of a red fox in the snow")
    foxes = talk.ids
    intent = await talk.say("the second one, but at night")
    assert (intent.action, intent.targets) == ("remix", (foxes[1],))
    assert talk.recipe is not None and "fox" in talk.recipe.prompt and "night" in talk.recipe.prompt
    assert talk.recipe.width > talk.recipe.height


async def test_going_back_twice_walks_the_conversation_back(talk: Talk) -> None:
    await talk.say("a red fox")
    first = talk.ids
    await talk.say("make it blue")
    second = talk.ids
    await talk.say("at night")
    assert (await talk.say("go back")).targets == second
    intent = await talk.say("go back")
    assert intent.targets == first and talk.recipe is None
    assert (await talk.say("go back")).targets == ()
    assert (await talk.say("wider")).targets == first


async def test_going_back_cancels_what_is_still_waiting(talk: Talk) -> None:
    await talk.say("a red fox")
    first = talk.ids
    talk.draws = False
    await talk.say("make it blue")
    waiting = talk.request
    assert (await talk.say("undo")).targets == first
    assert waiting is not None and (await talk.studio.store.request(waiting.id)).status is Status.CANCELLED


async def test_conversations_of_others_and_elsewhere_are_not_mixed_in(talk: Talk, studio: Studio) -> None:
    await talk.say("a red fox")
    other = Talk(studio, member="discord:2")
    assert (await other.say("make it wider")).action == "clarify"
    elsewhere = Talk(studio, address=Address(guild_id="10", channel_id="21"))
    assert (await elsewhere.say("make it wider")).action == "clarify"


async def test_a_reply_to_a_picture_means_that_picture(talk: Talk, studio: Studio) -> None:
    await talk.say("a red fox")
    fox = talk.ids
    await talk.say("a blue boat")
    assert (await talk.say("wider", about=fox)).targets == fox
    assert talk.recipe is not None and "fox" in talk.recipe.prompt
    other = Talk(studio, member="discord:2")
    assert (await other.say("at night", about=fox)).targets == fox


async def test_a_reply_reaches_no_picture_of_another_server(talk: Talk, studio: Studio) -> None:
    await talk.say("a red fox")
    stranger = Talk(studio, member="discord:2", address=Address(guild_id="11", channel_id="30"))
    await stranger.say("at night", about=talk.ids)
    assert stranger.request is not None and stranger.request.error_code == "refused"


async def test_a_recipe_is_told_in_words_and_stays_what_it_means(talk: Talk) -> None:
    await talk.say("a red fox --seed 77")
    await talk.say("a blue boat --seed 5")
    intent = await talk.say("what was the seed?")
    assert intent.action == "recipe" and "seed: 5" in intent.reply and "boat" in intent.reply


async def test_deleted_pictures_are_no_longer_meant(talk: Talk) -> None:
    await talk.say("two pictures of a red fox")
    first, second = talk.ids
    await talk.say("delete the second one")
    assert (await talk.studio.store.picture(second)).deleted
    assert (await talk.say("vary it")).targets == (first,)


async def test_cancelling_takes_the_latest_and_all_of_them(talk: Talk) -> None:
    talk.draws = False
    for words in ("a red fox", "a blue boat", "a cat"):
        await talk.say(words)
    assert (await talk.say("cancel")).reply == "Cancelled."
    assert (await talk.say("cancel everything")).reply == "Cancelled all 2."
    assert "nothing waiting" in (await talk.say("stop")).reply


async def test_history_lists_pictures_that_can_then_be_named(talk: Talk) -> None:
    await talk.say("a picture of a red fox")
    fox = talk.ids
    await talk.say("a picture of a blue boat")
    intent = await talk.say("show me my pictures")
    assert (intent.action == "history" and intent.targets == (*talk.ids, *fox)[:2]) or "fox" in intent.reply
    assert "1. " in intent.reply and "boat" in intent.reply


async def test_a_favourite_is_kept_and_taken_back(talk: Talk) -> None:
    await talk.say("a red fox")
    second = talk.ids[1]
    assert (await talk.say("favourite the second one")).reply == "Added to your favourites."
    assert [one.id for one in await talk.studio.store.favourites("discord:1", 10)] == [second]
    taken_back = Intent(action="favourite", planner="none")
    assert "any more" in (await talk.say("unfavourite it", intent=taken_back)).reply
    assert await talk.studio.store.favourites("discord:1", 10) == []


async def test_what_comes_while_the_last_is_drawn_says_which_picture_it_took(talk: Talk) -> None:
    await talk.say("a red fox")
    talk.draws = False
    await talk.say("make it blue")
    await talk.say("at night")
    job = await talk.studio.store.job_of(talk.request.id) if talk.request else None
    assert job is not None and any("still being drawn" in note for note in job.notes)


async def test_locked_fields_hold_until_they_are_said_or_unlocked(talk: Talk, studio: Studio) -> None:
    await talk.say("a red fox --seed 77 --ar 3:2")
    locked = Intent(action="settings", changes=Changes(locks=("seed", "aspect")), planner="none")
    intent = await talk.say("", intent=locked)
    assert intent.changes == Changes(seed=77, aspect="3:2") and "Locked" in intent.reply
    await talk.say("a blue boat")
    assert talk.recipe is not None and (talk.recipe.seed, talk.recipe.aspect) == (77, "3:2")
    await talk.say("a blue boat --seed 5")
    assert talk.recipe is not None and talk.recipe.seed == 5
    await talk.say("", intent=Intent(action="settings", changes=Changes(unlocks=()), planner="none"))
    assert await studio.store.locks("discord:1", "20") == Changes()


async def test_who_planned_stands_on_the_job(talk: Talk) -> None:
    await talk.say("a red fox")
    job = await talk.studio.store.job_of(talk.request.id) if talk.request else None
    assert job is not None and (job.planner, job.template) == ("offline", "")


async def test_a_kind_that_nobody_draws_ends_in_a_clear_error(talk: Talk) -> None:
    await talk.say("a red fox")
    talk.studio.kinds = talk.studio.kinds - {"vary"}
    await talk.say("vary it")
    assert talk.request is not None and talk.request.error_code == "unsupported"


CHOICES = (Choice(label="At night", words="a fox at night"), Choice(label="In the snow"), Choice(label="No"))


@pytest.mark.parametrize(
    ("words", "place"),
    [("1", 0), ("the second", 1), ("Option 2", 1), ("at NIGHT.", 0), ("yes please", 0), ("no", 2), ("#3", 2)],
)
def test_an_answer_is_found_by_number_place_label_and_yes_or_no(words: str, place: int) -> None:
    assert choice_in(words, CHOICES) == CHOICES[place]


@pytest.mark.parametrize("words", ["a cat", "4", "the tenth", "nothing of that", ""])
def test_other_words_are_no_answer(words: str) -> None:
    assert choice_in(words, CHOICES) is None


async def test_fields_are_locked_and_unlocked_in_words(talk: Talk, studio: Studio) -> None:
    await talk.say("a red fox --seed 77 --ar 3:2")
    assert "seed: 77" in (await talk.say("lock the seed and the aspect ratio")).reply
    await talk.say("a blue boat")
    assert talk.recipe is not None and (talk.recipe.seed, talk.recipe.aspect) == (77, "3:2")
    await talk.say("unlock the seed")
    assert await studio.store.locks("discord:1", "20") == Changes(aspect="3:2")
    assert (await talk.say("unlock everything")).reply == "Nothing is locked."


async def test_verbatim_mode_sends_the_words_untouched_until_it_is_switched_off(talk: Talk) -> None:
    await talk.say("verbatim on")
    await talk.say("make it a fox!!, 8k")
    assert talk.recipe is not None and talk.recipe.prompt == "make it a fox!!, 8k" and talk.recipe.verbatim
    await talk.say("turn off verbatim mode")
    await talk.say("a fox, please")
    assert talk.recipe is not None and not talk.recipe.verbatim


async def test_what_was_understood_is_kept_also_where_it_cannot_be_done(talk: Talk) -> None:
    await talk.say("a red fox")
    fox = talk.ids[:1]
    talk.studio.kinds = talk.studio.kinds - {"upscale"}
    intent = await talk.say("upscale the first")
    assert (intent.action, intent.targets) == ("upscale", fox)
    assert talk.request is not None and talk.request.error_code == "unsupported"
    assert (await talk.say("wider")).targets[0] in fox


async def test_one_picture_to_animate_goes_to_its_neighbour(talk: Talk) -> None:
    await talk.say("a red fox")
    await talk.say("", intent=Intent(action="interpolate", targets=(talk.ids[3],), planner="none"))
    assert talk.recipe is not None and len(talk.recipe.sources) == 2


async def test_every_parameter_carries_a_reason(talk: Talk) -> None:
    first = await talk.say("three pictures of a red fox --steps 9")
    assert first.reasons["steps"] == "you set it" and first.reasons["seed"] == "chosen by chance"
    assert first.reasons["sampler"] == "usual for this model" and "3" in first.reasons["count"]
    later = await talk.say("wider")
    assert later.reasons["steps"] == "as in the picture" and later.reasons["aspect"] != "as in the picture"
    assert {"prompt", "aspect", "count", "seed", "steps", "guidance_scale", "sampler", "model"} <= later.reasons.keys()
