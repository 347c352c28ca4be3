"""Which sentences answer a question, the very words that do, and how sure that is.

The best windows of what was found are read by a model that says where each answers, if it does
(`index.encoders.reader`).  Its word, and a few signals of the search, order the sentences and give the
probability that the best of them answers.  Every weight stands in `bot/models/weights.json`,
fitted by `tests/benchmarks/fit.py` on several sets at once and judged on those left out.

Pure: everything is read from the `Findings` of one search.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from bot.answer.question import asks_yes_or_no
from bot.answer.windows import glance_at, read_windows
from index.common_terms import is_common
from index.search import Findings, Sentence
from index.terms import terms
from index.types import Article, Reader, ReadSpan
from index.units import unit_at

Floats = npt.NDArray[np.float64]

# The sentences that look best at first sight are candidates if nothing is read.
CLOSE_LOOK = 24
# A question is taken for English if this share of its words is common in English, or if the embedding
# model knows its words so well, as it does those of a few keywords.  See RESULTS.md, "Constants".
LEAST_COMMON = 0.25
LEAST_FAMILIAR = 0.2
# The reader's log-odds are cut off here: beyond, they say nothing more.
MOST_MARGIN = 12.0
# Below, the reader finds "no answer" likelier than any words of the sentence: these are not shown as the
# answer, and nothing else makes the sentence a certain one.  Yes and no have no words to find.
LEAST_MARGIN = 0.0
MOST_UNSURE = 0.45
# No probability is nearer to 0 or 1.
LEAST_SURE = 1e-5
# The lead over other articles if no other article was found.
MOST_LEAD = 6.0
# If the whole collection is one article, being the best in it says neither much nor nothing.
LEAD_ALONE = MOST_LEAD / 2

ORDER = ("margin", "cosine", "coverage", "passage")
"""The signals that order the sentences of a question."""
READ = ("margin", "intercept", "yes or no")
"""The inputs of "does the sentence answer?": the reader's margin, or one number for a yes-no question."""
SEARCH = ("lead", "cosine", "coverage", "intercept")
"""The inputs of "is it about what was asked at all?"."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be quoted.  `score` orders those of one question and no others."""

    sentence: Sentence
    article: Article
    score: float
    margin: float
    """The reader's log-odds that this sentence answers; 0 if nothing was read."""
    answer: tuple[int, int] | None
    """Of the very words that answer, offsets into `article.text`; None if nothing was read."""
    signals: Floats
    """Shape `(len(ORDER),)`."""
    covered: float
    """Share of what the question is about that its passage and what stands above it hold, 0..1."""

    @property
    def text(self) -> str:
        return self.article.text[self.sentence.start : self.sentence.end]

    @property
    def relevance(self) -> float:
        """How much it has to do with the question by both sides of the search, whatever was read."""
        return max(0.0, self.sentence.cosine) + 0.2 * self.sentence.coverage


@dataclass(frozen=True, slots=True)
class Correction:
    """Fits the log-odds of an answer to a reader and a collection: `scale * margin + offset`."""

    scale: float
    offset: float


def rank(
    findings: Findings,
    asked: str,
    reader: Reader | None,
    weights: Weights | None = None,
    context: str = "",
) -> list[Candidate]:
    """Return the candidate sentences, best first; `weights` are those that ship if None.

    `asked` is the question as it was put; the findings may come from a longer one, with the subject
    of the conversation in it, and that is what is read.  With a `context`, the question before, the
    findings come from both; then `asked` alone is read, and the context stands above each window, so
    that what answers the question before does not answer this one.
    """
    if not findings.sentences:
        return []
    read = reader if reader is not None and reads(reader, findings) else None
    if read is None:
        glances = np.array([glance_at(findings, s) for s in findings.sentences])
        places = sorted(int(i) for i in np.argsort(-glances, kind="stable")[:CLOSE_LOOK])
        spans: dict[int, ReadSpan] = {}
    else:
        spans = read_windows(findings, read, asked if context else findings.question, context)
        places = sorted(spans)
    places = [p for p in places if not _asks(findings, p)] or places
    if not asks_yes_or_no(asked):
        places = [p for p in places if not _echoes(findings, p)] or places
    signals = _signals(findings, places, spans)
    scores = signals @ (weights or shipped_weights()).order[read is not None]
    covered = _covered(findings, places)
    ranked = []
    for number, place in enumerate(places):
        sentence = findings.sentences[place]
        article = findings.hits[sentence.place].passage.article
        span = spans.get(place)
        answer = None if span is None else (span.start, span.end)
        margin = 0.0 if span is None else span.score
        score, held = float(scores[number]), covered[number]
        ranked.append(Candidate(sentence, article, score, margin, answer, signals[number], held))
    return sorted(ranked, key=lambda c: -c.score)


