"""The region flow: where to draw anew, shown as an overlay, grown, shrunk or inverted, and approved before drawing."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import discord

from pixxelbot import region as masks
from pixxelbot.chat import asking, forms, views
from pixxelbot.chat.fetching import fetch_attachment, fetch_link
from pixxelbot.chat.forms import Filled
from pixxelbot.chat.press import Press
from pixxelbot.errors import InvalidRequest, NotFound, Refused
from pixxelbot.intent import Changes
from pixxelbot.job import Link, new_id
from pixxelbot.picture import Picture
from pixxelbot.region import Region

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

NOTHING_SAID = "Say which part to change (the hat, the sky), or send a mask or a marked-up copy of the picture."


async def ask(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Open the form for a picture."""
    await interaction.response.send_modal(forms.region_form(await asking.speaker(interaction), press))


async def given(interaction: discord.Interaction[Bot], press: Press) -> None:
    """The form came back."""
    found = [one for one in await interaction.client.chat.store.pictures(job=press.id) if one.index + 1 == press.index]
    if not found or found[0].deleted:
        raise NotFound("picture", f"{press.index} of {press.id[-10:]}")
    await begin(interaction, Filled.read(interaction.data), [found[0].id])


async def begin(
    interaction: discord.Interaction[Bot], filled: Filled, targets: Sequence[str] = (), links: Sequence[Link] = ()
) -> None:
    """Show the region that a form speaks of; words alone are left to the model that finds things in pictures.

    The picture is one of ours (`targets`) or still to be fetched (`links`).
    """
    chat = interaction.client.chat
    where, what = filled.texts.get("region", ""), filled.texts.get("prompt", "")
    sent = filled.files.get("mask", [])
    if not sent and not where:
        raise InvalidRequest(NOTHING_SAID)
    if not sent and not chat.studio.eyes.finds_parts:
        changes = Changes(region=where, prompt=what or None)
        await asking.follow_up(interaction, "inpaint", targets, changes, what or where, links)
        return
    await asking.quietly(interaction)
    picture = await _picture(interaction, targets, links)
    original = await chat.store.picture_bytes(picture.id)
    mask = await (_sent_mask(interaction, sent[0], original) if sent else _found_mask(interaction, where, original))
    await _shown(interaction, await _kept(interaction, new_id(), picture.id, mask, what), original, mask)


async def _picture(interaction: discord.Interaction[Bot], targets: Sequence[str], links: Sequence[Link]) -> Picture:
    chat = interaction.client.chat
    for target in targets:
        return await asking.allowed(interaction, "vary", await chat.store.picture(target))
    data = await fetch_link(links[0], chat.settings.discord_cdn)
    return await chat.studio.upload(data, asking.member_id(interaction.user))


async def _sent_mask(interaction: discord.Interaction[Bot], file: dict[str, Any], original: bytes) -> bytes:
    """Out of what the member sent."""
    chat = interaction.client.chat
    data = await fetch_attachment(file["url"], int(file["size"]), chat.settings.discord_cdn)
    upload = await chat.studio.upload(data, asking.member_id(interaction.user))
    return await asyncio.to_thread(masks.mask_from_upload, await chat.store.picture_bytes(upload.id), original)


async def _found_mask(interaction: discord.Interaction[Bot], where: str, original: bytes) -> bytes:
    """What the words name, found by a network between two steps of what is drawn."""
    likely = await interaction.client.chat.studio.eyes.part(original, where)
    return await asyncio.to_thread(masks.mask_from_grey, likely, original)


async def change(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Grow, shrink or invert."""
    chat = interaction.client.chat
    await asking.noted(interaction)
    region = await _mine(interaction, press)
    mask = await asyncio.to_thread(masks.changed, await chat.store.picture_bytes(region.mask_id), press.verb)
    region = await _kept(interaction, region.id, region.picture_id, mask, region.words)
    await _shown(interaction, region, await chat.store.picture_bytes(region.picture_id), mask)


async def approve(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Draw it."""
    region = await _mine(interaction, press)
    changes = Changes(mask=region.mask_id, prompt=region.words or None)
    await asking.follow_up(interaction, "inpaint", (region.picture_id,), changes, words=region.words)


async def _mine(interaction: discord.Interaction[Bot], press: Press) -> Region:
    region = await interaction.client.chat.store.region(press.id)
    if region.member_id != asking.member_id(interaction.user):
        raise Refused("This was asked by somebody else. Ask for something of your own.")
    return region


async def _kept(
    interaction: discord.Interaction[Bot], region_id: str, picture_id: str, mask: bytes, words: str
) -> Region:
    chat, member = interaction.client.chat, asking.member_id(interaction.user)
    upload = await chat.studio.upload(mask, member)
    region = Region(id=region_id, picture_id=picture_id, mask_id=upload.id, member_id=member, words=words)
    await chat.store.keep_region(region)
    return region


async def _shown(interaction: discord.Interaction[Bot], region: Region, original: bytes, mask: bytes) -> None:
    say = await asking.speaker(interaction)
    tinted = await asyncio.to_thread(masks.overlay, original, mask)
    share = f"{masks.share(mask):.0%}"
    file = discord.File(io.BytesIO(tinted), f"{region.id}.png", description=say("region.alt", share=share))
    text = say("region.shown", share=share, words=region.words or "–")
    view = views.region_view(say, region.id)
    await interaction.edit_original_response(content=text[:2000], attachments=[file], view=view)
