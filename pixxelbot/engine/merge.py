"""Calls of a denoiser that were parked, joined row-wise into one and taken apart again.

A row is one latent in one forward: a guided picture has two. Arguments may be nested (SDXL's `added_cond_kwargs`,
ControlNet's lists of residuals); outputs too.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import torch
from torch.utils.weak import WeakTensorKeyDictionary

UNBATCHED: Final = frozenset({"img_ids", "txt_ids"})
"""Tensors without a batch dimension (Flux' positions): equal for all, never joined."""
TIMESTEP: Final = "timestep"

_digests = WeakTensorKeyDictionary()


@dataclass(frozen=True)
class Call:
    """One call of a denoiser's forward, with its arguments by name."""

    forward: Callable[..., Any]
    arguments: Mapping[str, Any]

    @classmethod
    def of(cls, forward: Callable[..., Any], signature: inspect.Signature, *args: Any, **kwargs: Any) -> Call:
        """The call `forward(*args, **kwargs)`."""
        bound = signature.bind(*args, **kwargs).arguments
        return cls(forward, bound | bound.pop("kwargs", {}))

    @cached_property
    def rows(self) -> int:
        """Length of the batch dimension: that of the first argument, the latents."""
        return int(next(iter(self.arguments.values())).shape[0])

    @cached_property
    def key(self) -> Hashable:
        """Calls with equal keys can share a forward."""
        likeness = (_likeness(name, self.arguments[name], self.rows) for name in sorted(self.arguments))
        return self.forward, tuple(sorted(self.arguments)), tuple(likeness)

    def __call__(self) -> Any:
        """Carry it out."""
        return self.forward(**self.arguments)


def merge(calls: Sequence[Call]) -> Call:
    """One call with the rows of all, in order. Their keys must be equal; a single call comes back untouched."""
    if len(calls) == 1:
        return calls[0]
    rows, names = [call.rows for call in calls], calls[0].arguments
    joined = {name: _joined(name, [call.arguments[name] for call in calls], rows) for name in names}
    return Call(calls[0].forward, joined)


def split(output: Any, calls: Sequence[Call]) -> list[Any]:
    """Each call's rows of a merged call's output."""
    if len(calls) == 1:
        return [output]
    parts, start, total = [], 0, sum(call.rows for call in calls)
    for call in calls:
        parts.append(_rows_of(output, start, start + call.rows, total))
        start += call.rows
    return parts


def _likeness(name: str, value: Any, rows: int) -> Hashable:
    """What must be equal in two arguments that are to be joined."""
    if name == TIMESTEP and _is_single(value):
        return "one for all rows"
    if isinstance(value, torch.Tensor):
        kind = str(value.dtype), str(value.device)
        if _has_rows(name, value, rows):
            return *kind, tuple(value.shape[1:])
        return *kind, tuple(value.shape), _digest(value)
    if isinstance(value, Mapping):
        return tuple((key, _likeness(key, value[key], rows)) for key in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(_likeness(name, one, rows) for one in value)
    return value if isinstance(value, Hashable) else ("incomparable", id(value))


def _joined(name: str, values: list[Any], rows: list[int]) -> Any:
    first = values[0]
    if name == TIMESTEP and _is_single(first):
        # Euler hands floats and DPM++ integers: the embedding is computed in float32 either way
        return torch.cat([_spread(value, count, values) for value, count in zip(values, rows, strict=True)])
    if isinstance(first, torch.Tensor):
        return torch.cat(values) if _has_rows(name, first, rows[0]) else first
    if isinstance(first, Mapping):
        return {key: _joined(key, [value[key] for value in values], rows) for key in first}
    if isinstance(first, list | tuple):
        return type(first)(_joined(name, list(ones), rows) for ones in zip(*values, strict=True))
    return first


def _spread(value: Any, rows: int, beside: list[Any]) -> torch.Tensor:
    device = next((one.device for one in beside if isinstance(one, torch.Tensor)), None)
    return torch.as_tensor(value, dtype=torch.float32, device=device).reshape(1).expand(rows)


def _is_single(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, torch.Tensor) and value.ndim == 0)


def _has_rows(name: str, value: torch.Tensor, rows: int) -> bool:
    return name not in UNBATCHED and value.ndim > 0 and value.shape[0] == rows


def _digest(value: torch.Tensor) -> str:
    """The tensor's content; remembered, since the same positions come with every step."""
    if value not in _digests:
        content = value.detach().to("cpu", torch.float64).contiguous().numpy().tobytes()
        _digests[value] = hashlib.sha256(content).hexdigest()
    return str(_digests[value])


def _rows_of(output: Any, start: int, stop: int, total: int) -> Any:
    if isinstance(output, torch.Tensor):
        return output[start:stop] if output.ndim and output.shape[0] == total else output
    if isinstance(output, Mapping):  # diffusers' BaseOutput is one
        return type(output)(**{key: _rows_of(value, start, stop, total) for key, value in output.items()})
    if isinstance(output, list | tuple):
        return type(output)(_rows_of(one, start, stop, total) for one in output)
    return output
