"""Pictures that move, and words on pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from pixxelbot.picture import XMP
from pixxelbot.recipe import Motion

PER_SECOND: Final = 8
QUALITY: Final = 85
LABEL_SHARE: Final = 0.055
"""Height of a label's letters, as a share of the picture's height, but no less than can be read."""
SMALLEST: Final = 9
NO_VIDEO: Final = "MP4 needs PyAV (`pip install 'pixxelbot[video]'`), which is not there: it became an animated WebP."


def encode(frames: Sequence[Image.Image], motion: Motion, notes: list[str]) -> bytes:
    """All frames as one file, in a loop; what had to be done otherwise is noted."""
    if motion == "mp4":
        try:
            return _mp4(frames)
        except ImportError:
            notes.append(NO_VIDEO)
            motion = "webp"
    held = io.BytesIO()
    first, *rest = [frame.convert("RGB") for frame in frames]
    own = {"xmp": XMP.encode(), "quality": QUALITY} if motion == "webp" else {"comment": b"Made by a model (pixxelbot)"}
    first.save(held, motion.upper(), save_all=True, append_images=rest, duration=1000 // PER_SECOND, loop=0, **own)
    return held.getvalue()


def _mp4(frames: Sequence[Image.Image]) -> bytes:
    import av

    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(PER_SECOND))
        width, height = (side - side % 2 for side in frames[0].size)  # the common colour sampling halves both
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            cut = frame.convert("RGB").crop((0, 0, width, height))
            container.mux(stream.encode(av.VideoFrame.from_image(cut)))
        container.mux(stream.encode())
    return held.getvalue()


def labelled(image: Image.Image, words: str) -> Image.Image:
    """The picture with words along its lower edge."""
    whole = image.convert("RGB")
    size = max(SMALLEST, round(image.height * LABEL_SHARE))
    font = ImageFont.load_default(size)
    draw = ImageDraw.Draw(whole)
    while size > 6 and draw.textlength(words, font) > image.width - 4:
        size -= 1
        font = ImageFont.load_default(size)
    draw.text((image.width / 2, image.height - 2), words, "white", font, "mb", stroke_width=2, stroke_fill="black")
    return whole
