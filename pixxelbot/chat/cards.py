"""What the bot says: texts and cards, with no Discord call in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord.utils import escape_markdown

from pixxelbot.chat.words import Words, error_words
from pixxelbot.errors import PixxelbotError, recalled
from pixxelbot.job import Estimate, Job, Progress, Request, Status
from pixxelbot.picture import MAX_ALT, Picture
from pixxelbot.recipe import Recipe

MAX_CONTENT: Final = 2_000
"""Characters of a message's text, by Discord's rule."""
MAX_EMBED: Final = 4_096
"""Characters of an embed's description, by Discord's rule."""
LONGEST_WORDS: Final = 600
"""Characters of each side of "your words → what I drew with", so that both and the notes fit."""
BAR: Final = 12
"""Cells of the progress bar."""
UNFORESEEN: Final = "Something unforeseen happened. Please try again; the operator can see it in the log."
RED: Final = 0xC0392B
GREY: Final = 0x7F8C8D


@dataclass(frozen=True, slots=True)
class Card:
    """One message's text and, for errors, its embed."""

    content: str
    embed: discord.Embed | None = None


def reference(request_id: str) -> str:
    """A short mark of a request, for members to quote and for finding its card again."""
    return request_id[-10:]


def error_card(say: Words, error: BaseException, request_id: str = "") -> Card:
    """What happened and what to do, as one card; nothing of an unforeseen error's inside is shown."""
    if not isinstance(error, PixxelbotError):
        error = PixxelbotError(UNFORESEEN)
    return _card(say, *error_words(say, error), RED, request_id)


def failure_card(say: Words, request: Request) -> Card:
    """The card of a request that ended in failure, and whether it was charged: it never is."""
    told = (
        request.error_message or "Something unforeseen happened. Please try again; the operator can see it in the log."
    )
    title, said = error_words(say, recalled(request.error_code or "", told))
    if request.status is not Status.FAILED or request.intent is not None:
        said = f"{said}\n{say('error.free')}"
    return _card(say, title, said, RED, request.id)


def cancelled_card(say: Words, request: Request) -> Card:
    """The card of a request that was cancelled."""
    return _card(say, say("cancelled.title"), say("cancelled.text"), GREY, request.id)


def _card(say: Words, title: str, said: str, colour: int, request_id: str) -> Card:
    embed = discord.Embed(description=shortened(unmasked(said), MAX_EMBED), colour=colour)
    if request_id:
        embed.set_footer(text=say("error.reference", reference=reference(request_id)))
    return Card(f"**{title}**", embed)


def reply_card(say: Words, request: Request) -> Card:
    """An answer in words, and what the member should know of it."""
    intent = request.intent
    said = say.said(intent.reply) if intent else ""
    notes = [f"-# {escape_markdown(say.said(one))}" for one in dict.fromkeys(intent.notes if intent else ())]
    return Card(shortened(unmasked("\n".join([said or say("reply.nothing"), *notes])), MAX_CONTENT))


def result_card(say: Words, request: Request, job: Job, pictures: Sequence[Picture], note: str = "") -> Card:
    """The member's words → what was drawn with, the numbers, and what they should know."""
    intent = request.intent
    plan = f"{_asked(say, request)} → *{quoted(job.recipe.prompt)}*{_without(say, job.recipe)}"
    notes = [*job.notes, *(intent.notes if intent else ()), note]
    lines = [plan, numbers(say, job.recipe, pictures)]
    lines += [f"-# {escape_markdown(say.said(one))}" for one in dict.fromkeys(notes) if one]
    return Card(shortened("\n".join(lines), MAX_CONTENT))


def shown_card(say: Words, picture: Picture) -> Card:
    """A picture shown again."""
    plan = f"**{say('show.title', id=short(picture.id))}** → *{quoted(picture.recipe.prompt)}*"
    return Card(shortened(f"{plan}\n{numbers(say, picture.recipe, [picture])}", MAX_CONTENT))


def short(identity: str) -> str:
    """An id as members see it; long enough to be the only one."""
    return identity[-10:]


def _asked(say: Words, request: Request) -> str:
    mention = f" · <@{request.member_id.removeprefix('discord:')}>" if request.member_id.startswith("discord:") else ""
    action = request.intent.action if request.intent else "imagine"
    words = quoted(request.words) if request.words else say(f"action.{action}")
    return f"**{words}**{mention}"


def _without(say: Words, recipe: Recipe) -> str:
    return f" · {say('plan.without')} *{quoted(recipe.negative_prompt, 200)}*" if recipe.negative_prompt else ""


def numbers(say: Words, recipe: Recipe, pictures: Sequence[Picture] = ()) -> str:
    """Size, steps, guidance, seed and model in one small line."""
    width, height = (pictures[0].width, pictures[0].height) if pictures else (recipe.width, recipe.height)
    parts = [
        f"{width}×{height}", say("plan.steps", steps=recipe.steps),
        say("plan.guidance", guidance=f"{recipe.guidance_scale:g}"), say("plan.seed", seed=recipe.seed),
        recipe.sampler, recipe.model, *(name for name, _ in recipe.styles),
        *(f"{escape_markdown(name)} × {weight:g}" for name, weight in recipe.loras),
    ]  # fmt: skip
    return "-# " + " · ".join(parts)


def waiting_text(say: Words, estimate: Estimate | None) -> str:
    """Place in line and time left, for a request that has not started."""
    if estimate is None:
        return say("waiting.accepted")
    if estimate.place <= 0:
        return say("waiting.drawing", left=duration(say, estimate.seconds))
    return say("waiting.place", place=estimate.place, left=duration(say, estimate.seconds))


def planning_text(say: Words) -> str:
    """While the planner thinks."""
    return say("waiting.planning")


def progress_text(say: Words, step: int, total: int, seconds_left: float | None) -> str:
    """A bar, percent and time left."""
    share = min(step / total, 1.0) if total else 0.0
    cells = round(share * BAR)
    left = "" if seconds_left is None else " · " + say("waiting.left", left=duration(say, seconds_left))
    return f"{say('waiting.bar')} {'▰' * cells}{'▱' * (BAR - cells)} {share:.0%}{left}"


def of_progress(say: Words, progress: Progress) -> str:
    """The text of one Progress."""
    return progress_text(say, progress.step, progress.total, progress.seconds_left)


def duration(say: Words, seconds: float) -> str:
    """`8 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return say("time.seconds", count=max(round(seconds), 1))
    minutes = round(seconds / 60)
    return say("time.minutes", count=minutes) if seconds < 5400 else say("time.hours", count=round(seconds / 3600))


def alt_text(say: Words, recipe: Recipe, index: int) -> str:
    """Words for those who cannot see the picture at `index` (from 0)."""
    which = say("alt.one_of", number=index + 1, count=recipe.count) if recipe.count > 1 else say("alt.one")
    return shortened(f"{which}: {' '.join(recipe.prompt.split())}", MAX_ALT)


def grid_alt(say: Words, pictures: Sequence[Picture]) -> str:
    """Alternative text of the grid of several pictures."""
    each = list(dict.fromkeys(" ".join(one.recipe.prompt.split()) for one in pictures))
    return shortened(f"{say('alt.grid', count=len(pictures))}: {' · '.join(each)}", MAX_ALT)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def unmasked(text: str) -> str:
    """A text with a member's words in it, and no link that hides where it leads: nobody speaks in the bot's name."""
    return text.replace("](", "]\u200b(")


def quoted(text: str, limit: int = LONGEST_WORDS) -> str:
    """A member's words in one line, with no power over the message's form."""
    return escape_markdown(shortened(" ".join(text.split()), limit))
