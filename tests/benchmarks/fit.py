"""Fit the few numbers that order sentences and say how sure an answer is, and judge them set by set.

    python -m tests.benchmarks.fit --data DIR [--reader FILE] [--questions N] [--keep FILE]

Each set is searched and read as the product does it.  Every question is asked of the whole collection,
every second one also with the article that answers taken away; near misses that people wrote are
asked where a set has them.  Numbers for one set come from all the others (leave one set out): that
is what is printed, and `tests/benchmarks/unseen.py` judges each set by those.  What ships is fitted
on all of them.  No set counts more than another.  Questions that `unseen.py` asks are not learnt from.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from bot.answer import ranking
from bot.answer.question import asks_yes_or_no
from index.encoders.any_model import SentenceTransformerEncoder, default_model_folder
from index.encoders.packaged import lightest
from index.encoders.reader import ShippedReader
from index.search import Findings, Searcher
from index.types import Reader
from tests.benchmarks.collection import Among, RememberingEncoder, passages_of
from tests.benchmarks.product import LEFT_OUT
from tests.benchmarks.unseen import EVIDENCE, QUESTIONS, Asked, Unseen, collections

Floats = npt.NDArray[np.float64]
MODELS = Path(ranking.__file__).parents[1] / "models"
READ = (
    "squad2.dev",
    "squad2_unansq.dev",
    "qed_nq.dev",
    "squadshifts_new_wiki.test",
    "onestopqa.all",
    "condaqa.test",
    "selqa.test",
    "xquad.en",
)
UNREAD = ("xquad.zh", "zh_cmrc2018.trial", "xquad.ru", "xquad.ar", "xquad.tr", "xquad.de")
"""In languages that the embedding model does not know; nothing is read."""
# What people called "don't know" there is said of what a passage implies, and no near miss.
NO_NEAR_MISSES = frozenset({"condaqa.test"})
# Of a Gaussian prior around 0, in units of each signal's spread; the losses of all questions sum to
# 100 for each set.
PRIOR = 0.5
HITS = 32


@dataclass(frozen=True, slots=True)
class Seen:
    """One search: its candidates' signals, and which of them are right."""

    set: str
    kind: str
    """`answerable`, `near miss` or `taken away`."""
    read: bool
    yes_or_no: bool
    signals: Floats
    articles: tuple[str, ...]
    right: npt.NDArray[np.bool_]


def seen(one: Unseen, questions: int, reader: Reader | None) -> Iterator[Seen]:
    """Search and read the questions of a set that are not judged by."""
    searcher = Searcher(one.generation, one.encoder)
    rows: dict[str, list[int]] = {}
    for number, passage in enumerate(passages_of(one.generation)):
        rows.setdefault(passage.article.id, []).append(number)
    answerable = [asked for asked in one.asked if asked.answers][-questions:]
    misses = [asked for asked in one.asked if not asked.answers][-questions:]
    if one.name in NO_NEAR_MISSES:
        misses = []
    for number, asked in enumerate((*answerable, *misses)):
        text = " ".join(asked.question.split())
        kind = "answerable" if asked.answers else "near miss"
        yield _seen(one.name, kind, searcher.find(text, HITS), asked, reader)
        if asked.answers and number % 2:
            others = np.ones(len(passages_of(one.generation)), np.bool_)
            others[rows[asked.article]] = False
            without = Searcher(Among(one.generation, others), one.encoder).find(text, HITS)
            yield _seen(one.name, "taken away", without, asked, reader)


def _seen(name: str, kind: str, findings: Findings, asked: Asked, reader: Reader | None) -> Seen:
    candidates = ranking.rank(findings, asked.question, reader)

    def right(candidate: ranking.Candidate) -> bool:
        if kind != "answerable" or candidate.article.id != asked.article:
            return False
        sentence = candidate.sentence
        for start, end in asked.answers:
            shared = min(end, sentence.end) - max(start, sentence.start)
            if shared == end - start or (name in EVIDENCE and 2 * shared >= sentence.end - sentence.start):
                return True
        return False

    return Seen(
        name,
        kind,
        reader is not None and ranking.reads(reader, findings),
        asks_yes_or_no(asked.question),
        np.array([c.signals for c in candidates]).reshape(len(candidates), len(ranking.ORDER)),
        tuple(c.article.id for c in candidates),
        np.array([right(c) for c in candidates], np.bool_),
    )


