"""`pixxelbot server`: the rules of a Discord server or channel, as `/server` has them."""

from __future__ import annotations

import json as text
from typing import Annotated, Any

import typer

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen
from pixxelbot.errors import InvalidRequest

app = typer.Typer(name="server", help="Rules of a Discord server or channel.", no_args_is_help=True)

Guild = Annotated[str, typer.Argument(metavar="SERVER", help="The server's Discord id.")]
Channel = Annotated[str | None, typer.Option("--channel", metavar="ID", help="A channel's own rules instead.")]


@app.command()
def show(server: Guild, channel: Channel = None, json: Json = False) -> None:
    """All rules as they stand."""
    _answer(session.wait_for(_changed(_owner(server, channel), {})), json)


@app.command("set")
def set_(
    server: Guild,
    name: Annotated[str, typer.Argument(metavar="RULE", help="Such as nsfw, max_count, blocked, reactions.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help='A word, a number, or JSON; "null" unsets it.')],
    channel: Channel = None,
    json: Json = False,
) -> None:
    """Set one rule."""
    _answer(session.wait_for(_changed(_owner(server, channel), {name: _value(value)})), json)


def _owner(server: str, channel: str | None) -> str:
    return f"channel:{channel}" if channel else f"guild:{server}"


def _value(written: str) -> Any:
    try:
        return text.loads(written)
    except text.JSONDecodeError:
        return written


async def _changed(owner: str, values: dict[str, Any]) -> dict[str, Any]:
    """Check, store, and answer what stands now."""
    from pydantic import ValidationError

    from pixxelbot.rules import ServerRules

    for name in values:
        if name not in ServerRules.model_fields:
            raise InvalidRequest(f"There is no rule {name!r}. Rules: {', '.join(ServerRules.model_fields)}.")
    async with session.opened() as house:
        kept = (await house.store.preferences_of(owner)).get(owner, {}) | values
        try:
            rules = ServerRules.load({name: value for name, value in kept.items() if value is not None})
        except ValidationError as error:
            raise InvalidRequest(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        if values:
            await house.store.change_preferences(owner, values, session.operator())
        return rules.model_dump(mode="json")


def _answer(rules: dict[str, Any], as_json: bool) -> None:
    lines = [f"{name}: {text.dumps(value, ensure_ascii=False)}" for name, value in rules.items()]
    Screen(as_json).answer(rules, "\n".join(lines))
