"""The offline planner: deterministic rules of our own, no network, a few milliseconds a request.

words → plain English (`languages`, `hearing`) → pictures pointed at (`references`) → what is wanted (`rules`) →
parameters (`reading`) and the changed wish (`edits`) → prompt (`expansion`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from pixxelbot.errors import PlannerUnavailable
from pixxelbot.intent import Action, Ask, Changes, Intent
from pixxelbot.planner import languages, locking, permutations, styles, wildcards
from pixxelbot.planner.edits import edited, joined, read_edits, without
from pixxelbot.planner.expansion import expand, subject_of, unknown_words
from pixxelbot.planner.hearing import heard, polite_off
from pixxelbot.planner.opinion import SURE, SURER, SUREST, Situation, opinion
from pixxelbot.planner.own import own_settings
from pixxelbot.planner.reading import Reading, read_certain, read_parameters, read_shapes
from pixxelbot.planner.references import PIC, Meant, grids, ids, meant
from pixxelbot.planner.rules import RULES, Found, Heard, P, about, less, loosely, strength_of
from pixxelbot.planner.talk import GLAD, HELP, WORDS_ONLY, question, small_talk
from pixxelbot.planner.words import one_line, tidy
from pixxelbot.recipe import MAX_PROMPT, Limits, Recipe

NO_WORDS: Final = "What would you like to see? For example: a red fox in the snow."
LONGEST_FOLLOW_UP: Final = 400
"""Characters; a longer text describes a picture of its own."""
NOTHING_YET: Final = "There is no picture of yours here yet that I could work from. Tell me what to draw first."
WHAT_WITH_IT: Final = "What shall I do with it: vary it, enlarge it, or change something (say what)?"
DELETE_IT: Final = "If it is to be deleted, say “delete it”. Nothing was drawn or deleted."
UNKNOWN_TASK: Final = "I do not know what to do with it. Say what should be different."
WHOLE_JOBS: Final = frozenset({"again", "remix", "vary"})
"""Actions that follow a whole grid; the others take one picture where none is named."""
ON_PICTURES: Final = frozenset(
    {"again", "vary", "remix", "edit", "inpaint", "outpaint", "upscale", "blend", "interpolate", "control", "sweep",
    "background",
     "making_of", "describe", "favourite", "delete", "show"}
)  # fmt: skip
"""Actions that need a picture."""
DRAW: Final = re.compile(
    r"^(?:(?:draw|generate|imagine|create|paint|render|sketch|illustrate|produce|design|make|show"
    r"|give|get|do|build|visuali[sz]e|picture|have|see|craft|whip|cook|conjure)(?: (?:me|us))?(?: "
    r"(?:up|out))?:?\s+(?!(?:it|that|this|them|him|her|these|those)\b)|/imagine\s+|imagine:?\s+"
    r"|(?:prompt|picture|image|subject)\s?:\s*)",
    re.IGNORECASE,
)
A_PICTURE_OF: Final = re.compile(
    r"^(?:(?P<one>one|a single|just one|only one|single|1)|an?|some|the|your)?\s*(?:(?:new|nice"
    r"|beautiful|good|cool|pretty|lovely|quick|simple|amazing|awesome|great|really|super"
    r"|realistic-looking|fun|funny) )*(?:pictures?|images?|pics?|drawings?|renders?|artworks?"
    r"|illustrations?|scenes?|visuals?|art|paintings?(?= (?:of|showing)\b)) (?:of|showing|with"
    r"|where|depicting|that shows|in which)\s+",
    re.IGNORECASE,
)
QUESTION: Final = re.compile(
    r"^(?:what|how) (?:would|does|do|might|could|will|did) (?P<what>.+?) look(?: like)?(?P<more> "
    r"(?:if|in|on|as|with|when|under|without)\b.+)?$|^what if (?P<if>.+)$",
    re.IGNORECASE,
)
"""A question that a picture answers."""
VERBATIM: Final = re.compile(
    r"^(?:(?:please )?(?:draw|use|render|generate|paint|send|do))?\s*(?:exactly (?:this|these "
    r"words|as (?:i )?(?:write|written|typed))|verbatim|word for word|literally this|these exact "
    r"words|this exact prompt|(?:use )?my (?:exact |own )?words"
    r"(?: exactly| only| as (?:they are|is))?|as[- ]is|raw)(?:\s*,?\s*(?:(?:and )?(?:don'?t|do not"
    r"|dont) (?:change|touch|alter|edit|rewrite|improve)[\w ]*|no changes|without (?:changes"
    r"|changing)[\w ]*|please))*\s*[:\-–—]\s*",
    re.IGNORECASE,
)
"""How a member says that the words are to stay as they are."""
SURPRISE: Final = re.compile(
    r"(?:surprise me(?: with .*)?|anything(?: (?:you (?:like|want)|at all|random|cool|nice))?"
    r"|whatever(?: you (?:like|want|feel like))?|something(?: (?:nice|random|cool|fun|interesting"
    r"|amazing|beautiful|weird|else|new|surprising|awesome|for me|you like))?|random(?: "
    r"(?:picture|image|thing|stuff))?|dealer'?s choice|up to you|you (?:choose|decide|pick)|i'm "
    r"feeling lucky)",
    re.IGNORECASE,
)
NO_SUBJECT: Final = re.compile(
    r"(?:(?:a|an|the|some|one|any|new|another|nice|cool|good|me|us|it|please|picture|image"
    r"|pictures|images|pics?|drawing|art|stuff|draw|make|generate|create|paint|imagine|render"
    r"|show|give|do|of|thing|things|now)\s*)*",
    re.IGNORECASE,
)
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


SLASH: Final = re.compile(r"^/(?!imagine\b)(?=[a-z]+\b)", re.IGNORECASE)
"""A command typed as a message: "/shorten …"."""


class OfflinePlanner:
    """Understands requests by rules; the same words in the same conversation always give the same intent."""

    name = "offline"

    sees = False

    async def plan(self, ask: Ask, hear: object = None) -> Intent:
        """The intent of a request; never fails."""
        return understand(ask)

    async def describe(self, look: bytes, limits: Limits, known: str = "") -> tuple[tuple[str, ...], tuple[int, int]]:
        """It sees nothing."""
        raise PlannerUnavailable("does not see pictures")

    async def close(self) -> None:
        """Nothing is open."""


def understand(ask: Ask, *, opinions: bool = True) -> Intent:
    """What the words mean, given the conversation's pictures; by rules alone without `opinions`."""
    if ask.given.verbatim:
        return _verbatim(ask, ask.words)
    if untouched := VERBATIM.match(ask.words.strip()):
        return _verbatim(ask, ask.words.strip()[untouched.end() :])
    words = heard(languages.english(SLASH.sub("", one_line(ask.words))))
    plain = polite_off(words)
    if not plain:
        if talk := small_talk(words.strip(" .!?,"), words):
            return Intent(action=talk.action, reply=talk.reply)
        if ask.given.said() and ask.pictures:  # flags alone: the last picture with them
            return _settled(ask, "remix", {}, {}, meant("", ask).targets)
        return _settled(ask, "imagine", {}, {}) if ask.sources else Intent(action="clarify", reply=NO_WORDS)
    if len(words) <= LONGEST_FOLLOW_UP:
        if intent := _locks(plain) or _settings(plain, ask):
            return intent
        same = bool(ask.given.said()) and plain.lower() == "same"
        if not same and (talk := small_talk(plain, words)):
            return Intent(action=talk.action, reply=talk.reply)
        by_rules = _follow_up(plain, ask)
        if by_rules is None and (talk := question(plain, words)):
            return Intent(action=talk.action, reply=talk.reply)
        return (_by_opinion(plain, ask, by_rules) if opinions else by_rules) or _imagine(plain, ask)
    return _imagine(plain, ask)


