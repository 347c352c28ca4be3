"""What the reader sees of what was found: windows of neighbouring sentences, and what it finds in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.rendering import shown_between
from index.search import Findings, Sentence
from index.types import Article, Reader, ReadSpan
from index.units import unit_at

# What the reader sees at a time.  It was trained on texts of 280 to 600 characters; shorter ones cost
# less, and leave out what a sentence points back to.
WINDOW_CHARS = 520
# Of so many windows, the reader reads the best.
WINDOWS = 8


@dataclass(frozen=True, slots=True)
class _Window:
    """Neighbouring sentences of one passage."""

    place: int
    """Of its passage in `Findings.hits`."""
    first: int
    stop: int
    """Its sentences are `Findings.sentences[first:stop]`."""
    glance: float
    """How well its best sentence looks."""


def read_windows(findings: Findings, reader: Reader, question: str, before: str) -> dict[int, ReadSpan]:
    """Return the best span of each sentence of the best windows, by its place; offsets into the article.

    `before` is the question that goes before it; empty for none.
    """
    windows = _best_windows(findings)
    views, texts = [], []
    for window in windows:
        article = findings.hits[window.place].passage.article
        start = findings.sentences[window.first].start
        view = shown_between(article, start, findings.sentences[window.stop - 1].end)
        views.append(view)
        texts.append((" ".join(filter(None, (before, _lead_of(findings, window)))), view.words))
    # The same text in several articles is read once.
    distinct = list(dict.fromkeys(texts))
    readings = dict(zip(distinct, reader.read(question, distinct), strict=True))
    spans: dict[int, ReadSpan] = {}
    for window, view, text in zip(windows, views, texts, strict=True):
        for place in range(window.first, window.stop):
            sentence = findings.sentences[place]
            where = view.where(sentence.start, sentence.end)
            if where is None:
                continue
            best = readings[text].best(*where)
            start, end = view.behind(best.start, best.end) or (sentence.start, sentence.end)
            article = findings.hits[sentence.place].passage.article
            start, end = _whole_words(article.text, start, end, sentence)
            if place not in spans or spans[place].score < best.score:
                spans[place] = ReadSpan(start, end, best.score)
    return spans


def _best_windows(findings: Findings) -> list[_Window]:
    """Cut the passages that were read closely into windows, and return the best `WINDOWS`."""
    windows = []
    for first, stop in _passages(findings.sentences):
        windows += _cut(findings, first, stop)
    best = sorted(windows, key=lambda w: -w.glance)[:WINDOWS]
    return sorted(best, key=lambda w: (w.place, w.first))


def _lead_of(findings: Findings, window: _Window) -> str:
    """Return the title, headings, question and list lead-in above the window, joined."""
    article = findings.hits[window.place].passage.article
    unit = unit_at(article, findings.sentences[window.first].start)
    parts = [article.title, *(unit.path if unit else ())]
    return " ".join(part if part[-1:] in ".?!。？！:" else f"{part}." for part in parts if part)


def _passages(sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Return the runs of sentences of one passage, `(first, stop)`."""
    marks = [
        0,
        *(i + 1 for i, (a, b) in enumerate(pairwise(sentences)) if a.place != b.place),
        len(sentences),
    ]
    return list(pairwise(marks))


def _cut(findings: Findings, first: int, stop: int) -> list[_Window]:
    sentences = findings.sentences
    windows = []
    start = first
    while start < stop:
        end = start + 1
        article = findings.hits[sentences[start].place].passage.article
        while end < stop and _fits(article, sentences[start].start, sentences[end].end):
            end += 1
        glance = max(glance_at(findings, s) for s in sentences[start:end])
        windows.append(_Window(sentences[start].place, start, end, glance))
        if end == stop:
            break
        # The last sentence once more, since the next may point back to it.
        start = max(start + 1, end - 1)
    return windows


def _fits(article: Article, start: int, end: int) -> bool:
    """Return whether `[start:end]` fits into a window; a table counts with its heads, as it is shown."""
    if end - start > WINDOW_CHARS:
        return False
    unit = unit_at(article, start)
    heads = unit.heads if unit is not None else ()
    return not heads or len(shown_between(article, start, end).words) <= WINDOW_CHARS


def glance_at(findings: Findings, sentence: Sentence) -> float:
    """Return how well a sentence looks before anything is read, by the scores of the search."""
    return (
        0.6 * sentence.coverage
        + (0.2 + findings.weight) * sentence.cosine
        + 0.5 * findings.hits[sentence.place].score
    )


def _whole_words(text: str, start: int, end: int, sentence: Sentence) -> tuple[int, int]:
    """Widen a span to whole words and figures, with their sign: "31.5%", "$590 million"."""
    while end < sentence.end and (text[end].isalnum() or text[end] in "%‰°"):
        end += 1
    while start > sentence.start and (text[start - 1].isalnum() or text[start - 1] in "$€£¥₹#@"):
        start -= 1
    return start, end
