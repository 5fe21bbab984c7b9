"""The offline planner: deterministic rules of our own, no network, a few milliseconds a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from pixxelbot.intent import Action, Ask, Changes, Intent
from pixxelbot.planner import styles
from pixxelbot.planner.edits import COMPARED, edited, read_edits
from pixxelbot.planner.expansion import expand, subject_of
from pixxelbot.planner.reading import Reading, read_parameters
from pixxelbot.planner.references import Meant, meant
from pixxelbot.planner.scenes import read_scene
from pixxelbot.planner.talk import small_talk
from pixxelbot.planner.words import NUMBER, PICTURE, PREPOSITION, WINDOW, number, one_line, tidy
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, Recipe

POLITE_ROUNDS: Final = 6
"""Layers of politeness taken off: "hey, could you please …"."""
NO_WORDS: Final = "What would you like to see? For example: a red fox in the snow."
LONGEST_FOLLOW_UP: Final = 400
"""Characters; a longer text describes a picture of its own."""
NOTHING_YET: Final = "There is no picture of yours here yet that I could work from. Tell me what to draw first."
LEAD: Final = re.compile(
    r"^(?:(?:please|pls|hey|hi|hello|ok(?:ay)?|yes|yeah|so|well|um+|cool|nice|great|thanks|now|then|just"
    r"|perfect)[,!.]*\s+"
    r"|(?:can|could|would|will) you (?:please |just |maybe )?|(?:can|could|may) (?:i|we) (?:please )?(?:have|get|see) "
    r"|i(?:'d| would) (?:like|love)(?: you)? (?:to (?:see|have) |to )?|i (?:want|need)(?: you)? (?:to "
    r"(?:see|have) |to )?|let'?s (?:see |try |have )?"
    r"|i think |maybe |is it possible to |(?:do you think )?you could |could we |try to )",
    re.IGNORECASE,
)
TAIL: Final = re.compile(
    r"(?:[,\s]+(?:please|pls|thanks|thank you|for me|now|if you can|ok|okay|bitte))+\s*[.!?]*$|[\s.!?]+$", re.IGNORECASE
)
DRAW: Final = re.compile(
    r"^(?:(?:draw|generate|imagine|create|paint|render|sketch|illustrate|produce|design|make|show|give"
    r"|get|do|build|visuali[sz]e)"
    r"(?: (?:me|us))?(?: (?:up|out))?\s+(?!(?:it|that|this|them|him|her|these|those)\b)|/imagine\s+|imagine:?\s+)",
    re.IGNORECASE,
)
A_PICTURE_OF: Final = re.compile(
    r"^(?:(?P<one>one|a single|just one|only one)|an?|some|the)?\s*(?:new |nice |beautiful |good |cool )?"
    r"(?:pictures?|images?|pics?|drawings?|renders?|artworks?|illustrations?) (?:of|showing|with|where)\s+",
    re.IGNORECASE,
)
SUBTLE: Final = re.compile(
    r"\b(?:subtl[ey]|slight(?:ly)?|a (?:little|bit)|small(?:er)? changes|minor)\b", re.IGNORECASE
)
STRONG: Final = re.compile(
    r"\b(?:strong(?:ly)?|very different|completely|totally|wild(?:ly)?|radical(?:ly)?|a lot|much)\b", re.IGNORECASE
)
STRENGTHS: Final = {"subtle": 0.35, "strong": 0.8}
"""Shares of noise of a subtle and a strong variation; by eye, on models with 512-pixel latents."""

CANCEL: Final = (
    r"(?:cancel|stop|abort|halt|never ?mind|forget (?:it|that|about it)|scratch that|don't bother)"
    r"(?: (?:it|that|this|everything|all|drawing|generating|the (?:last |current )?(?:job|picture"
    r"|pictures|drawing|request|render|rest)|my (?:last )?(?:job|request|picture)))*"
)
UNDO: Final = (
    r"(?:undo|revert|go back|take (?:that|it) back)(?: (?:it|that|this|one step|the last (?:change"
    r"|step)|to the (?:previous|last|first|original) (?:one|version|picture)))*"
)
HISTORY: Final = (
    r"(?:show (?:me )?|see )?(?:my )?(?:history|gallery)|(?:show (?:me )?|list )(?:all )?my "
    rf"(?:last |recent |old |previous )?{PICTURE}"
)
RECIPE: Final = (
    r"(?:what|which) (?:was |were |is |are )?(?:the )?(?:prompt|seed|settings|parameters|recipe"
    r"|model)\b.*|(?:show|give|tell) (?:me )?(?:the |its )?(?:full )?(?:prompt|seed|settings"
    r"|recipe)\b.*"
)
AGAIN: Final = (
    r"(?:(?:draw|do|try|run|make|generate|paint|give me|show me) )?(?:(?:it|that|this|the same(?: "
    r"thing)?) )?(?:again|once more|one more time|another(?: one| try| go| round)?|anew)"
    r"|(?:redo|reroll|re-roll|regenerate|repeat)(?: (?:it|that|this|them))?|retry|(?:try|do) (?:again"
    r"|over)|(?:the )?same (?:again|thing)(?: again)?|encore"
    rf"|(?:give me |show me |make |draw )?(?:(?P<n>{NUMBER}) )?more(?: (?:{PICTURE}|of (?:these|those|them"
    rf"|that|it|this)))?|another (?P<m>{NUMBER})(?: {PICTURE})?"
    rf"|(?:with )?(?:a )?(?:new|different|another|random) seed"
)
AGAIN_BUT: Final = (
    r"(?:again|once more|another one|one more|redo (?:it|that|this)|same again|try again|do it again)[,. "
    r"]+(?:but |and )?"
    rf"(?=(?:with|without|{PREPOSITION}|no|wider|taller|darker|brighter|make|in)\b)"
)
UPSCALE: Final = r"(?:upscale|enlarge|upsize|upres|blow up|super-?resolution|magnify)\b"
BIGGER: Final = (
    r"(?:make|get|give|render|show|i want) ?(?:me )?.*\b(?:bigger|larger|high(?:er)?[ -]res(?:olution)?"
    r"|hi-?res|in hd|in 4k)(?: (?:version|picture|resolution))?(?: of)?(?: it| that| this)?|(?:bigger"
    r"|larger)"
    r"|(?:in )?(?:a )?(?:higher|high|better)[ -]res(?:olution)?(?: version)?"
)
VARY: Final = (
    rf"(?:vary|riff on|remix)\b|(?:make |give me |show me |draw |do |some |a few |{NUMBER} )*(?:different "
    r"|more |new |subtle |strong |slight )*"
    r"(?:variations?|variants?|versions?|alternatives?)(?: (?:of|on|to|for) (?=(?:it|that|this|the "
    rf"(?:first|second|third|fourth|last|\d\w\w|{PICTURE})|number|them|these|my last|#|\d|all|both|top"
    r"|bottom))|$)"
    rf"|(?:give me |show me |make |some |something |{NUMBER} )*(?:more )?(?:like|similar to) (?=(?:it|that"
    r"|this|the (?:first|second|third|fourth|last|\d\w\w|one)|number|them|these|#|\d))"
    rf"|(?:an?other|different) (?:version|variation|take)s?(?: of (?:it|that|this))?$|similar(?: ones| pictures)?$"
)
DELETE: Final = r"(?:delete|remove|erase|trash|discard|throw away|get rid of)\b"
OTHERS: Final[tuple[tuple[str, Action], ...]] = (
    (r"(?:remove|cut out|delete|erase|drop) the background|(?:with a )?transparent background", "background"),
    (r"(?:blend|mix|combine|merge)\b", "blend"),
    (r"(?:morph|interpolate|animate)\b", "interpolate"),
    (r"(?:zoom (?:out|in)|pan (?:left|right|up|down)|outpaint|extend|expand)\b", "outpaint"),
    (r"(?:describe|caption)\b", "describe"),
    (r"(?:favou?rite|star|bookmark)\b", "favourite"),
)
"""Verbs that take a picture and nothing else; with other words behind them they are something to draw."""
SHORTHAND: Final = re.compile(r"(?P<verb>[uv])\s?(?P<n>[1-9])", re.IGNORECASE)

FOLLOWS: Final = re.compile(
    r"(?:but|and|also|instead|plus|except|only)\b|(?:the )?same\b|(?:no|without|less|more|fewer|add"
    r"|include|remove|lose|drop|get rid of|take (?:out|away)|hide|replace|swap|change|turn)\b"
    rf"|(?:with|{PREPOSITION})\s|(?:now )?(?:a (?:bit|little) |slightly |much |way |even )?(?:wider|taller"
    r"|narrower)$|what (?:about|if)\b|how about\b"
    r"|(?:make|turn|change|give|put|paint|colou?r|set|move|render|draw|redraw|redo|show|place|have|let) "
    r"(?:it|that|this|them|him|her|everything|the (?:first|second|third|fourth|last))\b"
    r"|(?:a (?:bit|little) |slightly |much |way |even )?(?:more|less) \w+|(?:wider|taller|narrower|darker"
    r"|brighter|lighter|bigger|smaller|closer|warmer|colder|softer|sharper|happier|scarier|cuter"
    r"|simpler)\b|not (?:so|too|that|as)\b|(?:do|try) (?:it|that|this)\b"
    rf"|(?:should be|should have|needs|must be|it|he|she|they|its|his|her|their|this|that|these|those|them)\b",
    re.IGNORECASE,
)
"""How a change to the last picture begins."""
NEEDS_PICTURE: Final = re.compile(
    (
        r"(?:the same\b|same\b.* but\b|(?:make|turn|change|give|put|paint|redraw|redo|move) (?:it|that|this"
        r"|them)\b|it should\b|(?:the )?(?:first|second|third|fourth|last) (?:one|picture|image)\b|(?:a "
        r"(?:bit|little) )?(?:wider|taller|darker|brighter)$)"
    ),
    re.IGNORECASE,
)


EMPTY_CHANGE: Final = re.compile(
    (
        r"^(?:make|turn|do|try|draw|redo|redraw|render|paint|have|let|put)(?: (?:it|that|this|them))?(?: "
        r"(?:look|be|all|like|into))*$"
    ),
    re.IGNORECASE,
)
"""What is left of "do it in 16:9" when the shape is read out of it."""
CHOSEN_FIRST: Final = re.compile(
    r"^(?:i (?:really )?(?:like|love|prefer|choose|pick|take) )?(?P<which>(?:the |number |#)[\w "
    r"]{1,20}?)(?:[,.;:]| and)+\s*"
    r"(?:please |now |then )*(?P<verb>upscale|enlarge|vary|delete)(?: it| that| this| one)*$",
    re.IGNORECASE,
)
"""The picture before the verb: "I like the third one, upscale that"."""
SURPRISE: Final = re.compile(
    r"(?:surprise me|anything|whatever you (?:like|want)|something (?:nice|random|cool))", re.IGNORECASE
)
NO_SUBJECT: Final = re.compile(
    r"(?:something|a|an|the|a picture|an image|some pictures|pictures|images|one)?", re.IGNORECASE
)


class OfflinePlanner:
    """Understands requests by rules; the same words in the same conversation always give the same intent."""

    name = "offline"

    sees = False

    async def plan(self, ask: Ask, hear: object = None) -> Intent:
        """The intent of a request; never fails."""
        return understand(ask)

    async def close(self) -> None:
        """Nothing is open."""


def understand(ask: Ask) -> Intent:
    """What the words mean, given the conversation's pictures."""
    if ask.given.verbatim:
        return _settled(ask, "imagine", {"prompt": ask.words}, {"prompt": "verbatim: your words, untouched"})
    words = one_line(ask.words)
    plain = CHOSEN_FIRST.sub(r"\g<verb> \g<which>", stripped(words))
    if not plain:
        return _settled(ask, "imagine", {}, {}) if ask.sources else Intent(action="clarify", reply=NO_WORDS)
    if len(words) <= LONGEST_FOLLOW_UP and (talk := small_talk(plain, words)):
        return Intent(action=talk.action, reply=talk.reply)
    if not ask.sources and len(plain) <= LONGEST_FOLLOW_UP:
        for rule in RULES:
            if intent := rule(plain, ask):
                return intent
    return _imagine(plain, ask)


