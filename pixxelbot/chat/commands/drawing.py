"""Commands that draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands

from pixxelbot.chat import asking, foreign, forms, regions
from pixxelbot.chat.commands import options
from pixxelbot.chat.commands.options import ASPECT_CHOICES, Start, command, of_a_picture
from pixxelbot.chat.foreign import changed
from pixxelbot.chat.forms import Filled
from pixxelbot.chat.press import Press
from pixxelbot.errors import InvalidRequest, NotFound
from pixxelbot.intent import Action, Changes, Intent
from pixxelbot.job import Address, Link, Request
from pixxelbot.picture import Picture
from pixxelbot.recipe import MAX_COUNT, MAX_SEED

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

Mode = Literal["img2img", "vary", "edges", "depth", "pose", "scribble", "sweep"]
Side = Literal["out", "left", "right", "up", "down"]


@command("imagine", "Draw pictures from your words")
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.autocomplete(style=options.styles, lora=options.loras, model=options.models, sampler=options.samplers)
@app_commands.describe(
    prompt="What you would like to see; flags such as --ar 3:2 work too",
    image="A picture to start from",
    image_url="Web address of a picture to start from",
    aspect="Width to height",
    count="How many pictures (4 unless you say otherwise)",
    style="A look from the library",
    lora="A LoRA that is installed; name:0.8 for less of it",
    model="Which model draws",
    negative="What must not be in it",
    steps="Denoising steps: more is finer and slower",
    guidance="How closely to follow the words",
    sampler="How the noise is taken away",
    seed="The same seed and settings give the same picture",
    strength="How far to depart from the picture you start from",
    verbatim="Draw with exactly your words, nothing added",
)
async def imagine(
    interaction: discord.Interaction[Bot],
    prompt: str,
    image: discord.Attachment | None = None,
    image_url: str | None = None,
    aspect: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
    style: str | None = None,
    lora: str | None = None,
    model: str | None = None,
    negative: str | None = None,
    steps: app_commands.Range[int, 1, 150] | None = None,
    guidance: app_commands.Range[float, 0, 50] | None = None,
    sampler: str | None = None,
    seed: app_commands.Range[int, 0, MAX_SEED] | None = None,
    strength: app_commands.Range[float, 0, 1] | None = None,
    verbatim: bool | None = None,
) -> None:
    """Accept a request to draw."""
    given = Changes(
        aspect=aspect,
        count=count,
        styles=((style, 1.0),) if style else None,
        loras=interaction.client.chat.studio.flags(f'--lora "{lora}"', model).loras if lora else None,
        model=model,
        negative_prompt=negative,
        steps=steps,
        guidance_scale=guidance,
        sampler=sampler,
        seed=seed,
        strength=strength,
        verbatim=verbatim,
    )
    links = [*foreign.links_of(interaction, (image,)), *([Link(url=image_url)] if image_url else [])]

    async def make(address: Address) -> Request:
        return await asking.request(interaction, address, words=prompt, given=given, links=links)

    await asking.stored(interaction, make)


async def follow(
    interaction: discord.Interaction[Bot],
    action: Action,
    images: Sequence[discord.Attachment | None],
    ids: Sequence[str | None],
    changes: Changes | None = None,
    words: str = "",
    *,
    two: bool = False,
) -> None:
    """Accept something to be made of pictures: those named, else the member's latest here."""
    links = foreign.links_of(interaction, images)

    async def make(address: Address) -> Request:
        targets = await foreign.named(interaction, ids)
        if two and len(targets) + len(links) < 2:
            raise InvalidRequest("Name at least two pictures, as files or by their ids.")
        asked = await asking.request(interaction, address, words=words, links=links)
        return asked.evolve(intent=asking.following(action, targets, changes))

    await asking.stored(interaction, make)


async def _follow_one(
    interaction: discord.Interaction[Bot], action: Action, start: Start, changes: Changes | None = None, words: str = ""
) -> None:
    await follow(interaction, action, (start.image,), (start.picture,), changes, words)


@command("blend", "Mix two to five pictures into new ones")
@app_commands.autocomplete(picture1=options.own_pictures, picture2=options.own_pictures)
@app_commands.describe(
    image1="The first picture",
    image2="The second picture",
    image3="A third picture",
    image4="A fourth picture",
    image5="A fifth picture",
    picture1="One of your pictures",
    picture2="Another of your pictures",
    prompt="Words that shall guide the mixture",
    weights="How much of each, such as 1, 2",
    count="How many pictures (4 unless you say otherwise)",
)
async def blend(
    interaction: discord.Interaction[Bot],
    image1: discord.Attachment | None = None,
    image2: discord.Attachment | None = None,
    image3: discord.Attachment | None = None,
    image4: discord.Attachment | None = None,
    image5: discord.Attachment | None = None,
    picture1: str | None = None,
    picture2: str | None = None,
    prompt: str | None = None,
    weights: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
) -> None:
    """Mix pictures."""
    changes = changed(prompt=prompt, weights=_numbers("weights", weights), count=count)
    images = (image1, image2, image3, image4, image5)
    await follow(interaction, "blend", images, (picture1, picture2), changes, prompt or "", two=True)


