"""An Intent: what a planner understood. Planners make it, the studio reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from pixxelbot.recipe import Control, Direction, Limits, Making, Method, Motion, Recipe

SCHEMA_VERSION: Final = 1

Action = Literal[
    "imagine", "again", "vary", "remix", "edit", "inpaint", "outpaint", "upscale", "blend", "interpolate",
    "arithmetic", "control", "sweep", "background", "making_of", "describe", "shorten", "search", "history", "show",
    "recipe", "favourite", "delete", "cancel", "undo", "settings", "help", "chat", "clarify",
]  # fmt: skip


class Changes(BaseModel):
    """Fields of a recipe that a request sets; `None` means unsaid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str | None = None
    wish: str | None = None
    """Never without `prompt`: what was phrased as it."""
    negative_prompt: str | None = None
    aspect: str | None = Field(default=None, pattern=r"^\d{1,4}:\d{1,4}$")
    width: int | None = None
    height: int | None = None
    count: int | None = None
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    model: str | None = None
    styles: tuple[tuple[str, float], ...] | None = None
    strength: float | None = None
    scale: float | None = None
    region: str | None = None
    mask: str | None = None
    """Id of the picture that masks the region."""
    mode: Literal["fast", "relaxed", "turbo"] | None = None
    tile: bool | None = None
    verbatim: bool | None = None
    exact: bool | None = None
    """Drawn in company of nobody, bit for bit as by itself."""
    motion: Motion | None = None
    """The file that an animation becomes."""
    permutations: tuple[str, ...] | None = None
    instruction: str | None = None
    chaos: int | None = Field(default=None, ge=0, le=100)
    stop: int | None = Field(default=None, ge=10, le=100)
    directions: tuple[Direction, ...] | None = None
    weights: tuple[float, ...] | None = None
    strengths: tuple[float, ...] | None = None
    frames: int | None = None
    control: Control | None = None
    making: Making | None = None
    method: Method | None = None
    plus: tuple[str, ...] | None = None
    minus: tuple[str, ...] | None = None
    loras: tuple[tuple[str, float], ...] | None = None
    """Names of low-rank adapters and their weights; empty: none any more."""
    embeddings: tuple[str, ...] | None = None
    """Names of learnt words."""
    repeat: int | None = None
    """Jobs of this recipe, each with a seed of its own; of a request, not of a recipe."""
    locks: tuple[str, ...] | None = None
    """Fields that later requests of this conversation keep; of a request, not of a recipe."""
    unlocks: tuple[str, ...] | None = None
    """Fields that they keep no more; empty means all."""

    def said(self) -> dict[str, Any]:
        """Only the fields that were said."""
        return self.model_dump(exclude_none=True)

    def drawn(self) -> dict[str, Any]:
        """The fields that were said and that a recipe has. A new prompt without its wish leaves none standing."""
        said = {name: value for name, value in self.said().items() if name in Recipe.model_fields}
        return {"wish": "", **said} if "prompt" in said else said

    def over(self, other: Changes) -> Changes:
        """These changes, and where they are silent the other's."""
        return Changes.model_validate(other.said() | self.said())


class Intent(BaseModel):
    """What is to be done, to which pictures, with which changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    action: Action = "imagine"
    targets: tuple[str, ...] = ()
    """Picture ids."""
    description: str = ""
    """Words for a picture meant ("the one with the boat"), where no id is known."""
    query: str = ""
    """Words to search for, or the question to answer."""
    changes: Changes = Changes()
    """`changes.prompt` is the detailed prompt to draw."""
    own: dict[str, str | int | float | bool | None] | None = None
    """For `settings`: the member's own (`rules.MemberSettings`) that change; None forgets one, empty shows all."""
    reasons: dict[str, str] = {}
    """Field of the recipe → one line on why it has its value."""
    reply: str = ""
    """What to say, for `chat`, `help` and `clarify`."""
    planner: str = "offline"
    """`offline`, `none` (a button needs no planner), or the language model's name."""
    template: str = ""
    """Name and version of the prompt template used."""
    notes: tuple[str, ...] = ()
    """What the member should know, such as an announced fallback."""
    choices: tuple[Choice, ...] = ()
    """Answers to a question, each one tap away."""
    confirmed: bool = False
    """The member has seen how many pictures this makes, and wants them."""
    tokens: tuple[int, int] = (0, 0)
    """What the language model read and wrote for this, in its own tokens."""

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Self:
        """Read a stored intent of this or any earlier version."""
        return cls.model_validate(stored)


MAX_LABEL: Final = 80
"""Characters on a button of Discord's."""


class Choice(BaseModel):
    """One answer to a question. Choosing it carries out its intent, or says its words in the member's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(max_length=MAX_LABEL)
    words: str = ""
    intent: Intent | None = None
    instead: Changes | None = None
    """What alone differs from what was asked for, where it is offered in the place of that."""


Intent.model_rebuild()


class Turn(BaseModel):
    """What a member said earlier in the conversation, and what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: str
    action: str = ""
    """An action, or empty where it came to nothing."""
    prompt: str = ""
    """What was drawn."""
    reply: str = ""
    """What was answered in words."""
    pictures: tuple[str, ...] = ()


class Fact(BaseModel):
    """What is known of a picture besides its recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: str = ""
    """Pictures of one job stand in one grid."""
    made: datetime | None = None
    """Aware, any zone."""
    mine: bool = True
    """Whether the asking member asked for it."""
    favourite: bool = False


class Ask(BaseModel):
    """What a planner is given."""

    model_config = ConfigDict(frozen=True)

    words: str
    """The member's words, inline flags already taken out."""
    given: Changes = Changes()
    """What options and flags fixed; a planner must not change these."""
    limits: Limits
    styles: tuple[str, ...] = ()
    """Names of the known styles."""
    pictures: tuple[tuple[str, Recipe], ...] = ()
    """Recent pictures of the conversation (id and recipe): the newest job first, each job's in grid order."""
    sources: tuple[str, ...] = ()
    """Pictures sent along with the request: it starts from these, not from earlier ones."""
    facts: dict[str, Fact] = {}
    """By picture id, where known; without, neighbours with equal recipes count as one grid."""
    focus: tuple[str, ...] = ()
    """Pictures the conversation last spoke of without drawing new ones, or that the message replies to: "it"."""
    unanswered: str = ""
    """The words of the member's last request, where the bot answered with a question."""
    now: datetime | None = None
    """When the member wrote, for "yesterday"."""
    turns: tuple[Turn, ...] = ()
    """The conversation so far, oldest first."""
    looks: dict[str, bytes] = Field(default={}, repr=False)
    """Small JPEGs of pictures by id, for a planner that sees."""
