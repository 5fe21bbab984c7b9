"""The local renderer with its real child process: concurrent renders, cancelling, crashes, and an orderly end."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from PIL import Image

from pixxelbot.dispatch.renderers.local import LocalRenderer
from pixxelbot.errors import (
    ConfigurationError,
    InvalidPicture,
    ModelCorrupt,
    ModelIncomplete,
    ModelMissing,
    NoNetwork,
    NotFound,
    OutOfMemory,
    RendererCrashed,
)
from pixxelbot.job import Job, Progress, Rendered
from pixxelbot.picture import read_metadata
from pixxelbot.question import Question
from pixxelbot.settings import BUNDLED
from tests import factories

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX knows them")
PATIENCE = 60.0
"""Seconds before a test that hangs is given up."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def renderer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalRenderer]:
    one = LocalRenderer(factories.settings(tmp_path_factory.mktemp("home")))
    await one.start()
    yield one
    await one.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


def job(**changes: Any) -> Job:
    return factories.job(recipe=factories.recipe(**changes), attempt=1)


async def drawn(renderer: LocalRenderer, one: Job, **sources: bytes) -> Rendered:
    async with asyncio.timeout(PATIENCE):
        told = [message async for message in renderer.render(one, sources)]
    assert isinstance(told[-1], Rendered)
    assert all(isinstance(message, Progress) for message in told[:-1])
    return told[-1]


async def until(reached: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not reached():  # noqa: ASYNC110  (a process that ends rings no bell here)
            await asyncio.sleep(0.02)


async def test_it_is_ready_and_says_what_is_loaded(renderer: LocalRenderer) -> None:
    assert renderer.ready
    assert renderer.loaded == ("bundled",)


async def test_a_job_gives_progress_then_pictures_with_their_metadata(renderer: LocalRenderer) -> None:
    one = job(count=2, steps=3)
    told = [message async for message in renderer.render(one, {})]
    *progress, rendered = told
    assert [(step.step, step.total) for step in progress if isinstance(step, Progress)] == [(1, 3), (2, 3), (3, 3)]
    assert isinstance(progress[0], Progress)
    assert progress[0].preview is not None
    assert isinstance(rendered, Rendered)
    assert (rendered.job_id, rendered.attempt) == (one.id, 1)
    found = read_metadata(rendered.pictures[1].png)
    assert found is not None
    assert found["picture_id"] == rendered.pictures[1].id
    assert rendered.grid is not None
    assert Image.open(io.BytesIO(rendered.grid)).size == (256, 128)


async def test_many_renders_are_in_flight_at_once_and_each_hears_only_its_own(renderer: LocalRenderer) -> None:
    jobs = [job(seed=seed, steps=3 + seed) for seed in range(6)]
    results = await asyncio.gather(*(drawn(renderer, one) for one in jobs))
    assert [one.job_id for one in results] == [one.id for one in jobs]
    assert len({one.pictures[0].sha256 for one in results}) == 6


async def test_sources_reach_the_engine(renderer: LocalRenderer) -> None:
    source = factories.png("red", (128, 128))
    result = await drawn(renderer, job(kind="img2img", sources=("it",), strength=0.0), it=source)
    assert Image.open(io.BytesIO(result.pictures[0].png)).getpixel((5, 5)) == (255, 0, 0)


async def test_a_final_error_arrives_as_its_own_kind(renderer: LocalRenderer) -> None:
    with pytest.raises(NotFound, match="gone"):
        await drawn(renderer, job(kind="vary", sources=("gone",)))
    assert not OutOfMemory.retryable


async def test_closing_the_iterator_ends_the_drawing_and_the_child_goes_on(renderer: LocalRenderer) -> None:
    child = renderer.pid
    async with aclosing(renderer.render(job(steps=150, count=4), {})) as messages:  # type: ignore[type-var]
        async for message in messages:
            assert isinstance(message, Progress)
            if message.step == 2:
                break
    reading = asyncio.create_task(drawn(renderer, job(steps=150, count=4)))
    await asyncio.sleep(0.3)
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    await drawn(renderer, job(steps=2))
    assert renderer.pid == child


async def test_what_was_measured_is_predicted(renderer: LocalRenderer) -> None:
    one = job(steps=10)
    for _ in range(3):
        result = await drawn(renderer, one)
    seconds = renderer.forecast(one.recipe).seconds
    assert seconds == pytest.approx(result.seconds, rel=1.0)
    four = one.recipe.evolve(count=4)
    assert renderer.forecast(four).seconds == pytest.approx(4 * seconds)


@posix
async def test_a_killed_child_fails_what_was_in_flight_and_another_takes_its_place(renderer: LocalRenderer) -> None:
    first = renderer.pid
    jobs = [job(steps=150, seed=seed) for seed in range(3)]
    reading = [asyncio.create_task(drawn(renderer, one)) for one in jobs]
    await asyncio.sleep(0.5)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    crashes = await asyncio.gather(*reading, return_exceptions=True)
    assert [type(one) for one in crashes] == [RendererCrashed] * 3
    assert RendererCrashed.retryable
    result = await drawn(renderer, job(steps=2))
    assert len(result.pictures) == 1
    assert renderer.ready
    assert renderer.pid != first


async def test_the_child_gives_way_and_knows_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renderer: LocalRenderer
) -> None:
    monkeypatch.setenv("PIXXELBOT_DISCORD_TOKEN", "hush")
    other = LocalRenderer(factories.settings(tmp_path))
    starting = asyncio.create_task(other.start())
    await until(lambda: other.pid)
    child = psutil.Process(other.pid)
    assert "PIXXELBOT_DISCORD_TOKEN" not in child.environ()
    await other.close()
    with pytest.raises(RendererCrashed):
        await starting
    assert not child.is_running()
    if sys.platform != "win32":
        assert psutil.Process(renderer.pid).nice() == min(psutil.Process().nice() + 10, 19)


