"""What leaves a wish when something is not to be in the picture: whole things, with what joins them to the rest.

A wish is taken as phrases: what leads one in ("wearing", "next to", a comma) and its words, the last of which names the
thing. Only a phrase that ends in what is unwanted goes; "dark" in "a dark forest" says how something is, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from pixxelbot.planner.words import NUMBERS, tidy

STOPS: Final = frozenset(",;.!?")
LISTED: Final = frozenset({"and", "or", "&", "plus"})
IN_A_LIST: Final = frozenset({"with", "wearing", "holding", "carrying", "of", "between", "having", "has"})
"""What may lead in several things with commas between."""
PLACING: Final = frozenset(
    {"in", "on", "at", "during", "by", "under", "inside", "within", "from", "against", "through", "before",
     "after"}
)  # fmt: skip
"""What leads in where or when something is: no subject by itself."""
JOINING: Final = LISTED | IN_A_LIST | PLACING | {
    "to", "near", "beside", "behind", "above", "below", "over", "beneath", "underneath", "among", "around", "across",
    "along", "like", "as", "while", "but", "where", "that", "who", "which", "is", "are", "wears", "have", "holds",
    "beyond", "towards", "toward", "onto", "into", "without",
}  # fmt: skip
PLACES: Final = frozenset({"indoors", "outdoors", "outside", "underwater", "upstairs", "overhead"})
"""Where something is, in a word that nothing leads in."""
JOINED: Final = (
    r"(?:next|close|tied) to|in front of|on top of|(?:to|on) the (?:left|right|side) of|(?:left|right|full|made|out) of"
    r"|filled with|covered (?:in|with|by)|surrounded by|as well as"
)
"""The same of several words."""
DETERMINERS: Final = frozenset({"a", "an", "the", "some", "any", "no", "another"})
COUNTING: Final = DETERMINERS | {name for name in NUMBERS if " " not in name} | {
    "my", "your", "his", "her", "its", "our", "their", "this", "that", "these", "those", "many", "both", "all",
    "each", "every", "few", "lots",
}  # fmt: skip
THINGS: Final = frozenset({
    "building", "painting", "king", "ring", "wing", "string", "evening", "morning", "ceiling", "clothing", "wedding",
    "spring", "swing", "thing", "lightning", "duckling", "sibling", "pudding", "earring", "viking", "drawing",
    "writing", "lighting", "being",
})  # fmt: skip
"""Things that end as what somebody does."""
IRREGULAR: Final = {
    "mice": "mouse", "leaves": "leaf", "wolves": "wolf", "children": "child", "geese": "goose", "knives": "knife",
    "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "elves": "elf", "scarves": "scarf",
    "shelves": "shelf", "oxen": "ox", "persons": "people", "person": "people", "loaves": "loaf", "halves": "half",
}  # fmt: skip
TOKEN: Final = re.compile(
    rf"""(?P<joined>\b(?:{JOINED})\b)|"[^"]*"|(?<!\w)'(?=\S)[^']{{1,80}}'(?!\w)|[,;]|[.!?]+(?=\s|$)"""
    r"""|(?:[^\s,;.!?]|[.!?](?!\s|$))+""",
    re.IGNORECASE,
)
DRESSED: Final = re.compile(r"^[(\[{]+|(?::[\d.]+)?[)\]}]+$")
"""Brackets and weights around a word."""
MOST: Final = 60
"""Things to leave out that are looked at; nobody writes more by hand."""


@dataclass(frozen=True)
class Phrase:
    """A thing in a wish."""

    lead: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    own: tuple[str, ...] = field(default=(), compare=False)
    """Its words without numbers, articles, brackets and weights, in lower case."""

    @property
    def text(self) -> str:
        return " ".join((*self.lead, *self.words))


def without(wish: str, gone: str) -> str:
    """The wish without the things of a comma-separated list; unchanged where no subject would be left."""
    unwanted = [names for part in gone.split(",")[:MOST] if (names := _names(part.split()))]
    phrases = list(_phrases(wish)) if unwanted else []
    cut = [any(_ends_in(phrase.own, names) for names in unwanted) and _balanced(phrase) for phrase in phrases]
    if not any(cut):
        return wish
    kept = list(_kept(phrases, cut))
    return tidy(" ".join(phrase.text for phrase in kept)) if _has_a_subject(kept) else wish


