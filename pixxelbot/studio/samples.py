"""Preview pictures of styles: one fixed subject drawn in each, kept in `HOME/styles/MODEL/STYLE.webp`."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from PIL import Image, ImageDraw

from pixxelbot.errors import UnknownChoice
from pixxelbot.intent import Changes, Intent
from pixxelbot.planner import styles
from pixxelbot.recipe import Limits

SUBJECT: Final = "a house beside a tree"
"""Something that every model can draw, with edges, leaves and sky for a style to show on."""
SEED: Final = 1
SIDE: Final = 256
"""Pixels of a preview's longer side."""
CELL: Final = 160
"""Pixels of a preview on a sheet."""
LABEL: Final = 18
"""Pixels below it for its name."""
ACROSS: Final = 5


def drawable(limits: Limits) -> list[str]:
    """Names of the styles that a model can draw."""
    return [one.name for one in styles.load_styles().values() if limits.family != "bundled" or one.bundled]


def style_named(name: str) -> styles.Style:
    """The style that somebody calls so.

    Raises:
        UnknownChoice: there is none.
    """
    style = styles.find_style(name)
    if style is None:
        raise UnknownChoice("style", name, styles.near(name))
    return style


def intent_for(name: str, limits: Limits) -> Intent:
    """What draws the subject in a style, behind whatever members wait for.

    Raises:
        UnknownChoice: there is no such style.
    """
    style = style_named(name)
    prompt, negative, left_out = styles.apply([(style.name, 1.0)], SUBJECT, "", limits.family)
    if left_out:  # asked for by name all the same: in the style's own words
        prompt, negative = style.prompt.replace("{prompt}", SUBJECT), style.negative_prompt
    changes = Changes(
        prompt=prompt, negative_prompt=negative, styles=((style.name, 1.0),), count=1, seed=SEED, aspect="1:1",
        model=limits.model, mode="relaxed", verbatim=True,
    )  # fmt: skip
    return Intent(changes=changes, planner="none")


def folder(home: Path, model: str) -> Path:
    """Where a model's previews lie; its name may hold anything."""
    return home / "styles" / quote(model, safe="")


def found(home: Path, model: str, names: Sequence[str]) -> dict[str, Path]:
    """The previews that there are of some styles, in their order."""
    places = {name: folder(home, model) / f"{name}.webp" for name in names}
    return {name: place for name, place in places.items() if place.is_file()}


def keep(home: Path, model: str, name: str, png: bytes) -> Path:
    """Keep a picture as a style's preview; whoever reads meanwhile sees the old one or the new one, whole."""
    place = folder(home, model) / f"{name}.webp"
    place.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        image = opened.convert("RGB")
    image.thumbnail((SIDE, SIDE))
    unfinished = place.with_suffix(f".{os.getpid()}.part")
    image.save(unfinished, "WEBP", quality=85)
    unfinished.replace(place)
    return place


def sheet(previews: Mapping[str, Path]) -> bytes:
    """A contact sheet of previews with their names below, as WebP."""
    rows = -(-len(previews) // ACROSS)
    whole = Image.new("RGB", (min(len(previews), ACROSS) * CELL, rows * (CELL + LABEL)), "white")
    pen = ImageDraw.Draw(whole)
    for number, (name, place) in enumerate(previews.items()):
        left, top = number % ACROSS * CELL, number // ACROSS * (CELL + LABEL)
        with Image.open(place, formats=("WEBP",)) as opened:
            small = opened.convert("RGB")
        small.thumbnail((CELL - 4, CELL - 4))
        whole.paste(small, (left + (CELL - small.width) // 2, top + 2))
        pen.text((left + CELL // 2, top + CELL + LABEL // 2), name[:24], fill="black", anchor="mm")
    held = io.BytesIO()
    whole.save(held, "WEBP", quality=85)
    return held.getvalue()
