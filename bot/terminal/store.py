"""`store`: the index's database made ready, looked at, and copied to or from a data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from bot.config import Settings
from bot.library.store import open_database
from bot.terminal.checks import Check, check_paragraphs
from bot.terminal.invocation import Invocation
from bot.terminal.paragraphs import Paragraph, show
from index.copying import copy
from index.generations import FileStore
from index.types import FootnoteError


def store(run: Invocation) -> int:
    """Do what was typed after `store`; return 1 if a check finds a problem."""
    database = open_database(run.settings)
    if run.arguments.action == "check":
        checks = list(store_checks(run.settings))
        show(run.out, [paragraph for check in checks for paragraph in check_paragraphs(check)])
        return 1 if any(check.state == "problem" for check in checks) else 0
    if run.arguments.action == "init":
        database.make_tables()
        show(run.out, [Paragraph(Text(f"The tables are there: {database.server.place}."))])
        return 0
    folder = Path(run.arguments.from_folder or run.arguments.to_folder).expanduser()
    files = FileStore(folder, check_seconds=0)
    source, target = (files, database) if run.arguments.from_folder else (database, files)
    made = copy(source, target, run.settings.keep_generations)
    size = f"{len(made.sources):,} articles, {made.passages:,} passages"
    where = database.server.place if target is database else str(folder)
    show(run.out, [Paragraph(Text(f"Index {made.id} is current in {where}: {size}."))])
    return 0


def store_checks(settings: Settings) -> Iterator[Check]:
    """Yield what there is to know of the index's database."""
    from index.postgresql.inspection import findings

    try:
        for one in findings(open_database(settings)):
            yield Check("store", one.state, one.detail, one.fix)
    except FootnoteError as error:
        yield Check("store", "problem", str(error))
