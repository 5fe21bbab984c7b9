"""The offline planner over the requests of `tests/requests/own/`: what it understands today it understands tomorrow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import planner as benchmark
from pixxelbot.intent import Intent
from pixxelbot.models import limits
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.settings import BUNDLED

LEAST = {"action": 0.97, "targets": 0.97, "fields": 0.95}
"""Shares of the requests that the rules were written with."""
TOLD = 0.88
"""Share of the actions of what was written only to be learnt from, some of which can be taken in another way."""


async def test_what_was_understood_stays_understood() -> None:
    scores = await benchmark.measure(OfflinePlanner(), benchmark.GENERAL, ["own", "told"])
    found, wrong = benchmark.figures(scores["own"]), scores["own"].wrong
    assert {name: found[name] >= least for name, least in LEAST.items()} == dict.fromkeys(LEAST, True), wrong
    assert benchmark.figures(scores["told"])["action"] >= TOLD, scores["told"].wrong


async def test_the_bundled_model_changes_nothing_about_actions_and_pictures() -> None:
    known = limits("bundled", BUNDLED)
    score = (await benchmark.measure(OfflinePlanner(), known, ["own"]))["own"]
    found = benchmark.figures(score)
    assert found["action"] >= LEAST["action"] and found["targets"] >= LEAST["targets"], score.wrong


FILES: dict[str, list[dict[str, Any]]] = {}
for one in benchmark.read_requests(benchmark.SETS):
    FILES.setdefault(f"{one['set']}/{one['file']}", []).append(one)
KEYS = {
    *benchmark.SAID, "say", "action", "targets", "description", "query", "has", "lacks", "no", "instruction",
    "free", "*",
}  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_every_request_is_written_as_its_format_says(file: str) -> None:
    for line in FILES[file]:
        assert isinstance(line["turns"], list) and 1 <= len(line["turns"]) <= 6, line
        for turn in line["turns"]:
            assert turn.keys() <= KEYS and turn["say"].strip(), turn
            for action in turn["action"] if isinstance(turn["action"], list) else [turn["action"]]:
                Intent(action=action)


async def test_the_same_requests_give_the_same_answers() -> None:
    lines = benchmark.read_requests(["own"])[:40]
    said = []
    for _ in range(2):
        intents = []
        for line in lines:
            dialogue = benchmark.Dialogue(OfflinePlanner(), benchmark.GENERAL)
            intents += [(await dialogue.say(turn["say"]))[0].model_dump_json() for turn in line["turns"]]
        said.append(json.dumps(intents))
    assert said[0] == said[1]
