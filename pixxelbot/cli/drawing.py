"""Commands that draw: the same way through studio, dispatcher, renderer and store that Discord uses."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen, table
from pixxelbot.errors import InvalidRequest, PixxelbotError, StoreError
from pixxelbot.memory import in_words

if TYPE_CHECKING:
    from pixxelbot.app import App
    from pixxelbot.cli.bars import Bars
    from pixxelbot.intent import Action, Changes, Intent
    from pixxelbot.job import Job, Request
    from pixxelbot.picture import Picture
    from pixxelbot.recipe import Recipe

Words = Annotated[list[str], typer.Argument(metavar="TEXT", help="What you would like to see.")]
PictureId = Annotated[str, typer.Argument(metavar="PICTURE", help="Id of a picture, or its beginning.")]
Count = Annotated[int | None, typer.Option("--count", help="How many pictures, 1 to 10.")]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Where the noise starts; the same seed draws the same picture.")
]
Aspect = Annotated[str | None, typer.Option("--ar", metavar="W:H", help="Width to height, such as 16:9.")]
Size = Annotated[
    str | None,
    typer.Option("--size", metavar="WxH", help="Width and height in pixels, such as 96x96, in place of --ar."),
]
Steps = Annotated[int | None, typer.Option("--steps", help="Denoising steps.")]
Guidance = Annotated[
    float | None, typer.Option("--guidance", help="How strictly the words are followed; 1 is not at all.")
]
Sampler = Annotated[str | None, typer.Option("--sampler", help="Solver, such as DDIM or Euler a.")]
Model = Annotated[str | None, typer.Option("--model", help="Name of a model in PIXXELBOT_MODELS.")]
Style = Annotated[list[str] | None, typer.Option("--style", metavar="NAME[:WEIGHT]", help="A style; may be repeated.")]
Lora = Annotated[list[str] | None, typer.Option("--lora", metavar="NAME[:WEIGHT]", help="A LoRA; may be repeated.")]
Negative = Annotated[str | None, typer.Option("--negative", metavar="TEXT", help="What must not be in the picture.")]
Verbatim = Annotated[bool, typer.Option("--verbatim", help="Draw exactly these words; nothing is added.")]
Image = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="FILE|URL|ID", help="A picture to start from, here, stored, or on the public web."),
]
Strength = Annotated[
    float | None, typer.Option("--strength", help="How much of the start is redrawn: 0 keeps it, 1 ignores it.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for the pictures.", show_default="out in PIXXELBOT_HOME"),
]

ID: Final = re.compile(r"[0-9A-Za-z]{4,26}")
SHOWN: Final = {
    "prompt": "prompt",
    "negative_prompt": "without",
    "aspect": "aspect",
    "count": "pictures",
    "styles": "styles",
    "loras": "LoRA",
    "strength": "strength",
    "scale": "enlarged",
    "steps": "steps",
    "guidance_scale": "guidance",
    "sampler": "sampler",
    "seed": "seed",
    "model": "model",
}
"""Fields of a recipe that the plan shows, in this order, and what they are called there."""


def imagine(
    text: Words,
    count: Count = None,
    seed: Seed = None,
    ar: Aspect = None,
    size: Size = None,
    steps: Steps = None,
    guidance: Guidance = None,
    sampler: Sampler = None,
    model: Model = None,
    style: Style = None,
    lora: Lora = None,
    negative: Negative = None,
    verbatim: Verbatim = False,
    image: Image = None,
    strength: Strength = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Draw pictures from words, and print where they are."""
    given = changes(
        count=count, seed=seed, aspect=ar, **sides(size), steps=steps, guidance_scale=guidance, sampler=sampler,
        model=model, styles=weighted(style), loras=weighted(lora, "lora"), negative_prompt=negative,
        verbatim=verbatim or None, strength=strength,
    )  # fmt: skip
    session.wait_for(_imagine(Screen(json), " ".join(text), given, image, out))


async def _imagine(screen: Screen, words: str, given: Changes, image: list[str] | None, out: Path | None) -> None:
    async with session.opened(console=screen.news) as app:
        request = asked(words=words, given=given, sources=await _uploaded(app, image))
        await see_through(screen, app, lambda: app.studio.accept(request), out)


