"""Tiny models of every family with random weights, in the layouts that real ones have, tokenizers and all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
import transformers

END, START = "<|endoftext|>", "<|startoftext|>"
WORDS: Final = 300
"""Tokens of the tiny vocabularies, or a few fewer: bytes, and nothing longer."""


def build(family: str, folder: Path) -> Path:
    """A model of the family in diffusers' layout."""
    torch.manual_seed(sum(map(ord, family)))
    FAMILIES[family]().save_pretrained(folder, safe_serialization=True)
    if family in ("flux", "qwen-image"):  # their configurations do not say what size they were trained at
        (folder / "limits.json").write_text(json.dumps({"native": 32, "minimum": 16, "maximum": 64}))
    return folder


# --- words ------------------------------------------------------------------------------------------------------


def letters() -> list[str]:
    """Every byte, as byte-level tokenizers write them."""
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def clip_tokenizer(window: int = 77) -> Any:
    vocab = {word: place for place, word in enumerate([*letters(), *(f"{one}</w>" for one in letters()), START, END])}
    return transformers.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=window)


def t5_tokenizer() -> Any:
    words = ["<pad>", "</s>", "<unk>", "▁", *letters()]
    vocab = [(word, -float(place)) for place, word in enumerate(words)]
    return transformers.T5Tokenizer(vocab=vocab, extra_ids=0, model_max_length=64)


def qwen_tokenizer() -> Any:
    vocab = {word: place for place, word in enumerate([*letters(), END, "<|im_start|>", "<|im_end|>"])}
    made = transformers.Qwen2Tokenizer(vocab=vocab, merges=[], model_max_length=2048)
    made.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    return made


def clip_config(width: int = 32, **changes: Any) -> Any:
    tokens = 2 * len(letters()) + 2
    return transformers.CLIPTextConfig(
        hidden_size=width, intermediate_size=37, num_attention_heads=4, num_hidden_layers=3, vocab_size=tokens,
        bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=tokens - 1, projection_dim=32, **changes,
    )  # fmt: skip


def clip_tower(width: int = 32) -> Any:
    return transformers.CLIPTextModel(clip_config(width)).eval()


def projected_tower() -> Any:
    return transformers.CLIPTextModelWithProjection(clip_config(hidden_act="gelu")).eval()


def t5_tower() -> Any:
    config = transformers.T5Config(
        vocab_size=WORDS, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, feed_forward_proj="gated-gelu"
    )
    return transformers.T5EncoderModel(config).eval()


# --- parts ------------------------------------------------------------------------------------------------------


def autoencoder(channels: int = 4, **changes: Any) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=(8, 16), in_channels=3, out_channels=3, latent_channels=channels, norm_num_groups=2,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, sample_size=32,
        **changes,
    ).eval()  # fmt: skip


def unet(width: int = 32, channels: int = 4, **changes: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        sample_size=16, in_channels=channels, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=width, norm_num_groups=2,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **({"attention_head_dim": 4} | changes),
    ).eval()  # fmt: skip


def sdxl_unet() -> Any:
    return unet(
        64, addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=80,
        transformer_layers_per_block=(1, 2), attention_head_dim=(2, 4), use_linear_projection=True,
    )  # fmt: skip


def noise_schedule(**changes: Any) -> Any:
    return diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False,
        steps_offset=1, **changes,
    )  # fmt: skip


def flow_schedule() -> Any:
    return diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=False, shift=3.0)


# --- models -----------------------------------------------------------------------------------------------------


def sd1(**changes: Any) -> Any:
    parts = {
        "unet": unet(), "vae": autoencoder(), "text_encoder": clip_tower(), "tokenizer": clip_tokenizer(),
        "scheduler": noise_schedule(), "safety_checker": None, "feature_extractor": None,
        "requires_safety_checker": False,
    }  # fmt: skip
    return diffusers.StableDiffusionPipeline(**(parts | changes))


def sd2() -> Any:
    wide = {"unet": unet(1024, use_linear_projection=True), "text_encoder": clip_tower(1024)}
    return sd1(**wide, scheduler=noise_schedule(prediction_type="v_prediction"))


