"""Every text in every language: names, descriptions, replies and errors. A missing one fails here, by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord
import pytest

from pixxelbot import errors
from pixxelbot.chat import words
from pixxelbot.chat.commands import tree as trees
from pixxelbot.chat.words import LOCALES, SOURCE, content_of, of
from pixxelbot.intent import Action
from pixxelbot.job import Status

HOUSE = Path(errors.__file__).parent
OTHERS = [locale for locale in LOCALES if locale != SOURCE]
SEEN_BY_MEMBERS = ("errors.py", "rules.py", "region.py", "picture.py", "fetch.py", "studio", "chat", "planner/flags.py")
"""Where errors are worded that members read; the operator reads the others, in English."""
OPERATORS = {"ConfigurationError", "StorageUnwritable", "DatabaseBusy", "StorageFull", "LostRace", "Fenced"}
INTERNAL = {"WayClosed", "TooLarge", "DeliveryError", "DeliveryImpossible", "ValueError"}
NO_WORDS = re.compile(r"[\W\d_]*|\d+:\d+|[a-z]{2}-[A-Z0-9]{2,3}|img2img|de|fr|ja|vary:\d|[a-z_]+", re.ASCII)
"""Choices that are numbers, ratios, locales, or words of the house's own that name something."""


def holes(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)", text))


def source_texts() -> dict[str, str]:
    return dict(of(SOURCE).texts)


@pytest.mark.parametrize("locale", OTHERS)
def test_every_reply_is_said_with_the_same_holes(locale: str) -> None:
    texts = content_of(locale)["say"]
    assert sorted(set(source_texts()) - set(texts)) == []
    assert sorted(set(texts) - set(source_texts())) == []
    assert [key for key, text in source_texts().items() if holes(text) != holes(texts[key])] == []


def test_everything_that_the_code_says_is_there() -> None:
    said: set[str] = set()
    for file in (HOUSE / "chat").rglob("*.py"):
        said |= set(re.findall(r"say\\(\\s*\"([a-z_.0-9]+)\"".replace("\\\\", "\\"), file.read_text(encoding="utf-8")))
    assert said and sorted(said - set(source_texts())) == []
    for action in Action.__args__:  # type: ignore[attr-defined]
        assert f"action.{action}" in source_texts()


async def command_parts() -> tuple[set[str], set[str]]:
    """English names, and English descriptions and choices, of the whole tree."""
    tree = trees.build_tree(discord.Client(intents=discord.Intents.none()))
    names: set[str] = set()
    texts: set[str] = set()

    def walk(part: dict[str, Any]) -> None:
        names.add(part["name"])
        if part.get("description"):
            texts.add(part["description"])
        texts.update(str(choice["name"]) for choice in part.get("choices", ()))
        for one in part.get("options", ()):
            walk(one)

    for command in await trees.told(tree):
        walk(command)
    return names, {text for text in texts if not NO_WORDS.fullmatch(text)}


@pytest.mark.parametrize("locale", OTHERS)
async def test_every_name_and_description_of_a_command_is_translated(locale: str) -> None:
    commands = of(locale).commands
    names, texts = await command_parts()
    assert sorted(names - set(commands["names"])) == []
    assert sorted(texts - set(commands["texts"])) == []


def templates() -> Iterator[str]:
    """Every error's words as members may read them, with `{}` where something is filled in."""
    for place in SEEN_BY_MEMBERS:
        path = HOUSE / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            yield from _worded(ast.parse(file.read_text(encoding="utf-8")))


def _worded(module: ast.Module) -> Iterator[str]:
    constants = {
        node.targets[0].id if isinstance(node, ast.Assign) else node.target.id: _template(node.value)  # type: ignore[union-attr]
        for node in module.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, (ast.Constant, ast.JoinedStr))
    }
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and node.name in OPERATORS | INTERNAL:
            for inner in ast.walk(node):
                inner.skipped = True  # type: ignore[attr-defined]
        if not isinstance(node, ast.Call) or getattr(node, "skipped", False) or len(node.args) != 1:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        own = isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"
        kind = getattr(errors, name, None)
        if not own and (not isinstance(kind, type) or not issubclass(kind, errors.PixxelbotError)):
            continue
        if name in OPERATORS | INTERNAL:
            continue
        first = node.args[0]
        text = constants.get(first.id) if isinstance(first, ast.Name) else _template(first)
        if text and " " in text:
            yield text


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return None


def titles() -> set[str]:
    found: list[type[errors.PixxelbotError]] = [errors.PixxelbotError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return {kind.title for kind in found if kind.__name__ not in OPERATORS and kind.exit_code != 78}


@pytest.mark.parametrize("locale", OTHERS)
def test_every_error_that_members_may_read_is_translated(locale: str) -> None:
    known = {re.sub(r"\{\w*\}", "{}", text) for text in of(locale).errors}
    wanted = {*templates(), *titles()}
    assert len(wanted) > 40
    assert sorted(wanted - known) == []
    for english, text in of(locale).errors.items():
        assert set(holes(text)) <= set(holes(english)), english


def test_an_error_is_found_by_its_words_and_things_are_named() -> None:
    say = of("de")
    told = say.error(str(errors.NotFound("picture", "abc")))
    assert "Bild" in told and "abc" in told and "There is no" not in told
    assert say.error("Nobody has translated this.") == "Nobody has translated this."
    assert words.of("tlh").locale == SOURCE


def test_latin_american_spanish_builds_on_that_of_spain() -> None:
    assert of("es-419").texts.keys() == of("es-ES").texts.keys()
    assert Status.QUEUED.value in of("es-419").terms
