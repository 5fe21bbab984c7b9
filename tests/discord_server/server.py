"""The loopback Discord as one aiohttp application."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from tests.discord_server.commands import Commands
from tests.discord_server.conformity import Conformity
from tests.discord_server.control import Control
from tests.discord_server.gateway import Gateway
from tests.discord_server.http import Server
from tests.discord_server.interactions import Interactions
from tests.discord_server.members import Members
from tests.discord_server.messages import Messages
from tests.discord_server.routes import Routes
from tests.discord_server.world import MIB, World

AVATAR = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
"""A picture of one pixel."""


class Loopback:
    """Everything wired together."""

    def __init__(self) -> None:
        self.world = World()
        self.gateway = Gateway(self.world)
        self.http = Server(self.world, Conformity())
        messages = Messages(self.world, self.gateway)
        interactions = Interactions(self.world, self.gateway, messages)
        commands = Commands(self.world)
        members = Members(self.world, messages, interactions, commands)
        routes = Routes(self.world, self.gateway, messages, interactions, commands)
        self.control = Control(
            self.world, self.gateway, self.http, messages, interactions, commands, members, routes, self.vanish
        )  # fmt: skip
        self.app = web.Application(client_max_size=256 * MIB)
        self.app.router.add_post("/control/{verb}", self.control.serve)
        self.app.router.add_get("/gw/", self.gateway.serve)
        self.app.router.add_get("/cdn/attachments/{channel_id}/{attachment_id}/{filename}", self.download)
        self.app.router.add_get("/cdn/{rest:.*}", self.avatar)
        routes.add_to(self.http, self.app)

    async def listen(self, host: str, port: int) -> web.AppRunner:
        """Serve on a free port when `port` is 0; `address` says where."""
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        self.runner, self.site = runner, web.TCPSite(runner, host, port)
        await self.site.start()
        self.host, self.port = host, runner.addresses[0][1]
        self.world.cdn = f"http://{host}:{self.port}/cdn"
        self.gateway.url = f"ws://{host}:{self.port}/gw/"
        return runner

    async def vanish(self, seconds: float) -> None:
        """Close every connection and refuse new ones for a while, as if nobody listened on the port."""
        await asyncio.sleep(0.1)  # whoever asked for it is answered first
        await self.site.stop()
        self.gateway.sessions.clear()
        if self.runner.server:
            await self.runner.server.shutdown(0.1)
        await asyncio.sleep(seconds)
        self.site = web.TCPSite(self.runner, self.host, self.port, reuse_address=True)
        await self.site.start()

    def address(self, host: str) -> dict[str, str]:
        """Where to find each part."""
        base = f"http://{host}:{self.port}"
        return {
            "api": f"{base}/api/v10",
            "gateway": self.gateway.url,
            "cdn": self.world.cdn,
            "control": f"{base}/control",
            "token": self.world.token,
            "bot_id": self.world.bot.id,
        }

    async def download(self, request: web.Request) -> web.Response:
        """A file, while the signature in its URL is good."""
        file = self.world.attachments.get(request.match_info["attachment_id"])
        expires, given = request.query.get("ex", "0"), request.query.get("hm")
        if file is None or given != file.signature(expires) or self._past(expires):
            return web.Response(status=404, text="This content is no longer available.")
        await asyncio.sleep(self.world.cdn_seconds)
        return web.Response(body=file.data, content_type=file.content_type)

    def _past(self, expires: str) -> bool:
        return time.time() > int(expires, 16)

    async def avatar(self, request: web.Request) -> web.Response:
        """Any avatar or icon."""
        return web.Response(body=AVATAR, content_type="image/png")
