"""Rules for what draws nothing: stopping, going back, looking, keeping and throwing away."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from pixxelbot.planner.references import PIC, described
from pixxelbot.planner.rules.heard import Found, Heard, P, full, holds, less, named, nothing_left, on_pictures, starts
from pixxelbot.planner.words import NUMBER, PICTURE

STOP: Final = (
    r"(?:cancel|stop|abort|halt|quit|kill|never ?mind|forget (?:it|that|this|about (?:it|that"
    r"|this))|scratch that|don't bother|hold (?:on|it)|stahp|please stop|drop it|leave it)"
)
JOB: Final = (
    rf"(?:{P}|everything|all(?: of (?:it|them))?|(?:the|my|this|that|all|all my|your)?(?: (?:last"
    r"|current|running|latest|previous|whole|pending|queued|other))*(?: (?:jobs?|drawings?"
    r"|generations?|generating|renders?|rendering|requests?|queue|pictures?|images?|prompts?|work"
    r"|thing|task|order))|drawing|generating|rendering|doing (?:that|it|this)|what you(?:'re| "
    r"are) doing|now|already|right there|please|with (?:that|it|this)|making (?:it|that|this"
    r"|them))"
)


def cancel(heard: Heard) -> Found | None:
    """ "stop", "never mind", "abort my last job", "forget it, I changed my mind"."""
    plain = heard.text
    if full(rf"(?:no[, ]*)?(?:wait[, ]*)?{STOP}(?:[ ,.!]+(?:{STOP}|{JOB}))*", plain):
        return Found("cancel")
    if full(
        rf"{STOP}(?: {JOB})?[,.;!]? (?:i(?:'ve)? (?:changed|don't|do not|made|meant)|that(?:'s| is| "
        r"was)|it(?:'s| is)|wrong|my mistake|not needed|too (?:slow|long)|this is taking|i'm)\b.*",
        plain,
    ):
        return Found("cancel")
    return (
        Found("cancel")
        if full(
            r"(?:i )?changed my mind|don't (?:draw|make|do|generate) (?:it|that|this|anything|them)|take "
            r"me out of the queue|(?:remove|take) (?:it|that|mine|me|my (?:job|request)) (?:from|out of"
            r"|off) the queue|no longer needed|i don't (?:want|need) (?:it|that|this|them) any ?more"
            r"|that's (?:a )?wrong (?:one|prompt),? stop",
            plain,
        )
        else None
    )


BACK_TO: Final = (
    rf"(?:{PIC}|(?:the )?(?:previous|last|earlier|first|original|old)(?: {PICTURE}| one| state| "
    r"look)?|before|how (?:it|that) was(?: before)?|(?:what|the way) (?:it|that|we) (?:was"
    rf"|had)(?: before)?|the one before|(?:the )?\w+ (?:one|{PICTURE}))"
)


def undo(heard: Heard) -> Found | None:
    """ "undo", "go back to the ice one", "take that back", "I liked it better before"."""
    last = (
        r"(?: (?:the |my |that |your )?(?:last|latest|previous|recent)? ?(?:change|changes|step|steps"
        r"|edit|edits|thing|action|one|move|upscale|variation|remix))?"
    )
    patterns = (
        rf"(?:undo|revert|roll ?back|ctrl ?\+? ?z|unto)(?: (?:{P}|all|one|a|two|twice|step|steps|once"
        rf"|everything))*{last}(?: to {BACK_TO})?",
        r"(?:go|flip|take (?:me|us|it)|step|get|let's go|jump|move|turn|change it|put it|bring it"
        r"|switch|return)(?: (?:one|a|two))?(?: steps?)? ?back(?: (?:one|a|two))?(?: steps?)?(?: "
        rf"(?:again|one|once|twice))?(?: to {BACK_TO})?",
        rf"back(?: to {BACK_TO}| up)?|return to {BACK_TO}|restore {BACK_TO}",
        rf"take (?:{P}|the last (?:change|step|edit)) back|(?:bring|get|want|have) (?:back )?{BACK_TO} "
        rf"back|bring back {BACK_TO}",
        rf"i (?:liked|preferred) {BACK_TO}(?: better| more)?",
        rf"(?:i (?:liked|preferred) )?(?:{BACK_TO}|it|that) (?:was |looked )?(?:better|more|nicer)(?: "
        r"before)?(?:[,.]? .*)?",
        rf"(?:i )?(?:don't like|hate|dislike) (?:{P}|the (?:last )?change)[,.;]? (?:go |take it "
        r"|change it |put it )?(?:back|undo)(?: it| that)?.*",
    )
    named_back = full(
        r"(?:go|take me|get|switch|return|jump)(?: back)? to (?P<np>(?:the|my|that) [\w ]+?)(?: "
        r"(?:one|picture|image|version|pictures))?",
        heard.text,
    )
    if named_back and (shown := described(named_back["np"].split(" ", 1)[1], heard.ask)):
        return Found("undo", shown, description=named_back["np"].split(" ", 1)[1])
    better = full(
        r"(?:i (?:liked|preferred) )?the (?P<np>[\w ]{2,30}?)(?: (?:one|version|picture|image)s?)? "
        r"(?:was|were|looked|is) (?:much |way |a lot |so much )?(?:better|nicer|best|more)",
        heard.text,
    )
    if better and heard.ask.pictures and not heard.meant.pointed:
        return Found("undo", described(better["np"], heard.ask), description=better["np"])
    if any(full(pattern, heard.text) for pattern in patterns) and not full(
        r"(?:it|that|this) (?:better|more|nicer)", heard.text
    ):
        return Found("undo", heard.meant.targets if heard.meant.pointed and not heard.meant.missing else ())
    return None


PARTS: Final = (
    r"(?:prompts?|seeds?|settings|parameters|params|recipe|model|samplers?|steps|styles?|cfg"
    r"|guidance(?: scale)?|negatives?(?: prompt)?|resolution|size|aspect(?: ratio)?|words|details"
    r"|info(?:rmation)?|metadata|scheduler|checkpoint|config)"
)


def recipe(heard: Heard) -> Found | None:
    """ "what prompt did you use?", "the seed of the second one", "show me its settings"."""
    text = heard.text
    if holds(r"\b(?:my|default) (?:settings|preferences|defaults)\b", text):
        return None
    asked = (
        r"(?:and )?(?:(?:copy|repeat|remind me of|what about) )?(?:what|which)(?:'s| is| was| were| "
        rf"are)? (?:the |its |your |that )?(?:(?:exact|full|actual|original|final|random) )?{PARTS}(?: "
        rf"and (?:the )?{PARTS})?\b(?!.*\b(?:matters?|can i|should|available|are there|do you (?:have"
        r"|know|support)|mean|count)\b).*",
        r"(?:copy|print|post|show|give|tell|send|get|view|see|see|print|post|what|paste)(?: me| "
        rf"us)?(?: again)? (?:the |its |all the |all |his |her |full |exact |what )*(?:{PIC}(?:'s)? "
        rf")?(?:full |exact |original )?{PARTS}(?: and (?:the )?{PARTS})*(?: (?:of|for|from|behind"
        r"|used|you used|on|in|again|were used)\b.*)?",
        rf"(?:the |its |full )?{PARTS}(?: and (?:the )?{PARTS})*(?: (?:of|for|from|on|behind) {P}| please|\?)?",
        rf"{PIC}(?:'s)? (?:full |exact )?{PARTS}",
        r"how many (?:sampling |denoising )?steps (?:was|were|did|does|is|has)\b.*",
        r"how (?:did|do|have) you (?:make|made|draw|drawn?|do|done|get|got|create|created?|generate"
        rf"|generated?|come up with|produce) {P}",
        r"(?:what|which) (?:words|did you) (?:did you )?(?:use|type|draw with|really use|send)\b.*",
        rf"what (?:was|were|did) (?:{P}|you)(?: (?:made|drawn|generated|draw|make|create) (?:with|from"
        r"|that with|it with|this with|it from))",
        rf"(?:can i see|let me see) (?:the |its )?{PARTS}\b.*",
    )
    if not any(full(pattern, text) for pattern in asked) or full(
        r"(?:styles?|words|size|model|steps|details)|.*\bprompts (?:for|from)\b.*|.*\bfull size\b.*", text
    ):
        return None
    return (
        Found("recipe")
        if heard.ask.pictures
        or heard.ask.sources
        or holds(rf"{P}|you|used?", text)
        or full(rf"(?:the )?(?:show me the )?{PARTS}", text)
        else None
    )


def history(heard: Heard) -> Found | None:
    """ "my history", "what did I make yesterday", "list my last 5 pictures"."""
    mine = (
        r"(?:pictures?|images?|pics?|creations?|stuff|works?|drawings?|generations?|renders?|results"
        r"|things|art|artworks?|jobs|requests|prompts)"
    )
    age = rf"(?:(?:recent|last|latest|previous|old|older|past|other|most recent|earlier|{NUMBER}) )*"
    when = r"(?: (?:from|of|since|during|in|so far|today|yesterday|this|last|ever|all|i've|i have|i made|i)\b.*)?"
    patterns = (
        rf"(?:what|which) {mine} (?:did|have|had) (?:i|we)\b.*",
        rf"(?:(?:show|list|see|open)(?: me)? )?(?:(?:my|the|all|our) )*{mine} (?:from|of|since) "
        r"(?:yesterday|today|this \w+|last \w+|the other day)",
        r"what (?:were|are|was) (?:my|our) (?:last|latest|recent|most recent|previous|earlier)\b.*",
        r"(?:(?:show|list|see|view|open|browse|display|give|get|scroll|check|look at|go through)(?: "
        rf"me| us)? )?(?:all (?:of )?|all the )?(?:(?:my|our) {age}(?:{mine}|history|gallery"
        rf"|favourites?|starred(?: {mine})?|favourite {mine})|(?:the |your )?(?:history|gallery)){when}",
        r"what (?:did|have|had) (?:i|we) (?:just |already |been )?(?:make|made|draw|drawn?|drawing|do"
        r"|done|ask|asked|create|created?|generate|generated?|making)\b.*",
        r"(?:show|list)(?: me)? (?:everything|all|what|the (?:pictures|images|stuff)) (?:that )?(?:i"
        r"|we)(?:'ve| have)? (?:made|drew|drawn|did|done|created|generated|asked for)\b.*",
        rf"(?:show|list|see)(?: me)? (?:the |my )?(?:last|latest|most recent|previous) {NUMBER} (?:{mine})",
        r"(?:history|gallery|my history|my gallery|favourites|my favourites)",
        rf"how many (?:{mine}) (?:have|did) (?:i|we)\b.*",
        r"(?:everything|all) (?:that )?(?:i|we)(?:'ve| have)? (?:made|drew|drawn|did|created|generated|asked for)\b.*",
        rf"(?:show|list)(?: me)? (?:mine|yesterday's|today's|last (?:week|night)'s)(?: {mine})?{when}",
    )
    if full(r"(?:the |a )?(?:history|gallery) of (?!(?:my|our|all)\b).*", heard.plain):
        return None
    return Found("history", ()) if any(full(pattern, heard.plain) for pattern in patterns) else None


def search(heard: Heard) -> Found | None:
    """ "find my pictures with a boat", "do I have anything with a red car?"."""
    plain = heard.plain
    many = (
        r"(?:pictures?|images?|pics?|drawings?|renders?|ones?|creations?|stuff|anything|something"
        r"|everything|things|results|artworks?|posts|photos?)"
    )
    about = (
        r"(?:with|of|that (?:has|have|shows?|are|is|had)|where|showing|containing|about|featuring|in "
        r"which|like|tagged|from when|i made (?:of|with))"
    )
    heads = (
        (r"(?:search|look|hunt|dig)(?: (?:through|in|my|the|our|all|history|gallery|pictures"
r"|images))*(?: (?:for|up))\s+"),
        r"search(?: my| our| the)?(?: pictures| history| gallery| images| archive)?(?: for)?[: ]+",
        (r"(?:find|locate|retrieve|dig up|fetch|pull up|where(?:'s| is| are)|look up)(?: me| "
rf"us)?(?=.*\b(?:my|the|all|that|those|one|our|every|any|old|earlier|previous|{many})\b)\s+"),
        (r"(?:do|did|have|has|can) (?:i|we|you|any(?:one|body)|some(?:one|body))(?: (?:still|ever|already|find|see))* "
r"(?:have|make|made|draw|drawn|find|got|get|create|created|do|done|generate)(?=.*\b(?:any|anything"
rf"|something|ever|{many}|one|my|a)\b)\s+"),
        (r"(?:show|give|list|get)(?: me| us)? (?=(?:(?:all|any|every|my|our|all of|all the|all my|the"
rf"|old|earlier|previous)\s+)+{many}\s+{about}\b)(?=(?:all|any|every|my|our|old|earlier"
r"|previous))"),
        rf"(?:which|what) (?:of )?(?:my |our |the )?{many} (?=(?:have|has|show|shows|with|of|had|contain)\b)",
        r"(?:is|are|was|were) there (?:any|a|an|some)\s+(?=(?:pictures?|images?|pics?)\b)",
        r"(?:are there |got |is there )?any(?:thing)? (?:pictures? |images? |pics? )?(?:of mine |i "
r"made |i have |of ours |of my pictures )(?=(?:with|of|showing)\b)",
    r"any (?:pictures|images|pics|drawings|renders) (?=(?:of|with|showing|about|featuring)\b)",
    r"anything (?:of mine |i made |i have )?(?=with\b)",
    )  # fmt: skip
    head = next((found for pattern in heads if (found := starts(pattern, plain))), None)
    if not head:
        return None
    query = plain[head.end() :].strip(" ?!.")
    filler = (
        r"^(?:(?:for|me|through|all|any|every|my|our|the|that|those|old|earlier|previous|a|an|some"
        rf"|one|{many}|(?:i|we) (?:made|drew|did)|of mine|{about}|to|up)\b\s*)+"
    )
    core = re.sub(filler, "", query, count=1, flags=re.IGNORECASE) or query
    core = less(
        r"[?.!]\s*(?:please )?(?:search|look|find)\b.*|\b(?:already|before|yet)\b"
        r"|\b(?:in|from|of) (?:my|the|our) (?:history|gallery|pictures|images|archive|stuff)\b"
        r"|\b(?:that )?i (?:made|drew|did)\b|\bagain\b|\bthat one\b",
        core,
    )
    return Found("search", (), query=core) if core else None


def shows(heard: Heard) -> Found | None:
    """ "show me the third again"."""
    verb = starts(
        (
            r"(?:show|display|open|view|see|look at|bring up|pull up|post|send|where is|display|repost|compare|dm"
            r"|full ?size|get)(?: me| us)?(?: here)?(?: (?=the\b|that\b|my\b|"
        )
        + PIC
        + r"))?\s*",
        heard.text,
    )
    if not verb or not heard.ask.pictures:
        return None
    rest = less(
        r"\b(?:(?:to|in|into) (?:my |the )?(?:dms?|direct messages|inbox)|side by side|again|once more"
        r"|in full(?: size)?|full ?size|by itself|alone|on its own|separately|up|here|back)\b",
        heard.text[verb.end() :],
    )
    if not rest:
        return None
    if nothing_left(rest) and holds(P, rest):
        return Found("show")
    found = named(rest, heard)
    return found if found and found.targets else None


def describe(heard: Heard) -> Found | None:
    """ "what's in the second picture?", "caption #3"."""
    text = heard.text
    if full(
        r"(?:describe|caption|explain|analy[sz]e|interpret|alt[- ]?text)(?: to me)?(?: what(?:'s| is| "
        rf"you see) (?:in|on))?\s*:?(?: (?:for|of))?\s*{P}?(?: (?:to me|in words|in detail|again|for "
        r"me|for my blind friend))*",
        text,
    ):
        return Found("describe")
    questions = (
        r"what(?:'s| is| are| do you see| can you see| all is| exactly is)?(?: (?:in|on|shown"
        rf"|happening|going on|there|depicted|visible|to see))* ?(?:in |on |with )?(?:{P})(?: (?:show"
        r"|depict|of|about|showing|supposed to be|contain|picture of))?",
        rf"what (?:does|do) {P} (?:show|depict|contain|look like|represent)",
        rf"tell me (?:what(?:'s| is| you see)(?: in| on)?|about|more about|what) {P}(?: (?:is"
        r"|shows))?(?: (?:about|of))?",
        r"(?:give me|write|make|generate|i need|get me)? ?(?:an? |some |the )?(?:good |short "
        r"|detailed )?(?:description|caption|alt[- ]?text|prompts?)s? (?:of|for|from|that (?:would "
        rf"make|describes?)) {P}",
        rf"(?:turn|convert) {P} (?:in)?to (?:a )?(?:prompts?|words|text)",
        rf"(?:reverse|guess) (?:engineer )?(?:the )?prompt(?: (?:of|for|from) {P})?",
        rf"(?:what|who|where|which|how (?:many|much|old|big)|is|are|does|what's|who's|where's)\b.* (?:in|on|of) {PIC}",
        rf"(?:who|what animal|what breed|what colou?r|how many .*) (?:is|are) (?:in|on) {PIC}",
    )
    if any(full(pattern, text) for pattern in questions) and (
        heard.meant.pointed or heard.ask.pictures or heard.ask.sources
    ):
        return Found("describe") if holds(P, text) else None
    verb = starts(r"(?:describe|caption)\s+", text)
    return on_pictures(heard, text[verb.end() :], "describe", first=True) if verb else None


def favourite(heard: Heard) -> Found | None:
    """ "star the second", "save it to my favourites"."""
    text = heard.text
    into = (
        r"(?: (?:to|in|into|as|among|with|on)(?: (?:my|the|our|a|one of))* (?:favourites?|collection"
        r"|gallery|list|best(?:s| of)?|starboard|board))?"
    )
    if full(
        r"(?:favourite|star|bookmark|heart|pin|save|keep|fave|mark|remember|store|like)(?: "
        rf"{P})*{into}|add {P}{into}|(?:add|put|save|move) (?:{P} )?(?:to|in|into) (?:my |the "
        rf")?favourites?|{P} (?:is|are|to|goes to|goes in)(?: (?:my|in))* (?:new |absolute |all-time "
        rf"|the )?favourites?(?: one)?|my favourite(?: is)? {P}|mark {P} as (?:a |my )?favourites?"
        rf"|make {P} (?:a|my) favourite|favourite:? {P}|favourite",
        text,
    ):
        return (
            None
            if full(r"(?:keep|like|save|heart|mark|remember|star)", text) and not heard.ask.pictures
            else Found("favourite")
        )
    verb = starts(r"(?:favourite|star|bookmark|heart|pin|save)\s+", text)
    return (
        on_pictures(heard, re.sub(into + "$", "", text[verb.end() :], flags=re.IGNORECASE), "favourite")
        if verb
        else None
    )


def delete(heard: Heard) -> Found | None:
    """ "delete the first"; "remove the hat" is an edit."""
    if full(
        rf"(?:get|take) {P} (?:off|out of|away from) (?:the |this |my |our )?(?:channel|server|chat|here)\b.*",
        heard.text,
    ):
        return Found("delete")
    verb = starts(
        r"(?:delete|remove|erase|trash|discard|bin|scrap|throw (?:away|out)|get rid of|dump|ditch"
        r"|toss(?: out)?|nuke|destroy|drop|lose|throw)\b\s*",
        heard.text,
    )
    if not verb:
        return None
    rest = less(
        r"\b(?:from (?:the |my )?(?:channel|history|gallery|here|server|chat|database)|for ?ever"
        r"|permanently|away|completely|out|everything|all(?: of (?:it|them))?)\b",
        heard.text[verb.end() :],
    )
    sure = starts(r"(?:delete|trash|discard|bin|scrap|throw|dump|nuke|destroy)", verb[0])
    if nothing_left(rest):
        return Found("delete") if sure or holds(P, heard.text[verb.end() :]) else None
    found = named(rest, heard) if sure else None
    return (
        replace(found, action="delete")
        if found and (found.targets or holds(r"\b(?:picture|image|one)s?$", rest))
        else None
    )


def shorten(heard: Heard) -> Found | None:
    """ "shorten: …", "which words matter in “…”?", "make this prompt shorter: …"."""
    plain = heard.plain
    heads = (
        r"shorten(?: (?:this|that|the|my|it|following|prompt|text|down|for me|of|last))*\s*[:,\"]?\s*",
        r"(?:which|what) (?:words|parts|tokens|bits|terms) (?:(?:in|of) (?:this|that|the|my)(?: last| long)? "
        r"prompt )?(?:really |actually )?(?:matter|count|are "
        r"(?:important|useless|needed|doing (?:the work|something|anything))|do (?:something"
        r"|anything)|have (?:an )?(?:effect|influence|impact))(?: (?:the )?most)?(?: (?:in|here|of"
        r"|for|to)(?: (?:this|that|the|my)(?: last| long)?(?: prompt)?)?)?\s*[:,]?\s*",
        r"(?:make|get|cut|trim|condense|compress|simplify|tighten|boil|reduce|prune|summari[sz]e"
        r"|optimi[sz]e)(?: (?:this|that|the|my|it|following|last|long|down|same))*(?: (?:prompt"
        r"|wording|words))(?: (?:shorter|down|more concise|smaller|up|to (?:the|its) essentials?|to "
        r"what matters|a bit))*\s*[:,]?\s*",
        r"(?:what|which) (?:words |parts )?can i (?:drop|cut|leave out|remove|lose)(?: (?:from|in"
        r"|of)(?: (?:this|that|the|my)(?: prompt)?)?)?\s*[:,]?\s*",
        r"(?:is|are) (?:all|every|any)(?: of)? (?:these|those|the|my)? ?words? (?:needed|necessary"
        r"|important|useful)(?: (?:in|here))?\s*[:,]?\s*",
        r"(?:too long|my prompt is too long)\s*[:,]\s*",
    )
    head = next((found for pattern in heads if (found := starts(pattern, plain))), None)
    if not head:
        return None
    rest = plain[head.end() :].strip(" \"“”?'")
    alone = full(
        rf"(?:{P}|the|my|last|prompt|of|for|in|from|one|\s|{PIC})*", heard.text[min(head.end(), len(heard.text)) :]
    )
    if not rest or alone:
        return Found("shorten")
    return None if starts(r"shorten (?:the|his|her|its) (?!prompt)", plain) else Found("shorten", (), query=rest)
