"""How fast the command line answers, and how much memory a bot without its engine holds. Prints one JSON object.

python benchmarks/start.py
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Final

RUNS: Final = 7
HEAVY: Final = ("torch", "diffusers", "transformers", "discord", "openai", "sqlalchemy")
"""Libraries that `--help` has no use for."""
RESIDENT: Final = """
import asyncio, os, sys
import psutil
import pixxelbot.chat.bot
from pixxelbot.app import App
from pixxelbot.settings import Settings

async def look():
    async with App(Settings.read()):
        print(psutil.Process(os.getpid()).memory_info().rss, "torch" in sys.modules)

asyncio.run(look())
"""
"""A bot process with everything open except Discord's gateway and the renderer's child."""


def help_seconds() -> list[float]:
    """Wall seconds of `pixxelbot --help`, once for each run."""
    measured = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "pixxelbot.cli.main", "--help"], check=True, stdout=subprocess.DEVNULL)
        measured.append(time.perf_counter() - start)
    return measured


def help_imports() -> list[str]:
    """The heavy libraries that `--help` imports."""
    script = (
        "import sys; from pixxelbot.cli.main import carry_out; carry_out(['--help']); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return [name for name in HEAVY if f"'{name}'" in done.stderr.splitlines()[-1]]


def resident() -> tuple[int, bool]:
    """Bytes a bot process without an engine holds, and whether it imported torch."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"PIXXELBOT_HOME": home}
        done = subprocess.run(
            [sys.executable, "-c", RESIDENT], check=True, capture_output=True, text=True, env=environment
        )
    size, torch = done.stdout.split()
    return int(size), torch == "True"


def main() -> None:
    """Measure and print."""
    seconds = help_seconds()
    size, torch = resident()
    figures = {
        "help_seconds_median": round(statistics.median(seconds), 3),
        "help_seconds_worst": round(max(seconds), 3),
        "help_imports": help_imports(),
        "bot_without_engine_mib": round(size / 2**20, 1),
        "bot_imports_torch": torch,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
