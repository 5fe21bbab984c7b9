"""What members, servers and channels have set. Every function runs inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pixxelbot.store.rows import preferences


def get(connection: Connection, owners: Collection[str]) -> dict[str, dict[str, Any]]:
    """What each of these owners (`discord:ID`, `guild:ID`, `channel:ID`) has set."""
    query = select(preferences).where(preferences.c.owner.in_(owners))
    return {row["owner"]: dict(row["value"]) for row in connection.execute(query).mappings()}


Revise = Callable[[dict[str, Any]], dict[str, Any]]
"""What is stored → what to set of it; None unsets."""


def revise(connection: Connection, owner: str, revision: Revise) -> dict[str, Any]:
    """Set what follows from what is stored; what stands now."""
    before = get(connection, [owner]).get(owner, {})
    kept = {name: value for name, value in {**before, **revision(before)}.items() if value is not None}
    if kept == before:
        return kept
    if not connection.execute(update(preferences).where(preferences.c.owner == owner).values(value=kept)).rowcount:
        connection.execute(insert(preferences).values(owner=owner, value=kept))
    return kept
