"""LoRAs and learnt words, as members write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixxelbot.errors import InvalidRequest, OutOfRange
from pixxelbot.planner.answers import read_answer, schema
from pixxelbot.planner.context import context
from pixxelbot.planner.flags import read_flags
from pixxelbot.planner.networks import OFFERED
from tests.openai_server.server import plan
from tests.planner.asks import GENERAL, first

LIMITS = GENERAL.model_copy(update={
    "loras": ("ink", "pixel_art", "Old Film"), "embeddings": ("EasyNegative", "mojo"), "misfits": (("film", "sd1"),),
})  # fmt: skip


@pytest.mark.parametrize(
    ("words", "rest", "fixed"),
    [
        ("a fox <lora:ink:0.8>", "a fox", {"loras": (("ink", 0.8),)}),
        ("a <LORA:Ink> fox, <lora:pixel-art:1.2:0.5>", "a fox", {"loras": (("ink", 1.0), ("pixel_art", 1.2))}),
        ("a fox --lora ink:0.8", "a fox", {"loras": (("ink", 0.8),)}),
        ("a fox --lora ink --seed 7 --lora pixel_art::-0.5", "a fox",
         {"loras": (("ink", 1.0), ("pixel_art", -0.5)), "seed": 7}),
        ('a fox --lora "old film:0.5" in snow', "a fox in snow", {"loras": (("Old Film", 0.5),)}),
        ("a fox <lora:ink:0.2> --lora ink:0.9", "a fox", {"loras": (("ink", 0.9),)}),
        ("a fox with the ink lora", "a fox", {"loras": (("ink", 1.0),)}),
        ("a fox in the snow, with the pixel art LoRA at 80 %", "a fox in the snow", {"loras": (("pixel_art", 0.8),)}),
        ("a fox with a red hat and the ink lora", "a fox with a red hat", {"loras": (("ink", 1.0),)}),
        ("ein Fuchs mit dem Ink-Lora", "ein Fuchs", {"loras": (("ink", 1.0),)}),
        ("un zorro con el lora ink", "un zorro", {"loras": (("ink", 1.0),)}),
        ("a fox in the style of the lora ink", "a fox", {"loras": (("ink", 1.0),)}),
        ("draw a fox in the style of my pixel art lora at 70%", "draw a fox", {"loras": (("pixel_art", 0.7),)}),
        ("a fox, use the lora ink:0.8", "a fox", {"loras": (("ink", 0.8),)}),
        ("a fox with lora ink 0.8", "a fox", {"loras": (("ink", 0.8),)}),
        ("a fox with the ink lora 4 times", "a fox 4 times", {"loras": (("ink", 1.0),)}),
        ("a fox with the ink lora at half strength", "a fox", {"loras": (("ink", 0.5),)}),
        ("a red fox, lora: ink", "a red fox", {"loras": (("ink", 1.0),)}),
        ("a fox with the loras ink:0.3 and pixel art", "a fox", {"loras": (("ink", 0.3), ("pixel_art", 1.0))}),
        ("a fox with ink and old film loras at 0.6", "a fox", {"loras": (("ink", 0.6), ("Old Film", 0.6))}),
        ("apply the old film lora to the second one", "the second one", {"loras": (("Old Film", 1.0),)}),
        ("ein Fuchs im Stil des Loras ink", "ein Fuchs", {"loras": (("ink", 1.0),)}),
        ("un renard dans le style du lora ink", "un renard", {"loras": (("ink", 1.0),)}),
        ("a fox in the style of the lora inc", "a fox", {"loras": (("inc", 1.0),)}),
        ("a fox with the film lora", "a fox", {"loras": (("film", 1.0),)}),
        ("a fox in the style of the lora, at night", "a fox in the style of the lora, at night", {}),
        ("a fox with the inc lora", "a fox", {"loras": (("inc", 1.0),)}),
        ("with the ink lora", "the same again", {"loras": (("ink", 1.0),)}),
        ("the same without the lora", "the same", {"loras": ()}),
        ("a portrait of <mojo> at sea", "a portrait of <mojo> at sea", {"embeddings": ("mojo",)}),
        ("a fox --no embedding:easynegative, hands", "a fox",
         {"embeddings": ("EasyNegative",), "negative_prompt": "<EasyNegative>, hands"}),
        ("a fox --embedding mojo", "a fox", {"embeddings": ("mojo",)}),
        ("a <b>bold</b> fox > a dog", "a <b>bold</b> fox > a dog", {}),
        ("a drawing of the singer Lora Smith", "a drawing of the singer Lora Smith", {}),
    ],
)  # fmt: skip
def test_they_are_read_and_leave_the_words(words: str, rest: str, fixed: dict[str, Any]) -> None:
    left, changes = read_flags(words, LIMITS)
    assert (left, changes.said()) == (rest, fixed)


@pytest.mark.parametrize(
    ("words", "error", "named"),
    [
        ("a fox <lora:ink:9>", OutOfRange, "ink is 9, .*-2.0 and 2.0"),
        ("a fox --lora ink:lots", OutOfRange, "lots"),
        (" ".join(f"<lora:l{n}:1>" for n in range(9)), InvalidRequest, "at most 5"),
    ],
)
def test_what_is_wrong_with_them_is_named(words: str, error: type[InvalidRequest], named: str) -> None:
    with pytest.raises(error, match=named):
        read_flags(words, LIMITS)


@given(st.text(alphabet="<lora:ink>0.8 witheunkmbdg-,", max_size=60))
def test_any_text_is_read_or_refused_with_words(words: str) -> None:
    try:
        read_flags(words, LIMITS)
    except InvalidRequest as error:
        assert str(error)


def test_a_language_model_may_name_those_that_are_installed_and_were_spoken_of() -> None:
    ask = first("a fox in the style of my ink adapter", LIMITS)
    assert schema(ask, ())["properties"]["loras"]["items"]["properties"]["name"]["enum"] == list(LIMITS.loras)
    assert "loras" not in schema(first("a fox", GENERAL), ())["properties"]
    said = [{"name": "ink", "weight": 0.7}, {"name": "pixel_art", "weight": 1}, {"name": "../evil", "weight": 1}]
    assert read_answer(json.dumps(plan(loras=said)), ask, {}).changes.loras == (("ink", 0.7),)
    drinking = first("a fox that drinks, like pixel art", LIMITS)
    assert read_answer(json.dumps(plan(loras=said)), drinking, {}).changes.loras == (("pixel_art", 1.0),)


def test_a_language_model_may_use_learnt_words_that_were_spoken_of() -> None:
    ask = first("a portrait of mojo", LIMITS)
    assert schema(ask, ())["properties"]["embeddings"]["items"]["enum"] == ["mojo", "EasyNegative"]
    said = plan(prompt="a portrait of <mojo>", embeddings=["Mojo", "EasyNegative", "evil", 7])
    assert read_answer(json.dumps(said), ask, {}).changes.embeddings == ("mojo",)


def test_of_very_many_a_language_model_is_told_the_ones_spoken_of_and_no_more_than_a_few() -> None:
    many = LIMITS.model_copy(update={"loras": tuple(f"style {number}" for number in range(500))})
    ask = first("a fox, somewhat like style_333", many)
    told = json.loads(context(ask, {}, 400))["loras"]
    assert told[0] == "style 333" and len(told) == OFFERED
    assert schema(ask, ())["properties"]["loras"]["items"]["properties"]["name"]["enum"] == told
