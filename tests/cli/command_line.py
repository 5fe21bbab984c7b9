"""The command line as its users have it: a process, its exit code, and its two streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 240
"""Seconds after which a command counts as hung."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        return dict(self.answer["error"])


class CommandLine:
    """`pixxelbot` with a data folder of its own and nothing of the developer's environment."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cwd = home.parent

    def environment(self, **settings: str) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIXXELBOT_", "OPENAI_", "DISCORD_"))
        }
        clean |= {"PIXXELBOT_HOME": str(self.home), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
        return clean | settings

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pixxelbot.cli.main", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            cwd=self.cwd, env=self.environment(**settings),
        )  # fmt: skip

    def __call__(self, *arguments: str, **settings: str) -> Ended:
        process = self.start(*arguments, **settings)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Ended(process.returncode, out, err)
