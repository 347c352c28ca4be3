"""The JSON that scripts rely on: names, order and meaning of its keys stay as they are.

`start` and `end` count characters of the article's body as stored in `file`, front matter
excluded; the slice is the quote, its answer or the passage to the letter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.types import Answer, NoAnswer, Quote, Source, Told
from index.types import Hit

# Legal inside JSON strings, and yet: some are line ends to many readers of JSON Lines, some are
# obeyed by terminals, and lone surrogates cannot be written as UTF-8 at all.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def answer_json(answer: Answer | NoAnswer) -> str:
    """Return one line: an answer, an uncertain one, or none."""
    found = answer if isinstance(answer, Answer) else None
    nearest = answer.nearest if isinstance(answer, NoAnswer) else ()
    return one_line_json(
        {
            "question": answer.question,
            "status": "none" if found is None else "answer" if found.certain else "uncertain",
            "confidence": round(answer.confidence, 4),
            "quotes": [_quote(quote) for quote in found.quotes] if found else [],
            "sources": [_source(source) for source in found.sources] if found else [],
            "nearest": [{"id": near.id, "title": near.title, "url": near.url} for near in nearest],
            "text": found.text if found else None,
            "unanswered": list(found.unanswered) if found else [],
            "disagreement": found.disagreement if found else False,
            "selection": found.selection if found else False,
            "told": _told(found.told) if found and found.told else None,
            "instead": asdict(answer.instead) if answer.instead else None,
            "seconds": round(answer.seconds, 4),
        }
    )


def hits_json(question: str, hits: Sequence[Hit], sources: Path, seconds: float) -> str:
    """Return one line: passages, best first.  `sources` is the folder that the articles' files are below."""
    root = sources.absolute()
    return one_line_json(
        {
            "question": question,
            "hits": [_hit(rank, hit, root) for rank, hit in enumerate(hits, 1)],
            "seconds": round(seconds, 4),
        }
    )


def one_line_json(value: Any) -> str:
    """Return JSON that is one line to every reader, with letters of all scripts as they are."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "text": quote.text,
        "citation": quote.citation,
        "source_id": quote.source_id,
        "start": quote.start,
        "end": quote.end,
        "answer": {"start": quote.answer[0], "end": quote.answer[1]} if quote.answer else None,
        "path": list(quote.path),
        "part": quote.part,
        "shown": quote.seen.words,
        "copies": list(quote.copies),
    }


def _told(told: Told) -> dict[str, Any]:
    return {
        "about": told.about.value,
        "count": told.count,
        "subject": told.subject,
        "values": list(told.values),
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "citation": source.citation,
        "id": source.id,
        "title": source.title,
        "publisher": source.publisher,
        "published": source.published,
        "url": source.url,
        "link": source.link,
        "file": source.file,
        "also": list(source.also),
    }


def _hit(rank: int, hit: Hit, root: Path) -> dict[str, Any]:
    article = hit.passage.article
    return {
        "rank": rank,
        "score": round(float(hit.score), 6),
        "source_id": article.id,
        "title": article.title,
        "file": str(root / article.file),
        "start": hit.passage.start,
        "end": hit.passage.end,
        "text": hit.passage.text,
    }
