"""A member's own settings said in words: "always use watercolour", "answer in German", "forget my defaults".

What is read here holds for everything that the member asks for later, wherever; what a conversation keeps is read in
`locking`. The fields are those of `rules.MemberSettings`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pixxelbot.planner.hearing import heard, polite_off
from pixxelbot.planner.languages import english
from pixxelbot.planner.reading import Reading, read_defaults, speaks_of_defaults
from pixxelbot.planner.words import one_line
from pixxelbot.recipe import Limits

Value = str | int | float | bool | None

LANGUAGES: Final[Mapping[str, str]] = {
    "english": "en-US", "american english": "en-US", "british english": "en-US", "englisch": "en-US",
    "inglés": "en-US", "anglais": "en-US", "inglês": "en-US", "英語": "en-US",
    "german": "de", "deutsch": "de", "alemán": "de", "allemand": "de", "alemão": "de", "ドイツ語": "de",
    "spanish": "es-ES", "español": "es-ES", "castellano": "es-ES", "spanisch": "es-ES", "espagnol": "es-ES",
    "espanhol": "es-ES", "スペイン語": "es-ES", "latin american spanish": "es-419", "mexican spanish": "es-419",
    "spanish (latin america)": "es-419", "french": "fr", "français": "fr", "französisch": "fr", "francés": "fr",
    "francês": "fr", "フランス語": "fr", "japanese": "ja", "日本語": "ja", "japanisch": "ja", "japonés": "ja",
    "japonais": "ja", "japonês": "ja", "portuguese": "pt-BR", "brazilian portuguese": "pt-BR", "português": "pt-BR",
    "portugiesisch": "pt-BR", "portugués": "pt-BR", "portugais": "pt-BR", "ポルトガル語": "pt-BR",
}  # fmt: skip
"""What members call the languages that the bot speaks → Discord's locale."""
FIELDS: Final[Mapping[str, str]] = {
    "style": "style", "look": "style", "model": "model", "aspect": "aspect", "aspect ratio": "aspect",
    "ratio": "aspect", "shape": "aspect", "format": "aspect", "size": "aspect", "count": "count",
    "number of pictures": "count", "number of images": "count", "steps": "steps", "guidance": "guidance_scale",
    "cfg": "guidance_scale", "sampler": "sampler", "negative prompt": "negative_prompt",
    "negatives": "negative_prompt", "verbatim mode": "verbatim", "language": "language", "spoiler": "spoiler",
}  # fmt: skip
"""What members call the settings."""
LONGEST: Final = 120
"""Characters; what is longer describes a picture."""
KEPT: Final = ("aspect", "count", "steps", "guidance_scale", "sampler", "negative_prompt")
"""Fields of a recipe that are settings too, by the same name."""
SETTINGS: Final = frozenset({*KEPT, "styles", "model", "verbatim"})
"""Fields of a recipe that a setting stands behind."""
NAME: Final = "|".join(sorted(FIELDS, key=len, reverse=True))
ALL: Final = r"(?:settings|preferences|defaults|configuration|config|options)"
MINE: Final = r"(?:all )?(?:of )?(?:my|our)(?: (?:own|current|personal|default|saved))*"
PICTURES: Final = r"(?:pictures?|images?|results?|drawings?)"
LASTING: Final = r"(?: (?:by default|from now on|always|every time|please|for me|any ?more|now|as (?:my|the) default))*"
LANGUAGE: Final = re.compile(
    r"(?:(?:change|set|switch|put|make)(?: (?:my|the|your|our))? language(?: to| into)?:?"
    r"|(?:my|the) (?:default |preferred )?language (?:is|should be|to))"
    rf"(?: (?P<name>[\w() ]{{1,40}}?))?{LASTING}"
    r"|(?:(?:please )?(?:always )?(?:speak|talk|answer|reply|respond|write)(?: (?:(?:to|with) )?me)?(?: always| only)?"
    rf"(?: in)?|(?:switch|change)(?: over)? to) (?P<spoken>[\w() ]{{1,40}}?){LASTING}",
    re.IGNORECASE,
)
HIDDEN: Final = re.compile(
    rf"(?:always )?(?:hide|put|mark|post|send|show) (?:all )?(?:of )?(?:my|the) {PICTURES} "
    rf"(?:behind|as|under|with|in) (?:an? |the )?spoilers?(?: tags?)?{LASTING}"
    rf"|(?:turn|switch) (?:on (?:the |my )?spoilers?(?: tags?| mode)?|(?:the |my )?spoilers?(?: tags?| mode)? on)"
    rf"{LASTING}"
    rf"|spoilers? on|always use (?:a )?spoilers?(?: tags?)?",
    re.IGNORECASE,
)
SHOWN: Final = re.compile(
    rf"(?:stop hiding|(?:do not|don't|dont|never) hide|no longer hide) (?:all )?(?:of )?(?:my|the) {PICTURES}"
    rf"(?: (?:behind|as|with|in) (?:an? |the )?spoilers?(?: tags?)?)?{LASTING}"
    rf"|(?:turn|switch) (?:off (?:the |my )?spoilers?(?: tags?| mode)?|(?:the |my )?spoilers?(?: tags?| mode)? off)"
    rf"{LASTING}|spoilers? off|(?:show|send|post) (?:my|the) {PICTURES} without (?:an? )?spoilers?{LASTING}"
    rf"|no (?:more )?spoilers?(?: tags?)? (?:for|on) (?:my|the) {PICTURES}",
    re.IGNORECASE,
)
EXACTLY: Final = re.compile(
    r"(?:always |by default |from now on )+(?:draw|use|take|send) (?:exactly )?my (?:exact |own )?words"
    r"(?: (?:as (?:they are|i (?:write|wrote|type) them)|untouched|verbatim|exactly|unchanged))*"
    r"|always (?:be |draw )?verbatim|verbatim (?:by default|always)",
    re.IGNORECASE,
)
MODEL: Final = re.compile(
    r"(?:always (?:use|draw with) (?:the )?(?:model (?P<name>[\w./-]+)|(?P<before>[\w./-]+) model)"
    r"|(?:set|change|switch|make) my (?:default|preferred|usual) model(?: to| into|:)? (?P<set>[\w./-]+)"
    r"|my (?:default|preferred|usual) model (?:is|should be) (?P<is>[\w./-]+)"
    r"|(?:use|draw with) (?:the )?(?:model (?P<used>[\w./-]+)|(?P<named>[\w./-]+) model) "
    rf"(?:by default|from now on|as (?:my |the )?default)){LASTING}",
    re.IGNORECASE,
)
SAMPLER: Final = re.compile(
    r"(?:always (?:use|draw with) (?:the )?(?:sampler (?P<name>[\w+. ]+?)|(?P<before>[\w+. ]+?) sampler)"
    r"|(?:set|change|switch|make) my (?:default|preferred|usual) sampler(?: to| into|:)? (?P<set>[\w+. ]+?)"
    rf"|my (?:default|preferred|usual) sampler (?:is|should be) (?P<is>[\w+. ]+?)){LASTING}",
    re.IGNORECASE,
)
CHANGED: Final = re.compile(
    rf"(?:change|set|edit|update|choose) my (?:default|preferred|usual) (?:{NAME})", re.IGNORECASE
)
RESET: Final = re.compile(
    rf"(?:reset|clear|forget|delete|erase|remove|drop|wipe)(?: (?:all(?: of)? )?the| {MINE})? {ALL}(?: back)?"
    rf"(?: to (?:the )?(?:defaults?|normal|standard|factory)(?: ones| values| settings)?)?{LASTING}"
    rf"|(?:set|put|turn) {MINE} {ALL} back(?: to (?:the )?(?:defaults?|normal|standard|factory))?"
    rf"|forget (?:what|everything) i (?:set|always want|prefer)",
    re.IGNORECASE,
)
FORGET: Final = re.compile(
    rf"(?:reset|clear|forget|delete|erase|remove|drop|unset)(?: my| the)? "
    rf"(?:(?:default|preferred|usual) (?P<name>{NAME})|(?P<own>language|spoiler)(?: setting)?){LASTING}"
    rf"|no (?:default|preferred) (?P<no>{NAME}){LASTING}",
    re.IGNORECASE,
)
STOP: Final = re.compile(
    r"(?:please )?(?:stop|quit|do not|don't|dont|no longer|not)(?: always)? (?:us(?:e|ing)|draw(?:ing)?|mak(?:e|ing)"
    rf"|giv(?:e|ing) me|paint(?:ing)?) (?P<what>.+?){LASTING}",
    re.IGNORECASE,
)
LASTS: Final = re.compile(r"\b(?:by default|always|from now on|every time|as (?:my|the) default)\b", re.IGNORECASE)
MESSAGES: Final = re.compile(
    r"(?:turn|switch) (?:on|off) (?:the |my )?(?:dms?|direct messages|notifications|pings)\b.*"
    r"|(?:always )?(?:dm|ping|notify) me "
    r"(?:always|when (?:it is|it's|they are|my \w+ (?:is|are)) (?:done|ready|finished))",
    re.IGNORECASE,
)
SERVERS: Final = re.compile(
    r"(?:change|set|edit|update|show|open|reset) (?:the |this |our )?(?:server|guild|channel)(?:'?s)? "
    rf"(?:{ALL}|rules|limits|policy|reactions)\b.*|(?:allow|enable|turn on|unlock|disable) nsfw\b.*"
    r"|(?:block|ban|forbid|unblock) the words? .+",
    re.IGNORECASE,
)

