"""Which pictures of the conversation a member means: "the second one", "it", "top left", "the one with the boat".

Every phrase that points at pictures is found first and stands as one sign, `PIC`, in the text that the rules read. So
"upscale the second", "upscale #2" and "upscale the one with the boat" are one sentence to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from pixxelbot.intent import Ask, Fact
from pixxelbot.planner.words import NUMBERS, ORDINALS, PICTURE, singular
from pixxelbot.recipe import Recipe

PIC: Final = "\ue000"
"""Stands for pictures pointed at (a private-use character, taken out of what members write)."""
Grid = tuple[tuple[str, Recipe], ...]
"""The pictures of one job, in the order they stand."""

NOUN: Final = rf"(?:ones?|results?|panels?|{PICTURE})"
ORDINAL: Final = rf"(?:{'|'.join(ORDINALS)}|last|final)"
FIGURES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SMALL: Final = r"(?:two|three|four|2|3|4)"
NUMBERED: Final = (
    rf"(?:(?:(?:number|num|no\.?(?= ?#?\d)|nr\.?|{PICTURE})s? ?#?|#)"
    rf"(?:\d{{1,2}}|{'|'.join(FIGURES)})\b(?! ?(?:x|×|times|%)))"
)
CORNERS: Final = {"left": 0, "right": 1}
SIDE: Final = (
    r"(?:(?:top|upper|bottom|lower)[ -](?:left|right)|left(?:most)?|right(?:most)?|middle|centre|center|top|bottom)"
)
CORNER: Final = r"(?:(?:top|upper|bottom|lower)[ -](?:left|right))"
REVERSED: Final = re.compile(
    r"\b(left|right)[ -](top|upper|bottom|lower)\b(?=\s*(?:$|[,.;:!?])| (?:one|picture|image|corner)\b)", re.IGNORECASE
)
"""A corner, said the other way round."""
CONNECTS: Final = (
    r"(?:but|and|with|without|at|in|on|again|please|to|into|by|as|from|for|too|also|then|instead"
    r"|made|should|looks?|is|was|are|were|feels?|seems?|came|comes?|turned|got|gets|goes|went|shows?|needs?|could|has|have|had|minus|plus|or|more|less|not"
    r"|now|so|big(?:ger)?|large(?:r)?|full|slightly|a (?:bit|little)|using|over|under|through"
    r"|while|like|where|until|via|strong(?:ly)?|subtl[ey]|together|only|wider|taller|darker|brighter|bigger"
    r"|\d(?:\.\d)?x|x\d|\d{1,3}%|creative(?:ly)?|faithful(?:ly)?|up|out|prompt|seed|settings|made"
    r"|drawn)"
)
FOLLOWED: Final = rf"(?=\s*(?:$|[,.;:!?)\-–—+&/→>]|['’]s\b)|\s+{CONNECTS}\b)"
BEFORE_DIGITS: Final = (
    r"(?:\b(?:upscale|enlarge|vary|variations? of|variants? of|versions? of|delete|describe"
    r"|caption|favou?rite|star|show(?: me)?|blend|mix|combine|merge|morph|interpolate|animate"
    r"|tween|between|from|numbers?|pictures|images|pics|nos?\.?|cross|fuse|like|pick|choose|take"
    r"|upres|remix|redo|erase|trash|open|recipe of|prompt of|seed of|on|of"
    r"|compare|how|need|want|for|transition|tween|fade|dissolve|travel|turn|change|inpaint|fix|print|use|keep|extend|in)\s+"
    r"(?:(?:strong(?:ly)?|subtl[ey]|slightly|creative(?:ly)?)\s+)?)"
)
ONE: Final = (
    rf"(?:(?:the )?(?:{ORDINAL}|{CORNER})(?: {NOUN})?|{NUMBERED}|(?:the )?#?(?:10|[1-9])"
    r"(?![\w%:/]|\.\d| ?%| (?:steps|frames)\b))"
)
JOIN: Final = r"(?:\s*(?:,|&|\+|/|→|->)\s*(?:and )?|\s+(?:and|with|to|into|or|vs\.?|x|then)\s+)"
LIST: Final = re.compile(
    rf"(?:(?P<led>{BEFORE_DIGITS})|(?P<noun>\b(?:numbers?|pictures|images|pics|nos?\.?)\s+)"
    rf"|\b(?=(?:the )?{ORDINAL}|{CORNER})|(?=#))(?P<list>{ONE}(?:{JOIN}{ONE})+)(?: (?:{NOUN}\b))?",
    re.IGNORECASE,
)
EXCEPT: Final = re.compile(
    rf"\b(?:all(?: of (?:them|these|those))?|everything|every {NOUN}|them all|all the "
    rf"{NOUN})\s+(?:but|except(?: for)?|besides|other than)\s+(?P<list>{ONE}(?:{JOIN}{ONE})*)(?: "
    rf"{NOUN}\b)?",
    re.IGNORECASE,
)
SEVERAL: Final = re.compile(
    rf"\b(?:the )?(?P<end>first|last|top|bottom|upper|lower) (?:(?P<many>{SMALL})(?: {NOUN}\b|{FOLLOWED}|(?= of\b))"
    r"|row\b)",
    re.IGNORECASE,
)
SINGLE: Final = re.compile(
    rf"(?:(?P<hash>{NUMBERED})(?: one)?|\bthe {NOUN} (?:in|on|at) (?:the )?(?P<at>{SIDE})(?: "
    rf"corner| side)?\b|\b(?:the |that )?(?P<corner>{CORNER})(?: corner)?(?: {NOUN}\b)?|\b(?:the "
    rf"|that )?(?P<down>top|upper|bottom|lower) {NOUN} (?:on|to) the (?P<across>left|right)\b"
    rf"|\b(?:the |that )?(?P<side>{SIDE}) {NOUN}\b|\b(?:the |that |your |my "
    rf")?(?P<ordinal>{ORDINAL}) {NOUN}\b(?: of (?:them|these|those|all))?|\b(?:the |your |my "
    rf")(?P<the>{ORDINAL})(?: of (?:them|these|those|all|the {NOUN}))?{FOLLOWED}"
    rf"|(?<=\b)(?P<bare>{ORDINAL}){FOLLOWED}|{BEFORE_DIGITS}(?:the )?(?P<digit>[1-9]|10)(?!:\d){FOLLOWED}"
    r"|(?:^|(?<=[.:;!,] )|(?<=\bthen )|(?<=\bthe )|(?<=\boh ))(?P<start>[1-9]|10)"
    r"(?=,? (?:but|again|is|looks|please|bigger|larger|in|as|with(?:out)?)\b|,? (?:subtl[ey]|strong(?:ly)?)$|[,:]\s"
    r"|\.\s+(?=[a-z])))",
    re.IGNORECASE,
)
BOTH_AT_THE_START: Final = re.compile(
    rf"(?:^|(?<=[.!?] ))(?:{ONE}(?:(?:{JOIN}|\s+(?=\d\b)){ONE})+"
    rf"|(?:{'|'.join(FIGURES)})(?: and (?:{'|'.join(FIGURES)}))+)"
    r"(?= (?:are|look|came|turned|have|seem|feel|were|need|should|can|could|go|get|as|in|all|both|bigger|larger"
    r"|upscale|enlarge|delete|vary|blend|describe|upscaled|blended|mixed|combined|merged|morphed|please|without|with)\b|,|:|$)",
    re.IGNORECASE,
)
""" "2 and 3 are the best"."""
COLUMN: Final = re.compile(
    rf"\b(?:(?:the |those )?(?:two|both|{NOUN})|(?:the|those) 2)(?: {NOUN})? (?:on|at|to|in) the"
    r" (?P<side>left|right|top|bottom)(?:[ -]hand)?(?: side| row| half)?\b",
    re.IGNORECASE,
)
""" "the two on the right"."""
ROW: Final = re.compile(
    rf"\bthe (?P<side>left|right|top|bottom|upper|lower)(?:[ -]hand)? (?:two|2|pair|ones|row|column|{PICTURE}s)\b",
    re.IGNORECASE,
)
""" "the left ones"."""
CROSSED: Final = re.compile(
    rf"\b(?:the |that )?{NOUN} (?:in|on|at|to) (?:the )?(?P<one>left|right|top|bottom)(?: side| row| half)?,?"
    r"(?: (?:in|on|at|to))? (?:the )?(?P<other>left|right|top|bottom)\b",
    re.IGNORECASE,
)
""" "the one on the right at the bottom"."""
VERB: Final = r"(?:replace|make|change|put|add|remove|swap|turn|give|mask|drop|erase|paint)"
LOOSE: Final = re.compile(
    rf"(?<!\bat )(?:(?<!\bin )|(?=\S+ \S+ {VERB}\b))\b(?:the (?P<ordinal>(?!last|final){ORDINAL})\b"
    r"(?! (?:time|try|attempt|day|half|floor|thing|person|place)\b)"
    r"|(?:^|(?P<led>(?:make|put|turn|give|get|let|yes|yeah|yep|upscale|enlarge|save|favourite|delete|vary|keep|use) ))"
    rf"(?P<digit>[1-9]|{'|'.join(FIGURES[:4])})"
    r"(?= (?:looks?|looking|feels?|together|into|like|to|be|as|less|instead|again|too|then|\d{1,3} ?%)\b|[,;!]|\s*$"
    r"| \w+er\s*(?:$|[,.;!])))",
    re.IGNORECASE,
)
BUTTON: Final = re.compile(r"\b[uv](?=[1-9]\b)", re.IGNORECASE)
"""A place as the buttons under a grid call it: "U3"."""
BARE: Final = re.compile(
    rf"(?<![\w.#:/%$€£+×-])(?P<said>[1-9]|{'|'.join(FIGURES[1:4])})(?P<of>'s)?(?![\w:/%×'’-]|[.,]\d| ?(?:x|%|px|k)\b)",
    re.IGNORECASE,
)
"""A number that stands alone: a place in a grid, unless it counts something or sets a parameter."""
PLACED: Final = frozenset(
    {"in", "on", "of", "for", "from", "into", "with", "did", "does", "can", "could", "would", "will", "show", "see"}
    | {"upscale", "enlarge", "vary", "extend", "reroll", "redo", "delete"}
)
"""Words before a place."""
SET: Final = re.compile(
    r"\b(?:seeds?|steps?|cfg|guidance|chaos|scale|factor|weight|stop|strength|levels?|by|times|at|only|just|ratio|x|no|nr"
    r"|make|draw|give|want|need|another|original)(?: (?:me|of|to|is|it|be|down|up))*[ =]*$",
    re.IGNORECASE,
)
"""Words before a number that is none."""
GOES_ON: Final = re.compile(
    r"\s*(?:$|[,.;:!?)\-–—+&/→>])|\s+(?:i|you|we|it|its|it's|he|she|they|the|a|an|this|that|my|me|him|her|them|is|are|was|were"
    r"|has|have|had|gets?|goes|got|looks?|needs?|wants?|can|could|should|would|will|must|may|came|comes|turned|feels?|seems?"
    r"|and|or|but|so|if|when|while|where|because|cause|cuz|then|than|though|tho|plus|minus|with|without|in|on|at|by|from|for"
    r"|into|to|onto|under|over|of|as|like|via|please|pls|plz|thanks|thx|again|instead|too|also|now|all|both|together"
    r"|slightly|really|way|not|up|out|down|left|right|back|(?!only)\w+ly|\w+wards?|\w+ing|hits|hard|best"
    r"|bigger|larger|smaller|darker|brighter|sharper|blended|mixed|upscaled)\b",
    re.IGNORECASE,
)
"""How a request goes on after a place; after a count comes what is counted."""
OF_AN_OLDER: Final = re.compile(
    rf"(?:\b(?:the |number )?(?P<place>{ORDINAL}|[1-9]) )?\b(?:of|from) (?:the|that|my) (?P<what>[a-z'-]{{3,}})\b",
    re.IGNORECASE,
)
""" "the prompt of the fox", where something else was drawn since."""
LOOSE_PAIR: Final = re.compile(
    r"(?<![\w.#:])(?P<one>[1-9]|one|two|three) (?P<by>and|&|\+|with|plus) (?P<other>[1-9]|two|three|four)"
    r"(?![\w.:%])(?! [a-z]+s\b)",
    re.IGNORECASE,
)
"""A place in a grid, in a request that is known to be about one: "make 2 look older", "the 4th 30% different"."""
SQUARE: Final = 4
"""Pictures of a grid that has rows and columns."""
ROWS: Final = {
    "left": (0, 2),
    "right": (1, 3),
    "top": (0, 1),
    "upper": (0, 1),
    "bottom": (2, 3),
    "lower": (2, 3),
}
"""Places in such a grid."""
NUMBERED_THING: Final = re.compile(
    rf"\b(?P<noun>[a-z]{{3,}}) (?:(?:number|no\.?|nr\.?) ?)?#?(?P<n>\d|{'|'.join(FIGURES)})\b(?![\d:%/.x])",
    re.IGNORECASE,
)
""" "cat 1", "elf number two", where these were drawn."""
OTHER: Final = re.compile(
    rf"\bthe (?:other (?:{SMALL} )?(?:{NOUN}\b|{SMALL}\b)|others\b|rest(?: of (?:them|these|those"
    rf"|the {NOUN}))?\b(?!\s+(?:of|is|are|should)))",
    re.IGNORECASE,
)
DESCRIBED: Final = re.compile(
    rf"\b(?:the|that|my|this) {NOUN} (?:with|of|showing|that (?:has|shows|have)|where (?:there "
    r"(?:is|are|'s)|it)?|containing|which has|about|from (?=\w+ ago))\s*(?:the |an? |my |some "
    rf")?(?P<what>(?!(?:{ORDINAL}|number|the|an?)\b)[\w'-]+(?: (?!but\b|and\b|at\b|please\b"
    rf"|again\b|to\b)[\w'-]+){{0,5}}?){FOLLOWED}",
    re.IGNORECASE,
)
ADJECTIVE: Final = re.compile(
    rf"\b(?:the|that|my) (?P<what>(?!(?:{ORDINAL}|{SIDE}|upper|lower|two|three|four|five|other"
    r"|same|whole|new|next|right|left|only|wrong|big|old|full|entire|previous|earlier|last|latest"
    r"|first|newest|recent|original|most|very|high|higher|best|good)\b)[a-z'-]+(?: (?!one\b|but\b"
    r"|and\b|of\b|in\b|on\b|with\b|to\b|a\b|an\b|the\b)[a-z'-]+)?) (?:ones?|pictures?|images?"
    rf"|pics?|versions?|drawings?|photos?)\b{FOLLOWED}",
    re.IGNORECASE,
)
WHEN: Final = re.compile(
    r"\b(?:(?:mine|the ones?|my (?:\w+ )?(?:pictures?|images?|pics?|ones?|drawings?)|(?:my|the|that) \w+(?= from )|the "
    r"(?:pictures?|images?|pics?)|what i (?:made|drew)) (?:from |of |i (?:made|drew|did) "
    r")?(?P<when>yesterday|today|this (?:morning|week)|last (?:night|week|month)|earlier today"
    r"|the other day|\d+ (?:days?|weeks?|hours?) ago)|(?P<poss>yesterday|today)'s (?:ones?"
    r"|pictures?|images?|pics?))\b",
    re.IGNORECASE,
)
GRIDS: Final = re.compile(
    r"\b(?:the |my |your )?(?:very )?(?P<first>first) (?:ones|pictures|images|pics|results|drawings)\b(?! of\b)"
    r"|\b(?:the |my |that |this |those |these )?(?:(?:whole|entire|complete|very) )*"
    r"(?P<which>previous|earlier|first|last|latest|original"
    r"|oldest|newest|old|new|(?P<nth>second|third|fourth|fifth)) "
    r"(?:batch|set|grid|row of pictures|group|round|lot|pair|series|bunch)\b|\b(?:the |my )?(?P<before>previous"
    rf"|earlier|prior|penultimate) {NOUN}\b|\b(?P<one_before>the {NOUN} before(?: (?:that|this|it"
    rf"|last))?)\b|\b(?:the |my )?(?P<original>original)(?: {NOUN}\b|{FOLLOWED})"
    r"|\b(?:the |those |these |my )(?P<age>new|old|older) (?:ones|pictures|images|pics)\b",
    re.IGNORECASE,
)
OF_A_GRID: Final = re.compile(
    rf"\b(?:the )?(?P<place>{ORDINAL})(?: {NOUN})? (?:of|from|in) the (?P<grid>{ORDINAL})"
    rf"(?: (?:batch|set|grid|group|round|lot|{NOUN}))?\b(?! of\b)",
    re.IGNORECASE,
)
""" "the second of the first": of the first pictures that were drawn."""
PLACE_IN: Final = re.compile(
    rf"\b(?:the )?(?P<ordinal>{ORDINAL}|{NUMBERED}|[1-9])(?: {NOUN})? (?:of|from|in) $", re.IGNORECASE
)
"""A place in a grid that is named next: "the second of the first set"."""
WHOLE: Final = re.compile(
    r"\b(?:all|both|every(?: single)?|each)(?: (?:of (?:them|these|those)|four|three|two|4|3|2"
    rf"|{NOUN}|the {NOUN}|my {NOUN}|these|those))+\b|(?<=[a-z] )(?:both|all)(?= ?$)"
    rf"|\b(?:them|these|those) (?:all|both)\b|\b(?:those|these|the) (?:two|three|four|2|3|4)(?: {NOUN}\b|{FOLLOWED})"
    r"|\bboth of (?:the|those|these|my) [a-z]+s\b|\bthe (?:whole )?lot\b(?!\s+of)",
    re.IGNORECASE,
)
BACK: Final = re.compile(r"(?:those|these|them|(?:both|all|each) of (?:them|those|these)$)", re.IGNORECASE)
"""Stands for what was named before."""
LATEST: Final = re.compile(
    r"\b(?:(?:my|the|your) (?:last|latest|newest|recent|most recent) (?:picture|image|pic|drawing"
    rf"|render|result)s?|(?:the|this|that|these|those|your|my) {NOUN}(?! (?:of|with|showing|frame"
    rf"|book|wall|album|shop|booth|gallery|should be of)\b)(?=\s*(?:$|[,.;:!?)])|\s+{CONNECTS}\b)"
    rf"|(?:the )?(?:latest|newest|most recent)(?: {NOUN})?{FOLLOWED})",
    re.IGNORECASE,
)
LEAD_NOUN: Final = re.compile(
    r"(?P<all>(?:the|that|my) (?P<what>(?!same\b)[a-z'-]+(?: [a-z'-]+)?))(?=,? (?:but|again"
    r"|though|only)\b|, (?:at|in|as|with|without|no|more|less|now)\b| as an? )",
    re.IGNORECASE,
)
THING: Final = re.compile(rf"\b(?:the |my )?(?P<ordinal>{ORDINAL}|{CORNER}) (?P<noun>[a-z]{{3,}})\b", re.IGNORECASE)
PLURAL: Final = re.compile(r"\b(?:these|those|them|all|both|pictures|images|pics|ones)\b", re.IGNORECASE)
PRONOUN: Final = r"(?:(?:it|that|this|them|these|those)(?: (?:one|ones|all))?|both|everything|all)"
STANDS: Final = rf"(?:{PIC}|{PRONOUN}|him|her)"
"""Pictures, pointed at or only stood for."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """One phrase that points at pictures."""

    start: int
    end: int
    targets: tuple[str, ...] = ()
    description: str = ""
    missing: str = ""
    """What was pointed at and is not there."""
    whole: bool = False
    """A grid rather than places in it."""
    again: bool = False
    """Points at what the conversation is about ("that one"), unless another phrase names pictures."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The pictures meant, and the text with `PIC` for the words that pointed."""

    text: str
    targets: tuple[str, ...] = ()
    pointed: bool = False
    """Whether any word named pictures; without, the targets are those the conversation is about."""
    whole: bool = True
    """A grid rather than places in it."""
    description: str = ""
    missing: str = ""
    vague: bool = False
    """One picture was spoken of, and none named: "the picture"."""
    each: tuple[tuple[str, ...], ...] = ()
    """The pictures of each `PIC` of the text."""

    def last(self, signs: int) -> Meant:
        """With only the pictures of the last signs, where these name any."""
        left = tuple(dict.fromkeys(name for names in self.each[-signs:] for name in names)) if signs else ()
        return replace(self, targets=left) if left else self

    def recipe(self, ask: Ask) -> Recipe | None:
        """The recipe of the first picture meant."""
        known = dict(ask.pictures)
        return next((known[name] for name in self.targets if name in known), None)


