"""What single words of a request say, where the studio asks: all or one, seen or known, taken back, yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pixxelbot.intent import Choice

EVERYTHING: Final = re.compile(r"\b(?:all|everything|alles|todo|tout|tudo)\b|全部|すべて", re.IGNORECASE)
LOOKS: Final = re.compile(
    r"\b(?:ones? (?:with|where|that|of|in|which)|which (?:one|picture)|what (?:is|are|do|does|colou?r)|looks?"
    r"|(?:do|can) you (?:see|like)|in the (?:picture|image|photo)|best|nicest|worst)\b",
    re.IGNORECASE,
)
TAKEN_BACK: Final = re.compile(
    r"\b(?:un-?(?:fav\w*|star|like)|remove|no longer|not .*any ?more|take back)\b", re.IGNORECASE
)
YES: Final = re.compile(
    r"(?:yes|yep|yeah|sure|ok(?:ay)?|do (?:it|that)|go (?:ahead|on)|please(?: do)?|ja|sí|si|oui|sim|はい)"
    r"(?:,? please)?",
    re.IGNORECASE,
)
NO: Final = re.compile(
    r"(?:no|nope|nah|don't|never ?mind|nein|non|não|nao|いいえ)(?:,? thanks?(?: you)?)?", re.IGNORECASE
)
REFUSAL: Final = "No"
"""The label of the answer that refuses."""
PLACES: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
SHORTEN: Final = re.compile(r"^\s*/?(?:please )?shorten\b:?\s*", re.IGNORECASE)
IT: Final = re.compile(r"(?:it|this|that|(?:the|my|this|its) (?:last )?prompt)[.!?]*", re.IGNORECASE)


def means_all(words: str) -> bool:
    """Whether everything is meant and not only the latest."""
    return EVERYTHING.search(words) is not None


def points_by_looks(words: str) -> bool:
    """Whether the words may point at a picture by what it shows."""
    return LOOKS.search(words) is not None


def takes_back(words: str) -> bool:
    """Whether a favourite is taken back and not given."""
    return TAKEN_BACK.search(words) is not None


def to_shorten(words: str) -> str:
    """The prompt that shall be shortened; empty where that of the last picture is meant."""
    text = SHORTEN.sub("", words)
    return "" if IT.fullmatch(text) else text


def choice_in(words: str, choices: Sequence[Choice]) -> Choice | None:
    """The choice that a member's words mean: its number, its place, its label, or plain yes and no."""
    said = re.sub(r"^(?:the|number|option|no\.|#)\s*", "", words.strip(" .!?").casefold())
    said = re.sub(r"\s+(?:one|option|prompt)$", "", said)
    labels = [choice.label.casefold() for choice in choices]
    if said in labels:
        return choices[labels.index(said)]
    if said.isdigit() and 1 <= int(said) <= len(choices):
        return choices[int(said) - 1]
    if said in PLACES[: len(choices)]:
        return choices[PLACES.index(said)]
    if YES.fullmatch(said):
        return choices[0]
    return next((choice for choice in choices if choice.label == REFUSAL), None) if NO.fullmatch(said) else None