def stripped(words: str) -> str:
    """The words without politeness around them."""
    for _ in range(POLITE_ROUNDS):
        before = words
        words = LEAD.sub("", words, count=1)
        if tail := TAIL.search(words, max(len(words) - WINDOW, 0)):
            words = words[: tail.start()]
        words = words.strip(" ,")
        if words == before:
            break
    return words


def _full(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.IGNORECASE)


def _starts(pattern: str, text: str) -> re.Match[str] | None:
    return re.match(pattern, text, re.IGNORECASE)


# --- one rule an action ---------------------------------------------------------------------------------------------


def _cancel(plain: str, ask: Ask) -> Intent | None:
    return Intent(action="cancel", reasons={"action": "you asked to stop"}) if _full(CANCEL, plain) else None


def _looking_back(plain: str, ask: Ask) -> Intent | None:
    latest = meant(plain, ask.pictures)
    for pattern, action in ((UNDO, "undo"), (HISTORY, "history"), (RECIPE, "recipe")):
        if _full(pattern, plain):
            return Intent(action=action, targets=() if action == "history" else latest.targets[:1])
    return None


def _delete(plain: str, ask: Ask) -> Intent | None:
    verb = _starts(DELETE, plain)
    found = meant(plain[verb.end() :], ask.pictures) if verb else None
    if not found or not found.pointed or tidy(found.rest):
        return None
    return _pointing_nowhere(found, ask) or Intent(action="delete", targets=found.targets)


