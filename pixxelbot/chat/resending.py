"""What a lost connection cut off is sent again, where that cannot do a thing twice: edits, looks, first answers.

discord.py 2.7 sends again after a reset by the codes of macOS and Windows alone (errno 54 and 10054; Linux has 104),
and after a 5xx with pauses of 1, 3, 5 … seconds, in which an interaction lapses.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import aiohttp
import discord
from discord.http import HTTPClient, Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

log = logging.getLogger(__name__)

LOST: Final = (aiohttp.ClientError, OSError, TimeoutError)
"""A connection that broke, or never came about."""
PAUSES: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds between tries; what an outbox sends has a longer patience of its own."""
FIRST_PAUSES: Final = (0.1, 0.2, 0.4, 0.6, 0.8)
"""The same for the first answer to an interaction, which counts for three seconds only."""
FIRST_ANSWER: Final = "/callback"
"""End of its path; sent twice, it is refused the second time."""
REPEATABLE: Final = frozenset({"GET", "PUT", "PATCH", "DELETE"})
"""Methods that do the same however often they are sent."""
ALREADY_ACKNOWLEDGED: Final = 40060
"""Discord's code for a second first answer."""


class Adapter(AsyncWebhookAdapter):
    """Sends what goes by an interaction's token."""

    async def request(self, route: Route, session: aiohttp.ClientSession, **more: Any) -> Any:
        """See discord.py; with further tries."""
        if route.path.endswith(FIRST_ANSWER):
            quick = cast(aiohttp.ClientSession, _Quick(session))
            return await _tried(route, more, FIRST_PAUSES, lambda: super(Adapter, self).request(route, quick, **more))
        pauses = PAUSES if route.method in REPEATABLE else ()
        return await _tried(route, more, pauses, lambda: super(Adapter, self).request(route, session, **more))


def use() -> None:
    """Let everything that is started from here send by the adapter."""
    async_context.set(Adapter())  # type: ignore[no-untyped-call]


def mend(http: HTTPClient) -> None:
    """Give what the bot itself does to messages further tries; the way to the gateway has a supervisor for that."""
    plain = http.request

    async def request(route: Route, **more: Any) -> Any:
        pauses = PAUSES if route.method in REPEATABLE and route.channel_id else ()
        return await _tried(route, more, pauses, lambda: plain(route, **more))

    http.request = request  # type: ignore[method-assign]


def is_closed(error: BaseException | None) -> bool:
    """Whether the client was closed meanwhile; aiohttp has no name for that."""
    return isinstance(error, RuntimeError) and "closed" in str(error)


class _Quick:
    """A session whose 5xx are errors at once, so that discord.py does not sit out pauses of its own."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @asynccontextmanager
    async def request(self, *args: Any, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self._session.request(*args, **more) as response:
            if response.status >= 500:
                raise discord.DiscordServerError(response, await response.text())
            yield response


async def _tried(
    route: Route, more: dict[str, Any], pauses: Sequence[float], send: Callable[[], Awaitable[Any]]
) -> Any:
    """Send, and after each pause send once more, for as long as it only got lost."""
    for number, pause in enumerate((*pauses, None)):
        for file in more.get("files") or ():
            file.reset(seek=number)
        try:
            return await send()
        except LOST as error:
            if pause is None:
                raise
            reason = f"{type(error).__name__}: {error}"
        except discord.HTTPException as error:
            if (answer := _done_before(route, error, number)) is not None:
                return answer
            if pause is None or not (route.path.endswith(FIRST_ANSWER) and _passing(error)):
                raise
            reason = f"status {error.status}"
        log.info("%s %s got lost (%s); again in %.1f s", route.method, route.path, reason, pause)
        await asyncio.sleep(pause)
    return None


def _passing(error: discord.HTTPException) -> bool:
    return error.status == 429 or error.status >= 500


def _done_before(route: Route, error: discord.HTTPException, tries: int) -> dict[str, Any] | None:
    """The answer where an earlier try got through although its own was lost; None where that is not the reason."""
    if tries and route.path.endswith(FIRST_ANSWER) and error.code == ALREADY_ACKNOWLEDGED:
        return {"interaction": {"id": route.webhook_id}}
    if route.method == "DELETE" and isinstance(error, discord.NotFound):  # aiohttp, too, may have sent it twice
        return {}
    return None