def situation(ask: Ask) -> Situation | None:
    """What a second opinion on a request is formed on; None where there is nothing to have one on."""
    plain = polite_off(heard(languages.english(SLASH.sub("", one_line(ask.words)))))
    return _situation(listen(plain, ask)) if plain and len(ask.words) <= LONGEST_FOLLOW_UP else None


def _situation(hearing: Heard) -> Situation:
    pictures, pointed = bool(hearing.ask.pictures or hearing.ask.sources), hearing.meant.pointed
    return Situation(hearing.text, pointed, pictures, asked=hearing.ask.words.rstrip().endswith("?"))


CHANGES: Final = frozenset({"remix", "edit", "inpaint", "outpaint"})
"""Ways to the same end, of which a rule knows more."""
BY_NAME: Final = frozenset({"history", "search", "shorten", "settings"})
"""Actions that rules know by the very words that opinions do not see: "my pictures" is a sign to them."""
EXACT: Final = frozenset({"seed", "steps", "guidance_scale", "sampler"})
"""Fields that nobody names by accident."""
MOST_SAID: Final = 12
"""Words of something that is only said, where no rule knows it."""
UNSURE: Final = frozenset({"remix", "imagine"})
"""What rules find in words that they do not know well."""


def _by_opinion(plain: str, ask: Ask, by_rules: Intent | None) -> Intent | None:
    """What the rules found, or what the words clearly have more in common with."""
    if by_rules is not None and by_rules.action in BY_NAME:
        return by_rules
    hearing = listen(plain, ask)
    known: Action = by_rules.action if by_rules else "imagine"
    needed = SURER if known == "clarify" else SURE if known in UNSURE else SUREST
    if known == "remix" and opinion(_situation(hearing), SURE) == "imagine":
        needed = SURER  # a change taken for a new wish would lose the picture
    if by_rules is not None and EXACT & by_rules.changes.said().keys():
        needed = SUREST
    likely = opinion(_situation(hearing), needed)
    if likely == "delete" != known:  # what destroys needs a rule that is sure of it
        asks_back = ask.pictures and known in UNSURE
        return Intent(action="clarify", targets=hearing.meant.targets, reply=DELETE_IT) if asks_back else by_rules
    if likely is None or likely == known or (known in CHANGES and likely in CHANGES and known != "remix"):
        return by_rules
    if likely in ("chat", "help"):
        if by_rules is None and len(plain.split()) > MOST_SAID:
            return None  # a long wish, told with much around it
        return Intent(action=likely, reply=HELP if likely == "help" else WORDS_ONLY)
    if likely == "imagine":
        return None
    return _carried_out(hearing, loosely(likely, hearing), Reading("", ask.limits))


