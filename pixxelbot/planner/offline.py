"""The offline planner: deterministic rules of our own, no network, a few milliseconds a request.

words → plain English (`languages`, `hearing`) → pictures pointed at (`references`) → what is wanted (`rules`, and where
these are not sure, `opinion`) → parameters (`reading`) → a follow-up (`following`) with its wish changed (`redrawing`),
or something new (`wishing`) → prompt (`expansion`).
"""

from __future__ import annotations

import re
from typing import Final

from pixxelbot.errors import PlannerUnavailable
from pixxelbot.intent import Ask, Changes, Intent
from pixxelbot.planner import languages, locking
from pixxelbot.planner.following import ON_PICTURES, carried_out, follow_up, listen
from pixxelbot.planner.hearing import heard, polite_off
from pixxelbot.planner.opinion import CERTAIN, SURE, SURER, SUREST, Opinion, Situation, opinion
from pixxelbot.planner.own import own_settings
from pixxelbot.planner.reading import Reading
from pixxelbot.planner.redrawing import redrawn
from pixxelbot.planner.references import BUTTON, meant, pointed_out
from pixxelbot.planner.rules import Found, Heard, loosely
from pixxelbot.planner.talk import HELP, WORDS_ONLY, question, small_talk
from pixxelbot.planner.wishing import NO_WORDS, imagine, settled
from pixxelbot.planner.words import one_line
from pixxelbot.recipe import Limits

LONGEST_FOLLOW_UP: Final = 400
"""Characters; a longer text describes a picture of its own."""
DELETE_IT: Final = "If it is to be deleted, say “delete it”. Nothing was drawn or deleted."
VERBATIM: Final = re.compile(
    r"^(?:(?:please )?(?:draw|use|render|generate|paint|send|do))?\s*(?:exactly (?:this|these "
    r"words|as (?:i )?(?:write|written|typed))|verbatim|word for word|literally this|these exact "
    r"words|this exact prompt|(?:use )?my (?:exact |own )?words"
    r"(?: exactly| only| as (?:they are|is))?|as[- ]is|raw)(?:\s*,?\s*(?:(?:and )?(?:don'?t|do not"
    r"|dont) (?:add|change|touch|alter|edit|rewrite|improve)[\w ]*|no changes|without (?:changes"
    r"|changing)[\w ]*|please))*\s*[:\-–—]\s*",
    re.IGNORECASE,
)
"""How a member says that the words are to stay as they are."""
SLASH: Final = re.compile(r"^/(?!imagine\b)(?=[a-z]+\b)", re.IGNORECASE)
"""A command typed as a message: "/shorten …"."""
CHANGES: Final = frozenset({"remix", "edit", "inpaint", "outpaint"})
"""Ways to the same end, of which a rule knows more."""
BY_NAME: Final = frozenset({"history", "search", "shorten", "settings", "arithmetic"})
"""Actions that rules know by the very words that opinions do not see: "my pictures" is a sign to them, "+" nothing."""
EXACT: Final = frozenset({"seed", "steps", "guidance_scale", "sampler", "aspect", "negative_prompt"})
"""Fields that nobody names by accident."""
MOST_SAID: Final = 12
"""Words of something that is only said, where no rule knows it."""
THANKS: Final = re.compile(
    r"\b(?:thanks?|thank ?you|thx|tysm|tyvm|ty|cheers|good ?(?:night|bye|morning)|gn|bye|see (?:you|ya)|danke(?:schön)?"
    r"|gracias|merci|obrigad[oa]|valeu)\b|ありがと",
    re.IGNORECASE,
)
"""Polite words."""
UNSURE: Final = frozenset({"remix", "imagine"})
"""What rules find in words that they do not know well."""


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


def understand(ask: Ask, second: Opinion = opinion) -> Intent:
    """What the words mean, given the conversation's pictures; `second` is asked where rules are not sure."""
    if ask.given.verbatim:
        return _verbatim(ask, ask.words)
    if untouched := VERBATIM.match(ask.words.strip()):
        return _verbatim(ask, ask.words.strip()[untouched.end() :])
    words = _english(ask)
    plain = polite_off(words)
    if not plain:
        if talk := small_talk(words.strip(" .!?,"), words):
            return Intent(action=talk.action, reply=talk.reply)
        if ask.given.said() and ask.pictures:  # flags alone: the last picture with them
            return redrawn(listen("", ask), Found("remix"), meant("", ask).targets)
        return settled(ask, "imagine", {}, {}) if ask.sources else Intent(action="clarify", reply=NO_WORDS)
    if len(words) <= LONGEST_FOLLOW_UP:
        if intent := _locks(plain) or _settings(plain, ask):
            return intent
        same = bool(ask.given.said()) and plain.lower() == "same"
        if not same and (talk := small_talk(plain, words)):
            return Intent(action=talk.action, reply=talk.reply)
        return _followed(plain, words, ask, second) or imagine(plain, ask)
    return imagine(plain, ask)


