"""The engine: many unmodified diffusers pipelines at once, whose denoiser calls are merged.

Each request runs in a greenlet. Where its pipeline calls the denoiser, the greenlet is parked; the engine gathers the
parked calls that can share a forward, runs one, and wakes each with its own rows. So requests of any kind, sampler and
number of steps join and leave between any two steps. One thread does all of it; nothing here is locked.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import torch
from greenlet import getcurrent, greenlet
from PIL import Image

from pixxelbot.engine import answering, preview, profiling
from pixxelbot.engine.acting import Uncompiled
from pixxelbot.engine.animation import labelled
from pixxelbot.engine.checkpoint import Model
from pixxelbot.engine.choose import Caps, Parked, choose
from pixxelbot.engine.easel import Care, Easel
from pixxelbot.engine.kinds import KINDS
from pixxelbot.engine.merge import Call, halves, merge, split, together
from pixxelbot.engine.network import Network
from pixxelbot.engine.residency import Models, failure_of
from pixxelbot.errors import NoNetwork, NotANumber, OutOfMemory, PixxelbotError, RenderCancelled, RenderError
from pixxelbot.job import Drawn, Job, Progress, Rendered, new_id
from pixxelbot.picture import encode_grid, encode_png
from pixxelbot.profile import Profile
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Limits, Recipe

log = logging.getLogger(__name__)

PREVIEW_SECONDS: Final = 1.0
"""Shortest time between two previews of one job."""
PREVIEW_SHARE: Final = 0.03
"""Share of a render's time that its previews may take; what is dearer gives way to the map of colours."""
DRAWING_ERRORS: Final = (
    RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, MemoryError,
)  # fmt: skip
"""What pipelines raise on requests they cannot carry out. Anything else ends the process, and is seen in the log."""

IDLE_SECONDS: Final = 2.0
"""Nobody has asked for anything so long: there is time to measure."""
CANCELLED: Final = "It was cancelled while it was drawn."
SHRINKING: Final = 0.75
"""Share of each side that is left, where memory is short to the last."""
PARKED: Final = frozenset({"upscaler", "edges", "depth", "pose", "scribble"})
"""Roles of networks that work row by row, step by step: their calls share forwards too."""

T = TypeVar("T", Model, Network)
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
        self.recipe = job.recipe
        """As it is drawn: smaller than asked for where memory is short."""
        self.notes: list[str] = []
        self.within: tuple[Any, ...] = ()
        """What acts on the denoiser while it works for this job."""
        self.held: list[Network | Model] = []
        """What else is used for it, besides its model."""
        self.size: Hashable = None
        """Model and shape of a row of its last call."""
        self.steps = self.steps_left = job.recipe.steps
        """All that it makes, as far as known, and those to come."""
        self.rungs = 0
        """Steps down the ladder of those who are short of memory."""
        self.began = time.perf_counter()
        self.previewed = 0.0
        self.looked = 0.0
        """When its last preview was made, and seconds that previews took so far."""
        self.lens: Network | None = None
        """Decoder of its previews, where its model has one."""
        self.cancelled = False

    @property
    def key(self) -> tuple[str, int]:
        """Job and attempt."""
        return self.job.id, self.job.attempt


