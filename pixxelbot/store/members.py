"""What is kept of members: locked fields and tokens spent. Every function runs inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from pixxelbot.intent import Changes
from pixxelbot.job import Request, Spent
from pixxelbot.picture import Picture
from pixxelbot.store import favourites, pictures, requests
from pixxelbot.store.rows import locks as locks_table
from pixxelbot.store.rows import plain
from pixxelbot.store.rows import spending as spending_table


@dataclass(frozen=True, slots=True)
class Memory:
    """What a member's requests in one place may speak of."""

    requests: list[Request]
    """The latest, newest first."""
    pictures: list[Picture]
    """What they drew, newest first, those of one job in the order of its grid."""
    locks: Changes
    favourites: frozenset[str]


def memory(
    connection: Connection, member: str, channel: str | None, conversation: str, latest: int, favoured: int
) -> Memory:
    """Everything in one transaction: a request waits for it."""
    asked = requests.listed(connection, member=member, limit=latest, channel=channel)
    drawn = pictures.listed(connection, requests=[one.id for one in asked])
    liked = favourites.of_member(connection, member, favoured)
    return Memory(asked, drawn, locks(connection, member, conversation), frozenset(one.id for one in liked))


def locks(connection: Connection, member: str, conversation: str) -> Changes:
    """The fields kept in a conversation."""
    table = locks_table
    query = select(table.c.changes).where(table.c.member_id == plain(member), table.c.conversation == conversation)
    stored = connection.execute(query).scalar_one_or_none()
    return Changes.model_validate(stored or {})


def lock(connection: Connection, member: str, conversation: str, kept: Changes) -> None:
    """Keep exactly these fields."""
    table, member = locks_table, plain(member)
    connection.execute(delete(table).where(table.c.member_id == member, table.c.conversation == conversation))
    if kept.said():
        values = {"member_id": member, "conversation": conversation, "changes": kept.model_dump(exclude_none=True)}
        connection.execute(insert(table).values(**values))


def spend(connection: Connection, member: str, model: str, tokens_in: int, tokens_out: int, now: float) -> None:
    """Add to what a member's requests cost today."""
    flavour, table = sqlite if connection.dialect.name == "sqlite" else postgresql, spending_table
    statement = flavour.insert(table).values(
        member_id=plain(member), day=_day(now), model=plain(model)[:255], requests=1,
        tokens_in=tokens_in, tokens_out=tokens_out,
    )  # fmt: skip
    added = {name: table.c[name] + statement.excluded[name] for name in ("requests", "tokens_in", "tokens_out")}
    connection.execute(statement.on_conflict_do_update(index_elements=["member_id", "day", "model"], set_=added))


def spent(connection: Connection, member: str | None = None, since: float | None = None) -> list[Spent]:
    """Newest day first."""
    table = spending_table
    query = select(table).order_by(table.c.day.desc(), table.c.member_id, table.c.model)
    if member is not None:
        query = query.where(table.c.member_id == plain(member))
    if since is not None:
        query = query.where(table.c.day >= _day(since))
    return [Spent(**row) for row in connection.execute(query).mappings()]


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
