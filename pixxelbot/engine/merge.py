"""Calls of a denoiser that were parked, joined row-wise into one and taken apart again.

A row is one latent in one forward: a guided picture has two. Arguments may be nested (SDXL's `added_cond_kwargs`,
ControlNet's lists of residuals); outputs too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import torch
from torch.utils.weak import WeakTensorKeyDictionary

UNBATCHED: Final = frozenset({"img_ids", "txt_ids"})
"""Tensors without a batch dimension (Flux' positions): equal for all, never joined."""
TIMESTEP: Final = "timestep"
SEQUENCE, MASK = "encoder_hidden_states", "encoder_hidden_states_mask"
"""Text and its mask, where a denoiser takes one (Qwen-Image)."""

_digests = WeakTensorKeyDictionary()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a denoiser's forward, with its arguments by name."""

    forward: Callable[..., Any]
    arguments: Mapping[str, Any]
    within: tuple[Any, ...] = ()
    """What acts on the module meanwhile: context managers that are equal where they do the same."""
    alone: bool = False
    """It shares its forward with nobody."""
    buckets: tuple[int, ...] = ()
    """Numbers of rows to fill up to, so that a compiled forward sees few shapes; more than the last go as they are."""

    @classmethod
    def of(cls, forward: Callable[..., Any], names: Sequence[str], *args: Any, **kwargs: Any) -> Call:
        """The call `forward(*args, **kwargs)`; `names` are its parameters in their order, which arguments take over."""
        given = dict(zip(names, args, strict=False)) | kwargs
        if args and len(args) + len(kwargs) > len(given):
            raise TypeError(f"{forward} got an argument twice, or more than it takes")
        return cls(forward, {name: given.pop(name) for name in names if name in given} | given)

    @cached_property
    def rows(self) -> int:
        """Length of the batch dimension: that of the first argument, the latents."""
        return int(next(iter(self.arguments.values())).shape[0])

    @cached_property
    def key(self) -> Hashable:
        """Calls with equal keys can share a forward."""
        names, rows = sorted(self.arguments), self.rows
        like = self._padded_likeness if self.padded else _likeness
        likeness = tuple([like(name, self.arguments[name], rows) for name in names])
        return self.forward, tuple(names), likeness, self.within, id(self) if self.alone else None

    def _padded_likeness(self, name: str, value: Any, rows: int) -> Hashable:
        if name == MASK:
            return "masked"
        if name == SEQUENCE:
            return value.dtype, value.device, tuple(value.shape[2:])
        return _likeness(name, value, rows)

    @property
    def padded(self) -> bool:
        """Whether sequences of different lengths can be joined, because a mask says where each ends."""
        return MASK in self.arguments

    def __call__(self) -> Any:
        """Carry it out."""
        rows = next((size for size in self.buckets if size >= self.rows), self.rows)
        with ExitStack() as acting:
            for one in self.within:
                acting.enter_context(one)
            if rows == self.rows:
                return self.forward(**self.arguments)
            filled = merge([self, *[repeated(self, 1)] * (rows - self.rows)])
            return _rows_of(self.forward(**filled.arguments), 0, self.rows, rows)


def merge(calls: Sequence[Call]) -> Call:
    """One call with the rows of all, in order. Their keys must be equal; a single call comes back untouched."""
    if len(calls) == 1:
        return calls[0]
    rows, names = [call.rows for call in calls], calls[0].arguments
    joined = {
        name: _joined(name, [call.arguments[name] for call in calls], rows)
        for name in names
        if not (calls[0].padded and name in (SEQUENCE, MASK))
    }
    if calls[0].padded:
        joined |= _filled(calls)
    return Call(calls[0].forward, joined, calls[0].within, buckets=calls[0].buckets)


def _filled(calls: Sequence[Call]) -> dict[str, Any]:
    """Sequences joined at the length of the longest, and a mask that hides what was added, where anything was."""
    sequences = [call.arguments[SEQUENCE] for call in calls]
    masks = [call.arguments[MASK] for call in calls]
    longest = max(one.shape[1] for one in sequences)
    if all(mask is None for mask in masks) and all(one.shape[1] == longest for one in sequences):
        return {SEQUENCE: torch.cat(sequences), MASK: None}
    whole = [
        one.new_ones(one.shape[:2], dtype=torch.long) if mask is None else mask.long()
        for one, mask in zip(sequences, masks, strict=True)
    ]
    return {SEQUENCE: torch.cat(_long(sequences, longest)), MASK: torch.cat(_long(whole, longest))}


def _long(tensors: Sequence[torch.Tensor], longest: int) -> list[torch.Tensor]:
    return [torch.cat([one, one.new_zeros(one.shape[0], longest - one.shape[1], *one.shape[2:])], 1) for one in tensors]


def split(output: Any, calls: Sequence[Call]) -> list[Any]:
    """Each call's rows of a merged call's output."""
    if len(calls) == 1:
        return [output]
    parts, start, total = [], 0, sum(call.rows for call in calls)
    for call in calls:
        parts.append(_rows_of(output, start, start + call.rows, total))
        start += call.rows
    return parts


def halves(call: Call) -> tuple[Call, Call]:
    """The call as two, where all rows at once are too many."""
    middle = call.rows // 2
    first, last = (
        {name: _cut(name, value, start, stop, call.rows) for name, value in call.arguments.items()}
        for start, stop in ((0, middle), (middle, call.rows))
    )
    return dataclasses.replace(call, arguments=first), dataclasses.replace(call, arguments=last)


def repeated(call: Call, rows: int) -> Call:
    """A call with the first row of this one, so many times."""
    first = {name: _cut(name, value, 0, 1, call.rows) for name, value in call.arguments.items()}
    one = Call(call.forward, first, call.within)
    return one if rows == 1 else merge([one] * rows)


def together(first: Any, last: Any) -> Any:
    """The output of both halves as one."""
    if isinstance(first, torch.Tensor):
        return torch.cat([first, last]) if first.ndim else first
    if isinstance(first, Mapping):
        return type(first)(**{key: together(first[key], last[key]) for key in first})
    if isinstance(first, list | tuple):
        return type(first)(together(*ones) for ones in zip(first, last, strict=True))
    return first


def _cut(name: str, value: Any, start: int, stop: int, rows: int) -> Any:
    if isinstance(value, torch.Tensor):
        return value[start:stop] if _has_rows(name, value, rows) else value
    if isinstance(value, Mapping):
        return {key: _cut(key, one, start, stop, rows) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_cut(name, one, start, stop, rows) for one in value)
    return value


def _likeness(name: str, value: Any, rows: int) -> Hashable:
    """What must be equal in two arguments that are to be joined."""
    if value is None:
        return None
    if name == TIMESTEP and _is_single(value):
        return "one for all rows"
    if isinstance(value, torch.Tensor):
        kind = value.dtype, value.device
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


def intercept(module: Any, park: Callable[[Call], Any]) -> None:
    """Hand every call of a module's forward to `park`."""
    module.forward = _parking(module.forward, park)


def _parking(forward: Callable[..., Any], park: Callable[[Call], Any]) -> Callable[..., Any]:
    signature = inspect.signature(forward)
    names = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]

    def parked(*args: Any, **kwargs: Any) -> Any:
        return park(Call.of(forward, names, *args, **kwargs))

    parked.__signature__ = signature  # type: ignore[attr-defined]  # some pipelines look at the forward's parameters
    parked.forward = forward  # type: ignore[attr-defined]
    return parked
