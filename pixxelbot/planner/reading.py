"""Parameters said in plain words: each reader finds one, notes why, and takes its words out of the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from math import gcd
from typing import Any, Final

from pixxelbot.planner import styles
from pixxelbot.planner.flags import MAX_RATIO
from pixxelbot.planner.words import NUMBER, PICTURE, PREPOSITION, compiled, number, tidy, with_article
from pixxelbot.recipe import MAX_COUNT, MAX_SEED, Limits

RATIOS: Final = frozenset(
    {"1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "16:10", "10:16", "21:9", "9:21", "5:4", "4:5", "2:1", "1:2",
     "18:9", "9:18", "7:5", "5:7", "3:1", "1:3"}
)  # fmt: skip
"""Ratios taken as such without the word "aspect"; 10:30 is a time of day and 4x4 a car."""
SHAPES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        r"(?:as |for )?(?:an? |my )?(?:phone|mobile|iphone|android|smartphone)(?:'s)? (?:wallpaper"
        r"|background|lock ?screen|screen|size|format)",
        "9:16",
        "a phone's screen",
    ),
    (
        r"(?:as |for )?(?:an? |my )?(?:instagram |snapchat |tiktok |insta |ig |whatsapp )(?:story|reel|video|status)",
        "9:16",
        "a story fills a phone",
    ),
    (r"(?:as |for )?(?:an? |my )?lock ?screen", "9:16", "a phone's screen"),
    (r"(?:an? )?wallpaper for (?:my|an?|the) (?:phone|mobile|iphone|android):?", "9:16", "a phone's screen"),
    (r"(?:an? )?wallpaper for (?:my|an?|the) (?:desktop|computer|laptop|pc|monitor):?", "16:9", "a desktop's screen"),
    (r"square(?= portrait)", "1:1", "square was asked for"),
    (
        r"(?:as |for )?(?:an? |my )?(?:desktop |computer |laptop |pc |monitor |mac )(?:wallpaper|background)",
        "16:9",
        "a desktop's screen",
    ),
    (r"(?:as |for )?(?:an? |my )?wallpaper", "16:9", "a desktop's screen"),
    (r"(?:as |for )?(?:an? |my )?(?:youtube )?thumbnail", "16:9", "a video's shape"),
    (r"(?:in )?ultra[- ]?wide(?: format| screen| aspect ratio)?", "21:9", "ultra-wide was asked for"),
    (
        r"(?:as |for )?(?:an? |my )?(?:web(?:site)? |twitter |discord |youtube |twitch |facebook "
        r"|channel |server |profile )*(?:banner|header)(?: for (?:my|our|the|a)(?: [\w']+){1,3}?(?= "
        r"with| of| showing|,|:|$| ['\"]))?(?= of| with| showing|:|,|$| ['\"])",
        "3:1",
        "a banner is long and low",
    ),
    (
        r"(?:in )?wide[- ]?screen(?: format| aspect ratio)?|(?:in )?cinemascope|letterbox(?:ed)?",
        "16:9",
        "wide was asked for",
    ),
    (
        r"(?:as |for )?(?:an? )?(?:movie|film|book|gig|concert|travel) (?:poster|cover)(?= of| for|,|$)(?!.)",
        "2:3",
        "a poster stands upright",
    ),
    (
        r"(?:as |for )?(?:an? |my )?(?:new )?(?:discord )?(?:profile picture|avatar|profile pic|pfp"
        r"|album cover|emote|app icon)(?: for (?:my|our|the|a)(?: [\w']+){1,3}?(?= with| of| showing"
        r"|,|:|$))?",
        "1:1",
        "such pictures are square",
    ),
    (
        rf"(?:(?:as|in) )?(?:an? |the )?square (?:{PICTURE}|format|aspect(?: ratio)?|crop|shape|one)",
        "1:1",
        "square was asked for",
    ),
    (
        r"(?:(?:as|in) )?(?:an? |the )?(?:portrait|vertical|upright|tall)"
        r"(?:,? (?:and )?(?:skinny|thin|narrow|slim))? (?:format|orientation|mode"
        rf"|aspect(?: ratio)?|{PICTURE}|one|poster|banner|print)",
        "2:3",
        "upright was asked for",
    ),
    (
        r"(?:(?:as|in) )?(?:an? |the )?(?:landscape|horizontal) (?:format|orientation|mode|aspect(?: "
        rf"ratio)?|{PICTURE}|one)",
        "3:2",
        "landscape format was asked for",
    ),
    (
        r"(?:(?:as|in) )?(?:an? |the )?(?:(?:very|really|super|extra) )*wide (?:format|aspect(?: "
        rf"ratio)?|{PICTURE}|view|angle|one|mode)",
        "16:9",
        "wide was asked for",
    ),
    (rf"(?:(?:as|in) )?(?:an? |the )?panoram(?:a|ic)(?: format| view| {PICTURE})?", "21:9", "a panorama is very wide"),
)
SHOWN: Final = re.compile(
    r"\b(?:with|in|on|against|behind|holding|holds|carrying|waving|under|hanging|movie|film) (?:an? |the |his |her "
    r"|their |its )?(?:[\w-]+ )?(?:wallpaper|banner|avatar|phone screen)s?\b(?! (?:of|format|size)\b)",
    re.IGNORECASE,
)
"""Things that name a shape elsewhere and are to be seen here: "a room with floral wallpaper"."""
INTENSE: Final = (
    r"(?:(?:really|very|super|extra|ultra|nice and|preferably|make it|make them|format"
    r"|orientation|aspect|in|as|but|and|kinda|a bit) )*"
)
ALONE: Final = {
    "upright": ("2:3", "upright was asked for"), "squared": ("1:1", "square was asked for"),
    "widescreen": ("16:9", "wide was asked for"), "panoramic": ("21:9", "a panorama is very wide"),
    "wide": ("16:9", "wide was asked for"), "square": ("1:1", "square was asked for"),
    "portrait": ("2:3", "upright was asked for"), "vertical": ("2:3", "upright was asked for"),
    "landscape": ("3:2", "landscape format was asked for"), "horizontal": ("3:2", "landscape format was asked for"),
    "tall": ("2:3", "upright was asked for"),
}  # fmt: skip
"""Shapes that stand by themselves between commas, or after "in" or "make it"; elsewhere they are content."""
LADDER: Final = ("1:3", "9:16", "2:3", "3:4", "1:1", "4:3", "3:2", "16:9", "21:9", "3:1")
"""What "wider" and "taller" climb."""


@dataclass
class Reading:
    """What has been understood so far, and the words that are left."""

    text: str
    limits: Limits
    aspect: str = "1:1"
    """The shape of the picture followed up, for "wider"."""
    follows: bool = False
    fields: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def say(self, name: str, value: Any, reason: str) -> None:
        """Fix a field, for a reason."""
        self.fields[name], self.reasons[name] = value, reason

    def take(self, pattern: str, replacement: str = " ") -> re.Match[str] | None:
        """The first match, cut out of the text."""
        match = compiled(pattern).search(self.text)
        if match:
            self.text = f"{self.text[: match.start()]}{replacement}{self.text[match.end() :]}"
        return match

    def clamped(self, name: str, value: float, low: float, high: float) -> Any:
        """The value within its range, with a note where it had to move."""
        kept = min(max(value, low), high)
        if kept != value:
            self.notes.append(f"{name}: {value:.10g} lies outside {low:.10g} to {high:.10g}; I took {kept:.10g}.")
        return kept


def read_parameters(reading: Reading, known: Collection[str] = ()) -> None:
    """Every parameter there is, and then the text tidied. `known` are the styles that may be used."""
    for read in READERS:
        read(reading)
        reading.text = re.sub(r"\s+", " ", reading.text).strip()
    read_styles(reading, known)
    reading.text = tidy(reading.text)


def read_seed(reading: Reading) -> None:
    """ "seed 7", "with the seed 7"."""
    match = reading.take(
        r",?\s*\b(?:(?:with|using|use|and|from|set|change|on)\s+)*(?:the\s+"
        r"|a\s+)?seed(?:\s+number)?(?:\s+of|\s+is|\s+to|\s*[:=#])?\s*(\d{1,20})\b"
    )
    if match:
        reading.say("seed", int(reading.clamped("Seed", int(match[1]), 0, MAX_SEED)), "you named the seed")


def read_steps(reading: Reading) -> None:
    """ "with 30 steps", "steps: 30"; a staircase's steps are content."""
    if re.search(r"\b(?:stairs?|staircase|stairway|ladder|temple|pyramid|dance)\b", reading.text, re.IGNORECASE):
        return
    match = reading.take(
        r",?\s*(?:\b(?:with|using|in|at|and|use)\s+|(?<=,)\s*|^)(\d{1,6})\s+(?:sampling\s+"
        r"|inference\s+|denoising\s+)?steps\b"
    ) or reading.take(
        r",?\s*\b(?:(?:with|set|change|increase|reduce|raise|lower|the|to|number"
        r"|of)\s+)*steps?\s*(?:[:=]\s*|\s+to\s+|\s)(\d{1,6})\b"
    )
    if match:
        steps = reading.clamped("Steps", int(match[1]), 1, reading.limits.max_steps)
        reading.say("steps", int(steps), "you named the steps")


