"""Models in memory: loaded once, shared by every kind of drawing, dropped least recently used first."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import safetensors
import torch
from diffusers import DiffusionPipeline
from diffusers.pipelines import auto_pipeline

from pixxelbot import models
from pixxelbot.engine import preview, samplers
from pixxelbot.engine.merge import Call
from pixxelbot.errors import ConfigurationError, ModelCorrupt, ModelMissing, PixxelbotError, UnknownChoice, Unsupported
from pixxelbot.recipe import Limits

Task = Literal["text2img", "img2img", "inpaint"]
PIPELINES: Final[Mapping[Task, Mapping[str, type]]] = {
    "text2img": auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
    "img2img": auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
    "inpaint": auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING,
}
"""Task → family → diffusers' pipeline."""
DENOISERS: Final = ("unet", "transformer", "controlnet")
HUB_ID: Final = re.compile(r"[\w-]+/[\w.-]+")
LOADING_ERRORS: Final = (
    OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, safetensors.SafetensorError,
)  # fmt: skip
"""What diffusers and transformers raise on folders they cannot read."""
CHUNK: Final = 2**20
"""Bytes hashed at a time."""


@dataclass(eq=False)
class Model:
    """One loaded model: a diffusers pipeline of which only the parts are used."""

    name: str
    base: Any
    """The pipeline as loaded."""
    limits: Limits
    dtype: torch.dtype
    hash: str
    """Over the sha256 of every weight file."""
    colours: torch.Tensor | None
    """Map from latents to colours for previews."""
    users: set[tuple[str, int]] = field(default_factory=set)
    """Jobs and attempts that draw with it now."""
    intercepted: bool = False

    def pipeline(self, task: Task, sampler: str) -> Any:
        """A pipeline of its own for one request: same weights, fresh scheduler.

        Never `from_pipe`, which casts the shared modules; never one object for two requests, since a pipeline keeps
        guidance and the like on itself while its denoiser is at work.
        """
        kind = self._pipeline_class(task)
        wanted = inspect.signature(kind.__init__).parameters
        parts = {name: part for name, part in self.base.components.items() if name in wanted}
        if "requires_safety_checker" in wanted:
            parts["requires_safety_checker"] = False
        own: Any = kind(**parts | {"scheduler": samplers.build(sampler, self.base.scheduler)})
        own.set_progress_bar_config(disable=True)
        return own

    def _pipeline_class(self, task: Task) -> Callable[..., Any]:
        family = next((name for name, kind in PIPELINES["text2img"].items() if kind is type(self.base)), "")
        if family not in PIPELINES[task]:
            raise Unsupported(f"{task} with the model {self.name}")
        return PIPELINES[task][family]

    @property
    def bytes(self) -> int:
        """Memory of all weights."""
        return sum(weight.numel() * weight.element_size() for part in self._modules() for weight in part.parameters())

    def _modules(self) -> list[torch.nn.Module]:
        return [part for part in self.base.components.values() if isinstance(part, torch.nn.Module)]

    def intercept(self, park: Callable[[Call], Any]) -> None:
        """From now on, every call of a denoiser's forward goes to `park`, whose answer is the forward's."""
        if self.intercepted:
            return
        self.intercepted = True
        for name in DENOISERS:
            if module := getattr(self.base, name, None):
                module.forward = _parking(module.forward, park)


def _parking(forward: Callable[..., Any], park: Callable[[Call], Any]) -> Callable[..., Any]:
    signature = inspect.signature(forward)

    def parked(*args: Any, **kwargs: Any) -> Any:
        return park(Call.of(forward, signature, *args, **kwargs))

    parked.__signature__ = signature  # type: ignore[attr-defined]  # some pipelines look at the forward's parameters
    return parked


