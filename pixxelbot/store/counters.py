"""Numbers that only grow: the dispatcher's epoch, and the revision that orders all changes to jobs."""

from __future__ import annotations

from typing import Final, cast

from sqlalchemy import Connection, ScalarSelect, select, update

from pixxelbot.store.rows import counters

EPOCH: Final = "epoch"
REVISION: Final = "revision"


def raised(connection: Connection, name: str) -> int:
    """Raise a counter by one and return it; other writers wait until this transaction ends."""
    statement = update(counters).where(counters.c.name == name).values(value=counters.c.value + 1)
    return cast(int, connection.execute(statement.returning(counters.c.value)).scalar_one())


def revision(connection: Connection) -> int:
    """This transaction's revision, one for all its changes: whoever reads later reads all of them or none."""
    if "revision" not in connection.info:
        connection.info["revision"] = raised(connection, REVISION)
    return cast(int, connection.info["revision"])


def current(name: str) -> ScalarSelect[int]:
    """A counter's value, to be used inside a statement."""
    return select(counters.c.value).where(counters.c.name == name).scalar_subquery()


def read(connection: Connection, name: str) -> int:
    """A counter's value now."""
    return cast(int, connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one())
