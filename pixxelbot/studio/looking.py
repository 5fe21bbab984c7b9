"""Pictures into words: prompts that describe one, and which words of a prompt matter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from pixxelbot import picture as pictures
from pixxelbot.errors import EmptyPrompt, NoNetwork, PlannerError
from pixxelbot.intent import MAX_LABEL, Changes, Choice, Intent
from pixxelbot.picture import Picture
from pixxelbot.planner import Planner
from pixxelbot.planner.library import prompts_folder, read_yaml
from pixxelbot.planner.words import with_article
from pixxelbot.recipe import Limits
from pixxelbot.store import Store
from pixxelbot.studio.eyes import Eyes

PROMPTS: Final = 4
"""Prompts of one description, as other bots give."""
SHAPES: Final = ("1:1", "5:4", "4:5", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "4:1", "1:4")
"""Aspects that a picture is said to have: the nearest of these."""
MOST_WORDS: Final = 60
"""Words of a prompt that are weighed; text encoders read no more than about that."""
SHORTENED: Final = (0.6, 0.4, 0.25)
"""Shares of the words that shorter forms keep."""
BAR: Final = 10
"""Blocks of the longest bar."""


class Looking:
    """Describes pictures and weighs words."""

    def __init__(self, store: Store, planner: Planner, eyes: Eyes) -> None:
        self._store, self._planner, self._eyes = store, planner, eyes

    async def describe(self, one: Picture, intent: Intent, limits: Limits) -> Intent:
        """Four prompts by which a picture could be drawn again, and its aspect; each is one tap away.

        Raises:
            NoNetwork: nobody here sees pictures, and nothing is known of how this one was made.
        """
        notes, by, cost = intent.notes, intent.planner, (0, 0)
        found: Sequence[str] = ()
        if self._planner.sees:
            try:
                found, cost = await self._by_language_model(one, limits)
                by = self._planner.name
            except PlannerError as error:
                notes = (*notes, f"The language model {error}; I looked myself.")
        if not found:
            known = _by_its_recipe(one)  # of a picture drawn here nobody knows more
            if not known and not self._eyes.open:
                raise NoNetwork("clip")
            found = [*known, *(await self._by_ranking(one, limits) if self._eyes.open else ())]
            found, by = list(dict.fromkeys(found))[:PROMPTS], "offline"
        aspect = nearest_shape(one.width, one.height)
        spent = tuple(before + now for before, now in zip(intent.tokens, cost, strict=True))
        said = {"choices": choices(found, aspect), "reply": _described(found, aspect), "targets": (one.id,)}
        return intent.model_copy(update=said | {"notes": notes, "planner": by, "tokens": spent})

    async def _by_language_model(self, one: Picture, limits: Limits) -> tuple[tuple[str, ...], tuple[int, int]]:
        png = await self._store.picture_bytes(one.id)
        look = await asyncio.to_thread(pictures.look_at, png)
        return await self._planner.describe(look, limits, known=one.recipe.prompt)

    async def _by_ranking(self, one: Picture, limits: Limits) -> list[str]:
        png, known = await self._store.picture_bytes(one.id), phrases()
        places, looks = limits.places or known["places"], limits.looks or known["styles"]
        subjects = [with_article(noun) for noun in limits.vocabulary] or known["subjects"]
        [first, *_] = await self._filled(png, "{}", subjects)
        [where, *_] = await self._filled(png, f"{first} {{}}", places)
        [style, *_] = await self._filled(png, f"{first} {where}, {{}}", looks)
        best = await self._filled(png, f"{{}} {where}, {style}", subjects)
        coloured = [with_article(f"{colour} {_bare(best[0])}") for colour in known["colours"]]
        [subject, *_] = await self._filled(png, f"{{}} {where}, {style}", [best[0], *coloured])
        if limits.vocabulary:
            drawn_so = "" if style == looks[0] else f", {style}"
            return [f"{subject} {where}{drawn_so}", subject, f"{best[0]} {where}", f"{best[0]} and {best[1]}"]
        light, mood = [(await self._eyes.rank(png, known[name]))[0][1] for name in ("lights", "moods")]
        return [
            f"{style} of {subject} {where}",
            f"{subject} {where}, {light}",
            f"{style} of {subject}, {mood} mood, {light}",
            f"{subject} and {best[1]} {where}, {mood}, {style}",
        ]

    async def _filled(self, png: bytes, caption: str, phrases: Sequence[str]) -> list[str]:
        """Phrases, the likeliest to fill the gap first: a whole caption is more like what CLIP was taught."""
        filled = {caption.format(phrase): phrase for phrase in phrases}
        return [filled[said] for _, said in await self._eyes.rank(png, list(filled))]

    async def shorten(self, intent: Intent, text: str) -> Intent:
        """Which words of a prompt matter: how far its meaning moves when one is left out (leave-one-out, by CLIP).

        Raises:
            EmptyPrompt: there are no words.
            NoNetwork: there is no network that reads.
        """
        words = text.split()[:MOST_WORDS]
        if not words:
            raise EmptyPrompt
        if not self._eyes.open:
            raise NoNetwork("clip")
        without = [" ".join(words[:place] + words[place + 1 :]) or " " for place in range(len(words))]
        whole, *rest = await self._eyes.vectors([" ".join(words), *without])
        weights = [1 - sum(a * b for a, b in zip(whole, one, strict=True)) for one in rest]
        shorter = list(dict.fromkeys(_kept(words, weights, share) for share in SHORTENED))
        found = [one for one in shorter if one != " ".join(words)]
        offered = choices(found, None)
        return intent.model_copy(update={"reply": _weighed(words, weights, found), "choices": offered, "query": text})


@cache
def phrases() -> Mapping[str, list[str]]:
    """What a picture may show, from `prompts/phrases.yaml`."""
    found: dict[str, Any] = read_yaml(prompts_folder() / "phrases.yaml")
    return {name: [str(one) for one in listed] for name, listed in found.items() if isinstance(listed, list)}


def nearest_shape(width: int, height: int) -> str:
    """The common aspect nearest to a picture's own."""

    def distance(shape: str) -> float:
        across, down = (int(part) for part in shape.split(":"))
        ratio = (width / height) / (across / down)
        return max(ratio, 1 / ratio)

    return min(SHAPES, key=distance)


