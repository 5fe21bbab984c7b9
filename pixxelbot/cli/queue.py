"""`pixxelbot queue …`: the queue on the live database, also while the bot runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import RenderableType

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen, short, table, when

if TYPE_CHECKING:
    from pixxelbot.app import App
    from pixxelbot.job import Job

PAUSED: Final = "queue.paused"
"""The store's flag that the dispatcher heeds."""
COUNTED: Final = 10_000
"""Newest jobs that the statistics look at."""
GLANCE: Final = 1.0
"""Seconds between two pictures of the queue while nothing changes."""

app = typer.Typer(name="queue", help="See and steer the queue; works while the bot runs.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of a job, or its beginning.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many jobs at most.")]
All = Annotated[bool, typer.Option("--all", help="Also jobs that have ended.")]
Member = Annotated[str | None, typer.Option("--member", help="Only this member's, such as discord:123 or cli:anna.")]


@app.command("list")
def list_jobs(every: All = False, member: Member = None, limit: Limit = 50, json: Json = False) -> None:
    """List waiting and running jobs in the order they were asked for."""
    session.wait_for(_list(Screen(json), every, member, limit))


async def _list(screen: Screen, every: bool, member: str | None, limit: int) -> None:
    async with session.opened(console=screen.news, draws=False) as opened:
        answer, shown = await _board(opened, every, member, limit)
    screen.answer(answer, shown)


@app.command()
def watch(every: All = False, member: Member = None, limit: Limit = 50, json: Json = False) -> None:
    """Keep showing the queue until interrupted; with --json one line at each change."""
    session.wait_for(_watch(Screen(json), every, member, limit))


async def _watch(screen: Screen, every: bool, member: str | None, limit: int) -> None:
    from rich.live import Live

    async with session.opened(console=screen.news, draws=False) as opened:
        answer, shown = await _board(opened, every, member, limit)
        screen.answer(answer)
        with Live(shown, console=screen.news, auto_refresh=False) as live:
            seen = opened.store.changes
            while True:
                await opened.store.wait_for_change(GLANCE, seen)
                seen = opened.store.changes
                before, (answer, shown) = answer, await _board(opened, every, member, limit)
                if screen.as_json and answer != before:
                    screen.answer(answer)
                elif not screen.as_json:
                    live.update(shown, refresh=True)


async def _board(opened: App, every: bool, member: str | None, limit: int) -> tuple[dict[str, Any], RenderableType]:
    from pixxelbot.job import Status

    statuses = None if every else (Status.RUNNING, Status.QUEUED)
    jobs = await opened.store.jobs(statuses=statuses, member=member, limit=limit, newest=every)
    paused = await _paused(opened)
    title = f"{len(jobs)} jobs" + (" · paused" if paused else "")
    shown = table(title, "job", "asked", "by", "status", "steps", "attempt", "pictures", "prompt")
    for job in jobs:
        steps = f"{job.step}/{job.total}" if job.total else ""
        count = str(job.recipe.count)
        words = short(job.recipe.prompt)
        shown.add_row(job.id, when(job.created_at), job.member_id, job.status, steps, str(job.attempt), count, words)
    return {"paused": paused, "jobs": [described(job) for job in jobs]}, shown


@app.command()
def show(job: JobId, json: Json = False) -> None:
    """Show everything known of one job."""
    session.wait_for(_show(Screen(json), job))


async def _show(screen: Screen, name: str) -> None:
    async with session.opened(console=screen.news, draws=False) as opened:
        job = await opened.store.job(name)
        request = await opened.store.request(job.request_id)
        pictures = await opened.store.pictures(job=job.id, limit=job.recipe.count)
    answer = described(job) | {
        "recipe": job.recipe.model_dump(mode="json"),
        "words": request.words,
        "planner": request.intent and request.intent.planner,
        "pictures": [one.id for one in sorted(pictures, key=lambda one: one.index)],
    }
    shown = table(job.id, "", "")
    for name, value in answer.items():
        if value not in (None, "", []) and name not in ("id", "recipe"):
            shown.add_row(name.replace("_", " "), when(value) if name.endswith("_at") else str(value))
    screen.answer({"job": answer}, shown)