def grids(pictures: Sequence[tuple[str, Recipe]], facts: Mapping[str, Fact] | None = None) -> list[Grid]:
    """The pictures by job: where no job is known, neighbours with an equal recipe, at most as many as it asks for."""
    found: list[list[tuple[str, Recipe]]] = []
    for one in pictures:
        if found and _together(found[-1], one, facts or {}):
            found[-1].append(one)
        else:
            found.append([one])
    return [tuple(grid) for grid in found]


def _together(grid: Sequence[tuple[str, Recipe]], one: tuple[str, Recipe], facts: Mapping[str, Fact]) -> bool:
    before, after = facts.get(grid[-1][0]), facts.get(one[0])
    if before and after and before.job and after.job:
        return before.job == after.job
    return grid[-1][1] == one[1] and len(grid) < one[1].count


def meant(text: str, ask: Ask) -> Meant:
    """What `text` points at among the conversation's pictures; without pointing, what it is about."""
    text = REVERSED.sub(r"\2 \1", text.replace(PIC, " "))
    text = f"number {text.strip(' #.!')}" if re.fullmatch(r"\s*#?\d{1,2}[.!]?\s*", text) else text
    known = _nearest_first(grids(ask.pictures, ask.facts), ask)
    pointers: list[Pointer] = []
    for find in FINDERS:
        for pointer in find(text, known, ask):
            if all(pointer.end <= other.start or pointer.start >= other.end for other in pointers):
                pointers.append(pointer)
    if not pointers:
        return Meant(text, _about(known, ask))
    pointers.sort(key=lambda pointer: pointer.start)
    pointers = _narrowed(text, pointers, known)
    abstract, each = _abstract(text, pointers)
    pointers = [pointer for pointer in pointers if not pointer.again] or pointers
    return Meant(
        abstract,
        tuple(dict.fromkeys(name for pointer in pointers for name in pointer.targets)),
        pointed=True,
        whole=all(pointer.whole for pointer in pointers),
        description=", ".join(pointer.description for pointer in pointers if pointer.description),
        missing=next((pointer.missing for pointer in pointers if pointer.missing), ""),
        vague=all(one.again and not PLURAL.search(text[one.start : one.end]) for one in pointers),
        each=each,
    )


