"""How one HTTP request is served: faults, authority, body, conformity, rate limit, handler, answer.

Handlers are plain coroutines `(call) -> payload | (status, payload)` that raise `Refusal`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.discord_server.conformity import Conformity
from tests.discord_server.errors import Refusal, Unauthorized
from tests.discord_server.world import MIB, World

Json = dict[str, Any]

REQUEST_LIMIT = 25 * MIB
"""Bytes of one request's body."""
GLOBAL_LIMIT = 50
"""Requests of a bot in a second; those with an interaction's token do not count."""
LOG_LENGTH = 20_000
"""Requests remembered."""
MAJOR = ("channel_id", "guild_id", "webhook_token", "interaction_token")
"""Parameters that make a bucket of their own; answers to different interactions do not hold each other up."""
BREACHES = (50035, 40060, 40005, 50006, 30032, 50109)
"""Refusals that say the bot broke a rule, whatever the circumstances."""


@dataclass
class Upload:
    """One `files[n]` part."""

    filename: str
    data: bytes


@dataclass
class Call:
    """A request, read and split up. `template` is the OpenAPI path, `path` the one asked for (without /api/v10)."""

    method: str
    template: str
    path: str
    params: dict[str, str]
    query: dict[str, str]
    payload: Any = None
    files: dict[int, Upload] = field(default_factory=dict)
    multipart: bool = False
    authorized: bool = False
    size: int = 0

    def __getitem__(self, name: str) -> str:
        return self.params[name]


Handler = Callable[[Call], Awaitable[Any]]


@dataclass
class Fault:
    """Something to go wrong with the next requests that match. `after`: the effect takes place, the answer is lost."""

    kind: str
    pattern: str
    times: int = 1
    method: str = ""
    status: int = 500
    code: int = 0
    seconds: float = 0.0
    after: bool = False
    via: bool = True

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and re.search(self.pattern, path) is not None


class Bucket:
    """`limit` requests in `window` seconds."""

    def __init__(self, name: str, limit: int, window: float) -> None:
        self.name, self.limit, self.window = name, limit, window
        self._times: deque[float] = deque()

    def take(self) -> float:
        """Seconds to wait; 0 when the request is within the limit and was counted."""
        now = time.monotonic()
        while self._times and now - self._times[0] >= self.window:
            self._times.popleft()
        if len(self._times) >= self.limit:
            return self.window - (now - self._times[0])
        self._times.append(now)
        return 0.0

    def headers(self) -> dict[str, str]:
        """X-RateLimit headers; the moments are rounded up, so that a bot that obeys them is never refused."""
        left = self.window - (time.monotonic() - self._times[0]) if self._times else 0.0
        left = math.ceil(max(left, 0.001) * 1000) / 1000
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(self.limit - len(self._times), 0)),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": self.name,
        }