def _shorthand(plain: str, ask: Ask) -> Intent | None:
    match = SHORTHAND.fullmatch(plain)
    if not match:
        return None
    found = meant(f"number {match['n']}", ask.pictures)
    action: Action = "upscale" if match["verb"].lower() == "u" else "vary"
    return _pointing_nowhere(found, ask) or Intent(action=action, targets=found.targets)


def _again(plain: str, ask: Ask) -> Intent | None:
    found = meant(plain, ask.pictures)
    if changed := _starts(AGAIN_BUT, plain):
        return _pointing_nowhere(found, ask) or _remixed(plain[changed.end() :], found, ask)
    match = _full(AGAIN, plain)
    if not match:
        return None
    said = match["n"] or match["m"]
    changes = {"count": min(max(number(said), 1), MAX_COUNT)} if said else {}
    reasons = {"count": f"you asked for {said}"} if said else {}
    return _pointing_nowhere(found, ask) or _settled(ask, "again", changes, reasons, found.targets)


def _upscale(plain: str, ask: Ask) -> Intent | None:
    verb = _starts(UPSCALE, plain)
    found = meant(plain[verb.end() :] if verb else plain, ask.pictures)
    if not verb and not (ask.pictures and _full(BIGGER, plain) and not _a_thing_bigger(found.rest)):
        return None
    if nowhere := _pointing_nowhere(found, ask):
        return nowhere
    times = re.search(
        r"\b(?:(\d)(?:\.0)?\s?(?:x|×|times)|(?:x|by|×)\s?(\d))\b|\b(double|twice|triple|quadruple)\b",
        plain,
        re.IGNORECASE,
    )
    scale = _times(times) if times else None
    changes = {"scale": min(max(scale, 1.0), 4.0)} if scale else {}
    notes = ("One picture is enlarged at a time: I took the first. Say “upscale the second” for another.",)
    several = len(found.targets) > 1
    return _settled(
        ask, "upscale", changes, {"scale": "you named it"} if scale else {}, found.targets[:1], notes if several else ()
    )


