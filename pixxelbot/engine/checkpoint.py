"""Models that draw by themselves: read from a folder, a single file or the hub; their parts serve every kind."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import diffusers
import torch
from diffusers import DiffusionPipeline
from diffusers.pipelines import auto_pipeline

from pixxelbot import hub, models
from pixxelbot.engine import preview, samplers, weights
from pixxelbot.engine.acting import Wrapping
from pixxelbot.engine.merge import Call, intercept
from pixxelbot.engine.options import Options, attend, compile_blocks, offload_blocks, quantise, visiting
from pixxelbot.errors import ModelCorrupt, ModelIncomplete, Unsupported
from pixxelbot.recipe import Limits

Task = Literal["text2img", "img2img", "inpaint", "control"]
_BY_TASK: Final[Mapping[Task, tuple[Mapping[str, Any], str]]] = {
    "text2img": (auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING, "{}"),
    "img2img": (auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, "{}"),
    "inpaint": (auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING, "{}"),
    "control": (auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING, "{}-controlnet"),
}
"""Task → diffusers' pipelines by family, and how the family is written there."""
LATENTS_ALONE: Final = 4
"""Channels of a UNet that diffusers' inpainting pipeline blends latents for."""
DENOISERS: Final = ("unet", "transformer")
DENOISER_IN_FILE: Final = ("model.diffusion_model.",)
VAE_IN_FILE: Final = ("first_stage_model.", "vae.")
"""How tensors' names begin in single files, as far as they tell their networks apart."""


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
    colours: torch.Tensor = field(default_factory=torch.Tensor)
    """Map from latents to colours for previews."""
    users: set[tuple[str, int]] = field(default_factory=set)
    """Jobs and attempts that draw with it now."""
    intercepted: bool = False
    offloaded: bool = False
    options: Options = field(default_factory=Options)
    compiled: bool = False
    """Its repeated blocks are compiled: few numbers of rows should ever be seen."""
    home: torch.device | None = None
    """Where it works, if its weights may be elsewhere meanwhile."""

    @property
    def arithmetic(self) -> str:
        """What it calculates in, for the record: `bfloat16`, or `bfloat16 int8` with narrower weights."""
        kinds = [str(self.dtype).removeprefix("torch."), self.options.quantised]
        return " ".join(one for one in kinds if one != "none")

    def pipeline(self, task: Task, sampler: str, *, careful: bool = False, wrapping: bool = False, **parts: Any) -> Any:
        """A pipeline of its own for one request: same weights, fresh scheduler.

        Never `from_pipe`, which casts the shared modules; never one object for two requests, since a pipeline keeps
        guidance and the like on itself while its denoiser is at work. `careful` decodes in tiles and one picture at a
        time, where memory is short; `wrapping` decodes so that copies of a picture join without a seam. `parts` are
        what the task needs besides the model's own, such as a ControlNet.
        """
        vae = _wrapping(self.base.vae) if wrapping else self.base.vae
        return self._made(self._pipeline_class(task), sampler, {"vae": _tiling(vae) if careful else vae, **parts})

    def own_pipeline(self, sampler: str, *, careful: bool = False) -> Any:
        """The same for a model made for one task alone, such as editing."""
        parts = {"vae": _tiling(self.base.vae)} if careful else {}
        return self._made(type(self.base), sampler, parts)

    def _made(self, kind: Callable[..., Any], sampler: str, parts: Mapping[str, Any]) -> Any:
        wanted = inspect.signature(kind.__init__).parameters
        held = {name: part for name, part in (self.base.components | parts).items() if name in wanted}
        if "requires_safety_checker" in wanted:
            held["requires_safety_checker"] = False
        if self.offloaded:
            kind = _at_home_on(kind, self.device)
        own: Any = kind(**held | {"scheduler": samplers.build(sampler, self.base.scheduler)})
        own.set_progress_bar_config(disable=True)
        return own

    @property
    def family(self) -> str:
        """The family as diffusers' tables name it; empty for models of one task alone."""
        pairs = (pair for mapping, written in _BY_TASK.values() if written == "{}" for pair in mapping.items())
        return next((name for name, kind in pairs if kind is type(self.base)), "")

    def _pipeline_class(self, task: Task) -> Callable[..., Any]:
        mapping, written = _BY_TASK[task]
        family = written.format(self.family)
        if not self.family or family not in mapping:
            raise Unsupported(f"{task} with the model {self.name}")
        found: Callable[..., Any] = mapping[family]
        return found

    @property
    def denoiser(self) -> Any:
        """The module that is called at every step."""
        return next(part for name in DENOISERS if (part := getattr(self.base, name, None)) is not None)

    @property
    def bytes(self) -> int:
        """Memory of all weights."""
        return weights.size_of(*self.modules())

    def modules(self) -> list[torch.nn.Module]:
        """Every network of it."""
        return [part for part in self.base.components.values() if isinstance(part, torch.nn.Module)]

    def text_encoders(self) -> list[torch.nn.Module]:
        """Those of its networks that read words."""
        return [part for name, part in self.base.components.items() if part and name.startswith("text_encoder")]

    def offload(self) -> None:
        """From now on, text encoders and autoencoder are in the device's memory only while they work."""
        if self.offloaded:
            return
        self.home, self.offloaded = self.device, True
        for part in self.modules():
            if part is not self.denoiser:
                visiting(part, self.device)

    @property
    def device(self) -> torch.device:
        """Where the denoiser works."""
        where: torch.device = self.home or next(self.denoiser.parameters()).device
        return where

    def intercept(self, park: Callable[[Call], Any]) -> None:
        """From now on, every call of the denoiser's forward goes to `park`, whose answer is the forward's."""
        if not self.intercepted:
            self.intercepted = True
            intercept(self.denoiser, park)