def pointed_out(text: str, ask: Ask) -> str:
    """A request that is known to be about pictures, with these put plainly: "make #2 look older"."""
    known = grids(ask.pictures, ask.facts)
    most = max(map(len, known), default=0)

    def plainly(match: re.Match[str]) -> str:
        place = _side_places((match["ordinal"] or match["digit"]).lower())[0]
        return f"{match['led'] or ''}#{place + 1}" if 0 <= place < most else match[0]

    def older(match: re.Match[str]) -> str:
        grid = _with_words(match["what"], known)
        place = _side_places(match["place"].lower())[0] if match["place"] else 0
        if not grid or grid == known[0] or not -len(grid) <= place < len(grid):
            return match[0]
        return grid[place][0] if match["place"] else f"of {grid[place][0]}"

    def both(match: re.Match[str]) -> str:
        one, other = _places(match["one"])[0], _places(match["other"])[0]
        return f"#{one + 1} {match['by']} #{other + 1}" if max(one, other) < most else match[0]

    def bare(match: re.Match[str]) -> str:
        place = _places(match["said"])[0]
        words = text[: match.start()].lower().split()
        after = text[match.end() :]
        led = bool(words) and words[-1] in PLACED and not re.match(r" \w+s\b", after)
        fits = place < most and not SET.search(text[: match.start()])
        counts = match["said"].isalpha() and not (led or match["of"])
        goes_on = led or match["of"] or GOES_ON.match(after)
        return f"#{place + 1}{match['of'] or ''}" if fits and goes_on and not counts else match[0]

    text = OF_AN_OLDER.sub(older, text)
    if most < 2:
        return text
    text = LOOSE.sub(plainly, LOOSE_PAIR.sub(both, BUTTON.sub("#", text)))
    return BARE.sub(bare, text)


