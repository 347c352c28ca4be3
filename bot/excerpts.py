"""Which sentences answer the question: features of each candidate, and their learned score.

Pure: everything is read from the `Findings` of one search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.expected import Contents, Expected, contents, expected_answer, fits
from bot.linear import LinearModel, Matrix
from index.common_terms import is_common
from index.reader import SEPARATOR
from index.search import Findings, Sentence
from index.tokens import terms

# The sentences that look best at first sight are looked at closely.  The answer is beyond the
# 24th in 0.5 % of the tune questions in English (40th: 0.2 %), at little more than half the time.
CLOSE_LOOK = 24

FEATURES = (
    "cosine",
    "cosine below best",
    "cosine above background",
    "cosine, weighted",
    "cosine below best, weighted",
    "coverage",
    "coverage below best",
    "coverage of content",
    "coverage with neighbours",
    "coverage with headings",
    "subject covered",
    "subject covered around",
    "coverage of adjacent pairs",
    "rarest term covered",
    "rarest term in the context",
    "best cosine of neighbours",
    "passage score",
    "passage score below best",
    "passage rank",
    "passage cosine",
    "fits",
    "who: names",
    "when: dates",
    "when: numbers",
    "how many: numbers",
    "how many: money or share",
    "where: place",
    "where: names",
    "why: reason",
    "how: manner",
    "what: names",
    "what: numbers",
    "new numbers",
    "new dates",
    "new names",
    "pronoun start",
    "is question",
    "terms",
    "new terms",
    "position",
    "first in passage",
)

_PLACE_OF = {name: place for place, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A candidate sentence.  `score` orders those of one question and no others."""

    sentence: Sentence
    text: str
    score: float
    features: Matrix
    """Shape `(len(FEATURES),)`."""
    found: Contents
    reranker: float | None = None
    """Score of the reranker, on its own scale; None where it did not read this one, or there is none."""

    def feature(self, name: str) -> float:
        return float(self.features[_PLACE_OF[name]])


def excerpts(findings: Findings, asked: str, model: LinearModel) -> list[Excerpt]:
    """Return the candidate sentences, best first.

    `asked` is the question as it was put, which says what kind of answer is expected; the
    findings may come from a longer one, with the subject of the conversation in it.
    """
    chosen = candidates(findings)
    if not chosen:
        return []
    matrix, found = features(findings, asked, chosen)
    ranked = [
        Excerpt(
            findings.sentences[i], sentence_text(findings, findings.sentences[i]), float(score), row, held
        )
        for i, score, row, held in zip(chosen, model.margins(matrix), matrix, found, strict=True)
    ]
    return sorted(ranked, key=lambda e: -e.score)


def candidates(findings: Findings) -> list[int]:
    """Places in `findings.sentences` that deserve a close look, in order of place."""
    hits = findings.hits
    glance = [
        0.6 * s.coverage + (0.2 + findings.weight) * s.cosine + 0.5 * hits[s.place].score
        for s in findings.sentences
    ]
    best = np.argsort(-np.array(glance), kind="stable")[:CLOSE_LOOK]
    return sorted(int(i) for i in best)


def sentence_text(findings: Findings, sentence: Sentence) -> str:
    return findings.hits[sentence.place].passage.article.text[sentence.start : sentence.end]


def in_context(findings: Findings, excerpt: Excerpt) -> str:
    """The sentence, and behind a mark what a reader needs to understand it.

    That is the article's title, and the sentence before where it begins with a word that points back.
    """
    title = findings.hits[excerpt.sentence.place].passage.article.title
    context = [title]
    if excerpt.found.pronoun_start:
        place = findings.sentences.index(excerpt.sentence)
        if place and findings.sentences[place - 1].place == excerpt.sentence.place:
            context.append(sentence_text(findings, findings.sentences[place - 1]))
    return " ".join(excerpt.text.split()) + SEPARATOR + " ".join(". ".join(context).split())