def reads(reader: Reader, findings: Findings) -> bool:
    """Return whether the reader knows the question's language, as far as that can be told."""
    words = _without_prefixes(findings.in_order)
    common = sum(map(is_common, words)) / (len(words) or 1)
    return not reader.english_only or common >= LEAST_COMMON or findings.weight >= LEAST_FAMILIAR


def evidence(findings: Findings, ranked: Sequence[Candidate]) -> Floats:
    """Return the signals of the best candidate and its lead over other articles, shape `(len(ORDER) + 1,)`.

    `ranked` are candidates, best first, at least one.
    """
    best = ranked[0]
    alone = all(hit.passage.article is best.article for hit in findings.hits)
    behind = best.score - LEAD_ALONE if alone else -np.inf
    other = max(
        # A copy of the sentence speaks for it.
        (c.score for c in ranked if c.article is not best.article and c.text != best.text),
        default=behind,
    )
    return np.append(best.signals, min(MOST_LEAD, best.score - other))


def probability(seen: Floats, yes_or_no: Floats, weights: Sure, read: bool) -> Floats:
    """Return the probability, 0..1, that each answer is right, shape `(answers,)`.

    It is about what was asked, and it answers it: one number for each, and their product.  `seen` are
    rows of `evidence`; `yes_or_no` says which questions ask that, whose answers have no span to find.
    """
    signal = dict(zip((*ORDER, "lead"), seen.T, strict=True))
    found = np.stack([signal["lead"], signal["cosine"], signal["coverage"], np.ones(len(seen))], -1)
    about = _sigmoid(found @ weights.search)
    slope, intercept, undecided = weights.read
    answers = _sigmoid(np.where(yes_or_no > 0, undecided, slope * signal["margin"] + intercept))
    return about * answers if read else about


def confidence(seen: Floats, yes_or_no: Floats, weights: Sure, read: bool) -> Floats:
    """Return `probability`, kept below one half for an answer whose words the reader does not find."""
    found = probability(seen, yes_or_no, weights, read)
    unfound = (seen[:, ORDER.index("margin")] < LEAST_MARGIN) & (yes_or_no == 0)
    return np.where(unfound, np.minimum(found, MOST_UNSURE), found) if read else found


def path_of(article: Article, start: int) -> tuple[str, ...]:
    """Return the headings above the unit at `start`, outermost first, and for a row its table's head."""
    unit = unit_at(article, start)
    if unit is None:
        return ()
    heads = " · ".join(filter(None, unit.heads))
    return (*unit.path, heads) if heads else unit.path


def subject_of(question: str) -> tuple[frozenset[str], ...]:
    """Return the stem and prefix of each word of the question's subject: either matches."""
    words = [frozenset(terms(word)) for word in question.split()]
    return tuple(word for word in words if word and not any(is_common(term) for term in word))


def subject_covered(subject: Sequence[frozenset[str]], held: frozenset[str]) -> float:
    """Return the share of the subject's words that `held` has, 0..1; 1 if the question has no subject."""
    return sum(not held.isdisjoint(word) for word in subject) / len(subject) if subject else 1.0


