"""How text is put on a terminal or into a pipe, safely and in lines that fit.

Knows nothing of what is said: commands that only list something need no more than this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

MIN_COLUMNS = 20
"""Narrower, and a terminal's own wrapping does less harm than ours."""

# Escape sequences in an article could recolour, retitle or even type into a terminal, and
# direction overrides could make a quote read as something else.  Tabs and line ends are harmless.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

QUIET, NUMBER = "dim", "bold cyan"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text behind a label; lines that do not fit go on under the text, not under the label."""

    text: Text = field(default_factory=Text)
    label: str = ""
    address: str | None = None
    """Makes the text a link to it; if links cannot be shown, it stands in place of the text."""


def show(console: Console, paragraphs: Iterable[Paragraph]) -> None:
    """Print to a terminal's width, and unwrapped if a program reads."""
    # A link to a sentence is several lines long: to be copied from a file, not to be read.
    links = console.is_terminal and console.color_system is not None
    for paragraph in paragraphs:
        text = Text(paragraph.address, QUIET) if paragraph.address and not links else paragraph.text
        if paragraph.address or not console.is_terminal:
            # In one piece, so that it can be clicked, copied or parsed.
            console.print(Text.assemble((paragraph.label, NUMBER), text), soft_wrap=True)
            continue
        label = Text(paragraph.label, NUMBER)
        lines = paragraph.text.wrap(console, max(MIN_COLUMNS, console.width - label.cell_len))
        for line in lines or [Text()]:
            line.rstrip()
            console.print(Text.assemble(label, line), soft_wrap=True)
            label = Text(" " * label.cell_len)


def printable(text: str) -> str:
    """`text` with a visible mark for each character that a terminal would obey rather than show."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    """`printable`, with every run of white space as one space."""
    return printable(" ".join(text.split()))