class Engine:
    """Draws jobs. `submit` and `cancel` may be called on any thread; they are obeyed on that of `run`."""

    def __init__(
        self,
        models: Models,
        caps: Caps | None = None,
        preview_seconds: float = PREVIEW_SECONDS,
        *,
        profiling: bool = False,
        unload_seconds: float | None = None,
        on_profile: Callable[[Profile], None] = lambda profile: None,
    ) -> None:
        self.profiling, self.unload_seconds, self.on_profile = profiling, unload_seconds, on_profile
        self.models, self.caps, self.preview_seconds = models, caps or Caps(), preview_seconds
        self.forwards = 0
        self.rows = 0
        """Forwards made, and rows in them, since the start."""
        self.observe: Callable[[int, int, float], None] | None = None
        """Told of every forward: its rows, all rows that were ready, its seconds. For benchmarks."""
        self._drawings: dict[tuple[str, int], Drawing] = {}
        self._parked: list[Drawing] = []
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what to do between two steps
        self._questions: SimpleQueue[Callable[[], None]] = SimpleQueue()  # what to do as soon as one greenlet rests
        self._running: Drawing | None = None
        self.unmeasured: list[tuple[Model, Call]] = []
        """Models of whose sizes nothing is known yet, each with a call to measure them by."""
        self._finisher = ThreadPoolExecutor(1, "finisher")
        self._known_sizes: set[tuple[str, torch.dtype, str]] = set()
        self._measuring: Iterator[Profile | None] | None = None
        self._last_work = time.perf_counter()
        self._lens_seconds: dict[Hashable, float] = {}
        """What a decoder's previews of latents of a shape take."""

    @property
    def busy(self) -> bool:
        """Whether anything is being drawn or waits to be begun."""
        return bool(self._drawings) or not self._orders.empty()

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
            self._answer()

    def _take_orders(self) -> None:
        """All that wait; with nothing to draw, wait for one."""
        while not self._orders.empty() or not self._parked:
            self._next_order()()
            self._answer()
            if not self._drawings:
                return

    def _next_order(self) -> Callable[[], None]:
        """The next that comes. While nobody asks for anything, models are measured, later their memory given back."""
        if self._drawings or not self._orders.empty():
            self._last_work = time.perf_counter()
        while True:
            try:
                return self._orders.get(timeout=self._idle_work())
            except Empty:
                if self._drawings:
                    self._last_work = time.perf_counter()

    def _idle_work(self) -> float | None:
        """Do a little of what there is time for; seconds until there is more to do, None for never."""
        idle = time.perf_counter() - self._last_work
        if self._drawings or not self._orders.empty():
            return IDLE_SECONDS
        if self.profiling and (self._measuring or self.unmeasured):
            if idle < IDLE_SECONDS:
                return IDLE_SECONDS - idle
            self._measure_a_little()
            return 0.0
        if self.unload_seconds is None:
            return None
        if idle >= self.unload_seconds:
            self.models.unload()
            return None
        return self.unload_seconds - idle

    def _measure_a_little(self) -> None:
        """One forward of a measurement."""
        if self._measuring is None:
            self._measuring = profiling.measure(*self.unmeasured.pop(0))
        found = next(self._measuring, None)
        if found is not None:
            self._measuring = None
            self.know(found)
            self.on_profile(found)

    def _chosen(self) -> list[Drawing]:
        calls = [_parked(drawing) for drawing in self._parked]
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
        if self.observe:
            self.observe(rows, rows + sum(_call(drawing).rows for drawing in self._parked), seconds)
        for drawing, call in zip(batch, calls, strict=True):
            drawing.seconds += seconds * call.rows / rows
        return outputs

    def _forward_apart(self, calls: Sequence[Call], batch: Sequence[Drawing], error: Exception) -> list[Any]:
        """One of several may be guilty, or together they were too large: each alone."""
        if len(calls) == 1:
            return [self._forward_halved(calls[0], batch[0], error)]
        log.warning("a forward of %d requests failed (%s); each goes alone", len(calls), error)
        if _out_of_memory(error):
            self.caps.lower(calls[0].key, sum(call.rows for call in calls))
        return [self._forward([call], [drawing])[0] for call, drawing in zip(calls, batch, strict=True)]

    def _forward_halved(self, call: Call, drawing: Drawing, error: Exception) -> Any:
        """One request's own rows were too many: half of them at a time."""
        short = _out_of_memory(error)
        if short is None or call.rows == 1:
            return short or error
        self.caps.lower(call.key, call.rows)
        _tell_once(drawing, "Memory was short: not all pictures were drawn at once.")
        first, last = (self._forward([half], [drawing])[0] for half in halves(call))
        failed = next((one for one in (first, last) if isinstance(one, Exception)), None)
        return failed or together(first, last)

    def _wake(self, drawing: Drawing, output: Any) -> None:
        """Hand a drawing its output (or raise it there, where it is an error), until it parks again or ends."""
        assert drawing.greenlet is not None
        began, self._running = time.perf_counter(), drawing
        outcome = drawing.greenlet.throw(output) if isinstance(output, Exception) else drawing.greenlet.switch(output)
        drawing.seconds += time.perf_counter() - began
        if drawing.greenlet.dead:
            self._end(drawing, outcome)

    def _park_denoiser(self, model: Model, call: Call) -> Any:
        """Called in the place of a denoiser's forward: whatever acts for the drawing acts on it."""
        drawing = self._running
        if drawing is None:
            return call()
        drawing.size = self._size_class(drawing, model, call)
        if drawing.within or drawing.recipe.exact:
            call = dataclasses.replace(call, within=drawing.within, alone=drawing.recipe.exact)
        if model.compiled and (call.within or call.alone):
            call = dataclasses.replace(call, within=(*call.within, Uncompiled()))
        elif model.compiled:
            call = dataclasses.replace(call, buckets=profiling.ROWS)
        return self._park(call)

    def _size_class(self, drawing: Drawing, model: Model, call: Call) -> Hashable:
        """What caps are measured by; a new one is profiled as soon as nobody waits."""
        size = model.name, model.dtype, profiling.size_of(call)
        if size not in self._known_sizes and not drawing.held:
            self._known_sizes.add(size)
            self.unmeasured.append((model, call))
        return size

    def know(self, profile: Profile) -> None:
        """Take over what was measured before; where the model or the machine is another, nothing is."""
        dtype = getattr(torch, profile.dtype)
        size = profile.model, dtype, profile.size
        same_machine = (profiling.device_name(self.models.device), profiling.versions(self.models.options))
        if (profile.device, profile.versions) == same_machine:
            self._known_sizes.add(size)
            self.caps.profiled[size] = profile.cap

    def forget(self, model: str) -> None:
        """Measure a model's sizes again, as they are drawn. May be called on any thread."""
        self._orders.put(partial(self._forget, model))

    def _forget(self, model: str) -> None:
        self._known_sizes = {size for size in self._known_sizes if size[0] != model}
        self.caps.profiled = {size: cap for size, cap in self.caps.profiled.items() if size in self._known_sizes}

    def _park(self, call: Call) -> Any:
        """Called in the place of a network's forward, inside a drawing's greenlet."""
        drawing = self._running
        if drawing is None or getcurrent() is not drawing.greenlet:
            return call()  # not one of ours: a pipeline used directly
        drawing.call, drawing.since = call, self.forwards
        self._parked.append(drawing)
        assert drawing.greenlet.parent is not None
        return drawing.greenlet.parent.switch()

    def _wait(self, drawing: Drawing, loading: Future[T]) -> T:
        """Inside a drawing's greenlet: go on once it is loaded, while others are drawn.

        Raises:
            ModelMissing, ModelCorrupt: it could not be loaded.
            RenderCancelled: the drawing was cancelled meanwhile.
        """
        if not loading.done():
            loading.add_done_callback(lambda _: self._orders.put(partial(self._wake, drawing, None)))
            assert drawing.greenlet is not None
            assert drawing.greenlet.parent is not None
            drawing.greenlet.parent.switch()
        if drawing.cancelled:
            raise RenderCancelled(CANCELLED)
        if error := failure_of(loading):
            raise error
        return loading.result()

    # --- answering ----------------------------------------------------------------------------------------------

    def ask(
        self, question: Question, pictures: Sequence[Image.Image], tell: Callable[[Answer | PixxelbotError], None]
    ) -> None:
        """Answer a question as soon as its network is loaded. May be called on any thread.

        It waits for one forward or for the decoding of one request, not for those of all that end with this step.
        """
        self._questions.put(partial(self._seek, question, pictures, tell))
        self._orders.put(self._answer)  # for an engine that sleeps

    def _answer(self) -> None:
        """What was asked meanwhile."""
        while not self._questions.empty():
            self._questions.get()()

    def _seek(
        self, question: Question, pictures: Sequence[Image.Image], tell: Callable[[Answer | PixxelbotError], None]
    ) -> None:
        try:
            loading = self.models.want_network(answering.ROLES[question.kind])
        except PixxelbotError as error:
            tell(error)
            return
        self._once_loaded(loading, lambda: tell(_answered(question, pictures, loading)))

    def network_for(self, drawing: Drawing, role: str, name: str | None) -> Network:
        """A network for a drawing, inside its greenlet."""
        network = self._wait(drawing, self.models.want_network(role, name))
        network.users.add(drawing.key)
        drawing.held.append(network)
        self.models.trim()
        if role in PARKED:
            network.intercept(self._park)
        return network

    def model_for(self, drawing: Drawing, name: str) -> Model:
        """Another model for a drawing, inside its greenlet."""
        model = self._wait(drawing, self.models.want(name))
        model.users.add(drawing.key)
        drawing.held.append(model)
        self.models.trim()
        model.intercept(partial(self._park_denoiser, model))
        return model

    def _once_loaded(self, loading: Future[Any], go_on: Callable[[], None]) -> None:
        """Now, or between two steps once it is there."""
        if loading.done():
            go_on()
        else:
            loading.add_done_callback(lambda _: self._orders.put(go_on))

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
        error = RenderCancelled(CANCELLED)
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
        self._once_loaded(loading, lambda: self._begin(drawing, loading))

    def _begin(self, drawing: Drawing, loading: Future[Model]) -> None:
        if drawing.cancelled:
            return
        if error := failure_of(loading):
            self._close(drawing, error)
            return
        model = drawing.model = loading.result()
        model.users.add(drawing.key)
        model.intercept(partial(self._park_denoiser, model))
        self.models.trim()
        self._want_lens(drawing, model)
        drawing.greenlet = greenlet(self._draw)
        self._wake(drawing, drawing)

    def _want_lens(self, drawing: Drawing, model: Model) -> None:
        """A decoder for previews under the model's name, from whenever it is loaded."""
        try:
            loading = self.models.want_network("preview", model.name)
        except NoNetwork:
            return
        self._once_loaded(loading, lambda: self._take_lens(drawing, model, loading))

    def _take_lens(self, drawing: Drawing, model: Model, loading: Future[Network]) -> None:
        error = failure_of(loading)
        if error or loading.result().module.config.latent_channels != model.base.vae.config.latent_channels:
            log.warning("previews of %s are coarse: %s", model.name, error or "its decoder is of another family")
        elif drawing.key in self._drawings:
            drawing.lens = loading.result()
            drawing.lens.users.add(drawing.key)

    def _draw(self, drawing: Drawing) -> Work | PixxelbotError:
        """The whole of one request, inside its greenlet."""
        assert drawing.model is not None
        try:
            care = Care(tiled=drawing.rungs > 0)
            easel = Easel(drawing.model, drawing.recipe, drawing.pictures, _Room(self, drawing), care)
            images = KINDS[drawing.recipe.kind](easel)
            notes, captions = tuple(easel.notes), tuple(easel.captions)
            return Work(images, notes, easel.animation, captions, drawing.model.arithmetic)
        except PixxelbotError as error:
            return error
        except DRAWING_ERRORS as error:
            if short := _out_of_memory(error):
                return short
            log.exception("drawing job %s failed", drawing.job.id)
            return RenderError(f"The model could not draw this: {error}")

    def tell_step(self, drawing: Drawing, step: int, total: int, look: Callable[[], torch.Tensor] | None) -> None:
        """Progress, now and then with a preview; called inside the drawing's greenlet."""
        now, drawing.steps, drawing.steps_left = time.perf_counter(), total, max(total - step, 1)
        seen, model = None, drawing.model
        due = step == 1 or now - drawing.previewed >= self.preview_seconds
        if model and look and due and step < total:
            seen, drawing.previewed = self._preview(drawing, model, look(), (now - drawing.began) / step * total), now
        left = (now - drawing.began) / step * (total - step)
        job, attempt = drawing.key
        drawing.tell(Progress(job_id=job, attempt=attempt, step=step, total=total, seconds_left=left, preview=seen))

    def _preview(self, drawing: Drawing, model: Model, latents: torch.Tensor, whole: float) -> bytes:
        """By the decoder where its share of the whole render's seconds allows for it, else by the map of colours."""
        began, lens = time.perf_counter(), drawing.lens
        kind = lens and (lens.name, latents.shape)
        if lens and drawing.looked + self._lens_seconds.get(kind, 0.0) <= PREVIEW_SHARE * whole:
            try:
                seen = preview.decoded(lens.module, latents)
            except DRAWING_ERRORS as error:
                log.warning("previews of %s are coarse from now on: %s", drawing.job.id, error)
                drawing.lens = None
            else:
                self._lens_seconds[kind] = time.perf_counter() - began
                drawing.looked += self._lens_seconds[kind]
                return seen
        seen = preview.webp(preview.plain(latents, model.base.vae), model.colours)
        drawing.looked += time.perf_counter() - began
        return seen

    def _end(self, drawing: Drawing, outcome: Work | PixxelbotError) -> None:
        model = drawing.model
        assert model is not None
        if drawing.lens:
            drawing.lens.users.discard(drawing.key)
        for one in (model, *drawing.held):
            one.users.discard(drawing.key)
        if isinstance(outcome, NotANumber) and model.dtype != torch.float32:
            drawing.notes.append("Drawn a second time in full precision, since the first had no numbers.")
            self._anew(drawing, torch.float32)
        elif isinstance(outcome, OutOfMemory) and (note := self._step_down(drawing, model)):
            log.warning("job %s is short of memory: %s", drawing.job.id, note)
            _tell_once(drawing, note)
            self._anew(drawing, model.dtype)
        elif isinstance(outcome, PixxelbotError):
            self._close(drawing, outcome)
        else:
            drawing.notes += outcome.notes
            hashes = [model.hash, *(one.hash for one in drawing.held)]
            self._finisher.submit(self._finish, drawing, outcome, _one_hash(hashes))

    def _anew(self, drawing: Drawing, dtype: torch.dtype) -> None:
        drawing.greenlet = drawing.model = None
        drawing.within, drawing.held = (), []
        self._begin_with(drawing, dtype)

    def _step_down(self, drawing: Drawing, model: Model) -> str | None:
        """One rung down the ladder of those who are short of memory; what to tell, or None at its end.

        Smaller merges come before all of these, where a forward fails.
        """
        drawing.rungs += 1
        if drawing.rungs == 1:
            return "Memory was short: the picture was decoded in tiles."
        if drawing.rungs == 2:
            self.models.unload(keep=model)
            model.offload()
            return "Memory was short: parts of the model that were not at work were moved out of the device's memory."
        smaller = _smaller(drawing.recipe, model.limits)
        if smaller is None:
            return None
        drawing.recipe = smaller
        return f"Memory was short: drawn at {smaller.width}×{smaller.height} pixels."

    def _finish(self, drawing: Drawing, work: Work, model_hash: str) -> None:
        """Encode and hash beside the step loop."""
        result: Outcome
        try:
            result = rendered(drawing.job, work, model_hash, drawing.seconds, drawing.notes, drawing.recipe)
        except DRAWING_ERRORS as error:
            log.exception("encoding job %s failed", drawing.job.id)
            result = RenderError(f"The picture could not be encoded: {error}")
        self._orders.put(partial(self._close, drawing, result))

    def _close(self, drawing: Drawing, result: Rendered | PixxelbotError) -> None:
        if self._drawings.pop(drawing.key, None):
            drawing.tell(result)


