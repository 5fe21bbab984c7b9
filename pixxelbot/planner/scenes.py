"""The bundled model's small language: a wish read into things, colours and a place, and said again in its words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pixxelbot.planner.library import prompts_folder, read_yaml
from pixxelbot.planner.words import NUMBERS, SPELLED, plural, singular

MOST: Final = 2
"""Things that the model was shown in one picture."""
ADJECTIVES: Final = frozenset(
    {"beautiful", "nice", "cute", "pretty", "lovely", "cool", "very", "really", "big", "large"}
)
FILLERS: Final = ADJECTIVES | frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "of",
        "with",
        "in",
        "on",
        "at",
        "to",
        "by",
        "is",
        "are",
        "be",
        "that",
        "which",
        "this",
        "it",
        "its",
        "his",
        "her",
        "their",
        "some",
        "any",
        "very",
        "under",
        "near",
        "over",
        "next",
        "one",
        "other",
        "another",
        "picture",
        "image",
        "drawing",
        "scene",
        "background",
        "plain",
        "standing",
        "sitting",
        "stands",
        "sits",
        "full",
        "looking",
        "there",
        "please",
        "just",
        "as",
        "from",
        "into",
        "while",
        "during",
    ]
)


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun the model knows, with what is said about it."""

    noun: str
    colour: str = ""
    small: bool = False
    count: int = 1

    def say(self) -> str:
        """The thing in words of the captions; several are counted, and shown side by side."""
        described = " ".join(filter(None, ("small" if self.small else "", self.colour, self.noun)))
        if self.count == 1:
            return f"{'an' if described[0] in 'aeiou' else 'a'} {described}"
        many = described.removesuffix(self.noun) + plural(self.noun)
        return f"{SPELLED.get(self.count, str(self.count))} {many}, {described} and {described}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a caption of the bundled model can say."""

    things: tuple[Thing, ...] = ()
    places: tuple[str, ...] = ()
    background: str = ""
    colour: str = ""
    """A colour of nothing that was named: "in blue"."""
    small: bool = False
    left_out: tuple[str, ...] = ()
    """Words that the model does not know."""

    def say(self) -> str:
        """The caption."""
        things = " and ".join(thing.say() for thing in self.things[:MOST])
        behind = f"on a {self.background} background" if self.background and not self.places else ""
        return " ".join(filter(None, (things, *self.places, behind)))

    def filled(self) -> Scene:
        """The scene with something in it, where only a place was named."""
        alone = [place["alone"] for place in rules()["places"] if place["say"] in self.places]
        return self if self.things or not alone else dataclasses.replace(self, things=(Thing(alone[0]),))

    def without(self, words: Collection[str]) -> Scene:
        """The scene less the things and places named."""
        gone = {noun for word in words for noun in (_noun(word), _noun(singular(word))) if noun}
        places = {place["say"] for word in words for place in rules()["places"] if word in place["when"]}
        return dataclasses.replace(
            self,
            things=tuple(thing for thing in self.things if thing.noun not in gone),
            places=tuple(place for place in self.places if place not in places),
        )

    def merged(self, change: Scene, add: bool = False, only: str = "") -> Scene:
        """The scene with what `change` says; what it does not say stays. `only` is the noun that it speaks of."""
        things = self.things + change.things if add else self._replaced(change.things)
        if change.colour or change.small:
            things = tuple(_dressed(thing, change) if only in ("", thing.noun) else thing for thing in things)
        return Scene(
            things=things,
            places=() if change.background else change.places or self.places,
            background="" if change.places else change.background or self.background,
            left_out=change.left_out,
        )

    def _replaced(self, things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        """New things for the old, colour and size kept where the new say none."""
        if not things or not self.things:
            return things or self.things
        known = {thing.noun: thing for thing in self.things}
        if all(thing.noun in known for thing in things):
            fresh = {thing.noun: _keeping(thing, known[thing.noun]) for thing in things}
            return tuple(fresh.get(thing.noun, thing) for thing in self.things)
        return (_keeping(things[0], self.things[0]), *things[1:])


def _keeping(new: Thing, old: Thing) -> Thing:
    count = new.count if new.count > 1 else old.count
    return dataclasses.replace(new, colour=new.colour or old.colour, small=new.small or old.small, count=count)


def _dressed(thing: Thing, change: Scene) -> Thing:
    return dataclasses.replace(thing, colour=change.colour or thing.colour, small=change.small or thing.small)


@cache
def rules() -> dict[str, Any]:
    """`prompts/expansion/bundled.yaml`."""
    return read_yaml(prompts_folder() / "expansion" / "bundled.yaml")


@cache
def _synonyms(kind: str) -> dict[str, str]:
    return {word: name for name, others in rules()[kind].items() for word in (name, *others)}


def _noun(word: str) -> str:
    return _synonyms("nouns").get(word, "")


def read_scene(words: str, vocabulary: Collection[str]) -> Scene:
    """What of these words the model can draw, given the nouns it knows."""
    text, background = _background(words.lower())
    text, places = _places(text)
    reader = _Reader(frozenset(vocabulary))
    for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*|,", text):
        reader.take(word)
    if not reader.things and "full moon" in words.lower() and "moon" in vocabulary:
        reader.things.append(Thing("moon"))
    reader.pause()
    counted = {thing.noun for thing in reader.things if thing.count > 1}
    return Scene(
        things=tuple(thing for thing in reader.things if thing.count > 1 or thing.noun not in counted),
        places=places,
        background=background,
        colour=reader.colour,
        small=reader.small,
        left_out=tuple(dict.fromkeys(reader.left_out)),
    )


def _background(text: str) -> tuple[str, str]:
    colours = "|".join(rules()["backgrounds"])
    match = re.search(
        rf"(?:\b(?:on|with|against|in front of)\s+)?(?:\ba\s+)?(?:plain |solid |simple )?({colours}) background", text
    )
    match = match or re.search(rf"background (?:is |to |in |be )?({colours})\b", text)
    return (text[: match.start()] + " " + text[match.end() :], match[1]) if match else (text, "")


def _places(text: str) -> tuple[str, tuple[str, ...]]:
    found: list[str] = []
    for place in rules()["places"]:
        for phrase in place["when"]:
            before = (
                r"(?:\b(?:at|in|on|under|by|during|through|over|deep in|out)\s+)?(?:\b(?:a|an"
                r"|the)\s+)?(?:deep |clear )?"
            )
            text, times = re.subn(rf"{before}\b{phrase}\b(?! on fire)", " ", text)
            if times:
                found += [place[key] for key in ("also", "say") if key in place]
    return text, tuple(dict.fromkeys(found))


class _Reader:
    """Takes words one by one and keeps what is waiting for its noun."""

    def __init__(self, vocabulary: frozenset[str]) -> None:
        self.vocabulary = vocabulary
        self.things: list[Thing] = []
        self.left_out: list[str] = []
        self._clear()
        self._fresh = False

    def _clear(self) -> None:
        self.colour, self.small, self.count, self._strange = "", False, 1, False

    def take(self, word: str) -> None:
        """One word or comma."""
        noun = _noun(word) or _noun(singular(word))
        colour = _synonyms("colours").get(word) or ("black" if word == "black" else "")
        if noun in self.vocabulary and noun:
            self._noun(noun)
        elif colour:
            self.colour, self._fresh = colour, False
        elif word in rules()["small"]:
            self.small = True
        elif word in NUMBERS or word.isdigit():
            self.count = min(int(word) if word.isdigit() else NUMBERS[word], 12) or 1
        elif word == "," or word in FILLERS:
            if word not in ADJECTIVES:
                self.pause()
            self._fresh = False
        else:
            self.left_out.append(word)
            self._strange, self._fresh = True, False

    def pause(self) -> None:
        """What was said of a thing that the model does not know is forgotten with it."""
        if self._strange:
            self._clear()

    def _noun(self, noun: str) -> None:
        """A noun right after another is what both are: an apple tree is a tree."""
        if self._fresh and self.things:
            last = self.things.pop()
            self.left_out.append(last.noun)
            self.colour, self.count = self.colour or last.colour, max(self.count, last.count)
        self.things.append(Thing(noun, self.colour, self.small, self.count))
        self._clear()
        self._fresh = True
