"""Muon: momentum whose update is made orthogonal, for weights that are matrices; AdamW for all others.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; Loshchilov & Hutter, "Decoupled Weight
Decay Regularization", ICLR 2019. A convolution counts as a matrix of output channels by everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import torch

STEPS: Final = 5
COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)
"""Of the Newton–Schulz iteration in the paper, and how often it is applied."""
MOMENTUM: Final = 0.95
BETAS: Final = (0.9, 0.99)
EPSILON: Final = 1e-8
DECAY: Final = 0.01


class Muon(torch.optim.Optimizer):
    """Muon at `rate` for weights of two and more dimensions, AdamW at `other_rate` for the rest and for `apart`.

    Embeddings and read-outs belong apart, as the paper has them.
    """

    def __init__(
        self,
        weights: Iterable[torch.nn.Parameter],
        rate: float,
        other_rate: float,
        apart: Iterable[torch.nn.Parameter] = (),
    ) -> None:
        weights, kept = list(weights), {id(weight) for weight in apart}
        matrices = [weight for weight in weights if weight.ndim >= 2 and id(weight) not in kept]
        turned = {id(weight) for weight in matrices}
        groups: list[dict[str, Any]] = [
            {"params": matrices, "lr": rate, "matrices": True},
            {"params": [weight for weight in weights if id(weight) not in turned], "lr": other_rate, "matrices": False},
        ]
        super().__init__([group for group in groups if group["params"]], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; weights without a gradient stay."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            move = self._turn if group["matrices"] else self._adapt
            for weight in group["params"]:
                if weight.grad is not None:
                    move(weight, weight.grad, group["lr"])
        return loss

    def _turn(self, weight: torch.Tensor, gradient: torch.Tensor, rate: float) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(state["momentum"], MOMENTUM)  # Nesterov's
        update = orthogonal(ahead.reshape(len(ahead), -1))
        longer = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
        weight.mul_(1 - rate * DECAY).add_(update.reshape(weight.shape), alpha=-rate * longer)

    def _adapt(self, weight: torch.Tensor, gradient: torch.Tensor, rate: float) -> None:
        state = self.state[weight]
        if not state:
            state.update(first=torch.zeros_like(weight), second=torch.zeros_like(weight), steps=0)
        state["steps"] += 1
        state["first"].lerp_(gradient, 1 - BETAS[0])
        state["second"].lerp_(gradient.square(), 1 - BETAS[1])
        first, second = (
            state[name] / (1 - beta ** state["steps"]) for name, beta in zip(("first", "second"), BETAS, strict=True)
        )
        weight.mul_(1 - rate * DECAY).sub_(rate * first / (second.sqrt() + EPSILON))


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """Nearly the closest matrix whose singular values are all one, by Newton–Schulz; in bfloat16 inside."""
    tall = matrix.shape[0] > matrix.shape[1]
    found = (matrix.mT if tall else matrix).bfloat16()
    found = found / (found.norm() + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        square = found @ found.mT
        found = a * found + (b * square + c * square @ square) @ found
    turned: torch.Tensor = found.mT if tall else found
    return turned.to(matrix.dtype)
