"""The benchmark's own measures: a wrong one would praise a wrong change."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from bot.types import About, Answer, NoAnswer, Quote, Silence, Source, Told
from index import ranking
from index import terms as terms_code
from index.generations import load_generation
from index.terms import terms
from index.types import FootnoteError
from tests.benchmarks import golden, speed_clock, speed_sizes
from tests.benchmarks.ablation import changed
from tests.benchmarks.answers import relevant_in_order
from tests.benchmarks.baselines import PlainBm25, fused_by_rank
from tests.benchmarks.collection import RememberingEncoder, Text, collect, without
from tests.benchmarks.data import CHUNKING_SET, SELQA_SET, BenchmarkData, in_split, xquad_set
from tests.benchmarks.figures import OURS, Figure, Group, Results, Table, Tally, Target, Unit
from tests.benchmarks.metrics import (
    Overlap,
    auroc,
    average_precision,
    calibration,
    calibration_error,
    mean,
    merged,
    ndcg,
    overlap,
    reciprocal_rank,
)
from tests.benchmarks.report import as_json, as_markdown
from tests.benchmarks.speed import moved, shuffled
from tests.benchmarks.unseen import Asked, answered_at, collections, sampled
from tests.benchmarks.unseen import is_right as is_right_first
from tests.fakes.encoder import HashingEncoder


def test_the_reciprocal_rank_counts_from_one_and_is_nothing_for_what_was_not_found() -> None:
    ranking = ["a", "b", "c"]
    assert [reciprocal_rank(ranking, wanted) for wanted in "abcd"] == [1.0, 1 / 2, 1 / 3, 0.0]


def test_average_precision_is_the_mean_precision_at_the_relevant_ranks() -> None:
    assert average_precision([True, False, True, False]) == (1 / 1 + 2 / 3) / 2
    assert average_precision([False, False]) == 0.0


def test_ndcg_compares_with_the_best_order() -> None:
    gains = {"a": 3.0, "b": 1.0}
    best = 3 + 1 / math.log2(3)
    assert ndcg(["a", "b", "x"], gains, 10) == 1.0
    assert ndcg(["x", "b", "a"], gains, 10) == pytest.approx((1 / math.log2(3) + 3 / 2) / best)
    assert ndcg(["x", "b", "a"], gains, 1) == 0.0
    assert ndcg(["x"], {}, 10) == 0.0


def test_ranges_that_touch_or_overlap_are_merged_within_their_document() -> None:
    ranges = [("a", 4, 6), ("a", 0, 2), ("b", 1, 3), ("a", 2, 3), ("a", 5, 9)]
    assert merged(ranges) == [("a", 0, 3), ("a", 4, 9), ("b", 1, 3)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([("a", 0, 10)], Overlap(recall=0.5, precision=0.5, iou=1 / 3)),
        ([("a", 5, 15)], Overlap(recall=1.0, precision=1.0, iou=1.0)),
        ([("a", 5, 10), ("a", 5, 10)], Overlap(recall=0.5, precision=1.0, iou=0.5)),
        ([("b", 5, 15)], Overlap(recall=0.0, precision=0.0, iou=0.0)),
        ([], Overlap(recall=0.0, precision=0.0, iou=0.0)),
    ],
)
def test_overlap_counts_each_shared_character_once(
    found: list[tuple[str, int, int]], expected: Overlap
) -> None:
    assert overlap(found, [("a", 5, 15)]) == expected


def test_overlap_agrees_with_sets_of_characters() -> None:
    chance = random.Random(1)
    for _ in range(200):
        found, gold = (
            [
                (chance.choice("ab"), start, start + chance.randint(1, 9))
                for start in chance.choices(range(20), k=4)
            ]
            for _ in range(2)
        )
        characters, wanted = (
            {(document, at) for document, start, end in ranges for at in range(start, end)}
            for ranges in (found, gold)
        )
        shared = len(characters & wanted)
        assert overlap(found, gold) == Overlap(
            shared / len(wanted), shared / len(characters), shared / len(characters | wanted)
        )


def test_auroc_is_the_share_of_pairs_in_order_with_half_for_a_tie() -> None:
    assert auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auroc([0.1, 0.2], [0.9, 0.8]) == 0.0
    assert auroc([0.5], [0.5]) == 0.5
    assert auroc([0.9, 0.5], [0.5, 0.1]) == (1 + 1 + 0.5 + 1) / 4
    assert math.isnan(auroc([], [0.5]))


def test_calibration_sorts_predictions_into_bins_that_hold_their_lower_end() -> None:
    bins = calibration([0.0, 0.05, 0.1, 0.95, 1.0], [False, True, False, True, False])
    assert [(group.low, group.count) for group in bins if group.count] == [(0.0, 2), (0.1, 1), (0.9, 2)]
    assert (bins[0].predicted, bins[0].observed) == (0.025, 0.5)
    assert (bins[9].predicted, bins[9].observed) == (0.975, 0.5)
    assert math.isnan(bins[5].observed)
    assert calibration_error(bins) == pytest.approx((2 * 0.475 + 1 * 0.1 + 2 * 0.475) / 5)


def test_the_mean_of_nothing_is_no_number() -> None:
    assert mean([1.0, 2.0]) == 1.5
    assert math.isnan(mean([]))


def test_a_question_is_in_the_split_that_the_last_digit_of_its_hash_says() -> None:
    # SHA-256 as a decimal number ends in 5 for "b", 6 for "k", 7 for "f" and 9 for "a".
    keys = ("b", "k", "f", "a")
    assert [in_split(key, "tune") for key in keys] == [True, True, False, False]
    assert [in_split(key, "report") for key in keys] == [False, False, True, True]
    assert [in_split(key, "all") for key in keys] == [True, True, True, True]


def test_seven_questions_of_ten_are_for_tuning() -> None:
    tune = sum(in_split(f"question {number}", "tune") for number in range(10_000))
    assert 6_800 < tune < 7_200


def test_rank_fusion_adds_one_over_sixty_plus_rank_and_leaves_out_what_was_not_found() -> None:
    dense = np.array([0.9, 0.1, 0.5], np.float32)
    bm25 = np.array([0.0, 2.0, 3.0], np.float32)
    expected = [1 / 61, 1 / 63 + 1 / 62, 1 / 62 + 1 / 61]
    np.testing.assert_allclose(fused_by_rank([dense, bm25]), expected, rtol=1e-6)


def test_plain_bm25_is_lucenes() -> None:
    texts = ["rye bread", "rye rye flour", "the river"]
    lengths = 7 / 3
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    expected = [
        idf * 1 / (1 + 1.2 * (1 - 0.75 + 0.75 * 2 / lengths)),
        idf * 2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 3 / lengths)),
        0.0,
    ]
    np.testing.assert_allclose(PlainBm25(texts).scores("Rye?"), expected, rtol=1e-5)
    assert PlainBm25(texts).scores("zebra").tolist() == [0.0, 0.0, 0.0]


TEXTS = (
    Text("p0", 'A "quoted" title: two', "The Aare is long.\n\nIt is a river."),
    Text("p1", "Bread", "Rye holds little gluten."),
)


def test_a_collection_stores_its_texts_to_the_letter_and_is_kept(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    first = collect("set", TEXTS, encoder, tmp_path)
    embedded = len(encoder.encoded)
    second = collect("set", TEXTS, encoder, tmp_path)
    assert [(a.id, a.title, a.text) for a in first.generation.articles()] == [
        ("p0", 'A "quoted" title: two', "The Aare is long.\n\nIt is a river."),
        ("p1", "Bread", "Rye holds little gluten."),
    ]
    assert {id: article.text for id, article in first.stored_articles().items()} == {
        text.id: text.body for text in TEXTS
    }
    assert second.generation.id == first.generation.id
    assert len(encoder.encoded) == embedded


def test_a_text_that_would_not_be_stored_to_the_letter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FootnoteError, match=r"^The benchmark's article p0 is not stored as the set has it\.$"
    ):
        collect("set", [Text("p0", "Title", "\nA line end in front. More.")], HashingEncoder(), tmp_path)


def test_a_collection_without_an_article_leaves_the_whole_one_as_it_is(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    whole = collect("set", TEXTS, encoder, tmp_path)
    embedded = len(encoder.encoded)
    rest = without(whole, {"p0"}, "less", encoder)
    assert [article.id for article in rest.generation.articles()] == ["p1"]
    assert [article.id for article in load_generation(whole.data).articles()] == ["p0", "p1"]
    assert len(encoder.encoded) == embedded


class CountingEncoder(HashingEncoder):
    """Counts the questions that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def encode_questions(self, questions):  # type: ignore[no-untyped-def]  # as in the class above
        self.asked.extend(questions)
        return super().encode_questions(questions)


