"""Prompts as the denoiser reads them: weighted parts and words, prompts beyond the window, learnt words, mixtures.

`space:: ship::2` is two prompts whose meanings are mixed, the second twice as strong (as Midjourney writes it);
`a (red:1.3) fox` stresses a word (as AUTOMATIC1111 writes it). A stressed word's features are moved away from those of
an empty prompt at the same place: e + w·(z − e). Text towers of CLIP read a long prompt a window at a time, and the
features stand one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch

from pixxelbot.recipe import PART, STRESSED

MAX_WINDOWS: Final = 8
"""A prompt is read so many windows far: 600 word pieces with CLIP."""
CLIP_FAMILIES: Final = ("stable-diffusion", "stable-diffusion-xl")
"""Families that read through nothing but CLIP's text towers; the others have windows of hundreds of tokens."""

Features = dict[str, torch.Tensor]
"""Arguments of a pipeline that stand for a prompt: one row each, or batches of rows."""


@dataclass(frozen=True)
class Fragment:
    """Words and how much they count: 1 as they stand."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class Part:
    """A prompt of its own within a prompt."""

    fragments: tuple[Fragment, ...]
    weight: float = 1.0

    @property
    def text(self) -> str:
        """The words alone."""
        return " ".join(" ".join(one.text for one in self.fragments).split())


def parts(prompt: str) -> tuple[Part, ...]:
    """A prompt's parts; one of weight 1 where it has no weights in it."""
    pieces, start = [], 0
    for match in PART.finditer(prompt):
        pieces.append((prompt[start : match.start()], float(match[1] or 1)))
        start = match.end()
    pieces.append((prompt[start:], 1.0))
    found = tuple(Part(fragments(text), weight) for text, weight in pieces if text.strip(" ,"))
    if not found or sum(part.weight for part in found) <= 0:
        return (Part(fragments(" ".join(text for text, _ in pieces))),)
    return found


def fragments(text: str) -> tuple[Fragment, ...]:
    """Words and stressed words of one part, in order."""
    found, start = [], 0
    for match in STRESSED.finditer(text):
        found += [Fragment(text[start : match.start()]), Fragment(match[1], float(match[2]))]
        start = match.end()
    found.append(Fragment(text[start:]))
    return tuple(one for one in found if one.text.strip()) or (Fragment(""),)


def weighed(prompt: str) -> bool:
    """Whether there are weights in it."""
    found = parts(prompt)
    stressed = any(fragment.weight != 1 for part in found for fragment in part.fragments)
    return stressed or len(found) > 1 or found[0].weight != 1


