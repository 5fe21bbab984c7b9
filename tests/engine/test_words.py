"""Prompts with weights, beyond the window, and mixed: what the denoiser is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.engine.words import Fragment, Reader, mixed, parts, stacked, weighed
from pixxelbot.errors import ModelIncomplete
from pixxelbot.models import family_of_file, limits_of_file
from tests.engine import tiny
from tests.engine.drawing import apart, draw, pixels
from tests.factories import recipe as any_recipe


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("models")
    return Engine(
        Models(
            {family: str(tiny.build(family, folder / family)) for family in ("sd1", "sdxl", "sd3")},
            device="cpu",
            dtype="float32",
        )
    )


def reader(engine: Engine, family: str = "sd1") -> Reader:
    model = engine.models.want(family).result()
    return Reader(model.pipeline("text2img", model.limits.samplers[0]), model.family)


def recipe(**changes: Any) -> Any:
    return any_recipe(**({"model": "sd1", "width": 32, "height": 32, "steps": 2} | changes))


def test_a_prompt_has_parts_and_each_part_its_stressed_words() -> None:
    assert [(part.text, part.weight) for part in parts("space:: ship::2 red:: ")] == [
        ("space", 1), ("ship", 2), ("red", 1),
    ]  # fmt: skip
    assert [(part.text, part.weight) for part in parts("a fox::1.5 snow::-0.5")] == [("a fox", 1.5), ("snow", -0.5)]
    assert parts("3 cats:: 2 dogs")[1].text == "2 dogs", "a number after a space is a word"
    (whole,) = parts("a (red:1.3) fox")
    assert whole.fragments == (Fragment("a "), Fragment("red", 1.3), Fragment(" fox"))
    assert whole.text == "a red fox"


@pytest.mark.parametrize("prompt", ["a fox", "a (red) fox", "ratio 16:9", "a :: b::-1", "", "((:))", "::", "x::1"])
def test_what_only_looks_like_a_weight_is_words(prompt: str) -> None:
    found = parts(prompt)
    assert len(found) == 1 or prompt == "a :: b::-1"
    assert not any(fragment.weight != 1 for part in found for fragment in part.fragments)


def test_a_plain_prompt_is_read_by_the_pipeline_itself(engine: Engine) -> None:
    assert not reader(engine).needed("a red fox", "moon")
    assert weighed("a (red:1.3) fox") and weighed("space:: ship::2") and not weighed("x::1")


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_our_reading_of_a_plain_prompt_is_the_pipelines_own(engine: Engine, family: str) -> None:
    held = reader(engine, family)
    ours = held.read("a red fox", "moon", guided=True)
    own = held.pipeline.encode_prompt(
        "a red fox", device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True, negative_prompt="moon"
    )
    names = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
    for name, tensor in zip(names, own, strict=False):
        assert torch.allclose(ours[name], tensor, atol=1e-5), name


def test_a_weight_of_one_changes_nothing_and_of_zero_leaves_what_an_empty_prompt_has(engine: Engine) -> None:
    held = reader(engine)
    plain = held.read("red", "", guided=False)["prompt_embeds"]
    assert torch.equal(held.read("(red:1.0)", "", guided=False)["prompt_embeds"], plain)
    empty = held.read("", "", guided=False)["prompt_embeds"]
    none = held.read("(red:0)", "", guided=False)["prompt_embeds"]
    assert torch.allclose(none[:, 1:4], empty[:, 1:4], atol=1e-6)
    strong = held.read("(red:2)", "", guided=False)["prompt_embeds"]
    assert torch.allclose(strong[:, 1:4] - empty[:, 1:4], 2 * (plain[:, 1:4] - empty[:, 1:4]), atol=1e-5)


def test_parts_are_mixed_by_their_weights(engine: Engine) -> None:
    held = reader(engine)
    fox, boat, both = (held.read(words, "", guided=False)["prompt_embeds"] for words in ("fox", "boat", "fox::3 boat"))
    assert torch.allclose(both, 0.75 * fox + 0.25 * boat, atol=1e-5)


def test_a_long_prompt_is_read_window_by_window_and_its_end_counts(engine: Engine) -> None:
    held = reader(engine)
    long = "a red fox in the snow " * 8  # letters are word pieces here
    assert held.windows(long) == 2
    found = held.read(long, "moon", guided=True)
    assert found["prompt_embeds"].shape[1] == found["negative_prompt_embeds"].shape[1] == 2 * 77
    one, other = (pixels(engine, recipe(prompt=long + end, seed=1))[0] for end in ("boat", "cat"))
    assert apart(one, other) > 0


@pytest.mark.parametrize("family", ["sd1", "sdxl", "sd3"])
def test_weighed_prompts_are_drawn_merged_as_alone(engine: Engine, family: str) -> None:
    sampler = engine.models.want(family).result().limits.samplers[0]
    prompts = ("fox:: boat::2", "a (red:1.4) fox", "fox")
    wanted = [recipe(model=family, sampler=sampler, prompt=words, seed=1) for words in prompts]
    alone = [pixels(engine, one)[0] for one in wanted]
    merged = [one.pixels[0] for one in draw(engine, *wanted)]
    assert all(apart(a, b) <= 1 for a, b in zip(alone, merged, strict=True))
    assert apart(alone[0], alone[2]) > 0


def test_mixing_fills_shorter_sequences_and_unites_masks() -> None:
    short = {"prompt_embeds": torch.ones(1, 2, 3), "prompt_embeds_mask": torch.ones(1, 2, dtype=torch.long)}
    long = {"prompt_embeds": torch.ones(1, 4, 3), "prompt_embeds_mask": torch.ones(1, 4, dtype=torch.long)}
    both = mixed([(short, 0.5), (long, 0.5)])
    assert both["prompt_embeds"][0, :, 0].tolist() == [1, 1, 0.5, 0.5]
    assert both["prompt_embeds_mask"].tolist() == [[1, 1, 1, 1]]
    rows = stacked([short, long])
    assert rows["prompt_embeds"].shape == (2, 4, 3)
    assert rows["prompt_embeds_mask"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]


def test_a_single_file_tells_its_family_by_the_names_in_it(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    for name, family in (
        ("double_blocks.0.img_attn.qkv.weight", "flux"),
        ("conditioner.embedders.1.model.x", "sdxl"),
        ("cond_stage_model.transformer.x", "sd1"),
    ):
        save_file({name: torch.zeros(1)}, tmp_path / "it.safetensors")
        assert family_of_file(tmp_path / "it.safetensors") == family
        assert limits_of_file("it", tmp_path / "it.safetensors").family == family
    save_file({"x": torch.zeros(1)}, tmp_path / "it.safetensors")
    with pytest.raises(ModelIncomplete, match="family"):
        limits_of_file("it", tmp_path / "it.safetensors")
