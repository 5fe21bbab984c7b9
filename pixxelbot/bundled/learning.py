"""The training loop that every model shares: timed, resumable, on all cores or one GPU, with averaged weights.

On a CPU, each worker process trains on one thread and the workers' weights are averaged every few seconds (local SGD:
Stich, "Local SGD Converges Fast and Communicates Little", ICLR 2019); several threads in one process were several times
slower. The learning rate follows the share of the time that was really used (constant, then a cosine to zero:
Loshchilov & Hutter, "SGDR", ICLR 2017), so a run can be stopped at any moment and its end can be moved.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from pixxelbot.bundled.version import versions
from pixxelbot.errors import ConfigurationError, UntrainedModel

AVERAGE_EVERY: Final = 10.0
"""Seconds between two averagings of the workers' weights."""
CHECKPOINT_EVERY: Final = 120.0
GRID_EVERY: Final = 600.0
LOG_EVERY: Final = 10.0
EMA_POWER: Final = 6.94
"""γ of the power-function average of weights (Karras et al., "Analyzing and Improving the Training Dynamics of
Diffusion Models", CVPR 2024), in averagings; its length is a tenth of the training so far, however long that was."""
HOLD: Final = 0.4
"""Share of the time before the learning rate starts to fall."""
WARM_UP: Final = 100
"""Steps over which the learning rate rises."""
CLIP: Final = 1.0
"""Largest norm of a gradient."""
STALE: Final = 30.0
"""Seconds after which a worker's weights no longer count."""
PATIENCE: Final = 60.0
"""Seconds that workers have for ending."""


@dataclass(frozen=True)
class Plan:
    """How to train: where, how long, on what."""

    stage: str
    work: Path
    """Folder of caches, checkpoints and logs; never in Git."""
    minutes: float
    """Training time in all, runs before a resume included."""
    steps: int | None = None
    """Stop after so many steps of this run (for tests)."""
    batch: int = 32
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    compile: bool = False
    start: Path | None = None
    """A model folder to take the first weights from, where there is no checkpoint."""
    renders: int = 16_000
    """Training pictures that are painted once and kept."""
    size: str = "full"
    """`full`, or `tiny` for tests."""
    pictures: str = field(default_factory=lambda: versions()["pictures"])
    """Version of the painter, found once, so that all workers read the same pictures."""

    @property
    def folder(self) -> Path:
        return self.work / self.stage

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"


