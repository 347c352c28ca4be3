"""Asks the golden questions over the articles that ship, and counts what is right, kind by kind.

    python -m tests.benchmarks.golden [--split tune|test|all] [--show] [--file FILE]

What `tests/golden/README.md` says of a row decides what is right.  A near miss is right unless it is
answered for certain; everything else if all of its words are quoted or told and its articles cited.
`--show` prints what went wrong with the rows that may be looked at, and never one of the test half.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.types import Answer, Answers, Conversation, NoAnswer, Turn
from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.types import FootnoteError
from tests.benchmarks.product import open_index

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "sources"
FILE = ROOT / "tests" / "golden" / "asked.jsonl"
TUNE, TEST, ALL = "tune", "test", "all"
NEAR_MISS, COLLECTION = "near miss", "collection"


@dataclass(frozen=True, slots=True)
class Golden:
    """A question, and what makes an answer to it right."""

    question: str
    kind: str
    before: tuple[str, ...]
    """The earlier questions of the conversation, oldest first."""
    articles: frozenset[str]
    """That have to be cited; of the kind `COLLECTION` no other may be."""
    words: tuple[str, ...]
    """All of them have to be quoted or told."""
    split: str


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.golden", description=__doc__)
    parser.add_argument("--split", choices=(TUNE, TEST, ALL), default=ALL)
    parser.add_argument("--show", action="store_true", help="print each wrong row of the tune half")
    parser.add_argument("--file", type=Path, default=FILE, metavar="FILE", help="another file of questions")
    arguments = parser.parse_args(argv)
    try:
        rows = [row for row in load(arguments.file) if arguments.split in (row.split, ALL)]
        answers = _open_sources()
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 1
    results = [(row, ask(answers, row)) for row in rows]
    if arguments.show:
        for row, result in results:
            if row.split == TUNE and not is_right(row, result):
                print(f"{_described(row, result)}\n")
    print("\n".join(counts((row, is_right(row, result)) for row, result in results)))
    return 0


def load(file: Path) -> list[Golden]:
    """The rows of `asked.jsonl`, or of `sources.jsonl`, whose rows may all be looked at."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        raise FootnoteError(
            f"The golden questions in {file} cannot be read ({error.strerror}): name a file with --file."
        ) from error
    return [_golden(json.loads(line)) for line in lines if line.strip()]


def ask(answers: Answers, row: Golden) -> Answer | NoAnswer:
    """Ask what came before, then the question itself."""
    conversation: Conversation = ()
    for question in row.before:
        conversation = (*conversation, Turn.of(question, answers.answer(question, conversation)))
    return answers.answer(row.question, conversation)


def is_right(row: Golden, result: Answer | NoAnswer) -> bool:
    if row.kind == NEAR_MISS:
        return isinstance(result, NoAnswer) or not result.certain
    if isinstance(result, NoAnswer):
        return False
    cited = {source.id for source in result.sources}
    cites = cited == row.articles if row.kind == COLLECTION else cited >= row.articles
    said = f"{_quoted(result)} {_told(result)}"
    return cites and all(word in said for word in row.words)


def counts(judged: Iterable[tuple[Golden, bool]]) -> list[str]:
    """A line for each kind and two for all: `right/all kind`."""
    of: dict[str, list[bool]] = {}
    for row, right in judged:
        of.setdefault(row.kind, []).append(right)
        of.setdefault("near misses" if row.kind == NEAR_MISS else "answerable", []).append(right)
    totals = [name for name in ("answerable", "near misses") if name in of]
    names = [*(name for name in of if name not in (*totals, NEAR_MISS)), *totals]
    return [f"{sum(of[name]):4}/{len(of[name]):<4} {name}" for name in names]


def _golden(raw: dict[str, Any]) -> Golden:
    open_ = raw.get("unanswerable", False)
    return Golden(
        question=raw["question"],
        kind=raw.get("kind", NEAR_MISS if open_ else "fact"),
        before=tuple(raw.get("before", ())),
        articles=frozenset(raw["articles"] if "articles" in raw else [raw["article"]] if not open_ else ()),
        words=tuple(raw.get("words", ())),
        split=raw.get("split", TUNE),
    )


def _open_sources() -> Answers:
    encoder = lightest(SentenceTransformerEncoder(None))
    data = Path(tempfile.gettempdir()) / "footnote-benchmarks" / "golden"
    build(SOURCES, data, encoder)
    return open_index(data, SOURCES, encoder)


def _quoted(result: Answer | NoAnswer) -> str:
    return " ".join(quote.text for quote in result.quotes) if isinstance(result, Answer) else ""


def _told(result: Answer) -> str:
    """What an answer about the articles themselves says; empty for any other."""
    if result.told is None:
        return ""
    told: list[object] = [result.told.count, *result.told.values]
    for source in result.sources:
        told += [source.title, source.author, source.published, source.publisher, source.url]
    return " ".join(str(value) for value in told if value is not None)


def _described(row: Golden, result: Answer | NoAnswer) -> str:
    asked = " / ".join((*row.before, row.question))
    lines = [f"[{row.kind}] {asked}", f"  wanted: {sorted(row.articles)} {list(row.words)}"]
    if isinstance(result, NoAnswer):
        return "\n".join([*lines, f"  none ({result.reason.value}), {result.confidence:.2f}"])
    sure = "certain" if result.certain else "uncertain"
    lines.append(f"  {sure}, {result.confidence:.2f}, cites {[source.id for source in result.sources]}")
    lines += [f"  “{quote.text}”" for quote in result.quotes]
    return "\n".join([*lines, *([f"  told: {_told(result)}"] if result.told else [])])


if __name__ == "__main__":
    sys.exit(main())
