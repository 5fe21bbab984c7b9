"""Measuring a denoiser while nobody waits: seconds and memory of a forward by its number of rows."""

from __future__ import annotations

import platform
import time
import weakref
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from pixxelbot import memory
from pixxelbot.engine.checkpoint import Model
from pixxelbot.engine.merge import Call, repeated
from pixxelbot.engine.noise import decoded, encoded
from pixxelbot.engine.options import Options
from pixxelbot.profile import Profile

WAY: Final = 2
"""Raised whenever something is measured in another way: what was measured before says nothing then."""
ROWS: Final = (1, 2, 4, 8, 16, 32)
REPEATS: Final = 5
SAMPLES: Final = 3
"""Peaks of which the middle one counts: what the C library gives back differs from time to time."""
MOST_SECONDS: Final = 4.0
"""A forward that takes longer is the last one tried: nobody should wait for more."""
DECODED: Final = 64
"""Side in pixels of the picture that decoding is measured on, at least."""


class Held(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the memory of tensors alive at once that were made while inside; the same on every device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for one in tree_iter((args, kwargs)):
            if isinstance(one, torch.Tensor):
                self._count(one.untyped_storage(), made=False)  # a view of it is nothing new
        result = function(*args, **(kwargs or {}))
        for one in tree_iter(result):
            if isinstance(one, torch.Tensor):
                self._count(one.untyped_storage(), made=True)
        return result

    def _count(self, storage: Any, made: bool) -> None:
        if storage._cdata in self._seen:
            return
        self._seen.add(storage._cdata)
        size = storage.nbytes() if made else 0
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._gone, storage._cdata, size)

    def _gone(self, name: int, size: int) -> None:
        self._seen.discard(name)
        self.now -= size


def size_of(call: Call) -> str:
    """Shape of one row of a call's latents."""
    return "x".join(map(str, next(iter(call.arguments.values())).shape[1:]))


def versions(options: Options) -> str:
    """Of the libraries whose speed it is, and what the operator chose."""
    return f"torch {torch.__version__} diffusers {version('diffusers')} measured {WAY} {options}".rstrip()


def device_name(device: torch.device) -> str:
    """What the device is called, with its number of threads where they count."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{device.type} {platform.machine()} {torch.get_num_threads()} threads"


def measure(model: Model, call: Call) -> Iterator[Profile | None]:
    """One forward at a time, so that a request that comes meanwhile waits for no more; at the end the profile.

    `call` is any call of the model's denoiser: its first row is taken so many times. Whatever else the machine does
    only ever adds to a time, and may come and go: rounds over all numbers of rows, and the least of each counts.
    """
    held: dict[int, int] = {}
    seconds: dict[int, float] = {}
    repeated(call, 1)()  # the first forward of all makes what stays
    yield None
    for rows in ROWS:
        try:
            if model.compiled:
                repeated(call, rows)()  # the first forward of a shape compiles
                yield None
            seconds[rows] = _timed(model, repeated(call, rows))
            yield None
            if seconds[rows] > MOST_SECONDS:  # somebody else may just have been busy
                seconds[rows] = min(seconds[rows], _timed(model, repeated(call, rows)))
                yield None
            peaks = []
            for _ in range(SAMPLES if seconds[rows] < MOST_SECONDS / SAMPLES else 1):
                peaks.append(peak(model, repeated(call, rows)))  # after the first, which makes what stays
                yield None
            held[rows] = sorted(peaks)[len(peaks) // 2]
        except (torch.OutOfMemoryError, MemoryError, RuntimeError):
            held.pop(rows, None)
            break  # more than this machine holds
        if seconds[rows] > MOST_SECONDS:
            break
    for _ in range(REPEATS - 1):
        for rows in seconds:
            seconds[rows] = min(seconds[rows], _timed(model, repeated(call, rows)))
            yield None
    yield Profile(
        model=model.name, model_hash=model.hash, size=size_of(call), dtype=str(model.dtype).removeprefix("torch."),
        device=device_name(model.device), versions=versions(model.options), seconds=tuple(seconds.items()),
        bytes=tuple(held.items()), decoding=_decoding(model), weights=model.bytes,
    )  # fmt: skip


def _timed(model: Model, call: Call) -> float:
    _settle(model)
    began = time.perf_counter()
    call()
    _settle(model)
    return time.perf_counter() - began


def peak(model: Model, work: Callable[[], Any]) -> int:
    """The most bytes that it holds at once beyond what was there before."""
    if model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(model.device)
        before = torch.cuda.memory_allocated(model.device)
        work()
        _settle(model)
        return int(torch.cuda.max_memory_allocated(model.device) - before)
    counted, before = Held(), memory.resident_anew()
    with counted:
        work()
    return max(counted.most, memory.resident_peak() - before)  # libraries' own workspaces are no tensors


def _decoding(model: Model) -> float:
    """Bytes a pixel: of a small picture, or of one at the model's own size where that takes little time."""
    small, native = max(DECODED, model.limits.minimum), model.limits.native
    began = time.perf_counter()
    found = _decoded(model, small)
    if (time.perf_counter() - began) * (native / small) ** 2 > MOST_SECONDS:
        return found
    return _decoded(model, native)


def _decoded(model: Model, side: int) -> float:
    latents = encoded(model.base.vae, torch.zeros(1, 3, side, side))
    decoded(model.base.vae, latents)  # after the first, which makes what stays
    peaks = [peak(model, lambda: decoded(model.base.vae, latents)) for _ in range(SAMPLES)]
    return sorted(peaks)[SAMPLES // 2] / side**2


def _settle(model: Model) -> None:
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
