"""The outbox: what members must be told. Every function runs inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, cast

from sqlalchemy import Connection, RowMapping, Table, func, insert, select, update

from pixxelbot.job import Delivery, new_id
from pixxelbot.store.rows import delivery_of, job_of, jobs, messages, outbox, request_of, requests

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
DEAD: Final = "dead"
SUPERSEDED: Final = "superseded"
"""The job was retried before its end was told."""

Kind = Literal["result", "error", "reply", "cancelled"]


def add(connection: Connection, kind: Kind, request_id: str, job_id: str | None, now: float) -> None:
    """Note that this must be told; a request from the CLI has no address, and nobody to be told."""
    where = select(requests.c.channel_id, requests.c.interaction_token).where(requests.c.id == request_id)
    if not any(connection.execute(where).one()):
        return
    connection.execute(
        insert(outbox).values(
            id=new_id(), kind=kind, request_id=request_id, job_id=job_id,
            state=PENDING, attempts=0, due_at=now, created_at=now,
        )
    )  # fmt: skip


def due(connection: Connection, now: float, limit: int) -> list[Delivery]:
    """What is to be told now, oldest first."""
    query = (
        select(outbox)
        .where(outbox.c.state == PENDING, outbox.c.due_at <= now)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).mappings().all()
    asked = {row["id"]: request_of(row) for row in _rows(connection, requests, {row["request_id"] for row in rows})}
    drawn = {row["id"]: job_of(row) for row in _rows(connection, jobs, {row["job_id"] for row in rows})}
    return [delivery_of(row, asked[row["request_id"]], drawn.get(row["job_id"])) for row in rows]


def next_due(connection: Connection) -> float | None:
    """When the next entry falls due, in Unix seconds."""
    query = select(func.min(outbox.c.due_at)).where(outbox.c.state == PENDING)
    return cast(float | None, connection.execute(query).scalar_one())


def settle(
    connection: Connection, delivery: Delivery, state: str, now: float, message_id: str | None, reason: str | None
) -> None:
    """Close an entry, and erase the token that is not needed any more."""
    statement = update(outbox).where(outbox.c.id == delivery.id, outbox.c.state == PENDING)
    connection.execute(statement.values(state=state, settled_at=now, message_id=message_id, reason=reason))
    erase = update(requests).where(requests.c.id == delivery.request.id)
    connection.execute(erase.values(interaction_token=None))
    if message_id and delivery.job:
        remember(connection, delivery.job.id, message_id, delivery.request.address.channel_id, now)


def postpone(connection: Connection, delivery: Delivery, when: float, reason: str) -> None:
    """Try again at `when` (Unix seconds)."""
    statement = update(outbox).where(outbox.c.id == delivery.id, outbox.c.state == PENDING)
    connection.execute(statement.values(due_at=when, attempts=outbox.c.attempts + 1, reason=reason))


def supersede(connection: Connection, request_id: str, now: float) -> None:
    """Tell nobody of an end that was none."""
    statement = update(outbox).where(outbox.c.request_id == request_id, outbox.c.state == PENDING)
    connection.execute(statement.values(state=SUPERSEDED, settled_at=now))


def remember(
    connection: Connection,
    job_id: str,
    message_id: str,
    channel_id: str | None,
    now: float,
    picture_id: str | None = None,
) -> None:
    """Note which message shows which job, or one picture of it; the last one told wins."""
    values = {"job_id": job_id, "channel_id": channel_id, "created_at": now, "picture_id": picture_id}
    if not connection.execute(update(messages).where(messages.c.message_id == message_id).values(**values)).rowcount:
        connection.execute(insert(messages).values(message_id=message_id, **values))


def messages_of(connection: Connection, job_id: str) -> list[tuple[str, str | None, str | None]]:
    """Message, channel and single picture of every message with a job, the first posted first."""
    columns = (messages.c.message_id, messages.c.channel_id, messages.c.picture_id)
    query = select(*columns).where(messages.c.job_id == job_id).order_by(messages.c.created_at)
    return [(row.message_id, row.channel_id, row.picture_id) for row in connection.execute(query)]


def _rows(connection: Connection, table: Table, ids: set[str | None]) -> Sequence[RowMapping]:
    wanted = [one for one in ids if one]
    return connection.execute(select(table).where(table.c.id.in_(wanted))).mappings().all() if wanted else []
