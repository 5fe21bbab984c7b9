"""What holds for every test."""

from __future__ import annotations

import os
import signal

# Where several processes are busy, the threads of each wait for one another's slices of time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell without job control starts background work deaf to Ctrl-C, and what a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
