"""A vote: the channel picks which picture of a result goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

VoteVerb = Literal["upscale", "vary"]
QUORUM: Final = 3
"""Ballots that a vote needs unless its starter says otherwise."""
MINUTES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One vote on the pictures of one job. It ends when its time is up, or its starter ends it."""

    id: str
    job_id: str
    member_id: str
    """Who started it."""
    guild_id: str | None = None
    channel_id: str
    message_id: str | None = None
    """Where it is shown, once it is."""
    verb: VoteVerb = "upscale"
    """What happens to the winner."""
    quorum: int = QUORUM
    """Ballots without which nothing goes on."""
    ends_at: float
    """Unix seconds."""
    locale: str = "en-US"
    created_at: float = 0.0
    closed_at: float | None = None
    ballots: tuple[tuple[str, int], ...] = ()
    """Member and number of the picture (from 1), in the order of voting."""


def winner(ballots: Iterable[tuple[str, int]], quorum: int) -> int | None:
    """The picture with most ballots, the earliest voted for where several have as many; None below the quorum."""
    choices = [choice for _, choice in ballots]
    if len(choices) < quorum or not choices:
        return None
    return Counter(choices).most_common(1)[0][0]
