"""Permutations: `{red, blue} fox` is two prompts. Braces may nest; `\\,` `\\{` and `\\}` are plain characters."""

from __future__ import annotations

from itertools import product
from typing import Final

MOST: Final = 40
"""Prompts of one request; more are a slip of the finger."""
ESCAPES: Final = {"\\,": "\ue001", "\\{": "\ue002", "\\}": "\ue003"}


def choices(text: str) -> tuple[str, ...]:
    """Every combination of what stands in braces, in the order it is written; nothing where there are no choices.

    At most `MOST` are given; braces that are not closed, or hold nothing to choose from, are text.
    """
    for escape, sign in ESCAPES.items():
        text = text.replace(escape, sign)
    found = tuple(dict.fromkeys(" ".join(one.split()) for one in _combined(text)))[:MOST]
    return tuple(_plain(one) for one in found) if len(found) > 1 else ()


def many(text: str) -> int:
    """How many prompts there would be without the limit."""
    for escape, sign in ESCAPES.items():
        text = text.replace(escape, sign)
    return len(_combined(text))


def _plain(text: str) -> str:
    for escape, sign in ESCAPES.items():
        text = text.replace(sign, escape[1:])
    return text


def _combined(text: str) -> list[str]:
    """Each piece of the text is fixed or has alternatives; the product of all."""
    pieces: list[list[str]] = []
    at = 0
    while (start := text.find("{", at)) >= 0:
        end = _closing(text, start)
        if end < 0:
            break
        options = [option for part in _parts(text[start + 1 : end]) for option in _combined(part)]
        pieces += [[text[at:start]], options if len(options) > 1 else [text[start : end + 1]]]
        if _size(pieces) > MOST * MOST:
            return [text]
        at = end + 1
    pieces.append([text[at:]])
    return ["".join(combination) for combination in product(*pieces)]


def _size(pieces: list[list[str]]) -> int:
    size = 1
    for options in pieces:
        size *= len(options)
    return size


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return -1


def _parts(text: str) -> list[str]:
    """Split at the commas (or bars) outside inner braces."""
    parts, depth, at = [], 0, 0
    for place, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign in ",|" and depth == 0:
            parts.append(text[at:place].strip())
            at = place + 1
    return [*parts, text[at:].strip()]
