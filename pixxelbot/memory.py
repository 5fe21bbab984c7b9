"""Memory of this machine, as the system tells it, and as people read it."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path
from typing import Final

TOLD = Path("/proc/meminfo")
"""Linux alone has it (proc_meminfo(5))."""


def free_memory() -> int | None:
    """Bytes of main memory that programs may still take; None where the system does not say."""
    if not TOLD.is_file():
        return None
    lines = dict(line.split(":", 1) for line in TOLD.read_text(encoding="ascii").splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


STATUS: Final = Path("/proc/self/status")
"""What this process holds (proc_pid_status(5))."""
FORGET: Final = Path("/proc/self/clear_refs"), "5"
"""Written there, the most that was ever held becomes what is held now (proc_pid_clear_refs(5))."""


def resident_anew() -> int:
    """Bytes that this process holds, once all that it needs no more is given back; its peak is counted from here.

    0 where the system does not say.
    """
    if not STATUS.is_file():
        return 0
    gc.collect()
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)
    try:
        FORGET[0].write_text(FORGET[1], encoding="ascii")
    except OSError:  # some containers forbid it
        return _told("VmHWM")
    return _told("VmRSS")


def resident_peak() -> int:
    """The most bytes that this process held since; 0 where the system does not say."""
    return _told("VmHWM") if STATUS.is_file() else 0


def _told(name: str) -> int:
    lines = dict(line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines())
    return int(lines[name].split()[0]) * 1024


def in_words(size: float) -> str:
    """`3.2 GiB`, `120 MiB`: never less than one MiB."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{max(size / 2**20, 1):.0f} MiB"
