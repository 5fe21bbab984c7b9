"""What files say of themselves in their headers."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pixxelbot.app import model_limits
from pixxelbot.errors import ModelCorrupt
from pixxelbot.models import family_of_adapter
from pixxelbot.settings import BUNDLED
from tests import factories

DOWN = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"


def adapter(file: Path, shapes: dict[str, tuple[int, ...]], **told: str) -> Path:
    """A safetensors file with these tensors, all zeros."""
    header: dict[str, Any] = {"__metadata__": told} if told else {}
    end = 0
    for name, shape in shapes.items():
        size = 4
        for side in shape:
            size *= side
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    written = json.dumps(header).encode()
    file.write_bytes(len(written).to_bytes(8, "little") + written + bytes(end))
    return file


@pytest.mark.parametrize(
    ("shapes", "told", "family"),
    [
        ({f"unet.{DOWN}.lora_A.weight": (4, 768)}, {}, "sd1"),
        ({f"unet.{DOWN}.lora_A.weight": (4, 1024)}, {}, "sd2"),
        ({f"unet.{DOWN}.lora_A.weight": (4, 2048)}, {}, "sdxl"),
        ({"lora_te2_text_model.lora_down.weight": (4, 8)}, {}, "sdxl"),
        ({"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": (4, 8)}, {}, "flux"),
        ({"x.lora_down.weight": (4, 8)}, {"ss_base_model_version": "sdxl_base_v1-0"}, "sdxl"),
        ({"x.lora_down.weight": (4, 8)}, {"modelspec.architecture": "stable-diffusion-v1/lora"}, "sd1"),
        ({"emb_params": (3, 768)}, {}, "sd1"),
        ({"clip_l": (3, 768), "clip_g": (3, 1280)}, {}, "sdxl"),
        ({"unet.mid.lora_A.weight": (4, 96)}, {}, None),
        ({}, {}, None),
    ],
)
def test_an_adapters_family_is_read_from_its_header(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], told: dict[str, str], family: str | None
) -> None:
    assert family_of_adapter(adapter(tmp_path / "one.safetensors", shapes, **told)) == family


@pytest.mark.parametrize("content", [b"", b"1234567", b"\xff" * 64, (2).to_bytes(8, "little") + b"[]"])
def test_a_damaged_adapter_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "torn.safetensors"
    file.write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"torn\.safetensors"):
        family_of_adapter(file)


def test_a_model_is_offered_the_adapters_of_its_family_and_a_damaged_one_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(b"")
    anybodys = adapter(tmp_path / "ink.safetensors", {"unet.mid.lora_A.weight": (4, 96)})
    anothers = adapter(tmp_path / "film.safetensors", {f"unet.{DOWN}.lora_A.weight": (4, 2048)})
    places = [("bundled", str(BUNDLED)), ("ink:lora", str(anybodys)), ("film:lora", str(anothers))]
    places += [("torn:lora", str(torn)), ("mojo:embedding", str(anybodys))]
    with caplog.at_level(logging.WARNING):
        limits = model_limits(factories.settings(tmp_path, models=tuple(places)))["bundled"]
    assert (limits.loras, limits.embeddings) == (("ink",), ("mojo",))
    assert "torn is not offered" in caplog.text
