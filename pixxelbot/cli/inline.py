"""Pictures inside a terminal: by its own protocol where it has one, else as coloured half blocks, else not at all."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from typing import Final, Literal

from PIL import Image

Way = Literal["kitty", "iterm", "blocks"]

COLUMNS: Final = 48
"""Width in characters; two pictures side by side stay recognisable and four rows of text stay on the screen."""
KITTY_CHUNK: Final = 4096
"""Bytes of base64 in one escape sequence, by kitty's graphics protocol."""
UPPER_HALF: Final = "▀"
"""Its upper half has the colour of the letter, its lower half that of the ground: two pixels in one character."""


def way_of(environment: Mapping[str, str] = os.environ) -> Way | None:
    """How this terminal can show a picture; None where it cannot."""
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM_PROGRAM") == "ghostty":
        return "kitty"
    if environment.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "mintty"):
        return "iterm"
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return "blocks"
    return None


def inline(png: bytes, way: Way, columns: int = COLUMNS) -> str:
    """The text that shows a picture, `columns` characters wide."""
    if way == "kitty":
        return _kitty(png, columns)
    if way == "iterm":
        return _iterm(png, columns)
    return _blocks(png, columns)


def _kitty(png: bytes, columns: int) -> str:
    """Kitty's graphics protocol, 2019: base64 of a PNG (f=100), transmitted and shown (a=T), in chunks."""
    text = base64.standard_b64encode(png).decode()
    chunks = [text[start : start + KITTY_CHUNK] for start in range(0, len(text), KITTY_CHUNK)]
    first = f"a=T,f=100,c={columns},"
    parts = []
    for number, chunk in enumerate(chunks):
        more = int(number + 1 < len(chunks))
        parts.append(f"\x1b_G{first if number == 0 else ''}m={more};{chunk}\x1b\\")
    return "".join(parts)


def _iterm(png: bytes, columns: int) -> str:
    """iTerm2's inline images, OSC 1337."""
    text = base64.standard_b64encode(png).decode()
    return f"\x1b]1337;File=inline=1;size={len(png)};width={columns};preserveAspectRatio=1:{text}\x07"


def _blocks(png: bytes, columns: int) -> str:
    """Two pixels in each character, in 24-bit colour."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        rows = max(2, round(opened.height / opened.width * columns / 2) * 2)
        pixels = opened.convert("RGB").resize((columns, rows), Image.Resampling.LANCZOS).tobytes()
    lines = []
    for row in range(0, rows, 2):
        cells = [
            f"\x1b[38;2;{_colour(pixels, row * columns + column)};48;2;{_colour(pixels, (row + 1) * columns + column)}m"
            + UPPER_HALF
            for column in range(columns)
        ]
        lines.append("".join(cells) + "\x1b[0m")
    return "\n".join(lines)


def _colour(pixels: bytes, place: int) -> str:
    return ";".join(str(value) for value in pixels[3 * place : 3 * place + 3])
