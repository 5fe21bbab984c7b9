"""Follow-ups: what the rules find in a request about pictures, and the intent that it amounts to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pixxelbot.intent import Ask, Intent
from pixxelbot.planner import languages
from pixxelbot.planner.hearing import heard, polite_off
from pixxelbot.planner.reading import Reading, read_certain, read_parameters, read_shapes
from pixxelbot.planner.redrawing import redrawn
from pixxelbot.planner.references import PIC, grids, ids, meant
from pixxelbot.planner.rules import RULES, Found, Heard, P, about, less
from pixxelbot.planner.talk import GLAD, small_talk
from pixxelbot.planner.wishing import settled
from pixxelbot.planner.words import one_line, tidy

NOTHING_YET: Final = "There is no picture of yours here yet that I could work from. Tell me what to draw first."
WHAT_WITH_IT: Final = "What shall I do with it: vary it, enlarge it, or change something (say what)?"
UNKNOWN_TASK: Final = "I do not know what to do with it. Say what should be different."
WHOLE_JOBS: Final = frozenset({"again", "remix", "vary"})
"""Actions that follow a whole grid; the others take one picture where none is named."""
ON_PICTURES: Final = frozenset(
    {"again", "vary", "remix", "edit", "inpaint", "outpaint", "upscale", "blend", "interpolate", "control", "sweep",
    "background",
     "making_of", "describe", "favourite", "delete", "show"}
)  # fmt: skip
"""Actions that need a picture."""
OPINION: Final = re.compile(
    rf"^(?:(?:number |the )?{PIC} (?:are|is|looks?|came out|turned out|has|have|feels?|seems?)\b"
    r"[^,.!?;]{0,50}[,.!?;]+\s*(?:so |now |but |please )*(?=(?:can|could|would|let'?s|make|give|vary|upscale"
    r"|blend|mix|redo|try|use|take|remove|add|change|zoom|put|turn|draw|do|show|delete|cut)\b)"
    r"|(?:(?:i|we)(?:'ll| will| would|'d)? (?:really |do |also |kind of |kinda |quite "
    r"|actually )?(?:like|love|prefer|choose|pick|take|want|vote for|go with|think)|pick|choose"
    rf"|select|take|grab|my favourite is|go with|use|consider|look at) {PIC}(?: (?:is|looks|the"
    r"|most|best|a lot|so much|better|more|very much|really|nice))*(?:\s*[,.;:!–—-]+|\s+(?:and"
    r"|but|so|then|however|though|except))\s*(?:and |but |so |then |however |though |just |please "
    rf"|can you )*[, ]*(?=\S)|{PIC} (?:is|are|looks?|look|came out|seems?|turned out)(?: (?:really"
    r"|so|very|pretty|the|quite|super|my))*(?: (?:great|best|nice|good|cool|perfect|awesome"
    r"|amazing|lovely|beautiful|fine|better|favourite|closest|promising|ok|okay|cute|interesting"
    r"|fantastic|winner|brilliant))(?:\s*[,.;:!–—-]+|\s+(?:and|but|so))\s*(?:and |but |so |then "
    rf")*(?=\S)|(?:that|this|it)(?:'s| is) {PIC}(?:\s*[,.;:!]+|\s+(?:and|but|so|now))\s*(?=\S)"
    rf"|(?:{P}|they|these|those)(?:'s|'re| is| are| looks?| look)? (?:(?:so|really|pretty|very"
    r"|quite|super|too|also|all|already|absolutely) )*(?:cool|nice|great|good|lovely|awesome"
    r"|amazing|beautiful|fine|perfect|close|better|cute|ok|okay|neat|sick|gorgeous|almost "
    r"(?:there|perfect)|not bad)(?:,? (?:but|and|though|so)\b|[,.;!]+)\s*(?:but |and |now "
    r")?(?=\S)|(?:nice|great|good|love (?:it|that|them)|lovely|cool|awesome|not bad|almost|close"
    r"|hmm+|looks good|looking good|better|perfect|beautiful|amazing|wow)(?: (?:work|job|one|ones"
    r"|stuff|start))?[,.!;]*(?: but| though| and|[,.!;])\s*(?=\S))",
    re.IGNORECASE,
)
"""What is said of a picture before the request: "I like the third, …", "it's cool but …"."""
WANTED: Final = re.compile(
    r"^(?:i|we)(?:'d| would)?(?: really| just| also| rather)* (?:want|need|like|love|prefer|wish|have|see)(?: to "
    rf"(?:see|have))? (?P<it>{P})(?: to be| to look)? (?=\S)(?!(?:a lot|so much|better|the most"
    rf"|very much)$)|^(?:what|how)(?:'s| would| does| do| might| will| could) (?P<seen>{P}|he|she"
    r"|they) look(?: like)? (?=(?:in|as|with|at|on|under|if|during|without|when)\b)(?:if (?:it|he"
    rf"|she|they|we) (?:was|were|is|had) )?|^(?:can|could|should|would|may) (?P<that>{P}|he|she"
    r"|they)(?: also| please| maybe)? (?:be|look|get|become)(?: made)? (?=\S)",
    re.IGNORECASE,
)
"""A change said as a wish: "I want it darker", "could it be at night"."""


def follow_up(hearing: Heard) -> Intent | None:
    """What the rules make of a request; None where no rule knows it."""
    ask, found = hearing.ask, _found(hearing)
    certain = Reading(hearing.text, ask.limits)
    if found and found.action == "edit" and _only_parameters(hearing, ask):
        found = Found("remix", rest=hearing.text)
    if found is None or found.action in ("remix", "clarify"):
        read_certain(certain)
        bare = replace(hearing, text=certain.text) if certain.fields else hearing
        sooner = _found(bare) if certain.fields and certain.text else None
        if (sooner is None or sooner.action == "clarify") and ask.pictures:
            read_shapes(certain)
            sooner = _found(replace(hearing, text=certain.text)) if certain.fields and certain.text else None
        if sooner and sooner.action == "again" and set(certain.fields) - {"seed"}:
            sooner = None
        if sooner and sooner.action not in ("remix", "clarify", "edit", "inpaint", "imagine"):
            return carried_out(replace(hearing, text=certain.text), sooner, certain)
    if found is None and _only_parameters(hearing, ask):
        found = Found("remix", rest=hearing.text)
    if found is None:
        return None
    if found.action == "clarify" and ask.unanswered and about(hearing):
        return _answered(hearing, ask)
    return carried_out(hearing, found, Reading("", ask.limits))


def listen(plain: str, ask: Ask) -> Heard:
    """A request with the pictures it points at found, and opinions on them left out."""
    pointing = meant(plain, ask)
    text = pointing.text
    text = one_line(re.sub(r",?\s*\bplease\b", " ", text, flags=re.IGNORECASE))
    for _ in range(4):
        before = text
        text = polite_off(OPINION.sub("", text, count=1))
        text = WANTED.sub(_wanted, text, count=1)
        first, mark, rest = _sentence(text)
        if mark and rest and small_talk(first, first):
            text = polite_off(rest)
        if text == before:
            break
    return Heard(plain, text, pointing.last(text.count(PIC)), ask)


def _wanted(match: re.Match[str]) -> str:
    """ "I want it darker" as "make it darker", with the picture it names."""
    said = match["seen"] or match["it"] or match["that"]
    return f"make {PIC if PIC in said else 'it' if match['seen'] or said in ('he', 'she', 'they') else said} "


def _sentence(text: str) -> tuple[str, str, str]:
    match = re.match(r"([^.!?]{1,40})([.!?])\s+(.+)", text)
    return (match[1], match[2], match[3]) if match else (text, "", "")


def _found(hearing: Heard) -> Found | None:
    led = re.match(rf"{PIC}\s*[,:;–-]+\s*(?:then |now |please )*(?=\S)", hearing.text)
    if led and hearing.meant.pointed:
        command = replace(hearing, text=hearing.text[led.end() :])
        found = next((found for rule in RULES if (found := rule(command))), None)
        if found and found.action not in ("remix", "clarify", "cancel", "undo"):
            return found
    return next((found for rule in RULES if (found := rule(hearing))), None)


def _only_parameters(hearing: Heard, ask: Ask) -> bool:
    """ "16:9", "with 50 steps", "anime style": nothing but parameters, so those of the last picture."""
    if not ask.pictures:
        return False
    reading = Reading(less(PIC, hearing.text), ask.limits, follows=True)
    read_parameters(reading, ask.styles)
    return not tidy(
        less(r"\b(?:make|try|do|use|it|that|this|version|as|in|a|an|the|style|one|please)\b", reading.text)
    ) and bool(reading.fields)


def _answered(hearing: Heard, ask: Ask) -> Intent:
    """The answer to "which one?": the earlier request, of the pictures now named."""
    asked = listen(
        polite_off(heard(languages.english(one_line(ask.unanswered)))), ask.model_copy(update={"unanswered": ""})
    )
    found = _found(asked)
    if found is None or found.action == "clarify":
        return carried_out(hearing, Found("clarify"), Reading("", ask.limits))
    asked = replace(asked, meant=replace(hearing.meant, text=asked.text))
    return carried_out(asked, replace(found, targets=None), Reading("", ask.limits))


def carried_out(hearing: Heard, found: Found, certain: Reading) -> Intent:
    """The intent that a rule's finding amounts to."""
    ask = hearing.ask
    if found.action in ON_PICTURES and (missing := _missing(hearing, found)):
        return missing
    targets = hearing.meant.targets if found.targets is None else found.targets
    if (
        found.targets is None
        and not hearing.meant.pointed
        and found.action not in WHOLE_JOBS | {"blend", "interpolate", "recipe", "favourite", "delete", "show"}
    ):
        targets = targets[:1]
    if found.action in ("cancel", "history", "search", "settings", "shorten"):
        targets = (
            found.targets
            if found.targets is not None
            else ()
            if found.action != "shorten" or found.query
            else targets[:1]
        )
    fields = dict(found.fields)
    if place := fields.pop("place", None):
        grid = next((grid for grid in grids(ask.pictures, ask.facts) if len(grid) >= place), ())
        targets = ids(grid)[place - 1 : place]
        if not targets:
            return Intent(
                action="clarify", reply=f"There is no picture number {place} to work from. Which do you mean?"
            )
    description = found.description or hearing.meant.description
    if found.action == "chat":
        return Intent(action="chat", targets=targets, description=description, reply=GLAD)
    if found.action == "clarify":
        return Intent(
            action="clarify",
            targets=targets if hearing.meant.pointed else (),
            description=description,
            reply=WHAT_WITH_IT if hearing.meant.pointed else UNKNOWN_TASK,
        )
    if found.action in ("remix", "edit", "inpaint", "control", "outpaint"):
        intent = redrawn(hearing, replace(found, fields=tuple(fields.items())), targets)
    else:
        reasons = dict.fromkeys(fields, "you named it")
        intent = settled(ask, found.action, fields | certain.fields, reasons | certain.reasons, targets)
    return intent.model_copy(update={"description": description, "query": found.query})


def _missing(hearing: Heard, found: Found) -> Intent | None:
    """A question back, where what was pointed at is not there."""
    ask = hearing.ask
    if (
        not ask.pictures
        and not ask.sources
        and not (found.action == "undo" or hearing.meant.targets or hearing.meant.description)
    ):
        return Intent(action="clarify", reply=NOTHING_YET)
    if (
        not ask.pictures
        and not ask.sources
        and found.action != "undo"
        and not hearing.meant.targets
        and hearing.meant.description
        and found.action == "remix"
    ):
        return Intent(action="clarify", reply=NOTHING_YET)
    if hearing.meant.missing and not hearing.meant.targets and found.action != "undo":
        most = max((recipe.count for _, recipe in ask.pictures[:1]), default=0)
        return Intent(action="clarify", reply=_which(most, hearing.meant.missing))
    return None


def _which(most: int, missing: str) -> str:
    if not most:
        return f"There is none, so I do not know which one “{missing}” is. Which do you mean?"
    if most == 1:
        return f"There is only one picture, so I do not know which one “{missing}” is. Which do you mean?"
    return f"There are only {most} pictures, so I do not know which one “{missing}” is. Which do you mean?"
