"""ControlNets of every family that has them: merged as alone, alone as plain diffusers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from pixxelbot.engine.choose import Caps
from pixxelbot.engine.edges import canny
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.errors import InvalidRequest
from pixxelbot.recipe import Recipe
from tests.engine import tiny
from tests.engine.drawing import apart, draw, pixels
from tests.factories import recipe as any_recipe

FAMILIES = {
    "sd1": diffusers.StableDiffusionControlNetPipeline,
    "sdxl": diffusers.StableDiffusionXLControlNetPipeline,
    "sd3": diffusers.StableDiffusion3ControlNetPipeline,
    "flux": diffusers.FluxControlNetPipeline,
}
STEPS = 3


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for family in FAMILIES:
        found[family] = tiny.build(family, folder / family)
        tiny.controlnet_for(tiny.FAMILIES[family](), found[family] / "edges")
    return found


@pytest.fixture
def engine(places: dict[str, Path]) -> Engine:
    return Engine(Models({name: str(place) for name, place in places.items()}, "cpu", "float32"))


def recipe(family: str, **changes: Any) -> Recipe:
    sampler = "DDIM" if family in ("sd1", "sdxl") else "FlowMatch Euler"
    values: dict[str, Any] = {"kind": "control", "control": "edges", "sources": ("one",), "sampler": sampler}
    values |= {"model": family, "width": 32, "height": 32, "steps": STEPS, "seed": 3, "guidance_scale": 4.0}
    return any_recipe(**(values | changes))


def noisy(seed: int) -> Image.Image:
    drawn = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(drawn).resize((32, 32), Image.Resampling.NEAREST)


PICTURES = {"one": noisy(1), "two": noisy(2)}


@pytest.mark.parametrize("family", FAMILIES)
def test_controlled_pictures_are_the_same_merged_and_alone(engine: Engine, family: str) -> None:
    wanted = [recipe(family, sources=(name,), seed=seed) for seed, name in enumerate(("one", "two"))]
    alone = [pixels(engine, one, PICTURES)[0] for one in wanted]
    before = engine.forwards
    merged = draw(engine, *wanted, pictures=PICTURES)
    assert engine.forwards - before == 2 * STEPS, "ControlNet and denoiser, each once a step for both"
    assert all(apart(one.pixels[0], other) <= 1 for one, other in zip(merged, alone, strict=True))
    plain = pixels(engine, recipe(family, kind="text2img", sources=()))[0]
    assert apart(pixels(engine, recipe(family), PICTURES)[0], plain) > 1, "and it does act"


@pytest.mark.parametrize("family", FAMILIES)
def test_in_half_precision_it_draws_too(places: dict[str, Path], family: str) -> None:
    half = Engine(Models({family: str(places[family])}, "cpu", "bfloat16"))
    assert draw(half, recipe(family), pictures=PICTURES)[0].rendered.notes == ()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_controlled_picture_is_the_same_in_a_grid_and_by_its_own_seed(engine: Engine, family: str) -> None:
    two = pixels(engine, recipe(family, count=2, seed=5), PICTURES)
    assert apart(two[1], pixels(engine, recipe(family, seed=6), PICTURES)[0]) <= 1
    mixed = pixels(engine, recipe(family, count=3, seed=4, sources=("one", "two")), PICTURES)
    second, third = recipe(family, seed=5, sources=("two",)), recipe(family, seed=6)
    assert apart(mixed[1], pixels(engine, second, PICTURES)[0]) <= 1, "several sources take turns"
    assert apart(mixed[2], pixels(engine, third, PICTURES)[0]) <= 1


@pytest.mark.parametrize("family", ["sd1", "sdxl", "flux"])  # Stable Diffusion 3's draws by chance, and so never twice
def test_alone_it_is_plain_diffusers_to_the_last_bit(engine: Engine, places: dict[str, Path], family: str) -> None:
    engine.caps = Caps(default=1)
    mine = draw(engine, recipe(family), recipe(family, seed=8, steps=5), pictures=PICTURES)[0].pixels[0]
    network = engine.models.want_network("edges", family).result().module
    again = type(network).from_pretrained(places[family] / "edges", low_cpu_mem_usage=False)
    pipeline = FAMILIES[family].from_pretrained(places[family], controlnet=again, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    hint = canny(noisy(1)).convert("RGB")
    name = "image" if family in ("sd1", "sdxl") else "control_image"
    whole = pipeline(
        recipe(family).prompt, num_inference_steps=STEPS, guidance_scale=4.0, width=32, height=32,
        generator=torch.Generator().manual_seed(3), controlnet_conditioning_scale=1.0, **{name: hint},
    )  # fmt: skip
    assert apart(mine, np.asarray(whole.images[0], dtype=int)) == 0


def test_a_controlnet_of_another_family_is_refused(places: dict[str, Path], tmp_path: Path) -> None:
    bare = {name: shutil.copytree(places[name], tmp_path / name) for name in ("sd1", "sd3")}
    for folder in bare.values():
        shutil.rmtree(folder / "edges")
    engine = Engine(Models({name: str(folder) for name, folder in bare.items()}, "cpu", "float32"))
    engine.models.networks = [("other", "edges", str(places["sdxl"] / "edges"))]
    assert isinstance(draw(engine, recipe("sd1"), pictures=PICTURES)[0].error, InvalidRequest)
    engine.models.networks = [("other", "edges", str(places["flux"] / "edges"))]
    assert isinstance(draw(engine, recipe("sd3"), pictures=PICTURES)[0].error, InvalidRequest)