def _verbatim(ask: Ask, words: str) -> Intent:
    untouched = {"prompt": "verbatim: your words, untouched", "verbatim": "you asked for your exact words"}
    return _settled(ask, "imagine", {"prompt": words, "verbatim": True}, untouched)


def _locks(plain: str) -> Intent | None:
    """ "lock the seed", "unlock everything", "verbatim on"."""
    switched = locking.verbatim(plain)
    if switched is not None:
        on, off = Changes(verbatim=True, locks=("verbatim",)), Changes(unlocks=("verbatim",))
        return Intent(action="settings", changes=on if switched else off)
    if (said := locking.locked(plain)) is None:
        return None
    names, keeps = said
    return Intent(action="settings", changes=Changes(locks=names) if keeps else Changes(unlocks=names))


def _settings(plain: str, ask: Ask) -> Intent | None:
    """ "from now on always use 16:9", "change my language to German"."""
    found = own_settings(plain, ask.limits, ask.styles)
    if found is None:
        return None
    intent = _settled(ask, "settings", dict(found.here), dict(found.reasons))
    return intent.model_copy(update={"own": dict(found.changes), "reply": found.reply})


# --- follow-ups -----------------------------------------------------------------------------------------------------


def _follow_up(plain: str, ask: Ask) -> Intent | None:
    hearing = listen(plain, ask)
    found = _found(hearing)
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
            return _carried_out(replace(hearing, text=certain.text), sooner, certain)
    if found is None and _only_parameters(hearing, ask):
        found = Found("remix", rest=hearing.text)
    if found is None:
        return None
    if found.action == "clarify" and ask.unanswered and about(hearing):
        return _answered(hearing, ask)
    return _carried_out(hearing, found, Reading("", ask.limits))


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
        return _carried_out(hearing, Found("clarify"), Reading("", ask.limits))
    asked = replace(asked, meant=replace(hearing.meant, text=asked.text))
    return _carried_out(asked, replace(found, targets=None), Reading("", ask.limits))


def _carried_out(hearing: Heard, found: Found, certain: Reading) -> Intent:
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
        intent = _redrawn(hearing, replace(found, fields=tuple(fields.items())), targets)
    else:
        reasons = dict.fromkeys(fields, "you named it")
        intent = _settled(ask, found.action, fields | certain.fields, reasons | certain.reasons, targets)
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


# --- the wish changed -----------------------------------------------------------------------------------------------