def plan(
    text: Words,
    count: Count = None,
    seed: Seed = None,
    ar: Aspect = None,
    size: Size = None,
    steps: Steps = None,
    model: Model = None,
    style: Style = None,
    lora: Lora = None,
    negative: Negative = None,
    verbatim: Verbatim = False,
    json: Json = False,
) -> None:
    """Show what would be drawn and why; nothing is drawn or kept."""
    given = changes(
        count=count, seed=seed, aspect=ar, **sides(size), steps=steps, model=model, styles=weighted(style),
        loras=weighted(lora, "lora"), negative_prompt=negative, verbatim=verbatim or None,
    )  # fmt: skip
    session.wait_for(_plan(Screen(json), " ".join(text), given))


async def _plan(screen: Screen, words: str, given: Changes) -> None:
    async with session.opened(console=screen.news) as app:
        intent, recipe = await app.studio.plan(asked(words=words, given=given))
        forecast = await foreseen(app, recipe) if recipe else None
    answer = {
        "action": intent.action,
        "targets": list(intent.targets),
        "description": intent.description,
        "query": intent.query,
        "recipe": recipe and recipe.model_dump(mode="json"),
        "forecast": forecast,
        "reasons": intent.reasons,
        "planner": intent.planner,
        "notes": list(intent.notes),
        "reply": intent.reply,
    }
    shown = plan_table(words, intent, recipe, forecast) if recipe else intent.reply or intent.action
    screen.answer(answer, shown)


async def foreseen(app: App, recipe: Recipe) -> dict[str, Any]:
    """What a recipe will take, in seconds and bytes, the bytes that are free, and flags that make it fit."""
    from pixxelbot.studio import preflight

    found = app.studio.forecast(recipe)
    instead = None if found.fits else app.studio.lesser(recipe)
    facts = {"seconds": round(found.seconds, 2), "bytes": found.bytes, "room": found.room, "fits": found.fits}
    return facts | {"instead": instead and preflight.flags(instead)}


