"""Real drawings with the bundled model: merged is alone, alone is plain diffusers, and everything ends."""

from __future__ import annotations

import functools
import inspect
import io
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixxelbot.engine.choose import Caps
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.kinds.upscale import tiles
from pixxelbot.engine.residency import Model, Models
from pixxelbot.engine.samplers import SAMPLERS
from pixxelbot.errors import InvalidRequest, NotANumber, NotFound, RenderCancelled, RenderError
from pixxelbot.job import Progress
from pixxelbot.models import SAMPLERS as OFFERED
from pixxelbot.picture import read_metadata
from pixxelbot.recipe import Recipe
from tests.engine.drawing import Told, apart, draw, image_of, pixels
from tests.factories import recipe


@pytest.fixture(scope="module")
def fox(shared_engine: Engine) -> Image.Image:
    drawn = draw(shared_engine, recipe(prompt="a red fox under a full moon", steps=12, seed=3))[0]
    return image_of(drawn.rendered.pictures[0].png).convert("RGB")


@pytest.fixture
def model(engine: Engine) -> Model:
    return engine.models.want("bundled").result()


@pytest.fixture
def failing_forward(model: Model, engine: Engine) -> Iterator[Any]:
    """Sets what stands between the engine and the denoiser's own forward."""
    draw(engine, recipe(steps=1))  # the forward is intercepted from the first drawing on
    parked = model.base.unet.forward

    def put(change: Any) -> None:
        own = inspect.getclosurevars(parked).nonlocals["forward"]
        model.base.unet.forward = functools.wraps(own)(change(own))
        model.intercepted = False

    yield put
    model.base.unet.forward, model.intercepted = parked, True


def test_a_picture_is_the_same_alone_and_merged(engine: Engine) -> None:
    wanted = [recipe(seed=seed, steps=6 + seed, prompt=f"{colour} boat") for seed, colour in enumerate(("red", "blue"))]
    wanted.append(recipe(prompt="cat", count=3, seed=9))
    alone = [pixels(engine, one) for one in wanted]
    before = engine.forwards
    merged = [one.pixels for one in draw(engine, *wanted)]
    assert engine.forwards - before == 7, "the longest has seven steps, and all others fit beside it"
    assert all(
        apart(a, b) <= 1 for one, other in zip(alone, merged, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_a_picture_is_the_same_in_a_grid_and_by_its_own_seed(engine: Engine) -> None:
    four = pixels(engine, recipe(count=4, seed=20, sampler="Euler a"))
    third = pixels(engine, recipe(count=1, seed=22, sampler="Euler a"))
    assert apart(four[2], third[0]) <= 1
    assert apart(four[0], four[1]) > 10


@pytest.mark.parametrize("sampler", ["DDIM", "Euler a"])
def test_alone_it_is_plain_diffusers_to_the_last_bit(engine: Engine, model: Model, sampler: str) -> None:
    engine.caps = Caps(default=1)
    wanted = recipe(seed=5, steps=5, sampler=sampler, negative_prompt="moon")
    mine, _ = draw(engine, wanted, recipe(seed=6, steps=9))
    pipeline = model.pipeline("text2img", sampler)
    theirs = pipeline(
        wanted.prompt, negative_prompt="moon", width=128, height=128, num_inference_steps=5,
        guidance_scale=wanted.guidance_scale, generator=torch.Generator().manual_seed(5),
    ).images[0]  # fmt: skip
    assert apart(mine.pixels[0], np.asarray(theirs, dtype=int)) == 0


def test_guided_and_unguided_requests_do_not_swap_guidance(engine: Engine) -> None:
    wanted = [recipe(guidance_scale=scale, seed=4, steps=5) for scale in (1.0, 7.5, 1.0, 3.0)]
    alone = [pixels(engine, one)[0] for one in wanted]
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))
    assert apart(alone[0], alone[1]) > 20


def test_requests_of_every_sampler_share_forwards(engine: Engine) -> None:
    wanted = [recipe(sampler=name, steps=5, seed=8) for name in OFFERED]
    alone = [pixels(engine, one)[0] for one in wanted]
    before = engine.forwards
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert engine.forwards - before < 5 * len(wanted) / 2
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))


