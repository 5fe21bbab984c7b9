"""Group votes: the channel picks which picture of a result goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

import discord

from pixxelbot.chat import asking, cards, views
from pixxelbot.chat.deliver import Letter, result_sheets
from pixxelbot.chat.press import Press
from pixxelbot.chat.words import Words, of
from pixxelbot.errors import DeliveryError, LostRace, NotFound, PixxelbotError, Refused
from pixxelbot.job import Address, Request, new_id
from pixxelbot.picture import Picture
from pixxelbot.vote import Vote, VoteVerb, winner

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot, Chat

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""Longest time between two looks at the votes that are open."""
RETRY_SECONDS: Final = 5.0


async def begin(
    interaction: discord.Interaction[Bot], picture: Picture, minutes: float, quorum: int, verb: VoteVerb
) -> None:
    """Open a vote on all pictures of a picture's job, and post it."""
    chat = interaction.client.chat
    if picture.job_id is None:
        raise NotFound("result", picture.id)
    address = await asking.opened(interaction)
    await asking.request(interaction, address)  # the place's rules hold for votes too
    await asking.allowed(interaction, verb, picture)
    left = [one for one in await chat.store.pictures(job=picture.job_id) if not one.deleted]
    if len(left) < 2:
        raise Refused("There is only one picture left, so there is nothing to choose from.")
    say = await asking.speaker(interaction)
    vote = Vote(
        id=new_id(), job_id=picture.job_id, member_id=asking.member_id(interaction.user), guild_id=address.guild_id,
        channel_id=address.channel_id or "", message_id=address.message_id, verb=verb, quorum=quorum,
        ends_at=time.time() + minutes * 60, locale=say.locale, created_at=time.time(),
    )  # fmt: skip
    await chat.store.begin_vote(vote)
    hidden = await chat.postman.hides_from(address, vote.member_id)
    sheets = await result_sheets(chat.store, say, left, spoiler=hidden, whole=True)
    await chat.postman.edit(address, Letter(_card(say, vote, left), sheets, views.vote_view(say, vote, left)))
    chat.votes.wake()


async def ballot(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Take a ballot; a member's latest counts."""
    chat = interaction.client.chat
    await asking.noted(interaction)
    try:
        vote = await chat.store.cast_ballot(press.id, asking.member_id(interaction.user), press.index)
    except LostRace as error:
        raise Refused("This vote is over.") from error
    left = [one for one in await chat.store.pictures(job=vote.job_id) if not one.deleted]
    say = of(vote.locale)
    await interaction.edit_original_response(
        content=_card(say, vote, left).content, view=views.vote_view(say, vote, left)
    )


async def end(interaction: discord.Interaction[Bot], press: Press) -> None:
    """End a vote early: for whoever began it, and moderators."""
    chat = interaction.client.chat
    vote = await chat.store.vote(press.id)
    await asking.noted(interaction)
    if vote.member_id != asking.member_id(interaction.user) and not await asking.moderates(interaction):
        raise Refused("Only the member who began this vote, or a moderator, can end it.")
    await chat.store.end_vote(vote.id)
    chat.votes.wake()


class Votes:
    """Ends votes when their time is up, also those that an earlier run of the bot opened."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at the votes now."""
        self._woken.set()

    async def run(self) -> None:
        """End each vote in its time, until cancelled."""
        while True:
            self._woken.clear()
            wait = LOOK_SECONDS
            try:
                wait = await self._end_what_is_due()
            except PixxelbotError as error:
                log.warning("votes could not be ended now, trying again: %s", error)
                wait = RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(wait, 0.05)):
                    await self._woken.wait()

    async def _end_what_is_due(self) -> float:
        """End what is due; seconds until the next one is."""
        for vote in await self._chat.store.open_votes():
            if vote.ends_at > time.time():
                return min(vote.ends_at - time.time(), LOOK_SECONDS)
            await self._end(vote)
        return LOOK_SECONDS

    async def _end(self, vote: Vote) -> None:
        """What the winner leads to is asked for once, however often this is cut off."""
        chat, say = self._chat, of(vote.locale)
        left = [one for one in await chat.store.pictures(job=vote.job_id) if not one.deleted]
        place = winner(vote.ballots, vote.quorum)
        chosen = next((one for one in left if place == one.index + 1), None)
        if chosen is None:
            key = "vote.no_quorum" if len(vote.ballots) < vote.quorum else "vote.gone"
            await self._tell(vote, say(key, count=len(vote.ballots), quorum=vote.quorum), say, left)
        else:
            await self._tell(vote, say("vote.won", number=place, count=len(vote.ballots)), say, left)
            await self._go_on(vote, chosen)
        await chat.store.close_vote(vote.id)

    async def _go_on(self, vote: Vote, chosen: Picture) -> None:
        address = Address(
            guild_id=vote.guild_id, channel_id=vote.channel_id, private=chosen.private, nsfw=chosen.nsfw
        )  # fmt: skip
        asked = Request(
            source_event_id=f"vote:{vote.id}", member_id=vote.member_id, locale=vote.locale, address=address
        )  # fmt: skip
        await self._chat.studio.follow_up(vote.verb, (chosen.id,), asked)

    async def _tell(self, vote: Vote, result: str, say: Words, left: list[Picture]) -> None:
        if vote.message_id is None:
            return
        content = f"{_card(say, vote, left).content}\n{result}"
        place = Address(guild_id=vote.guild_id, channel_id=vote.channel_id, message_id=vote.message_id)
        try:
            await self._chat.postman.edit(place, Letter(cards.Card(content[:2000])))
        except DeliveryError as error:
            if error.retry_after is not None:
                raise
            log.info("the end of vote %s could not be shown: %s", vote.id, error)


def _card(say: Words, vote: Vote, pictures: list[Picture]) -> cards.Card:
    prompt = cards.quoted(pictures[0].recipe.prompt, 300) if pictures else "–"
    when = f"<t:{round(vote.ends_at)}:R>"
    head = say(f"vote.title.{vote.verb}")
    rules = say("vote.rules", quorum=vote.quorum, count=len(vote.ballots), when=when)
    return cards.Card(f"🗳️ **{head}** *{prompt}*\n{rules}")