SAME: Final = re.compile(
    r"^(?:(?:what (?:about|if)|how about|now|vary|try|use|do|but|and|also|so|just|then|okay|this "
    r"time)\b[,: ]*|(?:with |use |keep |in )?(?:the |exact(?:ly the)? )?same\b(?: (?:thing"
    r"|picture|image|one|prompt|settings|pic|idea|scene|style|again|words|subject|seed"
    r"|composition))*[,: ]*|(?:keep )?everything (?:(?:should |must )?(?:be |stay |stays "
    r")?(?:exactly )?(?:the )?)same\b[,: ]*(?:except(?: for)?|but|only|just)?[,: ]*|(?:again|once "
    r"more|though|instead|maybe|please)\b[,: ]+|(?:draw|redraw|redo|render|show|do|try|run|repeat"
    r"|generate|re-?render|make) (?:it|that|this|them)(?: all)? (?:again|once more|over)\b[,: ]*)+",
    re.IGNORECASE,
)
ADDRESS: Final = re.compile(r"<[@#:][^>\s]*>?|\b[a-z][a-z0-9+.-]{1,20}://\S*|@(?=\S)", re.IGNORECASE)
EMPTY_CHANGE: Final = re.compile(
    r"^(?:(?:make|turn|do|try|draw|redo|redraw|render|paint|have|let|put|change|use|want|need"
    r"|give|show|set|switch|be|get|go|see|convert|run|transform)(?: (?:it|that|this|them|me"
    r"|everything))*|it|that|this|them|the|a|an|of|to|in|into|as|at|with|style|version|look|be"
    r"|all|like|and|but|format|picture|image|should|is|for|my|,|\s)*$",
    re.IGNORECASE,
)
"""What is left of "do it in 16:9" when the shape is read out of it."""


def wish_of(recipe: Recipe, ask: Ask) -> str:
    """What a picture shows in plain words, without addresses and mentions that somebody put into them."""
    return ADDRESS.sub("", recipe.wish or subject_of(recipe.prompt, ask.limits, recipe.styles))


def _redrawn(hearing: Heard, found: Found, targets: tuple[str, ...]) -> Intent:
    """The recipe of the pictures meant with only what was said changed."""
    ask = hearing.ask
    old = Meant("", targets).recipe(ask)
    reading = Reading(_prepared(found), ask.limits, old.aspect if old else "1:1", follows=True)
    said = dict(found.fields)
    strength, _ = (
        strength_of(reading.text)
        if found.action in ("remix", "edit", "inpaint") and "strength" not in said
        else (None, "")
    )
    if said.pop("shape", None):
        read_parameters(reading, ask.styles)
        return _settled(ask, "outpaint", reading.fields, reading.reasons, targets)
    for name, value in said.items():
        reading.say(name, value, "you named it")
    if strength is not None:
        reading.say("strength", strength, "you said how much")
    read_parameters(reading, ask.styles)
    reading.text = "" if EMPTY_CHANGE.fullmatch(reading.text) else reading.text
    for name, value in (("region", found.region), ("instruction", found.instruction)):
        if value:
            reading.say(name, value, "the part you named" if name == "region" else "your own words")
    if found.gone:
        reading.fields["negative_prompt"] = styles.join(found.gone, reading.fields.get("negative_prompt", ""))
        reading.reasons.setdefault("negative_prompt", "you said what to leave out")
    return _phrased(reading, found, old, ask, targets)


_TOO: Final = r"(?:(?:it|they|the \w+)(?:'s| is| are|'re| looks?)? )?(?:way |a bit |much |a little )?too "
INSTEAD_OF: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), wanted)
    for pattern, wanted in (
        (rf"{_TOO}(?:dark|gloomy|dim)", "brighter"),
        (rf"{_TOO}(?:bright|light|overexposed)", "darker"),
        (rf"{_TOO}(?:dull|pale|grey|gray|washed out|bland)", "more vivid colours"),
        (rf"{_TOO}(?:colou?rful|saturated|vivid|garish)", "muted colours"),
        (rf"{_TOO}(?:blurry|soft|fuzzy)", "sharp focus"),
        (rf"{_TOO}(?:busy|cluttered|crowded|messy)", "simple composition"),
        (rf"{_TOO}(?:plain|empty|boring|simple)", "more details"),
        (r"(?:it should be |make it |have it |let it |(?:it's |and )?)raining", "in the rain"),
        (r"(?:it should be |make it |have it |let it |(?:it's |and )?)snowing", "in falling snow"),
        (r"(?:let|make) it (?:rain)", "in the rain"),
        (r"(?:let|make) it (?:snow)", "in falling snow"),
    )
)
"""What is complained of, and what is wanted then."""


KEPT: Final = r"^keep (?:the |my )?[\w -]{2,30}?(?: the same| as (?:it|he|she) is)?,? (?:but|and) "