class Server:
    """The route table and everything around a handler."""

    def __init__(self, world: World, conformity: Conformity) -> None:
        self.world = world
        self.conformity = conformity
        self.check = True
        self.faults: list[Fault] = []
        self.log: deque[Json] = deque(maxlen=LOG_LENGTH)
        self.invalid_requests = 0
        self.everything = Bucket("global", GLOBAL_LIMIT, 1.0)
        self.bucket_limit, self.bucket_window = 100, 1.0
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def route(
        self, app: web.Application, method: str, template: str, handler: Handler, *, public: bool = False
    ) -> None:
        """Serve `template` of Discord's API; `public` needs no bot token."""

        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, method, template, handler, public=public)

        app.router.add_route(method, f"/api/v10{template}", serve)

    async def refuse_unknown(self, request: web.Request) -> web.StreamResponse:
        """A path that this loopback does not have."""
        self.world.violation("unknown route", f"{request.method} {request.path}", "not served by the loopback")
        return self._respond(404, Refusal(0).payload(), {})

    async def _serve(
        self, request: web.Request, method: str, template: str, handler: Handler, *, public: bool
    ) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v10")
        started = time.time()
        fault = self._take_fault(method, path)
        if fault is not None and not fault.after:
            if fault.kind != "delay":
                await request.read()
                return await self._fail(request, fault, path)
            await asyncio.sleep(fault.seconds)
        status, payload, headers = await self._answer(request, method, template, path, handler, public=public)
        self.log.append({"method": method, "path": path, "status": status, "at": started, "template": template})
        self.invalid_requests += status in (401, 403, 429)
        self.world.change()
        if fault is not None and fault.after:
            return await self._fail(request, fault, path)
        return self._respond(status, payload, headers)

    async def _answer(
        self, request: web.Request, method: str, template: str, path: str, handler: Handler, *, public: bool
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body and rate-limit headers."""
        bucket = self._bucket(method, template, request)
        call: Call | None = None
        try:
            call = await self._read(request, method, template, path)
            if not call.authorized and not public:
                raise Unauthorized
            limited = self._limited(bucket, public=public)
            if limited is not None:
                return limited
            self._check_request(call)
            outcome = await handler(call)
        except Refusal as refusal:
            if refusal.code in BREACHES and not (call and refusal.code == 50035 and refusal.errors is None):
                self.world.violation("refused", f"{method} {path}", str(refusal))
            return refusal.status, refusal.payload(), bucket.headers()
        status, payload = outcome if isinstance(outcome, tuple) else (200 if outcome is not None else 204, outcome)
        self._check_answer(method, template, status, payload)
        return status, payload, bucket.headers()

    def _limited(self, bucket: Bucket, *, public: bool) -> tuple[int, Json, dict[str, str]] | None:
        """429 when the bot asks too often, of this route or altogether."""
        wait = 0.0 if public else self.everything.take()
        if wait:
            return 429, _limited(wait, is_global=True), _retry(wait, "global")
        wait = bucket.take()
        if wait:
            return 429, _limited(wait, is_global=False), bucket.headers() | _retry(wait, "user")
        return None

    async def _read(self, request: web.Request, method: str, template: str, path: str) -> Call:
        query = dict(request.query)
        call = Call(method, template, path, dict(request.match_info), query)
        call.authorized = request.headers.get("Authorization") == f"Bot {self.world.token}"
        if request.content_type == "multipart/form-data":
            call.multipart = True
            await self._read_parts(request, call)
        elif request.can_read_body:
            body = await request.read()
            call.size = len(body)
            call.payload = _parse(body) if body else None
        if call.size > REQUEST_LIMIT:
            raise Refusal(40005)
        return call

    async def _read_parts(self, request: web.Request, call: Call) -> None:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise Refusal(50109)
            data = bytes(await part.read())
            call.size += len(data)
            named = re.fullmatch(r"files\[(\d)\]", part.name or "")
            if part.name == "payload_json":
                call.payload = _parse(data)
            elif named:
                call.files[int(named[1])] = Upload(part.filename or "unnamed", data)
            else:
                self.world.violation("multipart", f"{call.method} {call.path}", f"unknown part {part.name!r}")

    def _check_request(self, call: Call) -> None:
        if not self.check:
            return
        complaint = self.conformity.check_request(call.method, call.template, call.payload, multipart=call.multipart)
        if complaint:
            self.world.violation("request", f"{call.method} {call.path}", complaint)
            raise Refusal(50035)

    def _check_answer(self, method: str, template: str, status: int, payload: Any) -> None:
        complaint = self.conformity.check_answer(method, template, status, payload) if self.check else None
        if complaint:
            self.world.violation("answer", f"{method} {template}", complaint)

    def _bucket(self, method: str, template: str, request: web.Request) -> Bucket:
        major = [request.match_info.get(name, "") for name in MAJOR]
        key = (method, template, *major)
        if key not in self._buckets:
            name = hashlib.sha256(f"{method} {template}".encode()).hexdigest()[:32]
            self._buckets[key] = Bucket(name, self.bucket_limit, self.bucket_window)
        return self._buckets[key]

    def set_buckets(self, limit: int, window: float) -> None:
        """From now on every route takes `limit` requests in `window` seconds."""
        self.bucket_limit, self.bucket_window = limit, window
        self._buckets.clear()

    def _take_fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.fits(method, path):
                fault.times -= 1
                return fault
        return None

    async def _fail(self, request: web.Request, fault: Fault, path: str) -> web.StreamResponse:
        entry = {"method": request.method, "path": path, "at": time.time(), "fault": fault.kind}
        self.log.append(entry | {"status": {"reset": 0, "limit": 429}.get(fault.kind, fault.status)})
        self.world.change()
        if fault.kind == "reset":
            _reset(request)
            return web.Response(status=500)
        if fault.kind == "limit":
            return self._limit(fault)
        body = {"message": f"{fault.status}: loopback fault", "code": fault.code}
        return self._respond(fault.status, body, {})

    def _limit(self, fault: Fault) -> web.StreamResponse:
        is_global = fault.status == 1
        if not fault.via:
            return web.Response(status=429, text="error code: 1015", headers={"Retry-After": str(fault.seconds)})
        headers = _retry(fault.seconds, "global" if is_global else "shared")
        return self._respond(429, _limited(fault.seconds, is_global=is_global), headers)

    @staticmethod
    def _respond(status: int, payload: Any, headers: dict[str, str]) -> web.StreamResponse:
        headers = headers | {"Via": "1.1 google"}
        if payload is None:
            return web.Response(status=status, headers=headers)
        return web.Response(
            status=status, body=json.dumps(payload).encode(), headers=headers | {"Content-Type": "application/json"}
        )


def _reset(request: web.Request) -> None:
    """Close with RST, so that the other side sees "connection reset by peer"."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


def _limited(seconds: float, *, is_global: bool) -> Json:
    return {"message": "You are being rate limited.", "retry_after": seconds, "global": is_global, "code": 0}


def _retry(seconds: float, scope: str) -> dict[str, str]:
    headers = {"Retry-After": str(math.ceil(seconds)), "X-RateLimit-Scope": scope}
    return headers | ({"X-RateLimit-Global": "true"} if scope == "global" else {})


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise Refusal(50109) from None
