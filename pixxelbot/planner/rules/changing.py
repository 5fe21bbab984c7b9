"""Rules for changes: parts painted anew, edits of the whole, recipes with something different."""

from __future__ import annotations

import re
from typing import Final

from pixxelbot.intent import Action
from pixxelbot.planner.edits import head_noun
from pixxelbot.planner.references import PIC, described
from pixxelbot.planner.rules.heard import (
    DET,
    FROM_IT,
    Found,
    Heard,
    P,
    full,
    holds,
    one_meant,
    pattern_of,
    starts,
    strength_of,
)
from pixxelbot.planner.words import COLOUR, NUMBER, PICTURE, singular, tidy

OVERALL: Final = (
    r"(?:style|mood|lighting|lights?|colou?rs?|weather|season|time(?: of day)?|scene|setting"
    r"|angle|camera(?: angle)?|perspective|view|format|aspect(?: ratio)?|size|vibe|atmosphere"
    r"|tone|prompt|seed|count|quality|whole (?:thing|picture|image)|picture|image|contrast"
    r"|brightness|saturation|palette|colou?r (?:scheme|palette)|resolution|look|feel(?:ing)?|mood"
    r"|pose|orientation|shape|steps|model|medium|text prompt|place|location|environment"
    r"|composition|theme|focus|guidance|cfg|subject)"
)
QUALITY: Final = (
    r"(?:style|mood|lighting|lights?|colou?rs?|weather|season|(?:camera )?angle|perspective"
    r"|viewpoint|vibe|atmosphere|tone|contrast|brightness|saturation|palette|colou?r (?:scheme"
    r"|palette)|composition|pose|framing|expression|outfit)"
)
"""What a picture has without it being shown: "a darker mood" is no picture of its own."""
REGION: Final = (
    r"(?P<region>(?!(?:it|that|this|them|these|those|him|her|all|everything|both|me"
    r"|us)\b)[\w'-]+(?: (?!(?:to|with|for|in|into|by|from|on|at|should|be|is|are|look"
    r"|and)\b)[\w'-]+){0,3}?)"
)


def _region(match: re.Match[str], heard: Heard) -> str:
    """The part named, without "in the first", or nothing where it is no part but a quality of the whole."""
    region = tidy(re.sub(rf"\s+(?:in|on|of|from|at)\s*{PIC}?$|{PIC}", "", match["region"]))
    return (
        ""
        if full(rf"(?:{OVERALL}|(?:[\w-]+ )?{PICTURE}|{NUMBER}|day|night|{P}|one|last one)", region) or not region
        else region
    )


