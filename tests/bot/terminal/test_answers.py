"""What a person sees: answers, passages, hits and the chat, wide, narrow and piped."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.terminal.answers import Chat, answer_paragraphs, hit_paragraphs, passage_paragraphs, typed_lines
from bot.terminal.paragraphs import Paragraph, printable, show
from bot.types import About, Instead, Nearest, PassageView, Silence, Told
from index.generation import Generation
from index.marks import Piece
from index.rendering import Shown
from index.types import Article, FootnoteError, Hit
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers, answer_quoting, banma_answer, nothing

ESC = "\x1b"


def piped() -> Console:
    return Console(file=io.StringIO(), highlight=False, markup=False, emoji=False)


def terminal(width: int = 60) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, width=width, highlight=False, markup=False, emoji=False
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def shown(paragraphs: list[Paragraph], console: Console | None = None) -> str:
    console = console or piped()
    show(console, paragraphs)
    return written(console)


def test_an_answer_is_its_numbered_quotes_and_then_their_sources() -> None:
    assert shown(answer_paragraphs(banma_answer())) == (
        "[1] “Alibaba and SAIC each hold half of Banma.”\n"
        "\n"
        "[1] Banma and its owners — Car Times, 9 February 2015\n"
        "    https://example.com/banma#:~:text=Alibaba%20and%20SAIC\n"
    )


def test_an_uncertain_answer_says_so_before_anything_else() -> None:
    first, *_, last = shown(answer_paragraphs(banma_answer(certain=False))).splitlines()

    assert first == "I am not sure that this answers it. The closest I found:"
    assert last.endswith("https://example.com/banma#:~:text=Alibaba%20and%20SAIC")


def test_sources_that_differ_are_shown_as_differing_each_with_its_date() -> None:
    answer = replace(banma_answer(), disagreement=True)

    assert shown(answer_paragraphs(answer)).splitlines()[:3] == [
        "The sources differ. What each of them says:",
        "",
        "[1] “Alibaba and SAIC each hold half of Banma.” — Car Times, 9 February 2015",
    ]


def test_a_part_of_the_question_without_an_answer_is_named() -> None:
    answer = replace(banma_answer(), unanswered=("who runs it",))

    assert "The sources do not say: who runs it" in shown(answer_paragraphs(answer)).splitlines()


def test_the_very_words_of_the_answer_are_in_bold() -> None:
    quote = banma_answer().quotes[0]
    at = quote.start + quote.text.index("half of\x20")
    wide = replace(quote, text=quote.text.replace(" of ", "\n of\x1b "), answer=(at, at + 4))
    (paragraph, *_) = answer_paragraphs(replace(banma_answer(), quotes=(wide,)))

    assert paragraph.text.plain == "“Alibaba and SAIC each hold half of\ufffd Banma.”"
    (span,) = [s for s in paragraph.text.spans if isinstance(s.style, Style) and s.style.bold]
    assert paragraph.text.plain[span.start : span.end] == "half"


def test_a_row_has_its_heads_and_a_copied_sentence_all_its_numbers() -> None:
    row = "| Brix | 25 |"
    pieces = (Piece("Depot: ", 2, 2), Piece("Brix", 2, 6), Piece(" · Trucks: ", 9, 9), Piece("25", 9, 11))
    quote = replace(
        banma_answer().quotes[0], text=row, start=0, end=13, answer=(9, 11), shown=Shown(pieces), copies=(2,)
    )
    paragraph = answer_paragraphs(replace(banma_answer(), quotes=(quote,)))[0]

    assert (paragraph.label, paragraph.text.plain) == ("[1][2] ", "“Depot: Brix · Trucks: 25”")
    (span,) = [s for s in paragraph.text.spans if isinstance(s.style, Style) and s.style.bold]
    assert paragraph.text.plain[span.start : span.end] == "25"


def test_what_stands_above_a_quote_and_the_part_that_it_answers_are_shown_above_it() -> None:
    quote = replace(banma_answer().quotes[0], path=("Owners", "In\n2015"), part="who owns it")
    answer = replace(banma_answer(), quotes=(quote, quote))

    assert shown(answer_paragraphs(answer)).splitlines()[:5] == [
        "who owns it",
        "    Owners › In 2015",
        f"[1] “{BANMA_QUOTE}”",
        "",
        f"[1] “{BANMA_QUOTE}”",
    ]


def test_a_selection_is_called_one() -> None:
    lines = shown(answer_paragraphs(replace(banma_answer(), selection=True))).splitlines()

    assert lines[0] == "A selection from the articles:"


def test_what_is_not_named_is_said_with_what_is() -> None:
    instead = Instead("ERR-1044", "ERR-1042")
    unsure = shown(answer_paragraphs(replace(banma_answer(certain=False), instead=instead)))
    none = shown(answer_paragraphs(replace(nothing("?"), instead=replace(instead, named=None))))

    assert unsure.startswith("The articles name ERR-1042, not ERR-1044. I am not sure that this answers it.")
    assert none == "The sources do not say. What fits best does not name ERR-1044.\n"


def test_what_is_told_of_articles_stands_above_them() -> None:
    told = replace(banma_answer(), quotes=(), told=Told(About.PUBLISHED, 1, values=("2019-07",)))

    assert shown(answer_paragraphs(told)).splitlines()[:3] == [
        "Published: July 2019.",
        "",
        "[1] Banma and its owners — Car Times, 9 February 2015",
    ]
    assert shown(answer_paragraphs(replace(told, sources=(), told=Told(About.FROM, 0, "me")))) == (
        "No article is from me.\n\n"
    )


def test_there_is_no_quote_to_show_of_what_was_told() -> None:
    answers = PreparedAnswers()
    answers.prepared["who?"] = replace(banma_answer(), quotes=(), told=Told(About.COUNT, 1))
    console = piped()
    Chat(answers, tuple, console).run(["who?", "/show 1"])

    assert "There is no source 1 to show. The last answer quotes nothing." in written(console)


def test_a_syndicated_copy_is_named_under_its_source() -> None:
    answer = banma_answer()
    also = replace(answer, sources=(replace(answer.sources[0], also=("TechNode, https://t.example/1",)),))

    assert shown(answer_paragraphs(also)).splitlines()[-1] == "    also in TechNode, https://t.example/1"


def test_prose_of_a_language_model_is_marked_as_such_and_followed_by_its_quotes() -> None:
    lines = shown(answer_paragraphs(replace(banma_answer(), text="Half each [1]."))).splitlines()

    assert lines[:4] == [
        "Half each [1].",
        "",
        "Written by a language model from the sentences below; every sentence was checked against them.",
        "",
    ]
    assert lines[4] == f"[1] “{BANMA_QUOTE}”"


def test_the_language_model_is_named_where_its_name_is_known() -> None:
    answer = replace(banma_answer(), text="Half each [1].")
    answers = PreparedAnswers()
    answers.prepared[QUESTION] = answer
    console = piped()
    Chat(answers, tuple, console, "llama{0}\x1b[2J").run([QUESTION])

    for text in (shown(answer_paragraphs(answer, "llama{0}\x1b[2J")), written(console)):
        assert "Written by llama{0}\ufffd[2J from the sentences below; every sentence was" in text


def test_a_source_without_an_address_shows_where_its_file_is() -> None:
    answer = banma_answer()
    local = replace(answer.sources[0], url=None, link=None, publisher=None, author="Ann", published=None)

    lines = shown(answer_paragraphs(replace(answer, sources=(local,)))).splitlines()

    assert lines[-2:] == ["[1] Banma and its owners — Ann", "    /a/b.md"]


def test_an_address_that_is_not_of_the_web_is_not_shown_as_a_link() -> None:
    source = replace(banma_answer().sources[0], url="javascript:alert(1)", link="javascript:alert(1)")
    console = terminal()

    text = shown(answer_paragraphs(replace(banma_answer(), sources=(source,))), console)

    assert "javascript" not in text


def test_no_answer_names_the_nearest_articles_and_that_they_do_not_answer() -> None:
    answer = replace(nothing("Why?"), nearest=(Nearest("a", "An article", "https://example.com/a"),))

    assert shown(answer_paragraphs(answer)) == (
        "The sources do not say.\n"
        "\n"
        "The nearest articles, which do not answer it:\n"
        "  - An article\n"
        "    https://example.com/a\n"
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Silence.NOT_IN_SOURCES, "The sources do not say.\n"),
        (Silence.EMPTY_QUESTION, "Ask a question, in a few words or a sentence.\n"),
        (Silence.GREETING, "Hello. Ask a question, and the answer is quoted from the articles.\n"),
        (Silence.THANKS, "You are welcome.\n"),
        (Silence.TOO_LONG, "That is longer than 2,000 characters. Ask in a sentence or two.\n"),
        (Silence.NO_ARTICLES, "There are no articles yet. Add some and run `footnote build`.\n"),
        (
            Silence.NOTHING_BEFORE,
            "Ask a question first, and then for more, an explanation or a source.\n",
        ),
        (Silence.NOTHING_MORE, "That is all that the sources say about it.\n"),
    ],
)
def test_each_silence_has_words_of_its_own(reason: Silence, words: str) -> None:
    assert shown(answer_paragraphs(nothing("?", reason))) == words


def test_on_a_terminal_a_long_quote_goes_on_under_its_text() -> None:
    text = shown([Paragraph(Text("one two three four five six seven eight nine"), "[1] ")], terminal(24))

    assert Text.from_ansi(text).plain.splitlines() == [
        "[1] one two three four",
        "    five six seven eight",
        "    nine",
    ]


def test_piped_a_long_quote_stays_one_line_without_colours() -> None:
    quote = "word " * 100 + "end."

    first = shown(answer_paragraphs(answer_quoting(quote))).splitlines()[0]

    assert first == f"[1] “{quote}”"


def test_a_long_address_is_never_broken() -> None:
    address = "https://example.com/" + "a" * 200
    source = replace(banma_answer().sources[0], url=address, link=None)

    text = shown(answer_paragraphs(replace(banma_answer(), sources=(source,))), terminal(40))

    assert address in Text.from_ansi(text).plain


def test_a_terminal_shows_the_short_address_and_links_it_to_the_sentence() -> None:
    text = shown(answer_paragraphs(banma_answer()), terminal())

    assert ";https://example.com/banma#:~:text=Alibaba%20and%20SAIC" + ESC in text
    assert Text.from_ansi(text).plain.splitlines()[-1] == "    https://example.com/banma"


def test_a_terminal_that_knows_no_links_shows_the_whole_address() -> None:
    dumb = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=60)

    assert shown(answer_paragraphs(banma_answer()), dumb).splitlines()[-1] == (
        "    https://example.com/banma#:~:text=Alibaba%20and%20SAIC"
    )


def test_an_article_cannot_command_the_terminal() -> None:
    evil = f"Half.{ESC}]0;owned\x07{ESC}[31m\x9b2J \u202ehctib\u202c [bold]not markup[/bold] :smile:"

    text = shown(answer_paragraphs(answer_quoting(evil, title=evil, publisher=evil)), terminal(200))

    safe = "Half.�]0;owned��[31m�2J �hctib� [bold]not markup[/bold] :smile:"
    assert Text.from_ansi(text.splitlines()[0]).plain == f"[1] “{safe}”"
    for obeyed in (f"{ESC}]0;", f"{ESC}[31m", "\x07", "\x9b", "\u202e"):
        assert obeyed not in text


@pytest.mark.parametrize("text", ["naïve café", "阿里巴巴\n\t斑马", "👩‍👩‍👧", "עברית\u200f", "a\u00a0b"])
def test_letters_of_all_scripts_and_line_ends_are_printable(text: str) -> None:
    assert printable(text) == text


def test_a_passage_shows_the_quote_in_bold_in_its_context() -> None:
    view = PassageView("a", "A title", "A paper", "2020-01", None, None, "Before. ", "The quote.", " After.")

    assert shown(passage_paragraphs(view)) == (
        "A title — A paper, January 2020\n\nBefore. The quote. After.\n"
    )
    assert f"{ESC}[1mThe quote." in shown(passage_paragraphs(view), terminal())


def test_hits_show_rank_scores_and_place(generation: Generation) -> None:
    hit = Hit(generation.passage(0), 0, 0.51239, 0.4567, 7.89)
    article = hit.passage.article

    head, scores, text = shown(hit_paragraphs([hit])).splitlines()

    assert head == f" 1  0.512  {article.title}"
    assert scores == f"    cosine 0.457, BM25 7.9, {article.file} {hit.passage.start}–{hit.passage.end}"
    assert text == "    " + " ".join(hit.passage.text.split())


def test_no_hits_are_said_to_be_none() -> None:
    assert shown(hit_paragraphs([])) == "Nothing found.\n"


def chat(*lines: str, answers: PreparedAnswers | None = None, articles: tuple[Article, ...] = ()) -> str:
    console = piped()
    Chat(answers or PreparedAnswers(), lambda: articles, console).run(lines)
    return written(console)


def test_a_chat_answers_line_after_line_and_skips_blank_ones() -> None:
    answers = PreparedAnswers()

    text = chat(QUESTION, "", "  \n", " Why? \n", answers=answers)

    assert [question for question, _ in answers.asked] == [QUESTION, "Why?"]
    assert text.startswith(f"[1] “{BANMA_QUOTE}”\n")
    assert text.endswith("The sources do not say.\n\n")


def test_a_follow_up_is_asked_with_the_turns_before_it() -> None:
    answers = PreparedAnswers()

    chat(QUESTION, "Why?", "And when?", answers=answers)

    *_, (_, conversation) = answers.asked
    assert [(turn.question, turn.answer) for turn in conversation] == [(QUESTION, BANMA_QUOTE), ("Why?", "")]


def test_a_chat_remembers_the_last_six_turns() -> None:
    answers = PreparedAnswers()

    chat(*(f"Question {number}?" for number in range(1, 9)), answers=answers)

    _, conversation = answers.asked[-1]
    assert [turn.question for turn in conversation] == [f"Question {n}?" for n in (2, 3, 4, 5, 6, 7)]


@pytest.mark.parametrize("leave", ["/quit", "/exit", "quit", "EXIT"])
def test_leaving_ends_the_chat(leave: str) -> None:
    answers = PreparedAnswers()

    chat(leave, QUESTION, answers=answers)

    assert answers.asked == []


def test_show_puts_the_quotes_of_a_source_into_their_context() -> None:
    text = chat(QUESTION, "/show 1")

    assert "Banma was founded in 2015. Alibaba and SAIC each hold half of Banma. It makes software" in text


def test_show_without_a_number_means_the_first() -> None:
    assert chat(QUESTION, "/show") == chat(QUESTION, "/show [1]")


def test_show_says_which_sources_there_are() -> None:
    assert chat(QUESTION, "/show 7").endswith("There is no source 7 to show. Type /show and one of 1.\n\n")
    assert chat("/show") == "There is no source 1 to show. Ask something first.\n\n"


def test_show_of_an_article_that_has_gone_says_so() -> None:
    answers = PreparedAnswers()
    answers.articles.clear()

    assert chat(QUESTION, "/show 1", answers=answers).endswith(
        "That article has changed or gone since. Ask again.\n\n"
    )


def test_sources_lists_the_articles_that_are_asked(generation: Generation) -> None:
    assert chat("/sources", articles=generation.articles()) == (
        "  - Baking with rye — Ada Oven, Ben Crust, 2020\n"
        "  - Moon landing\n"
        "  - The river Aare — Swiss Waters, 9 February 2015\n"
        "\n"
    )


def test_an_unknown_command_is_answered_with_those_that_there_are() -> None:
    text = chat("/fly")

    assert text.startswith("There is no /fly.\n")
    assert all(name in text for name in ("/show 1", "/sources", "/help", "/quit"))


def test_a_question_that_fails_does_not_end_the_chat() -> None:
    answers = PreparedAnswers()
    answers.prepared["Broken?"] = FootnoteError("The index is damaged. Run `footnote build`.")
    console = piped()
    talk = Chat(answers, lambda: (), console)

    talk.run(["Broken?", QUESTION])

    assert written(console).startswith("The index is damaged. Run `footnote build`.\n\n[1] ")
    assert talk.failures == 1


def test_what_is_typed_is_in_the_history_of_the_next_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readline = pytest.importorskip("readline")
    readline.clear_history()
    history = tmp_path / "history"
    typed = iter(["one", "two"])

    def type_line(prompt: str) -> str:
        try:
            line = next(typed)
        except StopIteration:
            raise EOFError from None
        readline.add_history(line)
        return line

    monkeypatch.setattr("builtins.input", type_line)

    assert list(typed_lines(history)) == ["one", "two"]
    assert history.stat().st_mode & 0o077 == 0
    readline.clear_history()
    assert list(typed_lines(history)) == []
    assert [readline.get_history_item(n) for n in (1, 2)] == ["one", "two"]


def test_a_history_that_cannot_be_written_does_not_end_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: (_ for _ in ()).throw(EOFError))

    assert list(typed_lines(tmp_path / "no" / "such" / "folder" / "history")) == []
