"""A loopback endpoint that speaks OpenAI's chat completions: it checks requests and fails as real servers do.

`async with OpenAIServer() as server:` serves on a free port of 127.0.0.1. `server.script` holds the answers to come,
one a request; when it is used up `server.otherwise` answers. Every request's JSON is kept in `server.requests`.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

KNOWN: Final = frozenset(
    {"model", "messages", "response_format", "max_completion_tokens", "max_tokens", "temperature", "top_p", "n", "stop",
     "seed", "stream", "stream_options", "tools", "tool_choice", "user", "metadata", "store", "frequency_penalty",
     "presence_penalty"}
)  # fmt: skip
"""Parameters that the real endpoint takes; any other is a 400."""

PIECE: Final = 7
"""Characters of one event of a stream."""

Answer = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


def completion(content: str | None, model: str, refusal: str | None = None, finish: str = "stop") -> dict[str, Any]:
    """A chat completion as the real endpoint words it."""
    message = {"role": "assistant", "content": content, "refusal": refusal, "annotations": []}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {"prompt_tokens": 812, "completion_tokens": 97, "total_tokens": 909},
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }


def problem(message: str, kind: str, code: str | None = None, parameter: str | None = None) -> dict[str, Any]:
    """An error's body."""
    return {"error": {"message": message, "type": kind, "param": parameter, "code": code}}


def says(content: str | dict[str, Any], finish: str = "stop") -> Answer:
    """A finished answer with this content; in a stream of small pieces where one is asked for."""
    text = content if isinstance(content, str) else json.dumps(content)

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if body.get("stream"):
            return await _streamed(request, body, text, finish)
        return web.json_response(completion(text, body["model"], finish=finish))

    return answer


async def _streamed(request: web.Request, body: dict[str, Any], text: str, finish: str) -> web.StreamResponse:
    """Server-sent events, as the real endpoint words them; the usage comes last, for those who asked for it."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    whole = completion(text, body["model"])
    head = {name: whole[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[start : start + PIECE]} for start in range(0, len(text), PIECE)]
    events = [head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    events.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(head | {"choices": [], "usage": whole["usage"]})
    for event in events:
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    return response


def refuses(words: str = "I'm sorry, I can't help with that.") -> Answer:
    """The model declines, in the field that exists for it."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(completion(None, body["model"], refusal=words))

    return answer


def fails(status: int, retry_after: str | None = None, text: str | None = None) -> Answer:
    """An error status, with the body that goes with it (or an HTML page of a proxy, given as `text`)."""
    words = {401: ("Incorrect API key provided: {key}.", "invalid_request_error", "invalid_api_key"),
             429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
             404: ("The model does not exist.", "invalid_request_error", "model_not_found")}  # fmt: skip
    message, kind, code = words.get(status, ("The server had an error.", "server_error", None))

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        headers = {"Retry-After": retry_after} if retry_after else {}
        if text is not None:
            return web.Response(status=status, text=text, content_type="text/html", headers=headers)
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return web.json_response(problem(message.format(key=key), kind, code), status=status, headers=headers)

    return answer


def slow(seconds: float, then: Answer) -> Answer:
    """The answer, late."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await then(request, body)

    return answer


def drips(content: str, pause: float) -> Answer:
    """Sends a byte at a time: no single read times out, the whole never ends."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for byte in json.dumps(completion(content, body["model"])).encode():
            await response.write(bytes([byte]))
            await asyncio.sleep(pause)
        return response

    return answer


def cut_off(content: str, share: float = 0.5) -> Answer:
    """The connection dies in the middle of the body."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        data = json.dumps(completion(content, body["model"])).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(data))})
        await response.prepare(request)
        await response.write(data[: int(len(data) * share)])
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def resets() -> Answer:
    """The connection dies before a single byte."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


def raw(text: str, content_type: str = "application/json") -> Answer:
    """Status 200 with any body."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return answer


def endless(megabytes: int) -> Answer:
    """One answer far beyond any plan, sent in pieces."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        before, after = json.dumps(completion("§", body["model"])).encode().split(b"\\u00a7")
        await response.write(before)
        for _ in range(megabytes):
            await response.write(b"a" * 2**20)
        await response.write(after)
        return response

    return answer


PLAN: Final[dict[str, Any]] = {
    "action": "imagine", "targets": [], "prompt": "a red fox at night under a full moon", "negative_prompt": "clouds",
    "aspect": None, "count": None, "seed": None, "steps": None, "guidance_scale": None, "sampler": None, "mode": None,
    "styles": [], "strength": None, "scale": None, "reply": "", "reasons": [{"field": "prompt", "why": "as you said"}],
    "choices": [], "description": "", "query": "", "instruction": None, "region": None, "directions": [],
    "control": None, "tile": None, "locks": None, "unlocks": None,
}  # fmt: skip


def plan(**changes: Any) -> dict[str, Any]:
    """A valid plan with these fields changed."""
    return PLAN | changes


@dataclass
class OpenAIServer:
    """The endpoint. `forms` are the response formats it takes: take some away to be Ollama, llama.cpp, …

    `sees` says whether it takes pictures.
    """

    key: str | None = None
    sees: bool = True
    forms: frozenset[str] = frozenset({"json_schema", "json_object"})
    parameters: frozenset[str] = KNOWN
    script: deque[Answer] = field(default_factory=deque)
    otherwise: Answer = field(default_factory=lambda: says(PLAN))
    requests: list[dict[str, Any]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a request has come in."""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._server = TestServer(app)
        await self._server.start_server()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()

    @property
    def base_url(self) -> str:
        """What `OPENAI_BASE_URL` is to be."""
        return f"http://127.0.0.1:{self._server.port}/v1"

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.asked.set()
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return await fails(401)(request, body)
        if wrong := self._wrong_with(body):
            return web.json_response(problem(wrong, "invalid_request_error"), status=400)
        answer = self.script.popleft() if self.script else self.otherwise
        return await answer(request, body)

    def _wrong_with(self, body: dict[str, Any]) -> str:
        """What the real endpoint would object to; empty when nothing."""
        for name in body:
            if name not in self.parameters:
                return f"Unrecognized request argument supplied: {name}"
        if not body.get("model") or not body.get("messages"):
            return "you must provide a model and messages"
        if not self.sees and any(isinstance(message["content"], list) for message in body["messages"]):
            return "Invalid content type. image_url is only supported by certain models."
        wanted = body.get("response_format")
        if wanted is None:
            return ""
        if wanted["type"] not in self.forms:
            return f"Invalid parameter: 'response_format' of type '{wanted['type']}' is not supported with this model."
        spoken = " ".join(str(message["content"]) for message in body["messages"])
        if wanted["type"] == "json_object" and "json" not in spoken.lower():
            return (
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            )
        return _not_strict(wanted["json_schema"]["schema"]) if wanted["type"] == "json_schema" else ""


def _not_strict(schema: dict[str, Any], where: str = "()") -> str:
    """What keeps a schema from OpenAI's strict dialect."""
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"Invalid schema: in context={where}, 'additionalProperties' must be false."
        if set(schema.get("required", ())) != set(schema["properties"]):
            return f"Invalid schema: in context={where}, 'required' must include every key."
        wrong = (_not_strict(inner, f"{where}/{name}") for name, inner in schema["properties"].items())
        return next(filter(None, wrong), "")
    if schema.get("type") == "array":
        return _not_strict(schema["items"], f"{where}/items")
    return (
        ""
        if "type" in schema or "anyOf" in schema
        else f"Invalid schema: in context={where}, schema must have a 'type'."
    )
