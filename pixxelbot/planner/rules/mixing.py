"""Rules for making pictures into something of another kind: blends, films, arithmetic, guides, sweeps, cut-outs."""

from __future__ import annotations

import re
from typing import Final

from pixxelbot.planner.references import PIC, described
from pixxelbot.planner.rules.heard import (
    BACK,
    FROM_IT,
    NAMED,
    Found,
    Heard,
    P,
    frames_of,
    full,
    holds,
    less,
    named,
    nothing_left,
    one_meant,
    pairs,
    starts,
)
from pixxelbot.planner.words import NUMBER, number, tidy
from pixxelbot.recipe import MAX_COUNT, Control


def _pictures_in(rest: str, heard: Heard) -> tuple[tuple[str, ...], list[str], str]:
    """Targets, descriptions and left-over words of a list such as "the fox with the boat"."""
    targets: list[str] = list(heard.meant.targets) if heard.meant.pointed else []
    descriptions, over = [], []
    for part in re.split(
        rf"\s*(?:,|&|\+|\band\b|\bwith\b|\binto\b|\bto\b|\bfrom\b|\bbetween\b|\bthen\b|{PIC})\s*",
        rest,
        flags=re.IGNORECASE,
    ):
        part = tidy(part)
        if nothing_left(part):
            continue
        match = full(NAMED, part)
        shown = described(match["what"], heard.ask) if match else ()
        if match and len(match["what"].split()) <= 4 and shown:
            targets += shown[:1]
            descriptions.append(match["what"])
        else:
            over.append(part)
    return tuple(dict.fromkeys(targets)), descriptions, " ".join(over)


def _weights(text: str) -> tuple[tuple[float, ...], str]:
    """ "70/30", "70% and 30%", "half and half" as shares of one."""
    match = holds(
        r"(?:\bat |\bin |\bwith |\bweights? |\bratio (?:of )?)*(\d{1,3})\s?%?\s?(?:/|:|to|and|-"
        r"|,)\s?(\d{1,3})\s?%?(?!\d)(?: (?:ratio|split|mix))?",
        text,
    )
    if match and int(match[1]) + int(match[2]) in (10, 100):
        whole = int(match[1]) + int(match[2])
        return (int(match[1]) / whole, int(match[2]) / whole), tidy(f"{text[: match.start()]} {text[match.end() :]}")
    if holds(r"\b(?:half and half|50[/-]50|equally|evenly|half-half)\b", text):
        return (0.5, 0.5), less(r"\b(?:half and half|50[/-]50|equally|evenly|half-half)\b", text)
    return (), text


def blend(heard: Heard) -> Found | None:
    """ "blend 1 and 4", "mix the cat with the dog, 70/30"; "a mix of fruit" is drawn."""
    weights, text = _weights(heard.text)
    verb = starts(
        r"(?:blend|mix|combine|merge|mash(?:[- ]?up)?|fuse|cross(?:breed)?|join|put|average|smush"
        r"|meld|unite)\b(?: (?:up|over))?\s*",
        text,
    ) or starts(
        r"(?:make |create |give me |do )?(?:an? |the )?(?:blend|mix(?:ture)?|combination|mash-?up"
        rf"|hybrid|cross|fusion|average|mashup|combo)\s+(?:of|between|from|out of)\s+(?={P}|the\b)",
        text,
    )
    if not verb or not (heard.ask.pictures or len(heard.ask.sources) > 1 or heard.meant.pointed):
        if verb and full(rf"(?:{P}|the (?:two|pictures|images)|\s)*", text[verb.end() :]):
            return Found("blend")
        return None
    if starts("put", verb[0]) and not holds(r"\btogether\b", text):
        return None
    rest = less(
        r"\b(?:together|up|into (?:one|a single|a new)(?: picture| image)?|as one|in one(?: picture| "
        r"image)?|both|all|half|please|for me|with each other|a blend|each other)\b",
        text[verb.end() :],
    )
    targets, names, over = _pictures_in(rest, heard)
    if over and not (heard.meant.pointed and len(targets) > 1):
        return None
    plural = targets or (heard.ask.focus if len(heard.ask.focus) > 1 else None)
    return Found("blend", plural, ", ".join(names), fields=pairs(weights=weights), rest=over)


