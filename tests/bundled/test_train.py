"""The whole training in miniature, without the emoji font: two steps of each stage, resumed, exported, drawn with."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoPipelineForText2Image
from transformers import CLIPModel

from pixxelbot.bundled import autoencoder, contrast, denoiser, learning, muon, renders, sprites, towers, train
from pixxelbot.bundled.scenes import Scene, Thing, split_of
from pixxelbot.errors import UntrainedModel

TINY = ("--size", "tiny", "--renders", "24", "--batch", "4", "--minutes", "1", "--no-compile", "--device", "cpu")
STAGES = ("vae", "decoder", "text", "clip", "unet", "negatives")


def taught(work: Path, stage: str, *more: str, steps: int = 2, workers: int = 1) -> list[dict[str, object]]:
    """Train a stage for two steps; returns the lines of its log."""
    options = (*TINY, "--steps", str(steps), "--workers", str(workers), *more)
    assert train.main([stage, "--work", str(work), *options]) == 0
    return [json.loads(line) for line in (work / stage / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder in which every stage has been trained for two steps."""
    folder = tmp_path_factory.mktemp("training")
    patch = pytest.MonkeyPatch()
    patch.setattr(sprites, "FONT", folder / "no-such-font.ttf")
    for stage in STAGES:
        taught(folder, stage)
    patch.undo()
    return folder


@pytest.mark.parametrize("stage", STAGES)
def test_two_steps_leave_a_checkpoint_a_log_and_samples(work: Path, stage: str) -> None:
    state = learning.load(work / stage / "checkpoint.pt")
    assert (state["progress"]["steps"], state["progress"]["samples"]) == (2, 8)
    assert all(torch.isfinite(weight).all() for weight in state["weights"].values())
    assert len(list((work / stage).glob("samples-*.png"))) == 1
    first = json.loads((work / stage / "log.jsonl").read_text().splitlines()[0])
    assert all(first["began"][name] for name in ("pictures", "captions", "code"))
    assert first["began"]["seed"] == 0


def test_a_training_goes_on_where_it_stopped(work: Path) -> None:
    before = learning.load(work / "vae" / "checkpoint.pt")
    lines = taught(work, "vae", steps=1)
    after = learning.load(work / "vae" / "checkpoint.pt")
    assert after["progress"]["steps"] == 3
    assert after["progress"]["seconds"] > before["progress"]["seconds"]
    assert lines[-1]["steps"] == 3
    assert any(not torch.equal(after["weights"][name], weight) for name, weight in before["weights"].items())


def test_workers_take_the_mean_of_fresh_weights_only(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = learning.Meeting(3, 2, torch.multiprocessing.get_context("spawn"))
    progress = learning.Progress(own_samples=5)
    alone, met = meeting.exchange(0, torch.tensor([2.0, 4.0]), progress)
    assert (alone.tolist(), met) == ([2.0, 4.0], 1)
    mean, met = meeting.exchange(1, torch.tensor([4.0, 0.0]), learning.Progress(own_samples=7))
    assert (mean.tolist(), met) == ([3.0, 2.0], 2)
    later = time.time() + learning.STALE + 1
    monkeypatch.setattr(time, "time", lambda: later)
    late, met = meeting.exchange(0, torch.tensor([1.0, 1.0]), progress)
    assert (late.tolist(), met) == ([1.0, 1.0], 1)
    assert progress.samples == 12


def test_two_workers_train_one_model(tmp_path: Path) -> None:
    lines = taught(tmp_path, "text", steps=400, workers=2)
    state = learning.load(tmp_path / "text" / "checkpoint.pt")
    assert state["progress"]["steps"] == 400
    assert state["progress"]["samples"] >= 400 * 4
    assert max(line.get("workers", 1) for line in lines) in (1, 2)


def test_the_exported_folder_draws_with_stock_diffusers_and_holds_a_whole_clip(work: Path, tmp_path: Path) -> None:
    assert train.main(["export", "--work", str(work), "--to", str(tmp_path), "--size", "tiny"]) == 0
    pipe = AutoPipelineForText2Image.from_pretrained(tmp_path, dtype=torch.float32, low_cpu_mem_usage=False)
    image = pipe("a red fox at night", height=96, width=160, num_inference_steps=2).images[0]
    assert image.size == (160, 96)
    clip = CLIPModel.from_pretrained(tmp_path / "clip", dtype=torch.float32)
    assert clip.config.text_config.max_position_embeddings == towers.TOKENS
    limits = json.loads((tmp_path / "limits.json").read_text())
    assert limits["tokens"] == towers.TOKENS
    assert len(limits["vocabulary"]) >= 60


def test_an_untrained_stage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["export", "--work", str(tmp_path), "--size", "tiny"]) == UntrainedModel.exit_code
    assert "train `text` first" in capsys.readouterr().err


def test_the_gate_refuses_a_text_tower_that_does_not_tell_its_attributes(work: Path) -> None:
    with pytest.raises(UntrainedModel, match="noun_0"):
        towers.refuse(towers.probe(*towers.text_tower(work, "tiny"), "tiny"))


