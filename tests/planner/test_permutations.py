"""Permutations in braces and wildcards between underscores."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixxelbot.planner.permutations import MOST, choices, many
from pixxelbot.planner.wildcards import filled, load_wildcards


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        ("{red, blue} fox", ("red fox", "blue fox")),
        ("a {cat, dog} in {snow, rain}", ("a cat in snow", "a cat in rain", "a dog in snow", "a dog in rain")),
        ("a {big {red, blue}, small} fox", ("a big red fox", "a big blue fox", "a small fox")),
        ("{red\\, white, blue} flag", ("red, white flag", "blue flag")),
        ("\\{not these\\} fox", ()),
        ("a {lonely} fox", ()),
        ("an {open fox", ()),
        ("no braces", ()),
    ],
)
def test_every_combination_in_the_order_it_is_written(text: str, prompts: tuple[str, ...]) -> None:
    assert choices(text) == prompts


def test_too_many_are_bounded() -> None:
    assert len(choices("{a,b,c,d,e,f}" * 3)) == MOST
    assert many("{a,b}{c,d}") == 4 and choices("{a,b}" * 60) == ()


@given(st.text(alphabet="{},\\ ab", max_size=60))
def test_any_braces_end(text: str) -> None:
    assert len(choices(text)) <= MOST


def test_wildcards_are_filled_from_their_lists_and_stay_the_same_for_the_same_minute() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    once = filled("a __colour__ __animal__ and a __unknown-thing__", now)
    assert once == filled("a __colour__ __animal__ and a __unknown-thing__", now)
    assert once.chosen[0] in load_wildcards()["colour"] and once.chosen[1] in load_wildcards()["animal"]
    assert once.text.endswith("and a unknown thing")


def test_another_minute_gives_other_lines_sooner_or_later() -> None:
    texts = {filled("a __animal__", datetime(2026, 11, 21, 12, minute, tzinfo=UTC)).text for minute in range(20)}
    assert len(texts) > 3
