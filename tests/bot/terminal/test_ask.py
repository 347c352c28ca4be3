"""`ask`, `search` and the chat: what is printed where, and the JSON to the letter."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.types import About, Instead, Nearest, Told
from index.types import FootnoteError
from tests.bot.terminal.bench import Bench
from tests.fakes.answers import BANMA, BANMA_QUOTE, QUESTION, banma_answer, nothing


class TestAsk:
    def test_prints_the_answer_and_exits_with_0(self, built: Bench) -> None:
        code, out, err = built("ask", QUESTION)

        assert (code, err) == (0, "")
        assert out.startswith(
            f"[1] “{BANMA_QUOTE}”\n\n[1] Banma and its owners — Car Times, 9 February 2015\n"
        )

    def test_takes_a_question_without_quotation_marks(self, built: Bench) -> None:
        built("ask", *QUESTION.split())

        assert built.answers.asked == [(QUESTION, ())]

    def test_a_collection_is_all_that_is_asked_and_an_unknown_one_is_named(self, built: Bench) -> None:
        assert built("ask", "--collection", "notes", "--collection", ".", QUESTION)[0] == 0
        assert built("ask", QUESTION)[0] == 0
        assert built.answers.scopes == [{"notes", ""}, None]

        code, _, err = built("ask", "--collection", "note", QUESTION)

        assert code == 1
        assert err == (
            "footnote: There is no collection 'note'. "
            "The sub-folders of the sources are: notes; '.' means the articles in none.\n"
        )

    def test_no_answer_is_an_answer_too_unless_asked_to_fail(self, built: Bench) -> None:
        assert built("ask", "Why?") == (0, "The sources do not say.\n", "")
        assert built("ask", "Why?", "--fail-on-none")[0] == 1
        assert built("ask", QUESTION, "--fail-on-none")[0] == 0

    def test_json_is_the_contract_to_the_letter(self, built: Bench) -> None:
        _, out, _ = built("ask", QUESTION, "--json")

        start = BANMA.index(BANMA_QUOTE)
        assert out == (
            '{"question": "Who holds what share of Banma?", "status": "answer", "confidence": 0.9, '
            f'"quotes": [{{"text": "{BANMA_QUOTE}", "citation": 1, "source_id": "banma", '
            f'"start": {start}, "end": {start + len(BANMA_QUOTE)}, '
            '"answer": null, "path": [], "part": null, '
            f'"shown": "{BANMA_QUOTE}", "copies": []}}], '
            '"sources": [{"citation": 1, "id": "banma", "title": "Banma and its owners", '
            '"publisher": "Car Times", "published": "2015-02-09", "url": "https://example.com/banma", '
            '"link": "https://example.com/banma#:~:text=Alibaba%20and%20SAIC", "file": "/a/b.md", '
            '"also": []}], "nearest": [], "text": null, "unanswered": [], "disagreement": false, '
            '"selection": false, "told": null, "instead": null, "seconds": 0.01}\n'
        )

    def test_json_has_the_very_words_that_answer_and_what_is_told(self, built: Bench) -> None:
        answer = banma_answer()
        quote = answer.quotes[0]
        known = replace(quote, answer=(quote.start + 8, quote.end), path=("Owners",), part="who")
        told = Told(About.AUTHOR, 1, None, (None,))
        built.answers.prepared["known"] = replace(answer, quotes=(known,), selection=True)
        built.answers.prepared["told"] = replace(answer, quotes=(), told=told)
        built.answers.prepared["none"] = replace(nothing("none"), instead=Instead("ERR-1", None))

        shown, about, none = (json.loads(built("ask", q, "--json")[1]) for q in ("known", "told", "none"))

        assert shown["quotes"][0]["answer"] == {"start": quote.start + 8, "end": quote.end}
        assert (shown["quotes"][0]["path"], shown["quotes"][0]["part"]) == (["Owners"], "who")
        assert (shown["selection"], shown["told"], shown["instead"]) == (True, None, None)
        assert (about["quotes"], about["sources"][0]["id"]) == ([], "banma")
        assert about["told"] == {"about": "author", "count": 1, "subject": None, "values": [None]}
        assert none["instead"] == {"asked": "ERR-1", "named": None}

    def test_lines_are_one_conversation_where_that_is_asked_for_and_else_are_not(self, built: Bench) -> None:
        lines = f"{QUESTION}\nand when?\n".encode()

        built("ask", "-", "--conversation", stdin=lines)
        built("ask", "-", stdin=lines)

        (_, first), (_, then), (_, alone), (_, also_alone) = built.answers.asked
        assert [turn.question for turn in then] == [QUESTION]
        assert then[0].answer == BANMA_QUOTE
        assert first == alone == also_alone == ()

    def test_json_tells_an_uncertain_answer_and_none_apart(self, built: Bench) -> None:
        near = (Nearest("a", "An article", None),)
        built.answers.prepared["unsure"] = replace(banma_answer(certain=False), confidence=0.123456)
        built.answers.prepared["none"] = replace(nothing("none"), nearest=near)

        unsure = json.loads(built("ask", "unsure", "--json")[1])
        none = json.loads(built("ask", "none", "--json")[1])

        assert (unsure["status"], unsure["confidence"], len(unsure["quotes"])) == ("uncertain", 0.1235, 1)
        assert (none["status"], none["quotes"], none["sources"]) == ("none", [], [])
        assert none["nearest"] == [{"id": "a", "title": "An article", "url": None}]
        assert list(none) == list(unsure)

    def test_json_keeps_letters_as_they_are_and_its_line_one_line_to_every_reader(self, built: Bench) -> None:
        strange = "阿里 “é” 🦊 \u2028 \x85 \x9b2J \x7f"
        built.answers.prepared["?"] = replace(
            banma_answer(), quotes=(replace(banma_answer().quotes[0], text=strange),)
        )

        _, out, _ = built("ask", "?", "--json")

        assert "阿里 “é” 🦊" in out.replace('\\"', '"')
        assert len(out.splitlines()) == 1
        assert "\x9b" not in out
        assert json.loads(out)["quotes"][0]["text"] == strange

    def test_a_dash_answers_each_line_that_is_not_blank(self, built: Bench) -> None:
        lines = f"\ufeff{QUESTION}\r\n\n   \n 谁?\u2028 mid \x85line \nlast without line end"

        code, out, err = built("ask", "-", "--json", stdin=lines.encode())

        assert (code, err) == (0, "")
        assert [json.loads(line)["status"] for line in out.split("\n")[:-1]] == ["answer", "none", "none"]
        assert [question for question, _ in built.answers.asked] == [
            QUESTION,
            "谁?\u2028 mid \x85line",
            "last without line end",
        ]

    def test_a_dash_with_nothing_to_read_does_nothing(self, built: Bench) -> None:
        assert built("ask", "-") == (0, "", "")

    def test_each_answer_is_out_before_the_next_question_is_read(
        self, built: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=False)
        seen: list[int] = []

        class Feed(io.StringIO):
            def __iter__(self) -> Iterator[str]:  # type: ignore[override]
                for _ in range(3):
                    seen.append(out.buffer.getvalue().count(b"\n"))  # type: ignore[attr-defined]
                    yield QUESTION + "\n"

        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stdin", Feed())
        built.main("ask", "-", "--json")

        assert seen == [0, 1, 2]

    def test_bytes_that_are_not_utf8_are_asked_as_far_as_they_go(self, built: Bench) -> None:
        built("ask", "-", "--json", stdin=b"caf\xe9?\n")
        built("ask", os.fsdecode(b"caf\xe9?"))

        assert [question for question, _ in built.answers.asked] == ["caf\ufffd?", "caf??"]

    def test_without_an_index_it_says_how_to_make_one(self, bench: Bench) -> None:
        code, out, err = bench("ask", QUESTION, "--json")

        assert (code, out) == (1, "")
        assert err == f"footnote: There is no index in {bench.data} yet. Run `footnote build`.\n"

    def test_a_person_is_told_when_the_articles_have_changed_since(self, built: Bench) -> None:
        (built.sources / "new.md").write_text("A new article has one sentence.", "utf-8")
        (built.sources / "bread.md").unlink()

        _, _, err = built("ask", QUESTION)
        assert err.startswith("The articles have changed since the index was built (1 added, 1 removed). Run")
        assert built("ask", QUESTION, "--json")[2] == ""

    def test_an_index_without_its_articles_can_still_be_asked(self, built: Bench) -> None:
        built.sources = built.sources.parent / "gone"

        assert built("ask", QUESTION)[::2] == (0, "")


class TestSearch:
    def test_json_has_ranks_places_and_an_absolute_file(self, built: Bench) -> None:
        code, out, _ = built("search", "How long is the river Aare?", "-k", "2", "--json")

        found = json.loads(out)
        assert code == 0
        assert list(found) == ["question", "hits", "seconds"]
        assert [list(hit) for hit in found["hits"]] == [
            ["rank", "score", "source_id", "title", "file", "start", "end", "text"]
        ] * 2
        first = found["hits"][0]
        assert (first["rank"], first["source_id"], first["title"]) == (1, "river", "The river Aare")
        assert first["file"] == str(built.sources / "river.md")

    def test_offsets_slice_the_body_of_the_stored_file(self, built: Bench) -> None:
        _, out, _ = built("search", "-", "--json", stdin=b"gluten\nBern\nMoon\n")

        hits = [hit for line in out.splitlines() for hit in json.loads(line)["hits"]]
        assert len(hits) >= 9
        for hit in hits:
            body = Path(hit["file"]).read_text("utf-8").split("---\n", 2)[-1]
            assert body[hit["start"] : hit["end"]] == hit["text"]

    def test_for_a_person_it_lists_titles_scores_and_text(self, built: Bench) -> None:
        _, out, _ = built("search", "gluten in rye flour", "-k", "1")

        head, scores, text = out.splitlines()
        assert head.startswith(" 1  ")
        assert head.endswith("  Baking with rye")
        assert "cosine" in scores
        assert "Rye flour holds little gluten." in text

    def test_a_collection_is_all_that_is_searched(self, built: Bench) -> None:
        def found(*argv: str) -> set[str]:
            hits = json.loads(built("search", "Apollo and the river Aare", "--json", *argv)[1])["hits"]
            return {hit["source_id"] for hit in hits}

        assert found() == {"river", "bread", "notes/moon-landing"}
        assert found("--collection", "notes") == {"notes/moon-landing"}
        assert found("--collection", ".", "-k1000") == {"river", "bread"}
        assert built("search", "Aare", "--collection", "note")[2].startswith(
            "footnote: There is no collection 'note'."
        )

    def test_an_empty_question_finds_nothing(self, built: Bench) -> None:
        assert json.loads(built("search", " ", "--json")[1])["hits"] == []

    @pytest.mark.parametrize("count", ["0", "-1", "1001", "ten", "٣"])
    def test_a_count_that_makes_no_sense_is_wrong_usage(self, built: Bench, count: str) -> None:
        with pytest.raises(SystemExit) as caught:
            built("search", "x", f"-k{count}")

        assert caught.value.code == 2
        assert f"'{count}' is not a number from 1 to 1000" in built.capsys.readouterr().err


class TestChat:
    def test_answers_piped_lines_and_exits_with_0(self, built: Bench) -> None:
        code, out, err = built(stdin=f"{QUESTION}\nWhy?\n/quit\nnever asked\n".encode())

        assert (code, err) == (0, "")
        assert out.startswith(f"[1] “{BANMA_QUOTE}”")
        assert out.endswith("The sources do not say.\n\n")
        assert [question for question, _ in built.answers.asked] == [QUESTION, "Why?"]

    def test_a_collection_is_all_that_is_talked_about(self, built: Bench) -> None:
        code, out, _ = built("chat", "--collection", "notes", stdin=f"{QUESTION}\n/sources\n".encode())

        assert code == 0
        assert built.answers.scopes == [{"notes"}]
        assert "Moon landing" in out
        assert "The river Aare" not in out
        assert built("chat", "--collection", "note")[::2] == (
            1,
            "footnote: There is no collection 'note'. "
            "The sub-folders of the sources are: notes; '.' means the articles in none.\n",
        )

    def test_with_nothing_on_standard_input_it_just_ends(self, built: Bench) -> None:
        assert built() == (0, "", "")
        assert built("chat") == (0, "", "")

    def test_with_standard_input_closed_it_just_ends(self, built: Bench) -> None:
        built.monkeypatch.setattr(sys, "stdin", None)

        assert built.main("chat") == 0
        assert built.main("ask", "-") == 0

    def test_a_piped_question_that_failed_makes_it_exit_with_1(self, built: Bench) -> None:
        built.answers.prepared["Broken?"] = FootnoteError("The index is damaged. Run `footnote build`.")

        code, out, _ = built(stdin=b"Broken?\nWhy?\n")

        assert code == 1
        assert out == "The index is damaged. Run `footnote build`.\n\nThe sources do not say.\n\n"
