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
WEIGHED: Final = r"(?:\s+(?:at|of|with(?: a)? (?:weight|strength)(?: of)?)\s+(?P<weight>\d+(?:[.,]\d+)?\s?%?))?"
WITHOUT: Final = re.compile(r",?\s*\bwithout\s+(?:(?:the|any|that|my)\s+)?(?:[\w.-]+\s+)?loras?\b", re.IGNORECASE)
UNKNOWN: Final = re.compile(rf",?\s*\b(?:with|using)\s+(?:the|my)\s+(?P<name>[\w.-]+)\s+lora\b{WEIGHED}", re.IGNORECASE)
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
    found = {near(name, limits.loras): weight for name, weight in loras}
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


def _tagged(words: str) -> tuple[str, list[tuple[str, float]]]:
    return TAG.sub(" ", words), [(tag["name"], weight_of(tag["name"], tag["weight"])) for tag in TAG.finditer(words)]


def _spoken(words: str, loras: list[tuple[str, float]], limits: Limits) -> tuple[str, list[tuple[str, float]]]:
    """Those spoken of in a sentence: any that is installed, and one that clearly is meant."""
    for pattern in (*_patterns(limits.loras), UNKNOWN):
        if WITHOUT.search(words):
            break
        loras = [*loras, *((one["name"], weight_of(one["name"], one["weight"])) for one in pattern.finditer(words))]
        words = pattern.sub(" ", words)
    return words, loras


def _patterns(names: Sequence[str]) -> Iterator[re.Pattern[str]]:
    if not names:
        return
    spelled = "|".join(re.escape(name).replace("_", "[-_ ]").replace(r"\-", "[-_ ]") for name in names)
    before = r",?\s*(?:\b(?:with|using|plus|and|in|mit|con|avec|com)\s+)?(?:\b(?:the|my|an?|dem|der|el|la|le|o)\s+)?"
    yield re.compile(rf"{before}\b(?P<name>{spelled})[ -]lora\b(?:\s+style\b)?{WEIGHED}", re.IGNORECASE)
    yield re.compile(rf"{before}\b(?<![-—–])lora\s+(?P<name>{spelled})\b{WEIGHED}", re.IGNORECASE)


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
