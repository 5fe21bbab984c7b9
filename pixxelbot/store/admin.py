"""What an operator does to the database itself, bot or no bot: upgrade, downgrade, back up."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pixxelbot.errors import InvalidRequest, StoreError
from pixxelbot.settings import Settings
from pixxelbot.store import Store, migrations


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a change of version did."""

    before: str | None
    """Version of the tables; None for an empty database."""
    after: str | None
    backup: Path | None
    """Copy made first, where there was something to lose and the database is a SQLite file."""


async def upgrade(settings: Settings) -> Migrated:
    """Bring the tables to the newest version, after a backup.

    Raises:
        StoreError: a newer pixxelbot wrote this database.
    """
    async with _opened(settings) as store:
        before = await version(store)
        backup = await store.migrate()
        return Migrated(before, await version(store), backup)


async def downgrade(settings: Settings, to: str) -> Migrated:
    """Take the tables back to a version (`base` for none, `-1` for the one before), after a backup.

    Raises:
        StoreError: there is no such version.
    """
    async with _opened(settings) as store:
        before = await version(store)
        if before is None:
            raise StoreError("The database is empty; there is nothing to take back. Run: pixxelbot db upgrade")
        path = store.database.path
        backup = await store.backup(migrations.backup_path(path, before)) if path else None
        await store.downgrade(to)
        return Migrated(before, await version(store), backup)


async def back_up(settings: Settings, target: Path | None) -> Path:
    """Copy the SQLite database, also while the bot runs; where the copy is.

    Raises:
        NotFound: the database is no SQLite file.
        InvalidRequest: there is a file already.
        StoreError: the copy cannot be written.
    """
    async with _opened(settings) as store:
        path = store.database.path or Path("pixxelbot.db")
        target = target or migrations.backup_path(path, await version(store) or "empty")
        if target.exists():
            raise InvalidRequest(f"{target} exists already, and a backup overwrites nothing. Choose another name.")
        try:
            return await store.backup(target)
        except OSError as error:
            raise StoreError(f"{target} cannot be written ({error.strerror or error}).") from error


async def version(store: Store) -> str | None:
    """The version the tables are at; None for an empty database."""
    return await store.database.read(migrations.current)


@contextlib.asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Store]:
    store = await Store.open(settings)
    try:
        yield store
    finally:
        await store.close()
