"""Which pictures of the conversation a member means: "the second one", "it", "top left", "the one with the boat"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pixxelbot.planner.words import ORDINALS, PICTURE
from pixxelbot.recipe import Recipe

Grid = tuple[tuple[str, Recipe], ...]
"""The pictures of one job, in the order they stand."""

NOUN: Final = rf"(?:ones?|{PICTURE})"
ORDINAL: Final = rf"(?:{'|'.join(ORDINALS)}|last)"
FOLLOWED: Final = r"(?=\s*(?:$|[,.;:!?])|\s+(?:but|and|with|without|at|in|on|again|please|to|into|by|as)\b|\s+\d)"
CORNERS: Final = {"top left": 0, "upper left": 0, "top right": 1, "upper right": 1, "bottom left": 2, "lower left": 2,
                  "bottom right": 3, "lower right": 3}  # fmt: skip
FIGURES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SEVERAL: Final = re.compile(rf"\bthe (?P<end>first|last) (?P<many>two|three|2|3)(?: {NOUN})?\b", re.IGNORECASE)
POINTED: Final = re.compile(
    rf"(?:#(?P<hash>\d{{1,2}})\b|\b(?:the )?(?P<ordinal>{ORDINAL})(?: {NOUN}\b|{FOLLOWED})"
    rf"|\b(?:number|no\.?|{NOUN}) ?#?(?P<digit>\d{{1,2}}|{'|'.join(FIGURES)})\b"
    rf"|\b(?:the )?(?P<corner>{'|'.join(CORNERS)})(?: {NOUN}\b)?)",
    re.IGNORECASE,
)
LISTED: Final = re.compile(
    (
        rf"\b(?:the )?(?P<first>{ORDINAL}|\d)(?P<more>(?:(?:\s*,\s*(?:and )?|\s+(?:and|with|&)\s+)(?:the "
        rf")?(?:{ORDINAL}|\d)\b)+)(?: {NOUN}\b|{FOLLOWED})"
    ),
    re.IGNORECASE,
)
DESCRIBED: Final = re.compile(
    (
        rf"\b(?:the|that) (?:{NOUN} (?:with|of|showing|that has|where there is)) (?:the |an? )?(?P<what>[\w' "
        rf"-]+?){FOLLOWED}"
    ),
    re.IGNORECASE,
)
BEFORE: Final = re.compile(
    rf"\b(?:the )?(?:previous|earlier) {NOUN}\b|\bthe {NOUN} before(?: that| this| it)?\b", re.IGNORECASE
)
LATEST: Final = re.compile(
    (
        rf"\b(?:my|the|your|this|that|these|those) (?:(?:last|latest|newest|recent|same) )?{NOUN}\b|\b(?:the "
        r")?(?:last|latest|newest) (?:picture|image|pic)s?\b"
    ),
    re.IGNORECASE,
)
WHOLE: Final = re.compile(
    (
        r"\b(?:all(?: (?:of (?:them|these|those)|four|three|pictures))?|both(?: of them)?|every ?one of them"
        r"|them|these|those)\b"
    ),
    re.IGNORECASE,
)
IT: Final = re.compile(r"\b(?:it|that|this)\b(?!'s|-)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Meant:
    """The pictures meant, and the words without the pointing."""

    rest: str
    grid: Grid = ()
    targets: tuple[str, ...] = ()
    pointed: bool = False
    """Whether any word pointed at a picture."""
    leads: bool = False
    """Whether the pointing comes first: "the second one, but …"."""
    spoken: str = ""
    """The words with "it" for the pointing, where something comes before it: "make it blue"."""
    description: str = ""
    missing: str = ""
    """What was pointed at and is not there."""

    @property
    def recipe(self) -> Recipe | None:
        """The recipe of the first picture meant."""
        return next((recipe for name, recipe in self.grid if name in self.targets), None)


def grids(pictures: Sequence[tuple[str, Recipe]]) -> list[Grid]:
    """The pictures by job: neighbours with an equal recipe, at most as many as that recipe asks for."""
    found: list[list[tuple[str, Recipe]]] = []
    for one in pictures:
        if found and found[-1][0][1] == one[1] and len(found[-1]) < one[1].count:
            found[-1].append(one)
        else:
            found.append([one])
    return [tuple(grid) for grid in found]


def meant(text: str, pictures: Sequence[tuple[str, Recipe]]) -> Meant:
    """What `text` points at among `pictures` (newest job first); without pointing, the newest grid."""
    known = grids(pictures)
    newest = known[0] if known else ()
    text = f"number {text.strip()}" if re.fullmatch(r"\s*#?\d{1,2}\s*", text) else text
    for find in (_described, _listed, _pointed, _before):
        if result := find(text, known):
            return result
    for pattern in (WHOLE, LATEST, IT):
        if match := pattern.search(text):
            found = _found(text, match, newest, _ids(newest))
            return replace(found, spoken=text) if pattern is not LATEST else found
    return Meant(text, newest, _ids(newest), spoken=text)


def _found(
    text: str, match: re.Match[str], grid: Grid, targets: tuple[str, ...], description: str = "", missing: str = ""
) -> Meant:
    before, after = text[: match.start()].strip(), text[match.end() :].strip()
    rest = f"{before} {after}".strip()
    spoken = f"{before} it {after}".strip() if before else rest
    return Meant(rest, grid, targets, True, not before, spoken, description, missing)


def _described(text: str, known: list[Grid]) -> Meant | None:
    match = DESCRIBED.search(text)
    if not match:
        return None
    wanted = set(re.findall(r"\w{3,}", match["what"].lower()))
    grid = next((grid for grid in known if wanted <= set(re.findall(r"\w+", grid[0][1].prompt.lower()))), None)
    chosen = grid or (known[0] if known else ())
    return _found(text, match, chosen, _ids(chosen), description=match["what"].strip())


def _listed(text: str, known: list[Grid]) -> Meant | None:
    if known and (several := SEVERAL.search(text)):
        many = {"two": 2, "2": 2}.get(several["many"].lower(), 3)
        start = 0 if several["end"].lower() == "first" else len(known[0]) - many
        return _at(text, several, known[0], list(range(start, start + many)))
    match = LISTED.search(text)
    if not match or not known:
        return None
    names = re.findall(rf"{ORDINAL}|\d", f"{match['first']} {match['more']}", re.IGNORECASE)
    return _at(text, match, known[0], [_index(name, known[0]) for name in names])


def _pointed(text: str, known: list[Grid]) -> Meant | None:
    match = POINTED.search(text)
    if not match or not known:
        return None
    newest = known[0]
    if match["corner"]:
        return _at(text, match, newest, [CORNERS[match["corner"].lower()]])
    name = match["ordinal"] or match["digit"] or match["hash"]
    if name.lower() == "last" and re.search(r"picture|image|pic", match[0], re.IGNORECASE):
        return None
    return _at(text, match, newest, [_index(name, newest)])


def _before(text: str, known: list[Grid]) -> Meant | None:
    match = BEFORE.search(text)
    if not match or not known:
        return None
    grid = known[1] if len(known) > 1 else known[0]
    return _found(text, match, grid, _ids(grid))


def _index(name: str, grid: Grid) -> int:
    if name.lower() == "last":
        return len(grid) - 1
    if name.lower() in FIGURES:
        return FIGURES.index(name.lower())
    return (int(name) if name.isdigit() else ORDINALS[name.lower()]) - 1


def _at(text: str, match: re.Match[str], grid: Grid, indices: list[int]) -> Meant:
    if any(not 0 <= index < len(grid) for index in indices):
        return _found(text, match, grid, (), missing=match[0].strip())
    return _found(text, match, grid, tuple(dict.fromkeys(grid[index][0] for index in indices)))


def _ids(grid: Grid) -> tuple[str, ...]:
    return tuple(name for name, _ in grid)
