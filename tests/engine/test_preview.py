"""Early looks at a picture: by a tiny autoencoder that a model brings, else by a map of colours; never dear."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixxelbot.engine import engine as engine_module
from pixxelbot.engine import preview
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.job import Progress
from pixxelbot.recipe import Recipe
from tests.engine import tiny
from tests.engine.drawing import Told, draw
from tests.factories import recipe as any_recipe

CHANNELS = {"sd1": 4, "sd3": 16, "flux": 4}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {family: tiny.build(family, folder / family) for family in CHANNELS}


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("decoders")
    return {channels: tiny.preview_decoder(folder / str(channels), channels) for channels in (4, 16)}


@pytest.fixture(autouse=True)
def every_preview_may_be_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PREVIEW_SHARE", 1e9)


def engine(places: dict[str, Path], *networks: tuple[str, str, str], seconds: float = 0.0) -> Engine:
    models = Models({name: str(place) for name, place in places.items()}, "cpu", "float32", networks=networks)
    for name, role, _ in networks:
        models.want_network(role, name).exception()  # there, or failed, before anything is drawn
    return Engine(models, preview_seconds=seconds)


def recipe(family: str = "sd1", **changes: Any) -> Recipe:
    sampler = "DDIM" if family == "sd1" else "FlowMatch Euler"
    return any_recipe(**({"model": family, "width": 48, "height": 32, "steps": 3, "sampler": sampler} | changes))


def looks(told: Told) -> list[bytes]:
    return [one.preview for one in told if isinstance(one, Progress) and one.preview]


@pytest.mark.parametrize("family", CHANNELS)
def test_a_models_own_decoder_shows_its_previews(
    places: dict[str, Path], decoders: dict[int, Path], family: str
) -> None:
    decoder = (family, "preview", str(decoders[CHANNELS[family]]))
    sharp, coarse = draw(engine(places, decoder), recipe(family))[0], draw(engine(places), recipe(family))[0]
    assert len(looks(sharp)) == len(looks(coarse)) == 2
    for one, other in zip(looks(sharp), looks(coarse), strict=True):
        first, second = (Image.open(io.BytesIO(data)) for data in (one, other))
        assert first.size == second.size == (256, 171)
        assert np.abs(np.asarray(first, dtype=int) - np.asarray(second, dtype=int)).mean() > 1
    assert sharp.rendered.model_hash == coarse.rendered.model_hash, "a preview is no part of the picture"
    assert np.array_equal(sharp.pixels, coarse.pixels)


def test_a_decoder_in_a_models_own_folder_is_found(places: dict[str, Path], tmp_path: Path) -> None:
    own = tiny.build("sd1", tmp_path / "own")
    tiny.preview_decoder(own / "preview")
    found = engine({"own": own})
    found.models.want_network("preview", "own").exception()
    drawn = draw(found, recipe(model="own"))[0]
    assert looks(drawn) != looks(draw(engine(places), recipe())[0])


def test_it_shows_what_the_denoiser_believes(places: dict[str, Path], decoders: dict[int, Path]) -> None:
    drawn = engine(places, ("sd1", "preview", str(decoders[4])))
    decoder = drawn.models.want_network("preview", "sd1").result().module
    latents = torch.randn(1, 4, 16, 24, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        levels = (decoder.decode(latents).sample[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
        seen = Image.open(io.BytesIO(preview.decoded(decoder, latents)))
    whole = Image.fromarray((levels * 255).round().astype(np.uint8)).resize(seen.size, Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(whole, dtype=int) - np.asarray(seen, dtype=int)).mean() < 12, "but for WebP's losses"


def test_a_decoder_that_is_too_dear_gives_way(
    places: dict[str, Path], decoders: dict[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = engine(places, ("sd1", "preview", str(decoders[4])))
    monkeypatch.setattr(engine_module, "PREVIEW_SHARE", 0.03)
    dear._lens_seconds["sd1", torch.Size([1, 4, 16, 24])] = 3600.0
    assert looks(draw(dear, recipe())[0]) == looks(draw(engine(places), recipe())[0])


@pytest.mark.parametrize("fault", ["other family", "torn", "fails"])
def test_a_decoder_that_is_of_no_use_is_told_to_the_operator_and_pictures_are_drawn(
    places: dict[str, Path], decoders: dict[int, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    where = tiny.preview_decoder(tmp_path / "own") if fault != "other family" else decoders[16]
    if fault == "torn":
        file = next(where.glob("*.safetensors"))
        file.write_bytes(file.read_bytes()[:100])
    drawn = engine(places, ("sd1", "preview", str(where)))
    if fault == "fails":
        module = drawn.models.want_network("preview", "sd1").result().module
        module.decoder = torch.nn.Conv2d(7, 3, 1)
    draw(drawn, recipe())
    if fault == "torn":  # it was tried again for this drawing, and may have ended after it
        assert drawn.models.want_network("preview", "sd1").exception(60) is not None
    told = draw(drawn, recipe())[0]
    assert looks(told) == looks(draw(engine(places), recipe())[0])
    assert "coarse" in caplog.text
