"""How long a recipe will take, learnt from what earlier ones took. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pixxelbot.profile import Profile
from pixxelbot.recipe import Recipe

FIRST_GUESS: Final = 6e-7
"""Seconds a pixel, row and step before anything was measured: the bundled model on two cores."""
SHARE_OF_THE_NEW: Final = 0.3
"""Weight of the latest measurement in the mean."""
STRENGTHS: Final = {"inpaint": 0.9, "upscale": 0.3, "interpolate": 0.45}
"""Share of the steps that a kind makes where the recipe says none."""
WHOLE: Final = ("text2img", "control", "outpaint", "detail")
"""Kinds that make every step; a strength means something else to them."""
FRAMES: Final = 16
"""Of an animation where the recipe says none."""
LATENT: Final = 8
"""Pixels of a latent's side."""
PACKED: Final = 4
"""Latents of a transformer's token."""
TILES_AT_ONCE: Final = 4
FRAMES_AT_ONCE: Final = 4
CANVAS: Final = 24
"""Bytes a pixel of what tiles are laid on: sums and weights as floats, the picture before and after."""
PICTURE: Final = 24
"""Bytes a pixel of a picture that was decoded: its levels as floats, twice where several are put together."""
KEPT: Final = 0.75
"""Share of the lesser of forward and decoding that the C library has not given back while the greater is at work."""
TILING: Final = 1.6
"""Tiles of an enlargement overlap: so many times its pixels are drawn."""


class Speed:
    """Seconds a unit of work, a moving mean by model."""

    def __init__(self) -> None:
        self._learnt: dict[str, float] = {}

    def predict(self, recipe: Recipe, profiles: Sequence[Profile] = ()) -> float:
        """GPU-seconds: as renders of this run took them, else as the model was measured, else a guess."""
        learnt = self._learnt.get(recipe.model)
        if learnt is None:
            learnt = _measured(recipe, profiles) if profiles else FIRST_GUESS
        return work(recipe) * learnt

    def learn(self, recipe: Recipe, seconds: float) -> None:
        """It took so many GPU-seconds."""
        measured = seconds / work(recipe)
        before = self._learnt.get(recipe.model, measured)
        self._learnt[recipe.model] = before + SHARE_OF_THE_NEW * (measured - before)


def needed(recipe: Recipe, profiles: Sequence[Profile]) -> int | None:
    """Bytes beyond the model's weights that a recipe takes at its peak: of its forwards, or of decoding its pictures.

    From the measured size nearest to the recipe's; memory grows with the number of latents. What is drawn in tiles or
    a few frames at a time takes no more than those. A graphics device says when its memory is short, and the engine
    then goes row by row and tile by tile: there it is what a single row takes. The processor has no such word; whoever
    takes too much of its memory is killed. None where nothing was measured.
    """
    measured = [one for one in profiles if one.bytes]
    if not measured:
        return None
    if recipe.kind == "background":  # no forward of the model, and nothing to decode
        return recipe.width * recipe.height * CANVAS
    nearest = _nearest(recipe, measured)
    pixels, pictures = _drawn_at_once(recipe, nearest)
    guided = 2 if recipe.guidance_scale > 1 and recipe.kind != "upscale" else 1
    killed = nearest.device.startswith("cpu")
    forward = nearest.memory(pictures * guided if killed else 1) * pixels / _pixels(nearest)
    decoded = nearest.decoding * (pixels if killed else min(pixels, _pixels(nearest)))
    tiled = recipe.width * recipe.height * CANVAS if recipe.kind == "upscale" else 0
    if not killed:
        return int(max(forward, decoded))
    if tiled:
        return int(max(forward, decoded) + tiled)
    parts = forward, decoded + pixels * pictures * PICTURE
    return int(max(parts) + KEPT * min(parts))


def _drawn_at_once(recipe: Recipe, nearest: Profile) -> tuple[float, int]:
    """Pixels of each picture of one forward, and how many pictures it has."""
    pixels = recipe.width * recipe.height
    if recipe.kind == "upscale":
        tiled = pixels > _pixels(nearest)
        return min(pixels, _pixels(nearest)), TILES_AT_ONCE if tiled else recipe.count
    if recipe.kind == "interpolate":
        return pixels, min(FRAMES_AT_ONCE, recipe.frames or FRAMES)
    return pixels, recipe.count


def _measured(recipe: Recipe, profiles: Sequence[Profile]) -> float:
    """Seconds of a pixel, row and step, in a forward of the measured size nearest to the recipe's."""
    nearest = _nearest(recipe, profiles)
    rows = recipe.count * (2 if recipe.guidance_scale > 1 else 1)
    return nearest.duration(rows) / (rows * _pixels(nearest))


def _nearest(recipe: Recipe, profiles: Sequence[Profile]) -> Profile:
    return min(profiles, key=lambda one: abs(recipe.width * recipe.height / _pixels(one) - 1))


def _pixels(profile: Profile) -> float:
    """Pixels of one measured row; eight a latent's side, as nearly all autoencoders have."""
    sides = [int(side) for side in profile.size.split("x")]
    latents = sides[-1] * sides[-2] if len(sides) == 3 else sides[0] * PACKED
    return latents * LATENT**2


def work(recipe: Recipe) -> float:
    """Pixels × rows × steps; a guided picture has two rows."""
    tiling = TILING if recipe.kind == "upscale" else 1.0
    guided = 2 if recipe.guidance_scale > 1 else 1
    return recipe.width * recipe.height * guided * _steps(recipe) * tiling


def _steps(recipe: Recipe) -> float:
    """Steps of all pictures together."""
    if recipe.kind == "background" or recipe.making == "forward":
        return 1.0
    if recipe.kind == "sweep":
        return max(1.0, recipe.steps * sum(recipe.strengths))
    pictures = (recipe.frames or FRAMES) if recipe.kind == "interpolate" else recipe.count
    kind = recipe.of or recipe.kind
    whole = kind in WHOLE or recipe.from_seed is not None or (kind == "arithmetic" and not recipe.sources)
    strength = 1.0 if whole else STRENGTHS.get(kind, 0.6) if recipe.strength is None else recipe.strength
    return max(1.0, recipe.steps * strength * recipe.stop / 100) * pictures
