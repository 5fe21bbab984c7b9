"""Pictures and their lineage. Every function runs inside one transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Text, cast, func, insert, or_, select, tuple_, update

from pixxelbot.errors import NotFound
from pixxelbot.job import Job, Rendered, Request
from pixxelbot.picture import Picture, suffix_of
from pixxelbot.store.requests import found
from pixxelbot.store.rows import jobs, messages, parents, picture_of, pictures, row_of_picture


def key_of(picture_id: str) -> str:
    """Where a picture's file lies; the beginning of a ULID gives a new folder every twelve days."""
    return f"{picture_id[:4]}/{picture_id}.png"


def grid_key_of(job: Job, grid: bytes) -> str:
    """Where an attempt's grid or animation lies; a late attempt never writes over another's."""
    return f"{job.id[:4]}/{job.id}-{job.attempt}-grid.{suffix_of(grid)}"


def drawn(rendered: Rendered, job: Job, request: Request, now: float) -> list[Picture]:
    """The pictures that an attempt produced."""
    return [
        Picture(
            id=one.id,
            job_id=job.id,
            request_id=request.id,
            member_id=request.member_id,
            guild_id=request.address.guild_id,
            channel_id=request.address.channel_id,
            index=one.index,
            seed=one.seed,
            width=one.width,
            height=one.height,
            sha256=one.sha256,
            key=key_of(one.id),
            parents=tuple(dict.fromkeys(job.recipe.sources)),
            created_at=now,
            deleted=False,
            upload=False,
            private=request.address.private,
            nsfw=request.address.nsfw,
            recipe=job.recipe,
        )
        for one in rendered.pictures
    ]


def add(connection: Connection, new: Sequence[Picture]) -> None:
    """Insert pictures and the lines to their parents."""
    if not new:
        return
    connection.execute(insert(pictures), [row_of_picture(one) for one in new])
    wanted = {parent for one in new for parent in one.parents}
    known = set(connection.execute(select(pictures.c.id).where(pictures.c.id.in_(wanted))).scalars()) if wanted else ()
    lines = [
        {"child_id": one.id, "parent_id": parent, "position": position}
        for one in new
        for position, parent in enumerate(one.parents)
        if parent in known
    ]
    if lines:
        connection.execute(insert(parents), lines)


def get(connection: Connection, picture_id: str) -> Picture:
    """One picture by id, or by a beginning or end of it that only one has."""
    return _with_parents(connection, [found(connection, pictures, "picture", picture_id)])[0]


def listed(
    connection: Connection,
    member: str | None = None,
    job: str | None = None,
    channel: str | None = None,
    limit: int | None = None,
    before: str | None = None,
    requests: Collection[str] | None = None,
    since: float | None = None,
    until: float | None = None,
) -> list[Picture]:
    """Pictures, newest first (of one job: in the order of the grid); `before` is the id of the last one seen.

    `since` and `until` (exclusive) are Unix seconds.
    """
    newest = pictures.c.created_at.desc(), pictures.c.job_id.desc(), pictures.c.index, pictures.c.id
    query = select(pictures).order_by(*newest).limit(limit)
    for column, value in ((pictures.c.member_id, member), (pictures.c.job_id, job), (pictures.c.channel_id, channel)):
        if value is not None:
            query = query.where(column == value)
    if requests is not None:
        query = query.where(pictures.c.request_id.in_(requests))
    if since is not None:
        query = query.where(pictures.c.created_at >= since)
    if until is not None:
        query = query.where(pictures.c.created_at < until)
    if before is not None:
        query = query.where(_after_in_list(get(connection, before)))
    return answer(connection, query)


def history(connection: Connection, member: str, words: str, limit: int, offset: int) -> list[Picture]:
    """A member's drawn pictures that are left, newest first; each of the words stands somewhere in the recipe."""
    newest = pictures.c.created_at.desc(), pictures.c.job_id.desc(), pictures.c.index
    query = select(pictures).where(pictures.c.member_id == member, ~pictures.c.deleted, ~pictures.c.upload)
    written = func.lower(cast(pictures.c.recipe, Text))
    for word in words.lower().split():
        query = query.where(written.contains(json.dumps(word)[1:-1].lower(), autoescape=True))
    return answer(connection, query.order_by(*newest).limit(limit).offset(offset))


