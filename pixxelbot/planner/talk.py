"""Small talk and help: requests that are answered in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from pixxelbot.planner.words import compiled

HELP: Final = (
    "Tell me what to draw, for example “three wide pictures of a red fox in the snow, no trees”. "
    "Then go on from there: “the second one, but at night”, “wider”, “vary the third”, “remove "
    "the hat”, “zoom out”, “upscale it”, “again”, “undo”, “cancel”. Flags work too: --ar 3:2 "
    "--seed 7 --no clouds --steps 30 --style watercolour --raw."
)
WORDS_ONLY: Final = (
    "I draw pictures and change them; for conversation I would need a language model, and none "
    "answers here. Tell me what you would like to see."
)
WELCOME: Final = "You are welcome. Say what to change, or what to draw next."
GLAD: Final = "I am glad you like it. Say what to change, or “upscale the first” for a larger one."
SORRY: Final = "Sorry about that. Say what should be different, or “again” for another try."
NEXT: Final = "Tell me what to draw, or what to change in the last picture."
I_AM: Final = (
    "I am pixxelbot: I turn words into pictures on this server's own hardware. Tell me what you would like to see."
)
GOOD: Final = (
    r"(?:wow+|nice|cool|great|awesome|amazing|beautiful|lovely|perfect(?:ion)?|good|wonderful"
    r"|fantastic|brilliant|lo+l|lma+o+|rofl|(?:ha){2,}h?|he(?:he)+|xd|gg|gorgeous|stunning"
    r"|incredible|superb|excellent|sweet|neat|sick|dope|epic|insane|adorable|cute|hilarious"
    r"|fun(?:ny)?|impressive|outstanding|magnificent|well done|a masterpiece|masterpiece|fire|lit"
    r"|pog(?:gers)?|based|nice one|chef'?s kiss|spot on|love(?:ly)?|bravo|yay+|woo+(?:hoo)?"
    r"|hooray|omg|whoa+|damn|dang|holy (?:moly|cow|shit)|interesting|better|much better|not bad"
    r"|exactly(?: what i (?:wanted|meant))?|yes+|that's it|the one|the winner|rock|rocks|rule|the "
    r"best|a genius|a legend|legend|genius|right|it|closer|on point)"
)
BAD: Final = (
    r"(?:bad|terrible|awful|horrible|ugly|weird|creepy|cursed|meh|boring|lame|disappointing|ew+"
    r"|yuck|wrong|not (?:good|great|what i (?:wanted|meant|asked(?: for)?))|trash|garbage|no good"
    r"|so-so|strange|broken|bruh)"
)
WHOM: Final = (
    r"(?:\W*(?:there|bot|pixxelbot|all|everyone|again|friend|buddy|mate|dude|man|guys|folks"
    r"|y'?all|my friend|bro|sir|you))*"
)
SUBJECT: Final = (
    r"(?:(?:(?:it|this|that|they|these|those|the (?:first|second|third|fourth|last)(?: one)?|you"
    r"|result|the results?)(?:'s| is| are|'re| looks?| look| came out| turned out| seems?| did| "
    r"have outdone yourself)?|what (?:a|an)|how|you did(?: a)?|i think (?:it|that)(?:'s| is))\s+)?"
)
VERY: Final = (
    r"(?:(?:so|very|really|just|absolutely|pretty|quite|too|super|damn|totally|all|also|even"
    r"|kinda|such(?: a)?|a|an|the|one|actually|simply|looking|much)\s+)*"
)
ANSWERS: Final[tuple[tuple[str, Literal["chat", "help"], str], ...]] = (
    (
        r"start|menu|(?:i need )?(?:some )?help(?: me)?(?: out)?(?: please)?|\?+|(?:what(?:'s| are)? "
        r")?(?:the |your |all )?(?:available )?commands?(?: (?:are there|do you have|can i use"
        r"|list))?|usage|(?:show (?:me )?)?(?:the |your )?(?:help|manual|guide|instructions|tutorial"
        r"|commands|docs)|what (?:else )?(?:can|could) (?:you|i|we|this(?: bot| thing)?|it|the bot) "
        r"(?:do|say|ask|use|type|make|draw)\b.*|what (?:all )?do you do|what are you(?: good| made)? "
        r"for|(?:how|what) does (?:this|it|that|the bot|this (?:bot|thing)|everything|all this) "
        r"(?:work|do)\b.*|how do(?:es)? (?:you|one) work|what are your (?:features|capabilities"
        r"|abilities|skills)|how (?:do|can|could|would|should|does) (?:i|you|we|one|somebody|someone) "
        r"(?:use|start|work|get|make|draw|change|upscale|enlarge|vary|edit|remove|add|set|write|do"
        r"|type|ask|tell|delete|cancel|save|download|choose|pick|switch|blend|combine|generate|create"
        r"|turn|give|crop|zoom|inpaint|select)\b.*|(?:i (?:have|'ve) )?(?:got )?no (?:idea|clue)(?: "
        r"(?:how|what).*)?|i(?:'m| am) (?:lost|confused|new(?: here| to this)?|stuck)\b.*|i (?:don't"
        r"|can't|do not|cannot) (?:know|understand|get|figure out)(?: (?:how|what) .*| (?:this|it|any "
        r"of this))?|(?:show me |give me )?(?:some |an? )?examples?|where do i (?:start|begin)|teach "
        r"me.*|how to (?:use|start|make|draw|upscale|get)\b.*|(?:what|which) (?:styles?|models?|samplers?"
        r"|flags?|options|languages|sizes|aspect ratios) (?:are there|do you (?:have|know|support"
        r"|speak)|can i (?:use|choose|pick)|are (?:available|supported)|exist)|(?:list|show)(?: me)? "
        r"(?:all )?(?:the |your |available )*(?:styles|models|samplers|flags|commands|options"
        r"|features)|how do(?:es)? (?:the )?"
        r"(?:blend\w*|mixing|var\w+|upscal\w+|(?:in|out)paint\w*|zoom\w*|morph\w*|interpolat\w+|sweeps?|remix\w*"
        r"|picture arithmetic|negative prompts?|(?:the )?queue|locks?|flags|permutations|wildcards) works?"
        r"|what(?:'s| is| are| does) (?:a |an )?(?:seeds?|samplers?|cfg|guidance(?: scale)?"
        r"|aspect ratios?|negative prompts?|flags?|steps|sweep)(?: (?:mean|do))?"
        r"|explain (?:how (?:this|it) works|yourself|the (?:commands|flags))",
        "help",
        HELP,
    ),
    (
        r"(?:please )?(?:tell|write|sing|read) (?:me |us )?(?:a |an |some |another )?(?:jokes?|story"
        r"|stories|poem|something(?: (?:nice|funny|interesting))?|about yourself|fun fact|riddle|song"
        r"|secret|haiku).*",
        "chat",
        WORDS_ONLY,
    ),
    (
        r"(?:hi+|hello+|hey+|heya|yo+|hiya|howdy|sup|hola|greetings|good (?:morning|evening|afternoon"
        r"|day)|morning|evening|hallo|bonjour|ola|olá|こんにちは|what'?s up|wassup|hey ?hey|ahoy|salut"
        rf"|ciao|aloha|namaste|gm){WHOM}(?:[,!. ]* how (?:are|r) you(?: doing)?(?: today)?)?",
        "chat",
        "Hello! What would you like to see?",
    ),
    (
        r"(?:good ?night|bye+(?: bye)?|good ?bye|see (?:you|ya)(?: later| soon| tomorrow)?|ciao|cya"
        r"|later|gn|i'?m (?:off|out|done|leaving)|gotta go|that(?:'s| is| will be|'ll be) (?:all"
        r"|it)(?: for (?:now|today))?|ttyl|farewell|i have to go|talk later|brb|afk|be right back"
        rf"|back soon|one sec|gtg|g2g){WHOM}",
        "chat",
        "Until next time!",
    ),
    (
        r"(?:(?:ok(?:ay)?|cool|great|nice|perfect|awesome|wow|alright|amazing)[, ]+)?(?:many |much "
        r")?(?:thank(?:s| you| u)?|thx|ty+|cheers|danke|gracias|merci|obrigad[oa]|ありがとう|much "
        r"appreciated|appreciate it|i appreciate (?:it|that)|big thanks)(?: (?:so|very|you)(?: so| "
        rf"very)? ?much| a (?:lot|bunch|million|ton)| you| again| for .{{1,60}}| man| anyway| "
        rf"heaps)*{WHOM}(?:[,!. ]+(?:that's |it's |looks |you(?:'re|r| are)? )?{VERY}{GOOD})?{WHOM}",
        "chat",
        WELCOME,
    ),
    (
        rf"{SUBJECT}{VERY}{GOOD}(?:[ ,!.]+(?:and |(?:that|this|it)(?:'s| is) )?{VERY}{GOOD})*"
        rf"(?: (?:one|work|job|picture|pictures"
        rf"|stuff|bot|ones|results?|image|art|shot|though|indeed|man|tho))?(?!\W*again\b){WHOM}(?:[,.! ]+(?:thanks?"
        rf"|thank you|thx|ty))?{WHOM}",
        "chat",
        GLAD,
    ),
    (
        r"(?:omg |wow |haha |lol )?(?:i|we) (?:(?:really|do|absolutely|just|totally|kinda|quite|both) "
        r")*(?:love|like|adore|enjoy|dig|am (?:impressed|amazed|in love)|'m (?:impressed|amazed|in "
        r"love))(?: (?:it|this|that|them|these|those|you|your work|all of (?:them|these)|the (?:first"
        r"|second|third|fourth|last)(?: one)?|how .*|what .*))?(?: (?:a lot|so much|best|very much"
        r"|the most|all|better|too|most|bot))*",
        "chat",
        GLAD,
    ),
    (
        rf"(?:why (?:is|does|do) (?:it|this|that|they) (?:look )?)?{SUBJECT}{VERY}{BAD}(?: (?:one|job"
        r"|work|picture|bot|though|tho))?|i (?:(?:really|do) )?(?:hate|dislike|don't like|don't love) "
        r"(?:it|this|that|them|these|those)(?: (?:one|at all|much|very much))?|not (?:really "
        r")?(?:what i (?:wanted|meant|asked for|had in mind)|great|good)",
        "chat",
        SORRY,
    ),
    (
        r"(?:how are (?:you|things|ya)(?: (?:doing|today|feeling))*|how(?:'s| is) (?:it|everything"
        r"|life|your day|things)(?: going)?(?: today)?|how do you do|how(?:'ve| have) you been|you "
        r"(?:ok|okay|good|alright)|are you (?:ok|okay|there|awake|alive|online|up|working|busy|ready"
        r"|listening)|anyone (?:there|here)|you there)",
        "chat",
        "Ready to draw. What would you like to see?",
    ),
    (
        r"(?:(?:and )?(?:who|what)(?: exactly)? are (?:you|u)|what(?:'s| is) your (?:name|favourite "
        r".*|job|purpose|age)|are you (?:an? )?(?:bot|robot|human|person|ai|a\.i\.|real|sentient"
        r"|conscious|gpt|chatgpt|smart|free|girl|boy|midjourney|man|woman|machine)(?: \w+)*|are you "
        r"(?:real|alive|human|an? \w+(?: \w+)?)|who (?:made|built|created|wrote|owns|runs|programmed"
        r"|trained|is your (?:creator|owner|maker)) ?(?:you|this(?: bot)?|it)?|how old are you|where "
        r"(?:are you|do you (?:live|come)) ?(?:from|located)?|do you (?:like|love|sleep|dream|eat"
        r"|feel|have feelings|know me|remember me|speak|understand|think).*|can you (?:talk|speak"
        r"|think|hear me|feel|dream|understand me|keep a secret))",
        "chat",
        I_AM,
    ),
    (
        r"(?:yes|no|yeah|nope|ok(?:ay)?|k|kk|sure|maybe|hm+|hmm+|test|testing|yep|yup|nah|alright"
        r"|right|fine|i see|got it|understood|gotcha|oh|ah|uh|um+|so|well|interesting|really|wait"
        r"|cool cool|fair(?: enough)?|true|same|sorry|my bad|oops|whoops|never ever|what|huh|bruh|lol "
        r"ok|wow ok|aight|i guess|idc|whatever|true that|ping|hello world"
        r"|(?:(?:i|we) )?(?:was ?n'?t|were ?n'?t|'m not|am not|not) "
        r"(?:talking|speaking|writing) to (?:you|the bot|pixxelbot))",
        "chat",
        NEXT,
    ),
)
QUESTION: Final = re.compile(
    r"(?:and |but |so |ok |hey )?(?:who|why|when|where|how (?!about\b)|whose|which"
    r"|what(?!\s+(?:about|if)\b)|are (?:you|we|there|they)|do (?:you|i|we|they)|does|did (?:you"
    r"|it|we)|have you|has|is (?:it|this|that|there|a|the|he|she)|was|were|am i|will (?:you|it"
    r"|this|there)|should i|may i|tell me (?:a joke|about|why|how|what|who|when)|explain|what's"
    r"|who's|where's|how's|why's)\b.*",
    re.IGNORECASE,
)
"""With a question mark behind it, this asks for words and not for a picture."""
SEEN: Final = re.compile(r"(?:what|how) (?:would|does|do|might|could|will|did) .+ look(?: like)?\b", re.IGNORECASE)
"""A question that a picture answers."""
KNOWS: Final = re.compile(
    r"(?:why|who|when)\s+(?:is|are|was|were|do|does|did|can|can't|did|invented|wrote|made|won"
    r"|painted|has|have|should|would)\b.*|what (?:is|are|was|were)(?: the| a| an)? (?:meaning"
    r"|difference|capital|time|weather|date|best|point|reason|square root|distance|name|sum"
    r"|answer|most|largest|biggest|population)\b.*|(?:what|which) (?:day|time|year|month|date) "
    r"is\b.*|how (?:many|much|far|long|old|tall|big|deep|fast|often|come)\b.*|what's (?:the "
    r"(?:meaning|difference|capital|time|weather|date|point)|\d).*|what (?:is|are) \w+(?: "
    r"\w+)?\??|what (?:do you think|should (?:i|we) (?:draw|do|make|try|ask)|is your|does \w+ "
    r"mean)\b.*|do you think\b.*|can you (?:explain|tell me)\b.*|(?:explain|define) (?!it|that"
    r"|this)\w+.*|is (?:it|there) (?:safe|free|raining|possible|any|a (?:limit|way|queue)"
    r"|legal)\b.*|(?:whats|what's) \w+(?: \w+){0,2}\?|where (?:does|do|did) .*|how (?:does|do"
    r"|did) (?:a |an |the )?(?:diffusion|neural|stable|ai|models?|noise|guidance|seeds?|cfg"
    r"|samplers?|denoising|latent)\b.*",
    re.IGNORECASE,
)
"""A question to which even without its mark there is no picture."""


ABOUT_US: Final = re.compile(
    r"what did (?:i|we) (?:say|ask|write|type)\b|(?:where|what) (?:am i|is my (?:place|position)|are we) in (?:the )?"
    r"(?:queue|line)\b|how (?:long|big|full|far) is the (?:queue|line|wait)\b"
    r"|(?:is it (?:ok|okay|fine|allowed|legal) (?:to|if)|(?:am i|are we) allowed to|who owns"
    r"|can i (?:sell|print|share))\b"
    r"|which (?:one|of (?:them|these|those)) (?:do|would) you\b"
    r"|what (?:are you|is this|is the bot) (?:running|based|built) (?:on|with)\b",
    re.IGNORECASE,
)
"""A question about the conversation, the queue or the pictures' use, whatever other words it holds."""


