"""Answers to questions about words and pictures: CLIP (Radford et al. 2021) and CLIPSeg (Lüddecke & Ecker 2022)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageOps

from pixxelbot.engine.network import Network
from pixxelbot.errors import InvalidRequest
from pixxelbot.question import Answer, Question

ROLES: Final = {"embed_text": "clip", "embed_picture": "clip", "rank": "clip", "segment": "segmenter"}
"""Kind of question → role of the network that answers it."""


def answer(question: Question, pictures: Sequence[Image.Image], network: Network) -> Answer:
    """What the network finds.

    Raises:
        InvalidRequest: no words, or not the number of pictures that the question is about.
    """
    _check(question, len(pictures))
    match question.kind:
        case "embed_text":
            return Answer(model_hash=network.hash, vectors=_plain(text_vectors(network, question.words)))
        case "embed_picture":
            return Answer(model_hash=network.hash, vectors=_plain(picture_vectors(network, pictures)))
        case "rank":
            return Answer(model_hash=network.hash, scores=ranked(network, pictures[0], question.words))
        case "segment":
            found = [_png(mask) for mask in masks(network, pictures[0], question.words)]
            return Answer(model_hash=network.hash, masks=tuple(found))


def text_vectors(network: Network, words: Sequence[str]) -> torch.Tensor:
    """(phrases, dimensions), each of length 1."""
    clip = network.module
    held = clip.text_model(**_tokens(network, words))
    return _unit(clip.text_projection(held.pooler_output))


def picture_vectors(network: Network, pictures: Sequence[Image.Image]) -> torch.Tensor:
    """(pictures, dimensions), each of length 1."""
    clip = network.module
    side = clip.config.vision_config.image_size
    pixels = torch.cat([network.pixels(ImageOps.fit(one, (side, side), Image.Resampling.BICUBIC)) for one in pictures])
    return _unit(clip.visual_projection(clip.vision_model(pixel_values=pixels).pooler_output))


def ranked(network: Network, picture: Image.Image, words: Sequence[str]) -> tuple[float, ...]:
    """How well each phrase describes the picture, as shares of 1."""
    likeness = text_vectors(network, words) @ picture_vectors(network, [picture])[0]
    shares = torch.softmax(likeness * network.module.logit_scale.exp().float().cpu(), dim=0)
    return tuple(shares.tolist())


def masks(network: Network, picture: Image.Image, words: Sequence[str]) -> list[Image.Image]:
    """A grey picture of the same size for each phrase: white is what it names."""
    side = network.module.config.vision_config.image_size
    square = picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    pixels = network.pixels(square).expand(len(words), -1, -1, -1)
    levels = network.module(pixel_values=pixels, **_tokens(network, words)).logits.float().sigmoid().cpu()
    levels = levels.reshape(len(words), *levels.shape[-2:])  # one phrase alone comes without its dimension
    found = [Image.fromarray((one.numpy() * 255).round().astype(np.uint8)) for one in levels]
    return [one.resize(picture.size, Image.Resampling.BILINEAR) for one in found]


def _tokens(network: Network, words: Sequence[str]) -> dict[str, torch.Tensor]:
    held = network.tokenizer(list(words), padding="max_length", truncation=True, return_tensors="pt")
    device = network.module.device
    return {name: held[name].to(device) for name in ("input_ids", "attention_mask")}


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(vectors.detach().float().cpu(), dim=-1)


def _plain(vectors: torch.Tensor) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, vectors.tolist()))


def _png(mask: Image.Image) -> bytes:
    encoded = io.BytesIO()
    mask.save(encoded, "PNG")
    return encoded.getvalue()


def _check(question: Question, pictures: int) -> None:
    if question.kind != "embed_picture" and not question.words:
        raise InvalidRequest("There are no words to look for.")
    wanted = {"embed_text": 0, "rank": 1, "segment": 1}.get(question.kind, max(pictures, 1))
    if pictures != wanted:
        raise InvalidRequest(f"This question needs {wanted} picture{'' if wanted == 1 else 's'}, not {pictures}.")
