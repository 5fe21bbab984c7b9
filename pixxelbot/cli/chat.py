"""`pixxelbot chat`: a conversation in the terminal, through the same studio that Discord speaks to."""

from __future__ import annotations

import asyncio
import contextlib
import json as json_text
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pixxelbot.cli import session
from pixxelbot.cli.drawing import asked, copied, plan_table
from pixxelbot.cli.inline import inline, way_of
from pixxelbot.cli.screen import Json, Screen
from pixxelbot.errors import InvalidRequest, PixxelbotError

if TYPE_CHECKING:
    from pixxelbot.app import App
    from pixxelbot.job import Job, Request
    from pixxelbot.picture import Picture

Script = Annotated[
    Path | None,
    typer.Option("--script", metavar="FILE", help="What to say, one turn a line; - for standard input."),
]
NoDraw = Annotated[
    bool, typer.Option("--no-draw", help="Only talk: every picture counts as drawn at once, and nothing is kept.")
]

GREETING: Final = "Say what you would like to see, then what to change in it. Ctrl-D ends."
PROMPT: Final = "› "


def chat(script: Script = None, no_draw: NoDraw = False, json: Json = False) -> None:
    """Talk about pictures and have them drawn; with --json one object a turn."""
    screen = Screen(json)
    lines = None if script is None else read_script(script)
    if lines is None and (json or not sys.stdin.isatty()):
        lines = read_script(Path("-"))
    with asyncio.Runner() as runner, contextlib.ExitStack() as closing:
        opened = _opened(screen, no_draw)
        app = runner.run(opened.__aenter__())
        closing.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        talk = Talk(app, screen, no_draw, of_its_own=no_draw or lines is not None)
        if lines is not None:
            for words in lines:
                runner.run(talk.turn(words))
            return
        _converse(runner, talk, screen)