def sdxl(**changes: Any) -> Any:
    parts = {
        "unet": sdxl_unet(), "vae": autoencoder(), "text_encoder": clip_tower(), "tokenizer": clip_tokenizer(),
        "text_encoder_2": projected_tower(), "tokenizer_2": clip_tokenizer(), "scheduler": noise_schedule(),
    }  # fmt: skip
    return diffusers.StableDiffusionXLPipeline(**(parts | changes))


def sd3() -> Any:
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=16, patch_size=1, in_channels=16, out_channels=16, num_layers=2, attention_head_dim=8,
        num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=32, pooled_projection_dim=64,
        pos_embed_max_size=64,
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer.eval(), vae=autoencoder(16, shift_factor=0.0609, scaling_factor=1.5305),
        text_encoder=projected_tower(), tokenizer=clip_tokenizer(), text_encoder_2=projected_tower(),
        tokenizer_2=clip_tokenizer(), text_encoder_3=t5_tower(), tokenizer_3=t5_tokenizer(),
        scheduler=flow_schedule(),
    )  # fmt: skip


def flux_transformer(**changes: Any) -> Any:
    return diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8),
        guidance_embeds=True, **changes,
    ).eval()  # fmt: skip


def flux_parts() -> dict[str, Any]:
    return {
        "transformer": flux_transformer(), "vae": autoencoder(shift_factor=0.0609, scaling_factor=1.5305),
        "text_encoder": clip_tower(), "tokenizer": clip_tokenizer(), "text_encoder_2": t5_tower(),
        "tokenizer_2": t5_tokenizer(), "scheduler": flow_schedule(),
    }  # fmt: skip


def flux() -> Any:
    parts = flux_parts()
    return diffusers.FluxPipeline(**parts)


def qwen_image() -> Any:
    text = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "vocab_size": WORDS, "max_position_embeddings": 2048,
        "rope_scaling": {"type": "default", "mrope_section": [1, 1, 2], "rope_type": "default"},
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        "fullatt_block_indexes": [0],
    }  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision)
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2, in_channels=16, out_channels=4, num_layers=2, attention_head_dim=16, num_attention_heads=3,
        joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    vae = diffusers.AutoencoderKLQwenImage(
        base_dim=24, z_dim=4, dim_mult=[1, 2, 4], num_res_blocks=1, temperal_downsample=[False, True],
        latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
    )  # fmt: skip
    return diffusers.QwenImagePipeline(
        transformer=transformer.eval(), vae=vae.eval(), tokenizer=qwen_tokenizer(), scheduler=flow_schedule(),
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(config).eval(),
    )  # fmt: skip


FAMILIES: Final[dict[str, Callable[[], Any]]] = {
    "sd1": sd1, "sd2": sd2, "sdxl": sdxl, "sd3": sd3, "flux": flux, "qwen-image": qwen_image,
}  # fmt: skip


# --- networks that serve beside them ----------------------------------------------------------------------------


def vision_config() -> dict[str, Any]:
    return {
        "hidden_size": 32, "intermediate_size": 37, "num_attention_heads": 4, "num_hidden_layers": 3,
        "image_size": 32, "patch_size": 8, "projection_dim": 32,
    }  # fmt: skip


def clip(folder: Path) -> Path:
    torch.manual_seed(1)
    config = transformers.CLIPConfig(
        text_config=clip_config().to_dict(), vision_config=vision_config(), projection_dim=32
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    clip_tokenizer().save_pretrained(folder)
    return folder


def segmenter(folder: Path) -> Path:
    torch.manual_seed(2)
    config = transformers.CLIPSegConfig(
        text_config=clip_config().to_dict(), vision_config=vision_config(), projection_dim=32, reduce_dim=16,
        extract_layers=[0, 1, 2], decoder_num_attention_heads=4, decoder_intermediate_size=32,
    )  # fmt: skip
    transformers.CLIPSegForImageSegmentation(config).save_pretrained(folder)
    clip_tokenizer().save_pretrained(folder)
    return folder


def upscaler(folder: Path) -> Path:
    torch.manual_seed(3)
    config = transformers.Swin2SRConfig(
        image_size=16, embed_dim=12, depths=[2], num_heads=[2], window_size=4, upscale=2, num_channels=3,
        num_channels_out=3, upsampler="pixelshuffle",
    )  # fmt: skip
    transformers.Swin2SRForImageSuperResolution(config).save_pretrained(folder)
    return folder


def controlnet(folder: Path, width: int = 32) -> Path:
    torch.manual_seed(4)
    made = diffusers.ControlNetModel(
        in_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), block_out_channels=(8, 16),
        layers_per_block=1, cross_attention_dim=width, norm_num_groups=2, attention_head_dim=4,
        conditioning_embedding_out_channels=(8, 16),
    )  # fmt: skip
    with torch.no_grad():  # a fresh ControlNet says nothing: its last convolutions are zero
        for layer in (*made.controlnet_down_blocks, made.controlnet_mid_block, made.controlnet_cond_embedding.conv_out):
            layer.weight.normal_(std=0.3)
    made.save_pretrained(folder)
    return folder


