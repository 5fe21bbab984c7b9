"""Requests that make several jobs at once: permutations such as `{red, blue} fox`, and repeats.

They are asked about first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pixxelbot.errors import OutOfRange
from pixxelbot.intent import Choice, Intent
from pixxelbot.job import Address, Request, new_id
from pixxelbot.recipe import Recipe

MOST_JOBS: Final = 20
"""Jobs of one request; more would keep a small server busy for an evening."""
NOTHING: Final = "Then I draw nothing."


def jobs_made(intent: Intent, recipe: Recipe) -> int:
    """How many jobs a request makes.

    Raises:
        OutOfRange: too many.
    """
    number = max(len(recipe.permutations), 1) * max(intent.changes.repeat or 1, 1)
    if number > MOST_JOBS:
        raise OutOfRange("The number of prompts times repeats", number, 1, MOST_JOBS)
    return number


def question(request: Request, intent: Intent, recipe: Recipe) -> Intent:
    """How many pictures it would be, with the answers that draw them."""
    number = jobs_made(intent, recipe)
    whole = request.given.over(intent.changes)
    wanted = intent.model_copy(
        update={
            "confirmed": True,
            "changes": whole,
            "targets": tuple(dict.fromkeys((*request.sources, *intent.targets))),
        }
    )
    single = wanted.model_copy(update={"changes": whole.model_copy(update={"count": 1})})
    choices = [Choice(label=f"Draw all {number * recipe.count} pictures", intent=wanted)]
    if recipe.count > 1:
        choices.append(Choice(label=f"One of each: {number} pictures", intent=single))
    choices.append(Choice(label="No", intent=Intent(action="chat", reply=NOTHING, planner="none")))
    pictures = number * recipe.count
    reply = f"This makes {number} times the same prompt × {recipe.count} = {pictures} pictures. Shall I draw them?"
    if recipe.permutations:
        reply = f"This makes {number} prompts × {recipe.count} = {pictures} pictures. Shall I draw them?"
    return intent.model_copy(update={"action": "clarify", "reply": reply, "choices": tuple(choices)})


def parts(request: Request, intent: Intent, recipe: Recipe) -> Iterator[tuple[Request, Intent]]:
    """One request and intent for each job: the first is the request itself, the others are answered in its channel."""
    prompts: tuple[str | None, ...] = recipe.permutations or (None,)
    repeats = max(intent.changes.repeat or 1, 1)
    for number, prompt in enumerate(prompt for prompt in prompts for _ in range(repeats)):
        part = _intent(intent, prompt, first=number % repeats == 0)
        yield (request if number == 0 else _beside(request, number, prompt)), part


def _intent(intent: Intent, prompt: str | None, first: bool) -> Intent:
    changed: dict[str, object] = {"permutations": None, "repeat": None}
    if not first:
        changed["seed"] = None
    if prompt is not None:
        changed |= {"prompt": prompt, "wish": None}
    return intent.model_copy(update={"changes": intent.changes.model_copy(update=changed)})


def _beside(request: Request, number: int, prompt: str | None) -> Request:
    """Its name is always the same, so that a crash between two of them makes none twice."""
    address = Address(
        guild_id=request.address.guild_id,
        channel_id=request.address.channel_id,
        application_id=request.address.application_id,
        private=request.address.private,
        nsfw=request.address.nsfw,
    )
    name = f"{request.source_event_id}:{number}"
    return request.evolve(id=new_id(), source_event_id=name, words=prompt or request.words, address=address)


def companions(request: Request, others: list[Request]) -> list[Request]:
    """Those of some requests that stand beside this one, in their order."""
    before = f"{request.source_event_id}:"
    found = [one for one in others if one.source_event_id.startswith(before)]
    return sorted(found, key=lambda one: int(one.source_event_id.removeprefix(before)))
