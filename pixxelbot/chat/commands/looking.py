"""Commands that look: at pictures, at what there is to choose from, at the queue; votes, help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import discord
from discord import app_commands, ui

from pixxelbot.chat import asking, cards, lists, votes
from pixxelbot.chat.commands import options
from pixxelbot.chat.commands.options import command
from pixxelbot.chat.lists import Listed
from pixxelbot.chat.place import of_interaction
from pixxelbot.chat.press import Press, button
from pixxelbot.chat.recipes import compared
from pixxelbot.chat.styles import show_style
from pixxelbot.chat.words import Words
from pixxelbot.errors import NotFound, Refused
from pixxelbot.job import Request, Status
from pixxelbot.picture import software

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

UNFINISHED: Final = (Status.PLANNING, Status.WAITING, Status.QUEUED, Status.RUNNING)
MOST_UNFINISHED: Final = 100
"""Own requests that are counted, listed and cancelled at once."""
MOST_SHOWN: Final = 5
"""Own requests that /queue shows with a button each."""


@command("history", "Your pictures, your favourites, or the server's best")
@app_commands.describe(words="Words that stand in the recipe: of the prompt, a model, a style", which="Which pictures")
async def history(
    interaction: discord.Interaction[Bot],
    words: app_commands.Range[str, 1, 30] | None = None,
    which: Literal["history", "favourites", "gallery"] = "history",
) -> None:
    """Pages of pictures, for the member alone."""
    await lists.open_list(interaction, Listed(which, words or ""))


@command("show", "Bring a picture back, with its buttons")
@app_commands.autocomplete(picture=options.own_pictures, compare=options.own_pictures)
@app_commands.describe(picture="The picture's id", compare="Another picture, to see where the recipes differ")
async def show(interaction: discord.Interaction[Bot], picture: str, compare: str | None = None) -> None:
    """Show a picture, or two recipes side by side."""
    if compare is None:
        await lists.show(interaction, picture)
        return
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    pair = [await asking.allowed(interaction, "see", await chat.store.picture(one)) for one in (picture, compare)]
    await interaction.edit_original_response(content=compared(say, *pair))


@command("lineage", "The family tree of a picture")
@app_commands.autocomplete(picture=options.own_pictures)
@app_commands.describe(picture="The picture's id")
async def lineage(interaction: discord.Interaction[Bot], picture: str) -> None:
    """Draw where a picture comes from and what became of it."""
    await lists.show_lineage(interaction, picture)


@command("styles", "All styles there are")
@app_commands.autocomplete(style=options.styles)
@app_commands.describe(style="A look from the library")
async def styles(interaction: discord.Interaction[Bot], style: str | None = None) -> None:
    """The styles that may be used here, page by page; or the words and the preview of one."""
    if style:
        await show_style(interaction, style)
    else:
        await lists.open_list(interaction, Listed("styles"))


@command("models", "All models there are, and what they can do")
async def models(interaction: discord.Interaction[Bot]) -> None:
    """List the models that may be used here."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    rules = await chat.studio.policy.rules(of_interaction(interaction).address())
    lines = [
        say(
            "models.line", name=name, family=one.family, native=one.native, maximum=one.maximum, steps=one.steps,
            samplers=", ".join(one.samplers),
        )
        for name, one in chat.limits.items()
        if not rules.models or name in rules.models
    ]  # fmt: skip
    text = "\n".join([say("models.title"), *lines])
    await interaction.edit_original_response(content=cards.shortened(text, cards.MAX_CONTENT))


@command("queue", "How long the queue is, and where you stand")
async def queue(interaction: discord.Interaction[Bot]) -> None:
    """Counts, and the member's own requests with a button to cancel each."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    counts = await chat.store.counts()
    waiting, running = counts.get(Status.QUEUED, 0), counts.get(Status.RUNNING, 0)
    mine = await _unfinished(interaction)
    lines = [say("queue.counts", waiting=waiting, running=running)]
    lines += [f"{number}. {await _line(interaction, say, one)}" for number, one in enumerate(mine, start=1)]
    view = ui.View(timeout=None)
    for number, one in enumerate(mine[:MOST_SHOWN], start=1):
        view.add_item(button(Press("cancel", one.id), label=f"{say('button.cancel')} {number}", emoji="❌"))
    text = cards.shortened("\n".join(lines if mine else [*lines, say("queue.nothing")]), cards.MAX_CONTENT)
    await interaction.edit_original_response(content=text, view=view if mine else None)


async def _line(interaction: discord.Interaction[Bot], say: Words, one: Request) -> str:
    chat = interaction.client.chat
    if one.status is Status.PLANNING:
        where = cards.planning_text(say)
    else:
        where = cards.waiting_text(say, chat.studio.estimate(await chat.store.job_of(one.id)))
    return f"{cards.quoted(one.words, 80) or cards.reference(one.id)} · {where}"


async def _unfinished(interaction: discord.Interaction[Bot]) -> list[Request]:
    """The member's own requests that have not ended, newest first."""
    store, member = interaction.client.chat.store, asking.member_id(interaction.user)
    return await store.requests(statuses=UNFINISHED, member=member, limit=MOST_UNFINISHED)


