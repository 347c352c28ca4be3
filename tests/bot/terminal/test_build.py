"""`build`, and the folders that every command takes."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.config import settings_from
from bot.terminal.build import report_paragraphs, watch
from bot.terminal.invocation import Invocation, console
from index.manifest import current_name
from index.reasons import Reason, Why
from index.types import BuildReport, SourceFailure
from tests.bot.terminal.bench import Bench
from tests.fakes.encoder import HashingEncoder


class TestBuild:
    def test_reports_what_was_done(self, bench: Bench) -> None:
        code, out, err = bench("build")

        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[0] == "    added 3: bread, notes/moon-landing, river"
        assert re.fullmatch(
            r"Index \d{8}-\d{6}-[0-9a-f]{8} is current: \d+ passages, 8 sentences \(\d+\.\d s\)\.", lines[1]
        )

    def test_reports_changes_failures_and_warnings_and_still_exits_with_0(self, built: Bench) -> None:
        (built.sources / "bread.md").write_text("Rye is a grain. It makes dark bread.", "utf-8")
        (built.sources / "river.md").unlink()
        (built.sources / "new.md").write_text("A new article has one sentence.", "utf-8")
        (built.sources / "empty.md").write_text("", "utf-8")
        (built.sources / "photo.png").write_bytes(b"\x89PNG")

        code, out, _ = built("build")

        assert code == 0
        assert out.splitlines()[:5] == [
            "    added 1: new",
            "  changed 1: bread",
            "  removed 1: river",
            "unchanged 1",
            "   failed 1",
        ]
        assert "  ! empty.md is empty: " in out
        assert "  ! 1 file was ignored (1 .png)" in out

    def test_goes_to_the_cluster_that_is_named(self, bench: Bench) -> None:
        bench("build", "--workers", "ray://head:10001")
        assert bench.workers == "ray://head:10001"
        bench("build")
        assert bench.workers is None

    def test_does_not_list_a_thousand_names(self, bench: Bench) -> None:
        for number in range(20):
            (bench.sources / f"n{number:02}.md").write_text(f"Article {number} has one sentence.", "utf-8")

        _, out, _ = bench("build")

        assert out.splitlines()[0].startswith("    added 23: bread, n00, n01")
        assert out.splitlines()[0].endswith("n08 and 13 more")

    def test_says_why_all_was_built_anew(self, built: Bench) -> None:
        built.encoder = HashingEncoder("another")

        _, out, _ = built("build")

        assert out.splitlines()[0].startswith("More than what changed was built anew. The model changed")

    def test_without_a_sources_folder_it_says_what_to_do(self, bench: Bench) -> None:
        code, out, err = bench("build", "--sources", str(bench.sources / "none"))

        assert (code, out) == (1, "")
        assert err.startswith(
            f"footnote: The sources folder {bench.sources / 'none'} does not exist. Create it"
        )

    def test_a_file_name_cannot_command_the_terminal(self, bench: Bench) -> None:
        (bench.sources / "a\x1b[31m.md").write_text("", "utf-8")

        _, out, _ = bench("build")

        assert "a�[31m.md" in out
        assert "\x1b" not in out


class TestJson:
    def test_is_one_line_with_what_was_done(self, built: Bench) -> None:
        (built.sources / "bread.md").unlink()
        (built.sources / "new.md").write_text("A new article has one sentence.", "utf-8")
        (built.sources / "empty.md").write_text("", "utf-8")

        code, out, _ = built("build", "--json")

        assert code == 0
        assert out.count("\n") == 1
        found = json.loads(out)
        assert found.pop("seconds") > 0
        assert found.pop("generation") == current_name(built.data)
        assert found == {
            "added": ["new"],
            "changed": [],
            "removed": ["bread"],
            "unchanged": 2,
            "failed": [
                {
                    "file": "empty.md",
                    "reason": "is empty: write the text below the front matter, or delete the file.",
                }
            ],
            "warnings": [],
            "passages": 3,
            "sentences": 7,
            "rebuilt_because": None,
        }


class TestWatch:
    def test_builds_when_an_article_changes_and_has_settled(self, bench: Bench) -> None:
        watched = Watched(bench)

        def first() -> None:
            (bench.sources / "new.md").write_text("A new article", "utf-8")

        def second() -> None:
            (bench.sources / "new.md").write_text("A new article has one sentence.", "utf-8")

        reports = watched.reports(lambda: None, first, second, lambda: None, lambda: None)

        assert [report["added"] for report in reports] == [["bread", "notes/moon-landing", "river"], ["new"]]
        assert [second["sentences"] - first["sentences"] for first, second in pairwise(reports)] == [1]

    def test_goes_on_after_a_build_that_failed(self, bench: Bench) -> None:
        watched = Watched(bench)
        texts = {path: path.read_bytes() for path in bench.sources.rglob("*.*")}

        def spoil() -> None:
            for path in texts:
                path.write_bytes(b"")

        def mend() -> None:
            for path, text in texts.items():
                path.write_bytes(text)
            (bench.sources / "new.md").write_text("A new article has one sentence.", "utf-8")

        reports = watched.reports(spoil, lambda: None, mend, lambda: None)

        assert [report["added"] for report in reports][1:] == [["new"]]
        assert "No article in " in watched.notes


class Watched:
    """`build --watch` where each of the watcher's pauses is one step of the test."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.notes = ""

    def reports(self, *steps: Callable[[], None]) -> list[dict[str, Any]]:
        left = list(steps)
        environment = {"FOOTNOTE_SOURCES": str(self._bench.sources), "FOOTNOTE_DATA": str(self._bench.data)}
        run = Invocation(
            settings_from(environment),
            self._bench.parts(),
            Namespace(json=True),
            console(False),
            console(False, stderr=True),
        )
        assert watch(run, lambda seconds: left.pop(0)(), lambda: bool(left)) == 0
        out, self.notes = self._bench.capsys.readouterr()
        return [json.loads(line) for line in out.splitlines()]


