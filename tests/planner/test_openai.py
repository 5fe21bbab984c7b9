"""The language model's planner against a loopback endpoint, through the real client."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from pixxelbot.intent import Changes
from pixxelbot.planner import build_planner
from pixxelbot.planner.breaker import FAILURES, REST, Breaker
from pixxelbot.planner.endpoint import MAX_ANSWER
from pixxelbot.planner.openai import OpenAIPlanner
from pixxelbot.recipe import Limits
from tests import factories
from tests.openai_server import server as llm
from tests.openai_server.server import OpenAIServer, plan, says
from tests.planner.asks import ALL, first, later
from tests.planner.conftest import KEY

WISH = "a red fox under a full moon, and no clouds"

Make = Callable[..., OpenAIPlanner]


async def test_words_become_the_language_models_plan(server: OpenAIServer, planner: Make, bundled: Limits) -> None:
    server.script.append(says(plan(aspect="16:9", reasons=[{"field": "aspect", "why": "a wide sky"}])))
    intent = await planner().plan(first(WISH, bundled))
    assert intent.planner == "gpt-4o-mini" and intent.template == "plan.system v3" and intent.notes == ()
    assert intent.changes.said() == {
        "prompt": "a red fox at night under a full moon", "negative_prompt": "clouds", "aspect": "16:9",
    }  # fmt: skip
    assert intent.reasons["aspect"] == "a wide sky" and set(intent.reasons) == set(intent.changes.said())


async def test_the_model_is_told_its_limits_and_shown_the_pictures(
    server: OpenAIServer, planner: Make, bundled: Limits
) -> None:
    server.script.append(says(plan(action="remix", targets=["p2"], prompt="a red fox at night")))
    intent = await planner().plan(later("the second one, but at night", bundled, given=Changes(count=2)))
    system, user = (message["content"] for message in server.requests[0]["messages"])
    assert "penguin" in system and "1 to 100" in system
    assert '"labels_by_place": ["p1", "p2", "p3", "p4"]' in user and '"count": 2' in user
    assert (intent.action, intent.targets) == ("remix", ("fox2",))
    assert server.requests[0]["response_format"]["json_schema"]["strict"] is True


async def test_a_members_own_settings_need_no_language_model(
    server: OpenAIServer, planner: Make, bundled: Limits
) -> None:
    intent = await planner().plan(first("change my language to German", bundled))
    assert (intent.action, intent.own, intent.planner) == ("settings", {"language": "de"}, "offline")
    assert server.requests == []


@pytest.mark.parametrize(
    ("forms", "asked"),
    [
        ({"json_object"}, ["json_schema", "json_object", "json_object"]),
        (set(), ["json_schema", "json_object", None, None]),
    ],
)
async def test_an_endpoint_that_knows_less_is_asked_for_less_and_remembered(
    server: OpenAIServer, planner: Make, bundled: Limits, forms: set[str], asked: list[str | None]
) -> None:
    server.forms = frozenset(forms)
    server.otherwise = says("Sure! Here is the plan:\n```json\n" + json.dumps(plan()) + "\n```\nEnjoy!")
    ours = planner()
    for _ in range(2):
        assert (await ours.plan(first(WISH, bundled))).planner == "gpt-4o-mini"
    assert [request.get("response_format", {}).get("type") for request in server.requests] == asked


async def test_an_endpoint_without_max_completion_tokens_still_serves(
    server: OpenAIServer, planner: Make, bundled: Limits
) -> None:
    server.parameters = frozenset({"model", "messages"})
    assert (await planner().plan(first(WISH, bundled))).planner == "gpt-4o-mini"


async def test_one_repair_is_asked_for(server: OpenAIServer, planner: Make, bundled: Limits) -> None:
    server.script.extend([says("A fox? Lovely idea!"), says(plan())])
    intent = await planner().plan(first(WISH, bundled))
    assert intent.planner == "gpt-4o-mini" and len(server.requests) == 2
    assert "could not be used" in server.requests[1]["messages"][-1]["content"]


BAD = {
    "prose twice": (says("A fox? Lovely idea!"), "no usable plan"),
    "half of the JSON": (says('{"action": "imagine", "prompt": "a re', finish="length"), "no usable plan"),
    "wrong types": (says(plan(action=7, prompt=["a"])), "no usable plan"),
    "an empty message": (says(""), "no usable plan"),
    "a refusal": (llm.refuses(), "declined"),
    "a filtered answer": (says("", finish="content_filter"), "declined"),
    "status 429": (llm.fails(429), "too much to do"),
    "status 500": (llm.fails(500), "500"),
    "a proxy's page": (llm.fails(502, text="<html>Bad gateway</html>"), "502"),
    "a page with status 200": (llm.raw("<html>hi</html>", "text/html"), "no chat completion"),
    "no choices": (llm.raw('{"choices": []}'), "no chat completion"),
    "null": (llm.raw("null"), "no chat completion"),
    "a refused key": (llm.fails(401), "refused the key"),
    "an unknown model": (llm.fails(404), "does not know the model"),
    "a cut-off body": (llm.cut_off("{}"), "could not be reached"),
    "a reset": (llm.resets(), "could not be reached"),
    "a huge answer": (llm.endless(8), "no usable plan"),
    "nesting without end": (says("[" * 100_000), "no usable plan"),
    "an enormous object": (says('{"action": "imagine", "prompt": "' + "a" * (MAX_ANSWER - 5_000)), "no usable plan"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_goes_wrong_is_announced_and_planned_offline(
    server: OpenAIServer, planner: Make, bundled: Limits, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.otherwise, outcome = BAD[name]
    with caplog.at_level(logging.DEBUG):
        intent = await planner().plan(first(WISH, bundled))
    assert intent.planner == "offline" and intent.changes.negative_prompt == "clouds"
    assert "I planned this myself" in intent.notes[0] and outcome in intent.notes[0]
    assert len(server.requests) <= 2
    assert KEY not in caplog.text and KEY not in intent.model_dump_json()


@pytest.mark.parametrize("late", [llm.slow(30, says(plan())), llm.drips("x" * 500, 0.05)])
async def test_one_budget_of_time_covers_everything(
    server: OpenAIServer, planner: Make, bundled: Limits, late: llm.Answer
) -> None:
    server.otherwise = late
    async with asyncio.timeout(5):
        intent = await planner(llm_timeout=0.4).plan(first(WISH, bundled))
    assert intent.planner == "offline" and "did not answer in time" in intent.notes[0]


async def test_the_repair_is_inside_the_same_budget(server: OpenAIServer, planner: Make, bundled: Limits) -> None:
    server.script.append(llm.slow(0.25, says("nonsense")))
    server.otherwise = llm.slow(0.5, says(plan()))
    intent = await planner(llm_timeout=0.5).plan(first(WISH, bundled))
    assert "did not answer in time" in intent.notes[0]


async def test_nobody_listening_is_announced(planner: Make, bundled: Limits) -> None:
    intent = await planner(openai_base_url="http://127.0.0.1:9/v1").plan(first(WISH, bundled))
    assert intent.planner == "offline" and "could not be reached" in intent.notes[0]


async def test_a_failing_endpoint_is_left_alone_and_tried_again(
    server: OpenAIServer, planner: Make, bundled: Limits
) -> None:
    now = [0.0]
    ours = planner(Breaker(clock=lambda: now[0]))
    server.otherwise = llm.fails(500)
    for _ in range(FAILURES + 2):
        assert (await ours.plan(first(WISH, bundled))).planner == "offline"
    assert len(server.requests) == FAILURES
    server.otherwise = says(plan())
    now[0] += REST + 1
    assert (await ours.plan(first(WISH, bundled))).planner == "gpt-4o-mini"


async def test_an_endpoint_that_names_a_pause_gets_it(server: OpenAIServer, planner: Make, bundled: Limits) -> None:
    now = [0.0]
    ours = planner(Breaker(clock=lambda: now[0]))
    server.script.append(llm.fails(429, retry_after="20"))
    await ours.plan(first(WISH, bundled))
    assert "left alone" in (await ours.plan(first(WISH, bundled))).notes[0]
    now[0] = 21
    assert (await ours.plan(first(WISH, bundled))).planner == "gpt-4o-mini"


async def test_verbatim_words_are_not_sent_anywhere(server: OpenAIServer, planner: Make, bundled: Limits) -> None:
    intent = await planner().plan(first("three  CATS, (red:1.3)", bundled, given=Changes(verbatim=True)))
    assert intent.changes.prompt == "three  CATS, (red:1.3)" and server.requests == []


async def test_a_plan_given_up_by_its_asker_ends_at_once(server: OpenAIServer, planner: Make, bundled: Limits) -> None:
    server.otherwise = llm.slow(30, says(plan()))
    task = asyncio.create_task(planner().plan(first(WISH, bundled)))
    await server.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_base_url_without_a_key_suffices(bundled: Limits, tmp_path: Path) -> None:
    async with OpenAIServer() as server:
        ours = build_planner(factories.settings(tmp_path, openai_base_url=server.base_url, llm_model="llama3"))
        intent = await ours.plan(first(WISH, bundled))
        await ours.close()
    assert intent.planner == "llama3" and server.requests[0]["model"] == "llama3"


async def test_follow_ups_without_a_target_mean_the_newest_grid(
    server: OpenAIServer, planner: Make, bundled: Limits
) -> None:
    server.script.append(says(plan(action="vary", targets=["p99", "fox9", 3])))
    intent = await planner().plan(later("more like that", bundled))
    assert (intent.action, intent.targets) == ("vary", ALL)
