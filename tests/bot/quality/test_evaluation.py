"""Questions from JSON Lines, and every figure worked by hand on a handful of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.quality.evaluation import (
    MEASURES,
    Evaluation,
    Limit,
    Question,
    Result,
    broken,
    evaluate,
    parse_limit,
    parse_questions,
    status,
)
from bot.types import Answer, NoAnswer, Quote, Silence, Source
from index.folder import read_sources
from index.types import FootnoteError

ROOT = Path(__file__).parents[3]
TEXTS = {
    "river": "The Aare is 288 kilometres long. It rises in the Bernese Alps.",
    "bread": "Rye flour holds little gluten. Sourdough helps.",
}
LONG, RISES = "The Aare is 288 kilometres long.", "It rises in the Bernese Alps."
GLUTEN, HELPS = "Rye flour holds little gluten.", "Sourdough helps."


def question(*articles: str, words: Sequence[str] = (), line: int = 1) -> Question:
    return Question(line, "?", articles, tuple(words))


def refused(seconds: float = 0.01) -> NoAnswer:
    return NoAnswer("?", Silence.NOT_IN_SOURCES, (), 0.1, "g1", seconds)


def quoting(*texts: str, certain: bool = True, seconds: float = 0.01) -> Answer:
    """An answer of sentences from `TEXTS`, each cited at its place."""
    ids = [next(id for id, body in TEXTS.items() if text in body) for text in texts]
    numbers = {id: number for number, id in enumerate(dict.fromkeys(ids), 1)}
    places = [(id, TEXTS[id].index(text), text) for id, text in zip(ids, texts, strict=True)]
    return Answer(
        "?",
        tuple(Quote(text, numbers[id], id, start, start + len(text), None) for id, start, text in places),
        tuple(Source(n, id, id, None, None, None, None, None, f"/a/{id}.md") for id, n in numbers.items()),
        0.9 if certain else 0.3,
        certain,
        "g1",
        seconds,
    )


def judged(*results: Result) -> Evaluation:
    return evaluate(results, TEXTS)


def value(evaluation: Evaluation, name: str) -> tuple[float | None, int]:
    return evaluation[name].value, evaluation[name].of


def test_recall_and_reciprocal_rank_count_the_first_passage_of_an_expected_article() -> None:
    ranks_1_2_6 = [("river", "bread"), ("bread", "river", "river"), ("bread",) * 5 + ("river",)]
    never = ("bread",) * 10

    evaluation = judged(*(Result(question("river"), found, refused()) for found in (*ranks_1_2_6, never)))

    assert value(evaluation, "recall_at_1") == (1 / 4, 4)
    assert value(evaluation, "recall_at_5") == (2 / 4, 4)
    assert value(evaluation, "recall_at_10") == (3 / 4, 4)
    assert evaluation["mrr"].value == pytest.approx((1 + 1 / 2 + 1 / 6 + 0) / 4)


def test_any_of_several_expected_articles_is_right() -> None:
    evaluation = judged(Result(question("river", "bread"), ("lake", "bread"), quoting(GLUTEN, LONG)))

    assert value(evaluation, "mrr") == (1 / 2, 1)
    assert value(evaluation, "citation_precision") == (1.0, 2)


def test_an_answer_hits_where_its_quotes_together_hold_all_words() -> None:
    asked = question("river", words=["288 kilometres", "BERNESE\n alps"])

    evaluation = judged(
        Result(asked, (), quoting(LONG, RISES)),
        Result(asked, (), quoting(LONG)),
        Result(asked, (), quoting(RISES, LONG, certain=False)),
        Result(asked, (), refused()),
    )

    assert value(evaluation, "answer_hit") == (2 / 4, 4)
    assert value(evaluation, "first_quote_hit") == (0.0, 4)
    assert [miss.why for miss in evaluation.misses] == ["not quoted: BERNESE\n alps", "refused"]


def test_the_first_quote_alone_is_judged_too() -> None:
    asked = question("river", words=["288"])

    evaluation = judged(Result(asked, (), quoting(LONG, RISES)), Result(asked, (), quoting(RISES, LONG)))

    assert value(evaluation, "first_quote_hit") == (1 / 2, 2)
    assert value(evaluation, "answer_hit") == (1.0, 2)


@pytest.mark.parametrize(
    ("word", "text", "held"),
    [
        ("5%", "a 31.5% share", False),
        ("31.5%", "a 31.5% share", True),
        ("31", "a 31.5% share", False),
        ("288", "2,288 of them", False),
        ("288", "it is 288.", True),
        ("2018", "in 2018, they", True),
        ("share", "their shares", True),
        ("ｂａｎｍａ", "Banma", True),
        ("斑马", "阿里与斑马合作", True),
        ("a.c", "abc", False),
    ],
)
def test_a_number_is_not_found_inside_a_longer_one(word: str, text: str, held: bool) -> None:
    answer = replace(quoting(LONG), quotes=(Quote(text, 1, "x", 0, len(text), None),))

    evaluation = evaluate([Result(question("x", words=[word]), (), answer)], {"x": text})

    assert value(evaluation, "answer_hit") == (float(held), 1)


def test_a_question_without_words_is_judged_by_what_is_cited() -> None:
    evaluation = judged(
        Result(question("river", line=1), (), quoting(LONG)),
        Result(question("river", line=2), (), quoting(GLUTEN)),
    )

    assert value(evaluation, "answer_hit") == (None, 0)
    assert [(miss.result.question.line, miss.why) for miss in evaluation.misses] == [
        (2, "none of the expected articles is cited")
    ]


def test_citation_precision_counts_each_cited_article_of_an_answerable_question() -> None:
    evaluation = judged(
        Result(question("river"), (), quoting(LONG, RISES, GLUTEN)),
        Result(question("river"), (), quoting(LONG, certain=False)),
        Result(question(), (), quoting(GLUTEN)),
    )

    assert value(evaluation, "citation_precision") == (2 / 3, 3)


def test_a_quote_is_exact_only_as_the_slice_of_its_own_article() -> None:
    good = quoting(LONG).quotes[0]
    bad = (
        replace(good, text=good.text.upper()),
        replace(good, start=good.start + 1),
        replace(good, source_id="bread"),
        replace(good, source_id="gone"),
        Quote("Alps.", 1, "river", -5, len(TEXTS["river"]), None),
        Quote("", 1, "river", 3, 3, None),
    )

    evaluation = judged(
        *(Result(question("river"), (), replace(quoting(LONG), quotes=(quote,))) for quote in (good, *bad))
    )

    assert value(evaluation, "quote_exactness") == (1 / 7, 7)
    assert [miss.why for miss in evaluation.misses] == ["a quote is not in its article"] * 6


def test_both_errors_of_abstention_are_shares_of_their_own_questions_and_uncertain_is_apart() -> None:
    unsure = quoting(LONG, certain=False)
    evaluation = judged(
        *(Result(question("river"), (), answer) for answer in (quoting(LONG), unsure, unsure, refused())),
        *(Result(question(), (), answer) for answer in (quoting(LONG), quoting(LONG), unsure)),
        *(Result(question(line=9), (), answer) for answer in (refused(), refused())),
    )

    assert value(evaluation, "answerable_refused") == (1 / 4, 4)
    assert value(evaluation, "answerable_uncertain") == (2 / 4, 4)
    assert value(evaluation, "unanswerable_answered") == (2 / 5, 5)
    assert value(evaluation, "unanswerable_uncertain") == (1 / 5, 5)
    assert [miss.why for miss in evaluation.misses] == ["refused", "answered", "answered"]


def test_latency_is_the_nearest_rank_in_milliseconds() -> None:
    evaluation = judged(*(Result(question(), (), refused(n / 1000)) for n in range(20, 0, -1)))

    assert value(evaluation, "latency_p50_ms") == (10.0, 20)
    assert value(evaluation, "latency_p95_ms") == (19.0, 20)
    assert value(judged(Result(question(), (), refused(0.007))), "latency_p95_ms") == (7.0, 1)


def test_what_no_question_measures_has_no_value() -> None:
    evaluation = judged(Result(question(), (), refused()))

    unmeasured = {figure.measure.name for figure in evaluation.figures if figure.value is None}
    assert unmeasured == {measure.name for measure in MEASURES} - {
        "unanswerable_answered",
        "unanswerable_uncertain",
        "latency_p50_ms",
        "latency_p95_ms",
    }


def test_a_status_is_how_the_answer_is_shown() -> None:
    shown = (quoting(LONG), quoting(LONG, certain=False), refused())

    assert [status(answer) for answer in shown] == ["answer", "uncertain", "none"]


class TestQuestions:
    def test_are_read_with_their_line_numbers(self) -> None:
        lines = [
            '{"question": "How long?", "article": "river", "words": ["288", "long"]}',
            "  ",
            '{"question": "Who?", "article": ["river", "notes/bread"]}\r',
            '{"question": "Why?", "unanswerable": true}',
            '{"question": "Half \\ud83d?", "article": "river", "unanswerable": false}',
        ]

        assert parse_questions(lines, "q.jsonl") == (
            Question(1, "How long?", ("river",), ("288", "long")),
            Question(3, "Who?", ("river", "notes/bread"), ()),
            Question(4, "Why?", (), ()),
            Question(5, "Half ??", ("river",), ()),
        )

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("How long?", "This is not JSON (Expecting value"),
            ('["How long?"]', "This is no object."),
            ("[" * 100_000, "This is not JSON"),
            ('{"article": "a"}', '"question" must be a text that is not empty.'),
            ('{"question": " ", "article": "a"}', '"question" must be a text that is not empty.'),
            ('{"question": "?"}', 'Give either "article" or "unanswerable": true.'),
            ('{"question": "?", "unanswerable": false}', 'Give either "article"'),
            ('{"question": "?", "article": "a", "unanswerable": true}', 'Give either "article"'),
            ('{"question": "?", "unanswerable": "yes"}', '"unanswerable" must be true or false.'),
            ('{"question": "?", "unanswerable": true, "words": ["a"]}', "An unanswerable question has no"),
            ('{"question": "?", "article": []}', '"article" must be an id or a list of ids'),
            ('{"question": "?", "article": 3}', '"article" must be an id or a list of ids'),
            ('{"question": "?", "article": ["a", ""]}', '"article" must be an id or a list of ids'),
            ('{"question": "?", "article": "a", "words": "b"}', '"words" must be a list of texts'),
            ('{"question": "?", "article": "a", "words": []}', '"words" must be a list of texts'),
            ('{"question": "?", "article": "a", "word": ["b"]}', "There is no key 'word'; known: question,"),
        ],
    )
    def test_a_bad_line_is_named_with_what_is_wrong(self, line: str, reason: str) -> None:
        with pytest.raises(FootnoteError) as caught:
            parse_questions(['{"question": "?", "unanswerable": true}', "", line], "q.jsonl")

        assert str(caught.value).startswith(f"q.jsonl, line 3: {reason}")

    def test_a_file_without_any_is_an_error(self) -> None:
        with pytest.raises(FootnoteError, match=r"q\.jsonl holds no question\. Write one a line"):
            parse_questions(["", " "], "q.jsonl")


class TestLimits:
    def test_hold_at_their_value_and_are_named_where_they_do_not(self) -> None:
        asked = question("river", words=["288"])
        evaluation = judged(
            *(Result(asked, (), answer) for answer in (quoting(LONG), quoting(LONG), refused()))
        )
        given = [
            *(parse_limit(text, over=False) for text in ("answer_hit=0.66", "first_quote_hit=.7", "mrr=0")),
            *(parse_limit(text, over=True) for text in ("answerable_refused=0.3", "latency_p50_ms=10")),
            parse_limit("unanswerable_answered=1", over=True),
        ]

        assert broken(given, evaluation) == [
            "first_quote_hit is 0.6667, under 0.7.",
            "answerable_refused is 0.3333, over 0.3.",
            "unanswerable_answered cannot be told: no question here measures it.",
        ]

    def test_are_read_as_figure_and_value(self) -> None:
        by_name = {measure.name: measure for measure in MEASURES}

        assert parse_limit("mrr=0.9", over=False) == Limit(by_name["mrr"], 0.9)
        assert parse_limit("latency_p95_ms=250", over=True) == Limit(by_name["latency_p95_ms"], 250.0)

    @pytest.mark.parametrize(
        ("text", "over", "reason"),
        [
            ("answer_hit", False, "'answer_hit' is not FIGURE=VALUE"),
            ("hits=0.8", False, "there is no figure 'hits'; known: recall_at_1, recall_at_5"),
            ("answer_hit=80", False, "'answer_hit=80' does not end in a number from 0 to 1"),
            ("answer_hit=nan", False, "'answer_hit=nan' does not end in a number from 0 to 1"),
            ("latency_p50_ms=fast", True, "'latency_p50_ms=fast' does not end in a number of milliseconds"),
            ("mrr=0.8", True, "of mrr, more is better: --fail-under mrr=0.8"),
            ("answerable_refused=0.1", False, "less is better: --fail-over answerable_refused=0.1"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, text: str, over: bool, reason: str) -> None:
        with pytest.raises(FootnoteError) as caught:
            parse_limit(text, over=over)

        assert reason in str(caught.value)


def test_every_word_of_the_golden_questions_is_in_the_article_that_is_expected() -> None:
    file = ROOT / "tests" / "golden" / "sources.jsonl"
    golden = parse_questions(file.read_text("utf-8").split("\n"), file.name)
    texts = {article.id: article.text for article in read_sources(ROOT / "sources").articles}

    assert sum(not asked.articles for asked in golden) >= 20
    for asked in golden:
        if asked.articles:
            whole = Quote(text := texts[asked.articles[0]], 1, asked.articles[0], 0, len(text), None)
            result = Result(asked, (), replace(quoting(LONG), quotes=(whole,)))
            assert value(evaluate([result], texts), "answer_hit") == (1.0, 1), asked.text
