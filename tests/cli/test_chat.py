"""`pixxelbot chat`: scripts that draw nothing, a conversation that draws, and pictures inside a terminal."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pixxelbot.cli.chat import read_script
from pixxelbot.cli.inline import inline, way_of
from tests import factories
from tests.cli.command_line import CommandLine

FIELDS = {"turn", "say", "action", "targets", "description", "query", "recipe", "planner", "pictures", "reply"}


def turns(pixxelbot: CommandLine, folder: Path, *said: str, draw: bool = False) -> list[dict[str, Any]]:
    script = folder / "script.txt"
    script.write_text("\n".join(("# a conversation", "", *said)), encoding="utf-8")
    ended = pixxelbot("chat", "--script", str(script), "--json", *([] if draw else ["--no-draw"]))
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def test_a_script_is_answered_turn_by_turn_with_pictures_named_by_place(pixxelbot: CommandLine, tmp_path: Path) -> None:
    first, second, third, fourth, fifth = turns(
        pixxelbot, tmp_path,
        "three pictures of a red fox in the snow", "the second one, but at night", "go back", "upscale the third",
        "thank you",
    )  # fmt: skip
    assert all(turn.keys() >= FIELDS for turn in (first, second, third, fourth, fifth))
    assert [one["id"] for one in first["pictures"]] == ["1.1", "1.2", "1.3"]
    assert (second["action"], second["targets"], second["planner"]) == ("remix", ["1.2"], "offline")
    assert "night" in second["recipe"]["prompt"] and second["say"] == "the second one, but at night"
    assert (third["action"], third["targets"], third["recipe"]) == ("undo", ["1.1", "1.2", "1.3"], None)
    assert (fourth["action"], fourth["targets"], fourth["recipe"]["sources"]) == ("upscale", ["1.3"], ["1.3"])
    assert fifth["action"] == "chat" and fifth["reply"] and fifth["pictures"] == []
    assert not (pixxelbot.home / "pixxelbot.db").exists()


def test_pictures_that_were_never_drawn_are_told_apart_by_their_words_alone(
    pixxelbot: CommandLine, tmp_path: Path
) -> None:
    *_, again = turns(pixxelbot, tmp_path, "a red fox", "the second one but in snow", "a castle", "no, the fox again")
    assert again["action"] == "again" and again["targets"] == ["2.1", "2.2", "2.3", "2.4"] and "error" not in again


def test_a_turn_that_fails_says_so_and_the_conversation_goes_on(pixxelbot: CommandLine, tmp_path: Path) -> None:
    wrong, right = turns(pixxelbot, tmp_path, "a fox --steps 9000", "a fox")
    assert wrong["error"]["code"] == "out_of_range" and wrong["pictures"] == []
    assert len(right["pictures"]) == 4


def test_a_conversation_draws_real_pictures(furnished: CommandLine, tmp_path: Path) -> None:
    first, second = turns(
        furnished, tmp_path, "a picture of a red fox --steps 2 --count 1 --seed 7", "at night --count 1", draw=True
    )
    assert second["targets"] == [first["pictures"][0]["id"]] and second["recipe"]["steps"] == 2
    for turn in (first, second):
        with Image.open(turn["pictures"][0]["path"]) as opened:
            assert opened.size == (128, 128)
    assert [first["pictures"][0]["seed"], second["pictures"][0]["seed"]] == [7, 7]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a fox\n\n# a note\n  wider \n", ["a fox", "wider"]),
        ('{"say": "a fox"}\n{"say": "wider"}\n', ["a fox", "wider"]),
        ('["a fox", {"say": "wider"}]', ["a fox", "wider"]),
        ('{"turns": [{"say": "a fox"}]}', ["a fox"]),
        ("7", ["7"]),
        ("\ufeffa fox\r\n{red, blue} cat", ["a fox", "{red, blue} cat"]),
        ("", []),
    ],
)
def test_scripts_may_be_lines_or_json(tmp_path: Path, text: str, said: list[str]) -> None:
    script = tmp_path / "script"
    script.write_bytes(text.encode())
    assert read_script(script) == said


def test_a_script_that_is_not_there_is_named(pixxelbot: CommandLine, tmp_path: Path) -> None:
    ended = pixxelbot("chat", "--script", str(tmp_path / "nowhere"), "--json")
    assert (ended.code, ended.error["code"]) == (2, "invalid_request") and "nowhere" in ended.error["message"]


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"COLORTERM": "truecolor"}, "blocks"),
        ({"TERM": "xterm"}, None),
    ],
)
def test_a_terminal_is_known_by_its_environment(environment: dict[str, str], way: str | None) -> None:
    assert way_of(environment) == way


def test_pictures_are_written_in_the_terminals_own_protocol() -> None:
    png = factories.png("red", (64, 32))
    kitty = "".join(re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", inline(png, "kitty")))
    assert base64.b64decode(kitty) == png
    assert base64.b64encode(png).decode() in inline(png, "iterm")
    blocks = inline(png, "blocks", columns=8)
    assert blocks.count("▀") == 8 * 2 and "38;2;255;0;0;48;2;255;0;0" in blocks and len(blocks.splitlines()) == 2
