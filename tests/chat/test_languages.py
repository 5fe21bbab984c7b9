"""Every text in every language: names, descriptions, replies and errors. A missing one fails here, by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui

from benchmarks import planner as benchmark
from pixxelbot import errors
from pixxelbot.chat import words
from pixxelbot.chat.commands import tree as trees
from pixxelbot.chat.commands.setting import listed
from pixxelbot.chat.recipes import compared, stored_recipe_view
from pixxelbot.chat.words import LOCALES, SOURCE, content_of, of
from pixxelbot.errors import InvalidRequest
from pixxelbot.intent import Action
from pixxelbot.job import Status
from pixxelbot.models import limits
from pixxelbot.planner import talk
from pixxelbot.planner.offline import OfflinePlanner, understand
from pixxelbot.planner.styles import load_styles
from pixxelbot.recipe import Kind, Limits, Recipe
from pixxelbot.rules import MemberSettings, ServerRules
from pixxelbot.settings import BUNDLED as FOLDER
from pixxelbot.studio import answers
from tests import factories
from tests.planner.asks import GENERAL, first, later

HOUSE = Path(errors.__file__).parent
TAGS = Limits(model="tags", family="sd1", native=512, minimum=256, maximum=1024, tokens=77)
BUNDLED = limits("bundled", FOLDER)
OTHERS = [locale for locale in LOCALES if locale != SOURCE]
SEEN_BY_MEMBERS = (
    "errors.py", "rules.py", "region.py", "picture.py", "fetch.py", "studio", "chat", "planner/flags.py",
    "engine/kinds", "engine/easel.py", "engine/acting.py", "engine/engine.py", "dispatch/dispatcher.py",
    "dispatch/renderers/local.py",
)  # fmt: skip
"""Where errors are worded that members read; the operator reads the others, in English."""
OPERATORS = {
    "ConfigurationError", "StorageUnwritable", "DatabaseBusy", "DatabaseUnreachable", "StorageFull", "LostRace",
    "Fenced",
}  # fmt: skip
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


def test_every_field_that_members_see_has_a_name() -> None:
    shown = set(Recipe.model_fields) - {"schema_version"} | set(MemberSettings.model_fields)
    missing = [f"field.{name}" for name in shown] + [f"rule.{name}" for name in ServerRules.model_fields]
    assert sorted(set(missing) - set(source_texts())) == []
    for kind in Kind.__args__:  # type: ignore[attr-defined]
        assert {f"kind.{kind}", f"action.{kind}"} & set(source_texts()), kind


@pytest.mark.parametrize("locale", LOCALES)
def test_no_view_shows_a_field_by_the_name_that_it_has_in_the_code(locale: str) -> None:
    say = of(locale)
    recipe = factories.recipe(
        kind="making_of", of="img2img", guidance_scale=5.5, negative_prompt="fog", styles=(("ink", 1.0), ("oil", 0.5)),
        tile=True, loras=(("mist", 0.8),), from_seed=9,
    )  # fmt: skip
    one, other = factories.picture(recipe=recipe), factories.picture(recipe=recipe.evolve(guidance_scale=7, styles=()))
    rules = {"max_count": 3, "roles": ("12",), "weights": {"34": 2.0}, "starboard": "56", "defaults": {"count": 2}}
    told = [
        *(part.content for part in stored_recipe_view(say, recipe).walk_children() if isinstance(part, ui.TextDisplay)),
        compared(say, one, other),
        listed(say, {"guidance_scale": 5.5, "negative_prompt": "fog", "verbatim": True}),
        listed(say, rules, "rule"),
    ]
    text = re.sub(
        r"```.*?```", "", "\n".join(told), flags=re.DOTALL
    )  # flags to be copied are the same in all languages
    assert re.findall(r"[a-z]+_[a-z]+|\bTrue\b|text2img|img2img", text) == []
    assert f"{say('field.guidance_scale')}: 5.5 → 7" in text and f"{say('field.styles')}: ink, oil × 0.5" in text
    assert f"{say('field.kind')}: {say('action.making_of')}" in text and say("value.yes") in text
    assert f"{say('rule.weights')}: <@&34> = 2" in text and f"{say('rule.starboard')}: <#56>" in text
    assert f"{say('rule.defaults')}: {say('field.count')} = 2" in text


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


SPEAKING = ("planner", "studio", "engine")
"""Rooms that say something to members besides errors: replies, notes, reasons, the labels of answers."""
SENTENCE = re.compile(r"[A-Z{“].*\s.*[.?!:]|(?:Deleted|Cancelled)\.", re.DOTALL)
NOT_SAID = re.compile(r"\\|\(\?|\]\+|^\{\}: \{\}$|\{\}/\{\}|^The picture \{\}:$|^Options for|^Single-file")
"""Patterns, captions in pictures, and what only language models read."""


def sayings() -> Iterator[str]:
    """Every sentence and reason that planner, studio and engine may say, with `{}` where something is filled in."""
    for place in SPEAKING:
        for file in sorted((HOUSE / place).rglob("*.py")):
            module = ast.parse(file.read_text(encoding="utf-8"))
            yield from (text for text in _sentences(module) if not NOT_SAID.search(text))
            yield from _reasons(module)


def _sentences(module: ast.Module) -> Iterator[str]:
    aside: set[ast.AST] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
            aside.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            aside.update(one for one in ast.walk(node) if one is not node)
        elif isinstance(node, ast.Call) and _is_no_saying(node):
            aside.update(ast.walk(node))
    for node in ast.walk(module):
        text = None if node in aside or not isinstance(node, ast.expr) else _template(node)
        if text and SENTENCE.fullmatch(text):
            yield text


def _is_no_saying(call: ast.Call) -> bool:
    """A log line, a pattern, or an error, which has words of its own."""
    name = ast.unparse(call.func)
    error = getattr(errors, name, None)
    return (
        name.startswith(("log.", "re.", "typer.", "argparse.", "super()"))
        or name in ("open_errors", "TypeError", "ValueError", "RuntimeError", "AssertionError")
        or name.endswith((".__init__", ".take"))
        or (isinstance(error, type) and issubclass(error, Exception))
    )


def _reasons(module: ast.Module) -> Iterator[str]:
    """The third of `say(field, value, reason)`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
            text = _template(node.args[2]) if len(node.args) == 3 else None
            if text:
                yield text


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