@dataclass(frozen=True, slots=True)
class Talk:
    """An answer in words."""

    action: Literal["chat", "help"]
    reply: str


def small_talk(plain: str, words: str) -> Talk | None:
    """The answer to a greeting, thanks, praise or a call for help; None for anything else."""
    for said in (words.strip(" .!?,…~*_"), plain.strip(" .!?,…~*_")):
        for pattern, action, reply in ANSWERS:
            if compiled(pattern).fullmatch(said):
                return Talk(action, reply)
    return None


def question(plain: str, words: str) -> Talk | None:
    """The answer to a question that asks for words and not for a picture."""
    asked = words.rstrip().endswith("?")
    about_recipe = re.search(
        r"\b(?:prompt|seed|settings|recipe|parameters|words|made|drawn|draw|drew|make|my|pictures?"
        r"|images?|anything|second|first|third|fourth|last)\b|#\d|\bin (?:it|this|that)\b|(?:see|is "
        r"(?:this|that|it))\W*$",
        plain,
        re.IGNORECASE,
    )
    if re.match(
        r"how (?:many|much|often|long)\b.*\b(?:can|may|do|could|are) (?:i|we|you)\b|is there a (?:limit|quota)",
        plain,
        re.IGNORECASE,
    ) or ABOUT_US.match(plain):
        return Talk("chat", WORDS_ONLY)
    if SEEN.match(plain) or about_recipe:
        return None
    if KNOWS.fullmatch(plain.rstrip("?")) or (asked and QUESTION.fullmatch(plain)):
        return Talk("chat", WORDS_ONLY)
    return None
