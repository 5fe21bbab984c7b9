"""Short of memory: every rung of the ladder, by an allocator that fails; what was given up is told."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from PIL import Image

from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.errors import OutOfMemory
from tests.engine import tiny
from tests.engine.drawing import Told, apart, draw, image_of, pixels
from tests.factories import recipe as any_recipe

NO_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("models")
    engine = Engine(Models({"sd1": str(tiny.build("sd1", folder / "sd1"))}, device="cpu", dtype="float32"))
    draw(engine, recipe(steps=1))
    return engine


@pytest.fixture
def failing(engine: Engine) -> Iterator[Callable[[str, Callable[..., bool]], list[int]]]:
    """Makes the denoiser or the autoencoder run out of memory whenever a condition on its input holds."""
    model = engine.models.want("sd1").result()
    undo: list[Callable[[], None]] = []

    def fail(part: str, short: Callable[..., bool]) -> list[int]:
        module, name = {"unet": (model.base.unet, "forward"), "vae": (model.base.vae.decoder, "forward")}[part]
        own, failures = getattr(module, name), []
        inner = inspect.getclosurevars(own).nonlocals["forward"] if part == "unet" else own

        @functools.wraps(inner)
        def limited(*args: Any, **kwargs: Any) -> Any:
            given = args[0] if args else kwargs["sample"]
            if short(given):
                failures.append(given.shape[0])
                raise torch.OutOfMemoryError(NO_MEMORY)
            return inner(*args, **kwargs)

        setattr(module, name, limited)
        model.intercepted = part != "unet"
        undo.append(lambda: setattr(module, name, own))
        return failures

    yield fail
    for one in undo:
        one()


def recipe(**changes: Any) -> Any:
    return any_recipe(**({"model": "sd1", "width": 32, "height": 32, "steps": 2} | changes))


def test_first_merges_become_smaller_and_nobody_needs_to_be_told(engine: Engine, failing: Any) -> None:
    alone = [pixels(engine, recipe(seed=seed))[0] for seed in range(3)]
    failures = failing("unet", lambda given: given.shape[0] > 2)
    told = draw(engine, *(recipe(seed=seed) for seed in range(3)))
    assert failures
    assert all(one.rendered.notes == () for one in told)
    assert all(apart(one.pixels[0], other) <= 1 for one, other in zip(told, alone, strict=True))
    before = len(failures)
    draw(engine, *(recipe(seed=seed) for seed in range(3)))
    assert len(failures) == before, "what does not fit is remembered"


def test_then_the_pictures_of_one_request_go_apart(engine: Engine, failing: Any) -> None:
    whole = pixels(engine, recipe(count=4))
    failing("unet", lambda given: given.shape[0] > 2)
    told = draw(engine, recipe(count=4))[0]
    assert [apart(one, other) <= 1 for one, other in zip(told.pixels, whole, strict=True)] == [True] * 4
    assert told.rendered.notes == ("Memory was short: not all pictures were drawn at once.",)


def test_then_the_autoencoder_works_piece_by_piece(engine: Engine, failing: Any) -> None:
    whole = pixels(engine, recipe(count=2, width=64, height=64))
    failing("vae", lambda given: given.shape[-1] > 16)
    told = draw(engine, recipe(count=2, width=64, height=64))[0]
    assert len(told.rendered.pictures) == 2
    assert told.rendered.notes == ("Memory was short: the picture was decoded in tiles.",)
    vae = engine.models.want("sd1").result().base.vae
    assert [apart(one, other) < 128 for one, other in zip(told.pixels, whole, strict=True)] == [True] * 2
    assert not vae.use_tiling, "the shared autoencoder is left as it was"


def test_on_a_processor_a_grid_is_decoded_picture_by_picture(engine: Engine, failing: Any) -> None:
    failures = failing("vae", lambda given: given.shape[0] > 1)
    assert len(draw(engine, recipe(count=4))[0].rendered.pictures) == 4
    assert failures == []


def test_then_what_is_not_at_work_leaves_the_memory(engine: Engine, failing: Any, tmp_path: Any) -> None:
    engine.models.places = {**engine.models.places, "other": str(tiny.build("sd2", tmp_path / "sd2"))}
    draw(engine, recipe(model="other", steps=1))
    failing("unet", lambda given: "other" in engine.models.loaded)
    told = draw(engine, recipe())[0]
    assert engine.models.loaded == ("sd1",)
    assert "moved out" in told.rendered.notes[-1]
    assert len(told.rendered.pictures) == 1


def test_at_last_the_picture_becomes_smaller_and_its_size_is_told(engine: Engine, failing: Any) -> None:
    failing("unet", lambda given: given.shape[-1] > 26)
    told = draw(engine, recipe(width=64, height=64))[0]
    drawn = image_of(told.rendered.pictures[0].png)
    assert drawn.size == (48, 48)
    assert told.rendered.notes[-1] == "Memory was short: drawn at 48×48 pixels."
    assert len(told.rendered.notes) == 4, "every rung before it was tried, and told"
    assert (told.rendered.pictures[0].width, told.rendered.pictures[0].height) == (48, 48)


def test_where_nothing_helps_it_is_an_error_and_others_go_on(engine: Engine, failing: Any) -> None:
    failing("unet", lambda given: True)
    assert isinstance(draw(engine, recipe())[0].error, OutOfMemory)


def test_a_source_follows_its_picture_to_a_smaller_size(engine: Engine, failing: Any) -> None:
    failing("unet", lambda given: given.shape[-1] > 26)
    source = Image.new("RGB", (32, 32), "red")
    told: Told = draw(engine, recipe(kind="img2img", sources=("it",), width=64, height=64), pictures={"it": source})[0]
    assert image_of(told.rendered.pictures[0].png).size == (48, 48)