def _a_thing_bigger(plain: str) -> bool:
    """ "make the fox bigger" speaks of a thing in the picture."""
    return bool(
        re.search(rf"\b(?:the|its|his|her) (?!(?:first|second|third|fourth|last|{PICTURE})\b)\w+", plain, re.IGNORECASE)
    )


def _times(match: re.Match[str]) -> float:
    spoken = {"double": 2.0, "twice": 2.0, "triple": 3.0, "quadruple": 4.0}
    return spoken[match[3].lower()] if match[3] else float(match[1] or match[2])


def _vary(plain: str, ask: Ask) -> Intent | None:
    verb = _starts(VARY, plain)
    if not verb:
        return None
    found = meant(plain[verb.end() :], ask.pictures)
    if nowhere := _pointing_nowhere(found, ask):
        return nowhere
    changes: dict[str, Any] = {}
    reasons = {}
    if counted := re.search(
        rf"\b({NUMBER}) (?:\w+ )?(?:variations?|variants?|versions?|more|alternatives?)\b", verb[0], re.IGNORECASE
    ):
        changes["count"] = min(max(number(counted[1]), 1), MAX_COUNT)
        reasons["count"] = f"you asked for {counted[1]}"
    percent = re.search(r"\b(?:by )?(\d{1,3})\s?(?:%|percent)", plain)
    for pattern, value in ((SUBTLE, STRENGTHS["subtle"]), (STRONG, STRENGTHS["strong"])):
        if pattern.search(plain):
            changes["strength"], reasons["strength"] = value, f"“{pattern.search(plain)[0]}”"  # type: ignore[index]
    if percent:
        changes["strength"], reasons["strength"] = min(int(percent[1]) / 100, 1.0), "you named it"
    rest = found.rest
    for pattern in (SUBTLE, STRONG, re.compile(r"\b(?:by )?\d{1,3}\s?(?:%|percent)")):
        rest = pattern.sub("", rest)
    if tidy(rest):
        return _remixed(tidy(rest), found, ask)
    return _settled(ask, "vary", changes, reasons, found.targets)


