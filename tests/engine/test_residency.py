"""Loading models: what is wrong is named, and the old one goes on serving."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models, chosen_device
from pixxelbot.errors import ConfigurationError, ModelCorrupt, ModelIncomplete, ModelMissing
from pixxelbot.settings import BUNDLED
from tests.engine import tiny
from tests.engine.drawing import draw
from tests.factories import recipe


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUNDLED, tmp_path / "copy"))


def test_a_truncated_weight_file_is_named_and_the_old_model_goes_on(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    engine = Engine(Models({"bundled": str(BUNDLED), "broken": str(copy)}, device="cpu", dtype="float32"))
    good, bad, again = draw(engine, recipe(), recipe(model="broken"), recipe())
    assert isinstance(bad.error, ModelCorrupt)
    assert str(weights) in str(bad.error)
    assert len(good.rendered.pictures) == len(again.rendered.pictures) == 1
    assert engine.models.loaded == ("bundled",)


def test_weights_that_fit_no_model_are_corrupt(copy: Path) -> None:
    shutil.copy(copy / "vae" / "diffusion_pytorch_model.safetensors", copy / "unet")
    models = Models({"mixed": str(copy)}, device="cpu", dtype="float32")
    assert isinstance(models.want("mixed").exception(), ModelCorrupt)


def test_missing_folders_and_files_are_named(copy: Path, tmp_path: Path) -> None:
    (copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    models = Models({"gone": str(tmp_path / "nowhere"), "part": str(copy)}, device="cpu", dtype="float32")
    gone, part = models.want("gone").exception(), models.want("part").exception()
    assert isinstance(gone, ModelMissing)
    assert "nowhere" in str(gone)
    assert isinstance(part, ModelIncomplete)
    assert "vae/diffusion_pytorch_model" in str(part)


def test_a_model_that_was_mended_is_loaded_when_asked_for_again(copy: Path) -> None:
    file = copy / "scheduler" / "scheduler_config.json"
    text = file.read_text()
    file.unlink()
    models = Models({"it": str(copy)}, device="cpu", dtype="float32")
    assert isinstance(models.want("it").exception(), ModelIncomplete)
    file.write_text(text)
    assert models.want("it").result().name == "it"


def test_the_least_recently_used_idle_model_makes_room(copy: Path) -> None:
    engine = Engine(
        Models({"bundled": str(BUNDLED), "copy": str(copy)}, device="cpu", dtype="float32", memory_budget=60_000_000)
    )
    draw(engine, recipe())
    draw(engine, recipe(model="copy"))
    assert engine.models.loaded == ("copy",)
    again = draw(engine, recipe(), recipe(model="copy"))
    assert all(len(one.rendered.pictures) == 1 for one in again)
    assert again[0].rendered.model_hash == again[1].rendered.model_hash


def test_a_network_that_a_drawing_brings_up_makes_room_too(tmp_path: Path) -> None:
    places = {name: str(tiny.build("sd1", tmp_path / name)) for name in ("one", "other")}
    networks = [(name, "edges", str(tiny.controlnet(tmp_path / f"{name}-edges"))) for name in ("one", "other")]
    engine = Engine(Models(places, device="cpu", dtype="float32", networks=networks))
    small = {"width": 32, "height": 32, "sampler": "DDIM"}
    draw(engine, recipe(model="one", **small), recipe(model="other", **small))
    engine.models.memory_budget = engine.models.bytes
    assert set(engine.models.loaded) == {"one", "other"}
    following = recipe(model="one", kind="control", control="edges", sources=("it",), **small)
    told = draw(engine, following, pictures={"it": Image.linear_gradient("L").convert("RGB")})[0]
    assert len(told.rendered.pictures) == 1
    assert engine.models.loaded == ("one",), "what nobody uses went, and not what is at work"
    assert engine.models.bytes <= engine.models.memory_budget


def test_weights_are_loaded_in_the_dtype_that_is_said() -> None:
    models = Models({"bundled": str(BUNDLED)}, device="cpu", dtype="float32")
    base = models.want("bundled").result().base
    assert {part.dtype for part in (base.unet, base.vae, base.text_encoder)} == {torch.float32}


def test_a_device_that_is_not_there_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError, match="PIXXELBOT_DEVICE"):
        chosen_device("cuda:99")
    with pytest.raises(ConfigurationError, match="toaster"):
        chosen_device("toaster")
