"""Rules for drawing the same again: new noise, variations, enlargements."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from pixxelbot.planner.references import PIC
from pixxelbot.planner.rules.heard import (
    KIND_OF,
    NAMED,
    Found,
    Heard,
    P,
    counted_kinds,
    full,
    holds,
    less,
    named,
    nothing_left,
    on_pictures,
    pairs,
    scale_of,
    starts,
    strength_of,
)
from pixxelbot.planner.words import NUMBER, PICTURE, number, tidy
from pixxelbot.recipe import MAX_COUNT, Method

MORE_OF: Final = rf"(?: (?:of (?:{P}|the same|each)|{PICTURE}|pictures? of (?:{P})|like before))?"


NEW_SEED: Final = (
    r",?\s*\b(?:with|using|and|use|try|but with|but)?\s*(?:a |another |some )?(?:new|different"
    r"|another|random|fresh|other) (?:random )?seeds?\b"
)
VERB: Final = (
    r"(?:draw|do|try|run|make|generate|paint|give me|give us|show me|render|roll|have|spin|hit|get me|send|hit me)"
)
AGAIN: Final[tuple[str, ...]] = (
    rf"(?:{VERB} )?(?:(?:it|that) back|me again)|(?:{VERB} )?(?:{P} |the same (?:thing )?|same "
    r"(?:thing )?|one )?(?:again|once (?:more|again)|one more time|(?:yet )?another(?: (?:one|try"
    r"|go|round|shot|batch|set|attempt|roll|time|spin|bunch))?|anew|over(?: again)?|a second "
    rf"time)(?: {P})?(?: (?:please|again|with {P}))?",
    r"(?:redo|re-?roll|re-?generate|re-?draw|re-?run|re-?do|repeat|retry|re-?render|re-?make"
    rf"|repaint)(?: {P}| that one| everything| same)*(?: again)?",
    r"(?:the )?same(?: (?:thing|again|prompt|one|request))*(?: again)?(?: please)?|same (?:prompt"
    r"|words|request|settings|thing)(?: again)?|ditto|encore|repeat|next(?: one)?|keep (?:going"
    r"|them coming|it coming|drawing|at it)|continue|carry on|go on|more please",
    rf"(?:{VERB} )?(?:some |a few |a couple )?(?P<n>{NUMBER})? ?(?:more|other ones|new ones"
    rf"|different ones|fresh ones|others){MORE_OF}(?: (?:please|again))?",
    rf"(?:{VERB} )?another (?P<m>{NUMBER})(?: {PICTURE}| of {P})?|(?P<o>{NUMBER}) (?:others|other "
    rf"{PICTURE}|new {PICTURE}|fresh {PICTURE}|more {PICTURE})",
    rf"(?:{VERB} )?(?:another|one more|a new|a fresh|a different|an extra)(?: (?:{PICTURE}|set"
    rf"|batch|grid|round|roll))?(?: of (?:{P}|the same))?",
    rf"(?:{VERB} )?(?:it |that )?(?P<t>{NUMBER}) more times|(?:i don't like (?:any|these|them|it"
    r"|those)(?: of (?:them|these))?|none of (?:these|them)(?: (?:work|please|is good|are "
    r"good))?)[,.;]? (?:try|draw|do)? ?(?:again|more|new ones|another)?",
    rf"(?:{VERB} )?(?:{P} )?(?:again|once more|re-?roll|redo)[, ]+(?:but |and )?(?:with |make )?"
    rf"(?:only |just )?(?P<q>{NUMBER})(?: {PICTURE}| of {P})?(?: only)?",
    r"(?:same (?:prompt|thing|words)[, ]+(?:but )?)?(?:a )?(?:new|different|another|random|fresh"
    r"|second) (?:batch|set|grid|round|ones|attempt|try|seed|go|draw)",
)


def again(heard: Heard) -> Found | None:
    """ "again", "two more", "reroll with seed 99"."""
    text = less(NEW_SEED, heard.text)
    fresh = text != tidy(heard.text)
    text = less(r"\b(?:for me|from scratch|real quick|if you can|the whole thing)\b", text)
    if fresh and (
        not text or nothing_left(text) or full(rf"(?:{VERB}|same|the same)(?: {P})?(?: prompt| thing| one)?", text)
    ):
        return Found("again")
    match = next((found for pattern in AGAIN if (found := full(pattern, text))), None)
    if not match:
        return None
    if heard.meant.pointed and not heard.meant.whole and holds(r"\bmore of\b", text):
        return Found("vary")
    said = next((value for value in match.groupdict().values() if value), None)
    return Found("again", fields=pairs(count=min(max(number(said), 1), MAX_COUNT) if said else None))


def shorthand(heard: Heard) -> Found | None:
    """ "U2" and "v 3", as on buttons."""
    match = full(
        r"(?:.{0,60}[,.!;] |now |then |ok |and |do )*(?P<how>[uv])\s?#?(?P<n>[1-9])(?: (?:of|from) \w+)?", heard.plain
    )
    if not match:
        return None
    return Found("upscale" if match["how"] in "uU" else "vary", fields=(("place", int(match["n"])),))


RESOLUTION: Final = (
    r"(?:(?:in |at |as |a |the |full |better |best |max(?:imum)? |much |even )*(?:high(?:er|est)?"
    r"|hi|full|better|max|more|larger|bigger|print|original|hd|ultra)[- ]?(?:res(?:olution)?"
    r"|def(?:inition)?|hd|quality res|pixels|size)|(?:in |to |at )?(?:full )?(?:u?hd|[248]k)\b"
    r"|print(?:able)? (?:size|quality|resolution))"
)
BIGGER: Final = r"(?:bigger|larger|huge|big|large|enlarged|upscaled)"


CREATIVE: Final = r"\bcreative(?:ly)?\b|\bwith (?:some |any )?(?:more|extra|added|new|invented) details?\b|\binvent\b"
FAITHFUL: Final = (
    r"\bfaithful(?:ly)?\b|\bexact(?:ly)?\b|without (?:changing|inventing|altering|touching)\b.*|\bunchanged\b"
    r"|\b(?:don'?t|do not|not|no|nothing) (?:change|alter|touch|invent|changed|altered|invented|changes)\b"
    r"|\b(?:stay|keep|be) true to\b"
    r"|\b(?:change|alter|invent|touch) nothing\b|\bnothing (?:on|of|in|about) it (?:changed|different)\b"
)
METHOD_WORDS: Final[tuple[str, ...]] = (
    rf",?\s*\b(?:(?:but|and) )?(?:keep|make|stay|leave) (?:(?:{P}|everything) )?(?=creative|faithful)"
    r"|,?\s*\b(?:with |and )?no (?:invented|added|new|extra|made-up) details?\b",
    r"\b(?:creative(?:ly)?|faithful(?:ly)?)(?: (?:mode|upscal(?:ing|er)|method))?\b|\bwithout "
    r"(?:changing|inventing|altering)\b.*|\bwith (?:more|extra|added) detail\b",
)
"""Words that only say how it is enlarged, taken out in this order."""
ENLARGE: Final = (
    r"(?:up-?scal(?:e|ing)|enlarge|up-?siz?e|up-?res|blow|super-?res\w*|magnify|embiggen"
    r"|supersize|enhance|scale|resize|biggify|hd-?ify|increase (?:the )?(?:size|resolution)"
    r"|(?:raise|boost|bump(?: up)?|improve) (?:the )?resolution)\b(?: up)?(?: (?:of|on|for))?\s*"
)
AS_FAR_AS: Final = (
    rf"\b(?:up|it to|{RESOLUTION}|to max|as (?:big|large) as (?:possible|you can)|{BIGGER}|all the way|to the max)\b"
)
SCALED: Final = rf"(?:make |of |for |on )*{P}?(?: (?:in size|as big|size|the size))?"
ENLARGED: Final[tuple[str, ...]] = (
    r"(?:(?:make|render|get|give|show|draw|do|can i get|send|turn|have|need|want)(?: me| us)? "
    rf")?(?P<p>{P})?(?: (?:be|into|in))? ?(?:a |an |the )?(?:(?:a bit|a little|much|even|way"
    rf"|slightly|really|super) )*(?:{BIGGER}|{RESOLUTION})(?: (?:version|picture|image|one|copy"
    rf"|file|render|resolution))?(?:,? (?:of|for|on) {P}|,? {P})?",
    rf"{PIC}[,:]? (?:but )?(?:(?:a bit|a little|much|even) )?(?:{BIGGER}|{RESOLUTION})",
    rf"(?:make|get|give)(?: me)? {NAMED} (?:{RESOLUTION})",
    rf"(?:{P} )?(?:(?:make|get|have) )?(?:(?:it|this|that) )?(?:{BIGGER}|ready) (?:enough )?(?:for|to) (?:be )?"
    rf"(?:a )?print(?:ing|ed|s)?|{P} (?:for|to) print(?:ing)?|(?:print size|poster size)(?: (?:of|for))?(?: {P})?",
)
""" "make it bigger": the picture, not what it shows."""
ENLARGED_WORDS: Final = (
    rf"\b(?:{BIGGER}|{RESOLUTION}|make|render|get|give|show|draw|do|turn|have|need|want|send|copy"
    r"|file|much|even|way|slightly|super|a bit|a little|can i|ready|enough|(?:for|to be) print(?:ing|ed|s)?"
    r"|print size|poster size)\b"
)


def method_of(text: str) -> Method | None:
    """How an enlargement is to fill in detail, where some words say so."""
    return "faithful" if holds(FAITHFUL, text) else "creative" if holds(CREATIVE, text) else None


def upscale(heard: Heard) -> Found | None:
    """ "upscale the third 4x", "bigger", "a high-res version of #2"."""
    scale, text = scale_of(heard.text)
    method = method_of(text)
    for words in METHOD_WORDS:
        text = less(words, text)
    rest = _enlarged(heard, text, scale is not None)
    if rest is None:
        return None
    said: dict[str, Any] = {"scale": min(max(scale, 1.0), 4.0) if scale else None, "method": method}
    return on_pictures(heard, rest, "upscale", first=True, **said)


def _enlarged(heard: Heard, text: str, scaled: bool) -> str | None:
    """The words that are left to name the pictures, where something is to be enlarged."""
    if verb := starts(ENLARGE, text):
        return less(AS_FAR_AS, text[verb.end() :])
    if scaled and full(SCALED, text) and (heard.meant.pointed or holds(r"size|resolution|big|large", heard.text)):
        return text
    there_are_some = heard.ask.pictures or heard.ask.sources or heard.meant.pointed
    if not there_are_some or full(r"(?:big|large|huge)", text) or not any(full(form, text) for form in ENLARGED):
        return None
    return less(ENLARGED_WORDS, text)


HEAD: Final = (
    r"(?:(?:make|give|show|draw|do|create|generate|get|render|have|see|produce|try|paint|i want"
    r"|another|some|a few|a|an|several|few|more|make me|give me|show me|get me|any|with|please"
    r"|subtle|strong|slight|similar|close|the same)\s+)*"
)
VARY: Final = (
    r"(?:vary|riff(?: on)?|mutate|jiggle|tweak|shake up|remix|evolve|branch(?: off)? from|explore"
    r"|iterate(?: on)?|play (?:around )?with|shuffle|variate|variation|variations|vari)\b(?: (?:of|on|from))?\s*"
)
VARIED: Final = rf"{HEAD}{KIND_OF}(?:\s+(?:of|on|to|for|from|based on|around|off)\s+(?P<of>.+))?"
""" "three variations of the fox"."""
ALIKE: Final = (
    rf"(?:{HEAD}|make |{NUMBER} )*+(?:something|some|anything|ones?|others?|pictures?|images?|more"
    r"|stuff|things|another|another one)?\s*(?:more )?(?:a bit |kind of |just |quite |very "
    r")?(?:like|similar to|along the lines of|in the (?:vein|spirit|manner|style|direction) of"
    rf"|similar (?:ones|pictures|images|stuff|things) to|resembling|close to) (?P<like>{P}|the "
    r"\w+(?: \w+)?)(?: one| ones)?"
)
""" "something like the second"."""
DIFFERENT: Final[tuple[str, ...]] = (
    rf"(?:more )?similar(?: ones| pictures| images| stuff| things)?|(?:make|do|keep) {P} (?:but "
    r")?(?:a bit |a little |slightly |more |be )*(?:different|differently|varied)",
    rf"{PIC}[,:]? (?:but )?(?:different|varied|with variations?|{KIND_OF}|again but different)|{P} "
    rf"but different(?:ly)?|different {PIC}",
    rf"{PIC},? (?:(?:very|more|really) )?(?:subtl[ey]|strong(?:ly)?)(?: (?:now|too|then))?",
    rf"{PIC}[,:]? (?:make|do|give me|show me)? ?(?:some |a few |more |{NUMBER} )?(?:{KIND_OF})",
)
""" "the third, but different"."""


def vary(heard: Heard) -> Found | None:
    """ "vary the second slightly", "3 variations of #2", "more like this"."""
    strength, text = strength_of(heard.text, varied=True)
    text = less(r"\b(?:random|different|interesting|other|new|more interesting)\b(?= " + KIND_OF + ")", text)
    count, uncounted = counted_kinds(text)
    varied = Found("vary", fields=pairs(strength=strength, count=count))
    if full(r"variations? (?:of |on )?#?\d", heard.plain):
        return Found("vary")
    verb = starts(VARY, uncounted)
    if verb and not starts(rf"{KIND_OF}", verb[0]):
        return _vary_verb(heard, uncounted[verb.end() :], varied, strength)
    forms = (uncounted, text)
    if match := _first(VARIED, forms):
        rest = match["of"] or ""
        named_already = holds(P, rest) or heard.ask.pictures
        alone = full(KIND_OF, heard.text.strip()) and not heard.ask.pictures
        if nothing_left(rest) and named_already and not alone:
            return varied
        if heard.ask.pictures and (found := _of(rest, heard, varied)) and found.targets:
            return found
    if match := _first(ALIKE, forms):
        if nothing_left(match["like"]):
            return varied
        if found := _of(match["like"], heard, varied):
            return found if found.targets else None
    return varied if any(_first(pattern, (tidy(heard.text), *forms)) for pattern in DIFFERENT) else None


def _vary_verb(heard: Heard, rest: str, varied: Found, strength: float | None) -> Found | None:
    """ "vary the second", and what "remix it with a hat" means."""
    loose = less(rf"(?:,? ?(?:and )?(?:make|do|give me|show me)? ?(?:some |a few )?{KIND_OF}(?: of {P})?)$", rest)
    if nothing_left(loose):
        return varied
    if found := _of(loose, heard, varied):
        return found
    changed = starts(rf"{P}[,:]?\s*", rest)
    if not changed or not heard.ask.pictures:
        return None
    return Found("remix", rest=rest[changed.end() :], fields=pairs(strength=strength))


def _of(words: str, heard: Heard, varied: Found) -> Found | None:
    """Variations of the pictures that are named so."""
    found = named(words, heard)
    return replace(found, action="vary", fields=varied.fields) if found else None


def _first(pattern: str, forms: tuple[str, ...]) -> re.Match[str] | None:
    return next((found for form in forms if (found := full(pattern, form))), None)