def delete(connection: Connection, picture_id: str) -> Picture:
    """Empty a picture; its row keeps its place in the lineage. The bytes are the caller's business."""
    picture = get(connection, picture_id)
    connection.execute(update(pictures).where(pictures.c.id == picture.id).values(deleted=True))
    return picture


def ancestors(connection: Connection, picture_id: str) -> list[Picture]:
    """Everything it descends from, nearest first."""
    return _walk(connection, picture_id, parents.c.child_id, parents.c.parent_id)


def children(connection: Connection, picture_id: str) -> list[Picture]:
    """What was drawn from it directly, oldest first."""
    origin = get(connection, picture_id)
    query = select(pictures).join(parents, parents.c.child_id == pictures.c.id)
    query = query.where(parents.c.parent_id == origin.id).order_by(pictures.c.created_at, pictures.c.index)
    return answer(connection, query)


def of_message(connection: Connection, message_id: str) -> list[Picture]:
    """The pictures that a message shows, in the order of the grid."""
    shown = connection.execute(select(messages).where(messages.c.message_id == message_id)).mappings().first()
    if shown is None:
        return []
    one = pictures.c.id == shown["picture_id"] if shown["picture_id"] else pictures.c.job_id == shown["job_id"]
    return answer(connection, select(pictures).where(one).order_by(pictures.c.index))


def used(connection: Connection, member: str, since: float) -> float:
    """Seconds of drawing that a member's jobs have cost since then, waiting ones as predicted."""
    counted = jobs.c.status.in_(("queued", "running", "done"))
    query = select(func.sum(jobs.c.cost)).where(jobs.c.member_id == member, jobs.c.created_at >= since, counted)
    return float(connection.execute(query).scalar_one() or 0.0)


def descendants(connection: Connection, picture_id: str) -> list[Picture]:
    """Everything that was drawn from it, nearest first."""
    return _walk(connection, picture_id, parents.c.parent_id, parents.c.child_id)


def orphans(connection: Connection, keys: Collection[str]) -> list[str]:
    """Those of these keys that no row speaks of."""
    if not keys:
        return []
    spoken = select(pictures.c.key).where(pictures.c.key.in_(keys), ~pictures.c.deleted)
    grids = select(jobs.c.grid_key).where(jobs.c.grid_key.in_(keys))
    known = set(connection.execute(spoken).scalars()) | set(connection.execute(grids).scalars())
    return [key for key in keys if key not in known]


def _after_in_list(last: Picture) -> Any:
    """What `listed` shows after this picture."""
    same_time = pictures.c.created_at == last.created_at
    older = pictures.c.created_at < last.created_at
    if last.job_id is None:
        return or_(older, same_time & (pictures.c.id > last.id) & pictures.c.job_id.is_(None))
    later = tuple_(pictures.c.index, pictures.c.id) > tuple_(last.index, last.id)
    in_job = (pictures.c.job_id == last.job_id) & later
    return or_(older, same_time & or_(in_job, pictures.c.job_id < last.job_id))


def _walk(connection: Connection, picture_id: str, here: Any, there: Any) -> list[Picture]:
    found: dict[str, Picture] = {}
    frontier = [get(connection, picture_id).id]
    seen = set(frontier)
    while frontier:
        query = select(pictures).where(pictures.c.id.in_(select(there).where(here.in_(frontier))))
        step = answer(connection, query.order_by(pictures.c.created_at.desc(), pictures.c.index))
        fresh = {one.id: one for one in step if one.id not in seen}
        found |= fresh
        seen |= fresh.keys()
        frontier = list(fresh)
    return list(found.values())


def answer(connection: Connection, query: Select[Any]) -> list[Picture]:
    """The pictures that a query selects, with their parents."""
    return _with_parents(connection, connection.execute(query).mappings().all())


def _with_parents(connection: Connection, rows: Iterable[Any]) -> list[Picture]:
    rows = list(rows)
    lines = select(parents).where(parents.c.child_id.in_([row["id"] for row in rows])).order_by(parents.c.position)
    of_child: defaultdict[str, list[str]] = defaultdict(list)
    for line in connection.execute(lines).mappings() if rows else ():
        of_child[line["child_id"]].append(line["parent_id"])
    return [picture_of(row, tuple(of_child[row["id"]])) for row in rows]


def require(picture: Picture) -> Picture:
    """The picture, if its bytes still exist.

    Raises:
        NotFound: it was deleted.
    """
    if picture.deleted:
        raise NotFound("picture", picture.id)
    return picture