def _at_home_on(kind: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """The pipeline, told where it works: it would look at its first part, which may be elsewhere for now."""
    assert isinstance(kind, type)
    return type(kind.__name__, (kind,), {"_execution_device": device, "device": device})


def _tiling(vae: Any) -> Any:
    """The same autoencoder, same weights, that works piece by piece; the original is left as it is."""
    own = copy.copy(vae)
    own.use_tiling = own.use_slicing = True
    return own


def steady(vae: Any) -> Any:
    """The same autoencoder, same weights, that gives its middle to whoever draws a sample with no generator.

    Such a sample would come from the process' own generator: no picture could be drawn again (Stable Diffusion 3's
    ControlNet pipeline does so).
    """
    own = copy.copy(vae)

    def encode(*args: Any, **kwargs: Any) -> Any:
        found = type(vae).encode(own, *args, **kwargs)
        spread = found.latent_dist
        sample = spread.sample
        spread.sample = lambda generator=None: spread.mode() if generator is None else sample(generator)
        return found

    own.encode = encode
    return own


def plain(unet: Any) -> Any:
    """The same UNet, same weights, that says it has four channels where it takes nothing but latents of another number.

    Stable Diffusion's inpainting pipeline asks for four channels where it means "latents alone", nine for a mask too.
    """
    own = copy.copy(unet)
    own.register_to_config(in_channels=LATENTS_ALONE)
    return own


def _wrapping(vae: Any) -> Any:
    """The same autoencoder, same weights, whose decoder sees the picture's other side beyond its edge."""
    own = copy.copy(vae)

    def decode(*args: Any, **kwargs: Any) -> Any:
        with Wrapping(vae):
            return type(vae).decode(own, *args, **kwargs)

    own.decode = decode
    return own


def load(name: str, where: str, device: torch.device, dtype: torch.dtype, options: Options | None = None) -> Model:
    """Read a model from a folder in diffusers' layout, a single file or a hub id into memory.

    A single file needs its configuration beside it, in a folder of its name without `.safetensors`; else it is taken
    from the hub.

    Raises:
        ModelMissing, ModelIncomplete: a folder or file is not there.
        ModelCorrupt: a weight file cannot be read; it is named.
        ConfigurationError: it cannot be prepared as the operator chose.
    """
    place = weights.placed(where)
    if place.is_file():
        models.check_weights(place)
        base, hashed = _read_file(place, dtype), weights.hash_of(place.parent, [place])
        limits = models.limits_of_file(name, place)
    else:
        base, hashed = _read_folder(place, dtype)
        limits = models.limits(name, place)
    return _prepared(Model(name, base, limits, dtype, hashed), device, options or Options())


def _prepared(model: Model, device: torch.device, options: Options) -> Model:
    """The model on its device, with what the operator chose."""
    model.options = options
    for part in (model.denoiser, model.base.vae):
        weights.in_dtype(part, model.dtype)
    if options.quantised != "none":
        quantise([model.denoiser, *model.text_encoders()], options.quantised, device)
    if options.offloaded == "none":
        model.base.to(device)
    elif options.offloaded == "parts":
        model.denoiser.to(device)
        model.offload()
    else:
        model.home = device
        offload_blocks(model.denoiser, device)
        model.offload()
    if device.type == "cpu" and hasattr(model.base.vae, "use_slicing"):
        model.base.vae.use_slicing = True  # no slower there, and a grid takes no more memory than a picture
    if options.attention != "auto":
        attend(model.denoiser, options.attention, device)
    model.compiled = options.compiled and compile_blocks(model.denoiser, options.compiler)
    model.colours = preview.fit(model.base.vae)
    return model


def _read_folder(folder: Path, dtype: torch.dtype) -> tuple[Any, str]:
    models.check(folder)
    files = weight_files(folder)
    for file in files:
        models.check_weights(file)
    base = _pipeline(folder, dtype)
    _check_complete(folder, base)
    return base, weights.hash_of(folder, files)


def _pipeline(folder: Path, dtype: torch.dtype) -> Any:
    try:
        # the dtype is said, because transformers would else take the one a text tower was saved in
        return DiffusionPipeline.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            low_cpu_mem_usage=False,
            local_files_only=True,
            **_without_safety_checker(folder),
        )
    except weights.LOADING_ERRORS as error:
        raise ModelCorrupt(f"The model in {folder} cannot be loaded: {error}. Copy it again, whole.") from error


