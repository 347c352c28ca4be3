"""`build`, and the folders that every command takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.commands.indexing import report_paragraphs
from index.types import BuildReport, SourceFailure
from tests.bot.commands.bench import Bench
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

    def test_does_not_list_a_thousand_names(self, bench: Bench) -> None:
        for number in range(20):
            (bench.sources / f"n{number:02}.md").write_text(f"Article {number} has one sentence.", "utf-8")

        _, out, _ = bench("build")

        assert out.splitlines()[0].startswith("    added 23: bread, n00, n01")
        assert out.splitlines()[0].endswith("n08 and 13 more")

    def test_says_why_all_was_built_anew(self, built: Bench) -> None:
        built.encoder = HashingEncoder("another")

        _, out, _ = built("build")

        assert out.splitlines()[0].startswith("Everything was built anew. The model changed")

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


def test_a_failure_and_its_reason_are_one_line() -> None:
    failure = SourceFailure("a.md", "is\nbroken")
    report = BuildReport("g", (), (), (), ("b",), (failure,), (), 1, 1, 0.1, None)

    assert [paragraph.text.plain for paragraph in report_paragraphs(report)][2] == "a.md is broken"


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