LED: Final = rf"^{PIC}[,:]?\s+(?:but )?|^(?:now|and|also|then|but|only|just)\s+"
GONE: Final = (
    r"(?:remove|erase|delete|lose|drop|ditch|get rid of|take (?:out|away|off)|hide|cut(?: out)?"
    r"|edit out|paint out|clean up|wipe(?: out)?|kill|eliminate|scrap|crop out|photoshop out"
    rf"|clear|strip|no more|take)\s+(?:{DET}\s+)?{REGION}(?: (?:out|away|off|completely|entirely"
    r"|please|too))*(?:\s+(?:in|from|on|off|out of|behind|at)\s+(?:the |his |her |its "
    r")?(?P<where>[\w ]+))?$"
)
""" "remove the hat from the fox"."""
ARROW: Final = r"(?P<region>[\w-]+) (?:->|=>|-->|to|into) (?P<new>(?:an? |the )?[\w-]+(?: [\w-]+)?)"
""" "cat -> dog", of something that is in the picture."""
PAINTED: Final = (
    rf"(?:make|paint|colou?r|dye|tint|recolou?r|repaint|have|turn|set) (?:{DET} ){REGION} "
    r"(?P<new>(?:a (?:bit|little) |slightly |much |way |more |less |really |very |all |bright "
    r"|dark |light |deep |pale )*(?:[\w-]+|\w+ and \w+|an? [\w ]+))"
)
""" "paint the car red": where more than one word names the thing, it must be one that is there."""
SWAPS: Final[tuple[str, ...]] = (
    ARROW,
    rf"(?:fill|cover)(?: in| up)? (?:{DET} )(?P<region>(?!frame|canvas|whole|rest)"
    rf"[\w' -]{{3,40}}?) with (?P<new>.+)",
    rf"(?:replace|swap|exchange|switch|substitute)(?: out)? (?:{DET} )?{REGION} (?:with|for|by|to"
    r"|into|out for) (?P<new>.+)",
    rf"(?:change|turn|transform|convert|make|morph|recolou?r|repaint) (?:{DET} ){REGION} (?:to"
    r"|into|in|be|become|look like|look) (?P<new>.+)",
    PAINTED,
    rf"(?:should |could |would |can |might |what if )?(?:{DET} ){REGION} (?:should be|must be"
    r"|could be|needs to be|should look|be|has to be|ought to be|were|was) (?P<new>.+)",
    r"(?:put|use|have|give me|insert|paint|draw|place) (?P<new>.+?) (?:instead of|in place of"
    rf"|rather than|where) (?:{DET} ){REGION}(?: (?:is|was|are))?",
    rf"(?:just |only )?(?:inpaint|redo|redraw|repaint) (?:only |just )?(?:{DET} ){REGION}(?:,? (?:and |so )?"
    r"(?:i want|make|let) (?:it|them)(?: to)?(?: be| look)? | with )(?P<new>.+)",
    r"(?:just |only )?(?:inpaint|redo|redraw|repaint|regenerate|re-?do|fix|correct|repair|improve"
    rf"|re-?generate|sharpen|clean up|touch up|retouch) (?:only |just )?(?:{DET} )?{REGION}(?:(?: "
    r"as| with| to be| to|:|,| into| so that it(?:'s| is)) (?P<new>.+))?",
    rf"(?:change|alter|modify) (?:only |just )?(?:{DET} ){REGION}(?:(?::|,) (?:make (?:it|them) "
    r"|to )?(?P<new>.+))?",
)
"""One thing in place of another, or a thing that is to look otherwise."""
OF_THE_WHOLE: Final = r"(?:make|have|turn|should|could|would|can|the|his|her|its)\b"
""" "make the fox blue" of a picture of a fox changes all of it."""
WRONG: Final = (
    rf"(?:{DET} )?{REGION} (?:is|are|looks?|seems?) (?:(?:a bit|really|so|very|kind of|all|still) "
    r")*(?:weird|wrong|ugly|off|bad|broken|messed up|deformed|strange|blurry|mangled|terrible"
    r"|funny|odd|distorted)(?:[,.;]? (?:and |so |can you |could you |please )*(?:fix|repair"
    r"|correct|redo|change|improve) (?:it|that|them|this))?"
)
""" "her hands look weird"."""
OUTSIDE: Final = (
    r"(?:change |redraw |repaint |make |redo |regenerate |replace )?"
    r"(?:everything|all|anything|the rest|the whole (?:picture"
    r"|thing|image)) (?:but|except(?: for)?|other than|apart from|besides|outside)(?: not)? "
    rf"(?:{DET} )?{REGION}(?: (?:should be|to|into|in|should look|is|be|made|as)\s*(?P<new>.+)| "
    r"(?P<adj>\w+))?"
)
""" "everything but the fox in snow"."""


def inpaint(heard: Heard) -> Found | None:
    """ "remove the hat", "change the sky to a sunset", "replace the umbrella with a balloon", "fix her hands"."""
    if not (heard.ask.pictures or heard.ask.sources):
        return None
    text = tidy(re.sub(LED, "", heard.text, flags=re.IGNORECASE))
    text = tidy(re.sub(rf"^(?:in|on|for|from) {PIC}[,:]?\s*", "", text, flags=re.IGNORECASE))
    inner = tidy(
        re.sub(
            rf"{FROM_IT}$|(?<=\w) (?:in|on|from|of) {PIC}(?=,| (?:with|to|into|as)\b)", "", text, flags=re.IGNORECASE
        )
    )
    return next(
        (found for form in (_gone, _swapped, _wrong, _lacking, _outside) if (found := form(inner, heard))), None
    )


def _gone(inner: str, heard: Heard) -> Found | None:
    """ "remove the hat"."""
    gone = starts(GONE, inner)
    if not gone or full(rf"(?:{PIC}|{P}|queue|job)", gone["region"]):
        return None
    region = _region(gone, heard)
    pointed = holds(rf"\b{DET}\s+{re.escape(gone['region'])}", inner)
    if not region or not (pointed or _shown(region, heard) or len(region.split()) == 1):
        return None
    listed = re.sub(r"\s+(?:and|&)\s+(?:the |his |her )?", ", ", region)
    return Found("inpaint", one_meant(heard), region=region, gone=listed, instruction=inner)


