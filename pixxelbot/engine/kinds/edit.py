"""A picture changed as an instruction says, without a mask (InstructPix2Pix, Brooks et al. 2023, and later models)."""

from __future__ import annotations

from typing import Final

from PIL import Image

from pixxelbot.engine.easel import Easel

IMAGE_GUIDANCE: Final = 1.5
"""How closely the source is kept, in InstructPix2Pix' own terms."""
STRENGTH: Final = 0.6
"""Share of the noise where no model made for editing is there."""


def draw(easel: Easel) -> list[Image.Image]:
    """By a model made for editing; without one, drawn anew from the source by the description, which is told."""
    sources, recipe = easel.sources(), easel.recipe
    if recipe.strength == 0:
        return sources
    names = easel.room.edit_models()
    if names:
        return _instructed(easel, names[0], sources)
    easel.notes.append("No model for editing is set up: the picture was drawn anew from the old one and the words.")
    prompt = recipe.prompt or recipe.instruction
    return easel.paint(
        "img2img", image=sources, strength=easel.strength(STRENGTH), width=recipe.width, height=recipe.height,
        prompt=prompt,
    )  # fmt: skip


def _instructed(easel: Easel, name: str, sources: list[Image.Image]) -> list[Image.Image]:
    recipe, model = easel.recipe, easel.room.model(name)
    sampler = recipe.sampler if recipe.sampler in model.limits.samplers else model.limits.samplers[0]
    drawn: list[Image.Image] = []
    for index, source in enumerate(sources):
        drawn += easel.run(
            model.own_pipeline(sampler, careful=easel.care.tiled),
            seeds=[recipe.seed_of(index)],
            passes=len(sources),
            said={"prompt": recipe.instruction or recipe.prompt, "negative_prompt": recipe.negative_prompt or None},
            image=source,
            image_guidance_scale=IMAGE_GUIDANCE,
            width=recipe.width,
            height=recipe.height,
        )
    return drawn
