"""What holds for every test."""

from __future__ import annotations

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # two threads a process wait for each other's slices of time beside other tests