def read_guidance(reading: Reading) -> None:
    """ "cfg 6", "guidance scale of 7.5"."""
    match = reading.take(
        r",?\s*\b(?:(?:with|using|and|at|set|lower|raise|change|increase|reduce|decrease|put|bump"
        r"|turn)\s+)*(?:up\s+|down\s+)?(?:a\s+|the\s+)?(?:cfg|guidance)(?:\s+scale)?(?:\s+(?:up"
        r"|down))?(?:\s+of|\s+to|\s+at|\s*[:=])?\s*(\d{1,4}(?:\.\d{1,3})?)\b"
    )
    if match:
        scale = reading.clamped("Guidance", float(match[1]), 0, reading.limits.max_guidance)
        reading.say("guidance_scale", float(scale), "you named the guidance")


def read_sampler(reading: Reading) -> None:
    """ "with the Euler a sampler"."""
    for name in sorted(reading.limits.samplers, key=len, reverse=True):
        said = re.escape(name)
        if reading.take(
            rf",?\s*\b(?:(?:with|using|use|on|by|try)\s+)?(?:the\s+)?{said}\s+sampler\b"
            rf"|,?\s*\bsampler\s*[:=]?\s*{said}(?!\w)"
        ):
            reading.say("sampler", name, "you named the sampler")
            return


