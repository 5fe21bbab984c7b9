"""A circuit breaker: an endpoint that keeps failing is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
"""In a row, before the endpoint is left alone."""
REST: Final = 60.0
"""Seconds it is left alone; then one request tries again."""
LONGEST_REST: Final = 600.0
"""Seconds, also where the endpoint itself asks for more."""


class Breaker:
    """Counts failures in a row. Open means: do not ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @property
    def open(self) -> bool:
        """Whether the endpoint is to be left alone now."""
        return self._clock() < self._until

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures, self._until = 0, 0.0

    def failed(self, retry_after: float | None = None) -> None:
        """Count a failure; `retry_after` seconds are kept at once."""
        self._failures += 1
        if retry_after:
            self._until = self._clock() + min(retry_after, LONGEST_REST)
        elif self._failures >= FAILURES:
            self._until = self._clock() + REST
