"""Requests and jobs: what was asked, by whom, from where, and how far it has come."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from ulid import ULID

from pixxelbot.intent import Changes, Intent
from pixxelbot.recipe import Recipe


def new_id() -> str:
    """An unguessable id that sorts by time of making (ULID, 26 characters)."""
    return str(ULID())


class Status(StrEnum):
    """Where a request or its job stands."""

    PLANNING = "planning"
    """Accepted; a planner is turning the words into a recipe."""
    WAITING = "waiting"
    """A question was asked back; the member's answer is awaited."""
    QUEUED = "queued"
    """A job that waits for its turn."""
    RUNNING = "running"
    """A renderer is drawing it."""
    DONE = "done"
    """Pictures are stored."""
    FAILED = "failed"
    """Ended with an error that the member was told."""
    CANCELLED = "cancelled"
    """Ended by its author or a moderator."""
    POISONED = "poisoned"
    """Set aside: it brought the renderer down too often."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self in (Status.DONE, Status.FAILED, Status.CANCELLED, Status.POISONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a result goes. Discord snowflakes are strings; all empty for the CLI."""

    guild_id: str | None = None
    channel_id: str | None = None
    message_id: str | None = None
    """The placeholder that the result replaces."""
    application_id: str | None = None
    interaction_token: str | None = dataclasses.field(default=None, repr=False)
    """A secret: erased when it lapses, never logged or exported."""
    token_expires_at: float | None = None
    """Unix seconds."""
    private: bool = False
    """Not every member of the server sees this channel; what is made here stays here."""
    nsfw: bool = False
    """An age-restricted channel; what is made here is followed up only in such ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A picture that is to be fetched before its request is planned."""

    url: str
    attachment: bool = False
    """Of a message or command, from Discord's own servers; else an address that a member typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asked, stored before anything else is done about it."""

    id: str = dataclasses.field(default_factory=new_id)
    source_event_id: str
    """Unique: the same Discord event replayed is the same request (`interaction:ID`, `reaction:…`, `cli:ULID`)."""
    member_id: str
    """`discord:SNOWFLAKE` or `cli:NAME`."""
    member_name: str = ""
    words: str = ""
    given: Changes = Changes()
    """Fields fixed by options; they win over any planner."""
    intent: Intent | None = None
    """Known at once for buttons and reactions; else filled by a planner."""
    sources: tuple[str, ...] = ()
    """Ids of stored upload pictures the request starts from."""
    links: tuple[Link, ...] = ()
    """Pictures sent along that are not fetched yet; each becomes one of the sources, or of the intent's targets."""
    about: tuple[str, ...] = ()
    """Ids of the pictures of the message that this one replies to: what "it" means, whoever asked for them."""
    address: Address = Address()
    locale: str = "en-US"
    weight: float = 1.0
    """Share of the queue; roles will set it."""
    status: Status = Status.PLANNING
    created_at: float = 0.0
    """Unix seconds; the store stamps it."""
    error_code: str | None = None
    error_message: str | None = None

    def evolve(self, **changes: Any) -> Self:
        """A copy with these fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One render that the queue knows of."""

    id: str = dataclasses.field(default_factory=new_id)
    request_id: str
    member_id: str
    recipe: Recipe
    status: Status = Status.QUEUED
    attempt: int = 0
    """Raised each time a renderer takes it; a late result of an older attempt is dropped."""
    crashes: int = 0
    """Times the renderer died under it."""
    weight: float = 1.0
    cost: float = 1.0
    """Predicted GPU-seconds; the measured ones once it has run."""
    start_tag: float = 0.0
    """Of fair queueing, in GPU-seconds over weight: by it a renderer that runs one at a time switches. Not stored."""
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    step: int = 0
    total: int = 0
    error_code: str | None = None
    error_message: str | None = None
    notes: tuple[str, ...] = ()
    planner: str = ""
    """Who made its recipe: `offline`, `none` for a button, or the language model's name."""
    template: str = ""
    """Name and version of the prompt template that the language model was given."""

    def evolve(self, **changes: Any) -> Self:
        """A copy with these fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a member's requests cost at one language model on one day."""

    member_id: str
    day: str
    """`2026-11-21`, UTC."""
    model: str
    requests: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a render is. `preview` is a small encoded WebP, on some steps only."""

    job_id: str
    attempt: int
    step: int
    total: int
    seconds_left: float | None = None
    preview: bytes | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One finished picture: PNG bytes with the metadata already in them."""

    id: str
    index: int
    png: bytes = dataclasses.field(repr=False)
    seed: int
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Everything one attempt produced."""

    job_id: str
    attempt: int
    pictures: tuple[Drawn, ...]
    grid: bytes | None = dataclasses.field(default=None, repr=False)
    """PNG of all pictures in one, where there are several; or what moves: WebP, GIF or MP4."""
    seconds: float
    """Measured GPU-seconds: each merged forward charged by this job's share of its rows."""
    model_hash: str
    """Hash over the sha256 of every weight file."""
    notes: tuple[str, ...] = ()
    """What was changed to make it fit, to be told to the member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a render will take, before it is queued."""

    seconds: float
    bytes: int | None = None
    """Memory beyond the model's weights; None where nothing was measured."""
    room: int | None = None
    """Memory that was free once the default model was loaded; None where the system does not say."""

    @property
    def fits(self) -> bool:
        """Whether it will go without shrinking anything, as far as is known."""
        return self.bytes is None or self.room is None or self.bytes <= self.room


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a waiting member is told."""

    place: int
    """1 is next; 0 is running."""
    seconds: float
    """Until it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One entry of the outbox: something that a member must be told, until it is told or never can be."""

    id: str
    kind: Literal["result", "error", "reply", "cancelled"]
    """A drawn job, a failure (`request.error_message`), words only (`request.intent.reply`), or a cancellation."""
    request: Request
    job: Job | None = None
    attempts: int = 0
    """Tries that failed so far."""
    created_at: float = 0.0
    """Unix seconds."""
