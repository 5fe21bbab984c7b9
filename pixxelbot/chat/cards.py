"""What the bot says: texts and cards, with no Discord call in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord.utils import escape_markdown

from pixxelbot.errors import PixxelbotError, by_code
from pixxelbot.job import Estimate, Job, Progress, Request
from pixxelbot.picture import MAX_ALT, Picture, alt_text
from pixxelbot.recipe import Recipe

MAX_CONTENT: Final = 2_000
"""Characters of a message's text, by Discord's rule."""
MAX_EMBED: Final = 4_096
"""Characters of an embed's description, by Discord's rule."""
LONGEST_WORDS: Final = 600
"""Characters of each side of "your words → what I drew with", so that both and the notes fit."""
BAR: Final = 12
"""Cells of the progress bar."""
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


def error_card(error: BaseException, request_id: str = "") -> Card:
    """What happened and what to do, as one card; nothing of an unforeseen error's inside is shown."""
    if not isinstance(error, PixxelbotError):
        error = PixxelbotError("Something unforeseen happened. Please try again; the operator can see it in the log.")
    return _card(error.title, str(error), RED, request_id)


def failure_card(request: Request) -> Card:
    """The card of a request that ended in failure."""
    title = by_code(request.error_code or "").title
    said = request.error_message or "Something unforeseen happened. Please try again."
    return _card(title, said, RED, request.id)


def cancelled_card(request: Request) -> Card:
    """The card of a request that was cancelled."""
    return _card("Cancelled", "This was cancelled. Nothing was drawn, and nothing more will happen.", GREY, request.id)


def _card(title: str, said: str, colour: int, request_id: str) -> Card:
    embed = discord.Embed(description=shortened(said, MAX_EMBED), colour=colour)
    if request_id:
        embed.set_footer(text=f"Reference {reference(request_id)}")
    return Card(f"**{title}**", embed)


def reply_card(request: Request) -> Card:
    """An answer in words."""
    said = request.intent.reply if request.intent else ""
    return Card(shortened(said or "I have nothing to add.", MAX_CONTENT))


def result_card(request: Request, job: Job, pictures: Sequence[Picture], note: str = "") -> Card:
    """The member's words → what was drawn with, the numbers, and what they should know."""
    intent = request.intent
    lines = [f"{_asked(request)} → *{_quoted(job.recipe.prompt)}*{_without(job.recipe)}", numbers(job.recipe, pictures)]
    notes = [*job.notes, *(intent.notes if intent else ()), note]
    lines += [f"-# {escape_markdown(one)}" for one in dict.fromkeys(notes) if one]
    return Card(shortened("\n".join(lines), MAX_CONTENT))


def _asked(request: Request) -> str:
    mention = f" · <@{request.member_id.removeprefix('discord:')}>" if request.member_id.startswith("discord:") else ""
    action = request.intent.action if request.intent else "imagine"
    words = _quoted(request.words) if request.words else action.capitalize()
    return f"**{words}**{mention}"


def _without(recipe: Recipe) -> str:
    return f" · without *{_quoted(recipe.negative_prompt, 200)}*" if recipe.negative_prompt else ""


def numbers(recipe: Recipe, pictures: Sequence[Picture] = ()) -> str:
    """Size, steps, guidance, seed and model in one small line."""
    width, height = (pictures[0].width, pictures[0].height) if pictures else (recipe.width, recipe.height)
    parts = [
        f"{width}×{height}", f"{recipe.steps} steps", f"guidance {recipe.guidance_scale:g}", f"seed {recipe.seed}",
        recipe.sampler, recipe.model, *(name for name, _ in recipe.styles),
    ]  # fmt: skip
    return "-# " + " · ".join(parts)


def waiting_text(estimate: Estimate | None) -> str:
    """Place in line and time left, for a request that has not started."""
    if estimate is None:
        return "⏳ Your request is accepted; it starts soon."
    if estimate.place <= 0:
        return f"🎨 Drawing · about {duration(estimate.seconds)} left"
    return f"⏳ Place {estimate.place} in line · about {duration(estimate.seconds)} until it is done"


def planning_text() -> str:
    """While the planner thinks."""
    return "💭 Working out what to draw…"


def progress_text(step: int, total: int, seconds_left: float | None) -> str:
    """A bar, percent and time left."""
    share = min(step / total, 1.0) if total else 0.0
    cells = round(share * BAR)
    left = "" if seconds_left is None else f" · about {duration(seconds_left)} left"
    return f"🎨 Drawing {'▰' * cells}{'▱' * (BAR - cells)} {share:.0%}{left}"


def of_progress(progress: Progress) -> str:
    """The text of one Progress."""
    return progress_text(progress.step, progress.total, progress.seconds_left)


def duration(seconds: float) -> str:
    """`8 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def grid_alt(pictures: Sequence[Picture]) -> str:
    """Alternative text of the grid of several pictures."""
    each = [alt_text(one.recipe, one.index) for one in pictures]
    same = {text.partition(": ")[2] for text in each}
    text = f"A grid of {len(pictures)} pictures: {same.pop() if len(same) == 1 else ' · '.join(each)}"
    return shortened(text, MAX_ALT)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _quoted(text: str, limit: int = LONGEST_WORDS) -> str:
    """A member's words in one line, with no power over the message's form."""
    return escape_markdown(shortened(" ".join(text.split()), limit))
