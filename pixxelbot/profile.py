"""What a model costs on this machine: seconds and memory of one forward by its number of rows. Pure.

A row is one latent in one forward; a guided picture has two. Merging requests pays where a row gets cheaper in company;
where it does not, each goes alone, so that nobody waits for others' rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

SCHEMA_VERSION: Final = 1
GOOD_ENOUGH: Final = 1.05
"""A row may cost so much more than in the best company: beyond that point waiting grows and throughput hardly does."""
FLAT: Final = 1.05
"""A row alone that costs no more than so many times the cheapest gains nothing by company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Measured for one model, size of latents, dtype, device, and version of the libraries."""

    model: str
    model_hash: str
    size: str
    """Shape of one row, such as `4x64x64`."""
    dtype: str
    device: str
    versions: str
    seconds: tuple[tuple[int, float], ...]
    """Rows and least seconds of one forward, fewest rows first."""
    bytes: tuple[tuple[int, int], ...] = ()
    """Rows and the most memory that the forward held beyond the weights."""
    decoding: float = 0.0
    """Bytes a pixel that the autoencoder needs to decode a picture."""
    weights: int = 0
    """Bytes of the model itself."""
    schema_version: int = SCHEMA_VERSION

    @property
    def name(self) -> str:
        """What it is kept under; a changed machine, model or library has another."""
        return f"{self.model}|{self.model_hash[:12]}|{self.size}|{self.dtype}|{self.device}|{self.versions}"[:110]

    @property
    def cap(self) -> int:
        """Most rows that one forward should have; 1 where company makes nothing cheaper."""
        costs = {rows: seconds / rows for rows, seconds in self.seconds}
        best = min(costs.values())
        if costs[min(costs)] <= best * FLAT:
            return 1
        return min(rows for rows, cost in costs.items() if cost <= best * GOOD_ENOUGH)

    @property
    def gain(self) -> float:
        """How much cheaper a row is in the best company than alone."""
        costs = [seconds / rows for rows, seconds in self.seconds]
        return costs[0] / min(costs)

    def memory(self, rows: int) -> float:
        """Bytes beyond the weights that a forward of so many rows holds at most.

        Between the measured ones on a line; beyond them on the line from the first to the last.
        """
        known = dict(self.bytes)
        if not known:
            return 0.0
        if rows in known or len(known) == 1:
            return known.get(rows, min(known.values()) * rows / min(known))
        below = max((row for row in known if row < rows), default=min(known))
        above = min((row for row in known if row > rows), default=None)
        if above is None:
            below, above = min(known), max(known)
        return known[below] + (known[above] - known[below]) * (rows - below) / (above - below)

    def duration(self, rows: int) -> float:
        """Seconds of a forward of so many rows, between the measured ones or beyond them in proportion."""
        known = dict(self.seconds)
        if rows in known:
            return known[rows]
        below = max((row for row in known if row < rows), default=min(known))
        above = min((row for row in known if row > rows), default=below)
        if above == below:
            return known[below] * rows / below
        return known[below] + (known[above] - known[below]) * (rows - below) / (above - below)

    def dump(self) -> dict[str, Any]:
        """As JSON holds it."""
        return dataclasses.asdict(self)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """From what `dump` gave."""
        pairs = {name: tuple((int(rows), value) for rows, value in stored[name]) for name in ("seconds", "bytes")}
        return cls(**{**stored, **pairs})
