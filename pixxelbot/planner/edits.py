"""What a follow-up changes in a wish ("at night", "add a hat", "a cat instead"), with the rest kept as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pixxelbot.planner.words import COLOUR, PREPOSITION, singular, tidy, with_article

Kind = Literal["add", "swap", "subject", "place", "modify", "made of"]

TIMES: Final = (
    r"(?:at|by|in|during|under|before|after) (?:the )?(?:full )?(?:early |late )?(?:night|dawn"
    r"|dusk|sunset|sunrise|noon|midday|midnight|morning|evening|afternoon|day|daytime|daylight"
    r"|moon|moonlight|golden hour|twilight)(?: time| sky| light)?|in (?:broad )?daylight"
)
SEASONS: Final = (
    r"(?:in|during|under) (?:the |a |an )?(?:(?!middle\b)\w+ )?(?:snow|winter|summer|autumn|fall"
    r"|spring|rain|fog|mist|storm|thunderstorm|sunshine|snowstorm|blizzard)"
)
PLACES: Final = (
    r"(?:in|at|on|by|near|inside|over|under) (?:the |an? )?(?:\w+ )?(?:forest|woods|jungle|desert"
    r"|sea|ocean|beach|city|street|town|village|meadow|field|park|garden|mountains?|moon|mars"
    r"|space|sky|castle|house|room|kitchen|library|cave|lake|river|island|roof|bridge|water)"
)
CLASSES: Final = tuple(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for pattern in (TIMES, SEASONS, PLACES))
"""A new time replaces the old time, a new place the old place."""
COMPARED: Final = {
    "darker": "dark, dim light", "brighter": "bright, well lit", "lighter": "light, airy", "bigger": "large",
    "larger": "large", "smaller": "small", "closer": "close-up", "happier": "happy", "scarier": "scary",
    "cuter": "cute", "older": "old", "younger": "young", "warmer": "warm colours",
    "colder": "cold colours", "cooler": "cold colours", "softer": "soft light", "sharper": "sharp", "simpler": "simple",
    "funnier": "funny", "prettier": "pretty", "bluer": "blue", "redder": "red", "greener": "green",
    "friendlier": "friendly",
    "sadder": "sad", "angrier": "angry", "creepier": "creepy", "spookier": "spooky", "moodier": "moody",
    "fluffier": "fluffy",
    "fatter": "fat", "thinner": "thin", "stronger": "strong", "wetter": "wet", "dirtier": "dirty", "cleaner": "clean",
    "fancier": "fancy", "cosier": "cosy", "cozier": "cozy", "weirder": "weird", "wilder": "wild", "crazier": "crazy",
    "smoother": "smooth", "shinier": "shiny", "sunnier": "sunny", "foggier": "foggy", "snowier": "snowy",
    "grittier": "gritty",
    "dreamier": "dreamy", "calmer": "calm", "messier": "messy", "richer": "rich", "paler": "pale", "gloomier": "gloomy",
    "further away": "seen from far away", "farther away": "seen from far away", "closer up": "close-up",
}  # fmt: skip
DEEPEST: Final = 4
"""How many phrases may stand inside one another: "make it a cat instead" holds two."""
PRONOUN: Final = r"(?:(?:it|that|this|them|him|her|everything|everyone)(?: all)?)"
DETERMINED: Final = re.compile(r"(?:an?|the|some|two|three|four|five|several|many|my|another)\s+\S", re.IGNORECASE)
MATERIAL: Final = r"made (?:out )?of|made from|built (?:out )?of|carved (?:out of|from)"
AMOUNT: Final = (
    r"(?:(?:just )?an? (?:little|tiny|wee)? ?(?:bit|little|lot|touch|tad)|slightly|much|way|even"
    r"|so much|really|very|totally|completely|all|far) "
)


LEADS: Final = (
    r"make|turn|change|replace|swap|add|give|put|include|with|without|it|wearing|holding|have|set"
    r"|paint|place|remove|the|more|less|fewer|no|not|use|draw|render|in|at|on|also|then|now|this"
    r"|that|he|she|they|its|his|her|their|try|do"
)
"""What begins a change of its own."""


def joined(text: str) -> str:
    """ "and clouds" as "with clouds"."""
    more = re.match(r"(?:and|plus|also)\s+(?P<new>[\w' -]+)$", text, re.IGNORECASE)
    leads = more and re.match(rf"(?:{LEADS}|{PREPOSITION}|{AMOUNT.strip()})\b", more["new"], re.IGNORECASE)
    return f"with {more['new']}" if more and not leads and not _describes(more["new"]) else text


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what kind, the words of it, and what of the old wish it speaks of."""

    kind: Kind
    words: str
    of: str = ""


