"""Whatever is sent, the obvious happens or an error says why: pictures, masks, strengths, files, no numbers."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.errors import InvalidRequest, ModelCorrupt, ModelIncomplete, ModelMissing, NotANumber
from pixxelbot.recipe import Recipe
from tests.engine import tiny
from tests.engine.drawing import Told, apart, draw, image_of
from tests.factories import recipe as any_recipe

SIDE = 32
KINDS: dict[str, dict[str, Any]] = {
    "img2img": {},
    "vary": {},
    "sweep": {"strengths": (0.0, 1.0), "count": 2},
    "inpaint": {"mask": "mask"},
    "outpaint": {"directions": ("left",), "scale": 1.5},
    "upscale": {"method": "faithful"},
    "blend": {"sources": ("it", "plain")},
    "interpolate": {"sources": ("it", "plain"), "frames": 3, "count": 2},
    "edit": {"instruction": "make it winter"},
    "control": {"control": "edges"},
    "making_of": {"making": "forward", "frames": 3},
    "arithmetic": {"plus": ("a boat",)},
    "background": {},
}
"""Everything that starts from a picture."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    networks = [
        ("tiny", "upscaler", str(tiny.upscaler(folder / "upscaler"))),
        ("tiny", "edges", str(tiny.controlnet(folder / "edges"))),
    ]
    places = {"sd1": str(tiny.build("sd1", folder / "sd1"))}
    return Engine(Models(places, "cpu", "float32", networks=networks))


def recipe(kind: Any = "text2img", **changes: Any) -> Recipe:
    values: dict[str, Any] = {"kind": kind, "model": "sd1", "width": SIDE, "height": SIDE, "steps": 2}
    if kind in KINDS:
        values |= {"sources": ("it",)} | KINDS[kind]
    return any_recipe(**(values | changes))


def drawn(engine: Engine, wanted: Recipe, it: Image.Image, mask: Image.Image | None = None) -> Told:
    white = Image.new("L", (SIDE, SIDE), 255)
    plain = Image.new("RGB", (SIDE, SIDE), "teal")
    return draw(engine, wanted, pictures={"it": it, "mask": mask or white, "plain": plain})[0]


def moving() -> Image.Image:
    """A GIF of several frames, as it is opened."""
    held = io.BytesIO()
    frames = [Image.new("RGB", (20, 30), colour) for colour in ("red", "blue", "green")]
    frames[0].save(held, "GIF", save_all=True, append_images=frames[1:])
    return Image.open(io.BytesIO(held.getvalue()))


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "one pixel": lambda: Image.new("RGB", (1, 1), "red"),
    "a thread": lambda: Image.new("RGB", (1, 300), "red"),
    "all transparent": lambda: Image.new("RGBA", (40, 30)),
    "grey and transparent": lambda: Image.new("LA", (40, 30), (90, 120)),
    "sixteen bits": lambda: Image.fromarray(np.full((30, 40), 40000, dtype=np.uint16)),
    "for print": lambda: Image.new("CMYK", (40, 30), (10, 90, 200, 5)),
    "moving": moving,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PICTURES)
def test_any_picture_can_be_started_from(engine: Engine, kind: str, name: str) -> None:
    told = drawn(engine, recipe(kind), PICTURES[name]())
    for one in told.rendered.pictures:
        assert image_of(one.png).size == (one.width, one.height)


@pytest.mark.parametrize("kind", ["img2img", "inpaint", "control", "upscale"])
def test_a_picture_of_sixty_four_million_pixels_can_be_started_from(engine: Engine, kind: str) -> None:
    changes = {"method": "creative"} if kind == "upscale" else {}
    assert len(drawn(engine, recipe(kind, **changes), Image.new("RGB", (8000, 8000))).rendered.pictures) == 1


@pytest.mark.parametrize("kind", ["img2img", "vary", "inpaint", "outpaint", "upscale", "blend", "edit", "control"])
@pytest.mark.parametrize("strength", [0.0, 1e-9, 0.999999, 1.0])
def test_any_strength_draws(engine: Engine, kind: str, strength: float) -> None:
    changes = {"method": "creative"} if kind == "upscale" else {}
    told = drawn(engine, recipe(kind, strength=strength, **changes), Image.new("RGB", (SIDE, SIDE), "navy"))
    assert len(told.rendered.pictures) == 1


