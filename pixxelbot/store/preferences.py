"""What members, servers and channels have set. Every function runs inside one transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from pixxelbot.store.rows import preferences


def get(connection: Connection, owner: str) -> dict[str, Any]:
    """What an owner (`discord:ID`, `guild:ID`, `channel:ID`) has set; empty where nothing."""
    query = select(preferences.c.value).where(preferences.c.owner == owner)
    return dict(connection.execute(query).scalar_one_or_none() or {})


def change(connection: Connection, owner: str, values: dict[str, Any]) -> dict[str, Any]:
    """Set some, and unset those that are None; what stands now."""
    kept = {name: value for name, value in {**get(connection, owner), **values}.items() if value is not None}
    if not connection.execute(update(preferences).where(preferences.c.owner == owner).values(value=kept)).rowcount:
        connection.execute(insert(preferences).values(owner=owner, value=kept))
    return kept
