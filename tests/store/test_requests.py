"""Requests are rows from the first instant, once for each event."""

from __future__ import annotations

import asyncio
import time

import pytest

from pixxelbot.errors import InvalidRequest, LostRace, NotFound, StorageFull
from pixxelbot.intent import Changes, Intent
from pixxelbot.job import Address, Status
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from tests import factories
from tests.databases import queued


async def test_a_request_comes_back_as_it_was_stored(store: Store) -> None:
    asked = factories.request(
        "a fox",
        given=Changes(count=2, styles=(("ink", 0.5),)),
        intent=Intent(action="vary", targets=("X",)),
        sources=("A", "B"),
        address=Address(guild_id="1", channel_id="2", interaction_token="secret", token_expires_at=5.0),
        created_at=12.5,
        weight=2.0,
    )
    stored, fresh = await store.accept(asked)
    assert fresh and stored == asked
    assert await store.request(asked.id) == asked


async def test_the_same_event_replayed_is_the_same_request(store: Store) -> None:
    first, fresh = await store.accept(factories.request(source_event_id="interaction:7"))
    again, repeated = await store.accept(factories.request("other words", source_event_id="interaction:7"))
    assert fresh and not repeated and again == first


async def test_an_event_replayed_many_times_at_once_makes_one_request(store: Store) -> None:
    accepted = await asyncio.gather(*(store.accept(factories.request(source_event_id="e")) for _ in range(40)))
    assert sum(fresh for _, fresh in accepted) == 1
    assert len({request.id for request, _ in accepted}) == 1
    assert len(await store.requests()) == 1


async def test_words_no_database_can_hold_are_made_storable(store: Store) -> None:
    stored, _ = await store.accept(factories.request("a\0 fox \ud800 🦊"))
    assert (await store.request(stored.id)).words == stored.words == "a fox ? 🦊"


async def test_one_bad_change_in_a_group_undoes_none_of_its_neighbours(store: Store) -> None:
    good = [store.accept(factories.request()) for _ in range(5)]
    bad = [store.set_placeholder("no such request", "1") for _ in range(5)]
    results = await asyncio.gather(
        *(one for pair in zip(good, bad, strict=True) for one in pair), return_exceptions=True
    )
    assert [isinstance(result, LostRace) for result in results] == [False, True] * 5
    assert len(await store.requests()) == 5


async def test_a_request_is_found_by_a_unique_part_of_its_id(store: Store) -> None:
    stored, _ = await store.accept(factories.request())
    assert (await store.request(stored.id[-8:].lower())).id == stored.id
    for wrong in ("%%%%", "____", "zzzzzzzz", ""):
        with pytest.raises(NotFound):
            await store.request(wrong)


async def test_planning_leads_to_exactly_one_end(store: Store) -> None:
    stored, _ = await store.accept(factories.request())
    await store.answer(stored.id, Intent(action="chat", reply="Hello"))
    with pytest.raises(LostRace):
        await store.fail_request(stored.id, InvalidRequest("too late"))
    with pytest.raises(LostRace):
        await store.cancel_request(stored.id)
    ended = await store.request(stored.id)
    assert ended.status is Status.DONE and ended.intent and ended.intent.reply == "Hello"
    assert [entry.kind for entry in await store.due(time.time())] == ["reply"]


async def test_a_failure_is_recorded_and_told(store: Store) -> None:
    stored, _ = await store.accept(factories.request())
    await store.fail_request(stored.id, InvalidRequest("no such thing"))
    (entry,) = await store.due(time.time())
    assert (entry.kind, entry.request.error_code, entry.request.error_message) == (
        "error", "invalid_request", "no such thing",
    )  # fmt: skip


async def test_requests_are_listed_newest_first_by_status_and_member(store: Store) -> None:
    for moment in range(3):
        await queued(store, factories.request(member_id="discord:2", created_at=float(moment + 1)))
    waiting, _ = await store.accept(factories.request(created_at=9.0))
    assert [one.created_at for one in await store.requests(member="discord:2")] == [3.0, 2.0, 1.0]
    assert [one.id for one in await store.requests(statuses=(Status.PLANNING,))] == [waiting.id]
    assert len(await store.requests(limit=2)) == 2


async def test_a_token_is_erased_when_it_lapses_and_when_its_request_has_been_told(settings: Settings) -> None:
    now = 1_000.0
    store = await Store.open(settings, clock=lambda: now)
    await store.migrate()
    lapsing, _ = await store.accept(
        factories.request(address=Address(channel_id="1", interaction_token="aaa", token_expires_at=1_500.0))
    )
    told, _ = await store.accept(
        factories.request(address=Address(channel_id="1", interaction_token="bbb", token_expires_at=9_000.0))
    )
    await store.fail_request(told.id, InvalidRequest("no"))
    assert await store.erase_tokens() == 0
    (entry,) = await store.due(now)
    assert entry.request.address.interaction_token == "bbb"
    await store.delivered(entry, "77")
    assert (await store.request(told.id)).address.interaction_token is None
    now = 2_000.0
    assert await store.erase_tokens() == 1
    assert (await store.request(lapsing.id)).address.interaction_token is None
    await store.close()


async def test_a_disk_without_room_refuses_before_anything_is_stored(settings: Settings) -> None:
    store = await Store.open(settings, free_bytes=2**62)
    await store.migrate()
    with pytest.raises(StorageFull, match="nothing was lost"):
        await store.accept(factories.request())
    assert await store.requests() == []
    await store.close()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 33])
async def test_where_several_requests_stand_is_one_question(store: Store, count: int) -> None:
    stored = [(await store.accept(factories.request()))[0].id for _ in range(count + 1)]
    if count:
        await store.cancel_request(stored[0])
    found = await store.statuses([*stored[:count], "no such request"])
    assert found == {one: Status.CANCELLED if one == stored[0] else Status.PLANNING for one in stored[:count]}
