"""`pixxelbot members …`: what is known of those who ask for pictures."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Final

import typer

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen, table

DAY: Final = 86_400.0
"""Seconds."""

app = typer.Typer(name="members", help="What members' requests cost.", no_args_is_help=True)


@app.callback()
def members() -> None:
    """A callback keeps `tokens` a command of its own."""


@app.command()
def tokens(
    member: Annotated[
        str | None, typer.Option("--member", help="Only this member's, such as discord:123 or cli:anna.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How far back.")] = 30,
    json: Json = False,
) -> None:
    """Show the tokens that a language model read and wrote for members' requests, by day."""
    session.wait_for(_tokens(Screen(json), member, days))


async def _tokens(screen: Screen, member: str | None, days: int) -> None:
    async with session.opened(console=screen.news) as opened:
        spent = await opened.store.spent(member, since=time.time() - days * DAY)
    shown = table(f"tokens of the last {days} days", "day", "member", "model", "requests", "read", "written")
    for one in spent:
        numbers = (one.requests, one.tokens_in, one.tokens_out)
        shown.add_row(one.day, one.member_id, one.model, *(f"{number:,}" for number in numbers))
    screen.answer({"spent": [asdict(one) for one in spent]}, shown)
