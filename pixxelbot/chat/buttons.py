"""What buttons, menus and forms do. They work after any number of restarts: all they need is in their `custom_id`."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import discord

from pixxelbot.chat import asking, cards, foreign, forms, lists, regions, views, votes
from pixxelbot.chat.deliver import Letter, original_sheets, translated
from pixxelbot.chat.forms import Filled
from pixxelbot.chat.press import Press
from pixxelbot.chat.recipes import recipe_view
from pixxelbot.chat.records import Records
from pixxelbot.errors import DeliveryError, InvalidRequest, NotFound, Refused
from pixxelbot.intent import Changes
from pixxelbot.job import Address, Request, new_id
from pixxelbot.picture import Picture

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

Handler = Callable[["discord.Interaction[Bot]", Press], Awaitable[None]]

OBSOLETE: Final = "This button is from a version of the bot that is no more. Please ask anew."


async def pressed(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Carry out one press of a button or choice from a menu."""
    if press.verb in OF_A_PICTURE or press.verb in views.FOLLOW_UPS:
        press = Press(press.verb, press.id, _chosen_place(press))
        await _of_a_picture(interaction, press)
    elif press.verb in OTHERS:
        await OTHERS[press.verb](interaction, press)
    else:
        raise InvalidRequest(OBSOLETE)


async def submitted(interaction: discord.Interaction[Bot], press: Press) -> None:
    """A form was sent in, perhaps one that was opened before a restart."""
    if press.verb not in FORMS:
        raise InvalidRequest(OBSOLETE)
    await FORMS[press.verb](interaction, press)


def _chosen_place(press: Press) -> int:
    first = next(iter(press.chosen), "")
    return int(first) if first.isdecimal() else press.index


async def _of_a_picture(interaction: discord.Interaction[Bot], press: Press) -> None:
    """A verb for one picture of a message that shows several asks which."""
    if press.verb in views.ONE and press.index == 0:
        left = await left_of(interaction.client.chat.store, press)
        if len(left) > 1:
            say = await asking.quietly(interaction)
            view = views.which_view(say, press.verb, press.id, left)
            await interaction.edit_original_response(content=say("menu.which"), view=view)
            return
        press = Press(press.verb, press.id, left[0].index + 1)
    if press.verb in OF_A_PICTURE:
        await OF_A_PICTURE[press.verb](interaction, press)
        return
    action, changes = views.FOLLOW_UPS[press.verb]
    targets = [one.id for one in await left_of(interaction.client.chat.store, press)]
    if action == "upscale":
        targets = targets[:1]
    await asking.follow_up(interaction, action, targets, changes)


async def left_of(store: Records, press: Press) -> list[Picture]:
    """The pictures a press means: the numbered one, else all that are left; one at least.

    Raises:
        NotFound: it was deleted, or the job never had it.
    """
    found = sorted(await store.pictures(job=press.id), key=lambda one: one.index)
    left = [one for one in found if not one.deleted and press.index in (0, one.index + 1)]
    if not left:
        raise NotFound("picture", f"{press.index or 1} of {press.id[-10:]}")
    return left


async def _upscale_all(interaction: discord.Interaction[Bot], press: Press) -> None:
    """One request for each picture that is left; each has a message of its own."""

    async def make(address: Address) -> list[Request]:
        left = await left_of(interaction.client.chat.store, press)
        asked = await asking.request(interaction, address)
        beside = dataclasses.replace(address, interaction_token=None, token_expires_at=None)
        first, *others = [asked.evolve(intent=asking.following("upscale", (one.id,))) for one in left]
        return [first] + [
            one.evolve(id=new_id(), source_event_id=f"{asked.source_event_id}:{number}", address=beside)
            for number, one in enumerate(others, start=1)
        ]

    await asking.all_stored(interaction, make)


# --- of a result ----------------------------------------------------------------------------------------------------


