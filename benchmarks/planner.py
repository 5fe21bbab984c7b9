"""How well requests are understood, field by field. Prints one JSON object.

python benchmarks/planner.py                      the offline planner over tests/requests/
python benchmarks/planner.py --llm                the language model set up by OPENAI_BASE_URL, PIXXELBOT_LLM_MODEL, …
python benchmarks/planner.py --set fresh          only the requests that were not read while the rules were written
python benchmarks/planner.py --wrong              every field that is wrong, on stderr

`tests/requests/README.md` has the format of the requests and how their dialogues are played.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pixxelbot.errors import InvalidRequest
from pixxelbot.intent import Ask, Changes, Fact, Intent, Turn
from pixxelbot.models import limits
from pixxelbot.planner.flags import read_flags
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.planner.planner import Planner, build_planner
from pixxelbot.planner.styles import load_styles
from pixxelbot.recipe import Limits, Recipe
from pixxelbot.settings import BUNDLED, Settings

REQUESTS: Final = Path(__file__).parents[1] / "tests" / "requests"
SETS: Final = ("own", "told", "fresh")
GENERAL: Final = Limits(
    model="general",
    family="sdxl",
    native=1024,
    minimum=256,
    maximum=2048,
    samplers=("DDIM", "Euler", "Euler a", "DPM++ 2M"),
)
DRAWS: Final = frozenset(
    {"imagine", "again", "vary", "remix", "edit", "inpaint", "outpaint", "upscale", "blend", "interpolate",
    "arithmetic", "control",
     "sweep", "background", "making_of"}
)  # fmt: skip
MAKES_ONE: Final = frozenset({"upscale", "background", "interpolate", "making_of"})
EACH: Final = frozenset({"upscale", "background"})
"""Of several pictures these make one each."""
SAID: Final = (
    "count", "seed", "steps", "guidance_scale", "sampler", "scale", "mode", "tile", "verbatim", "chaos", "stop",
    "directions",
    "weights", "control", "method", "plus", "minus", "locks", "aspect", "strength", "styles", "permutations",
    "strengths",
    "frames", "repeat", "region",
)  # fmt: skip
"""Fields of `Changes` that are compared one by one."""
PROMPT_FIELDS: Final = ("has", "lacks", "no")
NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Score:
    """Right and all, by field, and what was wrong."""

    right: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    confusion: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    whole: int = 0
    turns: int = 0

    def add(self, name: str, right: bool, note: str) -> None:
        """Count one comparison."""
        self.all[name] += 1
        self.right[name] += right
        if not right:
            self.wrong.append(note)


@dataclass
class Dialogue:
    """A conversation that is planned but not drawn."""

    planner: Planner
    limits: Limits
    turn: int = 0
    pictures: list[tuple[str, Recipe]] = field(default_factory=list)
    """Newest job first, each in grid order."""
    facts: dict[str, Fact] = field(default_factory=dict)
    focus: tuple[str, ...] = ()
    unanswered: str = ""
    said: tuple[Turn, ...] = ()
    seconds: float = 0.0

    async def say(self, words: str) -> tuple[Intent, Changes]:
        """Plan one turn and let its pictures be there; gives the changes with the prompts that would be drawn."""
        self.turn += 1
        words, given = read_flags(words, self.limits)
        ask = Ask(
            words=words.strip(), given=given, limits=self.limits, styles=tuple(load_styles()),
            pictures=tuple(self.pictures),
            facts=self.facts, focus=self.focus, unanswered=self.unanswered, now=NOW, turns=self.said,
        )  # fmt: skip
        start = time.thread_time()
        intent = await self.planner.plan(ask)
        self.seconds = time.thread_time() - start
        self.said = (*self.said, Turn(words=ask.words, action=intent.action))
        changes = given.over(intent.changes)
        return intent, self._follow(ask, intent, changes)

    def _follow(self, ask: Ask, intent: Intent, changes: Changes) -> Changes:
        self.unanswered = ask.words if intent.action == "clarify" else ""
        if intent.action in DRAWS:
            self.focus = ()
            drawn = self._draw(intent, changes)
            return Changes(prompt=drawn.prompt, negative_prompt=drawn.negative_prompt).over(changes)
        if intent.action == "delete":
            self.pictures = [one for one in self.pictures if one[0] not in intent.targets]
            self.focus = ()
        elif intent.action == "undo" and not intent.targets:
            self.focus = self._before()
        elif intent.targets:
            self.focus = intent.targets
        return changes

    def _before(self) -> tuple[str, ...]:
        """The pictures before the newest ones, which the studio goes back to."""
        jobs = list(dict.fromkeys(self.facts[name].job for name, _ in self.pictures))
        return tuple(name for name, _ in self.pictures if self.facts[name].job in jobs[1:2])

    def _draw(self, intent: Intent, changes: Changes) -> Recipe:
        count = 1 if intent.action in MAKES_ONE else changes.count or len(changes.strengths or ()) or 4
        if intent.action in EACH or (intent.action == "vary" and not changes.count and len(intent.targets) > 1):
            count = max(len(intent.targets), 1)
        recipe = self._recipe(intent, changes).evolve(count=min(count, 10))
        names = [f"{self.turn}.{place + 1}" for place in range(recipe.count)]
        self.facts |= {name: Fact(job=str(self.turn), made=NOW) for name in names}
        self.pictures = [*((name, recipe) for name in names), *self.pictures]
        return recipe

    def _recipe(self, intent: Intent, changes: Changes) -> Recipe:
        known = dict(self.pictures)
        old = next((known[name] for name in intent.targets if name in known), None)
        kind = intent.action if intent.action in ("vary", "upscale", "inpaint") else "text2img"
        fresh = Recipe(prompt="", width=self.limits.native, height=self.limits.native, seed=1, model=self.limits.model)
        base = fresh if intent.action == "imagine" or old is None else old
        drawn = {name: value for name, value in changes.drawn().items() if name not in ("width", "height")}
        if intent.action in ("blend", "interpolate"):
            drawn = {"prompt": "", "wish": ""} | drawn
        return base.evolve(**(drawn | {"kind": kind}))


def singular(text: str) -> str:
    """Lower case, with every word's plural ending off."""
    return re.sub(r"(?<=\w\w)(?:(?:(?<=[sxz])|(?<=[cs]h))es|(?<![suixz])s)\b", "", text.lower())


