"""What else a request says, once its action is known without a rule that read all of its words."""

from __future__ import annotations

from typing import Any, Final

from pixxelbot.intent import Action
from pixxelbot.planner.references import PIC, described
from pixxelbot.planner.rules.anew import method_of
from pixxelbot.planner.rules.canvas import OUTWARD, SHAPE
from pixxelbot.planner.rules.changing import region_of
from pixxelbot.planner.rules.heard import (
    NAMED,
    Found,
    Heard,
    count_of,
    counted_kinds,
    directions_of,
    frames_of,
    full,
    holds,
    less,
    one_meant,
    pairs,
    scale_of,
    strength_of,
)

GRIDS: Final[frozenset[Action]] = frozenset({"again", "vary", "blend", "interpolate", "delete", "favourite", "show"})
"""Actions on all the pictures that the conversation is about; the others take one where none is named."""
SHOWN_BY_NAME: Final[frozenset[Action]] = frozenset({"delete", "favourite", "show", "upscale", "vary", "background"})
"""Actions on "the bears" where these were drawn."""
ABOUT: Final = (
    r"\b(?:search|find|look(?:ing)?|show|where|is|are|the|my|me|a|an|any|one|ones|for|of|with|i|did|do|have|made|make|drew"
    r"|pictures?|images?|please|from|yesterday|today|that|again|some|somewhere|there|was|were)\b|[?!.,]"
)


def loosely(action: Action, heard: Heard) -> Found:
    """The finding of an action with whatever amounts, sides and words are told beside it."""
    if action in ("remix", "edit"):
        return Found(action, one_meant(heard) if action == "edit" else None, rest=heard.text, instruction=_told(heard))
    if action == "inpaint":
        region = region_of(heard)
        return Found("inpaint" if region else "edit", one_meant(heard), rest=heard.text, region=region,
                     instruction=_told(heard))  # fmt: skip
    if action == "search":
        return Found("search", (), query=less(ABOUT, heard.text.replace(PIC, " ")) or heard.plain)
    if action == "outpaint" and (shape := holds(SHAPE, heard.text)) and not holds(OUTWARD, heard.text):
        return Found("outpaint", one_meant(heard), rest=f"make it {shape[0]}", fields=(("shape", True),))
    targets = None if action in GRIDS else one_meant(heard)
    if action in SHOWN_BY_NAME and not heard.meant.pointed and (what := full(rf".*?\b{NAMED}", heard.text)):
        targets = described(what["what"], heard.ask) or targets
    return Found(action, targets, fields=_amounts(action, heard))


def _told(heard: Heard) -> str:
    return less(PIC, heard.text)


def _amounts(action: Action, heard: Heard) -> tuple[tuple[str, Any], ...]:
    """How many, how large, how strongly, to which side."""
    text = heard.text
    if action == "upscale":
        scale = scale_of(text)[0]
        return pairs(scale=min(max(scale, 1.0), 4.0) if scale else None, method=method_of(text))
    if action == "interpolate":
        return pairs(frames=frames_of(text)[0])
    if action == "vary":
        return pairs(strength=strength_of(text, varied=True)[0], count=counted_kinds(text)[0])
    if action == "again":
        return pairs(count=count_of(text)[0])
    if action == "outpaint":
        return pairs(directions=directions_of(less(r"\bout\b", text))[0] or ("out",), scale=scale_of(text)[0])
    return ()
