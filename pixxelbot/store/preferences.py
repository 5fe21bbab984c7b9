"""What members, servers and channels have set. Every function runs inside one transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pixxelbot.store.rows import preferences


def get(connection: Connection, owners: Collection[str]) -> dict[str, dict[str, Any]]:
    """What each of these owners (`discord:ID`, `guild:ID`, `channel:ID`) has set."""
    query = select(preferences).where(preferences.c.owner.in_(owners))
    return {row["owner"]: dict(row["value"]) for row in connection.execute(query).mappings()}


def change(connection: Connection, owner: str, values: dict[str, Any]) -> dict[str, Any]:
    """Set some, and unset those that are None; what stands now."""
    before = get(connection, [owner]).get(owner, {})
    kept = {name: value for name, value in {**before, **values}.items() if value is not None}
    if not connection.execute(update(preferences).where(preferences.c.owner == owner).values(value=kept)).rowcount:
        connection.execute(insert(preferences).values(owner=owner, value=kept))
    return kept
