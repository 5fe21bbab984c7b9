"""Which parked calls share the next forward. Pure: no torch, no clock."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

DEFAULT_ROWS: Final = 16
"""Rows of one forward where nothing was measured: beyond it, throughput rose by less than a fifth on two cores."""


@dataclass(frozen=True, slots=True)
class Parked:
    """What deciding needs to know of a parked call."""

    key: Hashable
    rows: int
    since: int
    """Number of the forward after which it was parked: the smaller, the longer it waits."""


@dataclass
class Caps:
    """Most rows of one forward, by batch key where measured (or learnt from running out of memory)."""

    default: int = DEFAULT_ROWS
    measured: dict[Hashable, int] = field(default_factory=dict)

    def of(self, key: Hashable) -> int:
        """Rows that a forward of this key may have."""
        return self.measured.get(key, self.default)

    def lower(self, key: Hashable, rows: int) -> None:
        """So many rows did not fit: half of them may."""
        self.measured[key] = max(1, min(self.of(key), rows // 2))


def choose(parked: Sequence[Parked], caps: Caps) -> list[int]:
    """Places of the calls that go next: the one that waits longest, and all others that fit beside it, oldest first.

    A call that alone exceeds the cap goes alone; nothing starves.
    """
    order = sorted(range(len(parked)), key=lambda place: parked[place].since)
    leader = parked[order[0]]
    chosen, rows, cap = [order[0]], leader.rows, caps.of(leader.key)
    for place in order[1:]:
        if parked[place].key == leader.key and rows + parked[place].rows <= cap:
            chosen.append(place)
            rows += parked[place].rows
    return chosen