def _others(plain: str, ask: Ask) -> Intent | None:
    for pattern, action in OTHERS:
        if verb := _starts(pattern, plain):
            found = meant(plain[verb.end() :], ask.pictures)
            if found.pointed or not tidy(found.rest):
                return _pointing_nowhere(found, ask) or Intent(
                    action=action, targets=found.targets, query=tidy(found.rest)
                )
    return None


def _choice(plain: str, ask: Ask) -> Intent | None:
    """ "the second one", and not what to do with it."""
    found = meant(plain, ask.pictures)
    if not ask.pictures or not found.pointed or tidy(found.rest):
        return None
    if nowhere := _pointing_nowhere(found, ask):
        return nowhere
    question = "What shall I do with it: vary it, enlarge it, or change something (say what)?"
    return Intent(action="clarify", targets=found.targets, reply=question)


def _remix(plain: str, ask: Ask) -> Intent | None:
    """A change to a picture of the conversation."""
    if not ask.pictures:
        return Intent(action="clarify", reply=NOTHING_YET) if NEEDS_PICTURE.match(plain) else None
    found = meant(plain, ask.pictures)
    if re.match(rf"(?:{PREPOSITION})\s[^,]*,\s*(?:an?|two|three|some)\s", plain, re.IGNORECASE):
        return None
    if not (found.leads or FOLLOWS.match(plain) or _speaks_of_the_old(plain, found) or _only_parameters(plain, ask)):
        return None
    return _pointing_nowhere(found, ask) or _remixed(found.spoken if found.pointed else plain, found, ask)


def _speaks_of_the_old(plain: str, found: Meant) -> bool:
    """ "a cat instead", or "make the fox bigger" where the picture has a fox."""
    if re.search(r"\binstead\b", plain, re.IGNORECASE):
        return True
    named = _starts(r"(?:make|turn|paint|colou?r|give|move|put) (?:the|his|her|its) (\w+)", plain) or _starts(
        r"(?:the|his|her|its) (\w+) (?:should|must|could|needs|is too)\b", plain
    )
    return bool(named and found.recipe and re.search(rf"\b{named[1]}", found.recipe.prompt, re.IGNORECASE))


