"""Inline flags such as `--ar 3:2 --seed 7`, read out of a member's words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, get_args

from pixxelbot.errors import OutOfRange, UnknownChoice, UnknownFlag
from pixxelbot.intent import Changes
from pixxelbot.planner.networks import merged, read_networks, weight_of
from pixxelbot.planner.networks import near as near_name
from pixxelbot.planner.styles import MAX_WEIGHT, find_style, near
from pixxelbot.recipe import MAX_COUNT, MAX_SEED, Limits, Motion

FLAG: Final = re.compile(r"(?:^|(?<=\s))(?P<dash>--|—|–)(?P<name>[A-Za-z][\w-]*)(?:=(?=\S))?")
"""Two hyphens, or the dash that a phone makes of them, before a word; `well--known` and a lone `--` are text."""
MAX_RATIO: Final = 4
"""Longer side over shorter; beyond it every model repeats its subject."""
MAX_IMAGE_WEIGHT: Final = 3
USUAL_STRENGTH: Final = 0.6
"""Share of noise at an image weight of 1; the studio's own for img2img."""
MAX_REPEAT: Final = 10
SHOWN: Final = 40
"""Characters of a wrong value that are repeated in the answer."""
ASPECTS: Final = {"square": "1:1", "portrait": "2:3", "landscape": "3:2", "wide": "16:9", "tall": "9:16"}


def read_flags(words: str, limits: Limits) -> tuple[str, Changes]:
    """The words without their flags, and what the flags fix. The last of a repeated flag holds; `--no` adds up.

    Raises:
        UnknownFlag: it is named, with those there are.
        OutOfRange: it is named, with its range.
        UnknownChoice: a sampler or style that there is not.
    """
    words, said = read_networks(words, limits)
    found = list(_flags(words))
    if not found:
        return words, Changes(**said)
    kept = [words[: found[0].start()]]
    ends = [match.start() for match in found[1:]] + [len(words)]
    for match, end in zip(found, ends, strict=True):
        field, read = READERS[match["name"].lower()]
        value, rest = read(f"--{match['name']}", words[match.end() : end], limits)
        said[field] = _joined(said[field], value) if field in ADDED and field in said else value
        kept.append(rest)
    if "loras" in said:
        said["loras"] = merged(said["loras"], limits)
    if "size" in said:
        said["width"], said["height"] = said.pop("size")
    return " ".join(" ".join(kept).split()), Changes(**said)


def _flags(words: str) -> Iterator[re.Match[str]]:
    for match in FLAG.finditer(words):
        if match["name"].lower() in READERS:
            yield match
        elif match["dash"] == "--":
            raise UnknownFlag(f"--{match['name']}"[:SHOWN], (f"--{name}" for name in READERS if name not in ALIASES))


def _joined(before: Any, value: Any) -> Any:
    return f"{before}, {value}" if isinstance(value, str) else (*before, *value)


Reader = Callable[[str, str, Limits], tuple[Any, str]]
"""Flag, text up to the next flag, limits → value, and the text that is not its."""


def _first(text: str) -> tuple[str, str]:
    quoted = re.match(r'\s*["“]([^"”]*)["”]', text)
    if quoted:
        return quoted[1].strip(), text[quoted.end() :]
    parts = text.split(maxsplit=1)
    return (parts[0].rstrip(","), parts[1] if len(parts) > 1 else "") if parts else ("", "")


def _number(low: float, high: float | Callable[[Limits], float], kind: type[int] | type[float]) -> Reader:
    def read(flag: str, text: str, limits: Limits) -> tuple[int | float, str]:
        word, rest = _first(text)
        top, model = (high(limits), limits.model) if callable(high) else (high, "")
        try:
            value = kind(word)
        except ValueError:
            raise OutOfRange(flag, word[:SHOWN] or "empty", low, top, model) from None
        if not math.isfinite(value) or not low <= value <= top:
            raise OutOfRange(flag, word[:SHOWN], low, top, model)
        return value, rest

    return read


def _aspect(flag: str, text: str, limits: Limits) -> tuple[str, str]:
    word, rest = _first(text)
    ratio = re.fullmatch(r"(\d{1,4})[:x×/](\d{1,4})", ASPECTS.get(word.lower(), word.lower()))
    across, down = (int(ratio[1]), int(ratio[2])) if ratio else (0, 0)
    if not across or not down or not 1 / MAX_RATIO <= across / down <= MAX_RATIO:
        raise OutOfRange(flag, word[:SHOWN] or "empty", f"1:{MAX_RATIO}", f"{MAX_RATIO}:1")
    return f"{across}:{down}", rest


def _size(flag: str, text: str, limits: Limits) -> tuple[tuple[int, int], str]:
    word, rest = _first(text)
    sides = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", word.lower())
    low, high = limits.minimum, limits.maximum
    if not sides or not all(low <= int(side) <= high for side in sides.groups()):
        raise OutOfRange(flag, word[:SHOWN] or "empty", f"{low}x{low}", f"{high}x{high}", limits.model)
    return (int(sides[1]), int(sides[2])), rest


