"""What a follow-up changes in a prompt ("at night", "add a hat", "a cat instead"), with the rest kept as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pixxelbot.planner.scenes import Scene, read_scene
from pixxelbot.planner.words import COLOUR, PREPOSITION, singular, tidy
from pixxelbot.recipe import Limits

Kind = Literal["add", "swap", "subject", "place", "modify"]

TIMES: Final = (
    r"(?:at|by|in|during|under|before|after) (?:the )?(?:full )?(?:early |late )?(?:night|dawn|dusk"
    r"|sunset|sunrise|noon|midday|midnight|"
    r"morning|evening|afternoon|day|daytime|daylight|moon|moonlight|golden hour|twilight)(?: time| sky)?"
    r"|in (?:broad )?daylight"
)
SEASONS: Final = (
    r"(?:in|during|under) (?:the |a |an )?(?:\w+ )?(?:snow|winter|summer|autumn|fall|spring|rain"
    r"|fog|mist|storm|thunderstorm|sunshine|snowstorm|blizzard)"
)
PLACES: Final = (
    r"(?:in|at|on|by|near|inside|over|under) (?:the |an? )?(?:\w+ )?(?:forest|woods|jungle|desert|sea"
    r"|ocean|beach|city|street|town|village|"
    r"meadow|field|park|garden|mountains?|moon|mars|space|sky|castle|house|room|kitchen|library|cave|lake"
    r"|river|island|roof|bridge|water)"
)
CLASSES: Final = tuple(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for pattern in (TIMES, SEASONS, PLACES))
"""A new time replaces the old time, a new place the old place."""
COMPARED: Final = {
    "darker": "dark, dim light", "brighter": "bright, well lit", "lighter": "light, airy", "bigger": "large",
    "larger": "large", "smaller": "small", "closer": "close-up", "happier": "happy", "scarier": "scary",
    "cuter": "cute", "sadder": "sad", "angrier": "angry", "older": "old", "younger": "young", "warmer": "warm colours",
    "colder": "cold colours", "softer": "soft light", "sharper": "sharp", "simpler": "simple", "funnier": "funny",
    "prettier": "pretty", "bluer": "blue", "redder": "red", "greener": "green", "friendlier": "friendly",
}  # fmt: skip
DEEPEST: Final = 4
"""How many phrases may stand inside one another: "make it a cat instead" holds two."""
PRONOUN: Final = r"(?:(?:it|that|this|them|him|her|everything)(?: all)?)"
DETERMINED: Final = re.compile(r"(?:an?|the|some|two|three|four|five|several|many|my|another)\s+\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what kind, the words of it, and what of the old prompt it speaks of."""

    kind: Kind
    words: str
    of: str = ""


def read_edits(text: str, replaces: bool = False) -> list[Edit]:
    """The changes in a follow-up. `replaces`: a bare noun stands for a new subject, not for an addition."""
    return [edit for piece in _pieces(text) for edit in _edit(piece, replaces)]


def _pieces(text: str) -> Iterator[str]:
    verb = r"(?:make|turn|change|replace|swap|add|give|put|include|with|at|in|on|under|by|without|it|wearing|holding)"
    for piece in re.split(
        rf"\s*[,;.]\s*(?:and |but |then )?|\s+(?:and|but|then)\s+(?={verb}\b)", text, flags=re.IGNORECASE
    ):
        if piece.strip():
            yield piece.strip()


def _edit(piece: str, replaces: bool, depth: int = 0) -> Iterator[Edit]:
    piece = re.sub(r"^(?:and|but|also|then|now|just|only|maybe|plus)\s+", "", piece, flags=re.IGNORECASE)
    for pattern, build in PATTERNS if depth < DEEPEST else PATTERNS[-1:]:
        if match := re.fullmatch(pattern, piece, re.IGNORECASE):
            yield from build(match, replaces, depth + 1)
            return


