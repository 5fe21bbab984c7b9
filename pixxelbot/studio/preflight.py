"""Pre-flight: what cannot fit the memory, or the time that is left, is refused with something lesser that does fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

from pixxelbot.errors import TooDemanding
from pixxelbot.intent import Changes, Choice, Intent
from pixxelbot.job import Forecast, Request
from pixxelbot.memory import in_words
from pixxelbot.recipe import Limits, Recipe
from pixxelbot.studio.policy import TimeLeft

Foresee = Callable[[Recipe], Forecast]

OF_WORDS: Final = frozenset({"text2img", "img2img"})
"""Kinds whose size is free; that of the others is their picture's."""
COUNTED: Final = OF_WORDS | {"inpaint", "outpaint", "vary", "blend", "edit", "control", "arithmetic", "detail"}
"""Kinds that make as many pictures as one likes."""
SIDES: Final = (0.75, 0.5, 0.375, 0.25)
SCALES: Final = (3.0, 2.0, 1.5)
FRAMES: Final = 16
FEWEST_FRAMES: Final = 4


def check_memory(forecast: Forecast) -> None:
    """Raise TooDemanding where a recipe is known not to fit the memory."""
    if forecast.fits or forecast.bytes is None or forecast.room is None:
        return
    needed, free, over = map(in_words, (forecast.bytes, forecast.room, forecast.bytes - forecast.room))
    raise TooDemanding(
        f"This needs {needed} of memory, and {free} is free: {over} too much. Ask for fewer or smaller pictures."
    )


def check_time(forecast: Forecast, left: TimeLeft | None) -> None:
    """Raise TooDemanding where a recipe takes longer than its member may still draw today."""
    if left is not None and forecast.seconds > left.seconds:
        raise TooDemanding(
            f"This would take {forecast.seconds:.0f} s of drawing, and {left.seconds:.0f} s of your {left.daily:.0f} s "
            "for today are left. Ask for fewer pictures, or come back tomorrow."
        )


def lesser(recipe: Recipe, limits: Limits, foresee: Foresee, seconds: float | None = None) -> Changes | None:
    """What to change so that it fits the memory and these seconds of drawing: as few things, and as little, as will do.

    None where nothing lesser fits either.
    """
    best: tuple[int, bool, float, dict[str, Any]] | None = None
    for things, changed in _lesser(recipe, limits):
        forecast = foresee(recipe.evolve(**changed))
        fits = forecast.fits and (seconds is None or forecast.seconds <= seconds)
        loss = things, "width" in changed, -forecast.seconds  # models draw best at their own size
        if fits and (best is None or loss < best[:3]):
            best = *loss, changed
    if best is None:
        return None
    found = Changes.model_validate(best[3])
    return found.model_copy(update={"width": None, "height": None}) if found.scale else found


def _lesser(recipe: Recipe, limits: Limits) -> Iterator[tuple[int, dict[str, Any]]]:
    """Lesser versions of a recipe, in every combination of fewer, smaller and quicker: how many things, and fields."""
    ways = product(_counts(recipe), _sizes(recipe, limits), _steps(recipe, limits), _lengths(recipe))
    for parts in ways:
        if things := sum(map(bool, parts)):
            yield things, {name: value for part in parts for name, value in part.items()}


def _counts(recipe: Recipe) -> list[dict[str, Any]]:
    fewer = range(recipe.count - 1, 0, -1) if recipe.kind in COUNTED else ()
    return [{}, *({"count": count} for count in fewer)]


def _sizes(recipe: Recipe, limits: Limits) -> list[dict[str, Any]]:
    if recipe.kind == "upscale" and recipe.scale:
        sides = recipe.width / recipe.scale, recipe.height / recipe.scale
        scales = [scale for scale in SCALES if scale < recipe.scale]
        return [
            {},
            *({"scale": one, "width": round(sides[0] * one), "height": round(sides[1] * one)} for one in scales),
        ]
    if recipe.kind not in OF_WORDS:
        return [{}]
    sizes = dict.fromkeys((limits.fit(recipe.width * share), limits.fit(recipe.height * share)) for share in SIDES)
    smaller = [size for size in sizes if size[0] * size[1] < recipe.width * recipe.height]
    return [{}, *({"width": width, "height": height} for width, height in smaller)]


def _steps(recipe: Recipe, limits: Limits) -> list[dict[str, Any]]:
    fewer = {round(recipe.steps * 0.75), round(recipe.steps * 0.5), limits.turbo_steps}
    return [{}, *({"steps": steps} for steps in sorted(fewer, reverse=True) if 1 <= steps < recipe.steps)]


def _lengths(recipe: Recipe) -> list[dict[str, Any]]:
    frames = (recipe.frames or FRAMES) if recipe.kind == "interpolate" else 0
    return [{}, *({"frames": frames // part} for part in (2, 4) if frames // part >= FEWEST_FRAMES)]


def offering(request: Request, intent: Intent, recipe: Recipe | None, error: Exception) -> Intent:
    """The intent of a request that was refused, with the lesser one that an error offers as its one answer."""
    if not isinstance(error, TooDemanding) or error.instead is None or recipe is None:
        return intent
    instead = error.instead
    whole = instead.over(request.given.over(intent.changes))
    if instead.width:
        whole = whole.model_copy(update={"aspect": None})
    targets = recipe.sources if intent.action == "imagine" else intent.targets
    wanted = intent.model_copy(update={"changes": whole, "targets": targets, "confirmed": True, "choices": ()})
    choice = Choice(label=f"Draw {flags(instead)}", intent=wanted, instead=instead)
    return intent.model_copy(update={"choices": (choice,)})


def flags(changes: Changes) -> str:
    """Changes as the flags that make them: `--count 2 --size 96x96`."""
    size = f"{changes.width}x{changes.height}" if changes.width else None
    said = {"count": changes.count, "size": size, "steps": changes.steps, "scale": changes.scale}
    said["frames"] = changes.frames
    return " ".join(f"--{name} {value}" for name, value in said.items() if value is not None)
