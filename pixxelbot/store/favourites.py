"""Favourites. Every function runs inside one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from pixxelbot.picture import Picture
from pixxelbot.store import pictures
from pixxelbot.store.rows import favourites
from pixxelbot.store.rows import pictures as table


def toggle(connection: Connection, picture_id: str, member_id: str, guild_id: str | None, now: float) -> bool:
    """Make it a favourite of the member's, or take that back; whether it is one now."""
    mine = (favourites.c.member_id == member_id, favourites.c.picture_id == picture_id)
    if connection.execute(delete(favourites).where(*mine)).rowcount:
        return False
    add(connection, picture_id, member_id, guild_id, now)
    return True


def add(connection: Connection, picture_id: str, member_id: str, guild_id: str | None, now: float) -> None:
    """Make it a favourite of the member's; once is enough."""
    mine = (favourites.c.member_id == member_id, favourites.c.picture_id == picture_id)
    if connection.execute(select(favourites.c.created_at).where(*mine)).first() is None:
        values = {"member_id": member_id, "picture_id": picture_id, "guild_id": guild_id, "created_at": now}
        connection.execute(insert(favourites).values(**values))


def remove(connection: Connection, picture_id: str, member_id: str) -> None:
    """It is no favourite of the member's any more."""
    mine = (favourites.c.member_id == member_id, favourites.c.picture_id == picture_id)
    connection.execute(delete(favourites).where(*mine))


def of_member(connection: Connection, member_id: str, limit: int, offset: int = 0) -> list[Picture]:
    """A member's favourites that still exist, the latest first."""
    query = (
        select(table)
        .join(favourites, favourites.c.picture_id == table.c.id)
        .where(favourites.c.member_id == member_id, ~table.c.deleted)
        .order_by(favourites.c.created_at.desc(), table.c.id)
    )
    return pictures.answer(connection, query.limit(limit).offset(offset))


def of_server(
    connection: Connection, guild_id: str, since: float, least: int, limit: int, offset: int = 0
) -> list[tuple[Picture, int]]:
    """Pictures of a server with at least so many favourites given since then, the most loved first.

    Those made in private or age-restricted channels are left out: what all may see is shown to all.
    """
    stars = func.count().label("stars")
    found = (
        select(favourites.c.picture_id, stars)
        .join(table, favourites.c.picture_id == table.c.id)
        .where(table.c.guild_id == guild_id, favourites.c.created_at >= since)
        .where(~table.c.deleted, ~table.c.private, ~table.c.nsfw, ~table.c.upload)
        .group_by(favourites.c.picture_id)
        .having(stars >= least)
        .order_by(stars.desc(), favourites.c.picture_id)
        .limit(limit)
        .offset(offset)
    )
    counted = {row.picture_id: int(row.stars) for row in connection.execute(found)}
    shown = pictures.answer(connection, select(table).where(table.c.id.in_(counted)))
    return sorted(((one, counted[one.id]) for one in shown), key=lambda pair: (-pair[1], pair[0].id))