def _swapped(inner: str, heard: Heard) -> Found | None:
    """ "replace the umbrella with a balloon", "paint the car red", "fix her hands"."""
    matches = ((pattern, match) for pattern in SWAPS if (match := full(pattern, inner)))
    for pattern, match in matches:
        region, new = _region(match, heard), tidy(match["new"] or "")
        if not region or full(rf"{OVERALL}|{PIC}", region) or (not new and full(r"(?:make|turn).*", inner)):
            continue
        if pattern == ARROW and not _shown(region, heard):
            continue
        if pattern == PAINTED and len(region.split()) > 1 and not (_shown(region, heard) or _part(region)):
            continue
        action: Action = "edit" if starts(OF_THE_WHOLE, inner) and _head(region, heard) else "inpaint"
        return Found(action, one_meant(heard), region=region, rest=inner if new else "", instruction=inner)
    return None


def _wrong(inner: str, heard: Heard) -> Found | None:
    """ "her hands look weird"."""
    wrong = full(WRONG, inner)
    region = _region(wrong, heard) if wrong else ""
    if not region or not (_shown(region, heard) or _part(region.split()[-1])):
        return None
    return Found("inpaint", one_meant(heard), region=region, instruction=inner)


LACKS: Final = rf"(?:{DET} )?{REGION} (?:is|are) missing (?P<new>.+)"
""" "the fox is missing a leg"."""


def _lacking(inner: str, heard: Heard) -> Found | None:
    """ "the fox is missing a leg"."""
    lacks = full(LACKS, inner)
    region = _region(lacks, heard) if lacks else ""
    if lacks is None or not region or not (_shown(region, heard) or _part(region.split()[-1])):
        return None
    return Found("edit", one_meant(heard), rest=f"give the {region} {lacks['new']}", instruction=inner)


def _outside(inner: str, heard: Heard) -> Found | None:
    """ "everything but the fox in snow"."""
    outside = full(OUTSIDE, inner)
    if not outside:
        return None
    new = tidy(outside["new"] or outside["adj"] or "")
    rest = f"make it {new}" if new else ""
    return Found("inpaint", one_meant(heard), region=f"not {outside['region']}", rest=rest, instruction=inner)


def region_of(heard: Heard) -> str:
    """The first part of the picture that is named, such as "the sky"; empty where none is."""
    named = re.finditer(rf"\b{DET} (?P<part>[\w'-]+)", heard.text, re.IGNORECASE)
    return next((one["part"] for one in named if _part(one["part"]) or _shown(one["part"], heard)), "")


def _shown(words: str, heard: Heard) -> bool:
    """Whether the picture meant is known to show this."""
    found = heard.meant.recipe(heard.ask)
    said = f"{found.wish} {found.prompt} {found.instruction}".lower() if found else ""
    return bool(re.search(rf"\b{re.escape(words.lower().split()[-1].rstrip('s'))}", said))


def _head(words: str, heard: Heard) -> bool:
    """Whether this is what the picture is of, rather than a part of it."""
    found = heard.meant.recipe(heard.ask)
    return found is not None and singular(head_noun(found.wish or found.prompt)) == singular(words.lower().split()[-1])


PARTS: Final = (
    r"(?:(?:left|right|big|small|little|old|front|back|upper|lower) )?(?:sky|background|backdrop"
    r"|foreground|ground|floor|hair|eyes?|face|hands?|hat|shirt|dress|clothes|outfit|jacket|coat"
    r"|shoes|boots|nose|mouth|ears?|tail|wings?|fur|beard|skin|wall|walls|water|grass|snow|roof"
    r"|door|windows?|moon|sun|clouds?|stars?|tree|trees|leaves|flowers?|sea|mountains?|head|legs?"
    r"|arms?|body|lips|glasses|car|house|fingers?|teeth|armou?r|scarf|text|logo|watermark|road"
    r"|fog|mist|smoke|shadows?)"
)
"""What a picture may well show without a word of its prompt saying so."""


def _part(words: str) -> bool:
    return bool(full(PARTS, words))


MAKE: Final = (
    r"(?:make|turn|transform|convert|change|render|restyle|repaint|let|have|set|recolou?r|paint"
    r"|colou?r|age|dress|rotate|flip|cover|fill|light|show|move|put|place|get|force)"
)
ADD: Final = r"(?:add|include|insert|throw in|introduce|draw in|paint in|bring in|sprinkle|slap|attach|stick|plop)"


