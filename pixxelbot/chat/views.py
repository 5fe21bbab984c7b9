"""Rows of buttons: under results, single pictures, waiting requests, error cards, questions, votes and regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from pixxelbot.chat.press import Control, Press, button, menu
from pixxelbot.chat.words import Words
from pixxelbot.errors import TooDemanding
from pixxelbot.intent import MAX_LABEL, Action, Changes, Choice
from pixxelbot.job import Job, Request
from pixxelbot.picture import Picture
from pixxelbot.vote import Vote

MOST_BUTTONS: Final = 4
"""Pictures with a button each; five to ten get a menu, as a row holds five."""
MOST_IN_MENU: Final = 25
PAN: Final = 1.5
"""How much wider or higher a picture becomes by one pan."""

FOLLOW_UPS: Final[dict[str, tuple[Action, Changes]]] = {
    "upscale": ("upscale", Changes()),
    "vary": ("vary", Changes()),
    "again": ("again", Changes()),
    "up2": ("upscale", Changes(scale=2.0)),
    "up4": ("upscale", Changes(scale=4.0)),
    "subtle": ("vary", Changes(strength=0.35)),
    "strong": ("vary", Changes(strength=0.8)),
    "zoom15": ("outpaint", Changes(scale=1.5, directions=("out",))),
    "zoom2": ("outpaint", Changes(scale=2.0, directions=("out",))),
    "square": ("outpaint", Changes(aspect="1:1")),
    "left": ("outpaint", Changes(scale=PAN, directions=("left",))),
    "right": ("outpaint", Changes(scale=PAN, directions=("right",))),
    "up": ("outpaint", Changes(scale=PAN, directions=("up",))),
    "down": ("outpaint", Changes(scale=PAN, directions=("down",))),
}
"""Verb of a button → what is drawn, with which changes."""
ONE: Final = frozenset({*FOLLOW_UPS} - {"again", "vary"}) | {"zoom", "region", "star"}
"""Verbs that need one picture; where a message shows several, it is asked which."""

SMALLER: Final = frozenset({"out_of_memory", "out_of_range", "storage_full", "renderer_crashed", "poisoned"})
"""Errors that fewer pictures may avoid."""
OTHER_MODEL: Final = frozenset({"model_missing", "model_incomplete", "model_corrupt"})
NOT_AGAIN: Final = frozenset(
    {"refused", "unsupported", "invalid_request", "unknown_choice", "unknown_flag", "forbidden_address", "empty_prompt",
     "invalid_picture"}
)  # fmt: skip
"""Errors that come again as often as it is tried."""


def result_view(say: Words, job: Job, pictures: Sequence[Picture]) -> ui.View:
    """Buttons of a result: of one picture, or U and V for each of several (menus from five on) and what fits all."""
    if len(pictures) == 1:
        return picture_view(say, job.id, pictures[0].index + 1)
    view = ui.View(timeout=None)
    places = [one.index + 1 for one in pictures if not one.deleted]
    for row, (verb, letter) in enumerate((("upscale", "U"), ("vary", "V"))):
        if len(pictures) > MOST_BUTTONS:
            options = [
                discord.SelectOption(label=say(f"menu.{verb}", number=place), value=str(place)) for place in places
            ]
            view.add_item(menu(Press(verb, job.id), say(f"menu.{verb}.which"), options, row))
            continue
        for place in places:
            view.add_item(button(Press(verb, job.id, place), row, label=f"{letter}{place}"))
    _add(view, job.id, 0, 2, (("again", "🔄"), ("remix", "✏️"), ("zoom", "🔍"), ("region", "🖌️"), ("star", "⭐")))
    _add(view, job.id, 0, 3, (("recipe", "ℹ️"), ("dm", "✉️"), ("delete", "❌")))
    return view


def picture_view(say: Words, job_id: str, place: int) -> ui.View:
    """Buttons of one picture."""
    view = ui.View(timeout=None)
    for verb in ("up2", "up4", "subtle", "strong"):
        view.add_item(button(Press(verb, job_id, place), 0, label=say(f"button.{verb}")))
    view.add_item(button(Press("again", job_id, place), 0, emoji="🔄"))
    for verb in ("zoom15", "zoom2", "square"):
        view.add_item(button(Press(verb, job_id, place), 1, label=say(f"button.{verb}")))
    _add(view, job_id, place, 1, (("remix", "✏️"), ("region", "🖌️")))
    _add(view, job_id, place, 2, (("left", "⬅️"), ("right", "➡️"), ("up", "⬆️"), ("down", "⬇️"), ("zoom", "🔍")))
    _add(view, job_id, place, 3, (("star", "⭐"), ("recipe", "ℹ️"), ("dm", "✉️"), ("delete", "❌")))
    return view


def zoom_view(say: Words, job_id: str, place: int) -> ui.View:
    """Every way to see more around one picture."""
    view = ui.View(timeout=None)
    for verb in ("zoom15", "zoom2", "square", "zoomform"):
        view.add_item(button(Press(verb, job_id, place), 0, label=say(f"button.{verb}")))
    _add(view, job_id, place, 1, (("left", "⬅️"), ("right", "➡️"), ("up", "⬆️"), ("down", "⬇️")))
    return view


def which_view(say: Words, verb: str, job_id: str, pictures: Sequence[Picture]) -> ui.View:
    """The question which picture is meant."""
    options = [
        discord.SelectOption(label=say("menu.picture", number=one.index + 1), value=str(one.index + 1))
        for one in pictures
    ]
    view = ui.View(timeout=None)
    view.add_item(menu(Press(verb, job_id), say("menu.which"), options))
    return view


def all_view(say: Words, job_id: str, pictures: Sequence[Picture]) -> ui.View:
    """Upscale one or all: what ⬆️ on several pictures asks."""
    view = ui.View(timeout=None)
    for one in pictures[:MOST_BUTTONS]:
        view.add_item(button(Press("upscale", job_id, one.index + 1), 0, label=f"U{one.index + 1}"))
    view.add_item(button(Press("upscale_all", job_id), 1, label=say("button.upscale_all"), emoji="⬆️"))
    return view


def waiting_view(say: Words, request_id: str) -> ui.View:
    """The button under a request that waits or is being drawn."""
    view = ui.View(timeout=None)
    view.add_item(button(Press("cancel", request_id), label=say("button.cancel"), emoji="❌"))
    return view


def error_view(say: Words, request: Request) -> ui.View | None:
    """The one button that may mend what went wrong; none where nothing can."""
    code = request.error_code or ""
    if code == TooDemanding.code:
        return _instead_view(say, request)
    if code in NOT_AGAIN:
        return None
    verb = "smaller" if code in SMALLER else "other_model" if code in OTHER_MODEL else "retry"
    view = ui.View(timeout=None)
    view.add_item(button(Press(verb, request.id), label=say(f"button.{verb}"), emoji="🔁"))
    return view


def _instead_view(say: Words, request: Request) -> ui.View | None:
    """What fits in the place of what does not: as many things as were made less, one tap away."""
    if request.intent is None or not request.intent.choices:
        return None
    view = ui.View(timeout=None)
    for place, choice in enumerate(request.intent.choices):
        label = say("button.instead", what=_amount(say, choice.instead or Changes()))
        view.add_item(button(Press("choose", request.id, place), label=label[:MAX_LABEL], emoji="🔁"))
    return view


def _amount(say: Words, changes: Changes) -> str:
    """`2 🖼️ · 96×96 · 10 steps`."""
    parts = [
        f"{changes.count} 🖼️" if changes.count else "",
        f"{changes.width}×{changes.height}" if changes.width else "",
        say("plan.steps", steps=changes.steps) if changes.steps else "",
        f"{changes.scale:g}×" if changes.scale else "",
        f"{changes.frames} 🎞️" if changes.frames else "",
    ]
    return " · ".join(filter(None, parts))


def choices_view(say: Words, request_id: str, choices: Sequence[Choice]) -> ui.View | None:
    """Answers to a question, a button each."""
    view = ui.View(timeout=None)
    for place, choice in enumerate(choices[:MOST_IN_MENU]):
        view.add_item(button(Press("choose", request_id, place), label=say.said(choice.label)[:80] or str(place + 1)))
    return view if choices else None


def region_view(say: Words, region_id: str) -> ui.View:
    """Buttons under the overlay of a region."""
    view = ui.View(timeout=None)
    for verb, emoji in (("grow", "➕"), ("shrink", "➖"), ("invert", "🔁")):
        view.add_item(button(Press(verb, region_id), label=say(f"button.{verb}"), emoji=emoji))
    approve = Press("approve", region_id)
    view.add_item(button(approve, label=say("button.approve"), emoji="✅", style=discord.ButtonStyle.success))
    return view


def vote_view(say: Words, vote: Vote, pictures: Sequence[Picture]) -> ui.View | None:
    """A ballot for each picture, and the end for whoever began it; nothing once it is over."""
    if vote.closed_at is not None:
        return None
    view = ui.View(timeout=None)
    for place, one in enumerate(pictures):
        count = sum(choice == one.index + 1 for _, choice in vote.ballots)
        label = f"{one.index + 1} · {count}"
        view.add_item(button(Press("ballot", vote.id, one.index + 1), place // 5, label=label))
    view.add_item(button(Press("end_vote", vote.id), 2, label=say("button.end_vote"), emoji="🏁"))
    return view


def _add(view: ui.View, job_id: str, place: int, row: int, verbs: Sequence[tuple[str, str]]) -> None:
    for verb, emoji in verbs:
        style = discord.ButtonStyle.danger if verb == "delete" else discord.ButtonStyle.secondary
        view.add_item(button(Press(verb, job_id, place), row, emoji=emoji, style=style))


def controls(view: ui.View | ui.LayoutView) -> list[Control]:
    """Every control in a view, for tests."""
    found: list[Any] = list(view.walk_children())
    return [one for one in found if isinstance(one, Control)]