def read_count(reading: Reading) -> None:
    """ "three versions of a fox" is a count; "three cats" is content."""
    if works := re.match(
        rf"^(?P<n>{NUMBER}) (?:(?:different|distinct|unique|separate|new|alternative) )*(?=(?:[\w-]+ "
        r")?(?:logos|icons|designs|posters|banners|stickers|wallpapers|avatars|concepts|covers"
        r"|portraits|emotes|mockups|backgrounds|tattoos|flyers)\b)",
        reading.text,
        re.IGNORECASE,
    ):
        reading.text = reading.text[works.end() :]
        reading.say(
            "count",
            int(reading.clamped("Pictures", number(works["n"]), 1, MAX_COUNT)),
            f"you asked for {number(works['n'])}",
        )
        return
    reading.text = re.sub(
        rf"^(?:like|about|around|maybe|say|roughly|exactly|just|only) (?={NUMBER} )",
        "",
        reading.text,
        flags=re.IGNORECASE,
    )
    head = (
        rf"^(?:an?\s+)?(?:set\s+of\s+|grid\s+of\s+)?(?P<n>{NUMBER})\s+(?:different\s+|more\s+|new\s+"
        rf"|other\s+|random\s+)*(?P<medium>(?:[\w-]+\s+){{0,2}}?)(?P<what>{PICTURE})"
    )
    match = re.match(
        rf"{head}(?:\s+please)?(?:\s+(?:of|showing|with|from|for|on)\b|\s*:|(?=\s*(?:,|$)))\s*",
        reading.text,
        re.IGNORECASE,
    )
    if match:
        medium = match["medium"].strip()
        kept = _medium(medium, match["what"])
        reading.text = f"{kept} of {reading.text[match.end() :]}" if kept else reading.text[match.end() :]
    else:
        match = reading.take(
            r"(?:[,:;.]\s*(?:in\s+|as\s+)?|\s+in\s+|\s*\("
            rf"|\s+x\s?(?=\d))(?P<n>{NUMBER})(?:\s+(?:different\s+)?{PICTURE})(?:\s+(?:of\s+(?:it|that"
            r"|this)|please))?\)?(?=\s*(?:,|\.|!|$))"
        ) or reading.take(r"\s+\(?x\s?(?P<n>\d{1,2})\)?$")
    if not match and (
        match := reading.take(
            rf"^(?:just|only|single|exactly)? ?(?P<n>one|1)(?: (?:single )?{PICTURE})?(?: only)?(?:, not \w+)?\s*:\s*"
            rf"|^\(?x\s?(?P<x>\d{{1,2}})\)?\s+"
            rf"|^(?P<y>\d{{1,2}})\s?x\s+(?=[a-z])|[,.;:]?\s*\b(?:just|only|give me|make|i want|get me"
            rf"|and)? ?(?P<z>{NUMBER}) (?:of (?:them|those|these|it)|(?:different |separate "
            rf")?(?:{PICTURE}))(?: please| only| is enough| are enough| of (?:it|that|them))*\s*$"
        )
    ):
        said = number(next(value for value in match.groupdict().values() if value))
        reading.say("count", int(reading.clamped("Pictures", said, 1, MAX_COUNT)), f"you asked for {said}")
    elif not match and (few := reading.take(rf"^(?:but )?(?:only|just) (?P<n>{NUMBER})(?: this time| please)*$")):
        reading.say("count", min(number(few["n"]), MAX_COUNT), f"you asked for {number(few['n'])}")
    elif not match and reading.take(r"(?:\s*[,.;:]|\s[-–])\s*(?:just|only)\s+(?:one|1)(?: please)?\s*$"):
        reading.say("count", 1, "you asked for one")
    elif match:
        said = number(match["n"])
        reading.say("count", int(reading.clamped("Pictures", said, 1, MAX_COUNT)), f"you asked for {said}")


def _medium(adjectives: str, what: str) -> str:
    """ "watercolour paintings" is counted and is a medium too."""
    word = what.lower().rstrip("s").removesuffix("e") if what.lower() == "sketches" else what.lower().removesuffix("s")
    if word in ("painting", "photo", "photograph", "sketch", "drawing", "illustration", "print"):
        return f"{adjectives} {word}".strip()
    return adjectives and f"{adjectives} {word}"