def test_a_question_is_embedded_once() -> None:
    counting = CountingEncoder()
    encoder = RememberingEncoder(counting)
    encoder.learn(["rye", "river", "rye"])
    vectors = encoder.encode_questions(["river", "bread"])
    np.testing.assert_array_equal(vectors, HashingEncoder().encode_questions(["river", "bread"]))
    assert counting.asked == ["rye", "river", "bread"]


def test_a_candidate_is_as_good_as_its_best_sentence_and_comes_last_without_one() -> None:
    places = [(0, 10), (12, 20), (22, 30), (32, 40)]
    by_start = {0: 0.2, 5: 0.9, 12: 0.5, 32: 0.7}
    assert relevant_in_order(by_start, places, frozenset({1, 2})) == [False, False, True, True]
    assert relevant_in_order(by_start, places, frozenset({0})) == [True, False, False, False]


def test_an_ablation_puts_back_what_it_changed_even_after_an_error() -> None:
    shipped, found = ranking.DENSE_WEIGHT, terms("bakeries")
    with (
        pytest.raises(ZeroDivisionError),
        changed([(ranking, "DENSE_WEIGHT", 0.9), (terms_code, "PREFIX_CHARS", 10_000)]),
    ):
        assert (ranking.DENSE_WEIGHT, terms("bakeries")) == (0.9, ["bakeri"])
        _ = 1 / 0
    assert (ranking.DENSE_WEIGHT, terms("bakeries")) == (shipped, found)
    assert found == ["bakeri", "^bake"]


