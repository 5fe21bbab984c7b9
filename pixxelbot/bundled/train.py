"""`python -m pixxelbot.bundled.train STAGE`: train the model that ships, with the project's own code, part by part.

Each stage goes on from its checkpoint in the work folder, if there is one; a larger `--minutes` extends a finished
training. `export` writes what was trained so far in diffusers' layout.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch

from pixxelbot.bundled import learning
from pixxelbot.bundled.autoencoder import Decoding, Pictures
from pixxelbot.bundled.contrast import Contrast
from pixxelbot.bundled.denoiser import Denoising
from pixxelbot.bundled.export import export
from pixxelbot.bundled.learning import Lesson, Plan
from pixxelbot.bundled.negatives import Negatives
from pixxelbot.bundled.towers import Sentences
from pixxelbot.errors import PixxelbotError

STAGES: Final[dict[str, Callable[[Plan, int], Lesson]]] = {
    "vae": Pictures,
    "decoder": Decoding,
    "text": Sentences,
    "clip": Contrast,
    "unet": Denoising,
    "negatives": Negatives,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line; returns the exit code."""
    options = _options(arguments)
    try:
        if options.stage == "export":
            sizes = export(options.work, options.to, options.size)
            sys.stdout.write("".join(f"{part}: {size:,} bytes\n" for part, size in sizes.items()))
        else:
            plan = Plan(**{name: value for name, value in vars(options).items() if name != "to"})
            sys.stdout.write(f"{learning.teach(STAGES[plan.stage], plan)}\n")
    except PixxelbotError as error:
        sys.stderr.write(f"{error.title}: {error}\n")
        return error.exit_code
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(prog="python -m pixxelbot.bundled.train", description=__doc__)
    parser.add_argument("stage", choices=(*STAGES, "export"))
    parser.add_argument("--work", type=Path, default=Path("data/training"), help="caches, checkpoints, logs, samples")
    parser.add_argument("--minutes", type=float, default=30.0, help="training time in all; on resume the new end")
    parser.add_argument("--steps", type=int, help="stop after so many steps of this run")
    parser.add_argument("--batch", type=int, default=32, help="samples a step of one worker")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1 if gpu else torch.get_num_threads(), help="processes")
    parser.add_argument("--device", default="cuda" if gpu else "cpu")
    parser.add_argument("--start", type=Path, help="model folder to take the first weights from")
    parser.add_argument("--renders", type=int, default=Plan.renders, help="training pictures painted and kept")
    parser.add_argument("--size", choices=("full", "tiny"), default="full")
    parser.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=gpu,
        help="torch.compile; not on CPUs, where Inductor of torch 2.13 gave the VAE wrong bfloat16 gradients",
    )
    parser.add_argument("--to", type=Path, default=Path("data/model"), help="folder that `export` writes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
