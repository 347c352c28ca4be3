"""Messages: what they say, that they stay inside Slack's limits, and that no source can disturb them."""

from __future__ import annotations

import dataclasses
import html
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import messages
from bot.slack.messages import Message
from bot.text import date_words, escape, head, in_three, printable, safe_link, tail
from bot.types import (
    About,
    Answer,
    Collection,
    Instead,
    Listed,
    Nearest,
    NoAnswer,
    Overview,
    PassageView,
    Quote,
    Silence,
    Source,
    Told,
)
from index.reasons import Reason, Why
from tests.fakes.answers import answer_quoting, banma_answer
from tests.fakes.slack.limits import message_problems, total_chars, view_problems

FAMILY = "👨‍👩‍👧‍👦"


# Text as articles really hold it, and as nobody should write it.
def broken(problem: str) -> Reason:
    return Reason(Why.DAMAGED_PDF, {"problem": problem})


awkward = st.one_of(
    st.text(max_size=400),
    st.text(st.sampled_from('a \n<>&|*_~`@#!:\u0000\u200d\u0301\u202e👩🇨🇭한नि汉ع"\\'), max_size=3_000),
    st.sampled_from(
        ["<!channel>", "<@U1>", FAMILY * 700, "x" * 9_000, "汉" * 9_000, "&" * 5_000, '"' * 9_000, "\u0000"]
    ),
)
links = st.one_of(
    st.none(),
    st.sampled_from(
        ["https://e.example/a", "javascript:alert(1)", "https://e.example/" + "p" * 4_000, "not a link"]
    ),
    st.text(max_size=100).map(lambda text: f"https://e.example/{text}"),
)


listed = st.builds(Listed, awkward, st.none() | awkward, st.none() | awkward, links)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    count = draw(st.integers(1, 6))
    return Answer(
        question="?",
        quotes=tuple(
            Quote(
                draw(awkward.filter(bool)),
                number,
                f"a{number}",
                0,
                1,
                draw(links),
                draw(st.none() | st.tuples(st.integers(0, 9), st.integers(1, 50))),
                tuple(draw(st.lists(awkward, max_size=5))),
                draw(st.none() | awkward),
            )
            for number in range(1, count + 1)
        ),
        sources=tuple(
            Source(
                number,
                f"a{number}",
                draw(awkward),
                draw(st.none() | awkward),
                None,
                draw(st.sampled_from([None, "2020", "2020-02", "2020-02-30", "soon"])),
                draw(links),
                draw(links),
                "/a.md",
                also=tuple(draw(st.lists(awkward, max_size=5))),
            )
            for number in range(1, count + 1)
        ),
        confidence=0.5,
        certain=draw(st.booleans()),
        generation="g",
        seconds=0.0,
        text=draw(st.none() | awkward),
        unanswered=tuple(draw(st.lists(awkward, max_size=3))),
        disagreement=draw(st.booleans()),
        selection=draw(st.booleans()),
        instead=draw(st.none() | insteads),
    )


insteads = st.builds(Instead, awkward, st.none() | awkward)


@st.composite
def told_answers(draw: st.DrawFn) -> Answer:
    answer = draw(answers())
    values = tuple(draw(st.none() | awkward) for _ in answer.sources)
    told = Told(draw(st.sampled_from(About)), draw(st.integers(0, 9)), draw(st.none() | awkward), values)
    return dataclasses.replace(answer, quotes=(), told=told, text=None, disagreement=False, selection=False)


def some(examples: int) -> settings:
    """So many examples in every run of the tests, and all that `make fuzz` asks for in that."""
    wanted = settings.get_profile("fuzz").max_examples
    return settings(max_examples=wanted if settings.default.max_examples == wanted else examples)


@given(answers(), st.sets(st.sampled_from(messages.Unread)), st.sampled_from(messages.LANGUAGES))
@some(60)
def test_every_answer_stays_inside_the_limits_and_pings_nobody(
    answer: Answer, unread: set[messages.Unread], words: messages.Words
) -> None:
    message = messages.answer_message(
        answer,
        "A" * 22,
        words,
        messages.Extras(unread=unread, miss_id="M" * 22, private=True, asked=answer.quotes[0].text),
    )
    assert message_problems(message.blocks) == []
    assert total_chars(message.blocks) <= 12_000
    assert_inert(message)


