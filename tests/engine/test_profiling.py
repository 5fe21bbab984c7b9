"""Measuring models while nobody waits, knowing it at the next start, and giving memory back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixxelbot import memory
from pixxelbot.engine import engine as engine_module
from pixxelbot.engine import profiling
from pixxelbot.engine.choose import Caps, Parked, choose
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.job import Progress
from pixxelbot.profile import Profile
from tests.engine import tiny
from tests.engine.drawing import Told, draw
from tests.factories import recipe as any_recipe


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.build("sd1", tmp_path_factory.mktemp("models") / "sd1"))


def recipe(**changes: Any) -> Any:
    return any_recipe(**({"model": "sd1", "width": 32, "height": 32, "steps": 3} | changes))


def test_a_model_is_measured_once_nobody_waits_and_the_cap_follows(place: str) -> None:
    found: list[Profile] = []
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True, on_profile=found.append)
    draw(engine, recipe())
    assert found == []
    with torch.no_grad():
        while not found:
            engine._measure_a_little()
    (profile,) = found
    assert (profile.model, profile.size, profile.dtype) == ("sd1", "4x16x16", "float32")
    assert [rows for rows, _ in profile.seconds][:3] == [1, 2, 4]
    assert all(seconds > 0 for _, seconds in profile.seconds)
    assert profile.decoding > 100
    assert profile.weights == engine.models.bytes
    (size,) = engine.caps.profiled
    assert engine.caps.of("any key", size) == profile.cap
    draw(engine, recipe(seed=2))
    assert engine.unmeasured == [], "it is known now"


def test_what_was_measured_on_this_machine_is_known_at_the_next_start(place: str) -> None:
    first: list[Profile] = []
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True, on_profile=first.append)
    draw(engine, recipe())
    with torch.no_grad():
        while not first:
            engine._measure_a_little()
    again = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True)
    again.know(Profile.load(first[0].dump()))
    draw(again, recipe())
    assert again.unmeasured == []
    other = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True)
    other.know(Profile.load({**first[0].dump(), "versions": "torch 1.0 diffusers 0.1"}))
    draw(other, recipe())
    assert len(other.unmeasured) == 1, "another version may be faster or slower"


def test_what_is_known_of_a_model_can_be_forgotten_and_is_measured_anew(place: str) -> None:
    engine = Engine(Models({"sd1": place, "other": place}, device="cpu", dtype="float32"), profiling=True)
    draw(engine, recipe(), recipe(model="other"))
    engine.caps.profiled = dict.fromkeys(engine._known_sizes, 4)
    engine.unmeasured.clear()
    engine.forget("sd1")
    draw(engine, recipe(), recipe(model="other"))
    assert [model.name for model, _ in engine.unmeasured] == ["sd1"]
    assert [model for model, *_ in engine.caps.profiled] == ["other"]


def test_memory_by_rows_is_a_line_that_predicts_what_was_not_measured(place: str) -> None:
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True)
    draw(engine, recipe())
    _, call = engine.unmeasured[0]
    with torch.no_grad():
        held = {rows: _tensors(profiling.repeated(call, rows)) for rows in (1, 2, 4, 12)}
    known = tuple((rows, held[rows]) for rows in (1, 2, 4))
    profile = Profile(
        model="sd1", model_hash="", size="4x16x16", dtype="float32", device="cpu", versions="",
        seconds=((1, 1.0),), bytes=known,
    )  # fmt: skip
    assert profile.memory(12) == pytest.approx(held[12], rel=0.15)


def _tensors(call: Any) -> int:
    """What the machine counts in pages says little of a model as tiny as this one."""
    counted = profiling.Held()
    with counted:
        call()
    return counted.most


def test_views_of_what_was_there_before_are_no_memory() -> None:
    weight, counted = torch.ones(1000, 100), profiling.Held()
    with counted:
        turned = weight.t()
        found = torch.ones(1, 1000) @ weight
    assert turned.shape == (100, 1000) and found.shape == (1, 100)
    assert counted.most == 4 * 1100


@pytest.mark.skipif(not memory.STATUS.is_file(), reason="the system does not say what a process holds")
def test_memory_that_is_no_tensor_counts_too(place: str) -> None:
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True)
    draw(engine, recipe())
    model, _ = engine.unmeasured[0]
    assert profiling.peak(model, lambda: np.ones(64 * 2**20, np.uint8)) == pytest.approx(64 * 2**20, rel=0.1)


def test_tensors_alive_at_once_are_counted_and_those_that_are_gone_are_not() -> None:
    counted = profiling.Held()
    with counted:
        one = torch.zeros(1000)
        two = one + 1
        del one
        three = two + 1
        view = three[:10]
    assert counted.most == 2 * 4000
    assert counted.now == 2 * 4000
    del two, three, view
    assert counted.now == 0


def test_a_request_that_comes_while_a_model_is_measured_waits_for_one_forward_only(place: str) -> None:
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), profiling=True)
    draw(engine, recipe())
    with torch.no_grad():
        engine._measure_a_little()
    assert engine._measuring is not None
    assert len(draw(engine, recipe())[0].rendered.pictures) == 1
    assert engine._measuring is not None, "and it goes on later"


def test_idle_models_are_given_back_and_come_again_when_asked_for(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "IDLE_SECONDS", 0.01)
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"), unload_seconds=30.0)
    draw(engine, recipe())
    assert engine._idle_work() == pytest.approx(30, abs=5)
    assert engine.models.loaded == ("sd1",)
    engine._last_work -= 31
    engine._idle_work()
    assert engine.models.loaded == ()
    assert len(draw(engine, recipe())[0].rendered.pictures) == 1


def test_where_company_never_pays_the_shorter_rest_goes_first_and_age_counts() -> None:
    caps = Caps(profiled={"flat": 1})
    long = Parked("k", 2, since=5, size="flat", left=100)
    short = Parked("k", 2, since=6, size="flat", left=10)
    assert choose([long, short], caps) == [1]
    old = Parked("k", 2, since=-200, size="flat", left=100)
    assert choose([old, short], caps) == [0]
    assert choose([long, short], Caps(profiled={"flat": 8})) == [0, 1]


def test_relaxed_requests_give_way_but_not_for_ever() -> None:
    caps = Caps(default=2)
    relaxed, fast = Parked("k", 2, since=1, relaxed=True), Parked("k", 2, since=9)
    assert choose([relaxed, fast], caps) == [1]
    assert choose([Parked("k", 2, since=-90, relaxed=True), fast], caps) == [0]
    assert choose([relaxed, fast], Caps(default=4)) == [1, 0], "beside others there is room for it"


def test_a_short_request_overtakes_a_long_one_on_a_flat_curve(place: str) -> None:
    engine = Engine(Models({"sd1": place}, device="cpu", dtype="float32"))
    draw(engine, recipe())
    engine.caps.profiled = dict.fromkeys(engine._known_sizes, 1)
    order: list[str] = []
    long, short = Told(recipe=recipe(steps=30)), Told(recipe=recipe(steps=3))

    def hear(name: str, told: Told, outcome: Any) -> None:
        told.append(outcome)
        if isinstance(outcome, Progress):
            order.append(name)
            if (name, outcome.step) == ("long", 5):
                engine.submit(short.job, {}, lambda outcome: hear("short", short, outcome))

    engine.submit(long.job, {}, lambda outcome: hear("long", long, outcome))
    engine.drain()
    assert order.index("short") <= 7
    assert order[order.index("short") :][:3] == ["short"] * 3


def test_a_folder_of_another_model_has_another_name_for_its_profile(place: str) -> None:
    assert Path(place).is_dir()
    base = {"size": "4x16x16", "dtype": "float32", "device": "cpu", "versions": "x", "seconds": ((1, 1.0),)}
    one, two = (Profile(model="m", model_hash=name * 64, **base) for name in "ab")
    assert one.name != two.name
