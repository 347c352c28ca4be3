"""`eval`: the table, the misses, the JSON, two indexes side by side, and the gate."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings
from bot.types import Answer, NoAnswer, Quote, Source
from index.generations import load_generation
from tests.bot.terminal.bench import ROOT, Bench
from tests.fakes.answers import PreparedAnswers, nothing

DOCS = ROOT / "docs"
LENGTH, RYE, CITY, PRICE = (
    "How long is the river Aare?",
    "What holds little gluten?",
    "Who lies further down?",
    "What does a loaf cost?",
)
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"question": LENGTH, "article": "river", "words": ["288 kilometres"]},
    {"question": RYE, "article": ["bread", "notes/flour"], "words": ["rye flour", "gluten"]},
    {"question": CITY, "article": "river", "words": ["Solothurn"]},
    {"question": PRICE, "unanswerable": True},
)
LONG, GLUTEN = "The Aare is 288 kilometres long.", "Rye flour holds little gluten."


@dataclass
class TwoIndexes(Bench):
    """Some folders or balances have answers of their own."""

    others: dict[Path | float, PreparedAnswers] = field(default_factory=dict)
    asked_with: list[Settings] = field(default_factory=list)

    def _answers(self, settings: Settings) -> PreparedAnswers:
        self.asked_with.append(settings)
        for mark in (settings.data, settings.balance):
            if mark in self.others:
                return self.others[mark]
        return super()._answers(settings)


@pytest.fixture
def evaluated(
    sources: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> TwoIndexes:
    """Built, with answers to all but one question, and an answer to the one that has none."""
    bench = TwoIndexes(sources, data, capsys, monkeypatch)
    bench("build")
    bench.answers.prepared.update(
        {
            LENGTH: quoting(bench, LENGTH, "river", LONG),
            RYE: replace(quoting(bench, RYE, "bread", GLUTEN), certain=False),
            PRICE: quoting(bench, PRICE, "bread", GLUTEN),
        }
    )
    return bench


@pytest.fixture
def file(tmp_path: Path) -> str:
    return written(tmp_path / "questions.jsonl", QUESTIONS)


def written(path: Path, questions: Sequence[dict[str, Any]]) -> str:
    path.write_text("\n".join(json.dumps(question) for question in questions) + "\n", "utf-8")
    return str(path)


def quoting(bench: Bench, question: str, id: str, text: str) -> Answer:
    articles = {article.id: article for article in load_generation(bench.data, bench.encoder).articles()}
    start = articles[id].text.index(text)
    return Answer(
        question,
        (Quote(text, 1, id, start, start + len(text), None),),
        (Source(1, id, articles[id].title, None, None, None, None, None, f"/a/{id}.md"),),
        0.9,
        True,
        "g1",
        0.01,
    )


def test_prints_each_figure_with_its_count(evaluated: TwoIndexes, file: str) -> None:
    code, out, err = evaluated("eval", file)

    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == f"4 questions of {file}: 3 with an answer, 1 without"
    assert lines[1] == f"index g1 in {evaluated.data}, balance 0.5"
    for line in (
        "quote_exactness           1.000  3 of 3      quotes to the letter in the article",
        "citation_precision        1.000  2 of 2      cited articles that are expected",
        "answer_hit                0.667  2 of 3      the quotes hold all expected words",
        "answerable_refused        0.333  1 of 3      no answer, though there is one",
        "answerable_uncertain      0.333  1 of 3      closest found, though there is one",
        "unanswerable_answered     1.000  1 of 1      answered, though there is none",
        "latency_p95_ms             10.0  of 4        95 of 100 took no longer",
    ):
        assert line in lines
    assert max(len(line) for line in lines if line[:1].islower() and "index" not in line) <= 80
    assert lines[-1] == "2 missed; --misses lists them"


def test_lists_what_was_missed_with_what_was_expected_and_quoted(evaluated: TwoIndexes, file: str) -> None:
    _, out, _ = evaluated("eval", file, "--misses")

    assert out.split("\n\n")[2].splitlines() == [
        "2 missed",
        f"    3  {CITY}",
        "       none: refused",
        "       expected river “Solothurn”",
        f"    4  {PRICE}",
        "       answer: answered",
        "       expected no answer",
        f"       quoted bread “{GLUTEN}”",
    ]


def test_the_ranks_are_those_of_the_search(evaluated: TwoIndexes, file: str) -> None:
    figures = json.loads(evaluated("eval", file, "--json")[1])["figures"]
    ranks = []
    for asked in QUESTIONS[:3]:
        hits = json.loads(evaluated("search", asked["question"], "--json")[1])["hits"]
        ranks.append(next(hit["rank"] for hit in hits if hit["source_id"] in asked["article"]))

    assert figures["recall_at_1"] == {"value": round(ranks.count(1) / 3, 4), "of": 3}
    assert figures["mrr"] == {"value": round(sum(1 / rank for rank in ranks) / 3, 4), "of": 3}


def test_json_holds_figures_and_misses_on_one_line(evaluated: TwoIndexes, file: str) -> None:
    code, out, err = evaluated("eval", file, "--json")

    found = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert list(found) == [
        *("file", "questions", "answerable", "unanswerable", "data", "model", "reader", "balance"),
        *("generation", "absent"),
        *("figures", "misses", "compared"),
    ]
    assert (found["questions"], found["answerable"], found["unanswerable"]) == (4, 3, 1)
    assert (found["data"], found["balance"], found["generation"]) == (str(evaluated.data), 0.5, "g1")
    assert found["figures"]["answer_hit"] == {"value": 0.6667, "of": 3}
    assert found["misses"][1] == {
        "line": 4, "question": PRICE, "status": "answer", "why": "answered", "articles": [], "words": [],
        "first_quote": {"source_id": "bread", "text": GLUTEN},
    }  # fmt: skip
    assert found["misses"][0]["first_quote"] is None
    assert found["compared"] is None


def test_a_figure_without_questions_is_null_and_a_dash(evaluated: TwoIndexes, tmp_path: Path) -> None:
    file = written(tmp_path / "q.jsonl", [{"question": PRICE, "unanswerable": True}])

    assert json.loads(evaluated("eval", file, "--json")[1])["figures"]["mrr"] == {"value": None, "of": 0}
    assert f"{'mrr':<22}        –  of 0" in evaluated("eval", file)[1]


def test_an_expected_article_that_the_index_lacks_is_named(evaluated: TwoIndexes, file: str) -> None:
    assert "  ! Expected articles that are not in it: notes/flour\n" in evaluated("eval", file)[1]
    assert json.loads(evaluated("eval", file, "--json")[1])["absent"] == ["notes/flour"]


def test_two_indexes_stand_side_by_side_with_the_difference(evaluated: TwoIndexes, file: str) -> None:
    old = evaluated.data.parent / "old"
    shutil.copytree(evaluated.data, old)
    evaluated.others[old] = PreparedAnswers()

    _, out, _ = evaluated("eval", file, "--compare", str(old))
    compared = json.loads(evaluated("eval", file, "--compare", str(old), "--json")[1])["compared"]

    assert f"this   index g1 in {evaluated.data}, balance 0.5\n" in out
    assert f"other  index g1 in {old}, balance 0.5\n" in out
    for line in (
        "                           this    other   change",
        "answer_hit                0.667    0.000   +0.667  2 of 3",
        "answerable_refused        0.333    1.000   -0.667  1 of 3",
        "quote_exactness           1.000        –        –  3 of 3",
        "recall_at_10              1.000    1.000        =  3 of 3",
    ):
        assert line in out.splitlines()
    assert "2 missed, this;" in out
    assert "3 missed, other;" in out
    assert (compared["data"], compared["figures"]["answer_hit"]) == (str(old), {"value": 0.0, "of": 3})
    assert (compared["change"]["answer_hit"], compared["change"]["quote_exactness"]) == (0.6667, None)


def test_two_balances_of_one_index_can_be_compared(evaluated: TwoIndexes, file: str) -> None:
    evaluated.others[0.2] = PreparedAnswers()

    found = json.loads(evaluated("eval", file, "--compare-balance", "0.2", "--json")[1])

    assert (found["balance"], found["compared"]["balance"]) == (0.5, 0.2)
    assert found["compared"]["data"] == found["data"]
    assert found["compared"]["change"]["answer_hit"] == 0.6667


def test_two_models_or_readers_can_be_compared(evaluated: TwoIndexes, file: str) -> None:
    evaluated.environment = {"FOOTNOTE_READER": "mine"}
    compare = ["eval", file, "--compare-reader", "none", "--compare-model", "other"]

    out = evaluated(*compare)[1]
    found = json.loads(evaluated(*compare, "--json")[1])

    assert f"this   index g1 in {evaluated.data}, reader mine, balance 0.5\n" in out
    assert f"other  index g1 in {evaluated.data}, model other, reader none, balance 0.5\n" in out
    both = [(None, "mine"), ("other", "none")]
    assert [(s["model"], s["reader"]) for s in (found, found["compared"])] == both
    assert [(s.model, s.reader) for s in evaluated.asked_with[-2:]] == both


def test_another_reader_can_be_compared_with_the_one_that_ships(evaluated: TwoIndexes, file: str) -> None:
    evaluated.environment = {"FOOTNOTE_READER": "mine"}

    found = json.loads(evaluated("eval", file, "--compare-reader", "", "--json")[1])

    assert (found["reader"], found["compared"]["reader"]) == ("mine", None)


class TestGate:
    def test_lets_through_what_is_good_enough(self, evaluated: TwoIndexes, file: str) -> None:
        limits = ["--fail-under", "answer_hit=0.6", "quote_exactness=1", "--fail-over", "latency_p95_ms=10"]

        assert evaluated("eval", file, *limits)[::2] == (0, "")

    def test_exits_with_1_and_names_each_figure_after_the_report(
        self, evaluated: TwoIndexes, file: str
    ) -> None:
        code, out, err = evaluated(
            "eval", file, "--json", "--fail-under", "answer_hit=0.8", "--fail-under", "mrr=0",
            "--fail-over", "unanswerable_answered=0.5",
        )  # fmt: skip

        assert code == 1
        assert json.loads(out)["questions"] == 4
        assert err == "footnote: answer_hit is 0.6667, under 0.8. unanswerable_answered is 1, over 0.5.\n"

    def test_judges_this_index_and_not_the_other(self, evaluated: TwoIndexes, file: str) -> None:
        evaluated.others[0.2] = PreparedAnswers()

        compare = ["eval", file, "--compare-balance", "0.2", "--fail-under"]
        assert evaluated(*compare, "answer_hit=0.6")[0] == 0
        assert evaluated(*compare, "answer_hit=0.7")[0] == 1

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            (["--fail-under", "hits=0.8"], "there is no figure 'hits'"),
            (["--fail-under", "latency_p50_ms=9"], "less is better: --fail-over latency_p50_ms=9"),
            (["--fail-over", "mrr=0.8"], "more is better: --fail-under mrr=0.8"),
            (["--compare-balance", "2"], "'2' is not a number from 0 to 1"),
            (["--compare-balance", "nan"], "'nan' is not a number from 0 to 1"),
        ],
    )
    def test_that_makes_no_sense_is_wrong_usage(
        self, evaluated: TwoIndexes, file: str, wrong: list[str], reason: str
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            evaluated("eval", file, *wrong)

        assert caught.value.code == 2
        assert reason in evaluated.capsys.readouterr().err


class TestFailures:
    def test_a_bad_line_is_named(self, evaluated: TwoIndexes, file: str) -> None:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write('{"question": "?", "artikel": "river"}\n')

        code, out, err = evaluated("eval", file)

        assert (code, out) == (1, "")
        assert err.startswith(f"footnote: {file}, line 5: There is no key 'artikel'")

    def test_a_file_that_is_not_there_or_not_text(self, evaluated: TwoIndexes, tmp_path: Path) -> None:
        missing, binary = tmp_path / "no.jsonl", tmp_path / "binary.jsonl"
        binary.write_bytes(b"\xff\xfe{}")

        assert evaluated("eval", str(missing)) == (
            1,
            "",
            f"footnote: {missing}: No such file or directory.\n",
        )
        assert evaluated("eval", str(binary))[2].startswith(f"footnote: {binary} is not UTF-8 text:")

    def test_a_missing_index_to_compare_with_is_known_before_anything_is_asked(
        self, evaluated: TwoIndexes, file: str
    ) -> None:
        nowhere = evaluated.data.parent / "nowhere"

        code, out, err = evaluated("eval", file, "--compare", str(nowhere))

        assert (code, out) == (1, "")
        assert err == f"footnote: There is no index in {nowhere} yet. Run `footnote build`.\n"
        assert evaluated.answers.asked == []

    def test_an_index_that_is_replaced_meanwhile_is_not_judged(
        self, evaluated: TwoIndexes, file: str
    ) -> None:
        def of_the_next_generation() -> NoAnswer:
            return replace(nothing(PRICE), generation="g2")

        evaluated.answers.prepared[PRICE] = of_the_next_generation

        assert evaluated("eval", file) == (
            1,
            "",
            f"footnote: The index in {evaluated.data} was replaced meanwhile. Run this again.\n",
        )


def test_the_pages_explain_every_figure_and_every_key_in_their_order(
    evaluated: TwoIndexes, file: str
) -> None:
    section = (DOCS / "operating.md").read_text("utf-8").split("## Your own questions as a gate\n")[1]
    section = section.split("\n## ")[0]
    forms = (DOCS / "json.md").read_text("utf-8")
    found = json.loads(evaluated("eval", file, "--compare-balance", "0.2", "--json")[1])

    table = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    assert re.findall(r"`(\w+)`", " ".join(table)) == list(found["figures"])
    keys = list(found)
    assert re.findall(r'"(\w+)"', forms.split("eval: {")[1].split("```")[0]) == [
        *keys[: keys.index("figures") + 1], "value", "of", "misses", *found["misses"][0],
        "compared", *found["compared"],
    ]  # fmt: skip


def test_a_language_model_is_left_out(evaluated: TwoIndexes, file: str) -> None:
    evaluated.environment = {"FOOTNOTE_LLM_URL": "http://localhost:9/v1", "FOOTNOTE_LLM_MODEL": "small"}

    evaluated("eval", file)

    assert [settings.llm for settings in evaluated.asked_with] == [None]


def test_a_file_as_windows_saves_it_and_odd_line_ends_in_a_question_are_read(
    evaluated: TwoIndexes, tmp_path: Path
) -> None:
    file = tmp_path / "q.jsonl"
    file.write_bytes('\ufeff{"question": "Mid\u2028line?", "unanswerable": true}\r\n\r\n'.encode())

    assert evaluated("eval", str(file))[0] == 0
    assert [asked for asked, _ in evaluated.answers.asked] == ["Mid\u2028line?"]


def test_a_person_is_told_when_the_articles_have_changed_since(evaluated: TwoIndexes, file: str) -> None:
    (evaluated.sources / "bread.md").unlink()

    assert evaluated("eval", file)[2].startswith("The articles have changed since the index was built")
    assert evaluated("eval", file, "--json")[2] == ""
