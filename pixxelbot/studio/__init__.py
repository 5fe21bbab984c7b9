"""What may be asked of the bot."""

from pixxelbot.studio.studio import Studio

__all__ = ["Studio"]
