"""Whether a generation is what was written, bit by bit, and whether all of its parts belong together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from index.generation import Generation, open_generation
from index.keywords import MAX_COUNT, Postings
from index.manifest import check_bytes, damaged, read_manifest
from index.types import Rows, Table, Vectors

# Rows that are looked at together: 30 MB.
ROWS_AT_ONCE = 20_000


def check_generation(folder: Path) -> Generation:
    """Read a generation bit by bit, and compare all its parts; raise `DamagedGeneration`."""
    check_bytes(folder, read_manifest(folder))
    generation = open_generation(folder)
    try:
        complaint = flaw(generation)
    except (IndexError, ValueError) as error:
        complaint = f"its parts do not belong together ({error})"
    if complaint is not None:
        raise damaged(folder, complaint)
    return generation


def flaw(generation: Generation) -> str | None:
    """Return what is wrong with the contents of a generation whose files are whole; None if all is well."""
    places, sentences, postings = generation.passages, generation.sentences, generation.postings
    sources = generation.manifest.sources
    counts = {len(places), len(generation.vectors), len(postings), len(generation.digests[0])}
    spoken = {len(sentences), len(generation.sentence_vectors), len(generation.contexts)}
    spoken.add(len(generation.digests[1]))
    if counts != {generation.manifest.passages} or spoken != {generation.manifest.sentences}:
        return "its parts do not belong together"
    if len(sources) != len(generation.stored) or len({entry.id for entry in sources}) < len(sources):
        return "its articles are not those of its manifest"
    ends = []
    for entry, article in zip(sources, generation.stored, strict=True):
        if (article.id, article.file, article.sha256) != (entry.id, entry.file, entry.sha256):
            return f"its article {entry.id} is another one"
        ends.append(len(article.text))
    held = np.bincount(places[:, 0], minlength=len(ends))
    if held.tolist() != [entry.passages for entry in sources]:
        return "its passages are not those of its articles"
    if not _in_order(places[:, :3], np.array(ends, np.int64)):
        return "a passage lies outside its article"
    for numbers in (places[:, 3], generation.contexts):
        if not ((numbers >= 0) & (numbers < len(generation.paths))).all():
            return "what stands above a sentence is missing"
    if not np.bincount(sentences[:, 0], minlength=len(places)).all():
        return "a passage has no sentence"
    starts, stops = places[:, 1].astype(np.int64), places[:, 2].astype(np.int64)
    if not _in_order(sentences, stops) or (sentences[:, 1] < starts[sentences[:, 0]]).any():
        return "a sentence lies outside its passage"
    if not _terms_agree(postings):
        return "its terms do not belong together"
    if not _finite(generation.vectors.reconstruct, len(places)) or not _finite(
        generation.sentence_vectors.rows, len(sentences)
    ):
        return "a vector is no vector"
    return None


def _in_order(spans: Table, ends: Rows) -> bool:
    """Return whether spans (owner, start, end) are in order, do not overlap, and end within their owners."""
    owner, start, end = spans[:, 0].astype(np.int64), spans[:, 1], spans[:, 2]
    if not len(spans):
        return True
    if owner.min() < 0 or owner.max() >= len(ends):
        return False
    same = owner[1:] == owner[:-1]
    return bool(
        (start >= 0).all()
        and (start < end).all()
        and (end <= ends[owner]).all()
        and (np.diff(owner) >= 0).all()
        and (start[1:][same] >= end[:-1][same]).all()
    )


def _terms_agree(postings: Postings) -> bool:
    starts, rows = postings.starts, postings.rows
    if not (
        len(starts) == len(postings.term_keys) + 1
        and len(rows) == len(postings.counts) == starts[-1]
        and starts[0] == 0
        and (np.diff(starts) > 0).all()
        and (postings.term_keys[1:] > postings.term_keys[:-1]).all()
    ):
        return False
    if not len(rows):
        return not postings.lengths.any()
    if rows.min() < 0 or rows.max() >= len(postings):
        return False
    totals = np.bincount(rows, postings.counts, minlength=len(postings))
    capped = bool((postings.counts == MAX_COUNT).any())
    return capped or bool((totals == postings.lengths).all())


def _finite(rows: Callable[[Rows], Vectors], count: int) -> bool:
    return all(
        np.isfinite(rows(np.arange(start, min(start + ROWS_AT_ONCE, count)))).all()
        for start in range(0, count, ROWS_AT_ONCE)
    )
