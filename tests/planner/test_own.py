"""A member's own settings said in words, in every language that the bot speaks."""

from __future__ import annotations

from typing import Any

import pytest

from pixxelbot.intent import Intent
from pixxelbot.planner import own
from pixxelbot.planner.languages import load_languages
from pixxelbot.planner.offline import understand
from pixxelbot.planner.styles import load_styles
from pixxelbot.planner.wording import means_all, takes_back, to_shorten
from pixxelbot.rules import MemberSettings
from tests.planner.asks import GENERAL, first, later


def meant(words: str) -> Intent:
    return understand(first(words, GENERAL, styles=tuple(load_styles())))


FORGET = dict.fromkeys(MemberSettings.model_fields)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("always use watercolour", {"style": "watercolour"}),
        ("default to 16:9", {"aspect": "16:9"}),
        ("from now on always draw two pictures, 3:2, with 20 steps", {"aspect": "3:2", "count": 2, "steps": 20}),
        ("always leave out text by default", {"negative_prompt": "text"}),
        ("set my default model to bundled", {"model": "bundled"}),
        ("always use the model bundled", {"model": "bundled"}),
        ("my default sampler is Euler a", {"sampler": "Euler a"}),
        ("always use my exact words", {"verbatim": True}),
        ("change my language to German", {"language": "de"}),
        ("Answer me in French, please.", {"language": "fr"}),
        ("hide my pictures behind a spoiler", {"spoiler": True}),
        ("turn spoilers off", {"spoiler": False}),
        ("forget my defaults", FORGET),
        ("reset all my settings", FORGET),
        ("forget my default style", {"style": None}),
        ("stop using watercolour by default", {"style": None}),
        ("don't always use 16:9", {"aspect": None}),
        ("show my settings", {}),
        ("change my default model", {}),
        ("benutze immer Aquarell", {"style": "watercolour"}),
        ("ab jetzt immer 16:9", {"aspect": "16:9"}),
        ("sprich deutsch", {"language": "de"}),
        ("Ändere meine Sprache auf Englisch", {"language": "en-US"}),
        ("vergiss meine Einstellungen", FORGET),
        ("zeig mir meine Einstellungen", {}),
        ("usa siempre acuarela", {"style": "watercolour"}),
        ("siempre 16:9", {"aspect": "16:9"}),
        ("cambia mi idioma a español", {"language": "es-ES"}),
        ("olvida mis ajustes", FORGET),
        ("utilise toujours l'aquarelle", {"style": "watercolour"}),
        ("par défaut 16:9", {"aspect": "16:9"}),
        ("parle français", {"language": "fr"}),
        ("oublie mes réglages", FORGET),
        ("use sempre aquarela", {"style": "watercolour"}),
        ("por padrão 16:9", {"aspect": "16:9"}),
        ("fale português", {"language": "pt-BR"}),
        ("esqueça minhas configurações", FORGET),
        ("いつも水彩で", {"style": "watercolour"}),
        ("デフォルトは16:9", {"aspect": "16:9"}),
        ("日本語で話して", {"language": "ja"}),
        ("設定を忘れて", FORGET),
    ],
)
def test_a_setting_is_changed_by_words(words: str, changes: dict[str, Any]) -> None:
    intent = meant(words)
    assert intent.action == "settings" and intent.own == changes
    assert set(changes) <= set(MemberSettings.model_fields)


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("turn on dms", own.NO_MESSAGES),
        ("turn off notifications", own.NO_MESSAGES),
        ("change my language to Klingon", own.I_SPEAK),
        ("change the server settings", own.FOR_ADMINISTRATORS),
        ("always draw cats by default", own.NO_SETTING),
    ],
)
def test_what_words_cannot_change_is_said(words: str, reply: str) -> None:
    intent = meant(words)
    assert (intent.action, intent.own, intent.reply) == ("settings", {}, reply)


@pytest.mark.parametrize(
    "words",
    [
        "a speaker of German", "a german shepherd", "speak friend and enter", "a model of a ship", "a spoiler on a car",
        "the settings sun", "an always open shop", "a language school", "write a poem about a fox", "immergrüner Wald",
        "a fox in german", "sempre-viva", "the forgotten settings of a clock",
    ],
)  # fmt: skip
def test_pictures_that_only_sound_like_settings_are_drawn(words: str) -> None:
    assert not own.surely(words) and meant(words).own is None


def test_a_seed_that_is_to_stay_is_kept_in_the_conversation_only() -> None:
    intent = meant("always use seed 7 and 3:2")
    assert intent.own == {"aspect": "3:2"} and intent.changes.seed == 7


def test_locking_is_no_setting_of_ones_own() -> None:
    intent = understand(later("lock the seed", GENERAL))
    assert intent.action == "settings" and intent.own is None and intent.changes.locks == ("seed",)


def test_every_phrase_of_every_language_is_a_text() -> None:
    """YAML takes a bare `no` or `on` for a truth value."""
    said = [text for language in load_languages() for pair in language.phrases.items() for text in pair]
    assert {"no", "on"} <= set(said) and not {"True", "False", "true", "false"} & set(said)


def test_single_words_tell_the_studio_what_it_asks() -> None:
    assert means_all("cancel everything") and means_all("alles abbrechen") and not means_all("cancel")
    assert takes_back("unfavourite it") and not takes_back("favourite it")
    assert to_shorten("shorten: a fox in snow") == "a fox in snow" and to_shorten("shorten it") == ""
