"""`pixxelbot db …`: the database's schema and its backups."""

from __future__ import annotations

import typer

app = typer.Typer(name="db", help="Upgrade, downgrade and back up the database.", no_args_is_help=True)
