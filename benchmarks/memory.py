"""What drawing takes of this machine's memory, each time in a process of its own.

`peaks` are those of whole requests beside their forecasts, `enlargement` that of a faithful enlargement to 2048 × 2048
pixels: bytes that the process holds beyond what it held with the models loaded and nothing drawn. Linux alone says it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image

from pixxelbot import memory
from pixxelbot.dispatch.renderers.speed import needed
from pixxelbot.engine import profiling
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.job import Job, Rendered
from pixxelbot.profile import Profile
from pixxelbot.recipe import Recipe
from pixxelbot.settings import BUNDLED

SIZES: Final = ((96, 1), (128, 1), (128, 2), (128, 4), (128, 8), (128, 10), (160, 3), (192, 1), (192, 4), (256, 1))
"""Side in pixels, and pictures."""
TIMES: Final = 3
"""Each request is drawn so often; the middle one counts, since what stays is made by the first."""
ENLARGED: Final = 2048
SOURCE: Final = 512
MOST: Final = 1.5 * 2**30
"""Bytes that an enlargement may take beyond the loaded models."""
PATIENCE: Final = 480
"""Seconds before a process that hangs is ended."""


def measured(dtype: str) -> dict[str, Any]:
    """Both, each by a process."""
    if not memory.STATUS.is_file():
        return {"not_measured": "this system does not say what a process holds"}
    return {part: _by_a_process(part, dtype) for part in ("peaks", "enlargement")}


def _by_a_process(part: str, dtype: str) -> Any:
    command = [sys.executable, __file__, part, dtype]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if ended.returncode:
        raise SystemExit(f"{part} was not measured:\n{ended.stderr[-2000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def peaks(dtype: str) -> dict[str, Any]:
    """Forecasts and real peaks of requests of several sizes."""
    engine = Engine(Models({"bundled": str(BUNDLED)}, "cpu", dtype), profiling=True)
    engine.models.want("bundled").result()
    first = _recipe()
    _peak_of(engine, first)
    profile = _profile(engine)
    found = []
    for side, count in SIZES:
        recipe = first.evolve(width=side, height=side, count=count)
        real = sorted(_peak_of(engine, recipe) for _ in range(TIMES))[TIMES // 2]
        forecast = needed(recipe, [profile]) or 0
        found.append({"side": side, "count": count, "off_by": round(forecast / real - 1, 3)} | _mib(forecast, real))
    off = sorted(abs(one["off_by"]) for one in found)
    return {"requests": found, "median_off_by": off[len(off) // 2], "worst_off_by": off[-1]}


def enlargement(dtype: str) -> dict[str, Any]:
    """Peak of a faithful enlargement with a network of random weights."""
    with tempfile.TemporaryDirectory() as folder:
        networks = [("sr", "upscaler", str(_upscaler(Path(folder))))]
        engine = Engine(Models({"bundled": str(BUNDLED)}, "cpu", dtype, networks=networks))
        engine.models.want("bundled").result(), engine.models.want_network("upscaler").result()
        sides = {"width": ENLARGED, "height": ENLARGED, "scale": 4.0, "method": "faithful"}
        source = Image.effect_noise((SOURCE, SOURCE), 60).convert("RGB")
        peak = _peak_of(engine, _recipe(kind="upscale", sources=("it",), **sides), {"it": source})
    return {"side": ENLARGED, "from_side": SOURCE, "peak_mib": round(peak / 2**20, 1), "within_1.5_gib": peak < MOST}


def _recipe(**changes: Any) -> Recipe:
    values: dict[str, Any] = {
        "prompt": "red fox in the snow", "width": 128, "height": 128, "seed": 1, "steps": 3, "model": "bundled",
        "count": 1, "guidance_scale": 4.5,
    }  # fmt: skip
    return Recipe(**(values | changes))


def _peak_of(engine: Engine, recipe: Recipe, pictures: dict[str, Image.Image] | None = None) -> int:
    told: list[Any] = []
    before = memory.resident_anew()
    engine.submit(Job(request_id="", member_id="", recipe=recipe), pictures or {}, told.append)
    engine.drain()
    if not isinstance(told[-1], Rendered):
        raise told[-1]
    return memory.resident_peak() - before


def _profile(engine: Engine) -> Profile:
    model, call = engine.unmeasured[-1]
    with torch.no_grad():
        *_, found = profiling.measure(model, call)
    assert found is not None
    return found


def _mib(forecast: int, real: int) -> dict[str, float]:
    return {"forecast_mib": round(forecast / 2**20, 1), "peak_mib": round(real / 2**20, 1)}


def _upscaler(folder: Path) -> Path:
    """A Swin2SR with the windows of the published ones, narrower and of few layers."""
    from transformers import Swin2SRConfig, Swin2SRForImageSuperResolution

    torch.manual_seed(0)
    config = Swin2SRConfig(
        image_size=64, embed_dim=60, depths=[2], num_heads=[6], window_size=8, upscale=2, num_channels=3,
        num_channels_out=3, upsampler="pixelshuffledirect",
    )  # fmt: skip
    Swin2SRForImageSuperResolution(config).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    torch.set_num_threads(1)  # so that nothing hangs on how many there are
    json.dump({"peaks": peaks, "enlargement": enlargement}[sys.argv[1]](sys.argv[2]), sys.stdout)
