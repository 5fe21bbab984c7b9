"""How the rules read a request: pictures as one sign, and the amounts that may stand in any of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from pixxelbot.intent import Action, Ask
from pixxelbot.planner.references import PIC, STANDS, Meant, described
from pixxelbot.planner.words import NUMBER, PICTURE, compiled, number, tidy
from pixxelbot.recipe import MAX_COUNT, Direction

P: Final = STANDS
DET: Final = (
    r"(?:the|that|those|these|this|his|her|its|their|my|all(?: of)? the|all|any|every|each|some "
    r"of the|that (?:ugly|weird|stupid|annoying))"
)
BACK: Final = r"background|backdrop|bg"
FROM_IT: Final = (
    rf"(?:,?\s*\b(?:in|from|on|of|off|for|to|at)\s+(?:{P}|the (?:picture|image|photo|scene))|\s*:?\s*{PIC})"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as the rules read it."""

    plain: str
    """Politeness off, pictures still in words."""
    text: str
    """The same with `PIC` for the pictures pointed at."""
    meant: Meant
    ask: Ask


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule understood. `rest` are words that describe what is to be seen."""

    action: Action
    targets: tuple[str, ...] | None = None
    """None: those that the request points at."""
    description: str = ""
    query: str = ""
    rest: str = ""
    fields: tuple[tuple[str, Any], ...] = ()
    instruction: str = ""
    region: str = ""
    gone: str = ""
    """What is to vanish from the picture."""


Rule = Callable[[Heard], Found | None]


def full(pattern: str, text: str) -> re.Match[str] | None:
    """The pattern over the whole text, in any case."""
    return compiled(pattern).fullmatch(text)


def starts(pattern: str, text: str) -> re.Match[str] | None:
    """The pattern at the start, in any case."""
    return compiled(pattern).match(text)


def pattern_of(match: re.Match[str]) -> str:
    """The pattern that a match is of."""
    return match.re.pattern


def holds(pattern: str, text: str) -> re.Match[str] | None:
    """The pattern anywhere, in any case."""
    return compiled(pattern).search(text)


def less(pattern: str, text: str) -> str:
    """The text without what matches."""
    return tidy(compiled(pattern).sub(" ", text))


# --- amounts --------------------------------------------------------------------------------------------------------

SUBTLE: Final = (
    r"\b(?:(?:very |more |only |just |ever so )?(?:subtly|slightly|gently|minimally|barely)"
    r"|(?:a )?teen(?:s)?y(?: tiny)? bit"
    r"|(?:just |only )?an? (?:tiny |little |wee )?(?:little|bit|touch|tad|smidge)(?: (?:bit|of))?"
    r"|a hint of|a little bit)\b"
)
STRONG: Final = (
    r"\b(?:(?:very |more |really |much more )?(?:strongly|drastically|dramatically|heavily"
    r"|radically|wildly|extremely|boldly)|completely|totally|entirely|wholly|utterly|a (?:whole "
    r")?lot)\b"
)
"""How strongly a change is meant; adjectives say what is to be seen instead."""
LITTLE: Final = (
    r"\b(?:(?:very |more |only )?(?:subtle|slight|gentle|minor|minimal|weak|small(?:er)?|tiny"
    r"|light)(?= (?:var|change|diff|tweak|alter|version|take|ones)|\s*\ue000|$)|(?:small(?:er)?|minor"
    r"|subtle) changes?|not (?:too|so|very) (?:much|different)|close to (?:it|the original)|low "
    r"strength|with low variation)\b"
)
MUCH: Final = (
    r"\b(?:(?:very |more |really )?(?:strong(?:er)?|drastic|dramatic|heavy|radical|wild(?:er)?"
    r"|extreme|bold(?:er)?|big|large|crazy)(?= (?:var|change|diff|tweak|alter|version|take)"
    r"|\s*\ue000|$)|(?:very|really|completely|totally|entirely|wholly|utterly|way|much|quite"
    r"|more) (?:more )?different|big changes?|high strength|go (?:crazy|wild|nuts)|fully|with "
    r"high variation)\b"
)
"""The same of a variation, of which nothing else is said."""
STRENGTHS: Final = {"subtle": 0.35, "strong": 0.8}
"""Shares of noise of a subtle and a strong variation; by eye, on models with 512-pixel latents."""
PERCENT: Final = (
    r"(?:\b(?:by|at|to|with) )?(?:about |around |like |maybe |roughly |say )*\b(\d{1,3})\s?(?:%|percent)(?: (?:strength"
    r"|different|variation|change))?"
)
SCALE: Final = (
    r"\b(?:by |to |at )?(?:(?P<n>\d(?:\.\d+)?)\s?(?:x\b|×|times\b|-fold\b)(?: (?:the size|bigger"
    r"|larger|as (?:big|large)|its size|size|resolution))?|(?:x|×) ?(?P<x>\d(?:\.\d+)?)\b"
    r"|by (?P<b>\d(?:\.\d+)?)$|(?:by "
    r")?(?:a )?(?:factor (?:of )?)(?P<f>\d(?:\.\d+)?|two|three|four|five)|(?P<word>double|doubled"
    r"|twice|triple|thrice|quadruple|four times|two times|three times)(?: (?:the|its|as) (?:size"
    r"|resolution|big|large))?)(?: (?:in|the) size)?"
)
TIMES: Final = {"double": 2.0, "doubled": 2.0, "twice": 2.0, "two times": 2.0, "triple": 3.0, "thrice": 3.0,
    "three times": 3.0, "quadruple": 4.0, "four times": 4.0}  # fmt: skip


def frames_of(text: str) -> tuple[int | None, str]:
    """How many frames an animation has, and the text without the words for it."""
    counted = holds(r",?\s*\b(?:in|with|using|over|of|and)?\s*(\d{1,3})[- ]frames?\b(?: long)?", text)
    if not counted:
        return None, text
    return min(max(int(counted[1]), 2), 240), tidy(f"{text[: counted.start()]} {text[counted.end() :]}")


def strength_of(text: str, varied: bool = False) -> tuple[float | None, str]:
    """How strongly something is to change, and the text without the words for it. `varied`: nothing else is said."""
    if percent := holds(PERCENT, text):
        return min(int(percent[1]) / 100, 1.0), less(PERCENT, text)
    if decimal := holds(
        r"\b(?:at |with )?(?:a )?strength (?:of )?(0?\.\d+|1\.0|[01])\b|\b(?:at |with )(0?\.\d+) strength\b", text
    ):
        return float(decimal[1] or decimal[2]), tidy(text[: decimal.start()] + " " + text[decimal.end() :])
    words = ((STRONG, "strong"), (SUBTLE, "subtle"), *(((MUCH, "strong"), (LITTLE, "subtle")) if varied else ()))
    for pattern, amount in (words[2:] + words[:2]) if varied else words:
        if holds(pattern, text):
            return STRENGTHS[amount], _less_all((one for one, said in words if said == amount), text)
    return None, text


def _less_all(patterns: Iterable[str], text: str) -> str:
    """ "a lot, go wild" says the same twice."""
    for pattern in patterns:
        text = less(pattern, text)
    return text


def scale_of(text: str) -> tuple[float | None, str]:
    """How many times as large, and the text without the words for it."""
    match = holds(SCALE, text)
    if not match:
        return None, text
    said = match["n"] or match["x"] or match["b"] or match["f"]
    said = {"two": "2", "three": "3", "four": "4", "five": "5"}.get(said, said) if said else said
    value = float(said) if said else TIMES[match["word"].lower()]
    return value, tidy(f"{text[: match.start()]} {text[match.end() :]}")


def count_of(text: str) -> tuple[int | None, str]:
    """How many pictures, where that is all that a number can mean."""
    match = holds(
        rf"\b(?:(?:give me|make|i want|draw|do|show me|get me|in) )?(?P<n>{NUMBER})(?: (?:more|new"
        rf"|other|different|fresh|extra|additional|subtle|strong|slight))*(?: (?:of (?:{P}|each)"
        rf"|{PICTURE}))?(?=\s*(?:$|[,.]|of\b|for\b|from\b|on\b|with\b|like\b|{PIC}))",
        text,
    )
    if not match:
        return None, text
    return min(max(number(match["n"]), 1), MAX_COUNT), tidy(f"{text[: match.start()]} {text[match.end() :]}")


SIDES: Final[tuple[tuple[str, tuple[Direction, ...]], ...]] = (
    ((r"(?:on |to |at |in )?(?:all|every|each) (?:the )?(?:sides?|directions?|around|edges?|ways?)"
r"|all around(?: it)?|around (?:it|the edges|all sides)|everywhere"), ("out",)),
    ((r"(?:on |to |at )?both sides|(?:to the )?sides|sideways|horizontally|(?:to the )?left and "
r"(?:to the )?right|right and left"), ("left", "right")),
    (r"vertically|(?:to the )?top and (?:the )?bottom|up and down|above and below", ("up", "down")),
    ((r"(?:(?:to|on|towards?|at) )?(?:the |its )?left(?:wards?)?(?:[ -]hand)?(?: side| edge| of "
r"(?:it|the (?:frame|picture|image)))?"), ("left",)),
    ((r"(?:(?:to|on|towards?|at) )?(?:the |its )?right(?:wards?)?(?:[ -]hand)?(?: side| edge| of "
r"(?:it|the (?:frame|picture|image)))?(?! now)"), ("right",)),
    ((r"(?:(?:to|on|towards?|at) )?(?:the )?(?:up(?:wards?)?|above|top|over(?:head| (?:his|her|the) "
r"heads?)|higher)(?: (?:it|of it|edge|side|the \w+|(?:his|her) head))?"), ("up",)),
    ((r"(?:(?:to|on|towards?|at) )?(?:the )?(?:down(?:wards?)?|below|bottom|under(?:neath)?|beneath"
r"|lower)(?: (?:it|of it|edge|side|the \w+))?"), ("down",)),
)  # fmt: skip


def directions_of(text: str) -> tuple[tuple[Direction, ...], str]:
    """The sides that are named, and the text without them."""
    found: list[Direction] = []
    for pattern, sides in SIDES:
        if holds(rf"\b(?:{pattern})(?!\w)", text):
            found += [side for side in sides if side not in found]
            text = less(rf"\b(?:{pattern})(?!\w)", text)
    return tuple(found), text


def pairs(**said: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in said.items() if value not in (None, ()))


def nothing_left(text: str) -> bool:
    """Whether nothing is left but pictures and words without weight."""
    return bool(
        full(
            rf"(?:{P}|the|a|an|of|to|it|from|in|on|at|by|for|into|with|as|please|me|us|too|also|again|then"
            r"|now|and|so|up|one|my|more|some|just|only|really|very|picture|image|version|size|together"
            r"|one picture|,|:|\s|-)*",
            text,
        )
    )


# --- naming a picture by what it shows ------------------------------------------------------------------------------

NAMED: Final = rf"(?:(?:all (?:of )?)?(?:the|that|this|those|these|my)|all) (?P<what>(?!{PIC})[\w' -]{{2,40}}?)"


def named(text: str, heard: Heard) -> Found | None:
    """ "the fox", as the object of a verb that takes a picture: found by its words, else left to whoever sees them."""
    text = tidy(text)
    if heard.meant.pointed or not heard.ask.pictures:
        return None
    match = full(rf"{NAMED}(?: {PICTURE}| one)?", text)
    if not match or len(match["what"].split()) > 4 or full(rf"(?:{BACK}|{PICTURE}|rest|same|others?)", match["what"]):
        return None
    return Found("show", described(match["what"], heard.ask), description=match["what"])


def on_pictures(heard: Heard, rest: str, action: Action, first: bool = False, **said: Any) -> Found | None:
    """The action on the pictures that `rest` names, if it names nothing else."""
    if nothing_left(rest):
        targets: tuple[str, ...] | None = None
        if first and (not heard.meant.pointed or heard.meant.vague) and (heard.meant.targets or heard.ask.pictures):
            targets = heard.meant.targets[:1]
        return Found(action, targets, fields=pairs(**said))
    if found := named(rest, heard):
        targets = (found.targets or ())[:1] if first else found.targets
        return replace(found, action=action, targets=targets, fields=pairs(**said))
    return None


def one_meant(heard: Heard) -> tuple[str, ...]:
    """Those pointed at, else the first of those that the conversation is about."""
    return heard.meant.targets if heard.meant.pointed and not heard.meant.vague else heard.meant.targets[:1]


KIND_OF: Final = (
    r"(?:variations?|variants?|versions?|alternatives?|takes?|iterations?|options?|mutations?|permutations?)"
)


def counted_kinds(text: str) -> tuple[int | None, str]:
    """ "3 variations of it" keeps the word, less its number."""
    counted = holds(
        rf"\b(?P<n>{NUMBER})(?= (?:(?:more|new|other|different|subtle|strong|slight|random) )*{KIND_OF}\b)", text
    )
    if not counted:
        return count_of(text)
    return min(max(number(counted["n"]), 1), MAX_COUNT), tidy(f"{text[: counted.start()]} {text[counted.end() :]}")