async def _own_requests(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    found = [one for one in await _unfinished(interaction) if typed.casefold() in f"{one.words}{one.id}".casefold()]
    names = ((one, f"{cards.reference(one.id)} · {' '.join(one.words.split())}") for one in found)
    return [app_commands.Choice(name=cards.shortened(name, 100), value=one.id) for one, name in names][:25]


@command("cancel", "Cancel what you asked for")
@app_commands.autocomplete(request=_own_requests)
@app_commands.describe(request="Which request; the latest unless you say otherwise", everything="All of your requests")
async def cancel(interaction: discord.Interaction[Bot], request: str | None = None, everything: bool = False) -> None:
    """Cancel one's own requests, never others'."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    mine = await _unfinished(interaction)
    chosen = [one for one in mine if request in (None, one.id, cards.reference(one.id))]
    if not chosen:
        raise Refused("You have nothing waiting or running that could be cancelled.")
    for one in mine if everything else chosen[:1]:
        await chat.studio.withdraw(one.id, asking.member_id(interaction.user))
    await interaction.edit_original_response(content=say("cancel.done", count=len(mine) if everything else 1))


@command("quota", "What you have used today, and what is left")
async def quota(interaction: discord.Interaction[Bot]) -> None:
    """The day's seconds, requests under way, and the share of the queue."""
    chat, place = interaction.client.chat, of_interaction(interaction)
    say = await asking.quietly(interaction)
    rules = await chat.studio.policy.rules(place.address())
    used = await chat.studio.policy.used_today(asking.member_id(interaction.user))
    unlimited = say("quota.unlimited")
    lines = [
        say("quota.used", used=cards.duration(say, used) if used else "0", most=_most(say, rules.daily_seconds)),
        say("quota.waiting", count=len(await _unfinished(interaction)), most=rules.max_waiting or unlimited),
        say("quota.limits", count=rules.max_count or unlimited, steps=rules.max_steps or unlimited),
        say("quota.weight", weight=f"{rules.weight_of(place.roles):g}"),
    ]
    await interaction.edit_original_response(content="\n".join(lines))


def _most(say: Words, seconds: float | None) -> str:
    return say("quota.unlimited") if seconds is None else cards.duration(say, seconds)


@command("vote", "Let the channel choose which of several pictures goes on")
@app_commands.autocomplete(picture=options.own_pictures)
@app_commands.describe(
    picture="A picture of the result; your latest unless you say otherwise",
    minutes="How long the vote is open",
    quorum="How many must vote",
    then="What happens to the winner",
)
async def vote(
    interaction: discord.Interaction[Bot],
    picture: str | None = None,
    minutes: app_commands.Range[float, 0.1, 1440.0] = 5,
    quorum: app_commands.Range[int, 1, 1000] = 3,
    then: Literal["upscale", "vary"] = "upscale",
) -> None:
    """Open a vote on a result."""
    store, member = interaction.client.chat.store, asking.member_id(interaction.user)
    found = [await store.picture(picture)] if picture else await store.history(member, "", 1)
    if not found:
        raise NotFound("picture", "your last one")
    await votes.begin(interaction, found[0], minutes, quorum, then)


@command("help", "What I can do, and how to ask for it")
async def help_(interaction: discord.Interaction[Bot]) -> None:
    """A short guide."""
    say = await asking.quietly(interaction)
    me = interaction.client.user
    await interaction.edit_original_response(content=say("help.text", bot=me.mention if me else "@pixxelbot"))


@command("about", "What I am")
async def about(interaction: discord.Interaction[Bot]) -> None:
    """Version, models, planner."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    planner = chat.settings.llm_model if chat.settings.llm else say("about.offline")
    text = say("about.text", software=software(), models=", ".join(chat.limits), planner=planner)
    await interaction.edit_original_response(content=text)
