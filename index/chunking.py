"""An article -> passages of whole sentences, and the text that a passage is searched by.

Pure: the embedding model is seen only as a function that counts tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from index.article import heading_text
from index.sentences import Span, is_heading, sentence_spans
from index.types import Article, ChunkSettings, Passage

TokenCounter = Callable[[Sequence[str]], list[int]]
Table = npt.NDArray[np.int32]

# What a break costs, where 1 is the cost of a passage that is twice its target.  A heading is
# run over only where that saves the article a passage of less than half the target; a break in
# the middle of a paragraph loses to one at its end when the sizes are as good.
HEADING_INSIDE = 0.6
BREAK_IN_PARAGRAPH = 0.05
# English has some 4.5 characters a token.  A model that does not know a script has a single
# "unknown" token for a whole run of it, so that without a floor a Thai article were one passage.
MAX_CHARS_PER_TOKEN = 8


@dataclass(frozen=True, slots=True)
class Chunks:
    """The passages of one article in order, and its sentences."""

    passages: tuple[Passage, ...]
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; offsets into `article.text`."""


def chunk(article: Article, count_tokens: TokenCounter, settings: ChunkSettings) -> Chunks:
    """Split an article so that every sentence is in exactly one passage.

    Headings are no sentences: they become the context of what follows, and stand inside a
    passage only where a section was too short for a passage of its own.
    """
    text = article.text
    spans = sentence_spans(text)
    counts = count_tokens([text[start:end] for start, end in spans])
    sizes = [
        max(count, math.ceil((end - start) / MAX_CHARS_PER_TOKEN))
        for count, (start, end) in zip(counts, spans, strict=True)
    ]
    sentences = [i for i, (start, _) in enumerate(spans) if not is_heading(text, start)]
    groups = _pack(text, spans, sizes, sentences, settings)
    headings = _headings(text, spans, sentences)
    passages: list[Passage] = []
    rows: list[tuple[int, int, int]] = []
    for number, (first, stop) in enumerate(groups):
        start, end = spans[sentences[first]][0], spans[sentences[stop - 1]][1]
        passages.append(Passage(article, start, end, headings[first]))
        rows.extend((number, *spans[i]) for i in sentences[first:stop])
    return Chunks(tuple(passages), np.array(rows, dtype=np.int32).reshape(-1, 3))


def context_text(passage: Passage) -> str:
    """The text that stands for a passage in search: its title and heading in front of it."""
    lead = [passage.article.title]
    if passage.heading and passage.heading.casefold() != passage.article.title.casefold():
        lead.append(passage.heading)
    # A title that brings its own full stop or question mark needs none.
    return "".join(f"{part}. " if part[-1:].isalnum() else f"{part} " for part in lead) + passage.text


def _pack(
    text: str, spans: Sequence[Span], sizes: Sequence[int], sentences: Sequence[int], settings: ChunkSettings
) -> list[tuple[int, int]]:
    """Choose the cheapest breaks for the whole article, as Knuth and Plass break lines.

    A packer that fills passages one by one leaves a scrap at the end of each section; minimising
    the summed squared distance from the target shares the text out evenly instead.
    """
    before = [0, *accumulate(sizes)]
    target = settings.target_tokens
    best = [0.0] + [float("inf")] * len(sentences)
    came_from = [0] * (len(sentences) + 1)
    for stop in range(1, len(sentences) + 1):
        last = sentences[stop - 1]
        headings = 0
        for first in range(stop - 1, -1, -1):
            span = sentences[first]
            size = before[last + 1] - before[span]
            if size > settings.limit_tokens and stop - first > 1:
                break
            cost = best[first] + ((size - target) / target) ** 2 + headings * HEADING_INSIDE
            if first and not _starts_paragraph(text, spans, span):
                cost += BREAK_IN_PARAGRAPH
            if cost < best[stop]:
                best[stop], came_from[stop] = cost, first
            if first and span - sentences[first - 1] > 1:
                headings += 1
    groups: list[tuple[int, int]] = []
    stop = len(sentences)
    while stop:
        groups.append((came_from[stop], stop))
        stop = came_from[stop]
    return groups[::-1]


def _starts_paragraph(text: str, spans: Sequence[Span], number: int) -> bool:
    return number == 0 or "\n\n" in text[spans[number - 1][1] : spans[number][0]]


def _headings(text: str, spans: Sequence[Span], sentences: Sequence[int]) -> list[str | None]:
    """The nearest heading above each sentence."""
    found: list[str | None] = []
    heading: str | None = None
    previous = -1
    for number in sentences:
        if number - previous > 1:
            start = spans[number - 1][0]
            stop = text.find("\n", start)
            heading = heading_text(text[text.rfind("\n", 0, start) + 1 : stop if stop >= 0 else len(text)])
        found.append(heading)
        previous = number
    return found
