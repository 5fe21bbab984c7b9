"""An OpenAI-compatible endpoint, of which nothing is taken for granted.

What it takes is found out by asking, the strictest and richest way first, and remembered: JSON schema → JSON mode →
plain text; with pictures or without; in a stream or at once. Nothing it sends is read beyond what a plan can be long.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import openai
from pydantic_core import from_json

from pixxelbot.errors import PlannerAnswerInvalid, PlannerUnavailable
from pixxelbot.planner.context import tokens
from pixxelbot.settings import Settings

log = logging.getLogger(__name__)

OPENAI: Final = "https://api.openai.com/v1"
FORMS: Final = ("schema", "json", "text")
"""Forms of an answer, the strictest first."""
NOT_UNDERSTOOD: Final = frozenset({400, 404, 415, 422, 500, 501})
"""Statuses by which endpoints turn down a parameter that they do not know, or pictures that they cannot see."""
UNKNOWN_MODEL: Final = 404
MAX_ANSWER: Final = 2**18
"""Bytes of one answer, envelope included; a plan takes two thousand."""
MAX_TOKENS: Final = 1_500
HEARD_CHARACTERS: Final = 8_000
"""A reply is followed while it is written no further than this; a message holds 2,000."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manners:
    """One way to ask."""

    form: int
    sees: bool
    streams: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """One question: the system prompt by form, the messages, the schema of an answer, and pictures by their label."""

    system: Callable[[str], str]
    messages: list[Message]
    schema: dict[str, Any]
    pictures: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Bill:
    """What answers have cost so far."""

    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(slots=True)
class _Heard:
    """An answer as it comes in."""

    parts: list[str] = field(default_factory=list)
    refused: bool = False
    usage: dict[str, Any] = field(default_factory=dict)


class EndpointError(PlannerUnavailable):
    """The endpoint answered with an error status. Its own words are not repeated: they may quote the key."""

    def __init__(self, error: openai.APIStatusError) -> None:
        self.retry_after = _seconds(error.response.headers.get("retry-after", ""))
        meanings = {
            401: "refused the key",
            403: "refused the key",
            404: "does not know the model",
            429: "has too much to do",
        }
        meaning = meanings.get(error.status_code, "failed" if error.status_code >= 500 else "refused the request")
        super().__init__(f"{meaning} (status {error.status_code})")


class Endpoint:
    """One language model at one address."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.llm_model
        self.sees = settings.llm_vision != "off"
        self._surely_sees = settings.llm_vision == "on"
        self._form, self._streams = 0, True
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
        self._client = openai.AsyncOpenAI(
            api_key=key, base_url=settings.openai_base_url or OPENAI, timeout=settings.llm_timeout, max_retries=0
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, letter: Letter, bill: Bill, hear: Callable[[str], None] | None = None) -> str:
        """One answer, in the best way that the endpoint takes; `hear` is told its text so far, where it streams.

        Raises:
            PlannerUnavailable: it could not be reached, failed, or declined.
            PlannerAnswerInvalid: the answer is far too long.
        """
        ways = list(self._ways(bool(letter.pictures), hear is not None))
        for manners in ways:
            try:
                answer = await self._once(manners, letter, bill, hear)
            except openai.APIStatusError as error:
                if self._may_be_manners(error, manners, ways):
                    continue
                raise EndpointError(error) from None
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise PlannerUnavailable(f"could not be reached ({type(error).__name__})") from None
            self._remember(manners, ways[0])
            return answer
        raise PlannerUnavailable("takes none of the forms I know")

    def _ways(self, pictures: bool, streaming: bool) -> Iterator[Manners]:
        seeing = (True,) if self._surely_sees else (True, False)
        for form in range(self._form, len(FORMS)):
            for sees in seeing if pictures and self.sees else (False,):
                for streams in (True, False) if streaming and self._streams else (False,):
                    yield Manners(form, sees, streams)

    def _may_be_manners(self, error: openai.APIStatusError, manners: Manners, ways: list[Manners]) -> bool:
        """Whether another way may be taken where this one was refused."""
        if manners == ways[-1] or error.status_code not in NOT_UNDERSTOOD:
            return False
        # some answer 404 or 500 to a picture they cannot see; without one, these mean what they say
        return error.status_code not in (UNKNOWN_MODEL, 500) or manners.sees

    def _remember(self, manners: Manners, first: Manners) -> None:
        if manners != first:
            log.info("%s takes %s, %s", self.name, FORMS[manners.form], "pictures" if manners.sees else "words only")
        self._form = manners.form
        self.sees = self.sees and (manners.sees or not first.sees)
        self._streams = self._streams and (manners.streams or not first.streams)

    async def _once(self, manners: Manners, letter: Letter, bill: Bill, hear: Callable[[str], None] | None) -> str:
        request = self._request(manners, letter)
        heard = _Heard()
        async with self._client.chat.completions.with_streaming_response.create(**request) as response:
            kind = response.headers.get("content-type", "")
            body = _bounded(response.iter_bytes())
            if manners.streams and "event-stream" in kind:
                await _hear_events(body, heard, hear)
            else:
                _hear_whole(b"".join([chunk async for chunk in body]), heard)
        text = "".join(heard.parts)
        _charge(bill, heard.usage, request, text)
        if heard.refused:
            raise PlannerUnavailable("declined to plan this")
        return text

    def _request(self, manners: Manners, letter: Letter) -> dict[str, Any]:
        form = FORMS[manners.form]
        system: Message = {"role": "system", "content": letter.system(form)}
        messages = list(letter.messages)
        if manners.sees and letter.pictures:
            messages[0] = messages[0] | {"content": _with_pictures(messages[0]["content"], letter.pictures)}
        request: dict[str, Any] = {"model": self.name, "messages": [system, *messages]}
        if form == "schema":
            strict = {"name": "answer", "strict": True, "schema": letter.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": strict}
        if form == "json":
            request["response_format"] = {"type": "json_object"}
        if form != "text":
            request["max_completion_tokens"] = MAX_TOKENS
        if manners.streams:
            request |= {"stream": True, "stream_options": {"include_usage": True}}
        return request


async def _bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body, no further than a plan can be long."""
    length = 0
    async for chunk in chunks:
        length += len(chunk)
        if length > MAX_ANSWER:
            raise PlannerAnswerInvalid("sent an answer far too long to be a plan")
        yield chunk


