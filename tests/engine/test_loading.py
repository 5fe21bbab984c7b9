"""Models from single files and from a hub: drawn as from a folder, hashed, and refused with a reason."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from pixxelbot import hub as asked
from pixxelbot.engine import checkpoint, weights
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.errors import ModelCorrupt, ModelIncomplete, ModelMissing
from pixxelbot.models import limits_of_file
from tests.engine import hub, original, tiny
from tests.engine.drawing import apart, draw, pixels
from tests.factories import recipe as any_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build("sd1", tmp_path_factory.mktemp("models") / "sd1")


@pytest.fixture
def file(folder: Path, tmp_path: Path) -> Path:
    """The same model in one file, its configuration beside it."""
    shutil.copytree(folder, tmp_path / "whole", ignore=shutil.ignore_patterns("*.safetensors"))
    loaded = checkpoint.load("sd1", str(folder), torch.device("cpu"), torch.float32)
    return original.write(loaded.base, tmp_path / "whole.safetensors")


def recipe(model: str) -> Any:
    return any_recipe(model=model, width=32, height=32, steps=2)


def refused(where: Path) -> BaseException | None:
    return Models({"it": str(where)}, "cpu", "float32").want("it").exception()


def test_a_single_file_draws_what_its_folder_draws(folder: Path, file: Path) -> None:
    engine = Engine(Models({"file": str(file), "folder": str(folder)}, "cpu", "float32"))
    one, other = draw(engine, recipe("file"), recipe("folder"))
    assert apart(one.pixels[0], other.pixels[0]) == 0
    assert one.rendered.model_hash == weights.hash_of(file.parent, [file])
    assert one.rendered.model_hash != other.rendered.model_hash, "other files, though the same numbers"
    assert limits_of_file("file", file).native == 32


def test_a_truncated_single_file_is_named(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])
    error = refused(file)
    assert isinstance(error, ModelCorrupt)
    assert str(file) in str(error)


@pytest.mark.parametrize("lost", ["model.diffusion_model.out.2.weight", "first_stage_model.decoder.conv_in.weight"])
def test_a_single_file_that_lacks_a_tensor_draws_no_noise(file: Path, lost: str) -> None:
    tensors = load_file(file)
    del tensors[lost]
    save_file(tensors, file)
    error = refused(file)
    assert isinstance(error, ModelCorrupt)
    assert str(file) in str(error)


def test_a_single_file_beside_another_models_configuration_is_refused(file: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "whole")
    other = tiny.build("sdxl", tmp_path / "sdxl")
    shutil.copytree(other, tmp_path / "whole", ignore=shutil.ignore_patterns("*.safetensors"))
    error = refused(file)
    assert isinstance(error, ModelCorrupt)
    assert "whole" in str(error)


def test_a_single_file_of_no_known_family_is_refused(tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.safetensors"
    save_file({"weight": torch.zeros(3)}, unknown)
    assert isinstance(refused(unknown), ModelIncomplete)
    with pytest.raises(ModelIncomplete, match="family"):
        limits_of_file("it", unknown)


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_is_refused_whatever_its_name_is(tmp_path: Path, new: bool) -> None:
    bad = tmp_path / "model.safetensors"
    torch.save({"a": torch.zeros(2)}, bad, _use_new_zipfile_serialization=new)
    error = refused(bad)
    assert isinstance(error, ModelCorrupt)
    assert "pickle" in str(error)
    with pytest.raises(ModelCorrupt, match="pickle"):
        limits_of_file("it", bad)


def test_no_pickle_is_ever_read(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "sprung",)

    bad = tmp_path / "model.ckpt"
    bad.write_bytes(pickle.dumps({"state_dict": Trap()}))
    assert isinstance(refused(bad), ModelCorrupt)
    assert not (tmp_path / "sprung").exists()


def test_a_folder_with_pickles_alone_lacks_its_weights(folder: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(folder, tmp_path / "own"))
    weight = own / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weight), weight.with_suffix(".bin"))
    weight.unlink()
    assert isinstance(refused(own), ModelIncomplete)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _go_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT does before the library is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")


def test_a_hub_id_is_fetched_once_and_draws_what_its_folder_draws(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine() -> Engine:
        return Engine(Models({"hub": "somebody/tiny", "folder": str(folder)}, "cpu", "float32"))

    with hub.opened(somebody__tiny=folder) as shelf:
        _go_to(shelf.url, monkeypatch)
        one, other = draw(engine(), recipe("hub"), recipe("folder"))
        assert apart(one.pixels[0], other.pixels[0]) == 0
        assert one.rendered.model_hash == other.rendered.model_hash
        assert "unet/diffusion_pytorch_model.safetensors" in shelf.fetched
        before = list(shelf.fetched)
        pixels(engine(), recipe("hub"))
        assert shelf.fetched == before, "it is in the cache now"
    assert apart(pixels(engine(), recipe("hub"))[0], one.pixels[0]) == 0, "and needs no hub any more"


def test_a_hub_that_does_not_have_it_or_is_not_there_is_said(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models({"hub": "nobody/nothing"}, "cpu", "float32")
    with hub.opened(somebody__tiny=folder) as shelf:
        _go_to(shelf.url, monkeypatch)
        missing = models.want("hub").exception()
    gone = models.want("hub").exception()  # it has closed
    assert isinstance(missing, ModelMissing)
    assert isinstance(gone, ModelMissing)
    assert "nobody/nothing" in str(missing)
    assert "nobody/nothing" in str(gone)


def test_a_hub_that_says_nothing_is_waited_for_no_longer_than_told(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(asked, "PATIENCE", 0.5)
    with hub.opened(somebody__tiny=folder) as shelf:
        _go_to(shelf.url, monkeypatch)
        models = Models({"hub": "somebody/tiny", "none": "nobody/nothing"}, "cpu", "float32")
        first = models.want("hub").result(60)
    with hub.silent() as url:
        _go_to(url, monkeypatch)
        again = Models(models.places, "cpu", "float32")
        assert again.want("hub").result(60).hash == first.hash
        missing = again.want("none").exception(60)
    assert isinstance(missing, ModelMissing)
    assert "nobody/nothing" in str(missing)
    assert "what was fetched before" in caplog.text


def test_a_name_that_looks_like_a_hub_id_may_be_a_mistyped_folder(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub.silent() as url:
        _go_to(url, monkeypatch)
        monkeypatch.setattr(asked, "PATIENCE", 0.2)
        error = Models({"it": "modles/tiny"}, "cpu", "float32").want("it").exception(60)
    assert isinstance(error, ModelMissing)
    assert "There is no folder modles/tiny" in str(error)


def test_what_a_hub_hands_out_damaged_is_named(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torn = Path(shutil.copytree(folder, tmp_path / "torn"))
    weight = torn / "vae" / "diffusion_pytorch_model.safetensors"
    weight.write_bytes(weight.read_bytes()[:500])
    with hub.opened(somebody__torn=torn) as shelf:
        _go_to(shelf.url, monkeypatch)
        error = Models({"it": "somebody/torn"}, "cpu", "float32").want("it").exception()
    assert isinstance(error, ModelCorrupt)
    assert "vae" in str(error)
