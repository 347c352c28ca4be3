"""The command line: arguments -> one command and its exit code; all errors end here.

Everything but the arguments is imported once it is clear what was asked for, so that help and
usage errors come at once.

In reading order:

arguments — what can be typed after `footnote`
invocation — the parameters of every command: settings, parts, arguments, and outputs
paragraphs — how text is put on a terminal or into a pipe, safely and in lines that fit
json_form — the JSON that scripts rely on: names, order and meaning of its keys stay as they are
answers — what a person sees in a terminal: an answer, a passage in its context, hits, and the chat
inspection — the state of the saved index, and whether the articles have changed since it was built
ask — `ask`, `search` and the chat: questions from the command line, a pipe or a person
build — `build`, `rollback` and `check`: the index brought up to date, taken back, and read bit by bit
articles — `add` and `remove`: other articles, and one summary of what was done to them
list — `list`: which articles there are, and the state of each
follow — `follow`: articles that keep coming, from feeds and sitemaps
evaluate — `eval`: your own questions asked of one index or two, what came of it
calibrate — `calibrate`: the confidence fitted to your own questions and the models in use
report — `report`: what was asked in Slack and what came of it, for a person, a spreadsheet or a script
checks — what is wrong with the Slack configuration, as far as one can tell without asking Slack
store — `store`: the index's database made ready, looked at, and copied to or from a data folder
model_checks — whether the reader can be used, and whether the confidence was fitted to the models in use
doctor — `doctor`: what is configured, what is missing, and what to do about it
serve — `slack`, `web`, `run` and `manifest`: the bot among people
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.terminal.arguments import parse

if TYPE_CHECKING:
    from argparse import Namespace

    from bot.config import Settings
    from bot.terminal.invocation import Invocation
    from bot.wiring import Parts

CRASH_FILE = "crash.log"
FAILED, BUG, INTERRUPTED, PIPE_CLOSED = 1, 3, 130, 141
"""130 and 141 are what a shell reports of a program that SIGINT or SIGPIPE ended."""


def main(
    argv: Sequence[str] | None = None,
    parts: Parts | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run one command and return its exit code; wrong usage exits with 2.

    `parts` and `environment` are the real ones unless a test says otherwise.
    """
    arguments = parse(argv)
    try:
        try:
            return _run(arguments, parts, environment)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head -1`).  Python would flush, and fail, once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED


def _run(arguments: Namespace, parts: Parts | None, environment: Mapping[str, str] | None) -> int:
    from bot.config import keep_arithmetic_to_one_thread, read_environment, settings_from
    from bot.terminal.invocation import Invocation, console, use_utf8
    from index.types import FootnoteError

    use_utf8()
    keep_arithmetic_to_one_thread()
    settings = None
    try:
        given = read_environment(Path.cwd()) if environment is None else environment
        settings = settings_from(_with_folders(given, arguments))
        run = Invocation(
            settings,
            parts or cast("Parts", _RealParts()),
            arguments,
            console(settings.color),
            console(settings.color, stderr=True),
        )
        return _command(arguments.command)(run)
    except BrokenPipeError:
        raise
    except FootnoteError as error:
        return _failed(str(error), settings)
    except OSError as error:
        # A full disk, a missing permission: nobody's bug, and the system's own words say what it is.
        return _failed(f"{error.filename or 'The system'}: {error.strerror or error}.", settings)
    except Exception as error:
        return _bug(error, settings)


def _with_folders(environment: Mapping[str, str], arguments: Namespace) -> dict[str, str]:
    """Let arguments win over the environment."""
    typed = {
        "FOOTNOTE_SOURCES": getattr(arguments, "sources", None),
        "FOOTNOTE_DATA": getattr(arguments, "data", None),
    }
    return {**environment, **{variable: folder for variable, folder in typed.items() if folder is not None}}


# Command -> module and function.  Only what was asked for is imported: `list` needs no progress bar and
# no web client, and half a second is waited for each time.
_COMMANDS = {
    "chat": ("ask", "chat"),
    "ask": ("ask", "ask"),
    "search": ("ask", "search"),
    "eval": ("evaluate", "evaluate_file"),
    "calibrate": ("calibrate", "calibrate"),
    "build": ("build", "build"),
    "rollback": ("build", "rollback"),
    "check": ("build", "check"),
    "add": ("articles", "add"),
    "remove": ("articles", "remove"),
    "follow": ("follow", "follow"),
    "list": ("list", "list_articles"),
    "run": ("serve", "run_all"),
    "slack": ("serve", "slack"),
    "web": ("serve", "web"),
    "report": ("report", "report"),
    "store": ("store", "store"),
    "doctor": ("doctor", "doctor"),
    "manifest": ("serve", "manifest"),
}


def _command(name: str) -> Callable[[Invocation], int]:
    module, function = _COMMANDS[name]
    command: Callable[[Invocation], int] = getattr(import_module(f"bot.terminal.{module}"), function)
    return command


class _RealParts:
    """The real parts, which are imported when one of them is called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def part(*given: Any) -> Any:
            from bot.wiring import REAL_PARTS

            return getattr(REAL_PARTS, name)(*given)

        return part


def _failed(message: str, settings: Settings | None) -> int:
    if settings is not None and settings.debug:
        import traceback

        traceback.print_exc()
    print(f"footnote: {message}", file=sys.stderr)
    return FAILED


def _bug(error: Exception, settings: Settings | None) -> int:
    """Print short words for the person, and write the traceback to a file, since a bug may not come twice."""
    import traceback  # which takes longer than `--help`

    if settings is None or settings.debug:
        traceback.print_exc()
        where = "The traceback is above"
    else:
        where = _keep_traceback(settings.data / CRASH_FILE)
    summary = "".join(traceback.format_exception_only(error)).strip()
    print(f"footnote: This is a bug in Footnote: {summary}\n{where}; please report it.", file=sys.stderr)
    return BUG


def _keep_traceback(path: Path) -> str:
    import traceback

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(traceback.format_exc(), "utf-8", "replace")
    except OSError:
        return "FOOTNOTE_DEBUG=1 shows the traceback"
    return f"The traceback is in {path}"
