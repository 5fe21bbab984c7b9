"""The questions that the chat asks of the store, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Protocol

from pixxelbot.job import Address, Job, Request, Status
from pixxelbot.picture import Picture
from pixxelbot.region import Region
from pixxelbot.vote import Vote


class Records(Protocol):
    """What the store must answer; see there for the words."""

    async def request(self, request_id: str) -> Request:
        """One request."""
        ...

    async def requests(
        self, statuses: Collection[Status] | None = None, member: str | None = None, limit: int | None = None
    ) -> list[Request]:
        """Requests, newest first."""
        ...

    async def request_of_event(self, source_event_id: str) -> Request | None:
        """The request that an event made."""
        ...

    async def set_placeholder(self, request_id: str, message_id: str) -> None:
        """Note the message that the result will replace."""
        ...

    async def set_address(self, request_id: str, address: Address) -> None:
        """Note that message, and the token by which it is reached."""
        ...

    async def job(self, job_id: str) -> Job:
        """One job."""
        ...

    async def job_of(self, request_id: str) -> Job | None:
        """The request's job, where there is one."""
        ...

    async def pictures(self, member: str | None = None, job: str | None = None) -> list[Picture]:
        """Pictures of a member or a job."""
        ...

    async def picture_bytes(self, picture_id: str) -> bytes:
        """The PNG."""
        ...

    async def grid_bytes(self, job_id: str) -> bytes | None:
        """The PNG of all pictures in one."""
        ...

    async def pictures_of_message(self, message_id: str) -> list[Picture]:
        """What a message shows."""
        ...

    async def remember_message(
        self, job_id: str, message_id: str, channel_id: str | None, picture_id: str | None = None
    ) -> None:
        """Note which message shows which job, or one picture of it."""
        ...

    async def messages_of(self, job_id: str) -> list[tuple[str, str | None, str | None]]:
        """Message, channel and, where it shows one picture alone, that picture, of every message with a job."""
        ...

    async def picture(self, picture_id: str) -> Picture:
        """One picture."""
        ...

    async def history(self, member: str, words: str, limit: int, offset: int = 0) -> list[Picture]:
        """A member's pictures that are left, whose recipes hold these words; newest first."""
        ...

    async def ancestors(self, picture_id: str) -> list[Picture]:
        """Everything a picture descends from."""
        ...

    async def descendants(self, picture_id: str) -> list[Picture]:
        """Everything that was drawn from it."""
        ...

    async def jobs(
        self, statuses: Any = None, member: str | None = None, limit: int | None = None, newest: bool = True
    ) -> list[Job]:
        """Jobs by time of queueing."""
        ...

    async def counts(self) -> dict[Status, int]:
        """How many jobs stand where."""
        ...

    async def preferences_of(self, *owners: str) -> dict[str, dict[str, Any]]:
        """What each of these has set."""
        ...

    async def revise_preferences(
        self, owner: str, revise: Callable[[dict[str, Any]], dict[str, Any]], by: str | None = None
    ) -> dict[str, Any]:
        """Set what follows from what an owner has set; what stands now."""
        ...

    async def change_preferences(self, owner: str, values: dict[str, Any], by: str | None = None) -> dict[str, Any]:
        """Set some, unset those that are None."""
        ...

    async def toggle_favourite(self, picture_id: str, member: str, guild: str | None) -> bool:
        """Make it a favourite, or take that back."""
        ...

    async def add_favourite(self, picture_id: str, member: str, guild: str | None) -> None:
        """Make it a favourite."""
        ...

    async def remove_favourite(self, picture_id: str, member: str) -> None:
        """It is none any more."""
        ...

    async def favourites(self, member: str, limit: int, offset: int = 0) -> list[Picture]:
        """A member's favourites."""
        ...

    async def server_favourites(
        self, guild: str, since: float, least: int, limit: int, offset: int = 0
    ) -> list[tuple[Picture, int]]:
        """A server's, with how many love them."""
        ...

    async def begin_vote(self, vote: Vote) -> None:
        """Store a vote."""
        ...

    async def vote(self, vote_id: str) -> Vote:
        """One vote."""
        ...

    async def cast_ballot(self, vote_id: str, member: str, choice: int) -> Vote:
        """Take a ballot."""
        ...

    async def open_votes(self) -> list[Vote]:
        """Votes that are not closed."""
        ...

    async def end_vote(self, vote_id: str) -> None:
        """Let its time be up."""
        ...

    async def close_vote(self, vote_id: str) -> None:
        """All that follows from it was done."""
        ...

    async def keep_region(self, region: Region) -> None:
        """Store a region."""
        ...

    async def region(self, region_id: str) -> Region:
        """One region."""
        ...

    async def flag(self, name: str) -> str | None:
        """A kept setting."""
        ...

    async def set_flag(self, name: str, value: str) -> None:
        """Keep a setting."""
        ...

    async def forget_flags(self, prefix: str, before: str) -> None:
        """Forget the settings of a prefix that sort before `before`."""
        ...
