"""An adapter that a member names in plain words, from the words to the picture: planner, studio, recipe, engine."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image
from pydantic import SecretStr
from safetensors.torch import load_file, save_file

from pixxelbot.app import App
from pixxelbot.errors import PixxelbotError
from pixxelbot.job import Status
from pixxelbot.recipe import Recipe
from tests import factories
from tests.engine import tiny
from tests.openai_server.server import OpenAIServer, plan, says

LAYER = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k"
SAME = "--seed 7 --steps 2 --count 1 --size 32x32"
KEY = "sk-loopback-0123456789"
PATIENCE = 120.0
"""Seconds before a test that hangs is given up."""
Places = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A tiny Stable Diffusion 1 with an adapter, a learnt word, an SDXL adapter that says so, and one that does not."""
    folder = tmp_path_factory.mktemp("models")
    save_file(
        load_file(tiny.adapter(folder / "plain.safetensors", {LAYER: (64, 16)})), folder / "film.safetensors",
        {"ss_base_model_version": "sdxl_base_v1-0"},
    )  # fmt: skip
    networks = {
        "tiny": tiny.build("sd1", folder / "tiny"),
        "ink_wash:lora": tiny.adapter(folder / "ink.safetensors", {LAYER: (32, 16)}),
        "film:lora": folder / "film.safetensors",
        "wide:lora": folder / "plain.safetensors",
        "mojo:embedding": tiny.learnt_word(folder / "mojo.safetensors"),
    }
    return tuple((name, str(where)) for name, where in networks.items())


@asynccontextmanager
async def house(home: Path, places: Places, **changes: Any) -> AsyncIterator[App]:
    settings = factories.settings(home, models=places, device="cpu", dtype="float32", **changes)
    async with App(settings) as app:
        yield app


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory, places: Places) -> AsyncIterator[App]:
    """One for all, with the offline planner: starting its drawing process is most of these tests' time."""
    async with house(tmp_path_factory.mktemp("home"), places) as app:
        yield app


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def drawn(app: App, words: str) -> tuple[Recipe, np.ndarray[Any, Any]]:
    """What it was drawn with, and the picture."""
    request = await app.draw(factories.request(f"{words} {SAME}"))
    assert request.status is Status.DONE, request.error_message
    (picture,) = await app.store.pictures(requests=[request.id])
    levels = Image.open(io.BytesIO(await app.store.picture_bytes(picture.id)))
    return picture.recipe, np.asarray(levels, dtype=int)


async def refused(app: App, words: str) -> str:
    """Why nothing was drawn."""
    try:
        request = await app.draw(factories.request(f"{words} {SAME}"))
    except PixxelbotError as error:
        return str(error)
    assert request.status is Status.FAILED
    return request.error_message or ""


async def test_an_adapter_named_in_plain_words_changes_the_picture(app: App) -> None:
    async with asyncio.timeout(PATIENCE):
        plain, without = await drawn(app, "a red fox")
        assert plain.loras == ()
        whole: dict[float, np.ndarray[Any, Any]] = {}
        for words, weight in (
            ("a red fox in the style of the lora ink wash", 1.0),
            ("a red fox with the ink_wash lora at 50 %", 0.5),
            ("a red fox <lora:ink_wash:0.5>", 0.5),
            ("a red fox <lora:ink_wash:0>", 0.0),
        ):
            recipe, found = await drawn(app, words)
            assert recipe.loras == (("ink_wash", weight),)
            assert recipe.prompt == plain.prompt, "its name is not drawn"
            assert weight not in whole or np.abs(found - whole[weight]).max() == 0
            whole[weight] = found
        moved = {weight: np.abs(found - without).mean() for weight, found in whole.items()}
        assert moved[0.0] == 0 < moved[0.5] < moved[1.0]


async def test_a_learnt_word_changes_the_picture(app: App) -> None:
    async with asyncio.timeout(PATIENCE):
        _, plain = await drawn(app, "a portrait of mojo")
        recipe, found = await drawn(app, "a portrait of <mojo>")
        assert recipe.embeddings == ("mojo",)
        assert "<mojo>" in recipe.prompt
        assert np.abs(found - plain).max() > 0


async def test_an_adapter_of_another_family_is_said_before_or_after_it_was_looked_into(app: App) -> None:
    async with asyncio.timeout(PATIENCE):
        told = await refused(app, "a red fox in the style of the lora film")
        assert "made for models of the family sdxl" in told
        told = await refused(app, "a red fox with the wide lora")
        assert "wide was made for another family" in told, "nothing in its file said so"
        told = await refused(app, "a red fox with the noir lora")
        assert "There is no LoRA" in told
        await drawn(app, "a red fox")


async def test_a_language_model_is_told_what_is_installed_and_may_choose_it(tmp_path: Path, places: Places) -> None:
    async with OpenAIServer(key=KEY) as server:
        answer = plan(prompt="a red fox", loras=[{"name": "ink_wash", "weight": 0.5}], embeddings=[])
        server.otherwise = says(answer)
        changes = {"openai_api_key": SecretStr(KEY), "openai_base_url": server.base_url, "llm_timeout": 10.0}
        async with house(tmp_path, places, **changes) as app, asyncio.timeout(PATIENCE):
            chosen, with_it = await drawn(app, "a red fox, as my ink wash adapter would do it")
            left_out, without = await drawn(app, "a red fox in a plain drawing")
        system, asked = (message["content"] for message in server.requests[0]["messages"])
    told = json.loads(asked)
    assert set(told["loras"]) == {"ink_wash", "wide"}
    assert told["learnt_words"] == ["mojo"]
    assert "ink_wash" not in system, "names are data"
    assert chosen.loras == (("ink_wash", 0.5),)
    assert left_out.loras == (), "nobody spoke of it"
    assert np.abs(with_it - without).max() > 0
