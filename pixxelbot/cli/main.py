"""The command line: every command, and the one place where errors become words and exit codes.

0 done · 1 failed · 2 usage · 3 not found · 4 refused · 78 configuration · 130 interrupted.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from pixxelbot.cli import chat, db, drawing, evaluating, following, looking, members, models, queue, running, server
from pixxelbot.errors import OutputLost, PixxelbotError

log = logging.getLogger(__name__)

INTERRUPTED: Final = 130
"""128 + SIGINT, as shells have it."""

app = typer.Typer(
    name="pixxelbot",
    help="Draw with the bot's own models, look at what was drawn, and run the bot and its queue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    drawing.imagine,
    drawing.plan,
    chat.chat,
    drawing.vary,
    drawing.remix,
    drawing.upscale,
    drawing.again,
    following.edit,
    following.inpaint,
    following.outpaint,
    following.blend,
    following.interpolate,
    following.making_of,
    following.background,
    following.describe,
    following.shorten,
    following.search,
    looking.history,
    looking.show,
    looking.lineage,
    running.run,
    running.invite,
    evaluating.evaluate,
):
    app.command()(_command)
app.add_typer(queue.app)
app.add_typer(members.app)
app.add_typer(db.app)
app.add_typer(models.app)
app.add_typer(server.app)


def main() -> None:
    """Entry point of `pixxelbot` and of `bot.py`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console's code page holds neither prompts nor tables
            stream.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(carry_out(sys.argv[1:]))


def _interrupt(*_: object) -> None:
    """A command that is told to end leaves as tidily as at Ctrl-C; the bot has its own way."""
    raise KeyboardInterrupt


def carry_out(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    as_json = "--json" in arguments
    try:
        ended = app(args=list(arguments), prog_name="pixxelbot", standalone_mode=False)
    except OutputLost as error:
        sys.stdout = None  # nor shall the interpreter flush into it at the end
        if not isinstance(error.__cause__, BrokenPipeError):  # there, whoever read has seen enough
            _tell(error.code, error.title, str(error), as_json)
        return error.exit_code
    except PixxelbotError as error:
        _tell(error.code, error.title, str(error), as_json)
        return error.exit_code
    except typer.TyperException as error:
        if message := error.format_message():  # empty where the help was shown instead
            _tell("usage", "Usage", message, as_json)
        return error.exit_code
    except typer.Abort:
        ended = INTERRUPTED
    except Exception as error:
        log.debug("unforeseen", exc_info=True)
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        _tell("internal", "Something unforeseen happened", f"{reason}. PIXXELBOT_LOG=debug shows where.", as_json)
        return 1
    if ended == INTERRUPTED:  # Typer turns Ctrl-C into this code
        _tell("interrupted", "Interrupted", "Stopped by you; nothing that was finished is lost.", as_json)
    return ended if isinstance(ended, int) else 0


def _tell(code: str, title: str, message: str, as_json: bool) -> None:
    """One line on what went wrong: an object on stdout for scripts, words on stderr for people."""
    from pixxelbot.cli.logs import redact

    if as_json and sys.stdout:
        sys.stdout.write(json.dumps({"error": {"code": code, "message": redact(message)}}, ensure_ascii=False) + "\n")
    else:
        line = Text.assemble((title, "bold red"), ": ", redact(message))
        Console(stderr=True).print(line, soft_wrap=True)


if __name__ == "__main__":
    main()
