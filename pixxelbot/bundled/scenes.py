"""What may stand in a training picture: the vocabulary, and scenes in two splits that share no combination."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal, TypeVar

import numpy as np

Choice = TypeVar("Choice")
Split = Literal["train", "held-out"]
Size = Literal["small", "large"]
Relation = Literal["left of", "right of", "above"]
Place = Literal["left", "right", "top", "bottom", "centre"]
Framing = Literal["close-up", "wide"]
Kind = Literal["plain", "placed", "sized", "framed", "pair", "relation", "counted", "trio"]

SOMETHING: Final = "something"
"""Stands for every noun that the vocabulary lacks; painted as an abstract mark, never as another object."""

NOUNS: Final[tuple[str, ...]] = (
    *("cat", "dog", "fox", "penguin", "butterfly", "fish", "rocket", "car", "boat", "house"),
    *("castle", "tree", "flower", "mushroom", "apple", "robot", "star", "heart", "moon", "ghost"),
    *("rabbit", "bear", "panda", "lion", "pig", "frog", "owl", "duck", "elephant", "turtle"),
    *("octopus", "whale", "bee", "dragon", "unicorn", "man", "woman", "wizard", "smiley", "snowman"),
    *("bus", "train", "bicycle", "airplane", "balloon", "ufo", "tent", "lighthouse", "cactus", "palm tree"),
    *("strawberry", "pizza", "cake", "ice cream", "donut", "banana", "sun", "cloud", "rainbow", "umbrella"),
    *("hat", "shirt", "crown", "ball", "guitar", SOMETHING),
)
COLOURS: Final[tuple[str, ...]] = (
    *("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black"),
)
PLAIN: Final[tuple[str, ...]] = ("white", "blue", "yellow", "pink", "green", "black")
"""Colours of the plain backgrounds."""

SCENERY: Final = ("day", "night", "sunset", "sea", "forest", "snow", "city", "desert", "indoors")
SETTINGS: Final[tuple[str, ...]] = (*SCENERY, *(f"plain {colour}" for colour in PLAIN))
STYLES: Final[tuple[str, ...]] = ("flat", "outline", "pixel art", "watercolour", "neon")
SIZES: Final[tuple[str, ...]] = ("small", "large")
RELATIONS: Final[tuple[str, ...]] = ("left of", "right of", "above")
PLACES: Final[tuple[str, ...]] = ("left", "right", "top", "bottom", "centre")
FRAMINGS: Final[tuple[str, ...]] = ("close-up", "wide")
MOST: Final = 4
"""The largest number of one thing that is painted and counted."""

KINDS: Final[dict[Kind, float]] = {
    "plain": 0.32,
    "placed": 0.13,
    "sized": 0.07,
    "framed": 0.08,
    "pair": 0.12,
    "relation": 0.16,
    "counted": 0.09,
    "trio": 0.03,
}
"""Kind of scene → its share of the training scenes."""

HELD_OUT_TRIPLES: Final = 10
"""One in so many combinations of object, colour and setting is kept out of training."""
HELD_OUT_PAIRS: Final = 8
"""One in so many pairs of objects is kept out of training."""

SETTING_SAID: Final = 0.87
"""Share of the scenes that have a setting."""
PLAIN_SHARE: Final = 0.24
"""Share of plain colours among the settings."""
UNKNOWN: Final = 0.05
"""Share of the things that no noun of the vocabulary names."""
FLAT: Final = 0.6
"""Share of the scenes in the flat style; the other styles share the rest evenly."""


@dataclass(frozen=True)
class Thing:
    """One object, or up to four of one kind; no colour means its natural one."""

    noun: str
    colour: str | None = None
    size: Size | None = None
    count: int = 1


@dataclass(frozen=True)
class Scene:
    """What a picture shows: 1–3 things, where, and how it is drawn.

    `relation` holds between the first thing and the second; `place` is that of a single thing; without a setting the
    painter takes a quiet background of its own choice.
    """

    things: tuple[Thing, ...]
    setting: str | None = None
    style: str = "flat"
    relation: Relation | None = None
    place: Place | None = None
    framing: Framing | None = None


def is_held_out_triple(noun: str, colour: str | None, setting: str | None) -> bool:
    """Whether training never shows this object in this colour and setting; a bare object is always shown."""
    if colour is None and setting is None:
        return False
    return zlib.crc32(f"{noun}|{colour}|{setting}".encode()) % HELD_OUT_TRIPLES == 0


def is_held_out_pair(one: str, other: str) -> bool:
    """Whether training never shows these two objects together, in whichever order."""
    return zlib.crc32("+".join(sorted((one, other))).encode()) % HELD_OUT_PAIRS == 0


def split_of(scene: Scene) -> Split | None:
    """The split that may yield a scene, or none.

    Training yields no held-out triple and no held-out pair. A held-out scene is a held-out triple where it shows one
    kind of thing, and otherwise has only held-out pairs.
    """
    triples = [is_held_out_triple(thing.noun, thing.colour, scene.setting) for thing in scene.things]
    pairs = [is_held_out_pair(one.noun, other.noun) for one, other in combinations(scene.things, 2)]
    if not any(triples + pairs):
        return "train"
    return "held-out" if all(pairs or triples) else None


def compose(rng: np.random.Generator, split: Split, kind: Kind | None = None) -> Scene:
    """A scene of `split`, of one `kind` or of the training mix."""
    composer = _COMPOSERS[_among(rng, tuple(KINDS), tuple(KINDS.values())) if kind is None else kind]
    while True:
        scene = composer(rng)
        if _can_be_told(scene) and split_of(scene) == split:
            return scene


def _can_be_told(scene: Scene) -> bool:
    """Whether its things differ from one another and from the background; black light does not glow."""
    nouns = {thing.noun for thing in scene.things}
    unlit = "black" if scene.style == "neon" else ""
    hidden = any(thing.colour == unlit or scene.setting == f"plain {thing.colour}" for thing in scene.things)
    return len(nouns) == len(scene.things) and not hidden


def _among(rng: np.random.Generator, choices: tuple[Choice, ...], shares: tuple[float, ...] | None = None) -> Choice:
    if shares is None:
        return choices[int(rng.integers(len(choices)))]
    return choices[int(np.searchsorted(np.cumsum(shares), rng.random() * sum(shares)))]


def _thing(rng: np.random.Generator, *, size: Size | None = None, count: int = 1) -> Thing:
    colour = _among(rng, COLOURS) if rng.random() < 0.6 else None
    noun = SOMETHING if rng.random() < UNKNOWN else _among(rng, NOUNS[:-1])
    return Thing(noun, colour, size, count)


def _setting(rng: np.random.Generator) -> str | None:
    if rng.random() >= SETTING_SAID:
        return None
    return _among(rng, SETTINGS[len(SCENERY) :] if rng.random() < PLAIN_SHARE else SCENERY)


def _style(rng: np.random.Generator) -> str:
    return "flat" if rng.random() < FLAT else _among(rng, STYLES[1:])


def _plain(rng: np.random.Generator) -> Scene:
    return Scene((_thing(rng),), _setting(rng), _style(rng))


def _placed(rng: np.random.Generator) -> Scene:
    places: tuple[Place, ...] = ("left", "right", "top", "bottom", "centre")
    return Scene((_thing(rng),), _setting(rng), _style(rng), place=_among(rng, places, (0.3, 0.3, 0.15, 0.15, 0.1)))


def _sized(rng: np.random.Generator) -> Scene:
    sizes: tuple[Size, ...] = ("small", "large")
    return Scene((_thing(rng, size=_among(rng, sizes)),), _setting(rng), _style(rng))


def _framed(rng: np.random.Generator) -> Scene:
    framings: tuple[Framing, ...] = ("close-up", "wide")
    return Scene((_thing(rng),), _setting(rng), _style(rng), framing=_among(rng, framings))


def _pair(rng: np.random.Generator) -> Scene:
    return Scene((_thing(rng), _thing(rng)), _setting(rng), _style(rng))


def _relation(rng: np.random.Generator) -> Scene:
    relations: tuple[Relation, ...] = ("left of", "right of", "above")
    return Scene((_thing(rng), _thing(rng)), _setting(rng), _style(rng), relation=_among(rng, relations))


def _counted(rng: np.random.Generator) -> Scene:
    return Scene((_thing(rng, count=_among(rng, (2, 3, 4))),), _setting(rng), _style(rng))


def _trio(rng: np.random.Generator) -> Scene:
    return Scene((_thing(rng), _thing(rng), _thing(rng)), _setting(rng), _style(rng))


_COMPOSERS: Final[dict[Kind, Callable[[np.random.Generator], Scene]]] = {
    "plain": _plain,
    "placed": _placed,
    "sized": _sized,
    "framed": _framed,
    "pair": _pair,
    "relation": _relation,
    "counted": _counted,
    "trio": _trio,
}
