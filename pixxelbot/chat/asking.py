"""From a Discord interaction to a request: acknowledge it in time, and answer whatever goes wrong."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

from pixxelbot.chat import cards, permissions
from pixxelbot.errors import PixxelbotError
from pixxelbot.intent import Changes
from pixxelbot.job import Address, Request

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

log = logging.getLogger(__name__)

PAUSES: Final = (0.2, 0.6)
"""Seconds between tries to acknowledge; the first answer counts for three seconds only."""
TELLING_PAUSES: Final = (1.0, 3.0, 9.0)
"""Seconds between tries to show a card; there is time, but nobody else will do it."""
ALREADY_ACKNOWLEDGED: Final = 40060
UNKNOWN_INTERACTION: Final = 10062
TRANSIENT: Final = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError)
"""Resets and the like, which discord.py does not try again on Linux."""


def member_id(user: discord.abc.Snowflake) -> str:
    """Our id of a Discord member."""
    return f"discord:{user.id}"


def moderates(interaction: discord.Interaction[Any]) -> bool:
    """Whether the member may manage others' messages here."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages


async def opened(interaction: discord.Interaction[Bot]) -> Address:
    """Check the bot's rights, then acknowledge with a new message: the placeholder that the result will replace.

    Raises:
        MissingPermission: the bot could not deliver here; nothing was acknowledged.
        QueueClosed: the bot is stopping.
    """
    interaction.client.chat.check_open()
    permissions.check_interaction(interaction)
    answer = await _acknowledged(interaction, lambda: interaction.response.defer(thinking=True))
    alive = not interaction.extras.get("unknown")
    return Address(
        guild_id=str(interaction.guild_id) if interaction.guild_id else None,
        channel_id=str(interaction.channel_id) if interaction.channel_id else None,
        message_id=str(answer.message_id) if answer and answer.message_id else None,
        application_id=str(interaction.application_id),
        interaction_token=interaction.token if alive else None,
        token_expires_at=time.time() + interaction.client.chat.settings.token_seconds if alive else None,
    )


async def noted(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge without a message of its own."""
    await _acknowledged(interaction, lambda: interaction.response.defer())


async def _acknowledged(
    interaction: discord.Interaction[Any],
    acknowledge: Callable[[], Awaitable[discord.InteractionCallbackResponse[Any] | None]],
) -> discord.InteractionCallbackResponse[Any] | None:
    """Tried again after a reset; an event replayed by the gateway was acknowledged before, which is as good."""
    for pause in (*PAUSES, None):
        try:
            return await acknowledge()
        except discord.HTTPException as error:
            if error.code in (ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION):
                interaction.extras["acknowledged"] = True
                interaction.extras["unknown"] = error.code == UNKNOWN_INTERACTION  # too late: deliver by the channel
                return None
            if pause is None or error.status not in (429, *range(500, 600)):
                raise
        except TRANSIENT:
            if pause is None:
                raise
        await asyncio.sleep(pause)
    return None


def request(
    interaction: discord.Interaction[Bot],
    address: Address,
    *,
    words: str = "",
    given: Changes | None = None,
    sources: Sequence[str] = (),
) -> Request:
    """The request that an interaction makes."""
    return Request(
        source_event_id=f"interaction:{interaction.id}",
        member_id=member_id(interaction.user),
        member_name=interaction.user.display_name,
        words=words,
        given=given or Changes(),
        sources=tuple(sources),
        address=address,
        locale=str(interaction.locale),
    )


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
    card = cards.error_card(error)
    for pause in (*TELLING_PAUSES, None):
        try:
            await _show(interaction, card)
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
    told = "".join(traceback.format_exception(error))
    log.error("unforeseen error while answering:\n%s", told.replace(secret, "…") if secret else told)
