"""English words that the offline planner goes by: numbers, ordinals, prepositions, and how text is tidied."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

NUMBERS: Final = {
    "single": 1, "only one": 1, "one single": 1, "just 1": 1, "only 1": 1, "just a single": 1,
    "one": 1, "a single": 1, "just one": 1, "two": 2, "a couple of": 2, "couple of": 2, "a couple": 2,
    "a pair of": 2, "three": 3, "a few": 3,
    "several": 4, "four": 4, "five": 5, "half a dozen": 6, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "a dozen": 12, "twelve": 12,
}  # fmt: skip
NUMBER: Final = r"(?:" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + r"|\d{1,6})"
SPELLED: Final = {value: word for word, value in NUMBERS.items() if " " not in word and word != "several"}
ORDINALS: Final = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
    "sixth": 6, "6th": 6, "seventh": 7, "7th": 7, "eighth": 8, "8th": 8, "ninth": 9, "9th": 9, "tenth": 10, "10th": 10,
}  # fmt: skip
PICTURE: Final = (
    r"(?:pictures?|images?|pics?|versions?|variations?|variants?|renders?|renderings?|drawings?|illustrations?|"
    r"options?|takes?|shots?|paintings?|photos?|photographs?|sketch(?:es)?|artworks?|prints?)"
)
"""What a picture is called when counted or pointed at."""
PREPOSITION: Final = (
    r"(?:at|in|on|under|underneath|by|near|during|over|above|behind|inside|beside|beneath|between|among|from|as|"
    r"against|across|around|wearing|holding|riding|made of|next to|in front of|on top of)"
)
COLOURS: Final = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "brown", "grey", "gray", "golden",
    "silver", "turquoise", "violet", "cyan", "magenta", "beige", "teal", "crimson", "scarlet",
)  # fmt: skip
COLOUR: Final = r"(?:" + "|".join(COLOURS) + ")"


WINDOW: Final = 100
"""Characters from the end that are looked at for what trails a request, so that the time stays linear in its length."""
ENDING: Final = re.compile(r"(?:[\s,;]|\b(?:and|but|with)\b)+([.!?]*)$", re.IGNORECASE)


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, in any case; `re` itself keeps too few of them."""
    return re.compile(pattern, re.IGNORECASE)


def number(text: str) -> int:
    """The number that digits or an English word of `NUMBERS` mean."""
    return int(text) if text.isdigit() else NUMBERS[text.lower()]


def one_line(text: str) -> str:
    """The text with straight quotes and single spaces."""
    text = text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})
    return re.sub(r"\s+", " ", text).strip()


def tidy(text: str) -> str:
    """One line, and no stray punctuation or "and" left by what was cut out."""
    text = re.sub(r"\s+(?=[,.;!?])", "", one_line(text))
    text = re.sub(r"([,;])(?:\s*[,;])+", r"\1", text)
    text = re.sub(r"^(?:[\s,;:.]|(?:and|but)\b)+", "", text)
    end = ENDING.search(text, max(len(text) - WINDOW, 0))
    return (text[: end.start()] + end[1] if end else text).strip()


def with_article(thing: str) -> str:
    """With the indefinite article that its first letter asks for: "an owl"."""
    return f"{'an' if thing[0].lower() in 'aeiou' else 'a'} {thing}"


def singular(word: str) -> str:
    """An English noun's singular, near enough to look it up."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if re.search(r"(?:ss|x|z|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def plural(word: str) -> str:
    """An English noun's plural, for the nouns of a small model."""
    if word == "fish":
        return word
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(?:s|x|z|ch|sh)$", word) else f"{word}s"