@command("describe", "Find words for a picture, ready to be drawn")
@of_a_picture("The picture to describe")
async def describe(interaction: discord.Interaction[Bot], start: Start) -> None:
    """Describe a picture in words."""
    await _follow_one(interaction, "describe", start)


@command("shorten", "See which words of a prompt matter")
@app_commands.describe(prompt="The prompt to look into")
async def shorten(interaction: discord.Interaction[Bot], prompt: str) -> None:
    """Weigh the words of a prompt."""
    intent = Intent(action="shorten", query=prompt, changes=Changes(prompt=prompt), planner="none")

    async def make(address: Address) -> Request:
        return (await asking.request(interaction, address, words=prompt)).evolve(intent=intent)

    await asking.stored(interaction, make)


@command("transform", "Turn a picture into another one that keeps its form")
@app_commands.autocomplete(model=options.models)
@app_commands.describe(
    prompt="What it shall become",
    mode="What is kept of the picture",
    strength="How far to depart from the picture you start from",
    strengths="For a sweep: one picture for each, such as 0.2, 0.5, 0.8",
    count="How many pictures (4 unless you say otherwise)",
    model="Which model draws",
)
@of_a_picture("The picture to start from")
async def transform(
    interaction: discord.Interaction[Bot],
    start: Start,
    prompt: str,
    mode: Mode = "img2img",
    strength: app_commands.Range[float, 0, 1] | None = None,
    strengths: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
    model: str | None = None,
) -> None:
    """Start from a picture: from its colours, its edges, its depth, or in steps."""
    changes = changed(strength=strength, count=count, model=model)
    if mode == "img2img":
        await _from_picture(interaction, prompt, start, changes)
        return
    changes = changes.model_copy(update={"prompt": prompt})
    if mode == "vary":
        await _follow_one(interaction, "vary", start, changes, prompt)
    elif mode == "sweep":
        levels = _numbers("strengths", strengths or "0.2, 0.4, 0.6, 0.8")
        changes = changes.model_copy(update={"strengths": levels, "strength": None})
        await _follow_one(interaction, "sweep", start, changes, prompt)
    else:
        changes = changes.model_copy(update={"control": mode})
        await _follow_one(interaction, "control", start, changes, prompt)


async def _from_picture(interaction: discord.Interaction[Bot], prompt: str, start: Start, given: Changes) -> None:
    links = foreign.links_of(interaction, (start.image,))

    async def make(address: Address) -> Request:
        sources = await foreign.named(interaction, (start.picture,))
        if not sources and not links:
            raise InvalidRequest("Name a picture, as a file or by its id.")
        return await asking.request(interaction, address, words=prompt, given=given, sources=sources, links=links)

    await asking.stored(interaction, make)


@command("edit", "Change a picture by saying what to change")
@app_commands.describe(
    instruction="Such as: make it winter", strength="How far to depart from the picture you start from"
)
@of_a_picture("The picture to change")
async def edit(
    interaction: discord.Interaction[Bot],
    start: Start,
    instruction: str,
    strength: app_commands.Range[float, 0, 1] | None = None,
) -> None:
    """Change a picture by an instruction."""
    changes = changed(instruction=instruction, strength=strength)
    await _follow_one(interaction, "edit", start, changes, instruction)


@command("inpaint", "Draw a part of a picture anew")
@app_commands.describe(
    prompt="What to draw there",
    region="Which part, in words: the hat, the sky",
    mask="A mask, or a copy of the picture with the part painted over",
)
@of_a_picture("The picture to change")
async def inpaint(
    interaction: discord.Interaction[Bot],
    start: Start,
    prompt: str,
    region: str | None = None,
    mask: discord.Attachment | None = None,
) -> None:
    """Show the region for approval, or leave finding it to the words."""
    if mask is None:
        changes = changed(prompt=prompt, region=region)
        await _follow_one(interaction, "inpaint", start, changes, prompt)
        return
    filled = Filled({"prompt": prompt, "region": region or ""}, {"mask": [{"url": mask.url, "size": mask.size}]})
    links = foreign.links_of(interaction, (start.image,))
    targets = [] if links else [(await _named(interaction, start.picture)).id]
    await regions.begin(interaction, filled, targets, links)


