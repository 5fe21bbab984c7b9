"""`pixxelbot models …`: which models there are, whether they are whole, and how fast they draw here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from pixxelbot import hub
from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen, table
from pixxelbot.errors import ConfigurationError, InvalidRequest, ModelMissing, PixxelbotError, UnknownChoice

if TYPE_CHECKING:
    from pixxelbot.app import App
    from pixxelbot.intent import Intent
    from pixxelbot.profile import Profile

BAR: Final = 40
"""Characters of the longest bar of a chart."""
CHUNK: Final = 2**22
"""Bytes read between two looks at the progress."""

app = typer.Typer(name="models", help="See, check, add and measure models.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Its name; the default one unless said.")]


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models that are set up, and the networks beside them."""
    settings, screen = session.settings(), Screen(json)
    rows = [{"name": name, "role": "model", "where": where} for name, where in settings.checkpoints.items()]
    rows += [{"name": name, "role": role, "where": where} for name, role, where in settings.networks]
    shown = table("", "name", "role", "where", "family", "draws")
    for row in rows:
        row |= _known(row)
        shown.add_row(*(row.get(column, "") for column in ("name", "role", "where", "family", "draws")))
    screen.answer({"models": rows}, shown)


def _known(row: dict[str, str]) -> dict[str, str]:
    """Family and size in pixels, or what is wrong with it."""
    if row["role"] != "model":
        return {}
    try:
        limits = _limits(row["name"], row["where"])
    except PixxelbotError as error:
        return {"family": "?", "draws": str(error)}
    return {"family": limits.family, "draws": f"{limits.minimum}–{limits.maximum}, best {limits.native}"}


def _limits(name: str, where: str) -> Any:
    from pixxelbot import models

    place = Path(where)
    return models.limits_of_file(name, place) if place.is_file() else models.limits(name, place)


@app.command()
def check(json: Json = False) -> None:
    """Read every weight file of every model to its end, and tell its hash."""
    settings, screen = session.settings(), Screen(json)
    found: list[dict[str, str]] = []
    for name, where in settings.models:
        try:
            found += [{"model": name, **one} for one in _hashes(screen, name, Path(where))]
        except PixxelbotError as error:
            found.append({"model": name, "file": where, "error": str(error)})
    shown = table("", "model", "file", "sha256")
    for one in found:
        shown.add_row(one["model"], one["file"], one.get("sha256") or Text(one["error"], style="red"))
    screen.answer({"files": found}, shown)
    if any("error" in one for one in found):
        raise typer.Exit(ModelMissing.exit_code)


def _hashes(screen: Screen, name: str, place: Path) -> list[dict[str, str]]:
    """Name and sha256 of each weight file, with a bar for the bytes read."""
    from hashlib import sha256

    from rich.progress import DownloadColumn, Progress

    from pixxelbot.models import check_weights

    if not place.exists():
        raise ModelMissing(f"The model {place} is not here. Correct PIXXELBOT_MODELS, or fetch it: models add.")
    if ":" not in name:
        _limits(name, str(place))
    files = sorted(place.rglob("*.safetensors")) if place.is_dir() else [place]
    found = []
    with Progress(*Progress.get_default_columns(), DownloadColumn(), console=screen.news, transient=True) as progress:
        reading = progress.add_task(name, total=sum(file.stat().st_size for file in files))
        for file in files:
            check_weights(file)
            hashed = sha256()
            with file.open("rb") as stream:
                while part := stream.read(CHUNK):
                    hashed.update(part)
                    progress.advance(reading, len(part))
            found.append({"file": str(file), "sha256": hashed.hexdigest()})
    return found


