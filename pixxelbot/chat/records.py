"""The questions that the chat asks of the store, and nothing more."""

from __future__ import annotations

from typing import Protocol

from pixxelbot.job import Job, Request, Status
from pixxelbot.picture import Picture


class Records(Protocol):
    """What the store must answer; see there for the words."""

    async def request(self, request_id: str) -> Request:
        """One request."""
        ...

    async def requests(
        self, status: Status | None = None, member: str | None = None, limit: int | None = None
    ) -> list[Request]:
        """Requests, newest first."""
        ...

    async def set_placeholder(self, request_id: str, message_id: str) -> None:
        """Note the message that the result will replace."""
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

    async def remember_message(self, job_id: str, message_id: str, channel_id: str | None) -> None:
        """Note which message shows which job."""
        ...

    async def flag(self, name: str) -> str | None:
        """A kept setting."""
        ...

    async def set_flag(self, name: str, value: str) -> None:
        """Keep a setting."""
        ...
