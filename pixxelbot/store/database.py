"""The database: one writer that groups commits, many readers, and a bell that rings when anything has changed.

SQLite as it really is: WAL; transactions opened by us (`isolation_level=None`, `BEGIN IMMEDIATE` for the writer, since
a deferred transaction that reads before it writes fails at once with SQLITE_BUSY_SNAPSHOT whatever the time-out);
`synchronous=FULL` set on every connection, so that an answered waiter's change outlives a power cut.
Writer and readers are threads of their own with plain connections: a whole batch, and a whole question, costs one hop
between threads. (A driver that hops for each statement took up to 3.6 s over a question in a burst of requests.)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pixxelbot.errors import (
    DatabaseBusy,
    DatabaseUnreachable,
    PixxelbotError,
    StorageFull,
    StorageUnwritable,
    StoreError,
)

log = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[Connection], T]
"""Reads and writes inside one transaction."""

BUSY_SECONDS: Final = 5.0
"""How long to wait for another process's lock."""
POOL_PATIENCE: Final = 6
"""So many times as long a question waits for one of our own connections to be free."""
FROZEN_SECONDS: Final = 10
"""PostgreSQL ends a session silent for so long inside a transaction: a frozen writer must not block the others."""
POLL_SECONDS: Final = 0.2
"""Between two looks at `PRAGMA data_version`; it costs about 50 µs."""
READERS: Final = 3
"""Threads that read a SQLite file; a slow search must not hold up the rest, more would contend for the interpreter."""
CACHE_KIB: Final = 512
"""KiB of a SQLite file that each connection keeps; the system keeps the file in memory anyway, once for all."""
BATCH: Final = 64
"""Changes in one commit; more would make the first of them wait noticeably."""
UNREACHED: Final = re.compile(r"connection failed|failed to resolve|could not translate|timeout expired", re.IGNORECASE)
"""What psycopg and libpq say where they came to no connection."""
CHANNEL: Final = "pixxelbot"
"""PostgreSQL's NOTIFY channel."""
WRITER_LOCK: Final = 0x70_69_78_78
"""Advisory lock ("pixx") that makes the writers of several processes take turns, as SQLite's do."""


