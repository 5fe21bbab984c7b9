"""Which calls share a forward."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pixxelbot.engine.choose import Caps, Parked, choose

parked = st.lists(
    st.builds(Parked, key=st.sampled_from("ab"), rows=st.integers(1, 20), since=st.integers(0, 9)),
    min_size=1,
    max_size=20,
)


@given(parked, st.integers(1, 24))
def test_the_longest_waiting_goes_and_the_cap_holds_unless_it_goes_alone(calls: list[Parked], cap: int) -> None:
    chosen = [calls[place] for place in choose(calls, Caps(default=cap))]
    assert chosen[0].since == min(call.since for call in calls)
    assert len({call.key for call in chosen}) == 1
    assert len(chosen) == 1 or sum(call.rows for call in chosen) <= cap


@given(parked)
def test_nothing_that_would_fit_stays_behind(calls: list[Parked]) -> None:
    places = choose(calls, Caps(default=16))
    key, rows = calls[places[0]].key, sum(calls[place].rows for place in places)
    left = [call for place, call in enumerate(calls) if place not in places and call.key == key]
    assert len(places) == len(set(places))
    assert all(rows + call.rows > 16 for call in left)


def test_a_cap_that_did_not_fit_is_halved() -> None:
    caps = Caps()
    caps.lower("a", 12)
    assert caps.of("a") == 6
    assert caps.of("b") == 16
    caps.lower("a", 1)
    assert caps.of("a") == 1


FLAT = Caps(default=1)
"""Company makes nothing cheaper."""


def leader(*calls: Parked) -> int:
    return choose(calls, FLAT)[0]


def test_where_company_gains_nothing_a_short_newcomer_goes_before_a_long_ones_rest() -> None:
    long = Parked("a", rows=1, since=0, left=80, pace=0.1)
    short = Parked("a", rows=1, since=1, left=4, pace=0.1)
    assert leader(long, short) == 1


def test_the_second_job_of_a_member_with_much_waits_for_anothers_first() -> None:
    flooders_next = Parked("a", rows=1, since=0, left=5, pace=0.1, start_tag=9.0)
    anothers = Parked("a", rows=1, since=0, left=40, pace=0.1, start_tag=0.0)
    assert leader(flooders_next, anothers) == 1


def test_a_job_of_a_member_with_twice_the_weight_counts_half() -> None:
    assert leader(Parked("a", 1, 0, left=30, pace=0.1), Parked("a", 1, 0, left=40, pace=0.1 / 2)) == 1


@given(st.floats(0, 100), st.integers(1, 1000), st.floats(0.001, 10))
def test_no_job_waits_for_ever_behind_short_newcomers(tag: float, left: int, pace: float) -> None:
    """However many come: each newcomer has waited for nothing yet."""
    turns = left + int(tag / pace) + 2
    old = Parked("a", 1, 0, left=left, pace=pace, start_tag=tag)
    assert leader(old, Parked("a", 1, since=turns, left=1, pace=pace)) == 0