def described(what: str, ask: Ask) -> tuple[str, ...]:
    """The newest pictures whose words hold every word of a description: one grid, or none."""
    return ids(_with_words(what, grids(ask.pictures, ask.facts)))


ONLY: Final = re.compile(r",? (?:but )?(?:only |just )?(?:in |at |on )?(?:the )?", re.IGNORECASE)


OF: Final = re.compile(r" (?:one )?(?:of|from|in|out of) ", re.IGNORECASE)


def _narrowed(text: str, pointers: Sequence[Pointer], known: Sequence[Grid]) -> list[Pointer]:
    """ "the lighthouse one, but only the bottom left": a place in the pictures that were described before it."""
    kept: list[Pointer] = []
    for pointer in pointers:
        before = kept[-1] if kept else None
        if before and not before.whole and not pointer.again and before.targets and len(pointer.targets) > 1:
            among = tuple(one for grid in known for one in grid if one[0] in pointer.targets)
            inner = _at(before.start, pointer.end, "", _places(text[before.start : before.end]), [among])
            if inner.targets and OF.fullmatch(text[before.end : pointer.start]):
                kept[-1] = inner
                continue
        if before and before.whole and not before.again and len(before.targets) > 1 and len(pointer.targets) == 1:
            grid = next((grid for grid in known if ids(grid) == before.targets), ())
            inner = _at(before.start, pointer.end, "", _places(text[pointer.start : pointer.end]), [grid])
            if inner.targets and (not before.description or ONLY.fullmatch(text[before.end : pointer.start])):
                kept[-1:] = [inner] if before.description else [replace(pointer, targets=inner.targets)]
                continue
        kept.append(pointer)
    return kept


