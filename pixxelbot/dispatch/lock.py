"""The dispatcher's lock: exactly one process holds it, and it falls free when that process dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from filelock import FileLock, Timeout

from pixxelbot.store import Store

LOCK_KEY: Final = 0x70_69_78_65
"""Advisory lock ("pixe"); PostgreSQL keeps these per database."""
KEEPALIVES: Final[dict[str, Any]] = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""Seconds, seconds, tries: a silent holder is given up after about eleven seconds, by both sides."""
SERVER_KEEPALIVES: Final = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
SILENCE: Final = "-c idle_session_timeout=10s"
"""A frozen holder's kernel still answers keepalives, so its silence too must cost it the lock (PostgreSQL 14)."""


class DispatcherLock(Protocol):
    """Taken by one process at a time."""

    async def try_take(self) -> bool:
        """Take it if it is free; whether it is ours now."""
        ...

    async def held(self) -> bool:
        """Whether it is still ours."""
        ...

    async def release(self) -> None:
        """Let it go."""
        ...


def lock_for(store: Store) -> DispatcherLock:
    """The lock that belongs to this store's database."""
    if store.database.path:
        return FileDispatcherLock(store.database.path.with_suffix(".dispatcher.lock"))
    return ServerDispatcherLock(store.database.libpq)


class FileDispatcherLock:
    """An OS lock on a file beside the SQLite database; the OS frees it with the process, no PID to go stale."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path, thread_local=False)

    async def try_take(self) -> bool:
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    async def held(self) -> bool:
        return self._lock.is_locked

    async def release(self) -> None:
        self._lock.release(force=True)


class ServerDispatcherLock:
    """A session advisory lock of PostgreSQL: it lives as long as its connection."""

    def __init__(self, libpq: str) -> None:
        self._libpq = libpq
        self._connection: psycopg.AsyncConnection | None = None

    async def try_take(self) -> bool:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._libpq, autocommit=True, options=f"{SERVER_KEEPALIVES} {SILENCE}", **KEEPALIVES
                )
            answer = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
            row = await answer.fetchone()
        except psycopg.OperationalError:
            return False
        return bool(row and row[0])

    async def held(self) -> bool:
        if self._connection is None or self._connection.closed:
            return False
        try:
            await self._connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    async def release(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
