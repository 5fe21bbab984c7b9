"""A tiny Stable Diffusion 1 in one file, its tensors named as in the first release (Rombach et al. 2022)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file

Names = Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]

UNET: Final[Names] = (
    (r"time_embedding\.linear_(\d)", lambda found: f"time_embed.{2 * int(found[1]) - 2}"),
    (r"conv_in", "input_blocks.0.0"),
    (r"conv_norm_out", "out.0"),
    (r"conv_out", "out.2"),
    (r"down_blocks\.(\d)\.resnets\.0", lambda found: f"input_blocks.{2 * int(found[1]) + 1}.0"),
    (r"down_blocks\.(\d)\.attentions\.0", lambda found: f"input_blocks.{2 * int(found[1]) + 1}.1"),
    (r"down_blocks\.(\d)\.downsamplers\.0\.conv", lambda found: f"input_blocks.{2 * int(found[1]) + 2}.0.op"),
    (r"mid_block\.resnets\.(\d)", lambda found: f"middle_block.{2 * int(found[1])}"),
    (r"mid_block\.attentions\.0", "middle_block.1"),
    (r"up_blocks\.(\d)\.resnets\.(\d)", lambda found: f"output_blocks.{2 * int(found[1]) + int(found[2])}.0"),
    (r"up_blocks\.(\d)\.attentions\.(\d)", lambda found: f"output_blocks.{2 * int(found[1]) + int(found[2])}.1"),
    (r"up_blocks\.0\.upsamplers\.0\.conv", "output_blocks.1.2.conv"),
)
"""Names in diffusers → names in the original, for one layer a block and two blocks each way."""
RESNET: Final[Names] = (
    (r"norm1", "in_layers.0"), (r"conv1", "in_layers.2"), (r"time_emb_proj", "emb_layers.1"),
    (r"norm2", "out_layers.0"), (r"conv2", "out_layers.3"), (r"conv_shortcut", "skip_connection"),
)  # fmt: skip
VAE: Final[Names] = (
    (r"conv_norm_out", "norm_out"),
    (r"conv_shortcut", "nin_shortcut"),
    (r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2"),
    (r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample"),
    (r"up_blocks\.(\d)\.resnets\.(\d)", lambda found: f"up.{1 - int(found[1])}.block.{found[2]}"),
    (r"up_blocks\.(\d)\.upsamplers\.0", lambda found: f"up.{1 - int(found[1])}.upsample"),
    (r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}"),
    (r"mid_block\.attentions\.0", "mid.attn_1"),
    (r"group_norm", "norm"), (r"to_q", "q"), (r"to_k", "k"), (r"to_v", "v"), (r"to_out\.0", "proj_out"),
)  # fmt: skip
POINTWISE: Final = re.compile(r"attn_1\.(q|k|v|proj_out)\.weight")
"""What is a linear layer in diffusers and a convolution of one pixel in the original."""


def write(pipeline: Any, file: Path) -> Path:
    """A file with a tiny pipeline's weights under their original names."""
    tensors = _named("model.diffusion_model.", pipeline.unet.state_dict(), UNET, RESNET)
    vae = _named("first_stage_model.", pipeline.vae.state_dict(), VAE)
    tensors |= {name: one[:, :, None, None] if POINTWISE.search(name) else one for name, one in vae.items()}
    text = {name.removeprefix("text_model."): one for name, one in pipeline.text_encoder.state_dict().items()}
    tensors |= {f"cond_stage_model.transformer.text_model.{name}": one for name, one in text.items()}
    save_file({name: one.contiguous() for name, one in tensors.items()}, file)
    return file


def _named(prefix: str, state: Mapping[str, torch.Tensor], names: Names, inside: Names = ()) -> dict[str, torch.Tensor]:
    return {prefix + _renamed(name, names, inside): one for name, one in state.items()}


def _renamed(name: str, names: Names, inside: Names) -> str:
    for old, new in (*(inside if ".resnets." in name else ()), *names):
        name = re.sub(rf"(?<![^.]){old}(?=\.)", new, name)
    return name
