"""What a language model is told of a conversation: as data, newest first, within a budget of tokens."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from pixxelbot.intent import Ask, Turn
from pixxelbot.planner.networks import offered
from pixxelbot.planner.references import Grid, grids
from pixxelbot.recipe import Recipe

CHARACTERS_A_TOKEN: Final = 3.2
"""Of English and JSON in the common tokenizers, on the low side."""
WIDE: Final = 0x2E80
"""From this character on (CJK and beyond) one character is about one token."""
MOST_PICTURES: Final = 24
SHARE_OF_PICTURES: Final = 0.6
"""Of the budget; the rest is for what was said."""
LEAST_BUDGET: Final = 400
"""Tokens for the conversation, however small the model's window."""
LONGEST_PROMPT: Final = 400
"""Characters of an earlier prompt."""
LONGEST_SAYING: Final = 300
"""Characters of what was said in an earlier turn."""
RECENT: Final = 6
"""Turns that are told in full; older ones in a few words."""
SUMMARY: Final = 60
"""Characters of an older turn."""

Labels = dict[str, str]
"""The name under which the language model is shown a picture → the picture's id."""


def labels_of(ask: Ask) -> Labels:
    """Short names for the pictures, in their order."""
    return {f"p{number}": name for number, (name, _) in enumerate(ask.pictures[:MOST_PICTURES], start=1)}


def context(ask: Ask, labels: Labels, budget: int) -> str:
    """The member's words, what is fixed, the pictures and the conversation as JSON of about `budget` tokens."""
    names = {name: label for label, name in labels.items()}
    told: dict[str, Any] = {"words": ask.words, "fixed": ask.given.said()} | _installed(ask)
    if focus := [names[name] for name in ask.focus if name in names]:
        told["talking_about"] = focus
    if sources := len(ask.sources):
        told["sent_along"] = f"{sources} picture{'s' if sources > 1 else ''} to start from"
    left = max(budget - tokens(json.dumps(told, ensure_ascii=False)), LEAST_BUDGET)
    told["pictures"] = _pictures(ask, names, left * SHARE_OF_PICTURES)
    left -= tokens(json.dumps(told["pictures"], ensure_ascii=False))
    conversation, earlier = _conversation(ask.turns, names, left)
    if earlier:
        told["earlier"] = earlier
    if conversation:
        told["conversation"] = conversation
    return json.dumps(told, ensure_ascii=False)


def _installed(ask: Ask) -> dict[str, list[str]]:
    """Names of what can act on the model; there is nothing to tell of most."""
    named = {"loras": ask.limits.loras, "learnt_words": ask.limits.embeddings}
    return {what: list(offered(names, ask.words)) for what, names in named.items() if names}


def tokens(text: str) -> int:
    """About how many tokens a text has, counted without the model's own tokenizer."""
    wide = sum(character >= chr(WIDE) for character in text)
    return wide + round((len(text) - wide) / CHARACTERS_A_TOKEN)


def _pictures(ask: Ask, names: dict[str, str], budget: float) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for grid in grids([one for one in ask.pictures if one[0] in names]):
        told = _grid(grid, ask, names)
        budget -= tokens(json.dumps(told, ensure_ascii=False))
        if budget < 0 and shown:
            break
        shown.append(told)
    return shown


def _grid(grid: Grid, ask: Ask, names: dict[str, str]) -> dict[str, Any]:
    recipe, fact = grid[0][1], ask.facts.get(grid[0][0])
    told: dict[str, Any] = {"labels_by_place": [names[name] for name, _ in grid], **_drawn_with(recipe)}
    if fact and fact.made and ask.now:
        told["made"] = _ago(fact.made, ask.now)
    if fact and not fact.mine:
        told["by"] = "somebody else"
    if favourites := [names[name] for name, _ in grid if name in ask.facts and ask.facts[name].favourite]:
        told["favourites"] = favourites
    return told


def _drawn_with(recipe: Recipe) -> dict[str, Any]:
    told = {
        "prompt": recipe.prompt[:LONGEST_PROMPT],
        "negative_prompt": recipe.negative_prompt[:LONGEST_PROMPT],
        "aspect": recipe.aspect,
        "styles": [name for name, _ in recipe.styles],
        "made_by": recipe.kind,
        "seed": recipe.seed,
        "steps": recipe.steps,
        "guidance_scale": recipe.guidance_scale,
        "strength": recipe.strength,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _ago(made: datetime, now: datetime) -> str:
    minutes = max(int((now - made).total_seconds() // 60), 0)
    if minutes < 60:
        return f"{minutes} minutes ago"
    return f"{minutes // 60} hours ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"


def _conversation(turns: tuple[Turn, ...], names: dict[str, str], budget: float) -> tuple[list[dict[str, Any]], str]:
    """The latest turns in full, and older ones in a few words each, as far as the budget goes."""
    told: list[dict[str, Any]] = []
    for turn in reversed(turns[-RECENT:]):
        said = _turn(turn, names)
        budget -= tokens(json.dumps(said, ensure_ascii=False))
        if budget < 0:
            break
        told.insert(0, said)
    older = turns[: len(turns) - len(told)]
    summary: list[str] = []
    for turn in reversed(older):
        words = f"{_cut(turn.words, SUMMARY)} ({turn.action or 'failed'})"
        budget -= tokens(words) + 1
        if budget < 0:
            break
        summary.insert(0, words)
    untold = len(older) - len(summary)
    before = [f"{untold} more before that"] if untold else []
    return told, "; ".join([*before, *summary])


def _turn(turn: Turn, names: dict[str, str]) -> dict[str, Any]:
    told = {
        "said": _cut(turn.words, LONGEST_SAYING),
        "did": turn.action or "failed",
        "pictures": [names[name] for name in turn.pictures if name in names],
        "answered": _cut(turn.reply, LONGEST_SAYING),
    }
    return {name: value for name, value in told.items() if value}


def _cut(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
