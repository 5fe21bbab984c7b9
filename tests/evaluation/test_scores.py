"""Scores against numbers known otherwise."""

from __future__ import annotations

import pytest
import torch

from pixxelbot.evaluation import scores
from pixxelbot.evaluation.scores import Share


@pytest.mark.parametrize(
    ("right", "total", "lower"), [(81, 263, 0.2553), (15, 148, 0.0624), (0, 20, 0.0), (29, 29, 0.8830), (0, 0, 0.0)]
)
def test_the_lower_bound_is_wilsons(right: int, total: int, lower: float) -> None:
    """The first, second and last but one are published in Newcombe, Statistics in Medicine 1998, table I."""
    assert Share(right, total).lower == pytest.approx(lower, abs=1e-4)


def test_shares_add_up() -> None:
    assert Share(1, 2) + Share(2, 3) == Share(3, 5)


def test_the_frechet_distance_of_two_gaussians_is_the_closed_form() -> None:
    draw = torch.Generator().manual_seed(0)
    one = torch.randn(60_000, 2, generator=draw, dtype=torch.float64)
    other = torch.randn(60_000, 2, generator=draw, dtype=torch.float64) * torch.tensor([2.0, 3.0]) + 1
    assert scores.frechet(one, one) == pytest.approx(0, abs=1e-6)
    assert scores.frechet(one, other) == pytest.approx(2 + 1 + 4, rel=0.03), "|μ|² + (1 − 2)² + (1 − 3)²"


def test_precision_falls_with_strange_pictures_and_recall_with_missing_ones() -> None:
    draw = torch.Generator().manual_seed(0)
    real = torch.cat([torch.randn(100, 4, generator=draw), torch.randn(100, 4, generator=draw) + 50])
    half = real[:100] + 0.01
    strange = torch.cat([half, half - 200])
    assert scores.precision_recall(real, half) == (1.0, pytest.approx(0.5, abs=0.02))
    assert scores.precision_recall(real, strange)[0] == pytest.approx(0.5)


def test_equal_pictures_have_no_spread_and_opposite_ones_the_most() -> None:
    same = torch.ones(3, 4, 8)
    assert scores.spread(same) == pytest.approx(0, abs=1e-6)
    opposite = torch.stack([torch.ones(8), -torch.ones(8)])[None]
    assert scores.spread(opposite) == pytest.approx(2)


def test_psnr_of_a_known_error() -> None:
    black = torch.zeros(2, 3, 16, 16)
    assert scores.psnr(black, black + 0.1) == pytest.approx([20.0, 20.0], abs=1e-4)


def test_ssim_is_one_for_equal_pictures_and_small_for_unlike_ones() -> None:
    draw = torch.Generator().manual_seed(0)
    one, other = torch.rand(2, 1, 3, 32, 32, generator=draw)
    assert float(scores.ssim(one, one)) == pytest.approx(1)
    assert float(scores.ssim(one, other)) < 0.1
    grey, lighter = torch.full((1, 3, 32, 32), 0.5), torch.full((1, 3, 32, 32), 0.7)
    luminance = (2 * 0.5 * 0.7 + 1e-4) / (0.5**2 + 0.7**2 + 1e-4)
    assert float(scores.ssim(grey, lighter)) == pytest.approx(luminance, rel=1e-3)
