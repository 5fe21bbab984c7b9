"""Alone, what a kind draws is plain diffusers to the last bit: pipelines loaded by themselves and called by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageFilter

from pixxelbot.engine.choose import Caps
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.kinds.inpaint import FEATHER
from pixxelbot.engine.kinds.outpaint import around, canvas, placed
from pixxelbot.engine.residency import Models
from pixxelbot.engine.samplers import SAMPLERS
from pixxelbot.recipe import Recipe
from tests.engine import tiny
from tests.engine.drawing import Pixels, apart, draw
from tests.factories import recipe as any_recipe

FAMILIES = ("sd1", "sdxl", "sd3")
STEPS, SEED, GUIDANCE, STRENGTH = 5, 11, 4.0, 0.7
SIZE = (48, 32)
WORDS = "a red fox"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {family: tiny.build(family, folder / family) for family in FAMILIES}


@pytest.fixture(scope="module")
def engine(places: dict[str, Path]) -> Engine:
    made = Engine(Models({name: str(place) for name, place in places.items()}, "cpu", "float32"))
    made.caps = Caps(default=1)
    return made


@pytest.fixture(scope="module")
def plainly(places: dict[str, Path]) -> Callable[..., Pixels]:
    """Draws by a pipeline of diffusers' that it loads from the folder; nothing of the engine is in it."""
    kinds = {
        "text2img": diffusers.AutoPipelineForText2Image,
        "img2img": diffusers.AutoPipelineForImage2Image,
        "inpaint": diffusers.AutoPipelineForInpainting,
    }

    def drawn(family: str, task: str, sampler: str, **arguments: Any) -> Pixels:
        pipeline = kinds[task].from_pretrained(places[family], dtype=torch.float32, low_cpu_mem_usage=False)
        pipeline.set_progress_bar_config(disable=True)
        kind, changes = SAMPLERS[sampler]
        pipeline.scheduler = getattr(diffusers, kind).from_config(pipeline.scheduler.config, **changes)
        if getattr(pipeline, "safety_checker", None) is not None:
            pipeline.safety_checker = None
        if family == "sd3":  # its img2img would take another size than the picture's
            arguments = {"width": SIZE[0], "height": SIZE[1]} | arguments
        whole = pipeline(
            WORDS, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(SEED),
            **arguments,
        )  # fmt: skip
        return np.asarray(whole.images[0], dtype=int)

    return drawn


def picture(size: tuple[int, int] = SIZE) -> Image.Image:
    coarse = np.random.default_rng(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def mask() -> Image.Image:
    found = Image.new("L", SIZE)
    found.paste(255, (0, 0, 30, 32))
    return found


def recipe(family: str, kind: Any, sampler: str, **changes: Any) -> Recipe:
    values: dict[str, Any] = {"width": SIZE[0], "height": SIZE[1], "steps": STEPS, "seed": SEED, "prompt": WORDS}
    values |= {"guidance_scale": GUIDANCE, "model": family, "sampler": sampler, "kind": kind}
    return any_recipe(**(values | changes))


def mine(engine: Engine, wanted: Recipe) -> Pixels:
    """With somebody else's steps between its own."""
    other = wanted.evolve(seed=99, steps=STEPS + 2)
    return draw(engine, wanted, other, pictures={"it": picture(), "mask": mask()})[0].pixels[0]


def laid_over(new: Pixels, old: Image.Image, where: Image.Image) -> Pixels:
    """What the mask leaves out comes from the source, as the kind promises."""
    soft = ImageChops.multiply(where.filter(ImageFilter.GaussianBlur(FEATHER)), where)
    return np.asarray(Image.composite(Image.fromarray(new.astype(np.uint8)), old, soft), dtype=int)


CASES = [
    *[(family, sampler) for family in ("sd1", "sdxl") for sampler in ("DDIM", "Euler a", "DPM++ 2M", "UniPC")],
    ("sd1", "LCM"),
    ("sd1", "DDPM"),
    ("sd1", "DPM++ 2M Karras"),
    ("sd3", "FlowMatch Euler"),
]


@pytest.mark.parametrize(("family", "sampler"), CASES)
def test_text2img(engine: Engine, plainly: Callable[..., Pixels], family: str, sampler: str) -> None:
    theirs = plainly(family, "text2img", sampler, width=SIZE[0], height=SIZE[1])
    assert apart(mine(engine, recipe(family, "text2img", sampler)), theirs) == 0


@pytest.mark.parametrize("kind", ["img2img", "vary"])
@pytest.mark.parametrize(("family", "sampler"), CASES)
def test_img2img_and_vary(engine: Engine, plainly: Callable[..., Pixels], family: str, sampler: str, kind: str) -> None:
    theirs = plainly(family, "img2img", sampler, image=picture(), strength=STRENGTH)
    assert apart(mine(engine, recipe(family, kind, sampler, sources=("it",), strength=STRENGTH)), theirs) == 0


@pytest.mark.parametrize(("family", "sampler"), CASES)
def test_inpaint(engine: Engine, plainly: Callable[..., Pixels], family: str, sampler: str) -> None:
    new = plainly(
        family, "inpaint", sampler, image=picture(), mask_image=mask(), strength=STRENGTH, width=SIZE[0],
        height=SIZE[1],
    )  # fmt: skip
    wanted = recipe(family, "inpaint", sampler, sources=("it",), mask="mask", strength=STRENGTH)
    assert apart(mine(engine, wanted), laid_over(new, picture(), mask())) == 0


@pytest.mark.parametrize(("family", "sampler"), CASES)
def test_outpaint(engine: Engine, plainly: Callable[..., Pixels], family: str, sampler: str) -> None:
    whole = (72, 32)
    box = placed(whole, SIZE, directions=("left",), scale=1.5)
    ground, where = canvas(picture(), whole, box), around(whole, box)
    new = plainly(
        family, "inpaint", sampler, image=ground, mask_image=where, strength=1.0, width=whole[0], height=whole[1]
    )
    wanted = recipe(family, "outpaint", sampler, sources=("it",), width=whole[0], directions=("left",), scale=1.5)
    assert apart(mine(engine, wanted), laid_over(new, ground, where)) == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_blending_a_picture_with_nothing_but_itself_is_img2img(
    engine: Engine, plainly: Callable[..., Pixels], family: str
) -> None:
    """Its mixture goes through the autoencoder: so does what diffusers is given here."""
    sampler = "FlowMatch Euler" if family == "sd3" else "DDIM"
    vae = engine.models.want(family).result().base.vae
    with torch.no_grad():
        levels = torch.from_numpy(np.asarray(picture(), dtype=np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        back = vae.decode(vae.encode(levels).latent_dist.mode()).sample[0] / 2 + 0.5
    middle = Image.fromarray((back.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())
    theirs = plainly(family, "img2img", sampler, image=middle, strength=STRENGTH)
    wanted = recipe(family, "blend", sampler, sources=("it", "it"), strength=STRENGTH)
    assert apart(mine(engine, wanted), theirs) == 0
