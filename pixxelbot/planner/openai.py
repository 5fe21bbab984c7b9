"""The language model's planner: any endpoint that speaks OpenAI's chat completions.

It repairs once, keeps one time budget for everything, and hands over to the offline planner when that does not help.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final

from pixxelbot.errors import PlannerAnswerInvalid, PlannerError, PlannerTimeout, PlannerUnavailable
from pixxelbot.intent import Ask, Intent
from pixxelbot.planner import own, permutations, templates, wildcards
from pixxelbot.planner.answers import EXAMPLE, read_answer, read_prompts, reply_so_far, schema
from pixxelbot.planner.breaker import Breaker
from pixxelbot.planner.context import Labels, context, labels_of, tokens
from pixxelbot.planner.endpoint import MAX_TOKENS, Bill, Endpoint, EndpointError, Letter, Message
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.planner.planner import Hear
from pixxelbot.recipe import MAX_COUNT, Limits
from pixxelbot.settings import Settings

log = logging.getLogger(__name__)

SHOWN_AGAIN: Final = 2_000
"""Characters of a wrong answer that the model is shown when asked to repair it."""
TOKENS_A_LOOK: Final = 300
"""Of one small picture; endpoints count between 85 and some hundred."""
DESCRIBED: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"prompts": {"type": "array", "items": {"type": "string"}}},
    "required": ["prompts"],
    "additionalProperties": False,
}


class OpenAIPlanner:
    """Plans with a language model, and with the offline planner when that fails."""

    def __init__(self, settings: Settings, offline: OfflinePlanner, breaker: Breaker | None = None) -> None:
        self.name = settings.llm_model
        self._timeout, self._window = settings.llm_timeout, settings.llm_context
        self._offline = offline
        self._breaker = breaker or Breaker()
        self._endpoint = Endpoint(settings)

    @property
    def sees(self) -> bool:
        """Whether it may be shown pictures, as far as is known."""
        return self._endpoint.sees

    async def plan(self, ask: Ask, hear: Hear | None = None) -> Intent:
        """The language model's intent, or the offline planner's with a note that says why."""
        if ask.given.verbatim or not (ask.words.strip() or ask.looks) or permutations.choices(ask.words):
            return await self._offline.plan(ask)  # nothing to phrase: each prompt is drawn as it is written
        if own.surely(ask.words):  # the same words change the same setting, whoever plans
            return await self._offline.plan(ask)
        ask = ask.model_copy(update={"words": wildcards.filled(ask.words, ask.now).text})
        if self._breaker.open:
            return await self._planned_offline(ask, "has failed several times in a row and is left alone for a minute")
        bill = Bill()
        try:
            async with asyncio.timeout(self._timeout):
                intent = await self._plan(ask, bill, hear)
        except TimeoutError:
            self._breaker.failed()
            intent = await self._planned_offline(ask, str(PlannerTimeout("did not answer in time")))
            return intent.model_copy(update={"tokens": (bill.tokens_in, bill.tokens_out)})
        except PlannerError as error:
            self._breaker.failed(error.retry_after if isinstance(error, EndpointError) else None)
            intent = await self._planned_offline(ask, _outcome(error))
            return intent.model_copy(update={"tokens": (bill.tokens_in, bill.tokens_out)})
        self._breaker.succeeded()
        made_by = {"planner": self.name, "template": templates.version("plan.system")}
        return intent.model_copy(update=made_by | {"tokens": (bill.tokens_in, bill.tokens_out)})

    async def describe(self, look: bytes, limits: Limits, known: str = "") -> tuple[tuple[str, ...], tuple[int, int]]:
        """Prompts by which a small JPEG could be drawn again, and the tokens it took.

        `known` is what is said of it, as data.

        Raises:
            PlannerError: it does not see, or gave no usable answer.
        """
        if not self.sees or self._breaker.open:
            raise PlannerUnavailable("does not see pictures" if not self.sees else "is left alone for a minute")
        bill = Bill()
        system = templates.render("describe.system", limits=limits, words=min(int(limits.tokens * 0.7), 60))
        asked: Message = {"role": "user", "content": json.dumps({"known": known[:SHOWN_AGAIN]}, ensure_ascii=False)}
        letter = Letter(lambda form: system, [asked], DESCRIBED, (("to describe", look),))
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._endpoint.ask(letter, bill)
        except TimeoutError:
            raise PlannerTimeout("did not answer in time") from None
        if not self.sees:  # found out in this very moment: what it said is made up
            raise PlannerUnavailable("does not see pictures")
        return read_prompts(answer, limits), (bill.tokens_in, bill.tokens_out)

    async def close(self) -> None:
        """Close the connections."""
        await self._endpoint.close()

    async def _planned_offline(self, ask: Ask, outcome: str) -> Intent:
        log.warning("the language model %s %s; planned offline", self.name, outcome)
        intent = await self._offline.plan(ask)
        note = f"The language model {outcome}; I planned this myself."
        return intent.model_copy(update={"notes": (note, *intent.notes)})

    async def _plan(self, ask: Ask, bill: Bill, hear: Hear | None) -> Intent:
        """Ask, and once more where the answer is no plan."""
        labels = labels_of(ask)
        letter = self._letter(ask, labels)
        answer = await self._endpoint.ask(letter, bill, _hearing(hear))
        try:
            return read_answer(answer, ask, labels)
        except PlannerAnswerInvalid as error:
            repair = templates.render("plan.repair", problem=str(error))
        wrong = [{"role": "assistant", "content": answer[:SHOWN_AGAIN]}, {"role": "user", "content": repair}]
        again = Letter(letter.system, [*letter.messages, *wrong], letter.schema, letter.pictures)
        return read_answer(await self._endpoint.ask(again, bill), ask, labels)

    def _letter(self, ask: Ask, labels: Labels) -> Letter:
        def system(form: str) -> str:
            return templates.render(
                "plan.system", limits=ask.limits, styles=ask.styles or ("none",), max_count=MAX_COUNT, form=form,
                unanswered=bool(ask.unanswered), example=EXAMPLE,
            )  # fmt: skip

        form = schema(ask, labels)
        names = {name: label for label, name in labels.items()} | dict.fromkeys(ask.sources, "sent along")
        looks = tuple((names[name], jpeg) for name, jpeg in ask.looks.items() if name in names)
        used = tokens(system("text")) + tokens(json.dumps(form)) + MAX_TOKENS + TOKENS_A_LOOK * len(looks)
        asked: Message = {"role": "user", "content": context(ask, labels, self._window - used)}
        return Letter(system, [asked], form, looks)


def _hearing(hear: Hear | None) -> Callable[[str], None] | None:
    """Told an answer so far, it tells the reply so far, whenever that has grown."""
    if hear is None:
        return None
    told = ""

    def listen(text: str) -> None:
        nonlocal told
        if (reply := reply_so_far(text)) and len(reply) > len(told):
            told = reply
            hear(reply)

    return listen


def _outcome(error: PlannerError) -> str:
    return "gave no usable plan" if isinstance(error, PlannerAnswerInvalid) else str(error)
