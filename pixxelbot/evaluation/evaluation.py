"""How good a model is: held-out captions drawn, and what comes out measured against what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers import AutoPipelineForText2Image
from PIL import Image
from tqdm import tqdm
from transformers import CLIPModel, CLIPTokenizer

from pixxelbot import models
from pixxelbot.bundled import renders, towers
from pixxelbot.bundled.captions import caption
from pixxelbot.bundled.learning import mosaic
from pixxelbot.bundled.painter import paint
from pixxelbot.bundled.scenes import SOMETHING, Kind, Scene, Split, Thing, compose
from pixxelbot.evaluation import classifier as judging
from pixxelbot.evaluation import scores
from pixxelbot.evaluation.classifier import SURE, Classifier, Seen
from pixxelbot.evaluation.scores import Share

MIX: Final[dict[Kind, float]] = {
    "plain": 0.4, "placed": 0.15, "sized": 0.05, "framed": 0.05, "pair": 0.15, "relation": 0.15, "counted": 0.05,
}  # fmt: skip
"""Kind of scene → its share of the evaluation's captions."""
SEED: Final = 20_000_000
"""First number of the evaluation's paintings and pictures; training's count from zero."""
STEPS: Final = 25
TOGETHER: Final = 16
"""Pictures drawn at once."""
VARIED: Final = 8
"""Prompts for the spread between seeds."""
SEEDS: Final = 6
SHOWN: Final = 48
SHOWN_SIZES: Final = ((192, 96), (96, 192))

Told = dict[str, Share]


@dataclass(frozen=True)
class Asked:
    """One caption of the evaluation, the scene behind it, and the number that seeds its picture."""

    scene: Scene
    words: str
    seed: int
    negative: str = ""


@dataclass
class Result:
    """Everything that was measured."""

    settings: dict[str, Any]
    shares: dict[str, Told] = field(default_factory=dict)
    """Group of pictures → attribute → how many were right: real renders, their VAE round trips, drawn ones, …"""
    numbers: dict[str, float] = field(default_factory=dict)
    grids: dict[str, tuple[list[str], Image.Image]] = field(default_factory=dict)
    """Title → captions and pictures, in rows."""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        shares = {
            group: {
                name: {"right": one.right, "total": one.total, "rate": round(one.rate, 4), "lower": round(one.lower, 4)}
                for name, one in told.items()
            }
            for group, told in self.shares.items()
        }
        return {
            "settings": self.settings,
            "shares": shares,
            "numbers": {k: round(v, 4) for k, v in self.numbers.items()},
        }


def ask(count: int, split: Split = "held-out") -> list[Asked]:
    """The fixed mix of captions, the same for every model; their numbers are none of training's."""
    rng = np.random.default_rng([SEED, count])
    kinds = list(MIX)
    chosen = rng.choice(len(kinds), size=count, p=np.array([MIX[kind] for kind in kinds]) / sum(MIX.values()))
    made = []
    for number, kind in enumerate(chosen):
        scene = _known(rng, split, kinds[kind])
        made.append(Asked(scene, caption(scene, rng, split), SEED + number))
    return made


def _known(rng: np.random.Generator, split: Split, kind: Kind) -> Scene:
    while True:
        scene = compose(rng, split, kind)
        if all(thing.noun != SOMETHING for thing in scene.things):
            return scene


def mark(asked: Sequence[Asked], seen: Sequence[Seen]) -> Told:
    """Which attributes that the captions name are there."""
    told: Told = {}
    for one, saw in zip(asked, seen, strict=True):
        for name, right in _marks(one.scene, saw).items():
            told[name] = told.get(name, Share(0, 0)) + Share(int(right), 1)
    return told


