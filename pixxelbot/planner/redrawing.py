"""The wish of a picture changed by what was said of it, and phrased anew."""

from __future__ import annotations

import re
from typing import Any, Final

from pixxelbot.intent import Ask, Intent
from pixxelbot.planner import permutations, styles
from pixxelbot.planner.edits import edited, joined, read_edits
from pixxelbot.planner.expansion import expand, subject_of, unknown_words
from pixxelbot.planner.leaving import without
from pixxelbot.planner.reading import Reading, read_parameters
from pixxelbot.planner.references import PIC, Meant
from pixxelbot.planner.rules import Found, Heard, strength_of
from pixxelbot.planner.wishing import A_PICTURE_OF, DRAW, settled
from pixxelbot.planner.words import tidy
from pixxelbot.recipe import MAX_PROMPT, Recipe

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


def redrawn(hearing: Heard, found: Found, targets: tuple[str, ...]) -> Intent:
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
        return settled(ask, "outpaint", reading.fields, reading.reasons, targets)
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
    left_out = styles.join(gone, ask.given.negative_prompt or "")
    before = wish_of(old, ask) if old else ""
    wish = _changed(before, reading.text, left_out, found)
    chosen = reading.fields.get("styles", old.styles if old else ())
    kept = _still_unwanted(old.negative_prompt, reading.text) if old else ""
    renewed = bool(permutations.choices(reading.text))
    notes: tuple[str, ...] = ()
    if wish != before or "styles" in reading.fields or found.action == "control":
        expanded = expand(wish, styles.join(gone, kept), ask.limits, chosen)
        new = reading.text or ", ".join(name for name, _ in reading.fields.get("styles", ()))
        how = f"the earlier prompt with: {new}" if new else f"the earlier prompt without: {left_out}"
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
    if old and reading.fields.get("negative_prompt", old.negative_prompt) != old.negative_prompt:
        reading.reasons.setdefault("negative_prompt", "what you now want is no longer left out")
    return settled(ask, found.action, reading.fields, reading.reasons, targets, (*reading.notes, *notes))


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