def _read_file(file: Path, dtype: torch.dtype) -> Any:
    beside = file.with_suffix("")
    config = {"config": str(beside)} if beside.is_dir() else {}
    alone = beside.is_dir() or not hub.answers()
    try:
        base = _file_class(file).from_single_file(
            str(file), dtype=dtype, safety_checker=None, local_files_only=alone, **config
        )
    except weights.LOADING_ERRORS as error:
        raise ModelCorrupt(
            f"The model file {file} cannot be loaded: {error}. Its configuration is looked for in {beside}, then on "
            "the hub."
        ) from error
    _check_enough(file, base)
    return base


def _check_enough(file: Path, base: Any) -> None:
    """A file must hold all numbers of the networks it is for: what it lacks would be drawn at random."""
    for name in (*DENOISERS, "vae"):
        part, prefixes = base.components.get(name), VAE_IN_FILE if name == "vae" else DENOISER_IN_FILE
        held = weights.values(file, prefixes) or (0 if name == "vae" else weights.values(file))
        wanted = 0 if part is None else sum(one.numel() for one in part.parameters())
        if 0 < held < wanted:
            raise ModelCorrupt(
                f"The model file {file} holds {held:,} of the {wanted:,} numbers of its {name}. It is damaged, or the "
                f"configuration in {file.with_suffix('')} is another model's."
            )


def _file_class(file: Path) -> Any:
    index = file.with_suffix("") / "model_index.json"
    if index.is_file():
        return getattr(diffusers, json.loads(index.read_text(encoding="utf-8"))["_class_name"])
    family = models.family_of_file(file)
    named = next((kind for kind, known in models.FAMILIES.items() if known == family), None)
    if named is None:
        raise ModelIncomplete(f"The family of the model file {file} is not known. Put its configuration beside it.")
    return getattr(diffusers, named)


def _without_safety_checker(folder: Path) -> dict[str, Any]:
    index = DiffusionPipeline.load_config(folder)
    return {"safety_checker": None, "requires_safety_checker": False} if "safety_checker" in index else {}


def weight_files(folder: Path) -> list[Path]:
    """Every weight file of a model in diffusers' layout, in a fixed order."""
    index = DiffusionPipeline.load_config(folder)
    parts = [part for part in sorted(index) if not part.startswith("_")]
    return [file for part in parts for file in sorted((folder / part).glob("*.safetensors"))]


def _check_complete(folder: Path, base: Any) -> None:
    """Every weight must come from a file: diffusers would draw missing ones at random, and the pictures be noise."""
    for name in (*DENOISERS, "vae"):
        part = base.components.get(name)
        if part is None:
            continue
        stored = {_renamed(key) for file in (folder / name).glob("*.safetensors") for key in weights.keys(file)}
        if missing := sorted(set(part.state_dict()) - stored):
            raise ModelCorrupt(
                f"The weights in {folder / name} lack {len(missing)} tensors, first {missing[0]}. Copy the model again."
            )


def _renamed(key: str) -> str:
    """Attention weights as diffusers names them today; autoencoders of 2022 have the older names."""
    for old, new in ((".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")):
        key = key.replace(old, new)
    return key