def fit_order(found: Sequence[Seen]) -> Floats:
    """Weights of `ranking.ORDER`, by a softmax over the sentences of each question."""
    useful = [s for s in found if s.right.any() and not s.right.all()]
    spread = np.concatenate([s.signals for s in useful]).std(axis=0)
    spread[spread == 0] = 1.0
    each = _weights(useful)

    def loss(w: Floats) -> tuple[float, Floats]:
        total, slope = PRIOR * float(w @ w), 2 * PRIOR * w
        for one, weight in zip(useful, each, strict=True):
            x = one.signals / spread
            z = x @ w
            p = np.exp(z - z.max())
            p /= p.sum()
            share = p[one.right].sum()
            total -= weight * float(np.log(share + 1e-12))
            slope = slope - weight * ((p * one.right / (share + 1e-12) - p) @ x)
        return total, slope

    best = minimize(loss, np.zeros(len(spread)), jac=True, method="L-BFGS-B")
    weights: Floats = best.x / spread
    return weights


def fit_sure(found: Sequence[Seen], order: Floats, read: bool) -> ranking.Sure:
    """The numbers of `ranking.probability`, by the likelihood of what was right."""
    useful = [s for s in found if len(s.right)]
    seen = np.array([evidence(s, order) for s in useful])
    yes_or_no = np.array([s.yes_or_no for s in useful], np.float64)
    right = np.array([first_right(s, order) for s in useful], np.float64)
    each = np.array(_weights(useful))
    spread = seen.std(axis=0)
    spread[spread == 0] = 1.0
    scaled, first = seen / spread, len(ranking.READ)

    def loss(w: Floats) -> float:
        sure = ranking.Sure(w[:first], w[first:])
        p = np.clip(ranking.probability(scaled, yes_or_no, sure, read), 1e-6, 1 - 1e-6)
        return float(PRIOR * (w @ w) - each @ (right * np.log(p) + (1 - right) * np.log(1 - p)))

    best = minimize(loss, np.zeros(first + len(ranking.SEARCH)), method="L-BFGS-B").x
    widths = dict(zip((*ranking.ORDER, "lead"), spread, strict=True))
    scale = [1 / widths.get(name, 1.0) for name in (*ranking.READ, *ranking.SEARCH)]
    weights: Floats = best * np.array(scale)
    return ranking.Sure(weights[:first], weights[first:])


def evidence(one: Seen, order: Floats) -> Floats:
    """As `ranking.evidence`."""
    scores = one.signals @ order
    best = int(scores.argmax())
    others = [s for s, article in zip(scores, one.articles, strict=True) if article != one.articles[best]]
    lead = float(scores[best] - max(others, default=-np.inf))
    return np.append(one.signals[best], min(ranking.MOST_LEAD, lead))


def first_right(one: Seen, order: Floats) -> bool:
    return bool(len(one.right)) and bool(one.right[int((one.signals @ order).argmax())])


def _weights(found: Sequence[Seen]) -> list[float]:
    """The same for each set, and within it for each kind of question."""
    sizes: dict[tuple[str, str], int] = {}
    for one in found:
        sizes[one.set, one.kind] = sizes.get((one.set, one.kind), 0) + 1
    kinds = {name: sum(other == name for other, _ in sizes) for name, _ in sizes}
    return [100 / (kinds[one.set] * sizes[one.set, one.kind]) for one in found]


