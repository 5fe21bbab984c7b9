"""Memory of this machine, as the system tells it, and as people read it."""

from __future__ import annotations

from pathlib import Path

TOLD = Path("/proc/meminfo")
"""Linux alone has it (proc_meminfo(5))."""


def free_memory() -> int | None:
    """Bytes of main memory that programs may still take; None where the system does not say."""
    if not TOLD.is_file():
        return None
    lines = dict(line.split(":", 1) for line in TOLD.read_text(encoding="ascii").splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def in_words(size: float) -> str:
    """`3.2 GiB`, `120 MiB`: never less than one MiB."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{max(size / 2**20, 1):.0f} MiB"
