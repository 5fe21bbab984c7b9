"""Models of well-known shapes with random weights: as fast as the real ones, and nothing to fetch."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
import transformers

from pixxelbot.engine import preview
from pixxelbot.engine.checkpoint import Model
from pixxelbot.engine.network import Network
from pixxelbot.models import of_family
from pixxelbot.settings import BUNDLED


def build(shape: str, device: torch.device, dtype: torch.dtype) -> Model:
    """`sd15` or `sdxl`, on the device."""
    torch.manual_seed(0)
    base: Any = {"sd15": _sd15, "sdxl": _sdxl}[shape]()
    base.to(device, dtype)
    limits = of_family(shape, {"sd15": "sd1", "sdxl": "sdxl"}[shape]).model_copy(update={"minimum": 64})
    return Model(shape, base, limits, dtype, "0" * 64, preview.fit(base.vae))


def _tokenizer() -> Any:
    return transformers.CLIPTokenizer.from_pretrained(BUNDLED / "tokenizer", model_max_length=77)


def _text(width: int, layers: int, heads: int, **changes: Any) -> Any:
    return transformers.CLIPTextConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=heads,
        bos_token_id=793, eos_token_id=794, pad_token_id=794, vocab_size=49408, **changes,
    )  # fmt: skip


def _vae(scale: float) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, scaling_factor=scale,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, force_upcast=False,
    )  # fmt: skip


def _schedule() -> Any:
    return diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False,
        steps_offset=1,
    )  # fmt: skip


def _sd15() -> Any:
    return diffusers.StableDiffusionPipeline(
        unet=diffusers.UNet2DConditionModel(sample_size=64, cross_attention_dim=768), vae=_vae(0.18215),
        text_encoder=transformers.CLIPTextModel(_text(768, 12, 12)), tokenizer=_tokenizer(), scheduler=_schedule(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def _sdxl() -> Any:
    unet = diffusers.UNet2DConditionModel(
        sample_size=128, cross_attention_dim=2048, block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=(5, 10, 20),
        transformer_layers_per_block=(1, 2, 10), use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
    )  # fmt: skip
    second = _text(1280, 32, 20, projection_dim=1280, hidden_act="gelu")
    return diffusers.StableDiffusionXLPipeline(
        unet=unet, vae=_vae(0.13025), text_encoder=transformers.CLIPTextModel(_text(768, 12, 12)),
        tokenizer=_tokenizer(), text_encoder_2=transformers.CLIPTextModelWithProjection(second),
        tokenizer_2=_tokenizer(), scheduler=_schedule(),
    )  # fmt: skip


def clip(device: torch.device) -> Network:
    """CLIP in the shape of ViT-B/32 (Radford et al. 2021)."""
    torch.manual_seed(0)
    text = {"bos_token_id": 793, "eos_token_id": 794, "pad_token_id": 794}
    module = transformers.CLIPModel(transformers.CLIPConfig(text_config=text)).to(device).eval()  # type: ignore[arg-type]
    return Network("clip", "clip", module.requires_grad_(False), "0" * 64, torch.float32, _tokenizer())
