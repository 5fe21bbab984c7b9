"""Servers' rules and blocked words."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from pixxelbot.errors import OutOfRange, Refused, UnknownChoice
from pixxelbot.intent import Changes
from pixxelbot.rules import MAX_PATTERNS, Defaults, ServerRules, matching
from pixxelbot.studio.policy import words
from tests import factories


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("a nude in oil", "nude", True),
        ("a NÚDE in oil", "nude", True),
        ("n.u.d.e woman", "nude", True),
        ("n u d e", "nude", True),
        ("nu\u200bde", "nude", True),
        ("ｎｕｄｅ", "nude", True),
        ("denuded hills", "nude", False),
        ("nudes", "nude", False),
        ("nudes", "nude*", True),
        ("grey", "gr?y", True),
        ("groy fox", "gr?y", True),
        ("a dead   end", "dead end", True),
        ("a b c fox", "abc", True),
        ("かわいい裸の人", "裸", True),
        ("a fox", "裸", False),
        ("a.c", "a*c", False),
        ("banana", "*a", True),
        ("banana", "b*n*a", True),
        ("banana", "b*n*b", False),
    ],
)
def test_a_pattern_finds_whole_words_however_they_are_written(text: str, pattern: str, found: bool) -> None:
    assert (matching([text], [pattern]) == pattern) is found


def test_no_pattern_and_no_text_make_the_search_run_away() -> None:
    began = time.process_time()
    matching(["a" * 4000, "a " * 2000], ["*a" * 50 + "!", "a*" * 50, "*" * 100])
    assert time.process_time() - began < 5  # a runaway expression would take years


def test_a_channels_own_rules_stand_over_the_servers() -> None:
    server = {"nsfw": "refuse", "max_count": 4, "defaults": {"aspect": "1:1", "steps": 9}}
    rules = ServerRules.load(server, {"max_count": 2, "defaults": {"aspect": "3:2"}})
    assert (rules.nsfw, rules.max_count, rules.defaults) == ("refuse", 2, Defaults(aspect="3:2", steps=9))


def test_what_is_not_allowed_is_named() -> None:
    rules = ServerRules(models=("a",), styles=("ink",), channels=("1",), closed=("2",), roles=("9",), max_count=2)
    with pytest.raises(UnknownChoice, match="a"):
        rules.check_given(Changes(model="b"))
    with pytest.raises(UnknownChoice, match="ink"):
        rules.check_given(Changes(styles=(("oil", 1.0),)))
    with pytest.raises(OutOfRange, match="between 1 and 2"):
        rules.check_given(Changes(count=3))
    for channel in ("2", "3"):
        with pytest.raises(Refused, match="channel"):
            rules.check_place(channel)
    rules.check_place("5", parent_id="1")
    with pytest.raises(Refused, match="roles"):
        rules.check_roles(["8"])
    assert rules.capped(factories.recipe(count=4)).count == 2


@pytest.mark.parametrize(
    ("policy", "nsfw", "refused"),
    [
        ("refuse", True, True),
        ("refuse", False, True),
        ("spoiler", True, False),
        ("spoiler", False, True),
        ("allow", True, False),
        ("allow", False, True),
    ],
)
def test_mature_themes_are_for_age_restricted_channels_where_the_policy_allows(
    policy: str, nsfw: bool, refused: bool
) -> None:
    rules = ServerRules.load({"nsfw": policy})
    check = lambda: rules.check_words(["a nude"], nsfw=nsfw, always=words("always"), mature=words("mature"))  # noqa: E731
    if refused:
        with pytest.raises(Refused, match="nude"):
            check()
    else:
        assert check() is True
    assert rules.hides(nsfw=nsfw) is (nsfw and policy == "spoiler")
    with pytest.raises(Refused, match="not drawn here"):
        rules.check_words(["a nude child"], nsfw=True, always=words("always"), mature=words("mature"))


def test_no_more_may_wait_than_the_server_allows() -> None:
    rules = ServerRules(max_waiting=2)
    rules.check_waiting(1)
    with pytest.raises(Refused, match="2 is the most"):
        rules.check_waiting(2)


def test_the_largest_weight_of_a_members_roles_counts() -> None:
    rules = ServerRules(weights={"1": 2.0, "2": 4.0})
    assert rules.weight_of(["1", "2", "3"]) == 4.0 and rules.weight_of(["3"]) == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {"1": 0.0}},
        {"blocked": ("x",) * (MAX_PATTERNS + 1)},
        {"blocked": ("",)},
        {"max_count": 99},
        {"nsfw": "maybe"},
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServerRules.load(wrong)