def vary(
    picture: PictureId,
    strength: Strength = None,
    count: Count = None,
    seed: Seed = None,
    steps: Steps = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Draw variations of a picture."""
    _follow_up("vary", picture, changes(strength=strength, count=count, seed=seed, steps=steps), Screen(json), out)


def remix(
    picture: PictureId,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]", help="The new prompt; the old one when left out.")
    ] = None,
    count: Count = None,
    seed: Seed = None,
    ar: Aspect = None,
    size: Size = None,
    steps: Steps = None,
    guidance: Guidance = None,
    style: Style = None,
    lora: Lora = None,
    negative: Negative = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Draw a picture's recipe again with changes; what was not mentioned stays alike."""
    changed = changes(
        prompt=" ".join(text or ()) or None, count=count, seed=seed, aspect=ar, **sides(size), steps=steps,
        guidance_scale=guidance, styles=weighted(style), loras=weighted(lora, "lora"), negative_prompt=negative,
    )  # fmt: skip
    _follow_up("remix", picture, changed, Screen(json), out)


def upscale(
    picture: PictureId,
    scale: Annotated[float | None, typer.Option("--scale", help="How many times larger; 2 unless said.")] = None,
    strength: Strength = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Enlarge a picture, with new detail."""
    _follow_up("upscale", picture, changes(scale=scale, strength=strength), Screen(json), out)


def again(picture: PictureId, seed: Seed = None, count: Count = None, out: Out = None, json: Json = False) -> None:
    """Draw a picture's recipe again from fresh noise."""
    _follow_up("again", picture, changes(seed=seed, count=count), Screen(json), out)


def _follow_up(action: Action, picture: str, changed: Changes, screen: Screen, out: Path | None) -> None:
    session.wait_for(_carry_out(action, picture, changed, screen, out))


async def _carry_out(action: Action, picture: str, changed: Changes, screen: Screen, out: Path | None) -> None:
    async with session.opened(console=screen.news) as app:
        target = await app.store.picture(picture)
        request = asked(words=target.recipe.prompt)
        await see_through(screen, app, lambda: app.studio.follow_up(action, (target.id,), request, changed), out)


# --- from a request to files ------------------------------------------------------------------------------------


async def see_through(screen: Screen, app: App, accept: Callable[[], Awaitable[Request]], out: Path | None) -> None:
    """Accept a request, show how it comes along, and copy out what was drawn."""
    from pixxelbot.cli.bars import bars

    folder = await _made(out or app.settings.home / "out")
    with bars(screen.news) as shown:
        shown.stage("Understanding your words")
        accepted = await accept()
        try:
            request = await _drawn(screen, app, accepted, shown)
        except asyncio.CancelledError:
            await _withdraw(app, accepted)
            raise
        raise_failure(request)
    await _show(screen, app, request, await app.store.job_of(request.id), folder)


async def _drawn(screen: Screen, app: App, accepted: Request, shown: Bars) -> Request:
    """See a request through planning and drawing; it comes back ended."""
    request = await app.studio.planned(accepted.id)
    job = await app.store.job_of(request.id)
    if job is None:
        return request
    if request.intent and not screen.as_json:
        shown.print(plan_table(request.words, request.intent, job.recipe, await foreseen(app, job.recipe)))
    watching = asyncio.create_task(shown.follow(app, request))
    try:
        return await app.serve(job)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _withdraw(app: App, request: Request) -> None:
    """Nobody waits for this any more: neither this process nor a bot shall draw it."""
    with contextlib.suppress(PixxelbotError):  # it has ended meanwhile
        if job := await app.store.job_of(request.id):
            await app.studio.cancel(job.id, job.member_id)
        else:
            await app.store.cancel_request(request.id)


async def _show(screen: Screen, app: App, request: Request, job: Job | None, out: Path) -> None:
    pictures = await app.store.pictures(job=job.id, limit=job.recipe.count) if job else []
    pictures.sort(key=lambda one: one.index)
    paths = [await copied(out, f"{one.id}.png", await app.store.picture_bytes(one.id)) for one in pictures]
    grid = await app.store.grid_bytes(job.id) if job else None
    from pixxelbot.picture import suffix_of  # Pillow takes a while to import

    grid_path = await copied(out, f"{job.id}-grid.{suffix_of(grid)}", grid) if job and grid else None
    intent = request.intent
    answer = {
        "job": job and job.id,
        "request": request.id,
        "status": job.status if job else request.status,
        "planner": intent and intent.planner,
        "intent": intent and intent.model_dump(mode="json"),
        "recipe": job and job.recipe.model_dump(mode="json"),
        "pictures": [_described(one, path) for one, path in zip(pictures, paths, strict=True)],
        "grid": grid_path and str(grid_path),
        "notes": list(job.notes) if job else [],
    }
    words = [intent.reply] if intent and not job else []
    screen.answer(answer, *words, *map(str, paths), *([str(grid_path)] if grid_path else []))


def _described(one: Picture, path: Path) -> dict[str, Any]:
    return {"id": one.id, "path": str(path), "seed": one.seed, "width": one.width, "height": one.height}


async def _made(folder: Path) -> Path:
    """Make a folder, and find out before drawing that it cannot be made."""
    with _named(folder):
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    return folder


async def copied(folder: Path, name: str, data: bytes) -> Path:
    """Write a file; where it is.

    Raises:
        StoreError: the file cannot be written; it is named.
    """
    path = (await _made(folder) / name).absolute()
    with _named(path):
        await asyncio.to_thread(path.write_bytes, data)
    return path


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path} cannot be written ({reason}). Choose another place with --out.") from error


async def _uploaded(app: App, images: list[str] | None) -> tuple[str, ...]:
    return tuple([await _stored(app, image) for image in images or ()])


async def _stored(app: App, image: str) -> str:
    """Id of the picture at a path or address, or of the stored one that has this name."""
    if ID.fullmatch(image) and not Path(image).exists():
        return (await app.store.picture(image)).id
    return (await app.studio.upload(await picture_at(image), session.operator())).id


async def picture_at(image: str) -> bytes:
    """The bytes of a file, or behind an address of the public web.

    Raises:
        InvalidRequest: the file cannot be read.
        ForbiddenAddress, InvalidPicture: the address leads nowhere good.
    """
    if image.lower().startswith(("http://", "https://")):
        from pixxelbot.fetch import fetch_picture

        return await fetch_picture(image)
    try:
        return await asyncio.to_thread(Path(image).read_bytes)
    except OSError as error:
        raise InvalidRequest(f"--image {image} cannot be read ({error.strerror or error}).") from error


# --- between the command line and the house's values ------------------------------------------------------------


def asked(*, words: str, given: Changes | None = None, sources: tuple[str, ...] = ()) -> Request:
    """A request of whoever sits at this machine."""
    from pixxelbot.intent import Changes
    from pixxelbot.job import Request, new_id

    member = session.operator()
    return Request(
        source_event_id=f"cli:{new_id()}",
        member_id=member,
        member_name=member.removeprefix("cli:"),
        words=words,
        given=given or Changes(),
        sources=sources,
    )


def changes(**said: Any) -> Changes:
    """Options as Changes.

    Raises:
        InvalidRequest: one cannot be read at all; ranges are the studio's to check.
    """
    from pydantic import ValidationError

    from pixxelbot.intent import Changes

    try:
        return Changes(**said)
    except ValidationError as error:
        first = error.errors()[0]
        allowed = "write it as width:height, such as 16:9" if first["loc"][0] == "aspect" else first["msg"]
        raise InvalidRequest(f"{first['loc'][0]} is {first['input']!r}, which cannot be read: {allowed}.") from None


def sides(size: str | None) -> dict[str, int]:
    """`96x64` as width and height.

    Raises:
        InvalidRequest: it cannot be read.
    """
    if not size:
        return {}
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size.lower())
    if match is None:
        raise InvalidRequest(f"--size {size} cannot be read. Write it as width and height in pixels, such as 96x96.")
    return {"width": int(match[1]), "height": int(match[2])}