def _prepared(found: Found) -> str:
    """The words of a change, as the readers expect them."""
    rest = found.rest.replace(PIC, "it")
    rest = SAME.sub("", joined(rest), count=1) if found.action == "remix" else rest
    rest = re.sub(KEPT, "", rest, flags=re.IGNORECASE)
    rest = next((wanted for pattern, wanted in INSTEAD_OF if pattern.fullmatch(rest.strip(" .!"))), rest)
    return re.sub(r"^(?:but|and|also|with)\b(?= (?:no|without|wider|taller))", "", rest, flags=re.IGNORECASE).strip(
        " ,"
    )


def _phrased(reading: Reading, found: Found, old: Recipe | None, ask: Ask, targets: tuple[str, ...]) -> Intent:
    """Put the changed prompt and negative prompt into the reading."""
    gone = reading.fields.get("negative_prompt", "")
    before = wish_of(old, ask) if old else ""
    wish = _changed(before, reading.text, gone, found)
    chosen = reading.fields.get("styles", old.styles if old else ())
    kept = _still_unwanted(old.negative_prompt, reading.text) if old else ""
    renewed = bool(permutations.choices(reading.text))
    notes: tuple[str, ...] = ()
    if wish != before or "styles" in reading.fields or found.action == "control":
        expanded = expand(wish, styles.join(gone, kept), ask.limits, chosen)
        how = f"the earlier prompt with: {reading.text}" if reading.text else f"the earlier prompt without: {gone}"
        reading.say("prompt", expanded.prompt[:MAX_PROMPT], how)
        reading.fields["wish"] = wish[:MAX_PROMPT]
        notes = expanded.notes
        if "styles" in reading.fields:
            reading.fields["negative_prompt"] = expanded.negative_prompt
        if renewed:
            _permuted(reading, before, found, ask, chosen)
        notes += _strange(reading.text, ask)
    if "styles" not in reading.fields and (gone or (old and kept != old.negative_prompt)):
        reading.fields["negative_prompt"] = styles.join(gone, kept)
    if "negative_prompt" in reading.fields:
        reading.reasons.setdefault("negative_prompt", "what you now want is no longer left out")
    return _settled(ask, found.action, reading.fields, reading.reasons, targets, (*reading.notes, *notes))


def _changed(before: str, text: str, gone: str, found: Found) -> str:
    """The wish with what was said of it changed."""
    if found.action == "control":
        return _subject(text) or before
    if found.action == "outpaint":
        return tidy(f"{before}, with {text}") if text and text not in before else before
    wish = edited(before, read_edits(text, replaces=_names_a_subject(text))) if text else before
    return without(wish, gone) if gone else wish


def _subject(text: str) -> str:
    return DRAW.sub("", A_PICTURE_OF.sub("", text), count=1)


def _permuted(reading: Reading, before: str, found: Found, ask: Ask, chosen: Any) -> None:
    variants = permutations.choices(reading.text)
    wishes = [_changed(before, variant, "", found) for variant in variants]
    reading.say(
        "permutations",
        tuple(expand(wish, "", ask.limits, chosen).prompt for wish in wishes),
        f"{len(wishes)} combinations",
    )


def _strange(text: str, ask: Ask) -> tuple[str, ...]:
    unknown = unknown_words(text, ask.limits)
    return (f"The bundled model does not know how to draw “{', '.join(unknown)}”.",) if unknown else ()


def _names_a_subject(text: str) -> bool:
    return bool(re.match(r"(?:an?|two|three|four|some)\s", text, re.IGNORECASE)) or text.lower().endswith("instead")


def _still_unwanted(negative: str, wanted: str) -> str:
    """The earlier negatives, less what the member now asks for."""
    parts = [part.strip() for part in negative.split(",") if part.strip()]
    return ", ".join(
        part for part in parts if not re.search(rf"\b{re.escape(part.rstrip('s'))}", wanted, re.IGNORECASE)
    )


# --- something new --------------------------------------------------------------------------------------------------


