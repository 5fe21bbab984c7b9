"""Which parked calls share the next forward. Pure: no torch, no clock."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

DEFAULT_ROWS: Final = 16
"""Rows of one forward where nothing was measured: beyond it, throughput rose by less than a fifth on two cores."""
AGEING: Final = 1
"""Row-steps that a call's rest counts less for each forward it has waited: no long job waits for ever."""
PATIENCE: Final = 64
"""Forwards after which a relaxed call counts like any other."""


@dataclass(frozen=True, slots=True)
class Parked:
    """What deciding needs to know of a parked call."""

    key: Hashable
    rows: int
    since: int
    """Number of the forward after which it was parked: the smaller, the longer it waits."""
    size: Hashable = None
    """Model and shape of a row, by which caps are measured."""
    left: int = 0
    """Row-steps until its request is done, as far as known."""
    relaxed: bool = False
    """It gives way to those that are not."""
    start_tag: float = 0.0
    """The dispatcher's: who had much of late, or asked for much at once, starts later (see `dispatch/policy.py`)."""
    pace: float = 1.0
    """What a row-step counts on the scale of the tags: seconds over the member's weight."""


@dataclass
class Caps:
    """Most rows of one forward: by size where profiled, by batch key where memory did not suffice for more."""

    default: int = DEFAULT_ROWS
    measured: dict[Hashable, int] = field(default_factory=dict)
    """By key, learnt from running out of memory."""
    profiled: dict[Hashable, int] = field(default_factory=dict)
    """By size."""

    def of(self, key: Hashable, size: Hashable = None) -> int:
        """Rows that a forward of this key may have."""
        wanted = self.profiled.get(size, self.default)
        return min(wanted, self.measured.get(key, wanted))

    def lower(self, key: Hashable, rows: int) -> None:
        """So many rows did not fit: half of them may."""
        self.measured[key] = max(1, min(self.of(key), rows // 2))


def choose(parked: Sequence[Parked], caps: Caps) -> list[int]:
    """Places of the calls that go next: a leader, and all others that fit beside it, longest waiting first.

    The leader is the call that waits longest; where company makes nothing cheaper, that of the request that would end
    first by the dispatcher's tags, so that short ones go before the rest of long ones, and those of a member who has
    asked for little before those of one who has asked for much. A call that alone exceeds the cap goes alone.
    """
    now = max(call.since for call in parked) + 1
    order = sorted(range(len(parked)), key=lambda place: (_gives_way(parked[place], now), parked[place].since))
    if caps.of(parked[order[0]].key, parked[order[0]].size) == 1:
        order.sort(key=lambda place: (_gives_way(parked[place], now), _rest(parked[place], now)))
    leader = parked[order[0]]
    chosen, rows, cap = [order[0]], leader.rows, caps.of(leader.key, leader.size)
    for place in order[1:]:
        if parked[place].key == leader.key and rows + parked[place].rows <= cap:
            chosen.append(place)
            rows += parked[place].rows
    return chosen


def _gives_way(call: Parked, now: int) -> bool:
    return call.relaxed and now - call.since < PATIENCE


def _rest(call: Parked, now: int) -> tuple[float, int]:
    """Where it would end if it alone were served from now on (the finish tag of its rest), less for its waiting."""
    return call.start_tag + call.pace * (call.left - AGEING * (now - call.since)), call.since
