"""From a Discord interaction to a request: acknowledge it in time, and answer whatever goes wrong."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

import discord

from pixxelbot.chat import cards, connecting, permissions, words
from pixxelbot.chat.place import Place, of_interaction
from pixxelbot.chat.resending import ALREADY_ACKNOWLEDGED, LOST, is_closed
from pixxelbot.errors import PixxelbotError, Refused, StoreError
from pixxelbot.intent import Action, Changes, Intent
from pixxelbot.job import Address, Link, Request
from pixxelbot.picture import Picture
from pixxelbot.rights import Verb

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot, Chat

log = logging.getLogger(__name__)

STORING_SECONDS: Final = 0.3
"""How long an acknowledgement waits for its request to be stored; Discord gives it three seconds in all."""
OPENING_SECONDS: Final = 10.0
"""How long further placeholders wait until the first is one."""
TELLING_PAUSES: Final = (1.0, 3.0, 9.0)
"""Seconds between tries to show a card; there is time, but nobody else will do it."""
UNKNOWN_INTERACTION: Final = 10062
GONE: Final = frozenset({10008, 10015, UNKNOWN_INTERACTION, 50027})
"""Message, webhook, interaction or token that is no more: nobody is left to be answered."""
TRANSIENT: Final = (*LOST, discord.DiscordServerError)
"""What stays when every try got lost."""


def member_id(user: discord.abc.Snowflake) -> str:
    """Our id of a Discord member."""
    return f"discord:{user.id}"


async def moderates(interaction: discord.Interaction[Bot]) -> bool:
    """Whether the member may delete and cancel what others asked for here."""
    place = of_interaction(interaction)
    return place.moderates(await interaction.client.chat.studio.policy.rules(place.address()))


async def speaker(interaction: discord.Interaction[Bot]) -> words.Words:
    """The words in the member's language: the one they set, else Discord's."""
    return await interaction.client.chat.speaker(member_id(interaction.user), str(interaction.locale))


async def opened(interaction: discord.Interaction[Bot]) -> Address:
    """Check the bot's rights, then acknowledge with a new message: the placeholder that the result will replace.

    Raises:
        MissingPermission: the bot could not deliver here; nothing was acknowledged.
        QueueClosed: the bot is stopping.
    """
    interaction.client.chat.check_open()
    permissions.check_interaction(interaction)
    return _address(interaction, await acknowledged(interaction, lambda: interaction.response.defer(thinking=True)))


async def stored(interaction: discord.Interaction[Bot], make: Callable[[Address], Awaitable[Request]]) -> None:
    """Have a request made and stored, and only then acknowledge it: what a member saw acknowledged outlives a kill.

    Raises:
        PixxelbotError: it was refused; nothing was stored or acknowledged, or there is a placeholder to say so in.
    """

    async def make_all(address: Address) -> Sequence[Request]:
        return [await make(address)]

    await all_stored(interaction, make_all)


async def all_stored(
    interaction: discord.Interaction[Bot], make: Callable[[Address], Awaitable[Sequence[Request]]]
) -> None:
    """The same for several: the acknowledgement is the placeholder of the first, the others have one each below it.

    A database that does not answer in time must not cost the acknowledgement, which then comes first.

    Raises:
        PixxelbotError: see `stored`.
    """
    interaction.client.chat.check_open()
    permissions.check_interaction(interaction)
    keeping = _Keeping(interaction, make)
    work = asyncio.ensure_future(keeping.keep())
    waiting = asyncio.ensure_future(keeping.kept.wait())
    await asyncio.wait({work, waiting}, timeout=STORING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():  # it was refused, or made by an earlier copy of this event
        await work
    answer = None
    try:
        answer = await acknowledged(interaction, lambda: interaction.response.defer(thinking=True))
    except (discord.HTTPException, *TRANSIENT) as error:
        log.warning("not acknowledged (%s); what comes of it goes to the channel", error)
    finally:
        keeping.shown.set_result(answer)
    await work


class _Keeping:
    """Requests of one interaction on their way into the store, and then to their placeholders."""

    def __init__(
        self, interaction: discord.Interaction[Bot], make: Callable[[Address], Awaitable[Sequence[Request]]]
    ) -> None:
        self._interaction, self._make = interaction, make
        self._to_keep = 0
        self.kept = asyncio.Event()
        """All are stored."""
        self.shown: asyncio.Future[discord.InteractionCallbackResponse[Any] | None] = (
            asyncio.get_running_loop().create_future()
        )
        """The acknowledgement; None where there is none, or it says nothing of its message."""
        self._opened = asyncio.Event()
        """Whatever is sent from now on is a message of its own."""

    async def keep(self) -> None:
        """Make them, store them, and give each its placeholder once there was an acknowledgement."""
        first, *others = await self._make(_address(self._interaction, None))
        self._to_keep = 1 + len(others)
        work = [self._accepted(first, lambda: self._first(alone=not others))]
        work += [self._accepted(one, lambda one=one: self._another(first, one)) for one in others]  # type: ignore[misc]
        errors = [one for one in await asyncio.gather(*work, return_exceptions=True) if one is not None]
        if errors:
            raise errors[0]

    async def _accepted(self, asked: Request, place: Callable[[], Awaitable[str | None]]) -> None:
        chat = self._interaction.client.chat

        async def stored_now() -> str | None:
            self._to_keep -= 1
            if not self._to_keep:
                self.kept.set()
            return await place()

        await chat.previews.accepted(asked, chat.studio.accept(asked), stored_now)

    async def _first(self, *, alone: bool) -> str | None:
        answer = await self.shown
        if not alone:  # else the next message would fill it
            try:
                say = await speaker(self._interaction)
                await self._interaction.edit_original_response(content=say("waiting.planning"))
                self._opened.set()
            except (discord.HTTPException, *TRANSIENT) as error:
                log.warning("no placeholders (%s); what comes of it goes to the channel", error)
        return _message(answer)

    async def _another(self, first: Request, asked: Request) -> None:
        """It is stored without the token, by which alone nobody could tell whose placeholder is meant."""
        await self.shown
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                await self._opened.wait()
            say = await speaker(self._interaction)
            message = await self._interaction.followup.send(say("waiting.planning"), wait=True)
        except (discord.HTTPException, *TRANSIENT) as error:
            log.warning("no placeholder (%s); what comes of it goes to the channel", type(error).__name__)
            return
        address = dataclasses.replace(first.address, message_id=str(message.id))
        await self._interaction.client.chat.store.set_address(asked.id, address)


def _message(answer: discord.InteractionCallbackResponse[Any] | None) -> str | None:
    return str(answer.message_id) if answer and answer.message_id else None


def _address(interaction: discord.Interaction[Bot], answer: discord.InteractionCallbackResponse[Any] | None) -> Address:
    alive = not interaction.extras.get("unknown")
    return of_interaction(interaction).address(
        message_id=_message(answer),
        application_id=str(interaction.application_id),
        interaction_token=interaction.token if alive else None,
        token_expires_at=time.time() + interaction.client.chat.settings.token_seconds if alive else None,
    )


async def noted(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge without a message of its own."""
    await acknowledged(interaction, lambda: interaction.response.defer())