def _puzzled(plain: str, ask: Ask) -> Intent | None:
    """ "flip it": something is to be done to a picture, and nobody here knows what."""
    if ask.pictures and _full(r"\w+ (?:it|that|this|them)(?: \w+)?", plain):
        return Intent(action="clarify", reply=f"I do not know how to “{plain}”. Say what should be different.")
    return None


def _only_parameters(plain: str, ask: Ask) -> bool:
    reading = Reading(plain, ask.limits, follows=True)
    read_parameters(reading, ask.styles)
    return not reading.text and bool(reading.fields)


RULES: Final[tuple[Callable[[str, Ask], Intent | None], ...]] = (
    _cancel, _looking_back, _delete, _shorthand, _again, _upscale, _vary, _others, _choice, _remix, _puzzled,
)  # fmt: skip
"""The first that recognises the words decides; what nobody recognises is something to draw."""


# --- the two that make prompts --------------------------------------------------------------------------------------


def _imagine(plain: str, ask: Ask) -> Intent:
    reading = Reading(_undrawn(plain), ask.limits)
    if one := A_PICTURE_OF.match(reading.text):
        reading.text = reading.text[one.end() :]
        if one["one"]:
            reading.say("count", 1, "you asked for one")
    read_parameters(reading, ask.styles)
    subject = _undrawn(A_PICTURE_OF.sub("", reading.text))
    if SURPRISE.fullmatch(subject):
        subject = "a small robot in a meadow"
    elif NO_SUBJECT.fullmatch(subject):
        return Intent(action="clarify", reply=NO_WORDS)
    chosen = ask.given.styles or reading.fields.get("styles", ())
    negative = reading.fields.get("negative_prompt", "")
    fixed = ask.given.negative_prompt
    if fixed is not None and negative:
        reading.notes.append(f"Your negative prompt is fixed, so “{negative}” was not added to it.")
    expanded = expand(subject, negative if fixed is None else fixed, ask.limits, chosen)
    reading.say("prompt", expanded.prompt, expanded.reason)
    if expanded.negative_prompt:
        reading.fields["negative_prompt"] = expanded.negative_prompt
        reading.reasons.setdefault("negative_prompt", "what such pictures mostly suffer from")
    return _settled(ask, "imagine", reading.fields, reading.reasons, notes=(*reading.notes, *expanded.notes))


def _undrawn(text: str) -> str:
    """The words less "draw me"."""
    return DRAW.sub("", text, count=1)


def _remixed(text: str, found: Meant, ask: Ask) -> Intent:
    """The recipe of the picture meant, with only what was said changed."""
    old = found.recipe
    if old is None:
        return Intent(action="clarify", reply=NOTHING_YET)
    text = re.sub(
        (
            r"^(?:what (?:about|if)|how about|now|(?:the )?same(?: thing| picture| image| one| prompt| settings)?"
            r"|vary)\b[, ]*"
        ),
        "",
        text,
        flags=re.IGNORECASE,
    )
    swapped = re.search(r"\binstead of\b", text, re.IGNORECASE)
    reading = Reading(
        re.sub(r"^(?:but|and|also|with)\b(?= (?:no|without|wider|taller))", "", text).strip(),
        ask.limits,
        old.aspect,
        follows=True,
    )
    read_parameters(reading, ask.styles)
    reading.text = EMPTY_CHANGE.sub("", reading.text)
    notes = list(reading.notes)
    edits = read_edits(reading.text, replaces=bool(swapped) or _names_a_subject(text))
    gone = reading.fields.get("negative_prompt", "")
    if edits or gone or "styles" in reading.fields:
        notes += _redrawn(reading, old, ask, gone)
    return _settled(ask, "remix", reading.fields, reading.reasons, found.targets, tuple(notes))


def _names_a_subject(text: str) -> bool:
    return bool(re.match(r"(?:an?|two|three|four|some)\s", text, re.IGNORECASE)) or text.lower().endswith("instead")