@given(told_answers(), st.sampled_from(messages.LANGUAGES))
@some(60)
def test_all_that_is_told_of_articles_stays_inside_the_limits_and_pings_nobody(
    answer: Answer, words: messages.Words
) -> None:
    message = messages.answer_message(answer, "A" * 22, words, messages.Extras(private=True))
    assert message_problems(message.blocks) == []
    assert total_chars(message.blocks) <= 12_000
    assert_inert(message)


@given(
    st.lists(st.builds(Nearest, st.text(), awkward, links), max_size=3),
    st.sampled_from(Silence),
    st.none() | insteads,
)
@some(60)
def test_every_no_stays_inside_the_limits_and_pings_nobody(
    nearest: list[Nearest], reason: Silence, instead: Instead | None
) -> None:
    message = messages.no_answer_message(NoAnswer("?", reason, tuple(nearest), 0.0, "g", 0.0, instead))
    assert message_problems(message.blocks) == []
    assert_inert(message)


@given(awkward, awkward.filter(bool), awkward, awkward, links)
@some(60)
def test_every_passage_stays_inside_the_limits(
    before: str, quote: str, after: str, title: str, link: str | None
) -> None:
    view = messages.passage_modal(PassageView("a", title, title, "2020", link, link, before, quote, after))
    assert view_problems(view) == []
    assert total_chars(view["blocks"]) <= 12_000


@given(answers(), st.sampled_from(messages.LANGUAGES))
@some(40)
def test_more_like_this_stays_inside_the_limits_and_pings_nobody(
    answer: Answer, words: messages.Words
) -> None:
    message = messages.more_message(answer, "A" * 22, words)
    assert message_problems(message.blocks) == []
    assert total_chars(message.blocks) <= 12_000
    assert_inert(message)


@given(awkward, awkward, links, st.integers(0, 9), st.integers(10, 19))
@some(60)
def test_every_stretch_stays_inside_the_limits(
    text: str, title: str, link: str | None, start: int, end: int
) -> None:
    shown = PassageView("a", title, title, title, link, link, text, "", "", start, end, 15)
    assert view_problems(messages.stretch_modal(shown, token="A" * 22 + ":1:C1")) == []