class Database:
    """SQLite or PostgreSQL by URL (SQLAlchemy's). `variable` is where the operator set it."""

    def __init__(self, url: str, busy_seconds: float = BUSY_SECONDS, variable: str = "PIXXELBOT_HOME") -> None:
        self.url, self.variable = make_url(url), variable
        self.busy_seconds = busy_seconds
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.changes = 0
        """Grows with every change noticed, by this process or another."""
        self._file = _SQLiteThreads(self) if self.sqlite else None
        self._engine = None if self.sqlite else self._server_engine()
        self._pending: asyncio.Queue[_Waiting[Any]] = asyncio.Queue()
        self._rung = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def path(self) -> Path | None:
        """The SQLite file."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    @property
    def libpq(self) -> str:
        """Connection string for psycopg itself."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def read(self, question: Change[T]) -> T:
        """Answer a question from one consistent snapshot."""
        with _translated(self):
            if self._file:
                return await self._file.read(question)
            async with self._server.connect() as connection:
                return await connection.run_sync(question)

    async def write(self, change: Change[T]) -> T:
        """Apply a change; returns after the commit that holds it. The change may be run only once."""
        self._keep_running("writer", self._write_in_batches)
        waiting: _Waiting[T] = _Waiting(change)
        self._pending.put_nowait(waiting)
        return await waiting.answer

    async def wait_for_change(self, seconds: float, seen: int | None = None) -> bool:
        """Wait until `changes` differs from `seen` (default: from now on); False when the time is over first."""
        seen = self.changes if seen is None else seen
        self._keep_running("watcher", self._watch_file if self.sqlite else self._listen)
        if self.changes == seen:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._rung.wait()
        return self.changes != seen

    async def close(self) -> None:
        """Finish the writes that wait, then let go of every connection."""
        await self._pending.join()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._file:
            await self._file.close()
        if self._engine:
            await self._engine.dispose()

    def _server_engine(self) -> AsyncEngine:
        limits = {"lock_timeout": self.busy_seconds, "idle_in_transaction_session_timeout": FROZEN_SECONDS}
        options = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items())
        return create_async_engine(
            self.url,
            connect_args={"options": options},
            pool_pre_ping=True,
            pool_timeout=self.busy_seconds * POOL_PATIENCE,
            hide_parameters=True,
        )

    @property
    def _server(self) -> AsyncEngine:
        assert self._engine is not None, "PostgreSQL has an engine"
        return self._engine

    def _keep_running(self, name: str, work: Callable[[], Any]) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.create_task(work(), name=f"database {name}")

    # --- writing ------------------------------------------------------------------------------------------------

    async def _write_in_batches(self) -> None:
        while True:
            batch = [await self._pending.get()]
            while len(batch) < BATCH and not self._pending.empty():
                batch.append(self._pending.get_nowait())
            await self._commit(batch)

    async def _commit(self, batch: list[_Waiting[Any]]) -> None:
        outcome = _Outcome[None]()
        with outcome, _translated(self):
            if self._file:
                await self._file.commit(batch)
            else:
                async with self._server.connect() as connection:
                    await connection.run_sync(_apply_and_notify, batch)
        for waiting in batch:
            waiting.tell(outcome.error)
            self._pending.task_done()
        if outcome.error is None:
            self._ring()

    # --- noticing -----------------------------------------------------------------------------------------------

    def _ring(self) -> None:
        self.changes += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def _watch_file(self) -> None:
        """Poll SQLite's counter of other connections' commits."""
        assert self._file is not None, "only a file is watched"
        known = None
        while True:
            version = await self._file.version()
            if known is not None and version != known:
                self._ring()
            known = version
            await asyncio.sleep(POLL_SECONDS)

    async def _listen(self) -> None:
        """LISTEN, and connect anew when the server has gone away."""
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(self.libpq, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._ring()
                    async for _ in connection.notifies():
                        self._ring()
            await asyncio.sleep(1.0)


class _SQLiteThreads:
    """The one thread that writes and the few that read, each with a plain connection of its own."""

    def __init__(self, database: Database) -> None:
        self._writing = _sqlite_engine(database, "BEGIN IMMEDIATE", 1)
        self._reading = _sqlite_engine(database, "BEGIN", READERS)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._watching: sqlite3.Connection | None = None
        self._path = str(database.path)

    async def read(self, question: Change[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, question)

    async def commit(self, batch: list[_Waiting[Any]]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writer, self._commit, batch)

    async def version(self) -> int:
        """`PRAGMA data_version` of one connection: differs from the last where another connection committed."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._version)

    def _read(self, question: Change[T]) -> T:
        with self._reading.connect() as connection:
            return question(connection)

    def _commit(self, batch: list[_Waiting[Any]]) -> None:
        with self._writing.connect() as connection:
            _apply(connection, batch)

    def _version(self) -> int:
        if self._watching is None:
            self._watching = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        return cast(int, self._watching.execute("PRAGMA data_version").fetchone()[0])

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writer, self._writing.dispose)
        self._writer.shutdown()
        await loop.run_in_executor(None, self._readers.shutdown)  # once the questions under way are answered
        self._reading.dispose()
        if self._watching:
            self._watching.close()


def _sqlite_engine(database: Database, begin: str, connections: int) -> Engine:
    url = database.url.set(drivername="sqlite")
    waits = {"timeout": database.busy_seconds, "check_same_thread": False}  # disposed of by another thread
    engine = create_engine(url, pool_size=connections, max_overflow=0, connect_args=waits, hide_parameters=True)
    _prepare_sqlite(engine, begin, database.busy_seconds)
    return engine


def _prepare_sqlite(engine: Engine, begin: str, busy_seconds: float) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={round(busy_seconds * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"cache_size=-{CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


# --- one batch, one commit ------------------------------------------------------------------------------------------


class _Outcome(Generic[T]):
    """Keeps what a `with` block raised, for whoever waits for it."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        self.error = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return isinstance(error, Exception)


class _Waiting(Generic[T]):
    """A change, and the future of whoever waits for its commit."""

    def __init__(self, change: Change[T]) -> None:
        self.change = change
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.outcome = _Outcome[T]()
        self.value: T | None = None

    def apply(self, connection: Connection) -> None:
        self.value = self.change(connection)

    def apply_apart(self, connection: Connection) -> None:
        """Apply so that its own failure undoes nothing of its neighbours."""
        with self.outcome, connection.begin_nested():
            self.value = self.change(connection)
        if self.outcome.error:
            connection.info.pop("revision", None)  # it may have been raised within what was just undone
        if self.outcome.error and (isinstance(self.outcome.error, OperationalError) or connection.invalidated):
            raise self.outcome.error  # the connection or the disk: the whole transaction is in doubt

    def tell(self, error: BaseException | None) -> None:
        if self.answer.done():  # the waiter was cancelled meanwhile
            return
        if error := error or self.outcome.error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(self.value)  # type: ignore[arg-type]  # None only where T is


def _apply(connection: Connection, batch: list[_Waiting[Any]]) -> None:
    with connection.begin():
        connection.info.pop("revision", None)
        if len(batch) == 1:
            batch[0].apply(connection)
        else:
            for waiting in batch:
                waiting.apply_apart(connection)


def _apply_and_notify(connection: Connection, batch: list[_Waiting[Any]]) -> None:
    with connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
        connection.info.pop("revision", None)
        for waiting in batch:
            waiting.apply_apart(connection)
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


# --- errors ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _translated(database: Database) -> Iterator[None]:
    """The driver's words into ours."""
    try:
        yield
    except DBAPIError as error:
        raise _in_our_words(error, database) from error
    except psycopg.OperationalError as error:
        raise _unavailable(error, database) from error
    except PoolTimeout as error:
        raise DatabaseBusy("every connection is in use") from error
    except PendingRollbackError as error:
        raise DatabaseBusy("the connection was lost in the middle of a change") from error


def _in_our_words(error: DBAPIError, database: Database) -> PixxelbotError | DBAPIError:
    where = str(database.path or database.url.render_as_string(hide_password=True))
    if isinstance(error.orig, sqlite3.Error) or database.sqlite:
        return _sqlite_in_our_words(error, where, database.variable)
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == "53100":
        return StorageFull(where, 0, 2**20)
    if (
        error.connection_invalidated
        or isinstance(error, OperationalError)
        or state[:2] in ("08", "40", "53", "55", "57")
    ):
        return _unavailable(error.orig, database)
    return error


def _unavailable(error: BaseException | None, database: Database) -> DatabaseBusy:
    """Nobody there at all, or somebody who cannot now; only their words tell one from the other."""
    reason = _first_line(error)
    if UNREACHED.search(reason):
        return DatabaseUnreachable(database.url.render_as_string(hide_password=True), reason)
    return DatabaseBusy(reason)


def _sqlite_in_our_words(error: DBAPIError, where: str, variable: str) -> PixxelbotError | DBAPIError:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # extended codes keep the plain one in the low byte
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseBusy()
        case sqlite3.SQLITE_FULL:
            return StorageFull(where, 0, 2**20)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StorageUnwritable(where, _first_line(error.orig), variable)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"The database {where} cannot be used ({_first_line(error.orig)}). Restore a backup.")
    return error


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or ["unknown"])[0]
