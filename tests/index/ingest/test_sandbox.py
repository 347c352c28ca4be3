"""A document that hangs, explodes or crashes costs its own process, and the next one is read."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.ingest.document import Draft, Unreadable
from index.ingest.formats import Kind
from index.ingest.sandbox import Sandbox
from tests.fakes.documents import page, pdf, stream

TEXT = b"Boats sail in the morning.\n\nThey return at night."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def looping_pdf() -> bytes:
    """Ten drawings, each of which draws the next ten times: nothing of it is large but the time."""
    forms = {
        500 + n: stream(
            b"/X0 Do " * 10 if n < 9 else b"BT /F1 9 Tf (x) Tj ET",
            f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X0 {501 + n} 0 R >> "
            "/Font << /F1 3 0 R >> >>".encode(),
        )
        for n in range(10)
    }
    return pdf([page(["Words on a page."])], objects={**forms, 11: stream(b"/X0 Do")})


def test_a_document_is_read_as_without_the_walls(sandbox: Sandbox) -> None:
    assert sandbox.read("text", TEXT, "a.txt") == Draft(
        text="Boats sail in the morning.\n\nThey return at night.\n"
    )
    markdown = b"---\ntags: [a, b]\nalso: [X]\n---\nText."
    assert sandbox.read("markdown", markdown, "a.md") == Draft(
        text="Text.\n", also=("X",), extra=(("tags", ("a", "b")),)
    )


def test_a_pdf_that_loops_is_stopped_and_the_next_document_is_read() -> None:
    with Sandbox(seconds={"pdf": 2, "text": 10}) as one:  # type: ignore[dict-item]
        started = time.monotonic()
        with pytest.raises(Unreadable, match="took longer than 2 seconds"):
            one.read("pdf", looping_pdf(), "loop.pdf")
        assert time.monotonic() - started < 8
        assert one.read("text", TEXT, "a.txt").text.startswith("Boats")


def test_a_process_that_dies_is_replaced(sandbox: Sandbox) -> None:
    sandbox.read("text", TEXT, "a.txt")
    child = sandbox._process
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    assert sandbox.read("text", TEXT, "a.txt").text.startswith("Boats")


def test_a_process_that_dies_while_it_reads_is_named_as_the_documents_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox() as one:
        monkeypatch.setattr("index.ingest.sandbox._PROGRAM", "import sys; sys.exit(3)")
        with pytest.raises(Unreadable, match="broke the program that reads it"):
            one.read("text", TEXT, "a.txt")
        monkeypatch.undo()
        assert one.read("text", TEXT, "a.txt").text.startswith("Boats")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("page", b"<div>" * 300_000 + b"text"),
        ("page", b"<table><tr><td>" * 100_000),
        ("page", b"<p " + b"a=b " * 300_000),
        ("page", b"<svg>" * 100_000 + b"<b>" * 100_000),
        ("page", b"<!--" * 500_000),
        ("page", b"&amp;" * 500_000),
        ("markdown", b"---\n" + b"[" * 60_000 + b"\n---\ntext"),
        ("markdown", b"> " * 500_000),
        ("text", b"[" * 3_000_000),
        ("pdf", b"%PDF-1.7\n" + b"[" * 200_000),
        ("pdf", b"%PDF-1.7\n" + b"1 0 obj << /A " * 50_000),
        ("archive", b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 100_000),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[:12]!r}",
)
def test_what_nests_or_swells_ends_in_a_draft_or_a_reason(kind: Kind, raw: bytes, sandbox: Sandbox) -> None:
    started = time.monotonic()
    try:
        sandbox.read(kind, raw, "hostile")
    except Unreadable as error:
        assert str(error)
    assert time.monotonic() - started < 25


def test_the_process_knows_no_secret_and_writes_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    started: list[dict[str, str]] = []
    original = subprocess.Popen

    def watched(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        started.append(dict(kwargs["env"]))  # type: ignore[call-overload]
        return original(*args, **kwargs)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", watched)
    program = (
        "import sys; sys.path[:0] = [sys.argv[1]]\n"
        "from index.ingest import sandbox_child as child\n"
        f"child._reply = lambda header, raw: reply(attempt({str(tmp_path / 'x')!r}))\n"
        "def reply(seen):\n"
        "    return dict(unreadable=dict(why=child.Why.DAMAGED_PDF, values=dict(problem=seen)))\n"
        "def attempt(path):\n"
        "    try:\n"
        "        with open(path, 'w') as f: f.write('x'); f.flush()\n"
        "        return 'written'\n"
        "    except OSError as error: return f'refused: {error.strerror}'\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "child.main(int(sys.argv[2]))"
    )
    monkeypatch.setattr("index.ingest.sandbox._PROGRAM", program)
    with Sandbox() as one, pytest.raises(Unreadable, match="refused: File too large"):
        one.read("text", TEXT, "a.txt")

    assert [set(env) & {"SLACK_BOT_TOKEN", "HOME", "PATH"} for env in started] == [set()]


def test_a_process_that_stops_in_the_middle_of_its_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = "import os, sys, time; os.write(int(sys.argv[2]), bytes([0, 0, 1, 0, 123])); time.sleep(60)"
    monkeypatch.setattr("index.ingest.sandbox._PROGRAM", program)
    with Sandbox(seconds={"text": 1}) as one:  # type: ignore[dict-item]
        started = time.monotonic()
        with pytest.raises(Unreadable, match="took longer than 1 seconds"):
            one.read("text", TEXT, "a.txt")
        assert time.monotonic() - started < 10
        monkeypatch.undo()
        one._seconds["text"] = 10
        assert one.read("text", TEXT, "a.txt").text.startswith("Boats")
