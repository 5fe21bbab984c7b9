"""Inline flags, as members type them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixxelbot.errors import InvalidRequest, OutOfRange, UnknownChoice, UnknownFlag
from pixxelbot.planner.flags import read_flags
from tests.planner.asks import GENERAL


@pytest.mark.parametrize(
    ("words", "rest", "fixed"),
    [
        ("a red fox", "a red fox", {}),
        ("a fox --ar 3:2", "a fox", {"aspect": "3:2"}),
        ("a fox --ar=16x9 --seed=7", "a fox", {"aspect": "16:9", "seed": 7}),
        ("a fox --ar portrait", "a fox", {"aspect": "2:3"}),
        ("a fox —ar 3:2", "a fox", {"aspect": "3:2"}),
        ("a fox –seed 7 —no clouds", "a fox", {"seed": 7, "negative_prompt": "clouds"}),
        ("--seed 0 a fox", "a fox", {"seed": 0}),
        ("a fox --seed 4294967295", "a fox", {"seed": 4294967295}),
        ("a fox --no hands, text --seed 7", "a fox", {"negative_prompt": "hands, text", "seed": 7}),
        ("a fox --no hands --no text", "a fox", {"negative_prompt": "hands, text"}),
        ("a fox --cfg 6.5 --steps 30", "a fox", {"guidance_scale": 6.5, "steps": 30}),
        ("a fox --steps 10 --steps 20", "a fox", {"steps": 20}),
        ("a fox --sampler euler a --count 2", "a fox", {"sampler": "Euler a", "count": 2}),
        ("a fox --sampler DPM++_2M_Karras", "a fox", {"sampler": "DPM++ 2M Karras"}),
        ("a fox --sampler Euler in the snow", "a fox in the snow", {"sampler": "Euler"}),
        ("a fox --raw --model sdxl", "a fox", {"verbatim": True, "model": "sdxl"}),
        ("a fox --style anime", "a fox", {"styles": (("anime", 1.0),)}),
        ("a fox --style Art-Deco::1.5 watercolor", "a fox", {"styles": (("art-deco", 1.5), ("watercolour", 1.0))}),
        ('a fox --style "art deco" in snow', "a fox in snow", {"styles": (("art-deco", 1.0),)}),
        ("a fox --size 512x384 in snow", "a fox in snow", {"width": 512, "height": 384}),
        ("A FOX --AR 1:1", "A FOX", {"aspect": "1:1"}),
        ("a well--known fox -- really", "a well--known fox -- really", {}),
        ("a fox — red and wild —beautiful— in snow", "a fox — red and wild —beautiful— in snow", {}),
        ("a fox — 7 of them", "a fox — 7 of them", {}),
        ("state--of--the--art fox --seed 1", "state--of--the--art fox", {"seed": 1}),
    ],
)  # fmt: skip
def test_flags_leave_the_words_and_fix_fields(words: str, rest: str, fixed: dict[str, Any]) -> None:
    left, changes = read_flags(words, GENERAL)
    assert (left, changes.said()) == (rest, fixed)


@pytest.mark.parametrize(
    ("words", "error", "named"),
    [
        ("a fox --frobnicate 3", UnknownFlag, r"--frobnicate.*--ar.*--seed"),
        ("a fox --weird 20", UnknownFlag, "--weird"),
        ("a fox --ar 9:1", OutOfRange, r"--ar is 9:1, .*1:4 and 4:1"),
        ("a fox --ar 0:1", OutOfRange, "--ar"),
        ("a fox --ar banana", OutOfRange, "banana"),
        ("a fox --ar", OutOfRange, "empty"),
        ("a fox --size 9000x512", OutOfRange, "--size is 9000x512, .*256x256 and 1024x1024"),
        ("a fox --size large", OutOfRange, "--size is large"),
        ("a fox --seed -1", OutOfRange, "between 0 and 4294967295"),
        ("a fox --seed 4294967296", OutOfRange, "--seed is 4294967296"),
        ("a fox --seed " + "9" * 5_000, OutOfRange, "--seed"),
        ("a fox --seed seven", OutOfRange, "seven"),
        ("a fox --steps 101", OutOfRange, "between 1 and 100"),
        ("a fox --steps 2.5", OutOfRange, "--steps"),
        ("a fox --cfg nan", OutOfRange, "--cfg is nan"),
        ("a fox --cfg inf", OutOfRange, "--cfg"),
        ("a fox --count 11", OutOfRange, "between 1 and 10"),
        ("a fox --count 0", OutOfRange, "--count is 0"),
        ("a fox --sampler nope", UnknownChoice, "DDIM"),
        ("a fox --style watercolor-ish", UnknownChoice, "watercolour"),
        ("a fox --style anime::9", OutOfRange, "between 0.1 and 2"),
        ("a fox --style", UnknownChoice, "style"),
        ("a fox --no", UnknownChoice, "--no"),
        ("a fox --model", UnknownChoice, "general"),
    ],
)
def test_what_is_wrong_with_a_flag_is_named(words: str, error: type[InvalidRequest], named: str) -> None:
    with pytest.raises(error, match=named) as caught:
        read_flags(words, GENERAL)
    assert len(str(caught.value)) < 1_000


@given(st.text(st.sampled_from("a-— –:,.0123456789\"'=\n") | st.characters(codec="utf-8"), max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused_with_words(words: str) -> None:
    try:
        left, _ = read_flags(words, GENERAL)
    except InvalidRequest as error:
        assert str(error)
    else:
        assert isinstance(left, str)


def test_an_animations_file_and_exactness_are_flags() -> None:
    words, said = read_flags("a fox --exact --motion GIF", GENERAL)
    assert (words, said.exact, said.motion) == ("a fox", True, "gif")
    with pytest.raises(UnknownChoice, match="webp"):
        read_flags("a fox --motion avi", GENERAL)
