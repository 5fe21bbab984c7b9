"""Requests: from the first instant until they have ended. Every function runs inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Table, and_, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pixxelbot.errors import LostRace, NotFound, PixxelbotError
from pixxelbot.intent import Intent
from pixxelbot.job import Request, Status
from pixxelbot.store import outbox
from pixxelbot.store.rows import outbox as outbox_table
from pixxelbot.store.rows import request_of, requests, row_of_request

UNPLANNED = (Status.PLANNING, Status.WAITING)


def accept(connection: Connection, request: Request) -> tuple[Request, bool]:
    """Insert, unless this event was accepted before: then the request it made, and False."""
    flavour = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = row_of_request(request)
    statement = flavour.insert(requests).values(row).on_conflict_do_nothing(index_elements=["source_event_id"])
    if connection.execute(statement.returning(requests.c.id)).first():
        return request.evolve(words=row["words"], member_name=row["member_name"]), True
    query = select(requests).where(requests.c.source_event_id == row["source_event_id"])
    return request_of(connection.execute(query).mappings().one()), False


def get(connection: Connection, request_id: str) -> Request:
    """One request by id, or by a beginning or end of it that only one has."""
    return request_of(found(connection, requests, "request", request_id))


def of_event(connection: Connection, source_event_id: str) -> Request | None:
    """The request that an event made, where it made one."""
    query = select(requests).where(requests.c.source_event_id == source_event_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else request_of(row)


def found(connection: Connection, table: Table, what: str, name: str) -> Any:
    """The row with this id; else the only one whose id begins, or ends, with it."""
    rows = connection.execute(select(table).where(table.c.id == name)).mappings().all()
    if not rows and len(name) >= 4:
        short = name.upper()
        alike = or_(table.c.id.startswith(short, autoescape=True), table.c.id.endswith(short, autoescape=True))
        rows = connection.execute(select(table).where(alike).limit(2)).mappings().all()
    if len(rows) != 1:
        raise NotFound(what, name)
    return rows[0]


def listed(
    connection: Connection,
    statuses: Collection[Status] | None = None,
    member: str | None = None,
    limit: int | None = None,
    channel: str | None = None,
) -> list[Request]:
    """Requests, newest first."""
    query = select(requests).order_by(requests.c.created_at.desc(), requests.c.id.desc()).limit(limit)
    if statuses is not None:
        query = query.where(requests.c.status.in_([str(status) for status in statuses]))
    if member is not None:
        query = query.where(requests.c.member_id == member)
    if channel is not None:
        query = query.where(requests.c.channel_id == channel)
    return [request_of(row) for row in connection.execute(query).mappings()]


def statuses(connection: Connection, request_ids: Collection[str]) -> dict[str, Status]:
    """Where these requests stand, as far as there are such."""
    if not request_ids:
        return {}
    padded = [*request_ids, *[""] * (2 ** (len(request_ids) - 1).bit_length() - len(request_ids))]
    query = select(requests.c.id, requests.c.status).where(requests.c.id.in_(padded))  # else each length is prepared
    return {request_id: Status(status) for request_id, status in connection.execute(query)}


def change(
    connection: Connection, /, request_id: str, only_from: Iterable[Status] | None = None, **values: Any
) -> None:
    """Set columns; LostRace where the request stands elsewhere than `only_from`.

    Raises:
        LostRace: somebody else moved it first, or it does not exist.
    """
    statement = update(requests).where(requests.c.id == request_id).values(**values)
    if only_from is not None:
        statement = statement.where(requests.c.status.in_([str(status) for status in only_from]))
    if not connection.execute(statement).rowcount:
        raise LostRace(f"The request {request_id} has moved on meanwhile.")


def keep_intent(connection: Connection, request_id: str, intent: Intent) -> None:
    """Remember what the planner understood."""
    change(connection, request_id, intent=intent.model_dump(mode="json"))


def keep_fetched(connection: Connection, request: Request) -> None:
    """Note the pictures that were fetched for a request, in the place of where they lay.

    Raises:
        LostRace: it is planned already, or was cancelled.
    """
    intent = request.intent.model_dump(mode="json") if request.intent else None
    change(connection, request.id, UNPLANNED, sources=list(request.sources), links=[], intent=intent)


def answer(connection: Connection, request_id: str, intent: Intent, now: float) -> None:
    """End a request whose answer is words only."""
    change(connection, request_id, UNPLANNED, status=str(Status.DONE), intent=intent.model_dump(mode="json"))
    outbox.add(connection, "reply", request_id, None, now)


def fail(connection: Connection, request_id: str, error: PixxelbotError, now: float) -> None:
    """End a request that came to no job."""
    words = {"error_code": error.code, "error_message": str(error)}
    change(connection, request_id, UNPLANNED, status=str(Status.FAILED), **words)
    outbox.add(connection, "error", request_id, None, now)


def cancel(connection: Connection, request_id: str, now: float) -> None:
    """End a request that has no job yet."""
    change(connection, request_id, UNPLANNED, status=str(Status.CANCELLED))
    outbox.add(connection, "cancelled", request_id, None, now)


def erase_tokens(connection: Connection, now: float) -> int:
    """Erase interaction tokens that have lapsed, or whose request has ended and been told; how many."""
    untold = exists().where(and_(outbox_table.c.request_id == requests.c.id, outbox_table.c.state == outbox.PENDING))
    ended = requests.c.status.in_([str(status) for status in Status if status.ended])
    needless = or_(requests.c.token_expires_at <= now, and_(ended, ~untold))
    statement = update(requests).where(requests.c.interaction_token.is_not(None), needless)
    return connection.execute(statement.values(interaction_token=None)).rowcount


def counted(connection: Connection) -> dict[Status, int]:
    """How many requests stand where."""
    query = select(requests.c.status, func.count()).group_by(requests.c.status)
    return {Status(status): number for status, number in connection.execute(query)}
