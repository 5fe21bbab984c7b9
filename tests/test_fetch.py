"""Fetching a picture from an address a stranger wrote: real sockets on loopback, nothing private is ever reached."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from pixxelbot.errors import ForbiddenAddress, InvalidPicture
from pixxelbot.fetch import fetch_picture, is_public

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(500)


@dataclass
class Site:
    """A loopback web server that counts who reached it."""

    hits: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request.path)
        match request.path.split("/")[1]:
            case "to":
                raise web.HTTPFound(request.query["url"])
            case "round":
                raise web.HTTPFound("/round")
            case "page":
                return web.Response(text="<html>", content_type="text/html")
            case "large":
                return await self._endless(request)
            case "gone":
                raise web.HTTPNotFound
            case "slow":
                await asyncio.sleep(30)
            case "cut":
                return await self._cut_off(request)
        return web.Response(body=PICTURE, content_type="image/png")

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        for _ in range(64):
            await response.write(bytes(1024))
        return response

    async def _cut_off(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png", "Content-Length": "3000"})
        await response.prepare(request)
        await response.write(bytes(100))
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    server = TestServer(app)
    await server.start_server()
    assert server.port
    site.port = server.port
    yield site
    await server.close()


class Names(AbstractResolver):
    """A name server whose answers change from one question to the next."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_picture_from_a_trusted_origin_arrives_whole(site: Site) -> None:
    assert await fetch_picture(f"{site.origin}/cat.png", trusted=[site.origin]) == PICTURE


async def test_a_redirect_inside_a_trusted_origin_is_followed(site: Site) -> None:
    assert await fetch_picture(f"{site.origin}/to?url=/cat.png", trusted=[site.origin]) == PICTURE
    assert site.hits == ["/to", "/cat.png"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_no_spelling_of_this_machine_is_reached(site: Site, host: str) -> None:
    with pytest.raises((ForbiddenAddress, InvalidPicture)) as caught:
        await fetch_picture(f"http://{host}:{site.port}/cat.png")
    assert site.hits == []
    if host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        assert isinstance(caught.value, ForbiddenAddress) and "private" in str(caught.value)


@pytest.mark.parametrize(
    "path", ["http://localhost:{port}/secret", "//localhost:{port}/secret", "http://169.254.169.254/"]
)
async def test_a_redirect_to_a_private_address_is_refused(site: Site, path: str) -> None:
    where = path.format(port=site.port)
    with pytest.raises(ForbiddenAddress):
        await fetch_picture(f"{site.origin}/to?url={where}", trusted=[site.origin])
    assert site.hits == ["/to"]


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://example.org/a.png", "data:image/png;base64,AA"])
async def test_a_redirect_away_from_the_web_is_refused(site: Site, where: str) -> None:
    with pytest.raises(ForbiddenAddress):
        await fetch_picture(f"{site.origin}/to?url={where}", trusted=[site.origin])


async def test_a_name_that_turns_private_is_refused_at_the_connection(site: Site) -> None:
    for address in ("127.0.0.1", "10.0.0.7", "::1", "::ffff:10.0.0.1", "fe80::1", "100.64.0.9", "169.254.169.254"):
        with pytest.raises(ForbiddenAddress, match="private"):
            await fetch_picture(f"http://pictures.example:{site.port}/cat.png", resolver=Names(address))
    assert site.hits == []


async def test_a_name_that_rebinds_between_two_hops_is_refused(site: Site) -> None:
    """The trusted name redirects to itself on another port: the second look-up, now private, is guarded."""
    names = Names("127.0.0.1", "127.0.0.1")
    start = f"http://cdn.example:{site.port}"
    with pytest.raises(ForbiddenAddress):
        await fetch_picture(f"{start}/to?url=http://other.example:{site.port}/secret", trusted=[start], resolver=names)
    assert site.hits == ["/to"]


@pytest.mark.parametrize(
    "url",
    ["", "cat.png", "file:///etc/passwd", "gopher://x/", "http://", "http://user:pw@example.org/a.png",
     "http://example.org:99999/", "http://[::1", "javascript:alert(1)"],
)  # fmt: skip
async def test_what_is_no_web_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        await fetch_picture(url)


@pytest.mark.parametrize(
    ("path", "named"),
    [("page", "text/html"), ("gone", "404"), ("large", "MiB"), ("round", "redirects"), ("cut", "fetched")],
)
async def test_what_is_no_picture_is_named(site: Site, path: str, named: str) -> None:
    with pytest.raises(InvalidPicture, match=named):
        await fetch_picture(f"{site.origin}/{path}", trusted=[site.origin], max_bytes=4096)


async def test_a_slow_answer_ends_in_time(site: Site) -> None:
    with pytest.raises(InvalidPicture, match="within"):
        await fetch_picture(f"{site.origin}/slow", trusted=[site.origin], timeout=0.2)


async def test_nobody_there_is_no_crash() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(InvalidPicture, match="fetched"):
            await fetch_picture(f"{origin}/a.png", trusted=[origin])


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("100.64.0.1", False), ("169.254.169.254", False), ("0.0.0.0", False), ("255.255.255.255", False),
        ("224.0.0.1", False), ("240.0.0.1", False), ("192.0.2.1", False), ("198.18.0.1", False),
        ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fc00::1", False), ("ff02::1", False),
        ("::ffff:10.0.0.1", False), ("::7f00:1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
        ("2001:0:4136:e378::1", False), ("fec0::1", False), ("not-an-address", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
