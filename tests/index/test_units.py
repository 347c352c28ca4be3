"""What can be quoted from Markdown, and what stands above it."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.lines import first_heading
from index.marks import plain
from index.rendering import PATH_MARK, context, searched, shown
from index.units import Kind, Unit, unit_at, units
from tests.index.test_chunking import article


def said(text: str, title: str | None = None) -> list[tuple[str, str, str]]:
    """Kind, path and words of what can be quoted."""
    return [
        (unit.kind.value, PATH_MARK.join(unit.path), shown(unit, text))
        for unit in units(text, title)
        if unit.kind is not Kind.INTRODUCES
    ]


def introducing(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in units(text) if unit.kind is Kind.INTRODUCES]


def the(words: str, text: str) -> Unit:
    (found,) = [unit for unit in units(text) if words in text[unit.start : unit.end]]
    return found


# ---- Headings


def test_a_sentence_stands_below_all_its_headings_but_the_title() -> None:
    text = (
        "# Stay\n\n## Rooms\n\n### Aurora ###\n\nIt has a bath. It is warm.\n\n## Food\n\nThere is bread.\n"
    )
    assert said(text) == [
        ("sentence", "Rooms › Aurora", "It has a bath."),
        ("sentence", "Rooms › Aurora", "It is warm."),
        ("sentence", "Food", "There is bread."),
    ]


def test_a_title_that_is_known_is_left_out_of_the_paths_and_another_first_heading_is_not() -> None:
    text = "# Prices 2024\n\nA ticket costs 5 euros."
    assert said(text, "prices 2024") == [("sentence", "", "A ticket costs 5 euros.")]
    assert said(text, "Lindholm") == [("sentence", "Prices 2024", "A ticket costs 5 euros.")]


def test_chapters_on_the_first_level_are_no_titles() -> None:
    assert said("# One\n\nA b.\n\n# Two\n\nC d.") == [
        ("sentence", "One", "A b."),
        ("sentence", "Two", "C d."),
    ]


def test_underlined_and_wiki_headings_are_headings() -> None:
    text = "Plan\n====\n\nBudget\n------\n\nIt is 31,000 euros.\n\n= = Staff = =\n\nThere are two."
    assert said(text, "Plan") == [
        ("sentence", "Budget", "It is 31,000 euros."),
        ("sentence", "Staff", "There are two."),
    ]


def test_a_rule_below_a_sentence_makes_no_heading_of_it() -> None:
    assert said("So it ends.\n---\nNew.") == [("sentence", "", "So it ends."), ("sentence", "", "New.")]


def test_a_short_bold_line_is_a_heading_below_the_others() -> None:
    text = "## Fees\n\n**Dogs**\n\nFive euros.\n\n**Cats**\n\nNo fee.\n\n## Keys\n\nAt the desk."
    assert said(text) == [
        ("sentence", "Fees › Dogs", "Five euros."),
        ("sentence", "Fees › Cats", "No fee."),
        ("sentence", "Keys", "At the desk."),
    ]


def test_headings_with_nothing_below_them_can_be_quoted() -> None:
    text = "# Notice\n\n# The gate closes at 22:30\n\n# Breakfast is from 7\n"
    assert said(text, "Notice") == [
        ("sentence", "", "Notice"),
        ("sentence", "", "The gate closes at 22:30"),
        ("sentence", "", "Breakfast is from 7"),
    ]


def test_a_title_and_nothing_else_says_nothing() -> None:
    assert said("# Only a title\n") == []


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("```\n# comment\n```\n\n## The *first* one\n", "The first one"),
        ("Words.\n\nPlan\n====\n", "Plan"),
        ("# About C#\n", "About C#"),
        ("No heading.\n", None),
        ("## ##\n\n# Later", "Later"),
    ],
)
def test_the_first_heading_is_found_behind_code_and_without_marks(text: str, heading: str | None) -> None:
    assert first_heading(text) == heading


# ---- Questions


@pytest.mark.parametrize("question", ["## {}", "**{}**", "__{}__", "{}\n---", "Q: {}", "**Q:** {}"])
def test_an_answer_stands_below_its_question_and_knows_where_it_is(question: str) -> None:
    text = "# Guests\n\n" + "\n\n".join(
        [
            question.format("Any dogs?"),
            "A: Small ones.",
            question.format("How late?"),
            "A: Until 22:30.\n\nNot later.",
        ]
    )
    if "Q:" not in question:
        text = text.replace("A: ", "")
    assert [(path, words) for _, path, words in said(text)] == [
        ("Any dogs?", "Small ones."),
        ("How late?", "Until 22:30."),
        ("How late?", "Not later."),
    ]
    span = the("Until 22:30", text).introduced_by
    assert span is not None and plain(text[slice(*span)]) == "How late?"


def test_questions_on_lines_of_their_own_are_a_list_of_questions() -> None:
    text = "Any dogs?\nSmall ones.\n\nHow late?\nUntil 22:30. Not later.\n\nA lift?\n\nNo."
    assert said(text) == [
        ("sentence", "Any dogs?", "Small ones."),
        ("sentence", "How late?", "Until 22:30."),
        ("sentence", "How late?", "Not later."),
        ("sentence", "A lift?", "No."),
    ]


def test_a_question_in_running_prose_is_a_sentence() -> None:
    text = "He came late. Why did he come? Nobody knew, and nobody asked.\n\nIt was dark."
    assert [kind for kind, *_ in said(text)] == ["sentence"] * 4
    assert introducing(text) == []


def test_a_single_paragraph_that_asks_is_a_sentence() -> None:
    assert ("sentence", "", "But why?") in said("It was dark.\n\nBut why?\n\nNobody knew.")


def test_a_question_that_is_the_title_introduces_its_answer() -> None:
    text = "# How late can I arrive?\n\nThe gate closes at 22:30."
    (unit,) = [unit for unit in units(text) if unit.kind is Kind.SENTENCE]
    assert unit.path == () and unit.introduced_by == (2, 24)
    assert searched(unit, text) == "How late can I arrive?: The gate closes at 22:30."


# ---- Lists


def test_items_stand_below_what_leads_to_them_and_sentences_of_an_item_share_it() -> None:
    text = "To start it:\n\n1. Open the box. It is heavy.\n2. Press **start**.\n\nThen wait."
    assert said(text) == [
        ("item", "To start it", "Open the box."),
        ("item", "To start it", "It is heavy."),
        ("item", "To start it", "Press start."),
        ("sentence", "", "Then wait."),
    ]
    assert the("Press", text).introduced_by == (0, 12)
    assert introducing(text) == ["To start it:"]


def test_items_inside_items_stand_below_them() -> None:
    text = (
        "- Fees:\n  - Dogs pay 5 euros.\n  - Cats pay nothing.\n\n    They are small.\n"
        "- Bring a towel.\n  - A big one."
    )
    assert said(text) == [
        ("item", "Fees", "Dogs pay 5 euros."),
        ("item", "Fees", "Cats pay nothing."),
        ("item", "Fees › Cats pay nothing.", "They are small."),
        ("item", "", "Bring a towel."),
        ("item", "Bring a towel.", "A big one."),
    ]


def test_a_lead_in_that_leads_nowhere_is_a_sentence() -> None:
    assert said("He said only this:\n\n# Next\n\nWords.") == [
        ("sentence", "", "He said only this:"),
        ("sentence", "Next", "Words."),
    ]


def test_ticks_are_kept() -> None:
    assert said("- [ ] Ask Ola\n- [x] Code changed") == [
        ("item", "", "☐ Ask Ola"),
        ("item", "", "☑ Code changed"),
    ]


# ---- Tables

TABLE = (
    "## Plans\n\n| Plan | Seats | Support |\n|---|---:|---|\n| Basic | 5 | [e-mail](a) |\n| Team | 25 | |\n"
)


def test_a_row_is_shown_with_the_heads_of_its_cells() -> None:
    assert said(TABLE) == [
        ("row", "Plans", "Plan: Basic · Seats: 5 · Support: e-mail"),
        ("row", "Plans", "Plan: Team · Seats: 25"),
    ]
    row = the("Team", TABLE)
    assert row.heads == ("Plan", "Seats", "Support")
    assert row.introduced_by == (10, 36)
    assert TABLE[row.start : row.end] == "| Team | 25 | |"
    assert context(row, TABLE) == ("Plans", "Plan", "Seats", "Support")
    assert searched(row, TABLE) == "Plans: Plan: Team · Seats: 25"


def test_a_table_needs_no_outer_pipes_and_an_escaped_pipe_parts_no_cells() -> None:
    assert said("Sign | Use\n--- | ---\na \\| b | or") == [("row", "", "Sign: a | b · Use: or")]


def test_rows_without_a_head_are_shown_as_they_are() -> None:
    assert said("| Basic | 5 |\n| Team | 25 |") == [("row", "", "Basic · 5"), ("row", "", "Team · 25")]


def test_a_row_with_nothing_but_a_label_stands_above_the_rows_below() -> None:
    text = "| Office | Desks |\n|---|---|\n| **North** | |\n| Kiel | 42 |\n| **South** | |\n| Ulm | 7 |"
    assert said(text) == [
        ("row", "North", "Office: Kiel · Desks: 42"),
        ("row", "South", "Office: Ulm · Desks: 7"),
    ]


def test_a_row_that_is_too_long_to_quote_is_taken_by_cells() -> None:
    long = "It is long. " * 60
    text = f"| Name | Text |\n|---|---|\n| Kiel | {long} |"
    rows = said(text)
    assert rows[0] == ("row", "", "Name: Kiel")
    assert set(rows[1:]) == {("row", "Kiel", "Text: It is long.")} and len(rows) == 61


def test_a_head_without_rows_can_be_quoted() -> None:
    assert said("| Plan | Seats |\n|---|---|\n") == [("row", "", "Plan · Seats")]


def test_tables_and_lists_in_html_are_read_as_such() -> None:
    text = (
        "<details><summary>Opening hours</summary>The lab opens at 07:45.</details>\n\n"
        "<dl><dt>RT</dt><dd>Room temperature.</dd></dl>\n\n"
        "<table><tr><th>Acid</th><th>Cabinet</th></tr>\n\n<tr><td>Nitric</td><td>C4</td></tr></table>\n\n"
        "<ul><li>One.<li>Two.</ul>\n\nGas&nbsp;bottles cost 60&euro;."
    )
    assert said(text) == [
        ("sentence", "Opening hours", "The lab opens at 07:45."),
        ("definition", "RT", "Room temperature."),
        ("row", "", "Acid: Nitric · Cabinet: C4"),
        ("item", "", "One."),
        ("item", "", "Two."),
        ("sentence", "", "Gas bottles cost 60€."),
    ]


# ---- Definitions


@pytest.mark.parametrize(
    "text", ["SLA\n: A promise. Kept.", "SLA\n\n:   A promise. Kept.", "SLA\n    A promise. Kept."]
)
def test_a_definition_stands_below_its_term(text: str) -> None:
    assert said(text) == [("definition", "SLA", "A promise."), ("definition", "SLA", "Kept.")]
    assert introducing(text) == ["SLA"]


@pytest.mark.parametrize("mark", ["**SLA**: ", "**SLA:** ", "**SLA** – "])
def test_a_term_on_the_line_of_its_definition_is_quoted_with_it(mark: str) -> None:
    assert said(f"{mark}A promise. Kept.")[1:] == [("definition", "SLA", "Kept.")]
    assert said(f"{mark}A promise. Kept.")[0][0] == "definition"


def test_bold_words_in_a_sentence_are_no_term() -> None:
    assert said("**Nobody** came. It rained.") == [
        ("sentence", "", "Nobody came."),
        ("sentence", "", "It rained."),
    ]


def test_a_term_alone_stands_above_the_paragraph_that_explains_it() -> None:
    assert said("RPO\n\nAt most 15 minutes.\n\nMore words.") == [
        ("sentence", "RPO", "At most 15 minutes."),
        ("sentence", "", "More words."),
    ]


# ---- Lines


def test_lines_of_code_are_units_and_a_comment_is_one_with_the_command_below() -> None:
    text = (
        "## Deploy\n\nRun these:\n\n```bash\n# copy the build\nscp a_b_c **x** gw01:/opt\n\n"
        "relay --port 8443\n```\n\nIt logs."
    )
    assert said(text) == [
        ("line", "Deploy › Run these", "# copy the build\nscp a_b_c **x** gw01:/opt"),
        ("line", "Deploy › Run these", "relay --port 8443"),
        ("sentence", "Deploy", "It logs."),
    ]


def test_a_fence_that_is_never_closed_hides_no_text() -> None:
    assert said("```\n# Head\n\nWords here.") == [("sentence", "Head", "Words here.")]


def test_lines_of_a_form_are_units() -> None:
    text = "Opening hours\nMon: 8 to 12\nTue: 9 to 5"
    assert said(text) == [("line", "Opening hours", "Mon: 8 to 12"), ("line", "Opening hours", "Tue: 9 to 5")]


def test_a_line_of_a_record_knows_the_others() -> None:
    text = "Name: Ola\nPhone: 42\n\nName: Ines\nPhone: 67\nName: Kofi\nPhone: 23"
    assert said(text) == [
        ("line", "Phone: 42", "Name: Ola"),
        ("line", "Name: Ola", "Phone: 42"),
        ("line", "Phone: 67", "Name: Ines"),
        ("line", "Name: Ines", "Phone: 67"),
        ("line", "Phone: 23", "Name: Kofi"),
        ("line", "Name: Kofi", "Phone: 23"),
    ]


@pytest.mark.parametrize("mark", ["  \n", "\\\n", "<br>", "<br />\n"])
def test_a_line_break_that_was_meant_ends_a_unit(mark: str) -> None:
    assert said(f"First step{mark}Second step") == [("line", "", "First step"), ("line", "", "Second step")]


def test_wrapped_lines_are_one_sentence_also_in_quotations() -> None:
    text = "One line that goes\non here. Next.\n\n> Quoted and\n> wrapped. More."
    assert [words for *_, words in said(text)] == [
        "One line that goes on here.",
        "Next.",
        "Quoted and wrapped.",
        "More.",
    ]


# ---- Chats


@pytest.mark.parametrize(
    "messages",
    [
        "Ada Quill  10:02 AM\nwhich port is it?\n\nRui Costa  10:05 AM\nit is 9443\n\nthat is all",
        "**Ada Quill** · 10:02 AM\n\nwhich port is it?\n\n**Rui Costa** · 10:05 AM\n\nit is 9443\n\n"
        "that is all",
        "[10:02 AM] Ada Quill: which port is it?\n[10:05 AM] Rui Costa: it is 9443\n\nthat is all",
    ],
)
def test_a_reply_stands_below_the_question_and_says_who_and_when(messages: str) -> None:
    path = "which port is it? › Rui Costa, 10:05 AM"
    assert said(messages) == [("message", path, "it is 9443"), ("message", path, "that is all")]


def test_a_question_is_open_until_somebody_has_replied() -> None:
    text = "\n\n".join(
        f"**{who}** · 2025-03-01 10:0{n}\n\n{words}"
        for n, (who, words) in enumerate(
            [("Ada", "Hello. Which port?"), ("Ada", "Please."), ("Rui", "9443."), ("Mei", "Lunch.")]
        )
    )
    assert said(text) == [
        ("message", "Ada, 2025-03-01 10:00", "Hello."),
        ("message", "Ada, 2025-03-01 10:01", "Please."),
        ("message", "Which port? › Rui, 2025-03-01 10:02", "9443."),
        ("message", "Mei, 2025-03-01 10:03", "Lunch."),
    ]


# ---- Notes, comments and marks


def test_a_footnote_stands_below_the_sentence_that_refers_to_it() -> None:
    text = "Oda plans it.[^1] It is long.\n\n[^1]: Her deputy is Per."
    assert said(text)[-1] == ("sentence", "Oda plans it.", "Her deputy is Per.")


def test_what_is_hidden_is_no_unit_and_not_shown() -> None:
    text = (
        "A <!-- not this --> word. %%nor this%% ^b7f2\n\n%%\nhidden block\n%%\n\n<!--\nand this\n-->\n\n"
        "~~gone~~ It is ~~14~~ 16."
    )
    assert [words for *_, words in said(text)] == ["A word.", "It is 16."]


def test_addresses_of_links_and_pictures_are_no_units() -> None:
    assert said("Words.\n\n[1]: https://example.org\n\n![[plan.png]]") == [("sentence", "", "Words.")]


def test_a_callout_has_its_title_above() -> None:
    assert said("> [!warning] Key\n> It lies\n> in the safe.") == [
        ("sentence", "Key", "It lies in the safe.")
    ]


def test_the_unit_at_a_place_of_an_article_is_found() -> None:
    source = article("# Title\n\nOne. Two.")
    found = unit_at(source, 15)
    assert found is not None and source.text[found.start : found.end] == "Two."
    assert unit_at(source, 8) is None and unit_at(source, 999) is None


# ---- Whatever the text

BLOCKS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "\n",
                    "\n\n",
                    "# Head\n",
                    "**Bold?**\n",
                    "- item\n",
                    "  - inner:\n",
                    "1. one\n",
                    "> quote\n",
                ),
                *("```\n", "~~~\n", "a \\| b", "Term\n: def\n", "Name: x\n", "Key: y\n", "Ada  10:02 AM\n"),
                *("[10:03] Bo: hi\n", "<!-- ", "-->", "%%", "~~x~~", "<table><tr><td>a</td>", "</table>"),
                *(
                    "<dl><dt>T<dd>d</dl>",
                    "[^1]",
                    "[^1]: note\n",
                    "Why so?\n",
                    "Q: q\n",
                    "A: a\n",
                    "  \n",
                    "\\\n",
                ),
                *(
                    "===\n",
                    "---\n",
                    "`code`",
                    "<br>",
                    "    deep\n",
                    "[a]: http://b\n",
                    "![[x]]\n",
                    " ^abcd\n",
                ),
                "> [!note] N\n",
            ]
        ),
        st.sampled_from(["|", "| a | b |\n", "|---|---|\n", "One. Two three.", "lower words ", "ends:\n"]),
        st.text(st.sampled_from("aB1 .!?\n#-*>|。“”\\=:`~%<ก์"), max_size=12),
    ),
    max_size=25,
).map("".join)


@given(BLOCKS)
@settings(max_examples=1500, deadline=None)
def test_units_are_in_order_trimmed_and_apart(text: str) -> None:
    found = units(text)
    for before, after in pairwise(found):
        assert before.end <= after.start
    for unit in found:
        words = text[unit.start : unit.end]
        assert 0 <= unit.start < unit.end <= len(text) and words == words.strip() and words
        assert all(unit.path)
        shown(unit, text)
        searched(unit, text)
        if unit.introduced_by is not None:
            assert unit.introduced_by[1] <= unit.start or unit.introduced_by[0] >= unit.end


@given(st.text(alphabet=st.sampled_from("aB1 .!?\n#-*>|。“”\\n=ก์:"), max_size=200))
@settings(max_examples=500, deadline=None)
def test_every_letter_that_is_no_mark_is_in_a_unit(text: str) -> None:
    covered = {place for unit in units(text) for place in range(unit.start, unit.end)}
    missed = [c for i, c in enumerate(text) if i not in covered and c.isalpha()]
    # A literal "\n" is a line break, so its letter may be left out.
    assert set(missed) <= {"n"}


@pytest.mark.parametrize(
    "text",
    [
        "= " * 50_000,
        "# " * 50_000,
        "> " * 50_000,
        "```a\n" * 20_000,
        "~~~~\n```\n" * 10_000,
        "|" * 100_000,
        "| a " * 30_000 + "\n" + "|-" * 30_000,
        "- " * 50_000,
        "".join(" " * (n % 40) + "- a\n" for n in range(5_000)),
        "*" * 100_000,
        "**a " * 30_000,
        "[" * 100_000,
        "[a](" * 30_000,
        "<!--" * 30_000,
        "%%a " * 30_000,
        "~~a " * 30_000,
        "<table>\n\n" * 20_000,
        "<td" * 30_000,
        "a  \n" * 10_000,
        "a: b\n" * 10_000,
        "A b\n\n" * 5_000,
        "a?\n\n" * 5_000,
        "# a\n\n" * 10_000,
        "[^1] a\n\n[^1]: b\n\n" * 4_000,
        "Ada  10:02 AM\n" * 10_000,
        "Ada 1 " * 20_000,
        "[a]: http://" + "a" * 100_000,
        "&a" * 50_000,
        "`" * 100_000,
        "_a " * 50_000,
        " " * 100_000 + "x",
        "\\" * 100_000,
    ],
    ids=lambda text: text[:12].replace("\n", "/"),
)
def test_hostile_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    for unit in units(text):
        shown(unit, text)
    assert time.process_time() - began < 3