@given(
    st.lists(st.builds(Collection, awkward, st.integers(1, 9), st.tuples(listed, listed)), max_size=30),
    st.lists(awkward.filter(str.strip), max_size=3),
    st.lists(st.builds(messages.Trouble, awkward, awkward.map(broken), st.booleans()), max_size=8),
    st.sampled_from(messages.LANGUAGES),
)
@some(40)
def test_app_home_stays_inside_the_limits(
    collections: list[Collection],
    examples: list[str],
    troubles: list[messages.Trouble],
    words: messages.Words,
) -> None:
    overview = Overview("g", "2026-05-01T12:00:00+00:00", 9, 9, tuple(collections))
    view = messages.home_view(overview, examples, datetime(2026, 5, 3, tzinfo=UTC), words, troubles)
    assert view_problems(view) == []
    assert view_problems(messages.home_without_index(words, troubles)) == []
    assert not {"user", "usergroup", "broadcast"} & {part["type"] for part in parts(tuple(view["blocks"]))}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "age"),
    [
        ("2026-05-01T12:05:59", "5 min ago"),
        ("2026-05-01T11:00:00", "just now"),
        ("2026-05-02T12:00:00", "24 h ago"),
        ("2026-05-11T12:00:00", "10 d ago"),
    ],
)
def test_app_home_says_how_old_the_index_is(now: str, age: str) -> None:
    overview = Overview("g", "2026-05-01T12:00:00+00:00", 9, 9, ())
    view: Any = messages.home_view(overview, (), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert view["blocks"][1]["elements"][0]["text"].endswith(f"read {age}")


def test_app_home_names_five_files_that_fail_and_counts_the_others() -> None:
    troubles = [
        messages.Trouble(f"{number}.md", Reason(Why.EMPTY_DOCUMENT), kept=False) for number in range(7)
    ]
    view: Any = messages.home_without_index(troubles=troubles)
    shown = str(view)
    assert [f"{number}.md" in shown for number in range(7)] == [True] * 5 + [False] * 2
    assert view["blocks"][3]["elements"][0]["text"] == "and 2 more"


def test_a_long_file_name_does_not_cut_off_why_it_fails_and_pings_nobody() -> None:
    trouble = messages.Trouble(
        "<!channel>" + "x" * 9_000, broken("*broken* <@U1>\n" + "& " * 9_000), kept=True
    )
    view: Any = messages.home_without_index(troubles=[trouble])
    file, reason, kept = view["blocks"][2]["elements"][0]["elements"][0]["elements"]
    assert (len(file["text"]), file["text"][:12], file["text"][-2:]) == (80, "<!channel>xx", " …")
    assert (reason["text"][:22], reason["text"][-2:]) == (" is a damaged PDF (*br", " …")
    assert len(reason["text"]) <= 301
    assert kept["text"] == " (I still answer from its last good version.)"
    assert {part["type"] for part in (file, reason, kept)} == {"text"}, "shown as they are, not as mrkdwn"


def test_prompts_are_short_in_their_title_and_whole_in_what_they_send() -> None:
    long = "Why " + "very " * 30 + "long?"
    assert messages.prompts(["Who?", long, "a?", "b?", "c?"]) == [
        {"title": "Who?", "message": "Who?"},
        {"title": "Why very very very very very very very very very very very …", "message": long},
        {"title": "a?", "message": "a?"},
        {"title": "b?", "message": "b?"},
    ]


def test_copies_are_named_beside_the_source_without_their_addresses() -> None:
    copied = dataclasses.replace(
        banma_answer().sources[0], also=("Other Times, https://o.example/a", "https://p.example", "Third")
    )
    message = messages.answer_message(dataclasses.replace(banma_answer(), sources=(copied,)), "id")
    assert message.text.endswith("|Car Times, 9 February 2015>, also in Other Times; Third")


def test_a_disagreement_says_the_dates_beside_the_quotes_and_what_is_left_open() -> None:
    answer = dataclasses.replace(banma_answer(), disagreement=True, unanswered=("who is Zoe", "<!here>"))
    message = messages.answer_message(answer, "id")
    shown = str(message.blocks)
    assert "Alibaba and SAIC each hold half of Banma.” (9 February 2015)\n" in message.text
    assert [part["text"] for part in quotes_of(message)[0]][1:] == [" (9 February 2015)"]
    assert "The articles disagree. The newest comes first." in shown
    assert "The articles do not say: who is Zoe; <!here>" in shown
    assert message.text.startswith("The articles disagree")
    assert message.text.endswith("The articles do not say: who is Zoe; &lt;!here&gt;")


def test_what_is_to_be_typed_looks_like_it() -> None:
    (said, typed, end) = parts(messages.help_message().blocks)[2:]
    assert (typed["text"], typed["style"]) == ("/footnote", {"code": True})
    assert "`" not in said["text"] + end["text"]
    assert "`/footnote`" in messages.help_message().text, "mrkdwn shows it as well"


def test_who_cannot_be_answered_is_told_whom_to_tell() -> None:
    assert messages.no_index_message(curators=["Ada", "<Bob>"]).text.endswith("Please tell Ada, &lt;Bob&gt;.")
    assert messages.no_index_message().text.endswith("Please tell the person who set me up here.")


def test_a_greeting_says_what_is_known_and_offers_questions() -> None:
    offer = messages.Offer(("Who?", "x" * 90), 3, "2025-12-09")
    message = messages.help_message(offer=offer)
    assert notes_of(message) == ["I know 3 articles, the newest of 9 December 2025"]
    (row,) = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    assert [button["value"] for button in row] == ["Who?", "x" * 90]  # type: ignore[attr-defined]
    assert [len(button["text"]["text"]) for button in row] == [4, 75]  # type: ignore[attr-defined]


def test_a_question_for_people_pings_them_and_nobody_else() -> None:
    message = messages.person_message("Who is <!channel>?", ["S1", "U2"], "m:U1")
    assert message.text.startswith("<!subteam^S1> <@U2> can you answer this?")
    assert message.text.endswith("“Who is &lt;!channel&gt;?”")
    pinged = [part for part in parts(message.blocks) if part["type"] in ("user", "usergroup")]
    assert pinged == [{"type": "usergroup", "usergroup_id": "S1"}, {"type": "user", "user_id": "U2"}]
    assert_inert(messages.person_answered_message("Who?", "<@U1> is.", "<!here>", "m:U1:1.2"))


def test_files_and_links_that_were_not_looked_at_are_said() -> None:
    message = messages.answer_message(
        banma_answer(), "id", extras=messages.Extras(unread=(messages.Unread.LINK, messages.Unread.FILE))
    )
    assert message.text.splitlines()[-2:] == [
        "I read your message, not the attached file.",
        "I did not open the link. I only know the articles that were given to me.",
    ]


@pytest.mark.parametrize("words", messages.LANGUAGES)
def test_what_a_screen_reader_says_of_a_button_fits(words: messages.Words) -> None:
    message = messages.answer_message(
        banma_answer(), "i" * 22, words, messages.Extras(private=True, miss_id="m")
    )
    assert message_problems(message.blocks) == []


def assert_inert(message: Message) -> None:
    assert 0 < len(message.text) <= 6_000
    # What is left of markup are links that we wrote ourselves.
    assert all(piece.startswith(("http://", "https://")) for piece in message.text.split("<")[1:])
    for part in parts(message.blocks):
        assert part["type"] in ("text", "link", "emoji")


def test_the_marks_of_a_short_quote_are_shown_as_what_they_mean() -> None:
    text = "  *Rye* <flour>,\nholds & **keeps** `little` [gluten](https://g.example/a).  "
    quote = quotes_of(messages.answer_message(answer_quoting(text), "id"))[0]
    assert quote == [
        {"type": "text", "text": "Rye", "style": {"italic": True}},
        {"type": "text", "text": " <flour>, holds & "},
        {"type": "text", "text": "keeps", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "little", "style": {"code": True}},
        {"type": "text", "text": " "},
        {"type": "link", "url": "https://g.example/a", "text": "gluten"},
        {"type": "text", "text": "."},
    ]


def test_a_sentence_that_the_index_cut_does_not_end_as_if_it_were_whole() -> None:
    cut = "The town spends more on its harbour, " * 14
    assert quotes_of(messages.answer_message(answer_quoting(cut), "id"))[0][-1]["text"] == " …"
    assert len(quotes_of(messages.answer_message(answer_quoting(cut + "it said."), "id"))[0]) == 1


def test_a_copied_sentence_is_followed_by_the_numbers_of_all_articles_that_have_it() -> None:
    answer = answer_quoting("Rye holds gluten.")
    quote = dataclasses.replace(answer.quotes[0], copies=(2, 3))
    sources = tuple(dataclasses.replace(answer.sources[0], citation=number) for number in (1, 2, 3))
    message = messages.answer_message(dataclasses.replace(answer, quotes=(quote,), sources=sources), "id")
    assert "".join(part["text"] for part in quotes_of(message)[0]) == "Rye holds gluten. [1][2][3]"
    assert "“Rye holds gluten.” [1][2][3]" in message.text


def test_a_shortened_quote_ends_with_an_ellipsis_outside_of_the_quoted_words() -> None:
    text = "word " * 1_000
    kept, dots = quotes_of(messages.answer_message(answer_quoting(text), "id"))[0]
    assert text.startswith(kept["text"])
    assert len(kept["text"]) == 1_499
    assert dots["text"] == " …"


def test_quotes_give_way_and_sources_stay_when_a_message_grows() -> None:
    answer = answer_quoting(*["漢" * 5_000] * 3)
    long = dataclasses.replace(
        answer,
        quotes=tuple(
            dataclasses.replace(quote, link="https://e.example/#" + "x" * 1_400) for quote in answer.quotes
        ),
        sources=tuple(
            dataclasses.replace(source, link="https://e.example/#" + "x" * 1_400) for source in answer.sources
        ),
    )
    message = messages.answer_message(long, "id")
    assert total_chars(message.blocks) <= 12_000
    links = [part["text"] for part in parts(message.blocks) if part["type"] == "link"]
    assert len(links) == 3 and all("A title" in text for text in links)
    assert all(f"[{number}] <https://example.com/{number}|A title" in message.text for number in (1, 2, 3))


@pytest.mark.parametrize("words", messages.LANGUAGES)
@pytest.mark.parametrize("sign", ["👩", "\\", '"', "漢", "<"])
def test_an_answer_with_everything_at_its_longest_still_fits(sign: str, words: messages.Words) -> None:
    long = "https://e.example/" + "x" * 2_900
    answer = answer_quoting(*[sign * 9_000] * 6, title=sign * 900, publisher=sign * 900)
    sources = tuple(
        dataclasses.replace(source, published=sign * 90, url=long, link=long, also=(sign * 90,) * 5)
        for source in answer.sources
    )
    unanswered = (sign * 900,) * 3
    answer = dataclasses.replace(
        answer, sources=sources, text=sign * 9_000, disagreement=True, certain=False, unanswered=unanswered
    )
    message = messages.answer_message(
        answer,
        "A" * 22,
        words,
        messages.Extras(unread=tuple(messages.Unread), miss_id="M" * 22, private=True, asked=sign * 900),
    )
    assert message_problems(message.blocks) == []
    assert total_chars(message.blocks) <= 12_000
    assert len(html.unescape(message.text)) <= 3_900
    assert len(message.text) <= 40_000


def test_one_row_of_buttons_serves_all_quotes() -> None:
    answer = banma_answer()
    twice = dataclasses.replace(answer, quotes=answer.quotes * 2)
    message = messages.answer_message(twice, "id")
    (row,) = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    assert [button["value"] for button in row] == ["id:1", "id:1"]  # type: ignore[attr-defined]
    assert [button["text"]["text"] for button in row] == ["Show passages", "More like this"]  # type: ignore[attr-defined]
    assert row[0]["accessibility_label"].endswith("quotes: 2")  # type: ignore[index]


def test_one_source_is_one_line_without_number_or_heading_and_several_are_numbered() -> None:
    one = messages.answer_message(banma_answer(), "id")
    assert [part["text"] for part in parts(one.blocks)[-1:]] == ["Car Times, 9 February 2015"]
    assert parts(one.blocks)[-1]["url"] == banma_answer().sources[0].link
    answer = banma_answer()
    other = dataclasses.replace(answer.sources[0], citation=2, publisher="Other Times")
    quotes = (*answer.quotes, dataclasses.replace(answer.quotes[0], citation=2))
    two = messages.answer_message(
        dataclasses.replace(answer, quotes=quotes, sources=(*answer.sources, other)), "id"
    )
    assert [quote[-1]["text"] for quote in quotes_of(two)] == ["[1]", "[2]"]
    said = "".join(part["text"] for part in parts(two.blocks)[-4:])
    assert said == "[1] Car Times, 9 February 2015\n[2] Other Times, 9 February 2015"
    assert two.text.count("“Alibaba and SAIC") == 2, "all of it is in the text"


def answering(text: str, words: str, **more: Any) -> Answer:
    """An answer that quotes `text`, in which `words` are the very words."""
    answer = answer_quoting(text)
    quote = answer.quotes[0]
    start = quote.start + text.index(words)
    quote = dataclasses.replace(quote, answer=(start, start + len(words)), **more)
    return dataclasses.replace(answer, quotes=(quote,))


def test_the_very_words_are_in_bold_inside_the_quote_and_first_in_the_notification() -> None:
    text = "Alibaba and SAIC have **each** held <31.5%> of Banma since July 2018."
    message = messages.answer_message(answering(text, "<31.5%>"), "id")
    before, strong, after, *_ = quotes_of(message)[0]
    assert before == {"type": "text", "text": "Alibaba and SAIC have each held "}
    assert strong == {"type": "text", "text": "<31.5%>", "style": {"bold": True}}
    assert after == {"type": "text", "text": " of Banma since July 2018."}
    assert message.text.startswith("&lt;31.5%&gt; — “Alibaba and SAIC have each held &lt;31.5%&gt; of")


@given(awkward.filter(bool), st.integers(0, 50), st.integers(1, 50))
@some(60)
def test_a_quote_with_bold_words_reads_as_it_does_without(text: str, start: int, length: int) -> None:
    plain = answer_quoting(text)
    quote = dataclasses.replace(plain.quotes[0], start=7, answer=(7 + start, 7 + start + length))
    bold = messages.answer_message(dataclasses.replace(plain, quotes=(quote,)), "id")
    without = messages.answer_message(plain, "id")
    assert "".join(part["text"] for part in quotes_of(bold)[0]) == "".join(
        part["text"] for part in quotes_of(without)[0]
    )


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("one two three", (4, 7), ("one ", "two", " three")),
        ("one two three", (3, 8), ("one ", "two", " three")),
        ("one two three", (0, 3), ("", "one", " two three")),
        ("one", (0, 3), ("one", "", "")),
        (" one. ", (1, 5), (" one. ", "", "")),
        ("one two", (3, 4), ("one two", "", "")),
        ("one", (2, 9), ("one", "", "")),
        ("one", (-1, 2), ("one", "", "")),
        ("one", None, ("one", "", "")),
        ("a 👍🏽 b", (2, 3), ("a ", "👍🏽", " b")),
        ("x e\u0301 y", (3, 4), ("x ", "e\u0301", " y")),
    ],
)
def test_the_very_words_are_whole_words_and_never_the_whole_quote(
    text: str, span: tuple[int, int] | None, expected: tuple[str, str, str]
) -> None:
    assert in_three(text, span) == expected


