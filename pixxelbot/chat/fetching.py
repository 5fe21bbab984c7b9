"""Pictures that members send: attachments, from the configured origin or Discord's own and nowhere else."""

from __future__ import annotations

from typing import Final

import discord
from yarl import URL

from pixxelbot.errors import ForbiddenAddress, InvalidPicture
from pixxelbot.fetch import MAX_BYTES, fetch_picture
from pixxelbot.job import Link

DISCORDS_OWN: Final = ("https://cdn.discordapp.com", "https://media.discordapp.net")
"""Origins that Discord serves attachments from."""


def link_of(attachment: discord.Attachment, cdn: str | None) -> Link:
    """Where a member's attachment lies, to be fetched while its request is planned.

    Raises:
        ForbiddenAddress: the attachment claims to lie elsewhere.
        InvalidPicture: it is too large.
    """
    _check(attachment.url, attachment.size, cdn)
    return Link(url=attachment.url, attachment=True)


async def fetch_link(link: Link, cdn: str | None) -> bytes:
    """Bytes of a picture that was sent along.

    Raises:
        ForbiddenAddress, InvalidPicture: it may not, or cannot, be fetched.
    """
    return await (fetch_attachment(link.url, 0, cdn) if link.attachment else fetch_picture(link.url))


async def fetch_attachment(url: str, size: int, cdn: str | None) -> bytes:
    """Bytes of a member's attachment of `size` bytes.

    Raises:
        ForbiddenAddress: the attachment claims to lie elsewhere.
        InvalidPicture: it is too large, or could not be fetched.
    """
    _check(url, size, cdn)
    return await fetch_picture(url, trusted=(cdn,) if cdn else ())


def _check(url: str, size: int, cdn: str | None) -> None:
    if size > MAX_BYTES:
        raise InvalidPicture(f"The file has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB can be used.")
    if URL(url).origin() not in [URL(one).origin() for one in (*((cdn,) if cdn else ()), *DISCORDS_OWN)]:
        raise ForbiddenAddress("The attachment does not lie on Discord's own servers. Attach the file again.")