def features(findings: Findings, asked: str, chosen: Sequence[int]) -> tuple[Matrix, list[Contents]]:
    """Return a matrix of shape `(len(chosen), len(FEATURES))`, and what each sentence holds."""
    expected, terms_asked = expected_answer(asked), frozenset(findings.question_terms)
    found = [contents(sentence_text(findings, findings.sentences[i]), terms_asked, expected) for i in chosen]
    if not found:
        return np.zeros((0, len(FEATURES)), np.float32), []
    columns = {
        **_of_scores(findings, chosen),
        **_of_words(findings, chosen),
        **_of_contents(found, expected),
        **_of_form(findings, chosen, terms_asked),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1, dtype=np.float32), found


def subject_of(question: str) -> tuple[frozenset[str], ...]:
    """For each word that says what the question is about, its stem and prefix: either will do."""
    words = [frozenset(terms(word)) for word in question.split()]
    return tuple(word for word in words if word and not any(is_common(term) for term in word))


def subject_covered(subject: Sequence[frozenset[str]], held: frozenset[str]) -> float:
    """Share of the subject's words that `held` has, 0..1; 1 where the question has no subject."""
    return sum(not held.isdisjoint(word) for word in subject) / len(subject) if subject else 1.0


_Columns = dict[str, npt.NDArray[Any]]
"""By name of the feature, each of shape `(chosen,)`."""


def _of_scores(findings: Findings, chosen: Sequence[int]) -> _Columns:
    """How near sentence and passage are to the question."""
    sentences = findings.sentences
    cosines = np.array([s.cosine for s in sentences])
    coverage = np.array([s.coverage for s in sentences])
    places = np.array([s.place for s in sentences])
    hits = [findings.hits[place] for place in places[chosen]]
    scores = np.array([hit.score for hit in hits])
    beside = _highest_beside(cosines, places)[chosen]
    cosine, below_best = cosines[chosen], cosines[chosen] - cosines.max()
    return {
        "cosine": cosine,
        "cosine below best": below_best,
        "cosine above background": cosine - findings.background,
        "cosine, weighted": cosine * findings.weight,
        "cosine below best, weighted": below_best * findings.weight,
        "coverage": coverage[chosen],
        "coverage below best": coverage[chosen] - coverage.max(),
        "best cosine of neighbours": beside,
        "passage score": scores,
        "passage score below best": scores - findings.hits[0].score,
        "passage rank": np.log1p(places[chosen]),
        "passage cosine": np.array([hit.cosine for hit in hits]),
    }


