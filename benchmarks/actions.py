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
ROUNDS: Final = 60
RATE: Final = 0.2
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
    """Feature → row of the weights (features, actions), by stochastic gradient descent, the last rounds averaged.

    Where several actions are right, their probabilities add up.
    """
    counts = Counter(feature for example in examples for feature in example.features)
    rows = {feature: row for row, feature in enumerate(sorted(one for one, count in counts.items() if count >= SEEN))}
    weights, mean = np.zeros((2, len(rows), len(ACTIONS)), np.float32)
    inputs = [np.array(sorted(rows[one] for one in example.features if one in rows)) for example in examples]
    rights = [np.array([action in example.right for action in ACTIONS]) for example in examples]
    rng = np.random.default_rng(0)
    for turn in tqdm(range(ROUNDS), desc="learn"):
        rate = RATE * (1 - turn / ROUNDS)
        for at in rng.permutation(len(examples)):
            scores = weights[inputs[at]].sum(0)
            guessed = np.exp(scores - scores.max())
            guessed /= guessed.sum()
            wanted = guessed * rights[at] + 1e-9 * rights[at]
            step = rate * (wanted / wanted.sum() - guessed)
            weights[inputs[at]] += step
        mean += weights * (turn >= ROUNDS // 2)
    return rows, mean / (ROUNDS - ROUNDS // 2)


def _guesses(examples: list[Example], rows: dict[str, int], weights: np.ndarray) -> list[tuple[str, float]]:
    found = []
    for example in examples:
        scores = weights[[rows[one] for one in example.features if one in rows]].sum(0)
        shares = np.exp(scores - scores.max())
        best = int(shares.argmax())
        found.append((ACTIONS[best], float(shares[best] / shares.sum())))
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