def controlnet_for(pipeline: Any, folder: Path) -> Path:
    """A ControlNet that fits a tiny model's denoiser: SDXL's, Stable Diffusion 3's or Flux'."""
    torch.manual_seed(10)
    if hasattr(pipeline, "unet"):
        made = diffusers.ControlNetModel.from_unet(pipeline.unet, conditioning_embedding_out_channels=(8, 16))
    elif isinstance(pipeline, diffusers.FluxPipeline):
        made = diffusers.FluxControlNetModel.from_transformer(
            pipeline.transformer, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2
        )
    else:
        made = diffusers.SD3ControlNetModel(
            sample_size=16, patch_size=1, in_channels=16, out_channels=16, num_layers=1, attention_head_dim=8,
            num_attention_heads=4, joint_attention_dim=32, caption_projection_dim=32, pooled_projection_dim=64,
            pos_embed_max_size=64,
        )  # fmt: skip
    with torch.no_grad():  # a fresh one says nothing: what it hands over is multiplied by zeros
        for parameter in made.parameters():
            if not parameter.any():
                parameter.normal_(std=0.3)
    made.save_pretrained(folder)
    return folder


def preview_decoder(folder: Path, channels: int = 4) -> Path:
    """As TAESD, for an autoencoder that halves each side."""
    torch.manual_seed(9)
    made = diffusers.AutoencoderTiny(
        latent_channels=channels, encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1),
    )  # fmt: skip
    made.save_pretrained(folder)
    return folder


def depth_estimator(folder: Path) -> Path:
    torch.manual_seed(5)
    backbone = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14, mlp_ratio=2,
        out_features=["stage1", "stage2"], reshape_hidden_states=False, apply_layernorm=True,
    )  # fmt: skip
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, neck_hidden_sizes=[8, 8], fusion_hidden_size=8, reassemble_hidden_size=16,
        reassemble_factors=[2, 1], head_hidden_size=4, patch_size=14,
    )  # fmt: skip
    transformers.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    return folder


def editor(folder: Path) -> Path:
    """InstructPix2Pix: its denoiser sees the source's latents beside its own."""
    torch.manual_seed(6)
    parts = sd1().components | {"unet": unet(channels=8)}
    made = diffusers.StableDiffusionInstructPix2PixPipeline(**parts, requires_safety_checker=False)
    made.save_pretrained(folder)
    return folder


def adapter(file: Path, layers: dict[str, tuple[int, int]], rank: int = 2, scale: float = 3.0) -> Path:
    """Low-rank adapters for layers (name → inputs, outputs), as diffusers and PEFT write them."""
    from safetensors.torch import save_file

    draw = torch.Generator().manual_seed(7)
    tensors = {}
    for name, (inputs, outputs) in layers.items():
        tensors[f"{name}.lora_A.weight"] = torch.randn(rank, inputs, generator=draw)
        tensors[f"{name}.lora_B.weight"] = torch.randn(outputs, rank, generator=draw) * scale
    save_file(tensors, file)
    return file


def learnt_word(file: Path, vectors: int = 2, width: int = 32) -> Path:
    from safetensors.torch import save_file

    draw = torch.Generator().manual_seed(8)
    save_file({"emb_params": torch.randn(vectors, width, generator=draw) * 3}, file)
    return file
