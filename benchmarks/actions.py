"""Learns the weights of `pixxelbot/planner/opinion.py` from `tests/requests/`, and tells how far they carry.

python benchmarks/actions.py            share of actions right on requests left out, by five-fold cross-validation
python benchmarks/actions.py --write    learn from all of them and write prompts/actions.json

Conversations stay whole, so that nothing of one is learnt and tested. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from planner import GENERAL, REQUESTS, SETS, Dialogue
from tqdm import tqdm

from pixxelbot.errors import InvalidRequest
from pixxelbot.intent import Action, Ask, Intent
from pixxelbot.planner import offline
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.planner.opinion import FILE, UNDECIDED, Leaning, Situation

ACTIONS: Final = get_args(Action)
ROUNDS: Final = 30
RATE: Final = 0.05
BATCH: Final = 32
"""Examples of one step."""
DROPPED: Final = 0.8
"""Share of an example's features that are left out each time."""
SEEN: Final = 2
"""A feature counts from so many requests on."""
SMALLEST: Final = 0.15
"""Weights nearer to nought are left out of the file."""
FOLDS: Final = 5
SECOND: Final = 2
"""One in so many first wishes is also learnt as the second of a conversation: most wishes that follow pictures are put
no other way, but whoever writes conversations prefers to write what follows up."""


@dataclass(frozen=True)
class Example:
    """One turn: where it stands, what it shows, what the rules alone make of it, and what is right."""

    conversation: int
    features: frozenset[str]
    rules: str
    right: tuple[str, ...]


class Noting(OfflinePlanner):
    """The offline planner with somebody beside it who knows what is right, keeping what an opinion is formed on."""

    def __init__(self) -> None:
        self.situation: Situation | None = None
        self.rules = ""
        self.right: list[Action] = []

    async def plan(self, ask: Ask, hear: object = None) -> Intent:
        self.situation = offline.situation(ask)
        by_rules = offline.understand(ask, lambda situation: UNDECIDED)
        self.rules = by_rules.action
        if by_rules.action in self.right:
            return by_rules
        return offline.understand(ask, lambda situation: Leaning(self.right[0], 1.0))


async def _examples() -> list[Example]:
    lines = [
        json.loads(line)
        for name in SETS
        for file in sorted((REQUESTS / name).glob("*.jsonl"))
        for line in file.open(encoding="utf-8")
    ]
    found = []
    for number, line in enumerate(tqdm(lines, desc="requests")):
        found += await _played(number, line["turns"])
    wishes = [(number, line["turns"][0]) for number, line in enumerate(lines) if _is_a_wish(line["turns"][0])]
    for (_, before), (number, wish) in pairwise(tqdm(wishes[::SECOND], desc="second wishes")):
        found += (await _played(number, [before, wish]))[1:]
    return found


def _is_a_wish(turn: dict[str, Any]) -> bool:
    return turn["action"] in ("imagine", ["imagine"])


async def _played(number: int, turns: list[dict[str, Any]]) -> list[Example]:
    """A conversation's turns, as far as anybody could draw them."""
    planner, found = Noting(), []
    dialogue = Dialogue(planner, GENERAL)
    for turn in turns:
        planner.right = turn["action"] if isinstance(turn["action"], list) else [turn["action"]]
        try:
            await dialogue.say(turn["say"])
        except InvalidRequest:
            break
        if planner.situation is not None:
            features = frozenset(planner.situation.features())
            found.append(Example(number, features, planner.rules, tuple(planner.right)))
    return found


def learn(examples: list[Example]) -> tuple[dict[str, int], np.ndarray]:
    """Feature → row of the weights (features, actions); where several actions are right, their probabilities add up.

    Adaptive steps (Duchi et al., "Adaptive Subgradient Methods", JMLR 2011), the later rounds averaged. Most
    features of an example are left out each time it is seen (Wager et al., "Dropout Training as Adaptive
    Regularization", NeurIPS 2013): without, a few words that only one author uses decide for everybody.
    """
    counts = Counter(feature for example in examples for feature in example.features)
    rows = {feature: row for row, feature in enumerate(sorted(one for one, count in counts.items() if count >= SEEN))}
    inputs = [np.array(sorted(rows[one] for one in example.features if one in rows)) for example in examples]
    rights = np.array([[action in example.right for action in ACTIONS] for example in examples])
    weights, mean = np.zeros((2, len(rows), len(ACTIONS)), np.float32)
    steepness = np.full((len(rows), 1), 1e-6, np.float32)
    rng = np.random.default_rng(0)
    for turn in tqdm(range(ROUNDS), desc="learn"):
        rate = RATE * (1 - turn / ROUNDS)
        for chosen in np.array_split(rng.permutation(len(examples)), len(examples) // BATCH + 1):
            heard = [inputs[at][rng.random(len(inputs[at])) >= DROPPED] for at in chosen]
            features, of = np.concatenate(heard), np.repeat(np.arange(len(heard)), list(map(len, heard)))
            known, places = np.unique(features, return_inverse=True)
            scores = np.zeros((len(heard), len(ACTIONS)), np.float32)
            np.add.at(scores, of, weights[features] / (1 - DROPPED))
            guessed = _shares(scores)
            wanted = (guessed + 1e-9) * rights[chosen]
            slope = np.zeros((len(known), len(ACTIONS)), np.float32)
            np.add.at(
                slope, places, (guessed - wanted / wanted.sum(-1, keepdims=True))[of] / ((1 - DROPPED) * len(heard))
            )
            steepness[known] += np.square(slope).mean(-1, keepdims=True)
            weights[known] -= rate * slope / np.sqrt(steepness[known])
        mean += weights * (turn >= ROUNDS // 2)
    return rows, mean / (ROUNDS - ROUNDS // 2)


def _shares(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _guesses(examples: list[Example], rows: dict[str, int], weights: np.ndarray) -> list[tuple[str, float]]:
    found = []
    for example in examples:
        scores = weights[[rows[one] for one in example.features if one in rows]].sum(0)
        shares = _shares(scores)
        best = int(shares.argmax())
        found.append((ACTIONS[best], float(shares[best])))
    return found


def _validated(examples: list[Example]) -> dict[str, float]:
    right = 0
    for fold in range(FOLDS):
        left_out = [one for one in examples if one.conversation % FOLDS == fold]
        rows, weights = learn([one for one in examples if one.conversation % FOLDS != fold])
        right += sum(
            guess in one.right for one, (guess, _) in zip(left_out, _guesses(left_out, rows, weights), strict=True)
        )
    return {"left_out_right": round(right / len(examples), 4)}


def _write(rows: dict[str, int], weights: np.ndarray, file: Path) -> int:
    """One feature a line, in order, so that a change can be read."""
    lines = []
    for feature, row in rows.items():
        kept = {ACTIONS[n]: round(float(w), 2) for n, w in enumerate(weights[row]) if abs(w) >= SMALLEST}
        if kept:
            lines.append(f"{json.dumps(feature, ensure_ascii=False)}: {json.dumps(kept)}")
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return len(lines)


def main() -> None:
    """Carry out the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    examples = asyncio.run(_examples())
    told: dict[str, float | int | str] = {
        "requests": len(examples),
        "rules_right": round(sum(one.rules in one.right for one in examples) / len(examples), 4),
    }
    if options.write:
        file = REQUESTS.parents[1] / "prompts" / FILE
        told |= {"features": _write(*learn(examples), file), "file": f"prompts/{FILE}"}
    else:
        told |= _validated(examples)
    json.dump(told, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
