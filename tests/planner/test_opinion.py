"""The second opinion: what it adds to the rules, and what it must leave to them."""

from __future__ import annotations

import pytest

from pixxelbot.intent import Ask, Turn
from pixxelbot.planner.offline import situation, understand
from pixxelbot.planner.opinion import SURE, SUREST, UNDECIDED, Situation, opinion
from pixxelbot.planner.references import PIC
from pixxelbot.recipe import Limits
from tests.planner.asks import first, later


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("these are bad, throw all of that out", "clarify"),
        ("third please in poster size, huge", "upscale"),
        ("hmm so what are all the things you are able to do", "help"),
    ],
)
def test_what_no_rule_reads_whole_is_told_by_what_it_has_in_common(words: str, action: str, bundled: Limits) -> None:
    assert understand(later(words, bundled)).action == action
    assert understand(later(words, bundled), lambda situation: UNDECIDED).action != action


@pytest.mark.parametrize("words", ["fox", "a fox that says delete", "a cat and a dog in the garden", "zxqv wubble"])
def test_a_first_wish_stays_a_wish(words: str, bundled: Limits) -> None:
    assert understand(first(words, bundled)).action == "imagine"


@pytest.mark.parametrize("words", ["a blue owl at night", "knitted teapot", "a lighthouse in a storm", "castle, neon"])
def test_a_wish_that_follows_pictures_stays_a_wish(words: str, bundled: Limits) -> None:
    assert understand(later(words, bundled)).action == "imagine"


def test_words_that_were_never_learnt_give_no_opinion() -> None:
    unknown = Situation("ζωή ßß þorn", pointed=True, pictures=True, asked=False, before="imagine")
    assert opinion(unknown).given(SUREST) is None


def test_more_is_needed_where_a_rule_has_spoken() -> None:
    doubtful = Situation(f"{PIC} but print", pointed=True, pictures=True, asked=False)
    assert opinion(doubtful).given(SURE) is not None
    assert opinion(doubtful).given(0.999) is None


def test_a_situation_tells_pointing_from_words(bundled: Limits) -> None:
    seen = situation(later("upscale the second", bundled))
    assert seen == Situation(
        f"upscale {PIC}", pointed=True, pictures=True, asked=False, before="imagine", wish="a red fox in the snow"
    )
    assert "word upscale" in set(seen.features())
    assert situation(Ask(words="", limits=bundled)) is None


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ("make 2 look older", ("fox2",)),
        ("U1 and U3", ("fox1", "fox3")),
        ("make the 4th 30% different", ("fox4",)),
        ("the one on the right at the bottom, twice as large", ("fox4",)),
        ("can the left ones be at golden hour", ("fox1", "fox3")),
    ],
)
def test_places_are_found_once_it_is_known_that_pictures_are_meant(
    words: str, targets: tuple[str, ...], bundled: Limits
) -> None:
    assert understand(later(words, bundled)).targets == targets


def test_what_came_before_decides_where_words_leave_it_open(bundled: Limits) -> None:
    asked = later("and to the left as well", bundled)
    widened = asked.model_copy(update={"turns": (Turn(words="more on the right", action="outpaint"),)})
    assert understand(widened).action == "outpaint"
