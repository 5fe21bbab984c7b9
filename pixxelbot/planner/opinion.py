"""A second opinion on what a request asks for, where no rule recognised it: a linear model over its words.

Multinomial logistic regression (Cox, 1958) on words, pairs of words and pieces of words, learnt from the hand-written
requests in `tests/requests/` by `benchmarks/actions.py`. Its weights are text, `prompts/actions.json`. Rules say what
they know for certain; of the many ways in which one can be put, this knows what they have in common.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
SURE: Final = 0.4
"""Probability from which an opinion counts where the rules are not sure either."""
SURER: Final = 0.8
"""The same for what must not be mistaken, where there is no picture to follow up, and instead of asking back."""
SUREST: Final = 0.9
"""The same against what a rule recognised."""
FINAL: Final[frozenset[Action]] = frozenset({"delete", "cancel", "chat", "help"})
"""What must not be mistaken: something deleted, or a wish that is only talked about."""
WORD: Final = re.compile(rf"{PIC}|[\w'’]+|[?!]")


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

    def features(self) -> Iterator[str]:
        """Everything that weights are learnt for, some of it more than once."""
        words = [word.lower() for word in WORD.findall(self.text)]
        length = f"{min(len(words) // 3, LONGEST)}"
        yield "any"
        yield f"pictures {self.pictures}"
        yield f"length {length}"
        if self.asked:
            yield "asked"
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
            if self.pictures:
                yield f"follows first {words[0]}"


@cache
def _weights() -> dict[str, dict[Action, float]]:
    """Feature → action → weight."""
    kept = json.loads((prompts_folder() / FILE).read_text(encoding="utf-8"))
    known = get_args(Action)
    return {
        feature: {action: weight for action, weight in weights.items() if action in known}
        for feature, weights in kept.items()
    }


def opinion(situation: Situation, needed: float) -> Action | None:
    """The action that the words most likely ask for; None where its probability is under `needed`, or is too small."""
    weights = _weights()
    scores: dict[Action, float] = dict.fromkeys(get_args(Action), 0.0)
    for feature in set(situation.features()):
        for action, weight in weights.get(feature, {}).items():
            scores[action] += weight
    best = max(scores, key=lambda action: scores[action])
    share = 1 / sum(exp(score - scores[best]) for score in scores.values())
    least = SURER if best in FINAL or not situation.pictures else SURE
    return best if share >= max(needed, least) else None
