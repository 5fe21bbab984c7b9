"""The drawing process: `python -m pixxelbot.engine.child`.

It ends itself within a second when its parent's pipe closes, whatever it is doing: importing torch, loading a model or
in the middle of a forward. So everything heavy is imported only once the pipe is watched.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from pixxelbot.frames import LENGTH, header_of, length_of

NICE: Final = 10
"""The bot, its database and its heartbeat go first."""
PR_SET_PDEATHSIG: Final = 1
"""From <sys/prctl.h>."""

Frame = tuple[dict[str, Any], list[bytes]]


def listen(stream: BinaryIO, frames: SimpleQueue[Frame]) -> None:
    """Read frames beside everything else; when the pipe closes, end at once."""
    try:
        while True:
            header, sizes = header_of(_exactly(stream, length_of(_exactly(stream, LENGTH.size))))
            frames.put((header, [_exactly(stream, size) for size in sizes]))
    except (EOFError, OSError):
        os._exit(0)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes; raises EOFError when the pipe closes before."""
    parts = bytearray()
    while len(parts) < size:
        part = stream.read(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def _own_output() -> BinaryIO:
    """The pipe to the parent; whatever a library prints from now on goes to standard error instead."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(own, os.O_BINARY)
    return os.fdopen(own, "wb")


def _be_modest() -> None:
    """Give way to the bot, and die with it even if it is killed, where the system can promise that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent closes the pipe
    if hasattr(os, "nice"):
        os.nice(NICE)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve one parent."""
    outgoing = _own_output()
    _be_modest()
    frames: SimpleQueue[Frame] = SimpleQueue()
    threading.Thread(target=listen, args=(sys.stdin.buffer, frames), name="listener", daemon=True).start()
    from pixxelbot.engine.service import Service

    Service(frames.get, outgoing).run()


if __name__ == "__main__":
    main()