@dataclass(frozen=True)
class Work:
    """What a kind has drawn."""

    images: Images
    notes: tuple[str, ...] = ()
    animation: bytes | None = None
    captions: tuple[str, ...] = ()
    arithmetic: str = ""
    """What the model calculated in."""


class _Room:
    """The engine as one drawing's easel sees it."""

    def __init__(self, engine: Engine, drawing: Drawing) -> None:
        self._engine, self._drawing = engine, drawing

    def tell(self, step: int, total: int, look: Callable[[], torch.Tensor] | None = None) -> None:
        self._engine.tell_step(self._drawing, step, total, look)

    def network(self, role: str, name: str | None = None) -> Network:
        return self._engine.network_for(self._drawing, role, name)

    def model(self, name: str) -> Model:
        return self._engine.model_for(self._drawing, name)

    def edit_models(self) -> tuple[str, ...]:
        return tuple(name for name, role, _ in self._engine.models.networks if role == "edit")

    def act(self, *settings: Any) -> None:
        self._drawing.within = settings


def rendered(
    job: Job, work: Work, model_hash: str, seconds: float, notes: Sequence[str] = (), recipe: Recipe | None = None
) -> Rendered:
    """What one attempt produced: PNGs with metadata and hashes, and a grid or animation where there is one."""
    drawn = recipe or job.recipe
    pictures = tuple(_drawn(drawn, work, index, model_hash) for index in range(len(work.images)))
    return Rendered(
        job_id=job.id, attempt=job.attempt, pictures=pictures, grid=_whole(work, drawn, model_hash), seconds=seconds,
        model_hash=model_hash, notes=tuple(notes),
    )  # fmt: skip