class TestRollbackAndCheck:
    def test_goes_back_and_says_how_to_return(self, built: Bench) -> None:
        first = current_name(built.data)
        (built.sources / "bread.md").unlink()
        built("build")
        second = current_name(built.data)

        code, out, err = built("rollback")

        assert (code, out) == (0, f"Index {first} is current again: 3 articles, 3 passages.\n")
        assert err == f"It stays until the articles change. To return: footnote rollback {second}\n"
        assert f"The index stays at {first}" in built("build")[1].replace("\n      ", " ")
        assert built("rollback", second)[::2] == (0, "")
        assert current_name(built.data) == second

    def test_with_nothing_to_go_back_to_it_fails(self, built: Bench) -> None:
        code, _, err = built("rollback")

        assert code == 1
        assert "FOOTNOTE_KEEP_GENERATIONS" in err

    def test_check_lists_what_is_whole_and_what_is_damaged(self, built: Bench) -> None:
        first = current_name(built.data)
        (path,) = (built.data / "generations").glob("*/vectors.faiss")
        (built.sources / "bread.md").unlink()
        built("build")
        second = current_name(built.data)
        assert built("check") == (
            0,
            f"✓ {second}  2 articles, 2 passages: every bit as it was written (current)\n",
            "",
        )
        path.write_bytes(path.read_bytes()[:-1])

        code, out, _ = built("check", "--all")

        assert code == 1
        assert out.startswith(f"✓ {second}  2 articles")
        assert f"✗ {first}  The index is damaged: " in out


def test_a_failure_and_its_reason_are_one_line() -> None:
    failure = SourceFailure("a.md", Reason(Why.NO_TABLE, {"problem": "two\nlines"}))
    report = BuildReport("g", (), (), (), ("b",), (failure,), (), 1, 1, 0.1, None)

    assert [paragraph.text.plain for paragraph in report_paragraphs(report)][2] == (
        "a.md cannot be read as a table (two lines). Save it once more as CSV."
    )


class TestFolders:
    @pytest.mark.parametrize("before", [True, False])
    def test_are_taken_before_and_after_the_command(self, built: Bench, tmp_path: Path, before: bool) -> None:
        options = ["--data", str(tmp_path / "other"), "--sources", str(built.sources)]

        code, _, err = built(*options, "ask", "x") if before else built("ask", "x", *options)

        assert (code, err) == (
            1,
            f"footnote: There is no index in {tmp_path / 'other'} yet. Run `footnote build`.\n",
        )

    def test_a_second_collection_leaves_the_first_alone(self, built: Bench, tmp_path: Path) -> None:
        other = tmp_path / "reports"
        other.mkdir()
        (other / "price.md").write_text("The price of the product is ten francs.", "utf-8")
        options = ["--sources", str(other), "--data", str(tmp_path / "reports-index")]

        built("build", *options)

        there = json.loads(built("search", "price", "--json", *options)[1])
        here = json.loads(built("search", "price", "--json")[1])
        assert {hit["source_id"] for hit in there["hits"]} == {"price"}
        assert {hit["source_id"] for hit in here["hits"]} == {"bread", "river", "notes/moon-landing"}
