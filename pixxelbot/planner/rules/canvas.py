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

WITHOUT_PICTURES: Final = (
    rf"(?:zoom (?:it )?out|un-?crop|outpaint|pan (?:left|right|up|down))(?: {P}| a (?:bit|little)| \S+)?"
)
"""What can mean nothing else, even where there is no picture yet."""
SHAPE: Final = (
    r"(?:(?:a (?:bit|little) |much |way |even |more |very |really |super |extra )*(?:wider|taller"
    r"|narrower|longer|higher|thinner|broader|wide|tall|square|squared?|portrait|landscape"
    r"|vertical|horizontal|panoram(?:ic|a)|widescreen|wide-screen|ultra-?wide|upright|cinematic "
    r"wide|\d{1,2}:\d{1,2}|\d{1,2} by \d{1,2}))"
)
SHAPED: Final = r"(?: (?:format|picture|image|one|shape|aspect(?: ratio)?|orientation|version|again|instead))*"
RESHAPED: Final = (
    r"(?:(?:make|turn|change|get|have|resize|crop|reframe|set) )(?:the )?"
    rf"{P}(?: (?:into|to|be|in|as|a))* {SHAPE}{SHAPED}"
)
""" "make it square": the shape of the canvas, not of what is on it."""

MORE: Final = (
    r"(?:more|extra|additional|some|a (?:bit|little)(?: more)?(?: of)?|lots? of|a lot (?:more|of)"
    r"|some more|some extra|way more|a bit of|empty|blank)"
)
SIDE: Final = r"left|right|above|below|top|bottom|beyond|around|sides?|outside|edges?|up|down"
LARGER: Final[tuple[str, ...]] = (
    r"zoom(?:ed|ing)?(?: it| that| this| "
    rf"{PIC})?(?: (?:way|a bit|a little|further|slightly|right|even|much|all the way|some|more))* out\b",
    r"(?:un-?crop|out-?paint|widen|out-?fill|expand|extend|lengthen|stretch|broaden|grow|enlarge "
    r"the (?:canvas|frame)|increase the canvas)\b",
    r"(?:pan|scroll|move|shift|slide|tilt)(?: (?:the )?(?:camera|view|frame|canvas|it"
    r"|that))?(?=.*\b(?:left|right|up|down|upwards?|downwards?|leftwards?|rightwards?|sideways"
    r"|top|bottom|above|below)\b)",
    r"(?:give|add|make|leave|show|put|i want|let|with|insert|draw|want|need|see)?(?: me| us| it| "
    rf"{PIC}| them)* ?{MORE} (?:space|room|canvas|sky|ground|floor|background|surroundings|scenery"
    r"|landscape|margin|border|headroom|breathing room|scene|environment|empty space|area|air"
    r"|context|picture|image)(?= (?:on|to|at|above|below|around|under|over|in all|everywhere|left"
    r"|right|top|there|towards|all|of the scene)\b|$)",
    rf"(?:add|give|leave|make|put)(?: me| us| it| {PIC})* (?:space|room|canvas|margins?|padding)"
    r"(?= (?:on|to|at|above|below|around|under|left|right|everywhere)\b)",
    r"(?:show|see|let me see|reveal|what is|what's|draw|imagine|continue|paint)(?: me)? (?:more "
    r"(?:of the (?:scene|surroundings|background|picture|image|room|area|environment|world|sky|ground|landscape))"
    r"|what(?:'s| is| lies)(?: (?:to|on|above|below|beyond|outside|around|next to|left|right"
    r"|behind|past))|beyond|outside)",
    r"what(?:'s| is| lies)(?: there)?(?: over| out)? (?=(?:to|on|above|below|beyond|outside|left"
    r"|right|behind|past|under(?:neath)?|around)\b)",
    r"(?:show|see|reveal|add|give|want|include)(?: me)? more(?: of)?(?: the)? [\w ]*?(?=(?:above"
    r"|below|on (?:the|both) (?:left|right|sides?|top|bottom)|to the (?:left|right)|at the (?:top"
    r"|bottom|sides?)|underneath|around)\b)",
    r"(?:to|beyond|outside|above|below|around)(?=.*\b(?:the (?:frame|edges?|borders?|picture)|it"
    r"|that|left|right)\b.*\?$)",
    r"(?:fill(?: in)?|paint|draw|continue|complete|imagine|generate)(?: in)? (?:the )?(?:(?:area"
    r"|space|part|region|scene|picture|image|rest|missing part|canvas)|"
    rf"{PIC}|it|that)(?=.*\b(?:{SIDE})\b)",
    r"(?:pull|move|step|take)(?: the)?(?: camera)? (?:back|out|further (?:back|away|out))(?: (?:a "
    r"(?:bit|little)|the camera|further))*$",
)
"""How a wish for more canvas begins."""
FURTHER: Final = (
    r"(?:a bit |a little |way |much |even )*(?:zoomed out|further (?:out|away|back)|(?:from )?further away)"
)
A_SKY_SOMEWHERE: Final = (
    r"(?:show|see|let me see|reveal|with|give|want|need|draw|paint).*\bsky\b.*\b(?:in|of) (?:paris|the)\b"
)
""" "show more sky in …" names another scene."""
A_THING: Final = (
    r"\s*(?:his|her|the|its|their) (?!sky|scene|picture|image|background|canvas|frame|left|right"
    r"|top|bottom|edges?|view|borders?|sides?|road|sea|ocean|beach|forest|city|ground|floor"
    r"|landscape|room)\w+"
)
""" "extend his arm" changes what is shown."""
OUTWARD: Final = r"zoom|crop|pull|camera back|surround|scene|context"
CANVAS: Final = (
    r"\b(?:the |its )?(?:picture|image|canvas|frame|scene|view|sky|background|edges?|borders?"
    r"|area|space|camera|side|sides|room)\b|\b(?:further|more|some|way|even|a bit|much|again|by "
    r"half|all the way|here|there|it|out|in|so (?:that )?(?:we|i|you) (?:can )?(?:see )?)\b"
)
LINKS: Final = (
    rf"^(?:\s|,|:|{P}\b|{PIC}|(?:and )?(?:with|to (?:show|see|reveal|include|add)|showing|fill it "
    rf"with|add|so there(?:'s| is| are)|and|put|of|for|by|on|to|at|{CANVAS}))+"
)
"""What stands between the wish and that which is to be seen on the new canvas."""
NOTHING_MORE: Final = rf"(?:{CANVAS}|{P}|of|the|in|to|on|at|by|for|from|with|\s|,)*"
A_LITTLE: Final = 1.25
"""Scale of a canvas that is to grow slightly."""