def _swap(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    old, new = match["old"].strip(), match["new"].strip()
    if re.fullmatch(PRONOUN, old, re.IGNORECASE):
        yield from _edit(new, True, depth)
    elif re.fullmatch(rf"{COLOUR}|\w+er|more \w+", new, re.IGNORECASE) and old != "background":
        yield Edit("modify", new, old)
    else:
        yield Edit("swap", new, old)


def _made(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield from _edit(match["new"], True, depth)


def _added(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield Edit("add", match["new"])


def _placed(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield Edit("place", match[0])


def _bare(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    words = match[0]
    if DETERMINED.match(words):
        yield Edit("subject" if replaces else "add", words)
    else:
        yield Edit("modify", words)


THE: Final = r"(?:(?:the|its|his|her|their|that)\s+)?"
PATTERNS: Final = (
    ((rf"(?:change|replace|swap|turn|switch|make|transform)\s+{THE}(?P<old>.+?)\s+(?:to|with|for|into|by"
r"|be)\s+(?:be\s+)?(?P<new>.+)"), _swap),
    (rf"(?:an?\s+)?(?P<new>.+?)\s+instead\s+of\s+{THE}(?:an?\s+)?(?P<old>.+)", _swap),
    (r"(?:try |use |do |draw )?(?P<new>.+?)\s+instead", _made),
    ((r"(?:make|turn|paint|colou?r|draw|render|show|put|set|move|place|redo|redraw|have|let"
rf"|give)\s+{PRONOUN}(?:\s+(?:be|look|into|as|to be))?\s+(?P<new>(?:at|in|on|under|by|near)\s.+)"), _made),
    (rf"give\s+{PRONOUN}\s+(?P<new>.+)", _added),
    ((rf"(?:make|turn|paint|colou?r|draw|render|show|put|set)\s+{PRONOUN}(?:\s+(?:be|look|into|as|to be|a "
r"bit|a little|look))*\s+(?P<new>.+)"), _made),
    ((rf"(?:make|paint|colou?r|give)\s+(?:the|its|his|her)\s+(?P<old>\w+(?:\s\w+)??)\s+(?P<new>{COLOUR}"
r"|\w+er|more \w+|an? .+)"), _swap),
    (r"(?:the|its|his|her)\s+(?P<old>\w+(?:\s\w+)?)\s+(?:should be|is|are|becomes|in)\s+(?P<new>.+)", _swap),
    (r"(?:should be|should have|needs|must be|could be)\s+(?P<new>.+)", _made),
    (rf"(?:{PRONOUN}|he|she|they)\s+(?:should be|should have|needs|has|is|are|wears|holds)\s+(?P<new>.+)", _made),
    (r"(?:add|include|with|plus|put in|there should be|have)\s+(?P<new>.+?)(?:\s+to it|\s+in it)?", _added),
    (rf"{PREPOSITION}\s.+", _placed),
    (r".+", _bare),
)  # fmt: skip


def edited(prompt: str, edits: Iterable[Edit], limits: Limits) -> str:
    """The prompt with the edits applied; everything they do not speak of stays."""
    if limits.family == "bundled" and (scene := read_scene(prompt, limits.vocabulary)).things:
        for edit in edits:
            scene = _on_scene(scene, edit, limits)
        return scene.say()
    for edit in edits:
        prompt = tidy(_on_words(prompt, edit))
    return prompt


def _on_scene(scene: Scene, edit: Edit, limits: Limits) -> Scene:
    change = read_scene(COMPARED.get(edit.words.lower(), edit.words), limits.vocabulary)
    if edit.of == "background" and change.colour:
        change = read_scene(f"{change.colour} background", limits.vocabulary)
    only = next((thing.noun for thing in read_scene(edit.of, limits.vocabulary).things), "") if edit.of else ""
    if edit.kind == "swap" and only and len(scene.things) > 1 and change.things:
        things = tuple(change.things[0] if thing.noun == only else thing for thing in scene.things)
        return Scene(things, change.places or scene.places, scene.background, left_out=change.left_out)
    return scene.merged(change, add=edit.kind == "add", only=only)


def _on_words(prompt: str, edit: Edit) -> str:
    match edit.kind:
        case "add":
            return f"{prompt}, {'' if re.match('with |more ', edit.words) else 'with '}{edit.words}"
        case "place":
            return _placed_in(prompt, edit.words)
        case "subject":
            return _subject(prompt, edit.words)
        case "swap":
            return _swapped(prompt, edit.of, edit.words)
        case "modify":
            return _modified(prompt, edit.words, edit.of)


def _placed_in(prompt: str, words: str) -> str:
    for pattern in CLASSES:
        if pattern.match(words):
            if pattern.search(prompt):
                return pattern.sub(lambda _: words, prompt, count=1)
            break
    return f"{prompt} {words}" if "," not in prompt else prompt.replace(",", f" {words},", 1)


def _subject(prompt: str, words: str) -> str:
    head = re.match(rf"(?:(?!\b(?:{PREPOSITION}|with)\b)[^,.])+", prompt, re.IGNORECASE)
    return f"{words} {prompt[head.end() :]}" if head else words


def _swapped(prompt: str, old: str, new: str) -> str:
    if old == "background":
        prompt = re.sub(
            r",?\s*(?:on|with|against|in front of) (?:an? )?[\w ]*background", "", prompt, flags=re.IGNORECASE
        )
        return f"{prompt}, {new if new.startswith(('in ', 'on ')) else f'with {new} as the background'}"
    for spelled in (old, singular(old)):
        if found := re.search(rf"\b(?P<article>an? |the )?{re.escape(spelled)}s?\b", prompt, re.IGNORECASE):
            words = new if found["article"] else re.sub(r"^(?:an?|the) ", "", new)
            return prompt[: found.start()] + words + prompt[found.end() :]
    return f"{prompt}, with {new}"


def _modified(prompt: str, words: str, of: str) -> str:
    words = COMPARED.get(words.lower(), words)
    noun = of or _head_noun(prompt)
    if (
        re.fullmatch(rf"{COLOUR}|[a-z]+", words, re.IGNORECASE)
        and noun
        and re.search(rf"\b{re.escape(noun)}\b", prompt)
    ):
        colour = rf"(?:{COLOUR} )?" if re.fullmatch(COLOUR, words, re.IGNORECASE) else ""
        changed = re.sub(rf"{colour}\b{re.escape(noun)}\b", f"{words} {noun}", prompt, count=1)
        return re.sub(rf"\ban? (?={re.escape(words)})", f"{'an' if words[0] in 'aeiou' else 'a'} ", changed, count=1)
    return f"{prompt}, {words}"


def _head_noun(prompt: str) -> str:
    head = re.match(rf"(?:(?!\b(?:{PREPOSITION}|with|and)\b)[^,.])+", prompt, re.IGNORECASE)
    return head[0].split()[-1] if head and head[0].split() else ""