@app.command()
def cancel(job: JobId, json: Json = False) -> None:
    """Cancel a waiting or running job."""
    session.wait_for(_cancel(Screen(json), job))


async def _cancel(screen: Screen, name: str) -> None:
    async with session.opened(console=screen.news, draws=False) as opened:
        found = await opened.store.job(name)
        job = await opened.studio.cancel(found.id, session.operator())
    screen.answer({"job": described(job)}, f"{job.id} is {job.status}.")


@app.command()
def retry(job: JobId, json: Json = False) -> None:
    """Queue a failed, cancelled or set-aside job again."""
    session.wait_for(_retry(Screen(json), job))


async def _retry(screen: Screen, name: str) -> None:
    async with session.opened(console=screen.news, draws=False) as opened:
        found = await opened.store.job(name)
        job = await opened.store.retry_job(found.id, by=session.operator())
    screen.answer({"job": described(job)}, f"{job.id} is {job.status}.")


@app.command()
def pause(json: Json = False) -> None:
    """Start no further jobs; those that run end as usual, new ones are accepted and wait."""
    session.wait_for(_set_paused(Screen(json), True))


@app.command()
def resume(json: Json = False) -> None:
    """Start jobs again."""
    session.wait_for(_set_paused(Screen(json), False))


async def _set_paused(screen: Screen, paused: bool) -> None:
    async with session.opened(console=screen.news, draws=False) as opened:
        await opened.store.set_flag(PAUSED, "yes" if paused else None, by=session.operator())
    screen.answer({"paused": paused}, "The queue is paused." if paused else "The queue goes on.")


@app.command()
def stats(json: Json = False) -> None:
    """Count jobs by status, and say how long they waited and took."""
    session.wait_for(_stats(Screen(json)))


async def _stats(screen: Screen) -> None:
    async with session.opened(console=screen.news, draws=False) as opened:
        jobs = await opened.store.jobs(limit=COUNTED)
        answer: dict[str, Any] = {"paused": await _paused(opened), "jobs": len(jobs)}
    answer["by_status"] = dict(Counter(job.status.value for job in jobs))
    answer["waited_seconds"] = _spread([job.started_at - job.created_at for job in jobs if job.started_at])
    answer["drew_seconds"] = _spread([job.ended_at - job.started_at for job in jobs if job.started_at and job.ended_at])
    shown = table(f"{len(jobs)} jobs" if jobs else "", "", "")
    if not jobs:
        shown.add_row("no jobs yet", "")
    for status, number in answer["by_status"].items():
        shown.add_row(status, str(number))
    for name in ("waited_seconds", "drew_seconds"):
        if answer[name]:
            shown.add_row(
                name.replace("_", " "), "  ".join(f"{key} {value:.2f}" for key, value in answer[name].items())
            )
    screen.answer(answer, shown)


def _spread(values: list[float]) -> dict[str, float] | None:
    """Median, 95th percentile and longest, in the values' own unit."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return {"p50": ordered[last // 2], "p95": ordered[round(last * 0.95)], "max": ordered[last]}


async def _paused(opened: App) -> bool:
    return bool(await opened.store.flag(PAUSED))


def described(job: Job) -> dict[str, Any]:
    """A job's row for scripts; it holds no secret."""
    return {
        "id": job.id,
        "request": job.request_id,
        "member": job.member_id,
        "status": job.status.value,
        "attempt": job.attempt,
        "crashes": job.crashes,
        "kind": job.recipe.kind,
        "prompt": job.recipe.prompt,
        "count": job.recipe.count,
        "model": job.recipe.model,
        "cost": job.cost,
        "weight": job.weight,
        "step": job.step,
        "total": job.total,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "error_code": job.error_code,
        "error_message": job.error_message,
        "notes": list(job.notes),
    }
