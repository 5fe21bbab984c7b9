"""Values for tests: each lets a test state only what matters to it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image
from pydantic import SecretStr

from pixxelbot.job import Address, Job, Request, new_id
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe
from pixxelbot.settings import Settings


def settings(home: Path, **changes: Any) -> Settings:
    """Settings that keep everything under `home` and look at neither environment file nor language model."""
    values: dict[str, Any] = {"openai_api_key": None, "openai_base_url": None, "discord_token": None}
    values |= {"home": home} | changes
    if isinstance(values["discord_token"], str):
        values["discord_token"] = SecretStr(values["discord_token"])
    return Settings(_env_file=None, **values)


def recipe(**changes: Any) -> Recipe:
    """A small valid recipe for the bundled model."""
    values: dict[str, Any] = {
        "prompt": "red fox in the snow", "width": 128, "height": 128, "seed": 7, "steps": 4, "model": "bundled",
        "count": 1,
    }  # fmt: skip
    return Recipe(**(values | changes))


def request(words: str = "a red fox", **changes: Any) -> Request:
    """A request of Ana's, in a server's channel."""
    values: dict[str, Any] = {
        "source_event_id": f"test:{new_id()}", "member_id": "discord:1", "member_name": "Ana",
        "address": Address(guild_id="10", channel_id="20"),
    }  # fmt: skip
    return Request(words=words, **(values | changes))


def job(**changes: Any) -> Job:
    """A queued job of Ana's."""
    values: dict[str, Any] = {"request_id": new_id(), "member_id": "discord:1", "recipe": recipe()}
    return Job(**(values | changes))


def picture(**changes: Any) -> Picture:
    """A stored picture of Ana's."""
    values: dict[str, Any] = {
        "id": new_id(), "member_id": "discord:1", "width": 128, "height": 128, "sha256": "0" * 64, "key": "k.png",
        "recipe": recipe(),
    }  # fmt: skip
    return Picture(**(values | changes))


def png(color: str = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    """Bytes of a plain picture."""
    held = io.BytesIO()
    Image.new("RGB", size, color).save(held, "PNG")
    return held.getvalue()
