"""Scores as plain functions, named after their papers; nothing here knows a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch

Z: Final = 1.96
"""Standard normal quantile of a two-sided 95 % interval."""
NEIGHBOURS: Final = 3
"""k of the precision and recall of Kynkäänniemi et al."""


@dataclass(frozen=True)
class Share:
    """How many of how many were right."""

    right: int
    total: int

    @property
    def rate(self) -> float:
        return self.right / self.total if self.total else 0.0

    @property
    def lower(self) -> float:
        """Lower bound of the 95 % interval (Wilson, JASA 1927); 0 where nothing was counted."""
        if not self.total:
            return 0.0
        rate, n = self.rate, self.total
        middle = rate + Z**2 / (2 * n)
        spread = Z * math.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
        return max(0.0, (middle - spread) / (1 + Z**2 / n))

    def __add__(self, other: Share) -> Share:
        return Share(self.right + other.right, self.total + other.total)


def frechet(one: torch.Tensor, other: torch.Tensor) -> float:
    """Fréchet distance of two feature sets (n, d), (m, d), each taken as Gaussian.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017; in whatever features are given, so the
    number compares only with others in the same features.
    """
    one, other = one.double(), other.double()
    apart = (one.mean(0) - other.mean(0)).square().sum()
    first, second = torch.cov(one.mT), torch.cov(other.mT)
    # the trace of the root of a product is the sum of the roots of its eigenvalues, which are real and not negative
    roots = torch.linalg.eigvals(first @ second).real.clamp_min(0).sqrt().sum()
    return float((apart + first.trace() + second.trace() - 2 * roots).clamp_min(0))


def precision_recall(real: torch.Tensor, drawn: torch.Tensor) -> tuple[float, float]:
    """Share of drawn features within the real manifold, and of real ones within the drawn one.

    Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.
    """
    return _within(drawn, real), _within(real, drawn)


def _within(asked: torch.Tensor, known: torch.Tensor) -> float:
    k = min(NEIGHBOURS, len(known) - 1)
    radii = torch.cdist(known, known).kthvalue(k + 1, dim=1).values  # the nearest is the point itself
    return float((torch.cdist(asked, known) <= radii).any(1).float().mean())


def spread(features: torch.Tensor) -> float:
    """Mean cosine distance between the members of each group: (groups, members, d)."""
    unit = torch.nn.functional.normalize(features.float(), dim=-1)
    members = unit.shape[1]
    alike = (unit @ unit.mT).sum((1, 2)) - members
    return float((1 - alike / (members * (members - 1))).mean())


def psnr(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratio in dB of each pair of pictures (n, 3, height, width) between 0 and 1."""
    return -10 * torch.log10((one - other).square().mean((1, 2, 3)).clamp_min(1e-10))


def ssim(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Structural similarity of each pair of pictures (n, 3, height, width) between 0 and 1.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE TIP 2004: Gaussian
    window of 11 pixels and σ 1.5, K₁ 0.01, K₂ 0.03.
    """
    channels = one.shape[1]
    line = torch.exp(-(torch.arange(11, dtype=one.dtype) - 5).square() / (2 * 1.5**2))
    line = line / line.sum()
    window = (line[:, None] * line[None]).expand(channels, 1, 11, 11)

    def smooth(values: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(values, window, groups=channels)

    mean, other_mean = smooth(one), smooth(other)
    varies, other_varies = smooth(one * one) - mean**2, smooth(other * other) - other_mean**2
    together = smooth(one * other) - mean * other_mean
    alike = (2 * mean * other_mean + 0.01**2) * (2 * together + 0.03**2)
    found = alike / ((mean**2 + other_mean**2 + 0.01**2) * (varies + other_varies + 0.03**2))
    return found.mean((1, 2, 3))
