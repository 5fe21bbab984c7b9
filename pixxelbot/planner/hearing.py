"""What a member typed made into plain English: slang, emoji and slips of the finger put right, politeness taken off."""

from __future__ import annotations

import re
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
    "isnt": "isn't", "thats": "that's", "whats": "what's", "hows": "how's", "im": "i'm", "ive": "i've", "id": "i'd",
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
    "pic": "picture", "img": "image", "imgs": "images", "colour": "colour", "color": "colour", "colors": "colours",
    "gray": "grey", "vids": "videos", "upscaled": "upscaled", "ver": "version", "vers": "versions", "ya": "you",
    "yall": "you", "deets": "details", "coulda": "could have", "shoulda": "should have", "outta": "out of",
}  # fmt: skip
"""What members type for what they mean; only words that stand for nothing else in a wish."""
SIGNS: Final = {
    "🔁": "again", "🔄": "again", "♻": "again", "🎲": "again", "🔂": "again", "⭐": "favourite", "🌟": "favourite",
    "❤": "favourite",
    "🗑": "delete", "❌": "cancel", "🛑": "cancel", "🚫": "cancel", "⬆": "upscale", "🔍": "upscale", "🔎": "upscale",
    "↩": "undo", "⏪": "undo", "ℹ": "recipe", "❓": "help", "➕": "plus", "➖": "minus", "→": "to", "➡": "to", "×": "x",
    "–": "-", "−": "-",
    "👍": "nice", "🔥": "nice", "💯": "nice", "😍": "nice", "🤩": "nice", "👏": "nice", "😂": "lol", "🙏": "thanks",
    "👋": "hi",
}  # fmt: skip
"""What an emoji says in a message of few words; elsewhere it is decoration."""
KEYCAP: Final = re.compile("([0-9])\ufe0f?\u20e3")
EMOJI: Final = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff"
    "\ufe0f\u200d\u2122\u2139]+|<a?:\\w+:\\d+>"
)
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
    r"^(?:(?:please|hey|hi|hello|yo|ok(?:ay)?|k|yes|yeah|yep|yup|alright|so|well|u+m+|h+m+|er+"
    r"|ah+|oh+|ooh+|wow|cool|nice|great|awesome"
    r"|perfect|lovely|amazing|thanks|thank you|now|then|just|actually|maybe|perhaps|next|and now"
    r"|and then|also|sorry|bot|pixxelbot|dear bot|though"
    r"|lol|haha+|wait|alternatively|finally|better|good|right|sure|sweet|neat|dude|bro|man|guys"
    r"|mate|btw|fine)[,!.…]*(?:\s+there\b[,!.]*)?\s+(?!one\b|job\b|work\b|and a\b|looking\b|man\b)"
    r"|(?:no|nah|nope)[,!.]*\s+(?=(?:wait|actually|go|make|cancel|stop|undo|i |that|the |just|not that|use|try|do)\b)"
    r"|no[,!.]\s+"
    r"|(?:can|could|would|will|won't|can't|couldn't) (?:you|we|it) (?:please |just |maybe "
    r"|possibly |try to |try and |kindly |also |actually |pretty please )*(?!only\b)"
    r"|(?:can|could|may|might) (?:i|we) (?:please |just |maybe |also )*(?:have|get|see|ask for|request)(?: you)? "
    r"|(?:do you think |is it possible |any chance |is there a way |would it be possible )(?:you "
    r"(?:could|can) |to |we (?:could|can) )?(?:please )?"
    r"|i(?:'d| would)(?: really| also)? (?:like|love|want|prefer)(?: you)?(?: to)?(?: (?:see|have"
    r"|get|make|try)(?= ))?(?: it(?= if\b))?(?: if you could)? "
    r"|i (?:really |just |also |now |kind of )?(?:want|need|wish for|fancy)(?: you)?(?: to(?= "
    r"))?(?: (?:see|have|get)(?= ))? (?!it\b)"
    r"|i(?:'m| am) (?:looking for|after|thinking (?:of|about)|in the mood for) "
    r"|(?:let's|let us|lets)(?: see| try| have| do| go (?:with|for)| get)? (?!it\b)"
    r"|let me (?:see|have|get) |i think (?:i |we |you )?(?:should |could |want |'d like )?|you "
    r"could |you should |would you mind "
    r"|try (?:to |and )(?=\w)|go ahead and |be so kind (?:and|to) |how about (?:you |we )(?:just "
    r")?|why don't (?:you|we) |feel free to |time to |it's time to |(?:wenn möglich|pretty "
    r")please )",
    re.IGNORECASE,
)
TAIL: Final = re.compile(
    r"(?:[,\s.!?]+(?:please|thanks|thank you|many thanks|for me|right now|now|if you can|if "
    r"possible|if that's possible|ok|okay|bot|pixxelbot|asap|thank you so much|thanks a lot"
    r"|will you|would you|can you|could you|though|mate|dude|bro|lol|haha+|xd|tbh|imo|kindly|or "
    r"something(?: like that)?|or so|cheers|real quick|alright|yeah|right|eh|man|my friend|when "
    r"you can|when you have time))+\s*[.!?…]*$|[\s.!?…,;:~]+$",
    re.IGNORECASE,
)
POLITE_ROUNDS: Final = 8
"""Layers of politeness taken off: "hey, could you please …"."""


def heard(words: str) -> str:
    """One line of plain English: quotes straight, slang spelled out, slips mended, emoji said or left out."""
    text = KEYCAP.sub(r" #\1 ", one_line(words))
    text = _unsigned(text)
    text = re.sub(r"\b(pl|p+l)(?:e+a+s+e+|z+)\b", "please", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=\w)([!?])\1+", r"\1", text)
    return one_line(" ".join(_spelled(text)))


def _unsigned(text: str) -> str:
    bare = EMOJI.sub(" ", text)
    said = len(re.findall(r"\w+", bare)) <= LONGEST_SIGNED
    spoken = [SIGNS.get(sign, "") for sign in text if sign in SIGNS and EMOJI.match(sign)] if said else []
    mood = [word for word in spoken if word in ("nice", "lol", "thanks", "hi", "favourite")]
    if bare.strip() and (mood or not spoken):
        lead = "favourite " if said and re.match("[⭐🌟]", text) else ""
        return lead + _arrows(text if not spoken else bare, bare)
    first = next((word for word in spoken if word), "")
    return one_line(f"{first} {bare}") if first else bare if bare.strip() else "nice" if text.strip() else ""


def _arrows(text: str, bare: str) -> str:
    """The text without emoji; arrows and signs of arithmetic keep their meaning."""
    for sign in "→➡×–−➕➖":
        text = text.replace(sign, f" {SIGNS[sign]} ")
    return EMOJI.sub(" ", text) if text.strip() else bare


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
