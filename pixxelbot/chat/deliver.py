"""Bring something to a member: into the placeholder, else the channel, else a direct message, else it is impossible.

Every way is an edit of the recorded placeholder or comes after a search for what was sent before, so that delivering
twice shows once.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import discord
from discord import ui
from PIL import Image, ImageSequence

from pixxelbot.chat import cards, views, words
from pixxelbot.chat.press import custom_ids
from pixxelbot.chat.records import Records
from pixxelbot.chat.resending import LOST, is_closed
from pixxelbot.chat.words import Words
from pixxelbot.errors import DeliveryError, DeliveryImpossible, NotFound
from pixxelbot.job import Address, Delivery, Job, Request
from pixxelbot.picture import Picture, suffix_of
from pixxelbot.rules import MemberSettings, ServerRules
from pixxelbot.studio import Studio

log = logging.getLogger(__name__)

T = TypeVar("T")

FILE_LIMIT: Final = 10 * 2**20
"""Bytes of one file where no server's limit is known (Discord, 2024: 10 MiB)."""
MESSAGE_LIMIT: Final = 25 * 2**20
"""Bytes of all files of one HTTP request, by Discord's rule."""
MOST_FILES: Final = 10
"""Attachments of one message, by Discord's rule."""
SEARCHED: Final = 50
"""Recent messages looked through for one that was sent before."""
NOT_CONNECTED: Final = 2.0
"""Seconds until a delivery is tried again while there is no connection."""
OLD_MESSAGE: Final = 30046
"""Discord's code for too many edits of a message older than an hour."""
TOO_LARGE: Final = (413, 40005)
"""HTTP status and Discord's code of a request that is too large."""
SHOWN: Final = frozenset({"show", "recipe", "favourite", "search", "undo", "describe"})
"""Actions answered in words, with the pictures that they speak of."""
FRAME_MS: Final = 100
"""Milliseconds of a frame where an animation does not say."""
SHRUNK: Final = (("WEBP", 92, 1.0), ("WEBP", 80, 1.0), ("JPEG", 80, 1.0), ("JPEG", 75, 0.5), ("JPEG", 70, 0.25))
"""Format, quality and scale tried in turn until the files fit."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file to attach: name, bytes and alternative text."""

    name: str
    data: bytes
    alt: str
    spoiler: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it shall look. `sheets=None` leaves the files that are there."""

    card: cards.Card
    sheets: tuple[Sheet, ...] | None = None
    view: ui.View | None = None

    def edit(self) -> dict[str, Any]:
        """Arguments for an edit; files are made anew for each try, as discord.py uses one up."""
        embeds = [self.card.embed] if self.card.embed else []
        whole: dict[str, Any] = {"content": self.card.content, "embeds": embeds, "view": self.view}
        if self.sheets is not None:
            whole["attachments"] = self._files()
        return whole

    def send(self, mark: str = "") -> dict[str, Any]:
        """Arguments for a new message; the nonce keeps Discord from taking it twice within minutes."""
        whole: dict[str, Any] = {"content": self.card.content}
        if mark:
            whole["nonce"] = mark[-25:]
        if self.card.embed:
            whole["embeds"] = [self.card.embed]
        if self.view is not None:
            whole["view"] = self.view
        if self.sheets:
            whole["files"] = self._files()
        return whole

    def _files(self) -> list[discord.File]:
        return [
            discord.File(
                io.BytesIO(sheet.data), filename=sheet.name, description=sheet.alt or None, spoiler=sheet.spoiler
            )
            for sheet in self.sheets or ()
        ]


class WayClosed(DeliveryError):
    """This way to the member is closed for good; another may be open."""


class TooLarge(DeliveryError):
    """Discord takes the message, but not files of this size."""


class Postman:
    """Knows every way to a member."""

    def __init__(self, store: Records, studio: Studio, client: Callable[[], discord.Client | None]) -> None:
        self.store, self._studio, self._client = store, studio, client

    @property
    def client(self) -> discord.Client:
        """The connected client; raises DeliveryError while there is none."""
        client = self._client()
        if client is None or client.user is None or client.is_closed():
            raise DeliveryError("There is no connection to Discord at present.", retry_after=NOT_CONNECTED)
        return client

    async def deliver(self, delivery: Delivery) -> str | None:
        """Deliver one entry of the outbox; returns the message's id, None where nobody in Discord asked.

        Raises:
            DeliveryError: not now; `retry_after` says when, where Discord named it.
            DeliveryImpossible: placeholder, channel and direct message are all closed.
        """
        request = delivery.request
        if not request.member_id.startswith("discord:"):
            return None
        letter, mark = await self._letter(delivery), _mark(delivery)
        say = words.of(request.locale)
        return await self._fitting(say, request.address, letter, lambda one: self._by_any_way(request, one, mark))

    async def _fitting(
        self, say: Words, address: Address, letter: Letter, send: Callable[[Letter], Awaitable[str]]
    ) -> str:
        """Send it with files as large as Discord takes."""
        limit = self._file_limit(address)
        for divisor in (1, 2, 4, 8):
            try:
                return await send(await fitted(letter, limit // divisor, say("delivery.smaller")))
            except TooLarge:
                log.info("files were too large for Discord; trying smaller ones")
        raise DeliveryImpossible("Discord takes none of the pictures, however small. They stay in the history.")

    async def speaker(self, member_id: str, locale: str = words.SOURCE) -> Words:
        """The words in a member's own language, else in that of a locale."""
        own = await self._studio.policy.settings(member_id) if member_id else MemberSettings()
        return words.of(own.language or locale)

    async def edit_fitting(self, say: Words, address: Address, letter: Letter) -> str:
        """Edit a placeholder, with files as large as Discord takes; posted anew where it is gone."""

        async def send(fitting: Letter) -> str:
            try:
                return await self.edit(address, fitting)
            except WayClosed:
                return await self.post(address, fitting)

        return await self._fitting(say, address, letter, send)

    async def post(self, address: Address, letter: Letter) -> str:
        """Post in a channel; the message's id."""
        message = await translated(self._channel(address).send(**letter.send()))
        return str(message.id)

    async def to_member(self, user_id: int, letter: Letter) -> tuple[str, str]:
        """Write to a member; ids of the message and of the channel that it is in."""
        channel = await translated(self.client.create_dm(discord.Object(user_id)))
        fitting = await fitted(letter, FILE_LIMIT, (await self.speaker(f"discord:{user_id}"))("delivery.smaller"))
        message = await translated(channel.send(**fitting.send()))
        return str(message.id), str(channel.id)

    async def refresh(self, job_id: str, beside: str | None = None) -> None:
        """Take deleted pictures out of every message that shows a job, but `beside`, which is seen to elsewhere."""
        job = await self.store.job(job_id)
        request = await self.store.request(job.request_id)
        left = [one for one in await self.store.pictures(job=job_id) if not one.deleted]
        for message_id, channel_id, picture_id in await self.store.messages_of(job_id):
            if message_id == beside or channel_id is None:
                continue
            message = self._channel(Address(channel_id=channel_id)).get_partial_message(int(message_id))
            with contextlib.suppress(WayClosed):  # it is gone already, or out of our hands
                if left and picture_id is None:
                    await translated(message.edit(**(await self._result(request, job)).edit()))
                elif not left or picture_id not in [one.id for one in left]:
                    await translated(message.delete())

    async def _by_any_way(self, request: Request, letter: Letter, mark: str) -> str:
        closed: list[str] = []
        for way in (self._edited, self._posted, self._by_direct_message):
            try:
                return await way(request, letter, mark)
            except WayClosed as error:
                closed.append(str(error))
        raise DeliveryImpossible(f"Every way is closed: {'; '.join(closed)}. The result stays in the history.")

    async def _edited(self, request: Request, letter: Letter, _mark: str) -> str:
        return await self.edit(request.address, letter)

    async def edit(self, address: Address, letter: Letter) -> str:
        """Edit the placeholder: by the interaction's token while it lives, else as the bot in its channel.

        Raises:
            WayClosed: there is no placeholder (any more), or the bot may not touch it.
        """
        reasons = []
        if _alive(address):
            try:
                return str((await translated(self._edit_by_token(address, letter))).id)
            except WayClosed as error:
                reasons.append(str(error))
        if not (address.channel_id and address.message_id):
            raise WayClosed("; ".join([*reasons, "no placeholder is known"]))
        placeholder = self._channel(address).get_partial_message(int(address.message_id))
        message = await translated(placeholder.edit(**letter.edit()))
        return str(message.id)

    async def original(self, address: Address) -> str:
        """Id of the message that an acknowledged interaction made."""
        which: Any = "@original"
        message = await translated(self._webhook(address).fetch_message(which))
        return str(message.id)

    def _webhook(self, address: Address) -> discord.Webhook:
        return discord.Webhook.partial(
            int(address.application_id or 0), address.interaction_token or "", client=self.client
        )

    async def _edit_by_token(self, address: Address, letter: Letter) -> discord.WebhookMessage:
        which: Any = int(address.message_id) if address.message_id else "@original"
        return await self._webhook(address).edit_message(which, **letter.edit())

    async def _posted(self, request: Request, letter: Letter, mark: str) -> str:
        if not request.address.channel_id:
            raise WayClosed("no channel is known")
        channel = self._channel(request.address)
        posted = await self._sent(channel, letter, mark)
        if request.address.message_id and posted != request.address.message_id:
            with contextlib.suppress(DeliveryError):  # mostly it is gone; one that could not be edited must not linger
                await translated(channel.get_partial_message(int(request.address.message_id)).delete())
        return posted

    def _channel(self, address: Address) -> discord.PartialMessageable:
        return self.client.get_partial_messageable(int(address.channel_id or 0), guild_id=_number(address.guild_id))

    async def _by_direct_message(self, request: Request, letter: Letter, mark: str) -> str:
        member = discord.Object(int(request.member_id.removeprefix("discord:")))
        channel = await translated(self.client.create_dm(member))
        return await self._sent(channel, letter, mark)

    async def _sent(self, channel: discord.abc.Messageable, letter: Letter, mark: str) -> str:
        """Post anew, unless an earlier try got through although its answer was lost."""
        earlier = await self._sent_before(channel, mark)
        if earlier:
            return earlier
        message = await translated(channel.send(**letter.send(mark)))
        return str(message.id)

    async def _sent_before(self, channel: discord.abc.Messageable, mark: str) -> str | None:
        me = self.client.user
        try:
            recent = await translated(_recent(channel))
        except WayClosed:
            return None  # without the right to read the history, the nonce alone guards against doubles
        for message in recent:
            if me and message.author.id == me.id and mark in _marks(message):
                return str(message.id)
        return None

    def _file_limit(self, address: Address) -> int:
        guild = self.client.get_guild(int(address.guild_id)) if address.guild_id else None
        return guild.filesize_limit if guild else FILE_LIMIT

    async def _letter(self, delivery: Delivery) -> Letter:
        request, job = delivery.request, delivery.job
        say = words.of(request.locale)
        match delivery.kind:
            case "result" if job is not None:
                return await self._result(request, job)
            case "reply":
                return await self._reply(await self.speaker(request.member_id, request.locale), request)
            case "cancelled":
                return Letter(cards.cancelled_card(say, request), sheets=())
            case _:
                return Letter(cards.failure_card(say, request), sheets=(), view=views.error_view(say, request))

    async def _reply(self, say: Words, request: Request) -> Letter:
        """Words, with buttons for the answers they ask for, and the pictures they speak of."""
        intent = request.intent
        view = views.choices_view(say, request.id, intent.choices) if intent else None
        sheets: tuple[Sheet, ...] = ()
        if intent and intent.action in SHOWN:
            found = [await self.store.picture(target) for target in intent.targets[:MOST_FILES]]
            seen = [one for one in found if self._studio.may(request.member_id, "see", one, request.address)]
            left = [one for one in seen if not one.deleted]
            sheets = await original_sheets(self.store, say, left, spoiler=await self.hides(request))
            if len(left) == 1 and left[0].job_id and view is None:
                view = views.picture_view(say, left[0].job_id, left[0].index + 1)
        return Letter(cards.reply_card(say, request), sheets, view)

    async def _result(self, request: Request, job: Job) -> Letter:
        say = words.of(request.locale)
        pictures = sorted(await self.store.pictures(job=job.id), key=lambda one: one.index)
        left = [one for one in pictures if not one.deleted]
        if not left:
            gone = NotFound("picture", cards.reference(request.id))
            return Letter(cards.error_card(say, gone, request.id), sheets=())
        whole = len(left) == len(pictures)
        sheets = await result_sheets(self.store, say, left, spoiler=await self.hides(request), whole=whole)
        return Letter(cards.result_card(say, request, job, left), sheets, views.result_view(say, job, left))

    async def hides(self, request: Request) -> bool:
        """Whether the place's policy or the member wants results behind a spoiler."""
        return await self.hides_from(request.address, request.member_id)

    async def hides_from(self, address: Address, member_id: str) -> bool:
        """The same for what a member has shown in a place."""
        rules: ServerRules = await self._studio.policy.rules(address)
        own = await self._studio.policy.settings(member_id)
        return own.spoiler or rules.hides(nsfw=address.nsfw)


