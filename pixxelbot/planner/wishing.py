"""Something new to draw: the subject, its parameters and the prompt they make."""

from __future__ import annotations

import re
from typing import Any, Final

from pixxelbot.intent import Action, Ask, Changes, Intent
from pixxelbot.planner import permutations, wildcards
from pixxelbot.planner.expansion import expand
from pixxelbot.planner.hearing import polite_off
from pixxelbot.planner.leaving import without
from pixxelbot.planner.reading import Reading, read_parameters
from pixxelbot.planner.talk import small_talk
from pixxelbot.planner.words import tidy
from pixxelbot.recipe import MAX_PROMPT

NO_WORDS: Final = "What would you like to see? For example: a red fox in the snow."
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


def imagine(plain: str, ask: Ask) -> Intent:
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
    if fixed is not None and negative and negative not in fixed:
        reading.notes.append(f"Your negative prompt is fixed, so “{negative}” was not added to it.")
    unwanted = negative if fixed is None else fixed
    # Guidance keeps a thing that the prompt and the negative prompt both name, so only one of them may.
    asked = permutations.choices(subject)
    variants = tuple(dict.fromkeys(without(variant, unwanted) for variant in asked))
    wish = variants[0] if variants else without(subject, unwanted)
    if wish != (asked[0] if asked else subject):
        reading.notes.append(f"The prompt named what is to be left out; I drew “{wish}”.")
    expanded = expand(wish, unwanted, ask.limits, chosen)
    reading.say("prompt", expanded.prompt, expanded.reason)
    reading.fields["wish"] = wish[:MAX_PROMPT]
    if len(variants) > 1:
        prompts = tuple(expand(variant, unwanted, ask.limits, chosen).prompt for variant in variants)
        reading.say("permutations", prompts, f"{len(variants)} combinations of what stands in braces")
    if expanded.negative_prompt:
        reading.fields["negative_prompt"] = expanded.negative_prompt
        reading.reasons.setdefault("negative_prompt", "what such pictures mostly suffer from")
    return settled(ask, "imagine", reading.fields, reading.reasons, notes=(*reading.notes, *expanded.notes))


def _undrawn(text: str) -> str:
    """The words less "draw me"."""
    return polite_off(DRAW.sub("", text, count=1)) if DRAW.match(text) else text


def settled(
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
