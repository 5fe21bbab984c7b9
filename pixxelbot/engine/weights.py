"""Weight files: where they lie, whether they are whole, and what their hash is. Only safetensors: no pickle."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import safetensors
import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from pixxelbot import hub
from pixxelbot.errors import ModelMissing

HUB_ID: Final = re.compile(r"[\w-]+/[\w.-]+")
LOADING_ERRORS: Final = (
    OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, ImportError, safetensors.SafetensorError,
)  # fmt: skip
"""What diffusers and transformers raise on folders they cannot read."""
CHUNK: Final = 2**20
"""Bytes hashed at a time."""


def placed(where: str) -> Path:
    """The folder or file; a hub id is fetched first.

    Raises:
        ModelMissing: it is not there.
    """
    place = Path(where)
    if place.exists():
        return place
    if not HUB_ID.fullmatch(where):
        raise ModelMissing(f"The model folder {place} does not exist. Correct PIXXELBOT_MODELS or put it there.")
    return hub.fetched(where)


def keys(file: Path) -> list[str]:
    """Names of the tensors in it."""
    with safetensors.safe_open(file, framework="pt") as stored:
        return list(stored.keys())


def values(file: Path, prefixes: Sequence[str] = ("",)) -> int:
    """Numbers in those of its tensors whose names begin so."""
    named = [name for name in keys(file) if name.startswith(tuple(prefixes))]
    with safetensors.safe_open(file, framework="pt") as stored:
        return sum(math.prod(stored.get_slice(name).get_shape()) for name in named)


def hash_of(folder: Path, files: Sequence[Path]) -> str:
    """One hash over the sha256 and the name of each."""
    whole = hashlib.sha256()
    for file in files:
        one = hashlib.sha256()
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                one.update(chunk)
        whole.update(f"{one.hexdigest()}  {file.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


def in_dtype(module: Any, dtype: torch.dtype) -> Any:
    """The module, all its parameters in that dtype; buffers stay as they are.

    Where a network's first tensor is a buffer in the dtype of the file, diffusers takes every tensor over as it lies
    there (Stable Diffusion 3 saved in float32 and loaded in another).
    """
    for parameter in module.parameters():
        if parameter.is_floating_point() and parameter.dtype != dtype:
            parameter.data = parameter.data.to(dtype)
    return module


def size_of(*modules: Any) -> int:
    """Bytes of all parameters and buffers."""
    held = (tensor for module in modules for tensor in (*module.parameters(), *module.buffers()))
    return sum(_bytes(tensor) for tensor in held if isinstance(tensor, torch.Tensor))


def _bytes(tensor: torch.Tensor) -> int:
    """What it holds; narrowed weights are several tensors behind one that names the wider type."""
    if is_traceable_wrapper_subclass(tensor):
        return sum(_bytes(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])
    return tensor.numel() * tensor.element_size()
