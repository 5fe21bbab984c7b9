"""Reactions on any message the bot ever sent, by raw events and a look-up in the store, never the message cache."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from pixxelbot.chat import asking, buttons, cards, permissions
from pixxelbot.chat.deliver import Letter, translated
from pixxelbot.errors import DeliveryError, NotFound, PixxelbotError
from pixxelbot.intent import Action
from pixxelbot.job import Address, Request
from pixxelbot.picture import Picture

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Chat

log = logging.getLogger(__name__)

VARIATION_SELECTOR: Final = "\ufe0f"
"""Some clients send it after an emoji, some leave it out."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reaction asks for; `index` is the picture's number from 1, 0 for all."""

    action: Action
    index: int = 0


MEANINGS: Final = {
    "🔁": Meaning("vary"),
    "1⃣": Meaning("vary", 1),
    "2⃣": Meaning("vary", 2),
    "3⃣": Meaning("vary", 3),
    "4⃣": Meaning("vary", 4),
    "⬆": Meaning("upscale", 1),
    "❌": Meaning("delete"),
}
"""Emoji without variation selector → meaning."""


async def added(chat: Chat, event: discord.RawReactionActionEvent) -> None:
    """Somebody reacted somewhere."""
    meaning = MEANINGS.get(_plain(event.emoji))
    if meaning is None or not _by_a_member(chat, event):
        return
    async with _in_order(chat, event):
        pictures = await chat.store.pictures_of_message(str(event.message_id))
        waiting = chat.previews.of_placeholder(str(event.message_id))
        if not pictures and waiting is None:
            return
        error = await asking.failure(_carried_out(chat, event, meaning, pictures, waiting))
    if error is not None:
        asking.note(error)
        await _tell(chat, event, error)


async def removed(chat: Chat, event: discord.RawReactionActionEvent) -> None:
    """A reaction taken back: should it come again, that is a new wish and no replay of the old one."""
    if _plain(event.emoji) not in MEANINGS:
        return
    async with _in_order(chat, event):
        if await chat.store.pictures_of_message(str(event.message_id)):
            await chat.store.set_flag(_source(event), str(await _generation(chat, event) + 1))


def _in_order(chat: Chat, event: discord.RawReactionActionEvent) -> asyncio.Lock:
    """A lock for one member's one reaction to one message: discord.py runs every event's handler at once."""
    return chat.reacting.setdefault(_source(event), asyncio.Lock())


async def _carried_out(
    chat: Chat,
    event: discord.RawReactionActionEvent,
    meaning: Meaning,
    pictures: Sequence[Picture],
    waiting: Request | None,
) -> None:
    if meaning.action == "delete":
        await _removed_or_cancelled(chat, event, pictures, waiting)
    elif pictures:
        await _followed_up(chat, event, meaning, pictures)


async def _followed_up(
    chat: Chat, event: discord.RawReactionActionEvent, meaning: Meaning, pictures: Sequence[Picture]
) -> None:
    chat.check_open()
    _check_channel(chat, event)
    request = await _request(chat, event)
    async with chat.previews.posting(request):  # the result waits until its placeholder is there
        try:
            accepted = await chat.studio.follow_up(meaning.action, _targets(pictures, meaning.index), request)
        except PixxelbotError:
            chat.previews.forget(request)
            raise
        if accepted.id != request.id:  # the gateway replayed the event
            chat.previews.forget(request)
            return
        letter = Letter(cards.Card(cards.planning_text()), view=buttons.waiting_view(request.id))
        await chat.store.set_placeholder(request.id, await _reply(chat, event, letter))
    chat.previews.follow(await chat.store.request(request.id))


async def _removed_or_cancelled(
    chat: Chat, event: discord.RawReactionActionEvent, pictures: Sequence[Picture], waiting: Request | None
) -> None:
    member, moderator = f"discord:{event.user_id}", _moderates(chat, event)
    if waiting is not None:
        job = await chat.store.job_of(waiting.id)
        if job is not None:
            await chat.studio.cancel(job.id, member, moderator)
        return
    for picture in pictures:
        if not picture.deleted:
            await chat.studio.delete(picture.id, member, moderator)
    channel = chat.postman.client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
    await translated(channel.get_partial_message(event.message_id).delete())


async def _request(chat: Chat, event: discord.RawReactionActionEvent) -> Request:
    generation = await _generation(chat, event)
    return Request(
        source_event_id=f"{_source(event)}:{generation}",
        member_id=f"discord:{event.user_id}",
        member_name=event.member.display_name if event.member else "",
        address=Address(
            guild_id=str(event.guild_id) if event.guild_id else None,
            channel_id=str(event.channel_id),
            application_id=str(chat.postman.client.application_id or "") or None,
        ),
    )


def _source(event: discord.RawReactionActionEvent) -> str:
    return f"reaction:{event.message_id}:{event.user_id}:{_plain(event.emoji)}"


async def _generation(chat: Chat, event: discord.RawReactionActionEvent) -> int:
    """How often this member took this reaction back from this message."""
    return int(await chat.store.flag(_source(event)) or 0)


def _targets(pictures: Sequence[Picture], index: int) -> tuple[str, ...]:
    """Ids of the pictures meant.

    Raises:
        NotFound: that picture was deleted, or there never were so many.
    """
    left = [one for one in pictures if not one.deleted and index in (0, one.index + 1)]
    if index == 1 and not left:
        left = [one for one in pictures if not one.deleted][:1]
    if not left:
        raise NotFound("picture", str(index or "left on this message"))
    return tuple(one.id for one in sorted(left, key=lambda one: one.index))


def _by_a_member(chat: Chat, event: discord.RawReactionActionEvent) -> bool:
    """Whether a person reacted, to something the bot said; the sender is checked where Discord names them."""
    me = chat.postman.client.user
    if me is None or event.user_id == me.id or (event.member is not None and event.member.bot):
        return False
    return event.message_author_id in (None, me.id)


def _moderates(chat: Chat, event: discord.RawReactionActionEvent) -> bool:
    channel = _channel(chat, event)
    return bool(channel and event.member and channel.permissions_for(event.member).manage_messages)


def _check_channel(chat: Chat, event: discord.RawReactionActionEvent) -> None:
    channel = _channel(chat, event)
    if channel is not None:
        permissions.check_channel(channel)


def _channel(chat: Chat, event: discord.RawReactionActionEvent) -> discord.abc.GuildChannel | discord.Thread | None:
    found = chat.postman.client.get_channel(event.channel_id)
    return found if isinstance(found, (discord.abc.GuildChannel, discord.Thread)) else None


async def _reply(chat: Chat, event: discord.RawReactionActionEvent, letter: Letter) -> str:
    """Post as an answer to the message that was reacted to; returns the new message's id."""
    channel = chat.postman.client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
    source = channel.get_partial_message(event.message_id).to_reference(fail_if_not_exists=False)
    message = await translated(channel.send(**letter.send(), reference=source))
    return str(message.id)


async def _tell(chat: Chat, event: discord.RawReactionActionEvent, error: BaseException) -> None:
    try:
        await _reply(chat, event, Letter(cards.error_card(error)))
    except DeliveryError as refused:
        log.info("a reaction's error card could not be posted: %s", refused)


def _plain(emoji: discord.PartialEmoji) -> str:
    return emoji.name.replace(VARIATION_SELECTOR, "")
