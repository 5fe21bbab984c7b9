"""What a language model answered, made into an Intent. Its answer is data: it fills in a form and decides nothing.

Whatever it says is clamped to the model's limits, stripped of mentions and addresses, and may speak only of pictures
that it was shown. What options and flags fixed stays fixed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from typing import Any, Final, get_args

from pydantic_core import from_json

from pixxelbot.errors import PlannerAnswerInvalid
from pixxelbot.intent import MAX_LABEL, Action, Ask, Changes, Choice, Intent
from pixxelbot.planner import styles
from pixxelbot.planner.expansion import expand
from pixxelbot.planner.flags import MAX_RATIO
from pixxelbot.planner.networks import MAX_WEIGHT as MAX_LORA
from pixxelbot.planner.networks import MOST as MOST_LORAS
from pixxelbot.planner.networks import offered, spoken_of
from pixxelbot.planner.references import grids
from pixxelbot.planner.styles import MAX_WEIGHT
from pixxelbot.planner.talk import HELP
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, MAX_SEED, Control, Direction, Limits

ACTIONS: Final[tuple[str, ...]] = get_args(Action)
"""What a language model may choose."""
NEEDS_PICTURE: Final = frozenset(
    {"remix", "vary", "again", "upscale", "delete", "edit", "inpaint", "outpaint", "blend", "interpolate", "arithmetic",
     "control", "sweep", "background", "making_of", "describe", "recipe", "favourite", "show"}
)  # fmt: skip
"""Actions that follow earlier pictures."""
MAKES_PROMPT: Final = frozenset({"imagine", "remix", "edit", "inpaint", "outpaint", "control"})
"""Actions for which a new prompt may be written; the others keep their picture's."""
IN_WORDS: Final = frozenset(
    {"help", "chat", "clarify", "cancel", "delete", "undo", "describe", "shorten", "search", "history", "show",
     "recipe", "favourite"}
)  # fmt: skip
"""Actions that have no parameters."""
REPLIES: Final = frozenset({"chat", "clarify"})
SAID_PLAINLY: Final = {
    "delete": re.compile(r"delet|remov|eras|trash|discard|lösch|borra|supprim|apag|elimin|削除|消", re.IGNORECASE),
    "cancel": re.compile(
        r"cancel|stop|abort|halt|never ?mind|forget|abbrech|stopp|annul|par[ae]|キャンセル|止", re.IGNORECASE
    ),
    "settings": re.compile(
        r"lock|always|keep|from now|default|setting|immer|sperr|siempre|bloque|toujours|verrouill|sempre|固定|いつも",
        re.IGNORECASE,
    ),
}
"""An action that destroys or lasts needs the member's own word for it, whatever the answer says."""
LOCKABLE: Final = (
    "prompt", "negative_prompt", "styles", "aspect", "count", "seed", "steps", "guidance_scale", "sampler", "model",
    "mode", "verbatim", "tile",
)  # fmt: skip
STARTS: Final = re.compile(
    r"\b(?:from|us(?:e|ing)|based|start|reference|inspired|like|into|turn|as an?)\b|von|wie|als|de|como|comme|から",
    re.IGNORECASE,
)
"""Words by which an earlier picture is made the start of a new one."""
DIRECTIONS: Final[tuple[str, ...]] = get_args(Direction)
CONTROLS: Final[tuple[str, ...]] = get_args(Control)
MODES: Final = ("fast", "relaxed", "turbo")
MAX_REPLY: Final = 1_500
"""Characters; a Discord message holds 2,000."""
MAX_REASON: Final = 200
MAX_QUERY: Final = 500
MAX_CHOICES: Final = 4
MAX_DESCRIBED: Final = 4
MAX_STYLES: Final = 3
OBJECTS_TRIED: Final = 8
"""Opening braces at which a plan is looked for; prose before it seldom holds one."""
ROUNDS: Final = 8
"""A text that still hides addresses after so many rounds was made to."""
DECODER: Final = json.JSONDecoder()
THOUGHT: Final = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
"""What some models think aloud before they answer."""
EXAMPLE: Final = json.dumps(
    {
        "action": "imagine", "reply": "", "choices": [], "targets": [], "description": "", "query": "", "prompt": "…",
        "negative_prompt": "…", "instruction": None, "region": None, "aspect": None, "count": None, "seed": None,
        "steps": None, "guidance_scale": None, "sampler": None, "mode": None, "styles": [], "strength": None,
        "scale": None, "directions": [], "control": None, "tile": None, "locks": None,
        "unlocks": None,
        "reasons": [{"field": "prompt", "why": "…"}],
    },
    ensure_ascii=False,
)  # fmt: skip
"""An answer in full, for models that know no schema."""
UNSAFE: Final = (
    (re.compile(r"\[([^\]\n]{0,200})\]\([^)\s]{0,2000}\)"), r"\1"),  # a masked link keeps its words
    (re.compile(r"<?\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.|discord\.(?:gg|com)/)[^\s>]*>?", re.IGNORECASE), ""),
    (re.compile(r"\b(?:data|javascript|file):\S*", re.IGNORECASE), ""),
    (re.compile(r"<(?:[@#]|a?:\w+:|/|t:|id:)[^>\s]{0,80}>?"), ""),
    (re.compile(r"@(?=\S)"), ""),
    (re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"), " "),
)
"""Addresses, mentions, and characters that nobody sees."""


def schema(ask: Ask, labels: Collection[str]) -> dict[str, Any]:
    """The JSON schema of an answer, in the strict dialect: every key required, absence is null."""
    text, number = {"type": ["string", "null"]}, {"type": ["number", "null"]}
    whole = {"type": ["integer", "null"]}
    words = {"type": "array", "items": {"type": "string"}}
    properties: dict[str, Any] = {
        "action": {"type": "string", "enum": list(ACTIONS)},
        "reply": {"type": "string"},
        "choices": words,
        "targets": {
            "type": "array",
            "items": {"type": "string", "enum": list(labels)} if labels else {"type": "string"},
        },
        "description": {"type": "string"},
        "query": {"type": "string"},
        "prompt": text,
        "negative_prompt": text,
        "instruction": text,
        "region": text,
        "aspect": text,
        "count": whole,
        "seed": whole,
        "steps": whole,
        "guidance_scale": number,
        "sampler": {"type": ["string", "null"], "enum": [*ask.limits.samplers, None]},
        "mode": {"type": ["string", "null"], "enum": [*MODES, None]},
        "styles": {"type": "array", "items": _object(name={"type": "string"}, weight={"type": "number"})},
        "strength": number,
        "scale": number,
        "directions": {"type": "array", "items": {"type": "string", "enum": list(DIRECTIONS)}},
        "control": {"type": ["string", "null"], "enum": [*CONTROLS, None]},
        "tile": {"type": ["boolean", "null"]},
        "locks": {"type": ["array", "null"], "items": {"type": "string", "enum": list(LOCKABLE)}},
        "unlocks": {"type": ["array", "null"], "items": {"type": "string", "enum": list(LOCKABLE)}},
        "reasons": {"type": "array", "items": _object(field={"type": "string"}, why={"type": "string"})},
    }
    if loras := offered(ask.limits.loras, ask.words):
        named = _object(name={"type": "string", "enum": list(loras)}, weight={"type": "number"})
        properties["loras"] = {"type": "array", "items": named}
    if learnt := offered(ask.limits.embeddings, ask.words):
        properties["embeddings"] = {"type": "array", "items": {"type": "string", "enum": list(learnt)}}
    return _object(**properties)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def read_answer(text: str, ask: Ask, labels: dict[str, str]) -> Intent:
    """The intent in an answer; `labels` are the names under which the model was shown the pictures → their ids.

    Raises:
        PlannerAnswerInvalid: there is no usable plan in it; the message says what is wrong with it.
    """
    answer = _json_in(text)
    action = _action(answer, ask)
    targets = _targets(answer.get("targets"), labels)
    description = _text(answer.get("description"), MAX_QUERY, one_line=True) if action != "delete" else ""
    if action in NEEDS_PICTURE and not targets and not description:
        if action == "delete":
            raise PlannerAnswerInvalid("the pictures to delete must be named in targets")
        targets = ask.sources or _spoken_of(ask)
    if action == "imagine" and not STARTS.search(ask.words):
        targets = ()
    if _nothing_to_follow(action, ask, targets, description):
        if not _text(answer.get("prompt"), MAX_PROMPT):
            raise PlannerAnswerInvalid(f"there is no picture to {action}, and no prompt")
        action, targets, description = "imagine", (), ""
    reply = _text(answer.get("reply"), MAX_REPLY)
    if action in REPLIES and not reply:
        raise PlannerAnswerInvalid(f"the action {action} needs a reply")
    changes = _changes(answer, action, ask)
    return Intent(
        action=action,
        targets=targets if action in NEEDS_PICTURE or action == "imagine" else (),
        description=description if action in NEEDS_PICTURE else "",
        query=_text(answer.get("query"), MAX_QUERY, one_line=True),
        changes=changes,
        reasons=_reasons(answer.get("reasons"), changes),
        reply=(reply or HELP) if action == "help" else reply if action in REPLIES else "",
        choices=_choices(answer.get("choices")) if action == "clarify" else (),
    )


def read_prompts(text: str, limits: Limits) -> tuple[str, ...]:
    """The prompts in the answer of a model that was shown a picture.

    Raises:
        PlannerAnswerInvalid: there are none.
    """
    said = _json_in(text, "prompts").get("prompts")
    prompts = (_text(one, MAX_PROMPT, one_line=True) for one in (said if isinstance(said, list) else [])[:20])
    found = dict.fromkeys(filter(None, (_windowed(one, limits) for one in prompts)))
    if not found:
        raise PlannerAnswerInvalid("it holds no prompts")
    return tuple(found)[:MAX_DESCRIBED]


def reply_so_far(text: str) -> str:
    """The reply in an answer that is still being written, to its last whole word; empty where it will have none."""
    start = text.find("{")
    try:
        answer = from_json(text[start:], allow_partial="trailing-strings") if start >= 0 else None
    except ValueError:
        return ""
    if not isinstance(answer, dict) or answer.get("action") not in (*REPLIES, "help"):
        return ""
    reply = answer.get("reply")
    if not isinstance(reply, str) or len(answer) > list(answer).index("reply") + 1:
        return _text(reply, MAX_REPLY)
    return _text(reply[: max(reply.rfind(" "), 0)], MAX_REPLY)


def _spoken_of(ask: Ask) -> tuple[str, ...]:
    """What "it" means: what is being talked about, else the newest grid."""
    return ask.focus or (tuple(name for name, _ in grids(ask.pictures)[0]) if ask.pictures else ())


def _nothing_to_follow(action: Action, ask: Ask, targets: tuple[str, ...], description: str) -> bool:
    """A picture sent along is the start, whatever the answer says; and what follows nothing is drawn anew."""
    if action not in NEEDS_PICTURE:
        return False
    return (bool(ask.sources) and action in ("remix", "again", "vary")) or not (targets or description)


def _choices(said: Any) -> tuple[Choice, ...]:
    labels = (_text(one, MAX_LABEL, one_line=True) for one in (said if isinstance(said, list) else [])[:20])
    return tuple(Choice(label=label, words=label) for label in dict.fromkeys(filter(None, labels)))[:MAX_CHOICES]


def _json_in(text: str, needed: str = "action") -> dict[str, Any]:
    """The first whole JSON object in an answer that has what is needed, whatever prose or fence surrounds it."""
    text = THOUGHT.sub("", text, count=1)
    start = text.find("{")
    for _ in range(OBJECTS_TRIED):
        try:
            found, _ = DECODER.raw_decode(text, start) if start >= 0 else (None, 0)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and needed in found:
            return found
        start = text.find("{", start + 1) if start >= 0 else -1
    raise PlannerAnswerInvalid(f'it is not one complete JSON object with "{needed}"')


def _action(answer: dict[str, Any], ask: Ask) -> Action:
    action = answer.get("action")
    if not isinstance(action, str) or action.strip().lower() not in ACTIONS:
        raise PlannerAnswerInvalid(f'"action" must be one of {", ".join(ACTIONS)}')
    chosen = action.strip().lower()
    if chosen in SAID_PLAINLY and not SAID_PLAINLY[chosen].search(ask.words):
        raise PlannerAnswerInvalid(f"the member did not ask to {chosen} anything")
    if chosen == "clarify" and ask.unanswered:
        raise PlannerAnswerInvalid("you have asked already; decide now")
    return next(name for name in get_args(Action) if name == chosen)


def _targets(said: Any, labels: dict[str, str]) -> tuple[str, ...]:
    names = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    known = labels | {name: name for name in labels.values()}
    return tuple(dict.fromkeys(known[name] for name in names if name in known))


def _changes(answer: dict[str, Any], action: str, ask: Ask) -> Changes:
    """The parameters of the answer that may stand."""
    if action == "settings":
        return _kept(answer, ask)
    fields = {} if action in IN_WORDS else _fields(answer, ask)
    prompt = fields.get("prompt", "")
    if action == "imagine" and not prompt and "prompt" not in ask.given.said() and not ask.sources:
        raise PlannerAnswerInvalid('"prompt" must be a text that says what to draw')
    if action not in MAKES_PROMPT:
        for name in ("prompt", "negative_prompt", "styles"):
            fields.pop(name, None)
    if action not in ("edit", "inpaint", "outpaint", "control"):
        for name in ("instruction", "region", "directions", "control"):
            fields.pop(name, None)
    fixed = ask.given.said()
    kept = {name: value for name, value in fields.items() if name not in fixed and value is not None}
    return Changes(**_styled(kept, ask))


def _fields(answer: dict[str, Any], ask: Ask) -> dict[str, Any]:
    limits = ask.limits
    seed = _number(answer.get("seed"), 0, MAX_SEED)
    prompt = _text(answer.get("prompt"), MAX_PROMPT, one_line=True)
    negative = answer.get("negative_prompt")
    return {
        "prompt": _windowed(prompt, limits) or None,
        "instruction": _text(answer.get("instruction"), MAX_QUERY, one_line=True) or None,
        "region": _text(answer.get("region"), MAX_QUERY, one_line=True) or None,
        "directions": tuple(one for one in DIRECTIONS if one in _strings(answer.get("directions"))) or None,
        "control": _choice(answer.get("control"), CONTROLS),
        "tile": answer.get("tile") if isinstance(answer.get("tile"), bool) else None,
        "negative_prompt": _text(negative, MAX_PROMPT // 4, one_line=True) if isinstance(negative, str) else None,
        "aspect": _aspect(answer.get("aspect")),
        "count": _whole(answer.get("count"), 1, MAX_COUNT),
        # Language models invent seeds; only one that the member wrote is meant.
        "seed": int(seed) if seed is not None and re.search(rf"(?<!\d){int(seed)}(?!\d)", ask.words) else None,
        "steps": _whole(answer.get("steps"), 1, limits.max_steps),
        "guidance_scale": _number(answer.get("guidance_scale"), 0, limits.max_guidance),
        "sampler": _choice(answer.get("sampler"), limits.samplers),
        "mode": _choice(answer.get("mode"), MODES),
        "styles": _styles(answer.get("styles"), ask),
        "loras": _loras(answer.get("loras"), ask),
        "embeddings": _embeddings(answer.get("embeddings"), ask),
        "strength": _number(answer.get("strength"), 0, 1),
        "scale": _number(answer.get("scale"), 1, 4),
    }


def _kept(answer: dict[str, Any], ask: Ask) -> Changes:
    """What a member wants to keep from now on: the fields' names, and the values that were said."""
    names = tuple(dict.fromkeys(name for name in _strings(answer.get("locks")) if name in LOCKABLE))
    released = answer.get("unlocks")
    unlocks = tuple(name for name in _strings(released) if name in LOCKABLE) if isinstance(released, list) else None
    fields = {name: value for name, value in _fields(answer, ask).items() if name in names and value is not None}
    return Changes(**fields, locks=names or None, unlocks=unlocks)


def _strings(said: Any) -> list[str]:
    return [one for one in said[:40] if isinstance(one, str)] if isinstance(said, list) else []


def _windowed(prompt: str, limits: Limits) -> str:
    """The prompt inside the model's window, at least by words; the tokenizer cuts the rest."""
    return " ".join(prompt.split()[: limits.tokens - 2])


def _styled(fields: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """The fields with the styles' own words laid over the prompt."""
    chosen = ask.given.styles or fields.get("styles") or ()
    if ask.limits.family == "bundled" and "prompt" in fields and not ask.given.verbatim:
        # It knows a few dozen words, and what it does not know it draws as something else.
        said = expand(fields["prompt"], fields.get("negative_prompt", ""), ask.limits, chosen)
        return fields | {"prompt": said.prompt}
    if chosen and "prompt" in fields and not ask.given.verbatim:
        negative = fields.get("negative_prompt", "")
        fields["prompt"], laid, _ = styles.apply(chosen, fields["prompt"], negative, ask.limits.family)
        fields["prompt"] = fields["prompt"][:MAX_PROMPT]
        if laid and "negative_prompt" not in ask.given.said():
            fields["negative_prompt"] = laid[:MAX_PROMPT]
    return fields


def _text(said: Any, longest: int, one_line: bool = False) -> str:
    """A text without addresses, mentions and invisible characters, no longer than `longest`."""
    if not isinstance(said, str):
        return ""
    text = said[: longest * 2]
    for _ in range(ROUNDS):  # what is taken out may join what was around it into another address
        before = text
        for pattern, replacement in UNSAFE:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    else:
        text = re.sub(r"[@<>:/]", " ", text)
    text = " ".join(text.split()) if one_line else re.sub(r"[ \t]+", " ", text).strip()
    return text[:longest].strip()


def _number(said: Any, low: float, high: float) -> float | None:
    """A finite number within its range; numbers written as text count too."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    if isinstance(said, str) and not re.fullmatch(r"\s*-?\d{1,12}(?:\.\d{1,6})?\s*", said):
        return None
    if isinstance(said, int):
        return float(min(max(said, math.floor(low)), math.ceil(high)))
    value = float(said)
    return min(max(value, low), high) if math.isfinite(value) else None


def _whole(said: Any, low: int, high: int) -> int | None:
    value = _number(said, low, high)
    return None if value is None else round(value)


def _choice(said: Any, choices: Collection[str]) -> str | None:
    if not isinstance(said, str):
        return None
    return next((choice for choice in choices if choice.lower() == said.strip().lower()), None)


def _aspect(said: Any) -> str | None:
    match = re.fullmatch(r"\s*(\d{1,4})\s*[:x/×]\s*(\d{1,4})\s*", said) if isinstance(said, str) else None
    across, down = (int(match[1]), int(match[2])) if match else (0, 0)
    if not across or not down:
        return None
    if max(across, down) > MAX_RATIO * min(across, down):
        return f"{MAX_RATIO}:1" if across > down else f"1:{MAX_RATIO}"
    return f"{across}:{down}"


def _styles(said: Any, ask: Ask) -> tuple[tuple[str, float], ...] | None:
    chosen: dict[str, float] = {}
    for item in said[:20] if isinstance(said, list) else []:
        name, weight = (item.get("name"), item.get("weight", 1.0)) if isinstance(item, dict) else (item, 1.0)
        style = styles.find_style(name[:80]) if isinstance(name, str) else None
        if style and (not ask.styles or style.name in ask.styles):
            chosen.setdefault(style.name, _number(weight, 0.1, MAX_WEIGHT) or 1.0)
    return tuple(list(chosen.items())[:MAX_STYLES]) or None


def _loras(said: Any, ask: Ask) -> tuple[tuple[str, float], ...] | None:
    """Adapters that are installed, and that the member spoke of: a language model adds whatever it is told of."""
    chosen: dict[str, float] = {}
    for item in said[:20] if isinstance(said, list) else []:
        name = _choice(item.get("name") if isinstance(item, dict) else item, ask.limits.loras)
        if name and spoken_of(name, ask.words):
            weight = _number(item.get("weight"), -MAX_LORA, MAX_LORA) if isinstance(item, dict) else None
            chosen.setdefault(name, 1.0 if weight is None else weight)
    return tuple(list(chosen.items())[:MOST_LORAS]) or None


def _embeddings(said: Any, ask: Ask) -> tuple[str, ...] | None:
    """Learnt words that are installed, and that the member spoke of."""
    chosen = (_choice(name, ask.limits.embeddings) for name in _strings(said))
    return tuple(dict.fromkeys(name for name in chosen if name and spoken_of(name, ask.words))) or None


def _reasons(said: Any, changes: Changes) -> dict[str, str]:
    """One line for each field that was set, and for no other."""
    given: dict[str, str] = {}
    if isinstance(said, dict):
        said = [{"field": field, "why": why} for field, why in list(said.items())[:40]]
    for item in said[:40] if isinstance(said, list) else []:
        if isinstance(item, dict) and isinstance(item.get("field"), str):
            given.setdefault(item["field"], _text(item.get("why"), MAX_REASON, one_line=True))
    return {field: given.get(field) or "chosen by the language model" for field in changes.said()}