def interpolate(heard: Heard) -> Found | None:
    """ "morph from 1 to 3 in 24 frames"; "a man morphing into a wolf" is drawn."""
    frames, text = frames_of(heard.text)
    text = less(
        r"\b(?:in|over|for|lasting|about)?\s*\d{1,2} ?-?(?:seconds?|s|secs?)\b(?: long)?|\b(?:as|into"
        r"|in)(?: an?)? (?:gif|mp4|webp|video|animation|loop|movie)\b",
        text,
    )
    verb = starts(
        r"(?:morph|interpolate|animate|loop|tweening|transition|tween|fade|dissolve|in-?between"
        r"|travel|walk|journey|go smoothly|blend over time|slide)\b\s*",
        text,
    ) or starts(
        r"(?:make |create |give me |do |i want |render |show me |get me |generate )*(?:an? |the |some "
        r")?(?:smooth |nice |short |looping |slow )*(?:morph|interpolation|animation|gif|video"
        r"|transition|movie|clip|mp4|tween|film|fade|journey)(?:ing)?(?: (?:that )?(?:morph|blend|go"
        r"|turn|transition|fad|transform|chang)(?:s|es|ing|ning))?\s*(?=(?:from|between|of|out of"
        rf"|with|that (?:goes|morphs|moves))\b.*(?:{P}|the\b)|{PIC})",
        text,
    )
    if not verb or not (heard.ask.pictures or len(heard.ask.sources) > 1 or heard.meant.pointed):
        return None
    rest = less(
        r"\b(?:from|between|of|out of|smoothly|slowly|over time|a (?:gif|video|morph|transition)|that "
        r"(?:goes|morphs|moves)|(?:starting|ending) (?:at|with|from)|into each other|in between"
        r"|together)\b",
        text[verb.end() :],
    )
    targets, names, over = _pictures_in(rest, heard)
    return None if over else Found("interpolate", targets or None, ", ".join(names), fields=pairs(frames=frames))


