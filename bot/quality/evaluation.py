"""Questions with known answers, and what came of asking them -> figures and misses.

Pure: reads no file, asks nothing, prints nothing.  A rank counts passages, as `footnote search` lists them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.types import Answer, NoAnswer, Quote
from index.types import FootnoteError

SEARCHED = 10
"""Passages that a search is asked for: the deepest recall, and as far as the reciprocal rank looks."""

Status = Literal["answer", "uncertain", "none"]

_KEYS = ("question", "article", "words", "unanswerable")
_EXAMPLES = (
    '{"question": "Who owns it?", "article": "cars/banma", "words": ["SAIC"]} or '
    '{"question": "Who sells it?", "unanswerable": true}'
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what is known of its answer."""

    line: int
    """In its file, counted from 1."""
    text: str
    articles: tuple[str, ...]
    """Ids; any one of them is right.  None at all: the articles do not answer the question."""
    words: tuple[str, ...]
    """All of them stand in a right answer's quotes; if there are none, only the article is judged."""


@dataclass(frozen=True, slots=True)
class Result:
    """The search results and the answer of one question."""

    question: Question
    found: tuple[str, ...]
    """The articles of the first `SEARCHED` passages, best first; an article may come again."""
    answer: Answer | NoAnswer


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure's name and meaning."""

    name: str
    meaning: str
    """At most 35 characters, so that the table fits into a terminal of 80."""
    unit: Literal["share", "mean", "ms"] = "share"
    less_is_better: bool = False


MEASURES = (
    Measure("recall_at_1", "an expected article found first"),
    Measure("recall_at_5", "… among the first 5 passages"),
    Measure("recall_at_10", "… among the first 10"),
    Measure("mrr", "1 / its rank, 0 beyond 10", "mean"),
    Measure("answer_hit", "the quotes hold all expected words"),
    Measure("first_quote_hit", "the first quote alone does"),
    Measure("quote_exactness", "quotes to the letter in the article"),
    Measure("citation_precision", "cited articles that are expected"),
    Measure("answerable_refused", "no answer, though there is one", less_is_better=True),
    Measure("answerable_uncertain", "closest found, though there is one", less_is_better=True),
    Measure("unanswerable_answered", "answered, though there is none", less_is_better=True),
    Measure("unanswerable_uncertain", "closest found, though there is none", less_is_better=True),
    Measure("latency_p50_ms", "half of the answers took no longer", "ms", less_is_better=True),
    Measure("latency_p95_ms", "95 of 100 took no longer", "ms", less_is_better=True),
)


@dataclass(frozen=True, slots=True)
class Figure:
    measure: Measure
    value: float | None
    """None if there was nothing to measure."""
    of: int
    """How many questions, quotes or citations were."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A question that did not get what it should."""

    result: Result
    why: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    figures: tuple[Figure, ...]
    """In the order of `MEASURES`."""
    misses: tuple[Miss, ...]

    def __getitem__(self, name: str) -> Figure:
        return next(figure for figure in self.figures if figure.measure.name == name)


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure's least value, or its greatest if less is better."""

    measure: Measure
    value: float


def parse_questions(lines: Iterable[str], file: str) -> tuple[Question, ...]:
    """Read JSON Lines; blank lines are skipped.  Raise `FootnoteError` that names the line."""
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            questions.append(_question(number, line))
        except _BadLineError as error:
            raise FootnoteError(f"{file}, line {number}: {error}") from error
    if not questions:
        raise FootnoteError(f"{file} holds no question. Write one a line: {_EXAMPLES}")
    return tuple(questions)