def test_words_that_are_nearly_all_of_the_quote_are_not_said_twice() -> None:
    message = messages.answer_message(answering("It is half of Banma.", "It is half of"), "id")
    assert message.text.startswith("“It is half of Banma.”")


def test_what_stands_above_a_quote_is_shown_once_above_the_quotes_that_share_it() -> None:
    quote = dataclasses.replace(banma_answer().quotes[0], path=("Background", "Who owns <it>?"))
    answer = dataclasses.replace(
        banma_answer(), quotes=(quote, quote, dataclasses.replace(quote, path=("B",)))
    )
    message = messages.answer_message(answer, "id")
    above = [part["text"] for part in parts(message.blocks) if part.get("style") == {"italic": True}]
    assert above == ["Who owns <it>?", "B"]
    assert "(Who owns &lt;it&gt;?) “Alibaba" in message.text


def test_a_heading_that_the_quote_says_itself_is_not_shown() -> None:
    quote = dataclasses.replace(banma_answer().quotes[0], path=("Background: Alibaba, SAIC and Banma",))
    message = messages.answer_message(dataclasses.replace(banma_answer(), quotes=(quote,)), "id")
    assert "Background" not in str(message)


def test_each_quote_of_a_question_of_two_parts_says_which_part_it_answers() -> None:
    one, two = (dataclasses.replace(banma_answer().quotes[0], part=part) for part in ("Who owns it", "when"))
    answer = dataclasses.replace(banma_answer(), quotes=(one, one, two), unanswered=("why",))
    message = messages.answer_message(answer, "id")
    shown = [part["text"] for part in parts(message.blocks) if part.get("style") == {"bold": True}]
    assert [text for text in shown if text in ("Who owns it", "when")] == ["Who owns it", "when"]
    assert "The articles do not say: why" in str(message.blocks)
    assert message.text.startswith("Who owns it: “Alibaba")


