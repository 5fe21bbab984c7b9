"""Help, usage errors and logging, without a database."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from pydantic import SecretStr

from pixxelbot.cli import logs
from pixxelbot.cli.main import carry_out
from pixxelbot.errors import EmptyPrompt, NotFound, PixxelbotError, Refused, by_code, recalled
from pixxelbot.settings import Settings
from tests.cli.command_line import ROOT

HEAVY = ("torch", "diffusers", "transformers", "discord", "openai", "sqlalchemy", "pixxelbot.app")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("imagine", "plan", "vary", "remix", "upscale", "history", "show", "lineage", "queue", "db", "run"):
        assert f" {command} " in shown


@pytest.mark.parametrize("group", ["queue", "db"])
def test_each_group_has_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out([group, "--help"]) == 0
    assert f"pixxelbot {group}" in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from pixxelbot.cli.main import carry_out; carry_out(['--help']); "
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    "arguments", [["imagien"], ["imagine", "a fox", "--count", "many"], ["queue", "show"], ["--nonsense"]]
)
def test_a_usage_error_is_one_object_with_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out([*arguments, "--json"]) == 2
    streams = capsys.readouterr()
    assert json.loads(streams.out)["error"]["code"] == "usage"
    assert streams.err == ""


def test_a_usage_error_is_one_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out(["imagine", "a fox", "--count", "many"]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("Usage: ")
    assert len(streams.err.splitlines()) == 1
    assert "--count" in streams.err


@pytest.mark.parametrize("leaf", [EmptyPrompt(), NotFound("job", "01X"), Refused("not here")])
def test_a_stored_error_comes_back_as_itself(leaf: PixxelbotError) -> None:
    again = recalled(leaf.code, str(leaf))
    assert (type(again), str(again), again.exit_code) == (type(leaf), str(leaf), leaf.exit_code)


def test_a_stored_error_of_another_version_is_still_an_error() -> None:
    assert by_code("from_the_future") is PixxelbotError
    assert str(recalled("from_the_future", "words")) == "words"


# --- logging ------------------------------------------------------------------------------------------------------


@pytest.fixture
def secretive(monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(
        discord_token=SecretStr("the-discord-token"), database_url="postgresql://bot:pass-word@host/name"
    )
    monkeypatch.setattr(logs, "_known", logs.secrets_of(settings))
    return settings


@pytest.mark.parametrize(
    "text",
    [
        "logging in with the-discord-token",
        "cannot reach postgresql+psycopg://bot:pass-word@host/name",
        "POST /api/v10/webhooks/123456/aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEy/callback",
        "Authorization: Bot MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnop",
        "Authorization: Bearer sk-abcdefghijklmnopqrstuvwxyz",
    ],
)
def test_no_secret_reaches_a_line(secretive: Settings, text: str) -> None:
    shown = logs.redact(text)
    assert logs.HIDDEN in shown
    for secret in ("the-discord-token", "pass-word", "aW50ZXJhY3Rpb24", "GabcdE", "sk-abc"):
        assert secret not in shown


def test_a_json_line_holds_the_traceback_without_the_secret(secretive: Settings) -> None:
    try:
        raise ValueError("bad token the-discord-token")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it %s", ("failed",), sys.exc_info())
    line = json.loads(logs.JsonLines().format(record))
    assert (line["level"], line["message"]) == ("error", "it failed")
    assert "ValueError" in line["traceback"]
    assert "the-discord-token" not in line["traceback"]