def _phrases(wish: str) -> Iterator[Phrase]:
    lead: list[str] = []
    words: list[str] = []
    tokens = list(TOKEN.finditer(wish))
    for place, match in enumerate(tokens):
        token, low = match[0], match[0].lower()
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        joins = bool(match["joined"]) or low in JOINING or token[0] in STOPS or _does(low, words, following)
        if words and (joins or low in DETERMINERS or low in PLACES):
            led_in = not joins and _is_doing(words[-1].lower()) and len(words) > 1
            last = words.pop() if led_in else None
            yield Phrase(tuple(lead), tuple(words), _names(words))
            lead, words = [last] if last else [], []
        (lead if joins else words).append(token)
    yield Phrase(tuple(lead), tuple(words), _names(words))


def _is_doing(word: str) -> bool:
    return len(word) > 4 and word.endswith("ing")


def _does(word: str, before: list[str], following: re.Match[str] | None) -> bool:
    """Whether it is what the thing before does with the next one: "reading" in "a girl reading books"."""
    if not _is_doing(word) or word in THINGS or following is None or following[0][0] in STOPS:
        return False
    return not before or before[-1].lower() not in COUNTING


def _names(words: list[str]) -> tuple[str, ...]:
    plain = [DRESSED.sub("", word).lower() for word in words]
    return tuple(word for word in plain if word and word not in COUNTING and not word.isdigit())


def _ends_in(own: tuple[str, ...], names: tuple[str, ...]) -> bool:
    last = own[len(own) - len(names) :]
    return len(last) == len(names) and all(_forms(one) & _forms(other) for one, other in zip(last, names, strict=True))


def _forms(word: str) -> set[str]:
    """A noun as it may stand for one or several."""
    found = {word, IRREGULAR.get(word, word)}
    for ending, instead in (("s", ""), ("es", ""), ("ies", "y")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            found.add(word.removesuffix(ending) + instead)
    return found


def _balanced(phrase: Phrase) -> bool:
    return all(phrase.text.count(one) == phrase.text.count(other) for one, other in ("()", "[]", "{}"))


def _kept(phrases: list[Phrase], cut: list[bool]) -> Iterator[Phrase]:
    """What stays; what belongs to a thing that goes does too, and what led a list in leads in the rest of it."""
    gone: Phrase | None = None
    first = True
    for phrase, goes in zip(phrases, cut, strict=True):
        if goes:
            # in a list, what leads in the first thing that goes is what the next one needs
            gone = replace(phrase, lead=gone.lead) if gone and _goes_on(phrase, gone) else phrase
            continue
        if gone is not None and _belongs(phrase, gone):
            continue
        if gone is not None:
            if first:
                phrase = replace(phrase, lead=_from_a_place(phrase.lead))
            elif _goes_on(phrase, gone):
                rest = phrase.lead[1:]
                phrase = replace(phrase, lead=rest or gone.lead)
        gone, first = None, False
        yield phrase


def _goes_on(phrase: Phrase, gone: Phrase) -> bool:
    """Whether a phrase carries on the list that one that goes began: "with people and cars"."""
    if not phrase.lead or not gone.lead or gone.lead[0].lower() in LISTED | STOPS:
        return False
    joiner, alone, led = phrase.lead[0].lower(), len(phrase.lead) == 1, gone.lead[-1].lower()
    return (joiner in LISTED and not (alone and led in PLACING)) or (joiner == "," and alone and led in IN_A_LIST)


def _belongs(phrase: Phrase, gone: Phrase) -> bool:
    """Whether it says something of what goes: "of wine", "behind", and after a comma where it is."""
    if phrase.lead == ("of",) or not phrase.words:
        return bool(phrase.lead) and phrase.lead[0] not in STOPS
    begins = bool(gone.lead) and gone.lead[0] in STOPS
    return begins and bool(phrase.lead) and phrase.lead[0].lower() in PLACING


def _from_a_place(lead: tuple[str, ...]) -> tuple[str, ...]:
    return lead if lead and lead[0].lower() in PLACING else ()


def _has_a_subject(kept: list[Phrase]) -> bool:
    return any(set(phrase.own) - PLACES and not (phrase.lead and phrase.lead[0].lower() in PLACING) for phrase in kept)
