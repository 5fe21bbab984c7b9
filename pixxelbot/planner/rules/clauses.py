"""Rules that read a request as a whole when no other did: bare pointing, praise, loose commands, several clauses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pixxelbot.intent import Action
from pixxelbot.planner.references import PIC
from pixxelbot.planner.rules.anew import again, shorthand, upscale, vary
from pixxelbot.planner.rules.canvas import outpaint
from pixxelbot.planner.rules.changing import IS, change, edit, inpaint
from pixxelbot.planner.rules.heard import (
    Found,
    Heard,
    P,
    Rule,
    counted_kinds,
    full,
    holds,
    less,
    one_meant,
    pairs,
    scale_of,
)
from pixxelbot.planner.rules.looking import (
    cancel,
    delete,
    describe,
    favourite,
    history,
    recipe,
    search,
    shorten,
    shows,
    undo,
)
from pixxelbot.planner.rules.mixing import arithmetic, background, blend, control, interpolate, making_of, sweep
from pixxelbot.planner.talk import GOOD, VERY
from pixxelbot.planner.words import tidy


def about(heard: Heard) -> Found | None:
    """ "the second one" and nothing else: what is to be done with it is unsaid."""
    if not heard.ask.pictures or not heard.meant.pointed:
        return None
    rest = less(
        rf"{PIC}|\b(?:i|we|really|do|like|love|prefer|choose|pick|take|want|then|go|with|let's|is|are"
        r"|the|best|nice|good|great|one|is (?:the )?best|better|most|my|favourite|use|looks?|select"
        r"|for|me|so|i'd|say|maybe|definitely|it's|winner|please|ok)\b|[,.!:]",
        heard.text,
    )
    return Found("clarify") if not rest else None


def praise(heard: Heard) -> Found | None:
    """ "the third is perfect": nothing is wanted, but "it" is that picture from now on."""
    liked = (
        rf"(?:{PIC} {IS} {VERY}{GOOD}|{VERY}{GOOD}[,!. ]+{PIC}|i (?:really |do )?(?:like|love|prefer) "
        rf"{PIC}(?: (?:best|most|the most|a lot|so much|more|better))?)[!. ]*"
    )
    return Found("chat") if heard.meant.pointed and heard.ask.pictures and full(liked, heard.text) else None


WHOSE: Final = r"(?:the [\w ]+? (?:in|on|at) )?"
SO_TOO: Final = (
    rf"(?:or|no|nope|not that(?: one)?|rather|actually|wait|instead|oops|[,. ])+ {WHOSE}{PIC}"
    r"(?: (?:instead|rather|please))*"
    r"|(?:and |now |also |do |then |next |(?:do )?(?:the )?same (?:with|for|on|to) |likewise )+"
    rf"(?:for |with |on |to )?{WHOSE}{PIC}(?:,? (?:but )?only {PIC})?(?: (?:too|also|as well|next|then|now|please))*"
    rf"|{PIC}(?: (?:too|also|as well|next))+"
)
""" "and the castle top right too", "or no, the last"."""


def more_of_that(heard: Heard) -> Found | None:
    """ "now the first too": the last thing that was done, to another picture."""
    if not heard.ask.pictures or not heard.meant.pointed:
        return None
    if not full(SO_TOO, heard.text):
        return None
    kind = heard.ask.pictures[0][1].kind
    done: dict[str, Action] = {
        "upscale": "upscale",
        "vary": "vary",
        "outpaint": "outpaint",
        "background": "background",
        "making_of": "making_of",
    }
    return Found(done[kind]) if kind in done else None


LIGHT_WORDS: Final = """
kindly produce render generate whole lot separate single proper both every thing factor copy me file plain again version
the a an of to it that this these those them me us i you we my your in on at by for from with and or so too
also just only again please now then is are was be do does did can could would will want wanted need like some
any all each one ones picture pictures image images version versions make makes give get gets take let go
going how what which out up as into its more very really here there if kind bit little much good nice first
last new another other have has had see look looks show back run hit put been full file copy sort something
thing things using use used about
"""
LIGHT: Final = frozenset(LIGHT_WORDS.split())
"""Words that by themselves ask for nothing to be seen."""
MEANS: Final[tuple[tuple[str, Action], ...]] = (
    (r"describe|description|captions?|alt|depicts?|prompts", "describe"),
    (r"denois\w+|time-?lapse|process|replay|emerge\w*", "making_of"),
    (r"strengths", "sweep"),
    (r"morph\w*|gif|mp4|webp|loop|video|animat\w+|transition\w*|interpolat\w+|tween\w*", "interpolate"),
    (r"blend\w*|mix\w*|merg\w+|combin\w+|fus\w+|cross(?:ed|breed)?|average|hybrid|mash-?up", "blend"),
    (r"bigger|larger|enlarg\w+|upscal\w+|resolution|hd|uhd|4k|8k|high-res|upres|magnif\w+|size|blow", "upscale"),
    (r"vary|varied|variations?|variants?|similar|alternatives?|alike|takes|riff", "vary"),
    (r"transparent|see-through|cutout|background", "background"),
    (r"favourites?|favourited|star|bookmark\w*|save|keep|pin", "favourite"),
    (r"delet\w+|trash|discard|bin|wipe|scrap|erase|dump|nuke", "delete"),
    (r"prompt|seed|recipe|parameters|settings|info|sampler", "recipe"),
    (r"uncrop|outpaint", "outpaint"),
    (r"undo|revert|rollback", "undo"),
    (r"again|reroll|regenerate|redo|repeat|retry|attempt", "again"),
    (r"show|see|display|open|view", "show"),
)
"""Words that name what is wanted, the surer first."""
MOST_WORDS: Final = 12
LEFT_OVER: Final = 2
"""Words without meaning for a rule that a command may hold, where it names pictures."""
WEAK: Final = frozenset({"recipe", "again", "show", "favourite", "background", "undo"})
"""Actions whose words are too common to be sure with others beside them."""


def commanded(heard: Heard) -> Found | None:
    """A request of command words and light ones, in whatever order: "could that one be had in HD"."""
    if holds(r"\b(?:seed|steps|cfg|guidance)\b.*\d|\d+ steps", heard.text):
        return None
    scale, text = scale_of(heard.text)
    count, text = counted_kinds(text)
    words = re.findall(r"[\w'-]+", text.lower())
    if (
        not heard.ask.pictures
        or len(words) > MOST_WORDS
        or not (heard.meant.pointed or holds(P, text))
        or holds(r"(?<!\w)\d", text)
    ):
        return None
    named_by = {word: next((action for pattern, action in MEANS if full(pattern, word)), None) for word in words}
    action = next((action for _, action in MEANS if action in named_by.values()), None)
    heavy = [word for word in words if word not in LIGHT and named_by[word] is None]
    few = (
        LEFT_OVER if PIC in text and action not in WEAK and not holds(r"\b(?:but|with|without|in|as|at)\b", text) else 0
    )
    if action is None or action == "sweep" or len(heavy) > few:
        return None
    single = action not in ("again", "vary", "blend", "interpolate", "delete", "favourite")
    said = pairs(scale=scale if action == "upscale" else None, count=count if action in ("vary", "again") else None)
    return Found(action, one_meant(heard) if single else None, fields=said)


CLAUSES: Final = (
    r"\s*[.!?;:]+\s+|\s*,\s*(?:and |but |then |so |just |please )*|\s+(?:and then|then|so"
    r"|and)\s+(?=(?:please )?(?:cancel|undo|delete|redo|try|fix|make|upscale|add|animate|put|vary"
    r"|blend|remove|change|give|show|draw|turn)\b)"
)
TALK: Final = (
    rf"(?:i|i'm|i've|you|it|its|it's|they're|he|she|he's|she's|because|since|looks?|way|too|that|this|they"
    rf"|not|no|oops|sorry|please|same|hmm|{PIC}|we|my|the "
    r"(?:result|picture|image)s?|don't|didn't|never|actually|wait|now|ok|thanks|wrong|well|meh"
    r"|ugh|take|lose|drop|remove|forget|ditch|keep|use|try|do|make|add|put|change|turn|fix|set"
    rf"|stop|leave|skip|let)\b.*|.*{PIC}.*"
)
"""A clause that is said about something there, not a picture of its own."""
COMMANDED: Final = frozenset({"cancel", "undo", "again", "delete", "upscale", "vary", "blend", "interpolate",
    "describe", "making_of", "background", "favourite", "show", "outpaint"})  # fmt: skip


def clauses(heard: Heard) -> Found | None:
    """ "I don't need the second one, delete it", "drop the snow, add rain": each clause read by itself."""
    parts = [part for part in re.split(CLAUSES, heard.text) if part.strip()]
    if not 1 < len(parts) <= 4 or not (heard.ask.pictures or len(heard.plain) < 60):
        return None
    read = [
        (part, next((found for rule in ALONE if (found := rule(replace(heard, text=part, plain=part)))), None))
        for part in parts
    ]
    if any(found is None and not full(TALK, part) for part, found in read):
        return None
    known = [found for _, found in read if found is not None]
    command = next((found for found in reversed(known) if found.action in COMMANDED), None)
    if command:
        return command
    changes = [found for found in known if found.action in ("edit", "inpaint", "remix")]
    if not changes or not heard.ask.pictures:
        return None
    gone = ", ".join(found.gone for found in changes if found.gone)
    rest = ", ".join(found.rest for found in changes if found.rest)
    region = next((found.region for found in changes if found.region), "") if len(changes) == 1 else ""
    return Found(
        "edit" if len(changes) > 1 else changes[0].action,
        one_meant(heard),
        rest=rest,
        gone=gone,
        region=region,
        instruction=tidy(heard.text.replace(PIC, "it")),
    )


def puzzled(heard: Heard) -> Found | None:
    """ "flip it", "the thing from before": something is to be done to a picture, and nobody here knows what."""
    text = heard.text
    if full(rf"(?:do|try|make|change) (?:something|anything|stuff)(?: \w+)?(?: (?:with|to|about) {P})?", text):
        return Found("clarify", ())
    if full(rf"(?:\w+ )?(?:it|that|this|them|{PIC})(?: \w+)?|{P}", text) and (heard.ask.pictures or holds(P, text)):
        return Found("clarify", ())
    return None


ALONE: Final[tuple[Rule, ...]] = (
    cancel, undo, making_of, describe, background, favourite, delete, shows, again, upscale, vary, blend, interpolate,
    outpaint, inpaint, edit, commanded,
)  # fmt: skip
"""Rules that may read one clause of several."""
RULES: Final[tuple[Rule, ...]] = (
    shorten, cancel, undo, making_of, recipe, history, search, shorthand, describe, background, favourite, delete,
    shows,
    praise, sweep, arithmetic, control, again, upscale, vary, blend, interpolate, outpaint, inpaint, edit,
    more_of_that, about,
    commanded, clauses, change, puzzled,
)  # fmt: skip
"""The first that recognises the words decides; what nobody recognises is something to draw."""
