"""CLIP's text tower, taught to tell every attribute and gated on that, before pictures are learnt beside it.

Contrastive training alone (Radford et al., "Learning Transferable Visual Models From Natural Language Supervision",
ICML 2021) left a text tower that hardly knew the object, since colour and background suffice to tell captions apart. So
the text tower first learns to name every attribute of every object, and no UNet is trained before a linear probe (Alain
& Bengio, "Understanding intermediate layers using linear classifier probes", 2016) finds them in its features.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from pixxelbot.bundled import learning
from pixxelbot.bundled.captions import SLOTS, caption, disturbed, labels, nothing
from pixxelbot.bundled.learning import Plan, generator
from pixxelbot.bundled.muon import Muon
from pixxelbot.bundled.scenes import Kind, Scene, Split, compose
from pixxelbot.errors import UntrainedModel

TOKENS: Final = 77
"""Length of the window, as CLIP's."""
VOCABULARY: Final = 2048
"""Tokens: every word of the training captions, and pieces for all others."""
TOKENIZER_CAPTIONS: Final = 40_000
WIDTH: Final = {"full": 192, "tiny": 16}
TEXT_LAYERS: Final = {"full": 3, "tiny": 1}
PADDED: Final = (32, 48, TOKENS)
"""Lengths that training pads to: the tower must know its attributes on every position behind the words."""
EMPTY: Final = 0.05
"""Share of captions that say nothing."""
HARD: Final[tuple[Kind, ...]] = ("pair", "relation", "trio", "trio", "placed", "counted")
"""Kinds of scenes that captions are made of more often than pictures."""
GATE: Final = 0.95
"""Accuracy that the linear probe must reach for every attribute before a UNet is trained."""
LOGGED: Final = ("noun_0", "noun_1", "noun_2", "relation")
PROBE_CAPTIONS: Final = {"full": (20_000, 3_000), "tiny": (64, 32)}
"""Captions that the probe learns from, and those of the held-out split that it is measured on."""
PROBE_STEPS: Final = {"full": 1000, "tiny": 3}


@dataclass(frozen=True)
class Said:
    """A caption and the class of each slot that it names, in the order of SLOTS."""

    words: str
    classes: tuple[int, ...]


def said(scene: Scene, rng: np.random.Generator, split: Split) -> Said:
    """What somebody might have written for a scene; in training also with words that nobody knows."""
    words = caption(scene, rng, split)
    return Said(disturbed(words, rng) if split == "train" else words, tuple(labels(scene)[slot] for slot in SLOTS))


def captions(rng: np.random.Generator, split: Split, count: int) -> list[Said]:
    """Fresh captions of fresh scenes, half of them of the kinds that are hard to tell; a few say nothing."""
    chosen = [HARD[int(rng.integers(len(HARD)))] if rng.random() < 0.5 else None for _ in range(count)]
    made = [said(compose(rng, split, kind), rng, split) for kind in chosen]
    empty = (0,) * len(SLOTS)
    return [Said(nothing(rng, split), empty) if rng.random() < EMPTY else one for one in made]


@cache
def tokenizer(work: Path) -> Any:
    """The tokenizer of the work folder: learnt when first asked for, then kept, since the text tower relies on it."""
    kept = work / "text" / "tokenizer"
    if not (kept / "tokenizer.json").is_file():
        _learnt_tokenizer().save_pretrained(kept)
    return CLIPTokenizer.from_pretrained(kept)


def _learnt_tokenizer() -> Any:
    """A CLIP tokenizer whose byte pairs (Sennrich et al., ACL 2016) are learnt from the training captions."""
    rng = np.random.default_rng(0)
    told = (caption(compose(rng, "train"), rng, "train") for _ in range(TOKENIZER_CAPTIONS))
    words = Counter(" ".join(told).lower().split())
    model = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    model.normalizer = normalizers.Lowercase()
    plain = CLIPTokenizer().backend_tokenizer.pre_tokenizer
    model.pre_tokenizer = plain
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        end_of_word_suffix="</w>",
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
        show_progress=False,
    )
    model.train_from_iterator((" ".join([word] * min(count, 50)) for word, count in sorted(words.items())), trainer)
    learnt = json.loads(model.to_str())["model"]
    return CLIPTokenizer(
        vocab=_whole_alphabet(learnt["vocab"]),
        merges=[tuple(pair) for pair in learnt["merges"]],
        model_max_length=TOKENS,
    )


