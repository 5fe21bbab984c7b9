"""What goes wrong is said in one line, or one object, with the exit code that the interfaces promise."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pixxelbot.settings import BUNDLED
from tests.cli.command_line import CommandLine


def test_without_a_token_run_says_what_to_do(pixxelbot: CommandLine) -> None:
    ended = pixxelbot("run")
    assert (ended.code, ended.out) == (78, "")
    assert len(ended.err.strip().splitlines()) == 1
    assert "PIXXELBOT_DISCORD_TOKEN" in ended.err
    assert not pixxelbot.home.exists()


def test_bot_py_is_the_same_as_run(pixxelbot: CommandLine) -> None:
    import subprocess
    import sys

    bot = Path(__file__).parents[2] / "bot.py"
    done = subprocess.run(
        [sys.executable, str(bot)], cwd=pixxelbot.cwd, env=pixxelbot.environment(), capture_output=True, text=True
    )
    assert done.returncode == 78
    assert "PIXXELBOT_DISCORD_TOKEN" in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("PIXXELBOT_LOG", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("PIXXELBOT_WEB_PORT", "99999", "65535"),
        ("PIXXELBOT_MODELS", "nameless", "name=path"),
        ("PIXXELBOT_DISCORD_GATEWAY", "http://localhost", "ws://"),
        ("PIXXELBOT_RENDERER", "ray", "local"),
        ("PIXXELBOT_DEVICE", "tpu", "cuda"),
        ("PIXXELBOT_SHARD_IDS", "a,b", "separated by commas"),
        ("PIXXELBOT_STORAGE", "zzz://bucket", "fsspec"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_is_allowed(
    pixxelbot: CommandLine, variable: str, value: str, allowed: str
) -> None:
    ended = pixxelbot("plan", "a fox", "--json", **{variable: value})
    assert ended.code == 78
    assert ended.error["code"] == "configuration"
    assert all(part in ended.error["message"] for part in (variable, value, allowed))


def test_a_password_in_a_wrong_database_url_is_not_shown(pixxelbot: CommandLine) -> None:
    ended = pixxelbot("plan", "a fox", PIXXELBOT_DATABASE_URL="mysql://me:hunter2@host/name")
    assert ended.code == 78
    assert "hunter2" not in ended.out + ended.err


def test_a_missing_model_folder_is_named(pixxelbot: CommandLine) -> None:
    ended = pixxelbot("plan", "a fox", PIXXELBOT_MODELS=f"mine={pixxelbot.cwd / 'nowhere'}")
    assert ended.code == 78
    assert "nowhere does not exist" in ended.err


def test_a_missing_model_file_is_named(pixxelbot: CommandLine) -> None:
    model = pixxelbot.cwd / "model"
    shutil.copytree(BUNDLED, model, ignore=shutil.ignore_patterns("__pycache__"))
    (model / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    ended = pixxelbot("imagine", "a fox", "--json", PIXXELBOT_MODELS=f"mine={model}")
    assert ended.code == 78
    assert ended.error["code"] == "model_incomplete"
    assert "unet/diffusion_pytorch_model" in ended.error["message"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model_index.json", "{not json"),
        ("model_index.json", "[]"),
        ("unet/config.json", '{"sample_size": '),
        ("limits.json", '{"multiple": "x"}'),
    ],
)
def test_a_damaged_configuration_of_a_model_is_named(pixxelbot: CommandLine, file: str, content: str) -> None:
    model = pixxelbot.cwd / "model"
    shutil.copytree(BUNDLED, model, ignore=shutil.ignore_patterns("__pycache__"))
    (model / file).write_text(content)
    ended = pixxelbot("plan", "a fox", "--json", PIXXELBOT_MODELS=f"mine={model}")
    assert (ended.code, ended.error["code"]) == (78, "model_corrupt")
    assert file in ended.error["message"]


def test_the_operator_sees_to_the_queue_while_a_model_is_broken(pixxelbot: CommandLine) -> None:
    broken = {"PIXXELBOT_MODELS": f"mine={pixxelbot.cwd / 'nowhere'}"}
    assert pixxelbot("queue", "list", "--json", **broken).answer["jobs"] == []
    assert pixxelbot("history", "--json", **broken).code == 0


def test_a_backup_overwrites_nothing(pixxelbot: CommandLine) -> None:
    pixxelbot("db", "upgrade")
    file = pixxelbot.cwd / "mine.db"
    file.write_text("mine")
    ended = pixxelbot("db", "backup", str(file), "--json")
    assert ended.code == 2
    assert "mine.db exists already" in ended.error["message"]
    assert file.read_text() == "mine"


def test_a_version_that_never_was_is_refused(pixxelbot: CommandLine) -> None:
    pixxelbot("db", "upgrade")
    ended = pixxelbot("db", "downgrade", "nope", "--json")
    assert (ended.code, ended.error["code"]) == (2, "unknown_choice")
    assert "base" in ended.error["message"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_answer_that_cannot_be_written_is_said_on_stderr(pixxelbot: CommandLine) -> None:
    import subprocess
    import sys

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pixxelbot.cli.main", "history", "--json"],
            cwd=pixxelbot.cwd, env=pixxelbot.environment(), stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "could not be written" in done.stderr


def test_a_home_that_cannot_be_written_is_named(pixxelbot: CommandLine) -> None:
    blocked = pixxelbot.cwd / "blocked"
    blocked.write_text("a file where the folder should be")
    ended = pixxelbot("history", "--json", PIXXELBOT_HOME=str(blocked / "data"))
    assert ended.code == 78
    assert ended.error["code"] == "storage_unwritable"
    assert str(blocked) in ended.error["message"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_without_permission_is_named(pixxelbot: CommandLine) -> None:
    locked = pixxelbot.cwd / "locked"
    locked.mkdir(mode=0o500)
    ended = pixxelbot("history", PIXXELBOT_HOME=str(locked / "data"))
    assert ended.code == 78
    assert str(locked) in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["imagine", ""], "empty_prompt", "no words"),
        (["imagine", "x" * 5000], "prompt_too_long", "5,000"),
        (["imagine", "a fox --sharpness 3"], "unknown_flag", "--sharpness"),
        (["imagine", "a fox", "--steps", "100000"], "out_of_range", "between 1 and"),
        (["imagine", "a fox", "--count", "11"], "out_of_range", "between 1 and 10"),
        (["imagine", "a fox", "--ar", "wide"], "invalid_request", "wide"),
        (["imagine", "a fox", "--ar", "16:0"], "invalid_request", "16:0"),
        (["imagine", "a fox", "--model", "unheard-of"], "unknown_choice", "bundled"),
        (["imagine", "a fox", "--style", "unheard-of"], "unknown_choice", "unheard-of"),
        (["imagine", "a fox", "--style", "noir:much"], "invalid_request", "much"),
        (["imagine", "a fox", "--image", "nowhere.png"], "invalid_request", "nowhere.png"),
        (["imagine", "a fox", "--image", "http://127.0.0.1:9/fox.png"], "forbidden_address", "private network"),
    ],
)
def test_a_request_that_cannot_be_drawn_is_refused_before_anything_starts(
    pixxelbot: CommandLine, arguments: list[str], code: str, named: str
) -> None:
    ended = pixxelbot(*arguments, "--json")
    assert (ended.code, ended.error["code"]) == (2, code)
    assert named in ended.error["message"]
    assert pixxelbot("queue", "list", "--all", "--json").answer["jobs"] == []


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "truncated"])
def test_a_file_that_is_no_picture_is_refused(pixxelbot: CommandLine, content: bytes) -> None:
    file = pixxelbot.cwd / "start.png"
    file.write_bytes(content)
    ended = pixxelbot("imagine", "a fox", "--image", str(file), "--json")
    assert (ended.code, ended.error["code"]) == (2, "invalid_picture")


@pytest.mark.parametrize("command", ["show", "vary", "lineage", "queue show", "queue cancel", "queue retry"])
def test_what_is_not_there_is_not_found(pixxelbot: CommandLine, command: str) -> None:
    ended = pixxelbot(*command.split(), "01NOSUCH", "--json")
    assert (ended.code, ended.error["code"]) == (3, "not_found")
    assert "01NOSUCH" in ended.error["message"]