@app.command()
def add(
    model: Annotated[str, typer.Argument(metavar="NAME=WHERE", help="A folder, a .safetensors file, or a hub id.")],
    json: Json = False,
) -> None:
    """Fetch a model where need be, check it, and put it into `.env`. Restart the bot to draw with it."""
    from pydantic import ValidationError

    from pixxelbot.settings import Settings

    name, equals, where = model.partition("=")
    if not equals or not name or not where:
        raise ConfigurationError("NAME=WHERE", model, "write it as name=path or name=hub-id")
    settings, screen = session.settings(), Screen(json)
    place = _fetched(where)
    files = _hashes(screen, name, place)
    pairs = {**dict(settings.models), name: str(place)}
    line = ",".join("=".join(pair) for pair in pairs.items())
    try:
        Settings(_env_file=None, models=line)
    except ValidationError as error:  # what the bot would refuse
        raise ConfigurationError("NAME", name, error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    _write_setting(Path(".env"), "PIXXELBOT_MODELS", line)
    screen.answer(
        {"name": name, "where": str(place), "files": files, "setting": f"PIXXELBOT_MODELS={line}"},
        f"{name} has {len(files)} weight files, all whole. It is in .env now; restart the bot to draw with it.",
    )


def _fetched(where: str) -> Path:
    place = Path(where)
    return place.absolute() if place.exists() else hub.fetched(where)


def _write_setting(file: Path, name: str, value: str) -> None:
    """Replace or add one line of an environment file; every other line stays."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    kept = [line for line in lines if not line.strip().startswith(f"{name}=")]
    file.write_text("\n".join([*kept, f"{name}={value}"]) + "\n", encoding="utf-8")


@app.command()
def profile(
    model: Name = None,
    again: Annotated[bool, typer.Option("--again", help="Measure it anew, best while nothing is drawn.")] = False,
    json: Json = False,
) -> None:
    """Show what rows cost in company, measured on this machine; measure it where that was not done yet."""
    session.wait_for(_profile(Screen(json), model, again))


async def _profile(screen: Screen, model: str | None, again: bool) -> None:
    async with session.opened(console=screen.news) as app:
        name = model or app.settings.default_model
        if name not in app.limits:
            raise UnknownChoice("model", name, app.limits)
        found = [one for one in await app.store.profiles() if one.model == name]
        if again or not found:
            screen.news.print(f"Measuring {name}; this takes a minute or so …")
            found = [await app.measured(name)]
    charts: list[RenderableType] = []
    for one in found:
        charts += [f"\n{_title(one)}", *_chart(one)]
    screen.answer({"profiles": [one.dump() | {"cap": one.cap, "gain": one.gain} for one in found]}, *charts)


def _title(profile: Profile) -> str:
    company = f"{profile.cap} rows at once" if profile.cap > 1 else "each alone: company gains nothing here"
    return f"{profile.model} · {profile.size} · {profile.dtype} · {profile.device}: {company} (×{profile.gain:.2f})"


def _chart(profile: Profile) -> list[Text]:
    """A bar for each number of rows: rows a second."""
    speeds = {rows: rows / seconds for rows, seconds in profile.seconds}
    most = max(speeds.values())
    held = dict(profile.bytes)
    bars = []
    for rows, speed in speeds.items():
        bar = Text(f"{rows:>4} rows  ")
        bar.append("█" * max(1, round(BAR * speed / most)), "green" if rows == profile.cap else "cyan")
        bar.append(f"  {speed:,.1f} rows/s" + (f"  {held[rows] / 2**20:,.0f} MiB" if rows in held else ""))
        bars.append(bar)
    return bars


@app.command()
def styles(
    model: Name = None,
    style: Annotated[list[str] | None, typer.Option("--style", help="Only this one; may be repeated.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Draw those anew that are there.")] = False,
    json: Json = False,
) -> None:
    """Draw one subject in each style that a model can draw: the previews that `/styles` shows."""
    session.wait_for(_styles(Screen(json), model, style, again))


async def _styles(screen: Screen, model: str | None, named: list[str] | None, again: bool) -> None:
    from pixxelbot.studio import samples

    async with session.opened(console=screen.news) as app:
        limits = app.studio.recipes.limits_of(model)
        intents = [samples.intent_for(name, limits) for name in named or samples.drawable(limits)]
        wanted = {name: intent for intent in intents for name, _ in intent.changes.styles or ()}
        if not wanted:
            raise InvalidRequest(f"The model {limits.model} draws no style. Name those to try all the same: --style.")
        home = app.settings.home
        there = {} if again else samples.found(home, limits.model, list(wanted))
        drawn = await _previews(screen, app, {name: one for name, one in wanted.items() if name not in there})
        kept = there | {name: samples.keep(home, limits.model, name, png) for name, png in drawn.items()}
    shown = table("", "style", "preview")
    for name in wanted:
        shown.add_row(name, str(kept[name]))
    answer = {"model": limits.model, "drawn": list(drawn), "styles": {name: str(kept[name]) for name in wanted}}
    screen.answer(answer, shown)


async def _previews(screen: Screen, app: App, intents: dict[str, Intent]) -> dict[str, bytes]:
    """The picture of each, one after the other, with a bar for all."""
    from rich.progress import MofNCompleteColumn, Progress

    from pixxelbot.cli.drawing import asked, raise_failure
    from pixxelbot.studio.samples import SUBJECT

    drawn = {}
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=screen.news, transient=True) as bar:
        drawing = bar.add_task("Drawing", total=len(intents))
        for name, intent in intents.items():
            bar.update(drawing, description=name)
            done = await app.draw(asked(words=SUBJECT).evolve(intent=intent))
            raise_failure(done)
            job = await app.store.job_of(done.id)
            for picture in await app.store.pictures(job=job.id if job else ""):
                drawn[name] = await app.store.picture_bytes(picture.id)
            bar.advance(drawing)
    return drawn
