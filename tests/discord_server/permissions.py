"""Discord's permission bits and the rule that combines roles and overwrites.

Source: Discord's documentation, "Permissions" (computing permissions).
"""

from __future__ import annotations

from collections.abc import Iterable

BITS = {
    "create_instant_invite": 0,
    "kick_members": 1,
    "ban_members": 2,
    "administrator": 3,
    "manage_channels": 4,
    "manage_guild": 5,
    "add_reactions": 6,
    "view_channel": 10,
    "send_messages": 11,
    "send_tts_messages": 12,
    "manage_messages": 13,
    "embed_links": 14,
    "attach_files": 15,
    "read_message_history": 16,
    "mention_everyone": 17,
    "use_external_emojis": 18,
    "manage_roles": 28,
    "use_application_commands": 31,
    "manage_threads": 34,
    "create_public_threads": 35,
    "create_private_threads": 36,
    "send_messages_in_threads": 38,
    "moderate_members": 40,
    "send_polls": 49,
    "use_external_apps": 50,
}
"""Name → bit number."""

ALL = sum(1 << bit for bit in BITS.values())


def bits(names: Iterable[str]) -> int:
    """The bit set of permission `names`."""
    return sum(1 << BITS[name] for name in names)


EVERYONE = bits(
    (
        "add_reactions",
        "view_channel",
        "send_messages",
        "embed_links",
        "attach_files",
        "read_message_history",
        "use_external_emojis",
        "use_application_commands",
        "create_public_threads",
        "create_private_threads",
        "send_messages_in_threads",
        "send_polls",
        "use_external_apps",
    )
)
"""What @everyone may do in a new server."""


def combine(base: int, everyone: tuple[int, int], roles: Iterable[tuple[int, int]], member: tuple[int, int]) -> int:
    """Permissions in a channel: `base` from roles, then (allow, deny) of @everyone, of all roles, of the member."""
    if base & bits(["administrator"]):
        return ALL
    permissions = (base & ~everyone[1]) | everyone[0]
    allow = deny = 0
    for role_allow, role_deny in roles:
        allow |= role_allow
        deny |= role_deny
    permissions = (permissions & ~deny) | allow
    permissions = (permissions & ~member[1]) | member[0]
    if not permissions & bits(["view_channel"]):
        return 0
    if not permissions & bits(["send_messages"]):
        permissions &= ~bits(["mention_everyone", "send_tts_messages", "attach_files", "embed_links"])
    return permissions
