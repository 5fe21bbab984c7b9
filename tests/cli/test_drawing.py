"""Drawing from the command line, with the bundled model and every real part between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pixxelbot import picture
from pixxelbot.memory import free_memory
from pixxelbot.profile import Profile
from pixxelbot.store import Store
from tests import factories
from tests.cli.command_line import CommandLine

WORDS = "a red fox under a full moon, and no clouds"


@pytest.fixture(scope="module")
def drawn(furnished: CommandLine) -> dict[str, Any]:
    """Two small pictures of a fox."""
    ended = furnished("imagine", WORDS, "--count", "2", "--steps", "4", "--seed", "7", "--json")
    assert ended.code == 0, ended.err
    return dict(ended.answer)


def test_the_answer_has_all_that_scripts_rely_on(drawn: dict[str, Any]) -> None:
    assert drawn.keys() >= {"job", "status", "planner", "intent", "recipe", "pictures", "grid"}
    assert (drawn["status"], drawn["planner"]) == ("done", "offline")
    assert drawn["intent"]["action"] == "imagine"
    recipe = drawn["recipe"]
    assert (recipe["count"], recipe["steps"], recipe["seed"], recipe["model"]) == (2, 4, 7, "bundled")
    assert "fox" in recipe["prompt"]
    assert "cloud" in recipe["negative_prompt"]


def test_pictures_and_grid_are_where_the_answer_says(drawn: dict[str, Any], furnished: CommandLine) -> None:
    assert [one["seed"] for one in drawn["pictures"]] == [7, 8]
    for one in drawn["pictures"]:
        path = Path(one["path"])
        assert path.parent == furnished.home / "out"
        with Image.open(path) as opened:
            assert opened.size == (one["width"], one["height"]) == (128, 128)
        assert picture.read_metadata(path.read_bytes())
    with Image.open(drawn["grid"]) as grid:
        assert grid.width > 128


def test_people_get_the_plan_on_stderr_and_the_paths_on_stdout(furnished: CommandLine, tmp_path: Path) -> None:
    ended = furnished("imagine", "a blue boat", "--count", "1", "--steps", "2", "--out", str(tmp_path / "mine"))
    assert ended.code == 0, ended.err
    (path,) = ended.out.splitlines()
    assert Path(path).parent == tmp_path / "mine"
    assert Path(path).is_file()
    assert "“a blue boat” → what I draw with" in ended.err


def test_the_same_seed_draws_the_same_picture(drawn: dict[str, Any], furnished: CommandLine) -> None:
    recipe = drawn["recipe"]
    again = furnished(
        "imagine", recipe["prompt"], "--negative", recipe["negative_prompt"], "--verbatim",
        "--count", "2", "--steps", "4", "--seed", "7", "--json",
    ).answer  # fmt: skip
    assert again["recipe"]["prompt"] == recipe["prompt"]
    hashes = [_hashes(furnished, one) for one in (drawn, again)]
    assert hashes[0] == hashes[1]


def _hashes(pixxelbot: CommandLine, answer: dict[str, Any]) -> list[bytes]:
    pixels = []
    for one in answer["pictures"]:
        with Image.open(one["path"]) as opened:
            pixels.append(opened.convert("RGB").tobytes())
    return pixels


def test_a_variation_has_its_parent_in_its_lineage(drawn: dict[str, Any], furnished: CommandLine) -> None:
    parent = drawn["pictures"][1]["id"]
    varied = furnished("vary", parent, "--count", "1", "--strength", "0.5", "--json")
    assert varied.code == 0, varied.err
    assert (varied.answer["recipe"]["kind"], varied.answer["planner"]) == ("vary", "none")
    (child,) = varied.answer["pictures"]
    lineage = furnished("lineage", child["id"], "--json").answer
    assert [one["id"] for one in lineage["ancestors"]] == [parent]
    shown = furnished("show", parent, "--json").answer["picture"]
    assert child["id"] in shown["children"]
    assert "fox" in furnished("lineage", child["id"]).out


def test_an_enlargement_is_larger(drawn: dict[str, Any], furnished: CommandLine) -> None:
    (large,) = furnished("upscale", drawn["pictures"][0]["id"], "--scale", "1.5", "--json").answer["pictures"]
    assert (large["width"], large["height"]) == (192, 192)


def test_a_remix_keeps_the_noise_and_changes_the_words(drawn: dict[str, Any], furnished: CommandLine) -> None:
    remixed = furnished("remix", drawn["pictures"][1]["id"], "blue cat at night", "--count", "1", "--json").answer
    assert remixed["recipe"]["prompt"] == "blue cat at night"
    assert remixed["pictures"][0]["seed"] == drawn["pictures"][1]["seed"]


def test_a_picture_of_ones_own_can_be_the_start(furnished: CommandLine, tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    Image.new("RGB", (300, 200), "orange").save(start)
    ended = furnished(
        "imagine", "a red fox", "--image", str(start), "--strength", "0.5", "--count", "1", "--steps", "4", "--json"
    )
    assert ended.code == 0, ended.err
    recipe = ended.answer["recipe"]
    assert (recipe["kind"], recipe["strength"]) == ("img2img", 0.5)
    assert recipe["width"] > recipe["height"]


def test_a_plan_draws_and_keeps_nothing(furnished: CommandLine, drawn: dict[str, Any]) -> None:
    before = furnished("queue", "stats", "--json").answer["jobs"]
    answer = furnished("plan", "three versions of a red fox --ar 3:2", "--json").answer
    assert answer.keys() >= {"action", "targets", "description", "query", "recipe", "reasons", "planner"}
    assert (answer["action"], answer["recipe"]["count"], answer["recipe"]["aspect"]) == ("imagine", 3, "3:2")
    assert furnished("queue", "stats", "--json").answer["jobs"] == before


def test_history_lists_the_newest_first(furnished: CommandLine, drawn: dict[str, Any]) -> None:
    pictures = furnished("history", "--json", "--limit", "100").answer["pictures"]
    made = [one["created_at"] for one in pictures]
    assert made == sorted(made, reverse=True)
    ids = [one["id"] for one in drawn["pictures"]]
    assert [one["id"] for one in furnished("history", "--job", drawn["job"], "--json").answer["pictures"]] == ids
    assert ids[0] in furnished("history", "--limit", "100").out


def test_a_copy_of_a_picture_is_the_picture(furnished: CommandLine, drawn: dict[str, Any], tmp_path: Path) -> None:
    one = drawn["pictures"][0]
    assert furnished("show", one["id"], "--out", str(tmp_path / "copy.png")).code == 0
    assert (tmp_path / "copy.png").read_bytes() == Path(one["path"]).read_bytes()


def test_a_folder_that_cannot_be_written_is_named(furnished: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = furnished(
        "imagine", "a fox", "--count", "1", "--steps", "1", "--out", str(tmp_path / "file" / "out"), "--json"
    )
    assert (ended.code, ended.error["code"]) == (1, "store")
    assert "--out" in ended.error["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_command_told_to_end_cancels_its_job(pixxelbot: CommandLine, told: signal.Signals) -> None:
    process = pixxelbot.start("imagine", "a fox", "--steps", "100", "--count", "10", "--json")
    database = pixxelbot.home / "pixxelbot.db"
    _wait_for_a_job(database, "running")
    process.send_signal(told)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert json.loads(out)["error"]["code"] == "interrupted"
    (job,) = pixxelbot("queue", "list", "--all", "--json").answer["jobs"]
    assert job["status"] == "cancelled"


def _wait_for_a_job(database: Path, status: str) -> None:
    until = time.monotonic() + 120
    while not _jobs(database, status):
        assert time.monotonic() < until, f"no job was {status} within two minutes"
        time.sleep(0.1)


def _jobs(database: Path, status: str) -> list[str]:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM jobs WHERE status = ?", (status,))]
    except sqlite3.OperationalError:  # not made yet
        return []


def test_what_does_not_fit_the_memory_is_refused_with_the_flags_that_do(pixxelbot: CommandLine) -> None:
    plan = pixxelbot("plan", "a red fox", "--json", PIXXELBOT_DEVICE="cpu").answer
    assert plan["forecast"]["bytes"] is None and plan["forecast"]["fits"] and plan["forecast"]["seconds"] > 0
    asyncio.run(_measured(pixxelbot.home, free_memory()))
    plan = pixxelbot("plan", "a red fox", "--json", PIXXELBOT_DEVICE="cpu").answer
    assert (plan["forecast"]["fits"], plan["forecast"]["instead"]) == (False, "--count 1")
    refused = pixxelbot("imagine", "a red fox", "--json", PIXXELBOT_DEVICE="cpu")
    assert refused.code == 4 and refused.error["code"] == "too_demanding"
    assert "too much" in refused.error["message"] and refused.error["message"].endswith("This fits: --count 1")
    told = pixxelbot("plan", "a red fox", PIXXELBOT_DEVICE="cpu")
    assert "this fits: --count 1" in " ".join(told.out.split())


async def _measured(home: Path, free: int | None) -> None:
    """A profile by which one guided picture takes two thirds of this machine's free memory."""
    assert free is not None
    row = free // 3
    profile = Profile(
        model="bundled", model_hash="0" * 64, size="4x16x16", dtype="float32", device="cpu", versions="torch",
        seconds=((1, 0.1),), bytes=((1, row),), decoding=0.0, weights=0,
    )  # fmt: skip
    store = await Store.open(factories.settings(home))
    await store.keep_profile(profile)
    await store.close()
