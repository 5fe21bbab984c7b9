"""Commands that start from stored pictures, or speak of them: edit, inpaint, outpaint, blend, describe, search, …"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixxelbot.cli import session
from pixxelbot.cli.drawing import (
    Aspect,
    Count,
    Out,
    PictureId,
    Seed,
    Steps,
    Strength,
    asked,
    changes,
    picture_at,
    raise_failure,
    see_through,
)  # fmt: skip
from pixxelbot.cli.screen import Json, Screen
from pixxelbot.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from pixxelbot.app import App
    from pixxelbot.intent import Action, Changes, Intent
    from pixxelbot.job import Request

Text = Annotated[list[str], typer.Argument(metavar="TEXT")]
Pictures = Annotated[list[str], typer.Argument(metavar="PICTURE…", help="Ids of pictures, or their beginnings.")]
Scale = Annotated[float | None, typer.Option("--scale", help="How much more is shown; 1.5 unless said.")]
Frames = Annotated[int | None, typer.Option("--frames", help="Frames of the animation; 16 unless said.")]


def edit(
    picture: PictureId, text: Text, strength: Strength = None, count: Count = None, seed: Seed = None,
    steps: Steps = None, out: Out = None, json: Json = False,
) -> None:  # fmt: skip
    """Change a picture as told, such as: make it winter."""
    said = changes(instruction=" ".join(text), strength=strength, count=count, seed=seed, steps=steps)
    _follow_up("edit", [picture], said, Screen(json), out)


def inpaint(
    picture: PictureId,
    text: Text,
    region: Annotated[str | None, typer.Option("--region", help="The part to draw anew, in words: the hat.")] = None,
    mask: Annotated[
        str | None, typer.Option("--mask", metavar="FILE", help="A picture that is white where to draw anew.")
    ] = None,
    count: Count = None,
    seed: Seed = None,
    steps: Steps = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Draw one part of a picture anew; TEXT is what is there then."""
    said = changes(prompt=" ".join(text), region=region, count=count, seed=seed, steps=steps)
    session.wait_for(_carry_out("inpaint", [picture], said, Screen(json), out, mask))


def outpaint(
    picture: PictureId,
    side: Annotated[
        list[str] | None, typer.Option("--side", help="left, right, up or down; all of them unless said.")
    ] = None,
    scale: Scale = None,
    ar: Aspect = None,
    count: Count = None,
    seed: Seed = None,
    steps: Steps = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Show more of what is around a picture."""
    said = changes(directions=side and tuple(side), scale=scale, aspect=ar, count=count, seed=seed, steps=steps)
    _follow_up("outpaint", [picture], said, Screen(json), out)


def blend(
    picture: Pictures,
    weight: Annotated[
        list[float] | None, typer.Option("--weight", help="Of each picture, in their order; may be repeated.")
    ] = None,
    count: Count = None,
    seed: Seed = None,
    steps: Steps = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Make two to five pictures into one."""
    _follow_up(
        "blend",
        picture,
        changes(weights=weight and tuple(weight), count=count, seed=seed, steps=steps),
        Screen(json),
        out,
    )


def interpolate(
    picture: Pictures,
    to: Annotated[str | None, typer.Option("--to", metavar="TEXT", help="What one picture turns into.")] = None,
    frames: Frames = None,
    seed: Seed = None,
    steps: Steps = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Animate the way from one picture to another, or to what words say."""
    _follow_up("interpolate", picture, changes(prompt=to, frames=frames, seed=seed, steps=steps), Screen(json), out)


def making_of(picture: PictureId, frames: Frames = None, out: Out = None, json: Json = False) -> None:
    """Show how a picture came out of noise."""
    _follow_up("making_of", [picture], changes(frames=frames), Screen(json), out)


def background(picture: Pictures, out: Out = None, json: Json = False) -> None:
    """Cut out what is in front, on a transparent ground."""
    _follow_up("background", picture, changes(), Screen(json), out)


def describe(
    picture: Annotated[str, typer.Argument(metavar="PICTURE|FILE|URL", help="A stored picture, a file or an address.")],
    json: Json = False,
) -> None:
    """Say in four prompts what a picture shows, and its aspect."""
    session.wait_for(_describe(Screen(json), picture))


def shorten(text: Text, json: Json = False) -> None:
    """Show which words of a prompt matter, and shorter forms of it."""
    session.wait_for(_answered("shorten", (), " ".join(text), Screen(json)))


def search(
    text: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]")] = None,
    image: Annotated[
        str | None, typer.Option("--image", metavar="FILE|URL", help="Look for pictures like this one.")
    ] = None,
    json: Json = False,
) -> None:
    """Find one's own pictures by words, or by a picture."""
    if not (text or image):
        raise InvalidRequest("Say what to look for, or show a picture with --image.")
    session.wait_for(_answered("search", (), " ".join(text or ()), Screen(json), image))


# --- what draws -----------------------------------------------------------------------------------------------------


def _follow_up(action: Action, pictures: list[str], said: Changes, screen: Screen, out: Path | None) -> None:
    session.wait_for(_carry_out(action, pictures, said, screen, out))


async def _carry_out(
    action: Action, pictures: list[str], said: Changes, screen: Screen, out: Path | None, mask: str | None = None
) -> None:
    async with session.opened(console=screen.news) as app:
        targets = tuple([(await app.store.picture(name)).id for name in pictures])
        if mask is not None:
            kept = await app.studio.upload(await picture_at(mask), session.operator())
            said = said.model_copy(update={"mask": kept.id})
        request = asked(words=said.instruction or said.prompt or action)
        await see_through(screen, app, lambda: app.studio.follow_up(action, targets, request, said), out)


# --- what answers in words ------------------------------------------------------------------------------------------


async def _describe(screen: Screen, name: str) -> None:
    async with session.opened(console=screen.news) as app:
        try:
            found = await app.store.picture(name)
        except NotFound:
            if not (name.startswith(("http://", "https://")) or Path(name).is_file()):
                raise
            found = await app.studio.upload(await picture_at(name), session.operator())
        await _answer(screen, app, "describe", (found.id,), "")


async def _answered(
    action: Action, targets: tuple[str, ...], query: str, screen: Screen, image: str | None = None
) -> None:
    async with session.opened(console=screen.news) as app:
        shown = [await app.studio.upload(await picture_at(image), session.operator())] if image else []
        await _answer(screen, app, action, targets, query, tuple(one.id for one in shown))


async def _answer(
    screen: Screen, app: App, action: Action, targets: tuple[str, ...], query: str, sources: tuple[str, ...] = ()
) -> None:
    from pixxelbot.intent import Intent

    intent = Intent(action=action, targets=targets, query=query, planner="none")
    accepted = await app.studio.accept(asked(words=query or action, sources=sources).evolve(intent=intent))
    request = await app.studio.planned(accepted.id)
    raise_failure(request)
    assert request.intent is not None
    screen.answer(_told(request, request.intent), request.intent.reply)


def _told(request: Request, intent: Intent) -> dict[str, object]:
    drawn = [choice.intent.changes for choice in intent.choices if choice.intent]
    return {
        "request": request.id,
        "action": intent.action,
        "planner": intent.planner,
        "query": intent.query,
        "targets": list(intent.targets),
        "prompts": [one.prompt for one in drawn],
        "aspect": next((one.aspect for one in drawn if one.aspect), None),
        "reply": intent.reply,
        "notes": list(intent.notes),
    }