def parse_limit(text: str, *, over: bool) -> Limit:
    """`answer_hit=0.8` -> a limit; `over` for figures of which less is better, and only for them."""
    name, equals, number = text.partition("=")
    if not equals:
        raise FootnoteError(f"{text!r} is not FIGURE=VALUE, such as answer_hit=0.8")
    measure = next((known for known in MEASURES if known.name == name), None)
    if measure is None:
        raise FootnoteError(f"there is no figure {name!r}; known: {', '.join(m.name for m in MEASURES)}")
    if measure.less_is_better != over:
        option = "--fail-over" if measure.less_is_better else "--fail-under"
        raise FootnoteError(
            f"of {name}, {'less' if measure.less_is_better else 'more'} is better: {option} {text}"
        )
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    most = float("inf") if measure.unit == "ms" else 1.0
    if not 0 <= value <= most:
        allowed = "a number of milliseconds" if measure.unit == "ms" else "a number from 0 to 1"
        raise FootnoteError(f"{text!r} does not end in {allowed}")
    return Limit(measure, value)


def evaluate(results: Sequence[Result], texts: Mapping[str, str]) -> Evaluation:
    """Judge `results`; `texts` are the stored articles' bodies by id."""
    samples = {measure.name: list[float]() for measure in MEASURES}
    for result in results:
        for name, value in _samples(result, texts):
            samples[name].append(value)
    return Evaluation(
        tuple(Figure(m, _value(m, samples[m.name]), len(samples[m.name])) for m in MEASURES),
        tuple(Miss(result, why) for result in results if (why := _why_missed(result, texts))),
    )


def broken(limits: Iterable[Limit], evaluation: Evaluation) -> list[str]:
    """Return a sentence for each limit that does not hold; a figure that measured nothing holds none."""
    sentences = []
    for limit in limits:
        name, value = limit.measure.name, evaluation[limit.measure.name].value
        if value is None:
            sentences.append(f"{name} cannot be told: no question here measures it.")
        elif limit.measure.less_is_better and value > limit.value:
            sentences.append(f"{name} is {value:.4g}, over {limit.value:g}.")
        elif not limit.measure.less_is_better and value < limit.value:
            sentences.append(f"{name} is {value:.4g}, under {limit.value:g}.")
    return sentences


def status(answer: Answer | NoAnswer) -> Status:
    """Return the name of the way in which an answer is shown."""
    if isinstance(answer, NoAnswer):
        return "none"
    return "answer" if answer.certain else "uncertain"


def quotes_of(answer: Answer | NoAnswer) -> tuple[Quote, ...]:
    """Return the quotes that are shown, for certain or as the closest found."""
    return answer.quotes if isinstance(answer, Answer) else ()


