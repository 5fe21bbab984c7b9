"""Alembic, without its command line: up, down, and how far a database is."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

import pixxelbot
from pixxelbot.errors import StoreError, UnknownChoice
from pixxelbot.store.rows import metadata

PACKAGE: Final = Path(pixxelbot.__file__).parent


def folder() -> Path:
    """The migrations: inside an installed wheel, or beside the package in the repository."""
    inside = PACKAGE / "migrations"
    return inside if inside.is_dir() else PACKAGE.parent / "migrations"


def head() -> str:
    """The newest version there is."""
    found = ScriptDirectory(str(folder())).get_current_head()
    if found is None:
        raise StoreError(f"There are no migrations in {folder()}. Install the package again.")
    return found


def current(connection: Connection) -> str | None:
    """The version a database is at; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the database up to a version, inside the connection's transaction.

    Raises:
        StoreError: a newer pixxelbot wrote this database.
    """
    if current(connection) == head():
        return
    _run(connection, command.upgrade, to)


def downgrade(connection: Connection, to: str) -> None:
    """Take the database back to a version, `base` for nothing at all."""
    known = [script.revision for script in ScriptDirectory(str(folder())).walk_revisions()]
    if not (to == "base" or re.fullmatch(r"-\d+", to) or any(name.startswith(to) for name in known)):
        raise UnknownChoice("version", to, (*known, "base"))
    _run(connection, command.downgrade, to)


def differences(connection: Connection) -> list[Any]:
    """Where tables and models do not agree; empty when they are in step."""
    from alembic.autogenerate import compare_metadata

    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def back_up(source: Path, target: Path) -> Path:
    """Copy a live SQLite database, without the interaction tokens in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'requests'").fetchone():
            copy.execute("PRAGMA secure_delete=ON")
            copy.execute("UPDATE requests SET interaction_token = NULL")
            copy.commit()
    return target


def backup_path(database: Path, version: str) -> Path:
    """Where the copy goes that is made before leaving a version."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return database.parent / "backups" / f"{database.stem}-{version}-{stamp}.db"


def _run(connection: Connection, action: Any, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        action(config, to)
    except CommandError as error:
        raise StoreError(f"The database cannot be migrated ({error}). Was it written by a newer version?") from error
