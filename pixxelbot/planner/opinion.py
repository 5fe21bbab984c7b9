"""A second opinion on what a request asks for, where no rule recognised it: a linear model over its words.

Multinomial logistic regression (Cox, 1958) on words, pairs of words and pieces of words, learnt from the hand-written
requests in `tests/requests/` by `benchmarks/actions.py`. Its weights are text, `prompts/actions.json`. Rules say what
they know for certain; of the many ways in which one can be put, this knows what they have in common.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import exp
from typing import Final, get_args

from pixxelbot.intent import Action
from pixxelbot.planner.library import prompts_folder
from pixxelbot.planner.references import PIC

FILE: Final = "actions.json"
PIECE: Final = 4
"""Letters of a piece of a word, so that an unknown form of a known word still says something."""
PREFIX: Final = 4
LONGEST: Final = 6
"""Lengths are told apart up to this many times three words."""
SURE: Final = 0.15
"""Probability from which an opinion counts where the rules are not sure either."""
SURER: Final = 0.3
"""The same for what must not be mistaken, where there is no picture to follow up, and instead of asking back."""
SUREST: Final = 0.7
"""The same against what a rule recognised."""
CERTAIN: Final = 0.5
"""The same for asking back where something could be drawn."""
FINAL: Final[frozenset[Action]] = frozenset({"delete", "cancel", "chat", "help"})
"""What must not be mistaken: something deleted, or a wish that is only talked about."""
CHANGED: Final[frozenset[Action]] = frozenset({"remix", "edit", "inpaint"})
"""Ways to a changed picture: which of them it is counts less than that one is meant."""
SHORT: Final = 2
"""Words of a request that is known as a whole."""
EARLY: Final = 3
"""First words, which tell how a request goes on with the last one."""
WORD: Final = re.compile(rf"{PIC}|[\w'’]+|[?!]")
NUMBER: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
SMALL: Final = frozenset(["a", "an", "the", "of", "in", "on", "at", "with", "and", "to", "my", "me", "it", "is", "for"])


@dataclass(frozen=True, slots=True)
class Situation:
    """What an opinion is formed on."""

    text: str
    """The request, with `PIC` for pictures pointed at."""
    pointed: bool
    """Whether it names pictures."""
    pictures: bool
    """Whether there are any."""
    asked: bool
    """Whether it ends with a question mark."""
    before: str = ""
    """The action of the conversation's last turn: "and to the right" goes on with it."""
    thanked: bool = False
    """Whether it thanks, greets or says good night: what politeness leaves when it is taken off."""
    wish: str = ""
    """What the newest picture shows; who speaks of its things seldom wants another picture."""

    def features(self) -> Iterator[str]:
        """Everything that weights are learnt for, some of it more than once."""
        words = [word.lower() for word in WORD.findall(self.text)]
        yield from self._of_words(words)
        yield from self._of_numbers(words)
        yield from self._of_the_conversation(words)

    def _of_words(self, words: list[str]) -> Iterator[str]:
        length = f"{min(len(words) // 3, LONGEST)}"
        yield "any"
        yield f"pictures {self.pictures}"
        yield f"length {length}"
        if self.asked:
            yield "asked"
        if self.thanked:
            yield "thanked"
            yield f"thanked length {length}"
        if self.pointed:
            yield "pointed"
            yield f"pointed length {length}"
        for word in words:
            yield f"word {word}"
            if self.pictures:
                yield f"follows {word}"
            if len(word) > PREFIX + 1:
                yield f"prefix {word[:PREFIX]}"
            framed = f"^{word}$"
            yield from (f"piece {framed[at : at + PIECE]}" for at in range(max(len(framed) - PIECE + 1, 1)))
        yield from (f"pair {one} {other}" for one, other in zip(["<", *words], [*words, ">"], strict=True))
        if words:
            yield f"first {words[0]}"
            yield f"first two {' '.join(words[:2])}"
            yield f"last {words[-1]}"
            if self.pictures:
                yield f"follows first {words[0]}"

    def _of_numbers(self, words: list[str]) -> Iterator[str]:
        """How large numbers are, and beside which words any number stands."""
        for number in NUMBER.findall(self.text):
            yield f"number {_magnitude(number)}"
        plain = ["#" if word[0].isdigit() else word for word in words]
        yield from (
            f"counted {one} {other}"
            for one, other in zip(["<", *plain], [*plain, ">"], strict=True)
            if "#" in (one, other)
        )
        if 0 < len(words) <= SHORT:
            yield f"short {' '.join(plain)}"

    def _of_the_conversation(self, words: list[str]) -> Iterator[str]:
        length = min(len(words) // 3, LONGEST)
        yield f"before {self.before}"
        yield f"before {self.before} length {length}"
        yield from (f"before {self.before} word {word}" for word in words[:EARLY])
        if self.pictures:
            shown = _contents(WORD.findall(self.wish.lower()))
            told = _contents(words)
            shared = min(sum(word in shown for word in told), 3)
            yield f"shared {shared}"
            yield f"shared {shared} length {length}"
            yield f"new {min(sum(word not in shown for word in told), LONGEST)}"
            if words:
                yield f"first {words[0]} shared {shared > 0}"


def _contents(words: list[str]) -> list[str]:
    """Words that may name something, without their plural."""
    return [word.rstrip("s") for word in words if len(word) > 2 and word not in SMALL]


def _magnitude(number: str) -> str:
    """What a number may count or set: places in a grid, pictures, steps, seeds; or shares."""
    if "." in number:
        return "decimal"
    return next((f"to {most}" for most in (4, 10, 60) if int(number) <= most), "larger")


@cache
def _weights() -> dict[str, dict[Action, float]]:
    """Feature → action → weight."""
    kept = json.loads((prompts_folder() / FILE).read_text(encoding="utf-8"))
    known = get_args(Action)
    return {
        feature: {action: weight for action, weight in weights.items() if action in known}
        for feature, weights in kept.items()
    }


@dataclass(frozen=True, slots=True)
class Leaning:
    """What words most likely ask for."""

    action: Action
    share: float
    """Its probability."""
    least: float = 0.0
    """Under this probability it is no opinion at all."""

    def given(self, needed: float) -> Action | None:
        """The action, where it is at least so likely."""
        return self.action if self.share >= max(needed, self.least) else None


UNDECIDED: Final = Leaning("clarify", 0.0)
Opinion = Callable[[Situation], Leaning]
"""What is most likely asked for in a situation."""


def opinion(situation: Situation) -> Leaning:
    """The action that the words most likely ask for."""
    weights = _weights()
    scores: dict[Action, float] = dict.fromkeys(get_args(Action), 0.0)
    for feature in set(situation.features()):
        for action, weight in weights.get(feature, {}).items():
            scores[action] += weight
    most = max(scores.values())
    shares = {action: exp(score - most) for action, score in scores.items()}
    changed = sum(shares[action] for action in CHANGED)
    best = max(scores, key=lambda action: (changed if action in CHANGED else shares[action], shares[action]))
    share = (changed if best in CHANGED else shares[best]) / sum(shares.values())
    return Leaning(best, share, SURER if best in FINAL or not situation.pictures else SURE)