WHO: Final = rf"(?:{P}|everyone|everybody|{DET} [\w-]+(?: [\w-]+)??)"
INTO: Final = rf"{MAKE} (?:the|this|that|my) (?:[\w-]+ )?{PICTURE} (?:in)?to (?P<new>.+)"
EDITS: Final[tuple[str, ...]] = (
    INTO,
    rf"{MAKE} {P}(?: (?:look|be|appear|seem|feel|become|all|both))?(?: (?:to|into|as|like|to be|to "
    r"look))? (?P<new>.+)",
    rf"give {WHO} (?P<new>.+)",
    rf"bring back (?:{DET} )?(?P<new>.+)",
    rf"bring (?:{DET} )?(?P<new>.+) back(?: in)?",
    rf"{ADD} (?P<new>.+)",
    r"(?:put|place|stick|slap|add) (?P<new>.+?) (?:there|here)",
    r"(?:put|place|stick|slap) (?P<new>[\w' -]+? (?:on|onto|over|in|into|around|behind|under|next "
    rf"to) (?:(?:the|his|her|its|their|that) [\w ]+|{P}))",
    r"(?:put|place|stick|set) (?P<new>(?:an?|some|two|three|four|five|more|the|his|her|many|lots "
    rf"of|another|{NUMBER})\s.+ (?:on|in|next to|behind|beside|near|under|over|above|around|onto"
    r"|into|in front of|to)\s.+)",
    rf"(?:make|have|let|get) (?:{DET}) (?P<new>[\w-]+(?: [\w-]+)? (?!of\b).+)",
    r"(?:turn|change|switch|transform|convert|swap) (?P<new>(?:day|night|summer|winter|autumn"
    rf"|spring|fall|morning|evening|it|{DET} {OVERALL}|{OVERALL})(?: .+)? (?:in)?(?:to|for) .+)",
    r"(?:change|adjust|alter|tweak|fix|improve|increase|boost|raise|lower|reduce|decrease"
    rf"|brighten|darken|warm|cool|invert|shift|boost)(?: up| down)? (?P<new>(?:{DET} )?(?:overall "
    rf")?{OVERALL}(?: .+)?)",
    (
        r"(?P<new>(?:brighten|darken|lighten|blur|sharpen|saturate|desaturate|soften|age"
        r"|colou?ri[sz]e|winterize|invert|tint|dim|decorate|illuminate|simplify|dirty|clean|warm|cool"
        r"|beautify)(?: (?:it|that|this|them|everything|PIC|the \w+))(?: up| down)?(?: .+)?)"
    ).replace("PIC", PIC),
)
"""How a wish to change the whole picture is put."""


def edit(heard: Heard) -> Found | None:
    """ "make it winter", "add a dragon", "give her sunglasses", "turn day into night"."""
    if not (heard.ask.pictures or heard.ask.sources):
        return None
    text = tidy(re.sub(r"^(?:now|and|also|then|but|so|please|instead)\s+", "", heard.text, flags=re.IGNORECASE))
    inner = tidy(
        re.sub(
            rf"^{PIC}[,:]?\s+(?=(?:{MAKE}|{ADD}|give|put)\b)|{FROM_IT}$|^(?:in|on|for|to|with) {PIC}[,:]?\s*",
            "",
            text,
            flags=re.IGNORECASE,
        )
    )
    calm = strength_of(inner)[1]
    match = next((found for pattern in EDITS for form in (inner, calm, text) if (found := full(pattern, form))), None)
    if not match or starts(
        rf"(?:put|place|move) {P} (?:in|into|to|on|among) (?:my )?(?:favourites|queue|trash|bin)", inner
    ):
        return None
    if starts(rf"(?:make|get|have|let) (?:me|us|an?|some|{NUMBER})\b", inner):
        return None
    if (
        starts(r"(?:make|have|let|get) ", inner)
        and not starts(rf"{MAKE} {P}", inner)
        and not _named_thing(match["new"], heard)
    ):
        return None
    rest = f"turn it into {match['new']}" if pattern_of(match) == INTO else inner
    return Found("edit", one_meant(heard), rest=rest, instruction=tidy(inner.replace(PIC, "it")))


def _named_thing(words: str, heard: Heard) -> bool:
    """ "make the fox smile": the thing is in the picture, or some part of it that everything has."""
    first = words.split()
    return any(_shown(word, heard) or _part(word) for word in first[:2])


