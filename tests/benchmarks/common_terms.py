"""Count how common each term is in Wikipedia, and write `index/common_terms.tsv`.

    python -m tests.benchmarks.common_terms --data DIR

Shares alone, no text: of all stretches of up to 150 words, those that hold the term.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import index
from index.terms import terms
from tests.benchmarks.data import BenchmarkData

TABLE = Path(index.__file__).parent / "common_terms.tsv"
STRETCH_WORDS = 150
LEAST_WORDS = 50
# Shorter lines are headings, captions and items of lists.
LEAST_WORDS_OF_A_PARAGRAPH = 40
LEAST_SHARE = 0.004


def main(argv: Sequence[str] | None = None) -> int:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = BenchmarkData(parser.parse_args(argv).data)
    held: Counter[str] = Counter()
    stretches = 0
    for stretch in _stretches(article.text for article in data.wiki()):
        stretches += 1
        held.update(set(terms(stretch)))
    rows = sorted(
        ((term, count / stretches) for term, count in held.items() if _belongs(term, count / stretches)),
        key=lambda row: (-row[1], row[0]),
    )
    TABLE.write_text("".join(f"{term}\t{share:.3f}\n" for term, share in rows), "utf-8")
    print(f"{len(rows):,} terms of {stretches:,} stretches, written to {TABLE}")
    return 0


def _stretches(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for paragraph in text.split("\n"):
            words = paragraph.split()
            if len(words) < LEAST_WORDS_OF_A_PARAGRAPH:
                continue
            for start in range(0, len(words), STRETCH_WORDS):
                stretch = words[start : start + STRETCH_WORDS]
                if len(stretch) >= LEAST_WORDS:
                    yield " ".join(stretch)


def _belongs(term: str, share: float) -> bool:
    return share >= LEAST_SHARE and term.isascii() and not term.lstrip("^").isdigit()


if __name__ == "__main__":
    sys.exit(main())