def test_a_selection_is_called_one() -> None:
    message = messages.answer_message(dataclasses.replace(banma_answer(), selection=True), "id")
    assert parts(message.blocks)[1]["text"] == " A selection from the articles:"
    assert message.text.startswith("A selection from the articles:\n“Alibaba")


def test_a_long_selection_shows_whole_sentences_as_far_as_a_phone_reaches() -> None:
    long = [f"Sentence {number} {'word ' * 30}ends." for number in range(5)]
    quotes = answer_quoting(*long).quotes
    selection = dataclasses.replace(answer_quoting(*long), selection=True)
    message = messages.answer_message(selection, "id")
    shown = [quote for quote in quotes if quote.text in str(message.blocks)]
    assert [quote.citation for quote in shown] == [1, 2, 3]
    assert "[3]" in message.text and "[4]" not in message.text, "no source without a quote"
    assert "Show all 5" in str(message.blocks)


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        (Instead("ERR-1044", "ERR-1042"), "The articles name ERR-1042, not ERR-1044."),
        (Instead("version <10.4>", None), "What fits best does not name version <10.4>."),
    ],
)
def test_what_is_not_named_is_said_with_what_is(instead: Instead, said: str) -> None:
    unsure = messages.answer_message(dataclasses.replace(banma_answer(certain=False), instead=instead), "id")
    assert parts(unsure.blocks)[1]["text"].endswith(f"the closest I have. {said}")
    assert unsure.text.startswith(f"Not sure: this is the closest I have. {escape(said)}\n")
    none = NoAnswer("?", Silence.NOT_IN_SOURCES, (), 0.0, "g", 0.0, instead)
    assert messages.no_answer_message(none).text == escape(f"I found no answer in the articles. {said}")
    assert said in str(messages.no_answer_message(none).blocks)