def _nearest_first(known: list[Grid], ask: Ask) -> list[Grid]:
    """The grid that the conversation has gone back to stands before newer ones."""
    about = next((grid for grid in known if len(grid) > 1 and set(ask.focus) & set(ids(grid))), ())
    return [about, *(grid for grid in known if grid != about)] if about else known


def ids(grid: Grid) -> tuple[str, ...]:
    """The pictures' names."""
    return tuple(name for name, _ in grid)


def _about(known: list[Grid], ask: Ask) -> tuple[str, ...]:
    if ask.sources:
        return ask.sources
    return ask.focus or (ids(known[0]) if known else ())


JOINED: Final = re.compile(r"\s*(?:,|&|\+|and|with|to|into|or|then)?\s*")


def _abstract(text: str, pointers: Sequence[Pointer]) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """The text with one sign for each phrase, and a list of them as one; and the pictures of each sign."""
    kept, at = "", 0
    each: list[tuple[str, ...]] = []
    for pointer in pointers:
        between, at = text[at : pointer.start], pointer.end
        named = () if pointer.again else pointer.targets
        if each and JOINED.fullmatch(between):
            each[-1] += named
        else:
            kept += between + PIC
            each.append(named)
    return kept + text[at:], tuple(each)


# --- finders: each gives the phrases of one form --------------------------------------------------------------------


