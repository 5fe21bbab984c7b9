"""What acts on a model during a forward and is gone after it: low-rank adapters, and convolutions that wrap around.

Both are entered for one forward and left again, and both are compared by what they do, so that only calls under the
same ones share a forward. No weight is ever changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import torch

from pixxelbot.errors import InvalidRequest

DOWN: Final = (
    ".lora_A.weight",
    ".lora.down.weight",
    "_lora.down.weight",
    ".lora_down.weight",
    ".lora_A.default.weight",
)
UP: Final = (".lora_B.weight", ".lora.up.weight", "_lora.up.weight", ".lora_up.weight", ".lora_B.default.weight")
"""Ends of the names that the two halves of an adapter have had over the years."""


@dataclass(frozen=True, eq=False)
class Half:
    """One adapted layer: y = Wx + scale · up(down(x)) (Hu et al. 2021)."""

    down: torch.Tensor
    up: torch.Tensor
    scale: float

    def __call__(self, layer: Any, given: torch.Tensor) -> torch.Tensor:
        """What is added to the layer's output."""
        if self.down.ndim == 4:
            inner = torch.nn.functional.conv2d(given, self.down.to(given), None, layer.stride, layer.padding)
            return self.scale * torch.nn.functional.conv2d(inner, self.up.to(given))
        inner = torch.nn.functional.linear(given, self.down.to(given))
        return self.scale * torch.nn.functional.linear(inner, self.up.to(given))


class Adapters:
    """Low-rank adapters on one part of a model (its denoiser, or a text encoder)."""

    def __init__(self, name: tuple[Any, ...], layers: Sequence[tuple[Any, Half]]) -> None:
        self._name, self._layers = name, layers
        self._hooks = ExitStack()

    def __hash__(self) -> int:
        return hash(self._name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Adapters) and other._name == self._name

    def __bool__(self) -> bool:
        return bool(self._layers)

    def __enter__(self) -> Self:
        for layer, half in self._layers:
            hook = layer.register_forward_hook(lambda held, given, output, half=half: output + half(held, given[0]))
            self._hooks.callback(hook.remove)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooks.close()


class Wrapping:
    """Convolutions that see the picture's other side beyond its edge, so that copies of it join without a seam."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._before: list[tuple[Any, str]] = []

    def __hash__(self) -> int:
        return hash(("wrapping", id(self._module)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wrapping) and other._module is self._module

    def __enter__(self) -> Self:
        for layer in self._module.modules():
            if isinstance(layer, torch.nn.Conv2d) and layer.padding_mode == "zeros" and any(_padded(layer)):
                self._before.append((layer, layer.padding_mode))
                layer.padding_mode = "circular"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for layer, mode in self._before:
            layer.padding_mode = mode
        self._before.clear()


class Uncompiled:
    """Compiled blocks work as they were written: for what else acts on them, and where bits must not differ."""

    def __hash__(self) -> int:
        return hash("uncompiled")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Uncompiled)

    def __enter__(self) -> Self:
        self._stance = torch.compiler.set_stance("force_eager")
        self._stance.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stance.__exit__(kind, error, trace)


def _padded(layer: torch.nn.Conv2d) -> list[int]:
    return list(layer._reversed_padding_repeated_twice)


def adapters(
    chosen: Sequence[tuple[str, Mapping[str, torch.Tensor], str, float]], prefix: str, module: Any
) -> Adapters:
    """Adapters of `chosen` (name, tensors, hash, strength) for one part of a model, such as `unet`.

    Raises:
        InvalidRequest: an adapter was made for another family.
    """
    layers: list[tuple[Any, Half]] = []
    for name, tensors, _, strength in chosen:
        layers += [(layer, half) for layer, half in _layers(name, tensors, prefix, module, strength)]
    return Adapters((prefix, id(module), tuple((one[2], one[3]) for one in chosen)), layers)


def touches(tensors: Mapping[str, torch.Tensor], parts: Iterable[str]) -> bool:
    """Whether any of an adapter's layers are said to be of one of a model's parts."""
    names = tuple(f"{part}{mark}" for part in parts for mark in "._")
    return any(key.endswith(DOWN) and key.startswith(names) for key in tensors)


def _layers(
    name: str, tensors: Mapping[str, torch.Tensor], prefix: str, module: Any, strength: float
) -> list[tuple[Any, Half]]:
    known = dict(module.named_modules())
    flat = {path.replace(".", "_"): path for path in known}
    found = []
    for key, down in tensors.items():
        end = next((end for end in DOWN if key.endswith(end)), None)
        if end is None or not key.startswith(prefix):
            continue
        stem = key.removesuffix(end)
        path = stem.removeprefix(prefix).lstrip("._").replace(".processor.", ".").removesuffix("_lora")
        layer = known.get(path) or known.get(flat.get(path.replace(".", "_"), ""))
        up = tensors.get(stem + UP[DOWN.index(end)])
        if up is None:
            raise InvalidRequest(
                f"The adapter {name} is not whole: half of {path or stem} is missing. Copy it again, or leave it out."
            )
        if layer is None or not _fits(layer, down, up):
            raise InvalidRequest(
                f"The adapter {name} was made for another family of models: it changes {path or stem}, which this "
                "model does not have in that size. Leave it out, or choose a model of its family."
            )
        alpha = tensors.get(f"{stem}.alpha")
        scale = strength * (float(alpha) / down.shape[0] if alpha is not None else 1.0)
        found.append((layer, Half(down, up, scale)))
    return found


def _fits(layer: Any, down: torch.Tensor, up: torch.Tensor) -> bool:
    weight = getattr(layer, "weight", None)
    if weight is None or weight.ndim != down.ndim:
        return False
    return bool(weight.shape[0] == up.shape[0] and weight.shape[1:] == down.shape[1:])
