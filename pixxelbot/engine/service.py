"""The engine as its parent speaks to it: in frames over standard input and output.

in    open {models, networks, device, dtype, options, memory_budget, profiles, …}     first, once
      draw {job, attempt, cost, weight, start_tag, recipe, pictures: [id, …]} + one PNG each
      cancel {job, attempt}
      ask {ask, kind, words} + one picture each
      forget {model}                                                           its measurements: it is measured anew
out   ready {loaded, device, room, machine, versions}  ·  broken {code, message}
      progress {job, attempt, step, total, seconds_left, loaded} + preview, or none
      rendered {job, attempt, pictures: [{…}], seconds, model_hash, notes, loaded} + one PNG each + grid, or none
      failed {job, attempt, code, message}
      profiled {profile}
      answered {ask, model_hash, vectors, scores} + one mask each, or failed {ask, code, message}
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO

import torch
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from pixxelbot.engine.engine import PREVIEW_SECONDS, Engine, Outcome
from pixxelbot.engine.options import Options
from pixxelbot.engine.profiling import device_name, versions
from pixxelbot.engine.residency import Models, chosen_device, failure_of, free_bytes
from pixxelbot.errors import InvalidPicture, PixxelbotError
from pixxelbot.frames import pack
from pixxelbot.job import Job, Progress
from pixxelbot.picture import FORMATS
from pixxelbot.profile import Profile
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Recipe

Frame = tuple[dict[str, Any], list[bytes]]


class Service:
    """Turns frames into orders for an engine, and what the engine tells into frames."""

    def __init__(self, next_frame: Callable[[], Frame], outgoing: BinaryIO) -> None:
        self._next_frame, self._outgoing = next_frame, outgoing
        self._speaking = threading.Lock()

    def run(self) -> None:
        """Open, load the default model, then draw until the pipe closes."""
        opening, _ = self._next_frame()
        _quiet(opening["log"])
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(_cores())
        try:
            engine = self._open(opening)
        except PixxelbotError as error:
            self._say({"say": "broken", "code": error.code, "message": str(error)})
            return
        measured = {"machine": device_name(engine.models.device), "versions": versions(engine.models.options)}
        about = {"room": free_bytes(engine.models.device)} | measured
        device = f"{engine.models.device} in {str(engine.models.dtype).removeprefix('torch.')}"
        self._say({"say": "ready", "loaded": engine.models.loaded, "device": device} | about)
        threading.Thread(target=self._relay, args=(engine,), name="relay", daemon=True).start()
        engine.run()

    def _open(self, opening: dict[str, Any]) -> Engine:
        places = dict(opening["models"])
        options = Options(**opening["options"])
        options.check(chosen_device(opening["device"]))
        models = Models(
            places, opening["device"], opening["dtype"], opening["memory_budget"], opening["networks"], options
        )
        if error := failure_of(models.want(next(iter(places)))):
            raise error
        engine = Engine(
            models,
            preview_seconds=opening.get("preview_seconds", PREVIEW_SECONDS),
            profiling=True,
            unload_seconds=opening["unload_seconds"],
            on_profile=lambda profile: self._say({"say": "profiled", "profile": profile.dump()}),
        )
        for stored in opening["profiles"]:
            engine.know(Profile.load(stored))
        return engine

    def _relay(self, engine: Engine) -> None:
        while True:
            self._obey(engine, *self._next_frame())

    def _obey(self, engine: Engine, header: dict[str, Any], blobs: Sequence[bytes]) -> None:
        if header["do"] == "cancel":
            engine.cancel(header["job"], header["attempt"])
        elif header["do"] == "ask":
            self._ask(engine, header, blobs)
        elif header["do"] == "forget":
            engine.forget(header["model"])
        else:
            self._draw(engine, header, blobs)

    def _ask(self, engine: Engine, header: dict[str, Any], blobs: Sequence[bytes]) -> None:
        question = Question(kind=header["kind"], words=tuple(header["words"]))
        tell = partial(self._tell_answer, header["ask"])
        try:
            engine.ask(question, [_picture(blob) for blob in blobs], tell)
        except InvalidPicture as error:
            tell(error)

    def _tell_answer(self, name: str, found: Answer | PixxelbotError) -> None:
        if isinstance(found, PixxelbotError):
            self._say({"say": "failed", "ask": name, "code": found.code, "message": str(found)})
            return
        told = {"say": "answered", "ask": name, "model_hash": found.model_hash}
        self._say(told | {"vectors": found.vectors, "scores": found.scores}, found.masks)

    def _draw(self, engine: Engine, header: dict[str, Any], blobs: Sequence[bytes]) -> None:
        recipe = Recipe.load(header["recipe"])
        tags = {name: header[name] for name in ("cost", "weight", "start_tag")}
        job = Job(id=header["job"], attempt=header["attempt"], recipe=recipe, request_id="", member_id="", **tags)
        tell = partial(self._tell, engine, job)
        try:
            pictures = {name: _picture(blob) for name, blob in zip(header["pictures"], blobs, strict=True)}
        except InvalidPicture as error:
            tell(error)
            return
        engine.submit(job, pictures, tell)

    def _tell(self, engine: Engine, job: Job, outcome: Outcome) -> None:
        about = {"job": job.id, "attempt": job.attempt, "loaded": engine.models.loaded}
        if isinstance(outcome, PixxelbotError):
            self._say(about | {"say": "failed", "code": outcome.code, "message": str(outcome)})
        elif isinstance(outcome, Progress):
            told = {"say": "progress", "step": outcome.step, "total": outcome.total}
            preview = [] if outcome.preview is None else [outcome.preview]
            self._say(about | told | {"seconds_left": outcome.seconds_left}, preview)
        else:
            facts = ("id", "index", "seed", "width", "height", "sha256")
            pictures = [{fact: getattr(one, fact) for fact in facts} for one in outcome.pictures]
            told = {"say": "rendered", "pictures": pictures, "seconds": outcome.seconds}
            told |= {"model_hash": outcome.model_hash, "notes": outcome.notes}
            grid = [] if outcome.grid is None else [outcome.grid]
            self._say(about | told, [one.png for one in outcome.pictures] + grid)

    def _say(self, header: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
        try:
            with self._speaking:
                self._outgoing.write(pack(header, blobs))
                self._outgoing.flush()
        except OSError:  # nobody listens any more
            os._exit(0)


def _picture(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidPicture(f"A stored picture cannot be read: {error}") from error
    return image


def _cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quiet(level: str) -> None:
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    logging.getLogger("httpx").setLevel(logging.WARNING)