def judged(found: Sequence[Seen], order: Floats, sure: ranking.Sure, read: bool) -> dict[str, float]:
    """The figures of one set."""
    p: dict[str, list[float]] = {s.kind: [] for s in found}
    right: dict[str, list[bool]] = {s.kind: [] for s in found}
    for one in found:
        sees = evidence(one, order)[None] if len(one.right) else None
        asks = np.array([float(one.yes_or_no)])
        p[one.kind].append(0.0 if sees is None else float(ranking.confidence(sees, asks, sure, read)[0]))
        right[one.kind].append(first_right(one, order))
    figures = {"n": float(len(p["answerable"])), "first": float(np.mean(right["answerable"]))}
    yes = np.array(p["answerable"])
    figures["answered"] = float((yes >= 0.5).mean())
    for kind in ("taken away", "near miss"):
        if kind in p:
            no = np.array(p[kind])
            figures[f"AUROC {kind}"] = float(
                (yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean()
            )
            figures[f"{kind} for certain"] = float((no >= 0.5).mean())
            figures[f"{kind} at .70"] = float((no >= np.quantile(yes, 0.3)).mean())
    good = yes[np.array(right["answerable"])]
    bad = yes[~np.array(right["answerable"])]
    if len(good) and len(bad):
        figures["AUROC wrong quote"] = float((good[:, None] > bad[None]).mean())
    everything, truth = np.concatenate([p[k] for k in p]), np.concatenate([right[k] for k in p])
    figures["ECE"] = ece(everything, truth)
    return figures


def ece(p: Floats, right: npt.NDArray[Any], bins: int = 10) -> float:
    """Expected calibration error in bins of equal width."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    return float(
        sum(abs(p[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place))
    )


def left_out(found: Sequence[Seen], read: bool) -> dict[str, dict[str, dict[str, float]]]:
    """For each set the numbers that all others give, printing how they do on it."""
    numbers = {}
    for name in dict.fromkeys(s.set for s in found):
        others = [s for s in found if s.set != name]
        order = fit_order(others)
        sure = fit_sure(others, order, read)
        figures = judged([s for s in found if s.set == name], order, sure, read)
        print(f"{name:26}" + "  ".join(f"{what} {value:.3f}" for what, value in figures.items()), flush=True)
        numbers[name] = named(order, sure)
    return numbers


def named(order: Floats, sure: ranking.Sure) -> dict[str, dict[str, float]]:
    def row(names: Sequence[str], weights: Floats) -> dict[str, float]:
        return {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)}

    return {
        "order": row(ranking.ORDER, order),
        "read": row(ranking.READ, sure.read),
        "search": row(ranking.SEARCH, sure.search),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write `bot/models/weights.json` and `left_out.json`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "footnote-benchmarks")
    parser.add_argument("--reader", type=Path, default=MODELS / "reader.safetensors")
    parser.add_argument("--questions", type=int, default=150, help="of each set, and of each kind")
    parser.add_argument(
        "--keep", type=Path, help="keep what was searched in this file, or take it from there"
    )
    options = parser.parse_args(argv)
    found: dict[str, list[Seen]] = {}
    if options.keep and options.keep.exists():
        found = pickle.loads(options.keep.read_bytes())
    encoder = RememberingEncoder(lightest(SentenceTransformerEncoder(None)), options.cache)
    reader = ShippedReader.load(default_model_folder(), options.reader)
    for how, names, read_by in (("read", READ, reader), ("unread", UNREAD, None)):
        if how in found:
            continue
        found[how] = []
        # As many again as are judged by, so that others are left.
        for one in collections(options.data, names, QUESTIONS + options.questions, options.cache, encoder):
            found[how] += seen(one, options.questions, read_by)
            print(f"{one.name}: {len(found[how])} searches", flush=True)
        if options.keep:
            options.keep.write_bytes(pickle.dumps(found))
    shipped, without = {}, {}
    for how, searches in found.items():
        read = how == "read"
        without[how] = left_out(searches, read)
        order = fit_order(searches)
        shipped[how] = named(order, fit_sure(searches, order, read))
    _write(MODELS / "weights.json", shipped)
    _write(LEFT_OUT, without)
    return 0


def _write(path: Path, numbers: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
