"""What leaves a wish with a thing that is not to be in the picture, and what stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixxelbot.planner.leaving import without


@pytest.mark.parametrize(
    ("wish", "gone", "left"),
    [
        ("a fox and a cat", "cat", "a fox"),
        ("a cat and a dog in a forest", "cat", "a dog in a forest"),
        ("a red fox left of a blue cat", "cats", "a red fox"),
        ("a fox to the left of a small tree at sunset", "trees", "a fox at sunset"),
        ("a cat above a pizza", "cat", "a pizza"),
        ("clouds over a castle", "clouds", "a castle"),
        ("a fox, a cat and a dog", "cat", "a fox and a dog"),
        ("a red cat, a dog and a blue cat", "cat", "a dog"),
        ("a knight with a big red hat, at night", "hat", "a knight, at night"),
        ("a fox with (red hat:1.3), at night", "(hat:1.2)", "a fox, at night"),
        ("a cat in a red hat", "red hat", "a cat"),
        ("three red apples and a boat", "apples", "a boat"),
        ("my big cat and my dog", "the cat", "my dog"),
        ("a dragon breathing fire over a castle", "fire", "a dragon over a castle"),
        ("a man and a boy eating apples", "apple", "a man and a boy"),
        ("a girl reading books in a garden", "books", "a girl in a garden"),
        ("a knight riding a horse through a forest", "horse", "a knight through a forest"),
        ("a woman painting a fence", "fence", "a woman"),
        ("a house between two trees", "trees", "a house"),
        ("a house with trees behind", "trees", "a house"),
        ("a boat at sea", "sea", "a boat"),
        ("a boat on the sea and a lighthouse", "sea", "a boat and a lighthouse"),
        ("a field full of flowers", "flowers", "a field"),
        ("a crowd looking at a dog", "dog", "a crowd"),
        ("a crowd of people at night", "people", "a crowd at night"),
        ("a table with a glass of wine", "glass", "a table"),
        ("a street with people and cars", "people", "a street with cars"),
        ("a street with people, cars and dogs", "people", "a street with cars and dogs"),
        ("a beach with umbrellas, people and dogs", "people, dogs", "a beach with umbrellas"),
        ("a cat wearing a hat and holding a fish", "hat", "a cat holding a fish"),
        ("a fox wearing a crown, a scarf and glasses", "crown, scarf", "a fox wearing glasses"),
        ("a castle on a hill, clouds in the sky", "clouds", "a castle on a hill"),
        ("A hat. Snow.", "hat", "Snow."),
        ("masterpiece, best quality, red hat, forest", "hat", "masterpiece, best quality, forest"),
        ("a forest, no people, soft light", "people", "a forest, soft light"),
        ("a house with mice", "mouse", "a house"),
        ("a tree with leaves", "leaf", "a tree"),
        ("a pizza with tomatoes", "tomato", "a pizza"),
        ("two buses and a car", "bus", "a car"),
        ("elephant with purple pizza indoors", "pizza", "elephant indoors"),
        ("a red balloon and an owl before the setting sun", "owl", "a red balloon before the setting sun"),
        ("a glass of wine and a dress", "dress", "a glass of wine"),
    ],
)
def test_a_thing_goes_with_what_joins_it(wish: str, gone: str, left: str) -> None:
    assert without(wish, gone) == left


@pytest.mark.parametrize(
    ("wish", "gone"),
    [
        ("a knight in a dark forest", "dark"), ("a man in a red hat", "red"), ("a dog house", "dog"),
        ("a man with a low quality camera", "low quality"), ("a portrait of a girl, blurry background", "blurry"),
        ("a border collie", "border"), ("a text message on a phone", "text"), ("a woman painting a fence", "painting"),
        ("a poster that says 'Save the dogs'", "dogs"), ('a sign that says "cat"', "cat"), ("a t-shirt", "shirt"),
        ("the cat's pajamas", "cat"), ("a category of foxes", "cat"), ("a cat (in a hat:1.2)", "hat"),
        ("a fox", "fox"), ("a fox in the snow", "fox"), ("a cat on a table", "cat"),
        ("a cat indoors", "cat"), ("a fox", ""), ("", "fox"),
        ("a  fox ,and  a cat", "dog"), ("a fox", ", ,the, (:1.3)"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_thing_stays_and_so_does_a_wish_of_nothing_else(wish: str, gone: str) -> None:
    assert without(wish, gone) == wish


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120), st.text(max_size=40))
def test_any_text_gives_a_wish_that_is_no_longer(wish: str, gone: str) -> None:
    left = without(wish, gone)
    assert len(left) <= len(wish)
    assert left or not wish