@pytest.mark.parametrize("steps", [1, 2, 60])
def test_every_sampler_draws_with_any_number_of_steps(engine: Engine, steps: int) -> None:
    told = draw(engine, *(recipe(sampler=name, steps=steps) for name in OFFERED))
    assert [len(one.rendered.pictures) for one in told] == [1] * len(OFFERED)
    assert set(OFFERED) <= set(SAMPLERS)


def test_all_kinds_share_forwards_and_one_copy_of_the_weights(engine: Engine, model: Model, fox: Image.Image) -> None:
    mask = Image.new("L", (128, 128))
    mask.paste(255, (0, 0, 64, 128))
    pictures = {"fox": fox, "mask": mask}
    wanted = [
        recipe(kind="text2img", steps=6),
        recipe(kind="img2img", sources=("fox",), strength=0.5, steps=12),
        recipe(kind="vary", sources=("fox",), count=2, steps=8),
        recipe(kind="inpaint", sources=("fox",), mask="mask", prompt="blue cat", steps=7, strength=0.9),
    ]
    alone = [pixels(engine, one, pictures) for one in wanted]
    before = engine.forwards
    merged = [one.pixels for one in draw(engine, *wanted, pictures=pictures)]
    assert engine.forwards - before == 6
    assert all(
        apart(a, b) <= 1 for one, other in zip(alone, merged, strict=True) for a, b in zip(one, other, strict=True)
    )
    pipelines = [model.pipeline(task, "DDIM") for task in ("text2img", "img2img", "inpaint")]
    assert len({(pipeline.unet, pipeline.vae, pipeline.text_encoder) for pipeline in pipelines}) == 1


def test_what_a_mask_leaves_out_stays_to_the_last_bit(engine: Engine, fox: Image.Image) -> None:
    mask = Image.new("L", (128, 128))
    mask.paste(255, (64, 0, 128, 128))
    wanted = recipe(kind="inpaint", sources=("fox",), mask="mask", prompt="blue fish", steps=8, strength=1.0)
    drawn = pixels(engine, wanted, {"fox": fox, "mask": mask})[0]
    source = np.asarray(fox, dtype=int)
    assert apart(drawn[:, :64], source[:, :64]) == 0
    assert apart(drawn[:, 64:], source[:, 64:]) > 20


def test_strength_says_how_much_of_the_source_stays(engine: Engine, fox: Image.Image) -> None:
    def far(strength: float) -> float:
        wanted = recipe(
            kind="img2img", sources=("fox",), prompt="red fox under a full moon", strength=strength, steps=10
        )
        return float(np.abs(pixels(engine, wanted, {"fox": fox})[0] - np.asarray(fox, dtype=int)).mean())

    assert far(0) == 0
    assert 0 < far(0.02) < far(0.5) < far(1.0)


def test_a_source_with_transparency_and_other_size_is_laid_on_white(engine: Engine) -> None:
    clear = Image.new("RGBA", (300, 90), (0, 0, 0, 0))
    drawn = pixels(engine, recipe(kind="img2img", sources=("it",), strength=0.0), {"it": clear})
    assert drawn[0].shape == (128, 128, 3)
    assert drawn[0].min() == 255


def test_several_sources_take_turns(engine: Engine) -> None:
    pictures = {"red": Image.new("RGB", (128, 128), "red"), "blue": Image.new("RGB", (128, 128), "blue")}
    drawn = pixels(engine, recipe(kind="vary", sources=("red", "blue"), count=3, strength=0.0), pictures)
    assert [one[0, 0].tolist() for one in drawn] == [[255, 0, 0], [0, 0, 255], [255, 0, 0]]


@pytest.mark.parametrize("size", [(128, 96), (256, 256), (250, 330)])
def test_an_enlargement_has_the_size_asked_for_and_looks_like_its_source(
    engine: Engine, fox: Image.Image, size: tuple[int, int]
) -> None:
    width, height = size
    prompt = "a red fox under a full moon"
    wanted = recipe(kind="upscale", sources=("fox",), width=width, height=height, steps=10, prompt=prompt)
    told = draw(engine, wanted, pictures={"fox": fox})[0]
    drawn = image_of(told.rendered.pictures[0].png).convert("RGB")
    assert drawn.size == size
    assert told.steps == list(range(1, told.steps[-1] + 1))
    if width == height:
        shrunk = np.asarray(drawn.resize(fox.size, Image.Resampling.LANCZOS), dtype=int)
        assert np.abs(shrunk - np.asarray(fox, dtype=int)).mean() < 25


