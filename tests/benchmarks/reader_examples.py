"""Lay out what the reader learns from: questions, their windows, and windows that only look right.

    python -m tests.benchmarks.reader_examples --data DIR --out FILE

DIR is the folder with the reading-comprehension sets, one JSON object a line; `SETS` names those that
are learnt from.  FILE is what `train_reader` needs besides the packaged model, so that training runs on
a machine that has an accelerator and little else.  Seeded: the same sets give the same file.

A question comes with the paragraph that answers it or, if it is a near miss, with the paragraph that
seems to; with up to four other paragraphs of the same article that share its words; and some are asked
a second time with another name or year in the place of their own, which the paragraph does not answer.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.terms import terms

# Articles (the middle number of an id) that are never learnt from, so that the near misses over
# them, `squad2_unansq.dev`, say how training goes.
HELD_OUT = frozenset(
    (17, 37, 45, 92, 111, 113, 116, 121, 128, 132, 144, 153, 159, 170, 189, 196, 204, 209, 219, 225,
     226, 241, 244, 259, 263, 264, 280, 300, 338, 340, 351, 418)
)  # fmt: skip
SETS = (
    "squad2_pairs_on_bt.train",
    "squad_train_tail.train",
    "squad2_backtranslated.train",
    "fairytaleqa.train",
)
WATCHED = "squad2_unansq.dev"
# Of the answerable questions, so many are asked again with another name or year.
SWAPPED = 0.15
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_YEAR = re.compile(r"\b(?:1[4-9]|20)\d\d\b")
_SENTENCE = re.compile(r"[^.!?]+[.!?]?")


def read_set(data: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def article_of(record: dict[str, Any]) -> str:
    found = re.match(r"squad2bt-(\d+)-", record.get("bt") or record["id"])
    return found.group(1) if found else record.get("title") or record["context"][:40]


class Article:
    """The paragraphs of one article, by number, and a rough search among them."""

    def __init__(self, numbers: Sequence[int], texts: Sequence[str]) -> None:
        self.numbers = numbers
        names: Counter[str] = Counter()
        for number in numbers:
            names.update(re.findall(r"(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)?", texts[number]))
        self.name = names.most_common(1)[0][0] if names else ""
        self.names = [name for name, count in names.most_common(200) if count > 1]
        self.years = sorted({year for number in numbers for year in _YEAR.findall(texts[number])})
        self._held = {number: frozenset(terms(texts[number])) for number in numbers}
        counts = Counter(t for held in self._held.values() for t in held)
        self._idf = {t: math.log(1 + len(numbers) / n) for t, n in counts.items()}

    def alike(self, asked: frozenset[str], own: int) -> list[int]:
        """Return the numbers of the four other paragraphs that share most with a question."""
        scored = [
            (sum(self._idf.get(t, 0.0) for t in asked & held), number)
            for number, held in self._held.items()
            if number != own
        ]
        return [number for score, number in sorted(scored, reverse=True)[:4] if score > 0]

    def swapped(self, question: str, chance: random.Random) -> str | None:
        """Return the question with another name or year of this article in it, None if it has none."""
        for pattern, others in ((_YEAR, self.years), (_NAME, self.names)):
            held = [m for m in pattern.finditer(question)]
            if not held:
                continue
            match = chance.choice(held)
            fitting = [o for o in others if o.casefold() not in question.casefold()]
            if fitting:
                return question[: match.start()] + chance.choice(fitting) + question[match.end() :]
        return None


def looked_at(text: str, asked: frozenset[str]) -> tuple[int, int]:
    """Return the sentence of `text` that shares most with a question, as characters."""
    spans = [m.span() for m in _SENTENCE.finditer(text)]
    return max(spans, key=lambda s: len(asked & frozenset(terms(text[s[0] : s[1]]))))


def laid_out(data: Path, seed: int) -> dict[str, Any]:
    """Return the texts, the questions over them, and those that training is watched by."""
    chance = random.Random(seed)
    records = [
        record
        for name in SETS
        for record in read_set(data, name)
        if not (article_of(record).isdigit() and int(article_of(record)) in HELD_OUT)
    ]
    numbers: dict[str, int] = {}
    for record in records:
        numbers.setdefault(record["context"], len(numbers))
    texts = list(numbers)
    held: dict[str, dict[int, None]] = {}
    for record in records:
        held.setdefault(article_of(record), {})[numbers[record["context"]]] = None
    articles = {name: Article(list(own), texts) for name, own in held.items()}
    asked = []
    for record in records:
        article, own = articles[article_of(record)], numbers[record["context"]]
        question, answers = record["question"], record["answers"]
        title = record["title"] or article.name
        words = frozenset(terms(question))
        elsewhere = [
            [number, *looked_at(texts[number], words)]
            for number in article.alike(words, own)
            if not any(a["text"].casefold() in texts[number].casefold() for a in answers)
        ]
        if answers:
            start = int(answers[0]["start"])
            place = [own, start, start + len(answers[0]["text"])]
        else:
            place = [own, *looked_at(texts[own], words)]
        asked.append([question, title, bool(answers), place, elsewhere])
        if answers and chance.random() < SWAPPED:
            other = article.swapped(question, chance)
            if other is not None:
                asked.append([other, title, False, [own, *looked_at(texts[own], words)], []])
    chance.shuffle(asked)
    watched = []
    records = read_set(data, WATCHED)
    random.Random(0).shuffle(records)
    for record in records[:1600]:
        text, answers = record["context"], record["answers"]
        if answers:
            start = int(answers[0]["start"])
            span = (start, start + len(answers[0]["text"]))
        else:
            span = looked_at(text, frozenset(terms(record["question"])))
        watched.append([record["question"], "", bool(answers), [len(texts), *span], []])
        texts.append(text)
    return {"texts": texts, "asked": asked, "watched": watched}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file that `train_reader` reads."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the reading-comprehension sets")
    parser.add_argument("--out", type=Path, required=True, help="the file to write (.json.gz)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    made = laid_out(options.data, options.seed)
    with gzip.open(options.out, "wt", encoding="utf-8") as file:
        json.dump(made, file, ensure_ascii=False)
    print(
        f"{len(made['asked'])} questions over {len(made['texts'])} paragraphs, {len(made['watched'])} watched"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