def holds_words(texts: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether each of the words, whatever its case, is in one of the texts."""
    return not _missing(texts, words)


class _BadLineError(Exception):
    """A fault of a line, without its place."""


def _question(number: int, line: str) -> Question:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadLineError(f"This is not JSON ({error}). Write one object a line: {_EXAMPLES}") from error
    if not isinstance(raw, dict):
        raise _BadLineError(f"This is no object. Write one a line: {_EXAMPLES}")
    unknown = [key for key in raw if key not in _KEYS]
    if unknown:
        # A mistyped "words" would let every answer pass.
        raise _BadLineError(f"There is no key {unknown[0]!r}; known: {', '.join(_KEYS)}.")
    text = raw.get("question")
    if not isinstance(text, str) or not text.strip():
        raise _BadLineError('"question" must be a text that is not empty.')
    unanswerable = raw.get("unanswerable", False)
    if not isinstance(unanswerable, bool):
        raise _BadLineError('"unanswerable" must be true or false.')
    if unanswerable == ("article" in raw):
        raise _BadLineError('Give either "article" or "unanswerable": true.')
    if unanswerable and "words" in raw:
        raise _BadLineError('An unanswerable question has no "words".')
    # Half a character, which JSON can spell, is one that no tokenizer takes.
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return Question(number, sound, _texts(raw, "article"), _texts(raw, "words"))


def _texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    if key not in raw:
        return ()
    value = [raw[key]] if key == "article" and isinstance(raw[key], str) else raw[key]
    if not (isinstance(value, list) and value and all(isinstance(v, str) and v.strip() for v in value)):
        kind = "an id or a list of ids" if key == "article" else "a list of texts"
        raise _BadLineError(f'"{key}" must be {kind}, none of them empty.')
    return tuple(value)


def _samples(result: Result, texts: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Yield the figures that one question adds to, and the values it adds."""
    question, answer = result.question, result.answer
    quotes, shown_as = quotes_of(answer), status(answer)
    if question.articles:
        rank = _rank(result)
        for depth in (1, 5, 10):
            yield f"recall_at_{depth}", float(rank is not None and rank <= depth)
        yield "mrr", 1 / rank if rank else 0.0
        if question.words:
            yield "answer_hit", float(not _missing_words(question, quotes))
            yield "first_quote_hit", float(not _missing_words(question, quotes[:1]))
        for source in answer.sources if isinstance(answer, Answer) else ():
            yield "citation_precision", float(source.id in question.articles)
        yield "answerable_refused", float(shown_as == "none")
        yield "answerable_uncertain", float(shown_as == "uncertain")
    else:
        yield "unanswerable_answered", float(shown_as == "answer")
        yield "unanswerable_uncertain", float(shown_as == "uncertain")
    for quote in quotes:
        yield "quote_exactness", float(_is_exact(quote, texts))
    for percent in (50, 95):
        yield f"latency_p{percent}_ms", answer.seconds * 1000


def _value(measure: Measure, samples: Sequence[float]) -> float | None:
    if not samples:
        return None
    match measure.name:
        case "latency_p50_ms":
            return _percentile(samples, 50)
        case "latency_p95_ms":
            return _percentile(samples, 95)
        case _:
            return sum(samples) / len(samples)


def _percentile(samples: Sequence[float], percent: int) -> float:
    """Return the smallest sample that at least `percent` of 100 do not exceed (nearest rank)."""
    return sorted(samples)[-(-percent * len(samples) // 100) - 1]


def _rank(result: Result) -> int | None:
    """Return the rank, from 1, of the first passage from an expected article."""
    ranks = (rank for rank, id in enumerate(result.found, 1) if id in result.question.articles)
    return next(ranks, None)


def _why_missed(result: Result, texts: Mapping[str, str]) -> str | None:
    question, answer, quotes = result.question, result.answer, quotes_of(result.answer)
    if not all(_is_exact(quote, texts) for quote in quotes):
        return "a quote is not in its article"
    if not question.articles:
        return "answered" if status(answer) == "answer" else None
    if isinstance(answer, NoAnswer):
        return "refused"
    missing = _missing_words(question, quotes)
    if missing:
        return f"not quoted: {', '.join(missing)}"
    if not question.words and not any(source.id in question.articles for source in answer.sources):
        return "none of the expected articles is cited"
    return None


def _missing_words(question: Question, quotes: Sequence[Quote]) -> list[str]:
    return _missing([quote.text for quote in quotes], question.words)


def _missing(texts: Sequence[str], words: Sequence[str]) -> list[str]:
    plain = [_plain(text) for text in texts]
    return [word for word in words if not any(_holds(text, _plain(word)) for text in plain)]


def _holds(text: str, word: str) -> bool:
    """Return whether `word` is in `text`, both plain; a number only if it is not a part of a longer one.

    >>> _holds("a 31.5% share", "31.5%"), _holds("a 31.5% share", "5%"), _holds("shares", "share")
    (True, False, True)
    """
    before = r"(?<!\d)(?<!\d[.,])" if word[0].isdecimal() else ""
    after = r"(?!\d)(?![.,]\d)" if word[-1].isdecimal() else ""
    return re.search(before + re.escape(word) + after, text) is not None


def _plain(text: str) -> str:
    """Remove what a reader does not see: case, line ends, full-width forms."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _is_exact(quote: Quote, texts: Mapping[str, str]) -> bool:
    text = texts.get(quote.source_id)
    return text is not None and 0 <= quote.start < quote.end and text[quote.start : quote.end] == quote.text