class Reader:
    """Reads prompts for one pipeline; `learnt` holds vectors of learnt words, by tower, by `<name>`."""

    def __init__(self, pipeline: Any, family: str, learnt: Mapping[str, Sequence[torch.Tensor]] | None = None) -> None:
        self.pipeline, self.family, self.learnt = pipeline, family, dict(learnt or {})

    @property
    def towers(self) -> list[tuple[Any, Any]]:
        """CLIP's tokenizers and text encoders, as far as the family reads its sequences through them."""
        if self.family not in CLIP_FAMILIES:
            return []
        held = (
            (getattr(self.pipeline, f"tokenizer{end}", None), getattr(self.pipeline, f"text_encoder{end}", None))
            for end in ("", "_2")
        )
        return [(tokenizer, encoder) for tokenizer, encoder in held if tokenizer and encoder]

    def needed(self, prompt: str, negative: str = "") -> bool:
        """Whether a prompt takes more than the pipeline's own reading."""
        return any(weighed(text) or self.windows(text) > 1 or self._uses_learnt(text) for text in (prompt, negative))

    def windows(self, prompt: str) -> int:
        """How many windows of CLIP's the prompt fills."""
        if not self.towers:
            return 1
        tokenizer, _ = self.towers[0]
        inside = int(tokenizer.model_max_length) - 2
        longest = max(len(_pieces(tokenizer, part.text)) for part in parts(prompt))
        return max(1, -(-longest // inside))

    def read(self, prompt: str, negative: str, guided: bool) -> Features:
        """One row for the prompt and, where it is guided, one for the negative prompt."""
        if not self.towers:
            return self._read_plainly(prompt, negative, guided)
        windows = min(max(self.windows(prompt), self.windows(negative) if guided else 1), MAX_WINDOWS)
        found = _named(*self._mixed(prompt, windows), "")
        if guided and not negative and self.pipeline.config.get("force_zeros_for_empty_prompt"):  # SDXL's training
            found |= {f"negative_{name}": torch.zeros_like(value) for name, value in found.items()}
        elif guided:
            found |= _named(*self._mixed(negative, windows), "negative_")
        if len(self.towers) == 1:
            return {name: value for name, value in found.items() if "pooled" not in name}
        return found

    def _mixed(self, prompt: str, windows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (1, windows × tokens, width) and pooled features (1, width) of all parts together."""
        found = parts(prompt)
        read = [self._part(part, windows) for part in found]
        shares = [part.weight / sum(one.weight for one in found) for part in found]
        features = sum(share * one for share, (one, _) in zip(shares, read, strict=True))
        pooled = sum(share * one for share, (_, one) in zip(shares, read, strict=True))
        assert isinstance(features, torch.Tensor)
        assert isinstance(pooled, torch.Tensor)
        return features, pooled

    def _part(self, part: Part, windows: int) -> tuple[torch.Tensor, torch.Tensor]:
        read = [self._tower(place, part, windows) for place in range(len(self.towers))]
        return torch.cat([features for features, _ in read], dim=-1), read[-1][1]

    def _tower(self, place: int, part: Part, windows: int) -> tuple[torch.Tensor, torch.Tensor]:
        tokenizer, _ = self.towers[place]
        inside = tokenizer.model_max_length - 2
        pieces = [one for fragment in part.fragments for one in self._pieces(place, fragment)][: windows * inside]
        rows = [pieces[start : start + inside] for start in range(0, windows * inside, inside)]
        features, pooled = self._encoded(place, rows)
        if any(one.weight != 1 for one in pieces):
            empty, _ = self._encoded(place, [[]])
            scale = torch.ones(windows, inside + 2, 1, dtype=features.dtype, device=features.device)
            for row, held in enumerate(rows):
                for column, one in enumerate(held):
                    scale[row, column + 1] = one.weight
            features = empty + scale * (features - empty)
        return features.reshape(1, -1, features.shape[-1]), pooled[:1]

    def _pieces(self, place: int, fragment: Fragment) -> Iterator[_Piece]:
        """Word pieces of a fragment; a learnt word is as many as it has vectors."""
        tokenizer, _ = self.towers[place]
        names = "|".join(re.escape(name) for name in self.learnt)
        for text in re.split(f"({names})", fragment.text) if names else [fragment.text]:
            if text in self.learnt:
                vectors = self.learnt[text][place]
                yield from (_Piece(tokenizer.unk_token_id or 0, fragment.weight, vector) for vector in vectors)
            else:
                yield from (_Piece(token, fragment.weight) for token in _pieces(tokenizer, text))

    def _encoded(self, place: int, rows: Sequence[Sequence[_Piece]]) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, tokens, width) as the family's own reading takes them, and pooled (rows, width)."""
        tokenizer, encoder = self.towers[place]
        ids = torch.tensor([_framed(tokenizer, row) for row in rows], device=encoder.device)
        with _in_place(encoder, rows):
            held = encoder(ids, output_hidden_states=True)
        if self.family == "stable-diffusion":
            return held[0], held[0][:, 0]
        return held.hidden_states[-2], held[0] if held[0].ndim == 2 else held[0][:, 0]

    def _uses_learnt(self, prompt: str) -> bool:
        return any(name in prompt for name in self.learnt)

    def _read_plainly(self, prompt: str, negative: str, guided: bool) -> Features:
        """By the pipeline's own reading, part by part; single words cannot be stressed there."""
        read = [(self._own(part.text, negative, guided), part.weight) for part in parts(prompt)]
        whole = sum(weight for _, weight in read)
        return mixed([(features, weight / whole) for features, weight in read])

    def _own(self, prompt: str, negative: str, guided: bool) -> Features:
        pipeline = self.pipeline
        device = pipeline._execution_device
        if self.family == "stable-diffusion-3":
            four = pipeline.encode_prompt(
                prompt, None, None, device, do_classifier_free_guidance=guided, negative_prompt=negative or None
            )
            return {name: one for name, one in zip(_SD3, four, strict=True) if one is not None}
        if self.family == "flux":
            features, pooled, _ = pipeline.encode_prompt(prompt, None, device)
            return {"prompt_embeds": features, "pooled_prompt_embeds": pooled}
        found = _masked(pipeline.encode_prompt(prompt, device), "")
        return found | (_masked(pipeline.encode_prompt(negative or " ", device), "negative_") if guided else {})


@dataclass(frozen=True)
class _Piece:
    token: int
    weight: float = 1.0
    vector: torch.Tensor | None = None


_SD3: Final = (
    "prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds",
)  # fmt: skip


def _masked(read: tuple[torch.Tensor, torch.Tensor | None], sign: str) -> Features:
    features, mask = read
    ones = torch.ones(features.shape[:2], dtype=torch.long, device=features.device)
    return {f"{sign}prompt_embeds": features, f"{sign}prompt_embeds_mask": ones if mask is None else mask}


def _named(features: torch.Tensor, pooled: torch.Tensor, sign: str) -> Features:
    return {f"{sign}prompt_embeds": features, f"{sign}pooled_prompt_embeds": pooled}


def _pieces(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False).input_ids) if text.strip() else []


def _framed(tokenizer: Any, row: Sequence[_Piece]) -> list[int]:
    """Begin, words, end, and padding up to the window."""
    held = [tokenizer.bos_token_id, *(one.token for one in row), tokenizer.eos_token_id]
    return held + [tokenizer.pad_token_id] * (tokenizer.model_max_length - len(held))


@contextmanager
def _in_place(encoder: Any, rows: Sequence[Sequence[_Piece]]) -> Iterator[None]:
    """While inside, learnt vectors stand in their places; no parameter is touched, and nobody else's prompt."""
    found = [
        (row, column + 1, one.vector)
        for row, held in enumerate(rows)
        for column, one in enumerate(held)
        if one.vector is not None
    ]

    def replace(module: Any, arguments: Any, output: torch.Tensor) -> torch.Tensor:
        changed = output.clone()
        for row, column, vector in found:
            changed[row, column] = vector.to(changed)
        return changed

    hook = encoder.get_input_embeddings().register_forward_hook(replace) if found else None
    try:
        yield
    finally:
        if hook:
            hook.remove()


def mixed(weighed_features: Sequence[tuple[Features, float]]) -> Features:
    """The weighted sum of several prompts' features, row by row; shorter sequences are filled with zeros.

    Masks are united.
    """
    names = weighed_features[0][0]
    if len(weighed_features) == 1 and weighed_features[0][1] == 1:
        return names
    found = {}
    for name in names:
        values = [(features[name], weight) for features, weight in weighed_features]
        filled = _filled([value for value, _ in values])
        if name.endswith("_mask"):
            found[name] = torch.stack(filled).amax(dim=0)
        else:
            total = sum(weight * one for one, (_, weight) in zip(filled, values, strict=True))
            assert isinstance(total, torch.Tensor)
            found[name] = total
    return found


def stacked(several: Sequence[Features]) -> Features:
    """Several prompts' features as rows of one batch."""
    return {name: torch.cat(_filled([features[name] for features in several])) for name in several[0]}


def _filled(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """All as long as the longest along the sequence; features without one (pooled) as they are."""
    if tensors[0].ndim == 2 and tensors[0].is_floating_point():
        return list(tensors)
    longest = max(one.shape[1] for one in tensors)
    return [torch.cat([one, one.new_zeros(one.shape[0], longest - one.shape[1], *one.shape[2:])], 1) for one in tensors]