def test_tiles_cover_everything_with_one_size_inside_the_picture() -> None:
    for size in ((256, 256), (136, 512), (1000, 128)):
        boxes = tiles(size, 128, 8)
        covered = np.zeros((size[1], size[0]), dtype=bool)
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= size[0]
            assert 0 <= top < bottom <= size[1]
            covered[top:bottom, left:right] = True
        assert covered.all()
        assert len({(right - left, bottom - top) for left, top, right, bottom in boxes}) == 1


def test_progress_counts_every_step_and_shows_an_early_preview(engine: Engine) -> None:
    told = draw(engine, recipe(steps=5, count=2))[0]
    progress = [one for one in told if isinstance(one, Progress)]
    assert [(one.step, one.total) for one in progress] == [(step, 5) for step in range(1, 6)]
    first = progress[0].preview
    assert first is not None
    assert Image.open(io.BytesIO(first)).format == "WEBP"
    assert len(first) < 20_000
    assert told.rendered.seconds > 0


def test_a_cancelled_request_ends_within_one_step_and_others_go_on(engine: Engine) -> None:
    stopped, other = Told(recipe=recipe(steps=30, seed=1)), Told(recipe=recipe(steps=6, seed=2))

    def stop_at_three(outcome: Any) -> None:
        stopped.append(outcome)
        if isinstance(outcome, Progress) and outcome.step == 3:
            engine.cancel(stopped.job.id, stopped.job.attempt)

    engine.submit(stopped.job, {}, stop_at_three)
    engine.submit(other.job, {}, other.append)
    engine.drain()
    assert isinstance(stopped.error, RenderCancelled)
    assert stopped.steps[-1] <= 4
    assert apart(other.pixels[0], pixels(engine, other.job.recipe)[0]) <= 1


def test_cancelling_before_the_start_or_after_the_end_does_no_harm(engine: Engine) -> None:
    never, done = Told(recipe=recipe()), Told(recipe=recipe(steps=1))
    engine.submit(done.job, {}, done.append)
    engine.drain()
    engine.cancel(done.job.id, done.job.attempt)
    engine.submit(never.job, {}, never.append)
    engine.cancel(never.job.id, never.job.attempt)
    engine.cancel("nobody", 1)
    engine.drain()
    assert len(done.rendered.pictures) == 1
    assert isinstance(never.error, RenderCancelled)


def test_a_newcomer_joins_between_two_steps_of_a_long_one(engine: Engine) -> None:
    order: list[tuple[str, int]] = []
    long, short = Told(recipe=recipe(steps=20), cost=20.0), Told(recipe=recipe(steps=2), cost=2.0)

    def hear(name: str, told: Told, outcome: Any) -> None:
        told.append(outcome)
        if isinstance(outcome, Progress):
            order.append((name, outcome.step))
            if (name, outcome.step) == ("long", 5):
                engine.submit(short.job, {}, lambda outcome: hear("short", short, outcome))

    engine.submit(long.job, {}, lambda outcome: hear("long", long, outcome))
    engine.drain()
    assert order.index(("short", 1)) <= order.index(("long", 7))
    assert order.index(("short", 2)) <= order.index(("long", 8))


@pytest.mark.parametrize(("tag", "short_first"), [(0.0, True), (100.0, False)])
def test_one_at_a_time_it_switches_between_steps_by_the_dispatchers_tags(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tag: float, short_first: bool
) -> None:
    """A short newcomer goes before a long one's rest, unless its member has had their share."""
    monkeypatch.setattr(engine, "caps", Caps(default=1))
    ends: list[str] = []
    long = Told(recipe=recipe(steps=12), cost=12.0)
    short = Told(recipe=recipe(steps=2), cost=2.0, start_tag=tag)

    def hear(name: str, outcome: Any) -> None:
        if isinstance(outcome, Progress) and (name, outcome.step) == ("long", 3):
            engine.submit(short.job, {}, lambda outcome: hear("short", outcome))
        if isinstance(outcome, Progress) and outcome.step == outcome.total:
            ends.append(name)

    engine.submit(long.job, {}, lambda outcome: hear("long", outcome))
    engine.drain()
    assert ends == (["short", "long"] if short_first else ["long", "short"])


