"""The process that reads foreign documents, one after the other, and can be lost without loss.

Started by `index.ingest.sandbox` with one end of a pipe and no environment.  It limits its own memory and
processor time, writes no files, and speaks only over the pipe.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

from index.ingest.document import Draft, Unreadable
from index.ingest.formats import Kind
from index.reasons import Reason, Why

MEMORY_BYTES = 1536 * 1024 * 1024
"""Of address space: reading the largest PDF that is allowed takes a third of it."""
# Python and lxml recurse into what nests; both refuse long before the stack ends.
RECURSION_LIMIT = 1500


def main(descriptor: int) -> None:
    """Serve until the other side hangs up."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    sys.setrecursionlimit(RECURSION_LIMIT)
    with Connection(descriptor) as connection:
        while True:
            try:
                header, raw = json.loads(connection.recv_bytes()), connection.recv_bytes()
            except EOFError:
                return
            _allow_seconds(header["seconds"])
            connection.send_bytes(json.dumps(_reply(header, raw)).encode())


def _reply(header: dict[str, Any], raw: bytes) -> dict[str, Any]:
    try:
        return {"draft": asdict(_read(header, raw))}
    except Unreadable as error:
        return {"unreadable": asdict(error.reason)}
    except MemoryError:
        return {"unreadable": asdict(Reason(Why.NO_MEMORY))}
    except RecursionError:
        return {"unreadable": asdict(Reason(Why.TOO_DEEP))}


def _read(header: dict[str, Any], raw: bytes) -> Draft:
    kind: Kind = header["kind"]
    name, charset, url = header["name"], header["charset"], header["url"]
    # Each reader brings its library with it; a process that reads Markdown never loads the PDFs'.
    reader: Callable[..., Draft]
    match kind:
        case "markdown":
            from index.ingest.readers.plain import read_markdown as reader
        case "text":
            from index.ingest.readers.plain import read_text as reader
        case "page" | "archive":
            from index.ingest.readers.web_page import read_archive, read_web_page

            return (read_web_page if kind == "page" else read_archive)(raw, name, charset, url)
        case "pdf":
            from index.ingest.readers.pdf import read_pdf as reader
        case "docx":
            from index.ingest.readers.word import read_docx as reader
        case "pptx":
            from index.ingest.readers.slides import read_slides as reader
        case "xlsx":
            from index.ingest.readers.sheets import read_workbook as reader
        case "csv":
            from index.ingest.readers.sheets import read_csv as reader
        case "mail":
            from index.ingest.readers.mail import read_mail as reader
        case "slack":
            from index.ingest.readers.chat import read_slack as reader
        case _:
            from index.ingest.readers.other_markup import READERS

            reader = READERS[kind]
    return reader(raw, name, charset)


def _allow_seconds(seconds: int) -> None:
    """The parent stops a document that takes too long; this is for a parent that is gone."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # Some systems do not know a limit, or know it and refuse to set it.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, hard))
