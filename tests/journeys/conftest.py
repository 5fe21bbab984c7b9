"""The loopback Discord for journeys, and a small bot for those where the drawing itself does not matter."""

from tests.chat.conftest import ana, ben, discord, guild, house

__all__ = ["ana", "ben", "discord", "guild", "house"]