def read_size(reading: Reading) -> None:
    """ "16:9", "1920x1080"."""
    reading.text = re.sub(r"(?<!\S)[-–—]{1,2}ar\s+(?=\d)|\((?=\d{1,5}\s?[:x×]\s?\d{1,5}\))", "", reading.text)
    match = re.search(
        r",?\s*(?P<led>\b(?:in|at|with|as|an?)\s+){0,3}(?P<named>(?:aspect(?:\s+ratio)?|ratio|format"
        r"|size)\s*(?:of|[:=])?\s*)?\b(?P<w>\d{1,5})\s?(?P<by>[:x×]|by\b)\s?(?P<h>\d{1,5})\b(?:\s*(?:px"
        r"|pixels))?(?P<after>\s+(?:aspect(?:\s+ratio)?|ratio|format))?\)?",
        reading.text,
        re.IGNORECASE,
    )
    if not match or not int(match["w"]) or not int(match["h"]):
        return
    width, height = int(match["w"]), int(match["h"])
    if match["by"].lower() == "by" and not (match["led"] or match["named"] or match["after"]):
        return
    pixels = match["by"] != ":" and min(width, height) >= 64
    if not (pixels or match["named"] or match["after"] or f"{width}:{height}" in RATIOS):
        return
    reading.text = f"{reading.text[: match.start()]} {reading.text[match.end() :]}"
    named = f"{width}{match['by']}{height}"
    reading.say("aspect", _within(width, height), f"you named {named}")
    limits = reading.limits
    if pixels and limits.fit(width) == width and limits.fit(height) == height:
        reading.say("width", width, "you named the size in pixels")
        reading.say("height", height, "you named the size in pixels")


def _within(width: int, height: int) -> str:
    """The ratio in lowest terms, no longer than 4:1."""
    if max(width, height) > MAX_RATIO * min(width, height):
        return f"{MAX_RATIO}:1" if width > height else f"1:{MAX_RATIO}"
    shared = gcd(width, height)
    across, down = width // shared, height // shared
    while max(across, down) > 9999:
        across, down = across // 2, down // 2
    return f"{across}:{down}"


def read_shape(reading: Reading) -> None:
    """ "wide", "portrait", "phone wallpaper"; a wide river and a town square are content."""
    if "aspect" in reading.fields:
        return None
    reading.text = re.sub(r"\bmore (?:vertical|upright|portrait)\b", "taller", reading.text)
    reading.text = re.sub(r"\bmore (?:horizontal|landscape)(?=\s*(?:$|[,.]))", "wider", reading.text)
    for pattern, aspect, reason in () if SHOWN.search(reading.text) else SHAPES:
        if reading.take(rf",?\s*\b(?:{pattern})\b(?:\s+(?:of|showing|with)\b)?"):
            return reading.say("aspect", aspect, reason)
    if (
        step := reading.take(
            r"^(?:make (?:it|them|that) )?(?:a (?:bit|little) |much |even )?(wider|taller|narrower"
            r"|higher)\b(?: (?:and|but)\b)?"
        )
    ) or (
        reading.follows
        and (
            step := reading.take(
                r",?\s*\b(?:(?:and|but) )?(?:make (?:it|them|that) )?(?:a (?:bit|little) |much |even )?(wider"
                r"|taller|narrower)\b"
            )
        )
    ):
        wider = step[1].lower() in ("wider", "broader")
        reason = f"wider than {reading.aspect}" if wider else f"taller than {reading.aspect}"
        return reading.say("aspect", stepped(reading.aspect, wider), reason)
    words = "|".join(ALONE)
    alone = reading.take(
        rf"(?:[,.;?!:]\s*(?:and\s+)?{INTENSE}|^{INTENSE}|\s+in\s+)({words})(?: (?:format|orientation"
        r"|mode|please|version|one|aspect|picture|pics?|images?))?(?=\s*(?:,|:|\.|!|\?|$|and\b(?! \w+\s*(?:,|$))))"
    )
    if alone:
        return reading.say("aspect", *ALONE[alone[1].lower()])
    if re.match(r"(?:an? |the )?(?:[\w-]+ ){0,3}portrait of\b", reading.text, re.IGNORECASE):
        return reading.say("aspect", "3:4", "a portrait stands upright")
    return None


def stepped(aspect: str, wider: bool) -> str:
    """The next wider or taller common shape."""
    across, down = (int(part) for part in aspect.split(":"))
    ratio = across / max(down, 1)
    ratios = [(int(step.split(":")[0]) / int(step.split(":")[1]), step) for step in LADDER]
    fitting = [step for value, step in ratios if (value > ratio * 1.2 if wider else value < ratio / 1.2)]
    return (fitting[0] if wider else fitting[-1]) if fitting else aspect


