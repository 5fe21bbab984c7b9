"""The command tree against Discord's limits, without a connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import discord
import pytest

from pixxelbot.chat import cards, forms, views
from pixxelbot.chat.commands import options
from pixxelbot.chat.commands import tree as trees
from pixxelbot.chat.press import Press
from pixxelbot.chat.words import LOCALES, of
from pixxelbot.errors import OutOfRange, PixxelbotError, UnknownChoice
from pixxelbot.job import Estimate, new_id
from pixxelbot.picture import Picture
from pixxelbot.recipe import MAX_COUNT
from tests import factories

SAY = of("en-US")
MAX_COMMANDS, MAX_OPTIONS, MAX_CHOICES, MAX_CHARACTERS = 100, 25, 25, 8_000
MAX_NAME, MAX_DESCRIPTION, MAX_CUSTOM_ID, MAX_MENUS = 32, 100, 100, 15
SLASH_NAME = re.compile(r"[-_'\w]{1,32}")


@pytest.fixture
async def tree() -> trees.Tree:
    return trees.build_tree(discord.Client(intents=discord.Intents.none()))


def longest(part: dict[str, Any], field: str) -> int:
    """Characters of a name or description in the language where it has most, which is what Discord counts."""
    return max(len(text) for text in (str(part.get(field, "")), *(part.get(f"{field}_localizations") or {}).values()))


def characters(part: dict[str, Any]) -> int:
    """Names, descriptions and choices, as Discord counts them."""
    choices = sum(longest(one, "name") + len(str(one["value"])) for one in part.get("choices", ()))
    own = longest(part, "name") + longest(part, "description")
    return own + choices + sum(characters(one) for one in part.get("options", ()))


def parts_of(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield command
    for one in command.get("options", ()):
        yield from parts_of(one)


async def test_the_tree_keeps_discords_limits(tree: trees.Tree) -> None:
    wired = await trees.told(tree)
    slash = [one for one in wired if one.get("type", 1) == 1]
    menus = [one for one in wired if one.get("type", 1) == 3]
    assert 0 < len(slash) <= MAX_COMMANDS and 0 < len(menus) <= MAX_MENUS
    for command in wired:
        assert characters(command) <= MAX_CHARACTERS, command["name"]
    for command in slash:
        for part in parts_of(command):
            assert 0 < longest(part, "name") <= MAX_NAME and 0 < longest(part, "description") <= MAX_DESCRIPTION, part
            assert len(part.get("options", ())) <= MAX_OPTIONS and len(part.get("choices", ())) <= MAX_CHOICES
            names = [part["name"], *(part.get("name_localizations") or {}).values()]
            assert all(SLASH_NAME.fullmatch(name) and name == name.lower() for name in names), names
            for locale in LOCALES:
                below = part.get("options", ())
                inside = [(one.get("name_localizations") or {}).get(locale, one["name"]) for one in below]
                assert len(set(inside)) == len(inside), (locale, inside)
    for menu in menus:
        assert longest(menu, "name") <= MAX_NAME


async def test_every_command_of_the_manual_is_there_and_offered_where_it_should_be(tree: trees.Tree) -> None:
    wired = {one["name"]: one for one in await trees.told(tree)}
    assert set(wired) == {
        "imagine", "blend", "describe", "shorten", "transform", "edit", "inpaint", "outpaint", "upscale",
        "interpolate", "making-of", "remix", "history", "show", "lineage", "styles", "models", "queue", "cancel",
        "quota", "settings", "server", "vote", "help", "about",
        "Remix", "Describe", "Upscale", "Inpaint", "Show recipe",
    }  # fmt: skip
    for name, one in wired.items():
        if name == "server":
            assert one["integration_types"] == [0] and one["default_member_permissions"] == 1 << 5
        else:
            assert sorted(one["integration_types"]) == [0, 1] and sorted(one["contexts"]) == [0, 1, 2], name


async def test_imagine_takes_what_the_manual_says(tree: trees.Tree) -> None:
    command = tree.get_command("imagine")
    assert isinstance(command, discord.app_commands.Command)
    names = {parameter.name for parameter in command.parameters}
    assert names == {
        "prompt", "image", "image_url", "aspect", "count", "style", "model", "negative", "steps", "guidance", "seed",
        "sampler", "strength", "verbatim", "lora",
    }  # fmt: skip


async def test_the_fingerprint_changes_with_the_commands(tree: trees.Tree) -> None:
    before = await trees.fingerprint(tree, 1)
    assert before == await trees.fingerprint(tree, 1) != await trees.fingerprint(tree, 2)
    tree.remove_command("imagine")
    assert await trees.fingerprint(tree, 1) != before


def pictures(count: int, job_id: str) -> list[Picture]:
    recipe = factories.recipe(count=count)
    return [
        Picture(
            id=new_id(), job_id=job_id, member_id="discord:1", index=index, width=128, height=128, sha256="", key="",
            recipe=recipe,
        )
        for index in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", range(1, MAX_COUNT + 1))
async def test_a_results_buttons_fit_in_five_rows_and_are_read_back(count: int) -> None:
    job = factories.job()
    rows = views.result_view(SAY, job, pictures(count, job.id)).to_components()
    parts = [part for row in rows for part in row["components"]]
    assert len(rows) <= 5 and all(len(row["components"]) <= 5 for row in rows)
    for part in parts:
        press = Press.read(part["custom_id"])
        assert press is not None and press.id == job.id and len(part["custom_id"]) <= MAX_CUSTOM_ID
    assert len({part["custom_id"] for part in parts}) == len(parts)


async def test_the_form_keeps_discords_limits() -> None:
    form = forms.remix_form(SAY, Press("remix", new_id(), 0), factories.recipe(prompt="x" * 4000)).to_dict()
    assert len(form["title"]) <= 45 and len(form["components"]) <= 5 and len(form["custom_id"]) <= MAX_CUSTOM_ID


def test_a_form_says_only_what_it_changes() -> None:
    recipe = factories.recipe(count=3)
    changes = forms.remix_changes({"prompt": "a wolf", "negative_prompt": "", "aspect": "1:1", "seed": ""}, recipe)
    assert changes.said() == {"prompt": "a wolf", "negative_prompt": "", "count": 3}
    with pytest.raises(OutOfRange, match="between 1 and 10"):
        forms.remix_changes({"count": "0"}, recipe)
    with pytest.raises(UnknownChoice, match="wide"):
        forms.remix_changes({"aspect": "wide"}, recipe)


def test_what_is_said_fits_and_has_no_power_over_the_messages_form() -> None:
    request = factories.request("**bold** `code`\n# heading " + "x" * 4000)
    job = factories.job(recipe=factories.recipe(prompt="y" * 4000, negative_prompt="z" * 4000))
    card = cards.result_card(SAY, request, job, [], note="w" * 4000)
    assert len(card.content) <= cards.MAX_CONTENT
    assert r"\*\*bold\*\*" in card.content and "\n# " not in card.content


def test_an_unforeseen_error_shows_nothing_of_its_inside() -> None:
    card = cards.error_card(SAY, KeyError("secret"), new_id())
    assert card.embed is not None and "secret" not in f"{card.content}{card.embed.description}"
    known = cards.error_card(SAY, PixxelbotError("Do this."))
    assert known.embed is not None and known.embed.description == "Do this."


def test_times_and_places_are_said_in_words() -> None:
    assert (
        cards.duration(SAY, 0.2) == "1 s" and cards.duration(SAY, 200) == "3 min" and cards.duration(SAY, 7200) == "2 h"
    )
    assert "Place 3" in cards.waiting_text(SAY, Estimate(place=3, seconds=40))
    assert "50%" in cards.progress_text(SAY, 2, 4, None)
    assert "starts soon" in cards.waiting_text(SAY, None)


def test_suggestions_begin_with_what_was_typed() -> None:
    names = ["dark-fantasy", "fantasy", *(f"style-{number}" for number in range(40))]
    assert [one.value for one in options.suggestions(names, "Fan")] == ["fantasy", "dark-fantasy"]
    assert len(options.suggestions(names, "")) == MAX_CHOICES
