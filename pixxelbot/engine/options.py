"""What the operator may choose for a model beyond its device: attention, compiled blocks, smaller weights, offloading.

Each is off unless set. What a machine or a model cannot do is refused, at the start or as the model is loaded; a model
without repeated blocks is not compiled, which is said in the log.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend, dispatch_attention_fn
from torch.overrides import TorchFunctionMode

from pixxelbot.errors import ConfigurationError

log = logging.getLogger(__name__)

ATTENTION: Final[Mapping[str, tuple[str, str | None]]] = {
    "native": ("native", None),
    "cudnn": ("_native_cudnn", None),
    "flash": ("flash", "flash_attn"),
    "sage": ("sage", "sageattention"),
    "xformers": ("xformers", "xformers"),
}
"""Name → diffusers' name of the back end, and the package it needs. Those that a hub hands out are code: left out."""
ATTENTION_ERRORS: Final = (RuntimeError, ValueError, TypeError, LookupError, AssertionError, ImportError)
"""What back ends raise where they cannot work."""
TRIED: Final = 64
"""Tokens of the attention that is tried."""
COMPILED_SHAPES: Final = 256
"""Shapes that one block may be compiled for: every bucket of rows at every size, and at every depth of a UNet."""
WITHOUT_GPU: Final = "this needs a GPU, and the models are on {device}; leave it unset"


@dataclass(frozen=True)
class Options:
    """One choice for all models."""

    attention: str = "auto"
    """A name in ATTENTION; `auto` leaves it to the library."""
    compiled: bool = False
    """The repeated blocks of denoisers are compiled, and rows filled up, so that few shapes are ever seen."""
    quantised: str = "none"
    """`int8` or `float8`: linear weights of denoisers and text encoders in so many bits."""
    offloaded: str = "none"
    """`parts`: text encoders and autoencoder wait in the CPU's memory; `blocks`: the denoiser's blocks too."""
    compiler: str | Callable[..., Any] = "inductor"
    """What blocks are compiled with."""

    def __str__(self) -> str:
        chosen = [self.attention] * (self.attention != "auto") + ["compiled"] * self.compiled
        return " ".join(chosen + [one for one in (self.quantised, self.offloaded) if one != "none"])

    def check(self, device: torch.device) -> None:
        """Raise ConfigurationError, naming the setting, where this machine cannot do what was chosen."""
        self._check_gpu(device)
        _, package = ATTENTION.get(self.attention, ("", None))
        if package and not importlib.util.find_spec(package):
            raise ConfigurationError("PIXXELBOT_ATTENTION", self.attention, f"it needs {package}, which is not there")
        if self.compiled and self.offloaded == "blocks":
            raise ConfigurationError("PIXXELBOT_OFFLOAD", "blocks", "compiled blocks stay on the device; write parts")
        if self.quantised != "none":
            _weight_only(self.quantised)

    def _check_gpu(self, device: torch.device) -> None:
        if device.type not in ("cpu", "mps"):
            return
        chosen = {
            "PIXXELBOT_ATTENTION": self.attention if self.attention not in ("auto", "native") else None,
            "PIXXELBOT_COMPILE": "true" if self.compiled else None,
            "PIXXELBOT_OFFLOAD": self.offloaded if self.offloaded != "none" else None,
        }
        for variable, value in chosen.items():
            if value:
                raise ConfigurationError(variable, value, WITHOUT_GPU.format(device=device))


def quantise(parts: Sequence[Any], kind: str, device: torch.device) -> None:
    """Replace the linear weights of modules by narrower ones, on the device, a layer at a time."""
    from torchao.quantization import quantize_

    for part in parts:
        quantize_(part, _weight_only(kind), device=device)