@dataclass(frozen=True, slots=True)
class Sure:
    """The fitted numbers of a probability."""

    read: Floats
    """Of `READ`."""
    search: Floats
    """Of `SEARCH`."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted numbers, without a reader and with one."""

    order: tuple[Floats, Floats]
    """Of `ORDER`."""
    sure: tuple[Sure, Sure]

    @classmethod
    def of(cls, named: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Weights:
        """Read `{"unread": {"order": {signal: weight}, "read": {…}, "search": {…}}, "read": …}`."""

        def row(how: str, what: str, names: Sequence[str]) -> Floats:
            return np.array([named[how][what][name] for name in names], np.float64)

        def both(how: str) -> tuple[Floats, Sure]:
            return row(how, "order", ORDER), Sure(row(how, "read", READ), row(how, "search", SEARCH))

        unread, read = both("unread"), both("read")
        return cls((unread[0], read[0]), (unread[1], read[1]))


@cache
def shipped_weights() -> Weights:
    """Return the numbers that ship, fitted on all sets."""
    return Weights.of(json.loads(files("bot").joinpath("models", "weights.json").read_text("utf-8")))


def _asks(findings: Findings, place: int) -> bool:
    """Return whether the sentence is a question itself, and so no answer."""
    return _text(findings, place).rstrip("\"”')» ").endswith(("?", "？"))


def _echoes(findings: Findings, place: int) -> bool:
    """Return whether the sentence says nothing that the question does not say."""
    asked = frozenset(findings.question_terms)
    return all(term in asked or is_common(term) for term in findings.sentences[place].terms)


def _signals(findings: Findings, places: Sequence[int], spans: dict[int, ReadSpan]) -> Floats:
    """Return the signals of the sentences at `places`, shape `(len(places), len(ORDER))`."""
    rows = []
    for place in places:
        sentence = findings.sentences[place]
        margin = spans[place].score if place in spans else 0.0
        rows.append(
            [
                max(-MOST_MARGIN, min(MOST_MARGIN, margin)),
                sentence.cosine,
                sentence.coverage,
                findings.hits[sentence.place].score,
            ]
        )
    return np.array(rows, np.float64).reshape(len(places), len(ORDER))


def _covered(findings: Findings, places: Sequence[int]) -> list[float]:
    """`Candidate.covered` of each."""
    subject = subject_of(findings.question)
    passages: dict[int, frozenset[str]] = {}
    for sentence in findings.sentences:
        passages[sentence.place] = passages.get(sentence.place, frozenset()) | sentence.terms
    held = []
    for sentence in (findings.sentences[place] for place in places):
        article = findings.hits[sentence.place].passage.article
        above = terms(" ".join([article.title, *path_of(article, sentence.start)]))
        held.append(subject_covered(subject, passages[sentence.place].union(above)))
    return held


def _without_prefixes(found: Sequence[str]) -> list[str]:
    return [term for term in found if not term.startswith("^")]


def _text(findings: Findings, place: int) -> str:
    sentence = findings.sentences[place]
    return findings.hits[sentence.place].passage.article.text[sentence.start : sentence.end]


class Judge:
    """Ranks sentences and says how sure it is, always with the same reader.  Thread-safe as it is."""

    def __init__(
        self,
        reader: Reader | None,
        calibration: Correction | None = None,
        weights: Weights | None = None,
    ) -> None:
        """`calibration` must be the one for this reader; `weights` are those that ship if None."""
        self._reader = reader
        self._calibration = calibration
        self._weights = weights or shipped_weights()

    def rank(self, findings: Findings, asked: str, context: str = "") -> list[Candidate]:
        """Return the candidate sentences, best first; as `rank`."""
        return rank(findings, asked, self._reader, self._weights, context)

    def margin(self, findings: Findings, ranked: Sequence[Candidate], asked: str) -> float:
        """Return the log-odds that the first of `ranked` answers the question."""
        if not ranked:
            return -MOST_MARGIN
        read = self._reader is not None and reads(self._reader, findings)
        yes_or_no = np.array([float(asks_yes_or_no(asked))])
        found = confidence(evidence(findings, ranked)[None], yes_or_no, self._weights.sure[read], read)
        sure = min(1 - LEAST_SURE, max(LEAST_SURE, float(found[0])))
        margin = math.log(sure / (1 - sure))
        if self._calibration is None:
            return margin
        return self._calibration.scale * margin + self._calibration.offset

    def sure(self, findings: Findings, ranked: Sequence[Candidate], asked: str) -> float:
        """Return the probability, 0..1, that the first of `ranked` answers the question."""
        return float(_sigmoid(np.array(self.margin(findings, ranked, asked))))


def _sigmoid(margins: Floats) -> Floats:
    # By tanh, which does not overflow.
    return np.asarray(0.5 * (1 + np.tanh(0.5 * margins)), np.float64)
