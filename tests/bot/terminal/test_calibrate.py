"""`calibrate`: what it reports, what it keeps, what it refuses, and that answers and `doctor` go by it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.answer import ranking
from bot.answer.answerer import Answerer, AnswerOptions
from bot.answer.ranking import Correction
from bot.memory import KeptFiles, open_kept
from bot.quality.calibration import load_calibration, models_of
from bot.quality.evaluation import Question
from bot.quality.fitting import Case
from index.generations import FileStore
from index.types import FootnoteError, Reader
from tests.bot.terminal.bench import Bench
from tests.fakes.encoder import HashingEncoder
from tests.fakes.reader import WordReader

FORMS = (Path(__file__).parents[3] / "docs" / "json.md").read_text("utf-8")
TOWNS = "Aarau Baden Bern Biel Brig Chur Davos Frick Genf Glarus Horgen Ins Jona Kloten".split()
TOWNS += "Lenk Laufen Morges Muri Nyon Olten Peseux Pully Rafz Sion Stans Thun Uster Vevey Wil Zug".split()
FACTS = ("inhabitants", "schools", "bridges")


@pytest.fixture
def towns(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An index of thirty towns that are told of in the same words."""
    for number, town in enumerate(TOWNS):
        sentences = (f"{town} has {number * 7 + n * 300 + 11} {fact}." for n, fact in enumerate(FACTS))
        (bench.sources / f"{town.lower()}.md").write_text(f"{' '.join(sentences)}\n", "utf-8")
    # It knows the town that was asked for, and that nobody speaks of mayors.
    bench.reader = WordReader(
        {},
        {f"How many {fact} does {town} have?": {f"{town} has": 3.0} for town in TOWNS for fact in FACTS},
        nothing=-3.0,
    )
    bench.environment = {"FOOTNOTE_READER": "words"}
    # A confidence that is right in its order and far too modest, whatever was fitted for the real one.
    modest = ranking.Sure(read=np.array([0.3, 0.0, 0.0]), search=np.array([0.0, 0.0, 1.0, -0.5]))
    fitted = replace(ranking.shipped_weights(), sure=(modest, modest))
    monkeypatch.setattr(ranking, "shipped_weights", lambda: fitted)
    bench("build")
    return bench


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Sixty questions with an answer, and ten about what nobody says."""
    lines: list[dict[str, Any]] = [
        {
            "question": f"How many {fact} does {town} have?",
            "article": town.lower(),
            "words": [f"{number * 7 + n * 300 + 11} {fact}"],
        }
        for number, town in enumerate(TOWNS)
        for n, fact in enumerate(FACTS[:2])
    ]
    lines += [{"question": f"Who is the mayor of {town}?", "unanswerable": True} for town in TOWNS[:10]]
    return written(tmp_path / "questions.jsonl", lines)


def written(path: Path, lines: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return str(path)


def kept(bench: Bench) -> list[str]:
    return sorted(path.name for path in bench.data.glob("*calibration*"))


def test_reports_before_and_after_and_keeps_what_is_better(towns: Bench, file: str) -> None:
    code, out, err = towns("calibrate", file)

    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == f"70 questions of {file}: 60 with an answer, 10 without; 130 searches, 60 right"
    assert lines[1] == f"hashing with words, index in {towns.data}"
    figures = {line.split()[0]: line.split()[1:3] for line in lines[4:8]}
    assert list(figures) == ["log_loss", "brier", "right_held_back", "wrong_passed_off"]
    assert float(figures["log_loss"][1]) < float(figures["log_loss"][0])
    bins = [line.split() for line in lines[10:16]]
    assert [bin[:3] for bin in bins][:2] == [["0.0", "to", "0.1"], ["0.1", "to", "0.3"]]
    assert sum(int(bin[3]) for bin in bins) == 130
    (name,) = kept(towns)
    assert re.fullmatch(r"calibration-[0-9a-f]{16}\.json", name)
    assert re.match(r"Learnt to correct the log-odds: × \d+\.\d\d [+-]\d+\.\d\d\. ", lines[-1])
    assert lines[-1].endswith(
        f"Kept in {towns.data / name}; a bot that is running takes it over when it starts again."
    )


def test_a_dry_run_reports_the_same_and_keeps_nothing(towns: Bench, file: str) -> None:
    dry = towns("calibrate", file, "--dry-run")[1]

    assert kept(towns) == []
    assert dry.endswith("Nothing is kept, since this is a dry run.\n")
    assert dry.splitlines()[:-1] == towns("calibrate", file)[1].splitlines()[:-1]


def test_answers_go_by_it_and_by_no_other_models_calibration(towns: Bench, file: str) -> None:
    question = "How many schools does Thun have?"

    def confidence(encoder: HashingEncoder) -> float:
        assert not isinstance(towns.reader, FootnoteError)
        kept = load_calibration(KeptFiles(towns.data), models_of(encoder, towns.reader))
        correction = None if kept is None else Correction(kept.scale, kept.offset)
        live = FileStore(towns.data, towns.encoder)
        answerer = Answerer(
            live, towns.encoder, towns.sources, options=AnswerOptions(towns.reader, correction)
        )
        return answerer.answer(question).confidence

    before = confidence(towns.encoder)
    towns("calibrate", file)

    assert confidence(towns.encoder) > before
    assert confidence(HashingEncoder("other")) == before


def test_what_bots_share_has_the_calibration_too(towns: Bench, file: str, postgres: str) -> None:
    towns.environment = {**towns.environment, "FOOTNOTE_STATE": postgres}

    out = towns("calibrate", file)[1]

    assert kept(towns) == []
    assert re.search(
        r"Kept in calibration-\w+\.json in the PostgreSQL database footnote_test_\w+ at 127", out
    )
    assert isinstance(towns.reader, WordReader)
    assert (
        load_calibration(open_kept(towns.data, postgres), models_of(towns.encoder, towns.reader)) is not None
    )
    assert "calibrated on " in towns("doctor")[1]


def test_each_reader_is_calibrated_by_itself(towns: Bench, file: str) -> None:
    towns("calibrate", file)
    towns.environment = {"FOOTNOTE_READER": "none"}

    found = json.loads(towns("calibrate", file, "--json")[1])

    assert (found["model"], found["reader"], found["better"]) == ("hashing", None, True)
    calibration = load_calibration(KeptFiles(towns.data), models_of(towns.encoder, None))
    assert calibration is not None
    assert (round(calibration.scale, 4), round(calibration.offset, 4)) == (found["scale"], found["offset"])
    assert len(kept(towns)) == 2


def test_json_is_one_line_with_everything(towns: Bench, file: str) -> None:
    code, out, err = towns("calibrate", file, "--json")

    found = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert (found["questions"], found["answerable"], found["searches"]) == (70, 60, 130)
    assert (found["model"], found["reader"], found["better"]) == ("hashing", "words", True)
    assert found["kept"] == str(towns.data / kept(towns)[0])
    assert found["calibration"][0].keys() == {"from", "to", "searches", "promised", "right"}
    section = FORMS.split("calibrate: {")[1].split("```")[0]
    assert re.findall(r'"(\w+)"', section) == [
        *list(found)[: list(found).index("figures") + 1], "before", "after", *list(found)[-1:],
        *found["calibration"][0],
    ]  # fmt: skip


def test_doctor_shows_it_and_says_what_is_not_calibrated(towns: Bench, file: str) -> None:
    def certainty() -> list[str]:
        lines = towns("doctor")[1].splitlines()
        return [line for line in lines if "certainty" in line or "calibrate FILE" in line]

    before = certainty()
    towns("calibrate", file)
    after = certainty()
    towns.environment = {"FOOTNOTE_READER": "none"}
    without = certainty()

    assert before == [
        "· certainty not calibrated for hashing with words",
        "            → Write questions down as for `footnote eval`, and run `footnote calibrate FILE`.",
    ]
    assert re.fullmatch(
        r"✓ certainty calibrated on [\d-]{10} with 60 questions; log loss 0\.\d{3} before, 0\.\d{3} after",
        after[0],
    )
    assert without[0] == ("· certainty not calibrated for hashing with no reader, but for hashing with words")


def test_doctor_names_the_reader_in_use(towns: Bench) -> None:
    def reader(setting: str) -> list[str]:
        towns.environment = {"FOOTNOTE_READER": setting}
        lines = towns("doctor")[1].splitlines()
        return [line for line in lines if line[2:].startswith("reader ")]

    assert reader("") == ["✓ reader    the reader that ships reads the best of what is found"]
    assert reader("words") == ["✓ reader    words reads the best of what is found"]
    assert reader("none")[0].startswith("· reader    FOOTNOTE_READER is none: nothing reads what is found")


def test_doctor_says_when_the_reader_or_a_calibration_cannot_be_used(towns: Bench, file: str) -> None:
    towns("calibrate", file)
    (towns.data / kept(towns)[0]).write_text("{", "utf-8")
    damaged = towns("doctor")
    towns.reader = FootnoteError("There is no reader folder words.")
    unusable = towns("doctor")

    assert damaged[0] == 1
    assert f"✗ certainty The calibration {towns.data / kept(towns)[0]} cannot be used" in damaged[1]
    assert unusable[0] == 1
    assert "✗ reader    There is no reader folder words.\n" in unusable[1]


class TestRefused:
    def test_too_few_questions(self, towns: Bench, tmp_path: Path) -> None:
        few = written(
            tmp_path / "few.jsonl", [{"question": f"Who is {town}?", "article": "wil"} for town in TOWNS[:19]]
        )

        code, out, err = towns("calibrate", few)

        assert (code, out) == (1, "")
        assert err == (
            f"footnote: {few} has 19 questions with an answer, too few to learn from."
            " Write at least 20; 100 or more are better.\n"
        )

    def test_questions_about_other_articles(self, towns: Bench, tmp_path: Path) -> None:
        strange = written(
            tmp_path / "q.jsonl", [{"question": f"Who is {town}?", "article": "gone"} for town in TOWNS]
        )

        assert "has the expected articles of only 0 questions" in towns("calibrate", strange)[2]

    def test_questions_that_all_come_out_wrong(self, towns: Bench, tmp_path: Path) -> None:
        wrong = written(
            tmp_path / "q.jsonl",
            [{"question": f"Who is {town}?", "article": town.lower(), "words": ["x-ray"]} for town in TOWNS],
        )

        code, _, err = towns("calibrate", wrong)

        assert code == 1
        assert err.startswith(
            "footnote: Of 60 searches 0 came out right and 60 wrong, and it takes 10 of each"
        )
        assert kept(towns) == []

    def test_a_bad_line_and_a_missing_index(self, towns: Bench, bench: Bench, file: str) -> None:
        nowhere = ["--data", str(towns.data.parent / "nowhere")]
        assert "There is no index in" in towns("calibrate", file, *nowhere)[2]

        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write("{}\n")
        assert f"{file}, line 71:" in towns("calibrate", file)[2]


def test_what_is_no_better_is_not_kept_and_what_was_kept_stays(
    towns: Bench, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    towns("calibrate", file)
    before = (towns.data / kept(towns)[0]).read_bytes()
    reader = towns.reader
    assert not isinstance(reader, FootnoteError)
    monkeypatch.setattr(towns, "_observer", lambda settings: SureObserver(towns.encoder, reader))

    code, out, _ = towns("calibrate", file)

    assert code == 0
    assert re.search(
        r"Nothing was clearly better than what ships, and that of \d{4}-\d\d-\d\d stays in use\.$", out
    )
    assert (towns.data / kept(towns)[0]).read_bytes() == before
    (towns.data / kept(towns)[0]).unlink()
    assert towns("calibrate", file)[1].endswith("and what ships stays in use.\n")
    assert kept(towns) == []


class SureObserver:
    """Whose confidence is right as it is: of ten searches with nine chances in ten, nine come out right."""

    def __init__(self, encoder: HashingEncoder, reader: Reader) -> None:
        self.models = models_of(encoder, reader)

    def cases(self, question: Question) -> Iterator[Case]:
        for answerable in (True, False):
            right = answerable is (question.line % 10 > 0)
            yield Case(question.line, answerable, math.log(9) * (1 if answerable else -1), right)