BITS: Final = (
    r"(?:(?:just |only )?an? (?:(?:tiny|wee|little|teeny|whole) )?(?:bit|little|lot|touch|tad"
    r"|smidge|hair|notch)|slightly|much|way|even|far|so much|far too|really|significantly"
    r"|noticeably|somewhat|kind of)"
)
COMPARATIVE: Final = (
    r"(?:(?:big|larg|small|long|short|tall|wid|dark|bright|light|soft|sharp|thick|thinn|full"
    r"|round|redd|blu|green|happi|sadd|warm|cold|cool|strong|weak|old|young|clean|clear|deep|high"
    r"|low|clos|fluffi|curli|fatt|prett?i|cut|scari|nic|rich|smooth|crisp|bigg|angri|fanci|funni"
    r"|simpl|shini|spiki|hairi|mess?i|busi|wild|pal|whit|black)er|better|less|more|fewer)"
)
ADJECTIVES: Final = (
    rf"(?:(?:dark|light|deep|bright|pale|neon) )?{COLOUR}|(?:at )?(?:night(?:time)?|day(?:time)?"
    r"|dawn|dusk|sunset|sunrise|noon|midnight)|(?:in )?(?:winter|summer|autumn|spring)|rainy"
    r"|snowy|foggy|misty|stormy|sunny|cloudy|moody|spooky|scary|cute|happy|sad|angry|old|young"
    r"|vintage|retro|futuristic|modern|realistic|dramatic|colou?rful|dreamy|magical|gloomy|cozy"
    r"|cosy|festive|underwater|from (?:above|below|behind|afar|the side)|close-?up|symmetrical"
)
"""Looks, times and weathers that need something to be said of."""
FRAGMENT: Final = (
    rf"(?:{BITS} )+{COMPARATIVE}(?:,\s| (?:to|in|on|at|with|than)\s)|"
    r"(?:but|and|also|instead|plus|except|only|just)\b|(?:the |exact(?:ly the)? )?same\b|(?:no"
    r"|without|less|more|fewer|additional|extra|with(?: an?| the| some| more| no| less| fewer)?"
    rf"|minus)\s|(?:now )?(?:{BITS} )*(?:wider|taller|narrower|longer)\b|what (?:about|if)\b|how "
    r"about\b|(?:draw|redraw|redo|render|show|do|try|run|paint|repeat|generate|imagine|re-?render"
    rf"|make|see|put|use) {P}\b|(?:{BITS} )*(?:more|less|not as|not so) \w+|(?:{BITS} "
    rf")*(?:\w{{3,}}er)(?: and (?:{BITS} )*(?:\w{{3,}}er|more \w+|less \w+))?$|not (?:so|too|that"
    r"|as|quite so)\b|too (?:\w+)|(?:he|she|they|it|its|his|her|their|this|that|these|those|them"
    r"|him)(?:'s|'d|'re)?\b|(?:should|could|needs?|must|would)\b|(?:at|in|on|under|during|by"
    r"|inside|near|next to|behind|as|like|from|wearing|holding|riding|made of|using|for)\s|(?:the"
    r"|his|her|its) \w+(?: \w+)? (?:is|are|looks?|seems?) (?:(?:still|way|much|a bit|a little"
    r"|just|really) )*(?:too|not)\b|(?:(?:try|use|do|go for|have|see|want|get|give it|give me) "
    rf")?(?:(?:an?|another|the|some|with|in|from|more|much) )*(?:[\w-]+ ){{1,2}}?{QUALITY}$"
    r"|(?:keep )?everything (?:(?:should |must )?(?:be |stay |stays )?(?:exactly )?(?:the "
    rf")?)same\b|(?:\w+ ){{1,2}}(?:should|must|needs to|ought to) (?:be|have|look|get|wear|hold)\b"
    rf"|(?:{BITS} )*{COMPARATIVE}(?: and {COMPARATIVE})? [\w-]+(?: [\w-]+)?$|(?:try|use|go with|go "
    rf"for|let's try)\s|(?:{ADJECTIVES})(?: (?:and|&) (?:{ADJECTIVES}))?$|(?:everyone|everything"
    r"|everybody) (?:should|in|is|wearing)\b|change\b|use\b|switch\b|swap\b|replace\b|lock\b"
    r"|keep\b"
)
"""How a change to the last picture begins."""


IS: Final = r"(?:is|are|looks?|came out|turned out|seems?|was|feels?)"
ONCE_MORE: Final = (
    rf"(?:(?:draw|do|try|run|make|show me|give me|paint|render) (?:{P} |the same |one )?)?(?:again"
    r"|once (?:more|again)|another one|one more(?: time)?|redo(?: it| that| this)?|same again|try "
    r"again|do it again|another|reroll|regenerate)"
)
HOW: Final = (
    r"(?:with|without|at|in|on|under|no|wider|taller|darker|brighter|make|as|more|less|\w+er|this"
    r"|for|inside|near|by|seed|use|using|a bit|slightly)"
)


