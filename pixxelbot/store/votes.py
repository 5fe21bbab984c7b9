"""Votes and ballots. Every function runs inside one transaction."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from pixxelbot.errors import LostRace
from pixxelbot.store import requests
from pixxelbot.store.rows import ballots, votes
from pixxelbot.vote import Vote


def begin(connection: Connection, vote: Vote) -> None:
    """Store a vote."""
    fields = {field.name: getattr(vote, field.name) for field in dataclasses.fields(vote) if field.name != "ballots"}
    connection.execute(insert(votes).values(**fields))


def get(connection: Connection, vote_id: str) -> Vote:
    """One vote with its ballots."""
    return _vote(connection, requests.found(connection, votes, "vote", vote_id))


def shown_at(connection: Connection, vote_id: str, message_id: str) -> None:
    """Note the message that shows it."""
    connection.execute(update(votes).where(votes.c.id == vote_id).values(message_id=message_id))


def cast(connection: Connection, vote_id: str, member_id: str, choice: int, now: float) -> Vote:
    """Take a member's ballot, in the place of an earlier one; the vote as it stands now.

    Raises:
        LostRace: it is over.
    """
    vote = get(connection, vote_id)
    if vote.closed_at is not None or vote.ends_at <= now:
        raise LostRace("This vote is over.")
    mine = (ballots.c.vote_id == vote_id, ballots.c.member_id == member_id)
    values = {"choice": choice, "created_at": now}
    if not connection.execute(update(ballots).where(*mine).values(**values)).rowcount:
        connection.execute(insert(ballots).values(vote_id=vote_id, member_id=member_id, **values))
    return get(connection, vote_id)


def open_now(connection: Connection) -> list[Vote]:
    """Votes that were not closed yet, the first to end first."""
    query = select(votes).where(votes.c.closed_at.is_(None)).order_by(votes.c.ends_at)
    return [_vote(connection, row) for row in connection.execute(query).mappings().all()]


def end_now(connection: Connection, vote_id: str, now: float) -> None:
    """Let its time be up."""
    connection.execute(update(votes).where(votes.c.id == vote_id, votes.c.ends_at > now).values(ends_at=now))


def close(connection: Connection, vote_id: str, now: float) -> None:
    """Note that all that follows from it was done."""
    connection.execute(update(votes).where(votes.c.id == vote_id).values(closed_at=now))


def _vote(connection: Connection, row: RowMapping | dict[str, Any]) -> Vote:
    query = select(ballots).where(ballots.c.vote_id == row["id"]).order_by(ballots.c.created_at, ballots.c.member_id)
    cast_ = tuple((ballot["member_id"], ballot["choice"]) for ballot in connection.execute(query).mappings())
    return Vote(**dict(row), ballots=cast_)
