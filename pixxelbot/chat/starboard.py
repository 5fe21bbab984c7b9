"""The starboard: once a day, a server's favourites of the day before in a channel of their own."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pixxelbot.chat import cards, views, words
from pixxelbot.chat.deliver import Letter, result_sheets
from pixxelbot.errors import DeliveryError, PixxelbotError
from pixxelbot.job import Address
from pixxelbot.picture import Picture
from pixxelbot.rules import ServerRules

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Chat

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 300.0
MOST: Final = 5
"""Pictures of one day."""
POSTED: Final = "chat.starboard:"
"""Flag: server → the last day that was posted, and how many pictures of it."""


class Starboard:
    """Posts what is due, each day once."""

    def __init__(self, chat: Chat, look_seconds: float = LOOK_SECONDS) -> None:
        self._chat, self._look_seconds = chat, look_seconds

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.post_what_is_due()
            except PixxelbotError as error:
                log.warning("the starboard waits: %s", error)
            await asyncio.sleep(self._look_seconds)

    async def post_what_is_due(self, now: datetime | None = None) -> int:
        """Post yesterday's favourites in every server that wants them; how many pictures were posted."""
        today = (now or datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
        posted = 0
        for guild in list(self._chat.postman.client.guilds):
            rules = await self._chat.studio.policy.rules(Address(guild_id=str(guild.id)))
            if rules.starboard:
                posted += await self._post(str(guild.id), rules, today, str(guild.preferred_locale))
        return posted

    async def _post(self, guild: str, rules: ServerRules, today: datetime, locale: str) -> int:
        """One message a picture; the count is noted after each, so that a restart goes on behind it."""
        day = (today - timedelta(days=1)).date().isoformat()
        last, _, count = (await self._chat.store.flag(POSTED + guild) or "").partition("/")
        done = int(count or 0) if last == day else 0
        since = (today - timedelta(days=1)).timestamp()
        found = await self._chat.store.server_favourites(guild, since, rules.stars, MOST)
        for place, (picture, stars) in enumerate(found[done:], start=done):
            try:
                await self._post_one(guild, str(rules.starboard), picture, stars, words.of(locale))
            except DeliveryError as error:
                if error.retry_after is not None:
                    raise
                log.info("the starboard of server %s cannot be written: %s", guild, error)
                break
            await self._chat.store.set_flag(POSTED + guild, f"{day}/{place + 1}")
            done = place + 1
        return done

    async def _post_one(self, guild: str, channel: str, picture: Picture, stars: int, say: words.Words) -> None:
        place = Address(guild_id=guild, channel_id=channel)
        title = say("starboard.title", stars=stars, member=picture.member_id.removeprefix("discord:"))
        content = f"{title}\n{cards.shown_card(say, picture).content}"
        view = views.picture_view(say, picture.job_id, picture.index + 1) if picture.job_id else None
        sheets = await result_sheets(self._chat.store, say, [picture], spoiler=False, whole=False)
        message_id = await self._chat.postman.post(place, Letter(cards.Card(content[:2000]), sheets, view))
        if picture.job_id:
            await self._chat.store.remember_message(picture.job_id, message_id, channel, picture.id)