async def quietly(interaction: discord.Interaction[Bot]) -> words.Words:
    """Acknowledge with a message that the member alone will see; the words to fill it with."""
    await acknowledged(interaction, lambda: interaction.response.defer(thinking=True, ephemeral=True))
    return await speaker(interaction)


async def acknowledged(
    interaction: discord.Interaction[Any],
    acknowledge: Callable[[], Awaitable[discord.InteractionCallbackResponse[Any] | None]],
) -> discord.InteractionCallbackResponse[Any] | None:
    """An event replayed by the gateway was acknowledged before, which is as good."""
    try:
        return await acknowledge()
    except discord.HTTPException as error:
        if error.code not in (ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION):
            raise
        interaction.extras["acknowledged"] = True
        interaction.extras["unknown"] = error.code == UNKNOWN_INTERACTION  # too late: deliver by the channel
        return None


async def request(
    interaction: discord.Interaction[Bot],
    address: Address,
    *,
    words: str = "",
    given: Changes | None = None,
    sources: Sequence[str] = (),
    links: Sequence[Link] = (),
) -> Request:
    """The request that an interaction makes, with the share of the queue that its member's roles give.

    Raises:
        Refused: the server does not want this member to ask in this channel.
    """
    chat, place = interaction.client.chat, of_interaction(interaction)
    rules = await chat.studio.policy.rules(address)
    place.check(rules)
    return Request(
        source_event_id=f"interaction:{interaction.id}",
        member_id=member_id(interaction.user),
        member_name=interaction.user.display_name,
        words=words,
        given=given or Changes(),
        sources=tuple(sources),
        links=tuple(links),
        address=address,
        locale=(await speaker(interaction)).locale,
        weight=rules.weight_of(place.roles),
    )


