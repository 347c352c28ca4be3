"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from index.encoders.any_model import SentenceTransformerEncoder
from index.encoders.packaged import lightest
from index.types import Encoder, FootnoteError
from tests.benchmarks import data as sets
from tests.benchmarks.ablation import ablation
from tests.benchmarks.abstention import abstention
from tests.benchmarks.answers import answers
from tests.benchmarks.collection import RememberingEncoder
from tests.benchmarks.data import LANGUAGES, SPLITS, BenchmarkData, PublicSet
from tests.benchmarks.extraction import extraction
from tests.benchmarks.figures import Group, Results
from tests.benchmarks.growth import growth
from tests.benchmarks.report import as_json, as_markdown, for_terminal
from tests.benchmarks.retrieval import retrieval
from tests.benchmarks.speed import speed
from tests.benchmarks.unseen import NAMES, QUESTIONS, unseen

GROUPS = ("retrieval", "answer", "abstention", "unseen", "speed", "extraction", "growth")
# Growth takes minutes and says nothing of answers.
DEFAULT_GROUPS = GROUPS[:-1]
DEFAULT_LANGUAGES = ("en", "zh")
ROOT = Path(__file__).parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        results = _run(arguments)
    except FootnoteError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.markdown:
        print(as_markdown(results))
    else:
        Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(for_terminal(results))
    path = arguments.json or arguments.cache / f"results-{arguments.split}.json"
    path.write_text(as_json(results) + "\n", "utf-8")
    print(f"The figures as JSON: {path}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure Footnote on public sets, beside dense search, BM25 and their rank fusion.",
        epilog="example: python -m tests.benchmarks --data ~/benchmark-data --only retrieval --languages all",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=Path(os.environ["FOOTNOTE_BENCH_DATA"]) if os.environ.get("FOOTNOTE_BENCH_DATA") else None,
        help="folder of the public sets; also FOOTNOTE_BENCH_DATA",
    )
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="report",
        help="tune: the 70 %% of the questions that constants were chosen on; report: the others (default)",
    )
    parser.add_argument(
        "--only",
        type=_groups,
        default=DEFAULT_GROUPS,
        metavar="GROUP,…",
        help=f"of {', '.join(GROUPS)} (default: all but growth, which needs no data)",
    )
    parser.add_argument(
        "--languages",
        type=_languages,
        default=DEFAULT_LANGUAGES,
        metavar="LANGUAGE,…",
        help=f"of XQuAD: all, or some of {', '.join(LANGUAGES)} (default: {','.join(DEFAULT_LANGUAGES)})",
    )
    parser.add_argument(
        "--sets",
        type=_sets,
        default=NAMES,
        metavar="SET,…",
        help=f"of the unseen ones: {', '.join(NAMES)} (default: all)",
    )
    parser.add_argument(
        "--questions",
        type=int,
        default=QUESTIONS,
        metavar="N",
        help="of each unseen set, and as many near misses where it has some (default: %(default)s)",
    )
    parser.add_argument("--model", metavar="MODEL", help="another embedding model than the default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures as JSON")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, as RESULTS.md has it")
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=Path(tempfile.gettempdir()) / "footnote-benchmarks",
        help="where built indexes are kept from one run to the next (default: %(default)s)",
    )
    parser.add_argument(
        "--ablation",
        action="store_true",
        help="instead of the figures, measure the retrieval with one choice at a time made otherwise; "
        "with --split tune, since choices are made there",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a small part of each set: shows that it runs, not how good it is",
    )
    return parser


def _groups(text: str) -> tuple[str, ...]:
    return _chosen(text, GROUPS)


def _sets(text: str) -> tuple[str, ...]:
    return _chosen(text, NAMES)


def _languages(text: str) -> tuple[str, ...]:
    return LANGUAGES if text == "all" else _chosen(text, LANGUAGES)


def _chosen(text: str, known: Sequence[str]) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for part in chosen:
        if part not in known:
            raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(known)}")
    return chosen


def _run(arguments: argparse.Namespace) -> Results:
    started = time.monotonic()
    names = ("ablation",) if arguments.ablation else arguments.only
    needed = _needed(names, arguments.languages, arguments.sets)
    if arguments.data is None and needed:
        raise FootnoteError(
            "The benchmark needs its public sets. Name their folder with --data DIR or FOOTNOTE_BENCH_DATA "
            f"(make bench DATA=DIR). It holds, each file as it is or gzipped:\n{sets.listing(needed)}"
        )
    data = BenchmarkData(arguments.data or arguments.cache, arguments.quick)
    data.require(needed)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    plain = SentenceTransformerEncoder(arguments.model)
    encoder = lightest(plain)
    groups = tuple(_group(name, arguments, data, encoder, plain) for name in names)
    return Results(_about(arguments, encoder, time.monotonic() - started), groups)


def _needed(groups: Sequence[str], languages: Sequence[str], unseen_sets: Sequence[str]) -> list[PublicSet]:
    if set(groups) <= {"growth"}:
        return []
    asked = dict.fromkeys(languages if {"retrieval", "answer", "ablation"} & set(groups) else ())
    if {"abstention", "speed"} & set(groups):
        asked["en"] = None
    needed = [sets.xquad_set(asked)]
    if {"retrieval", "answer", "ablation"} & set(groups):
        needed.append(sets.CHUNKING_SET)
    if "retrieval" in groups:
        needed.append(sets.CRANFIELD_SET)
    if "answer" in groups:
        needed.append(sets.SELQA_SET)
    if "unseen" in groups:
        needed += [sets.READING_SETS[name] for name in unseen_sets]
    if "extraction" in groups:
        needed.append(sets.EXTRACTION_SET)
    if "speed" in groups:
        needed.append(sets.WIKI_SET)
    return needed


def _group(
    name: str, arguments: argparse.Namespace, data: BenchmarkData, encoder: Encoder, plain: Encoder
) -> Group:
    split, cache = arguments.split, arguments.cache
    remembering = RememberingEncoder(encoder, cache)
    match name:
        case "retrieval":
            return retrieval(data, split, arguments.languages, remembering, cache, _say)
        case "answer":
            return answers(data, split, arguments.languages, remembering, cache, _say)
        case "ablation":
            return ablation(data, split, arguments.languages, remembering, cache, _say)
        case "abstention":
            return abstention(data, split, remembering, cache, _say)
        case "unseen":
            return unseen(data, arguments.sets, arguments.questions, remembering, cache, _say)
        case "extraction":
            return extraction(data, split, _say)
        case "growth":
            return growth(cache, arguments.quick, _say)
        case _:
            # Here embedding the question is part of what is measured.
            return speed(data, encoder, plain, cache, arguments.quick, _say)


def _about(arguments: argparse.Namespace, encoder: Encoder, seconds: float) -> dict[str, str]:
    return {
        "split": arguments.split,
        **({"quick": "a small part of each set"} if arguments.quick else {}),
        "model": encoder.name,
        "commit": _commit(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} × {platform.machine()}",
        "Python": platform.python_version(),
        "took": f"{seconds:.0f} s",
    }


def _commit() -> str:
    """The commit, with a mark where files differ from it; "unknown" outside a repository."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _say(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
