"""`report`: for a person, as CSV, as JSON."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest

from bot.memory import Ending, Memory
from tests.bot.terminal.bench import Bench
from tests.fakes.memory import HERE, remember_three


@pytest.fixture
def memory(bench: Bench) -> Memory:
    return remember_three(bench.data)


def test_a_person_reads_counts_verdicts_and_what_was_asked_in_vain(bench: Bench, memory: Memory) -> None:
    bench.environment = {"FOOTNOTE_KEEP_QUESTIONS": "yes"}
    code, out, err = bench("report", "--days", "2")
    assert (code, err) == (0, "")
    assert "Questions: 3 (answered 33%, no answer 67%); half of the replies within 0.1 s" in out
    assert "Verdicts: 1 👍, 1 👎" in out
    assert '“Who owns Banma?”, not asked, “=HYPERLINK("x"), "quoted" new”, banma 27–68' in out
    assert "Asked in vain: 2" in out
    assert "2× Who is the CEO? (also: who's the CEO), 1 passed on" in out
    assert "FOOTNOTE_KEEP_QUESTIONS" not in out


def test_without_the_setting_it_says_what_is_missing(bench: Bench, memory: Memory) -> None:
    assert "FOOTNOTE_KEEP_QUESTIONS=yes lists all" in bench("report")[1]


def test_a_spreadsheet_gets_a_row_for_everything_and_runs_nothing(bench: Bench, memory: Memory) -> None:
    code, out, err = bench("report", "--days", "2", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err) == (0, "")
    assert [row["row"] for row in rows] == ["day"] * 10 + ["disliked", "in vain"]
    today = {row["outcome"]: row["count"] for row in rows[5:10]}
    assert today == {"answered": "1", "uncertain": "0", "none": "2", "error": "0", "turned_away": "0"}
    disliked, vain = rows[10:]
    assert (disliked["reason"], disliked["quotes"], disliked["confidence"]) == (
        "not_asked",
        "banma 27–68",
        "0.900",
    )
    assert disliked["words"] == '\'=HYPERLINK("x"), "quoted"\nnew'
    assert (vain["count"], vain["question"], vain["reason"]) == (
        "2",
        "Who is the CEO? / who's the CEO",
        "passed on",
    )


def test_a_script_gets_all_of_it(bench: Bench, memory: Memory) -> None:
    code, out, _ = bench("report", "--days", "3", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["questions"], told["liked"], len(told["days"])) == (3, 1, 3)
    assert told["answered_share"] == pytest.approx(1 / 3)
    assert told["days"][-1]["none"] == 2 and told["days"][-1]["questions"] == 3
    assert told["disliked"][0]["quotes"] == [{"source_id": "banma", "start": 27, "end": 68}]
    assert told["in_vain"][0]["told"] == 1


def test_looking_changes_nothing(bench: Bench, memory: Memory) -> None:
    """Without the setting, the bot would forget the words; the report must not do so in its place."""
    bench("report")
    assert [one.question for one in memory.log.in_vain(0)] == ["Who is the CEO?", "who's the CEO"]


def test_before_anything_was_asked_it_says_so_and_makes_no_file(bench: Bench) -> None:
    code, out, err = bench("report")
    assert (code, out) == (1, "")
    assert "no question was asked in Slack yet. Run `footnote slack`." in err
    assert not (Path(bench.data) / "state.sqlite").exists()


def test_a_week_without_questions_is_no_error(bench: Bench) -> None:
    Memory(Path(bench.data) / "state.sqlite").close()
    code, out, _ = bench("report")
    assert code == 0
    assert "No questions." in out


@pytest.mark.parametrize("days", ["0", "-1", "x", "99999", "1" * 5_000])
def test_days_are_a_sensible_number(bench: Bench, days: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        bench("report", "--days", days)
    assert stopped.value.code == 2


def test_it_is_posted_in_a_channel_up_to_yesterday(bench: Bench, memory: Memory) -> None:
    assert bench("report", "--post", "C012AB3CD") == (
        0,
        "",
        "Nothing was asked, so nothing is posted.\n",
    )
    day = 86_400
    past = Memory(Path(bench.data) / "state.sqlite", lambda: time.time() - day)
    past.log.note(Ending("answered", 0.1), HERE, "9.0", "?")
    assert bench("report", "--days", "2", "--post", "C012AB3CD") == (0, "", "Posted in C012AB3CD.\n")
    ((made, channel),) = bench.posted
    assert (made.questions, len(made.days), channel) == (1, 2, "C012AB3CD")


def test_a_channel_is_named_by_its_id(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench("report", "--post", "#ops")
    assert "'#ops' is not the id of a channel, such as C012AB3CD" in capsys.readouterr().err
