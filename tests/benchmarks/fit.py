"""Fit the few numbers that order sentences and say how sure an answer is, and judge them set by set.

    python -m tests.benchmarks.fit --data DIR [--reader FILE]

Each set is searched and read as the product does it.  Every question is asked twice: of the whole
collection, and with the article that answers taken away; of `squad2.dev`, near misses that people
wrote are asked too.  Numbers for one set come from all the others (leave one set out), and that is
what is printed; what ships is fitted on all of them.  No set counts more than another.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from bot.answer import ranking
from bot.answer.question import asks_yes_or_no
from index.embedding import SentenceTransformerEncoder, default_model_folder
from index.light import lightest
from index.reader import ShippedReader
from index.search import Findings, Searcher
from index.types import Article, Reader
from tests.benchmarks.collection import RememberingEncoder, Text, collect

Floats = npt.NDArray[np.float64]
MODELS = Path(ranking.__file__).parents[1] / "models"
# Of a Gaussian prior around 0, in units of each signal's spread.
PRIOR = 0.02
HITS = 32


@dataclass(frozen=True, slots=True)
class Asked:
    question: str
    article: str
    """Id of the article that answers or, of a near miss, that seems to."""
    start: int
    """Of the answer in it; -1 for a near miss."""
    end: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One search: its candidates' signals, and which of them are right."""

    set: str
    kind: str
    """"answerable", "near miss", or "taken away"."""
    read: bool
    yes_or_no: bool
    above: float
    signals: Floats
    articles: tuple[str, ...]
    right: npt.NDArray[np.bool_]


def seen(name: str, texts: Sequence[Text], asked: Sequence[Asked], parts: Parts) -> Iterator[Seen]:
    collection = collect(f"fit-{name}", texts, parts.encoder, parts.cache)
    searcher = Searcher(collection.generation, parts.encoder)
    parts.encoder.learn(one.question for one in asked)
    rows: dict[str, list[int]] = {}
    for number, passage in enumerate(collection.generation.passages):
        rows.setdefault(passage.article.id, []).append(number)
    for one in asked:
        question = " ".join(one.question.split())
        yield _seen(name, "answerable" if one.start >= 0 else "near miss", searcher.find(question, HITS), one, parts)
        if one.start >= 0:
            others = np.ones(len(collection.generation.passages), np.bool_)
            others[rows[one.article]] = False
            yield _seen(name, "taken away", searcher.find(question, HITS, others), one, parts)


@dataclass(frozen=True, slots=True)
class Parts:
    encoder: RememberingEncoder
    reader: Reader | None
    cache: Path


def _seen(name: str, kind: str, findings: Findings, one: Asked, parts: Parts) -> Seen:
    candidates = ranking.rank(findings, one.question, parts.reader)

    def right(article: Article, start: int, end: int) -> bool:
        return kind == "answerable" and article.id == one.article and start < one.end and end > one.start

    return Seen(
        name,
        kind,
        parts.reader is not None and ranking.reads(parts.reader, findings),
        asks_yes_or_no(one.question),
        max((hit.cosine for hit in findings.hits), default=0.0) - findings.far,
        np.array([c.signals for c in candidates]).reshape(len(candidates), len(ranking.ORDER)),
        tuple(c.article.id for c in candidates),
        np.array([right(c.article, c.sentence.start, c.sentence.end) for c in candidates], np.bool_),
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


def fit_sure(found: Sequence[Seen], order: Floats) -> Floats:
    """Weights of `ranking.SURE` and the intercept, by logistic regression."""
    rows = np.array([evidence(s, order) for s in found if len(s.right)])
    right = np.array([first_right(s, order) for s in found if len(s.right)], np.float64)
    each = np.array(_weights([s for s in found if len(s.right)]))
    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    spread[spread == 0] = 1.0
    x = np.hstack([(rows - middle) / spread, np.ones((len(rows), 1))])

    def loss(w: Floats) -> tuple[float, Floats]:
        z = x @ w
        p = 1 / (1 + np.exp(-z))
        value = each @ (np.logaddexp(0, z) - right * z) + PRIOR * w[:-1] @ w[:-1]
        return float(value), x.T @ (each * (p - right)) + 2 * PRIOR * np.append(w[:-1], 0)

    w = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return np.append(w[:-1] / spread, w[-1] - (w[:-1] / spread) @ middle)


def evidence(one: Seen, order: Floats) -> Floats:
    scores = one.signals @ order
    best = int(scores.argmax())
    others = [s for s, article in zip(scores, one.articles, strict=True) if article != one.articles[best]]
    lead = float(scores[best] - max(others, default=-np.inf))
    return ranking.evidence_of(one.signals[best], lead, one.above, one.yes_or_no)


def first_right(one: Seen, order: Floats) -> bool:
    return bool(len(one.right)) and bool(one.right[int((one.signals @ order).argmax())])


def _weights(found: Sequence[Seen]) -> list[float]:
    """The same for each set, and within it for each kind of question."""
    sizes: dict[tuple[str, str], int] = {}
    for one in found:
        sizes[one.set, one.kind] = sizes.get((one.set, one.kind), 0) + 1
    kinds = {name: sum(other == name for other, _ in sizes) for name, _ in sizes}
    return [100 / (kinds[one.set] * sizes[one.set, one.kind]) for one in found]


def judged(found: Sequence[Seen], order: Floats, sure: Floats) -> dict[str, float]:
    """The figures of one set."""
    p = {s.kind: [] for s in found}  # type: dict[str, list[float]]
    right = {s.kind: [] for s in found}  # type: dict[str, list[bool]]
    for one in found:
        row = np.append(evidence(one, order), 1.0) if len(one.right) else None
        p[one.kind].append(0.0 if row is None else float(1 / (1 + np.exp(-row @ sure))))
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
