"""What the bot says, in the member's language. Every text lies in `languages/`, one file a language.

A file holds `say` (key → text), `errors` (an error's English words → its words), `terms` (names of things within them),
`said` (what the planner, the studio and the engine say, likewise) and, but for English, `commands` (names and
descriptions). es-419 takes from es-ES what it does not say itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import discord
import yaml
from discord import app_commands

from pixxelbot.errors import PixxelbotError

FOLDER: Final = Path(__file__).parent / "languages"
SOURCE: Final = "en-US"
LOCALES: Final = (SOURCE, "de", "es-ES", "es-419", "fr", "ja", "pt-BR")
BUILT_ON: Final = {"es-419": "es-ES"}
"""A language → the one that it differs from in a few words only."""
HOLE: Final = re.compile(r"\{(\w*)\}")
QUOTES: Final = ("“", "'")
LONGEST_LINE: Final = 500
"""Characters of a line that may be one of ours; comparing a longer one could take seconds."""
MAX_NAME: Final = 32


@dataclass(frozen=True, slots=True)
class Template:
    """A text with holes, and its words in another language."""

    pattern: re.Pattern[str]
    longest: str
    """Its longest piece between holes: what lacks it need not be compared."""
    ours: frozenset[str]
    """Holes that hold words of the house; what stands in quotation marks is a member's, and stays."""
    text: str

    @classmethod
    def of(cls, source: str, text: str) -> Self:
        """From the English text."""
        pieces = re.split(r"\{\w*\}", source)
        ours = frozenset(hole[1] for hole in HOLE.finditer(source) if source[: hole.start()][-1:] not in QUOTES)
        return cls(_pattern(source), max(pieces, key=len), ours, text)

    def values(self, english: str) -> dict[str, str] | None:
        """What fills its holes; None where the text is another one."""
        if len(english) > LONGEST_LINE or self.longest not in english:
            return None
        match = self.pattern.fullmatch(english)
        return match.groupdict() if match else None


class Words:
    """One language's texts: `say("waiting.place", place=3)`."""

    def __init__(self, locale: str, content: Mapping[str, Any]) -> None:
        self.locale = locale
        self.texts: Mapping[str, str] = content.get("say") or {}
        self.errors: Mapping[str, str] = content.get("errors") or {}
        self.terms: Mapping[str, str] = content.get("terms") or {}
        self.commands: Mapping[str, Any] = content.get("commands") or {}
        self.sayings: Mapping[str, str] = content.get("said") or {}
        self._patterns = [(_pattern(source), text) for source, text in self.errors.items() if HOLE.search(source)]
        self._templates = [Template.of(source, text) for source, text in self.sayings.items() if HOLE.search(source)]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text under a key, its holes filled."""
        text = self.texts.get(key)
        if text is None:
            text = of(SOURCE).texts[key]
        return str(text.format(**values)) if values else text

    def error(self, english: str) -> str:
        """An error's words; English ones where this language has none for them."""
        if english in self.errors:
            return self.errors[english]
        for pattern, text in self._patterns:
            if match := pattern.fullmatch(english):
                return str(text.format(**{name: self._named(value) for name, value in match.groupdict().items()}))
        return english

    def said(self, english: str) -> str:
        """What planner, studio or engine said in English; a line that is none of theirs stays as it is."""
        return "\n".join(map(self._part, english.split("\n"))) if self.sayings else english

    def _part(self, english: str) -> str:
        """A line, or what fills a hole of one; of several parts with semicolons between them, each."""
        if (found := self._saying(english)) is not None:
            return found
        parts = english.split("; ")
        return english if len(parts) == 1 else "; ".join(self._saying(part) or part for part in parts)

    def _saying(self, english: str) -> str | None:
        if english in self.sayings:
            return self.sayings[english]
        for template in self._templates:
            if (values := template.values(english)) is not None:
                whole = {name: self._part(value) if name in template.ours else value for name, value in values.items()}
                return template.text.format(**whole)
        return None

    def _named(self, english: str) -> str:
        return self.terms[english] if english in self.terms else self.error(english)

    def term(self, english: str) -> str:
        """The name of a thing, such as "picture"; what has no name here stays as it is."""
        return self.terms.get(english, english)


@cache
def of(locale: str) -> Words:
    """The words of a locale of Discord's; English for those that the bot does not speak."""
    return Words(locale, content_of(locale)) if locale in LOCALES else of(SOURCE)


def content_of(locale: str) -> dict[str, Any]:
    """What a language's file holds, over the language that it is built on."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    own: dict[str, Any] = yaml.load((FOLDER / f"{locale}.yaml").read_text(encoding="utf-8"), Loader=loader) or {}  # noqa: S506
    if locale not in BUILT_ON:
        return own
    base = content_of(BUILT_ON[locale])
    return {part: _over(own.get(part) or {}, base[part]) for part in base}


def _over(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        merged[key] = _over(value, base.get(key, {})) if isinstance(value, Mapping) else value
    return merged


def error_words(say: Words, error: PixxelbotError) -> tuple[str, str]:
    """Title and text of an error."""
    return say.error(error.title), say.error(str(error))


def _pattern(source: str) -> re.Pattern[str]:
    parts: list[str] = []
    end = 0
    for hole in HOLE.finditer(source):
        parts += [re.escape(source[end : hole.start()]), rf"(?P<{hole[1]}>.*?)"]
        end = hole.end()
    return re.compile("".join([*parts, re.escape(source[end:])]), re.DOTALL)


class Translator(app_commands.Translator):
    """Tells Discord the commands' names and descriptions in every language."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContext[Any, Any],
    ) -> str | None:
        """One name or description; None where the language is not spoken, or says the same as English."""
        if str(locale) not in LOCALES or str(locale) == SOURCE:
            return None
        found = _command_text(of(str(locale)).commands, string.message, context)
        return None if found == string.message else found


def _command_text(
    commands: Mapping[str, Any], english: str, context: app_commands.TranslationContext[Any, Any]
) -> str | None:
    """Names are looked up by the English name, descriptions and choices by the English words."""
    kind, places = context.location, app_commands.TranslationContextLocation
    named = (places.command_name, places.group_name, places.parameter_name)
    part = "names" if kind in named else "texts"
    found = commands.get(part, {}).get(english)
    return str(found) if found is not None else None
