"""The queue and the database, seen and steered from the command line."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from pixxelbot.intent import Intent
from pixxelbot.job import Job
from pixxelbot.store import Store
from tests import factories
from tests.cli.command_line import CommandLine


@pytest.fixture
def waiting(pixxelbot: CommandLine) -> tuple[CommandLine, Job]:
    """A queue in which Ana's job waits, and no bot that would draw it."""

    async def put() -> Job:
        store = await Store.open(factories.settings(pixxelbot.home))
        try:
            await store.migrate()
            request, _ = await store.accept(factories.request("a red fox in the snow"))
            job = factories.job(request_id=request.id)
            return await store.queue_job(request.id, Intent(planner="offline"), job)
        finally:
            await store.close()

    return pixxelbot, asyncio.run(put())


def test_a_waiting_job_is_listed_and_shown(waiting: tuple[CommandLine, Job]) -> None:
    pixxelbot, job = waiting
    listed = pixxelbot("queue", "list", "--json").answer
    assert listed["paused"] is False
    assert [(one["id"], one["status"], one["member"]) for one in listed["jobs"]] == [(job.id, "queued", "discord:1")]
    shown = pixxelbot("queue", "show", job.id, "--json").answer["job"]
    assert (shown["words"], shown["recipe"]["seed"]) == ("a red fox in the snow", 7)
    assert job.id in pixxelbot("queue", "list").out
    assert "discord:1" in pixxelbot("queue", "show", job.id).out


def test_a_job_is_cancelled_and_queued_again(waiting: tuple[CommandLine, Job]) -> None:
    pixxelbot, job = waiting
    assert pixxelbot("queue", "cancel", job.id, "--json").answer["job"]["status"] == "cancelled"
    assert pixxelbot("queue", "list", "--json").answer["jobs"] == []
    twice = pixxelbot("queue", "cancel", job.id, "--json")
    assert (twice.code, twice.error["code"]) == (4, "refused")
    assert pixxelbot("queue", "retry", job.id, "--json").answer["job"]["status"] == "queued"


def test_a_pause_lasts_until_resumed(pixxelbot: CommandLine) -> None:
    assert pixxelbot("queue", "pause", "--json").answer == {"paused": True}
    assert pixxelbot("queue", "list", "--json").answer["paused"] is True
    assert "paused" in pixxelbot("queue", "list").out
    assert pixxelbot("queue", "resume", "--json").answer == {"paused": False}
    assert pixxelbot("queue", "list", "--json").answer["paused"] is False


def test_the_statistics_count_by_status(waiting: tuple[CommandLine, Job]) -> None:
    pixxelbot, _ = waiting
    answer = pixxelbot("queue", "stats", "--json").answer
    assert (answer["jobs"], answer["by_status"]) == (1, {"queued": 1})
    assert "queued" in pixxelbot("queue", "stats").out


def test_a_watcher_sees_what_another_process_changes(waiting: tuple[CommandLine, Job]) -> None:
    pixxelbot, job = waiting
    watcher = pixxelbot.start("queue", "watch", "--json")
    assert watcher.stdout
    try:
        assert [one["id"] for one in json.loads(watcher.stdout.readline())["jobs"]] == [job.id]
        assert pixxelbot("queue", "cancel", job.id).code == 0
        assert json.loads(watcher.stdout.readline())["jobs"] == []
    finally:
        watcher.terminate()
        watcher.communicate(timeout=60)


# --- the database ---------------------------------------------------------------------------------------------------


def test_a_database_goes_up_and_down_with_a_backup_before(pixxelbot: CommandLine) -> None:
    up = pixxelbot("db", "upgrade", "--json").answer
    assert (up["before"], up["backup"]) == (None, None)
    assert pixxelbot("db", "upgrade", "--json").answer == {"before": up["after"], "after": up["after"], "backup": None}
    down = pixxelbot("db", "downgrade", "base", "--json").answer
    assert (down["before"], down["after"]) == (up["after"], None)
    assert Path(down["backup"]).is_file()


def test_a_backup_holds_the_rows_and_no_token(waiting: tuple[CommandLine, Job]) -> None:
    pixxelbot, job = waiting
    target = pixxelbot.cwd / "copy.db"
    assert pixxelbot("db", "backup", str(target), "--json").answer == {"backup": str(target)}
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT id FROM jobs").fetchall() == [(job.id,)]
        assert copy.execute("SELECT interaction_token FROM requests").fetchall() == [(None,)]