class Models:
    """The models of the settings. All methods are called on the engine's thread; loading happens beside it."""

    def __init__(
        self,
        places: Mapping[str, str],
        device: str | None = None,
        dtype: str | None = None,
        memory_budget: int | None = None,
    ) -> None:
        self.places = places
        self.device = chosen_device(device)
        self.dtype = chosen_dtype(self.device, dtype)
        self.memory_budget = memory_budget
        self._held: OrderedDict[tuple[str, torch.dtype], Future[Model]] = OrderedDict()
        self._loading = threading.Lock()  # one at a time

    def want(self, name: str, dtype: torch.dtype | None = None) -> Future[Model]:
        """The model, now or once it is loaded. The result raises ModelMissing, ModelIncomplete or ModelCorrupt."""
        if name not in self.places:
            raise UnknownChoice("model", name, self.places)
        key = name, dtype or self.dtype
        held = self._held.get(key)
        if held is None or (held.done() and held.exception() is not None):
            held = self._held[key] = Future()
            threading.Thread(target=self._load, args=(held, *key), name=f"load {name}", daemon=True).start()
        self._held.move_to_end(key)
        return held

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models in memory, least recently used first."""
        return tuple(dict.fromkeys(model.name for model in self._models().values()))

    def trim(self) -> None:
        """Drop idle models, least recently used first, until the rest fits the budget. The last used one stays."""
        models_held = self._models()
        used = sum(model.bytes for model in models_held.values())
        for key, model in list(models_held.items())[:-1]:
            if self.memory_budget is None or used <= self.memory_budget:
                return
            if not model.users:
                used -= model.bytes
                del self._held[key]

    def _models(self) -> dict[tuple[str, torch.dtype], Model]:
        return {key: held.result() for key, held in self._held.items() if held.done() and held.exception() is None}

    def _load(self, loading: Future[Model], name: str, dtype: torch.dtype) -> None:
        """On a thread of its own that ends with it.

        While a second thread that has used OpenMP lives, even idle, its runtime counts more threads than cores and no
        longer spins between parallel regions: every forward of the engine took twice as long.
        """
        try:
            with self._loading:
                model = load(name, self.places[name], self.device, dtype)
        except (PixxelbotError, *LOADING_ERRORS, MemoryError) as error:
            loading.set_exception(error)
        else:
            loading.set_result(model)


def load(name: str, where: str, device: torch.device, dtype: torch.dtype) -> Model:
    """Read a model from a folder in diffusers' layout, or a hub id, into memory. Only safetensors: no pickle.

    Raises:
        ModelMissing, ModelIncomplete: a folder or file is not there.
        ModelCorrupt: a weight file cannot be read; it is named.
    """
    folder = _folder(where)
    models.check(folder)
    weights = _weight_files(folder)
    for file in weights:
        _check_weights(file)
    base = _read(folder, dtype)
    _check_complete(folder, base)
    base.to(device)
    limits = models.limits(name, folder)
    return Model(name, base, limits, dtype, _hash(folder, weights), preview.fit(base.vae))


def _read(folder: Path, dtype: torch.dtype) -> Any:
    optional = _without_safety_checker(folder)
    try:
        # the dtype is said, because transformers would else take the one a text tower was saved in
        return DiffusionPipeline.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, low_cpu_mem_usage=False, local_files_only=True, **optional
        )
    except LOADING_ERRORS as error:
        raise ModelCorrupt(f"The model in {folder} cannot be loaded: {error}. Copy it again, whole.") from error


def _without_safety_checker(folder: Path) -> dict[str, Any]:
    index = DiffusionPipeline.load_config(folder)
    return {"safety_checker": None, "requires_safety_checker": False} if "safety_checker" in index else {}


def _folder(where: str) -> Path:
    folder = Path(where)
    if folder.exists() or not HUB_ID.fullmatch(where):
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(where, allow_patterns=["*.json", "*.txt", "*.model", "*.safetensors"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelMissing(f"There is no folder {where}, and it could not be fetched from the hub: {error}") from error


def _weight_files(folder: Path) -> list[Path]:
    index = DiffusionPipeline.load_config(folder)
    parts = [part for part in sorted(index) if not part.startswith("_")]
    return [file for part in parts for file in sorted((folder / part).glob("*.safetensors"))]


def _check_weights(file: Path) -> None:
    """The header says how long the file must be: a truncated copy is found before anything is loaded."""
    try:
        with safetensors.safe_open(file, framework="pt"):
            return
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelCorrupt(f"The weight file {file} cannot be read ({error}). Copy it again.") from error


def _check_complete(folder: Path, base: Any) -> None:
    """Every weight must come from a file: diffusers would draw missing ones at random, and the pictures be noise."""
    for name in (*DENOISERS, "vae"):
        part = base.components.get(name)
        if part is None:
            continue
        stored = {_renamed(key) for file in (folder / name).glob("*.safetensors") for key in _keys(file)}
        if missing := sorted(set(part.state_dict()) - stored):
            raise ModelCorrupt(
                f"The weights in {folder / name} lack {len(missing)} tensors, first {missing[0]}. Copy the model again."
            )


def _keys(file: Path) -> list[str]:
    with safetensors.safe_open(file, framework="pt") as stored:
        return list(stored.keys())


def _renamed(key: str) -> str:
    """Attention weights as diffusers names them today; autoencoders of 2022 have the older names."""
    for old, new in ((".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")):
        key = key.replace(old, new)
    return key


def _hash(folder: Path, weights: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in weights:
        one = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                one.update(chunk)
        whole.update(f"{one.hexdigest()}  {file.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


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


def chosen_dtype(device: torch.device, wanted: str | None) -> torch.dtype:
    """The arithmetic asked for; else float32 on CPUs, and the widest-ranging half precision elsewhere."""
    if wanted is not None:
        return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[wanted]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float32


def failure_of(loading: Future[Model]) -> PixxelbotError | None:
    """Why a model could not be loaded, or None."""
    error = loading.exception()
    if error is None or isinstance(error, PixxelbotError):
        return error
    return ModelCorrupt(f"The model could not be loaded: {error}")
