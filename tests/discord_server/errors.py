"""Refusals of the loopback Discord, with Discord's own status and error codes.

Source: Discord's documentation, "Opcodes and Status Codes" (JSON error codes), August 2026.
"""

from __future__ import annotations

from typing import Any

MESSAGES = {
    0: (404, "404: Not Found"),
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30032: (400, "Maximum number of application commands reached (100)"),
    30034: (429, "Maximum number of daily application command creates has been reached (200)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later."),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow-up messages"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160002: (400, "Cannot reply without permission to read message history"),
}


class Refusal(Exception):
    """An answer other than 2xx. `code` is Discord's JSON error code."""

    def __init__(self, code: int, *, status: int | None = None, errors: dict[str, Any] | None = None) -> None:
        default_status, message = MESSAGES[code]
        super().__init__(f"{code}: {message} {errors or ''}")
        self.code = code
        self.status = status or default_status
        self.message = message
        self.errors = errors

    def payload(self) -> dict[str, Any]:
        """The JSON body, as Discord words it."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.status == 429:
            body |= {"retry_after": 1.0, "global": False}
        if self.errors:
            body["errors"] = self.errors
        return body


class Unauthorized(Refusal):
    """A missing or wrong bot token: 401 with code 0."""

    def __init__(self) -> None:
        super().__init__(0, status=401)
        self.message = "401: Unauthorized"


def field_error(path: str, code: str, message: str) -> Refusal:
    """Invalid Form Body with one complaint at a dotted `path`."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(path.split(".")):
        errors = {key: errors}
    return Refusal(50035, errors=errors)


class ScenarioError(Exception):
    """A member tried what Discord's own client would not let them do: the test is wrong, or the bot's message is."""
