"""Other languages than English: the commonest requests put into plain English, word by word.

`prompts/languages/*.yaml` hold phrases and what they mean. What is not in them stays as it is: it is content, and
diffusion models know many words of other languages.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from pixxelbot.planner.library import prompts_folder, read_yaml

LONGEST: Final = 5
"""Words of a phrase."""
LONGEST_WHOLE: Final = 120
"""Characters of a request that is put into English as a whole; what is longer describes a picture."""
ENOUGH: Final = 0.6
"""Weight for each word that must belong to a language for it to be taken for one."""
JAPANESE: Final = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Language:
    """One file of phrases."""

    name: str
    phrases: dict[str, str]
    """Lower-case phrase → English."""
    nouns: frozenset[str]
    """Those phrases that are nouns; an adjective after one is moved before it."""
    adjectives: frozenset[str]
    markers: frozenset[str]
    """Words that hardly any English sentence has."""
    whole: tuple[tuple[re.Pattern[str], str], ...]
    """Requests that are put into English as a whole; `{}` stands for what a group holds, itself put into English."""
    orders: tuple[tuple[re.Pattern[str], str], ...]
    """Rearrangements: before the words are replaced, in languages without spaces."""
    after: tuple[tuple[re.Pattern[str], str], ...]
    """Repairs of the English that comes out."""


@cache
def load_languages() -> tuple[Language, ...]:
    """Every language there is a file for."""
    return tuple(
        _language(file.stem, read_yaml(file)) for file in sorted((prompts_folder() / "languages").glob("*.yaml"))
    )


def _language(name: str, content: dict[str, dict[str, str] | list[str] | list[list[str]]]) -> Language:
    sections = {key: value for key, value in content.items() if isinstance(value, dict)}
    phrases = {str(key).lower(): str(value) for section in sections.values() for key, value in section.items()}
    phrases = {_unaccented(key): value for key, value in phrases.items()} | phrases
    lists = {
        key: [value for value in values if isinstance(value, str)]
        for key, values in content.items()
        if isinstance(values, list)
    }
    pairs = {
        key: tuple((re.compile(pair[0]), pair[1]) for pair in values if isinstance(pair, list))
        for key, values in content.items()
        if isinstance(values, list)
    }
    return Language(
        name=name,
        phrases=phrases,
        nouns=frozenset(str(key).lower() for key in sections.get("nouns", {})),
        adjectives=frozenset(str(key).lower() for key in sections.get("adjectives", {})),
        markers=frozenset(word for phrase in phrases for word in phrase.split() if len(word) > 1)
        - set(lists.get("english", [])),
        whole=tuple((re.compile(pattern.pattern, re.IGNORECASE), said) for pattern, said in pairs.get("whole", ())),
        orders=pairs.get("orders", ()),
        after=pairs.get("after", ()),
    )


def _unaccented(text: str) -> str:
    """As members type it in a hurry; only letters lose their accents, and kana nothing."""
    letters = unicodedata.normalize("NFD", text) if text.isascii() or not JAPANESE.search(text) else text
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def language_of(words: str) -> Language | None:
    """The language that the words are in, as far as it can be told; None for English and for what is unknown."""
    if JAPANESE.search(words):
        return next((language for language in load_languages() if language.name == "ja"), None)
    tokens = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", words.lower())
    best, most = None, 0.0
    for language in load_languages():
        known = _known(tokens, language) if language.name != "ja" and language.markers & set(tokens) else 0.0
        if known > max(most, ENOUGH * len(tokens)):
            best, most = language, known
    return best


def _known(tokens: list[str], language: Language) -> float:
    """How much of the words belongs to the language: long phrases, and words that only it has, count for more."""
    at, known = 0, 0.0
    while at < len(tokens):
        length = _longest(tokens, at, language)
        own = sum(token in language.markers for token in tokens[at : at + length])
        known += 1.5 * length - 0.5 + own if own or length > 1 else 0.4 * length
        at += max(length, 1)
    return known


def _longest(tokens: list[str], at: int, language: Language) -> int:
    """How many words the longest phrase has that begins here."""
    most = min(LONGEST, len(tokens) - at)
    return next((n for n in range(most, 0, -1) if " ".join(tokens[at : at + n]).lower() in language.phrases), 0)


def english(words: str) -> str:
    """The words with every known phrase in English; English itself, and unknown languages, come back unchanged."""
    if (whole := _as_a_whole(words)) is not None:
        return whole
    language = language_of(words)
    if language is None:
        return words
    text = words.replace("’", "'")
    for pattern, order in language.orders:
        text = pattern.sub(order, text)
    said = _without_spaces(text, language) if language.name == "ja" else _by_words(text, language)
    for pattern, repair in language.after:
        said = pattern.sub(repair, said)
    return " ".join(said.split())


def _as_a_whole(words: str) -> str | None:
    said = words.strip(" .!?。！？").replace("’", "'")
    if len(said) > LONGEST_WHOLE:
        return None
    for language in load_languages():
        for pattern, meaning in language.whole:
            if match := pattern.fullmatch(said):
                return meaning.format(*(english(part) for part in match.groups()))
    return None


def _by_words(text: str, language: Language) -> str:
    text = re.sub(r"\b([ldnsjmtcLDNSJMTC]|qu)'(?=\w)", lambda match: f"{match[1]}' ", text)
    tokens = re.findall(r"[^\W\d_]+'?|\d+(?:[.,:x]\d+)*%?|[^\w\s]+|\S", text)
    out: list[tuple[str, str]] = []
    at = 0
    while at < len(tokens):
        length = _longest(tokens, at, language)
        phrase = " ".join(tokens[at : at + max(length, 1)]).lower()
        said = language.phrases[phrase] if length else tokens[at]
        kind = "adjective" if phrase in language.adjectives else "noun" if phrase in language.nouns else ""
        if kind == "adjective" and out and out[-1][1] == "noun" and language.name != "de":
            out.insert(len(out) - 1, (said, kind))
        else:
            out.append((said, kind))
        at += max(length, 1)
    return re.sub(r"\s+(?=[,.;!?%])", "", " ".join(said for said, _ in out if said))


def _without_spaces(text: str, language: Language) -> str:
    for phrase in sorted(language.phrases, key=len, reverse=True):
        if phrase in text:
            text = text.replace(phrase, f" {language.phrases[phrase]} ")
    return re.sub("[、。！？]", ", ", text).strip(" ,")
