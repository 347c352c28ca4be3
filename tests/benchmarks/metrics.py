"""Measures of rankings, ranges and probabilities: pure functions, each with its definition."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Range = tuple[str, int, int]
"""`(document, start, end)`: the characters `[start, end)` of a document."""


def reciprocal_rank(ranking: Sequence[str], wanted: str) -> float:
    """1 / the rank of `wanted`, counted from 1; 0 where it is not in the ranking."""
    return 1 / (ranking.index(wanted) + 1) if wanted in ranking else 0.0


def average_precision(relevant: Sequence[bool]) -> float:
    """Mean precision at the ranks of the relevant ones; `relevant` is in order of rank and whole."""
    found = 0
    total = 0.0
    for rank, is_relevant in enumerate(relevant, 1):
        if is_relevant:
            found += 1
            total += found / rank
    return total / found if found else 0.0


def ndcg(ranking: Sequence[str], gains: Mapping[str, float], k: int) -> float:
    """Discounted cumulative gain of the first `k` against the best possible (Järvelin and Kekäläinen 2002).

    The gain counts as it is, discounted by log2(rank + 1), as trec_eval has it.
    """
    best = _discounted(sorted(gains.values(), reverse=True)[:k])
    return _discounted([gains.get(document, 0.0) for document in ranking[:k]]) / best if best else 0.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """How well found ranges cover gold ranges, in characters.

    Recall, precision and intersection over union of Smith and Troynikov, "Evaluating Chunking
    Strategies for Retrieval" (2024).
    """

    recall: float
    precision: float
    iou: float


def overlap(found: Iterable[Range], gold: Iterable[Range]) -> Overlap:
    """Characters that are found twice count once."""
    found_ranges, gold_ranges = merged(found), merged(gold)
    shared = sum(
        max(0, min(end, gold_end) - max(start, gold_start))
        for document, start, end in found_ranges
        for gold_document, gold_start, gold_end in gold_ranges
        if document == gold_document
    )
    found_length, gold_length = _length(found_ranges), _length(gold_ranges)
    union = found_length + gold_length - shared
    return Overlap(
        recall=shared / gold_length if gold_length else 0.0,
        precision=shared / found_length if found_length else 0.0,
        iou=shared / union if union else 0.0,
    )


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same characters as disjoint ranges, in order."""
    result: list[Range] = []
    for document, start, end in sorted(ranges):
        if result and result[-1][0] == document and start <= result[-1][2]:
            result[-1] = (document, result[-1][1], max(end, result[-1][2]))
        else:
            result.append((document, start, end))
    return result


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; a tie counts half (Mann-Whitney U).

    NaN where either is empty.
    """
    if not positives or not negatives:
        return math.nan
    below = np.sort(np.asarray(negatives))
    lower = np.searchsorted(below, positives, side="left")
    upper = np.searchsorted(below, positives, side="right")
    return float((lower + upper).sum() / 2 / (len(positives) * len(negatives)))


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions within `[low, high)`; the last bin of all holds 1 too."""

    low: float
    high: float
    count: int
    predicted: float
    """Their mean; NaN where `count` is 0."""
    observed: float
    """The share of them that came true; NaN where `count` is 0."""


def calibration(predictions: Sequence[float], outcomes: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Bins of equal width over 0..1."""
    members: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for prediction, outcome in zip(predictions, outcomes, strict=True):
        members[min(bins - 1, int(prediction * bins))].append((prediction, outcome))
    return [
        Bin(
            low=number / bins,
            high=(number + 1) / bins,
            count=len(group),
            predicted=mean([prediction for prediction, _ in group]),
            observed=mean([outcome for _, outcome in group]),
        )
        for number, group in enumerate(members)
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of predicted and observed, weighted by count."""
    total = sum(group.count for group in bins)
    distance = sum(group.count * abs(group.predicted - group.observed) for group in bins if group.count)
    return distance / total if total else math.nan


def mean(values: Sequence[float]) -> float:
    """NaN where there are none."""
    return sum(values) / len(values) if values else math.nan


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _length(ranges: Sequence[Range]) -> int:
    return sum(end - start for _, start, end in ranges)