def test_what_is_wrong_with_one_request_is_not_the_others(engine: Engine, fox: Image.Image) -> None:
    bad = [
        recipe(kind="img2img", sources=("gone",)),
        recipe(kind="img2img"),
        recipe(kind="inpaint", sources=("fox",)),
        recipe(width=100, height=100),
        recipe(model="nobody's"),
        recipe(sampler="magic"),
    ]
    *told, good = draw(engine, *bad, recipe(), pictures={"fox": fox})
    kinds = [type(one.error) for one in told]
    assert kinds[:4] == [NotFound, InvalidRequest, InvalidRequest, RenderError]
    assert "nobody's" in str(told[4].error)
    assert "DDIM" in str(told[5].error)
    assert len(good.rendered.pictures) == 1


def test_an_end_of_the_prompt_that_is_not_seen_is_told(engine: Engine) -> None:
    long, short = draw(engine, recipe(prompt="red fox " * 450, steps=1), recipe(steps=1))
    assert "600 word pieces" in long.rendered.notes[0]
    assert short.rendered.notes == ()


def test_output_that_is_no_number_is_an_error_and_not_a_black_picture(engine: Engine, failing_forward: Any) -> None:
    def nan(original: Any) -> Any:
        return lambda *args, **kwargs: (original(*args, **kwargs)[0] * float("nan"),)

    failing_forward(nan)
    assert isinstance(draw(engine, recipe(steps=2))[0].error, NotANumber)


def test_in_half_precision_it_is_tried_once_more_in_full(models: Models) -> None:
    half = Engine(Models(models.places, device="cpu", dtype="bfloat16"))
    broken = half.models.want("bundled").result()
    original = broken.base.unet.forward

    @functools.wraps(original)
    def nan(*args: Any, **kwargs: Any) -> Any:
        return (original(*args, **kwargs)[0] * float("nan"),)

    broken.base.unet.forward = nan
    told = draw(half, recipe(steps=2))[0]
    assert len(told.rendered.pictures) == 1
    assert "full precision" in told.rendered.notes[0]


def test_too_large_a_merge_is_taken_apart_and_remembered(engine: Engine, failing_forward: Any) -> None:
    def short_of_memory(original: Any) -> Any:
        def forward(sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            if sample.shape[0] > 4:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return original(sample, *args, **kwargs)

        return forward

    failing_forward(short_of_memory)
    told = draw(engine, *(recipe(seed=seed) for seed in range(4)))
    assert all(len(one.rendered.pictures) == 1 for one in told)
    assert set(engine.caps.measured.values()) == {4}
    three = draw(engine, recipe(count=3))[0]
    assert len(three.rendered.pictures) == 3
    assert "not all pictures were drawn at once" in three.rendered.notes[0]


def test_a_picture_carries_its_recipe_and_the_hash_of_the_weights(engine: Engine) -> None:
    wanted = recipe(count=2, seed=2**32 - 1, prompt="red fox, naïve — 狐")
    rendered = draw(engine, wanted)[0].rendered
    second = rendered.pictures[1]
    found = read_metadata(second.png)
    assert found is not None
    assert Recipe.load(found["recipe"]) == wanted
    assert (found["picture_id"], found["seed"], found["index"]) == (second.id, 0, 1)
    assert found["model_hash"] == rendered.model_hash
    assert len(rendered.model_hash) == 64
    assert image_of(second.png).info["parameters"].startswith("red fox, naïve — 狐\nSteps: 4, Sampler: DDIM")
    assert rendered.grid is not None
    assert image_of(rendered.grid).size == (256, 128)


def test_requests_wait_for_their_model_while_others_are_drawn(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    late: Future[Model] = Future()
    want = engine.models.want
    monkeypatch.setattr(engine.models, "want", lambda name, dtype=None: late if name == "late" else want(name, dtype))
    waiting, other = Told(recipe=recipe(model="late")), Told(recipe=recipe(steps=2))

    def loaded_at_last(outcome: Any) -> None:
        other.append(outcome)
        if isinstance(outcome, Progress) and outcome.step == 2:
            threading.Thread(target=late.set_result, args=(want("bundled").result(),)).start()

    engine.submit(waiting.job, {}, waiting.append)
    engine.submit(other.job, {}, loaded_at_last)
    engine.drain()
    assert other.steps == [1, 2]
    assert len(waiting.rendered.pictures) == 1