async def _delete(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    await asking.noted(interaction)
    moderator = await asking.moderates(interaction)
    for one in await left_of(chat.store, press):
        await asking.allowed(interaction, "delete", one)
        await chat.studio.delete(one.id, asking.member_id(interaction.user), moderator)
    await translated(interaction.delete_original_response())
    await chat.postman.refresh(press.id, beside=str(interaction.message.id) if interaction.message else None)


async def _remix(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    job = await chat.store.job(press.id)
    say = await asking.speaker(interaction)
    await interaction.response.send_modal(forms.remix_form(say, press, job.recipe))


async def _remixed(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    [one, *_] = await left_of(chat.store, press)
    said = Filled.read(interaction.data).texts
    flags = chat.studio.flags(said.get("parameters", ""), one.recipe.model)
    changes = forms.remix_changes(said, one.recipe, flags)
    await asking.follow_up(interaction, "remix", (one.id,), changes, words=said.get("prompt", ""))


async def _zoom(interaction: discord.Interaction[Bot], press: Press) -> None:
    say = await asking.quietly(interaction)
    view = views.zoom_view(say, press.id, press.index)
    await interaction.edit_original_response(content=say("zoom.how"), view=view)


async def _zoom_form(interaction: discord.Interaction[Bot], press: Press) -> None:
    job = await interaction.client.chat.store.job(press.id)
    await interaction.response.send_modal(forms.zoom_form(await asking.speaker(interaction), press, job.recipe))


async def _zoomed(interaction: discord.Interaction[Bot], press: Press) -> None:
    [one, *_] = await left_of(interaction.client.chat.store, press)
    changes = forms.zoom_changes(Filled.read(interaction.data).texts, one.recipe)
    await asking.follow_up(interaction, "outpaint", (one.id,), changes)


async def _star(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    [one, *_] = await left_of(chat.store, press)
    await asking.allowed(interaction, "favourite", one)
    now = await chat.store.toggle_favourite(one.id, asking.member_id(interaction.user), one.guild_id)
    await interaction.edit_original_response(content=say("star.added" if now else "star.removed"))


async def _recipe(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    [one, *_] = await left_of(chat.store, press)
    await asking.allowed(interaction, "see", one)
    await interaction.edit_original_response(view=await recipe_view(say, chat.store, one))


async def _to_dm(interaction: discord.Interaction[Bot], press: Press) -> None:
    say = await asking.quietly(interaction)
    left = [
        await asking.allowed(interaction, "see", one) for one in await left_of(interaction.client.chat.store, press)
    ]
    await send_home(interaction.client.chat.postman, interaction.user.id, left)
    await interaction.edit_original_response(content=say("dm.sent"))


async def send_home(postman: Any, user_id: int, pictures: list[Picture]) -> None:
    """Send the originals to a member's direct messages, with buttons that work there.

    Raises:
        Refused: the member takes no direct messages.
    """
    for one in pictures:
        say = await postman.speaker(f"discord:{user_id}")
        view = views.picture_view(say, str(one.job_id), one.index + 1) if one.job_id else None
        letter = Letter(cards.shown_card(say, one), await original_sheets(postman.store, say, [one]), view)
        try:
            message_id, channel_id = await postman.to_member(user_id, letter)
        except DeliveryError as error:
            if error.retry_after is not None:
                raise
            raise Refused("I cannot write to you. Open your direct messages to members of this server.") from error
        if one.job_id:
            await postman.store.remember_message(one.job_id, message_id, channel_id, one.id)


# --- of a request ---------------------------------------------------------------------------------------------------


async def _cancel(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    await asking.noted(interaction)
    await chat.studio.withdraw(press.id, asking.member_id(interaction.user), await asking.moderates(interaction))


async def _again(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Try what failed once more: as it was, smaller, or with another model."""
    chat = interaction.client.chat
    failed = await chat.store.request(press.id)
    _check_author(interaction, failed)
    given = failed.given
    if press.verb == "smaller":
        given = Changes(count=1).over(given.model_copy(update={"width": None, "height": None, "scale": None}))
    elif press.verb == "other_model":
        given = Changes(model=chat.studio.recipes.default_model).over(given)
    pressed_ = failed.intent if failed.intent and failed.intent.planner == "none" else None
    if pressed_ is not None and press.verb != "retry":
        pressed_ = pressed_.model_copy(update={"changes": given.over(pressed_.changes)})

    async def make(address: Address) -> Request:
        asked = await asking.request(
            interaction, address, words=failed.words, given=given, sources=failed.sources, links=failed.links
        )
        return asked.evolve(intent=pressed_, about=failed.about)

    await asking.stored(interaction, make)


async def _choose(interaction: discord.Interaction[Bot], press: Press) -> None:
    """An answer to a question of the bot's."""
    chat = interaction.client.chat
    asked = await chat.store.request(press.id)
    _check_author(interaction, asked)
    choices = asked.intent.choices if asked.intent else ()
    if press.index >= len(choices):
        raise InvalidRequest(OBSOLETE)
    choice = choices[press.index]
    words = choice.words or choice.label

    async def make(address: Address) -> Request:
        answer = await asking.request(interaction, address, words=words, sources=asked.sources)
        return answer.evolve(intent=choice.intent, about=asked.about)

    await asking.stored(interaction, make)


def _check_author(interaction: discord.Interaction[Bot], asked: Request) -> None:
    if asked.member_id != asking.member_id(interaction.user):
        raise Refused("This was asked by somebody else. Ask for something of your own.")


OF_A_PICTURE: Final[dict[str, Handler]] = {
    "delete": _delete,
    "dm": _to_dm,
    "recipe": _recipe,
    "region": regions.ask,
    "remix": _remix,
    "star": _star,
    "zoom": _zoom,
    "zoomform": _zoom_form,
}
"""Verbs of results: their id is a job's, their index a picture's."""

OTHERS: Final[dict[str, Handler]] = {
    "approve": regions.approve,
    "ballot": votes.ballot,
    "cancel": _cancel,
    "choose": _choose,
    "end_vote": votes.end,
    "grow": regions.change,
    "invert": regions.change,
    "other_model": _again,
    "page": lists.turn,
    "retry": _again,
    "show": lists.show_chosen,
    "shrink": regions.change,
    "smaller": _again,
    "upscale_all": _upscale_all,
}
"""Verbs whose id is of something else; see each."""

FORMS: Final[dict[str, Handler]] = {
    "region": regions.given,
    "regionof": foreign.region_given,
    "remix": _remixed,
    "remixof": foreign.remix_given,
    "zoomform": _zoomed,
}