I_SPEAK: Final = "I speak English, German, Spanish, French, Japanese and Portuguese. Say which."
NO_MESSAGES: Final = "There is no such setting. To have a result sent to your direct messages, press ✉️ under it."
FOR_ADMINISTRATORS: Final = "That is for the server's administrators to set, with `/server`."
NO_SETTING: Final = (
    "I keep no such setting. You can set model, style, aspect, number of pictures, steps, guidance, sampler, what to "
    "leave out, verbatim, language and spoiler."
)


@dataclass(frozen=True, slots=True)
class Own:
    """What some words do to the member's own settings."""

    changes: Mapping[str, Value] = field(default_factory=dict)
    """Setting → value; None forgets it. Empty: they are to be shown, or there is only the reply."""
    here: Mapping[str, Any] = field(default_factory=dict)
    """Every field of a recipe that was read, those that are no settings among them."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""
    """What to say instead, where words cannot change this."""


def own_settings(plain: str, limits: Limits, known: Collection[str]) -> Own | None:
    """What these words change in the member's own settings; None where they speak of something else."""
    said = plain.strip(" .!?")
    for read in (_language, _switches, _forgotten, _not_by_words):
        if (found := read(said)) is not None:
            return found
    return _named(said, limits) or _stopped(said, limits, known) or _defaults(plain, limits, known)


