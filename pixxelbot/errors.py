"""Every way a request can fail, as one tree.

    PixxelbotError
    ├── ConfigurationError            the operator set something wrong (exit 78)
    ├── InvalidRequest                the member asked for something that cannot be done as written (exit 2)
    │   ├── EmptyPrompt · PromptTooLong · UnknownFlag · UnknownChoice · OutOfRange
    │   ├── InvalidPicture            bytes that are no picture, or too large a one
    │   └── ForbiddenAddress          a URL that may not be fetched
    ├── OutputLost                    standard output takes no more of the answer
    ├── NotFound                      no such picture, job or request (exit 3)
    ├── Refused                       understood, but not allowed (exit 4)
    │   ├── MissingPermission         the bot or the member lacks a right in Discord
    │   ├── QueueClosed               the queue accepts nothing at present
    │   ├── TooDemanding              more memory or time than there is
    │   └── Unsupported               a kind of drawing that this version does not have
    │       └── NoNetwork             it needs a network that is not set up
    ├── StoreError                    the database or the picture files
    │   ├── StorageFull · StorageUnwritable
    │   ├── DatabaseBusy
    │   │   └── DatabaseUnreachable   nobody answers there; it may be the wrong address
    │   └── LostRace                  somebody else changed the row first
    │       └── Fenced                another dispatcher has taken over
    ├── PlannerError                  the language model did not give a usable plan (the offline planner takes over)
    │   └── PlannerTimeout · PlannerUnavailable · PlannerAnswerInvalid
    ├── UntrainedModel                a training or an evaluation lacks what an earlier one makes
    ├── RenderError                   the picture could not be drawn
    │   ├── ModelMissing · ModelIncomplete · ModelCorrupt
    │   └── RendererCrashed · OutOfMemory · NotANumber · RenderCancelled · Poisoned
    └── DeliveryError                 the result exists but could not be posted
        └── DeliveryImpossible        and never can be: every way is closed

`code` is the stable word for scripts, `str(error)` says what happened and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pixxelbot.intent import Changes


class PixxelbotError(Exception):
    """Something went wrong that we have words for."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "That did not work"


class ConfigurationError(PixxelbotError):
    """A setting has a value that cannot be used."""

    code = "configuration"
    exit_code = 78
    title = "The bot is set up wrongly"

    def __init__(self, variable: str, value: str, allowed: str) -> None:
        self.variable, self.value, self.allowed = variable, value, allowed
        super().__init__(f"{variable}={value!r} cannot be used: {allowed}")


class InvalidRequest(PixxelbotError):
    """The request cannot be carried out as it is written."""

    code = "invalid_request"
    exit_code = 2
    title = "I cannot draw that as written"


class EmptyPrompt(InvalidRequest):
    """There are no words to draw."""

    code = "empty_prompt"

    def __init__(self) -> None:
        super().__init__("There are no words to draw. Say what you would like, for example: a red fox in the snow.")


class PromptTooLong(InvalidRequest):
    """The words exceed what one request may hold."""

    code = "prompt_too_long"

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"Your text has {length:,} characters and the limit is {limit:,}. Shorten it and ask again.")


class UnknownFlag(InvalidRequest):
    """An inline flag that nobody knows."""

    code = "unknown_flag"

    def __init__(self, flag: str, known: Iterable[str]) -> None:
        super().__init__(f"I do not know the flag {flag}. Known flags: {', '.join(sorted(known))}.")


class UnknownChoice(InvalidRequest):
    """A name that is not among the choices."""

    code = "unknown_choice"

    def __init__(self, name: str, value: str, choices: Iterable[str]) -> None:
        super().__init__(f"There is no {name} called {value!r}. You can choose: {', '.join(choices)}.")


class OutOfRange(InvalidRequest):
    """A number outside its limits."""

    code = "out_of_range"

    def __init__(self, name: str, value: object, low: object, high: object, model: str = "") -> None:
        self.name, self.value, self.low, self.high = name, value, low, high
        if model:
            super().__init__(f"{name} is {value}, but must lie between {low} and {high} for the model {model}.")
        else:
            super().__init__(f"{name} is {value}, but must lie between {low} and {high}.")


class InvalidPicture(InvalidRequest):
    """Bytes that are not a picture that can be used."""

    code = "invalid_picture"
    title = "I cannot use that picture"


class ForbiddenAddress(InvalidRequest):
    """A URL that the bot will not fetch on anybody's behalf."""

    code = "forbidden_address"
    title = "I cannot fetch that address"


class OutputLost(PixxelbotError):
    """Standard output takes no more: the disk under it is full, or its reader has gone."""

    code = "output_lost"
    title = "The answer is lost"


class NotFound(PixxelbotError):
    """Nothing is stored under that name."""

    code = "not_found"
    exit_code = 3
    title = "I cannot find that"

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} {name!r}. It may have been deleted, or the id is mistyped.")


class Refused(PixxelbotError):
    """Understood, but not allowed here or for this member."""

    code = "refused"
    exit_code = 4
    title = "That is not allowed"


class MissingPermission(Refused):
    """A Discord permission is lacking; it is named."""

    code = "missing_permission"

    def __init__(self, permissions: Iterable[str], where: str) -> None:
        names = ", ".join(permissions)
        super().__init__(f"I lack the permission {names} in {where}. Ask a moderator to grant it, then try again.")


class QueueClosed(Refused):
    """The queue accepts nothing at present."""

    code = "queue_closed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The queue takes no new pictures at present: {reason}. Please try again later.")


