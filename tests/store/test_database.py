"""Locks, changes by other processes, and servers that go away."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from pixxelbot.errors import DatabaseBusy, DatabaseUnreachable, StorageUnwritable, StoreError
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from tests import factories, postgres
from tests.databases import until


async def sqlite_store(home: Path, busy_seconds: float = 5.0) -> Store:
    store = await Store.open(factories.settings(home), busy_seconds=busy_seconds)
    await store.migrate()
    return store


async def test_a_locked_database_is_said_to_be_busy_and_nothing_is_lost(tmp_path: Path) -> None:
    store = await sqlite_store(tmp_path, busy_seconds=0.2)
    other = sqlite3.connect(tmp_path / "pixxelbot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    request = factories.request()
    with pytest.raises(DatabaseBusy):
        await store.accept(request)
    assert await store.requests() == []  # readers are not held up
    other.execute("ROLLBACK")
    assert (await store.accept(request))[1]
    other.close()
    await store.close()


async def test_a_question_for_which_no_connection_falls_free_is_answered_with_busy(
    server: postgres.PostgreSQL, tmp_path: Path
) -> None:
    with server.database() as url:
        store = await Store.open(factories.settings(tmp_path, database_url=url), busy_seconds=0.1)
        await store.migrate()
        slow = [store.database.read(lambda asked: asked.exec_driver_sql("SELECT pg_sleep(2)")) for _ in range(16)]
        answers = await asyncio.gather(*slow, return_exceptions=True)
        assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [DatabaseBusy]
        await store.close()


async def test_every_connection_survives_a_power_cut_and_keeps_few_pages(tmp_path: Path) -> None:
    store = await sqlite_store(tmp_path)

    def pragmas(connection: object) -> tuple[str, int, int, int]:
        def ask(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()  # type: ignore[attr-defined]

        return ask("journal_mode"), ask("synchronous"), ask("foreign_keys"), ask("cache_size")  # type: ignore[return-value]

    assert await store.database.read(pragmas) == ("wal", 2, 1, -512)
    assert await store.database.write(pragmas) == ("wal", 2, 1, -512)
    await store.close()


async def test_a_file_that_is_no_database_is_said_to_be_unusable(tmp_path: Path) -> None:
    (tmp_path / "pixxelbot.db").write_bytes(b"no database at all" * 100)
    store = await Store.open(factories.settings(tmp_path))
    with pytest.raises(StoreError, match="Restore a backup"):
        await store.migrate()
    await store.close()


async def test_a_change_by_this_process_is_noticed(store: Store) -> None:
    seen = store.changes
    await store.accept(factories.request())
    assert await store.wait_for_change(5.0, seen)
    while await store.wait_for_change(0.6):  # the echo of our own change
        pass


OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from pixxelbot.store import Store
from tests import factories
async def main():
    store = await Store.open(factories.settings(Path(sys.argv[1]), database_url=sys.argv[2] or None))
    await store.set_flag("queue.paused", "yes", by="cli:ana")
    await store.close()
asyncio.run(main())
"""


async def test_a_change_by_another_process_is_noticed(store: Store, settings: Settings) -> None:
    await store.wait_for_change(1.0)  # listening has begun
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OTHER_PROCESS,
        str(settings.home),
        settings.database_url or "",
        cwd=Path(__file__).parents[2],
    )
    noticed = asyncio.create_task(store.wait_for_change(30.0))
    assert await process.wait() == 0
    assert await noticed
    assert await store.flag("queue.paused") == "yes"


async def test_flags_are_set_changed_and_unset(store: Store) -> None:
    assert await store.flag("x") is None
    await store.set_flag("x", "1")
    await store.set_flag("x", "2")
    assert await store.flag("x") == "2"
    await store.set_flag("x", None)
    assert await store.flag("x") is None


async def test_old_flags_of_a_prefix_are_forgotten(store: Store) -> None:
    for name in ("form:01A", "form:01C", "other:01A"):
        await store.set_flag(name, "1")
    await store.forget_flags("form:", "01B")
    kept = [name for name in ("form:01A", "form:01C", "other:01A") if await store.flag(name)]
    assert kept == ["form:01C", "other:01A"]


async def test_two_stores_write_into_one_database_at_once(store: Store, settings: Settings) -> None:
    other = await Store.open(settings)
    await asyncio.gather(*(one.accept(factories.request()) for _ in range(100) for one in (store, other)))
    assert len(await other.requests()) == 200
    await other.close()


async def test_a_server_that_was_restarted_is_used_again(server: postgres.PostgreSQL, tmp_path: Path) -> None:
    with server.database() as url:
        store = await Store.open(factories.settings(tmp_path, database_url=url))
        await store.migrate()
        await store.accept(factories.request())
        await store.wait_for_change(0.5)
        await asyncio.to_thread(server.restart)

        async def accepted() -> bool:
            try:
                return (await store.accept(factories.request()))[1]
            except DatabaseBusy:
                return False

        await until(accepted)
        assert len(await store.requests()) == 2
        await store.close()


async def test_a_server_that_is_not_there_is_called_so_and_its_setting_is_named(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = factories.settings(tmp_path, database_url=f"postgresql://ana:secret@127.0.0.1:{port}/none")
    store = await Store.open(nobody)
    with pytest.raises(DatabaseUnreachable, match="PIXXELBOT_DATABASE_URL") as told:
        await store.migrate()
    await store.close()
    assert told.value.code == "database_unreachable" and "secret" not in str(told.value)


@pytest.mark.parametrize(("given", "named"), [(True, "PIXXELBOT_DATABASE_URL"), (False, "PIXXELBOT_HOME")])
async def test_a_sqlite_file_that_cannot_be_made_names_the_setting_that_says_where(
    tmp_path: Path, given: bool, named: str
) -> None:
    in_the_way = tmp_path / "home" / "pixxelbot.db"
    url = f"sqlite:///{tmp_path}/nowhere/bot.db" if given else None
    in_the_way.mkdir(parents=True)
    store = await Store.open(factories.settings(tmp_path / "home", database_url=url))
    with pytest.raises(StorageUnwritable, match=named):
        await store.migrate()
    await store.close()


async def test_a_slow_question_holds_up_no_other_and_hundreds_at_once_are_answered(tmp_path: Path) -> None:
    store = await sqlite_store(tmp_path, busy_seconds=0.1)
    stored, _ = await store.accept(factories.request())
    released = threading.Event()
    slow = asyncio.create_task(store.database.read(lambda _: released.wait(60)))
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(store.request(stored.id) for _ in range(500)))
        assert not slow.done() and {one.id for one in answers} == {stored.id}
        released.set()
        assert await slow
    await store.close()


async def test_a_question_sees_what_was_answered_as_written_and_stays_within_its_snapshot(tmp_path: Path) -> None:
    store = await sqlite_store(tmp_path)
    began, written = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[int, int]:
        first = connection.exec_driver_sql("SELECT count(*) FROM requests").scalar_one()
        began.set()
        written.wait(60)
        return first, connection.exec_driver_sql("SELECT count(*) FROM requests").scalar_one()

    async with asyncio.timeout(60):
        asked = asyncio.create_task(store.database.read(twice))
        await asyncio.to_thread(began.wait, 60)
        await store.accept(factories.request())
        assert len(await store.requests()) == 1
        written.set()
        assert await asked == (0, 0)
    await store.close()