def _followed(plain: str, words: str, ask: Ask, second: Opinion) -> Intent | None:
    """What is said about pictures or to the bot; None where it is a wish of its own."""
    hearing = listen(plain, ask)
    by_rules = follow_up(hearing)
    if by_rules is None and (talk := question(plain, words)):
        return Intent(action=talk.action, reply=talk.reply)
    intent = _by_opinion(hearing, by_rules, second)
    if intent is not None and _points_loosely(intent, hearing):
        plainer = pointed_out(plain, ask)
        clearer = intent if plainer == plain else _followed(plainer, words, ask, second) or intent
        if hearing.meant.pointed and len(clearer.targets) <= len(intent.targets):
            return intent
        if clearer.action == "clarify" or (clearer.action != intent.action and BUTTON.search(plain)):
            # what was clear before it was put plainly
            return intent.model_copy(update={"targets": clearer.targets})
        return clearer
    return intent


def _points_loosely(intent: Intent, hearing: Heard) -> bool:
    """Whether its pictures may be named in words that point only where it is known that pictures are meant."""
    if intent.action in ("blend", "interpolate") and len(intent.targets) == 1:
        return True
    return intent.action in ON_PICTURES | {"recipe", "arithmetic"} and not hearing.meant.pointed


def _english(ask: Ask) -> str:
    """The request as one line of plain English."""
    return heard(languages.english(SLASH.sub("", one_line(ask.words))))


def situation(ask: Ask) -> Situation | None:
    """What a second opinion on a request is formed on; None where there is nothing to have one on."""
    plain = polite_off(_english(ask))
    return _situation(listen(plain, ask)) if plain and len(ask.words) <= LONGEST_FOLLOW_UP else None


def _situation(hearing: Heard) -> Situation:
    ask = hearing.ask
    newest = ask.pictures[0][1] if ask.pictures else None
    return Situation(
        text=hearing.text,
        pointed=hearing.meant.pointed,
        pictures=bool(ask.pictures or ask.sources),
        asked=ask.words.rstrip().endswith("?"),
        thanked=bool(THANKS.search(ask.words)),
        before=ask.turns[-1].action if ask.turns else "imagine" if ask.pictures else "",
        wish=(newest.wish or newest.prompt) if newest else "",
    )


def _by_opinion(hearing: Heard, by_rules: Intent | None, second: Opinion) -> Intent | None:
    """What the rules found, or what the words clearly have more in common with."""
    if by_rules is not None and by_rules.action in BY_NAME:
        return by_rules
    ask, known = hearing.ask, by_rules.action if by_rules else "imagine"
    needed = SURER if known == "clarify" else SURE if known in UNSURE else SUREST
    exact = by_rules is not None and EXACT & by_rules.changes.said().keys()
    if exact:
        needed = SUREST
    leaning = second(_situation(hearing))
    likely = leaning.given(needed)
    if known == "remix" and likely == "imagine":  # a change taken for a new wish would lose the picture
        likely = leaning.given(max(needed, SURER))
    if likely == "delete" != known:  # what destroys needs a rule that is sure of it
        asks_back = ask.pictures and known in UNSURE
        return Intent(action="clarify", targets=hearing.meant.targets, reply=DELETE_IT) if asks_back else by_rules
    if likely == "clarify" and by_rules is not None and by_rules.targets:
        return by_rules  # a rule knows what is to be done, and with which picture
    if likely == "clarify" and by_rules is None and not leaning.given(CERTAIN):
        return None  # drawn, however odd: whoever wishes for something wants no question
    if likely is None or likely == known or (known in CHANGES and likely in CHANGES and known != "remix"):
        return by_rules
    if exact and known == "remix" and likely in CHANGES | {"again"}:
        return by_rules  # the same in other words, read to the number
    if likely in ("chat", "help"):
        if by_rules is None and len(hearing.plain.split()) > MOST_SAID:
            return None  # a long wish, told with much around it
        return Intent(action=likely, reply=HELP if likely == "help" else WORDS_ONLY)
    if likely == "imagine":
        return by_rules if known in ON_PICTURES and hearing.meant.pointed else None
    return carried_out(hearing, loosely(likely, hearing), Reading("", ask.limits))


def _verbatim(ask: Ask, words: str) -> Intent:
    untouched = {"prompt": "verbatim: your words, untouched", "verbatim": "you asked for your exact words"}
    return settled(ask, "imagine", {"prompt": words, "verbatim": True}, untouched)


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
    intent = settled(ask, "settings", dict(found.here), dict(found.reasons))
    return intent.model_copy(update={"own": dict(found.changes), "reply": found.reply})