def weighted(said: list[str] | None, option: str = "style") -> tuple[tuple[str, float], ...] | None:
    """`watercolour` and `film-noir:0.5` as names with weights.

    Raises:
        InvalidRequest: a weight is no number.
    """
    if not said:
        return None
    pairs = []
    for one in said:
        name, _, weight = one.partition(":")
        try:
            pairs.append((name, float(weight or 1)))
        except ValueError:
            raise InvalidRequest(
                f"--{option} {one}: the weight {weight!r} is no number. Write it like {name}:0.5."
            ) from None
    return tuple(pairs)


def plan_table(words: str, intent: Intent, recipe: Recipe, forecast: Mapping[str, Any] | None = None) -> Table:
    """Your words → what I drew with, and why; and what it takes."""
    made = table(f"“{words}” → what I draw with", "", "value", "because")
    values = recipe.model_dump()
    for field, name in SHOWN.items():
        value = values[field]
        if value in (None, "", ()):
            continue
        if field in ("styles", "loras"):
            value = ", ".join(f"{style} × {weight:g}" for style, weight in value)
        made.add_row(name, f"{value:g}" if isinstance(value, float) else str(value), intent.reasons.get(field, ""))
    if forecast:
        made.add_row("takes", *_taken(forecast))
    for note in intent.notes:
        made.add_row("note", note, "")
    made.caption = f"planned by: {intent.planner}"
    return made


def _taken(forecast: Mapping[str, Any]) -> tuple[str, str]:
    """Time and memory in words, and what to do where the memory does not suffice."""
    taken = f"about {forecast['seconds']:.1f} s"
    if forecast["bytes"] is None:
        return taken, "its memory was not measured yet"
    taken += f", {in_words(forecast['bytes'])}"
    if forecast["fits"]:
        return taken, ""
    fitting = f"; this fits: {forecast['instead']}" if forecast["instead"] else ""
    return taken, f"{in_words(forecast['room'])} is free{fitting}"


def raise_failure(request: Request) -> None:
    """Raise the error that a request ended with, if it ended with one; with the flags of what would do instead."""
    if request.error_code:
        from pixxelbot.errors import recalled
        from pixxelbot.studio import preflight

        offered = [one.instead for one in request.intent.choices if one.instead] if request.intent else []
        instead = "".join(f" This fits: {preflight.flags(one)}" for one in offered)
        raise recalled(request.error_code, f"{request.error_message or ''}{instead}")