def telling(told: Told, sources: int = 1) -> Answer:
    source = banma_answer().sources[0]
    numbered = tuple(dataclasses.replace(source, citation=number) for number in range(1, sources + 1))
    return dataclasses.replace(banma_answer(), quotes=(), sources=numbered, told=told)


@pytest.mark.parametrize(
    ("told", "sources", "lines"),
    [
        (Told(About.COUNT, 1), 1, ["I know one article:"]),
        (Told(About.COUNT, 2), 2, ["I know 2 articles:"]),
        (Told(About.COUNT, 1_200), 5, ["I know 1,200 articles. The newest are:"]),
        (Told(About.COLLECTION, 2), 2, ["You can ask about what these 2 articles say:"]),
        (Told(About.MENTIONING, 1, "SAIC"), 1, ["One article names SAIC:"]),
        (Told(About.MENTIONING, 2, "SAIC"), 2, ["2 articles name SAIC:"]),
        (Told(About.MENTIONING, 0, "bread"), 0, ["No article names bread."]),
        (Told(About.FROM, 9, "TechNode"), 5, ["9 articles are from TechNode. The newest are:"]),
        (Told(About.FROM, 0, "the BBC"), 0, ["No article is from the BBC."]),
        (Told(About.LATEST, 3), 1, ["The newest article:"]),
        (Told(About.LATEST, 3), 3, ["The newest articles:"]),
        (Told(About.LATEST, 3, "SAIC"), 1, ["The newest article that names SAIC:"]),
        (Told(About.LATEST, 0), 0, ["No article has a date, so I cannot say which is first or last."]),
        (Told(About.AUTHOR, 1, values=("Jill Shen",)), 1, ["Written by Jill Shen."]),
        (Told(About.AUTHOR, 1, values=(None,)), 1, ["I do not know who wrote it."]),
        (Told(About.AUTHOR, 2, values=("Ann", None)), 2,
         ["[1] Written by Ann.", "[2] I do not know who wrote it."]),
        (Told(About.AUTHOR, 7, values=("Ann",)), 1,
         ["Written by Ann.", "7 articles match. These are the newest."]),
        (Told(About.PUBLISHED, 1, values=("2019-07-17",)), 1, ["Published: 17 July 2019."]),
        (Told(About.PUBLISHED, 1, values=("2015-02",)), 1, ["Published: February 2015."]),
        (Told(About.PUBLISHER, 1, values=("TechNode",)), 1, ["Published by TechNode."]),
        (Told(About.LINK, 1, values=("https://e.example",)), 1, ["Open it here:"]),
        (Told(About.LINK, 1, values=(None,)), 1, ["It has no web address."]),
    ],
)  # fmt: skip
def test_what_is_told_of_articles_is_a_sentence_above_their_titles(
    told: Told, sources: int, lines: list[str]
) -> None:
    message = messages.answer_message(telling(told, sources), "id")
    assert parts(message.blocks)[0] == {"type": "text", "text": "\n".join(lines), "style": {"bold": True}}
    titles = [part["text"] for part in parts(message.blocks) if part["type"] == "link"]
    assert titles == ["Banma and its owners"] * sources
    assert message.text.splitlines()[: len(lines)] == lines
    assert message.text.count("Banma and its owners — Car Times") == sources


