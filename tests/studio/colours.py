"""A network that sees nothing but colours and reads nothing but their names: enough to tell red from blue."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageStat

from pixxelbot.question import Answer, Question

NAMES = ("red", "green", "blue")


async def colours(question: Question, pictures: Sequence[bytes] = ()) -> Answer:
    """Vectors of red, green and blue, and a little of everything else; masks that are all white."""
    if question.kind == "segment":
        return Answer(model_hash="c", masks=tuple(pictures))
    texts = [
        _unit([words.lower().count(name) + 0.01 * len(words.split()) for name in NAMES]) for words in question.words
    ]
    seen = [_unit(ImageStat.Stat(Image.open(io.BytesIO(png)).convert("RGB")).mean) for png in pictures]
    if question.kind != "rank":
        return Answer(model_hash="c", vectors=tuple(texts or seen))
    alike = [math.exp(9 * sum(a * b for a, b in zip(text, seen[0], strict=True))) for text in texts]
    return Answer(model_hash="c", scores=tuple(one / sum(alike) for one in alike))


def _unit(values: Sequence[float]) -> tuple[float, ...]:
    length = math.hypot(*values) or 1.0
    return tuple(value / length for value in values)