def _whole(work: Work, recipe: Recipe, model_hash: str) -> bytes | None:
    if work.animation is not None:
        return work.animation
    if len(work.images) == 1:
        return None
    images = (
        [labelled(*pair) for pair in zip(work.images, work.captions, strict=True)] if work.captions else work.images
    )
    return encode_grid(images, recipe=recipe, model_hash=model_hash)


def _drawn(recipe: Recipe, work: Work, index: int, model_hash: str) -> Drawn:
    name, seed, image = new_id(), recipe.seed_of(index), work.images[index]
    png = encode_png(
        image, picture_id=name, recipe=recipe, seed=seed, index=index, model_hash=model_hash,
        arithmetic=work.arithmetic,
    )  # fmt: skip
    digest = hashlib.sha256(png).hexdigest()
    return Drawn(id=name, index=index, png=png, seed=seed, width=image.width, height=image.height, sha256=digest)


def _one_hash(hashes: Sequence[str]) -> str:
    """The model's own, or one over those of everything that was used."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _smaller(recipe: Recipe, limits: Limits) -> Recipe | None:
    """The recipe at three quarters of its sides; None where the model draws nothing smaller."""
    width, height = (limits.fit(side * SHRINKING) for side in (recipe.width, recipe.height))
    if width >= recipe.width and height >= recipe.height:
        return None
    return recipe.evolve(width=min(width, recipe.width), height=min(height, recipe.height))


def _answered(question: Question, pictures: Sequence[Image.Image], loading: Future[Network]) -> Answer | PixxelbotError:
    if error := failure_of(loading):
        return error
    try:
        return answering.answer(question, pictures, loading.result())
    except PixxelbotError as error:
        return error
    except DRAWING_ERRORS as error:
        log.exception("answering %s failed", question.kind)
        return _out_of_memory(error) or RenderError(f"The network could not answer this: {error}")


def _parked(drawing: Drawing) -> Parked:
    call, job = _call(drawing), drawing.job
    return Parked(
        call.key, call.rows, drawing.since, size=drawing.size, left=call.rows * drawing.steps_left,
        relaxed=drawing.recipe.mode == "relaxed", start_tag=job.start_tag,
        pace=job.cost / job.weight / max(call.rows * drawing.steps, 1),
    )  # fmt: skip


def _tell_once(drawing: Drawing, note: str) -> None:
    if note not in drawing.notes:
        drawing.notes.append(note)


def _call(drawing: Drawing) -> Call:
    assert drawing.call is not None
    return drawing.call


def _out_of_memory(error: Exception) -> OutOfMemory | None:
    """What torch raises when memory is short, in our words."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error):
        return OutOfMemory("The device's memory does not suffice for this. Ask for a smaller size or fewer pictures.")
    return None
