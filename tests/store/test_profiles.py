"""Measurements of models outlive the process that made them."""

from __future__ import annotations

import dataclasses

from pixxelbot.store import Store
from tests.test_profile import profile


async def test_a_measurement_is_kept_and_a_newer_one_takes_its_place(store: Store) -> None:
    assert await store.profiles() == []
    old, other = profile(1.0, 1.5), profile(2.0, size="4x32x32")
    await store.keep_profile(old)
    await store.keep_profile(other)
    new = dataclasses.replace(old, seconds=((1, 0.5), (2, 0.6)))
    await store.keep_profile(new)
    assert sorted(await store.profiles(), key=lambda one: one.size) == [new, other]
    assert await store.flag("queue.paused") is None