@pytest.mark.parametrize(
    "mask",
    [
        Image.new("1", (SIDE, SIDE), 1),
        Image.new("L", (1, 1), 255),
        Image.new("RGB", (300, 20), "white"),
        Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 255)),
        Image.new("I;16", (SIDE, SIDE), 65535),
    ],
    ids=["one bit", "one pixel", "wide", "with alpha", "sixteen bits"],
)
def test_a_mask_of_any_size_and_mode_that_is_all_full_draws_everything_anew(engine: Engine, mask: Image.Image) -> None:
    it = Image.new("RGB", (SIDE, SIDE), "navy")
    told = drawn(engine, recipe("inpaint", strength=1.0), it, mask)
    assert apart(told.pixels[0], np.asarray(it, dtype=int)) > 20


@pytest.mark.parametrize("mask", [Image.new("1", (9, 9)), Image.new("RGBA", (SIDE, SIDE)), Image.new("L", (64, 2), 60)])
def test_a_mask_that_marks_nothing_is_said(engine: Engine, mask: Image.Image) -> None:
    error = drawn(engine, recipe("inpaint"), Image.new("RGB", (SIDE, SIDE)), mask).error
    assert isinstance(error, InvalidRequest)
    assert "marks nothing" in str(error)


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "build", "wanted"),
    [
        ("edges", tiny.controlnet, recipe("control")),
        ("upscaler", tiny.upscaler, recipe("upscale")),
        ("segmenter", tiny.segmenter, recipe("inpaint", mask=None, region="the hat")),
        ("edit", tiny.editor, recipe("edit")),
        ("embedding", tiny.learnt_word, recipe(prompt="a <own> here", embeddings=("own",))),
    ],
)
@pytest.mark.parametrize("fault", ["torn", "gone"])
def test_a_network_whose_file_is_torn_or_gone_is_named(
    engine: Engine, tmp_path: Path, role: str, build: Any, wanted: Recipe, fault: str
) -> None:
    where = tmp_path / ("own.safetensors" if role == "embedding" else "own")
    build(where)
    file = where if where.is_file() else next(where.rglob("*.safetensors"))
    if fault == "torn":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.unlink()
    own = Engine(Models(engine.models.places, "cpu", "float32", networks=[("own", role, str(where))]))
    error = drawn(own, wanted, Image.new("RGB", (SIDE, SIDE))).error
    assert isinstance(error, ModelCorrupt if fault == "torn" else ModelIncomplete | ModelMissing)
    assert "own" in str(error)


# --- no numbers -------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(folder: Path) -> Iterator[Callable[[str], Engine]]:
    """An engine in half precision whose model gives no numbers in the arithmetics named."""

    def made(*dtypes: str) -> Engine:
        half = Engine(Models({"sd1": str(folder / "sd1")}, "cpu", "bfloat16"))
        for dtype in dtypes:
            denoiser = half.models.want("sd1", getattr(torch, dtype)).result().base.unet
            denoiser.forward = _without_numbers(denoiser.forward)
        return half

    return made


def _without_numbers(own: Any) -> Any:
    @functools.wraps(own)
    def forward(*args: Any, **kwargs: Any) -> Any:
        return (own(*args, **kwargs)[0] * float("nan"),)

    return forward


@pytest.mark.usefixtures("engine")
def test_no_numbers_in_half_precision_are_tried_once_more_in_full_and_then_told(broken: Any) -> None:
    once = draw(broken("bfloat16"), recipe())[0]
    assert "full precision" in once.rendered.notes[0]
    assert np.isfinite(once.pixels[0]).all()
    never = broken("bfloat16", "float32")
    assert isinstance(draw(never, recipe())[0].error, NotANumber)
    assert never.forwards == 2 * 2, "two steps, twice, and no more"


def test_no_numbers_from_an_upscaler_or_an_autoencoder_are_told(engine: Engine) -> None:
    network = engine.models.want_network("upscaler").result().module
    vae = engine.models.want("sd1").result().base.vae
    it = Image.new("RGB", (SIDE, SIDE))
    for module, wanted in (
        (network.upsample.final_convolution, recipe("upscale", width=64, height=64)),
        (vae.decoder.conv_out, recipe("blend", strength=0.0)),
    ):
        kept = module.bias.data.clone()
        module.bias.data.fill_(float("nan"))
        error = drawn(engine, wanted, it).error
        module.bias.data.copy_(kept)
        assert isinstance(error, NotANumber)
        assert len(drawn(engine, wanted, it).rendered.pictures) == 1
