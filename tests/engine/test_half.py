"""In bfloat16, in which a CPU that has it calculates unless told otherwise, every kind of every family draws."""

from __future__ import annotations

from typing import Any

import pytest

from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.recipe import Kind
from tests.engine import tiny
from tests.engine.drawing import apart, draw
from tests.engine.test_families import FAMILIES, PICTURES, STARTS, recipe

LAYER = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("families")
    places = {family: str(tiny.build(family, folder / family)) for family in FAMILIES}
    networks = [
        ("tiny", "upscaler", str(tiny.upscaler(folder / "upscaler"))),
        ("tiny", "segmenter", str(tiny.segmenter(folder / "segmenter"))),
        ("tiny", "edges", str(tiny.controlnet(folder / "edges"))),
        ("ink", "lora", str(tiny.adapter(folder / "ink.safetensors", {LAYER: (32, 16)}))),
        ("cat", "embedding", str(tiny.learnt_word(folder / "cat.safetensors"))),
    ]
    return Engine(Models(places, "cpu", "bfloat16", networks=networks))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", STARTS)
def test_every_kind_of_every_family_draws(engine: Engine, family: str, kind: Kind) -> None:
    told, other = draw(engine, recipe(family, kind), recipe(family, kind, seed=8), pictures=PICTURES)
    assert told.rendered.notes == other.rendered.notes
    assert not any("full precision" in note for note in told.rendered.notes)
    assert told.pixels[0].std() > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "upscale", "method": "faithful", "sources": ("one",), "width": 64, "height": 64},
        {"kind": "inpaint", "sources": ("one",), "region": "not the hat"},
        {"kind": "background", "sources": ("one",), "region": "the hat"},
        {"kind": "control", "control": "edges", "sources": ("one",)},
        {"loras": (("ink", 1.0),)},
        {"prompt": "a <cat> here", "embeddings": ("cat",)},
        {"prompt": "a (red:1.3) fox:: snow::0.5"},
        {"tile": True},
        {"kind": "making_of", "making": "forward", "sources": ("one",), "frames": 3},
        {"kind": "interpolate", "sources": ("one", "two"), "frames": 3},
    ],
    ids=str,
)
def test_what_works_beside_the_denoiser_works_with_it(engine: Engine, changes: dict[str, Any]) -> None:
    wanted = recipe("sd1").evolve(**changes)
    told = draw(engine, wanted, pictures=PICTURES)[0]
    assert told.rendered.pictures
    again = draw(engine, wanted, pictures=PICTURES)[0]
    assert apart(told.pixels[0], again.pixels[0]) == 0
