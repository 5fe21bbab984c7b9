"""Pictures that members send: attachments, from the configured origin or Discord's own and nowhere else."""

from __future__ import annotations

from typing import Final

from yarl import URL

from pixxelbot.errors import ForbiddenAddress, InvalidPicture
from pixxelbot.fetch import MAX_BYTES, fetch_picture

DISCORDS_OWN: Final = ("https://cdn.discordapp.com", "https://media.discordapp.net")
"""Origins that Discord serves attachments from."""


async def fetch_attachment(url: str, size: int, cdn: str | None) -> bytes:
    """Bytes of a member's attachment of `size` bytes.

    Raises:
        ForbiddenAddress: the attachment claims to lie elsewhere.
        InvalidPicture: it is too large, or could not be fetched.
    """
    if size > MAX_BYTES:
        raise InvalidPicture(f"The file has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB can be used.")
    trusted = (cdn,) if cdn else ()
    if URL(url).origin() not in [URL(one).origin() for one in (*trusted, *DISCORDS_OWN)]:
        raise ForbiddenAddress("The attachment does not lie on Discord's own servers. Attach the file again.")
    return await fetch_picture(url, trusted=trusted)