def arithmetic(heard: Heard) -> Found | None:
    """ "the first one minus man plus woman", "king - man + woman"."""
    text = re.sub(r"\s([+])\s", " plus ", re.sub(r"\s[-−–]\s", " minus ", heard.text))
    text = re.sub(
        r"\b(?:subtract|take away|take) (?P<a>[\w ]+?) from (?P<p>\S+)(?:,? (?:and|then) (?:add|plus) (?P<b>[\w ]+))?$",
        lambda m: f"{m['p']} minus {m['a']}" + (f" plus {m['b']}" if m["b"] else ""),
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(
        r"^(?:take |use |with )?(\S.*?),? (?:and )?(?:subtract|take away|take out) (.+?),? (?:and "
        r"|then )*(?:add|plus) (.+)$",
        r"\1 minus \2 plus \3",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(
        r"^(?:subtract|take away|take out) (.+?),? (?:and |then )*(?:add|plus) (.+)$",
        rf"{PIC} minus \1 plus \2",
        text,
        flags=re.IGNORECASE,
    )
    parts = re.split(r",?\s+(?:and )?(plus|minus)\s+", text, flags=re.IGNORECASE)
    if len(parts) < 3 or any(len(part.split()) > 4 for part in parts[2::2]):
        return None
    signs = [sign.lower() for sign in parts[1::2]]
    base = tidy(less(r"^(?:do|make|compute|calculate|what is|show me|take|try)\b", parts[0]))
    terms = list(
        zip(
            signs,
            (tidy(re.sub(r"^(?:the|an?|some) ", "", part, flags=re.IGNORECASE)) for part in parts[2::2]),
            strict=True,
        )
    )
    on_picture = nothing_left(base) and holds(P, base)
    if not on_picture and not (len(base.split()) <= 4 and {"plus", "minus"} <= set(signs)):
        return None
    if on_picture and not (heard.ask.pictures or heard.ask.sources):
        return Found("arithmetic")
    found = None if on_picture else named(base, heard)
    said = pairs(
        plus=tuple(word for sign, word in terms if sign == "plus"),
        minus=tuple(word for sign, word in terms if sign == "minus"),
    )
    if on_picture:
        return Found("arithmetic", one_meant(heard), fields=said)
    return Found(
        "arithmetic",
        (found.targets or ())[:1] if found else (),
        found.description if found else "",
        rest="" if found else base,
        fields=said,
    )


FOLLOWED_PARTS: Final[tuple[tuple[str, Control], ...]] = (
    (r"poses?|postures?|stance|skeleton|body position|positions?|gesture", "pose"),
    (r"depth(?: map| image)?|composition|layout|structure|geometry|3d shape|arrangement|perspective", "depth"),
    (r"scribbles?|doodles?|rough sketch|sketch|sketches", "scribble"),
    (r"edges?|outlines?|lines|line ?art|contours?|canny|silhouettes?|shapes?|linework", "edges"),
)


def control(heard: Heard) -> Found | None:
    """ "use the pose of the first for a robot", "follow the edges of #2: a marble statue", "same pose but a knight"."""
    text = heard.text
    for words, kind in FOLLOWED_PARTS:
        lead = (
            r"(?:(?:use|keep|keeping|follow(?:ing)?|match(?:ing)?|copy(?:ing)?|take|taking|using|preserve"
            r"|respect|trace|tracing|stick to|reuse|steal|borrow|apply|draw|with|in|from|by|as|only|just"
            r"|a|an|make|do|give me|controlnet|control net)\s+)*"
        )
        forms = (
            rf"(?P<before>.*?)\b{lead}(?:the |its |his |her |their )?(?:same |exact |exact same "
            rf")?(?:{words})(?: (?:control|map|version|controlnet|guide))?(?:\s+(?:of|from|in|as|on"
            rf"|for))?\s+(?P<p>{PIC}|it|that|this)(?:'s)?(?!\w)(?P<after>.*)",
            rf"(?P<before>.*?)\b{lead}(?:{PIC}|it|that|this) "
            rf"(?:as|for) (?:an? |the |my )?(?:{words})(?: (?:reference|guide"
            r"|template|base|source))?\b(?P<after>.*)",
            rf"(?P<before>.*?)\b{lead}{PIC}(?:'s)? (?:{words})\b(?P<after>.*)",
            rf"(?P<before>.*?)\b{lead}(?:the )?(?:exact )?same (?:{words})\b(?P<after>.*)",
            r"(?P<before>)(?:use|keep|keeping|follow|match|copy|preserve|trace) (?:the |its |his |her "
            rf"|their )(?:{words})\b(?P<after>.*)",
            rf"(?P<before>)(?:turn|make) (?:my|this|the) (?:{words}) (?:in)?to (?P<after>.*)",
        )
        match = next((found for form in forms if (found := full(form, text))), None)
        if not match:
            continue
        if not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed) or starts(
            r"describe|what|upscale|delete", text
        ):
            return None
        if (
            kind == "scribble"
            and not heard.ask.sources
            and not starts(r".*\b(?:use|follow|trace|match|keep|turn|from|scribble|doodle)", text)
        ):
            continue
        over = f"{match['before']} {match['after']}"
        over = less(
            r"^\W*(?:and\b|but\b|,|:|with\b)*\s*|\bwith control ?net\b|\b(?:as a |for the )?(?:guide"
            rf"|reference|base|template)\b|{PIC}",
            over,
        )
        over = re.sub(
            r"^(?:and |but |then |now |so )*(?:(?:draw|make|paint|generate|create|show|render|use it"
            r"|apply it|do|turn it|change|give)\b(?: (?:me|it|that))?\s*)?(?:for|to (?:draw|make|paint"
            r"|generate|create)|to|as|into|on|with|of|but|and|instead|:|,|\s)*(?=\S)",
            "",
            over,
            count=1,
            flags=re.IGNORECASE,
        )
        return Found("control", one_meant(heard), rest=tidy(over), fields=pairs(control=kind))
    return None


def sweep(heard: Heard) -> Found | None:
    """ "try strengths from 0.2 to 0.8", "sweep the second in 5 steps"."""
    text = heard.text
    if holds(r"\bstrengths?\b(?: of)? [\d.%]+\s*(?:,|and|/)\s*[\d.%]+", text):
        text = re.sub(r"\bstrength\b", "strengths", text)
    if not (
        holds(
            r"\bsweep\b|\bstrengths\b|\b(?:different|several|various|multiple|many|a range of|increasing"
            r"|rising) (?:levels of )?(?:denois\w+ )?(?:strength|denois)\w*|\bstrength(?: sweep| ladder| "
            r"series)\b|\b(?:at|with) (?:each|every) strength\b",
            text,
        )
        or holds(
            r"\bstrength\b.*\b\d.*\bto\b.*\d|\b(?:\d{1,2}%|0?\.\d),? (?:and |to )?.*(?:\d{1,2}%|0?\.\d) strength", text
        )
    ):
        return None
    if not (heard.ask.pictures or heard.ask.sources or heard.meant.pointed) and not starts(
        r"(?:strength )?sweep\b|try", text
    ):
        return None
    values = [
        float(value) / (100 if percent or float(value) > 1 else 1)
        for value, percent in re.findall(
            r"(?<![\w.])(\d{1,3}(?:\.\d+)?|\.\d+)\s?(%?)(?!\s?(?:steps|pictures|images|values|stages|x)\b)(?![\d.])",
            text,
        )
    ]
    steps = holds(
        rf"\b(?:in|with|over|using|at) ({NUMBER}) (?:steps|stages|values|pictures|images|strengths"
        rf"|levels|different)\b|\b({NUMBER}) (?:different )?(?:strengths|values|steps|levels)\b",
        text,
    )
    many = min(max(number(steps[1] or steps[2]), 2), MAX_COUNT) if steps else 4
    ranged = len(values) == 2 and holds(r"\bfrom\b|\bto\b|\bbetween\b|\d ?- ?\.?\d|\.\.", text)
    if ranged or not values:
        low, high = (min(values), max(values)) if values else (0.2, 0.8)
        values = [round(low + (high - low) * step / (many - 1), 3) for step in range(many)]
    return Found(
        "sweep",
        one_meant(heard),
        fields=pairs(strengths=tuple(min(max(value, 0.0), 1.0) for value in values[:MAX_COUNT])),
    )


WHAT_FOR: Final = r",?\s*\bso (?:that )?(?:i|we) can\b.*|,? (?:as|for) an? (?:sticker|emote|logo|token)\b.*"


def background(heard: Heard) -> Found | None:
    """ "cut out the background of #2", "transparent background please"."""
    text = less(WHAT_FOR, heard.text)
    if starts("cut|crop|isolate|extract", text):
        text = less(rf"(?<=\w)[,(\s]+(?:with )?(?:an? )?(?:transparent|see-through)(?: (?:{BACK}|png))?\)?$", text)
    off = (
        r"(?:remove|cut out|cut|delete|erase|drop|strip|kill|lose|get rid of|take (?:out|away|off)|no"
        r"|without|clear|knock out|eliminate|wipe|ditch|mask out)"
    )
    on = rf"(?:{FROM_IT}|\s+(?:of|from|in|on|behind|around)\s+(?:the|his|her) [\w ]+)?"
    patterns = (
        rf"(?:{P}[,:]? )?{off} (?:the |its |all the |all |of the |any |that )?(?:{BACK})(?: out| off| "
        rf"away| completely)?{on}(?: (?:and )?(?:make it |as a )?(?:transparent|png).*)?",
        rf"(?:make |with |on |give me |give it |i need |put it on |save it with |export with |{P} "
        rf")*(?:an? |the )?(?:transparent|alpha|no|see-through)(?: (?:{BACK}|png|version|cutout))?(?: "
        rf"(?:version|for|of|on))*(?: {P})?",
        r"(?:an? )?(?:png|cutout|copy|version)(?: version)? (?:with no|without(?: an?| the| its)?) "
        rf"(?:{BACK})(?: (?:of|for|from) {P})?",
        rf"(?:make|set|turn) (?:the |its )?(?:{BACK})(?: (?:of|in|on) {P})? (?:transparent|invisible"
        r"|see-through|disappear|vanish|go away|alpha|empty)",
        rf"(?:make|turn|export|save|give me|get me|send) {P} (?:in)?(?:to |as |with |have )?(?:an? "
        rf")?(?:transparent|cut-?out|transparent png|png with (?:a )?transparent {BACK}|transparent "
        rf"{BACK}|no {BACK})(?: (?:png|{BACK}|version))?",
        rf"(?:cut|crop) (?:{P}|him|her|them|the (?:subject|\w+|main \w+)) out(?: (?:of|from) (?:the "
        rf")?(?:{BACK}|it|picture|image|{P}))?|cut ?out (?:{P}|the (?:subject|\w+))",
        rf"(?:isolate|extract) (?:{P}|the (?:subject|\w+|main \w+))(?: (?:from|in|on|of) (?:the "
        rf")?(?:{BACK}|{P}|picture))?|(?:the )?(?:{BACK}) (?:removed|gone|off|away|removal"
        rf"|transparent)|{off} {P}'s (?:{BACK})|(?:{BACK}) (?:remov\w+|off) (?:on|of|for) {P}"
        rf"|transparent|{PIC} (?:without|with no) (?:a |the |its )?(?:{BACK})",
    )
    if not any(full(pattern, text) for pattern in patterns):
        return None
    if full(r"no|transparent|without", text) and not heard.ask.pictures:
        return None
    return Found("background", one_meant(heard))


def making_of(heard: Heard) -> Found | None:
    """ "show me how it was drawn", "a timelapse of the second", "from noise to picture"."""
    text = heard.text
    patterns = (
        r".*\bmaking[- ]?of\b.*",
        r"(?:make |give me |show me |create |render |do |i want |can i see )?(?:an? |the "
        r")?(?:time-?lapse|process(?: video| gif| animation)?|progress (?:video|gif|animation)"
        r"|evolution|denoising(?: process| video| gif| animation| steps)?|diffusion (?:process|video"
        r"|gif|steps|animation)|birth)(?: (?:video|gif|animation))?(?: (?:of|for|behind|from) (?:how "
        rf")?{P}.*| please|)",
        r"(?:show|see|animate|watch|visuali[sz]e|let me see|replay|play back|film|record)(?: me| us)? "
        rf"(?:how|the way|the process (?:of )?how) (?:{P}|you|the \w+) (?:was|were|is|got|came|did"
        r"|made|drew|drawn|emerged|formed|took)\b.*",
        rf"how did (?:{P}|the \w+) (?:come (?:about|into being|to be|together|to life)|get (?:made"
        r"|drawn|painted)|emerge|form)(?:[?,.;!]? .*)?",
        rf"(?:see |show |show me )?how (?:{P}|the \w+) (?:was|were|is|got) (?:made|drawn|generated"
        r"|created|painted|built|done)",
        rf"(?:show |see |animate |watch )?(?:me )?(?:{P} )?(?:the )?(?:denois\w+|diffusion)(?: process"
        rf"| steps)?(?: (?:of|for|behind) {P})?|.*\b(?:from|out of) (?:pure )?noise (?:to|into)\b.*"
        r"|(?:show|animate|watch) .*\bnoise (?:to|into) (?:the )?(?:picture|image|finish)\b.*",
        rf"how (?:was|were|is|did|has) (?:{P}|the \w+) (?:made|drawn|generated|created|painted|built"
        r"|come (?:about|to be|together)|emerge|form|come out of (?:the )?noise|been made)(?:[?,.;!]? "
        r".*)?",
        r"(?:show|see|watch|animate|replay)(?: me)? (?:the |all the |every |each )*(?:intermediate "
        r"|denoising |drawing |diffusion )?(?:steps|process|stages|progress|noise|intermediates"
        rf"|frames)(?: (?:of|for|from|in|behind|to) {P}| by step.*)?",
        rf"(?:turn|dissolve|send) {P} (?:back )?(?:in)?to (?:pure |gaussian )?noise|(?:show|animate) "
        r"(?:me )?(?:the )?(?:forward|reverse)(?: diffusion)? process.*|(?:go |animate |show )?(?:me "
        rf")?(?:it |{P} )?from (?:pure )?noise(?: to (?:the )?(?:picture|image|finish|{P}))?|add noise "
        rf"to {P} until.*|(?:show|watch)(?: me)? {P} (?:being (?:drawn|made|painted|generated"
        r"|denoised)|emerge|form|appear|come|step by step|denoise).*",
        rf"step by step(?: (?:of|for) {P})?",
    )
    if not any(full(pattern, text) for pattern in patterns):
        return None
    if not (heard.ask.pictures or heard.ask.sources or holds(P, text)):
        return None
    return Found("making_of", one_meant(heard))
