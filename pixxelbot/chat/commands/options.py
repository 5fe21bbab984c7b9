"""What commands share: where they are offered, and what they suggest while an option is typed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import discord
from discord import app_commands
from discord.utils import resolve_annotation

from pixxelbot.chat import asking
from pixxelbot.chat.cards import short, shortened
from pixxelbot.recipe import MAX_COUNT

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot
    from pixxelbot.recipe import Limits

T = TypeVar("T")

ASPECTS: Final = ("1:1", "5:4", "4:5", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
MOST_CHOICES: Final = 25
"""Suggestions of one autocomplete answer, by Discord's rule."""
ASPECT_CHOICES: Final = [app_commands.Choice(name=one, value=one) for one in ASPECTS]


def everywhere(command: T) -> T:
    """Offer a command in servers, direct messages and group chats, to servers and members that installed the bot."""
    installs = app_commands.allowed_installs(guilds=True, users=True)
    contexts = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    return contexts(installs(command))


def command(name: str, description: str) -> Callable[[Any], Any]:
    """A slash command that is offered everywhere."""

    def made(callback: Any) -> Any:
        return everywhere(app_commands.command(name=name, description=description)(callback))

    return made


def suggestions(names: Sequence[str], typed: str) -> list[app_commands.Choice[str]]:
    """Names that contain what was typed, those that begin with it first."""
    sought = typed.strip().casefold()
    found = [name for name in names if sought in name.casefold()]
    found.sort(key=lambda name: not name.casefold().startswith(sought))
    return [app_commands.Choice(name=name[:100], value=name) for name in found[:MOST_CHOICES] if len(name) <= 100]


async def styles(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """Styles by name."""
    return suggestions(interaction.client.chat.studio.styles, typed)


async def models(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """Models by name."""
    return suggestions(tuple(interaction.client.chat.limits), typed)


async def loras(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """LoRAs installed for the model that was chosen, else for any."""
    return suggestions(_of_the_model(interaction, lambda one: one.loras), typed)


async def samplers(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """Samplers of the model that was chosen, else of all."""
    return suggestions(_of_the_model(interaction, lambda one: one.samplers), typed)


def _of_the_model(interaction: discord.Interaction[Bot], names: Callable[[Limits], Sequence[str]]) -> tuple[str, ...]:
    limits = interaction.client.chat.limits
    chosen = limits.get(str(getattr(interaction.namespace, "model", "") or ""))
    known = [chosen] if chosen else list(limits.values())
    return tuple(dict.fromkeys(name for one in known for name in names(one)))


async def own_pictures(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """The member's latest pictures, by words of their prompts."""
    found = await interaction.client.chat.store.history(asking.member_id(interaction.user), typed, MOST_CHOICES)
    names = ((one, f"{short(one.id)} · {' '.join(one.recipe.prompt.split())}") for one in found)
    return [app_commands.Choice(name=shortened(name, 100), value=one.id) for one, name in names]


# --- options that several commands have ----------------------------------------------------------------------------


def _said(
    model: str | None = None,
    style: str | None = None,
    aspect: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
    steps: app_commands.Range[int, 1, 150] | None = None,
    guidance: app_commands.Range[float, 0, 50] | None = None,
    sampler: str | None = None,
    negative: str | None = None,
) -> dict[str, Any]:
    """What was said of the fields of `rules.Defaults`."""
    fields = {
        "model": model, "style": style, "aspect": aspect, "count": count, "steps": steps, "guidance_scale": guidance,
        "sampler": sampler, "negative_prompt": negative,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def with_defaults(callback: Callable[..., Any]) -> Any:
    """A command that sets defaults: it has their options before its own, and gets what was said as a dict."""
    made = _adding(callback, _said, first=True)
    made = app_commands.choices(aspect=ASPECT_CHOICES)(made)
    made = app_commands.autocomplete(style=styles, model=models, sampler=samplers)(made)
    return app_commands.describe(
        model="Which model draws",
        style="A look from the library",
        aspect="Width to height",
        count="How many pictures",
        steps="Denoising steps: more is finer and slower",
        guidance="How closely to follow the words",
        sampler="How the noise is taken away",
        negative="What must not be in it",
    )(made)


@dataclass(frozen=True, slots=True)
class Start:
    """The picture that a command is about: one sent along, one's own by id, or where neither is there the latest."""

    image: discord.Attachment | None = None
    picture: str | None = None


def _start(image: discord.Attachment | None = None, picture: str | None = None) -> Start:
    return Start(image, picture)


def of_a_picture(what: str) -> Callable[[Callable[..., Any]], Any]:
    """A command about a picture: it has the options `image` and `picture` after its own, and gets a Start."""

    def made(callback: Callable[..., Any]) -> Any:
        whole = app_commands.autocomplete(picture=own_pictures)(_adding(callback, _start, first=False))
        return app_commands.describe(image=what, picture="One of your pictures")(whole)

    return made


def _adding(callback: Callable[..., Any], shared: Callable[..., Any], *, first: bool) -> Callable[..., Any]:
    """A callback with the options of `shared` beside its own; what that makes of them is its second argument.

    discord.py reads a command's options from its signature and resolves their annotations where it is defined.
    """
    interaction, _, *own = inspect.signature(callback).parameters.values()
    extra = list(inspect.signature(shared).parameters.values())
    own, extra = _resolved(own, callback), _resolved(extra, shared)

    @functools.wraps(callback)
    async def whole(interaction: discord.Interaction[Bot], **given: Any) -> None:
        made = shared(**{one.name: given.pop(one.name) for one in extra})
        await callback(interaction, made, **given)

    parameters = [interaction, *extra, *own] if first else [interaction, *own, *extra]
    whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return whole


def _resolved(parameters: Sequence[inspect.Parameter], of: Callable[..., Any]) -> list[inspect.Parameter]:
    names = inspect.unwrap(of).__globals__
    return [one.replace(annotation=resolve_annotation(one.annotation, names, names, {})) for one in parameters]