def _converse(runner: asyncio.Runner, talk: Talk, screen: Screen) -> None:
    """Ask for words and answer them until there are no more. The loop rests while somebody types."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # line editing and history, where the platform has it
    screen.news.print(GREETING, style="dim")
    while True:
        try:
            words = input(PROMPT).strip()
        except (EOFError, KeyboardInterrupt):
            screen.news.print()
            return
        if words:
            with contextlib.suppress(KeyboardInterrupt):  # it cancelled the drawing; the conversation goes on
                runner.run(talk.turn(words))


class Talk:
    """One conversation: its requests, and the pictures it has shown."""

    def __init__(self, app: App, screen: Screen, no_draw: bool, of_its_own: bool) -> None:
        from pixxelbot.job import new_id

        self.app, self.screen, self.no_draw = app, screen, no_draw
        self.place = f"chat:{new_id()}" if of_its_own else None
        """A scripted conversation begins anew; one at the keyboard goes on from this member's latest pictures."""
        self.count = 0
        self._names: dict[str, str] = {}
        self._streamed = ""

    async def turn(self, words: str) -> None:
        """One turn: say it, see it through, show what came of it."""
        self.count += 1
        try:
            request = await self._answered(words)
        except PixxelbotError as error:
            failed = {"code": error.code, "message": str(error)}
            self._show(self._told(words) | {"error": failed}, [f"{error.title}: {error}"])
            return
        job = await self.app.store.job_of(request.id)
        pictures = await self._pictures_of(request) if job else []
        for place, one in enumerate(pictures, start=1):
            self._names[one.id] = f"{self.count}.{place}"
        await self._show_turn(words, request, job, pictures)

    async def _pictures_of(self, request: Request) -> list[Picture]:
        beside = await self.app.studio.companions(request)
        found = [await self.app.store.pictures(requests=[one.id]) for one in (request, *beside)]
        return [one for grid in found for one in grid]

    async def _answered(self, words: str) -> Request:
        """The request ended; cut off, it is withdrawn, so that nobody draws it."""
        from pixxelbot.job import Address

        request = asked(words=words).evolve(address=Address(channel_id=self.place))
        accepted = await self.app.studio.accept(request)
        try:
            with self._hearing(accepted):
                planned = await self.app.studio.planned(accepted.id)
            job = await self.app.store.job_of(accepted.id)
            if job is None:
                return planned
            self._tell_plan(planned, job)
            ended = await self._drawn(job)
            for one in await self.app.studio.companions(planned):
                await self._drawn_beside(one)
            return ended
        except asyncio.CancelledError:
            with contextlib.suppress(PixxelbotError):  # it has ended meanwhile
                await self.app.studio.withdraw(accepted.id, accepted.member_id)
            raise

    async def _drawn_beside(self, request: Request) -> None:
        """Another prompt of the same permutation."""
        planned = await self.app.studio.planned(request.id)
        if job := await self.app.store.job_of(planned.id):
            await self._drawn(job)

    async def _drawn(self, job: Job) -> Request:
        from pixxelbot.cli.bars import bars

        if self.no_draw or self.screen.as_json:
            return await self.app.serve(job)
        with bars(self.screen.news) as shown:
            watching = asyncio.create_task(shown.follow(self.app, await self.app.store.request(job.request_id)))
            try:
                return await self.app.serve(job)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    # --- what is shown ------------------------------------------------------------------------------------------

    def _tell_plan(self, request: Request, job: Job) -> None:
        if not self.screen.as_json and request.intent:
            self.screen.news.print(plan_table(request.words, request.intent, job.recipe))

    @contextlib.contextmanager
    def _hearing(self, request: Request) -> Any:
        """Print a reply while it is being written."""
        self._streamed = ""

        def hear(of: Request, text: str) -> None:
            if of.id == request.id and text.startswith(self._streamed):
                self.screen.out.print(text[len(self._streamed) :], end="", markup=False, highlight=False)
                self._streamed = text

        listeners = self.app.studio.reply_listeners
        if not self.screen.as_json:
            listeners.append(hear)
        try:
            yield
        finally:
            if hear in listeners:
                listeners.remove(hear)
            if self._streamed:
                self.screen.out.print()

    async def _show_turn(self, words: str, request: Request, job: Job | None, pictures: list[Picture]) -> None:
        shown = [await self._described(one) for one in pictures]
        intent = request.intent
        answer = self._told(words)
        if intent:
            answer |= {
                "action": intent.action,
                "targets": [self._name(target) for target in intent.targets],
                "description": intent.description,
                "query": intent.query,
                "planner": intent.planner,
                "reasons": intent.reasons,
                "notes": list(job.notes if job else intent.notes),
                "reply": intent.reply,
                "choices": [choice.label for choice in intent.choices],
            }
        if job:
            recipe = job.recipe.model_dump(mode="json")
            recipe["sources"] = [self._name(source) for source in job.recipe.sources]
            answer |= {"recipe": recipe, "job": None if self.no_draw else job.id, "status": str(job.status)}
        answer["pictures"] = shown
        lines = self._lines(request, [str(one["path"]) for one in shown if one["path"]])
        if request.error_code:
            answer["error"] = {"code": request.error_code, "message": request.error_message or ""}
            lines.append(request.error_message or "")
        await self._show_pictures(job)
        self._show(answer, lines)

    def _lines(self, request: Request, paths: list[str]) -> list[str]:
        intent = request.intent
        reply = [intent.reply] if intent and intent.reply and intent.reply != self._streamed.strip() else []
        choices = [f"  {n}. {choice.label}" for n, choice in enumerate(intent.choices, start=1)] if intent else []
        return [*reply, *choices, *paths]

    async def _show_pictures(self, job: Job | None) -> None:
        way = way_of()
        if self.no_draw or self.screen.as_json or way is None or job is None or not self.screen.out.is_terminal:
            return
        for one in (await self.app.store.pictures(job=job.id))[:1]:
            png = await self.app.store.grid_bytes(job.id) or await self.app.store.picture_bytes(one.id)
            self.screen.out.file.write(inline(png, way) + "\n")

    def _told(self, words: str) -> dict[str, Any]:
        """A turn of which nothing is known yet."""
        return {
            "turn": self.count, "say": words, "action": None, "targets": [], "description": "", "query": "",
            "recipe": None, "planner": None, "pictures": [], "reply": "", "reasons": {}, "notes": [], "choices": [],
        }  # fmt: skip

    async def _described(self, one: Picture) -> dict[str, Any]:
        path = None
        if not self.no_draw:
            folder = self.app.settings.home / "out"
            path = str(await copied(folder, f"{one.id}.png", await self.app.store.picture_bytes(one.id)))
        return {"id": self._name(one.id), "path": path, "seed": one.seed, "width": one.width, "height": one.height}

    def _name(self, picture_id: str) -> str:
        """`3.2` for the second picture of turn 3 where nothing is drawn; else the picture's id."""
        return self._names.get(picture_id, picture_id) if self.no_draw else picture_id

    def _show(self, answer: dict[str, Any], lines: Iterable[str]) -> None:
        self.screen.answer(answer, *(line for line in lines if line))


def read_script(path: Path) -> list[str]:
    """The turns of a script: a line each, blank ones and those after `#` left out; a line may be JSON with `say`.

    Raises:
        InvalidRequest: the file cannot be read.
    """
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"--script {path} cannot be read ({error}).") from error
    try:
        whole = json_text.loads(text)
    except ValueError:
        lines = [line.strip() for line in text.splitlines()]
        return [_said(line) for line in lines if line and not line.startswith("#")]
    turns = whole.get("turns", [whole]) if isinstance(whole, dict) else whole if isinstance(whole, list) else [text]
    return [_of_json(turn) or str(turn).strip() for turn in turns]


def _said(line: str) -> str:
    try:
        return _of_json(json_text.loads(line)) or line
    except ValueError:
        return line


def _of_json(turn: Any) -> str:
    """What a turn says, where it is an object with `say` (as this command prints them) or a text; else nothing."""
    said = turn.get("say") if isinstance(turn, dict) else turn
    return said.strip() if isinstance(said, str) else ""


@contextlib.asynccontextmanager
async def _opened(screen: Screen, no_draw: bool) -> AsyncIterator[App]:
    """The application; for a conversation without drawing, one that keeps nothing and draws blank pictures."""
    if not no_draw:
        async with session.opened(console=screen.news) as app:
            yield app
        return
    from pixxelbot.app import App

    read = session.settings(console=screen.news)
    with tempfile.TemporaryDirectory(prefix="pixxelbot-chat-", ignore_cleanup_errors=True) as folder:
        async with App.that_only_talks(read, Path(folder)) as app:
            yield app