def holds(text: str, words: str | list[str]) -> bool:
    """Whether the words, or each of several, are in the text, plural or not, as whole words."""
    if isinstance(words, list):
        return all(holds(text, one) for one in words)
    forms = {singular(words), re.sub(r"(?<=[sxz])e$", "", singular(words))}  # "roses" may be of a "ros" and of a "rose"
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", singular(text)) for form in forms)


def ratio(aspect: str) -> float:
    """Width over height of `16:9`."""
    across, down = aspect.split(":")
    return int(across) / int(down)


def same_aspect(expected: str, found: str, before: str) -> bool:
    """Whether a shape is the one expected, or of its sort."""
    value, old = ratio(found), ratio(before)
    sorts = {
        "wider": value > old,
        "taller": value < old,
        "wide": value > 1.2,
        "tall": value < 0.85,
        "square": value == 1,
    }
    return sorts[expected] if expected in sorts else abs(value - ratio(expected)) < 0.01


def same(name: str, expected: Any, found: Any, before: str) -> bool:
    """Whether a field is as expected; `before` is the aspect of the picture meant."""
    if expected in (None, [], ""):
        return found in (None, (), "", [])
    if found in (None, (), ""):
        return False
    if name == "aspect":
        return same_aspect(expected, found, before)
    if name == "strength":
        sorts = {"subtle": found < 0.5, "strong": found > 0.7}
        return sorts[expected] if expected in sorts else abs(found - expected) < 0.011
    if name == "styles":
        return sorted(style for style, _ in found) == sorted(expected)
    if name in ("permutations", "strengths") and isinstance(expected, int):
        return len(found) == expected
    if name == "permutations":
        return len(found) == len(expected) and all(holds(one, want) for one, want in zip(found, expected, strict=True))
    if name in ("region", "instruction"):
        return holds(found, expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(
            _close(one, want) for one, want in zip(sorted(found), sorted(expected), strict=True)
        )
    return _close(found, expected)


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return abs(one - other) < 0.011
    return singular(one) == singular(other) if isinstance(one, str) and isinstance(other, str) else bool(one == other)


def same_targets(expected: list[str], found: tuple[str, ...]) -> bool:
    """Whether the pictures are those meant; `1.*` is any of turn 1."""
    if expected == ["?"]:
        return True
    if any(one.endswith(".*") for one in expected):
        turns = {one.removesuffix("*") for one in expected}
        return bool(found) and {f"{name.split('.')[0]}." for name in found} == turns
    return set(expected) == set(found)


def grade(turn: Mapping[str, Any], intent: Intent, changes: Changes, before: str, score: Score) -> None:
    """Compare one turn with what it should be."""
    actions = turn["action"] if isinstance(turn["action"], list) else [turn["action"]]
    checks = [("action", intent.action in actions, intent.action)]
    targets = turn.get("targets", [])
    checks.append(("targets", same_targets(targets, intent.targets), list(intent.targets)))
    score.confusion[actions[0]][intent.action if intent.action not in actions else actions[0]] += 1
    free = {
        *turn.get("free", ()),
        *(PROMPT_FIELDS + SAID + ("description", "query", "instruction") if turn.get("*") else ()),
    }
    for name in ("description", "query"):
        if name not in free and (turn.get(name) or (getattr(intent, name) and name == "query")):
            checks.append(
                (name, bool(turn.get(name)) and holds(getattr(intent, name), turn[name]), getattr(intent, name))
            )
    for name in SAID:
        found = getattr(changes, name)
        if name not in free and (turn.get(name) not in (None, [], "") or found not in (None, (), "")):
            checks.append((name, same(name, turn.get(name), found, before), found))
    prompt, negative = changes.prompt or "", changes.negative_prompt or ""
    checks += [("prompt", holds(prompt, word), prompt) for word in turn.get("has", ()) if "prompt" not in free]
    checks += [("prompt", not holds(prompt, word), prompt) for word in turn.get("lacks", ()) if "prompt" not in free]
    checks += [("negative_prompt", holds(negative, word), negative) for word in turn.get("no", ())]
    if "instruction" in turn:
        checks.append(("instruction", holds(changes.instruction or "", turn["instruction"]), changes.instruction))
    for name, right, found in checks:
        expected = turn.get(name, turn.get({"prompt": "has", "negative_prompt": "no"}.get(name, name)))
        score.add(name, right, f"{turn['say']!r}: {name} is {found!r}, expected {expected!r}")
    score.turns += 1
    score.whole += all(right for _, right, _ in checks)


async def play(line: Mapping[str, Any], planner: Planner, known: Limits, score: Score) -> None:
    """One conversation."""
    dialogue = Dialogue(planner, known)
    for turn in line["turns"]:
        shapes = {name: recipe.aspect for name, recipe in dialogue.pictures}
        try:
            intent, changes = await dialogue.say(turn["say"])
        except InvalidRequest as error:
            score.add("action", False, f"{turn['say']!r}: {error}")
            continue
        score.seconds.append(dialogue.seconds)
        before = next((shapes[name] for name in intent.targets if name in shapes), "1:1")
        grade(turn, intent, changes, before, score)


def read_requests(sets: Iterable[str]) -> list[dict[str, Any]]:
    """Every conversation of these sets, with the file it is from."""
    found = []
    for name in sets:
        for file in sorted((REQUESTS / name).glob("*.jsonl")):
            lines = file.read_text(encoding="utf-8").splitlines()
            found += [json.loads(line) | {"set": name, "file": file.stem} for line in lines if line.strip()]
    return found


def figures(score: Score) -> dict[str, Any]:
    """Shares and times of a score."""
    times = sorted(score.seconds)
    return {
        "turns": score.turns,
        "action": _share(score.right["action"], score.all["action"]),
        "targets": _share(score.right["targets"], score.all["targets"]),
        "fields": _share(sum(score.right.values()), sum(score.all.values())),
        "turns_all_right": _share(score.whole, score.turns),
        "by_field": {name: [score.right[name], score.all[name]] for name in sorted(score.all)},
        "milliseconds": {
            "median": round(1000 * statistics.median(times), 2), "p95": round(1000 * times[int(len(times) * 0.95)], 2),
            "worst": round(1000 * times[-1], 2),
        },
        "confusion": {action: dict(row) for action, row in sorted(score.confusion.items())},
    }  # fmt: skip


def _share(right: int, all_: int) -> float:
    return round(right / max(all_, 1), 4)


async def measure(planner: Planner, known: Limits, sets: Iterable[str], at_once: int = 1) -> dict[str, Score]:
    """A score for each set, and for each language in it, of at most `at_once` conversations together."""
    scores: dict[str, Score] = defaultdict(Score)
    gate = asyncio.Semaphore(at_once)

    async def one(line: dict[str, Any]) -> None:
        async with gate:
            mine = Score()
            await play(line, planner, known, mine)
        for name in (line["set"], f"{line['set']}/{line.get('lang', 'en')}"):
            _join(scores[name], mine)

    await asyncio.gather(*(one(line) for line in read_requests(sets)))
    return scores


def _join(whole: Score, part: Score) -> None:
    whole.right += part.right
    whole.all += part.all
    whole.whole += part.whole
    whole.turns += part.turns
    whole.wrong += part.wrong
    whole.seconds += part.seconds
    for action, row in part.confusion.items():
        whole.confusion[action] += row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", action="store_true", help="the language model of the settings instead")
    parser.add_argument("--model", choices=("general", "bundled"), default="general", help="whose limits and prompts")
    parser.add_argument("--set", dest="sets", action="append", choices=SETS, help="only these requests")
    parser.add_argument("--at-once", type=int, default=1, help="conversations at the same time")
    parser.add_argument("--wrong", action="store_true", help="list what is wrong on stderr")
    options = parser.parse_args()
    known = GENERAL if options.model == "general" else limits("bundled", BUNDLED)
    planner = build_planner(Settings.read()) if options.llm else OfflinePlanner()
    if options.llm and isinstance(planner, OfflinePlanner):
        parser.error("no language model is set up: set OPENAI_BASE_URL or OPENAI_API_KEY")

    async def run() -> dict[str, Score]:
        try:
            return await measure(planner, known, options.sets or SETS, options.at_once)
        finally:
            await planner.close()

    scores = asyncio.run(run())
    if options.wrong:
        print(
            *(note for name, score in scores.items() if "/" not in name for note in score.wrong),
            sep="\n",
            file=sys.stderr,
        )
    name = "offline" if isinstance(planner, OfflinePlanner) else getattr(planner, "name", "")
    print(
        json.dumps(
            {"planner": name, "model": options.model}
            | {name: figures(score) for name, score in scores.items() if score.turns}
        )
    )


if __name__ == "__main__":
    main()