def _marks(scene: Scene, saw: Seen) -> dict[str, bool]:
    there = [saw.of(thing.noun) is not None for thing in scene.things]
    marks: dict[str, bool] = {"style": saw.style == scene.style}
    if len(scene.things) == 1:
        marks["object"] = bool(saw.sights) and saw.sights[0].noun == scene.things[0].noun
        if scene.things[0].count > 1:
            marks["count"] = saw.count == scene.things[0].count
    else:
        marks["both objects"] = all(there)
        marks["either object"] = any(there)
    if scene.setting is not None:
        marks["setting"] = saw.setting == scene.setting
    return marks | _colour_marks(scene, saw) | _place_marks(scene, saw)


def _colour_marks(scene: Scene, saw: Seen) -> dict[str, bool]:
    """Colours only of things that are there; another mark counts the missing."""
    found = [(thing, saw.of(thing.noun)) for thing in scene.things if thing.colour is not None]
    right = [sight.colour == thing.colour for thing, sight in found if sight is not None]
    return {"colour": all(right)} if right else {}


def _place_marks(scene: Scene, saw: Seen) -> dict[str, bool]:
    first = saw.of(scene.things[0].noun)
    if scene.place is not None and first is not None:
        return {f"place {scene.place}": first.place == scene.place}
    if scene.relation is None or first is None:
        return {}
    second = saw.of(scene.things[1].noun)
    if second is None:
        return {}
    right = {
        "left of": first.across < second.across,
        "right of": first.across > second.across,
        "above": first.down < second.down,
    }
    return {"relation": right[scene.relation]}


