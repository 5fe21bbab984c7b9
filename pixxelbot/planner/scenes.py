"""The bundled model's small language: a wish read into things and where they are, and said again in its words."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from pixxelbot.planner.library import prompts_folder, read_yaml
from pixxelbot.planner.words import NUMBERS, SPELLED, plural, singular, with_article

MOST: Final = 3
"""Things that the model was shown in one picture."""
COUNTED: Final = 4
"""The largest number of one thing that it was shown."""
ADJECTIVES: Final = frozenset({"beautiful", "nice", "cute", "pretty", "lovely", "cool", "very", "really"})
_FILLERS: Final = """
a an the and or of with in on at to by is are be that which this it its his her their some any under near next one
other another picture image drawing scene background plain standing sitting stands sits full looking there please
just as from into while during beside
"""
FILLERS: Final = ADJECTIVES | frozenset(_FILLERS.split())
FRAMINGS: Final = (
    (r"\b(?:an? )?(?:extreme )?(?:close[- ]?up|macro)(?: (?:shot|view|picture|photo|portrait))?(?: of)?\b", "close-up"),
    (r"\b(?:an? )?(?:wide (?:shot|view)|from far away|far away|in the distance)(?: of)?\b", "wide shot"),
)
SIDES: Final = (
    (r"\b(?:on|to|at|in) the left(?: side| part| half)?\b(?! of)", "on the left"),
    (r"\b(?:on|to|at|in) the right(?: side| part| half)?\b(?! of)", "on the right"),
    (r"\b(?:at|on|in) the (?:top|upper (?:part|half))\b(?! of)", "at the top"),
    (r"\b(?:at|on|in) the (?:bottom|lower (?:part|half))\b(?! of)", "at the bottom"),
    (r"\b(?:in|at) the (?:middle|cent(?:re|er))\b(?! of)", "in the centre"),
)
RELATION: Final = re.compile(
    r"\b(?:(?:to|on) the )?(?P<said>left of|right of|above|over|on top of|below|beneath|underneath|under)\b"
)
ABOVE: Final = frozenset({"above", "over", "on top of"})
BELOW: Final = frozenset({"below", "beneath", "underneath", "under"})


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun the model knows, with what is said about it."""

    noun: str
    colour: str = ""
    size: str = ""
    """`small`, `large` or nothing."""
    count: int = 1

    def say(self) -> str:
        """The thing in words of the captions."""
        described = " ".join(filter(None, (self.size, self.colour, self.noun)))
        if self.count == 1:
            return with_article(described)
        many = described.removesuffix(self.noun) + plural(self.noun)
        return f"{SPELLED.get(min(self.count, COUNTED), str(COUNTED))} {many}"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a caption of the bundled model can say."""

    things: tuple[Thing, ...] = ()
    relation: str = ""
    """`left of`, `right of` or `above`: of the first thing to the second."""
    side: str = ""
    places: tuple[str, ...] = ()
    background: str = ""
    framing: str = ""
    left_out: tuple[str, ...] = ()
    """Words that the model does not know."""

    def say(self) -> str:
        """The caption."""
        told = [thing.say() for thing in self.things[:MOST]]
        if self.relation and len(told) > 1:
            told = [f"{told[0]} {self.relation} {told[1]}", *told[2:]]
        things = " and ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))
        behind = f"on a {self.background} background" if self.background and not self.places else ""
        caption = " ".join(filter(None, (things, self.side, *self.places, behind)))
        return f"{caption}, {self.framing}" if self.framing else caption

    def filled(self) -> Scene:
        """The scene with something in it, where only a place was named."""
        alone = [place["alone"] for place in rules()["places"] if place["say"] in self.places]
        return self if self.things or not alone else replace(self, things=(Thing(alone[0]),))


@cache
def rules() -> dict[str, Any]:
    """`prompts/expansion/bundled.yaml`."""
    return read_yaml(prompts_folder() / "expansion" / "bundled.yaml")


@cache
def _synonyms(kind: str) -> dict[str, str]:
    return {word: name for name, others in rules()[kind].items() for word in (name, *others)}


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Names of several words, the longer first, and the noun."""
    several = sorted((name for name in _synonyms("nouns") if " " in name), key=len, reverse=True)
    return tuple((re.compile(rf"\b{name}s?\b"), _synonyms("nouns")[name].replace(" ", "-")) for name in several)