async def result_sheets(
    store: Records, say: Words, pictures: Sequence[Picture], *, spoiler: bool, whole: bool
) -> tuple[Sheet, ...]:
    """What moves, or the grid of all pictures of a job, where it is `whole` and there is one; else each by itself."""
    job_id = pictures[0].job_id
    grid = await store.grid_bytes(job_id) if whole and job_id else None
    if grid is None:
        return await original_sheets(store, say, pictures[:MOST_FILES], spoiler=spoiler)
    return (Sheet(f"{job_id}.{suffix_of(grid)}", grid, cards.grid_alt(say, pictures), spoiler),)


async def original_sheets(
    store: Records, say: Words, pictures: Sequence[Picture], *, spoiler: bool = False
) -> tuple[Sheet, ...]:
    """Each picture as it was drawn, called what it is."""
    sheets = []
    for one in pictures:
        data = await store.picture_bytes(one.id)
        sheets.append(Sheet(f"{one.id}.{suffix_of(data)}", data, cards.alt_text(say, one.recipe, one.index), spoiler))
    return tuple(sheets)


async def translated(call: Awaitable[T]) -> T:
    """Await a call to Discord, with its failures in our words.

    Raises:
        WayClosed: this way is closed for good (forbidden, gone, token dead, too many edits of an old message).
        TooLarge: the files are.
        DeliveryError: for now only; `retry_after` where Discord says so.
    """
    try:
        return await call
    except discord.RateLimited as error:
        raise DeliveryError("Discord asks for a pause.", retry_after=error.retry_after) from error
    except discord.HTTPException as error:
        raise _in_our_words(error) from error
    except LOST as error:
        raise DeliveryError(f"Discord could not be reached ({type(error).__name__}).") from error
    except KeyError as error:
        if error.args != ("retry_after",):
            raise
        # discord.py 2.7 expects every 429 to name a pause; the one for edits of old messages (30046) need not
        raise WayClosed("Discord takes no more edits of this message.") from error
    except RuntimeError as error:
        if not is_closed(error):
            raise
        raise DeliveryError("The connection was closed meanwhile.", retry_after=NOT_CONNECTED) from error