class Evaluator:
    """One model under evaluation, the classifier that judges it, and CLIP where the model folder has one."""

    def __init__(self, model: Path, judge: Classifier, guidance: float | None) -> None:
        models.check(model)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.judge, self.device = judge.to(device), device
        self.guidance = models.limits(model.name, model).guidance_scale if guidance is None else guidance
        self.pipe = AutoPipelineForText2Image.from_pretrained(model, dtype=torch.float32, low_cpu_mem_usage=False)
        self.pipe.to(device)
        self.pipe.set_progress_bar_config(disable=True)
        self.clip: Any = None
        if (model / "clip").is_dir():
            self.clip = CLIPModel.from_pretrained(model / "clip", dtype=torch.float32).to(device).eval()
            self.words = CLIPTokenizer.from_pretrained(model / "tokenizer")

    def draw(self, asked: Sequence[Asked], what: str, size: renders.Size = renders.NATIVE) -> torch.Tensor:
        """Pictures (n, 3, height, width), −1 to 1, each from its own seed."""
        drawn = []
        for start in tqdm(range(0, len(asked), TOGETHER), desc=what):
            part = asked[start : start + TOGETHER]
            images = self.pipe(
                [one.words for one in part],
                negative_prompt=[one.negative for one in part],
                width=size[0],
                height=size[1],
                num_inference_steps=STEPS,
                guidance_scale=self.guidance,
                generator=[torch.Generator().manual_seed(one.seed) for one in part],
                output_type="pt",
            ).images
            drawn.append(images.float().cpu() * 2 - 1)
        return torch.cat(drawn)

    def round_trip(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pictures through the VAE and back."""
        vae = self.pipe.vae
        with torch.no_grad():
            parts = [
                vae.decode(vae.encode(part.to(self.device)).latent_dist.mean).sample.clamp(-1, 1).cpu()
                for part in torch.split(pixels, 32)
            ]
        return torch.cat(parts)

    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        """CLIP's image features, unit vectors (n, d)."""
        with torch.no_grad():
            found = [
                self.clip.visual_projection(self.clip.vision_model(part.to(self.device)).pooler_output).cpu()
                for part in torch.split(pixels, 64)
            ]
        return torch.nn.functional.normalize(torch.cat(found).float(), dim=-1)

    def read(self, texts: Sequence[str]) -> torch.Tensor:
        """CLIP's text features, unit vectors (n, d)."""
        ids = towers.encode(self.words, texts)
        with torch.no_grad():
            found = [
                self.clip.text_projection(self.clip.text_model(part.to(self.device)).pooler_output).cpu()
                for part in torch.split(ids, 64)
            ]
        return torch.nn.functional.normalize(torch.cat(found).float(), dim=-1)


def real(asked: Sequence[Asked], size: renders.Size = renders.NATIVE) -> torch.Tensor:
    """The painter's own pictures of the same scenes."""
    images = [paint(one.scene, one.seed, *size, "held-out").image for one in asked]
    return renders.to_tensor(np.stack(images))


def evaluate(evaluator: Evaluator, count: int) -> Result:
    """Every measurement on `count` captions; the smaller ones on a fixed part of as many."""
    result = Result({"captions": count, "guidance": evaluator.guidance, "steps": STEPS, "seed": SEED})
    asked = ask(count)
    truth = real(asked)
    back = evaluator.round_trip(truth)
    drawn = evaluator.draw(asked, "held-out captions")
    for group, pictures in (("real", truth), ("round trip", back), ("drawn", drawn)):
        result.shares[group] = mark(asked, judging.look(evaluator.judge, pictures))
    _measure_vae(result, truth, back)
    result.grids["Held-out captions"] = _grid(asked, drawn)
    for measure in (_measure_wording, _measure_sizes, _measure_unknown, _measure_negative):
        measure(result, evaluator, max(8, count // 5))
    if evaluator.clip is not None:
        _measure_clip(result, evaluator, asked, truth, drawn)
        _measure_spread(result, evaluator)
    return result


def _grid(asked: Sequence[Asked], pictures: torch.Tensor, shown: int = SHOWN) -> tuple[list[str], Image.Image]:
    return [one.words for one in asked[:shown]], mosaic(renders.to_bytes(pictures[:shown]), 8)


def _measure_vae(result: Result, truth: torch.Tensor, back: torch.Tensor) -> None:
    pair = (truth + 1) / 2, (back + 1) / 2
    result.numbers["VAE PSNR in dB"] = float(scores.psnr(*pair).mean())
    result.numbers["VAE SSIM"] = float(scores.ssim(*pair).mean())


def _measure_wording(result: Result, evaluator: Evaluator, count: int) -> None:
    """The same held-out scenes in the plainest words, in training's and in unseen ones."""
    asked = [one for one in ask(2 * count) if len(one.scene.things) == 1][:count]
    rng = np.random.default_rng(SEED + 1)
    wordings: dict[str, Callable[[Scene], str]] = {
        "plain words": plainly,
        "training's words": lambda scene: caption(scene, rng, "train"),
        "unseen words": lambda scene: caption(scene, rng, "held-out"),
    }
    for name, said in wordings.items():
        worded = [Asked(one.scene, said(one.scene), one.seed) for one in asked]
        result.shares[name] = mark(worded, judging.look(evaluator.judge, evaluator.draw(worded, name)))


def plainly(scene: Scene) -> str:
    """The barest words for a scene of one thing."""
    thing = scene.things[0]
    words = [thing.size, thing.colour, thing.noun, scene.place, scene.setting, scene.framing]
    number = [] if thing.count == 1 else [str(thing.count)]
    style = [] if scene.style == "flat" else [scene.style]
    return " ".join([*number, *(word for word in words if word), *style])


def _measure_sizes(result: Result, evaluator: Evaluator, count: int) -> None:
    """An equal number of every other size, with real ones beside them, since the judge sees them smaller."""
    each = max(1, count // len(renders.SIZES[1:]))
    asked = [Asked(one.scene, one.words, one.seed + 80_000) for one in ask(each)]
    for size in renders.SIZES[1:]:
        pictures = {"real": real(asked, size), "drawn": evaluator.draw(asked, "{}×{}".format(*size), size)}
        for group, some in pictures.items():
            told = result.shares.setdefault(f"other sizes, {group}", {})
            for name, share in mark(asked, judging.look(evaluator.judge, squared(some))).items():
                told[name] = told.get(name, Share(0, 0)) + share
        if size in SHOWN_SIZES:
            result.grids["{}×{}".format(*size)] = _grid(asked, pictures["drawn"], 16)


def squared(pixels: torch.Tensor) -> torch.Tensor:
    """Pictures of any size on a square of the native side, their edges drawn out to fill it."""
    height, width = pixels.shape[2:]
    side = max(height, width)
    across, down = side - width, side - height
    edges = (across // 2, across - across // 2, down // 2, down - down // 2)
    filled = torch.nn.functional.pad(pixels, edges, mode="replicate")
    return torch.nn.functional.interpolate(filled, size=renders.NATIVE, mode="bilinear", antialias=True)


def _measure_unknown(result: Result, evaluator: Evaluator, count: int) -> None:
    """Nouns that nobody knows: an empty scene or the abstract mark is right, a clear other object is wrong."""
    rng = np.random.default_rng(SEED + 2)
    scenes = [Scene((Thing(SOMETHING),), compose(rng, "held-out", "plain").setting) for _ in range(count)]
    asked = [Asked(scene, caption(scene, rng, "held-out"), SEED + 40_000 + n) for n, scene in enumerate(scenes)]
    drawn = evaluator.draw(asked, "unknown nouns")
    wrong = [confident_object(saw) for saw in judging.look(evaluator.judge, drawn)]
    result.shares["unknown nouns"] = {"no confident wrong object": Share(count - sum(wrong), count)}
    result.grids["Unknown nouns"] = _grid(asked, drawn, 16)


def confident_object(saw: Seen) -> bool:
    """Whether the largest object is one of the vocabulary, and surely."""
    return bool(saw.sights) and saw.sights[0].noun != SOMETHING and saw.sights[0].sure >= SURE


def _measure_negative(result: Result, evaluator: Evaluator, count: int) -> None:
    """Two objects asked for, the second also in the negative prompt: it must go and the first must stay."""
    rng = np.random.default_rng(SEED + 3)
    scenes = [_known(rng, "held-out", "pair") for _ in range(count)]
    asked = [
        Asked(scene, caption(scene, rng, "train"), SEED + 60_000 + n, scene.things[1].noun)
        for n, scene in enumerate(scenes)
    ]
    drawn = evaluator.draw(asked, "negative prompts")
    seen = judging.look(evaluator.judge, drawn)
    gone = sum(saw.of(one.negative) is None for one, saw in zip(asked, seen, strict=True))
    kept = sum(saw.of(one.scene.things[0].noun) is not None for one, saw in zip(asked, seen, strict=True))
    result.shares["negative prompts"] = {"removed": Share(gone, count), "rest kept": Share(kept, count)}
    result.grids["Negative prompts (the second object)"] = _grid(asked, drawn, 16)


def _measure_clip(
    result: Result, evaluator: Evaluator, asked: Sequence[Asked], truth: torch.Tensor, drawn: torch.Tensor
) -> None:
    seen, true = evaluator.see(drawn), evaluator.see(truth)
    read = evaluator.read([one.words for one in asked])
    others = read.roll(len(read) // 2, 0)
    result.numbers["CLIP score"] = float((seen * read).sum(1).mean())
    result.numbers["CLIP score of shuffled captions"] = float((seen * others).sum(1).mean())
    result.numbers["CLIP score of real pictures"] = float((true * read).sum(1).mean())
    result.numbers["FID in CLIP's features"] = scores.frechet(true, seen)
    precision, recall = scores.precision_recall(true, seen)
    result.numbers["precision"], result.numbers["recall"] = precision, recall


def _measure_spread(result: Result, evaluator: Evaluator) -> None:
    """How much the pictures of one caption differ from seed to seed, drawn and painted."""
    chosen = [one for one in ask(4 * VARIED) if len(one.scene.things) == 1][:VARIED]
    each = [Asked(one.scene, one.words, one.seed + 1000 * n) for one in chosen for n in range(1, SEEDS + 1)]
    drawn = evaluator.draw(each, "other seeds")
    for name, pictures in (("drawn", drawn), ("real", real(each))):
        features = evaluator.see(pictures).reshape(len(chosen), SEEDS, -1)
        result.numbers[f"spread between seeds, {name}"] = scores.spread(features)
    result.grids["Other seeds"] = [one.words for one in chosen], mosaic(renders.to_bytes(drawn), SEEDS)
