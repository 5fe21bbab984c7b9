"""A short wish made into a good prompt for the model family at hand, by the rules in `prompts/expansion/`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from pixxelbot.planner import styles
from pixxelbot.planner.library import prompts_folder, read_yaml
from pixxelbot.planner.scenes import COUNTED, MOST, read_scene
from pixxelbot.planner.words import singular
from pixxelbot.recipe import MAX_PROMPT, Limits

MOST_SCENES: Final = 2
"""More additions than that tell another story than the member's."""
TOKENS_A_WORD: Final = 1.3
"""CLIP's byte pairs for one English word, on the average of ordinary prompts."""


class SceneRule(BaseModel):
    """Words that call for an addition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: tuple[str, ...]
    add: tuple[str, ...]


class Rules(BaseModel):
    """How prompts for some model families are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    families: tuple[str, ...]
    form: Literal["tags", "sentences"]
    short: int
    quality: tuple[str, ...]
    negative: tuple[str, ...]
    negative_families: tuple[str, ...] = ()
    scenes: tuple[SceneRule, ...]


@dataclass(frozen=True, slots=True)
class Expanded:
    """A prompt ready to be drawn, and why it is as it is."""

    prompt: str
    negative_prompt: str
    reason: str
    notes: tuple[str, ...] = ()


@cache
def rules_for(family: str) -> Rules:
    """The rules of a family; one that is unknown is spoken to in sentences."""
    known = [
        Rules.model_validate(read_yaml(prompts_folder() / "expansion" / f"{form}.yaml"))
        for form in ("tags", "sentences")
    ]
    return next((rules for rules in known if family in rules.families), known[1])


def expand(subject: str, negative: str, limits: Limits, chosen: Iterable[tuple[str, float]] = ()) -> Expanded:
    """Prompt and negative prompt for a subject, with the chosen styles, inside the model's window."""
    if limits.family == "bundled":
        return _in_its_vocabulary(subject, negative, limits, tuple(chosen))
    rules, chosen = rules_for(limits.family), tuple(chosen)
    bare = re.sub(r"^(?:an?|the)\s+", "", subject, flags=re.IGNORECASE) if rules.form == "tags" else subject
    prompt, negative, _ = styles.apply(chosen, bare, negative, limits.family)
    additions = _additions(subject, negative, rules)
    prompt = _joined(prompt, additions, rules, limits.tokens)
    standing = rules.negative if rules.form == "tags" or limits.family in rules.negative_families else ()
    defaults = [word for word in standing if not _mentioned(word, subject)]
    reason = f"your words as {rules.form}, the form {limits.family} was trained on"
    reason += "; light and detail added" if additions else ""
    return Expanded(prompt[:MAX_PROMPT], styles.join(negative, *defaults), reason)


def subject_of(prompt: str, limits: Limits, chosen: Iterable[tuple[str, float]] = ()) -> str:
    """An expanded prompt less what `expand` added to it."""
    if limits.family == "bundled":
        return prompt
    rules = rules_for(limits.family)
    for name, weight in chosen:
        prompt = _less_style(prompt, name, weight, rules)
    added = {text for rule in rules.scenes for text in rule.add} | set(rules.quality)
    if rules.form == "tags":
        return ", ".join(part for part in prompt.split(", ") if part not in added)
    for text in added:
        prompt = prompt.replace(text, "")
    prompt = prompt.strip().rstrip(".")
    return prompt[:1].lower() + prompt[1:] if re.match(r"(?:An?|The) ", prompt) else prompt


def _less_style(prompt: str, name: str, weight: float, rules: Rules) -> str:
    style = styles.load_styles().get(name)
    if style is None:
        return prompt
    if rules.form == "tags":
        return prompt.replace(f", ({style.tags}:{weight:g})", "").replace(f", {style.tags}", "")
    before, _, after = style.prompt.partition("{prompt}")
    match = re.search(re.escape(before) + "(.*?)" + re.escape(after), prompt, re.IGNORECASE | re.DOTALL)
    return prompt[: match.start()] + match[1] + prompt[match.end() :] if match else prompt


def _additions(subject: str, negative: str, rules: Rules) -> list[str]:
    """What the rules add to a short wish, less what would bring in something unwanted."""
    words = re.findall(r"\w+", subject.lower())
    if len(words) > rules.short:
        return []
    known = set(words) | {singular(word) for word in words}
    fitting = [rule for rule in rules.scenes if known & set(rule.when)][:MOST_SCENES]
    unwanted = list(re.findall(r"\w{3,}", negative.lower()))
    wanted = [text for rule in fitting for text in rule.add] + list(rules.quality)
    return [text for text in wanted if not any(singular(word) in text.lower() for word in unwanted)]


def _joined(prompt: str, additions: Collection[str], rules: Rules, tokens: int) -> str:
    if rules.form == "sentences":
        prompt = prompt[:1].upper() + prompt[1:]
        prompt += "." if additions and not prompt.endswith((".", "!", "?")) else ""
    between = ", " if rules.form == "tags" else " "
    for text in additions:
        if _length(prompt + between + text) > tokens - 2:
            break
        prompt += between + text
    return prompt


def _length(text: str) -> float:
    """Tokens, estimated without the tokenizer."""
    return len(re.findall(r"\w+", text)) * TOKENS_A_WORD + len(re.findall(r"[^\w\s]", text))


def _mentioned(word: str, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE))


KNOWN: Final = 20
"""Nouns named where none was known."""


def unknown_words(words: str, limits: Limits) -> list[str]:
    """What of these words a model with a vocabulary has never been shown, where that is all they say."""
    if limits.family != "bundled" or not words:
        return []
    scene = read_scene(words, limits.vocabulary)
    said = scene.things or scene.places or scene.background or scene.side or scene.framing
    return [] if said else list(scene.left_out[:4])


def _in_its_vocabulary(subject: str, negative: str, limits: Limits, chosen: tuple[tuple[str, float], ...]) -> Expanded:
    scene = read_scene(subject, limits.vocabulary).filled()
    prompt, negative, unknown = styles.apply(chosen, scene.say() if scene.things else subject, negative, "bundled")
    prompt = " ".join(prompt.split()[: limits.tokens - 2])
    notes = [f"The bundled model cannot draw in the style “{title}”; it is left out." for title in unknown]
    if not scene.things:
        known = ", ".join(limits.vocabulary[:KNOWN]) + (" …" if len(limits.vocabulary) > KNOWN else "")
        notes.append(f"The bundled model knows only {known}; anything else comes out odd.")
        return Expanded(prompt, negative, "your own words: the bundled model knows none of them", tuple(notes))
    reason = "said in the words the bundled model was taught"
    reason += f"; it does not know: {', '.join(scene.left_out[:8])}" if scene.left_out else ""
    if more := [thing.noun for thing in scene.things[MOST:]]:
        reason += f"; no room for: {', '.join(more)}"
    if any(thing.count > COUNTED for thing in scene.things):
        notes.append(f"The bundled model counts to {COUNTED}.")
    return Expanded(prompt, negative, reason, tuple(notes))
