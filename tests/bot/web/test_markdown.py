"""An article's Markdown as HTML: shaped, harmless, and with the quoted words marked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.markdown import render

TEXT = """\
# The river

The **Aare** rises in [the Alps](https://example.org/alps) &amp; flows on.[^1] It is 288 km long and
goes by many towns.

| Town | Bank |
|---|---|
| Bern | left |
| *Thun* | both |

- first thing
- second \\* thing

> Said by a friend.

```
flow --of river
```

[^1]: As of 2015.
"""


def marked(quote: str, text: str = TEXT) -> str:
    start = text.index(quote)
    html = render(text, "No title", (start, start + len(quote))).html
    return " ".join(" ".join(re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.DOTALL)).split())


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("It is 288 km long and\ngoes by many towns.", "It is 288 km long and goes by many towns."),
        (
            "The **Aare** rises in [the Alps](https://example.org/alps) &amp; flows on.",
            "The Aare rises in the Alps &amp; flows on.",
        ),
        ("| *Thun* | both |", "Thun both"),
        ("second \\* thing", "second * thing"),
        ("Said by a friend.", "Said by a friend."),
        ("flow --of river", "flow --of river"),
        ("As of 2015.", "As of 2015."),
        ("The river", "The river"),
    ],
)
def test_the_quoted_words_are_marked_wherever_they_stand(quote: str, words: str) -> None:
    assert marked(quote) == words


def test_only_the_first_mark_has_the_id_that_the_address_ends_in() -> None:
    start = TEXT.index("The **Aare**")
    html = render(TEXT, "No title", (start, start + 30)).html

    assert html.count("<mark") > 1
    assert html.count('id="quote"') == 1


def test_a_sentence_that_occurs_twice_is_marked_where_it_was_quoted() -> None:
    text = "It flows. It bends.\n\nIt flows. It ends.\n"
    html = render(text, "River", (21, 30)).html

    first, second = html.strip().split("\n")
    assert first == "<p>It flows. It bends.</p>"
    assert second == '<p><mark id="quote" tabindex="-1" autofocus>It flows.</mark> It ends.</p>'


def test_a_table_a_list_and_a_note_keep_their_shape() -> None:
    html = render(TEXT, "No title").html

    assert "<th>Town</th>" in html and "<td>Bern</td>" in html
    assert "<li>first thing" in html
    assert '<sup><a href="#note-1">1</a></sup>' in html and 'id="note-1"' in html


def test_the_heading_that_repeats_the_title_is_left_out_and_the_others_are_listed() -> None:
    text = "# The river\n\nA.\n\n## Source\n\nB.\n\n## Mouth\n\nC.\n\n### Delta\n\nD.\n"
    page = render(text, "The river")

    assert "The river" not in page.html
    assert [(heading.level, heading.words) for heading in page.headings] == [
        (3, "Source"),
        (3, "Mouth"),
        (4, "Delta"),
    ]


def test_few_headings_need_no_contents() -> None:
    assert render("## One\n\nA.\n", "A title").headings == ()


def test_a_table_written_in_html_is_a_table_without_its_attributes() -> None:
    html = render('<table onclick="x()"><tr><td colspan="2" style="x">A</td></tr></table>\n', "A title").html

    assert html == '<table><tr><td colspan="2">A</td></tr></table>\n'


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "text <script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://evil.example/pixel.png)",
        '<iframe src="https://evil.example"></iframe>',
        "<svg/onload=alert(1)>",
        '<p style="position:fixed">x</p>',
        "<style>body{display:none}</style>",
        "<base href=https://evil.example>",
        "</main></body><h1>x",
        "<b onmouseover=alert(1)>x</b>",
        '<td colspan="9" onclick=alert(1)>x',
        "<form action=https://evil.example><input name=token>",
    ],
)
def test_what_an_article_writes_is_never_markup_that_acts(hostile: str) -> None:
    html = render(f"Before.\n\n{hostile}\n\nAfter.\n", "A title").html
    allowed = (
        r"<(?:/?(?:p|b|td|table|tr|h[2-6]|em|strong)|a href=\"#[^\"]*\"|/a|span class=\"picture\"|/span"
        r"|td colspan=\"\d{1,3}\"|br|hr)>"
    )

    assert re.findall(r"<[^>]*>", re.sub(allowed, "", html)) == []
    assert "After." in html


def test_an_element_that_is_opened_is_closed() -> None:
    assert render("A <b>bold *word* and no end\n\nAfter.\n", "A title").html.count("</b>") == 1


@given(
    st.text(alphabet=st.sampled_from("ab<>&\"'*_[]()!|-#`\\\n :^/=1"), max_size=120),
    st.integers(0, 60),
    st.integers(1, 60),
)
def test_whatever_stands_in_an_article_its_elements_are_balanced(text: str, start: int, size: int) -> None:
    html = render(text, "A title", (start, start + size)).html
    open_elements: list[str] = []
    for close, name, rest in re.findall(r"<(/?)([a-z0-9]+)([^>]*)>", html):
        assert "on" not in re.sub(r'"[^"]*"', "", rest).replace("autofocus", "")
        if close:
            assert open_elements.pop() == name
        elif name not in ("br", "hr"):
            open_elements.append(name)
    assert open_elements == []
