"""Who may do what with a picture, as one function."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pixxelbot.job import Address
from pixxelbot.picture import Picture

Verb = Literal["see", "search", "favourite", "vary", "upscale", "remix", "again", "delete", "cancel"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
MODERATED: Final = frozenset({"delete", "cancel"})
"""What a moderator may do with others' pictures, and nobody else."""
QUIET: Final = frozenset({"delete", "cancel", "favourite"})
"""What shows the picture to nobody, so that it needs no age-restricted place."""


def is_operator(member_id: str) -> bool:
    """Whether somebody sits at the command line."""
    return member_id.startswith("cli:")


def may(member_id: str, verb: Verb, found: Picture, where: Address | None = None, moderator: bool = False) -> bool:
    """Whether this member may do this with that picture, from this place.

    The operator: everything. One's own pictures: everything, but what was made in an age-restricted channel is shown
    and followed up only in such a channel, or shown in a direct message. Others' pictures: deleted by moderators of
    their server alone; seen and followed up in the channel they were made in, and in the rest of its server unless that
    channel is private. Others' uploads never, and direct messages never leak.
    """
    if is_operator(member_id):
        return True
    mine = member_id == found.member_id
    if verb in MODERATED:
        return mine or (moderator and (where is None or _same_server(found, where)))
    if found.nsfw and verb not in QUIET and not _for_adults(verb, where, mine):
        return False
    if mine:
        return True
    return where is not None and not found.upload and _near(found, where)


def _near(found: Picture, where: Address) -> bool:
    """Whether a place is one whose members see the picture anyway."""
    same_channel = found.channel_id is not None and where.channel_id == found.channel_id
    return same_channel or (_same_server(found, where) and not found.private)


def _same_server(found: Picture, where: Address) -> bool:
    return found.guild_id is not None and where.guild_id == found.guild_id


def _for_adults(verb: Verb, where: Address | None, mine: bool) -> bool:
    if where is None:
        return mine
    return where.nsfw or (mine and where.guild_id is None and verb in ("see", "search"))