def test_muon_turns_matrices_and_leaves_the_rest_to_adamw() -> None:
    torch.manual_seed(0)
    turned = muon.orthogonal(torch.randn(6, 20))
    assert torch.linalg.svdvals(turned.float()).sub(1).abs().max() < 0.4, "Newton–Schulz ends near one, not at it"
    matrix, bias = torch.nn.Parameter(torch.zeros(4, 4)), torch.nn.Parameter(torch.zeros(4))
    learner = muon.Muon([matrix, bias], rate=0.1, other_rate=0.01)
    matrix.grad, bias.grad = torch.eye(4) * 1e-3, torch.full((4,), 1e-3)
    learner.step()
    assert torch.allclose(bias, torch.full((4,), -0.01), atol=1e-4)
    assert 0.05 < -float(matrix[0, 0].detach()) < 0.13 and abs(float(matrix[0, 1].detach())) < 1e-3


def test_the_learning_rate_rises_holds_and_falls() -> None:
    assert learning.rate_at(0.0, 0) == pytest.approx(1 / learning.WARM_UP)
    assert learning.rate_at(learning.HOLD, learning.WARM_UP) == pytest.approx(1.0)
    assert learning.rate_at(1.0, learning.WARM_UP) == pytest.approx(0.01)


def test_the_unet_learns_other_sizes_from_scenes_of_their_own(work: Path) -> None:
    plan = learning.Plan(stage="unet", work=work, minutes=1, batch=4, renders=24, size="tiny")
    lesson = denoiser.Denoising(plan, 0)
    firsts = [renders.first_of(size) for size in renders.SIZES]
    assert len(set(firsts)) == len(firsts) and min(np.diff(firsts)) >= plan.renders
    for size, shelf in lesson.shelves.items():
        assert shelf.shape[2:] == (size[1] // 8, size[0] // 8), "of a size that the UNet's two halvings allow"
        assert not (size[0] % 32 or size[1] % 32)
    wide, native = (renders.painted(plan, "train", 2, size) for size in ((192, 96), renders.NATIVE))
    assert wide.images.shape == (2, 96, 192, 3)
    assert wide.scene(0) != native.scene(0)
    drawn = {lesson.loss(0.5)["loss"].isfinite().item() for _ in range(20)}
    assert drawn == {True}


def test_standardising_changes_latents_but_no_picture() -> None:
    torch.manual_seed(0)
    vae, pixels = autoencoder.build("tiny"), torch.rand(8, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        before = vae.decode(vae.encode(pixels).latent_dist.mean).sample
        autoencoder.standardise(vae, pixels)
        latents = vae.encode(pixels).latent_dist
        after = vae.decode(latents.mean).sample
    assert torch.allclose(before, after, atol=1e-3)
    assert torch.allclose(latents.mean.mean((0, 2, 3)), torch.zeros(autoencoder.LATENTS), atol=1e-3)
    assert torch.allclose(latents.mean.std((0, 2, 3)), torch.ones(autoencoder.LATENTS), atol=1e-3)


def test_every_text_becomes_tokens_without_loss(work: Path) -> None:
    words = towers.tokenizer(work)
    for text in ("a red fox at night", "zyx élan 漢字 🦊", "submarine-ish, 8k"):
        ids = words(text).input_ids
        assert words.decode(ids, skip_special_tokens=True).replace(" ", "") == text.lower().replace(" ", "")
    assert len(words("a red fox in the snow").input_ids) == 8, "a word of the grammar is one token"


def test_a_swap_says_the_same_words_of_another_scene() -> None:
    rng = np.random.default_rng(0)
    pair = Scene((Thing("fox", "red"), Thing("cat", "blue")), "night")
    assert contrast.swapped_colours(pair, rng) == Scene((Thing("fox", "blue"), Thing("cat", "red")), "night")
    assert contrast.swapped_places(replace(pair, relation="left of"), rng) == Scene(
        (Thing("cat", "blue"), Thing("fox", "red")), "night", relation="left of"
    )
    assert contrast.swapped_places(Scene((Thing("fox"),), place="left"), rng) == Scene((Thing("fox"),), place="right")
    assert contrast.swapped_places(Scene((Thing("fox"),)), rng) is None


def test_a_hard_negative_is_wrong_in_one_thing_and_of_the_split_of_training() -> None:
    rng = np.random.default_rng(0)
    for index in range(200):
        scene = renders.scene_of(index, "train")
        other = contrast.wrong(scene, rng, "train", contrast.REPLACED)
        assert other is not None
        assert split_of(other) == "train"
        assert other != scene
        assert len(other.things) == len(scene.things)


def test_what_is_as_true_counts_neither_way() -> None:
    scenes = [Scene((Thing("fox", "red"), Thing("cat"))), Scene((Thing("something"),)), Scene((Thing("dog"),))]
    rows, right, true = contrast.called(scenes)
    assert rows.tolist() == [0, 0, 2]
    assert [contrast.NAMED[int(n)] for n in right] == [Thing("fox", "red"), Thing("cat"), Thing("dog")]
    also = [{(contrast.NAMED[n].noun, contrast.NAMED[n].colour) for n in row.nonzero()[:, 0].tolist()} for row in true]
    assert ("fox", None) in also[0] and ("cat", "blue") in also[0] and ("fox", "blue") not in also[0]
    assert ("fox", "red") in also[1] and ("cat", None) not in also[1]
    assert len(also[2]) == 10 and all(noun == "dog" for noun, _ in also[2])


def test_owners_are_the_things_that_cover_a_cell() -> None:
    left, right = np.zeros((2, 128, 128), bool)
    left[:, :64], right[:, 96:] = True, True
    cells = renders.owners((left, right), 128, 128)
    assert (cells[:, :8] == 1).all() and (cells[:, 8:12] == 0).all() and (cells[:, 12:] == 2).all()
