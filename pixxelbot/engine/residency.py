"""What is in memory: loaded once, shared by every kind of drawing, dropped least recently used first."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import torch

from pixxelbot.engine import checkpoint, network
from pixxelbot.engine.checkpoint import Model
from pixxelbot.engine.network import Network
from pixxelbot.engine.options import Options
from pixxelbot.engine.weights import LOADING_ERRORS
from pixxelbot.errors import ConfigurationError, ModelCorrupt, NoNetwork, PixxelbotError, UnknownChoice
from pixxelbot.memory import free_memory

Held = Model | Network
NATIVE_BFLOAT16: Final = ("avx512_bf16", "amx_bf16")
"""Instructions that multiply in bfloat16; without them it is emulated, and slower than float32."""
T = TypeVar("T", Model, Network)


class Models:
    """The models and networks of the settings. All methods are called on the engine's thread; loading is beside it."""

    def __init__(
        self,
        places: Mapping[str, str],
        device: str | None = None,
        dtype: str = "auto",
        memory_budget: int | None = None,
        networks: Sequence[tuple[str, str, str]] = (),
        options: Options | None = None,
    ) -> None:
        self.places, self.networks, self.options = places, networks, options or Options()
        self.device = chosen_device(device)
        self.dtype = chosen_dtype(self.device, dtype)
        self.memory_budget = memory_budget
        self._held: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._loading = threading.Lock()  # one at a time

    def want(self, name: str, dtype: torch.dtype | None = None) -> Future[Model]:
        """The model, now or once it is loaded. The result raises ModelMissing, ModelIncomplete or ModelCorrupt.

        Raises:
            UnknownChoice: there is no model of that name.
        """
        places = dict(self.places) | {named: where for named, role, where in self.networks if role == "edit"}
        if name not in places:
            raise UnknownChoice("model", name, self.places)
        wanted = dtype or self.dtype
        load = partial(checkpoint.load, name, places[name], self.device, wanted, self.options)
        return self._have((name, wanted), load)

    def want_network(self, role: str, name: str | None = None) -> Future[Network]:
        """The first network of a role, or that of the name, now or once it is loaded.

        Raises:
            NoNetwork: none is set up.
        """
        for known, its_role, where in self.all_networks():
            if its_role == role and name in (None, known):
                about = known, role, where, self.device, self._dtype_for(role)
                load = partial(network.load, *about, self.options.attention)
                return self._have((known, role), load)
        raise NoNetwork(role, name)

    def _dtype_for(self, role: str) -> torch.dtype:
        """What meets the denoiser's tensors works in its arithmetic; on CPUs, what only answers stays exact."""
        return torch.float32 if self.device.type == "cpu" and role not in network.BESIDE_DENOISER else self.dtype

    def adopt(self, made: Held) -> None:
        """Hold a model or network that was made here and not read, for benchmarks of shapes with random weights."""
        held: Future[Held] = Future()
        held.set_result(made)
        if isinstance(made, Model):
            self.places = {**self.places, made.name: ""}
            self._held[made.name, made.dtype] = held
        else:
            self.networks = [*self.networks, (made.name, made.role, "")]
            self._held[made.name, made.role] = held

    def all_networks(self) -> list[tuple[str, str, str]]:
        """Name, role and place of those in the settings, then of those that lie inside a model's own folder."""
        inside = (
            (name, role, str(Path(where) / role))
            for name, where in self.places.items()
            for role in network.LOADERS
            if (Path(where) / role).is_dir()
        )
        return [*self.networks, *inside]

    def _have(self, key: Hashable, load: Callable[[], T]) -> Future[T]:
        held = self._held.get(key)
        if held is None or (held.done() and held.exception() is not None):
            held = self._held[key] = Future()
            threading.Thread(target=self._load, args=(held, load), name=f"load {key}", daemon=True).start()
        self._held.move_to_end(key)
        return cast("Future[T]", held)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models in memory, least recently used first."""
        held = self.held().values()
        return tuple(dict.fromkeys(one.name for one in held if isinstance(one, Model)))

    @property
    def bytes(self) -> int:
        """Memory of all weights that are loaded."""
        return sum(one.bytes for one in self.held().values())

    def trim(self) -> None:
        """Drop what is idle, least recently used first, until the rest fits the budget. The last used one stays."""
        if self.memory_budget is None:
            return
        used = self.bytes
        for key, one in list(self.held().items())[:-1]:
            if used <= self.memory_budget:
                return
            if not one.users:
                used -= one.bytes
                del self._held[key]

    def unload(self, keep: Held | None = None) -> bool:
        """Drop everything that nobody uses, and give the device's memory back; whether there was anything."""
        idle = [key for key, one in self.held().items() if not one.users and one is not keep]
        for key in idle:
            del self._held[key]
        if idle and self.device.type == "cuda":
            torch.cuda.empty_cache()
        return bool(idle)

    def held(self) -> dict[Hashable, Held]:
        """What is loaded now."""
        return {key: held.result() for key, held in self._held.items() if held.done() and held.exception() is None}

    def _load(self, loading: Future[T], load: Callable[[], T]) -> None:
        """On a thread of its own that ends with it.

        While a second thread that has used OpenMP lives, even idle, its runtime counts more threads than cores and no
        longer spins between parallel regions: every forward of the engine took twice as long.
        """
        try:
            with self._loading:
                found = load()
        except (PixxelbotError, *LOADING_ERRORS, MemoryError) as error:
            loading.set_exception(error)
        else:
            loading.set_result(found)


def chosen_device(wanted: str | None) -> torch.device:
    """The device asked for, else the fastest there is.

    Raises:
        ConfigurationError: there is no such device.
    """
    if wanted is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    with contextlib.suppress(RuntimeError, AssertionError):
        device = torch.device(wanted)
        torch.empty(1, device=device)
        return device
    raise ConfigurationError("PIXXELBOT_DEVICE", wanted, "this machine has no such device; leave it unset or write cpu")


def chosen_dtype(device: torch.device, wanted: str = "auto") -> torch.dtype:
    """The arithmetic asked for; `auto` is the widest-ranging half precision that the device calculates in by itself."""
    if wanted != "auto":
        return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[wanted]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if device.type == "cpu" and any(map(_capabilities().get, NATIVE_BFLOAT16)) else torch.float32


def _capabilities() -> Mapping[str, Any]:
    found: Mapping[str, Any] = torch.cpu.get_capabilities()
    return found


def free_bytes(device: torch.device) -> int | None:
    """Memory that may still be used on the device; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory()


def failure_of(loading: Future[Any]) -> PixxelbotError | None:
    """Why a model could not be loaded, or None."""
    error = loading.exception()
    if error is None or isinstance(error, PixxelbotError):
        return error
    return ModelCorrupt(f"The model could not be loaded: {error}")
