"""Every family of models, tiny and with random weights, drawn by the same code: merged is alone, alone is diffusers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixxelbot.engine.choose import Caps
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.errors import UnknownChoice
from pixxelbot.models import limits
from pixxelbot.recipe import Kind, Recipe
from tests.engine import tiny
from tests.engine.drawing import Told, apart, draw, pixels
from tests.factories import recipe as any_recipe

FAMILIES = tuple(tiny.FAMILIES)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("families")
    return {family: str(tiny.build(family, folder / family)) for family in FAMILIES}


@pytest.fixture(scope="module")
def shared(places: dict[str, str]) -> Engine:
    return Engine(Models(places, device="cpu", dtype="float32"))


@pytest.fixture
def engine(shared: Engine) -> Iterator[Engine]:
    yield shared
    shared.caps = Caps()


def picture(seed: int) -> Image.Image:
    drawn = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(drawn).resize((32, 32), Image.Resampling.BICUBIC)


def half_mask() -> Image.Image:
    mask = Image.new("L", (32, 32))
    mask.paste(255, (0, 0, 16, 32))
    return mask


PICTURES = {"one": picture(1), "two": picture(2), "mask": half_mask()}

STARTS: dict[str, dict[str, Any]] = {
    "text2img": {},
    "img2img": {"sources": ("one",), "strength": 0.7},
    "vary": {"sources": ("one",), "strength": 0.5},
    "sweep": {"sources": ("one",), "strengths": (0.5, 1.0), "count": 2},
    "inpaint": {"sources": ("one",), "mask": "mask", "strength": 0.9},
    "outpaint": {"sources": ("one",), "directions": ("left",), "scale": 1.5},
    "upscale": {"sources": ("one",), "width": 48, "height": 48, "method": "creative", "strength": 0.6},
    "blend": {"sources": ("one", "two"), "strength": 0.7},
    "interpolate": {"prompts": ("a boat",), "frames": 3},
    "edit": {"sources": ("one",), "instruction": "make it winter"},
    "making_of": {"of": "text2img", "frames": 4},
    "arithmetic": {"plus": ("a boat",), "minus": ("snow",)},
    "detail": {"scale": 1.5},
    "background": {"sources": ("one",)},
}


def recipe(family: str, kind: Kind = "text2img", **changes: Any) -> Recipe:
    samplers = ("FlowMatch Euler",) if family in ("sd3", "flux", "qwen-image") else ("DDIM",)
    values = {"model": family, "width": 32, "height": 32, "steps": 3, "sampler": samplers[0], "guidance_scale": 4.0}
    return any_recipe(kind=kind, **(values | STARTS[kind] | changes))


def close(ones: list[Told], others: list[list[np.ndarray[Any, Any]]]) -> bool:
    pairs = itertools.chain.from_iterable(
        zip(one.pixels, other, strict=True) for one, other in zip(ones, others, strict=True)
    )
    return all(apart(one, other) <= 1 for one, other in pairs)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_folder_says_of_itself_is_its_family(places: dict[str, str], family: str) -> None:
    found = limits(family, Path(places[family]))
    assert found.family == family
    assert found.native == 32
    assert ("FlowMatch Euler" in found.samplers) == (family in ("sd3", "flux", "qwen-image"))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", STARTS)
def test_every_kind_of_every_family_is_the_same_merged_and_alone(engine: Engine, family: str, kind: Kind) -> None:
    wanted = [recipe(family, kind, seed=seed, prompt=words) for seed, words in enumerate(("a red fox", "a blue cat"))]
    alone = [pixels(engine, one, PICTURES) for one in wanted]
    before = engine.forwards, engine.rows
    merged = draw(engine, *wanted, pictures=PICTURES)
    assert close(merged, alone)
    if kind != "background":
        rows = (engine.rows - before[1]) / (engine.forwards - before[0])
        assert rows >= 2, "both requests were in one forward"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["text2img", "img2img", "inpaint", "outpaint", "blend", "detail"])
def test_the_second_of_two_is_the_same_by_its_own_seed(engine: Engine, family: str, kind: Kind) -> None:
    two = pixels(engine, recipe(family, kind, count=2, seed=4, steps=2), PICTURES)
    assert apart(two[1], pixels(engine, recipe(family, kind, seed=5, steps=2), PICTURES)[0]) <= 1
    assert apart(two[0], two[1]) > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_alone_it_is_plain_diffusers_to_the_last_bit(engine: Engine, family: str) -> None:
    engine.caps = Caps(default=1)
    wanted = recipe(family, seed=5, prompt="a fox")
    mine, _ = draw(engine, wanted, recipe(family, seed=6, steps=4))
    pipeline = engine.models.want(family).result().pipeline("text2img", wanted.sampler)
    guidance = {"true_cfg_scale": 4.0, "negative_prompt": " "} if family == "qwen-image" else {"guidance_scale": 4.0}
    theirs = pipeline(
        "a fox", width=32, height=32, num_inference_steps=3, generator=torch.Generator().manual_seed(5), **guidance
    ).images[0]
    assert apart(mine.pixels[0], np.asarray(theirs, dtype=int)) == 0


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_every_sampler_of_a_family_is_the_same_merged_and_alone(engine: Engine, family: str) -> None:
    samplers = limits(family, Path(engine.models.places[family])).samplers
    wanted = [recipe(family, sampler=name, steps=4, seed=3) for name in samplers]
    alone = [pixels(engine, one) for one in wanted]
    assert close(draw(engine, *wanted), alone)


@pytest.mark.parametrize("family", FAMILIES)
def test_guided_and_unguided_requests_do_not_swap_guidance(engine: Engine, family: str) -> None:
    wanted = [recipe(family, guidance_scale=scale, seed=4) for scale in (1.0, 7.5, 1.0)]
    alone = [pixels(engine, one) for one in wanted]
    assert close(draw(engine, *wanted), alone)
    assert apart(alone[0][0], alone[1][0]) > 0


def test_prompts_of_different_lengths_share_forwards_where_a_mask_hides_the_rest(engine: Engine) -> None:
    wanted = [recipe("qwen-image", prompt=words, seed=1) for words in ("fox", "a castle in the snow by night")]
    alone = [pixels(engine, one) for one in wanted]
    before = engine.forwards
    merged = draw(engine, *wanted)
    assert close(merged, alone)
    assert engine.forwards - before < 2 * 2 * 3, "two requests of two calls in each of three steps"


@pytest.mark.parametrize("family", ["sd1", "sd3"])
def test_a_sampler_of_another_family_is_no_choice(engine: Engine, family: str) -> None:
    other = "DDIM" if family == "sd3" else "FlowMatch Euler"
    assert isinstance(draw(engine, recipe(family, sampler=other))[0].error, UnknownChoice)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_shows_previews(engine: Engine, family: str) -> None:
    told = draw(engine, recipe(family, count=2))[0]
    assert told[0].preview is not None  # type: ignore[union-attr]
    assert told.steps == [1, 2, 3]