def read_edits(text: str, replaces: bool = False) -> list[Edit]:
    """The changes in a follow-up. `replaces`: a bare noun stands for a new subject, not for an addition."""
    return [edit for piece in _pieces(text) for edit in _edit(piece, replaces) if edit.words]


def _pieces(text: str) -> Iterator[str]:
    verb = (
        r"(?:make|turn|change|replace|swap|add|give|put|include|with|at|in|on|under|by|without|it"
        r"|wearing|holding|have|set|paint|place|remove|the)"
    )
    for piece in re.split(
        rf"\s*[,;.]\s*(?:and |but |then )*|\s+(?:and|but|then)\s+(?={verb}\b)", text, flags=re.IGNORECASE
    ):
        if piece.strip():
            yield piece.strip()


def _edit(piece: str, replaces: bool, depth: int = 0) -> Iterator[Edit]:
    piece = re.sub(
        r"^(?:and|but|also|then|now|just|only|maybe|plus|instead|rather|please|again|too|so|to|perhaps)\s+",
        "",
        piece,
        flags=re.IGNORECASE,
    )
    piece = re.sub(r"\s+(?:too|as well|again|please|for (?:it|that|this|them))$", "", piece, flags=re.IGNORECASE)
    for pattern, build in PATTERNS if depth < DEEPEST else PATTERNS[-1:]:
        if match := pattern.fullmatch(piece):
            yield from build(match, replaces, depth + 1)
            return


