"""The offline planner: what it understands of plain words, first requests and follow-ups."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixxelbot.intent import Ask, Changes, Intent
from pixxelbot.planner import build_planner
from pixxelbot.planner.offline import OfflinePlanner, understand
from pixxelbot.recipe import MAX_COUNT, Limits
from tests import factories
from tests.planner.asks import ALL, GENERAL, PICTURES, first, later


async def test_the_readmes_own_wish(bundled: Limits) -> None:
    intent = await OfflinePlanner().plan(first("a red fox under a full moon, and no clouds", bundled))
    assert (intent.action, intent.planner) == ("imagine", "offline")
    assert intent.changes.said() == {
        "prompt": "a red fox at night under a full moon",
        "wish": "a red fox under a full moon",
        "negative_prompt": "clouds",
    }
    assert set(intent.reasons) == {"prompt", "negative_prompt"}


def test_no_language_model_means_the_offline_planner(tmp_path: Any) -> None:
    assert isinstance(build_planner(factories.settings(tmp_path)), OfflinePlanner)


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("three pictures of a cat", {"count": 3}),
        ("three cats", {}),
        ("a couple of versions of a castle", {"count": 2}),
        ("draw me 5 images showing a boat please", {"count": 5}),
        ("one picture of a fox", {"count": 1}),
        ("a fox, 4 versions", {"count": 4}),
        ("a wall with three pictures of cats", {}),
        ("20 pictures of foxes", {"count": MAX_COUNT}),
        ("three wide pictures of a fox", {"count": 3, "aspect": "16:9"}),
        ("a fox, wide", {"aspect": "16:9"}),
        ("a wide river", {}),
        ("a fox in portrait format", {"aspect": "2:3"}),
        ("a portrait of a fox", {"aspect": "3:4"}),
        ("a square picture of a fox", {"aspect": "1:1"}),
        ("a town square", {}),
        ("a landscape", {}),
        ("a fox, 16:9", {"aspect": "16:9"}),
        ("a fox in 3:2 format", {"aspect": "3:2"}),
        ("a clock at 10:30", {}),
        ("a fox 1920x1080", {"aspect": "16:9"}),
        ("a fox 1024x512", {"aspect": "2:1", "width": 1024, "height": 512}),
        ("a fox 9000x100", {"aspect": "4:1"}),
        ("a phone wallpaper of a castle", {"aspect": "9:16"}),
        ("a castle as a desktop wallpaper", {"aspect": "16:9"}),
        ("a fox with seed 7", {"seed": 7}),
        ("a fox, seed: 123", {"seed": 123}),
        ("a sunflower seed", {}),
        ("a fox with 30 steps and cfg 6.5", {"steps": 30, "guidance_scale": 6.5}),
        ("a staircase with 20 steps", {}),
        ("a fox, with the Euler a sampler", {"sampler": "Euler a"}),
        ("a fox in turbo mode", {"mode": "turbo", "steps": 12}),
        ("a fast car", {}),
        ("a fox, no rush", {"mode": "relaxed"}),
        ("a quick sketch of a fox", {"steps": 12}),
        ("a fox in high quality", {"steps": 40}),
    ],
)  # fmt: skip
def test_parameters_in_plain_words(words: str, fields: dict[str, Any]) -> None:
    intent = understand(first(words, GENERAL))
    said = intent.changes.said()
    del said["prompt"], said["negative_prompt"], said["wish"]
    assert intent.action == "imagine" and said == fields
    assert set(intent.reasons) | {"wish"} == set(intent.changes.said())


@pytest.mark.parametrize(
    ("words", "subject", "negative"),
    [
        ("a fox and no clouds", "A fox.", "clouds"),
        ("a fox without people or cars", "A fox.", "people, cars"),
        ("a fox without clouds, stars or trees", "A fox.", "clouds, stars, trees"),
        ("a fox without clouds in the snow", "A fox in the snow.", "clouds"),
        ("a fox with no clouds and a big moon", "A fox with a big moon.", "clouds"),
        ("no text, no watermark, a fox", "A fox.", "text, watermark"),
        ("a forest, lose the tree", "A forest.", "tree"),
        ("a fox, don't include any people", "A fox.", "people"),
        ("a street with nobody in it", "A street.", "people"),
        ("a house no longer lived in", "A house no longer lived in.", ""),
        ("a fox without any trees in the background", "A fox.", "trees"),
        ("a fox with a 'no boats' flag, no clouds", "A fox with a 'no boats' flag.", "clouds"),
        ('a boat, no "red flags"', "A boat.", '"red flags"'),
        ("a no smoking sign", "A no smoking sign.", ""),
    ],
)  # fmt: skip
def test_what_is_unwanted_leaves_the_prompt_for_the_negative(words: str, subject: str, negative: str) -> None:
    changes = understand(first(words, GENERAL)).changes
    assert (changes.prompt or "").startswith(subject)
    assert (changes.negative_prompt or "").startswith(negative)


@pytest.mark.parametrize(
    ("words", "negative", "wish"),
    [
        ("a fox and a cat", "cat", "a fox"),
        ("a red fox left of a blue cat", "cats", "a red fox"),
        ("a cat above a pizza", "cat", "a pizza"),
        ("a fox, a cat and a dog", "blurry, cat", "a fox and a dog"),
        ("a knight with a big red hat, at night", "hat", "a knight, at night"),
        ("a crowd of people at night", "people", "a crowd at night"),
        ("a glass of wine and a dress", "dress", "a glass of wine"),
        ("a house with trees behind", "trees", "a house"),
    ],
)
def test_what_a_prompt_names_and_forbids_leaves_the_prompt_and_it_is_said(words: str, negative: str, wish: str) -> None:
    intent = understand(first(words, GENERAL, given=Changes(negative_prompt=negative)))
    assert intent.changes.wish == wish
    assert any(wish in note for note in intent.notes)


@pytest.mark.parametrize(
    ("words", "negative"), [("a fox", "fox"), ("a fox in the snow", "people"), ("a category of foxes", "cat")]
)
def test_a_prompt_stays_where_nothing_is_forbidden_or_nothing_else_would_be_left(words: str, negative: str) -> None:
    intent = understand(first(words, GENERAL, given=Changes(negative_prompt=negative)))
    assert (intent.changes.wish, intent.notes) == (words, ())


@pytest.mark.parametrize(
    ("words", "style"),
    [
        ("a watercolour painting of a fox", "watercolour"), ("a fox in watercolor", "watercolour"),
        ("pixel art fox", "pixel-art"), ("a fox in the style of ukiyo-e", "ukiyo-e"),
        ("a photo of a fox", "photographic"),
        ("a fox as a photo", "photographic"), ("a cyberpunk city", "cyberpunk"),
        ("a fox, oil painting", "oil-painting"),
        ("pencil sketch of a fox", "pencil-sketch"), ("a cat with a pencil", None), ("a photo album", None),
    ],
)  # fmt: skip
def test_styles_and_media_by_their_names(words: str, style: str | None) -> None:
    changes = understand(first(words, GENERAL)).changes
    assert (changes.styles or ((None, 1.0),))[0][0] == style


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("hello", "chat"), ("Hi there!", "chat"), ("thanks!", "chat"), ("how are you?", "chat"),
        ("it's beautiful", "chat"),
        ("what is the meaning of life?", "chat"), ("help", "help"), ("what can you do?", "help"),
        ("cancel", "cancel"),
        ("never mind", "cancel"), ("please stop that", "cancel"), ("undo", "undo"),
        ("show me my history", "history"),
        ("what seed did you use?", "recipe"), ("can you draw a fox?", "imagine"),
        ("I'd like to see a castle", "imagine"),
        ("stop sign in the rain", "imagine"), ("a tiger", "imagine"), ("ü", "imagine"), ("upscale it", "clarify"),
        ("the second one, but at night", "clarify"), ("again", "clarify"), ("make it wider", "clarify"),
    ],
)  # fmt: skip
def test_what_is_wanted_of_a_first_request(words: str, action: str) -> None:
    intent = understand(first(words, GENERAL))
    assert intent.action == action
    assert bool(intent.reply) == (action in ("chat", "help", "clarify"))


FOLLOW_UPS: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
    ("again", "again", ALL, {}),
    ("once more", "again", ALL, {}),
    ("two more", "again", ALL, {"count": 2}),
    ("vary", "vary", ALL, {}),
    ("vary the second one slightly", "vary", ("fox2",), {"strength": 0.35}),
    ("vary the first and the third", "vary", ("fox1", "fox3"), {}),
    ("more like this", "vary", ALL, {}),
    ("three variations of the last one", "vary", ("fox4",), {"count": 3}),
    ("V3", "vary", ("fox3",), {}),
    ("upscale it", "upscale", ("fox1",), {}),
    ("upscale the third", "upscale", ("fox3",), {}),
    ("upscale number 2 4x", "upscale", ("fox2",), {"scale": 4.0}),
    ("make the top right bigger", "upscale", ("fox2",), {}),
    ("u1", "upscale", ("fox1",), {}),
    ("delete the second one", "delete", ("fox2",), {}),
    ("the second one, but at night", "remix", ("fox2",), {"prompt": "a red fox at night in the snow"}),
    ("same but at night", "remix", ALL, {"prompt": "a red fox at night in the snow"}),
    ("again, but at night", "remix", ALL, {"prompt": "a red fox at night in the snow"}),
    ("what about at night?", "remix", ALL, {"prompt": "a red fox at night in the snow"}),
    ("make it blue", "edit", ALL[:1], {"prompt": "a blue fox in the snow", "instruction": "make it blue"}),
    ("make the third one blue", "edit", ("fox3",), {"prompt": "a blue fox in the snow", "instruction": "make it blue"}),
    (
        "make the fox blue",
        "edit",
        ALL[:1],
        {"prompt": "a blue fox in the snow", "region": "fox", "instruction": "make the fox blue"},
    ),
    ("a cat instead", "remix", ALL, {"prompt": "a cat in the snow"}),
    ("turn it into a dog", "edit", ALL[:1], {"prompt": "a dog in the snow", "instruction": "turn it into a dog"}),
    (
        "replace the fox with a cat",
        "inpaint",
        ALL[:1],
        {"prompt": "a red cat in the snow", "region": "fox", "instruction": "replace the fox with a cat"},
    ),
    ("add a cat", "edit", ALL[:1], {"prompt": "a red fox and a cat in the snow", "instruction": "add a cat"}),
    ("in the forest", "remix", ALL, {"prompt": "a red fox in the forest in the snow"}),
    (
        "change the background to blue",
        "inpaint",
        ALL[:1],
        {"prompt": "a red fox in the snow", "region": "background", "instruction": "change the background to blue"},
    ),
    (
        "remove the snow",
        "inpaint",
        ALL[:1],
        {"prompt": "a red fox", "negative_prompt": "snow, clouds", "region": "snow", "instruction": "remove the snow"},
    ),
    ("wider, and lose the tree", "remix", ALL, {"aspect": "4:3", "negative_prompt": "tree, clouds"}),
    ("no people", "remix", ALL, {"negative_prompt": "people, clouds"}),
    ("16:9", "remix", ALL, {"aspect": "16:9"}),
    ("make it wider", "outpaint", ALL[:1], {"aspect": "4:3"}),
    ("wider", "remix", ALL, {"aspect": "4:3"}),
    ("same thing, square, seed 3", "remix", ALL, {"aspect": "1:1", "seed": 3}),
    ("the one with the boat, at night", "remix", ("boat1", "boat2"), {"prompt": "a boat at night at sea"}),
    ("the previous one at night", "remix", ("boat1", "boat2"), {"prompt": "a boat at night at sea"}),
    ("a tree", "imagine", (), {"prompt": "a tree"}),
    ("draw a boat at sea", "imagine", (), {"prompt": "a boat at sea"}),
    ("three variations of a castle", "imagine", (), {"prompt": "a castle", "count": 3}),
    ("I like the third one, upscale that", "upscale", ("fox3",), {}),
    ("upscale 2", "upscale", ("fox2",), {}),
    ("vary #3 strongly", "vary", ("fox3",), {"strength": 0.8}),
    ("vary 4 strong", "vary", ("fox4",), {"strength": 0.8}),
    ("ok 2 subtle now", "vary", ("fox2",), {"strength": 0.35}),
    ("again but 2 only", "again", ALL, {"count": 2}),
    ("upscale the second of the first set", "upscale", ("boat2",), {}),
    ("vary the first ones", "vary", ("boat1", "boat2"), {}),
    ("in 16:9: a tree", "imagine", (), {"prompt": "a tree", "aspect": "16:9"}),
    ("transition 2 -> 3", "interpolate", ("fox2", "fox3"), {}),
    ("number four but smaller", "remix", ("fox4",), {"prompt": "a small red fox in the snow"}),
    ("make them all blue", "edit", ALL, {"prompt": "a blue fox in the snow", "instruction": "make it blue"}),
    (
        "the fox should be green",
        "edit",
        ALL[:1],
        {"prompt": "a green fox in the snow", "region": "fox", "instruction": "the fox should be green"},
    ),
    ("do it in 16:9", "remix", ALL, {"aspect": "16:9"}),
    ("same prompt, 3 pictures, wide", "remix", ALL, {"count": 3, "aspect": "16:9"}),
    ("blend the first two", "blend", ("fox1", "fox2"), {}),
    ("remove the background", "background", ALL[:1], {}),
    ("flip it", "clarify", (), {}),
    ("the first and third", "clarify", ("fox1", "fox3"), {}),
    ("the fifth one, but green", "clarify", (), {}),
]


@pytest.mark.parametrize(("words", "action", "targets", "changes"), FOLLOW_UPS)
def test_follow_ups_keep_what_was_not_mentioned(
    bundled: Limits, words: str, action: str, targets: tuple[str, ...], changes: dict[str, Any]
) -> None:
    intent = understand(later(words, bundled))
    said = {name: value for name, value in intent.changes.said().items() if name != "wish"}
    assert (intent.action, intent.targets, said) == (action, targets, changes)


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("the second one, but at night", "A red fox in the snow at night."),
        ("make it blue", "A blue fox in the snow."),
        ("a cat instead", "A cat in the snow."),
        ("replace the fox with a wolf", "A red wolf in the snow."),
        ("with a hat", "A red fox in the snow, with a hat."),
        ("in watercolour", "A watercolour painting of a red fox in the snow,"),
    ],
)  # fmt: skip
def test_a_general_models_prompt_is_changed_where_it_was_meant(words: str, start: str) -> None:
    before = understand(first("a red fox in the snow", GENERAL)).changes.prompt or ""
    recipe = factories.recipe(prompt=before, count=4)
    pictures = tuple((f"p{n}", recipe) for n in range(4))
    after = understand(later(words, GENERAL, pictures=pictures)).changes.prompt or ""
    assert after.startswith(start) and "finely detailed" in after


def test_a_place_that_is_not_there_is_asked_about(bundled: Limits) -> None:
    assert "only 4 pictures" in understand(later("upscale the seventh", bundled)).reply


def test_what_is_now_wanted_is_no_longer_left_out(bundled: Limits) -> None:
    changes = understand(later("and clouds", bundled)).changes
    assert (changes.wish, changes.negative_prompt) == ("a red fox in the snow, with clouds", "")


def test_a_dialogue_goes_on_from_its_last_pictures(bundled: Limits) -> None:
    recipe = factories.recipe(count=4, **understand(first("a fox in snow", bundled)).changes.drawn())
    for words, prompt in (
        ("the second one, but at night", "a fox at night in the snow"),
        ("add a tree", "a fox and a tree at night in the snow"),
    ):
        intent = understand(Ask(words=words, limits=bundled, pictures=tuple((f"p{n}", recipe) for n in range(4))))
        recipe = recipe.evolve(**intent.changes.drawn())
        assert recipe.prompt == prompt
    intent = understand(Ask(words="wider, and lose the tree", limits=bundled, pictures=(("p", recipe),)))
    assert recipe.evolve(**intent.changes.drawn()).prompt == "a fox at night in the snow"
    assert intent.changes.aspect == "4:3" and intent.changes.negative_prompt == "tree"


def test_a_picture_sent_along_is_the_start(bundled: Limits) -> None:
    intent = understand(later("make it winter", bundled, sources=("upload",)))
    assert (intent.action, intent.targets) == ("edit", ("upload",))
    intent = understand(later("a castle in winter", bundled, sources=("upload",)))
    assert (intent.action, intent.targets) == ("imagine", ())


def test_verbatim_leaves_the_words_untouched() -> None:
    words = "three  pictures of (a fox:1.3), --ish, no clouds"
    intent = understand(first(words, GENERAL, given=Changes(verbatim=True)))
    assert intent.changes.said() == {"prompt": words} and "verbatim" in intent.reasons["prompt"]
    intent = understand(first("exactly this: a fox, no clouds", GENERAL))
    assert intent.changes.said() == {"prompt": "a fox, no clouds", "verbatim": True}


def test_what_is_fixed_stays_fixed() -> None:
    given = Changes(count=2, aspect="1:1", negative_prompt="dogs", seed=1)
    intent = understand(first("three wide pictures of a fox, no clouds, seed 7", GENERAL, given=given))
    assert set(intent.changes.said()) == {"prompt", "wish"} and set(intent.reasons) == {"prompt"}
    assert "clouds" in intent.notes[0]


def test_a_number_out_of_range_is_clamped_and_told() -> None:
    intent = understand(first("a fox with 5000 steps", GENERAL))
    assert intent.changes.steps == GENERAL.max_steps and "5000" in intent.notes[0]


@given(st.text(max_size=200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_words_end_in_the_same_valid_intent(words: str, talked: bool) -> None:
    ask = Ask(words=words, limits=GENERAL, pictures=PICTURES if talked else ())
    intent = understand(ask)
    assert Intent.model_validate_json(intent.model_dump_json()) == intent == understand(ask)
    assert set(intent.targets) <= {name for name, _ in ask.pictures}


KNOWN = (
    "the second one but make it no without and or wider vary again upscale a red fox in snow at night 16:9 seed 7 "
    "three pictures of , . ? --ar instead with to into like this that lose tree watercolour delete cancel portrait "
    "of not u2 more background change replace add 5000 steps quality"
)


@given(st.lists(st.sampled_from(KNOWN.split()), max_size=14), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_order_of_known_words_ends_in_a_valid_intent(words: list[str], talked: bool) -> None:
    ask = Ask(words=" ".join(words), limits=GENERAL, pictures=PICTURES if talked else ())
    intent = understand(ask)
    changes = intent.changes
    assert changes.count is None or 1 <= changes.count <= MAX_COUNT
    assert changes.steps is None or 1 <= changes.steps <= GENERAL.max_steps
    assert intent.action != "imagine" or changes.prompt or not words


@pytest.mark.parametrize(
    "piece", ["a ", "no x or y, ", "make it ", "please, ", "and ", ",", "the second ", "1:", "([{", "in ", "as an "]
)
def test_four_thousand_characters_of_anything_end(bundled: Limits, piece: str) -> None:
    for limits in (bundled, GENERAL):
        intent = understand(later((piece * 4_000)[:3_998] + "zz", limits))
        assert intent.action in ("imagine", "clarify") and len(intent.changes.prompt or "") <= 4_000


@pytest.mark.parametrize("words", ["", "at night"])
def test_a_flag_takes_what_it_forbids_out_of_the_earlier_wish(words: str) -> None:
    old = PICTURES[0][1].evolve(prompt="a red fox with a hat in the snow", wish="a red fox with a hat in the snow")
    intent = understand(later(words, GENERAL, pictures=(("fox1", old),), given=Changes(negative_prompt="hat")))
    assert intent.action in ("remix", "inpaint", "edit")
    assert (intent.changes.wish or "").startswith("a red fox in the snow")
    assert "the earlier prompt" in intent.reasons["prompt"]


@pytest.mark.parametrize("words", ["no fox", "without the fox", "no red fox", "without fox"])
def test_what_a_picture_is_of_may_be_unwanted_too(words: str) -> None:
    changes = understand(later(words, GENERAL)).changes
    assert "fox" in (changes.negative_prompt or "")
    assert changes.wish is None, "there would be nothing left"