def test_shuffled_sentences_keep_their_places_and_their_words() -> None:
    text = "# Rye\n\nRye holds little gluten indeed. Bread needs it.\nEnd"
    sentences = np.array([(0, 7, 38), (0, 39, 54)], np.int32)
    copy = shuffled(text, sentences, random.Random(0))
    assert len(copy) == len(text)
    assert copy != text
    for _, start, end in sentences.tolist():
        assert sorted(copy[start:end].split()) == sorted(text[start:end].split())
    assert (copy[:7], copy[38:39], copy[54:]) == (text[:7], text[38:39], text[54:])


def test_moved_vectors_are_units_at_a_cosine_of_nine_tenths() -> None:
    vectors = np.eye(50, 384, dtype=np.float32)
    copies = moved(vectors, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(copies, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose((copies * vectors).sum(axis=1), 0.894, atol=0.07)


XQUAD = {
    "data": [
        {
            "title": "River_Aare",
            "paragraphs": [
                {
                    "context": "The Aare is 288 km long.",
                    "qas": [
                        {
                            "id": "q1",
                            "question": "How long is it?",
                            "answers": [{"text": "288 km", "answer_start": 12}],
                        }
                    ],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize("packed", [False, True])
def test_a_set_is_read_as_it_is_or_gzipped(tmp_path: Path, packed: bool) -> None:
    raw = json.dumps(XQUAD).encode()
    (tmp_path / "xquad").mkdir()
    name, content = ("xquad.en.json.gz", gzip.compress(raw)) if packed else ("xquad.en.json", raw)
    (tmp_path / "xquad" / name).write_bytes(content)
    xquad = BenchmarkData(tmp_path).xquad("en")
    (paragraph,), (question,) = xquad.paragraphs, xquad.questions
    assert (paragraph.number, paragraph.title, paragraph.position) == (0, "River Aare", 0)
    assert (question.id, question.paragraph, question.answer) == ("q1", 0, "288 km")
    assert paragraph.text[question.answer_start :].startswith(question.answer)


CRANFIELD_DOCUMENTS = """\
.I 1
.T
wing
flow
.A
smith
.W
lift of
a wing .
.I 2
.T
.A
.W
.I 3
.T
heat
.W
heat .
"""


def test_cranfields_judgements_count_its_questions_by_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "cranfield"
    folder.mkdir()
    (folder / "cran.all.1400").write_text(CRANFIELD_DOCUMENTS)
    (folder / "cran.qry").write_text(".I 001\n.W\nwhat lifts\na wing .\n.I 004\n.W\nwhat is hot .\n")
    (folder / "cranqrel").write_text("1 1 2 \n1 2 1\n2 3 4\n2 1 -1\n")
    cranfield = BenchmarkData(tmp_path).cranfield()
    assert [(d.id, d.title, d.text) for d in cranfield.documents] == [
        ("1", "wing flow", "lift of a wing ."),
        ("3", "heat", "heat ."),
    ]
    assert [(q.id, q.text, q.gains) for q in cranfield.questions] == [
        ("1", "what lifts a wing .", {"1": 3.0}),
        ("2", "what is hot .", {"3": 1.0, "1": 4.0}),
    ]


def test_what_is_missing_is_named_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "xquad").mkdir()
    (tmp_path / "xquad" / "xquad.en.json.gz").write_bytes(b"")
    with pytest.raises(FootnoteError) as caught:
        BenchmarkData(tmp_path).require([xquad_set(["en", "zh"]), SELQA_SET])
    assert str(caught.value) == (
        f"The benchmark's data in {tmp_path} lacks these files, each as it is or gzipped:\n"
        "  XQuAD, from https://github.com/google-deepmind/xquad, as it is there:\n"
        "    xquad/xquad.zh.json\n"
        "  SelQA, from https://github.com/emorynlp/selqa, folder ass:\n"
        "    selqa/selqa-ass-dev.json\n"
        "Put them there, name another folder with --data DIR, or choose groups with --only."
    )


def test_nothing_is_asked_for_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "chunking").mkdir()
    for file in CHUNKING_SET.files:
        (tmp_path / file).write_text("")
    BenchmarkData(tmp_path).require([CHUNKING_SET])


RESULTS = Results(
    {"split": "report"},
    (
        Group(
            "Retrieval",
            (
                Figure("R@1", 0.95, 357, {"dense": 0.885, "BM25": 0.917}, Target(0.96)),
                Figure("p50", 31.25, 200, {}, Target(40, at_most=True), Unit.MILLISECONDS, "one asker"),
                Figure("unmeasured", math.nan, 0),
            ),
            (Table("Outcomes", ("kind", "count"), (("answer", "3"),)),),
        ),
    ),
)


def test_markdown_shows_figures_beside_baselines_and_targets() -> None:
    assert as_markdown(RESULTS).splitlines() == [
        "split report",
        "",
        "### Retrieval",
        "",
        "| figure | dense only | BM25 only | ours | target | n |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| R@1 | 0.885 | 0.917 | 0.950 | ≥ 0.960 ✗ | 357 |",
        "| p50 [1] |  |  | 31.2 ms | ≤ 40.0 ms ✓ | 200 |",
        "| unmeasured |  |  | - |  | 0 |",
        "",
        "- [1] one asker",
        "",
        "**Outcomes**",
        "",
        "| kind | count |",
        "| --- | ---: |",
        "| answer | 3 |",
    ]


def test_json_keeps_every_figure_and_knows_no_nan() -> None:
    figures = json.loads(as_json(RESULTS))["groups"][0]["figures"]
    assert [(figure["name"], figure["ours"], figure["reached"]) for figure in figures] == [
        ("R@1", 0.95, False),
        ("p50", 31.25, True),
        ("unmeasured", None, None),
    ]
    assert figures[0]["plain"] == {"dense": 0.885, "BM25": 0.917}


def test_a_tally_becomes_a_figure_with_the_baselines_means() -> None:
    tally = Tally()
    for side, value in ((OURS, 1.0), (OURS, 0.0), ("dense", 0.25)):
        tally.add(side, value)
    assert tally.figure("R@1") == Figure("R@1", 0.5, 2, {"dense": 0.25})


def test_those_who_ask_at_once_each_get_all_their_answers_and_are_timed() -> None:
    answered: list[str] = []
    questions = [f"question {number}" for number in range(20)]
    found = speed_clock.asked_by_many(answered.append, questions)
    assert sorted(answered) == sorted(questions)
    assert set(found) == {"many_rate", "many_p50", "many_p95", "many_p99"}
    assert set(speed_clock.asked_alone(answered.append, questions)) == {"work_ms", "p50", "p95", "p99"}
    assert speed_clock.recall([[1, 2], [3, 9]], [[2, 1], [3, 4]]) == 0.75


def test_the_sizes_table_leaves_out_what_nobody_measured() -> None:
    about = {"processor": "P", "instructions": ["avx2"], "memory_gb": 8, "python": "3", "torch": "2"}
    rates = {"embedded_per_s": 40.0, "embedded_with_sentences_per_s": 20.0}
    built = {"passages": 900, "sentences": 5_000, "seconds": 9.0, **rates}
    plain = {"p50": 20.0, "recall": 1.0}
    sizes = {"1000": {"passages": 900, "ours": {"p50": 12.34}, "plain": plain, "txtai": {}}}
    when = {"date": "d", "load_average": [0.5], "stolen_share": 0.07}
    result = {"about": {**about, **when}, "build": built, "sizes": sizes}
    lines = speed_sizes.as_markdown(result).splitlines()
    assert "load 0.5, 7% of the processor's time went to" in lines[0]
    assert lines[-5:] == [
        "",
        "| | ours | plain |",
        "|---|---:|---:|",
        "| question p50, ms | 12.3 | 20.0 |",
        "| recall@10 of the vector search |  | 1.0000 |",
    ]


def a_source(id: str) -> Source:
    return Source(1, id, "River", "Geo", "A. Wanner", "2020-01-02", "https://aare.example", None, f"{id}.md")


def an_answer(
    text: str = "The Aare is 288 km long.",
    article: str = "a0000",
    start: int = 0,
    certain: bool = True,
    told: Told | None = None,
) -> Answer:
    quotes = () if told else (Quote(text, 1, article, start, start + len(text), None),)
    return Answer("?", quotes, (a_source(article),), 0.9, certain, "g", 0.1, told=told)


NO_ANSWER = NoAnswer("?", Silence.NOT_IN_SOURCES, (), 0.1, "g", 0.1)


def write_set(folder: Path, name: str, records: list[dict[str, object]]) -> None:
    (folder / "reader").mkdir(exist_ok=True)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "reader" / f"{name}.jsonl").write_text(lines, "utf-8")


PASSAGE = " \nThe Aare is long. It is 288 km long.\n"


def a_record(id: str, *answers: tuple[str, int], **more: object) -> dict[str, object]:
    gold = [{"text": text, "start": start} for text, start in answers]
    return {"id": id, "title": "", "context": PASSAGE, "question": f"{id}?", "answers": gold, **more}


def test_a_passage_loses_the_white_space_around_it_and_its_answers_move_along(tmp_path: Path) -> None:
    write_set(tmp_path, "squad2.dev", [a_record("q1", ("288 km", 26), ("288 km", 26)), a_record("q2")])
    first, second = BenchmarkData(tmp_path).reading("squad2.dev")
    assert first.passage == "The Aare is long. It is 288 km long."
    assert [first.passage[start:end] for start, end in first.answers] == ["288 km"]
    assert second.answers == ()


def test_each_passage_of_a_set_is_taken_in_one_version(tmp_path: Path) -> None:
    levels = [a_record(level, level=level) for level in ("Adv", "Int", "Ele")]
    write_set(tmp_path, "onestopqa.all", levels)
    write_set(tmp_path, "condaqa.test", [a_record(f"q{edit}", edit=edit) for edit in range(4)])
    data = BenchmarkData(tmp_path)
    assert [question.id for question in data.reading("onestopqa.all")] == ["Int"]
    assert [question.id for question in data.reading("condaqa.test")] == ["q0"]


def test_a_section_of_sentences_is_running_text_whose_answers_are_sentences(tmp_path: Path) -> None:
    section = {"sentences": ["", "Rye. ", "It grows."], "gold": [2], "title": "Rye", "section": "Use"}
    write_set(tmp_path, "selqa.test", [{"id": "s1", "question": "Does it?", **section}])
    (question,) = BenchmarkData(tmp_path).reading("selqa.test")
    ((start, end),) = question.answers
    assert (question.title, question.passage) == ("Rye - Use", "Rye. It grows.")
    assert question.passage[start:end] == "It grows."


def test_questions_about_one_passage_are_asked_of_one_article(tmp_path: Path) -> None:
    other = a_record("q3", context="Rye holds little gluten.", title="Rye")
    write_set(tmp_path, "squad2.dev", [a_record("q1", ("288 km", 26)), a_record("q2"), other])
    encoder = RememberingEncoder(HashingEncoder())
    (built,) = collections(tmp_path, ["squad2.dev"], None, tmp_path / "cache", encoder)
    articles = {article.id: article for article in built.generation.articles()}
    assert sorted(article.title for article in articles.values()) == ["Rye", "Untitled"]
    asked = {one.id: one for one in built.asked}
    assert asked["q1"].article == asked["q2"].article != asked["q3"].article
    ((start, end),) = asked["q1"].answers
    assert articles[asked["q1"].article].text[start:end] == "288 km"


def test_a_first_quote_is_right_if_it_covers_an_accepted_answer_in_its_article() -> None:
    asked = Asked("q", "How long?", "a0000", ((100, 200), (12, 18)))
    assert is_right_first(asked, an_answer(), evidence=False)
    assert not is_right_first(asked, an_answer(article="a0001"), evidence=False)
    assert not is_right_first(asked, an_answer(start=13), evidence=False)
    assert not is_right_first(asked, NO_ANSWER, evidence=False)
    assert not is_right_first(Asked("q", "How long?", "a0000", ()), an_answer(), evidence=False)


def test_a_first_quote_that_mostly_lies_in_the_evidence_is_right_where_that_is_the_gold() -> None:
    quote = an_answer("x" * 20)
    assert is_right_first(Asked("q", "?", "a0000", ((10, 90),)), quote, evidence=True)
    assert not is_right_first(Asked("q", "?", "a0000", ((11, 90),)), quote, evidence=True)
    assert not is_right_first(Asked("q", "?", "a0000", ((10, 90),)), quote, evidence=False)


def test_a_sample_holds_as_many_near_misses_and_is_the_start_of_a_larger_one() -> None:
    asked = [Asked(str(n), "?", "a", ((0, 1),) if n % 2 else ()) for n in range(40)]
    few, more = sampled(asked, 3), sampled(asked, 10)
    assert [bool(one.answers) for one in few] == [True] * 3 + [False] * 3
    assert (few[:3], few[3:]) == (more[:3], more[10:13])
    assert sampled(asked[::-1], 3) == few
    assert set(sampled(asked, None)) == set(asked)


def test_near_misses_are_counted_at_the_confidence_that_enough_of_the_answerable_reach() -> None:
    answerable = [0.9, 0.8, 0.7, 0.6, 0.1]
    assert answered_at(answerable, [0.95, 0.7, 0.69, 0.2], 0.6) == 0.5
    assert answered_at(answerable, [0.95, 0.7, 0.69, 0.2], 0.7) == 0.75
    assert math.isnan(answered_at(answerable, [], 0.7))


def a_row(
    kind: str = "fact", words: tuple[str, ...] = (), articles: frozenset[str] = frozenset()
) -> golden.Golden:
    return golden.Golden("How long?", kind, (), articles, words, "tune")


def test_a_golden_answer_is_right_if_it_says_every_word_and_cites_the_articles() -> None:
    aare = frozenset({"a0000"})
    assert golden.is_right(a_row(words=("288 km", "Aare"), articles=aare), an_answer(certain=False))
    assert not golden.is_right(a_row(words=("288 km", "Rhine"), articles=aare), an_answer())
    assert not golden.is_right(a_row(words=("288 km",), articles=frozenset({"a0001"})), an_answer())
    assert not golden.is_right(a_row(), NO_ANSWER)


def test_what_is_told_of_the_articles_counts_as_said_and_their_names_otherwise_do_not() -> None:
    row = a_row("about an article", ("A. Wanner", "3"), frozenset({"a0000"}))
    assert golden.is_right(row, an_answer(told=Told(About.AUTHOR, count=3, values=("A. Wanner",))))
    assert not golden.is_right(row, an_answer("It has 3 parts."))


def test_an_answer_about_the_collection_cites_no_article_too_many() -> None:
    told = an_answer(told=Told(About.MENTIONING))
    assert golden.is_right(a_row("collection", articles=frozenset({"a0000"})), told)
    assert not golden.is_right(a_row("collection"), told)


def test_a_near_miss_is_right_unless_it_is_answered_for_certain() -> None:
    row = a_row(golden.NEAR_MISS)
    assert [
        golden.is_right(row, result) for result in (NO_ANSWER, an_answer(certain=False), an_answer())
    ] == [
        True,
        True,
        False,
    ]


def test_golden_rows_are_counted_kind_by_kind_and_in_all() -> None:
    judged = [(a_row(), True), (a_row("list"), False), (a_row(golden.NEAR_MISS), True)]
    assert golden.counts(judged) == [
        "   1/1    fact",
        "   0/1    list",
        "   1/2    answerable",
        "   1/1    near misses",
    ]


def test_the_golden_questions_of_either_file_are_rows(tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text(
        '{"question": "a?", "article": "x", "words": ["y"]}\n'
        '{"question": "b?", "unanswerable": true}\n'
        '{"question": "c?", "kind": "list", "before": ["a?"], "articles": ["x"], "split": "test"}\n'
    )
    assert golden.load(file) == [
        golden.Golden("a?", "fact", (), frozenset({"x"}), ("y",), "tune"),
        golden.Golden("b?", "near miss", (), frozenset(), (), "tune"),
        golden.Golden("c?", "list", ("a?",), frozenset({"x"}), (), "test"),
    ]
    with pytest.raises(FootnoteError, match="cannot be read"):
        golden.load(tmp_path / "none.jsonl")
