"""The style library: each style is one file in `prompts/styles/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from pixxelbot.planner.library import prompts_folder, read_yaml

MAX_WEIGHT = 2.0
"""Above this a style drowns the subject, whatever the model."""


SUGGESTED = 12
"""Names shown to somebody who named a style that there is not."""


class Style(BaseModel):
    """A way of drawing that can be laid over any subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    prompt: str = Field(pattern=r"\{prompt\}")
    """A sentence with the subject as `{prompt}`."""
    tags: str
    """The same as comma-separated tags, for models that were trained on captions of that form."""
    negative_prompt: str = ""
    words: tuple[str, ...] = ()
    """What members call it, in lower case; only words that hardly mean anything else."""
    things: tuple[str, ...] = ()
    """Words that are objects too: they count only as "a photo of …", "in pencil", "as a photo"."""
    aspect: str | None = None
    """The shape such pictures mostly have, used where nobody said one."""
    bundled: str = ""
    """The form for the bundled model, with `{prompt}`; empty where it cannot draw this style."""


@cache
def load_styles() -> Mapping[str, Style]:
    """Every known style by name, in alphabetical order."""
    files = sorted((prompts_folder() / "styles").glob("*.yaml"))
    styles = (Style.model_validate({"name": file.stem} | read_yaml(file)) for file in files)
    return MappingProxyType({style.name: style for style in styles})


def find_style(text: str) -> Style | None:
    """The style that somebody calls `text`, in any case, with spaces, hyphens or underscores."""
    wanted = "-".join(text.lower().replace("_", " ").replace("-", " ").split())
    styles = load_styles()
    if wanted in styles:
        return styles[wanted]
    spoken = wanted.replace("-", " ")
    return next(
        (
            style
            for style in styles.values()
            if spoken in (word.replace("-", " ") for word in style.words + style.things)
        ),
        None,
    )


def near(text: str) -> tuple[str, ...]:
    """The names most like `text`, for somebody who mistyped one, or some of all."""
    known = sorted(load_styles())
    found = get_close_matches("-".join(text.lower().split()), known, n=SUGGESTED, cutoff=0.4)
    return tuple(dict.fromkeys([*found, *known[:: max(len(known) // SUGGESTED, 1)]]))[:SUGGESTED]


def apply(
    chosen: Iterable[tuple[str, float]], prompt: str, negative_prompt: str, family: str
) -> tuple[str, str, tuple[str, ...]]:
    """Prompt and negative prompt with the chosen styles laid over, and the titles of those this family cannot draw.

    Weights go to families that read `(words:1.2)`; elsewhere a style lighter than one half is left to its negative.
    """
    unknown = []
    for name, weight in chosen:
        style = load_styles().get(name)
        if style is None:
            continue
        if family == "bundled" and not style.bundled:
            unknown.append(style.title)
            continue
        prompt = _laid_over(style, weight, prompt, family)
        negative_prompt = join(negative_prompt, style.negative_prompt if family != "bundled" else "")
    return prompt, negative_prompt, tuple(unknown)


def _laid_over(style: Style, weight: float, prompt: str, family: str) -> str:
    if family == "bundled":
        return style.bundled.replace("{prompt}", prompt)
    if family in ("sd1", "sd2"):
        tags = style.tags if weight == 1 else f"({style.tags}:{weight:g})"
        return f"{prompt}, {tags}"
    return style.prompt.replace("{prompt}", prompt) if weight >= 0.5 else prompt


def join(*lists: str) -> str:
    """Comma-separated lists as one, without repetitions."""
    parts = (part.strip() for text in lists for part in text.split(","))
    return ", ".join(dict.fromkeys(part for part in parts if part))
