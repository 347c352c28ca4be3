"""An article -> passages of whole sentences, and the text that a passage is searched by.

Pure: the embedding model is seen only as a function that counts tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from index.types import Article, ChunkSettings, Passage, Table
from index.units import Kind, Unit, units_of

TokenCounter = Callable[[Sequence[str]], list[int]]

# The cost of a break; 1 is the cost of a passage that is twice its target.  A heading is run over
# only if that saves the article a passage of less than half the target; a break in
# the middle of a paragraph loses to one at its end when the sizes are as good.
HEADING_INSIDE = 0.6
BREAK_IN_PARAGRAPH = 0.05
# A list or table is torn from its lead-in or head only if it is longer than a passage.
BREAK_IN_TABLE = 0.3
_KEPT_TOGETHER = (Kind.ITEM, Kind.ROW)
_QUESTION_MARKS = "?？؟*_"
# English has some 4.5 characters a token.  A model that does not know a script has a single
# "unknown" token for a whole run of it, so that without a floor a Thai article were one passage.
MAX_CHARS_PER_TOKEN = 8


@dataclass(frozen=True, slots=True)
class Chunks:
    """The passages of one article in order, and its sentences: the units that can be quoted."""

    passages: tuple[Passage, ...]
    sentences: Table
    """Shape `(sentences, 3)`: passage number, start, end; offsets into `article.text`."""
    units: tuple[Unit, ...]
    """One for each row of `sentences`."""


def chunk(article: Article, count_tokens: TokenCounter, settings: ChunkSettings) -> Chunks:
    """Split an article so that every unit that can be quoted is in exactly one passage.

    A unit that introduces others is no sentence: it becomes their context, and is inside a passage
    only if the passage goes on from what stands before it.
    """
    text = article.text
    units = units_of(article)
    counts = count_tokens([text[unit.start : unit.end] for unit in units])
    sizes = [
        max(count, math.ceil((unit.end - unit.start) / MAX_CHARS_PER_TOKEN))
        for count, unit in zip(counts, units, strict=True)
    ]
    sentences = [i for i, unit in enumerate(units) if unit.kind is not Kind.INTRODUCES]
    passages: list[Passage] = []
    rows: list[tuple[int, int, int]] = []
    for number, (first, stop) in enumerate(_pack(text, units, sizes, sentences, settings)):
        own = [units[i] for i in sentences[first:stop]]
        passages.append(Passage(article, own[0].start, own[-1].end, _path(own[0])))
        rows.extend((number, unit.start, unit.end) for unit in own)
    table = np.array(rows, dtype=np.int32).reshape(-1, 3)
    return Chunks(tuple(passages), table, tuple(units[i] for i in sentences))


def _path(first: Unit) -> tuple[str, ...]:
    """Return the headings above a passage that begins with `first`; for a row, also its table's head."""
    heads = " · ".join(head for head in first.heads if head)
    return (*first.path, heads) if heads else first.path


def context_text(passage: Passage) -> str:
    """Return the text that a passage is searched by: title, headings above it, and its own text."""
    lead = [passage.article.title, *passage.path]
    # A title that brings its own full stop or question mark needs none.
    return "".join(f"{part}. " if part[-1:].isalnum() else f"{part} " for part in lead) + passage.text


def _pack(
    text: str, units: Sequence[Unit], sizes: Sequence[int], sentences: Sequence[int], settings: ChunkSettings
) -> list[tuple[int, int]]:
    """Choose the cheapest breaks for the whole article, as Knuth and Plass break lines.

    A packer that fills passages one by one leaves a scrap at the end of each section; minimising
    the summed squared distance from the target shares the text out evenly instead.
    """
    before = [0, *accumulate(sizes)]
    target = settings.target_tokens
    breaks, runs_over = _costs(text, units, sentences)
    best = [0.0] + [float("inf")] * len(sentences)
    came_from = [0] * (len(sentences) + 1)
    for stop in range(1, len(sentences) + 1):
        last = sentences[stop - 1]
        inside = 0.0
        for first in range(stop - 1, -1, -1):
            size = before[last + 1] - before[sentences[first]]
            if size > settings.limit_tokens and stop - first > 1:
                break
            cost = best[first] + ((size - target) / target) ** 2 + inside + breaks[first]
            if cost < best[stop]:
                best[stop], came_from[stop] = cost, first
            inside += runs_over[first]
    groups: list[tuple[int, int]] = []
    stop = len(sentences)
    while stop:
        groups.append((came_from[stop], stop))
        stop = came_from[stop]
    return groups[::-1]


def _costs(text: str, units: Sequence[Unit], sentences: Sequence[int]) -> tuple[list[float], list[float]]:
    """Return the cost of a break in front of each sentence, and of no break there."""
    asked = {unit.introduced_by for unit in units}
    breaks, runs_over = [0.0], [0.0]
    for before, number in pairwise(sentences):
        unit, last = units[number], units[before]
        sections = [
            one
            for one in units[before + 1 : number]
            if (one.start, one.end) not in asked or text[one.end - 1] in _QUESTION_MARKS
        ]
        together = unit.kind in _KEPT_TOGETHER and unit.introduced_by == last.introduced_by is not None
        starts = "\n\n" in text[units[number - 1].end : unit.start]
        breaks.append(BREAK_IN_TABLE if together else 0.0 if starts else BREAK_IN_PARAGRAPH)
        runs_over.append(HEADING_INSIDE if sections else 0.0)
    return breaks, runs_over
