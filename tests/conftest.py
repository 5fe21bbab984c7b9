"""What holds for every test."""

from __future__ import annotations

import os

# Where several processes are busy, the threads of each wait for one another's slices of time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
