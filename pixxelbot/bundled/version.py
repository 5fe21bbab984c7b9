"""Which data and which code a training used, as hashes over the files that make them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
PICTURES: Final = ("scenes.py", "painter.py", "backdrops.py", "faces.py", "shapes.py", "sprites.py", "styles.py")
"""Files that decide what the pictures show."""


@cache
def versions() -> dict[str, str]:
    """`pictures`, `captions` and `code`: the first twelve hexadecimal digits of a SHA-256."""
    return {
        "pictures": _hash(HERE / name for name in PICTURES),
        "captions": _hash([HERE / "captions.py"]),
        "code": _hash(sorted(HERE.glob("*.py"))),
    }


def _hash(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()[:12]
