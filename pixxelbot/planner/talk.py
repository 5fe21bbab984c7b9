"""Small talk and help: requests that are answered in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

HELP: Final = (
    "Tell me what to draw, for example “three wide pictures of a red fox in the snow, no trees”. Then go "
    "on from there: "
    "“the second one, but at night”, “wider”, “vary the third”, “upscale it”, “again”, “cancel”. "
    "Flags work too: --ar 3:2 --seed 7 --no clouds --steps 30 --style watercolour --raw."
)
WORDS_ONLY: Final = (
    "I draw pictures and change them; for conversation I would need a language model, and none answers here. "
    "Tell me what you would like to see."
)
ANSWERS: Final[tuple[tuple[str, Literal["chat", "help"], str], ...]] = (
    (
        r"help(?: me)?(?: out)?|\?+|commands|usage|(?:show (?:me )?)?(?:the )?help|what can (?:you|i|we) do.*"
        r"|what do you do|how does (?:this|it|that) work"
        r"|how do (?:i|you) (?:use|start|work|get started).*|(?:show me )?(?:some )?examples?",
        "help",
        HELP,
    ),
    (r"tell me (?:a joke|a story|about yourself|something)", "chat", WORDS_ONLY),
    (
        (
            r"(?:hi|hello|hey|yo|hiya|howdy|good (?:morning|evening|afternoon|day)|hallo|hola|bonjour|ola|olá"
            r"|こんにちは)(?: (?:there|bot|pixxelbot|all|everyone|again))?"
        ),
        "chat",
        "Hello! What would you like to see?",
    ),
    (
        r"(?:good ?night|bye|goodbye|see (?:you|ya)(?: later)?|ciao|cya)(?: (?:bot|pixxelbot|all|everyone))?",
        "chat",
        "Until next time!",
    ),
    (
        (
            r"(?:many |thank|thanks|thank you|thx|ty|cheers|danke|gracias|merci|obrigad[oa]|ありがとう)(?: (?:so|very) "
            r"much| a lot| you)?(?:,? (?:bot|pixxelbot|that's (?:great|perfect)))?"
        ),
        "chat",
        "You are welcome. Say what to change, or what to draw next.",
    ),
    (
        r"(?:(?:it|this|that|they|these|those)(?:'s| is| are|'re| looks?| came out)? )?(?:so |very |really "
        r"|just |absolutely |pretty )*"
        r"(?:wow|nice|cool|great|awesome|amazing|beautiful|lovely|perfect|good|wonderful|fantastic|brilliant"
        r"|lol|haha+|gorgeous|stunning|well done|good (?:job|work|bot)|nice (?:one|work|job)|great (?:job"
        r"|work))"
        r"(?: (?:one|work|job|picture|pictures))?",
        "chat",
        ("I am glad you like it. Say what to change, or “upscale the first” for a larger one."),
    ),
    (
        (
            r"(?:i )?(?:really )?(?:love|like) (?:it|this|that|them|these|the (?:first|second|third|fourth|last) "
            r"one)(?: (?:a lot|so much|best))?"
        ),
        "chat",
        "I am glad you like it. Say what to change, or “upscale the first” for a larger one.",
    ),
    (
        r"(?:how are you(?: (?:doing|today))?|how's it going|what's up|sup)",
        "chat",
        "Ready to draw. What would you like to see?",
    ),
    (
        r"(?:who|what) are you|what's your name|are you (?:a (?:bot|robot|human|person)|an ai|human|real)",
        "chat",
        "I am pixxelbot: I turn words into pictures on this server's own hardware. Tell me what you would like to see.",
    ),
    (
        r"(?:yes|no|yeah|nope|ok|okay|sure|maybe|hmm+|test|testing)",
        "chat",
        "Tell me what to draw, or what to change in the last picture.",
    ),
)
QUESTION: Final = re.compile(
    (
        r"(?:who|why|when|where|how (?!about\b)|whose|which|what(?!\s+(?:about|if|a)\b)|are you|do you|does"
        r"|did you|have you|is (?:it|this|that|there)|tell me (?:a joke|about))\b.*"
    ),
    re.IGNORECASE,
)
"""With a question mark behind it, this asks for words and not for a picture."""


@dataclass(frozen=True, slots=True)
class Talk:
    """An answer in words."""

    action: Literal["chat", "help"]
    reply: str


def small_talk(plain: str, words: str) -> Talk | None:
    """The answer to a greeting, thanks, praise, a call for help or a question; None for a request."""
    for said in (words.strip(" .!?,"), plain):
        for pattern, action, reply in ANSWERS:
            if re.fullmatch(pattern, said, re.IGNORECASE):
                return Talk(action, reply)
    about_recipe = re.search(r"\b(?:prompt|seed|settings|recipe|parameters|model)\b", plain, re.IGNORECASE)
    if words.rstrip().endswith("?") and QUESTION.fullmatch(plain) and not about_recipe:
        return Talk("chat", WORDS_ONLY)
    return None
