"""Progress bars on stderr: the words understood, the renderer started, the steps drawn."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Columns

from pixxelbot.job import Job, Progress, Request, Status

if TYPE_CHECKING:
    from pixxelbot.app import App

GLANCE = 0.25
"""Seconds between two looks at rows that another process may change."""


class Bars:
    """One bar for each stage of a request; a finished stage stays on the screen."""

    def __init__(self, columns: Columns) -> None:
        self._progress = columns
        self._stage: TaskID | None = None
        self._name = ""

    def stage(self, name: str, done: int = 0, total: int | None = None) -> None:
        """Show this stage at `done` of `total` steps; without a total it merely runs."""
        if name != self._name:
            self.finish()
            self._stage, self._name = self._progress.add_task(name, total=total), name
        if self._stage is not None:
            self._progress.update(self._stage, completed=done, total=total)

    def finish(self) -> None:
        """Fill the present stage's bar."""
        if self._stage is not None:
            self._progress.update(self._stage, completed=1, total=1)
        self._stage, self._name = None, ""

    def print(self, shown: RenderableType) -> None:
        """Show something above the bars."""
        self._progress.console.print(shown)

    def fail(self) -> None:
        """Leave the present stage's bar as it stands."""
        if self._stage is not None:
            self._progress.stop_task(self._stage)

    def hide(self) -> None:
        """Leave nothing of the bars."""
        for task in self._progress.task_ids:
            self._progress.update(task, visible=False)

    async def follow(self, app: App, request: Request) -> None:
        """Show how far the request has come until it ends; runs beside whatever carries it out."""
        app.progress_listeners.append(self._heard)
        await app.store.wait_for_change(GLANCE, app.store.changes)  # by then it is known who draws it
        while not request.status.ended:
            seen = app.store.changes
            self._show(app, await app.store.job_of(request.id), bool(await app.store.flag("queue.paused")))
            await app.store.wait_for_change(GLANCE, seen)
            request = await app.store.request(request.id)

    def _heard(self, job: Job, progress: Progress) -> None:
        """Each step, where it is drawn in this process's name; the rows tell of it only now and then."""
        self.stage("Drawing", progress.step, progress.total)

    def _show(self, app: App, job: Job | None, paused: bool) -> None:
        here = app.dispatcher is not None and app.dispatcher.in_charge
        if job is None:
            self.stage("Understanding your words")
        elif job.status is Status.RUNNING and not here:
            self.stage("Drawing", job.step, job.total or None)
        elif job.status is Status.QUEUED and paused:
            self.stage("The queue is paused")
        elif job.status is Status.QUEUED and here:
            self.stage("Starting the renderer")
        elif job.status is Status.QUEUED:
            self.stage("Waiting for another process")


@contextlib.contextmanager
def bars(console: Console) -> Iterator[Bars]:
    """Bars that live for as long as the body runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Columns(*columns, TimeElapsedColumn(), console=console) as progress:
        shown = Bars(progress)
        try:
            yield shown
        except BaseException:
            shown.fail()
            if not console.is_terminal:  # a log shall hold the error alone
                shown.hide()
            raise
        shown.finish()