def _noun(word: str) -> str:
    return _synonyms("nouns").get(word.replace("-", " "), "") or _synonyms("nouns").get(word, "")


def read_scene(words: str, vocabulary: Collection[str]) -> Scene:
    """What of these words the model can draw, given the nouns it knows."""
    text, framing = _first(words.lower(), FRAMINGS)
    text, background = _background(text)
    for name, noun in _phrases():  # before places: ice cream is no winter
        text = name.sub(noun, text)
    text, places = _places(text)
    text, side = _first(text, SIDES)
    known = frozenset(vocabulary)
    things, relation, left_out = _related(text, known)
    if not things and "full moon" in words.lower() and "moon" in known:
        things = (Thing("moon"),)
    return Scene(things, relation, side if len(things) == 1 else "", places, background, framing, left_out)


def _first(text: str, forms: Collection[tuple[str, str]]) -> tuple[str, str]:
    """The text without the first form that it holds, and what that says."""
    for pattern, said in forms:
        if match := re.search(pattern, text):
            return f"{text[: match.start()]} {text[match.end() :]}", said
    return text, ""


def _related(text: str, known: frozenset[str]) -> tuple[tuple[Thing, ...], str, tuple[str, ...]]:
    """The things, how the first stands to the second, and the words that are not known."""
    match = RELATION.search(text)
    if match is None:
        things, left_out = _things(text, known)
        return things, "", left_out
    before, after = (_things(part, known) for part in (text[: match.start()], text[match.end() :]))
    left_out = (*before[1], *after[1])
    if not before[0] or not after[0]:
        return (*before[0], *after[0]), "", left_out
    said, one, other = match["said"], before[0][-1], after[0][0]
    pair = (other, one) if said in BELOW else (one, other)
    relation = "above" if said in ABOVE | BELOW else said
    return (*pair, *before[0][:-1], *after[0][1:]), relation, left_out


def _things(text: str, known: frozenset[str]) -> tuple[tuple[Thing, ...], tuple[str, ...]]:
    reader = _Reader(known)
    for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*|,", text):
        reader.take(word)
    counted = {thing.noun for thing in reader.things if thing.count > 1}
    things = tuple(thing for thing in reader.things if thing.count > 1 or thing.noun not in counted)
    return things, tuple(dict.fromkeys(reader.left_out))


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
                r"(?:\b(?:at|in|on|under|by|during|through|over|deep in|out|inside)\s+)?(?:\b(?:a|an"
                r"|the)\s+)?(?:deep |clear |big |busy )?"
            )
            text, times = re.subn(rf"{before}\b{phrase}\b(?!-| on fire)", " ", text)
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
        self.colour, self.size, self.count, self._strange = "", "", 1, False

    def take(self, word: str) -> None:
        """One word or comma."""
        noun = _noun(word) or _noun(singular(word))
        colour = _synonyms("colours").get(word)
        size = next((name for name, words in rules()["sizes"].items() if word in words), "")
        if noun in self.vocabulary and noun:
            self._noun(noun)
        elif colour:
            self.colour, self._fresh = colour, False
        elif size:
            self.size = size
        elif word in NUMBERS or word.isdigit():
            self.count = min(int(word) if word.isdigit() else NUMBERS[word], 12) or 1
        elif word == "," or word in FILLERS:
            if word not in ADJECTIVES:
                self._pause()
            self._fresh = False
        else:
            self.left_out.append(word)
            self._strange, self._fresh = True, False

    def _pause(self) -> None:
        """What was said of a thing that the model does not know is forgotten with it."""
        if self._strange:
            self._clear()

    def _noun(self, noun: str) -> None:
        """A noun right after another is what both are: an apple tree is a tree."""
        if self._fresh and self.things:
            last = self.things.pop()
            self.left_out.append(last.noun)
            self.colour, self.count = self.colour or last.colour, max(self.count, last.count)
        self.things.append(Thing(noun, self.colour, self.size, self.count))
        self._clear()
        self._fresh = True