def _imagine(plain: str, ask: Ask) -> Intent:
    asked = QUESTION.match(plain.rstrip("?"))
    text = (asked["if"] or tidy(f"{asked['what']}{asked['more'] or ''}")) if asked else plain
    drawn = wildcards.filled(_asked_for(CORRECTED.sub("", text, count=1)), ask.now)
    reading = Reading(_undrawn(drawn.text), ask.limits)
    if drawn.chosen:
        reading.notes.append(f"From the wildcards I took: {', '.join(drawn.chosen)}.")
    _take_one(reading)
    read_parameters(reading, ask.styles)
    _take_one(reading)
    subject = _undrawn(A_PICTURE_OF.sub("", _undrawn(reading.text)))
    if SURPRISE.fullmatch(subject):
        subject = wildcards.filled("a __colour__ __animal__ __place__", ask.now).text
    elif NO_SUBJECT.fullmatch(subject):
        if not reading.fields.get("styles"):
            return Intent(action="clarify", reply=NO_WORDS)
        subject = "a landscape"
    return _wished(subject, reading, ask)


CORRECTED: Final = re.compile(
    r"^(?:draw|make|paint|give me)? ?[^,.]{2,40}[,. ]+(?:no,? wait|wait,? no|(?:no,? )?actually(?:,? no)?|i mean"
    r"|no,? sorry|sorry|make that)[,:]? (?:make (?:it|that) )?(?=(?:an?|the|two|three|four|some)\b)",
    re.IGNORECASE,
)
""" "a cat, no wait, a dog": only the dog is wanted."""
REQUEST: Final = re.compile(
    r"(?:so |and |well |please |now )*(?:(?:(?:could|can|may|might) (?:i|we|you)|(?:i|we)(?:'d| would) (?:like|love)"
    r"|(?:i|we) (?:need|want))\b(?: (?:please|have|get|see|draw|paint|make|create|to|me|us))*"
    r"|(?:please )?(?:draw|paint|make|create|generate|show|give)(?: me| us)?) (?:an?|the|some|my|our|one)\b",
    re.IGNORECASE,
)
"""A sentence that asks for something to be seen."""
SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")


def _asked_for(text: str) -> str:
    """The sentences from the first that asks for something, where others lead up to it; thanks behind it dropped."""
    sentences = SENTENCE.split(text)
    start = next((n for n, one in enumerate(sentences) if REQUEST.match(one)), 0)
    wanted = [one for one in sentences[start:] if not small_talk(one, one)] if start else sentences
    return polite_off(" ".join(wanted)) if start and wanted else text


def _take_one(reading: Reading) -> None:
    if one := A_PICTURE_OF.match(reading.text):
        reading.text = reading.text[one.end() :]
        if one["one"]:
            reading.say("count", 1, "you asked for one")


def _wished(subject: str, reading: Reading, ask: Ask) -> Intent:
    """The intent to draw a subject with the parameters read."""
    chosen = ask.given.styles or reading.fields.get("styles", ())
    negative = reading.fields.get("negative_prompt", "")
    fixed = ask.given.negative_prompt
    if fixed is not None and negative:
        reading.notes.append(f"Your negative prompt is fixed, so “{negative}” was not added to it.")
    unwanted = negative if fixed is None else fixed
    variants = permutations.choices(subject)
    expanded = expand(variants[0] if variants else subject, unwanted, ask.limits, chosen)
    reading.say("prompt", expanded.prompt, expanded.reason)
    reading.fields["wish"] = (variants[0] if variants else subject)[:MAX_PROMPT]
    if variants:
        prompts = tuple(expand(variant, unwanted, ask.limits, chosen).prompt for variant in variants)
        reading.say("permutations", prompts, f"{len(variants)} combinations of what stands in braces")
    if expanded.negative_prompt:
        reading.fields["negative_prompt"] = expanded.negative_prompt
        reading.reasons.setdefault("negative_prompt", "what such pictures mostly suffer from")
    return _settled(ask, "imagine", reading.fields, reading.reasons, notes=(*reading.notes, *expanded.notes))


def _undrawn(text: str) -> str:
    """The words less "draw me"."""
    return polite_off(DRAW.sub("", text, count=1)) if DRAW.match(text) else text


def _settled(
    ask: Ask, action: Action, fields: dict[str, Any], reasons: dict[str, str],
    targets: tuple[str, ...] = (), notes: tuple[str, ...] = (),
) -> Intent:  # fmt: skip
    """An intent that leaves alone what options and flags fixed."""
    fixed = ask.given.said()
    kept = {name: value for name, value in fields.items() if name not in fixed}
    if "prompt" in fixed:
        kept.pop("wish", None)
    return Intent(
        action=action,
        targets=targets,
        changes=Changes(**kept),
        reasons={name: reason for name, reason in reasons.items() if name in kept},
        notes=notes,
    )