async def _named(interaction: discord.Interaction[Bot], picture: str | None) -> Picture:
    """The picture named, else the member's latest."""
    store = interaction.client.chat.store
    for name in await foreign.named(interaction, (picture,)):
        return await store.picture(name)
    for one in await store.history(asking.member_id(interaction.user), "", 1):
        return one
    raise NotFound("picture", "your last one")


@command("outpaint", "See more around a picture")
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.describe(
    direction="Where to add",
    scale="How far: 2 is twice as wide",
    aspect="Width to height of the result",
    prompt="What shall be seen there",
)
@of_a_picture("The picture to widen")
async def outpaint(
    interaction: discord.Interaction[Bot],
    start: Start,
    direction: Side | None = None,
    scale: app_commands.Range[float, 1.1, 4.0] | None = None,
    aspect: str | None = None,
    prompt: str | None = None,
) -> None:
    """Zoom out, pan, or change the aspect."""
    if direction is None and aspect is None:
        direction = "out"
    fields: dict[str, Any] = {"scale": scale or (1.5 if direction else None), "aspect": aspect, "prompt": prompt}
    changes = changed(**fields, directions=(direction,) if direction else None)
    await _follow_one(interaction, "outpaint", start, changes, prompt or "")


@command("upscale", "Make a picture larger")
@app_commands.describe(scale="How many times larger", method="Faithful keeps every detail; creative invents new ones")
@of_a_picture("The picture to enlarge")
async def upscale(
    interaction: discord.Interaction[Bot],
    start: Start,
    scale: Literal[2, 4] = 2,
    method: Literal["faithful", "creative"] | None = None,
) -> None:
    """Enlarge."""
    await _follow_one(interaction, "upscale", start, changed(scale=float(scale), method=method))


@command("interpolate", "Morph one picture into another, as an animation")
@app_commands.autocomplete(picture1=options.own_pictures, picture2=options.own_pictures)
@app_commands.describe(
    picture1="One of your pictures",
    picture2="Another of your pictures",
    image1="The first picture",
    image2="The second picture",
    frames="How many pictures the animation has",
)
async def interpolate(
    interaction: discord.Interaction[Bot],
    picture1: str | None = None,
    picture2: str | None = None,
    image1: discord.Attachment | None = None,
    image2: discord.Attachment | None = None,
    frames: app_commands.Range[int, 2, 60] | None = None,
) -> None:
    """Frames between two pictures."""
    changes = changed(frames=frames)
    await follow(interaction, "interpolate", (image1, image2), (picture1, picture2), changes, two=True)


@command("making-of", "Watch how a picture came out of the noise")
@app_commands.describe(frames="How many pictures the animation has")
@of_a_picture("A picture to watch dissolve into noise")
async def making_of(
    interaction: discord.Interaction[Bot], start: Start, frames: app_commands.Range[int, 2, 60] | None = None
) -> None:
    """The denoising as an animation."""
    await _follow_one(interaction, "making_of", start, changed(frames=frames))


@command("remix", "Draw one of your pictures again, with changes")
@app_commands.autocomplete(
    picture=options.own_pictures, style=options.styles, model=options.models, sampler=options.samplers
)
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.describe(
    picture="One of your pictures",
    prompt="What to draw; leave it out to get a form with everything",
    negative="What must not be in it",
    aspect="Width to height",
    count="How many pictures (4 unless you say otherwise)",
    style="A look from the library",
    model="Which model draws",
    sampler="How the noise is taken away",
    seed="The same seed and settings give the same picture",
)
async def remix(
    interaction: discord.Interaction[Bot],
    picture: str | None = None,
    prompt: str | None = None,
    negative: str | None = None,
    aspect: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
    style: str | None = None,
    model: str | None = None,
    sampler: str | None = None,
    seed: app_commands.Range[int, 0, MAX_SEED] | None = None,
) -> None:
    """With a prompt at once, without one by the form."""
    styles = ((style, 1.0),) if style else None
    changes = changed(
        prompt=prompt, negative_prompt=negative, aspect=aspect, count=count, styles=styles, model=model,
        sampler=sampler, seed=seed,
    )  # fmt: skip
    if changes.said():
        await follow(interaction, "remix", (), (picture,), changes, prompt or "")
        return
    found = await _named(interaction, picture)
    if found.job_id is None:
        raise NotFound("recipe", found.id)
    press = Press("remix", found.job_id, found.index + 1)
    await interaction.response.send_modal(forms.remix_form(await asking.speaker(interaction), press, found.recipe))


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    """`0.2, 0.5` → numbers.

    Raises:
        InvalidRequest: one of them is none.
    """
    if not text:
        return None
    try:
        return tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError:
        raise InvalidRequest(f"{name} takes numbers with commas between them, such as 0.2, 0.5, 0.8.") from None
