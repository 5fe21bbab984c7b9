"""Talking with the bot: a mention, a reply to something it said, or a direct message."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Final

import discord

from pixxelbot.chat import asking, cards, permissions, views
from pixxelbot.chat.deliver import Letter, translated
from pixxelbot.chat.fetching import link_of
from pixxelbot.chat.place import of_channel
from pixxelbot.chat.words import Words
from pixxelbot.errors import DeliveryError, EmptyPrompt, Refused
from pixxelbot.job import Request

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Chat

log = logging.getLogger(__name__)

MOST_SOURCES: Final = 4
"""Pictures of one message that are looked at."""


async def heard(chat: Chat, message: discord.Message) -> None:
    """A message was posted somewhere the bot can see."""
    if not _meant_for_us(chat, message):
        return
    say = await chat.speaker_of(asking.member_id(message.author), message.guild.id if message.guild else None)
    error = await asking.failure(_answered(chat, message, say))
    if error is not None:
        asking.note(error)
        await _tell(chat, message, say, error)


def _meant_for_us(chat: Chat, message: discord.Message) -> bool:
    """A person's own words, to the bot: in a direct message, or where they mention it (a reply does so too)."""
    me = chat.postman.client.user
    if me is None or message.author.bot or message.webhook_id or message.is_system():
        return False
    return message.guild is None or any(one.id == me.id for one in message.mentions)


async def _answered(chat: Chat, message: discord.Message, say: Words) -> None:
    chat.check_open()
    if isinstance(message.channel, (discord.abc.GuildChannel, discord.Thread)):
        permissions.check_channel(message.channel)
    with contextlib.suppress(DeliveryError):  # a hint that is worth no failure
        await translated(message.channel.typing())
    request = await _request(chat, message, say)

    async def place() -> str:
        letter = Letter(cards.Card(cards.planning_text(say)), view=views.waiting_view(say, request.id))
        posted = await translated(message.channel.send(**letter.send(), reference=message.to_reference(
            fail_if_not_exists=False
        )))  # fmt: skip
        return str(posted.id)

    await chat.previews.accepted(request, chat.studio.accept(request), place)


async def _request(chat: Chat, message: discord.Message, say: Words) -> Request:
    """What was said, the pictures that came with it, and those that it replies to.

    Raises:
        EmptyPrompt: a mention, and nothing else.
    """
    place = of_channel(
        chat.postman.client, message.channel.id, message.guild.id if message.guild else None, message.author
    )
    rules = await chat.studio.policy.rules(place.address())
    place.check(rules)
    said = _words(chat, message)
    member = asking.member_id(message.author)
    files = [one for one in message.attachments if (one.content_type or "image/").startswith("image/")][:MOST_SOURCES]
    if not said and not files:
        raise EmptyPrompt
    return Request(
        source_event_id=f"message:{message.id}",
        member_id=member,
        member_name=message.author.display_name,
        words=said,
        links=tuple(link_of(one, chat.settings.discord_cdn) for one in files),
        about=await _about(chat, message),
        address=place.address(application_id=str(chat.postman.client.application_id or "") or None),
        locale=say.locale,
        weight=rules.weight_of(place.roles),
    )


def _words(chat: Chat, message: discord.Message) -> str:
    """The text without the mention that calls the bot."""
    me = chat.postman.client.user
    return re.sub(rf"<@!?{me.id}>", " ", message.content).strip() if me else message.content.strip()


async def _about(chat: Chat, message: discord.Message) -> tuple[str, ...]:
    """Ids of the pictures in the message that this one replies to."""
    replied = message.reference.message_id if message.reference else None
    found = await chat.store.pictures_of_message(str(replied)) if replied else []
    return tuple(one.id for one in found if not one.deleted)


async def _tell(chat: Chat, message: discord.Message, say: Words, error: BaseException) -> None:
    """As an answer; where the bot cannot write there, in a direct message."""
    letter = Letter(cards.error_card(say, error))
    try:
        reference = message.to_reference(fail_if_not_exists=False)
        await translated(message.channel.send(**letter.send(), reference=reference))
    except DeliveryError:
        if isinstance(error, Refused):
            with contextlib.suppress(DeliveryError):
                await chat.postman.to_member(message.author.id, letter)
