"""Scenes: a vocabulary without gaps, and two splits that share no combination."""

from __future__ import annotations

from itertools import combinations
from typing import get_args

import numpy as np
import pytest

from pixxelbot.bundled.scenes import (
    COLOURS,
    KINDS,
    MOST,
    NOUNS,
    SETTINGS,
    SOMETHING,
    STYLES,
    Kind,
    Scene,
    Split,
    Thing,
    compose,
    is_held_out_pair,
    is_held_out_triple,
    split_of,
)

STARTER = (
    *("cat", "dog", "fox", "penguin", "butterfly", "fish", "rocket", "car", "boat", "house"),
    *("castle", "tree", "flower", "mushroom", "apple", "robot", "star", "heart", "moon", "ghost"),
)


def drawn(split: Split, count: int, kind: Kind | None = None, seed: int = 0) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [compose(rng, split, kind) for _ in range(count)]


def triples(scenes: list[Scene]) -> set[tuple[str, str | None, str | None]]:
    return {(thing.noun, thing.colour, scene.setting) for scene in scenes for thing in scene.things}


def pairs(scenes: list[Scene]) -> set[frozenset[str]]:
    return {frozenset((one.noun, other.noun)) for scene in scenes for one, other in combinations(scene.things, 2)}


def test_there_are_at_least_sixty_objects_and_those_of_the_first_model_among_them() -> None:
    assert len(NOUNS) == len(set(NOUNS)) >= 61
    assert set(STARTER) <= set(NOUNS)


def test_training_never_shows_a_held_out_combination() -> None:
    train, held_out = drawn("train", 4000), drawn("held-out", 1500)
    single = [scene for scene in held_out if len(scene.things) == 1]
    assert len(triples(single)) > 300
    assert not triples(train) & triples(single)
    assert len(pairs(held_out)) > 50
    assert not pairs(train) & pairs(held_out)


def test_a_scene_with_something_seen_and_something_held_out_belongs_to_neither_split() -> None:
    noun, colour, setting = next(
        (noun, colour, setting)
        for noun in NOUNS
        for colour in COLOURS
        for setting in SETTINGS
        if is_held_out_triple(noun, colour, setting)
    )
    other = next(name for name in NOUNS if name != noun and not is_held_out_pair(name, noun))
    assert split_of(Scene((Thing(noun, colour),), setting)) == "held-out"
    assert split_of(Scene((Thing(noun, colour), Thing(other)), setting)) is None


def test_every_object_is_trained_bare_and_held_out_in_some_colours_and_settings() -> None:
    for noun in NOUNS:
        held_out = [
            (colour, setting) for colour in COLOURS for setting in SETTINGS if is_held_out_triple(noun, colour, setting)
        ]
        assert split_of(Scene((Thing(noun),))) == "train"
        assert 5 <= len(held_out) <= 30


def test_pairs_are_held_out_in_either_order() -> None:
    assert all(is_held_out_pair(one, other) == is_held_out_pair(other, one) for one, other in combinations(NOUNS, 2))


def test_the_same_seed_composes_the_same_scenes() -> None:
    assert drawn("train", 50, seed=3) == drawn("train", 50, seed=3)
    assert drawn("train", 50, seed=3) != drawn("train", 50, seed=4)


@pytest.mark.parametrize("split", get_args(Split))
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_what_makes_it(kind: Kind, split: Split) -> None:
    has = {
        "plain": lambda scene: len(scene.things) == 1,
        "placed": lambda scene: scene.place is not None,
        "sized": lambda scene: scene.things[0].size is not None,
        "framed": lambda scene: scene.framing is not None,
        "pair": lambda scene: len(scene.things) == 2,
        "relation": lambda scene: len(scene.things) == 2 and scene.relation is not None,
        "counted": lambda scene: 2 <= scene.things[0].count <= MOST,
        "trio": lambda scene: len(scene.things) == 3,
    }
    assert all(has[kind](scene) for scene in drawn(split, 20, kind))


def test_a_scene_can_be_told_by_its_picture() -> None:
    for scene in drawn("train", 2000):
        assert len({thing.noun for thing in scene.things}) == len(scene.things)
        assert all(scene.setting != f"plain {thing.colour}" for thing in scene.things)
        assert scene.style != "neon" or all(thing.colour != "black" for thing in scene.things)


def test_the_mix_reaches_every_word_of_the_vocabulary() -> None:
    scenes = drawn("train", 4000)
    assert {thing.noun for scene in scenes for thing in scene.things} == set(NOUNS)
    assert {thing.colour for scene in scenes for thing in scene.things} == {None, *COLOURS}
    assert {scene.setting for scene in scenes} == {None, *SETTINGS}
    assert {scene.style for scene in scenes} == set(STYLES)


def test_unknown_things_are_shown_often_enough_to_be_learnt() -> None:
    things = [thing.noun for scene in drawn("train", 3000) for thing in scene.things]
    assert 0.03 < things.count(SOMETHING) / len(things) < 0.08
