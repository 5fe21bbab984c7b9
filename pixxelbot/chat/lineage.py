"""The family tree of a picture, drawn as a picture. No Discord in here."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from pixxelbot.picture import Picture

TILE: Final = 112
"""Pixels of a picture's side in the tree."""
GAP: Final = 20
LABEL: Final = 18
GROUND, LINE, MARK, GONE, INK = "#313338", "#80848e", "#f0b132", "#1e1f22", "#dbdee1"
MOST: Final = 60
"""Pictures in one tree; more would be too small to see."""


def generations(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """The pictures by distance from those without parents here, each generation in order of making."""
    known = {one.id: one for one in pictures}
    depth: dict[str, int] = {}

    def of(one: Picture, under: frozenset[str]) -> int:
        if one.id not in depth:
            above = [known[parent] for parent in one.parents if parent in known and parent not in under]
            depth[one.id] = 1 + max((of(parent, under | {one.id}) for parent in above), default=-1)
        return depth[one.id]

    rows: dict[int, list[Picture]] = {}
    for one in sorted(pictures, key=lambda picture: (picture.created_at, picture.index, picture.id)):
        rows.setdefault(of(one, frozenset()), []).append(one)
    return [rows[level] for level in sorted(rows)]


def draw_tree(pictures: Sequence[Picture], thumbs: Mapping[str, bytes], marked: str, label: int = 5) -> bytes:
    """A PNG with one row a generation and a line from each parent to its child; deleted ones are empty places."""
    rows = generations(pictures)
    width = max(len(row) for row in rows) * (TILE + GAP) + GAP
    height = len(rows) * (TILE + LABEL + 2 * GAP) + GAP
    whole = Image.new("RGB", (width, height), GROUND)
    places = _places(rows, width)
    pen = ImageDraw.Draw(whole)
    for one in pictures:
        for parent in one.parents:
            if parent in places:
                _line(pen, places[parent], places[one.id])
    for one in pictures:
        _tile(whole, pen, places[one.id], thumbs.get(one.id), one.id == marked, one.id[-label:])
    held = io.BytesIO()
    whole.save(held, "PNG")
    return held.getvalue()


def _places(rows: Sequence[Sequence[Picture]], width: int) -> dict[str, tuple[int, int]]:
    places = {}
    for level, row in enumerate(rows):
        left = (width - len(row) * (TILE + GAP) + GAP) // 2
        for number, one in enumerate(row):
            places[one.id] = (left + number * (TILE + GAP), GAP + level * (TILE + LABEL + 2 * GAP))
    return places


def _line(pen: ImageDraw.ImageDraw, parent: tuple[int, int], child: tuple[int, int]) -> None:
    start = (parent[0] + TILE // 2, parent[1] + TILE + LABEL)
    end = (child[0] + TILE // 2, child[1])
    middle = (start[1] + end[1]) // 2
    pen.line([start, (start[0], middle), (end[0], middle), end], fill=LINE, width=2)


def _tile(
    whole: Image.Image, pen: ImageDraw.ImageDraw, at: tuple[int, int], png: bytes | None, marked: bool, name: str
) -> None:
    box = (at[0], at[1], at[0] + TILE, at[1] + TILE)
    if png is None:
        pen.rectangle(box, fill=GONE, outline=LINE)
    else:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
            image = opened.convert("RGB")
        image.thumbnail((TILE, TILE))
        whole.paste(image, (at[0] + (TILE - image.width) // 2, at[1] + (TILE - image.height) // 2))
    if marked:
        pen.rectangle(box, outline=MARK, width=4)
    pen.text((at[0], at[1] + TILE + 3), name, fill=INK, font=ImageFont.load_default(size=13))