class TooDemanding(Refused):
    """It needs more memory, or more of the member's time, than there is."""

    code = "too_demanding"
    title = "That is too much at once"
    instead: Changes | None = None
    """What to change so that it fits, where anything does."""


class Unsupported(Refused):
    """Understood, but this version has no such kind of drawing."""

    code = "unsupported"
    title = "I cannot do that yet"

    def __init__(self, action: str) -> None:
        super().__init__(
            f"I understood that you want “{action}”, but this version cannot do it yet. "
            "I can draw, vary, remix and upscale; describe the picture in words instead."
        )


class NoNetwork(Unsupported):
    """It needs a network that the operator has not set up."""

    code = "no_network"

    def __init__(self, role: str, name: str | None = None) -> None:
        wanted = f"the {role} {name!r}" if name else f"a network for “{role}”"
        Refused.__init__(
            self,
            f"This needs {wanted}, and none is set up. The operator can add one to PIXXELBOT_MODELS, as "
            f"{name or 'name'}:{role}=folder.",
        )


class StoreError(PixxelbotError):
    """The database or the picture files failed."""

    code = "store"
    title = "I could not keep that safe"


class StorageFull(StoreError):
    """The disk has no room."""

    code = "storage_full"

    def __init__(self, where: str, free: int, needed: int) -> None:
        super().__init__(
            f"The disk under {where} has {free / 2**20:.0f} MiB free and {needed / 2**20:.0f} MiB are needed. "
            "The operator has to free some space; nothing was lost."
        )


class StorageUnwritable(StoreError):
    """A folder that must be writable is not."""

    code = "storage_unwritable"
    exit_code = 78

    def __init__(self, where: str, reason: str, variable: str = "PIXXELBOT_HOME") -> None:
        super().__init__(f"{where} cannot be written ({reason}). Set {variable} to another place.")


class DatabaseBusy(StoreError):
    """Another process holds the database for too long."""

    code = "database_busy"

    def __init__(self, reason: str = "another process holds it") -> None:
        super().__init__(f"The database cannot be used now ({reason}). Nothing was lost; please try again in a moment.")


class DatabaseUnreachable(DatabaseBusy):
    """Nobody answers where the database should be."""

    code = "database_unreachable"

    def __init__(self, where: str, reason: str) -> None:
        StoreError.__init__(
            self,
            f"The database {where} does not answer ({reason}). Start it, or correct PIXXELBOT_DATABASE_URL. "
            "Nothing was lost.",
        )


class LostRace(StoreError):
    """The row changed under us; whoever changed it first is right."""

    code = "lost_race"


class Fenced(LostRace):
    """Another dispatcher has taken over; what this one still holds is no longer its business."""

    code = "fenced"


class PlannerError(PixxelbotError):
    """The language model gave no usable plan."""

    code = "planner"


class PlannerTimeout(PlannerError):
    """The language model took too long."""

    code = "planner_timeout"


class PlannerUnavailable(PlannerError):
    """The language model's endpoint refused, failed or could not be reached."""

    code = "planner_unavailable"


class PlannerAnswerInvalid(PlannerError):
    """The language model answered twice with something that is no plan."""

    code = "planner_answer_invalid"


class UntrainedModel(PixxelbotError):
    """A step of training or evaluation needs a model that is not there yet, or not good enough."""

    code = "untrained"
    title = "Something must be trained first"


class RenderError(PixxelbotError):
    """The picture could not be drawn."""

    code = "render"
    title = "The picture could not be drawn"
    retryable: ClassVar[bool] = False


class ModelMissing(RenderError):
    """A model's folder or file is not there."""

    code = "model_missing"
    exit_code = 78
    title = "The model cannot be used"


class ModelIncomplete(ModelMissing):
    """A model's folder lacks a file; the file is named."""

    code = "model_incomplete"


class ModelCorrupt(RenderError):
    """A weight file or a configuration of a model cannot be read; the file is named."""

    code = "model_corrupt"
    exit_code = 78
    title = "The model cannot be used"


class RendererCrashed(RenderError):
    """The drawing process died; the attempt is lost, the job is not."""

    code = "renderer_crashed"
    retryable = True


class OutOfMemory(RenderError):
    """The device's memory does not suffice, even after shrinking."""

    code = "out_of_memory"


class NotANumber(RenderError):
    """The model produced values that are no numbers, also in full precision."""

    code = "not_a_number"


class RenderCancelled(RenderError):
    """Somebody who may do so cancelled it."""

    code = "cancelled"


class Poisoned(RenderError):
    """The job brought the renderer down too often and was set aside."""

    code = "poisoned"


class DeliveryError(PixxelbotError):
    """The result could not be posted now; it will be tried again."""

    code = "delivery"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        """Seconds to wait before the next try, where the other side named them."""
        super().__init__(message)


class DeliveryImpossible(DeliveryError):
    """Placeholder, channel and direct message are all closed; the result stays in `/history`."""

    code = "delivery_impossible"


def by_code(code: str) -> type[PixxelbotError]:
    """The leaf whose `code` this is; the root for an unknown word (rows outlive versions)."""
    pending: list[type[PixxelbotError]] = [PixxelbotError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return kind
        pending.extend(kind.__subclasses__())
    return PixxelbotError


def recalled(code: str, message: str) -> PixxelbotError:
    """The error that a stored row speaks of, with its own class, words and exit code."""
    kind = by_code(code)
    error = kind.__new__(kind)
    error.args = (message,)
    return error