class Lesson(Protocol):
    """One model and what it learns from."""

    module: torch.nn.Module
    """Holds exactly the weights that are trained and averaged."""

    def optimizer(self, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """A new optimizer, its learning rates at their peak."""

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        """One batch: `loss` is what is minimised, the rest is only logged. `progress` runs from 0 to 1."""

    def grid(self) -> Image.Image:
        """Samples to look at; called with averaged weights."""

    def figures(self) -> dict[str, float]:
        """Measurements on held-out data; called with averaged weights."""


@dataclass
class Progress:
    """How far a training is; travels in the checkpoint."""

    seconds: float = 0.0
    steps: int = 0
    """Of worker 0."""
    samples: int = 0
    """Of all workers."""
    averagings: int = 0
    own_samples: int = 0
    """Of one worker in this run."""
    samples_before: int = 0
    """Of all workers in earlier runs."""


class Meeting:
    """Where workers leave their weights and take the mean, none waiting for another.

    Gossip averaging (Lian et al., "Asynchronous Decentralized Parallel Stochastic Gradient Descent", ICML 2018): cores
    that are shared with other work make workers differ in speed, and one that waits is lost.
    """

    def __init__(self, workers: int, weights: int, context: Any) -> None:
        self._vectors = _shared(torch.zeros(workers, weights))
        self._left = _shared(torch.zeros(workers, dtype=torch.float64))
        """When each worker was last here, in Unix seconds."""
        self._samples = _shared(torch.zeros(workers, dtype=torch.int64))
        self._seconds = _shared(torch.zeros(1, dtype=torch.float64))
        self._lock = context.Lock()
        self.begun, self.over = context.Event(), context.Event()
        """Set by worker 0: after its first step, which compiles for all, and at the end."""

    def exchange(self, rank: int, own: torch.Tensor, progress: Progress) -> tuple[torch.Tensor, int]:
        """Leave a worker's weights; returns the mean of all that are fresh, and of how many.

        Worker 0 learns how many samples all have seen, the others how much time is used.
        """
        with self._lock:
            now = time.time()
            self._vectors[rank], self._left[rank] = own.cpu(), now
            self._samples[rank] = progress.own_samples
            fresh = now - self._left < STALE
            mean = self._vectors[fresh].mean(0)
            self._vectors[rank] = mean
            if rank == 0:
                self._seconds[0] = progress.seconds
                progress.samples = progress.samples_before + int(self._samples.sum())
            else:
                progress.seconds = max(progress.seconds, float(self._seconds))
            return mean, int(fresh.sum())


def _shared(tensor: torch.Tensor) -> torch.Tensor:
    tensor.share_memory_()  # type: ignore[no-untyped-call]
    return tensor


def teach(make: Callable[[Plan, int], Lesson], plan: Plan) -> Path:
    """Train until the plan's time is used up; returns the checkpoint. Resumes where there is one.

    Raises:
        ConfigurationError: a plan that cannot be carried out.
    """
    if plan.minutes <= 0 or plan.batch < 1 or plan.workers < 1:
        raise ConfigurationError("--minutes/--batch/--workers", f"{plan}", "each must be positive")
    plan.folder.mkdir(parents=True, exist_ok=True)
    context = torch.multiprocessing.get_context("spawn")
    lesson = make(plan, 0)  # paints and encodes what the others then find
    meeting = Meeting(plan.workers, sum(weight.numel() for weight in lesson.module.parameters()), context)
    others = [
        context.Process(target=_accompany, args=(make, plan, rank, meeting), daemon=True)
        for rank in range(1, plan.workers)
    ]
    for other in others:
        other.start()
    try:
        _work(lesson, plan, 0, meeting)
    finally:
        meeting.over.set()
        for other in others:
            other.join(PATIENCE)
    return plan.checkpoint


def _accompany(make: Callable[[Plan, int], Lesson], plan: Plan, rank: int, meeting: Meeting) -> None:
    """A worker in a process of its own."""
    torch.set_num_threads(1)
    _work(make(plan, rank), plan, rank, meeting)


def _work(lesson: Lesson, plan: Plan, rank: int, meeting: Meeting) -> None:
    if plan.device == "cpu":
        torch.set_num_threads(1)
    torch.manual_seed(plan.seed * 1000 + rank)
    worker = Worker(lesson, plan, rank, meeting)
    worker.resume()
    with contextlib.closing(Log(plan, worker.progress, quiet=rank > 0)) as log:
        if worker.begins_anew:
            log.note(worker.progress, {"optimizer": "begins anew: the checkpoint's was of another kind"})
        worker.run(log)


class Worker:
    """One process of a training."""

    def __init__(self, lesson: Lesson, plan: Plan, rank: int, meeting: Meeting) -> None:
        self.lesson, self.plan, self.rank, self.meeting = lesson, plan, rank, meeting
        self.progress = Progress()
        self.weights = list(lesson.module.parameters())
        self.optimizer = lesson.optimizer(self.weights)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.average = flat(self.weights).cpu()
        """Moving average of the weights, kept by worker 0."""
        self.begins_anew = False
        """Whether the checkpoint was of another optimizer, so that this one's memory is empty."""
        self._parent = os.getppid()

    def run(self, log: Log) -> None:
        """Train until the time is used up; every few seconds the workers exchange weights."""
        if self.rank > 0:
            while not self.meeting.begun.wait(1.0):
                if self._is_over(0):
                    return
        used, begun, steps = self.progress.seconds, time.monotonic(), 0
        met = saved = drawn = begun
        last = False
        while not last:
            told = self._step()
            steps += 1
            if steps == 1 and self.rank == 0:
                self.meeting.begun.set()
                begun = met = time.monotonic()  # compiling is no training
            now = time.monotonic()
            if self.rank == 0:
                self.progress.seconds = used + now - begun
            log.step(self.progress, told)
            last = self._is_over(steps)
            if not last and now - met < AVERAGE_EVERY:
                continue
            log.workers = self._meet()
            met = time.monotonic()
            if self.rank > 0:
                continue
            if last or met - saved > CHECKPOINT_EVERY:
                self._save()
                saved = met
            if last or met - drawn > GRID_EVERY:
                self._show(log)
                drawn = time.monotonic()

    def _is_over(self, steps: int) -> bool:
        orphaned = self.rank > 0 and os.getppid() != self._parent
        if orphaned or self.meeting.over.is_set() or (self.plan.steps is not None and steps >= self.plan.steps):
            return True
        return self.rank == 0 and self.progress.seconds >= self.plan.minutes * 60

    def _step(self) -> dict[str, float]:
        progress = min(1.0, self.progress.seconds / (self.plan.minutes * 60))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * rate_at(progress, self.progress.steps)
        with torch.autocast(torch.device(self.plan.device).type, torch.bfloat16):
            told = self.lesson.loss(progress)
        torch.autograd.backward(told["loss"])
        torch.nn.utils.clip_grad_norm_(self.weights, CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.progress.steps += 1
        self.progress.own_samples += self.plan.batch
        return {name: float(value.detach()) for name, value in told.items()}

    def _meet(self) -> int:
        """Take the mean of the workers' weights; returns of how many."""
        own = flat(self.weights)
        mean, met = self.meeting.exchange(self.rank, own, self.progress)
        unflat(mean, self.weights)
        self.progress.averagings += 1
        decay = (1 - 1 / self.progress.averagings) ** (EMA_POWER + 1)
        self.average.lerp_(mean, 1 - decay)
        return met

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The lesson's model with the moving average for weights."""
        kept = flat(self.weights)
        unflat(self.average, self.weights)
        try:
            yield
        finally:
            unflat(kept, self.weights)

    def _show(self, log: Log) -> None:
        with self.averaged(), torch.no_grad():
            log.note(self.progress, self.lesson.figures())
            self.lesson.grid().save(self.plan.folder / f"samples-{self.progress.samples:08d}.png")

    def _save(self) -> None:
        """Write the checkpoint whole or not at all."""
        state = {
            "stage": self.plan.stage,
            "progress": asdict(self.progress),
            "weights": self.lesson.module.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "optimizer_kind": type(self.optimizer).__name__,
            "versions": versions() | {"pictures": self.plan.pictures},
            "seed": self.plan.seed,
            "size": self.plan.size,
        }
        unfinished = self.plan.checkpoint.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self.plan.checkpoint)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one; every worker with its own random numbers."""
        if not self.plan.checkpoint.is_file():
            return
        state = load(self.plan.checkpoint, self.plan.device)
        self.lesson.module.load_state_dict(state["weights"])
        self.begins_anew = state["optimizer_kind"] != type(self.optimizer).__name__
        if not self.begins_anew:
            self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"].cpu()
        known = Progress(**state["progress"])
        self.progress = replace(known, own_samples=0, samples_before=known.samples)
        torch.manual_seed(self.plan.seed * 1000 + self.rank + 7919 * self.progress.steps)


def load(checkpoint: Path, device: str = "cpu") -> dict[str, Any]:
    """A checkpoint's content; only tensors and plain values are read, never code.

    Raises:
        UntrainedModel: there is none.
    """
    if not checkpoint.is_file():
        raise UntrainedModel(f"There is no {checkpoint}: train `{checkpoint.parent.name}` first, or correct --work.")
    state: dict[str, Any] = torch.load(checkpoint, map_location=device, weights_only=True)
    return state


def load_average(module: torch.nn.Module, checkpoint: Path) -> dict[str, Any]:
    """Put a checkpoint's averaged weights into `module`; returns the checkpoint."""
    state = load(checkpoint)
    module.load_state_dict(state["weights"])  # buffers too
    unflat(state["average"], module.parameters())
    return state


def flat(weights: Iterable[torch.Tensor]) -> torch.Tensor:
    """Weights, whatever their memory format, as one vector of their own."""
    return torch.cat([weight.detach().reshape(-1) for weight in weights])


def unflat(vector: torch.Tensor, weights: Iterable[torch.Tensor]) -> None:
    """Write a vector of `flat` back into its weights."""
    start = 0
    with torch.no_grad():
        for weight in weights:
            weight.copy_(vector[start : start + weight.numel()].view(weight.shape))
            start += weight.numel()


def adamw(weights: list[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """AdamW with a short memory, for short trainings."""
    return torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)


def rate_at(progress: float, steps: int) -> float:
    """Factor of the learning rate after a share of the time and a number of steps."""
    falling = max(0.0, (progress - HOLD) / (1 - HOLD))
    return min(1.0, (steps + 1) / WARM_UP) * max(0.01, 0.5 * (1 + math.cos(math.pi * falling)))


class Log:
    """Losses as JSON lines in the stage's folder, and a bar on the terminal."""

    def __init__(self, plan: Plan, progress: Progress, quiet: bool) -> None:
        self.plan, self.quiet = plan, quiet
        self.workers = 1
        """How many exchanged weights when last they did."""
        self._sums: dict[str, float] = {}
        self._count, self._told = 0, time.monotonic()
        if quiet:
            return
        self._file = (plan.folder / "log.jsonl").open("a", encoding="utf-8")
        self._bar = tqdm(total=round(plan.minutes * 60), initial=round(progress.seconds), unit="s", desc=plan.stage)
        self.note(progress, {"began": {**_plain(plan), **versions()}})

    def step(self, progress: Progress, told: Mapping[str, float]) -> None:
        if self.quiet:
            return
        for name, value in told.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if time.monotonic() - self._told >= LOG_EVERY:
            self._told = time.monotonic()
            means = {name: round(value / self._count, 5) for name, value in self._sums.items()}
            self._sums, self._count = {}, 0
            self.note(progress, {**means, "workers": self.workers})

    def note(self, progress: Progress, values: Mapping[str, object]) -> None:
        """One line of JSON; the bar shows the same."""
        if self.quiet:
            return
        line = {**asdict(progress), "seconds": round(progress.seconds, 1), **values}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        self._bar.n = min(self._bar.total, round(progress.seconds))
        self._bar.set_postfix({name: value for name, value in values.items() if isinstance(value, float)})

    def close(self) -> None:
        if not self.quiet:
            self._bar.close()
            self._file.close()


def _plain(plan: Plan) -> dict[str, object]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(plan).items()}


def generator(plan: Plan, rank: int, salt: int) -> np.random.Generator:
    """Random numbers of one worker that differ after every resume."""
    return np.random.default_rng([plan.seed, rank, salt, os.getpid()])


def mosaic(images: np.ndarray[Any, np.dtype[np.uint8]], columns: int) -> Image.Image:
    """Pictures (n, height, width, 3) side by side, in rows of `columns`."""
    rows = math.ceil(len(images) / columns)
    height, width = images.shape[1:3]
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * height, place % columns * width
        sheet[top : top + height, left : left + width] = image
    return Image.fromarray(sheet)