async def follow_up(
    interaction: discord.Interaction[Bot],
    action: Action,
    targets: Sequence[str],
    changes: Changes | None = None,
    words: str = "",
    links: Sequence[Link] = (),
) -> None:
    """Accept and acknowledge something to be drawn from pictures."""
    intent = following(action, targets, changes)

    async def make(address: Address) -> Request:
        return (await request(interaction, address, words=words, links=links)).evolve(intent=intent)

    await stored(interaction, make)


def following(action: Action, targets: Sequence[str], changes: Changes | None = None) -> Intent:
    """The intent of a button, a reaction or a command: no planner is asked."""
    return Intent(action=action, targets=tuple(targets), changes=changes or Changes(), planner="none")


async def allowed(interaction: discord.Interaction[Bot], verb: Verb, found: Picture) -> Picture:
    """The picture, if the member may do this with it here.

    Raises:
        Refused: they may not.
    """
    chat, place = interaction.client.chat, of_interaction(interaction)
    moderator = place.moderates(await chat.studio.policy.rules(place.address()))
    return permitted(chat, member_id(interaction.user), verb, found, place, moderator)


def permitted(chat: Chat, member: str, verb: Verb, found: Picture, place: Place, moderator: bool = False) -> Picture:
    """The picture, if this member may do this with it in this place.

    Raises:
        Refused: they may not.
    """
    if chat.studio.may(member, verb, found, place.address(), moderator):
        return found
    if verb in ("delete", "cancel"):
        raise Refused("Only the member who asked for this picture, or a moderator, can delete it.")
    raise Refused("That picture was made elsewhere, where not everybody here may look; it stays there.")


async def guarded(interaction: discord.Interaction[Bot], work: Coroutine[Any, Any, None]) -> None:
    """Do the work; if it fails, the member gets a card. Nothing stays "thinking" for ever."""
    error = await failure(work)
    if error is not None:
        await tell(interaction, error)


async def failure(work: Coroutine[Any, Any, Any]) -> BaseException | None:
    """How the work failed, or None."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task})
    return None if task.cancelled() else task.exception()


async def tell(interaction: discord.Interaction[Bot], error: BaseException) -> None:
    """Show the member what happened: in the placeholder where there is one, else for their eyes only."""
    note(error, interaction.token)
    try:
        say = await speaker(interaction) if interaction.response.is_done() else words.of(str(interaction.locale))
    except StoreError:
        say = words.of(str(interaction.locale))
    card = cards.error_card(say, error)
    for pause in (*TELLING_PAUSES, None):
        try:
            await _show(interaction, card)
            return
        except RuntimeError as closed:
            if not is_closed(closed):
                raise
            return
        except TRANSIENT:
            if pause is None:
                log.warning("an error card could not be shown; Discord cannot be reached")
                return
        except discord.HTTPException as refused:
            if refused.status != 429 or pause is None:
                log.warning("an error card was refused: %s", refused)
                return
        await asyncio.sleep(pause)


async def _show(interaction: discord.Interaction[Bot], card: cards.Card) -> None:
    embeds = [card.embed] if card.embed else []
    kind = interaction.response.type
    if kind is discord.InteractionResponseType.deferred_channel_message:
        await interaction.edit_original_response(content=card.content, embeds=embeds, attachments=[], view=None)
    elif kind is not None or interaction.extras.get("acknowledged"):
        await interaction.followup.send(card.content, embeds=embeds, ephemeral=True)
    else:
        await interaction.response.send_message(card.content, embeds=embeds, ephemeral=True)


def note(error: BaseException, secret: str = "") -> None:
    """Log an unforeseen error with its way, and without the secret; the foreseen ones are the member's business."""
    if isinstance(error, PixxelbotError):
        log.info("answered with %s", error.code)
        return
    if is_closed(error):
        log.info("the connection was closed before this was answered")
        return
    if isinstance(error, discord.HTTPException) and error.code in GONE:
        log.info("there is nobody left to answer: %s", error.text)
        return
    if isinstance(error, TRANSIENT):
        log.warning("Discord could not be reached while answering (%s)", connecting.reason(error))
        return
    told = "".join(traceback.format_exception(error))
    log.error("unforeseen error while answering:\n%s", told.replace(secret, "…") if secret else told)