def _named(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """Ids, whole or their beginning."""
    names = [name for grid in known for name in ids(grid)]
    for match in re.finditer(r"(?<![\w.])[\w.]*\d[\w.]*\w(?!\w|\.\d)", text):
        said = match[0]
        long = [name for name in names if len(said) >= 6 and name.lower().startswith(said.lower())]
        if said in names or len(long) == 1:
            yield Pointer(match.start(), match.end(), (said if said in names else long[0],))


def _excepted(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in EXCEPT.finditer(text):
        places = _places(match["list"])
        grid = _grid_for(places, known)
        gone = {grid[place][0] for place in places if -len(grid) <= place < len(grid)}
        yield Pointer(
            *match.span(), tuple(name for name in ids(grid) if name not in gone), missing="" if grid else match[0]
        )


def _of_a_grid(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "the second of the first", where there are several grids."""
    for match in OF_A_GRID.finditer(text):
        oldest = list(reversed(known))
        which = _places(match["grid"])
        if len(known) > 1 and which and -len(oldest) <= which[0] < len(oldest):
            yield _at(*match.span(), match[0], _places(match["place"]), [oldest[which[0]]])


def _several(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in SEVERAL.finditer(text):
        many = _number(match["many"] or "2")
        first = match["end"].lower() in ("first", "top", "upper")
        grid = next((grid for grid in known if len(grid) >= many), known[0] if known else ())
        if not match["many"] and not grid:
            continue
        chosen = ids(grid)[:many] if first else ids(grid)[-many:]
        if not grid and known == []:
            yield Pointer(*match.span(), missing=match[0])
        elif len(grid) >= many:
            yield Pointer(*match.span(), chosen)


def _listed(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in LIST.finditer(text):
        words = match["list"]
        if not (match["led"] or match["noun"]) and not re.search(
            rf"\b{ORDINAL}\b|#|{CORNER}|{NUMBERED}|->|→", words, re.IGNORECASE
        ):
            continue
        places = _places(words)
        start = match.start("list") if match["led"] else match.start()
        yield _at(start, match.end(), words, places, known)


def _single(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in SINGLE.finditer(text):
        said = next(name for name, value in match.groupdict().items() if value)
        value = match[said].lower()
        if said == "down":
            value = f"{value} {match['across'].lower()}"
            yield from _at_side(match, value, known)
            continue
        if said == "bare" and (value in ("last", "final") or not _stands_alone(text, match, value)):
            continue
        if (
            said in ("ordinal", "the")
            and value == "last"
            and re.search(r"picture|image|pic\b|pics|drawing|result|render", match[0])
        ):
            continue
        if said in ("corner", "at", "side"):
            yield from _at_side(match, value, known)
            continue
        if said == "side" and value in ("top", "bottom") and not known:
            continue
        start, end = (match.start(said), match.end(said)) if said in ("digit", "start") else match.span()
        yield _at(start, end, match[0].strip(), _places(value), known)


def _stands_alone(text: str, match: re.Match[str], value: str) -> bool:
    """ "2nd but darker" points; "first, draw a cat" and "in second place" do not."""
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
    if value == "second" and re.search(r"\b(?:a|per|one|each|every|\d)$", before, re.IGNORECASE):
        return False
    if value == "first" and (after.startswith(",") or re.search(r"\bat$", before, re.IGNORECASE)):
        return False
    return not re.search(r"\b(?:his|her|its|their|an?|in|my|our)$", before, re.IGNORECASE)


def _at_side(match: re.Match[str], value: str, known: list[Grid]) -> Iterator[Pointer]:
    sides = value.replace("-", " ").split()
    down = 2 if sides[0] in ("bottom", "lower") else 0
    needed = 3 if len(sides) == 2 else 2
    grid = next((grid for grid in known if len(grid) >= needed), known[0] if known else ())
    if sides[-1].startswith(("middle", "cent")):
        yield Pointer(*match.span(), ids(grid)[len(grid) // 2 : len(grid) // 2 + 1])
    elif len(sides) == 1 and sides[0] in ("top", "bottom"):
        yield Pointer(*match.span(), ids(grid)[down : down + 2])
    elif len(sides) == 1:
        left = sides[0].startswith("left")
        chosen = ids(grid)[:1] if left else ids(grid)[1:2] if len(grid) in (2, 4) else ids(grid)[-1:]
        yield Pointer(*match.span(), chosen, missing="" if chosen else match[0])
    else:
        place = CORNERS[sides[1]] + down
        yield _at(*match.span(), match[0].strip(), [place], known)


def _both(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in BOTH_AT_THE_START.finditer(text):
        if known:
            yield _at(*match.span(), match[0], _places(match[0]), known)


def _column(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "the two on the right": a column or a row of a grid of four."""
    several = [
        match
        for match in COLUMN.finditer(text)
        if re.search(r"\b(?:two|both|2|\w+s)\b", match[0][: match.start("side") - match.start()], re.IGNORECASE)
    ]
    grid = next((grid for grid in known if len(grid) == SQUARE), ())
    for match in (*several, *ROW.finditer(text)) if grid else ():
        yield Pointer(*match.span(), tuple(grid[place][0] for place in ROWS[match["side"].lower()]))


def _crossed(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "the one on the right at the bottom"."""
    for match in CROSSED.finditer(text):
        both = {*ROWS[match["one"].lower()]} & {*ROWS[match["other"].lower()]}
        if len(both) == 1:
            yield _at(*match.span(), match[0], sorted(both), known)


def _numbered_thing(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "cat 1", "elf number two"."""
    for match in NUMBERED_THING.finditer(text):
        grid = _with_words(match["noun"], known, several=True)
        places = _places(match["n"])
        if len(grid) > 1 and places[0] < len(grid):
            yield Pointer(*match.span(), (grid[places[0]][0],), description=match["noun"])


def _of_a_thing(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "the second fairy", where fairies were drawn."""
    for match in THING.finditer(text):
        grid = _with_words(match["noun"], known, several=True)
        if not grid:
            continue
        places = (
            _side_places(match["ordinal"])
            if re.fullmatch(CORNER, match["ordinal"], re.IGNORECASE)
            else _places(match["ordinal"])
        )
        if all(-len(grid) <= place < len(grid) for place in places):
            yield Pointer(*match.span(), tuple(grid[place][0] for place in places), description=match["noun"])


def _by_description(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for pattern in (DESCRIBED, ADJECTIVE):
        for match in pattern.finditer(text):
            what = match["what"].strip()
            if re.fullmatch(rf"{PICTURE}|{NOUN}|{SMALL}|{'|'.join(NUMBERS)}", what, re.IGNORECASE):
                continue
            grid = _with_words(what, known)
            if pattern is ADJECTIVE and not grid and not known:
                continue
            yield Pointer(*match.span(), ids(grid), description=what, whole=True)


def _by_lead(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "the cat, but orange": something that was drawn here, and what is to be different."""
    match = LEAD_NOUN.match(text)
    if match and (grid := _with_words(match["what"], known)):
        yield Pointer(match.start("all"), match.end("all"), ids(grid), description=match["what"], whole=True)


def _by_time(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in WHEN.finditer(text):
        when = (match["when"] or match["poss"]).lower()
        yield Pointer(*match.span(), _made(when, ask), description=f"mine from {when}", whole=True)


def _made(when: str, ask: Ask) -> tuple[str, ...]:
    """The member's own pictures of a day, as far as it is known when they were made."""
    if ask.now is None:
        return ()
    back = {
        "yesterday": (1, 1),
        "last night": (1, 1),
        "last week": (7, 13),
        "this week": (0, 6),
        "last month": (28, 61),
    }
    ago = re.match(r"(\d+) (day|week|hour)", when)
    nearest, furthest = back.get(when, (0, 0))
    if ago:
        nearest = furthest = int(ago[1]) * {"day": 1, "week": 7, "hour": 0}[ago[2]]
    days = {(ask.now - timedelta(days=day)).date() for day in range(nearest, furthest + 1)}
    made = ((name, ask.facts[name]) for name, _ in ask.pictures if name in ask.facts)
    return tuple(
        name for name, fact in made if fact.mine and fact.made and fact.made.astimezone(ask.now.tzinfo).date() in days
    )


def _by_grid(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in GRIDS.finditer(text):
        word = next(
            (match[name] for name in ("first", "which", "before", "original", "age") if match[name]), "previous"
        )
        word = word.lower()
        place = (
            -1 if word in ("first", "original", "oldest") else 0 if word in ("last", "latest", "newest", "new") else 1
        )
        if match["nth"]:
            place = len(known) - ORDINALS[match["nth"].lower()]
            if place < 0:
                continue
        told = grids(ask.pictures, ask.facts) if place != 1 else known  # first and last are of time, not of talk
        grid = told[place if place < len(told) else 0] if told else ()
        if (inner := PLACE_IN.search(text, 0, match.start())) and (places := _places(inner["ordinal"])) and grid:
            yield _at(inner.start(), match.end(), match[0], places, [grid])
            continue
        yield Pointer(*match.span(), ids(grid), missing="" if grid else match[0], whole=True)


def _whole(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in WHOLE.finditer(text):
        counted = re.search(rf"\b{SMALL}\b", match[0], re.IGNORECASE)
        many = _number(counted[0]) if counted else 1
        newest = next((grid for grid in known if len(grid) >= many), _single_ones(known, many))
        bare = match[0].lower() in ("both", "all")
        about = ask.sources or (ask.focus if len(ask.focus) > 1 else ()) or ids(newest)
        if re.search(r"\b(?:my|the) (?:pictures|images|pics)", match[0], re.IGNORECASE):
            about = about or ()
        back = bare or bool(BACK.match(match[0]))
        yield Pointer(*match.span(), about, whole=True, again=back)


def _single_ones(known: list[Grid], many: int) -> Grid:
    """The newest `many` pictures, where each was drawn by itself; else the newest grid."""
    newest = [one for grid in known[:many] for one in grid if len(grid) == 1]
    return tuple(newest) if len(newest) == many else known[0] if known else ()


def _other(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    """ "the other one" of two, or the rest of the grid that the conversation is about."""
    for match in OTHER.finditer(text):
        grid = next((grid for grid in known if set(ids(grid)) & set(ask.focus)), known[0] if known else ())
        rest = tuple(name for name in ids(grid) if name not in ask.focus)
        yield Pointer(*match.span(), rest if ask.focus else (), missing="" if ask.focus else match[0])


def _latest(text: str, known: list[Grid], ask: Ask) -> Iterator[Pointer]:
    for match in LATEST.finditer(text):
        newest = ids(known[0]) if known else ()
        said_last = re.search(r"\b(?:last|latest|newest|recent)\b", match[0], re.IGNORECASE)
        yield Pointer(*match.span(), newest if said_last else _about(known, ask), whole=True, again=not said_last)


Finder = Callable[[str, list[Grid], Ask], Iterator[Pointer]]
FINDERS: Final[tuple[Finder, ...]] = (
    _named, _excepted, _by_time, _by_description, _of_a_grid, _by_grid, _both, _crossed, _column, _several,
    _numbered_thing, _listed, _other, _whole, _single, _latest, _of_a_thing, _by_lead,
)  # fmt: skip
"""The longer forms first: a phrase that one has found is not looked at again."""


# --- places in grids ------------------------------------------------------------------------------------------------


def _number(text: str) -> int:
    return int(text) if text.isdigit() else NUMBERS[text.lower()]


def _places(words: str) -> list[int]:
    """Indices, from 0; the last is -1."""
    words = re.sub(rf"\b({ORDINAL}|{CORNER}) one\b", r"\1", words, flags=re.IGNORECASE)  # no figure there
    found = re.findall(rf"{CORNER}|\b{ORDINAL}\b|\d{{1,2}}|\b(?:{'|'.join(FIGURES)})\b", words, re.IGNORECASE)
    return [place for word in found for place in _side_places(word)]


def _side_places(word: str) -> list[int]:
    word = word.lower().replace("-", " ")
    if word.endswith(("left", "right")):
        return [CORNERS[word.split()[-1]] + (2 if word.startswith(("bottom", "lower")) else 0)]
    if word in ("last", "final"):
        return [-1]
    if word in FIGURES:
        return [FIGURES.index(word)]
    return [(int(word) if word.isdigit() else ORDINALS[word]) - 1]


def _grid_for(places: Sequence[int], known: Sequence[Grid]) -> Grid:
    """The newest grid that has those places; one picture alone is no "first" where an older grid has several."""
    needed = max((place + 1 if place >= 0 else 1 for place in places), default=1)
    several = next((grid for grid in known if len(grid) >= max(needed, 2)), None)
    return several or next((grid for grid in known if len(grid) >= needed), ())


def _at(start: int, end: int, words: str, places: list[int], known: list[Grid]) -> Pointer:
    grid = _grid_for(places, known)
    if not places or not grid or any(not -len(grid) <= place < len(grid) for place in places):
        return Pointer(start, end, missing=words)
    return Pointer(start, end, tuple(dict.fromkeys(grid[place][0] for place in places)))


def _with_words(what: str, known: list[Grid], several: bool = False) -> Grid:
    """The newest grid whose words hold every word of `what`, one of `several` pictures where there is one."""
    wanted = {singular(word) for word in re.findall(r"[^\W\d_]{3,}", what.lower())} - {"the", "and", "with", "that"}
    if not wanted:
        return ()
    found = [grid for grid in known if wanted <= _said(grid)]
    return next((grid for grid in found if several and len(grid) > 1), next(iter(found), ()))


def _said(grid: Grid) -> set[str]:
    recipe = grid[0][1]
    return {singular(word) for word in re.findall(r"[^\W\d_]{3,}", f"{recipe.wish} {recipe.prompt}".lower())}
