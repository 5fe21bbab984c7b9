"""Jobs: every change of state is a compare-and-set on (job, attempt, status, epoch), inside one transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, tuple_, update

from pixxelbot.errors import Fenced, LostRace, NotFound, PixxelbotError, Poisoned
from pixxelbot.intent import Intent
from pixxelbot.job import Job, Rendered, Request, Status
from pixxelbot.store import counters, outbox, requests
from pixxelbot.store.rows import job_of, jobs, row_of_job

OPEN: Final = (Status.QUEUED, Status.RUNNING)
MAX_DEATHS: Final = 25
"""Attempts after which a job that was running when the whole bot died is set aside: it is the likely cause."""


def queue(connection: Connection, request_id: str, intent: Intent, job: Job, now: float) -> Job:
    """Turn a planned request into a queued job.

    Raises:
        LostRace: the request is not being planned any more.
    """
    revision = counters.revision(connection)
    requests.change(
        connection,
        request_id,
        requests.UNPLANNED,
        status=str(Status.QUEUED),
        intent=intent.model_dump(mode="json"),
    )
    job = job.evolve(request_id=request_id, status=Status.QUEUED, created_at=now)
    connection.execute(insert(jobs).values(**row_of_job(job), crashes=job.crashes, revision=revision))
    return job


def get(connection: Connection, job_id: str) -> Job:
    """One job by id, or by a beginning or end of it that only one has."""
    return job_of(requests.found(connection, jobs, "job", job_id))


def listed(
    connection: Connection,
    statuses: Collection[Status] | None = None,
    member: str | None = None,
    limit: int | None = None,
    newest: bool = True,
) -> list[Job]:
    """Jobs by time of queueing."""
    order = (jobs.c.created_at.desc(), jobs.c.id.desc()) if newest else (jobs.c.created_at, jobs.c.id)
    query = select(jobs).order_by(*order).limit(limit)
    if statuses is not None:
        query = query.where(jobs.c.status.in_([str(status) for status in statuses]))
    if member is not None:
        query = query.where(jobs.c.member_id == member)
    return [job_of(row) for row in connection.execute(query).mappings()]


def of_request(connection: Connection, request_id: str) -> Job | None:
    """The request's job, where there is one."""
    query = select(jobs).where(jobs.c.request_id == request_id).order_by(jobs.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else job_of(row)


def changed(connection: Connection, since: tuple[int, str], limit: int) -> tuple[tuple[int, str], list[Job]]:
    """Jobs changed after a mark (revision, id), oldest change first, and the mark to go on from."""
    query = select(jobs).order_by(jobs.c.revision, jobs.c.id).limit(limit)
    query = query.where(tuple_(jobs.c.revision, jobs.c.id) > tuple_(*since))
    rows = connection.execute(query).mappings().all()
    mark = (rows[-1]["revision"], rows[-1]["id"]) if rows else since
    return mark, [job_of(row) for row in rows]


def open_now(connection: Connection) -> tuple[tuple[int, str], list[Job]]:
    """Every job that has not ended, in the order of queueing, and the mark for `changed`."""
    mark = (counters.read(connection, counters.REVISION) + 1, "")
    return mark, listed(connection, OPEN, newest=False)


def counted(connection: Connection) -> dict[Status, int]:
    """How many jobs stand where."""
    query = select(jobs.c.status, func.count()).group_by(jobs.c.status)
    return {Status(status): number for status, number in connection.execute(query)}


# --- changes by the dispatcher, fenced by its epoch -----------------------------------------------------------------


def start(connection: Connection, job: Job, epoch: int, now: float) -> Job:
    """queued → running, as a new attempt."""
    values = {"started_at": now, "ended_at": None, "step": 0, "attempt": job.attempt + 1, "epoch": epoch}
    _compare_and_set(connection, job, Status.QUEUED, epoch, status=Status.RUNNING, **values)
    requests.change(connection, job.request_id, status=str(Status.RUNNING))
    return get(connection, job.id)


def finish(
    connection: Connection, job: Job, epoch: int, rendered: Rendered, grid_key: str | None, now: float
) -> Request:
    """running → done; the pictures' rows are the caller's business, in the same transaction."""
    _compare_and_set(
        connection, job, Status.RUNNING, epoch,
        status=Status.DONE, ended_at=now, cost=rendered.seconds, model_hash=rendered.model_hash, grid_key=grid_key,
        step=jobs.c.total, notes=[*job.notes, *rendered.notes], error_code=None, error_message=None,
    )  # fmt: skip
    requests.change(connection, job.request_id, status=str(Status.DONE), error_code=None, error_message=None)
    outbox.add(connection, "result", job.request_id, job.id, now)
    return requests.get(connection, job.request_id)


def fail(connection: Connection, job: Job, epoch: int, error: PixxelbotError, now: float) -> Job:
    """running → failed, or poisoned where that is the error."""
    status = Status.POISONED if isinstance(error, Poisoned) else Status.FAILED
    words = {"error_code": error.code, "error_message": str(error)}
    _compare_and_set(connection, job, Status.RUNNING, epoch, status=status, ended_at=now, **words)
    return _told(connection, job, status, "error", now, **words)


def requeue(connection: Connection, job: Job, epoch: int, reason: str, most: int, now: float) -> Job:
    """running → queued after a crash, or poisoned after `most` crashes."""
    crashes = job.crashes + 1
    if crashes >= most:
        error = Poisoned(
            f"The drawing process died {crashes} times over this picture; it was set aside. Last: {reason}"
        )
        words = {"error_code": error.code, "error_message": str(error)}
        values = {"status": Status.POISONED, "ended_at": now, "crashes": crashes, **words}
        _compare_and_set(connection, job, Status.RUNNING, epoch, **values)
        return _told(connection, job, Status.POISONED, "error", now, **words)
    return release(connection, job, epoch, crashes=crashes, error_message=reason)


def release(connection: Connection, /, job: Job, epoch: int, **values: Any) -> Job:
    """running → queued, nobody being to blame."""
    values = {"status": Status.QUEUED, "started_at": None, "step": 0} | values
    _compare_and_set(connection, job, Status.RUNNING, epoch, **values)
    requests.change(connection, job.request_id, status=str(Status.QUEUED))
    return get(connection, job.id)


def recover(connection: Connection, epoch: int, now: float) -> list[Job]:
    """What a dead dispatcher left running goes back to queued; its attempt stays raised, so late results are void."""
    recovered = []
    for job in listed(connection, (Status.RUNNING,), newest=False):
        if job.attempt >= MAX_DEATHS:
            fail(connection, job, epoch, Poisoned("The bot died too often while drawing this; it was set aside."), now)
        else:
            recovered.append(release(connection, job, epoch))
    return recovered


def progress(connection: Connection, job: Job, step: int, total: int) -> None:
    """How far it is; not a change of state, so no revision and no fence but the attempt."""
    same = (jobs.c.id == job.id, jobs.c.attempt == job.attempt, jobs.c.status == str(Status.RUNNING))
    connection.execute(update(jobs).where(*same).values(step=step, total=total))


# --- changes by members and operators -------------------------------------------------------------------------------


def cancel(connection: Connection, job_id: str, now: float) -> Job:
    """queued or running → cancelled. A running renderer learns of it through the dispatcher.

    Raises:
        LostRace: it has ended already.
    """
    job = get(connection, job_id)
    if job.status not in OPEN:
        raise LostRace(f"The job {job.id} is {job.status.value} already.")
    _move(connection, job, jobs.c.status == str(job.status), status=Status.CANCELLED, ended_at=now)
    return _told(connection, job, Status.CANCELLED, "cancelled", now)


def retry(connection: Connection, job_id: str, now: float) -> Job:
    """failed, cancelled or poisoned → queued, at the end of its member's line.

    Raises:
        LostRace: it is not one of these.
    """
    job = get(connection, job_id)
    if job.status not in (Status.FAILED, Status.CANCELLED, Status.POISONED):
        raise LostRace(f"The job {job.id} is {job.status.value}; only what failed or was cancelled can be tried again.")
    fresh = {"error_code": None, "error_message": None}
    values = {"status": Status.QUEUED, "crashes": 0, "step": 0, "started_at": None, "ended_at": None, "created_at": now}
    _move(connection, job, jobs.c.status == str(job.status), **values, **fresh)
    requests.change(connection, job.request_id, status=str(Status.QUEUED), **fresh)
    outbox.supersede(connection, job.request_id, now)
    return get(connection, job.id)


# --- the one way a row changes --------------------------------------------------------------------------------------


def _compare_and_set(connection: Connection, job: Job, only_from: Status, epoch: int, /, **values: Any) -> None:
    same = and_(
        jobs.c.attempt == job.attempt, jobs.c.status == str(only_from), counters.current(counters.EPOCH) == epoch
    )
    try:
        _move(connection, job, same, **values)
    except LostRace:
        if counters.read(connection, counters.EPOCH) != epoch:
            raise Fenced(f"Another dispatcher has taken over from epoch {epoch}.") from None
        raise


def _move(connection: Connection, job: Job, where: ColumnElement[bool], /, **values: Any) -> None:
    values["status"] = str(values["status"])
    statement = update(jobs).where(jobs.c.id == job.id, where)
    if not connection.execute(statement.values(revision=counters.revision(connection), **values)).rowcount:
        raise LostRace(f"The job {job.id} has moved on meanwhile.")


def _told(connection: Connection, job: Job, status: Status, kind: outbox.Kind, now: float, **words: Any) -> Job:
    """The request ends with its job, and its author is told."""
    requests.change(connection, job.request_id, status=str(status), **words)
    outbox.add(connection, kind, job.request_id, job.id, now)
    return get(connection, job.id)


def grid_key(connection: Connection, job_id: str) -> str | None:
    """Where the job's grid lies, where it has one."""
    row = connection.execute(select(jobs.c.grid_key).where(jobs.c.id == job_id)).first()
    if row is None:
        raise NotFound("job", job_id)
    return cast(str | None, row[0])


def forget_grid(connection: Connection, job_id: str) -> str | None:
    """A grid shows every picture of its job, so it goes with the first that is deleted; where it lay."""
    key = grid_key(connection, job_id)
    if key is not None:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(grid_key=None))
    return key