def _swap(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    old, new = match["old"].strip(), match["new"].strip()
    new = re.sub(rf"^(?:be |look |become |{AMOUNT})+", "", new, flags=re.IGNORECASE)
    if re.fullmatch(PRONOUN, old, re.IGNORECASE):
        yield from _edit(new, True, depth)
    elif old != "background" and not DETERMINED.match(new) and _describes(new):
        yield Edit("modify", new, old)
    else:
        yield Edit("swap", new, old)


def _describes(words: str) -> bool:
    """Whether words say what something is like rather than what it is."""
    return bool(
        re.fullmatch(
            rf"(?:{COLOUR}|\w+er|more \w+|less \w+|[a-z]+y|open|closed|\w+ed|\w+ing|big|small|huge|tiny"
            r"|dark|bright|old|young|round|square|soft|sharp|wide|tall|thin|gold|wooden|transparent"
            rf"|{COLOUR} and {COLOUR})(?: (?:colou?red|skinned|haired))?",
            words,
            re.IGNORECASE,
        )
    )


def _too(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    """ "the fog is too thick"."""
    yield Edit(
        "modify", f"less {match['new']}", "" if re.fullmatch(PRONOUN, match["old"], re.IGNORECASE) else match["old"]
    )


def _made(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield from _edit(match["new"], True, depth)


def _added(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield Edit("add", match["new"])


def _with_at(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    """ "put a hat on the fox" adds it there; "put it on a beach" is a place."""
    yield Edit("add", f"{match['new']} {match['where']}")


def _placed(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield Edit("place", match[0])


def _put(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield Edit("place", match["new"])


def _material(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    yield Edit("made of", match["new"])


def _bare(match: re.Match[str], replaces: bool, depth: int) -> Iterator[Edit]:
    words = re.sub(rf"^(?:{AMOUNT})+(?=\w)", "", match[0], flags=re.IGNORECASE)
    if DETERMINED.match(words):
        yield Edit("subject" if replaces else "add", words)
    else:
        yield Edit("modify", words)


THE: Final = r"(?:(?:the|its|his|her|their|that|those|these|all the|my)\s+)?"
OWNED: Final = r"(?:the|its|his|her|their|that|those|these|all the)"
PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), build)
    for pattern, build in (
        ((r"(?:change|replace|swap|turn|switch|make|transform|convert|exchange"
rf"|substitute)\s+(?:out\s+)?{THE}(?P<old>(?!(?:it|that|this|them)\b).+?)\s+(?:to|with|for"
r"|into|by|be)\s+(?:be\s+)?(?P<new>.+)"), _swap),
        (rf"(?:an?\s+)?(?P<new>.+?)\s+(?:instead\s+of|rather than)\s+{THE}(?:an?\s+)?(?P<old>.+)", _swap),
        (r"(?:try |use |do |draw |make (?:it|that|this|them) )?(?P<new>.+?)\s+instead", _made),
        ((rf"(?:(?:make|turn|draw|have|want)\s+)?(?:{PRONOUN}\s+)?(?:should be |being |is |be |to be "
rf")?(?:{MATERIAL})\s+(?P<new>.+)"), _material),
        ((r"(?:make|turn|paint|draw|render|show|put|set|move|place|redo|redraw|have"
rf"|let)\s+{PRONOUN}(?:\s+(?:be|look|into|as|to be))?\s+(?P<new>(?:{PREPOSITION})\s.+)"), _put),
        (rf"(?:give|get|buy|hand)\s+(?:{PRONOUN}|{OWNED} \w+|everyone)\s+(?P<new>.+)", _added),
        ((r"(?:make|turn|transform|convert|change|paint|colou?r|draw|render|show|put|set|redo|redraw"
rf"|have|let)\s+{PRONOUN}(?:\s+(?:be|look|into|to|as|to be|like|seem|appear|feel"
r"|become))*\s+(?P<new>.+)"), _made),
        ((r"(?:make|paint|colou?r|dye|tint|recolou?r|have|let"
rf"|set)\s+{OWNED}\s+(?P<old>\w+(?:\s\w+)??)\s+(?P<new>{COLOUR}(?: and {COLOUR})?"
rf"|(?:{AMOUNT})?(?:\w+er|more \w+|less \w+|[\w-]+)|an? .+|(?:look|be|seem|appear)\s.+)"), _swap),
        ((rf"(?:should |could |would |can |might )?{OWNED}\s+(?P<old>\w+(?:\s\w+)??)\s+(?:should be|must "
r"be|could be|would be|be|is|are|becomes?|in)\s+(?P<new>.+)"), _swap),
        ((rf"(?:{OWNED}\s+)?(?P<old>\w+(?:\s\w+)??)\s+(?:is|are|looks?|seems?|'s)\s+(?:(?:still|way|much"
r"|a bit|a little|just|really)\s+)*too\s+(?P<new>\w+)"), _too),
        (r"(?:should|could|must|would|might)(?: be| have)\s+(?P<new>.+)", _made),
        ((rf"(?:{PRONOUN}|he|she|they)\s+(?:should|could|must|needs to|has to|would)(?: also)? (?:have"
r"|wear|hold|carry|get)\s+(?P<new>.+)"), _added),
        ((rf"(?:{PRONOUN}|he|she|they)\s+(?:should be|should have|should|needs|has|is|are|wears|holds"
r"|could be|must be|were)\s+(?P<new>.+)"), _made),
        (r"needs\s+(?P<new>.+)", _added),
        (r"(?:fill|cover)(?: in| up)?\s+\S.*?\s+with\s+(?P<new>.+)", _added),
        ((r"(?:put|place|stick|set|insert)\s+(?P<new>(?:an?|some|two|three|the"
r"|more)\s.+?)\s+(?P<where>(?:on|in|next to|behind|beside|near|under|over|above|around|in "
r"front of|into|onto)\s+(?!(?:it|there|that|this|the (?:picture|image|scene))$).+)"), _with_at),
        ((r"(?:bring back|add|include|with|plus|put|put in|insert|throw in|there should be|have|place"
r"|introduce|draw in|paint in|bring in|show)\s+(?:in\s+)?(?P<new>.+?)(?:\s+(?:to|in|into|on"
r"|onto)\s+(?:it|there|that|this|them|the (?:picture|image|scene)))?"), _added),
        (rf"(?:{PREPOSITION})\s.+", _placed),
        (r".+", _bare),
    )
)  # fmt: skip


def edited(wish: str, edits: Iterable[Edit]) -> str:
    """The wish with the edits applied; everything they do not speak of stays."""
    for edit in edits:
        wish = tidy(_on_words(wish, edit))
    return wish


def _on_words(wish: str, edit: Edit) -> str:
    match edit.kind:
        case "add":
            return (
                f"{wish}, "
                f"{'' if re.match('with |more |less |fewer |even |wearing |holding ', edit.words) else 'with '}"
                f"{edit.words}"
            )
        case "place":
            return _placed_in(wish, edit.words)
        case "subject":
            return _subject(wish, edit.words)
        case "swap":
            return _swapped(wish, edit.of, edit.words)
        case "made of":
            return _made_of(wish, edit.words)
        case "modify":
            return _modified(wish, edit.words, edit.of)


def _placed_in(wish: str, words: str) -> str:
    for pattern in CLASSES:
        if pattern.match(words):
            if pattern.search(wish):
                return pattern.sub(lambda _: words, wish, count=1)
            break
    return f"{wish} {words}" if "," not in wish else wish.replace(",", f" {words},", 1)


def _subject(wish: str, words: str) -> str:
    head = re.match(rf"(?:(?!\b(?:{PREPOSITION}|with|{MATERIAL})\b)[^,.])+", wish, re.IGNORECASE)
    return f"{words} {wish[head.end() :]}" if head else words


def _made_of(wish: str, words: str) -> str:
    old = re.search(rf"\b(?:{MATERIAL}) \w+", wish, re.IGNORECASE)
    return f"{wish[: old.start()]}made of {words}{wish[old.end() :]}" if old else _placed_in(wish, f"made of {words}")


def _swapped(wish: str, old: str, new: str) -> str:
    if old == "background":
        wish = re.sub(r",?\s*(?:on|with|against|in front of) (?:an? )?[\w ]*background", "", wish, flags=re.IGNORECASE)
        new = f"on a {new} background" if re.fullmatch(COLOUR, new, re.IGNORECASE) else new
        return f"{wish}, {new if new.startswith(('in ', 'on ', 'at ')) else f'with {new} as the background'}"
    for spelled in (old, singular(old), old.split()[-1]):
        if found := re.search(rf"\b(?P<article>an? |the )?{re.escape(spelled)}(?:e?s)?\b", wish, re.IGNORECASE):
            words = new if found["article"] else re.sub(r"^(?:an?|the) ", "", new)
            return wish[: found.start()] + words + wish[found.end() :]
    return (
        f"{wish}, with {new}"
        if DETERMINED.match(new)
        else f"{wish}, with {new} {old}"
        if _describes(new)
        else f"{wish}, {new}"
    )


def _modified(wish: str, words: str, of: str) -> str:
    words = COMPARED.get(words.lower(), words)
    noun = of or head_noun(wish)
    found = next(
        (
            re.search(rf"\b{re.escape(form)}\b", wish)
            for form in (noun, singular(noun), f"{noun}s")
            if noun and re.search(rf"\b{re.escape(form)}\b", wish)
        ),
        None,
    )
    plain = re.fullmatch(rf"{COLOUR}(?: and {COLOUR})?|[a-z-]+", words, re.IGNORECASE)
    if not (plain and found):
        return f"{wish}, with {words} {of}" if of and of != "background" else f"{wish}, {words} {of}".strip()
    colour = rf"(?:{COLOUR} )?" if re.match(COLOUR, words, re.IGNORECASE) else ""
    changed = re.sub(rf"{colour}\b{re.escape(found[0])}\b", f"{words} {found[0]}", wish, count=1)
    return re.sub(rf"\ban? {re.escape(words)}", lambda _: with_article(words), changed, count=1)


def head_noun(wish: str) -> str:
    """What a wish is of: the last word before anything is said about it."""
    head = re.match(rf"(?:(?!\b(?:{PREPOSITION}|with|and|{MATERIAL})\b)[^,.])+", wish, re.IGNORECASE)
    words = head[0].split() if head else []
    while len(words) > 1 and words[-1].endswith("ing"):
        words.pop()
    return words[-1] if words else ""
