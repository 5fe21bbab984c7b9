"""Locks in words."""

from __future__ import annotations

import pytest

from pixxelbot.planner.locking import locked, verbatim


@pytest.mark.parametrize(
    ("words", "names", "keeps"),
    [
        ("lock the seed", ("seed",), True),
        ("Please lock seed, style and the aspect ratio.", ("seed", "styles", "aspect"), True),
        ("keep the style from now on", ("styles",), True),
        ("freeze the negative prompt", ("negative_prompt",), True),
        ("unlock the seed and steps", ("seed", "steps"), False),
        ("unlock", (), False),
        ("unlock everything!", (), False),
        ("entsperre alles", (), False),
    ],
)
def test_locks_are_read(words: str, names: tuple[str, ...], keeps: bool) -> None:
    assert locked(words) == (names, keeps)


@pytest.mark.parametrize(
    "words", ["a lock on a door", "keep the fox", "lock the door", "unlock the castle gate", "free the bird", "a seed"]
)
def test_other_words_lock_nothing(words: str) -> None:
    assert locked(words) is None and verbatim(words) is None


@pytest.mark.parametrize(
    ("words", "on"),
    [("verbatim", True), ("verbatim mode on", True), ("turn off verbatim", False), ("verbatim off", False)],
)
def test_verbatim_is_switched(words: str, on: bool) -> None:
    assert verbatim(words) is on
