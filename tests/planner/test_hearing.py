"""What members type, made into plain English: slang, slips, emoji, politeness, other languages."""

from __future__ import annotations

import pytest

from pixxelbot.planner.hearing import heard, polite_off
from pixxelbot.planner.languages import english, language_of, load_languages


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("gimme 2 pics pls", "give me 2 pictures please"),
        ("upsacle the secnod", "upscale the second"),
        ("a rmeote control", "a rmeote control"),
        ("a remote control", "a remote control"),
        ("a fox w/o clouds", "a fox without clouds"),
        ("🔁", "again"),
        ("reroll 🎲", "reroll"),
        ("🦊❄️", "fox, snowflake"),
        ("🎉🎉", "nice"),
        ("⭐ the last one", "favourite the last one"),
        ("a cat 🐱 on a roof", "a cat on a roof"),
        ("vary 3️⃣", "vary #3"),
        ("lion → tiger", "lion -> tiger"),
    ],
)
def test_slang_slips_and_emoji(typed: str, plain: str) -> None:
    assert heard(typed) == plain


@pytest.mark.parametrize(
    ("polite", "bare"),
    [
        ("hey, could you please upscale it? thanks!", "upscale it"),
        ("ok cool, now can you draw a fox for me", "draw a fox"),
        ("a portrait of an old man", "a portrait of an old man"),
        ("great wave off the coast", "great wave off the coast"),
        ("pan right", "pan right"),
        ("no wait, cancel", "cancel"),
        ("hope you're having a good day! draw a fox", "draw a fox"),
        ("nice now zoom out", "zoom out"),
    ],
)
def test_politeness_comes_off_and_content_stays(polite: str, bare: str) -> None:
    assert polite_off(polite) == bare


@pytest.mark.parametrize(
    ("said", "language", "plain"),
    [
        ("ein roter Fuchs im Schnee", "de", "a red fox in the snow"),
        ("el segundo, pero de noche", "es", "the second one, but at night"),
        ("desenhe uma raposa vermelha na neve", "pt", "draw a red fox in the snow"),
        ("encore une fois", "fr", "again"),
        ("un renard, une seule image", "fr", "a fox, just one picture"),
        ("zoom raus", "de", "zoom out"),
        ("mezcla la 1 y la 2", "es", "blend number 1 and number 2"),
        ("variações da última", "pt", "variations of the last one"),
        ("2番目を拡大して", "ja", "upscale number 2"),
        ("屋根の上の猫の絵を三枚描いて", "ja", "three pictures of cat on the roof"),
    ],
)
def test_other_languages_are_put_into_english(said: str, language: str, plain: str) -> None:
    found = language_of(said)
    assert found is not None and found.name == language
    assert english(said) == plain


@pytest.mark.parametrize(
    "words",
    ["do it again", "what can you do?", "a cat in a sombrero", "no as a rule", "alt text for 4", "a man in a tour bus"],
)
def test_english_stays_english(words: str) -> None:
    assert language_of(words) is None and english(words) == words


def test_there_is_a_file_for_each_language() -> None:
    assert [language.name for language in load_languages()] == ["de", "es", "fr", "ja", "pt"]
