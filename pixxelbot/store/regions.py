"""Regions that members are choosing. Every function runs inside one transaction."""

from __future__ import annotations

import dataclasses

from sqlalchemy import Connection, insert, update

from pixxelbot.region import Region
from pixxelbot.store import requests
from pixxelbot.store.rows import regions


def keep(connection: Connection, region: Region) -> None:
    """Store a region, or the new mask and words of one."""
    fields = dataclasses.asdict(region)
    if not connection.execute(update(regions).where(regions.c.id == region.id).values(**fields)).rowcount:
        connection.execute(insert(regions).values(**fields))


def get(connection: Connection, region_id: str) -> Region:
    """One region; NotFound where there is none."""
    return Region(**dict(requests.found(connection, regions, "region", region_id)))