def choices(prompts: Sequence[str], aspect: str | None) -> tuple[Choice, ...]:
    """Each prompt, one tap from being drawn as it stands."""
    return tuple(
        Choice(
            label=_label(f"{number}. {one}"),
            intent=Intent(planner="none", changes=Changes(prompt=one, aspect=aspect, verbatim=True)),
        )
        for number, one in enumerate(prompts[:PROMPTS], start=1)
    )


def _label(text: str) -> str:
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"


def _by_its_recipe(one: Picture) -> list[str]:
    """What is known of a picture that was drawn here, or that says in its file how it was drawn."""
    known = [one.recipe.prompt, one.recipe.wish]
    return list(dict.fromkeys(" ".join(text.split()) for text in known if text.strip()))


def _described(prompts: Sequence[str], aspect: str) -> str:
    lines = [f"{number}. {one}" for number, one in enumerate(prompts[:PROMPTS], start=1)]
    return "\n".join([*lines, f"Aspect {aspect}. Say a number to have it drawn."])


def _kept(words: Sequence[str], weights: Sequence[float], share: float) -> str:
    """The weightiest words in their own order."""
    number = max(round(len(words) * share), 1)
    best = sorted(sorted(range(len(words)), key=lambda place: -weights[place])[:number])
    return " ".join(words[place] for place in best).strip(" ,")


def _weighed(words: Sequence[str], weights: Sequence[float], shorter: Sequence[str]) -> str:
    most = max(max(weights), 1e-9)
    longest = max(map(len, words))
    lines = [
        f"`{word:<{longest}}` {'▇' * max(round(max(weight, 0.0) / most * BAR), 1)}"
        for word, weight in zip(words, weights, strict=True)
    ]
    shown = [f"{number}. {one}" for number, one in enumerate(shorter, start=1)]
    return "\n".join([*lines, *(["Shorter:", *shown] if shown else [])])


def _bare(phrase: str) -> str:
    """Without its article."""
    return phrase.split(maxsplit=1)[-1]