ONE_MORE: Final = (
    r"(?:(?:draw|do|make|give me|show me|try|paint|create|generate|and|now|then|also|maybe|let's (?:do|try))\s+)*"
    r"(?:one|another(?: one)?|a(?:nother)? (?:version|variant)|(?:one|a) more(?: version)?)\s+"
    r"(?=(?:with|without|for|in|at|where|but|as|on|under|during)\b)"
)
""" "do one with a red scarf", "make a version for christmas"."""


AGAIN_BUT: Final = (
    r"(?:(?:draw|do|paint|make|show me|try|redo) )?the (?P<what>[\w -]{2,40}?) (?:again|once more),?"
    r" (?:but |only |just |this time )*(?P<more>.+)"
)
""" "draw the fox again but older"."""


def _same_thing(text: str, heard: Heard) -> str:
    """ "white horse" after a horse: what is to be different about it."""
    newest = heard.ask.pictures[0][1]
    head = head_noun(newest.wish or newest.prompt).lower()
    match = full(
        r"(?P<like>(?!(?:an?|the|some|two|three|four|one|my|his|her|draw|paint|make|another"
        r"|new|no|not|without|minus|sans)\b)[\w-]+(?: [\w-]+)?) (?P<noun>[\w-]+)",
        text,
    )
    return match["like"] if match and head and singular(match["noun"].lower()) == singular(head) else ""


def change(heard: Heard) -> Found | None:
    """ "the second one, but at night", "same in watercolour", "darker", "a tiger instead": the recipe, changed."""
    text = heard.text
    if not heard.ask.pictures:
        return (
            Found("remix")
            if full(
                rf"(?:{PIC}[,.;:]?\s+(?:but|again|with|without|at|in|as|and|instead|darker|wider|brighter)\b.*"
                r"|(?:the |exactly the )?same\b(?: (?:thing|picture|one|again|prompt|image))*[, ]+(?:but|at"
                r"|in|with|without|again|only)\b.*|(?:make|turn|change|give|put|paint|redraw|redo|move) "
                rf"{P}\b.*|(?:it|he|she|they) (?:should|needs?|must)\b.*|(?:a (?:bit|little) )?(?:wider|taller"
                r"|darker|brighter))",
                text,
            )
            else None
        )
    led = starts(
        r"(?:(?:try|do|redo|draw|render|run|make|paint|show me|give me|use|take|generate|like|repeat"
        rf"|see|re-?draw|re-?run|re-?do|have|get)\s+)?{PIC}\s*[,:;.]?\s*(?:(?:again|once more"
        r"|though)\b)?[,:;.]?\s*(?=\S)",
        text,
    )
    if led and not starts(rf"(?:and|,)?\s*(?:{P})", text[led.end() :] or "x"):
        return Found("remix", rest=tidy(text[led.end() :]))
    if (
        holds(PIC, text)
        and not full(PIC, text)
        and starts(rf"(?:{FRAGMENT}|.*\b(?:in|on|for|with|to|of|from)\s*{PIC}$)", text)
    ):
        return Found("remix", rest=tidy(re.sub(rf"(?:\b(?:in|on|for|with|to|of|from)\s+)?{PIC}", "", text)))
    if more := starts(rf"{ONCE_MORE}(?:[,. ]+(?:but|and|only|just|this time|except)\b|,| (?={HOW}\b))[, ]*", text):
        return Found("remix", rest=text[more.end() :]) if text[more.end() :] else None
    if like := _same_thing(text, heard):
        return Found("remix", rest=like)
    scene = re.match(
        r"(?:in|at|on|under|near|inside)\s[^,]*?(?:,\s*|:\s+)(?:an?|two|three|some|the)\s", text, re.IGNORECASE
    )
    if scene and not starts(r"(?:in|at|on) (?:the )?(?:same|it|that)", text):
        return None
    if (shown := full(AGAIN_BUT, text)) and described(shown["what"], heard.ask):
        return Found("remix", described(shown["what"], heard.ask), rest=shown["more"])
    if (one := starts(ONE_MORE, text)) and text[one.end() :]:
        return Found("remix", rest=text[one.end() :])
    if starts(FRAGMENT, text) or holds(r"\binstead\b(?! of the usual)", text):
        return Found("remix", rest=text)
    return None
