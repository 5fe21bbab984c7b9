"""What each action makes of the pictures it follows, within the limits of their model."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from pixxelbot.app import model_limits
from pixxelbot.errors import InvalidRequest, OutOfRange
from pixxelbot.intent import Changes
from pixxelbot.job import new_id
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe
from pixxelbot.studio.recipes import FOLLOW_UPS, Recipes
from tests import factories


@pytest.fixture
def recipes(tmp_path: Path) -> Recipes:
    """For the bundled model."""
    return Recipes(model_limits(factories.settings(tmp_path)), ("noir",))


def shown(upload: bool = False, **changes: Any) -> Picture:
    values: dict[str, Any] = {"width": 128, "height": 128} | changes
    recipe = factories.recipe(prompt="" if upload else "a red fox", seed=7, count=4, **values)
    return Picture(
        id=new_id(), member_id="discord:1", seed=9, index=2, width=recipe.width, height=recipe.height, sha256="",
        key="", upload=upload, recipe=recipe,
    )  # fmt: skip


FOX = shown()
SAID: dict[str, Changes] = {
    "edit": Changes(instruction="make it winter"), "inpaint": Changes(region="the hat", prompt="a crown"),
    "interpolate": Changes(prompt="a blue cat"), "arithmetic": Changes(plus=("snow",)),
}  # fmt: skip


@pytest.mark.parametrize("action", FOLLOW_UPS)
@pytest.mark.parametrize("upload", [False, True])
def test_every_follow_up_makes_a_recipe_that_starts_from_its_picture(
    recipes: Recipes, action: str, upload: bool
) -> None:
    if upload and action == "again":
        return
    parents = [shown(upload), shown(upload)] if action == "blend" else [shown(upload)]
    recipe = recipes.follow(action, parents, SAID.get(action, Changes()))  # type: ignore[arg-type]
    assert Recipe.load(recipe.model_dump(mode="json")) == recipe
    from_words = action in ("again", "interpolate") or (not upload and action in ("remix", "making_of"))
    assert recipe.sources == (() if from_words else tuple(one.id for one in parents))
    assert recipe.steps <= 100 and recipe.sampler == "DDIM"


def test_an_edit_keeps_what_was_there_and_adds_what_is_said(recipes: Recipes) -> None:
    recipe = recipes.follow("edit", [FOX], Changes(instruction="make it winter"))
    assert (recipe.kind, recipe.instruction, recipe.prompt) == ("edit", "make it winter", "a red fox, make it winter")
    with pytest.raises(InvalidRequest, match="what to change"):
        recipes.follow("edit", [FOX], Changes())


def test_zooming_out_keeps_the_canvas_and_panning_lengthens_it(recipes: Recipes) -> None:
    out = recipes.follow("outpaint", [FOX], Changes(scale=2.0))
    assert (out.directions, out.scale, out.width, out.height) == (("out",), 2.0, 128, 128)
    left = recipes.follow("outpaint", [FOX], Changes(directions=("left",)))
    assert left.width > left.height and left.directions == ("left",)
    wide = recipes.follow("outpaint", [FOX], Changes(aspect="16:9"))
    assert wide.width > wide.height and (wide.directions, wide.scale) == ((), None)
    huge = recipes.follow("outpaint", [shown(width=256, height=256)], Changes(directions=("up",), scale=4.0))
    assert huge.height <= 256 and huge.width < huge.height


def test_a_part_is_drawn_anew_by_words_or_mask(recipes: Recipes) -> None:
    recipe = recipes.follow("inpaint", [FOX], Changes(region="the hat", prompt="a crown"))
    assert (recipe.region, recipe.prompt, recipe.mask) == ("the hat", "a crown", None)
    assert recipes.follow("inpaint", [FOX], Changes(mask="01MASK")).mask == "01MASK"
    with pytest.raises(InvalidRequest, match="which part"):
        recipes.follow("inpaint", [FOX], Changes())


def test_a_blend_takes_two_to_five(recipes: Recipes) -> None:
    recipe = recipes.follow("blend", [FOX, shown()], Changes(weights=(2.0, 1.0)))
    assert recipe.prompts == ("a red fox", "a red fox") and recipe.weights == (2.0, 1.0) and recipe.prompt == ""
    for parents in ([FOX], [FOX] * 6):
        with pytest.raises(InvalidRequest, match="2 to 5"):
            recipes.follow("blend", parents, Changes())


def test_an_animation_needs_somewhere_to_go(recipes: Recipes) -> None:
    between = recipes.follow("interpolate", [FOX, shown()], Changes(frames=8))
    assert len(between.sources) == 2 and between.frames == 8
    into = recipes.follow("interpolate", [FOX], Changes(prompt="a blue cat"))
    assert (into.sources, into.prompt, into.prompts) == ((), "a red fox", ("a blue cat",))
    with pytest.raises(InvalidRequest, match="name two"):
        recipes.follow("interpolate", [FOX], Changes())


def test_a_sweep_draws_one_picture_for_each_strength(recipes: Recipes) -> None:
    assert recipes.follow("sweep", [FOX], Changes()).count == 4
    recipe = recipes.follow("sweep", [FOX], Changes(strengths=(0.1, 0.5), count=9))
    assert (recipe.strengths, recipe.count) == ((0.1, 0.5), 2)


def test_the_making_of_a_picture_is_of_that_picture(recipes: Recipes) -> None:
    recipe = recipes.follow("making_of", [FOX], Changes())
    assert (recipe.kind, recipe.of, recipe.seed, recipe.count) == ("making_of", "text2img", 9, 1)
    assert recipes.follow("making_of", [shown(upload=True)], Changes()).making == "forward"


def test_what_only_one_kind_has_does_not_stay_for_the_next(recipes: Recipes) -> None:
    edited = shown(kind="edit", instruction="make it winter", sources=("a",))
    for action in ("vary", "upscale", "remix"):
        recipe = recipes.follow(action, [edited], Changes(prompt="at night"))  # type: ignore[arg-type]
        assert recipe.instruction == "" and recipe.sources == (edited.id,)
    swept = shown(kind="sweep", strengths=(0.1, 0.2), sources=("a",))
    assert recipes.follow("outpaint", [swept], Changes()).strengths == ()


def test_few_step_mode_takes_few_steps_unless_a_number_is_said(recipes: Recipes) -> None:
    assert recipes.imagine("a fox", Changes(mode="turbo"), ()).steps == 8
    assert recipes.imagine("a fox", Changes(mode="turbo", steps=30), ()).steps == 30
    assert recipes.follow("again", [FOX], Changes(mode="turbo")).steps == 8


def test_an_enlargement_has_a_largest_size(recipes: Recipes) -> None:
    with pytest.raises(OutOfRange, match="4096"):
        recipes.follow("upscale", [shown(width=2048, height=2048)], Changes(scale=4.0))


def test_an_animation_between_two_pictures_goes_from_the_one_prompt_to_the_other(recipes: Recipes) -> None:
    castle = dataclasses.replace(FOX, recipe=FOX.recipe.evolve(prompt="a castle"))
    assert recipes.follow("interpolate", [FOX, castle], Changes()).prompts == (FOX.recipe.prompt, "a castle")
    between = shown(kind="interpolate", sources=("a", "b"), prompts=("a red fox", "a castle"), frames=8)
    assert recipes.follow("remix", [between], Changes(prompt="at night")).sources == (between.id,)
    film = recipes.follow("making_of", [between], Changes())
    assert (film.making, film.sources) == ("forward", (between.id,))


def test_the_making_of_an_enlargement_is_that_of_what_was_enlarged(recipes: Recipes) -> None:
    large = shown(kind="upscale", width=368, height=192, sources=("a",), scale=2.0, method="creative")
    film = recipes.follow("making_of", [large], Changes())
    assert (film.of, film.seed, film.width, film.height, film.sources) == ("text2img", 9, 184, 96, ())


def test_every_picture_of_a_sweep_has_the_seed_it_was_drawn_with(recipes: Recipes) -> None:
    recipe = recipes.follow("sweep", [FOX], Changes())
    assert {recipe.seed_of(index) for index in range(4)} == {recipe.seed}


@pytest.mark.parametrize("prompt", ["fox::1 snow::-1", "fox::1 snow::-0.99", "fox::-1", "snow::-2 fox"])
def test_weights_that_leave_nothing_are_refused(recipes: Recipes, prompt: str) -> None:
    with pytest.raises(InvalidRequest, match="negative weights"):
        recipes.imagine(prompt, Changes(), [])
    with pytest.raises(InvalidRequest, match="negative weights"):
        recipes.follow("remix", [FOX], Changes(prompt=prompt))


def test_a_word_may_count_only_so_much(recipes: Recipes) -> None:
    with pytest.raises(OutOfRange, match="weight of a word"):
        recipes.imagine("a (red:9) fox", Changes(), [])
    for prompt in ("a (red:1.3) fox", "fox::2 snow::-0.5", "fox:: snow", "C++ std::vector", "a fox (at 7:30)"):
        assert recipes.imagine(prompt, Changes(), []).prompt == prompt


def test_who_asks_for_exact_gets_it(recipes: Recipes) -> None:
    assert recipes.imagine("a fox", Changes(exact=True), []).exact
    assert recipes.follow("vary", [FOX], Changes(exact=True)).exact
    assert recipes.follow("interpolate", [FOX, FOX], Changes(motion="gif")).motion == "gif"
