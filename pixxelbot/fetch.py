"""Fetch a picture from a URL that somebody else wrote, without reaching anything private on their behalf.

The guard sits where the socket is made: it sees the very address that is about to be connected to, so that neither a
redirect, nor a name that resolves differently the second time, nor an unusual spelling of an address gets past it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from pixxelbot.errors import ForbiddenAddress, InvalidPicture

MAX_BYTES: Final = 25 * 2**20
"""Bytes of one picture: what Discord takes in one request."""
MAX_REDIRECTS: Final = 5
TIMEOUT: Final = 20.0
"""Seconds for everything, redirects included."""
CHUNK: Final = 2**16
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
HEADERS: Final = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "pixxelbot"}
NOT_PICTURES: Final = ("text/", "application/json", "application/xhtml", "video/", "audio/")

TUNNELS: Final = tuple(
    ip_network(text)
    for text in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "fec0::/10", "192.88.99.0/24")
)
"""6to4, Teredo and NAT64 carry an IPv4 address inside, which their gateway would connect to; site-local is private."""


async def fetch_picture(
    url: str,
    *,
    trusted: Collection[str] = (),
    resolver: AbstractResolver | None = None,
    max_bytes: int = MAX_BYTES,
    timeout: float = TIMEOUT,
) -> bytes:
    """The bytes behind a web address, at most `max_bytes` of them, unchecked as to whether they are a picture.

    `trusted` are origins (`http://127.0.0.1:8123`) that may lie anywhere; every other address must be a public one.

    Raises:
        ForbiddenAddress: the URL, or one that it redirects to, is no plain web address or leads to a private one.
        InvalidPicture: nothing came, or too much, or something that is certainly no picture.
    """
    origins = frozenset(_origin(URL(origin)) for origin in trusted)
    try:
        async with asyncio.timeout(timeout):
            return await _follow(_web_address(url), origins, resolver, max_bytes)
    except TimeoutError:
        raise InvalidPicture(
            f"The address sent no picture within {timeout:g} seconds. Attach the file instead."
        ) from None
    except aiohttp.ClientError as error:
        raise InvalidPicture(
            f"The picture could not be fetched ({type(error).__name__}). Check the address, or attach the file instead."
        ) from error


async def _follow(url: URL, origins: frozenset[str], resolver: AbstractResolver | None, max_bytes: int) -> bytes:
    for _ in range(MAX_REDIRECTS + 1):
        guard = None if _origin(url) in origins else Guard()
        answer = await _hop(url, guard, resolver, max_bytes)
        if isinstance(answer, bytes):
            return answer
        url = answer
    raise InvalidPicture(f"The address redirects more than {MAX_REDIRECTS} times. Use the picture's own address.")


async def _hop(url: URL, guard: Guard | None, resolver: AbstractResolver | None, max_bytes: int) -> bytes | URL:
    """One request on a connection of its own: the body, or the address it redirects to."""
    connector = aiohttp.TCPConnector(resolver=resolver, socket_factory=guard, use_dns_cache=False, force_close=True)
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=HEADERS,
        auto_decompress=False,
        trust_env=False,
    )
    async with session:
        try:
            async with session.get(url, allow_redirects=False) as response:
                if response.status in REDIRECTS:
                    return _web_address(response.headers.get("Location", ""), url)
                return await _body(response, max_bytes)
        except aiohttp.ClientConnectorError as error:
            if guard is not None and guard.refused:
                raise ForbiddenAddress(
                    "That address leads to a private network, which I do not enter. Attach the picture instead."
                ) from error
            raise


async def _body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if response.status != 200:
        raise InvalidPicture(
            f"The address answered with status {response.status}. Check it, or attach the file instead."
        )
    if response.content_type.startswith(NOT_PICTURES):
        raise InvalidPicture(f"The address leads to {response.content_type}, not to a picture. Give the picture's own.")
    held = bytearray()
    if (response.content_length or 0) <= max_bytes:
        async for chunk in response.content.iter_chunked(CHUNK):
            held += chunk
            if len(held) > max_bytes:
                break
        else:
            return bytes(held)
    raise InvalidPicture(f"The picture is larger than {max_bytes / 2**20:.0f} MiB. Make it smaller and try again.")


class Guard:
    """A socket factory that makes sockets for public addresses alone.

    It raises `OSError`, so that a name with a public address beside a private one is still reached by the public one.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        """Addresses that were asked for and not connected to."""

    def __call__(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """An unconnected socket, or PermissionError."""
        family, kind, protocol, _, address = info
        host = str(address[0])
        if not is_public(host):
            self.refused.append(host)
            raise PermissionError(f"{host} is no public address")
        return socket.socket(family, kind, protocol)


def is_public(host: str) -> bool:
    """Whether an address literal belongs to the open internet."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    inside = any(address in network for network in TUNNELS if network.version == address.version)
    return address.is_global and not (address.is_multicast or address.is_reserved or inside)


def _web_address(text: str, base: URL | None = None) -> URL:
    try:
        url = base.join(URL(text)) if base and text else URL(text.strip())
        port = url.port
    except ValueError:
        raise ForbiddenAddress("I cannot read that address. It should look like https://example.org/cat.png.") from None
    if url.scheme not in ("http", "https") or not url.host or port is None:
        raise ForbiddenAddress("I fetch pictures from http:// and https:// addresses only.")
    if url.user or url.password:
        raise ForbiddenAddress("The address holds a user name or password, which I do not pass on. Leave it out.")
    return url


def _origin(url: URL) -> str:
    return f"{url.scheme}://{(url.host or '').lower()}:{url.port}"