def surely(words: str) -> bool:
    """Whether words, in any language, speak of the member's own settings and can mean nothing to draw."""
    if len(words) > LONGEST:
        return False
    plain = polite_off(heard(english(one_line(words))))
    said = plain.strip(" .!?")
    return speaks_of_defaults(plain) or any(
        read(said) is not None for read in (_language, _switches, _forgotten, _not_by_words)
    )


def _language(said: str) -> Own | None:
    match = LANGUAGE.fullmatch(said)
    if match is None:
        return None
    locale = LANGUAGES.get((match["name"] or match["spoken"] or "").lower())
    if locale:
        return Own({"language": locale})
    return Own(reply=I_SPEAK) if match["spoken"] is None else None


def _named(said: str, limits: Limits) -> Own | None:
    """ "my default sampler is Euler"."""
    match = SAMPLER.fullmatch(said)
    names = {name.lower(): name for name in limits.samplers}
    sampler = names.get(next(name for name in match.groups() if name).lower()) if match else None
    return Own({"sampler": sampler}) if sampler else None


def _switches(said: str) -> Own | None:
    for pattern, changes in (
        (HIDDEN, {"spoiler": True}), (SHOWN, {"spoiler": False}), (EXACTLY, {"verbatim": True}),
    ):  # fmt: skip
        if pattern.fullmatch(said):
            return Own(dict[str, Value](changes))
    model = MODEL.fullmatch(said)
    return Own({"model": next(name for name in model.groups() if name)}) if model else None


def _forgotten(said: str) -> Own | None:
    if RESET.fullmatch(said):
        return Own(dict.fromkeys(FIELDS.values()))
    match = FORGET.fullmatch(said)
    return Own({FIELDS[next(name for name in match.groups() if name).lower()]: None}) if match else None


def _not_by_words(said: str) -> Own | None:
    if CHANGED.fullmatch(said):
        return Own()
    if MESSAGES.fullmatch(said):
        return Own(reply=NO_MESSAGES)
    return Own(reply=FOR_ADMINISTRATORS) if SERVERS.fullmatch(said) else None


def _stopped(said: str, limits: Limits, known: Collection[str]) -> Own | None:
    """ "stop using watercolour by default"."""
    match = STOP.fullmatch(said)
    if match is None or not LASTS.search(said):
        return None
    found = _defaults(f"always use {match['what']}", limits, known)
    return Own(dict.fromkeys(found.changes)) if found and found.changes else None


def _defaults(plain: str, limits: Limits, known: Collection[str]) -> Own | None:
    """ "from now on always use 16:9", "my settings"."""
    reading = Reading(plain, limits)
    if not read_defaults(reading, known):
        return None
    fields = reading.fields
    changes: dict[str, Value] = {name: fields[name] for name in KEPT if name in fields}
    if fields.get("styles"):
        changes["style"] = fields["styles"][0][0]
    asked = bool(fields) or speaks_of_defaults(plain)
    return Own(changes, fields, reading.reasons, "" if asked else NO_SETTING)