def _whole_alphabet(vocabulary: dict[str, int]) -> dict[str, int]:
    """Every byte also as the last of a word, so that no text is unknown."""
    complete = dict(vocabulary)
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        complete.setdefault(letter, len(complete))
        complete.setdefault(f"{letter}</w>", len(complete))
    return complete


def encode(words: Any, texts: Sequence[str], length: int = TOKENS) -> torch.Tensor:
    """Token ids (n, length), as pipelines make them."""
    ids: torch.Tensor = words(
        list(texts), padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    ).input_ids
    return ids


def text_config(words: Any, size: str) -> Any:
    """The text tower's shape."""
    width = WIDTH[size]
    return CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=width,
        intermediate_size=width * 8 // 3,
        projection_dim=width,
        num_hidden_layers=TEXT_LAYERS[size],
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )


class Reader(nn.Module):
    """The text tower with a linear read-out for every slot; the read-outs are only for training."""

    def __init__(self, tower: Any, width: int) -> None:
        super().__init__()
        self.tower = tower
        self.read = nn.Linear(width, sum(SLOTS.values()))

    def forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Logits (n, positions, classes of all slots) at `positions` (n, positions) of the tokens."""
        states = self.tower(ids).last_hidden_state
        chosen = states.gather(1, positions[..., None].expand(-1, -1, states.shape[-1]))
        logits: torch.Tensor = self.read(chosen)
        return logits


def slot_losses(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of every slot: logits (n, classes of all slots), classes (n, slots) → (slots,)."""
    parts = torch.split(logits.float(), list(SLOTS.values()), dim=-1)
    return torch.stack([nn.functional.cross_entropy(part, classes[:, slot]) for slot, part in enumerate(parts)])


def slot_choices(logits: torch.Tensor) -> torch.Tensor:
    """The likeliest class of every slot: (n, classes of all slots) → (n, slots)."""
    return torch.stack([part.argmax(-1) for part in torch.split(logits, list(SLOTS.values()), dim=-1)], 1)