def test_what_is_told_privately_can_be_judged_and_not_shared() -> None:
    message = messages.answer_message(
        telling(Told(About.COUNT, 1)), "id", extras=messages.Extras(private=True, miss_id=None)
    )
    assert [block["type"] for block in message.blocks] == ["rich_text", "context_actions"]


def test_a_list_of_articles_is_told_in_chinese() -> None:
    told = telling(Told(About.MENTIONING, 2, "SAIC"), 2)
    assert messages.answer_message(told, "id", messages.CHINESE).text.startswith("有 2 篇文章提到 SAIC：\n")


def test_prose_of_a_model_stands_behind_the_quotes() -> None:
    message = messages.answer_message(dataclasses.replace(banma_answer(), text="Half each [1]."), "id")
    said = "Written by a language model from the quotes above. Every sentence was checked against them."
    assert parts(message.blocks)[-1]["text"] == "Half each [1]."
    assert notes_of(message) == [said]
    assert message.text.startswith("“Alibaba")
    assert message.text.endswith(f"Half each [1].\n{said}")


def test_prose_that_is_shortened_says_so() -> None:
    message = messages.answer_message(dataclasses.replace(banma_answer(), text="word " * 1_000), "id")
    assert parts(message.blocks)[-1]["text"].endswith("word …")
    assert "word …\nWritten by" in message.text


def test_quotes_alone_are_not_said_to_be_written_by_anybody() -> None:
    message = messages.answer_message(banma_answer(), "id")
    assert "language model" not in str(message)


def test_an_article_without_address_publisher_or_date_is_listed_all_the_same() -> None:
    source = Source(1, "a", "  ", None, None, None, None, None, "/a.md")
    answer = dataclasses.replace(banma_answer(), sources=(source,))
    message = messages.answer_message(answer, "id")
    assert message.text.endswith("\nUntitled, undated")


