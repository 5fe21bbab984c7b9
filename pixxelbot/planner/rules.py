"""What is wanted: one rule an action. Rules read the request with its pictures as one sign (`references.PIC`).

A rule looks for the words that mean its action, takes out what else it understands (amounts, strengths, directions),
    and
holds only if nothing is left that would make it a picture of its own: "upscale the second" enlarges, "an upscale
restaurant" is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from pixxelbot.intent import Action, Ask
from pixxelbot.planner.edits import head_noun
from pixxelbot.planner.references import PIC, STANDS, Meant, described
from pixxelbot.planner.talk import GOOD, VERY
from pixxelbot.planner.words import NUMBER, PICTURE, compiled, number, singular, tidy
from pixxelbot.recipe import MAX_COUNT, Control, Direction

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
    r"|light)(?= (?:var|change|diff|tweak|alter|version|take)|\s*\ue000|$)|(?:small(?:er)?|minor"
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
    r"(?:\b(?:by|at|to|with) )?(?:about |around )?\b(\d{1,3})\s?(?:%|percent)(?: (?:strength"
    r"|different|variation|change))?"
)
SCALE: Final = (
    r"\b(?:by |to |at )?(?:(?P<n>\d(?:\.\d+)?)\s?(?:x\b|×|times\b|-fold\b)(?: (?:the size|bigger"
    r"|larger|as (?:big|large)|its size|size|resolution))?|(?:x|×) ?(?P<x>\d(?:\.\d+)?)\b|(?:by "
    r")?(?:a )?(?:factor (?:of )?)(?P<f>\d(?:\.\d+)?)|(?P<word>double|doubled|twice|triple|thrice"
    r"|quadruple|four times|two times|three times)(?: (?:the|its|as) (?:size|resolution|big"
    r"|large))?)(?: (?:in|the) size)?"
)
TIMES: Final = {"double": 2.0, "doubled": 2.0, "twice": 2.0, "two times": 2.0, "triple": 3.0, "thrice": 3.0,
    "three times": 3.0, "quadruple": 4.0, "four times": 4.0}  # fmt: skip


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
        value = STRENGTHS[amount]
        if holds(pattern, text):
            return value, less(pattern, text)
    return None, text


def scale_of(text: str) -> tuple[float | None, str]:
    """How many times as large, and the text without the words for it."""
    match = holds(SCALE, text)
    if not match:
        return None, text
    said = match["n"] or match["x"] or match["f"]
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


def _fields(**said: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in said.items() if value not in (None, ()))


def _empty(text: str) -> bool:
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


def _on_pictures(heard: Heard, rest: str, action: Action, first: bool = False, **said: Any) -> Found | None:
    """The action on the pictures that `rest` names, if it names nothing else."""
    if _empty(rest):
        targets: tuple[str, ...] | None = None
        if first and not heard.meant.pointed and (heard.meant.targets or heard.ask.pictures):
            targets = heard.meant.targets[:1]
        return Found(action, targets, fields=_fields(**said))
    if found := named(rest, heard):
        targets = (found.targets or ())[:1] if first else found.targets
        return replace(found, action=action, targets=targets, fields=_fields(**said))
    return None


# --- stopping, going back, looking ----------------------------------------------------------------------------------

STOP: Final = (
    r"(?:cancel|stop|abort|halt|quit|kill|never ?mind|forget (?:it|that|this|about (?:it|that"
    r"|this))|scratch that|don't bother|hold (?:on|it)|stahp|please stop|drop it|leave it)"
)
JOB: Final = (
    rf"(?:{P}|everything|all(?: of (?:it|them))?|(?:the|my|this|that|all|all my|your)?(?: (?:last"
    r"|current|running|latest|previous|whole|pending|queued|other))*(?: (?:jobs?|drawings?"
    r"|generations?|generating|renders?|rendering|requests?|queue|pictures?|images?|prompts?|work"
    r"|thing|task|order))|drawing|generating|rendering|doing (?:that|it|this)|what you(?:'re| "
    r"are) doing|now|already|right there|please|with (?:that|it|this)|making (?:it|that|this"
    r"|them))"
)


def cancel(heard: Heard) -> Found | None:
    """ "stop", "never mind", "abort my last job", "forget it, I changed my mind"."""
    plain = heard.text
    if full(rf"(?:no[, ]*)?(?:wait[, ]*)?{STOP}(?:[ ,.!]+(?:{STOP}|{JOB}))*", plain):
        return Found("cancel")
    if full(
        rf"{STOP}(?: {JOB})?[,.;!]? (?:i(?:'ve)? (?:changed|don't|do not|made|meant)|that(?:'s| is| "
        r"was)|it(?:'s| is)|wrong|my mistake|not needed|too (?:slow|long)|this is taking|i'm)\b.*",
        plain,
    ):
        return Found("cancel")
    return (
        Found("cancel")
        if full(
            r"(?:i )?changed my mind|don't (?:draw|make|do|generate) (?:it|that|this|anything|them)|take "
            r"me out of the queue|(?:remove|take) (?:it|that|mine|me|my (?:job|request)) (?:from|out of"
            r"|off) the queue|no longer needed|i don't (?:want|need) (?:it|that|this|them) any ?more"
            r"|that's (?:a )?wrong (?:one|prompt),? stop",
            plain,
        )
        else None
    )


BACK_TO: Final = (
    rf"(?:{PIC}|(?:the )?(?:previous|last|earlier|first|original|old)(?: {PICTURE}| one| state| "
    r"look)?|before|how (?:it|that) was(?: before)?|(?:what|the way) (?:it|that|we) (?:was"
    rf"|had)(?: before)?|the one before|(?:the )?\w+ (?:one|{PICTURE}))"
)


def undo(heard: Heard) -> Found | None:
    """ "undo", "go back to the ice one", "take that back", "I liked it better before"."""
    last = (
        r"(?: (?:the |my |that |your )?(?:last|latest|previous|recent)? ?(?:change|changes|step|steps"
        r"|edit|edits|thing|action|one|move|upscale|variation|remix))?"
    )
    patterns = (
        rf"(?:undo|revert|roll ?back|ctrl ?\+? ?z|unto)(?: (?:{P}|all|one|a|two|twice|step|steps|once"
        rf"|everything))*{last}(?: to {BACK_TO})?",
        r"(?:go|take (?:me|us|it)|step|get|let's go|jump|move|turn|change it|put it|bring it|switch"
        r"|return)(?: (?:one|a|two))?(?: steps?)? ?back(?: (?:one|a|two))?(?: steps?)?(?: (?:again"
        rf"|one|once|twice))?(?: to {BACK_TO})?",
        rf"back(?: to {BACK_TO}| up)?|return to {BACK_TO}|restore {BACK_TO}",
        rf"take (?:{P}|the last (?:change|step|edit)) back|(?:bring|get|want|have) (?:back )?{BACK_TO} "
        rf"back|bring back {BACK_TO}",
        rf"(?:i (?:liked|preferred) )?(?:{BACK_TO}|it|that) (?:was |looked )?(?:better|more|nicer)(?: "
        r"before)?(?:[,.]? .*)?",
        rf"(?:i )?(?:don't like|hate|dislike) (?:{P}|the (?:last )?change)[,.;]? (?:go |take it "
        r"|change it |put it )?(?:back|undo)(?: it| that)?.*",
    )
    if any(full(pattern, heard.text) for pattern in patterns) and not full(
        r"(?:it|that|this) (?:better|more|nicer)", heard.text
    ):
        return Found("undo", heard.meant.targets if heard.meant.pointed and not heard.meant.missing else ())
    return None


PARTS: Final = (
    r"(?:prompts?|seeds?|settings|parameters|params|recipe|model|samplers?|steps|styles?|cfg"
    r"|guidance(?: scale)?|negatives?(?: prompt)?|resolution|size|aspect(?: ratio)?|words|details"
    r"|info(?:rmation)?|metadata|scheduler|checkpoint|config)"
)


def recipe(heard: Heard) -> Found | None:
    """ "what prompt did you use?", "the seed of the second one", "show me its settings"."""
    text = heard.text
    if holds(r"\b(?:my|default) (?:settings|preferences|defaults)\b", text):
        return None
    asked = (
        r"(?:and )?(?:what|which)(?:'s| is| was| were| are)? (?:the |its |your |that )?(?:(?:exact"
        rf"|full|actual|original|final|random) )?{PARTS}(?: and (?:the )?{PARTS})?\b(?!.*\b(?:matters?"
        r"|can i|should|available|are there|do you (?:have|know|support)|mean|count)\b).*",
        r"(?:show|give|tell|send|get|view|see|see|print|post|what|paste)(?: me| us)?(?: again)? "
        rf"(?:the |its |all the |all |his |her |full |exact |what )*(?:{PIC}(?:'s)? )?(?:full |exact "
        rf"|original )?{PARTS}(?: and (?:the )?{PARTS})*(?: (?:of|for|from|behind|used|you used|on|in"
        r"|again|were used)\b.*)?",
        rf"(?:the |its |full )?{PARTS}(?: and (?:the )?{PARTS})*(?: (?:of|for|from|on|behind) {P}| please|\?)?",
        rf"{PIC}(?:'s)? (?:full |exact )?{PARTS}",
        r"how many (?:sampling |denoising )?steps (?:was|were|did|does|is|has)\b.*",
        r"how (?:did|do|have) you (?:make|made|draw|drawn?|do|done|get|got|create|created?|generate"
        rf"|generated?|come up with|produce) {P}",
        r"(?:what|which) (?:words|did you) (?:did you )?(?:use|type|draw with|really use|send)\b.*",
        rf"what (?:was|were|did) (?:{P}|you)(?: (?:made|drawn|generated|draw|make|create) (?:with|from"
        r"|that with|it with|this with|it from))",
        rf"(?:can i see|let me see) (?:the |its )?{PARTS}\b.*",
    )
    if not any(full(pattern, text) for pattern in asked) or full(r"(?:styles?|words|size|model|steps|details)", text):
        return None
    return (
        Found("recipe")
        if heard.ask.pictures
        or heard.ask.sources
        or holds(rf"{P}|you|used?", text)
        or full(rf"(?:the )?(?:show me the )?{PARTS}", text)
        else None
    )


def history(heard: Heard) -> Found | None:
    """ "my history", "what did I make yesterday", "list my last 5 pictures"."""
    mine = (
        r"(?:pictures?|images?|pics?|creations?|stuff|works?|drawings?|generations?|renders?|results"
        r"|things|art|artworks?|jobs|requests|prompts)"
    )
    age = rf"(?:(?:recent|last|latest|previous|old|older|past|other|most recent|earlier|{NUMBER}) )*"
    when = r"(?: (?:from|of|since|during|in|so far|today|yesterday|this|last|ever|all|i've|i have|i made|i)\b.*)?"
    patterns = (
        r"what (?:were|are|was) (?:my|our) (?:last|latest|recent|most recent|previous|earlier)\b.*",
        r"(?:(?:show|list|see|view|open|browse|display|give|get|scroll|check|look at|go through)(?: "
        rf"me| us)? )?(?:all (?:of )?|all the )?(?:(?:my|our) {age}(?:{mine}|history|gallery"
        rf"|favourites?|starred(?: {mine})?|favourite {mine})|(?:the |your )?(?:history|gallery)){when}",
        r"what (?:did|have|had) (?:i|we) (?:just |already |been )?(?:make|made|draw|drawn?|drawing|do"
        r"|done|ask|asked|create|created?|generate|generated?|making)\b.*",
        r"(?:show|list)(?: me)? (?:everything|all|what|the (?:pictures|images|stuff)) (?:that )?(?:i"
        r"|we)(?:'ve| have)? (?:made|drew|drawn|did|done|created|generated|asked for)\b.*",
        rf"(?:show|list|see)(?: me)? (?:the |my )?(?:last|latest|most recent|previous) {NUMBER} (?:{mine})",
        r"(?:history|gallery|my history|my gallery|favourites|my favourites)",
        rf"how many (?:{mine}) (?:have|did) (?:i|we)\b.*",
        rf"(?:show|list)(?: me)? (?:mine|yesterday's|today's|last (?:week|night)'s)(?: {mine})?{when}",
    )
    return Found("history", ()) if any(full(pattern, heard.plain) for pattern in patterns) else None


def search(heard: Heard) -> Found | None:
    """ "find my pictures with a boat", "do I have anything with a red car?"."""
    plain = heard.plain
    many = (
        r"(?:pictures?|images?|pics?|drawings?|renders?|ones?|creations?|stuff|anything|something"
        r"|everything|things|results|artworks?|posts|photos?)"
    )
    about = (
        r"(?:with|of|that (?:has|have|shows?|are|is|had)|where|showing|containing|about|featuring|in "
        r"which|like|tagged|from when|i made (?:of|with))"
    )
    heads = (
        (r"(?:search|look|hunt|dig)(?: (?:through|in|my|the|our|all|history|gallery|pictures"
r"|images))*(?: (?:for|up))\s+"),
        r"search(?: my| our| the)?(?: pictures| history| gallery| images| archive)?(?: for)?[: ]+",
        (r"(?:find|locate|retrieve|dig up|fetch|pull up|where(?:'s| is| are)|look up)(?: me| "
rf"us)?(?=.*\b(?:my|the|all|that|those|one|our|every|any|old|earlier|previous|{many})\b)\s+"),
        (r"(?:do|did|have|has|can) (?:i|we|you|anyone)(?: (?:still|ever|already|find|see))* (?:have"
r"|make|made|draw|drawn|find|got|get|create|created|do|done|generate)(?=.*\b(?:any|anything"
rf"|something|ever|{many}|one|my|a)\b)\s+"),
        (r"(?:show|give|list|get)(?: me| us)? (?=(?:(?:all|any|every|my|our|all of|all the|all my|the"
rf"|old|earlier|previous)\s+)+{many}\s+{about}\b)(?=(?:all|any|every|my|our|old|earlier"
r"|previous))"),
        rf"(?:which|what) (?:of )?(?:my |our |the )?{many} (?=(?:have|has|show|shows|with|of|had|contain)\b)",
        r"(?:is|are|was|were) there (?:any|a|an|some)\s+(?=(?:pictures?|images?|pics?)\b)",
        r"anything (?:of mine |i made |i have )?(?=with\b)",
    )  # fmt: skip
    head = next((found for pattern in heads if (found := starts(pattern, plain))), None)
    if not head:
        return None
    query = plain[head.end() :].strip(" ?!.")
    filler = (
        r"^(?:(?:for|me|through|all|any|every|my|our|the|that|those|old|earlier|previous|a|an|some"
        rf"|one|{many}|(?:i|we) (?:made|drew|did)|of mine|{about}|to|up)\b\s*)+"
    )
    core = re.sub(filler, "", query, count=1, flags=re.IGNORECASE) or query
    core = less(
        r"\b(?:in|from|of) (?:my|the|our) (?:history|gallery|pictures|images|archive|stuff)\b"
        r"|\b(?:that )?i (?:made|drew|did)\b|\bagain\b|\bthat one\b",
        core,
    )
    return Found("search", (), query=core) if core else None


def shows(heard: Heard) -> Found | None:
    """ "show me the third again"."""
    verb = starts(
        (
            r"(?:show|display|open|view|see|look at|bring up|pull up|post|send|where is|display|repost"
            r"|full ?size|get)(?: me| us)?(?: here)?(?: (?=the\b|that\b|my\b|"
        )
        + PIC
        + r"))?\s*",
        heard.text,
    )
    if not verb or not heard.ask.pictures:
        return None
    rest = less(
        r"\b(?:again|once more|in full(?: size)?|full ?size|by itself|alone|on its own|separately|up|here|back)\b",
        heard.text[verb.end() :],
    )
    if not rest:
        return None
    if _empty(rest) and holds(P, rest):
        return Found("show")
    found = named(rest, heard)
    return found if found and found.targets else None


def describe(heard: Heard) -> Found | None:
    """ "what's in the second picture?", "caption #3"."""
    text = heard.text
    if full(
        r"(?:describe|caption|explain|analy[sz]e|interpret|alt[- ]?text)(?: to me)?(?: what(?:'s| is| "
        rf"you see) (?:in|on))?\s*:?(?: (?:for|of))?\s*{P}?(?: (?:to me|in words|in detail|again|for "
        r"me|for my blind friend))*",
        text,
    ):
        return Found("describe")
    questions = (
        r"what(?:'s| is| are| do you see| can you see| all is| exactly is)?(?: (?:in|on|shown"
        rf"|happening|going on|there|depicted|visible|to see))* ?(?:in |on |with )?(?:{P})(?: (?:show"
        r"|depict|of|about|showing|supposed to be|contain|picture of))?",
        rf"what (?:does|do) {P} (?:show|depict|contain|look like|represent)",
        rf"tell me (?:what(?:'s| is| you see)(?: in| on)?|about|more about|what) {P}(?: (?:is"
        r"|shows))?(?: (?:about|of))?",
        r"(?:give me|write|make|generate|i need|get me)? ?(?:an? |some |the )?(?:good |short "
        r"|detailed )?(?:description|caption|alt[- ]?text|prompts?)s? (?:of|for|from|that (?:would "
        rf"make|describes?)) {P}",
        rf"(?:turn|convert) {P} (?:in)?to (?:a )?(?:prompts?|words|text)",
        rf"(?:reverse|guess) (?:engineer )?(?:the )?prompt(?: (?:of|for|from) {P})?",
        rf"(?:what|who|where|which|how (?:many|much|old|big)|is|are|does|what's|who's|where's)\b.* (?:in|on|of) {PIC}",
        rf"(?:who|what animal|what breed|what colou?r|how many .*) (?:is|are) (?:in|on) {PIC}",
    )
    if any(full(pattern, text) for pattern in questions) and (
        heard.meant.pointed or heard.ask.pictures or heard.ask.sources
    ):
        return Found("describe") if holds(P, text) else None
    verb = starts(r"(?:describe|caption)\s+", text)
    return _on_pictures(heard, text[verb.end() :], "describe", first=True) if verb else None


def favourite(heard: Heard) -> Found | None:
    """ "star the second", "save it to my favourites"."""
    text = heard.text
    into = (
        r"(?: (?:to|in|into|as|among|with|on)(?: (?:my|the|our|a|one of))* (?:favourites?|collection"
        r"|gallery|list|best(?:s| of)?|starboard|board))?"
    )
    if full(
        r"(?:favourite|star|bookmark|heart|pin|save|keep|fave|mark|remember|store|like)(?: "
        rf"{P})*{into}|add {P}{into}|(?:add|put|save|move) (?:{P} )?(?:to|in|into) (?:my |the "
        rf")?favourites?|{P} (?:is|are|to|goes to|goes in)(?: (?:my|in))* (?:new |absolute |all-time "
        rf"|the )?favourites?(?: one)?|my favourite(?: is)? {P}|mark {P} as (?:a |my )?favourites?"
        rf"|make {P} (?:a|my) favourite|favourite:? {P}|favourite",
        text,
    ):
        return (
            None
            if full(r"(?:keep|like|save|heart|mark|remember|star)", text) and not heard.ask.pictures
            else Found("favourite")
        )
    verb = starts(r"(?:favourite|star|bookmark|heart|pin|save)\s+", text)
    return (
        _on_pictures(heard, re.sub(into + "$", "", text[verb.end() :], flags=re.IGNORECASE), "favourite")
        if verb
        else None
    )


def delete(heard: Heard) -> Found | None:
    """ "delete the first"; "remove the hat" is an edit."""
    verb = starts(
        r"(?:delete|remove|erase|trash|discard|bin|scrap|throw (?:away|out)|get rid of|dump|ditch"
        r"|toss(?: out)?|nuke|destroy|drop|lose|throw)\b\s*",
        heard.text,
    )
    if not verb:
        return None
    rest = less(
        r"\b(?:from (?:the |my )?(?:channel|history|gallery|here|server|chat|database)|for ?ever"
        r"|permanently|away|completely|out|everything|all(?: of (?:it|them))?)\b",
        heard.text[verb.end() :],
    )
    sure = starts(r"(?:delete|trash|discard|bin|scrap|throw|dump|nuke|destroy)", verb[0])
    if _empty(rest):
        return Found("delete") if sure or holds(P, heard.text[verb.end() :]) else None
    found = named(rest, heard) if sure else None
    return (
        replace(found, action="delete")
        if found and (found.targets or holds(r"\b(?:picture|image|one)s?$", rest))
        else None
    )


def shorten(heard: Heard) -> Found | None:
    """ "shorten: …", "which words matter in “…”?", "make this prompt shorter: …"."""
    plain = heard.plain
    heads = (
        r"shorten(?: (?:this|that|the|my|it|following|prompt|text|down|for me|of|last))*\s*[:,\"]?\s*",
        r"(?:which|what) (?:words|parts|tokens|bits|terms) (?:really |actually )?(?:matter|count|are "
        r"(?:important|useless|needed|doing (?:the work|something|anything))|do (?:something"
        r"|anything)|have (?:an )?(?:effect|influence|impact))(?: (?:the )?most)?(?: (?:in|here|of"
        r"|for|to)(?: (?:this|that|the|my)(?: last| long)?(?: prompt)?)?)?\s*[:,]?\s*",
        r"(?:make|get|cut|trim|condense|compress|simplify|tighten|boil|reduce|prune|summari[sz]e"
        r"|optimi[sz]e)(?: (?:this|that|the|my|it|following|last|long|down|same))*(?: (?:prompt"
        r"|wording|words))(?: (?:shorter|down|more concise|smaller|up|to (?:the|its) essentials?|to "
        r"what matters|a bit))*\s*[:,]?\s*",
        r"(?:what|which) (?:words |parts )?can i (?:drop|cut|leave out|remove|lose)(?: (?:from|in"
        r"|of)(?: (?:this|that|the|my)(?: prompt)?)?)?\s*[:,]?\s*",
        r"(?:is|are) (?:all|every|any)(?: of)? (?:these|those|the|my)? ?words? (?:needed|necessary"
        r"|important|useful)(?: (?:in|here))?\s*[:,]?\s*",
        r"(?:too long|my prompt is too long)\s*[:,]\s*",
    )
    head = next((found for pattern in heads if (found := starts(pattern, plain))), None)
    if not head:
        return None
    rest = plain[head.end() :].strip(" \"“”?'")
    alone = full(
        rf"(?:{P}|the|my|last|prompt|of|for|in|from|one|\s|{PIC})*", heard.text[min(head.end(), len(heard.text)) :]
    )
    if not rest or alone:
        return Found("shorten")
    return None if starts(r"shorten (?:the|his|her|its) (?!prompt)", plain) else Found("shorten", (), query=rest)


# --- new noise ------------------------------------------------------------------------------------------------------

MORE_OF: Final = rf"(?: (?:of (?:{P}|the same|each)|{PICTURE}|pictures? of (?:{P})|like before))?"


def again(heard: Heard) -> Found | None:
    """ "again", "two more", "reroll with seed 99"."""
    text = less(
        r",?\s*\b(?:with|using|and|use|try|but with|but)?\s*(?:a |another |some )?(?:new|different"
        r"|another|random|fresh|other) (?:random )?seeds?\b",
        heard.text,
    )
    fresh = text != tidy(heard.text)
    text = less(r"\b(?:for me|from scratch|real quick|if you can|the whole thing)\b", text)
    verb = (
        r"(?:draw|do|try|run|make|generate|paint|give me|give us|show me|render|roll|have|spin|hit|get me|send|hit me)"
    )
    patterns = (
        rf"(?:{verb} )?(?:(?:it|that) back|me again)|(?:{verb} )?(?:{P} |the same (?:thing )?|same "
        r"(?:thing )?|one )?(?:again|once (?:more|again)|one more time|(?:yet )?another(?: (?:one|try"
        r"|go|round|shot|batch|set|attempt|roll|time|spin|bunch))?|anew|over(?: again)?|a second "
        rf"time)(?: {P})?(?: (?:please|again|with {P}))?",
        r"(?:redo|re-?roll|re-?generate|re-?draw|re-?run|re-?do|repeat|retry|re-?render|re-?make"
        rf"|repaint)(?: {P}| that one| everything| same)*(?: again)?",
        r"(?:the )?same(?: (?:thing|again|prompt|one|request))*(?: again)?(?: please)?|same (?:prompt"
        r"|words|request|settings|thing)(?: again)?|ditto|encore|repeat|next(?: one)?|keep (?:going"
        r"|them coming|it coming|drawing|at it)|continue|carry on|go on|more please",
        rf"(?:{verb} )?(?:some |a few |a couple )?(?P<n>{NUMBER})? ?(?:more|other ones|new ones"
        rf"|different ones|fresh ones|others){MORE_OF}(?: (?:please|again))?",
        rf"(?:{verb} )?another (?P<m>{NUMBER})(?: {PICTURE}| of {P})?|(?P<o>{NUMBER}) (?:others|other "
        rf"{PICTURE}|new {PICTURE}|fresh {PICTURE}|more {PICTURE})",
        rf"(?:{verb} )?(?:another|one more|a new|a fresh|a different|an extra)(?: (?:{PICTURE}|set"
        rf"|batch|grid|round|roll))?(?: of (?:{P}|the same))?",
        rf"(?:{verb} )?(?:it |that )?(?P<t>{NUMBER}) more times|(?:i don't like (?:any|these|them|it"
        r"|those)(?: of (?:them|these))?|none of (?:these|them)(?: (?:work|please|is good|are "
        r"good))?)[,.;]? (?:try|draw|do)? ?(?:again|more|new ones|another)?",
        r"(?:new|different|another|random) (?:batch|set|grid|round|ones|attempt|try|seed)",
    )
    if fresh and (
        not text or _empty(text) or full(rf"(?:{verb}|same|the same)(?: {P})?(?: prompt| thing| one)?", text)
    ):
        return Found("again")
    match = next((found for pattern in patterns if (found := full(pattern, text))), None)
    if not match:
        return None
    said = next((value for value in match.groupdict().values() if value), None)
    return Found("again", fields=_fields(count=min(max(number(said), 1), MAX_COUNT) if said else None))


# --- one picture, or several, made into another ---------------------------------------------------------------------


def shorthand(heard: Heard) -> Found | None:
    """ "U2" and "v 3", as on buttons."""
    if not full(r"[uv]\s?#?[1-9]", heard.plain):
        return None
    return Found("upscale" if heard.plain[0] in "uU" else "vary", fields=(("place", int(heard.plain[-1])),))


RESOLUTION: Final = (
    r"(?:(?:in |at |as |a |the |full |better |best |max(?:imum)? |much |even )*(?:high(?:er|est)?"
    r"|hi|full|better|max|more|larger|bigger|print|original|hd|ultra)[- ]?(?:res(?:olution)?"
    r"|def(?:inition)?|hd|quality res|pixels|size)|(?:in |to |at )?(?:full )?(?:u?hd|[248]k)\b"
    r"|print(?:able)? (?:size|quality|resolution))"
)
BIGGER: Final = r"(?:bigger|larger|huge|big|large|enlarged|upscaled)"


def upscale(heard: Heard) -> Found | None:
    """ "upscale the third 4x", "bigger", "a high-res version of #2"."""
    scale, text = scale_of(heard.text)
    method = (
        "creative"
        if holds(r"\bcreative(?:ly)?\b|\bwith (?:more|extra|added) detail\b|\binvent\b", text)
        else "faithful"
        if holds(r"\bfaithful(?:ly)?\b|\bexact(?:ly)?\b|without (?:changing|inventing)\b.*", text)
        else None
    )
    text = less(
        r"\b(?:creative(?:ly)?|faithful(?:ly)?)(?: (?:mode|upscal\w+|method))?\b|\bwithout "
        r"(?:changing|inventing|altering)\b.*|\bwith (?:more|extra|added) detail\b",
        text,
    )
    said: dict[str, Any] = {"scale": min(max(scale, 1.0), 4.0) if scale else None, "method": method}
    verb = starts(
        r"(?:up-?scal(?:e|ing)|enlarge|up-?siz?e|up-?res|blow|super-?res\w*|magnify|embiggen"
        r"|supersize|enhance|scale|resize|biggify|hd-?ify|increase (?:the )?(?:size|resolution)"
        r"|(?:raise|boost|bump(?: up)?|improve) (?:the )?resolution)\b(?: up)?(?: (?:of|on|for))?\s*",
        text,
    )
    if verb:
        return _on_pictures(
            heard,
            less(
                rf"\b(?:up|it to|{RESOLUTION}|to max|as (?:big|large) as (?:possible|you can)|{BIGGER}|all the "
                r"way|to the max)\b",
                text[verb.end() :],
            ),
            "upscale",
            first=True,
            **said,
        )
    if (
        scale
        and full(rf"(?:make |of |for |on )*{P}?(?: (?:in size|as big|size|the size))?", text)
        and (heard.meant.pointed or holds(r"size|resolution|big|large", heard.text))
    ):
        return _on_pictures(heard, text, "upscale", first=True, **said)
    frames = (
        r"(?:(?:make|render|get|give|show|draw|do|can i get|send|turn|have|need|want)(?: me| us)? "
        rf")?(?P<p>{P})?(?: (?:be|into|in))? ?(?:a |an |the )?(?:(?:a bit|a little|much|even|way"
        rf"|slightly|really|super) )*(?:{BIGGER}|{RESOLUTION})(?: (?:version|picture|image|one|copy"
        rf"|file|render|resolution))?(?:,? (?:of|for|on) {P}|,? {P})?",
        rf"{PIC}[,:]? (?:but )?(?:(?:a bit|a little|much|even) )?(?:{BIGGER}|{RESOLUTION})",
        rf"(?:make|get|give)(?: me)? {NAMED} (?:{RESOLUTION})",
    )
    match = next((found for pattern in frames if (found := full(pattern, text))), None)
    if (
        not match
        or not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed)
        or full(r"(?:big|large|huge)", text)
    ):
        return None
    return _on_pictures(
        heard,
        less(
            rf"\b(?:{BIGGER}|{RESOLUTION}|make|render|get|give|show|draw|do|turn|have|need|want|send|copy"
            r"|file|much|even|way|slightly|super|a bit|a little|can i)\b",
            text,
        ),
        "upscale",
        first=True,
        **said,
    )


KIND_OF: Final = (
    r"(?:variations?|variants?|versions?|alternatives?|takes?|iterations?|options?|mutations?|permutations?)"
)


def _counted_kinds(text: str) -> tuple[int | None, str]:
    """ "3 variations of it" keeps the word, less its number."""
    counted = holds(
        rf"\b(?P<n>{NUMBER})(?= (?:(?:more|new|other|different|subtle|strong|slight|random) )*{KIND_OF}\b)", text
    )
    if not counted:
        return count_of(text)
    return min(max(number(counted["n"]), 1), MAX_COUNT), tidy(f"{text[: counted.start()]} {text[counted.end() :]}")


def vary(heard: Heard) -> Found | None:
    """ "vary the second slightly", "3 variations of #2", "more like this"."""
    strength, text = strength_of(heard.text, varied=True)
    text = less(r"\b(?:random|different|interesting|other|new|more interesting)\b(?= " + KIND_OF + ")", text)
    count, uncounted = _counted_kinds(text)
    said = _fields(strength=strength, count=count)
    if full(r"variations? (?:of |on )?#?\d", heard.plain):
        return Found("vary")
    verb = starts(
        r"(?:vary|riff(?: on)?|mutate|jiggle|tweak|shake up|remix|evolve|branch(?: off)? from|explore"
        r"|iterate(?: on)?|play (?:around )?with|shuffle|variate|variation|variations|vari)\b(?: "
        r"(?:of|on|from))?\s*",
        uncounted,
    )
    if verb and not starts(rf"{KIND_OF}", verb[0]):
        rest = uncounted[verb.end() :]
        loose = less(rf"(?:,? ?(?:and )?(?:make|do|give me|show me)? ?(?:some |a few )?{KIND_OF}(?: of {P})?)$", rest)
        if _empty(loose):
            return Found("vary", fields=said)
        if found := named(loose, heard):
            return replace(found, action="vary", fields=said)
        changed = starts(rf"{P}[,:]?\s*", rest)
        return (
            Found("remix", rest=rest[changed.end() :], fields=_fields(strength=strength))
            if changed and heard.ask.pictures
            else None
        )
    head = (
        r"(?:(?:make|give|show|draw|do|create|generate|get|render|have|see|produce|try|paint|i want"
        r"|another|some|a few|a|an|several|few|more|make me|give me|show me|get me|any|with|please"
        r"|subtle|strong|slight|similar|close|the same)\s+)*"
    )
    of = r"(?:\s+(?:of|on|to|for|from|based on|around|off)\s+(?P<of>.+))?"
    if match := full(rf"{head}{KIND_OF}{of}", uncounted) or full(rf"{head}{KIND_OF}{of}", text):
        rest = match["of"] or ""
        if (
            _empty(rest)
            and (holds(P, rest) or heard.ask.pictures)
            and not full(KIND_OF, heard.text.strip() if not heard.ask.pictures else "-")
        ):
            return Found("vary", fields=said)
        if heard.ask.pictures and (found := named(rest, heard)) and found.targets:
            return replace(found, action="vary", fields=said)
    like = (
        rf"(?:{head}|make |{NUMBER} )*(?:something|some|anything|ones?|others?|pictures?|images?|more"
        r"|stuff|things|another|another one)?\s*(?:more )?(?:a bit |kind of |just |quite |very "
        r")?(?:like|similar to|along the lines of|in the (?:vein|spirit|manner|style|direction) of"
        rf"|similar (?:ones|pictures|images|stuff|things) to|resembling|close to) (?P<like>{P}|the "
        r"\w+(?: \w+)?)(?: one| ones)?"
    )
    if match := full(like, uncounted) or full(like, text):
        if _empty(match["like"]):
            return Found("vary", fields=said)
        if found := named(match["like"], heard):
            return replace(found, action="vary", fields=said) if found.targets else None
    bare = (
        rf"(?:more )?similar(?: ones| pictures| images| stuff| things)?|(?:make|do|keep) {P} (?:but "
        r")?(?:a bit |a little |slightly |more |be )*(?:different|differently|varied)",
        rf"{PIC}[,:]? (?:but )?(?:different|varied|with variations?|{KIND_OF}|again but different)|{P} "
        rf"but different(?:ly)?|different {PIC}",
        rf"{PIC}[,:]? (?:make|do|give me|show me)? ?(?:some |a few |more |{NUMBER} )?(?:{KIND_OF})",
    )
    if any(full(pattern, form) for pattern in bare for form in (tidy(heard.text), uncounted, text)):
        return Found("vary", fields=said)
    return None


def _pictures_in(rest: str, heard: Heard) -> tuple[tuple[str, ...], list[str], str]:
    """Targets, descriptions and left-over words of a list such as "the fox with the boat"."""
    targets: list[str] = list(heard.meant.targets) if heard.meant.pointed else []
    descriptions, over = [], []
    for part in re.split(
        rf"\s*(?:,|&|\+|\band\b|\bwith\b|\binto\b|\bto\b|\bfrom\b|\bbetween\b|\bthen\b|{PIC})\s*",
        rest,
        flags=re.IGNORECASE,
    ):
        part = tidy(part)
        if _empty(part):
            continue
        match = full(NAMED, part)
        shown = described(match["what"], heard.ask) if match else ()
        if match and len(match["what"].split()) <= 4 and shown:
            targets += shown[:1]
            descriptions.append(match["what"])
        else:
            over.append(part)
    return tuple(dict.fromkeys(targets)), descriptions, " ".join(over)


def _weights(text: str) -> tuple[tuple[float, ...], str]:
    """ "70/30", "70% and 30%", "half and half" as shares of one."""
    match = holds(
        r"(?:\bat |\bin |\bwith |\bweights? |\bratio (?:of )?)*(\d{1,3})\s?%?\s?(?:/|:|to|and|-"
        r"|,)\s?(\d{1,3})\s?%?(?!\d)(?: (?:ratio|split|mix))?",
        text,
    )
    if match and int(match[1]) + int(match[2]) in (10, 100):
        whole = int(match[1]) + int(match[2])
        return (int(match[1]) / whole, int(match[2]) / whole), tidy(f"{text[: match.start()]} {text[match.end() :]}")
    if holds(r"\b(?:half and half|50[/-]50|equally|evenly|half-half)\b", text):
        return (0.5, 0.5), less(r"\b(?:half and half|50[/-]50|equally|evenly|half-half)\b", text)
    return (), text


def blend(heard: Heard) -> Found | None:
    """ "blend 1 and 4", "mix the cat with the dog, 70/30"; "a mix of fruit" is drawn."""
    weights, text = _weights(heard.text)
    verb = starts(
        r"(?:blend|mix|combine|merge|mash(?:[- ]?up)?|fuse|cross(?:breed)?|join|put|average|smush"
        r"|meld|unite)\b(?: (?:up|over))?\s*",
        text,
    ) or starts(
        r"(?:make |create |give me |do )?(?:an? |the )?(?:blend|mix(?:ture)?|combination|mash-?up"
        rf"|hybrid|cross|fusion|average|mashup|combo)\s+(?:of|between|from|out of)\s+(?={P}|the\b)",
        text,
    )
    if not verb or not (heard.ask.pictures or len(heard.ask.sources) > 1 or heard.meant.pointed):
        if verb and full(rf"(?:{P}|the (?:two|pictures|images)|\s)+", text[verb.end() :]):
            return Found("blend")
        return None
    if starts("put", verb[0]) and not holds(r"\btogether\b", text):
        return None
    rest = less(
        r"\b(?:together|up|into (?:one|a single|a new)(?: picture| image)?|as one|in one(?: picture| "
        r"image)?|both|all|half|please|for me|with each other|a blend|each other)\b",
        text[verb.end() :],
    )
    targets, names, over = _pictures_in(rest, heard)
    if over and not (heard.meant.pointed and len(targets) > 1):
        return None
    plural = targets or (heard.ask.focus if len(heard.ask.focus) > 1 else None)
    return Found("blend", plural, ", ".join(names), fields=_fields(weights=weights), rest=over)


def interpolate(heard: Heard) -> Found | None:
    """ "morph from 1 to 3 in 24 frames"; "a man morphing into a wolf" is drawn."""
    text, frames = heard.text, None
    if counted := holds(r",?\s*\b(?:in|with|using|over|of|and)?\s*(\d{1,3})[- ]frames?\b(?: long)?", text):
        frames = min(max(int(counted[1]), 2), 240)
        text = tidy(f"{text[: counted.start()]} {text[counted.end() :]}")
    text = less(
        r"\b(?:in|over|for|lasting|about)?\s*\d{1,2} ?-?(?:seconds?|s|secs?)\b(?: long)?|\b(?:as|into"
        r"|in) an? (?:gif|mp4|webp|video|animation|loop|movie)\b",
        text,
    )
    verb = starts(
        r"(?:morph|interpolate|animate|transition|tween|fade|dissolve|in-?between|travel|walk|journey"
        r"|go smoothly|blend over time|slide)\b\s*",
        text,
    ) or starts(
        r"(?:make |create |give me |do |i want |render |show me |get me |generate )*(?:an? |the |some "
        r")?(?:smooth |nice |short |looping |slow )*(?:morph|interpolation|animation|gif|video"
        r"|transition|movie|clip|mp4|tween|film|fade|journey)(?:ing)?(?: (?:that )?(?:morph|blend|go"
        r"|turn|transition|fad|transform|chang)(?:s|es|ing|ning))?\s*(?=(?:from|between|of|out of"
        rf"|with|that (?:goes|morphs|moves))\b.*(?:{P}|the\b)|{PIC})",
        text,
    )
    if not verb or not (heard.ask.pictures or len(heard.ask.sources) > 1 or heard.meant.pointed):
        return None
    rest = less(
        r"\b(?:from|between|of|out of|smoothly|slowly|over time|a (?:gif|video|morph|transition)|that "
        r"(?:goes|morphs|moves)|(?:starting|ending) (?:at|with|from)|into each other|in between"
        r"|together)\b",
        text[verb.end() :],
    )
    targets, names, over = _pictures_in(rest, heard)
    return None if over else Found("interpolate", targets or None, ", ".join(names), fields=_fields(frames=frames))


def arithmetic(heard: Heard) -> Found | None:
    """ "the first one minus man plus woman", "king - man + woman"."""
    text = re.sub(r"\s([+])\s", " plus ", re.sub(r"\s[-−–]\s", " minus ", heard.text))
    text = re.sub(
        r"\b(?:subtract|take away|take) (?P<a>[\w ]+?) from (?P<p>\S+)(?:,? (?:and|then) (?:add|plus) (?P<b>[\w ]+))?$",
        lambda m: f"{m['p']} minus {m['a']}" + (f" plus {m['b']}" if m["b"] else ""),
        text,
        flags=re.IGNORECASE,
    )
    parts = re.split(r",?\s+(?:and )?(plus|minus)\s+", text, flags=re.IGNORECASE)
    if len(parts) < 3 or any(len(part.split()) > 4 for part in parts[2::2]):
        return None
    signs = [sign.lower() for sign in parts[1::2]]
    base = tidy(less(r"^(?:do|make|compute|calculate|what is|show me|take|try)\b", parts[0]))
    terms = list(
        zip(
            signs,
            (tidy(re.sub(r"^(?:the|an?|some) ", "", part, flags=re.IGNORECASE)) for part in parts[2::2]),
            strict=True,
        )
    )
    on_picture = _empty(base) and holds(P, base)
    if not on_picture and not (len(base.split()) <= 4 and {"plus", "minus"} <= set(signs)):
        return None
    if on_picture and not (heard.ask.pictures or heard.ask.sources):
        return Found("arithmetic")
    found = None if on_picture else named(base, heard)
    said = _fields(
        plus=tuple(word for sign, word in terms if sign == "plus"),
        minus=tuple(word for sign, word in terms if sign == "minus"),
    )
    if on_picture:
        return Found("arithmetic", heard.meant.targets if heard.meant.pointed else heard.meant.targets[:1], fields=said)
    return Found(
        "arithmetic",
        (found.targets or ())[:1] if found else (),
        found.description if found else "",
        rest="" if found else base,
        fields=said,
    )


FOLLOWED_PARTS: Final[tuple[tuple[str, Control], ...]] = (
    (r"poses?|postures?|stance|skeleton|body position|positions?|gesture", "pose"),
    (r"depth(?: map| image)?|composition|layout|structure|geometry|3d shape|arrangement|perspective", "depth"),
    (r"scribbles?|doodles?|rough sketch|sketch|sketches", "scribble"),
    (r"edges?|outlines?|lines|line ?art|contours?|canny|silhouettes?|shapes?|drawing|linework", "edges"),
)


def control(heard: Heard) -> Found | None:
    """ "use the pose of the first for a robot", "follow the edges of #2: a marble statue", "same pose but a knight"."""
    text = heard.text
    for words, kind in FOLLOWED_PARTS:
        lead = (
            r"(?:(?:use|keep|keeping|follow(?:ing)?|match(?:ing)?|copy(?:ing)?|take|taking|using|preserve"
            r"|respect|trace|tracing|stick to|reuse|steal|borrow|apply|draw|with|in|from|by|as|only|just"
            r"|a|an|make|do|give me|controlnet|control net)\s+)*"
        )
        forms = (
            rf"(?P<before>.*?)\b{lead}(?:the |its |his |her |their )?(?:same |exact |exact same "
            rf")?(?:{words})(?: (?:control|map|version|controlnet|guide))?(?:\s+(?:of|from|in|as|on"
            rf"|for))?\s+(?P<p>{PIC}|it|that|this)(?:'s)?(?!\w)(?P<after>.*)",
            rf"(?P<before>.*?)\b{lead}{PIC}(?:'s)? (?:{words})\b(?P<after>.*)",
            rf"(?P<before>.*?)\b{lead}(?:the )?(?:exact )?same (?:{words})\b(?P<after>.*)",
            r"(?P<before>)(?:use|keep|keeping|follow|match|copy|preserve|trace) (?:the |its |his |her "
            rf"|their )(?:{words})\b(?P<after>.*)",
            rf"(?P<before>)(?:turn|make) (?:my|this|the) (?:{words}) (?:in)?to (?P<after>.*)",
        )
        match = next((found for form in forms if (found := full(form, text))), None)
        if not match:
            continue
        if not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed) or starts(
            r"describe|what|upscale|delete", text
        ):
            return None
        if (
            kind == "scribble"
            and not heard.ask.sources
            and not starts(r".*\b(?:use|follow|trace|match|keep|turn|from|scribble|doodle)", text)
        ):
            continue
        over = f"{match['before']} {match['after']}"
        over = less(
            r"^\W*(?:and\b|but\b|,|:|with\b)*\s*|\bwith control ?net\b|\b(?:as a |for the )?(?:guide"
            rf"|reference|base|template)\b|{PIC}",
            over,
        )
        over = re.sub(
            r"^(?:and |but |then |now |so )*(?:(?:draw|make|paint|generate|create|show|render|use it"
            r"|apply it|do|turn it|change|give)\b(?: (?:me|it|that))?\s*)?(?:for|to (?:draw|make|paint"
            r"|generate|create)|to|as|into|on|with|of|but|and|instead|:|,|\s)*(?=\S)",
            "",
            over,
            count=1,
            flags=re.IGNORECASE,
        )
        return Found(
            "control",
            heard.meant.targets if heard.meant.pointed else heard.meant.targets[:1],
            rest=tidy(over),
            fields=_fields(control=kind),
        )
    return None


def sweep(heard: Heard) -> Found | None:
    """ "try strengths from 0.2 to 0.8", "sweep the second in 5 steps"."""
    text = heard.text
    if holds(r"\bstrengths?\b(?: of)? [\d.%]+\s*(?:,|and|/)\s*[\d.%]+", text):
        text = re.sub(r"\bstrength\b", "strengths", text)
    if not (
        holds(
            r"\bsweep\b|\bstrengths\b|\b(?:different|several|various|multiple|many|a range of|increasing"
            r"|rising) (?:levels of )?(?:denois\w+ )?(?:strength|denois)\w*|\bstrength(?: sweep| ladder| "
            r"series)\b|\b(?:at|with) (?:each|every) strength\b",
            text,
        )
        or holds(
            r"\bstrength\b.*\b\d.*\bto\b.*\d|\b(?:\d{1,2}%|0?\.\d),? (?:and |to )?.*(?:\d{1,2}%|0?\.\d) strength", text
        )
    ):
        return None
    if not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed) and not starts(
        r"(?:strength )?sweep\b|try", text
    ):
        return None
    values = [
        float(value) / (100 if percent or float(value) > 1 else 1)
        for value, percent in re.findall(
            r"(?<![\w.])(\d{1,3}(?:\.\d+)?|\.\d+)\s?(%?)(?!\s?(?:steps|pictures|images|values|stages|x)\b)(?![\d.])",
            text,
        )
    ]
    steps = holds(
        rf"\b(?:in|with|over|using|at) ({NUMBER}) (?:steps|stages|values|pictures|images|strengths"
        rf"|levels|different)\b|\b({NUMBER}) (?:different )?(?:strengths|values|steps|levels)\b",
        text,
    )
    many = min(max(number(steps[1] or steps[2]), 2), MAX_COUNT) if steps else 4
    ranged = len(values) == 2 and holds(r"\bfrom\b|\bto\b|\bbetween\b|\d ?- ?\.?\d|\.\.", text)
    if ranged or not values:
        low, high = (min(values), max(values)) if values else (0.2, 0.8)
        values = [round(low + (high - low) * step / (many - 1), 3) for step in range(many)]
    return Found(
        "sweep",
        heard.meant.targets if heard.meant.pointed else heard.meant.targets[:1],
        fields=_fields(strengths=tuple(min(max(value, 0.0), 1.0) for value in values[:MAX_COUNT])),
    )


def background(heard: Heard) -> Found | None:
    """ "cut out the background of #2", "transparent background please"."""
    text = heard.text
    off = (
        r"(?:remove|cut out|cut|delete|erase|drop|strip|kill|lose|get rid of|take (?:out|away|off)|no"
        r"|without|clear|knock out|eliminate|wipe|ditch|mask out)"
    )
    on = rf"(?:{FROM_IT}|\s+(?:of|from|in|on|behind|around)\s+(?:the|his|her) [\w ]+)?"
    patterns = (
        rf"(?:{P}[,:]? )?{off} (?:the |its |all the |all |of the |any |that )?(?:{BACK})(?: out| off| "
        rf"away| completely)?{on}(?: (?:and )?(?:make it |as a )?(?:transparent|png).*)?",
        rf"(?:make |with |on |give me |give it |i need |put it on |save it with |export with |{P} "
        rf")*(?:an? |the )?(?:transparent|alpha|no|see-through)(?: (?:{BACK}|png|version|cutout))?(?: "
        rf"(?:version|for|of|on))*(?: {P})?",
        rf"(?:make|set|turn) (?:the |its )?(?:{BACK})(?: (?:of|in|on) {P})? (?:transparent|invisible"
        r"|see-through|disappear|vanish|go away|alpha|empty)",
        rf"(?:make|turn|export|save|give me|get me|send) {P} (?:in)?(?:to |as |with |have )?(?:an? "
        rf")?(?:transparent|cut-?out|transparent png|png with (?:a )?transparent {BACK}|transparent "
        rf"{BACK}|no {BACK})(?: (?:png|{BACK}|version))?",
        rf"(?:cut|crop) (?:{P}|him|her|them|the (?:subject|\w+|main \w+)) out(?: (?:of|from) (?:the "
        rf")?(?:{BACK}|it|picture|image|{P}))?|cut ?out (?:{P}|the (?:subject|\w+))",
        rf"(?:isolate|extract) (?:{P}|the (?:subject|\w+|main \w+))(?: (?:from|in|on|of) (?:the "
        rf")?(?:{BACK}|{P}|picture))?|(?:the )?(?:{BACK}) (?:removed|gone|off|away|removal"
        rf"|transparent)|{off} {P}'s (?:{BACK})|(?:{BACK}) (?:remov\w+|off) (?:on|of|for) {P}"
        rf"|transparent|{PIC} (?:without|with no) (?:a |the |its )?(?:{BACK})",
    )
    if not any(full(pattern, text) for pattern in patterns):
        return None
    if full(r"no|transparent|without", text) and not heard.ask.pictures:
        return None
    return Found("background", heard.meant.targets if heard.meant.pointed else heard.meant.targets[:1])


def making_of(heard: Heard) -> Found | None:
    """ "show me how it was drawn", "a timelapse of the second", "from noise to picture"."""
    text = heard.text
    patterns = (
        r".*\bmaking[- ]?of\b.*",
        r"(?:make |give me |show me |create |render |do |i want |can i see )?(?:an? |the "
        r")?(?:time-?lapse|process(?: video| gif| animation)?|progress (?:video|gif|animation)"
        r"|evolution|denoising(?: process| video| gif| animation| steps)?|diffusion (?:process|video"
        r"|gif|steps|animation)|birth)(?: (?:video|gif|animation))?(?: (?:of|for|behind|from) (?:how "
        rf")?{P}.*| please|)",
        r"(?:show|see|animate|watch|visuali[sz]e|let me see|replay|play back|film|record)(?: me| us)? "
        rf"(?:how|the way|the process (?:of )?how) (?:{P}|you|the \w+) (?:was|were|is|got|came|did"
        r"|made|drew|drawn|emerged|formed|took)\b.*",
        rf"(?:see |show |show me )?how (?:{P}|the \w+) (?:was|were|is|got) (?:made|drawn|generated"
        r"|created|painted|built|done)",
        rf"(?:show |see |animate |watch )?(?:me )?(?:{P} )?(?:the )?(?:denois\w+|diffusion)(?: process"
        rf"| steps)?(?: (?:of|for|behind) {P})?|.*\b(?:from|out of) (?:pure )?noise (?:to|into)\b.*",
        rf"how (?:was|were|is|did|has) (?:{P}|the \w+) (?:made|drawn|generated|created|painted|built"
        r"|come (?:about|to be|together)|emerge|form|come out of (?:the )?noise|been made)(?:[?,.;!]? "
        r".*)?",
        r"(?:show|see|watch|animate|replay)(?: me)? (?:the |all the |every |each )*(?:intermediate "
        r"|denoising |drawing |diffusion )?(?:steps|process|stages|progress|noise|intermediates"
        rf"|frames)(?: (?:of|for|from|in|behind|to) {P}| by step.*)?",
        rf"(?:turn|dissolve|send) {P} (?:back )?(?:in)?to (?:pure |gaussian )?noise|(?:show|animate) "
        r"(?:me )?(?:the )?(?:forward|reverse)(?: diffusion)? process.*|(?:go |animate |show )?(?:me "
        rf")?(?:it |{P} )?from (?:pure )?noise(?: to (?:the )?(?:picture|image|finish|{P}))?|add noise "
        rf"to {P} until.*|(?:show|watch)(?: me)? {P} (?:being (?:drawn|made|painted|generated"
        r"|denoised)|emerge|form|appear|come|step by step|denoise).*",
        rf"step by step(?: (?:of|for) {P})?",
    )
    if not any(full(pattern, text) for pattern in patterns):
        return None
    if not (heard.ask.pictures or heard.ask.sources or holds(P, text)):
        return None
    return Found("making_of", heard.meant.targets if heard.meant.pointed else heard.meant.targets[:1])


SHAPE: Final = (
    r"(?:(?:a (?:bit|little) |much |way |even |more |very |really |super |extra )*(?:wider|taller"
    r"|narrower|longer|higher|thinner|broader|wide|tall|square|squared?|portrait|landscape"
    r"|vertical|horizontal|panoram(?:ic|a)|widescreen|wide-screen|ultra-?wide|upright|cinematic "
    r"wide|\d{1,2}:\d{1,2}|\d{1,2} by \d{1,2}))"
)


def outpaint(heard: Heard) -> Found | None:
    """ "zoom out 2x", "extend it to the left with an oasis", "more space above", "make it square"."""
    text = heard.text
    if not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed):
        return (
            Found("outpaint")
            if full(
                rf"(?:zoom (?:it )?out|un-?crop|outpaint|pan (?:left|right|up|down))(?: {P}| a (?:bit|little)| \S+)?",
                text,
            )
            else None
        )
    if full(
        rf"(?:(?:make|turn|change|get|have|resize|crop|reframe|set) )(?:the )?{P}(?: (?:into|to|be|in"
        rf"|a))* {SHAPE}(?: (?:format|picture|image|one|shape|aspect(?: ratio)?|orientation|version"
        r"|again|instead))*",
        text,
    ):
        shape = holds(
            rf"{SHAPE}(?=(?: (?:format|picture|image|one|shape|aspect(?: ratio)?|orientation|version|again"
            r"|instead))*$)",
            text,
        )
        return Found(
            "outpaint", rest=f"make it {shape[0] if shape else text}", fields=(("shape", True),), targets=_one(heard)
        )
    scale, text = scale_of(text)
    more = (
        r"(?:more|extra|additional|some|a (?:bit|little)(?: more)?(?: of)?|lots? of|a lot (?:more|of)"
        r"|some more|some extra|way more|a bit of|empty|blank)"
    )
    verbs = (
        r"zoom(?:ed|ing)?(?: it| that| this| "
        + PIC
        + r")?(?: (?:way|a bit|a little|further|slightly|right|even|much|all the way|some|more))* out\b",
        r"(?:un-?crop|out-?paint|widen|out-?fill|expand|extend|lengthen|stretch|broaden|grow|enlarge "
        r"the (?:canvas|frame)|increase the canvas)\b",
        r"(?:pan|scroll|move|shift|slide|tilt)(?: (?:the )?(?:camera|view|frame|canvas|it"
        r"|that))?(?=.*\b(?:left|right|up|down|upwards?|downwards?|leftwards?|rightwards?|sideways"
        r"|top|bottom|above|below)\b)",
        r"(?:give|add|make|leave|show|put|i want|let|with|insert|draw|want|need|see)?(?: me| us| it| "
        rf"{PIC}| them)* ?{more} (?:space|room|canvas|sky|ground|floor|background|surroundings|scenery"
        r"|landscape|margin|border|headroom|breathing room|scene|environment|empty space|area|air"
        r"|context|picture|image)(?= (?:on|to|at|above|below|around|under|over|in all|everywhere|left"
        r"|right|top|there|towards|all|of the scene)\b|$)",
        r"(?:show|see|let me see|reveal|what is|what's|draw|imagine|continue|paint)(?: me)? (?:more "
        r"(?:of the (?:scene|surroundings|background|picture|image|room|area|environment|world))"
        r"|what(?:'s| is| lies)(?: (?:to|on|above|below|beyond|outside|around|next to|left|right"
        r"|behind|past))|beyond|outside)",
        r"what(?:'s| is| lies)(?: there)?(?: over| out)? (?=(?:to|on|above|below|beyond|outside|left"
        r"|right|behind|past|under(?:neath)?|around)\b)",
        r"(?:show|see|reveal|add|give|want|include)(?: me)? more(?: of)?(?: the)? [\w ]*?(?=(?:above"
        r"|below|on (?:the|both) (?:left|right|sides?|top|bottom)|to the (?:left|right)|at the (?:top"
        r"|bottom|sides?)|underneath|around)\b)",
        r"(?:to|beyond|outside|above|below|around)(?=.*\b(?:the (?:frame|edges?|borders?|picture)|it"
        r"|that|left|right)\b.*\?$)",
        (
            r"(?:fill(?: in)?|paint|draw|continue|complete|imagine|generate)(?: in)? (?:the )?(?:(?:area"
            r"|space|part|region|scene|picture|image|rest|missing part|canvas)|"
        )
        + PIC
        + r"|it|that)(?=.*\b(?:left|right|above|below|top|bottom|beyond|around|sides?|outside|edges?|up|down)\b)",
        r"(?:pull|move|step|take)(?: the)?(?: camera)? (?:back|out|further (?:back|away|out))(?: (?:a "
        r"(?:bit|little)|the camera|further))*$",
    )
    verb = next(
        (
            found
            for pattern in verbs
            if (found := starts(pattern, text) or (starts(rf"{PIC}[,:]?\s*(?:{pattern})", text)))
        ),
        None,
    )
    if not verb and full(
        r"(?:a bit |a little |way |much |even )*(?:zoomed out|further (?:out|away|back)|(?:from )?further away)", text
    ):
        return Found("outpaint", _one(heard), fields=_fields(directions=("out",), scale=scale))
    if not verb or starts(
        r"(?:show|see|let me see|reveal|with|give|want|need|draw|paint).*\bsky\b.*\b(?:in|of) (?:paris|the)\b", text
    ):
        return None
    word, rest = verb[0].lower(), text[verb.end() :]
    if holds(r"\b(?:extend|expand|stretch|lengthen|grow|widen)", word) and full(
        r"\s*(?:his|her|the|its|their) (?!sky|scene|picture|image|background|canvas|frame|left|right"
        r"|top|bottom|edges?|view|borders?|sides?|road|sea|ocean|beach|forest|city|ground|floor"
        r"|landscape|room)\w+",
        rest,
    ):
        return None
    amount, rest = strength_of(rest) if not scale else (None, rest)
    sides, rest = directions_of(f"{word if holds('above|below|left|right', word) else ''} {rest}")
    out = holds(r"zoom|crop|pull|camera back|surround|scene|context", word)
    canvas = (
        r"\b(?:the |its )?(?:picture|image|canvas|frame|scene|view|sky|background|edges?|borders?"
        r"|area|space|camera|side|sides|room)\b|\b(?:further|more|some|way|even|a bit|much|again|by "
        r"half|all the way|here|there|it|out|in|so (?:that )?(?:we|i|you) (?:can )?(?:see )?)\b"
    )
    content = tidy(
        re.sub(
            rf"^(?:\s|,|:|{P}\b|{PIC}|(?:and )?(?:with|to (?:show|see|reveal|include|add)|showing|fill it "
            rf"with|add|so there(?:'s| is| are)|and|put|of|for|by|on|to|at|{canvas}))+",
            "",
            less(rf"{PIC}", rest),
            flags=re.IGNORECASE,
        )
    )
    if re.fullmatch(rf"(?:{canvas}|{P}|of|the|in|to|on|at|by|for|from|with|\s|,)*", content, re.IGNORECASE):
        content = ""
    said = _fields(
        directions=sides or (("out",) if out or not sides else ()),
        scale=scale or (1.25 if amount and amount < 0.5 else None),
    )
    return Found("outpaint", _one(heard), rest=content, fields=said)


def _one(heard: Heard) -> tuple[str, ...]:
    """Those pointed at, else the first of those that the conversation is about."""
    return heard.meant.targets if heard.meant.pointed else heard.meant.targets[:1]


# --- changes of a picture -------------------------------------------------------------------------------------------

OVERALL: Final = (
    r"(?:style|mood|lighting|lights?|colou?rs?|weather|season|time(?: of day)?|scene|setting"
    r"|angle|camera(?: angle)?|perspective|view|format|aspect(?: ratio)?|size|vibe|atmosphere"
    r"|tone|prompt|seed|count|quality|whole (?:thing|picture|image)|picture|image|contrast"
    r"|brightness|saturation|palette|colou?r (?:scheme|palette)|resolution|look|feel(?:ing)?|mood"
    r"|pose|orientation|shape|steps|model|medium|text prompt|place|location|environment"
    r"|composition|theme|focus|guidance|cfg|subject)"
)
QUALITY: Final = (
    r"(?:style|mood|lighting|lights?|colou?rs?|weather|season|(?:camera )?angle|perspective"
    r"|viewpoint|vibe|atmosphere|tone|contrast|brightness|saturation|palette|colou?r (?:scheme"
    r"|palette)|composition|pose|framing|expression|outfit)"
)
"""What a picture has without it being shown: "a darker mood" is no picture of its own."""
REGION: Final = (
    r"(?P<region>(?!(?:it|that|this|them|these|those|him|her|all|everything|both|me"
    r"|us)\b)[\w'-]+(?: (?!(?:to|with|for|in|into|by|from|on|at|should|be|is|are|look"
    r"|and)\b)[\w'-]+){0,3}?)"
)


def _region(match: re.Match[str], heard: Heard) -> str:
    """The part named, without "in the first", or nothing where it is no part but a quality of the whole."""
    region = tidy(re.sub(rf"\s+(?:in|on|of|from|at)\s*{PIC}?$|{PIC}", "", match["region"]))
    return (
        ""
        if full(rf"(?:{OVERALL}|(?:[\w-]+ )?{PICTURE}|{NUMBER}|day|night|{P}|one|last one)", region) or not region
        else region
    )


def inpaint(heard: Heard) -> Found | None:
    """ "remove the hat", "change the sky to a sunset", "replace the umbrella with a balloon", "fix her hands"."""
    if not (heard.ask.pictures or heard.ask.sources):
        return None
    text = tidy(
        re.sub(rf"^{PIC}[,:]?\s+(?:but )?|^(?:now|and|also|then|but|only|just)\s+", "", heard.text, flags=re.IGNORECASE)
    )
    text = tidy(re.sub(rf"^(?:in|on|for|from) {PIC}[,:]?\s*", "", text, flags=re.IGNORECASE))
    inner = tidy(re.sub(rf"{FROM_IT}$", "", text, flags=re.IGNORECASE))
    gone = starts(
        r"(?:remove|erase|delete|lose|drop|ditch|get rid of|take (?:out|away|off)|hide|cut(?: out)?"
        r"|edit out|paint out|clean up|wipe(?: out)?|kill|eliminate|scrap|crop out|photoshop out"
        rf"|clear|strip|no more|take)\s+(?:{DET}\s+)?{REGION}(?: (?:out|away|off|completely|entirely"
        r"|please|too))*(?:\s+(?:in|from|on|off|out of|behind|at)\s+(?:the |his |her |its "
        r")?(?P<where>[\w ]+))?$",
        inner,
    )
    if gone and not full(rf"(?:{PIC}|{P}|queue|job)", gone["region"]):
        region = _region(gone, heard)
        if region and (
            holds(rf"\b{DET}\s+{re.escape(gone['region'])}", inner) or _shown(region, heard) or len(region.split()) == 1
        ):
            listed = re.sub(r"\s+(?:and|&)\s+(?:the |his |her )?", ", ", region)
            return Found("inpaint", _one(heard), region=region, gone=listed, instruction=inner)
    swaps = (
        r"(?P<region>[\w-]+) (?:->|=>|-->|to|into) (?P<new>(?:an? |the )?[\w-]+(?: [\w-]+)?)",
        rf"(?:replace|swap|exchange|switch|substitute)(?: out)? (?:{DET} )?{REGION} (?:with|for|by|to"
        r"|into|out for) (?P<new>.+)",
        rf"(?:change|turn|transform|convert|make|morph|recolou?r|repaint) (?:{DET} ){REGION} (?:to"
        r"|into|in|be|become|look like|look) (?P<new>.+)",
        rf"(?:make|paint|colou?r|dye|tint|recolou?r|repaint|have|turn|set) (?:{DET} ){REGION} "
        r"(?P<new>(?:a (?:bit|little) |slightly |much |way |more |less |really |very |all |bright "
        r"|dark |light |deep |pale )*(?:[\w-]+|\w+ and \w+|an? [\w ]+))",
        rf"(?:should |could |would |can |might |what if )?(?:{DET} ){REGION} (?:should be|must be"
        r"|could be|needs to be|should look|be|has to be|ought to be|were|was) (?P<new>.+)",
        r"(?:put|use|have|give me|insert|paint|draw|place) (?P<new>.+?) (?:instead of|in place of"
        rf"|rather than|where) (?:{DET} ){REGION}(?: (?:is|was|are))?",
        r"(?:just |only )?(?:inpaint|redo|redraw|repaint|regenerate|re-?do|fix|correct|repair|improve"
        rf"|re-?generate|sharpen|clean up|touch up|retouch) (?:only |just )?(?:{DET} )?{REGION}(?:(?: "
        r"as| with| to be| to|:|,| into| so that it(?:'s| is)) (?P<new>.+))?",
        rf"(?:change|alter|modify) (?:only |just )?(?:{DET} ){REGION}(?:(?::|,) (?:make (?:it|them) "
        r"|to )?(?P<new>.+))?",
    )
    for pattern in swaps:
        match = full(pattern, inner)
        if not match:
            continue
        region = _region(match, heard)
        new = tidy(match["new"] or "")
        if pattern.startswith("(?P<region>") and not (region and _shown(region, heard)):
            continue
        if not region or full(rf"{OVERALL}|{PIC}", region) or (not new and full(r"(?:make|turn).*", inner)):
            continue
        if (
            starts(r"(?:make|have|turn|paint|colou?r)", pattern[3:])
            and not (_shown(region, heard) or _part(region))
            and len(region.split()) > 1
        ):
            continue
        whole = starts(r"(?:make|have|turn|should|could|would|can|the|his|her|its)\b", inner) and _head(region, heard)
        return Found(
            "edit" if whole else "inpaint", _one(heard), region=region, rest=inner if new else "", instruction=inner
        )
    if outside := full(
        r"(?:change |redraw |repaint |make )?(?:everything|all|anything|the rest|the whole (?:picture"
        r"|thing|image)) (?:but|except(?: for)?|other than|apart from|besides|outside)(?: not)? "
        rf"(?:{DET} )?{REGION}(?: (?:should be|to|into|in|should look|is|be|made|as)\s*(?P<new>.+)| "
        r"(?P<adj>\w+))?",
        inner,
    ):
        new = tidy(outside["new"] or outside["adj"] or "")
        return Found(
            "inpaint",
            _one(heard),
            region=f"not {outside['region']}",
            rest=f"make it {new}" if new else "",
            instruction=inner,
        )
    return None


def _shown(words: str, heard: Heard) -> bool:
    """Whether the picture meant is known to show this."""
    found = heard.meant.recipe(heard.ask)
    said = f"{found.wish} {found.prompt} {found.instruction}".lower() if found else ""
    return bool(re.search(rf"\b{re.escape(words.lower().split()[-1].rstrip('s'))}", said))


def _head(words: str, heard: Heard) -> bool:
    """Whether this is what the picture is of, rather than a part of it."""
    found = heard.meant.recipe(heard.ask)
    return found is not None and singular(head_noun(found.wish or found.prompt)) == singular(words.lower().split()[-1])


def _part(words: str) -> bool:
    return bool(
        full(
            r"(?:(?:left|right|big|small|little|old|front|back|upper|lower) )?(?:sky|background|backdrop"
            r"|foreground|ground|floor|hair|eyes?|face|hands?|hat|shirt|dress|clothes|outfit|jacket|coat"
            r"|shoes|boots|nose|mouth|ears?|tail|wings?|fur|beard|skin|wall|walls|water|grass|snow|roof"
            r"|door|windows?|moon|sun|clouds?|stars?|tree|trees|leaves|flowers?|sea|mountains?|head|legs?"
            r"|arms?|body|lips|glasses|car|house|fingers?|teeth|armou?r|scarf|text|logo|watermark|road"
            r"|fog|mist|smoke|shadows?)",
            words,
        )
    )


MAKE: Final = (
    r"(?:make|turn|transform|convert|change|render|restyle|repaint|let|have|set|recolou?r|paint"
    r"|colou?r|age|dress|rotate|flip|cover|fill|light|show|move|put|place|get|force)"
)
ADD: Final = r"(?:add|include|insert|throw in|introduce|draw in|paint in|bring in|sprinkle|slap|attach|stick|plop)"


def edit(heard: Heard) -> Found | None:
    """ "make it winter", "add a dragon", "give her sunglasses", "turn day into night"."""
    if not (heard.ask.pictures or heard.ask.sources):
        return None
    text = tidy(re.sub(r"^(?:now|and|also|then|but|so|please|instead)\s+", "", heard.text, flags=re.IGNORECASE))
    inner = tidy(
        re.sub(
            rf"^{PIC}[,:]?\s+(?=(?:{MAKE}|{ADD}|give|put)\b)|{FROM_IT}$|^(?:in|on|for|to|with) {PIC}[,:]?\s*",
            "",
            text,
            flags=re.IGNORECASE,
        )
    )
    who = rf"(?:{P}|everyone|everybody|{DET} [\w-]+(?: [\w-]+)??)"
    forms = (
        rf"{MAKE} (?:the|this|that|my) (?:[\w-]+ )?{PICTURE} (?:in)?to (?P<new>.+)",
        rf"{MAKE} {P}(?: (?:look|be|appear|seem|feel|become|all|both))?(?: (?:to|into|as|like|to be|to "
        r"look))? (?P<new>.+)",
        rf"give {who} (?P<new>.+)",
        rf"{ADD} (?P<new>.+)",
        r"(?:put|place|stick|slap) (?P<new>[\w' -]+? (?:on|onto|over|in|into|around|behind|under|next "
        rf"to) (?:(?:the|his|her|its|their|that) [\w ]+|{P}))",
        r"(?:put|place|stick|set) (?P<new>(?:an?|some|two|three|four|five|more|the|his|her|many|lots "
        rf"of|another|{NUMBER})\s.+ (?:on|in|next to|behind|beside|near|under|over|above|around|onto"
        r"|into|in front of|to)\s.+)",
        rf"(?:make|have|let|get) (?:{DET}) (?P<new>[\w-]+(?: [\w-]+)? (?!of\b).+)",
        r"(?:turn|change|switch|transform|convert|swap) (?P<new>(?:day|night|summer|winter|autumn"
        rf"|spring|fall|morning|evening|it|{DET} {OVERALL}|{OVERALL})(?: .+)? (?:in)?(?:to|for) .+)",
        r"(?:change|adjust|alter|tweak|fix|improve|increase|boost|raise|lower|reduce|decrease"
        rf"|brighten|darken|warm|cool|invert|shift|boost)(?: up| down)? (?P<new>(?:{DET} )?(?:overall "
        rf")?{OVERALL}(?: .+)?)",
        (
            r"(?P<new>(?:brighten|darken|lighten|blur|sharpen|saturate|desaturate|soften|age"
            r"|colou?ri[sz]e|winterize|invert|tint|dim|decorate|illuminate|simplify|dirty|clean|warm|cool"
            r"|beautify)(?: (?:it|that|this|them|everything|PIC|the \w+))(?: up| down)?(?: .+)?)"
        ).replace("PIC", PIC),
    )
    calm = strength_of(inner)[1]
    match = next((found for pattern in forms for form in (inner, calm) if (found := full(pattern, form))), None)
    if not match or starts(
        rf"(?:put|place|move) {P} (?:in|into|to|on|among) (?:my )?(?:favourites|queue|trash|bin)", inner
    ):
        return None
    if starts(rf"(?:make|get|have|let) (?:me|us|an?|some|{NUMBER})\b", inner):
        return None
    if (
        starts(r"(?:make|have|let|get) ", inner)
        and not starts(rf"{MAKE} {P}", inner)
        and not _named_thing(match["new"], heard)
    ):
        return None
    rest = f"turn it into {match['new']}" if pattern_of(match) == forms[0] else inner
    return Found("edit", _one(heard), rest=rest, instruction=tidy(inner.replace(PIC, "it")))


def _named_thing(words: str, heard: Heard) -> bool:
    """ "make the fox smile": the thing is in the picture, or some part of it that everything has."""
    first = words.split()
    return any(_shown(word, heard) or _part(word) for word in first[:2])


FRAGMENT: Final = (
    r"(?:but|and|also|instead|plus|except|only|just)\b|(?:the |exact(?:ly the)? )?same\b|(?:no"
    r"|without|less|more|fewer|additional|extra|with(?: an?| the| some| more| no| less| fewer)?"
    r"|minus)\s|(?:now )?(?:a (?:bit|little) |slightly |much |way |even |far )*(?:wider|taller"
    r"|narrower|longer)\b|what (?:about|if)\b|how about\b|(?:draw|redraw|redo|render|show|do|try"
    rf"|run|paint|repeat|generate|imagine|re-?render|make|see|put|use) {P}\b|(?:a (?:bit|little"
    r"|lot|touch|tad) |slightly |much |way |even |far |so much )*(?:more|less) \w+|(?:(?:a (?:bit"
    rf"|little|lot|touch|tad)|slightly|much|way|even|far|so much|far too|really) )*(?:\w{{3,}}er)$"
    r"|not (?:so|too|that|as|quite so)\b|too (?:\w+)|(?:he|she|they|it|its|his|her|their|this"
    r"|that|these|those|them|him)(?:'s|'d|'re)?\b|(?:should|could|needs?|must|would)\b|(?:at|in"
    r"|on|under|during|by|inside|near|next to|behind|as|like|from|wearing|holding|riding|made of"
    r"|using|for)\s|(?:the|his|her|its) \w+(?: \w+)? (?:is|are|looks?|seems?) (?:(?:still|way"
    r"|much|a bit|a little|just|really) )*(?:too|not)\b|(?:(?:try|use|do|go for|have|see|want|get"
    r"|give it|give me) )?(?:(?:an?|another|the|some|with|in|from|more|much) )*(?:[\w-]+ "
    rf"){{1,2}}?{QUALITY}$|(?:keep )?everything (?:(?:should |must )?(?:be |stay |stays "
    r")?(?:exactly )?(?:the )?)same\b|(?:everyone|everything|everybody) (?:should|in|is"
    r"|wearing)\b|change\b|use\b|switch\b|swap\b|replace\b|lock\b|keep\b"
)
"""How a change to the last picture begins."""


IS: Final = r"(?:is|are|looks?|came out|turned out|seems?|was|feels?)"
ONCE_MORE: Final = (
    rf"(?:(?:draw|do|try|run|make|show me|give me|paint|render) (?:{P} |the same |one )?)?(?:again"
    r"|once (?:more|again)|another one|one more(?: time)?|redo(?: it| that| this)?|same again|try "
    r"again|do it again|another|reroll|regenerate)"
)
HOW: Final = (
    r"(?:with|without|at|in|on|under|no|wider|taller|darker|brighter|make|as|more|less|\w+er|this"
    r"|for|inside|near|by|seed|use|using|a bit|slightly)"
)


def change(heard: Heard) -> Found | None:
    """ "the second one, but at night", "same in watercolour", "darker", "a tiger instead": the recipe, changed."""
    text = heard.text
    if not heard.ask.pictures:
        return (
            Found("remix")
            if full(
                rf"(?:{PIC}[,.;:]?\s+(?:but|again|with|without|at|in|as|and|instead|darker|wider|brighter)\b.*"
                r"|(?:the |exactly the )?same\b(?: (?:thing|picture|one|again|prompt|image))*[, ]+(?:but|at"
                r"|in|with|without|again|only)\b.*|(?:make|turn|change|give|put|paint|redraw|redo|move) "
                rf"{P}\b.*|(?:it|he|she|they) (?:should|needs?|must)\b.*|(?:a (?:bit|little) )?(?:wider|taller"
                r"|darker|brighter))",
                text,
            )
            else None
        )
    led = starts(
        r"(?:(?:try|do|redo|draw|render|run|make|paint|show me|give me|use|take|generate|like|repeat"
        rf"|see|re-?draw|re-?run|re-?do|have|get)\s+)?{PIC}\s*[,:;.]?\s*(?:(?:again|once more"
        r"|though)\b)?[,:;.]?\s*(?=\S)",
        text,
    )
    if led and not starts(rf"(?:and|,)?\s*(?:{P})", text[led.end() :] or "x"):
        return Found("remix", rest=tidy(text[led.end() :]))
    if (
        holds(PIC, text)
        and not full(PIC, text)
        and starts(rf"(?:{FRAGMENT}|.*\b(?:in|on|for|with|to|of|from)\s*{PIC}$)", text)
    ):
        return Found("remix", rest=tidy(re.sub(rf"(?:\b(?:in|on|for|with|to|of|from)\s+)?{PIC}", "", text)))
    if more := starts(rf"{ONCE_MORE}(?:[,. ]+(?:but|and|only|just|this time|except)\b|,| (?={HOW}\b))[, ]*", text):
        return Found("remix", rest=text[more.end() :]) if text[more.end() :] else None
    scene = re.match(r"(?:in|at|on|under|near|inside)\s[^,]*,\s*(?:an?|two|three|some|the)\s", text, re.IGNORECASE)
    if scene and not starts(r"(?:in|at|on) (?:the )?(?:same|it|that)", text):
        return None
    if starts(FRAGMENT, text) or holds(r"\binstead\b(?! of the usual)", text):
        return Found("remix", rest=text)
    return None


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


def more_of_that(heard: Heard) -> Found | None:
    """ "now the first too": the last thing that was done, to another picture."""
    if not heard.ask.pictures or not heard.meant.pointed:
        return None
    if not full(
        r"(?:and |now |also |do |then |next |same (?:with|for|on|to) |the same (?:with|for|on|to) |do "
        rf"the same (?:with|for|on|to) |likewise )+(?:for |with |on |to )?{PIC}(?: (?:too|also|as well"
        rf"|next|then|now|please))*|{PIC}(?: (?:too|also|as well|next))+",
        heard.text,
    ):
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
    (r"describe|description|caption|captions|alt|depicts?", "describe"),
    (r"denois\w+|time-?lapse|process|noise", "making_of"),
    (r"morph\w*|gif|video|animat\w+|transition|interpolat\w+", "interpolate"),
    (r"blend\w*|mix|merge|combine|combined|fuse", "blend"),
    (r"bigger|larger|enlarge\w*|upscal\w+|resolution|hd|uhd|4k|8k|high-res|size", "upscale"),
    (r"vary|variations?|variants?|similar|alternatives?|alike", "vary"),
    (r"transparent", "background"),
    (r"favourites?|favourited|star|bookmark|save|keep", "favourite"),
    (r"delete\w*|trash|discard|bin", "delete"),
    (r"prompt|seed|recipe|parameters|settings", "recipe"),
    (r"uncrop|outpaint", "outpaint"),
    (r"undo|revert", "undo"),
    (r"again|reroll|regenerate|redo|repeat", "again"),
    (r"show|see|display|open|view", "show"),
)
"""Words that name what is wanted, the surer first."""
MOST_WORDS: Final = 10


def commanded(heard: Heard) -> Found | None:
    """A request of nothing but command words and light ones, in whatever order: "could that one be had in HD"."""
    words = re.findall(r"[\w'-]+", heard.text.lower())
    if holds(r"\d", heard.text):
        return None
    if not heard.ask.pictures or len(words) > MOST_WORDS or not (heard.meant.pointed or holds(P, heard.text)):
        return None
    heavy = [word for word in words if word not in LIGHT and not word.isdigit()]
    named_by = {word: next((action for pattern, action in MEANS if full(pattern, word)), None) for word in words}
    if any(named_by[word] is None for word in heavy):
        return None
    action = next((action for _, action in MEANS if action in named_by.values()), None)
    single = action not in ("again", "vary", "blend", "interpolate", "delete", "favourite", None)
    return Found(action, _one(heard) if single else None) if action else None


def puzzled(heard: Heard) -> Found | None:
    """ "flip it", "the thing from before": something is to be done to a picture, and nobody here knows what."""
    text = heard.text
    if full(rf"(?:do|try|make|change) (?:something|anything|stuff)(?: \w+)?(?: (?:with|to|about) {P})?", text):
        return Found("clarify", ())
    if full(rf"(?:\w+ )?(?:it|that|this|them|{PIC})(?: \w+)?|{P}", text) and (heard.ask.pictures or holds(P, text)):
        return Found("clarify", ())
    return None


RULES: Final[tuple[Rule, ...]] = (
    shorten, cancel, undo, making_of, recipe, history, search, shorthand, describe, background, favourite, delete,
    shows,
    praise, sweep, arithmetic, control, again, upscale, vary, blend, interpolate, outpaint, inpaint, edit,
    more_of_that, about,
    commanded, change, puzzled,
)  # fmt: skip
"""The first that recognises the words decides; what nobody recognises is something to draw."""