class Sentences:
    """The text tower's lesson: name every attribute, at the end of the caption and on the padding behind it."""

    def optimizer(self, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        apart = [
            *self.module.get_submodule("tower.embeddings").parameters(),
            *self.module.get_submodule("read").parameters(),
        ]
        return Muon(weights, rate=0.02, other_rate=2e-3, apart=apart)

    def __init__(self, plan: Plan, rank: int) -> None:
        self.plan, self.words = plan, tokenizer(plan.work)
        self.rng = generator(plan, rank, 2)
        torch.manual_seed(plan.seed)
        tower = CLIPTextModel(text_config(self.words, plan.size))
        self.module: nn.Module = Reader(tower, WIDTH[plan.size]).to(plan.device)
        self.tested = captions(np.random.default_rng(9), "held-out", 512)

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        batch = captions(self.rng, "train", self.plan.batch)
        ids = encode(self.words, [one.words for one in batch])
        ends = (ids == self.words.eos_token_id).int().argmax(1)
        length = self._length(int(ends.max()))
        behind = (ends + (torch.rand(len(ids)) * (length - ends)).long()).clamp_max(length - 1)
        logits = self.module(ids[:, :length].to(self.plan.device), torch.stack([ends, behind], 1).to(self.plan.device))
        classes = torch.tensor([one.classes for one in batch], device=self.plan.device)
        losses = slot_losses(logits.flatten(0, 1), classes.repeat_interleave(2, 0))
        return {"loss": losses.sum(), **{slot: losses[list(SLOTS).index(slot)] for slot in LOGGED}}

    def _length(self, end: int) -> int:
        fitting = [length for length in PADDED if length > end + 1] or [TOKENS]
        return int(self.rng.choice(fitting))

    def figures(self) -> dict[str, float]:
        ids = encode(self.words, [one.words for one in self.tested])
        ends = (ids == self.words.eos_token_id).int().argmax(1)
        logits = self.module(ids.to(self.plan.device), ends[:, None].to(self.plan.device))[:, 0]
        right = slot_choices(logits).cpu() == torch.tensor([one.classes for one in self.tested])
        return dict(zip(SLOTS, right.float().mean(0).tolist(), strict=True))

    def grid(self) -> Image.Image:
        """The read-outs of a few held-out captions as a picture: a row a caption, the classes side by side."""
        ids = encode(self.words, [one.words for one in self.tested[:32]])
        ends = (ids == self.words.eos_token_id).int().argmax(1)
        logits = self.module(ids.to(self.plan.device), ends[:, None].to(self.plan.device))[:, 0]
        shares = torch.cat([part.softmax(-1) for part in torch.split(logits.float(), list(SLOTS.values()), dim=-1)], -1)
        return Image.fromarray((shares.cpu().numpy() * 255).astype(np.uint8)).resize((shares.shape[1] * 2, 64 * 4))


def text_tower(work: Path, size: str = "full") -> tuple[Any, Any]:
    """The trained text tower and its tokenizer. Raises UntrainedModel where there is none."""
    words = tokenizer(work)
    reader = Reader(CLIPTextModel(text_config(words, size)), WIDTH[size])
    learning.load_average(reader, work / "text" / "checkpoint.pt")
    return reader.tower.eval().requires_grad_(False), words


def features(tower: Any, words: Any, texts: Sequence[str], device: str = "cpu") -> torch.Tensor:
    """Token features as a UNet sees them, (n, 77, width)."""
    with torch.no_grad():
        parts = [
            tower(encode(words, texts[start : start + 64]).to(device)).last_hidden_state
            for start in range(0, len(texts), 64)
        ]
    return torch.cat(parts)


def probe(tower: Any, words: Any, size: str = "full") -> dict[str, float]:
    """Held-out accuracy of a linear probe on the token features, their mean beside the caption's end, for each slot.

    The worse of two numbers: over all captions, and over those that name the slot.
    """
    counts = PROBE_CAPTIONS[size]
    seen = captions(np.random.default_rng(11), "train", counts[0])
    tested = captions(np.random.default_rng(12), "held-out", counts[1])
    known, asked = (_pooled(tower, words, some) for some in (seen, tested))
    middle, spread = known.mean(0), known.std(0) + 1e-5
    read = nn.Linear(known.shape[1], sum(SLOTS.values()))
    learner = torch.optim.AdamW(read.parameters(), 1e-2, weight_decay=1e-3)
    classes = torch.tensor([one.classes for one in seen])
    draw = torch.Generator().manual_seed(0)
    for _ in range(PROBE_STEPS[size]):
        batch = torch.randint(len(seen), (512,), generator=draw)
        torch.autograd.backward(slot_losses(read((known[batch] - middle) / spread), classes[batch]).sum())
        learner.step()
        learner.zero_grad()
    with torch.no_grad():
        chosen = slot_choices(read((asked - middle) / spread))
    truth = torch.tensor([one.classes for one in tested])
    right = (chosen == truth).float()
    named = (truth > 0).float()
    whole, told = right.mean(0), (right * named).sum(0) / named.sum(0).clamp_min(1)
    worse = torch.where(named.any(0), torch.minimum(whole, told), whole)
    return {slot: round(float(worse[n]), 4) for n, slot in enumerate(SLOTS)}


def _pooled(tower: Any, words: Any, some: Sequence[Said]) -> torch.Tensor:
    parts = []
    for start in range(0, len(some), 256):
        texts = [one.words for one in some[start : start + 256]]
        ids, states = encode(words, texts), features(tower, words, texts)
        ends = (ids == words.eos_token_id).int().argmax(1)
        parts.append(torch.cat([states.mean(1), states[torch.arange(len(ids)), ends]], 1))
    return torch.cat(parts)


def gate(work: Path, size: str = "full") -> dict[str, float]:
    """Measure the text tower, or read what was measured of it before.

    Raises:
        UntrainedModel: it does not tell every attribute (a tower of size `tiny` may).
    """
    checkpoint, kept = work / "text" / "checkpoint.pt", work / "text" / "gate.json"
    if not kept.is_file() or kept.stat().st_mtime < checkpoint.stat().st_mtime:
        kept.write_text(json.dumps(probe(*text_tower(work, size), size)), encoding="utf-8")
    found: dict[str, float] = json.loads(kept.read_text(encoding="utf-8"))
    if size == "full":
        refuse(found)
    return found


def refuse(found: dict[str, float]) -> None:
    """Raise UntrainedModel where an attribute is found in fewer than GATE of the held-out captions."""
    if missed := {slot: accuracy for slot, accuracy in found.items() if accuracy < GATE}:
        raise UntrainedModel(
            f"The text tower does not tell {missed} (each must reach {GATE}); train `text` for longer."
        )
