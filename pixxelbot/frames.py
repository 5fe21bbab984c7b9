"""Frames: how two processes hand each other a JSON header and raw bytes over a pipe. No pickle.

4 bytes   length of the header, big endian
header    JSON object; its `blobs` lists the length of each blob in bytes
blobs     one after the other
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any, Final

LENGTH: Final = struct.Struct(">I")
MAX_HEADER: Final = 16 * 2**20
"""Bytes; a longer one means that something else wrote into the pipe."""


def pack(header: dict[str, Any], blobs: Iterable[bytes] = ()) -> bytes:
    """One frame."""
    contents = tuple(blobs)
    text = json.dumps(header | {"blobs": [len(blob) for blob in contents]}).encode()
    return b"".join((LENGTH.pack(len(text)), text, *contents))


def length_of(prefix: bytes) -> int:
    """Length of the header in bytes; raises ValueError where this is no frame."""
    (length,) = LENGTH.unpack(prefix)
    if length > MAX_HEADER:
        raise ValueError(f"no frame: its header would have {length} bytes")
    return int(length)


def header_of(text: bytes) -> tuple[dict[str, Any], list[int]]:
    """The header, and the length of each blob that follows it."""
    header: dict[str, Any] = json.loads(text)
    return header, [int(length) for length in header.pop("blobs")]
