"""What a member typed made into plain English: slang, emoji and slips of the finger put right, politeness taken off."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

from pixxelbot.planner.words import WINDOW, one_line

SLANG: Final = {
    "pls": "please", "plz": "please", "plss": "please", "pleeease": "please", "plox": "please", "u": "you",
    "ur": "your",
    "r": "are", "gimme": "give me", "gimmie": "give me", "wanna": "want to", "gonna": "going to", "lemme": "let me",
    "moar": "more", "w/": "with", "w/o": "without", "thx": "thanks", "ty": "thank you", "tysm": "thank you",
    "tyvm": "thank you", "bg": "background", "ppl": "people", "dont": "don't", "doesnt": "doesn't", "cant": "can't",
    "isnt": "isn't", "thats": "that's", "wheres": "where's", "whos": "who's", "em": "them",
    "whats": "what's", "hows": "how's", "im": "i'm", "ive": "i've", "id": "i'd",
    "upscl": "upscale", "upscal": "upscale",
    "favs": "favourites", "faves": "favourites", "fav": "favourite", "fave": "favourite", "favorite": "favourite",
    "favorites": "favourites", "hq": "high quality", "hires": "high-res", "highres": "high-res", "rn": "right now",
    "tho": "though", "cuz": "because", "nvm": "never mind", "nevermind": "never mind", "nm": "never mind",
    "b4": "before",
    "idk": "i don't know", "drow": "draw", "darw": "draw", "drwa": "draw", "dra": "draw", "maek": "make",
    "mkae": "make",
    "amke": "make", "shwo": "show", "sohw": "show", "teh": "the", "hte": "the", "wit": "with", "withot": "without",
    "wihtout": "without", "withuot": "without", "pix": "pictures", "secnod": "second", "seccond": "second",
    "2th": "2nd",
    "thrid": "third", "frist": "first", "forth": "fourth", "4rth": "fourth", "lil": "little", "kinda": "a bit",
    "sorta": "a bit", "slighty": "slightly", "slighlty": "slightly", "lightly": "slightly", "pics": "pictures",
    "pic": "picture", "img": "image", "imgs": "images", "colour": "colour", "vids": "videos", "upscaled": "upscaled",
    "ver": "version", "ya": "you",
    "yall": "you", "deets": "details", "coulda": "could have", "shoulda": "should have", "outta": "out of",
}  # fmt: skip
"""What members type for what they mean; only words that stand for nothing else in a wish."""
SIGNS: Final = {
    "🔁": "again", "🔄": "again", "♻": "again", "🎲": "again", "🔂": "again", "⭐": "favourite", "🌟": "favourite",
    "❤": "favourite",
    "🗑": "delete", "❌": "cancel", "🛑": "cancel", "🚫": "cancel", "⬆": "upscale", "🔍": "upscale", "🔎": "upscale",
    "↩": "undo", "⏪": "undo", "ℹ": "recipe", "❓": "help", "👍": "nice", "🔥": "nice", "💯": "nice", "😍": "nice",
    "🤩": "nice", "👏": "nice", "😂": "lol", "🙏": "thanks",
    "👋": "hi",
}  # fmt: skip
"""What an emoji says in a message of few words; elsewhere it is decoration."""
PLAIN: Final = {"➕": "plus", "➖": "minus", "→": "->", "➡": "->", "−": "-", "–": "-"}
"""Signs that are words wherever they stand."""
KEYCAP: Final = re.compile("([0-9])\ufe0f?\u20e3")
PICTOGRAMS: Final = "\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff"
ARROWS: Final = "\u2190-\u21ff\u2300-\u23ff\ufe0f\u200d\u2122\u2139"
EMOJI: Final = re.compile(rf"[{PICTOGRAMS}{ARROWS}]+|<a?:\w+:\d+>")
THING: Final = re.compile(
    "[\U0001f300-\U0001f37f\U0001f3d4-\U0001f3f0\U0001f400-\U0001f43e\U0001f577-\U0001f578\U0001f680-\U0001f6a4"
    "\U0001f980-\U0001f9ae\U0001f9d9-\U0001f9df\u2600-\u2604\u26c4\u26f0-\u26f5\u2744]"
)
"""Emoji of animals, plants, food, weather, places and vehicles: several by themselves are what is to be seen."""
AGAIN: Final = re.compile(
    r"(?:re-?roll|redo|again|repeat|retry|another|once more)(?: it| that| please)?", re.IGNORECASE
)
"""An emoji beside these says the same once more."""
LONGEST_SIGNED: Final = 6
"""Words beside which an emoji still is a command."""
COMMANDS: Final = (
    "upscale", "enlarge", "delete", "remove", "replace", "favourite", "describe", "variation", "variations",
    "background",
    "generate", "imagine", "illustrate", "interpolate", "outpaint", "inpaint", "pictures", "versions", "without",
    "watercolour", "wallpaper", "portrait", "landscape", "shorten", "settings", "history", "transparent", "different",
    "another", "slightly", "completely", "picture", "version", "cancel", "extend", "expand", "instead", "darker",
    "brighter",
)  # fmt: skip
"""Words in which one slip of the finger is mended."""
REAL: Final = frozenset(
    {"extent", "expend", "expands", "extends", "removed", "remover", "removes", "deleted", "deletes", "cancels",
    "replaced",
     "replaces", "enlarged", "upscales", "upscaled", "describes", "described", "imagines", "imagined", "imaging",
     "generated",
     "generates", "generator", "backgrounds", "settling", "setting", "portraits", "pictured", "wallpapers",
     "landscapes",
     "remote", "anther", "darken", "darkest", "barker", "marker", "parker", "dancer", "cancer", "inhistory",
     "illustrated", "illustrates",
     "favourites", "shortens", "shorter", "brighten", "nother", "lightly", "favorite", "version", "versions",
     "excancel"}
)  # fmt: skip
"""Words near a command that mean something else."""
LEAD: Final = re.compile(
    r"^(?:(?:i )?hope (?:you(?:r|'re)?|all|everyone|everybody|things)\b[^,.!?]{0,60}"
    r"[,.!?]+\s*|"
    r"(?:or |no,? |nah,? )*(?:what )?i mean(?:t)?[,:]?\s+(?!it\b)"
    r"|or (?:no|wait|rather|actually)[,.!]*\s+(?=(?:\S+ ){3})"
    r"|a+w+[,!.]*\s+|forget (?:it|that)[,.!]+\s+(?=\w+ \w+ \w)"
    r"|(?:no,? )?(?:that(?:'s| is| was)|it(?:'s| is)|this is)(?: really)? not (?:at all )?what i "
    r"(?:meant|wanted|asked for)[,.!]+\s+(?:i (?:wanted|meant|asked for)\s+)?(?=\w+ \w)"
    r"|(?:let's |let us )?(?:do |try |have )?something (?:completely |totally |entirely |very |quite )?"
    r"(?:different|else|new)(?: now)?\s*[,.!:;-]+\s*"
    r"|(?:cool|nice|great|awesome|perfect|good|lovely|ok(?:ay)?|alright) (?:and )?now[,:]?\s+"
    r"|(?:cool|nice|great|awesome|perfect|good|lovely)\s+(?=again$)"
    r"|(?:please|kindly|oops|whoops|ugh|hey|hi|hello|yo|ok(?:ay)?|k|yes|yeah|yep|yup|alright"
    r"|so|well|u+m+|h+m+|er+|a+h+|o+h+|wow|now|then|just|actually|maybe|perhaps|also|sorry|lol"
    r"|haha+|wait|alternatively|finally|thanks|thank you|and now|and then|and(?=,? (?:send|show|give|tell) me)|omg"
    r"|anyway"
    r"|btw)[,!.…]*(?:\s+(?:there|bot|pixxelbot|dude|man|friend|bro|mate)\b[,!.]*)?\s+(?!one\b"
    r"|job\b|work\b|and a\b)|(?:cool|nice|great|awesome|perfect|perf|noice|lovely|amazing|good"
    r"|better|right|fine|sweet|neat|next|bot|pixxelbot|dear bot|dude|bro|man|guys|mate|sure"
    r"|though|excellent|beautiful|wonderful|fantastic|brilliant|interesting|close|almost|new idea"
    r"|new one|next one|next up|something else|request|prompt|idea|compare|let's do something (?:else"
    r"|different|new)|different topic|change of plans?)\s*[,!.…:;-]+\s+|(?:ok(?:ay)?|and"
    r"|so)\s+(?:next|new one|now)\s*[:,]?\s+|(?:no|nah|nope)[,!.]*\s+(?=(?:wait|forget|never"
    r"|scratch|don't|let's|can|could|please|try|change|put|remove|actually|go|make|cancel|stop"
    r"|undo|i |that|the |just|not that|use|do)\b)|no[,!.]\s+|(?:can|could|would|will|won't|can't"
    r"|couldn't) (?:you|we|it(?! (?:be|look|get|become)\b)) (?:please |just |maybe |possibly "
    r"|try to |try and |kindly |also |actually |pretty please )*(?!only\b)"
    r"|(?:can|could|may|might) (?:i|we) (?:please |just "
    r"|maybe |also )*(?:have|get|ask for|request)(?: you)? (?!it\b)|(?:can|could|may|might) (?:i"
    r"|we) (?=(?:please |just |maybe )*see\b)|(?:do you think |is it possible |any chance |is "
    r"there a way |would it be possible )(?:you (?:could|can) |to |we (?:could|can) )?(?:please "
    r")?|i(?:'d| would)(?: really| also)? (?:like|love|want|prefer)(?: you)?(?: to(?= ))?(?: "
    r"(?:have|get|make|try)(?= ))?(?: it(?= if\b))?(?: if you could)? (?!it\b)|i (?:really |just "
    r"|also |now |kind of )?(?:want|need|wish for|fancy)(?: you)?(?: to(?= ))?(?: (?:have|get)(?= "
    r"))? (?!it\b)|i(?:'m| am) (?:looking for|after|thinking (?:of|about)|in the mood for) "
    r"|(?:let's|let us|lets)(?: see| try| have| do| go (?:with|for)| get)? (?!it\b)|let me "
    r"(?:have|get) |let me (?=see\b)|i think (?:i |we |you )?(?:should |could |want |'d like )?"
    r"|you could |you should |would you mind |try (?:to |and )(?=\w)|go ahead and |be so kind "
    r"(?:and|to) |how about (?:you |we )(?:just )?|why don't (?:you|we) |feel free to |time to "
    r"|it's time to |(?:wenn möglich|pretty )please )",
    re.IGNORECASE,
)
TAIL: Final = re.compile(
    r"(?:[,\s.!?]+(?:please|thanks|thank you|many thanks|for me|right now|now|if you can|if "
    r"possible|if that's possible|ok|okay|asap|thank you so much|thanks a lot|will you|would you"
    r"|can you|could you|though|lol|haha+|xd|tbh|imo|kindly|or something(?: like that)?|or so"
    r"|sorry|then|i guess|i think|cheers|real quick|my friend|when you can|when you have time)"
    r"|[,.!?]+\s*(?:bot|pixxelbot|mate|dude|bro|alright|yeah|right|eh|man))+\s*[.!?…]*$|[\s.!?…,;:~]+$",
    re.IGNORECASE,
)
POLITE_ROUNDS: Final = 8
"""Layers of politeness taken off: "hey, could you please …"."""


def heard(words: str) -> str:
    """One line of plain English: quotes straight, slang spelled out, slips mended, emoji said or left out."""
    text = KEYCAP.sub(r" #\1 ", one_line(words))
    text = _unsigned(text.translate({ord(sign): f" {said} " for sign, said in PLAIN.items()}))
    text = re.sub(r"\b(pl|p+l)(?:e+a+s+e+|z+)\b", "please", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=\w)([!?])\1+", r"\1", text)
    return one_line(" ".join(_spelled(text)))


def _unsigned(text: str) -> str:
    bare = EMOJI.sub(" ", text)
    shown = [] if bare.strip() else list(dict.fromkeys(filter(None, map(_shown, text))))
    if len(shown) > 1:
        return ", ".join(shown)
    if AGAIN.fullmatch(bare.strip()):
        return bare
    said = len(re.findall(r"\w+", bare)) <= LONGEST_SIGNED
    spoken = [SIGNS.get(sign, "") for sign in text if sign in SIGNS and EMOJI.match(sign)] if said else []
    mood = [word for word in spoken if word in ("nice", "lol", "thanks", "hi", "favourite")]
    if bare.strip() and (mood or not spoken):
        lead = "favourite " if said and re.match("[⭐🌟]", text) else ""
        return lead + bare
    first = next((word for word in spoken if word), "")
    return one_line(f"{first} {bare}") if first else bare if bare.strip() else "nice" if text.strip() else ""


def _shown(sign: str) -> str:
    """What an emoji shows, where it is a thing rather than a mood or a command."""
    if not THING.match(sign) or sign in SIGNS:
        return ""
    return re.sub(r"\b(?:face|symbol|with rays|emoji|sign)\b", "", unicodedata.name(sign, "").lower()).strip()


def _spelled(text: str) -> Iterator[str]:
    for token in text.split(" "):
        word = token.strip(",.!?;:()\"'…").lower()
        if token.lower() in ("w/", "w/o"):
            yield SLANG[token.lower()]
        elif word in SLANG and not (word in ("r", "id", "u", "dra", "ver") and token.isupper()):
            yield re.sub(re.escape(word), lambda _, said=SLANG[word]: said, token, count=1, flags=re.IGNORECASE)  # type: ignore[misc]
        elif len(word) >= 6 and (mended := _mended(word)) != word:
            yield re.sub(re.escape(word), mended, token, count=1, flags=re.IGNORECASE)
        else:
            yield token


@cache
def _near() -> dict[str, str]:
    """Every form with one letter left out, swapped with its neighbour, doubled or wrong (`?`) → the command."""
    forms: dict[str, str] = {}
    for command in COMMANDS:
        for place in range(1, len(command)):
            forms.setdefault(command[:place] + command[place + 1 :], command)
            forms.setdefault(command[:place] + command[place] + command[place:], command)
            if place + 1 < len(command):
                forms.setdefault(command[:place] + command[place + 1] + command[place] + command[place + 2 :], command)
            forms.setdefault(command[:place] + "?" + command[place + 1 :], command)
    return forms


def _mended(word: str) -> str:
    if word in COMMANDS or word in REAL or word.removesuffix("s") in COMMANDS or not word.isascii():
        return word
    near = _near()
    if word in near:
        return near[word]
    wrong = (word[:place] + "?" + word[place + 1 :] for place in range(1, len(word)))
    return next((near[form] for form in wrong if form in near), word)


def polite_off(words: str) -> str:
    """The words without politeness and interjections around them."""
    for _ in range(POLITE_ROUNDS):
        before = words
        words = LEAD.sub("", words, count=1)
        if tail := TAIL.search(words, max(len(words) - WINDOW, 0)):
            words = words[: tail.start()]
        words = words.strip(" ,")
        if words == before:
            break
    return words
