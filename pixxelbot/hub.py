"""The hub that models are fetched from: asked within a few seconds, and done without where it does not answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, Final

from pixxelbot.errors import ModelMissing

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds for the hub's first answer. The library itself tries for minutes, and looking a name up may take one."""
FILES: Final = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What a model consists of: weights, configurations, vocabularies; never code, never a pickle."""
REFUSALS: Final = (401, 403, 404)
"""HTTP's words for: who are you, you may not, there is none (RFC 9110)."""


def fetched(name: str) -> Path:
    """The folder of a model on the hub; one that was fetched before serves where the hub does not answer.

    Raises:
        ModelMissing: the hub has none of that name, or does not answer and nothing was fetched before.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    log.info("asking the hub for %s", name)
    failure = _failure(partial(HfApi().model_info, name, timeout=PATIENCE))
    if isinstance(failure, HFValidationError):
        raise ModelMissing(f"There is no folder {name}, and no model can be called so: {failure}") from failure
    if isinstance(failure, HfHubHTTPError) and failure.response.status_code in REFUSALS:
        raise ModelMissing(
            f"There is no folder {name}, and the hub has no model of that name, or keeps it from you. Correct its "
            "spelling, or set HF_TOKEN if it is yours to see."
        ) from failure
    if failure:
        log.warning("the hub cannot be reached (%s); looking for %s among what was fetched before", failure, name)
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES), local_files_only=failure is not None))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelMissing(
            f"There is no folder {name}, and it could not be fetched from the hub: {failure or error}"
        ) from error


def answers() -> bool:
    """Whether there is a hub to ask."""
    from huggingface_hub import constants, get_session

    return _failure(lambda: get_session().head(constants.ENDPOINT, timeout=PATIENCE)) is None


def _failure(ask: Callable[[], Any]) -> Exception | None:
    """Why the hub gave no answer in time, or None. On a thread of its own, since looking up a name knows no time."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of whatever client it uses

    answered: Future[Any] = Future()

    def asking() -> None:
        try:
            answered.set_result(ask())
        except (HTTPError, OSError, ValueError) as error:
            answered.set_exception(error)

    threading.Thread(target=asking, name="hub", daemon=True).start()
    try:
        failure = answered.exception(PATIENCE)
    except TimeoutError:
        return TimeoutError(f"it did not answer within {PATIENCE:.0f} seconds")
    assert failure is None or isinstance(failure, Exception)
    return failure
