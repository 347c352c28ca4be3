"""What comes out, written down, so that work on how it is made shows that nothing else changed.

    python -m tests.frozen        write the files anew, after a change that was meant

A line of a file is one output: its name, and what it was.  `searches.jsonl` and `answers.jsonl` are over an
index of `sources/` by the encoder of the tests and without a reader, so that they move neither with the
weights of the packaged models nor with the processor; `shipped.jsonl` is over the product as it ships.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.answer.answerer import Answerer, AnswerOptions
from bot.config import settings_from
from bot.types import Answer, Answers, NoAnswer
from bot.wiring import open_reader
from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.generations import load_generation
from index.search import Findings, Searcher
from index.store import Pinned
from index.types import Encoder
from tests.benchmarks import golden
from tests.bot.terminal.bench import Bench
from tests.fakes.encoder import HashingEncoder
from tests.fakes.memory import remember_three
from tests.fakes.payloads import every_home, every_message, every_view

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "sources"
SEARCHED = 60
HITS = 20
SENTENCES = 5
EVERY = 20
"""Of the questions that may be looked at, one in so many is asked of the product, which takes its time."""

FORMS = ("", " --json", " --csv")

Outputs = Iterator[tuple[str, Any]]


def outputs() -> dict[str, Callable[[], Outputs]]:
    """File -> what makes its lines."""
    return {
        "searches": _searches,
        "answers": _answers,
        "shipped": _shipped,
        "messages": _messages,
        "commands": _commands,
    }


def path(name: str) -> Path:
    return HERE / f"{name}.jsonl"


def _searches() -> Outputs:
    with _index() as data:
        encoder = HashingEncoder()
        searcher = Searcher(load_generation(data, encoder), encoder)
        for row in _open_questions()[:SEARCHED]:
            yield row.question, _findings(searcher.find(row.question, HITS))


def _answers() -> Outputs:
    with _index() as data:
        encoder = HashingEncoder()
        rows = [*_open_questions(), *golden.load(golden.FILE)]
        yield from _asked(_answerer(data, encoder, AnswerOptions()), rows)


def _shipped() -> Outputs:
    with tempfile.TemporaryDirectory() as folder:
        data, encoder = Path(folder), lightest(SentenceTransformerEncoder(None))
        build(SOURCES, data, encoder)
        answers = _answerer(data, encoder, AnswerOptions(open_reader(settings_from({}))))
        may_be_seen = [row for row in golden.load(golden.FILE) if row.split == golden.TUNE]
        for name, told in _asked(answers, [*_open_questions(), *may_be_seen][::EVERY]):
            del told["confidence"]
            yield name, told


def _messages() -> Outputs:
    for kind, payloads in (("message", every_message()), ("view", every_view()), ("home", every_home())):
        for name, payload in payloads.items():
            yield f"{kind} {name}", payload


def _commands() -> Outputs:
    with _index() as data:
        remember_three(data)
        bench = Bench(SOURCES, data, None, None)  # type: ignore[arg-type]  # nothing is typed in
        for command in ("list", "list --json", "doctor", *(f"report --days 2{form}" for form in FORMS)):
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), contextlib.chdir(data):
                code = bench.main(*command.split())
            yield command, [code, *_timeless(out.getvalue(), data).splitlines()]


@contextlib.contextmanager
def _index() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        build(SOURCES, Path(folder), HashingEncoder())
        yield Path(folder)


def _answerer(data: Path, encoder: Encoder, options: AnswerOptions) -> Answerer:
    snapshot = Pinned(load_generation(data, encoder))
    return Answerer(snapshot, encoder, SOURCES, settings_from({}).balance, options)


def _open_questions() -> list[golden.Golden]:
    """Those that may all be looked at."""
    return golden.load(golden.FILE.with_name("sources.jsonl"))


def _asked(answers: Answers, rows: list[golden.Golden]) -> Outputs:
    for row in {(*row.before, row.question): row for row in rows}.values():
        yield " / ".join([*row.before, row.question]), _result(golden.ask(answers, row))


def _result(result: Answer | NoAnswer) -> dict[str, Any]:
    """What is not as usual is left out, so that a line stays short."""
    told: dict[str, Any] = {"confidence": round(result.confidence, 4)}
    if result.instead is not None:
        told["instead"] = [result.instead.asked, result.instead.named]
    if isinstance(result, NoAnswer):
        return told | {"is": result.reason.value, "nearest": [near.id for near in result.nearest]}
    told["is"] = "sure" if result.certain else "unsure"
    told["quotes"] = [
        " ".join(map(str, [quote.source_id, quote.start, quote.end, *(quote.answer or ())]))
        for quote in result.quotes
    ]
    if result.told is not None:
        facts = result.told
        told["told"] = [facts.about.value, facts.count, facts.subject, *facts.values]
        told["sources"] = [source.id for source in result.sources]
    for name in ("unanswered", "disagreement", "selection"):
        if getattr(result, name):
            told[name] = getattr(result, name)
    return told


def _findings(findings: Findings) -> dict[str, Any]:
    best = sorted(findings.sentences, key=lambda one: (-one.coverage, -one.cosine))[:SENTENCES]
    return {
        "idf": {term: round(weight, 5) for term, weight in findings.idf.items()},
        "background": round(findings.background, 5),
        "hits": [
            [
                *(hit.passage.article.id, hit.passage.start, hit.passage.end),
                *(round(score, 5) for score in (hit.score, hit.cosine, hit.lexical)),
            ]
            for hit in findings.hits
        ],
        "sentences": [
            [one.place, one.start, one.end, round(one.cosine, 5), round(one.coverage, 5)] for one in best
        ],
    }


def _timeless(printed: str, data: Path) -> str:
    """What is printed, without what differs from machine to machine and from day to day."""
    today = datetime.now(UTC).date()
    for pattern, instead in (
        (re.escape(str(data.resolve())), "DATA"),
        (re.escape(str(SOURCES)), "SOURCES"),
        (r"Footnote \S+, Python \S+, \S+", "Footnote, Python, the system"),
        (r"\d{8}-\d{6}-[0-9a-f]{8}", "GENERATION"),
        (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "DDD"),
        *((str(today - timedelta(days)), f"DAY-{days}") for days in range(3)),
    ):
        printed = re.sub(pattern, instead, printed)
    return printed


def line(name: str, told: Any) -> str:
    return json.dumps([name, told], ensure_ascii=False, separators=(",", ":"))
