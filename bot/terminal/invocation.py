"""The parameters of every command: settings, parts, arguments, and outputs."""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from bot.config import Settings

if TYPE_CHECKING:
    from bot.wiring import Parts


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of one command."""

    settings: Settings
    parts: Parts
    arguments: argparse.Namespace
    out: Console
    """For answers and reports: standard output."""
    notes: Console
    """For what is not the answer (hints, progress, errors): standard error."""
    given_password: bool = False
    """Whether the page's password was made for this run, and has to be told."""


def console(color: bool, stderr: bool = False) -> Console:
    """Neither guesses at words to highlight, nor reads markup in what articles say."""
    return _Console(stderr=stderr, no_color=not color, highlight=False, markup=False, emoji=False)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line's own boundary: Rich would exit with 1, as if something had failed."""
        raise BrokenPipeError


def use_utf8() -> None:
    """Speak UTF-8 whatever the locale says; better to lose a character than the answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # Lines end at "\n" alone; the mark that Windows puts in front of a text file is no letter.
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace", newline="\n")
