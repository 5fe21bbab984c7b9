"""What each kind of drawing does, beyond being the same merged and alone: sizes, places, files, notes, clear errors."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixxelbot.engine.acting import Wrapping
from pixxelbot.engine.choose import Caps
from pixxelbot.engine.easel import Easel
from pixxelbot.engine.edges import canny
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.kinds.background import from_edges
from pixxelbot.engine.kinds.blend import mixed
from pixxelbot.engine.kinds.outpaint import around, canvas, placed
from pixxelbot.engine.noise import slerp
from pixxelbot.engine.residency import Models
from pixxelbot.errors import InvalidRequest, NoNetwork, Unsupported
from pixxelbot.job import Progress
from pixxelbot.recipe import Recipe
from tests.engine import tiny
from tests.engine.drawing import Told, apart, draw, image_of, pixels
from tests.factories import recipe as any_recipe

LAYER = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("models")
    networks = {
        "tiny:upscaler": tiny.upscaler(folder / "upscaler"),
        "tiny:segmenter": tiny.segmenter(folder / "segmenter"),
        "tiny:edges": tiny.controlnet(folder / "edges"),
        "tiny:scribble": tiny.controlnet(folder / "scribble"),
        "tiny:depth": tiny.controlnet(folder / "depth"),
        "tiny:pose": tiny.controlnet(folder / "pose", width=48),
        "tiny:depth-estimator": tiny.depth_estimator(folder / "estimator"),
        "editor:edit": tiny.editor(folder / "editor"),
        "ink:lora": tiny.adapter(folder / "ink.safetensors", {LAYER: (32, 16)}),
        "loud:lora": tiny.adapter(folder / "loud.safetensors", {"text_encoder.encoder.layers.0.mlp.fc1": (32, 37)}),
        "wide:lora": tiny.adapter(folder / "wide.safetensors", {LAYER: (64, 16)}),
        "cat:embedding": tiny.learnt_word(folder / "cat.safetensors"),
        "big:embedding": tiny.learnt_word(folder / "big.safetensors", width=48),
    }
    listed = [(*name.split(":"), str(where)) for name, where in networks.items()]
    places = {family: str(tiny.build(family, folder / family)) for family in ("sd1", "sd3")}
    return Engine(Models(places, device="cpu", dtype="float32", networks=listed))  # type: ignore[arg-type]


@pytest.fixture
def engine(shared: Engine) -> Iterator[Engine]:
    yield shared
    shared.caps = Caps()


@pytest.fixture(scope="module")
def bare(shared: Engine) -> Engine:
    """Without any network beside the models."""
    return Engine(Models(shared.models.places, device="cpu", dtype="float32"))


def recipe(**changes: Any) -> Recipe:
    return any_recipe(**({"model": "sd1", "width": 32, "height": 32, "steps": 3} | changes))


def noisy(seed: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    drawn = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(drawn).resize(size, Image.Resampling.BICUBIC)


ONE, TWO = noisy(1), noisy(2)
PICTURES = {"one": ONE, "two": TWO}


def drawn(engine: Engine, recipe: Recipe, **pictures: Image.Image) -> Told:
    return draw(engine, recipe, pictures=PICTURES | pictures)[0]


def levels(image: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(image.convert("RGB"), dtype=int)


# --- strengths --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["img2img", "vary", "inpaint", "edit"])
def test_a_strength_of_zero_keeps_the_source(engine: Engine, kind: Any) -> None:
    white = Image.new("L", (32, 32), 255)
    told = drawn(engine, recipe(kind=kind, sources=("one",), strength=0.0, mask="white", count=2), white=white)
    assert [apart(one, levels(ONE)) for one in told.pixels] == [0, 0]


@pytest.mark.parametrize("kind", ["img2img", "vary", "inpaint", "edit", "blend", "arithmetic"])
def test_a_strength_of_one_draws_anew(engine: Engine, kind: Any) -> None:
    white = Image.new("L", (32, 32), 255)
    sources = ("one", "two") if kind == "blend" else ("one",)
    told = drawn(engine, recipe(kind=kind, sources=sources, strength=1.0, mask="white", plus=("x",)), white=white)
    assert apart(told.pixels[0], levels(ONE)) > 20


def test_a_sweep_labels_each_strength_and_goes_farther_with_it(engine: Engine) -> None:
    strengths = (0.0, 0.3, 1.0)
    told = drawn(engine, recipe(kind="sweep", sources=("one",), strengths=strengths, count=3, steps=6))
    far = [np.abs(one - levels(ONE)).mean() for one in told.pixels]
    assert far[0] == 0
    assert far[1] < far[2]
    assert told.rendered.grid is not None
    plain = draw(engine, recipe(kind="img2img", sources=("one",), strength=0.0, count=3), pictures=PICTURES)[0]
    assert told.rendered.grid != plain.rendered.grid
    totals = {one.total for one in told if isinstance(one, Progress)}
    assert told.steps == list(range(1, len(told.steps) + 1))
    assert max(totals) - min(totals) <= 2, "the whole is known from the start, but for rounding"


def test_from_the_latent_no_way_at_all_is_the_picture_itself(engine: Engine) -> None:
    parent = pixels(engine, recipe(seed=11))[0]
    same = recipe(kind="vary", from_seed=11, seed=99, strength=0.0)
    near, far = (same.evolve(strength=strength) for strength in (0.1, 1.0))
    assert apart(pixels(engine, same)[0], parent) <= 1
    assert apart(pixels(engine, far)[0], pixels(engine, recipe(seed=99))[0]) <= 1
    assert 0 < np.abs(pixels(engine, near)[0] - parent).mean() < np.abs(pixels(engine, far)[0] - parent).mean()


# --- masks and canvases -----------------------------------------------------------------------------------------


def test_a_mask_of_another_size_is_fitted_and_one_that_marks_nothing_is_an_error(engine: Engine) -> None:
    wanted = recipe(kind="inpaint", sources=("one",), mask="mask", strength=1.0)
    large = Image.new("L", (100, 100))
    large.paste(255, (0, 0, 50, 100))
    right = drawn(engine, wanted, mask=large).pixels[0]
    assert apart(right[:, 17:], levels(ONE)[:, 17:]) == 0
    assert apart(right[:, :14], levels(ONE)[:, :14]) > 20
    assert "marks nothing" in str(drawn(engine, wanted, mask=Image.new("L", (32, 32))).error)
    assert len(drawn(engine, wanted, mask=Image.new("L", (32, 32), 255)).rendered.pictures) == 1


def test_a_mask_by_words_comes_from_the_segmenter(engine: Engine, bare: Engine) -> None:
    wanted = recipe(kind="inpaint", sources=("one",), region="the hat")
    found, rest = drawn(engine, wanted), drawn(engine, wanted.evolve(region="not the hat"))
    assert len(found.rendered.pictures) == 1 or "do not see" in str(found.error)
    assert {type(found[-1]), type(rest[-1])} != {InvalidRequest}, "what is not in the one is in the other"
    assert isinstance(drawn(bare, wanted).error, NoNetwork)


def test_where_the_source_lies_on_its_canvas() -> None:
    square = (120, 120)
    assert placed(square, (10, 10), directions=("out",), scale=2.0) == (30, 30, 90, 90)
    assert placed((180, 120), (10, 10), directions=("left",), scale=1.5) == (60, 0, 180, 120)
    assert placed((180, 120), (10, 10), directions=("right",), scale=1.5) == (0, 0, 120, 120)
    assert placed((120, 240), (10, 10), directions=("up",), scale=2.0) == (0, 120, 120, 240)
    assert placed((120, 240), (10, 10), directions=("down",), scale=2.0) == (0, 0, 120, 120)
    assert placed((240, 120), (50, 50)) == (60, 0, 180, 120), "a wider canvas round a square picture"
    assert placed((100, 100), (200, 100)) == (0, 25, 100, 75)
    assert placed((170, 96), (50, 50), scale=1.5) == (53, 16, 117, 80), "whole, and as wide as it was"
    assert placed((192, 96), (50, 50), directions=("left",), scale=3.0) == (128, 16, 192, 80)
    assert placed((96, 192), (50, 50), directions=("down",), scale=3.0) == (16, 0, 80, 64)
    assert placed(square, (10, 10), box=(0.25, 0.5, 0.75, 1.0)) == (30, 60, 90, 120)


def test_a_canvas_goes_on_in_the_colours_of_the_edge() -> None:
    whole = levels(canvas(Image.new("RGB", (40, 40), "red"), (80, 40), (40, 0, 80, 40)))
    assert (whole == (255, 0, 0)).all()
    mask = np.asarray(around((80, 40), (40, 0, 80, 40)))
    assert mask[:, :40].min() == 255
    assert mask[:, 44:].max() == 0


def test_an_outpaint_keeps_the_source_and_draws_the_rest(engine: Engine) -> None:
    wanted = recipe(kind="outpaint", sources=("one",), width=48, directions=("left",), scale=1.5)
    shown = drawn(engine, wanted).pixels[0]
    assert shown.shape == (32, 48, 3)
    assert apart(shown[:, 22:], levels(ONE)[:, 6:]) == 0
    filled = drawn(engine, recipe(kind="outpaint", sources=("one",)))
    assert apart(filled.pixels[0], levels(ONE)) == 0
    assert "nothing to add" in filled.rendered.notes[0]


# --- mixtures ---------------------------------------------------------------------------------------------------


def test_the_way_between_two_noises_keeps_their_strength_and_meets_both_ends() -> None:
    one, two = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(slerp(one, two, 0.0), one, atol=1e-6)
    assert torch.allclose(slerp(one, two, 1.0), two, atol=1e-6)
    assert slerp(one, two, 0.5).std() == pytest.approx(float(one.std()), rel=0.1)
    assert torch.allclose(slerp(one, one, 0.3), one)
    assert torch.allclose(mixed(torch.cat([one, two]), [1.0, 0.0])[0], one[0], atol=1e-6)
    assert torch.allclose(mixed(torch.cat([one, two]), [0.0, 1.0])[0], two[0], atol=1e-6)


def test_a_blend_leans_towards_the_heavier_and_takes_pictures_of_any_shape(engine: Engine) -> None:
    wanted = recipe(kind="blend", sources=("one", "long"), strength=0.0)
    long = noisy(3, (90, 20))
    near = {
        weights: np.abs(drawn(engine, wanted.evolve(weights=weights), long=long).pixels[0] - levels(ONE)).mean()
        for weights in ((9.0, 1.0), (1.0, 9.0))
    }
    assert near[(9.0, 1.0)] < near[(1.0, 9.0)]
    for bad in ((1.0,), (0.0, 0.0), (-1.0, 2.0)):
        assert isinstance(drawn(engine, wanted.evolve(weights=bad), long=long).error, InvalidRequest)
    assert isinstance(drawn(engine, recipe(kind="blend", sources=("one",))).error, InvalidRequest)


def frames_of(data: bytes) -> list[Image.Image]:
    shown = Image.open(io.BytesIO(data))
    return [shown.seek(place) or shown.convert("RGB") for place in range(getattr(shown, "n_frames", 1))]


@pytest.mark.parametrize("motion", ["webp", "gif"])
def test_an_interpolation_moves_and_begins_and_ends_with_its_pictures(engine: Engine, motion: Any) -> None:
    wanted = recipe(kind="interpolate", sources=("one", "two"), frames=5, count=3, motion=motion)
    told = drawn(engine, wanted)
    assert [apart(told.pixels[0], levels(ONE)), apart(told.pixels[-1], levels(TWO))] == [0, 0]
    assert len(told.pixels) == 3
    assert told.rendered.grid is not None
    assert Image.open(io.BytesIO(told.rendered.grid)).format == motion.upper()
    assert len(frames_of(told.rendered.grid)) == 5


def test_an_interpolation_of_words_goes_from_one_picture_to_the_other(engine: Engine) -> None:
    told = drawn(engine, recipe(kind="interpolate", prompt="fox", prompts=("boat",), frames=4, count=2, seed=3))
    assert apart(told.pixels[0], pixels(engine, recipe(prompt="fox", seed=3))[0]) <= 1
    assert apart(told.pixels[1], pixels(engine, recipe(prompt="boat", seed=4))[0]) <= 1
    assert isinstance(drawn(engine, recipe(kind="interpolate")).error, InvalidRequest)


def test_a_video_is_made_where_pyav_is_and_else_an_animation_with_a_note(engine: Engine) -> None:
    told = drawn(engine, recipe(kind="interpolate", prompts=("boat",), frames=3, count=2, motion="mp4"))
    whole = told.rendered.grid
    assert whole is not None
    try:
        import av  # noqa: F401
    except ImportError:
        assert "PyAV" in told.rendered.notes[0]
        assert Image.open(io.BytesIO(whole)).format == "WEBP"
    else:
        assert whole[4:8] == b"ftyp"


def test_a_making_of_goes_from_noise_to_the_picture_and_back(engine: Engine) -> None:
    told = drawn(engine, recipe(kind="making_of", of="text2img", seed=5, steps=8, frames=6))
    assert apart(told.pixels[0], pixels(engine, recipe(seed=5, steps=8))[0]) == 0
    assert told.rendered.grid is not None
    shown = [levels(frame)[:20] for frame in frames_of(told.rendered.grid)]
    far = [np.abs(one - told.pixels[0][:20]).mean() for one in shown]
    assert len(shown) >= 6
    assert far[-1] < far[0] and far[0] == max(far), "it begins with noise"
    back = drawn(engine, recipe(kind="making_of", making="forward", sources=("one",), frames=5))
    assert apart(back.pixels[0], levels(ONE)) == 0
    assert back.rendered.grid is not None
    away = [np.abs(levels(frame)[:20] - levels(ONE)[:20]).mean() for frame in frames_of(back.rendered.grid)]
    assert len(away) == 5
    assert away[0] < away[1] < away[-1]


def test_what_is_added_and_taken_away_again_changes_nothing(engine: Engine) -> None:
    none = recipe(kind="arithmetic", plus=("a boat",), minus=("a boat",), prompt="fox", seed=2)
    assert apart(pixels(engine, none)[0], pixels(engine, recipe(prompt="fox", seed=2))[0]) <= 1
    assert apart(pixels(engine, none.evolve(minus=()))[0], pixels(engine, none)[0]) > 1
    assert isinstance(drawn(engine, recipe(kind="arithmetic")).error, InvalidRequest)


# --- larger, cut out, controlled, edited ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (150, 90), (40, 40)])
def test_a_network_enlarges_faithfully_to_any_size(engine: Engine, size: tuple[int, int]) -> None:
    wide = noisy(4, (75, 45)) if size[0] != size[1] else ONE
    width, height = size
    wanted = recipe(kind="upscale", sources=("wide",), width=width, height=height)
    told = drawn(engine, wanted, wide=wide)
    assert image_of(told.rendered.pictures[0].png).size == size
    assert told.rendered.notes == ()
    assert told.rendered.model_hash != drawn(engine, recipe()).rendered.model_hash, "the network is part of it"


def test_tiles_of_a_large_picture_join_without_a_seam(engine: Engine, bare: Engine) -> None:
    """What the network gives for one flat colour is one flat colour, wherever tiles meet."""
    flat = Image.new("RGB", (300, 200), (120, 90, 60))
    wanted = recipe(kind="upscale", sources=("flat",), width=600, height=400)
    inner = drawn(engine, wanted, flat=flat).pixels[0][20:-20, 20:-20]
    rows = inner.astype(float).mean(axis=(1, 2))
    assert np.abs(np.diff(rows)).max() < 12
    told = drawn(bare, wanted.evolve(width=48, height=48, strength=0.0), flat=flat)
    assert "No super-resolution network" in told.rendered.notes[0]


def test_a_plain_ground_becomes_transparent_without_a_segmenter(bare: Engine) -> None:
    thing = Image.new("RGB", (64, 48), (30, 60, 200))
    thing.paste((220, 30, 30), (20, 10, 44, 38))
    thing.paste((30, 60, 200), (28, 20, 34, 28))  # a hole in the thing's middle is not the ground's
    told = drawn(bare, recipe(kind="background", sources=("thing",)), thing=thing)
    alpha = np.asarray(image_of(told.rendered.pictures[0].png).getchannel("A"))
    assert alpha.shape == (48, 64)
    assert alpha[:6].max() == 0
    assert alpha[14:34, 24:40].min() == 255
    assert "No segmenter" in told.rendered.notes[0]
    assert np.asarray(from_edges(Image.new("RGB", (9, 9), "red"))).max() == 0
    large = Image.new("RGB", (1600, 900), "white")
    large.paste("red", (400, 300, 1000, 700))
    cut = np.asarray(from_edges(large))
    assert cut.shape == (900, 1600)
    assert cut[320:680, 420:980].min() == 255 and cut[:280].max() == 0 and cut[720:].max() == 0


def test_a_note_is_made_once_for_all_pictures(bare: Engine) -> None:
    told = drawn(bare, recipe(kind="background", sources=("one", "two"), count=2))
    assert [note for note in told.rendered.notes if "No segmenter" in note] == [told.rendered.notes[0]]


def test_a_segmenter_cuts_out_what_is_named(engine: Engine) -> None:
    told = drawn(engine, recipe(kind="background", sources=("one",), region="the fox"))
    assert image_of(told.rendered.pictures[0].png).mode == "RGBA"
    assert told.rendered.notes == ()


@pytest.mark.parametrize("control", ["edges", "depth", "scribble"])
def test_a_control_acts_merged_as_alone(engine: Engine, control: Any) -> None:
    wanted = [recipe(kind="control", control=control, sources=(name,), seed=3) for name in ("one", "two")]
    alone = [pixels(engine, one, PICTURES)[0] for one in wanted]
    before = engine.forwards
    merged = [one.pixels[0] for one in draw(engine, *wanted, pictures=PICTURES)]
    assert engine.forwards - before == 2 * 3, "ControlNet and denoiser, each once a step for both"
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))
    assert apart(alone[0], alone[1]) > 0
    assert apart(alone[0], pixels(engine, recipe(seed=3))[0]) > 1


def test_a_controlled_request_and_a_plain_one_share_no_forward_and_stay_what_they_are(engine: Engine) -> None:
    wanted = [recipe(kind="control", sources=("one",), seed=3), recipe(seed=3)]
    alone = [pixels(engine, one, PICTURES)[0] for one in wanted]
    merged = [one.pixels[0] for one in draw(engine, *wanted, pictures=PICTURES)]
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))


def test_a_controlnet_that_is_missing_or_of_another_family_is_said(engine: Engine, bare: Engine) -> None:
    assert isinstance(drawn(bare, recipe(kind="control", sources=("one",))).error, NoNetwork)
    black = Image.new("RGB", (32, 32))
    other = drawn(engine, recipe(kind="control", control="pose", sources=("black",)), black=black)
    assert "another family" in str(other.error)


def test_edges_are_thin_white_lines_where_brightness_jumps() -> None:
    half = Image.new("L", (40, 30))
    half.paste(255, (20, 0, 40, 30))
    found = np.asarray(canny(half))
    assert set(np.unique(found)) == {0, 255}
    columns = np.flatnonzero(found[5:25].max(axis=0))
    assert 1 <= len(columns) <= 2
    assert abs(columns.mean() - 19.5) <= 1
    assert np.asarray(canny(Image.new("L", (20, 20), 128))).max() == 0


def test_an_edit_is_drawn_by_the_model_made_for_it_and_else_announced(engine: Engine, bare: Engine) -> None:
    wanted = recipe(kind="edit", sources=("one",), instruction="make it winter", count=2)
    told = drawn(engine, wanted)
    assert told.rendered.notes == ()
    assert len(told.rendered.pictures) == 2
    alone = [one.pixels for one in (told, drawn(engine, wanted.evolve(instruction="make it night")))]
    merged = draw(engine, wanted, wanted.evolve(instruction="make it night"), pictures=PICTURES)
    assert all(
        apart(a, b) <= 1
        for one, other in zip(alone, merged, strict=True)
        for a, b in zip(one, other.pixels, strict=True)
    )
    assert "No model for editing" in drawn(bare, wanted).rendered.notes[0]


def test_a_larger_picture_in_two_stages_has_its_size(engine: Engine) -> None:
    told = drawn(engine, recipe(kind="detail", width=64, height=48, scale=2.0))
    assert image_of(told.rendered.pictures[0].png).size == (64, 48)
    assert told.steps == list(range(1, len(told.steps) + 1))


@pytest.mark.parametrize("size", [(64, 32), (32, 64), (64, 64)])
def test_what_is_drawn_small_first_is_not_stretched(
    engine: Engine, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    paint = Easel.paint

    def watched(easel: Easel, kind: str, **arguments: Any) -> list[Image.Image]:
        asked.append((arguments["width"], arguments["height"]))
        return paint(easel, kind, **arguments)

    monkeypatch.setattr(Easel, "paint", watched)
    assert image_of(drawn(engine, recipe(kind="detail", width=size[0], height=size[1])).rendered.pictures[0].png).size
    (across, down), last = asked
    assert last == size
    assert across / down == size[0] / size[1]


def test_a_texture_joins_its_own_copies_without_a_seam(engine: Engine) -> None:
    """It has no edge: noise that is shifted round gives the same texture, shifted round."""
    model = engine.models.want("sd1").result()
    latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1))

    def shown(start: torch.Tensor, wrapping: bool) -> np.ndarray[Any, Any]:
        pipeline = model.pipeline("text2img", "DDIM", wrapping=wrapping)
        with Wrapping(model.denoiser) if wrapping else nullcontext():
            whole = pipeline("fox", latents=start, num_inference_steps=3, width=32, height=32, output_type="np")
        return np.asarray(whole.images[0])

    def moved(wrapping: bool) -> float:
        still, shifted = shown(latents, wrapping), shown(latents.roll((4, 6), (2, 3)), wrapping)
        return float(np.abs(np.roll(still, (8, 12), (0, 1)) - shifted).max())

    assert moved(wrapping=True) < 0.01 < 0.1 < moved(wrapping=False)


def test_a_texture_and_a_picture_at_once_stay_what_they_are(engine: Engine) -> None:
    wanted = [recipe(tile=True, seed=8), recipe(seed=8), recipe(tile=True, seed=9)]
    alone = [pixels(engine, one)[0] for one in wanted]
    before = engine.forwards
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert engine.forwards - before == 2 * 3, "both textures in one forward, the picture in another"
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))
    assert isinstance(draw(engine, recipe(model="sd3", sampler="FlowMatch Euler", tile=True))[0].error, Unsupported)


# --- adapters and learnt words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ink", "loud"])
def test_an_adapter_acts_on_its_own_request_alone(engine: Engine, name: str) -> None:
    wanted = [recipe(seed=1), recipe(seed=1, loras=((name, 1.0),)), recipe(seed=1, loras=((name, 0.0),))]
    alone = [pixels(engine, one)[0] for one in wanted]
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))
    assert apart(alone[0], alone[1]) > 1
    assert apart(alone[0], alone[2]) <= 1


def test_requests_with_the_same_adapters_share_forwards(engine: Engine) -> None:
    before = engine.forwards
    draw(engine, *(recipe(seed=seed, loras=(("ink", 0.7),)) for seed in range(3)))
    assert engine.forwards - before == 3


def test_an_adapter_or_learnt_word_of_another_family_is_said(engine: Engine) -> None:
    assert "another family" in str(draw(engine, recipe(loras=(("wide", 1.0),)))[0].error)
    assert "another family" in str(draw(engine, recipe(embeddings=("big",)))[0].error)
    assert isinstance(draw(engine, recipe(loras=(("nobody's", 1.0),)))[0].error, NoNetwork)


def test_a_learnt_word_means_something_to_its_own_request_alone(engine: Engine) -> None:
    wanted = [recipe(prompt="a <cat> here", seed=1, embeddings=("cat",)), recipe(prompt="a <cat> here", seed=1)]
    alone = [pixels(engine, one)[0] for one in wanted]
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))
    assert apart(alone[0], alone[1]) > 0


# --- pictures from outside --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "size"),
    [
        ("RGB", (1, 1)),
        ("RGB", (8000, 8000)),
        ("RGBA", (40, 40)),
        ("I;16", (40, 40)),
        ("CMYK", (40, 40)),
        ("P", (9, 70)),
    ],
)
def test_a_source_of_any_size_and_mode_can_be_started_from(engine: Engine, mode: str, size: tuple[int, int]) -> None:
    told = drawn(engine, recipe(kind="img2img", sources=("it",), steps=2), it=Image.new(mode, size))
    assert told.pixels[0].shape == (32, 32, 3)


def test_sixteen_bit_grey_keeps_its_levels(engine: Engine) -> None:
    grey = Image.fromarray(np.full((32, 32), 32768, dtype=np.uint16))
    shown = drawn(engine, recipe(kind="img2img", sources=("it",), strength=0.0), it=grey).pixels[0]
    assert abs(int(shown[0, 0, 0]) - 128) <= 1


def test_exact_mode_shares_no_forward(engine: Engine) -> None:
    wanted = [recipe(seed=seed, exact=True) for seed in (1, 2)]
    alone = [pixels(engine, one)[0] for one in wanted]
    before = engine.forwards
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert engine.forwards - before == 2 * 3
    assert [apart(a, b) for a, b in zip(alone, merged, strict=True)] == [0, 0]


def test_drawing_stops_where_it_is_told_to(engine: Engine) -> None:
    told = draw(engine, recipe(steps=10, stop=40))[0]
    assert told.steps == [1, 2, 3, 4]
    assert len(told.rendered.pictures) == 1


@pytest.mark.parametrize("wrong", ["half", "nothing"])
def test_an_adapter_that_is_not_whole_or_changes_nothing_is_said(tmp_path: Path, shared: Engine, wrong: str) -> None:
    from safetensors.torch import load_file, save_file

    file = tiny.adapter(tmp_path / "odd.safetensors", {LAYER: (32, 16)})
    tensors = load_file(file)
    if wrong == "half":
        tensors = {name: one for name, one in tensors.items() if "lora_A" in name}
    else:
        tensors = {name.removeprefix("unet."): one for name, one in tensors.items()}
    save_file(tensors, file)
    engine = Engine(Models(shared.models.places, device="cpu", dtype="float32", networks=[("odd", "lora", str(file))]))
    error = draw(engine, recipe(loras=(("odd", 1.0),)))[0].error
    assert isinstance(error, InvalidRequest)
    assert ("not whole" if wrong == "half" else "changes nothing") in str(error)


def test_a_broken_adapter_file_is_named(tmp_path: Path, shared: Engine) -> None:
    file = tiny.adapter(tmp_path / "torn.safetensors", {LAYER: (32, 16)})
    file.write_bytes(file.read_bytes()[:50])
    engine = Engine(Models(shared.models.places, device="cpu", dtype="float32", networks=[("torn", "lora", str(file))]))
    assert "torn.safetensors" in str(draw(engine, recipe(loras=(("torn", 1.0),)))[0].error)
