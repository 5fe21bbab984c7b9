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
