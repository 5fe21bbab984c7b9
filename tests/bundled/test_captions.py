"""Captions: they name what is there, keep the splits apart, and say nothing that is not there."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pixxelbot.bundled import captions
from pixxelbot.bundled.captions import SLOTS, caption, labels, nothing, plural
from pixxelbot.bundled.scenes import NOUNS, SETTINGS, SOMETHING, STYLES, Scene, Split, Thing, compose

SCENES = 1500


def told(split: Split, count: int = SCENES, seed: int = 0) -> list[tuple[Scene, str]]:
    rng = np.random.default_rng(seed)
    return [(scene, caption(scene, rng, split).lower()) for scene in (compose(rng, split) for _ in range(count))]


def words_for(phrases: captions.Phrases, value: str) -> tuple[str, ...]:
    return (*phrases[value][0], *phrases[value][1])


def says(text: str, words: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{re.escape(word.lower())}\b", text) for word in words)


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_a_caption_names_every_thing_with_its_colour_size_and_number(split: Split) -> None:
    for scene, text in told(split):
        for thing in scene.things:
            names = (thing.noun, *captions.SYNONYMS.get(thing.noun, ()))
            assert thing.noun == SOMETHING or says(
                text, tuple(plural(name) for name in names) if thing.count > 1 else names
            )
            assert thing.colour is None or says(text, words_for(captions.COLOUR_WORDS, thing.colour)), text
            assert thing.size is None or says(text, words_for(captions.SIZE_WORDS, thing.size)), text
            assert thing.count == 1 or says(text, words_for(captions.COUNT_WORDS, str(thing.count))), text


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_a_caption_says_where_and_how(split: Split) -> None:
    for scene, text in told(split):
        assert scene.relation is None or says(text, words_for(captions.RELATION_WORDS, scene.relation)), text
        assert scene.place is None or says(text, words_for(captions.PLACE_WORDS, scene.place)), text
        assert scene.framing is None or says(text, words_for(captions.FRAMING_WORDS, scene.framing)), text
        assert scene.style == "flat" or says(text, words_for(captions.STYLE_WORDS, scene.style)), text
        if scene.setting is not None:
            assert says(text, (scene.setting, *words_for(captions.SETTING_WORDS, scene.setting))), text


def test_a_caption_never_names_another_style_of_the_painter() -> None:
    for scene, text in told("train"):
        for other in set(STYLES) - {scene.style, "flat"}:
            assert not says(text, captions.STYLE_WORDS[other][0]), text


def test_the_first_of_two_related_things_is_said_first() -> None:
    rng = np.random.default_rng(1)
    scene = Scene((Thing("fox"), Thing("castle")), "day", relation="left of")
    for _ in range(100):
        text = caption(scene, rng, "train").lower()
        first = min(text.find(name) for name in ("fox", "vixen") if name in text)
        assert first < min(text.find(name) for name in ("castle", "fortress", "palace") if name in text)


def test_no_caption_speaks_of_what_is_absent() -> None:
    assert not any(says(text.replace("no shading", ""), ("no", "not", "without")) for _, text in told("train"))


def test_the_splits_share_no_caption() -> None:
    train, held_out = ({text for _, text in told(split, 4000)} for split in ("train", "held-out"))
    assert not train & held_out


@pytest.mark.parametrize(
    "phrases",
    [
        captions.COLOUR_WORDS,
        captions.SIZE_WORDS,
        captions.COUNT_WORDS,
        captions.PLACE_WORDS,
        captions.RELATION_WORDS,
        captions.SETTING_WORDS,
        captions.STYLE_WORDS,
        captions.FRAMING_WORDS,
    ],
)
def test_the_held_out_wordings_are_new(phrases: captions.Phrases) -> None:
    seen = {phrase for train, _ in phrases.values() for phrase in train}
    unseen = {phrase for _, held_out in phrases.values() for phrase in held_out}
    assert unseen and not seen & unseen


def test_unknown_things_are_called_by_words_outside_the_vocabulary() -> None:
    strangers = {*captions.STRANGERS, *captions.UNSEEN_STRANGERS}
    known = {*NOUNS, *(word for words in captions.SYNONYMS.values() for word in words)}
    assert not strangers & known
    assert not set(captions.STRANGERS) & set(captions.UNSEEN_STRANGERS)
    rng = np.random.default_rng(2)
    texts = {caption(Scene((Thing(SOMETHING),)), rng, "train") for _ in range(200)}
    assert not any(says(text.lower(), (SOMETHING,)) for text in texts)


def test_phrasings_vary() -> None:
    rng = np.random.default_rng(3)
    scene = Scene((Thing("fox", "red"),), "night", "watercolour", place="left")
    assert len({caption(scene, rng, "train") for _ in range(200)}) > 150


def test_the_labels_are_classes_of_their_slots() -> None:
    rng = np.random.default_rng(4)
    for _ in range(500):
        found = labels(compose(rng, "train"))
        assert found.keys() == SLOTS.keys()
        assert all(0 <= value < SLOTS[slot] for slot, value in found.items())


def test_the_labels_say_what_the_scene_says() -> None:
    scene = Scene((Thing("fox", "red"), Thing("car")), "night", "neon", relation="above")
    found = labels(scene)
    assert NOUNS[found["noun_0"] - 1] == "fox" and NOUNS[found["noun_1"] - 1] == "car"
    assert found["noun_2"] == found["count_2"] == found["colour_1"] == found["place"] == found["size_0"] == 0
    assert SETTINGS[found["setting"] - 1] == "night" and STYLES[found["style"] - 1] == "neon"
    assert found["count_0"] == 1 and found["relation"] == 3


def test_words_that_say_nothing_name_nothing() -> None:
    rng = np.random.default_rng(5)
    texts = {nothing(rng, "train") for _ in range(300)}
    assert "" in texts and len(texts) > 50
    assert not any(says(text, NOUNS) for text in texts)