async def test_closing_ends_the_child_and_fails_what_is_in_flight(tmp_path: Path) -> None:
    one = LocalRenderer(factories.settings(tmp_path))
    await one.start()
    child = psutil.Process(one.pid)
    reading = asyncio.create_task(drawn(one, job(steps=150)))
    await asyncio.sleep(0.3)
    await one.close()
    with pytest.raises(RendererCrashed):
        await reading
    assert not child.is_running()
    assert not one.ready
    with pytest.raises(RendererCrashed):
        await drawn(one, job())


async def test_what_is_wrong_with_the_default_model_is_said_at_the_start(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BUNDLED, tmp_path / "model"))
    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    one = LocalRenderer(factories.settings(tmp_path, models=(("it", str(folder)),)))
    with pytest.raises(ModelCorrupt, match=r"vae.diffusion_pytorch_model"):
        await one.start()
    await one.close()
    weights.unlink()
    with pytest.raises(ModelIncomplete, match="vae"):
        await one.start()
    await one.close()


async def test_a_wrong_setting_is_said_to_all_and_no_second_child_is_started(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = LocalRenderer(factories.settings(tmp_path, device="cpu", compile=True))
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConfigurationError, match="PIXXELBOT_COMPILE"):
            await one.start()
        first = one.pid
        assert one._keeper is not None
        await asyncio.shield(one._keeper)  # it ends by itself
    assert one.pid is None
    assert first is not None
    assert "until this is corrected" in caplog.text
    for again in (one.start(), drawn(one, job())):
        with pytest.raises(ConfigurationError, match="PIXXELBOT_COMPILE"):
            await again
    assert not one.ready
    await one.close()


async def test_after_a_model_that_is_not_there_another_child_waits_a_while_and_jobs_are_told_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = LocalRenderer(factories.settings(tmp_path, device="cpu", models=(("it", str(tmp_path / "none")),)))
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ModelMissing):
            await one.start()
        await until(lambda: "starting another in 15 s" in caplog.text)
        with pytest.raises(ModelMissing):
            await drawn(one, job())
    await one.close()


PARENT = """
import asyncio, sys
from pathlib import Path
from pixxelbot.dispatch.renderers.local import LocalRenderer
from tests import factories

async def main():
    one = LocalRenderer(factories.settings(Path(sys.argv[1])))
    await one.start()
    print(one.pid, flush=True)
    async for _ in one.render(factories.job(recipe=factories.recipe(steps=150, count=10)), {}):
        print("step", flush=True)

asyncio.run(main())
"""


@posix
async def test_a_child_whose_parent_was_killed_ends_in_the_middle_of_its_work(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        str(tmp_path),
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert parent.stdout is not None
    child = psutil.Process(int(await parent.stdout.readline()))
    assert await parent.stdout.readline() == b"step\n"
    parent.kill()
    await parent.wait()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_a_child_ends_when_its_pipe_closes_while_it_still_starts() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pixxelbot.engine.child",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdin is not None
    child.stdin.close()
    async with asyncio.timeout(PATIENCE):
        assert await child.wait() == 0


async def test_a_question_without_a_network_for_it_says_how_to_set_one_up(renderer: LocalRenderer) -> None:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(NoNetwork, match="name:segmenter=folder"):
            await renderer.ask(Question(kind="segment", words=("the hat",)), [factories.png("red", (64, 64))])
        with pytest.raises(InvalidPicture):
            await renderer.ask(Question(kind="embed_picture"), [b"no picture"])
