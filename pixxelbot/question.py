"""Questions about words and pictures that a renderer's networks answer between two steps of its drawings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; the pictures it is about travel beside it, as encoded bytes.

    `embed_text` asks for a vector for each of `words`, `embed_picture` for one for each picture, `rank` how well each
    of `words` describes the one picture, `segment` where in the one picture that is which `words` name.
    """

    kind: Literal["embed_text", "embed_picture", "rank", "segment"]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the network found; only the field that was asked for is filled."""

    model_hash: str
    """Of the network that answered: vectors of different networks cannot be compared."""
    vectors: tuple[tuple[float, ...], ...] = ()
    """Of length 1 each, so that a dot product is the cosine of the angle."""
    scores: tuple[float, ...] = ()
    """Shares of 1 by phrase, in the order asked."""
    masks: tuple[bytes, ...] = dataclasses.field(default=(), repr=False)
    """Grey PNGs of the picture's size by phrase: white is what the words name."""
