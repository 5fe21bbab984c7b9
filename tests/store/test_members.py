"""What the store keeps of members and their conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pixxelbot.errors import InvalidRequest
from pixxelbot.intent import Changes
from pixxelbot.job import Address, Spent
from pixxelbot.store import Store
from tests import factories
from tests.databases import drawn

DAY = 86_400.0


async def test_locks_hold_in_their_conversation_until_they_are_replaced(store: Store) -> None:
    await store.lock("discord:1", "20", Changes(seed=7, styles=(("noir", 0.5),)))
    assert await store.locks("discord:1", "20") == Changes(seed=7, styles=(("noir", 0.5),))
    assert await store.locks("discord:1", "21") == await store.locks("discord:2", "20") == Changes()
    await store.lock("discord:1", "20", Changes(aspect="16:9"))
    assert await store.locks("discord:1", "20") == Changes(aspect="16:9")
    await store.lock("discord:1", "20", Changes())
    assert await store.locks("discord:1", "20") == Changes()


async def test_tokens_add_up_by_member_day_and_model(store: Store) -> None:
    now = [1_000 * DAY]
    store.clock = lambda: now[0]
    await store.spend("discord:1", "llama3", 800, 90)
    await store.spend("discord:1", "llama3", 200, 10)
    await store.spend("discord:2", "gpt", 5, 5)
    now[0] += DAY
    await store.spend("discord:1", "llama3", 1, 2)
    day = {"member_id": "discord:1", "model": "llama3"}
    assert await store.spent("discord:1") == [
        Spent(day="1972-09-28", requests=1, tokens_in=1, tokens_out=2, **day),
        Spent(day="1972-09-27", requests=2, tokens_in=1000, tokens_out=100, **day),
    ]
    assert [one.member_id for one in await store.spent()] == ["discord:1", "discord:1", "discord:2"]
    assert len(await store.spent(since=now[0])) == 1


async def test_a_request_remembers_what_it_replies_to_and_a_job_who_planned_it(store: Store) -> None:
    request = factories.request(about=("01A", "01B"))
    job = await drawn(store, request, planner="llama3", template="plan.system v2")
    assert (await store.request(request.id)).about == ("01A", "01B")
    kept = await store.job(job.id)
    assert (kept.planner, kept.template) == ("llama3", "plan.system v2")


async def test_requests_and_pictures_are_found_by_conversation_and_time(store: Store) -> None:
    now = [100.0]
    store.clock = lambda: now[0]
    here, there = Address(channel_id="20"), Address(channel_id="21")
    first = factories.request(address=here)
    await drawn(store, first)
    now[0] = 200.0
    second = factories.request(address=there)
    await drawn(store, second)
    assert [one.id for one in await store.requests(member="discord:1", channel="20")] == [first.id]
    assert [one.request_id for one in await store.pictures(requests=[second.id])] == [second.id]
    assert [one.request_id for one in await store.pictures(since=150.0)] == [second.id]
    assert [one.request_id for one in await store.pictures(since=50.0, until=200.0)] == [first.id]


async def test_simultaneous_changes_of_one_rule_all_stand(store: Store) -> None:
    """What follows from what is stored is worked out inside the transaction."""

    def weighing(role: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
        return lambda stored: {"weights": {**stored.get("weights", {}), str(role): 2.0}}

    other = await Store.open(store.settings)
    await asyncio.gather(
        *((store, other)[role % 2].revise_preferences("guild:1", weighing(role), "discord:1") for role in range(40))
    )
    await other.close()
    assert len((await store.preferences_of("guild:1"))["guild:1"]["weights"]) == 40


async def test_a_change_that_is_refused_leaves_all_as_it_was(store: Store) -> None:
    def refused(stored: dict[str, Any]) -> dict[str, Any]:
        raise InvalidRequest("no")

    await store.change_preferences("guild:1", {"hints": True})
    with pytest.raises(InvalidRequest):
        await store.revise_preferences("guild:1", refused)
    assert await store.preferences_of("guild:1") == {"guild:1": {"hints": True}}
