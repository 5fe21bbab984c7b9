"""The command tree against Discord's limits, without a connection."""

from __future__ import annotations

import discord
import pytest

from pixxelbot.chat import buttons, cards, commands
from pixxelbot.errors import OutOfRange, PixxelbotError, UnknownChoice
from pixxelbot.job import Estimate, new_id
from pixxelbot.picture import Picture
from pixxelbot.recipe import MAX_COUNT
from tests import factories

MAX_COMMANDS, MAX_OPTIONS, MAX_CHOICES, MAX_CHARACTERS = 100, 25, 25, 8_000
MAX_NAME, MAX_DESCRIPTION, MAX_CUSTOM_ID = 32, 100, 100


@pytest.fixture
async def tree() -> commands.Tree:
    return commands.build_tree(discord.Client(intents=discord.Intents.none()))


def characters(part: dict[str, object]) -> int:
    """Names, descriptions and choices, as Discord counts them."""
    own = len(str(part["name"])) + len(str(part.get("description", "")))
    choices = sum(len(str(one["name"])) + len(str(one["value"])) for one in part.get("choices", ()))  # type: ignore[attr-defined]
    return own + choices + sum(characters(one) for one in part.get("options", ()))  # type: ignore[attr-defined]


async def test_the_tree_keeps_discords_limits(tree: commands.Tree) -> None:
    wired = [command.to_dict(tree) for command in tree.get_commands()]
    assert 0 < len(wired) <= MAX_COMMANDS
    for command in wired:
        assert characters(command) <= MAX_CHARACTERS
        assert len(command["options"]) <= MAX_OPTIONS
        for part in (command, *command["options"]):
            assert 0 < len(part["name"]) <= MAX_NAME and 0 < len(part["description"]) <= MAX_DESCRIPTION
            assert len(part.get("choices", ())) <= MAX_CHOICES


async def test_imagine_takes_what_the_manual_says(tree: commands.Tree) -> None:
    command = tree.get_command("imagine")
    assert isinstance(command, discord.app_commands.Command)
    names = {parameter.name for parameter in command.parameters}
    assert names == {
        "prompt", "image", "image_url", "aspect", "count", "style", "model", "negative", "steps", "guidance", "seed",
        "strength", "verbatim",
    }  # fmt: skip


async def test_the_fingerprint_changes_with_the_commands(tree: commands.Tree) -> None:
    before = commands.fingerprint(tree, 1)
    assert before == commands.fingerprint(tree, 1) != commands.fingerprint(tree, 2)
    tree.remove_command("imagine")
    assert commands.fingerprint(tree, 1) != before


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
    rows = buttons.result_view(job, pictures(count, job.id)).to_components()
    parts = [part for row in rows for part in row["components"]]
    assert len(rows) <= 5 and all(len(row["components"]) <= 5 for row in rows)
    for part in parts:
        press = buttons.Press.read(part["custom_id"])
        assert press is not None and press.id == job.id and len(part["custom_id"]) <= MAX_CUSTOM_ID
    assert len({part["custom_id"] for part in parts}) == len(parts)


async def test_the_form_keeps_discords_limits() -> None:
    form = buttons.RemixForm(buttons.Press("remix", new_id(), 0), factories.recipe(prompt="x" * 4000)).to_dict()
    assert len(form["title"]) <= 45 and len(form["components"]) <= 5 and len(form["custom_id"]) <= MAX_CUSTOM_ID


def test_a_form_says_only_what_it_changes() -> None:
    recipe = factories.recipe(count=3)
    changes = buttons.remix_changes({"prompt": "a wolf", "negative_prompt": "", "aspect": "1:1", "seed": ""}, recipe)
    assert changes.said() == {"prompt": "a wolf", "negative_prompt": "", "count": 3}
    with pytest.raises(OutOfRange, match="between 1 and 10"):
        buttons.remix_changes({"count": "0"}, recipe)
    with pytest.raises(UnknownChoice, match="wide"):
        buttons.remix_changes({"aspect": "wide"}, recipe)


def test_what_is_said_fits_and_has_no_power_over_the_messages_form() -> None:
    request = factories.request("**bold** `code`\n# heading " + "x" * 4000)
    job = factories.job(recipe=factories.recipe(prompt="y" * 4000, negative_prompt="z" * 4000))
    card = cards.result_card(request, job, [], note="w" * 4000)
    assert len(card.content) <= cards.MAX_CONTENT
    assert r"\*\*bold\*\*" in card.content and "\n# " not in card.content


def test_an_unforeseen_error_shows_nothing_of_its_inside() -> None:
    card = cards.error_card(KeyError("secret"), new_id())
    assert card.embed is not None and "secret" not in f"{card.content}{card.embed.description}"
    known = cards.error_card(PixxelbotError("Do this."))
    assert known.embed is not None and known.embed.description == "Do this."


def test_times_and_places_are_said_in_words() -> None:
    assert cards.duration(0.2) == "1 s" and cards.duration(200) == "3 min" and cards.duration(7200) == "2 h"
    assert "Place 3" in cards.waiting_text(Estimate(place=3, seconds=40))
    assert "50%" in cards.progress_text(2, 4, None)
    assert "starts soon" in cards.waiting_text(None)


def test_suggestions_begin_with_what_was_typed() -> None:
    names = ["dark-fantasy", "fantasy", *(f"style-{number}" for number in range(40))]
    assert [one.value for one in commands.suggestions(names, "Fan")] == ["fantasy", "dark-fantasy"]
    assert len(commands.suggestions(names, "")) == MAX_CHOICES
