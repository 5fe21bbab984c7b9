"""Reactions on any message the bot ever sent, by raw events and a look-up in the store, never the message cache."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, cast

import aiohttp
import discord
from discord import ui

from pixxelbot.chat import asking, buttons, cards, permissions, views
from pixxelbot.chat.deliver import Letter, translated
from pixxelbot.chat.place import Place, of_channel
from pixxelbot.chat.press import Press, button
from pixxelbot.chat.words import Words
from pixxelbot.errors import DeliveryError, NotFound, PixxelbotError, Refused
from pixxelbot.intent import Action
from pixxelbot.job import Request, Status
from pixxelbot.picture import Picture
from pixxelbot.rules import ServerRules

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Chat

log = logging.getLogger(__name__)

VARIATION_SELECTOR: Final = "\ufe0f"
"""Some clients send it after an emoji, some leave it out."""
UNKNOWN_MEMBER: Final = 10007
NOT_STARTED: Final = (Status.PLANNING, Status.WAITING, Status.QUEUED)
DRAWN: Final = frozenset({"vary", "again"})
"""Meanings that draw at once; the others do something else, or need to be asked back."""
MEANT: Final = ("vary", "vary:1", "vary:2", "vary:3", "vary:4", "upscale", "again", "remix", "inpaint", "favourite",
                "dm", "delete")  # fmt: skip
"""What a reaction can mean; a server maps emoji to these."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reaction asks for; `index` is the picture's number from 1, 0 for all."""

    what: str
    index: int = 0

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The meaning behind `vary:2`; None for an empty or unknown word."""
        what, _, index = text.partition(":")
        return cls(what, int(index or 0)) if text in MEANT else None


MEANINGS: Final = {
    "🔁": "vary",
    "1⃣": "vary:1",
    "2⃣": "vary:2",
    "3⃣": "vary:3",
    "4⃣": "vary:4",
    "⬆": "upscale",
    "🎲": "again",
    "✏": "remix",
    "🖌": "inpaint",
    "⭐": "favourite",
    "✉": "dm",
    "❌": "delete",
}
"""Emoji without variation selector → meaning, where a server has not changed it."""
HINTS: Final = ("🔁", "⬆️", "⭐")
"""What the bot puts under a result by itself, where a server wants that."""


def meaning_of(emoji: str, mapped: Mapping[str, str]) -> Meaning | None:
    """What an emoji means in a server with this map of its own."""
    own = {plain(name): text for name, text in mapped.items()}
    return Meaning.read(own.get(plain(emoji), MEANINGS.get(plain(emoji), "")))


def plain(emoji: str) -> str:
    """An emoji as it is compared."""
    return emoji.replace(VARIATION_SELECTOR, "")


@dataclass(frozen=True, slots=True)
class _Reaction:
    """One reaction to a message of ours."""

    event: discord.RawReactionActionEvent
    meaning: Meaning
    rules: ServerRules
    place: Place
    say: Words
    pictures: Sequence[Picture]
    waiting: Request | None

    @property
    def member(self) -> str:
        return f"discord:{self.event.user_id}"


async def added(chat: Chat, event: discord.RawReactionActionEvent) -> None:
    """Somebody reacted somewhere."""
    if not _by_a_member(chat, event):
        return
    async with _in_order(chat, event):
        if await _has_left(chat, event):
            return
        pictures = await chat.store.pictures_of_message(str(event.message_id))
        waiting = chat.previews.of_placeholder(str(event.message_id))
        if not pictures and waiting is None:
            return
        found = await _understood(chat, event, pictures, waiting)
        if found is None:
            return
        error = await asking.failure(_carried_out(chat, found))
        if error is not None:
            asking.note(error)
            await _tell(chat, event, found.say, error)


async def removed(chat: Chat, event: discord.RawReactionActionEvent) -> None:
    """A reaction taken back: what still waits is cancelled; should it come again, that is a new wish."""
    if not _by_a_member(chat, event):
        return
    async with _in_order(chat, event):
        pictures = await chat.store.pictures_of_message(str(event.message_id))
        found = await _understood(chat, event, pictures, None) if pictures else None
        if found is None:
            return
        generation = await _generation(chat, event)
        if found.meaning.what == "favourite":
            for one in pictures:
                await chat.store.remove_favourite(one.id, found.member)
        asked = await chat.store.request_of_event(f"{_source(event)}:{generation}")
        await chat.store.set_flag(_source(event), str(generation + 1))
        if asked is not None and asked.status in NOT_STARTED:
            with contextlib.suppress(PixxelbotError):  # it has begun in this very moment: then it is drawn
                await chat.studio.withdraw(asked.id, found.member)


async def hint(chat: Chat, channel_id: str, message_id: str) -> None:
    """Put the reactions under a result, to be pressed."""
    message = chat.postman.client.get_partial_messageable(int(channel_id)).get_partial_message(int(message_id))
    for emoji in HINTS:
        with contextlib.suppress(DeliveryError):
            await translated(message.add_reaction(emoji))


async def _understood(
    chat: Chat, event: discord.RawReactionActionEvent, pictures: Sequence[Picture], waiting: Request | None
) -> _Reaction | None:
    place = of_channel(chat.postman.client, event.channel_id, event.guild_id, event.member)
    rules = await chat.studio.policy.rules(place.address())
    meaning = meaning_of(event.emoji.name, rules.reactions)
    if meaning is None:
        return None
    say = await chat.speaker_of(f"discord:{event.user_id}", event.guild_id)
    return _Reaction(event, meaning, rules, place, say, pictures, waiting)


def _in_order(chat: Chat, event: discord.RawReactionActionEvent) -> asyncio.Lock:
    """A lock for one member's one reaction to one message: discord.py runs every event's handler at once."""
    return chat.reacting.setdefault(_source(event), asyncio.Lock())


async def _carried_out(chat: Chat, found: _Reaction) -> None:
    what = found.meaning.what
    if what == "delete":
        await _removed_or_cancelled(chat, found)
    elif not found.pictures:
        return
    elif what == "favourite":
        for one in _targets(found):
            asking.permitted(chat, found.member, "favourite", one, found.place)
            await chat.store.add_favourite(one.id, found.member, one.guild_id)
    elif what == "dm":
        left = [asking.permitted(chat, found.member, "see", one, found.place) for one in _targets(found)]
        await buttons.send_home(chat.postman, found.event.user_id, left)
    else:
        await _drawn_or_asked_back(chat, found)


async def _drawn_or_asked_back(chat: Chat, found: _Reaction) -> None:
    chat.check_open()
    _check_channel(chat, found.event)
    found.place.check(found.rules)
    targets = _targets(found)
    what = found.meaning.what
    if what in DRAWN or (what == "upscale" and len(targets) == 1):
        await _followed_up(chat, found, cast(Action, what), targets)
        return
    await _ask_back(chat, found, targets)


async def _ask_back(chat: Chat, found: _Reaction, targets: Sequence[Picture]) -> None:
    """A reaction can open no form, and cannot say which of several: answer with the buttons that can."""
    first, say = targets[0], found.say
    job_id = str(first.job_id)
    place = first.index + 1 if len(targets) == 1 else 0
    if found.meaning.what == "upscale":
        letter = Letter(cards.Card(say("upscale.which")), view=views.all_view(say, job_id, targets))
    else:
        verb, emoji = ("remix", "✏️") if found.meaning.what == "remix" else ("region", "🖌️")
        view = ui.View(timeout=None)
        view.add_item(button(Press(verb, job_id, place), label=say(f"button.{verb}"), emoji=emoji))
        letter = Letter(cards.Card(say(f"{verb}.open")), view=view)
    await _reply(chat, found.event, letter)


async def _followed_up(chat: Chat, found: _Reaction, action: Action, targets: Sequence[Picture]) -> None:
    request = await _request(chat, found)
    letter = Letter(cards.Card(cards.planning_text(found.say)), view=views.waiting_view(found.say, request.id))
    accepting = chat.studio.follow_up(action, tuple(one.id for one in targets), request)
    await chat.previews.accepted(request, accepting, lambda: _reply(chat, found.event, letter))


async def _removed_or_cancelled(chat: Chat, found: _Reaction) -> None:
    moderator = found.place.moderates(found.rules)
    if found.waiting is not None:
        await chat.studio.withdraw(found.waiting.id, found.member, moderator)
        return
    left = [one for one in found.pictures if not one.deleted]
    for one in left:
        asking.permitted(chat, found.member, "delete", one, found.place, moderator)
    for one in left:
        await chat.studio.delete(one.id, found.member, moderator)
    event = found.event
    channel = chat.postman.client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
    await translated(channel.get_partial_message(event.message_id).delete())
    if left and left[0].job_id:
        await chat.postman.refresh(left[0].job_id, beside=str(event.message_id))


async def _request(chat: Chat, found: _Reaction) -> Request:
    event = found.event
    return Request(
        source_event_id=f"{_source(event)}:{await _generation(chat, event)}",
        member_id=found.member,
        member_name=event.member.display_name if event.member else "",
        address=found.place.address(application_id=str(chat.postman.client.application_id or "") or None),
        locale=found.say.locale,
        weight=found.rules.weight_of(found.place.roles),
    )


def _source(event: discord.RawReactionActionEvent) -> str:
    return f"reaction:{event.message_id}:{event.user_id}:{plain(event.emoji.name)}"


async def _generation(chat: Chat, event: discord.RawReactionActionEvent) -> int:
    """How often this member took this reaction back from this message."""
    return int(await chat.store.flag(_source(event)) or 0)


def _targets(found: _Reaction) -> list[Picture]:
    """The pictures meant, in the order of the grid.

    Raises:
        NotFound: that picture was deleted, or there never were so many.
    """
    index = found.meaning.index
    left = [one for one in found.pictures if not one.deleted and index in (0, one.index + 1)]
    if not left:
        raise NotFound("picture", str(index or "left on this message"))
    return sorted(left, key=lambda one: one.index)


def _by_a_member(chat: Chat, event: discord.RawReactionActionEvent) -> bool:
    """Whether a person reacted to something the bot said; its author is named where a reaction is added."""
    me = chat.postman.client.user
    if me is None or event.user_id == me.id:
        return False
    if event.member is not None and event.member.bot:
        return False
    return event.message_author_id in (None, me.id)


async def _has_left(chat: Chat, event: discord.RawReactionActionEvent) -> bool:
    """Whether the one who reacted was banned or left in this very moment, or is a bot; asked where it is not said."""
    if event.guild_id is None or event.member is not None:
        return False
    try:
        found = await chat.postman.client.http.get_member(event.guild_id, event.user_id)
    except discord.NotFound as error:
        return error.code == UNKNOWN_MEMBER
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.info("whether a member is still there could not be asked: %s", error)
        return False
    return bool(found["user"].get("bot"))


def _check_channel(chat: Chat, event: discord.RawReactionActionEvent) -> None:
    channel = chat.postman.client.get_channel(event.channel_id)
    if isinstance(channel, (discord.abc.GuildChannel, discord.Thread)):
        permissions.check_channel(channel)


async def _reply(chat: Chat, event: discord.RawReactionActionEvent, letter: Letter) -> str:
    """Post as an answer to the message that was reacted to; returns the new message's id."""
    channel = chat.postman.client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
    source = channel.get_partial_message(event.message_id).to_reference(fail_if_not_exists=False)
    message = await translated(channel.send(**letter.send(), reference=source))
    return str(message.id)


async def _tell(chat: Chat, event: discord.RawReactionActionEvent, say: Words, error: BaseException) -> None:
    """In the channel; a refusal, which is nobody else's business, to the member alone where they take messages."""
    letter = Letter(cards.error_card(say, error))
    try:
        if isinstance(error, Refused):
            with contextlib.suppress(DeliveryError):
                await chat.postman.to_member(event.user_id, letter)
                return
        await _reply(chat, event, letter)
    except DeliveryError as refused:
        log.info("a reaction's error card could not be posted: %s", refused)
