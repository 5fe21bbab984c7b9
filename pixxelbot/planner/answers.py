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

from pixxelbot.errors import PlannerAnswerInvalid
from pixxelbot.intent import Action, Ask, Changes, Intent
from pixxelbot.planner import styles
from pixxelbot.planner.flags import MAX_RATIO
from pixxelbot.planner.references import grids
from pixxelbot.planner.styles import MAX_WEIGHT
from pixxelbot.planner.talk import HELP
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, MAX_SEED, Limits

ACTIONS: Final = ("imagine", "remix", "vary", "again", "upscale", "delete", "cancel", "help", "chat", "clarify")
"""What a language model may choose."""
FOLLOW_UPS: Final = frozenset({"remix", "vary", "again", "upscale", "delete"})
SAID_PLAINLY: Final = {
    "delete": re.compile(r"delet|remov|eras|trash|discard|lösch|borra|supprim|apag|elimin|削除|消", re.IGNORECASE),
    "cancel": re.compile(
        r"cancel|stop|abort|halt|never ?mind|forget|abbrech|stopp|annul|par[ae]|キャンセル|止", re.IGNORECASE
    ),
}
"""An action that destroys needs the member's own word for it, whatever the answer says."""
MODES: Final = ("fast", "relaxed", "turbo")
MAX_REPLY: Final = 1_500
"""Characters; a Discord message holds 2,000."""
MAX_REASON: Final = 200
MAX_STYLES: Final = 3
OBJECTS_TRIED: Final = 5
"""Opening braces at which a plan is looked for; prose before it seldom holds one."""
ROUNDS: Final = 8
"""A text that still hides addresses after so many rounds was made to."""
DECODER: Final = json.JSONDecoder()
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
    properties: dict[str, Any] = {
        "action": {"type": "string", "enum": list(ACTIONS)},
        "targets": {
            "type": "array",
            "items": {"type": "string", "enum": list(labels)} if labels else {"type": "string"},
        },
        "prompt": text,
        "negative_prompt": text,
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
        "reply": {"type": "string"},
        "reasons": {"type": "array", "items": _object(field={"type": "string"}, why={"type": "string"})},
    }
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
    if action in FOLLOW_UPS and not targets:
        targets = tuple(name for name, _ in grids(ask.pictures)[0]) if ask.pictures else ()
    if action in FOLLOW_UPS and (ask.sources or not targets):
        if not _text(answer.get("prompt"), MAX_PROMPT):
            raise PlannerAnswerInvalid(f"there is no picture to {action}, and no prompt")
        action, targets = "imagine", ()
    changes = _changes(answer, action, ask)
    reply = _text(answer.get("reply"), MAX_REPLY)
    if action in ("chat", "clarify") and not reply:
        raise PlannerAnswerInvalid(f"the action {action} needs a reply")
    return Intent(
        action=action,
        targets=targets if action in FOLLOW_UPS else (),
        changes=changes,
        reasons=_reasons(answer.get("reasons"), changes),
        reply=(reply or HELP) if action == "help" else reply if action in ("chat", "clarify") else "",
    )


def _json_in(text: str) -> dict[str, Any]:
    """The first whole JSON object in an answer that has an action, whatever prose or fence surrounds it."""
    start = text.find("{")
    for _ in range(OBJECTS_TRIED):
        try:
            found, _ = DECODER.raw_decode(text, start) if start >= 0 else (None, 0)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and "action" in found:
            return found
        start = text.find("{", start + 1) if start >= 0 else -1
    raise PlannerAnswerInvalid("it is not one complete JSON object with an action")


def _action(answer: dict[str, Any], ask: Ask) -> Action:
    action = answer.get("action")
    if not isinstance(action, str) or action.strip().lower() not in ACTIONS:
        raise PlannerAnswerInvalid(f'"action" must be one of {", ".join(ACTIONS)}')
    chosen = action.strip().lower()
    if chosen in SAID_PLAINLY and not SAID_PLAINLY[chosen].search(ask.words):
        raise PlannerAnswerInvalid(f"the member did not ask to {chosen} anything")
    return next(name for name in get_args(Action) if name == chosen)


def _targets(said: Any, labels: dict[str, str]) -> tuple[str, ...]:
    names = [name for name in said if isinstance(name, str)] if isinstance(said, list) else []
    known = labels | {name: name for name in labels.values()}
    return tuple(dict.fromkeys(known[name] for name in names if name in known))


def _changes(answer: dict[str, Any], action: str, ask: Ask) -> Changes:
    """The parameters of the answer that may stand."""
    fields = {} if action in ("help", "chat", "clarify", "cancel", "delete") else _fields(answer, ask)
    prompt = fields.get("prompt", "")
    if action == "imagine" and not prompt and "prompt" not in ask.given.said():
        raise PlannerAnswerInvalid('"prompt" must be a text that says what to draw')
    if action in ("again", "vary", "upscale"):
        fields.pop("prompt", None)
        fields.pop("negative_prompt", None)
        fields.pop("styles", None)
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
        "strength": _number(answer.get("strength"), 0, 1),
        "scale": _number(answer.get("scale"), 1, 4),
    }


def _windowed(prompt: str, limits: Limits) -> str:
    """The prompt inside the model's window, at least by words; the tokenizer cuts the rest."""
    return " ".join(prompt.split()[: limits.tokens - 2])


def _styled(fields: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """The fields with the styles' own words laid over the prompt."""
    chosen = ask.given.styles or fields.get("styles") or ()
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


def _reasons(said: Any, changes: Changes) -> dict[str, str]:
    """One line for each field that was set, and for no other."""
    given: dict[str, str] = {}
    if isinstance(said, dict):
        said = [{"field": field, "why": why} for field, why in list(said.items())[:40]]
    for item in said[:40] if isinstance(said, list) else []:
        if isinstance(item, dict) and isinstance(item.get("field"), str):
            given.setdefault(item["field"], _text(item.get("why"), MAX_REASON, one_line=True))
    return {field: given.get(field) or "chosen by the language model" for field in changes.said()}
