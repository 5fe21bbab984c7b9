"""The rule for a larger canvas: zooming out, panning, other shapes."""

from __future__ import annotations

import re
from typing import Final

from pixxelbot.planner.references import PIC
from pixxelbot.planner.rules.heard import (
    Found,
    Heard,
    P,
    directions_of,
    full,
    holds,
    less,
    one_meant,
    pairs,
    scale_of,
    starts,
    strength_of,
)
from pixxelbot.planner.words import tidy

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
            "outpaint",
            rest=f"make it {shape[0] if shape else text}",
            fields=(("shape", True),),
            targets=one_meant(heard),
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
        rf"(?:add|give|leave|make|put)(?: me| us| it| {PIC})* (?:space|room|canvas|margins?|padding)"
        r"(?= (?:on|to|at|above"
        r"|below|around|under|left|right|everywhere)\b)",
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
        return Found("outpaint", one_meant(heard), fields=pairs(directions=("out",), scale=scale))
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
    sides = sides or (("up",) if holds(r"head ?room", heard.text) else ())
    said = pairs(
        directions=sides or (("out",) if out or not sides else ()),
        scale=scale or (1.25 if amount and amount < 0.5 else None),
    )
    return Found("outpaint", one_meant(heard), rest=content, fields=said)
