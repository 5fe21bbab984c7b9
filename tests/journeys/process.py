"""`python bot.py` as a whole process against the loopback Discord, to be killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.discord_server.scenario import Discord

ROOT = Path(__file__).parents[2]
READY_SECONDS = 120.0


class BotProcess:
    """The bot on one data folder, real engine included."""

    def __init__(self, discord: Discord, home: Path, **environment: str) -> None:
        self.discord, self.home = discord, home
        self.log = home.parent / "bot.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PIXXELBOT", "OPENAI"))},
            "PIXXELBOT_DISCORD_TOKEN": discord.token,
            "PIXXELBOT_DISCORD_API": discord.api,
            "PIXXELBOT_DISCORD_GATEWAY": discord.gateway,
            "PIXXELBOT_DISCORD_CDN": discord.cdn,
            "PIXXELBOT_HOME": str(home),
            "PIXXELBOT_PREVIEW_SECONDS": "0.2",
            **environment,
        }
        self.starts = 0
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it is connected."""
        logged = await self._identifies()
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "bot.py", cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self.starts += 1

        async def look() -> bool | None:
            if self.process and self.process.returncode is not None:
                raise AssertionError(f"the bot ended with {self.process.returncode}: {self.said()}")
            state = await self.discord.state()
            return (state["identifies"] > logged and state["connected"] > 0) or None

        await self.discord.eventually(look, READY_SECONDS, self.said)

    async def _identifies(self) -> int:
        return int((await self.discord.state())["identifies"])

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8")[-4000:] if self.log.exists() else ""

    async def kill(self) -> None:
        """`kill -9`, and wait until its drawing process has gone as well."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        await self.process.wait()
        await asyncio.to_thread(psutil.wait_procs, children, timeout=30)
        left = [child.pid for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert left == [], "an orphan keeps the device"

    async def kill_renderer(self) -> None:
        """Kill the drawing process alone."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            child.kill()

    async def stop(self) -> None:
        """SIGTERM; its exit code is 0."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.wait_for(self.process.wait(), 60)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise AssertionError(f"the bot did not stop: {self.said()}") from None
        assert code == 0, self.said()

    async def cli(self, *arguments: str) -> Any:
        """What `pixxelbot … --json` prints, on the same data folder."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pixxelbot.cli.main", *arguments, "--json",
            cwd=ROOT, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 180)
        assert process.returncode == 0, (out, err)
        return json.loads(out)


@asynccontextmanager
async def bot_process(discord: Discord, home: Path, **environment: str) -> AsyncIterator[BotProcess]:
    """A connected bot, stopped at the end."""
    bot = BotProcess(discord, home, **environment)
    try:
        await bot.start()
        yield bot
    finally:
        await bot.stop()
