"""Who may do what with a picture: every cell of the matrix."""

from __future__ import annotations

from itertools import product

import pytest

from pixxelbot.job import Address
from pixxelbot.picture import Picture
from pixxelbot.rights import VERBS, Verb, may
from tests import factories

ANA, BEN, OPERATOR = "discord:1", "discord:2", "cli:op"
FOLLOW_UPS = {"vary", "upscale", "remix", "again"}

PICTURES = {
    "open": {"guild_id": "10", "channel_id": "20"},
    "private": {"guild_id": "10", "channel_id": "20", "private": True},
    "adult": {"guild_id": "10", "channel_id": "20", "nsfw": True},
    "direct": {"channel_id": "30"},
    "upload": {"upload": True},
}
"""Ana's pictures, by where they were made."""

PLACES = {
    "here": Address(guild_id="10", channel_id="20"),
    "here, for adults": Address(guild_id="10", channel_id="20", nsfw=True),
    "next door": Address(guild_id="10", channel_id="21"),
    "next door, for adults": Address(guild_id="10", channel_id="22", nsfw=True),
    "another server": Address(guild_id="11", channel_id="40"),
    "another server, for adults": Address(guild_id="11", channel_id="41", nsfw=True),
    "a direct message": Address(channel_id="31"),
    "the direct message": Address(channel_id="30"),
    "nowhere": None,
}

SEEN_BY_OTHERS = {
    "open": {"here", "here, for adults", "next door", "next door, for adults"},
    "private": {"here", "here, for adults"},
    "adult": {"here, for adults", "next door, for adults"},
    "direct": {"the direct message"},
    "upload": set(),
}
"""Where others may see, search and follow up each of them. (A group's direct message is one place for all in it.)"""

SHOWN_BY_ANA = {"adult": {"here, for adults", "next door, for adults", "another server, for adults", "nowhere"}}
"""Where the author herself may follow up; her other pictures everywhere."""
DIRECT = {"a direct message", "the direct message"}


def picture(kind: str) -> Picture:
    values = {
        "id": "x",
        "member_id": ANA,
        "width": 8,
        "height": 8,
        "sha256": "",
        "key": "",
        "recipe": factories.recipe(),
    }
    return Picture(**(values | PICTURES[kind]))  # type: ignore[arg-type]


def expected(who: str, verb: Verb, kind: str, place: str, moderator: bool) -> bool:
    if who == OPERATOR:
        return True
    if verb in ("delete", "cancel"):
        in_the_server = place in ("here", "here, for adults", "next door", "next door, for adults", "nowhere")
        there = in_the_server and kind not in ("direct", "upload")
        return who == ANA or (moderator and (there or place == "nowhere"))
    if who == ANA:
        if kind != "adult" or verb == "favourite":
            return True
        return place in SHOWN_BY_ANA["adult"] or (verb not in FOLLOW_UPS and place in DIRECT)
    if verb == "favourite" and kind == "adult":
        return place in SEEN_BY_OTHERS["open"]
    return place in SEEN_BY_OTHERS[kind]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", PICTURES)
def test_every_cell_of_the_matrix(verb: Verb, kind: str) -> None:
    for who, place, moderator in product((ANA, BEN, OPERATOR), PLACES, (False, True)):
        allowed = may(who, verb, picture(kind), PLACES[place], moderator)
        assert allowed is expected(who, verb, kind, place, moderator), (who, verb, kind, place, moderator)


def test_nothing_of_a_direct_message_is_seen_by_others_outside_it() -> None:
    for verb, (name, place) in product(VERBS, PLACES.items()):
        if name != "the direct message" and verb not in ("delete", "cancel"):
            assert not may(BEN, verb, picture("direct"), place)
