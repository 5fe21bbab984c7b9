"""The engine: many unmodified diffusers pipelines at once, whose denoiser calls are merged.

Each request runs in a greenlet. Where its pipeline calls the denoiser, the greenlet is parked; the engine gathers the
parked calls that can share a forward, runs one, and wakes each with its own rows. So requests of any kind, sampler and
number of steps join and leave between any two steps. One thread does all of it; nothing here is locked.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

import torch
from greenlet import getcurrent, greenlet
from PIL import Image

from pixxelbot.engine import preview
from pixxelbot.engine.choose import Caps, Parked, choose
from pixxelbot.engine.easel import Easel
from pixxelbot.engine.kinds import KINDS
from pixxelbot.engine.merge import Call, merge, split
from pixxelbot.engine.residency import Model, Models, failure_of
from pixxelbot.errors import NotANumber, OutOfMemory, PixxelbotError, RenderCancelled, RenderError
from pixxelbot.job import Drawn, Job, Progress, Rendered, new_id
from pixxelbot.picture import encode_grid, encode_png
from pixxelbot.recipe import Recipe

log = logging.getLogger(__name__)

PREVIEW_SECONDS: Final = 1.0
"""Shortest time between two previews of one job."""
DRAWING_ERRORS: Final = (
    RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, MemoryError,
)  # fmt: skip
"""What pipelines raise on requests they cannot carry out. Anything else ends the process, and is seen in the log."""

Outcome = Progress | Rendered | PixxelbotError
Tell = Callable[[Outcome], None]
Images = list[Image.Image]


class Drawing:
    """One job being drawn: its greenlet, the call it is parked at, and what it has cost so far."""

    def __init__(self, job: Job, pictures: Mapping[str, Image.Image], tell: Tell) -> None:
        self.job, self.pictures, self.tell = job, pictures, tell
        self.greenlet: greenlet | None = None
        self.model: Model | None = None
        self.call: Call | None = None
        self.since = 0
        self.seconds = 0.0
        self.notes: list[str] = []
        self.began = time.perf_counter()
        self.previewed = 0.0
        self.cancelled = False

    @property
    def key(self) -> tuple[str, int]:
        """Job and attempt."""
        return self.job.id, self.job.attempt


class Engine:
    """Draws jobs. `submit` and `cancel` may be called on any thread; they are obeyed on that of `run`."""

    def __init__(self, models: Models, caps: Caps | None = None, preview_seconds: float = PREVIEW_SECONDS) -> None:
        self.models, self.caps, self.preview_seconds = models, caps or Caps(), preview_seconds
        self.forwards = 0
        self.rows = 0
        """Forwards made, and rows in them, since the start."""
        self._drawings: dict[tuple[str, int], Drawing] = {}
        self._parked: list[Drawing] = []
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what to do between two steps
        self._running: Drawing | None = None
        self._finisher = ThreadPoolExecutor(1, "finisher")

    # --- the main loop ------------------------------------------------------------------------------------------

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Take orders and make steps until told otherwise."""
        with torch.no_grad():  # for the whole thread: greenlets enter and leave it in no order
            while not until():
                self._take_orders()
                self.step()

    def drain(self) -> None:
        """Run until every drawing has ended."""
        self.run(until=lambda: not self._drawings and self._orders.empty())

    def step(self) -> None:
        """One forward for those calls that can share it."""
        if not self._parked:
            return
        batch = self._chosen()
        outputs = self._forward([_call(drawing) for drawing in batch], batch)
        self.forwards += 1
        for drawing, output in zip(batch, outputs, strict=True):
            self._wake(drawing, output)

    def _take_orders(self) -> None:
        """All that wait; with nothing to draw, wait for one."""
        while not self._orders.empty() or not self._parked:
            self._orders.get()()
            if not self._drawings:
                return

    def _chosen(self) -> list[Drawing]:
        calls = [Parked(_call(drawing).key, _call(drawing).rows, drawing.since) for drawing in self._parked]
        batch = [self._parked[place] for place in choose(calls, self.caps)]
        self._parked = [drawing for drawing in self._parked if drawing not in batch]
        return batch

    def _forward(self, calls: Sequence[Call], batch: Sequence[Drawing]) -> list[Any]:
        """Each call's output, or the error to raise in its place; the time is charged by rows."""
        began = time.perf_counter()
        try:
            outputs = split(merge(calls)(), calls)
        except DRAWING_ERRORS as error:
            return self._forward_apart(calls, batch, error)
        seconds, rows = time.perf_counter() - began, sum(call.rows for call in calls)
        self.rows += rows
        for drawing, call in zip(batch, calls, strict=True):
            drawing.seconds += seconds * call.rows / rows
        return outputs

    def _forward_apart(self, calls: Sequence[Call], batch: Sequence[Drawing], error: Exception) -> list[Any]:
        """One of several may be guilty, or together they were too large: each alone."""
        if len(calls) == 1:
            return [_out_of_memory(error) or error]
        log.warning("a forward of %d requests failed (%s); each goes alone", len(calls), error)
        if _out_of_memory(error):
            self.caps.lower(calls[0].key, sum(call.rows for call in calls))
        return [self._forward([call], [drawing])[0] for call, drawing in zip(calls, batch, strict=True)]

    def _wake(self, drawing: Drawing, output: Any) -> None:
        """Hand a drawing its output (or raise it there, where it is an error), until it parks again or ends."""
        assert drawing.greenlet is not None
        began, self._running = time.perf_counter(), drawing
        outcome = drawing.greenlet.throw(output) if isinstance(output, Exception) else drawing.greenlet.switch(output)
        drawing.seconds += time.perf_counter() - began
        if drawing.greenlet.dead:
            self._end(drawing, outcome)

    def _park(self, call: Call) -> Any:
        """Called in the place of a denoiser's forward, inside a drawing's greenlet."""
        drawing = self._running
        if drawing is None or getcurrent() is not drawing.greenlet:
            return call()  # not one of ours: a pipeline used directly
        drawing.call, drawing.since = call, self.forwards
        self._parked.append(drawing)
        assert drawing.greenlet.parent is not None
        return drawing.greenlet.parent.switch()

    # --- the way of one drawing ---------------------------------------------------------------------------------

    def submit(self, job: Job, pictures: Mapping[str, Image.Image], tell: Tell) -> None:
        """Draw a job as soon as its model is loaded. `tell` gets Progress, then Rendered or an error."""
        self._orders.put(partial(self._take_up, Drawing(job, pictures, tell)))

    def cancel(self, job_id: str, attempt: int) -> None:
        """End a drawing between two of its steps; one that has ended already is left alone."""
        self._orders.put(partial(self._cancel, job_id, attempt))

    def _take_up(self, drawing: Drawing) -> None:
        self._drawings[drawing.key] = drawing
        self._begin_with(drawing)

    def _cancel(self, job_id: str, attempt: int) -> None:
        drawing = self._drawings.get((job_id, attempt))
        if drawing is None or drawing.cancelled:
            return
        drawing.cancelled = True
        error = RenderCancelled("It was cancelled while it was drawn.")
        if drawing in self._parked:
            self._parked.remove(drawing)
            self._wake(drawing, error)
        elif drawing.greenlet is None:
            self._close(drawing, error)

    def _begin_with(self, drawing: Drawing, dtype: torch.dtype | None = None) -> None:
        try:
            loading = self.models.want(drawing.job.recipe.model, dtype)
        except PixxelbotError as error:
            self._close(drawing, error)
            return
        if loading.done():
            self._begin(drawing, loading)
        else:
            loading.add_done_callback(lambda done: self._orders.put(partial(self._begin, drawing, done)))

    def _begin(self, drawing: Drawing, loading: Future[Model]) -> None:
        if drawing.cancelled:
            return
        if error := failure_of(loading):
            self._close(drawing, error)
            return
        model = drawing.model = loading.result()
        model.users.add(drawing.key)
        model.intercept(self._park)
        self.models.trim()
        drawing.greenlet = greenlet(self._draw)
        self._wake(drawing, drawing)

    def _draw(self, drawing: Drawing) -> Images | PixxelbotError:
        """The whole of one request, inside its greenlet."""
        assert drawing.model is not None
        try:
            easel = Easel(drawing.model, drawing.job.recipe, drawing.pictures, partial(self._tell_step, drawing))
            drawing.notes += easel.notes
            return KINDS[drawing.job.recipe.kind](easel)
        except PixxelbotError as error:
            return error
        except DRAWING_ERRORS as error:
            log.exception("drawing job %s failed", drawing.job.id)
            return _out_of_memory(error) or RenderError(f"The model could not draw this: {error}")

    def _tell_step(self, drawing: Drawing, step: int, total: int, latents: torch.Tensor) -> None:
        now = time.perf_counter()
        seen, model = None, drawing.model
        due = step == 1 or now - drawing.previewed >= self.preview_seconds
        if model and model.colours is not None and latents.ndim == 4 and due and step < total:
            seen, drawing.previewed = preview.webp(latents, model.base.vae, model.colours), now
        left = (now - drawing.began) / step * (total - step)
        job, attempt = drawing.key
        drawing.tell(Progress(job_id=job, attempt=attempt, step=step, total=total, seconds_left=left, preview=seen))

    def _end(self, drawing: Drawing, outcome: Images | PixxelbotError) -> None:
        model = drawing.model
        assert model is not None
        model.users.discard(drawing.key)
        if isinstance(outcome, NotANumber) and model.dtype != torch.float32:
            drawing.notes.append("Drawn a second time in full precision, since the first had no numbers.")
            drawing.greenlet = drawing.model = None
            self._begin_with(drawing, torch.float32)
        elif isinstance(outcome, PixxelbotError):
            self._close(drawing, outcome)
        else:
            self._finisher.submit(self._finish, drawing, outcome, model.hash)

    def _finish(self, drawing: Drawing, images: Images, model_hash: str) -> None:
        """Encode and hash beside the step loop."""
        result: Outcome
        try:
            result = rendered(drawing.job, images, model_hash, drawing.seconds, drawing.notes)
        except DRAWING_ERRORS as error:
            log.exception("encoding job %s failed", drawing.job.id)
            result = RenderError(f"The picture could not be encoded: {error}")
        self._orders.put(partial(self._close, drawing, result))

    def _close(self, drawing: Drawing, result: Rendered | PixxelbotError) -> None:
        if self._drawings.pop(drawing.key, None):
            drawing.tell(result)


