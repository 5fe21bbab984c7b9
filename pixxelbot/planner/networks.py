"""LoRAs and learnt words, as members name them: `<lora:ink:0.8>`, `<easynegative>`, "with the ink lora at 0.8".

Names that were only typed alike are brought to how they are installed; unknown ones are left for the studio to name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pixxelbot.errors import InvalidRequest, OutOfRange
from pixxelbot.recipe import Limits

MAX_WEIGHT: Final = 2.0
"""Beyond it, in either direction, an adapter drowns the model."""
MOST: Final = 5
"""LoRAs of one picture; each costs time in every step."""
TAG: Final = re.compile(r"<lora:(?P<name>[^:<>]{1,100})(?::(?P<weight>[^:<>]{0,12}))?(?::[^<>]{0,40})?>", re.IGNORECASE)
"""As A1111, Forge and most other bots write it; a third part (the text encoder's weight) is not told apart."""
LEARNT: Final = re.compile(r"<([^<>\s:@#]{1,100})>|\bembedding:([\w.-]{1,100})", re.IGNORECASE)
"""`<name>`, or ComfyUI's `embedding:name`."""
AMOUNT: Final = r"(?:\d+(?:[.,]\d+)?\s?%?|half(?=\s+(?:strength|weight)))"
OF_IT: Final = r"(?:\s+(?:strength|weight))?"
WEIGHED: Final = (
    rf"(?:\s+(?:at|of|with(?: a)? (?:weight|strength)(?: of)?)\s+{AMOUNT}{OF_IT}|\s?:\s?{AMOUNT}|\s?\({AMOUNT}\)"
    r"|\s+\d*[.,]\d+)?"
)
"""Weights behind a name: `at 80 %`, `:0.8`, `(0.8)`, `0.8`, `at half strength`. Whole numbers count pictures."""
ASKING: Final = (
    r",?\s*(?:\b(?:please\s+)?(?:(?:and|then)\s+)?(?:use|take|apply|add)\s+)?"
    r"(?:\b(?:(?:in|im|dans|al|no|nel|en)\s+(?:(?:the|le|el|o|lo)\s+)?(?:style|look|stil|estilo|stile)\s+"
    r"(?:of|des|vom|von|du|de|del|do|da)|with|using|plus|and|in|mit|und|con|avec|et|com)\s+)?"
    r"(?:\b(?:the|my|an?|dem|der|des|das|el|la|le|du|del|o|do|da)\s+)?"
)
"""What leads up to a LoRA in a sentence, and would be left dangling without it."""
WITHOUT: Final = re.compile(r",?\s*\bwithout\s+(?:(?:the|any|that|my)\s+)?(?:[\w.-]+\s+)?loras?\b", re.IGNORECASE)
UNKNOWN: Final = (
    re.compile(rf",?\s*\b(?:with|using)\s+(?:the|my)\s+(?P<names>[\w.-]+)\s+lora\b(?P<all>{WEIGHED})", re.IGNORECASE),
    re.compile(
        rf"{ASKING}\blora\s+(?:called|named)\s+(?P<names>[\w-]+{WEIGHED})(?P<all>)"
        rf"|,?\s*\bin\s+the\s+style\s+of\s+(?:the|my)\s+lora\s+(?P<names_>[\w-]+{WEIGHED})",
        re.IGNORECASE,
    ),
)
"""One that clearly is meant, installed or not."""
OFFERED: Final = 40
"""Names of each sort that a language model is told."""
SAME: Final = "the same again"
"""What is meant where only a LoRA is named."""

Loras = tuple[tuple[str, float], ...]


def read_networks(words: str, limits: Limits) -> tuple[str, dict[str, Any]]:
    """The words without the LoRAs named in them, and `loras` and `embeddings` as fields of Changes.

    Learnt words stay where they are, since their place in the prompt counts.

    Raises:
        OutOfRange: a weight is none.
    """
    said: dict[str, Any] = {}
    left, loras = _spoken(*_tagged(words), limits)
    if loras:
        said["loras"] = merged(loras, limits)
    elif (without := WITHOUT.sub("", left)) != left:
        left, said["loras"] = without, ()
    left, learnt = _learnt(left, limits)
    if learnt:
        said["embeddings"] = learnt
    if left == words:
        return words, said
    return " ".join(left.split()).strip(" ,") or SAME, said


def merged(loras: Sequence[tuple[str, float]], limits: Limits) -> Loras:
    """Each once, by its own name, the last weight of a repeated one.

    Raises:
        InvalidRequest: too many.
    """
    known = (*limits.loras, *(name for name, _ in limits.misfits))
    found = {near(name, known): weight for name, weight in loras}
    if len(found) > MOST:
        raise InvalidRequest(f"A picture takes at most {MOST} LoRAs, and you named {len(found)}. Leave some out.")
    return tuple(found.items())


def weight_of(name: str, text: str | None) -> float:
    """A weight as it was typed: `0.8`, `80 %`; 1 where nothing was.

    Raises:
        OutOfRange: it is no number within the range.
    """
    typed = (text or "1").strip().replace(",", ".")
    try:
        weight = float(typed.removesuffix("%")) / (100 if typed.endswith("%") else 1)
    except ValueError:
        weight = math.nan
    if not -MAX_WEIGHT <= weight <= MAX_WEIGHT:
        raise OutOfRange(f"The weight of the LoRA {name}", typed or "empty", -MAX_WEIGHT, MAX_WEIGHT)
    return weight


def near(name: str, known: Sequence[str]) -> str:
    """The installed name that is spelled like this one, else the name itself."""
    return next((one for one in known if _plain(one) == _plain(name)), name.strip())


def spoken_of(name: str, words: str) -> bool:
    """Whether a name stands in the words, as members may spell it."""
    return bool(re.search(rf"(?<!\w)(?:{_spelled([name])})(?!\w)", words, re.IGNORECASE))


def offered(names: Sequence[str], words: str) -> tuple[str, ...]:
    """Those to tell a language model of: the ones that were spoken of first, and not too many."""
    return tuple(sorted(names, key=lambda name: not spoken_of(name, words)))[:OFFERED]


def _tagged(words: str) -> tuple[str, list[tuple[str, float]]]:
    return TAG.sub(" ", words), [(tag["name"], weight_of(tag["name"], tag["weight"])) for tag in TAG.finditer(words)]


def _spoken(words: str, loras: list[tuple[str, float]], limits: Limits) -> tuple[str, list[tuple[str, float]]]:
    """Those spoken of in a sentence: any that is installed, and one that clearly is meant."""
    if "lora" not in words.casefold():
        return words, loras
    known, left, found = (*limits.loras, *(name for name, _ in limits.misfits)), " ".join(words.split()), []
    for pattern in (*_patterns(known), *UNKNOWN):
        if WITHOUT.search(left):
            break
        found += [pair for match in pattern.finditer(left) for pair in _weighed(match, known)]
        left = pattern.sub(" ", left)
    return (left, [*loras, *found]) if found else (words, loras)


def _patterns(names: Sequence[str]) -> Iterator[re.Pattern[str]]:
    """Installed ones by name: `the ink lora`, `ink and mist loras at 0.5`, `the loras ink:0.8 and mist`."""
    if not names:
        return
    one = rf"(?<!\w)(?:{_spelled(names)})(?!\w){WEIGHED}"
    several = rf"(?P<names>{one}(?:\s*(?:,|&|\+|\b(?:and|und|et|y|e)\b)\s*{one}){{0,9}})"
    yield re.compile(
        rf"{ASKING}{several}(?:[ -]|\s?の\s?)loras?\b(?:\s+(?:style|look)\b)?(?P<all>{WEIGHED})(?:\s+(?:for|to|on)\b)?",
        re.IGNORECASE,
    )
    yield re.compile(rf"{ASKING}\b(?<![-—–])loras?\s?:?\s+{several}(?P<all>)(?:\s+(?:for|to|on)\b)?", re.IGNORECASE)


def _spelled(names: Sequence[str]) -> str:
    """The names as members may spell them, the longest first."""
    ordered = sorted(names, key=len, reverse=True)
    return "|".join("[-_ ]".join(map(re.escape, re.split("[-_ ]", name))) for name in ordered)


def _weighed(match: re.Match[str], known: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The names of a match with their weights; what stands behind all holds for those that have none."""
    named = match["names"] or match["names_"]
    together = _amount(match.groupdict().get("all") or "")
    spelled = "|".join(filter(None, [_spelled(known), r"[\w.-]+"]))
    pattern = re.compile(rf"(?P<name>{spelled})(?P<weight>{WEIGHED})", re.IGNORECASE)
    for one in pattern.finditer(named):
        if one["name"].casefold() not in ("and", "und", "et", "y", "e"):
            yield one["name"], weight_of(one["name"], _amount(one["weight"]) or together)


def _amount(text: str) -> str | None:
    """The number in what stands behind a name."""
    found = re.search(r"\d*[.,]?\d+\s?%?|half", text)
    return "0.5" if found and found[0] == "half" else found and found[0]


def _learnt(words: str, limits: Limits) -> tuple[str, tuple[str, ...]]:
    found: dict[str, None] = {}

    def put(match: re.Match[str]) -> str:
        name = near(match[1] or match[2], limits.embeddings)
        if name not in limits.embeddings:
            return match[0]
        found[name] = None
        return f"<{name}>"

    return LEARNT.sub(put, words), tuple(found)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name.casefold().removesuffix(".safetensors"))