def outpaint(heard: Heard) -> Found | None:
    """ "zoom out 2x", "extend it to the left with an oasis", "more space above", "make it square"."""
    if not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed):
        return Found("outpaint") if full(WITHOUT_PICTURES, heard.text) else None
    return _reshaped(heard) or _larger(heard)


def _reshaped(heard: Heard) -> Found | None:
    """ "make it square"."""
    if not full(RESHAPED, heard.text):
        return None
    shape = holds(rf"{SHAPE}(?={SHAPED}$)", heard.text)
    rest = f"make it {shape[0] if shape else heard.text}"
    return Found("outpaint", rest=rest, fields=(("shape", True),), targets=one_meant(heard))


def _larger(heard: Heard) -> Found | None:
    """ "zoom out 2x", "more space above"."""
    scale, text = scale_of(heard.text)
    forms = (form for pattern in LARGER for form in (pattern, rf"{PIC}[,:]?\s*(?:{pattern})"))
    verb = next((found for form in forms if (found := starts(form, text))), None)
    if not verb and full(FURTHER, text):
        return Found("outpaint", one_meant(heard), fields=pairs(directions=("out",), scale=scale))
    if not verb or starts(A_SKY_SOMEWHERE, text):
        return None
    word, rest = verb[0].lower(), text[verb.end() :]
    if holds(r"\b(?:extend|expand|stretch|lengthen|grow|widen)", word) and full(A_THING, rest):
        return None
    amount, rest = strength_of(rest) if not scale else (None, rest)
    sides, rest = directions_of(f"{word if holds('above|below|left|right', word) else ''} {rest}")
    sides = sides or (("up",) if holds(r"head ?room", heard.text) else ())
    said = pairs(
        directions=sides or (("out",) if holds(OUTWARD, word) or not sides else ()),
        scale=scale or (A_LITTLE if amount and amount < 0.5 else None),
    )
    return Found("outpaint", one_meant(heard), rest=_content(rest), fields=said)


def _content(rest: str) -> str:
    """What is to be seen on the new canvas, if anything was said."""
    content = tidy(re.sub(LINKS, "", less(PIC, rest), flags=re.IGNORECASE))
    return "" if re.fullmatch(NOTHING_MORE, content, re.IGNORECASE) else content
