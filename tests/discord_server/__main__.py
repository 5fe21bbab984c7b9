"""`python -m tests.discord_server --port 0`: serve until standard input ends or a signal comes.

The first line on standard output is a JSON object with the addresses.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from tests.discord_server.server import Loopback


async def serve(host: str, port: int, *, tied: bool) -> None:
    """Listen, say where, and wait for the end."""
    loopback = Loopback()
    runner = await loopback.listen(host, port)
    print(json.dumps(loopback.address(host)), flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if tied:
        loop.add_reader(sys.stdin, lambda: ended.set() if not sys.stdin.buffer.read1(1) else None)  # type: ignore[union-attr]
    await ended.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="A loopback Discord")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tied", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.port, tied=options.tied))


if __name__ == "__main__":
    main()
