"""Styles, templates and expansion rules: the data that ships in `prompts/`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pixxelbot.planner import library, templates
from pixxelbot.planner.expansion import expand, subject_of
from pixxelbot.planner.scenes import rules
from pixxelbot.planner.styles import apply, find_style, load_styles
from pixxelbot.recipe import Limits
from tests.planner.asks import GENERAL

TAGS = GENERAL.model_copy(update={"family": "sd1"})
FLUX = GENERAL.model_copy(update={"family": "flux"})


def test_there_are_a_dozen_styles_and_each_is_complete() -> None:
    styles = load_styles()
    assert len(styles) >= 12
    for style in styles.values():
        assert "{prompt}" in style.prompt and style.tags and style.negative_prompt and style.words and style.title
        assert all(word == word.lower() for word in style.words)


def test_no_two_styles_answer_to_one_name() -> None:
    words = [word for style in load_styles().values() for word in {style.name.replace("-", " "), *style.words}]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("said", ["art-deco", "Art Deco", "ART_DECO", "watercolor", "ukiyo e", "8-bit"])
def test_a_style_is_found_as_members_spell_it(said: str) -> None:
    assert find_style(said) is not None


def test_a_style_is_laid_over_in_the_familys_own_form() -> None:
    chosen = [("watercolour", 1.0)]
    sentence, negative, _ = apply(chosen, "a fox", "clouds", "sdxl")
    assert sentence.startswith("a watercolour painting of a fox") and negative.startswith("clouds, photograph")
    assert apply(chosen, "fox", "", "sd1")[0].startswith("fox, watercolour painting,")
    assert apply([("watercolour", 1.5)], "fox", "", "sd1")[0].endswith(":1.5)")
    assert apply([("oil-painting", 1.0)], "a fox", "", "bundled") == ("a fox", "", ("Oil painting",))


def test_templates_carry_their_version() -> None:
    assert re.fullmatch(r"plan\.system v\d+", templates.version("plan.system"))
    assert re.fullmatch(r"plan\.repair v\d+", templates.version("plan.repair"))


def test_the_system_prompt_speaks_of_the_model_at_hand(bundled: Limits) -> None:
    def system(limits: Limits, form: str = "schema") -> str:
        return templates.render(
            "plan.system",
            limits=limits,
            styles=("anime",),
            max_count=10,
            form=form,
            unanswered=False,
            example='{"action": "imagine"}',
        )

    assert "penguin" in system(bundled) and "penguin" not in system(GENERAL)
    assert "Comma-separated tags" in system(TAGS) and "sentences" in system(FLUX)
    assert '{"action"' in system(GENERAL, "json") and '{"action"' not in system(GENERAL)


def test_the_prompts_are_found_beside_the_package_and_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "pixxelbot"
    for folder in (tmp_path / "prompts", package / "prompts"):
        folder.mkdir(parents=True)
        (folder / "plan.system.j2").touch()
        monkeypatch.setattr(library, "PACKAGE", package)
        assert library.prompts_folder.__wrapped__() == folder


def test_an_installation_without_prompts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "PACKAGE", tmp_path / "pixxelbot")
    with pytest.raises(FileNotFoundError, match="install pixxelbot again"):
        library.prompts_folder.__wrapped__()


def test_every_expansion_file_has_a_version() -> None:
    for file in (library.prompts_folder() / "expansion").glob("*.yaml"):
        assert yaml.safe_load(file.read_text(encoding="utf-8"))["version"] >= 1


def test_the_bundled_vocabulary_is_the_models_own(bundled: Limits) -> None:
    assert set(rules()["nouns"]) == set(bundled.vocabulary)


@pytest.mark.parametrize(
    ("wish", "prompt"),
    [
        ("a red fox under a full moon", "a red fox at night under a full moon"),
        ("kitten in the woods", "a cat in the forest"),
        ("three cats", "three cats"),
        ("seven tiny blue cats", "four small blue cats"),
        ("a sleeping puppy on a white background", "a dog on a white background"),
        ("a red fox and a blue cat in the snow", "a red fox and a blue cat in the snow"),
        ("an apple tree", "a tree"),
        ("a fox with a red hat", "a fox and a red hat"),
        ("a fox with a red kettle", "a fox"),
        ("a tiny golden spaceship at midnight", "a small yellow rocket at night"),
        ("the full moon", "a moon at night under a full moon"),
        ("a winter forest", "a tree in the forest in the snow"),
        ("a toaster", "a toaster"),
        ("a big cat to the left of two dogs", "a large cat left of two dogs"),
        ("a hat over a duck at sunset", "a hat above a duck at sunset"),
        ("a cat under an umbrella in the city", "an umbrella above a cat in the city"),
        ("close-up of a black teddy bear on the right", "a black bear on the right, close-up"),
        ("ice cream, a donut and a palm tree", "an ice cream, a donut and a palm tree"),
    ],
)
def test_a_wish_is_said_in_the_bundled_models_words(bundled: Limits, wish: str, prompt: str) -> None:
    expanded = expand(wish, "", bundled)
    assert expanded.prompt == prompt and expanded.reason


def test_what_the_bundled_model_cannot_draw_is_told(bundled: Limits) -> None:
    assert "knows only cat" in expand("a toaster", "", bundled).notes[0]
    assert "sleeping" in expand("a sleeping fox", "", bundled).reason
    assert "left out" in expand("a fox", "", bundled, [("oil-painting", 1.0)]).notes[0]
    assert "counts to 4" in expand("six foxes", "", bundled).notes[0]
    assert expand("a fox", "", bundled, [("watercolour", 1.0)]).prompt == "a fox, watercolour painting"


def test_the_bundled_models_window_holds_any_wish(bundled: Limits) -> None:
    for wish in ("fox and cat and dog " * 40, "toaster " * 200, "ten small red foxes and ten small blue cats at night"):
        assert len(expand(wish, "", bundled).prompt.replace(",", " ,").split()) <= bundled.tokens - 2


def test_tags_for_the_first_models_and_sentences_for_the_later_ones() -> None:
    tags, sentence = expand("a red fox at night", "clouds", TAGS), expand("a red fox at night", "clouds", GENERAL)
    assert tags.prompt.startswith("red fox at night, moonlight") and tags.negative_prompt.startswith("clouds, lowres")
    assert sentence.prompt.startswith("A red fox at night. ") and sentence.prompt.endswith(".")
    assert expand("a red fox", "clouds", FLUX).negative_prompt == "clouds"


def test_expansion_brings_in_nothing_unwanted() -> None:
    assert "star" not in expand("a fox at night", "stars", TAGS).prompt
    assert "text" not in expand("a poster with the text hello", "", TAGS).negative_prompt.split(", ")


def test_a_long_wish_is_left_as_it_is() -> None:
    wish = "a red fox " + "with a very particular hat " * 5
    assert expand(wish, "", GENERAL).prompt.rstrip(".").lower() == wish.lower()


@pytest.mark.parametrize("limits", [TAGS, GENERAL, FLUX])
@pytest.mark.parametrize("chosen", [(), (("watercolour", 1.0),), (("cyberpunk", 1.0), ("anime", 1.5))])
def test_expansion_can_be_taken_back(limits: Limits, chosen: tuple[tuple[str, float], ...]) -> None:
    prompt = expand("red fox in the snow", "", limits, chosen).prompt
    assert subject_of(prompt, limits, chosen).lower() == "red fox in the snow"
