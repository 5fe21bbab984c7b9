"""The language model's planner: any endpoint that speaks OpenAI's chat completions.

It asks for the strictest form that the endpoint takes (JSON schema → JSON mode → plain text), repairs once, keeps one
time budget for everything, and hands over to the offline planner when that does not help.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Final

import httpx2
import openai
from pydantic_core import from_json

from pixxelbot.errors import PlannerAnswerInvalid, PlannerError, PlannerTimeout, PlannerUnavailable
from pixxelbot.intent import Ask, Intent
from pixxelbot.planner import templates
from pixxelbot.planner.answers import read_answer, schema
from pixxelbot.planner.breaker import Breaker
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.planner.references import grids
from pixxelbot.recipe import MAX_COUNT
from pixxelbot.settings import Settings

log = logging.getLogger(__name__)

OPENAI: Final = "https://api.openai.com/v1"
FORMS: Final = ("schema", "json", "text")
"""Forms of an answer, the strictest first."""
NOT_UNDERSTOOD: Final = frozenset({400, 415, 422, 501})
"""Statuses by which endpoints turn down a parameter that they do not know."""
MAX_ANSWER: Final = 2**18
"""Bytes of one answer, envelope included; a plan takes two thousand."""
MAX_TOKENS: Final = 1_500
SHOWN_AGAIN: Final = 2_000
"""Characters of a wrong answer that the model is shown when asked to repair it."""
MAX_PICTURES: Final = 12
MAX_SHOWN_PROMPT: Final = 400
"""Characters of an earlier prompt; twelve of them fit a small context window."""

Message = dict[str, str]


class OpenAIPlanner:
    """Plans with a language model, and with the offline planner when that fails."""

    def __init__(self, settings: Settings, offline: OfflinePlanner, breaker: Breaker | None = None) -> None:
        self.name = settings.llm_model
        self._timeout = settings.llm_timeout
        self._offline = offline
        self._breaker = breaker or Breaker()
        self._form = 0
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
        self._client = openai.AsyncOpenAI(
            api_key=key, base_url=settings.openai_base_url or OPENAI, timeout=settings.llm_timeout, max_retries=0
        )

    async def plan(self, ask: Ask) -> Intent:
        """The language model's intent, or the offline planner's with a note that says why."""
        if ask.given.verbatim or not ask.words.strip():
            return await self._offline.plan(ask)
        if self._breaker.open:
            return await self._planned_offline(ask, "has failed several times in a row and is left alone for a minute")
        try:
            async with asyncio.timeout(self._timeout):
                intent = await self._plan(ask)
        except TimeoutError:
            self._breaker.failed()
            return await self._planned_offline(ask, str(PlannerTimeout("did not answer in time")))
        except PlannerError as error:
            self._breaker.failed(error.retry_after if isinstance(error, EndpointError) else None)
            return await self._planned_offline(ask, _outcome(error))
        self._breaker.succeeded()
        return intent.model_copy(update={"planner": self.name, "template": templates.version("plan.system")})

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _planned_offline(self, ask: Ask, outcome: str) -> Intent:
        log.warning("the language model %s %s; planned offline", self.name, outcome)
        intent = await self._offline.plan(ask)
        note = f"The language model {outcome}; I planned this myself."
        return intent.model_copy(update={"notes": (note, *intent.notes)})

    async def _plan(self, ask: Ask) -> Intent:
        """Ask, and once more where the answer is no plan."""
        labels = {f"p{number}": name for number, (name, _) in enumerate(ask.pictures[:MAX_PICTURES], start=1)}
        asked: Message = {"role": "user", "content": _context(ask, labels)}
        answer = await self._ask(ask, labels, [asked])
        try:
            return read_answer(answer, ask, labels)
        except PlannerAnswerInvalid as error:
            repair = templates.render("plan.repair", problem=str(error))
        again = [asked, {"role": "assistant", "content": answer[:SHOWN_AGAIN]}, {"role": "user", "content": repair}]
        return read_answer(await self._ask(ask, labels, again), ask, labels)

    async def _ask(self, ask: Ask, labels: dict[str, str], messages: list[Message]) -> str:
        """One answer, in the strictest form that the endpoint takes; the form is remembered."""
        for form in range(self._form, len(FORMS)):
            try:
                answer = await self._complete(FORMS[form], ask, labels, messages)
            except openai.APIStatusError as error:
                if error.status_code in NOT_UNDERSTOOD and form + 1 < len(FORMS):
                    continue
                raise EndpointError(error) from None
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise PlannerUnavailable(f"could not be reached ({type(error).__name__})") from None
            self._form = form
            return answer
        raise PlannerUnavailable("takes none of the forms I know")

    async def _complete(self, form: str, ask: Ask, labels: dict[str, str], messages: list[Message]) -> str:
        system = templates.render(
            "plan.system", limits=ask.limits, styles=ask.styles or ("none",), max_count=MAX_COUNT, form=form
        )
        request: dict[str, Any] = {"model": self.name, "messages": [{"role": "system", "content": system}, *messages]}
        if form == "schema":
            strict = {"name": "plan", "strict": True, "schema": schema(ask, labels)}
            request["response_format"] = {"type": "json_schema", "json_schema": strict}
        if form == "json":
            request["response_format"] = {"type": "json_object"}
        if form != "text":
            request["max_completion_tokens"] = MAX_TOKENS
        return _content(await self._bytes(request))

    async def _bytes(self, request: dict[str, Any]) -> bytes:
        """The response's body, read no further than a plan can be long."""
        held = bytearray()
        async with self._client.chat.completions.with_streaming_response.create(**request) as response:
            async for chunk in response.iter_bytes():
                held += chunk
                if len(held) > MAX_ANSWER:
                    raise PlannerAnswerInvalid("sent an answer far too long to be a plan")
        return bytes(held)


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


def _outcome(error: PlannerError) -> str:
    return "gave no usable plan" if isinstance(error, PlannerAnswerInvalid) else str(error)


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def _content(body: bytes) -> str:
    """The message in a chat completion."""
    try:
        choice = from_json(body)["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise PlannerUnavailable("answered with something that is no chat completion") from None
    if refusal or choice.get("finish_reason") == "content_filter":
        raise PlannerUnavailable("declined to plan this")
    return content if isinstance(content, str) else ""


def _context(ask: Ask, labels: dict[str, str]) -> str:
    """The member's words, what is fixed, and the pictures, as data."""
    names = {name: label for label, name in labels.items()}
    shown = []
    for grid in grids(ask.pictures[:MAX_PICTURES]):
        recipe = grid[0][1]
        shown.append(
            {
                "labels_by_place": [names[name] for name, _ in grid],
                "prompt": recipe.prompt[:MAX_SHOWN_PROMPT],
                "negative_prompt": recipe.negative_prompt[:MAX_SHOWN_PROMPT],
                "aspect": recipe.aspect,
                "styles": [name for name, _ in recipe.styles],
                "made_by": recipe.kind,
            }
        )
    fixed = ask.given.said()
    return json.dumps({"words": ask.words, "fixed": fixed, "pictures": shown}, ensure_ascii=False)
