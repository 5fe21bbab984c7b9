"""Commands that start from stored pictures or speak of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pixxelbot import picture
from pixxelbot.settings import BUNDLED
from tests import factories
from tests.cli.command_line import CommandLine

BLIND = {"PIXXELBOT_MODELS": f"bundled={BUNDLED}"}
"""The model without its CLIP."""


@pytest.fixture(scope="module")
def drawn(furnished: CommandLine) -> list[dict[str, Any]]:
    """Two small pictures of a fox."""
    ended = furnished("imagine", "a red fox", "--count", "2", "--steps", "2", "--seed", "7", "--json")
    assert ended.code == 0, ended.err
    return list(ended.answer["pictures"])


def test_two_pictures_are_blended_with_both_in_the_lineage(furnished: CommandLine, drawn: list[dict[str, Any]]) -> None:
    ids = [one["id"] for one in drawn]
    ended = furnished("blend", *ids, "--count", "1", "--json")
    assert ended.code == 0, ended.err
    assert (ended.answer["recipe"]["kind"], ended.answer["recipe"]["sources"]) == ("blend", ids)
    alone = furnished("blend", ids[0], "--json")
    assert (alone.code, alone.error["code"]) == (2, "invalid_request")


def test_more_is_shown_on_the_sides_named(furnished: CommandLine, drawn: list[dict[str, Any]]) -> None:
    ended = furnished("outpaint", drawn[0]["id"], "--side", "left", "--side", "right", "--count", "1", "--json")
    assert ended.code == 0, ended.err
    (wide,) = ended.answer["pictures"]
    assert wide["width"] > wide["height"]
    assert furnished("outpaint", drawn[0]["id"], "--side", "inside", "--json").code == 2


def test_a_stored_picture_is_described_by_what_it_was_drawn_with(
    furnished: CommandLine, drawn: list[dict[str, Any]]
) -> None:
    answer = furnished("describe", drawn[0]["id"], "--json").answer
    assert "fox" in answer["prompts"][0] and answer["aspect"] == "1:1" and answer["planner"] == "offline"


def test_a_file_that_says_how_it_was_drawn_is_described(
    furnished: CommandLine, drawn: list[dict[str, Any]], tmp_path: Path
) -> None:
    answer = furnished("describe", drawn[0]["path"], "--json").answer
    assert "fox" in answer["prompts"][0]
    plain = tmp_path / "plain.png"
    plain.write_bytes(factories.png())
    ended = furnished("describe", str(plain), "--json", **BLIND)
    assert (ended.code, ended.error["code"]) == (4, "no_network")


def test_a_file_that_says_nothing_is_looked_at(furnished: CommandLine, tmp_path: Path) -> None:
    (one,) = furnished("imagine", "a red fox in the snow", "--count", "1", "--seed", "7", "--json").answer["pictures"]
    with Image.open(one["path"]) as drawn_before:
        drawn_before.convert("RGB").save(tmp_path / "silent.png")
    answer = furnished("describe", str(tmp_path / "silent.png"), "--json").answer
    assert answer["prompts"][0] == "a red fox in the snow"


def test_pictures_are_found_by_words(furnished: CommandLine, drawn: list[dict[str, Any]]) -> None:
    found = furnished("search", "fox", "--json").answer
    assert {one["id"] for one in drawn} <= set(found["targets"])
    assert furnished("search", "submarine", "--json", **BLIND).answer["targets"] == []


def test_shortening_says_what_it_needs(furnished: CommandLine) -> None:
    ended = furnished("shorten", "a red fox", "--json", **BLIND)
    assert (ended.code, ended.error["code"]) == (4, "no_network") and "clip" in ended.error["message"]


# --- what a file says of how it was drawn ---------------------------------------------------------------------------


def written(**texts: str) -> bytes:
    from PIL import PngImagePlugin

    held, info = io.BytesIO(), PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text)
    Image.new("RGB", (16, 16)).save(held, "PNG", pnginfo=info)
    return held.getvalue()


def test_what_we_wrote_is_read_back() -> None:
    recipe = factories.recipe(negative_prompt="dogs")
    png = picture.encode_png(
        Image.new("RGB", (16, 16)), picture_id="01A", recipe=recipe, seed=7, index=0, model_hash="abc"
    )
    said = {"prompt": recipe.prompt, "negative_prompt": "dogs", "seed": 7, "steps": 4, "guidance_scale": 4.0}
    assert picture.written_in(png) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a knight,\nmist\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 42",
            {"prompt": "a knight, mist", "negative_prompt": "blurry", "steps": 20, "seed": 42, "guidance_scale": 7.5},
        ),
        ("a knight", {"prompt": "a knight", "negative_prompt": ""}),
        ("a knight\nSteps: 99999999", {"prompt": "a knight", "negative_prompt": ""}),
    ],
)
def test_the_text_of_other_programs_is_read(text: str, said: dict[str, Any]) -> None:
    assert picture.written_in(written(parameters=text)) == said


@pytest.mark.parametrize(
    "texts",
    [
        {"pixxelbot": "[1]"}, {"pixxelbot": '{"recipe": 7}'}, {"pixxelbot": "{" * 9_000}, {"comment": "a fox"},
        {"pixxelbot": '{"recipe": {"prompt": ["x"], "seed": true}}'},
    ],
)  # fmt: skip
def test_what_is_no_recipe_says_nothing(texts: dict[str, str]) -> None:
    assert not any(picture.written_in(written(**texts)).values())


def test_hidden_characters_and_endless_texts_are_cut() -> None:
    said = picture.written_in(written(parameters="a\u202e fox\u200b" + "x" * 50_000))
    assert said["prompt"].startswith("a fox") and len(said["prompt"]) <= 4_000
    assert picture.written_in(b"no picture") == {}