def without_names(texts: Iterable[str]) -> set[str]:
    return {re.sub(r"\{\w*\}", "{}", text) for text in texts}


@pytest.mark.parametrize("locale", OTHERS)
def test_everything_that_planner_studio_and_engine_say_is_translated(locale: str) -> None:
    known, wanted = without_names(of(locale).sayings), set(sayings()) - set(templates())
    assert len(wanted) > 80
    assert sorted(wanted - known) == []
    fields = {*answers.NAMES.values(), *answers.OWN.values()}
    assert {f"- {name}: {{}}" for name in fields} | {f"- {name}" for name in answers.OWN.values()} <= known
    for english, text in of(locale).sayings.items():
        assert sorted(holes(text)) == sorted(holes(english)), english


@pytest.mark.parametrize("known", [GENERAL, TAGS, BUNDLED], ids=lambda known: known.family)
async def test_whatever_the_offline_planner_says_to_hundreds_of_requests_is_translated(known: Limits) -> None:
    say, left = of("de"), set()
    for line in benchmark.read_requests(["own"]):
        dialogue = benchmark.Dialogue(OfflinePlanner(), known)
        for turn in line["turns"]:
            try:
                intent, _ = await dialogue.say(turn["say"])
            except InvalidRequest:  # a style that nobody has
                break
            told = [intent.reply, *intent.notes, *intent.reasons.values(), *(one.label for one in intent.choices)]
            left |= {one for text in told for one in text.split("\n") if one and say.said(one) == one}
    assert sorted(left) == []


def test_what_members_say_themselves_is_not_translated() -> None:
    say = of("de")
    assert say.said("1. a fox that is Cancelled.") == "1. a fox that is Cancelled."
    told = say.said("There is only one picture, so I do not know which one “on” is. Which do you mean?")
    assert "„on“" in told and "nur ein Bild" in told
    assert say.said("- verbatim: on") == "- wörtlich: an"
    assert say.said("Seed: 5 lies outside 0 to 4; I took 4.").startswith("Seed: 5 liegt außerhalb")
    assert of("en-US").said("Cancelled.") == "Cancelled."


QUOTED = re.compile("[“„«「]\\s?(.+?)\\s?[”“»」]")


@pytest.mark.parametrize("locale", OTHERS)
@pytest.mark.parametrize("text", [talk.HELP, talk.GLAD, talk.SORRY, answers.HOW_TO_SET, answers.LOCKED])
def test_what_the_bot_tells_members_to_say_it_understands(text: str, locale: str) -> None:
    pairs = zip(QUOTED.findall(text), QUOTED.findall(of(locale).said(text)), strict=True)
    known = tuple(load_styles())
    for english, said in pairs:
        drawn = understand(later(english, GENERAL, styles=known)).action != "imagine"
        ask = later if drawn else first
        meant = [understand(ask(words, GENERAL, styles=known)) for words in (english, said)]
        assert meant[0].action == meant[1].action, (english, said)
        assert meant[0].targets == meant[1].targets, (english, said)


def test_an_error_is_found_by_its_words_and_things_are_named() -> None:
    say = of("de")
    told = say.error(str(errors.NotFound("picture", "abc")))
    assert "Bild" in told and "abc" in told and "There is no" not in told
    assert say.error("Nobody has translated this.") == "Nobody has translated this."
    assert words.of("tlh").locale == SOURCE


def test_latin_american_spanish_builds_on_that_of_spain() -> None:
    assert of("es-419").texts.keys() == of("es-ES").texts.keys()
    assert Status.QUEUED.value in of("es-419").terms
