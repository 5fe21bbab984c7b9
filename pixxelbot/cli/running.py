"""`pixxelbot run`: the bot itself."""

from __future__ import annotations

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen
from pixxelbot.errors import ConfigurationError


def run(json: Json = False) -> None:
    """Serve Discord until told to stop. Needs PIXXELBOT_DISCORD_TOKEN."""
    token = session.settings(quiet=False).discord_token
    if token is None or not token.get_secret_value().strip():
        raise ConfigurationError(
            "PIXXELBOT_DISCORD_TOKEN",
            "",
            "make a bot at https://discord.com/developers/applications (Bot → Reset Token), then set this variable "
            "to its token, in the environment or in a file named .env",
        )
    session.wait_for(_serve())


async def _serve() -> None:
    async with session.opened(quiet=False) as app:
        await app.run_bot()


def invite(json: Json = False) -> None:
    """Print the address that brings the bot to a server, with the least permissions that it needs."""
    from pixxelbot.app import invite_url

    url = session.wait_for(invite_url(session.settings()))
    Screen(json).answer({"url": url}, url)