def _weight_only(kind: str) -> Any:
    """torchao's configuration.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig
    except ImportError as error:
        raise ConfigurationError(
            "PIXXELBOT_QUANTISATION", kind, "it needs torchao: pip install 'pixxelbot[quantisation]'"
        ) from error
    return {"int8": Int8WeightOnlyConfig, "float8": Float8WeightOnlyConfig}[kind]()


def attend(network: Any, name: str, device: torch.device) -> None:
    """Give a denoiser or ControlNet another attention, in every family: transformers through diffusers' own switch,
    UNets and older transformers by redirecting what they call.

    Raises:
        ConfigurationError: the package is too old, was built for other hardware, or cannot do heads of this size.
    """
    backend = ATTENTION[name][0]
    try:
        for layer in (one for one in network.modules() if hasattr(one, "processor")):
            _attend_layer(layer, backend)
        with attention_backend(backend):  # sees to it that its package is there
            _try_attention(network, backend, device)
        network.set_attention_backend(backend)
    except ATTENTION_ERRORS as error:
        what = f"{type(network).__name__} cannot use it here: {error}"
        raise ConfigurationError("PIXXELBOT_ATTENTION", name, what) from error


def _attend_layer(layer: Any, backend: str) -> None:
    """Redirect one layer's attention, where diffusers' switch does not reach it."""
    processor = layer.processor
    if hasattr(processor, "_attention_backend") or isinstance(processor, Redirected):
        return
    call = type(processor).__call__
    if "scaled_dot_product_attention" not in call.__code__.co_names:
        log.warning("%s attends in a way of its own and keeps it", type(processor).__name__)
        return
    layer.processor = _redirected(processor, backend)


def _redirected(processor: Any, backend: str) -> Any:
    """The processor, whose attention is another."""
    kind = type(processor)

    @functools.wraps(kind.__call__)  # diffusers looks at the names of its parameters
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        with Redirecting(backend):
            return kind.__call__(self, *args, **kwargs)

    own = copy.copy(processor)
    own.__class__ = type(kind.__name__, (Redirected, kind), {"__call__": __call__})
    return own


class Redirected:
    """Marks a processor whose attention was exchanged."""


class Redirecting(TorchFunctionMode):
    """While it is entered, torch's own attention is calculated by one of diffusers' back ends."""

    def __init__(self, backend: str) -> None:
        super().__init__()
        self._backend = AttentionBackendName(backend)

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is not torch.nn.functional.scaled_dot_product_attention:
            return function(*args, **(kwargs or {}))
        return _attention(self._backend, *args, **(kwargs or {}))


def _attention(backend: AttentionBackendName, *given: torch.Tensor, **options: Any) -> torch.Tensor:
    """The same as torch's; diffusers has (batch, tokens, heads, numbers) where torch has heads before tokens."""
    found: torch.Tensor = dispatch_attention_fn(*(one.transpose(1, 2) for one in given), backend=backend, **options)
    return found.transpose(1, 2)


def _try_attention(network: Any, backend: str, device: torch.device) -> None:
    """Attend once with heads of every size that the network has: what fails would fail in the middle of a picture."""
    dtype = next(network.parameters()).dtype
    layers = (one for one in network.modules() if hasattr(one, "processor") and hasattr(one, "inner_dim"))
    for size in sorted({layer.inner_dim // layer.heads for layer in layers}):
        some = torch.zeros(1, 2, TRIED, size, dtype=dtype, device=device)
        _attention(AttentionBackendName(backend), some, some, some)


def compile_blocks(denoiser: Any, compiler: str | Callable[..., Any]) -> bool:
    """Compile the blocks that a denoiser repeats, each shape for itself; whether it has any."""
    denoiser._repeated_blocks = _block_names(denoiser)
    try:
        denoiser.compile_repeated_blocks(backend=compiler, dynamic=False)
    except ValueError as error:
        log.warning("%s has no blocks to compile (%s)", type(denoiser).__name__, error)
        return False
    torch._dynamo.config.recompile_limit = COMPILED_SHAPES
    torch._dynamo.config.accumulated_recompile_limit = COMPILED_SHAPES * 4
    return True


def offload_blocks(denoiser: Any, device: torch.device) -> None:
    """From now on, each repeated block is on the device only while it works; the rest of the denoiser stays there."""
    names = _block_names(denoiser)
    blocks = [part for part in denoiser.modules() if type(part).__name__ in names]
    inside = {id(tensor) for block in blocks for tensor in (*block.parameters(), *block.buffers())}
    for tensor in (*denoiser.parameters(), *denoiser.buffers()):
        if id(tensor) not in inside:
            tensor.data = tensor.data.to(device)
    for block in blocks:
        visiting(block, device)


def visiting(part: Any, device: torch.device) -> None:
    """Move a module to the device for each of its calls, and back to the CPU after it; what it is given comes along."""
    part.to("cpu")
    kind = type(part)
    names = [name for name in ("forward", "encode", "decode") if hasattr(kind, name)]  # autoencoders have no forward
    # a class of its own, and not attributes: copies that decode in tiles or wrap around visit as well
    part.__class__ = type(kind.__name__, (kind,), {name: _between(getattr(kind, name), device) for name in names})


def _between(called: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    def there(value: Any) -> Any:
        return value.to(device) if isinstance(value, torch.Tensor) else value

    @functools.wraps(called)
    def visited(part: Any, *args: Any, **kwargs: Any) -> Any:
        part.to(device)
        try:
            return called(part, *map(there, args), **{name: there(value) for name, value in kwargs.items()})
        finally:
            part.to("cpu")

    return visited


def _block_names(denoiser: Any) -> list[str]:
    return list(denoiser._repeated_blocks or denoiser._no_split_modules or ())