def rendered(job: Job, images: Images, model_hash: str, seconds: float, notes: Sequence[str] = ()) -> Rendered:
    """What one attempt produced: PNGs with metadata and hashes, and a grid where there are several."""
    pictures = tuple(_drawn(job.recipe, image, index, model_hash) for index, image in enumerate(images))
    whole = encode_grid(images, recipe=job.recipe, model_hash=model_hash) if len(images) > 1 else None
    return Rendered(
        job_id=job.id, attempt=job.attempt, pictures=pictures, grid=whole, seconds=seconds, model_hash=model_hash,
        notes=tuple(notes),
    )  # fmt: skip


def _drawn(recipe: Recipe, image: Image.Image, index: int, model_hash: str) -> Drawn:
    name, seed = new_id(), recipe.seed_of(index)
    png = encode_png(image, picture_id=name, recipe=recipe, seed=seed, index=index, model_hash=model_hash)
    digest = hashlib.sha256(png).hexdigest()
    return Drawn(id=name, index=index, png=png, seed=seed, width=image.width, height=image.height, sha256=digest)


def _call(drawing: Drawing) -> Call:
    assert drawing.call is not None
    return drawing.call


def _out_of_memory(error: Exception) -> OutOfMemory | None:
    """What torch raises when memory is short, in our words."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error):
        return OutOfMemory("The device's memory does not suffice for this. Ask for a smaller size or fewer pictures.")
    return None