def _highest_beside(values: npt.NDArray[Any], places: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of the sentences before and after each in its passage; 0 where there is none."""
    together = places[1:] == places[:-1]
    before = np.concatenate([[-np.inf], np.where(together, values[:-1], -np.inf)])
    after = np.concatenate([np.where(together, values[1:], -np.inf), [-np.inf]])
    highest = np.maximum(before, after)
    return np.where(np.isinf(highest), 0.0, highest)


def _of_words(findings: Findings, chosen: Sequence[int]) -> _Columns:
    """Which of the question's words the sentences hold, their neighbours, and what they stand under."""
    subject = subject_of(findings.question)
    words = tuple(dict.fromkeys([*findings.idf, *(term for word in subject for term in word)]))
    weights = np.array([findings.idf.get(word, 0.0) for word in words])
    # Terms that are common everywhere carry the grammar of the question, not its subject.
    middle = float(np.median(list(findings.idf.values()))) if findings.idf else 0.0
    content = np.where(weights >= 0.7 * middle, weights, 0.0)

    sentences = findings.sentences
    places = np.array([s.place for s in sentences])
    held = _holding([s.terms for s in sentences], words)
    together = (places[1:] == places[:-1])[:, None]
    context = held.copy()
    context[1:] |= held[:-1] & together
    context[:-1] |= held[1:] & together
    above = [
        frozenset(terms(f"{hit.passage.article.title} {hit.passage.heading or ''}"))
        for hit in findings.hits[: int(places.max()) + 1]
    ]
    headings = _holding(above, words)[places]

    asked = np.array([word in findings.idf for word in words], np.bool_)
    known = np.flatnonzero(held.any(axis=0) & asked)
    rarest = np.zeros(len(words), np.bool_)
    if len(known):
        rarest[known[weights[known].argmax()]] = True
    own, around, under = held[chosen], context[chosen], headings[chosen]
    return {
        "coverage of content": _share(own, content),
        "coverage with neighbours": _share(around, weights),
        "coverage with headings": _share(own | under, weights),
        "subject covered": _subject_covered(subject, words, own),
        "subject covered around": _subject_covered(subject, words, around | under),
        "rarest term covered": (own & rarest).any(axis=1),
        "rarest term in the context": ((around | under) & rarest).any(axis=1),
        "coverage of adjacent pairs": _pairs_covered(findings, chosen),
    }


def _holding(texts: Sequence[frozenset[str]], words: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Shape `(texts, words)`: whether the text has the word among its terms."""
    return np.array([[word in held for word in words] for held in texts], np.bool_).reshape(
        len(texts), len(words)
    )


def _share(held: npt.NDArray[np.bool_], weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Of the sum of `weights`, 0..1."""
    return np.asarray(held @ weights / (weights.sum() or 1.0))


def _subject_covered(
    subject: Sequence[frozenset[str]], words: Sequence[str], held: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """`subject_covered` of all rows at once."""
    if not subject:
        return np.ones(len(held))
    # Shape (subject, words).
    of = _holding(subject, words)
    return np.asarray((held @ of.T).mean(axis=1))


def _pairs_covered(findings: Findings, chosen: Sequence[int]) -> npt.NDArray[Any]:
    """Share of the question's neighbouring terms that are neighbours in the sentence as well."""
    wanted = set(pairwise(_without_prefixes(terms(findings.question))))
    found = []
    for i in chosen:
        sentence = findings.sentences[i]
        possible = {pair for pair in wanted if sentence.terms.issuperset(pair)}
        # Few sentences hold both terms of a pair, and the others need no look at their order.
        pairs = pairwise(_without_prefixes(sentence.in_order)) if possible else ()
        found.append(len(possible.intersection(pairs)))
    return np.array(found) / (len(wanted) or 1)


def _without_prefixes(found: Iterable[str]) -> list[str]:
    return [term for term in found if not term.startswith("^")]


def _of_contents(found: Sequence[Contents], expected: Expected) -> _Columns:
    """What answers of the expected kind the sentences hold."""
    numbers = np.array([held.numbers for held in found])
    dates = np.array([held.dates for held in found])
    names = np.array([held.names for held in found])
    kind = np.array([held.kind for held in found])
    money_or_share = np.array([held.money_or_share for held in found])

    def where(asked: Expected, holding: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return holding if expected is asked else np.zeros(len(found), np.bool_)

    return {
        "fits": np.array([fits(expected, held) for held in found]),
        "who: names": where(Expected.PERSON, names > 0),
        "when: dates": where(Expected.TIME, dates > 0),
        "when: numbers": where(Expected.TIME, numbers > 0),
        "how many: numbers": where(Expected.NUMBER, numbers > 0),
        "how many: money or share": where(Expected.NUMBER, money_or_share),
        "where: place": where(Expected.PLACE, kind),
        "where: names": where(Expected.PLACE, names > 0),
        "why: reason": where(Expected.REASON, kind),
        "how: manner": where(Expected.MANNER, kind),
        "what: names": where(Expected.THING, names > 0),
        "what: numbers": where(Expected.THING, numbers > 0),
        "new numbers": np.minimum(numbers, 4),
        "new dates": np.minimum(dates, 4),
        "new names": np.minimum(names, 6),
        "pronoun start": np.array([held.pronoun_start for held in found]),
        "is question": np.array([held.is_question for held in found]),
    }


def _of_form(findings: Findings, chosen: Sequence[int], asked: frozenset[str]) -> _Columns:
    """How long the sentences are, and where they stand."""
    sentences = findings.sentences
    position = []
    for i in chosen:
        passage = findings.hits[sentences[i].place].passage
        position.append((sentences[i].start - passage.start) / max(1, passage.end - passage.start))
    return {
        "terms": np.log1p([len(sentences[i].terms) for i in chosen]),
        "new terms": np.log1p([len(sentences[i].terms - asked) for i in chosen]),
        "position": np.array(position),
        "first in passage": np.array(
            [i == 0 or sentences[i - 1].place != sentences[i].place for i in chosen]
        ),
    }