def read_pace(reading: Reading) -> None:
    """Quality and speed words; a fast car is content."""
    limits = reading.limits
    if reading.take(
        r",?\s*\b(?:in\s+)?turbo(?:\s+mode\b(?:\s+please\b)?(?:\s*:)?|(?=\s*(?:$|,)))"
        r"|,?\s*\bas (?:fast|quick(?:ly)?) as (?:you can|possible)\b"
    ):
        reading.say("mode", "turbo", "you asked for speed")
        reading.fields.setdefault("steps", max(limits.steps // 2, 1))
        reading.reasons.setdefault("steps", "half the usual, for speed")
    elif reading.take(r",?\s*\b(?:in\s+|use\s+)?fast mode\b(?:\s*:|\s+please\b,?)?"):
        reading.say("mode", "fast", "you asked for it")
    elif reading.take(
        r",?\s*\b(?:in\s+)?relaxed mode\b|,?\s*\b(?:there's |i'?m in )?no (?:rush|hurry)(?: after all)?\b"
        r"|,?\s*\btake your time\b|,?\s*\b(?:render|draw|do|make|run) (?:it|this|that|them) relaxed\b"
        r"|,?\s*\brelaxed this time\b"
    ):
        reading.say("mode", "relaxed", "you are in no hurry")
    elif reading.take(
        r"^(?:an?\s+)?quick\s+(?:draft|sketch|picture|image)\s+of\b|,?\s*\b(?:just )?(?:as )?an? "
        r"(?:quick|rough) (?:draft|preview)\b|,\s*quick(?:ly)?$|\bquickly$"
    ):
        if "steps" not in reading.fields:
            reading.say("steps", max(limits.steps // 2, 1), "half the usual, as a draft")
    elif (
        reading.take(
            r",?\s*\b(?:in\s+|with\s+)?(?:the\s+)?(?:very\s+)?(?:high(?:est)?|best|top|great|maximum)[ "
            r"-](?:possible )?quality\b(?:\s+(?:of\b)?)?"
        )
        and "steps" not in reading.fields
    ):
        reading.say("steps", min(round(limits.steps * 1.6), limits.max_steps), "more steps, for quality")


STOP: Final = (
    rf"(?=\s*(?:$|[,.;!?()]|\bbut\b|\binstead\b|\bplease\b|\b(?:{PREPOSITION}|with|while|that|which|who|is|are)\b))"
)
THING: Final = r"[^,.;!?()\"]+?"
UNWANTED: Final = re.compile(
    r"(?P<lead>,?\s*(?:\b(?:and|but|with|or|absolutely|there should be|has|have"
    rf"|having)\s+){{0,3}})\b(?:(?P<no>no|without|minus|excluding|sans|w/o|free of|(?:please "
    r")?avoid|leave out|get rid of|lose|drop|ditch|erase|hide|remove|take (?:out|away)|i (?:do "
    r"not|don'?t) want(?: to see)?|(?:do not|don'?t) (?:include|draw|add|show|paint|want|put)"
    r"|skip)\s+(?!longer\b|matter\b|one\b|doubt\b|idea\b|need\b|entry\b|man'?s\b"
    r"|[\w-]+ (?:signs?|zones?|stickers?|symbols?)\b))(?:any |the |a "
    rf"|an |all |those |that |these )*(?P<what>{THING})(?:\s+(?:in the (?:background|foreground"
    rf"|picture|image|scene|sky)|at all))?{STOP}",
    re.IGNORECASE,
)
QUOTED: Final = re.compile(r"""(?<!\w)(?:'(?=\S)[^']{1,80}'|"(?=\S)[^"]{1,80}")(?!\w)""")
"""Words that stand in the picture: whatever they say, they are content."""
HELD: Final = 0xE100
"""The first of the characters (private-use) that stand for quoted words while the rest is read."""
MORE: Final = re.compile(
    r"(?P<list>(?:,\s*(?:no |any )?[\w'-]+(?: [\w'-]+)?)*,?\s*\b(?:or|nor)\s+(?:no |any "
    r")?[\w'-]+(?: [\w'-]+)?)(?=\s*(?:$|[.;!?,]))",
    re.IGNORECASE,
)
"""The rest of a list: "without clouds, stars or trees"."""
CARRIES_ON: Final = re.compile(
    r"\s+(?:and|&)\s+(?=(?:an?|the(?! \w+\s*(?:$|[,.;]))|in|at|on|with|some|two|three|it|make|put"
    r"|add|give|turn|change|then)\b)",
    re.IGNORECASE,
)


def read_negatives(reading: Reading) -> None:
    """ "without people", "and no clouds", "lose the tree"."""
    quoted = dict(zip(map(chr, range(HELD, HELD + len(reading.text))), QUOTED.findall(reading.text), strict=False))
    for sign, words in quoted.items():
        reading.text = reading.text.replace(words, sign, 1)
    found = _unwanted(reading)
    for sign, words in quoted.items():
        reading.text = reading.text.replace(sign, words)
        found = [part.replace(sign, words) for part in found]
    if found:
        reading.say("negative_prompt", styles.join(", ".join(found)), "you said what to leave out")


def _unwanted(reading: Reading) -> list[str]:
    """What is to be left out, cut out of the text."""
    found: list[str] = []
    while match := UNWANTED.search(reading.text):
        what, rest = match["what"].strip(), reading.text[match.end() :]
        if wanted := CARRIES_ON.search(what):
            with_ = " with " if re.search(r"\b(?:with|has|having)\b", match["lead"] or "") else ", "
            what, rest = what[: wanted.start()], f"{with_}{what[wanted.end() :]}{rest}"
        elif more := MORE.match(rest):
            what, rest = what + more["list"], rest[more.end() :]
        listed = re.split(
            r"\s*(?:,|\bor\b|\bnor\b|\band\b|&)\s*(?:(?:no|any|the|or|nor|and)\s+)*", what, flags=re.IGNORECASE
        )
        found += [part for part in listed if part]
        reading.text = f"{reading.text[: match.start()]}{' ' if not rest.startswith(',') else ''}{rest}"
    if re.search(r"\bwithout (?:anyone|anybody)\b|\bnobody\b|\bno one\b", reading.text, re.IGNORECASE):
        reading.take(
            r",?\s*\b(?:and\s+|with\s+)?(?:without (?:anyone|anybody)|nobody|no one)(?: else)?(?: in it| there)?\b"
        )
        found.append("people")
    while too_much := reading.take(r",?\s*\b(?:but |and |make (?:it|that) )?not (?:so|too|that|as) (\w+)\b"):
        found.append(too_much[1])
    return found


def read_styles(reading: Reading, known: Collection[str]) -> None:
    """Styles and media by the names members use; their words leave the subject, the style's own come in."""
    chosen: list[tuple[str, float]] = []
    for name, weight in _weighted(reading):
        chosen.append((name, weight))
    if _any_style().search(reading.text):
        for style in _longest_first():
            if (
                (not known or style.name in known)
                and all(style.name != name for name, _ in chosen)
                and _take_style(reading, style)
            ):
                chosen.append((style.name, 1.0))
    if chosen:
        titles = ", ".join(styles.load_styles()[name].title.lower() for name, _ in chosen)
        reading.say("styles", tuple(chosen), f"you asked for: {titles}")


def _weighted(reading: Reading) -> list[tuple[str, float]]:
    """ "art deco::2 streetwear::1 a woman"."""
    found: list[tuple[str, float]] = []
    for match in re.finditer(
        r"(?P<name>[a-z][\w' -]{1,40}?)::(?P<weight>\d(?:\.\d+)?)(?!\d)", reading.text, re.IGNORECASE
    ):
        style = styles.find_style(match["name"].strip())
        weight = min(max(float(match["weight"]), 0.1), styles.MAX_WEIGHT)
        if style:
            found.append((style.name, weight))
            reading.text = reading.text.replace(match[0], " ", 1)
    return found


@cache
def _longest_first() -> tuple[styles.Style, ...]:
    """ "Victorian streetwear" before "streetwear"."""
    return tuple(
        sorted(
            styles.load_styles().values(),
            key=lambda style: (-max(len(word) for word in (*style.words, "")), style.name),
        )
    )


@cache
def _any_style() -> re.Pattern[str]:
    """Whether a text names any style at all: most do not, and then none needs to be looked for."""
    names = {
        name
        for style in styles.load_styles().values()
        for name in (style.name.replace("-", " "), *style.words, *style.things)
    }
    return re.compile(rf"\b{_either(names)}", re.IGNORECASE)


KIND_OF_ART: Final = (
    r"(?: (?:style|styled|painting|drawing|picture|image|poster|print|art|illustration|artwork"
    r"|sketch|look|vibes?|feel|fashion|outfit|look|aesthetic|film|scene|render|rendering|effect"
    r"|version|mode))*"
)


@cache
def _style_patterns(style: styles.Style) -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    spoken = style.name.replace("-", " ")
    names = {*style.words, *((spoken,) if " " in spoken and spoken not in style.things else ())}
    sure, things = _either(names), _either({*names, spoken, *style.things})
    kind = KIND_OF_ART
    patterns = (
        r"(?<=\bmake it )(?:look (?:like )?)?(?:into )?(?:an? |the )?(?:\w+ "
        rf")??{things}{kind}(?=\s*(?:,|\.|!|$|with\b|at\b|in\b|and\b))",
        rf"^(?:an? )?(?:\w+ )??{things}s?{kind} (?:of|showing)\b",
        r",?\s*\b(?:(?:all )?(?:done|painted|drawn|rendered|made|shot) )?(?:in|as|like|into) (?:the "
        rf"|an? )?(?:style of )?(?:the |an? )?(?:\w+ )??{things}{kind}(?=\s*(?:,|\.|;|!|$|with\b|at\b"
        r"|in\b|and\b))",
        rf"(?:^|[,.;:(]\s*)(?:an? )?{things}{kind}\)?(?=\s*(?:,|\.|:|;|!|$))",
        rf",?\s*\b{things}[ -]style\b",
        rf"^(?:an? )?{sure}{kind}\b",
        rf",?\s*\b{sure}(?: (?:style|vibes?|aesthetic|look|feel|effect))*\b",
    )
    return re.compile(rf"\b{things}", re.IGNORECASE), tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _take_style(reading: Reading, style: styles.Style) -> bool:
    named, patterns = _style_patterns(style)
    if not named.search(reading.text):
        return False
    before = reading.text
    for pattern in patterns:
        if match := pattern.search(reading.text):
            reading.text = f"{reading.text[: match.start()]} {reading.text[match.end() :]}"
            left = tidy(re.sub(r"\s+", " ", reading.text))
            if left or reading.follows:
                reading.text = _article(left, before)
                return True
            reading.text = before
    return False


def _either(words: Collection[str]) -> str:
    spelled = sorted(
        (re.escape(word).replace(r"\ ", "[ -]").replace(r"\-", "[ -]?") for word in words), key=len, reverse=True
    )
    return f"(?:{'|'.join(spelled)})"


def _article(left: str, before: str) -> str:
    """ "a cyberpunk city" less its style is "a city", not "city"."""
    led = re.match(r"an? ", before, re.IGNORECASE)
    if led and left and not re.match(r"(?:an?|the|two|three|some|my|his|her)\b", left, re.IGNORECASE):
        return with_article(left)
    return left


def read_tile(reading: Reading) -> None:
    """ "seamless pattern of lemons", "tileable"; tiles on a roof are content."""
    if reading.take(
        r"(?:,?\s*\b(?:and|as|make it|that is|that's|which is) )?(?:,\s*)?\b(?:seamless(?:ly)?"
        r"|tile?able|repeating|repeatable|tiling)(?: and| and (?:tile?able|tiling|seamless))?(?: "
        r"(?:tile?able|tiling|repeating|seamless|tiled?))*(?= (?:[\w-]+ ){0,2}(?:pattern|texture|tile|background"
        r"|wallpaper|print|fabric|design)s?\b|\s*(?:,|$|\.))"
    ) or re.search(r"\bthat tiles\b", reading.text):
        reading.say("tile", True, "a seamless pattern was asked for")


FIELDS: Final = {
    "seed": "seed", "style": "styles", "prompt": "prompt", "size": "aspect", "shape": "aspect", "aspect": "aspect",
    "aspect ratio": "aspect",
    "steps": "steps", "model": "model", "sampler": "sampler", "guidance": "guidance_scale", "cfg": "guidance_scale",
    "negative prompt": "negative_prompt",
    "negative": "negative_prompt", "count": "count", "format": "aspect",
}  # fmt: skip
"""What members call the fields that they lock."""


def read_locks(reading: Reading) -> None:
    """ "lock the seed and …", "keep the style"."""
    names = "|".join(sorted(FIELDS, key=len, reverse=True))
    match = reading.take(
        r"[,;]?\s*\b(?:and |but )?(?:(?:please )?(?:lock|freeze|fix|pin|hold|keep)(?:ing)?) (?:the "
        rf"|that |this |my |its |same |in )*(?P<first>{names})\b(?: and (?:the "
        rf")?(?P<second>{names})\b)?(?: (?:fixed|locked|constant|the same|as is|as it is|unchanged"
        r"|from now on))*(?:\s*,?\s*(?:and|but|,)\s*(?:then )?)?"
    )
    if match:
        found = [FIELDS[match[name].lower()] for name in ("first", "second") if match[name]]
        reading.say("locks", tuple(found), "you asked to keep it")


def read_certain(reading: Reading) -> None:
    """Only what can hardly be content: seed, steps, guidance, sampler, pace."""
    for read in (read_seed, read_guidance, read_sampler, read_steps, read_pace):
        read(reading)
        reading.text = re.sub(r"\s+", " ", reading.text).strip()
    reading.text = tidy(reading.text)


def read_shapes(reading: Reading) -> None:
    """Size and shape."""
    read_size(reading)
    read_shape(reading)
    reading.text = tidy(reading.text)


STANDING: Final = (
    r"^(?:(?:please )?(?:remember|note)(?: that| this)?[:, ]+)?(?:(?:from now on|by default|as "
    r"(?:a |my |the )?default|for (?:all|every)(?: my| the)? (?:future |next |new )?(?:pictures"
    r"|images|requests|drawings|prompts)|always|in (?:the )?future|every time|never again|going "
    r"forward|henceforth|never)[, ]+)+(?=\S)",
    r"^i (?:always|usually|generally) (?:want|prefer|like|use|need)\b",
    r"^(?:(?:i(?:'d| would)? (?:always )?(?:want|like|prefer)) (?:to )?(?:always|by default) )",
    r"^(?:please )?(?:set|change|make|update|save|use|put|switch|turn|adjust|configure|give me"
    r"|draw|i want|remember)\b(?=.*\b(?:(?:my |the |as |by |a |your )*defaults?|from now on|for "
    r"(?:all|every) (?:my |the )?(?:future )?(?:pictures|images|prompts)|my settings|my "
    r"preferences|my preferred|preference)\b)",
    r"^(?:please )?default to (?=\S)",
    r"^my (?:default|preferred|usual|standard) [\w ]+? (?:should be|is|to|=|:)",
    r"^(?=.*\b(?:by default|from now on|every time from now|as (?:my |a |the )default|going forward)\b)",
)
ASKED: Final = (
    r"(?:(?:show|list|open|see|view|change|edit|reset|clear|what are|what're|where are|tell me"
    r"|give me|check|update|forget|delete|adjust|configure)(?: me)? )?(?:all )?(?:of )?(?:my|the"
    r"|your|our)? ?(?:own |current |personal |default |saved )?(?:settings|preferences|defaults"
    r"|config(?:uration)?|options)(?: (?:please|menu|page|back|to (?:the )?(?:default|defaults"
    r"|normal|standard|factory)(?: ones| values| settings)?|for me|right now))*"
)
LEFTOVER: Final = (
    r"\b(?:my |the |as |by |a |your |all |every |for |be |is |to |set |use |make |draw |give me "
    r"|leave out |with |in |of |and |change |update |save |put |switch |remember |it |i want "
    r"|prefer |always |please |pictures? |images? )*(?:default|defaults|from now on|always|going "
    r"forward|preferred|settings|preferences|preference|usual|standard)\b(?: (?:to|is|=|should be"
    r"|as|for))?"
)


def speaks_of_defaults(text: str) -> bool:
    """Whether the member asks for their own settings, and sets none."""
    return bool(
        re.fullmatch(ASKED, text, re.IGNORECASE)
        and not re.fullmatch(
            r"(?:show me |tell me |give me |what are |see |view |what're )?(?:the |your )?(?:settings|options|config)",
            text,
            re.IGNORECASE,
        )
    ) or bool(
        re.fullmatch(r"settings|preferences|my settings|(?:open |change |edit )(?:the )?settings", text, re.IGNORECASE)
    )


def read_defaults(reading: Reading, known: Collection[str]) -> bool:
    """Whether this sets, or asks for, the member's own defaults; what it sets is read."""
    text = said = reading.text
    if speaks_of_defaults(text):
        return True
    if not any(re.search(pattern, text, re.IGNORECASE) for pattern in STANDING):
        return False
    for pattern in STANDING[:1]:
        text = re.sub(pattern, "", text, flags=re.IGNORECASE)
    text = re.sub(
        r"^i (?:always|usually|generally) (?:want|prefer|like|use|need)(?: to (?:have|use|get))?\s+",
        "",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(
        r",?\s*\b(?:by default|from now on|going forward|as (?:my |a |the )?default|for (?:all"
        r"|every)(?: my| the)? (?:future |next )?(?:pictures|images|prompts|requests|drawings))\b",
        "",
        text,
        flags=re.IGNORECASE,
    )
    reading.text = (
        re.sub(LEFTOVER, " ", text, flags=re.IGNORECASE).strip(" :,=")
        if re.search(r"\bdefaults?|settings|prefer", text, re.IGNORECASE)
        else text
    )
    reading.text = re.sub(
        r"^(?:please )?(?:always )?(?:use|set|make|draw|give me|do|i want|have|put|keep|generate"
        r"|render|show me|stick to|go with|send me|include|to|add)\b\s*(?:it |them |everything |all "
        r"(?:of )?(?:my |the )?pictures |my pictures |pictures |all )?(?:in |with |to |at |as |be )*",
        "",
        reading.text,
        flags=re.IGNORECASE,
    )
    reading.text = re.sub(
        r"^(?:style|aspect(?: ratio)?|format|count|number(?: of pictures)?|negative(?: prompt)?|model"
        r"|size)\s*(?:is|to|=|:|should be)?\s+(?=\S)",
        lambda match: "no " if match[0].lower().startswith("negative") else "",
        reading.text.strip(),
        flags=re.IGNORECASE,
    )
    reading.follows = True
    read_parameters(reading, known)
    if "count" not in reading.fields and (
        alone := re.search(
            rf"\b({NUMBER})(?: {PICTURE})?\s*(?:at (?:a time|once)|each(?: time)?|per (?:request|prompt))?$",
            reading.text,
            re.IGNORECASE,
        )
    ):
        reading.say("count", min(number(alone[1]), MAX_COUNT), f"you asked for {number(alone[1])}")
    return bool(reading.fields) or bool(re.search(r"\bdefault|settings|preference", said, re.IGNORECASE))


READERS: Final[tuple[Callable[[Reading], None], ...]] = (
    read_locks, read_seed, read_guidance, read_sampler, read_steps, read_pace, read_tile, read_size, read_count,
    read_shape,
    read_negatives, read_shape,
)  # fmt: skip
"""In this order: "three wide pictures of" is a count and then a shape, which may also follow what is left out."""
