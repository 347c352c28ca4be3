"""`ask`, `search` and the chat: questions from the command line, a pipe or a person."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

from bot.library.rights import collection_named, known_collections, spoken
from bot.library.store import open_store
from bot.terminal.answers import (
    REMEMBERED_TURNS,
    WELCOME,
    Chat,
    answer_paragraphs,
    hit_paragraphs,
    typed_lines,
)
from bot.terminal.inspection import drift_hint
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import answer_json, hits_json
from bot.terminal.paragraphs import Paragraph, show
from bot.types import Conversation, NoAnswer, Scope, Turn
from index.types import FootnoteError

HISTORY_FILE = "history"


def ask(run: Invocation) -> int:
    """Answer each question; return 1 if asked to fail on a question without an answer, and there is one."""
    scope = _scope(run)
    with _opening(run):
        answers = run.parts.answers(run.settings)
    _hint(run)
    unanswered = False
    conversation: Conversation = ()
    for question in _questions(run):
        answer = answers.answer(question, conversation, scope=scope)
        if run.arguments.conversation:
            conversation = (*conversation, Turn.of(question, answer))[-REMEMBERED_TURNS:]
        unanswered = unanswered or isinstance(answer, NoAnswer)
        if run.arguments.json:
            _write_line(answer_json(answer))
        else:
            show(run.out, [*answer_paragraphs(answer, _writer(run)), *_gap(run)])
    return 1 if unanswered and run.arguments.fail_on_none else 0


def search(run: Invocation) -> int:
    """List the passages for each question."""
    scope = _scope(run)
    with _opening(run):
        find = run.parts.search(run.settings, scope)
    _hint(run)
    for question in _questions(run):
        started = time.perf_counter()
        hits = find(question, run.arguments.k) if question.strip() else ()
        seconds = time.perf_counter() - started
        if run.arguments.json:
            _write_line(hits_json(question, hits, run.settings.sources, seconds))
        else:
            show(run.out, [*hit_paragraphs(hits), *_gap(run)])
    return 0


def chat(run: Invocation) -> int:
    """Talk with a person, or answer the lines of a pipe; return 1 if a line could not be answered."""
    scope = _scope(run)
    with _opening(run):
        answers = run.parts.answers(run.settings)
    _hint(run)
    talk = Chat(answers, lambda: run.parts.articles(run.settings), run.out, _writer(run), scope)
    if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
        run.out.print(WELCOME, style="dim")
        talk.run(typed_lines(run.settings.data / HISTORY_FILE))
        return 0
    talk.run(_input_lines())
    return 1 if talk.failures else 0


def _scope(run: Invocation) -> Scope:
    """Return the collections that were named; raise `FootnoteError` if one does not exist."""
    named = getattr(run.arguments, "collection", None)  # `footnote` alone takes no options
    if not named:
        return None
    known = known_collections(run.settings.sources, open_store(run.settings))
    wanted = frozenset(map(collection_named, named))
    for name in sorted(wanted - known):
        there = ", ".join(sorted(known - {""}))
        instead = (
            f"The sub-folders of the sources are: {there}; {spoken('')!r} means the articles in none."
            if there
            else "The sources have no sub-folders: leave --collection out."
        )
        raise FootnoteError(f"There is no collection {name!r}. {instead}")
    return wanted


def _opening(run: Invocation) -> AbstractContextManager[object]:
    """Show a sign of life while the model is loaded, which takes seconds; none in a log."""
    return run.notes.status("Loading the model …") if run.notes.is_terminal else nullcontext()


def _writer(run: Invocation) -> str | None:
    return run.settings.llm.model if run.settings.llm else None


def _questions(run: Invocation) -> Iterator[str]:
    if run.arguments.question != ["-"]:
        yield _sound(" ".join(run.arguments.question))
        return
    for line in _input_lines():
        if line.strip():
            yield _sound(line.strip())


def _input_lines() -> Iterator[str]:
    """Yield nothing if standard input is closed, as under some supervisors."""
    return iter(sys.stdin if sys.stdin is not None else ())


def _sound(question: str) -> str:
    """Replace bytes that are not UTF-8: they come as lone surrogates, which no tokenizer takes."""
    return question.encode("utf-8", "replace").decode("utf-8")


def _gap(run: Invocation) -> list[Paragraph]:
    return [Paragraph()] if run.arguments.question == ["-"] else []


def _hint(run: Invocation) -> None:
    """Print a hint for people only: a script's standard error stays empty unless something failed."""
    if getattr(run.arguments, "json", False):
        return
    hint = drift_hint(run.settings.sources, open_store(run.settings))
    if hint:
        run.notes.print(hint, style="yellow", soft_wrap=True)


def _write_line(line: str) -> None:
    # Flushed at once: a program that feeds questions one by one waits for each answer.
    print(line, flush=True)