def _redrawn(reading: Reading, old: Recipe, ask: Ask, gone: str) -> tuple[str, ...]:
    """Put the changed prompt and negative prompt into the reading; gives notes."""
    edits = read_edits(reading.text, replaces=_names_a_subject(reading.text))
    subject = subject_of(old.prompt, ask.limits, old.styles)
    changed = _less(edited(subject, edits, ask.limits), gone, ask) if gone else edited(subject, edits, ask.limits)
    chosen = reading.fields.get("styles", old.styles)
    kept = _still_unwanted(old.negative_prompt, reading.text)
    negative = styles.join(gone, kept)
    expanded = expand(changed, negative, ask.limits, chosen)
    if changed != subject or "styles" in reading.fields:
        reading.say("prompt", expanded.prompt[:MAX_PROMPT], f"the earlier prompt with: {reading.text or f'no {gone}'}")
    if gone or kept != old.negative_prompt:
        reading.fields["negative_prompt"] = styles.join(
            negative, *((expanded.negative_prompt,) if "styles" in reading.fields else ())
        )
        reading.reasons.setdefault("negative_prompt", "what you now want is no longer left out")
    notes = expanded.notes if "prompt" in reading.fields else ()
    if ask.limits.family == "bundled" and (strange := [edit.words for edit in edits if _unknown(edit.words, ask)]):
        notes += (f"The bundled model does not know how to draw “{', '.join(strange)}”.",)
    return notes


def _unknown(words: str, ask: Ask) -> bool:
    scene = read_scene(COMPARED.get(words.lower(), words), ask.limits.vocabulary)
    said = scene.things or scene.places or scene.background or scene.colour or scene.small
    return bool(scene.left_out) and not said


def _less(prompt: str, gone: str, ask: Ask) -> str:
    """The prompt without the things that are to be left out."""
    from pixxelbot.planner.scenes import read_scene

    words = [word.strip().lower() for word in gone.split(",")]
    if ask.limits.family == "bundled" and (scene := read_scene(prompt, ask.limits.vocabulary)).things:
        return scene.without(words).filled().say() or prompt
    for word in words:
        root = re.escape(word.rstrip("s"))
        prompt = re.sub(
            (r",?\s*(?:\b(?:and|with|under|near|by|beside|next to|in front of|behind|on|in)\s+)?(?:\b(?:an?|the"
rf"|some)\s+)?(?:\b\w+\s+)??\b{root}(?:e?s)?\b"),
            "", prompt, count=1, flags=re.IGNORECASE,
        )  # fmt: skip
    return tidy(prompt) or prompt


def _still_unwanted(negative: str, wanted: str) -> str:
    """The earlier negatives, less what the member now asks for."""
    parts = [part.strip() for part in negative.split(",") if part.strip()]
    return ", ".join(
        part for part in parts if not re.search(rf"\b{re.escape(part.rstrip('s'))}", wanted, re.IGNORECASE)
    )


# --- putting it together --------------------------------------------------------------------------------------------


def _pointing_nowhere(found: Meant, ask: Ask) -> Intent | None:
    if not ask.pictures:
        return Intent(action="clarify", reply=NOTHING_YET)
    if found.missing:
        there = (
            f"There {'is only one picture' if len(found.grid) == 1 else f'are only {len(found.grid)} pictures'} there"
        )
        return Intent(
            action="clarify", reply=f"{there}, so I do not know which one “{found.missing}” is. Which do you mean?"
        )
    return None


def _settled(
    ask: Ask, action: Action, fields: dict[str, Any], reasons: dict[str, str],
    targets: tuple[str, ...] = (), notes: tuple[str, ...] = (),
) -> Intent:  # fmt: skip
    """An intent that leaves alone what options and flags fixed."""
    fixed = ask.given.said()
    kept = {name: value for name, value in fields.items() if name not in fixed}
    return Intent(
        action=action,
        targets=targets,
        changes=Changes(**kept),
        reasons={name: reason for name, reason in reasons.items() if name in kept},
        notes=notes,
    )