def _in_our_words(error: discord.HTTPException) -> DeliveryError:
    said = f"Discord answered {error.status} ({error.code}: {error.text or 'no reason given'})"
    if error.code == OLD_MESSAGE:
        return WayClosed(said)
    if error.status == 429:
        return DeliveryError(said, retry_after=_number_of_seconds(error.response.headers.get("Retry-After")))
    if error.status >= 500:
        return DeliveryError(said)
    if error.status == TOO_LARGE[0] or error.code == TOO_LARGE[1]:
        return TooLarge(said)
    return WayClosed(said)


def _number_of_seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:
        return None


async def _recent(channel: discord.abc.Messageable) -> list[discord.Message]:
    return [message async for message in channel.history(limit=SEARCHED)]


def _mark(delivery: Delivery) -> str:
    """What a delivered message carries for us to find it by: the job's id in its buttons, or a card's reference."""
    drawn = delivery.kind == "result" and delivery.job is not None
    return delivery.job.id if drawn and delivery.job else cards.reference(delivery.request.id)


def _marks(message: discord.Message) -> str:
    """Everything of a message that a mark may stand in."""
    return " ".join([*custom_ids(message.components), *(embed.footer.text or "" for embed in message.embeds)])


def _alive(address: Address) -> bool:
    return bool(address.interaction_token and address.application_id) and (address.token_expires_at or 0) > time.time()