async def _hear_events(body: AsyncIterator[bytes], heard: _Heard, hear: Callable[[str], None] | None) -> None:
    """Server-sent events, each a piece of the answer."""
    rest, length = b"", 0
    async for chunk in body:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _hear_event(line.strip(), heard)
        if hear and heard.parts and length < HEARD_CHARACTERS:
            text = "".join(heard.parts)
            length = len(text)
            hear(text)
    _hear_event(rest.strip(), heard)
    if not heard.parts and not heard.refused:
        raise PlannerUnavailable("answered with something that is no chat completion")


def _hear_event(line: bytes, heard: _Heard) -> None:
    data = line.removeprefix(b"data:").strip()
    if not line.startswith(b"data:") or data == b"[DONE]":
        return
    event = _json(data)
    if isinstance(usage := event.get("usage"), dict):
        heard.usage = usage
    choices = event.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict):
        _hear_choice(choice, choice.get("delta"), heard)


def _hear_whole(body: bytes, heard: _Heard) -> None:
    """One chat completion."""
    answer = _json(body)
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise PlannerUnavailable("answered with something that is no chat completion")
    if isinstance(usage := answer.get("usage"), dict):
        heard.usage = usage
    _hear_choice(choice, choice["message"], heard)


def _hear_choice(choice: dict[str, Any], message: Any, heard: _Heard) -> None:
    said = message if isinstance(message, dict) else {}
    if isinstance(said.get("content"), str):
        heard.parts.append(said["content"])
    heard.refused = heard.refused or bool(said.get("refusal")) or choice.get("finish_reason") == "content_filter"


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = from_json(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise PlannerUnavailable("answered with something that is no chat completion")
    return value


def _with_pictures(text: str, pictures: tuple[tuple[str, bytes], ...]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    for label, jpeg in pictures:
        parts.append({"type": "text", "text": f"The picture {label}:"})
        address = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": address, "detail": "low"}})
    return parts


def _charge(bill: Bill, usage: dict[str, Any], request: dict[str, Any], text: str) -> None:
    """As the endpoint counts, or as near as can be said without its tokenizer."""
    spoken = sum(tokens(str(message["content"])) for message in request["messages"] if "prompt_tokens" not in usage)
    bill.tokens_in += _count(usage.get("prompt_tokens"), spoken)
    bill.tokens_out += _count(usage.get("completion_tokens"), tokens(text))


def _count(said: Any, otherwise: int) -> int:
    return said if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 2**31 else otherwise


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