def test_the_states_look_different() -> None:
    other = (Silence.THANKS, Silence.TOO_LONG, Silence.NOTHING_BEFORE)
    leads = [
        message.blocks[0]["elements"][0]["elements"][0]  # type: ignore[index]
        for message in (
            messages.answer_message(banma_answer(certain=False), "id"),
            messages.no_answer_message(NoAnswer("?", Silence.NOT_IN_SOURCES, (), 0.0, "g", 0.0)),
            messages.help_message(),
            messages.no_index_message(),
            messages.broken_message(),
            messages.busy_message(),
            *(messages.no_answer_message(NoAnswer("?", why, (), 0.0, "g", 0.0)) for why in other),
        )
    ]
    assert [lead["name"] for lead in leads] == [
        "thinking_face",
        "mag",
        "wave",
        "card_index_dividers",
        "warning",
        "hourglass_flowing_sand",
        "wave",
        "scroll",
        "speech_balloon",
    ]


def test_the_passage_modal_cuts_far_ends_and_says_so() -> None:
    view: Any = messages.passage_modal(
        PassageView("a", "T", None, None, None, None, "before " * 500, "The quote.", " after" * 500)
    )
    texts = [part["text"] for part in view["blocks"][1]["elements"][0]["elements"]]
    assert texts[0] == "… "
    assert texts[1].startswith("before before") and texts[1].endswith("before ")
    assert texts[2] == "The quote."
    assert texts[3].startswith(" after after") and texts[4] == " …"
    assert (
        view["blocks"][2]["elements"][0]["text"]
        == "The quoted words are in bold. The passage is shortened here."
    )
    assert len(view["blocks"]) == 3, "no address, no link"


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("short", 10, "short"),
        ("one two three", 9, "one two"),
        ("one two three", 7, "one two"),
        ("abcdefghij", 4, "abcd"),
        ("abc" + FAMILY, 5, "abc"),
        ("ae\u0301e\u0301", 4, "ae\u0301"),
        ("🇨🇭🇨🇭x", 1, ""),
        ("a👍🏽b", 2, "a"),
        ("नमस्ते", 3, "नम"),
    ],
)
def test_a_cut_respects_words_and_graphemes(text: str, limit: int, kept: str) -> None:
    assert head(text, limit) == kept


@given(awkward, st.integers(1, 500))
def test_cuts_are_slices_of_their_text_within_the_limit(text: str, limit: int) -> None:
    start, end = head(text, limit), tail(text, limit)
    assert text.startswith(start) and len(start) <= limit
    assert text.endswith(end) and len(end) <= limit


def test_a_tail_starts_at_a_word() -> None:
    assert tail("one two three four", 10) == "three four"
    assert tail("one two three four", 12) == "three four"


@pytest.mark.parametrize(
    ("published", "shown"),
    [
        ("2015-02-09", "9 February 2015"),
        ("2015-02", "February 2015"),
        ("2015", "2015"),
        ("spring 2015", "spring 2015"),
        ("2015-02-30", "2015-02-30"),
        (None, None),
        ("", None),
    ],
)
def test_dates_are_shown_as_far_as_they_are_known(published: str | None, shown: str | None) -> None:
    assert date_words(published) == shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://e.example/a",
        "https://",
        "https://e.example/a b",
        "https://e.example/a|b",
        "https://e.example/<!channel>",
        "https://e.example/\u0000",
        "https://[broken",
        "https://e.example/" + "x" * 3_000,
        "",
        None,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(url: str | None) -> None:
    assert safe_link(url) is None
    assert safe_link(url, "https://e.example/ok") == "https://e.example/ok"


def test_escaping_and_dropping() -> None:
    assert escape("a & b <!here>") == "a &amp; b &lt;!here&gt;"
    assert printable("a\u0000b\u202ec\ud800d\te\nf") == "abc\ufffdd\te\nf"


def quotes_of(message: Message) -> list[list[dict[str, Any]]]:
    return [
        element["elements"]
        for block in message.blocks
        for element in block.get("elements", [])  # type: ignore[attr-defined]
        if element["type"] == "rich_text_quote"
    ]


def notes_of(message: Message) -> list[str]:
    return [block["elements"][0]["text"] for block in message.blocks if block["type"] == "context"]  # type: ignore[index]


def parts(blocks: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in blocks:
        if block["type"] != "rich_text":
            continue
        for element in block["elements"]:
            sections = element["elements"] if element["type"] == "rich_text_list" else [element]
            found.extend(part for section in sections for part in section["elements"])
    return found