def _number(snowflake: str | None) -> int | None:
    return int(snowflake) if snowflake else None


async def fitted(letter: Letter, limit: int, smaller_note: str) -> Letter:
    """The letter with its pictures re-encoded, off the event loop, where they exceed what Discord takes."""
    sheets = letter.sheets or ()
    if _fits(sheets, limit):
        return letter
    smaller = await asyncio.to_thread(_shrunk, sheets, limit)
    note = f"-# {smaller_note}"
    content = cards.shortened(letter.card.content, cards.MAX_CONTENT - len(note) - 1)
    return replace(letter, sheets=smaller, card=replace(letter.card, content=f"{content}\n{note}"))


def _fits(sheets: Sequence[Sheet], limit: int) -> bool:
    return all(len(one.data) <= limit for one in sheets) and sum(len(one.data) for one in sheets) < MESSAGE_LIMIT


def _shrunk(sheets: Sequence[Sheet], limit: int) -> tuple[Sheet, ...]:
    """The first of SHRUNK that fits, else the smallest."""
    smaller: tuple[Sheet, ...] = ()
    for kind, quality, scale in SHRUNK:
        smaller = tuple(_encoded(one, kind, quality, scale) for one in sheets)
        if _fits(smaller, limit):
            break
    return smaller


def _encoded(sheet: Sheet, kind: str, quality: int, scale: float) -> Sheet:
    """A smaller file. What moves goes on moving, as WebP; a video stays as it is, since nothing here encodes one."""
    if suffix_of(sheet.data) == "mp4":
        return sheet
    moving: dict[str, Any] = {}
    with Image.open(io.BytesIO(sheet.data)) as opened:
        first, *others = [_scaled(frame, scale) for frame in ImageSequence.Iterator(opened)]
        if others:
            kind, pause = "WEBP", opened.info.get("duration", FRAME_MS)
            moving = {"save_all": True, "append_images": others, "duration": pause, "loop": 0}
    held = io.BytesIO()
    first.save(held, kind, quality=quality, **moving)
    stem = sheet.name.rpartition(".")[0]
    return replace(sheet, name=f"{stem}.{kind.lower()}", data=held.getvalue())


def _scaled(frame: Image.Image, scale: float) -> Image.Image:
    image = frame.convert("RGB")
    return image.resize((max(round(image.width * scale), 1), max(round(image.height * scale), 1)))