def _negative(flag: str, text: str, limits: Limits) -> tuple[str, str]:
    value = text.strip(" ,\n\t")
    if not value:
        raise UnknownChoice(f"thing to leave out after {flag}", "", ("any words, such as --no hands, text",))
    return value, ""


def _sampler(flag: str, text: str, limits: Limits) -> tuple[str, str]:
    """The longest known name that the text begins with; names hold spaces (`DPM++ 2M Karras`)."""
    words = text.replace('"', "").split()
    for length in range(min(4, len(words)), 0, -1):
        wanted = _plain(" ".join(words[:length]))
        for name in limits.samplers:
            if _plain(name) == wanted:
                return name, " ".join(words[length:])
    raise UnknownChoice("sampler", " ".join(words[:1])[:SHOWN], limits.samplers)


def _plain(name: str) -> str:
    return re.sub(r"[\s_,-]", "", name.lower())


def _styles(flag: str, text: str, limits: Limits) -> tuple[tuple[tuple[str, float], ...], str]:
    """One or more style names, each with an optional `::weight`; what follows them is text again."""
    found: list[tuple[str, float]] = []
    while True:
        word, rest = _first(text)
        name, _, weight = word.partition("::")
        style = find_style(name) if name else None
        if style is None and (not found or "::" in word):
            raise UnknownChoice("style", name[:SHOWN], near(name[:SHOWN]))
        if style is None:
            return tuple(found), text
        found.append((style.name, _number(0.1, MAX_WEIGHT, float)(f"{flag} {style.name}", weight or "1", limits)[0]))
        text = rest


def _lora(flag: str, text: str, limits: Limits) -> tuple[tuple[tuple[str, float], ...], str]:
    """`ink`, `ink:0.8` or `ink::0.8`."""
    word, rest = _first(text)
    name, _, weight = word.partition(":")
    if not name:
        raise UnknownChoice("LoRA", "", limits.loras or ("none is installed",))
    return ((name, weight_of(name[:SHOWN], weight.lstrip(":") or None)),), rest


def _embedding(flag: str, text: str, limits: Limits) -> tuple[tuple[str, ...], str]:
    word, rest = _first(text)
    if not word:
        raise UnknownChoice("learnt word", "", limits.embeddings or ("none is installed",))
    return (near_name(word.strip("<>"), limits.embeddings),), rest


def _model(flag: str, text: str, limits: Limits) -> tuple[str, str]:
    word, rest = _first(text)
    if not word:
        raise UnknownChoice("model", "", (limits.model,))
    return word, rest


def _image_weight(flag: str, text: str, limits: Limits) -> tuple[float, str]:
    """Midjourney's weight of an image prompt, 0 to 3 with 1 as usual, as the share of noise that amounts to."""
    weight, rest = _number(0, MAX_IMAGE_WEIGHT, float)(flag, text, limits)
    return round(USUAL_STRENGTH**weight, 3), rest


def _motion(flag: str, text: str, limits: Limits) -> tuple[str, str]:
    """The file that an animation becomes."""
    word, rest = _first(text)
    if word.lower() not in get_args(Motion):
        raise UnknownChoice("motion", word[:SHOWN], get_args(Motion))
    return word.lower(), rest


def _yes(flag: str, text: str, limits: Limits) -> tuple[bool, str]:
    return True, text


READERS: Final[dict[str, tuple[str, Reader]]] = {
    "ar": ("aspect", _aspect),
    "aspect": ("aspect", _aspect),
    "cfg": ("guidance_scale", _number(0, lambda limits: limits.max_guidance, float)),
    "exact": ("exact", _yes),
    "guidance": ("guidance_scale", _number(0, lambda limits: limits.max_guidance, float)),
    "chaos": ("chaos", _number(0, 100, int)),
    "count": ("count", _number(1, MAX_COUNT, int)),
    "embedding": ("embeddings", _embedding),
    "iw": ("strength", _image_weight),
    "lora": ("loras", _lora),
    "model": ("model", _model),
    "motion": ("motion", _motion),
    "negative": ("negative_prompt", _negative),
    "no": ("negative_prompt", _negative),
    "raw": ("verbatim", _yes),
    "repeat": ("repeat", _number(1, MAX_REPEAT, int)),
    "sampler": ("sampler", _sampler),
    "seed": ("seed", _number(0, MAX_SEED, int)),
    "size": ("size", _size),
    "steps": ("steps", _number(1, lambda limits: limits.max_steps, int)),
    "stop": ("stop", _number(10, 100, int)),
    "strength": ("strength", _number(0, 1, float)),
    "style": ("styles", _styles),
    "tile": ("tile", _yes),
    "verbatim": ("verbatim", _yes),
}
ADDED: Final = frozenset({"negative_prompt", "loras", "embeddings"})
"""Flags that add up."""
ALIASES: Final = frozenset({"aspect", "guidance", "negative", "verbatim"})
"""Understood, but not listed in the answer to an unknown flag."""
