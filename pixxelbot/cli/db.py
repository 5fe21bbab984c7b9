"""`pixxelbot db …`: the database's version and its backups."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen

if TYPE_CHECKING:
    from pixxelbot.store.admin import Migrated

app = typer.Typer(name="db", help="Upgrade, downgrade and back up the database.", no_args_is_help=True)


@app.command()
def upgrade(json: Json = False) -> None:
    """Bring the database to this version of pixxelbot, after a backup."""
    settings = session.settings()
    from pixxelbot.store import admin

    _tell(Screen(json), session.wait_for(admin.upgrade(settings)))


@app.command()
def downgrade(
    to: Annotated[str, typer.Argument(metavar="VERSION", help="A version, or base for an empty database.")],
    json: Json = False,
) -> None:
    """Take the database back to an earlier version, after a backup. Stop the bot first."""
    settings = session.settings()
    from pixxelbot.store import admin

    _tell(Screen(json), session.wait_for(admin.downgrade(settings, to)))


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; a folder in PIXXELBOT_HOME unless said.")
    ] = None,
    json: Json = False,
) -> None:
    """Copy the database, also while the bot runs. Pictures are plain files beside it."""
    settings = session.settings()
    from pixxelbot.store import admin

    path = session.wait_for(admin.back_up(settings, file))
    Screen(json).answer({"backup": str(path)}, str(path))


def _tell(screen: Screen, done: Migrated) -> None:
    answer = {"before": done.before, "after": done.after, "backup": done.backup and str(done.backup)}
    saved = f" Backup: {done.backup}" if done.backup else ""
    screen.answer(answer, f"The database was at {done.before or 'nothing'} and is at {done.after or 'nothing'}.{saved}")
