import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.article import parse_article
from index.front_matter import ArticleError
from index.reasons import Reason
from index.types import Article

UNCLOSED = (
    "opens front matter with '---' in line 1 and never closes it. Put a line '---' below the last field."
)
EMPTY = "is empty: write the text below the front matter, or delete the file."


def parse(text: str, file: str = "cars/alios-banma_2019.md") -> Article:
    return parse_article(file.rpartition(".")[0], file, text.encode())


def refusal(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ArticleError) as caught:
        parse_article("a", "a.md", raw)
    assert str(caught.value) == f"a.md: {caught.value.reason}"
    return str(caught.value.reason)


def test_front_matter_becomes_fields_and_the_rest_the_body() -> None:
    text = (
        '---\ntitle: "Alibaba and Meizu"\npublisher: TechNode\nauthor: Jill Shen\npublished: 2015-02-09\n'
        "language: en\nurl: https://example.org/a?b=c#d\ntags: [cars, phones]\n---\n\n \nFirst.\n\nSecond.\n"
    )
    assert parse(text) == Article(
        id="cars/alios-banma_2019",
        file="cars/alios-banma_2019.md",
        text="First.\n\nSecond.\n",
        title="Alibaba and Meizu",
        publisher="TechNode",
        author="Jill Shen",
        published="2015-02-09",
        language="en",
        url="https://example.org/a?b=c#d",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def test_without_front_matter_the_body_is_the_whole_file() -> None:
    article = parse("\n\nOnly text --- and a rule.\n\n---\n\nMore.\n")
    assert article.text == "\n\nOnly text --- and a rule.\n\n---\n\nMore.\n"
    assert (article.publisher, article.author, article.published, article.url) == (None, None, None, None)


def test_the_indentation_of_the_first_line_belongs_to_the_body() -> None:
    assert parse("---\ntitle: T\n---\n\n    code\n").text == "    code\n"


def test_empty_front_matter_is_no_front_matter() -> None:
    assert parse("---\n---\nText.\n").text == "Text.\n"


def test_a_byte_order_mark_and_foreign_line_ends_are_not_counted() -> None:
    article = parse_article("a", "a.md", b"\xef\xbb\xbf---\r\ntitle: T\r\n---\r\nOne.\r\nTwo.\rThree.\n")
    assert (article.title, article.text) == ("T", "One.\nTwo.\nThree.\n")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1))
def test_the_body_is_kept_to_the_last_character(body: str) -> None:
    if body.strip():
        assert parse("---\ntitle: T\n---\nStart." + body).text == "Start." + body


@given(st.binary(max_size=200))
def test_any_bytes_give_an_article_or_a_reason(raw: bytes) -> None:
    for file_bytes in (raw, b"---\n" + raw + b"\n---\nText."):
        try:
            article = parse_article("a", "a.md", file_bytes)
        except ArticleError as error:
            assert str(error.reason)
        else:
            assert article.text.strip() and article.title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: In front\n---\n# In the text\n\nText.", "In front"),
        ("Lead.\n\n## In the  *text* ##\n\nText.", "In the text"),
        ("# C and C#\n\nText.", "C and C#"),
        ("Text without any heading, #1 of its kind.", "Alios banma 2019"),
        ("---\ntitle:\n---\nText.", "Alios banma 2019"),
        ("---\ntitle: ~\n---\nText.", "Alios banma 2019"),
        ('---\ntitle: "null"\n---\nText.', "null"),
        ("---\ntitle: 2015\n---\nText.", "2015"),
        ("---\ntitle: No\n---\nText.", "No"),
        ("---\nTitle: >\n  Two\n  lines\n---\nText.", "Two lines"),
    ],
)
def test_title_comes_from_front_matter_then_heading_then_file_name(text: str, title: str) -> None:
    assert parse(text).title == title


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("2015", "2015"),
        ("'2015-02'", "2015-02"),
        ("2015-02", "2015-02"),
        ("2016-02-29", "2016-02-29"),
        ("2015-02-09T10:00:00Z", "2015-02-09"),
        ("2015-02-09 10:00:00 +08:00", "2015-02-09"),
        ("9 February 2015", "2015-02-09"),
        ("Feb 9, 2015 10:02 AM", "2015-02-09"),
        ("", None),
    ],
)
def test_partial_dates_are_kept_as_they_are_known(written: str, published: str | None) -> None:
    assert parse(f"---\npublished: {written}\n---\nText.").published == published


@pytest.mark.parametrize("written", ["2015-13-01", "2015-02-29", "15", "0000", "2015-2-9"])
def test_a_date_that_cannot_be_read_is_refused_with_its_line(written: str) -> None:
    assert refusal(f"---\ntitle: T\npublished: {written}\n---\nText.") == (
        f"gives a date that cannot be read in line 3: '{written}'. Write 2019-07-17, 2019-07 or 2019."
    )


def test_several_authors_are_joined() -> None:
    assert parse("---\nauthor:\n  - Ada Oven\n  - Ben Crust\n---\nText.").author == "Ada Oven, Ben Crust"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://example.org", "www.example.org", "http://", "https://[a"]
)
def test_only_web_addresses_are_urls(url: str) -> None:
    assert refusal(f"---\nurl: '{url}'\n---\nText.") == (
        f"gives a url that is not a web address in line 2: '{url}'. "
        "Write a full address that begins with https://, or leave the line out."
    )


def test_a_language_is_a_code() -> None:
    assert parse("---\nlanguage: zh-Hans\n---\nText.").language == "zh-Hans"
    assert parse("---\nlanguage: English\n---\nText.").language == "en"
    assert parse("---\nlanguage: pt_BR\n---\nText.").language == "pt-BR"
    assert "line 2: 'Klingonese'. Write 'en'" in refusal("---\nlanguage: Klingonese\n---\nText.")


@pytest.mark.parametrize(
    ("front", "fields", "problem"),
    [
        ("layout: post\npublished: true\ndate: 2024-05-02 10:00:00 +0200", {"published": "2024-05-02"}, ""),
        ("title: Data\nlanguage: Klingonese", {"title": "Data"}, "not a language code in line 3"),
        ("title: Data\nurl: /handbook/data", {"title": "Data", "url": None}, "not a web address in line 3"),
        ("title: Drill: what to do\ndate: 2024-05-02", {"title": "Drill: what to do"}, "broken front matter"),
        ("author:\n  name: Lea\n  mail: l@example.org", {"author": "Lea"}, ""),
        ("author: [[Lea Falk]]", {"author": "Lea Falk"}, ""),
        ("title: {{title}}", {"title": "A"}, "as a list"),
        ("title: *x\ndate: 2024", {"published": "2024", "title": "*x"}, "anchor or alias"),
        (f"title: {'x' * 301}", {"title": "A"}, "301 characters"),
    ],
)
def test_a_field_that_cannot_be_read_is_left_out_with_a_warning_and_the_article_stays(
    front: str, fields: dict[str, str | None], problem: str
) -> None:
    problems: list[Reason] = []

    article = parse_article("a", "a.md", f"---\n{front}\n---\nText.".encode(), problems)

    assert article.text == "Text."
    assert {name: getattr(article, name) for name in fields} == fields
    assert (problem in "".join(map(str, problems))) if problem else problems == []


def test_toml_between_plus_signs_is_front_matter() -> None:
    article = parse('+++\ntitle = "Ovens"\ndate = 2024-01-03\nauthors = ["Ada", "Ben"]\n+++\n\nText.')

    assert (article.title, article.published, article.author) == ("Ovens", "2024-01-03", "Ada, Ben")
    assert article.text == "Text."
    problems: list[Reason] = []
    assert parse_article("a", "a.md", b"+++\ntitle = Ovens\n+++\nText.", problems).text == "Text."
    assert "broken front matter" in str(problems[0])


def test_text_between_two_rules_is_text() -> None:
    text = "---\n\nThe canteen opens at noon.\n\n---\n\nIt closes at 14:15."

    assert parse_article("a", "a.md", text.encode(), []).text == text
    unclosed: list[Reason] = []
    assert parse_article("a", "a.md", b"---\nText.", unclosed).text == "---\nText."
    assert "never closes it" in str(unclosed[0])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (
            b"ab\xe9t\xe9",
            "is not UTF-8: byte 0xE9 at offset 2. Convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        ),
        (
            b"\xef\xbb\xbfab\xe9t\xe9",
            "is not UTF-8: byte 0xE9 at offset 5. Convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        ),
        ("text".encode("utf-16"), "is UTF-16, not UTF-8. Convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW"),
        (
            b"one\ntwo\0",
            "holds a NUL character in line 2, so it is not plain text. Export it again as UTF-8 text.",
        ),
        (b"", EMPTY),
        (b"---\ntitle: T\n---\n \n\n", EMPTY),
        (
            b"---\ntitle: T\n\nText.\n",
            UNCLOSED,
        ),
        (
            b"---",
            UNCLOSED,
        ),
        (
            b"---\ntitle: T\nurl: a: b\n---\nText.",
            "has broken front matter: mapping values are not allowed in this context in line 3. "
            "Put quotation marks round a value that holds ': ' or '#'.",
        ),
        (
            b"---\n- a\n- b\n---\nText.",
            "has front matter that is not a list of fields (line 2). "
            "Write lines such as 'title: My article'.",
        ),
        (
            b"---\ntitle: T\nTitle: U\n---\nText.",
            "gives 'title' twice, in lines 2 and 3. Keep one.",
        ),
        (
            b"---\ntitle: [a, b]\n---\nText.",
            "gives 'title' in line 2 as a list. Write one value.",
        ),
    ],
)
def test_what_is_no_article_is_refused_with_place_and_remedy(raw: bytes, reason: str) -> None:
    assert refusal(raw) == reason


def test_yaml_that_multiplies_itself_is_refused_before_it_is_composed() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"
    assert "uses a YAML anchor or alias ('&' or '*') in line 2." in refusal(f"---\n{bomb}\n---\nText.")
    assert "nests its front matter too deeply in line 2." in refusal(f"---\na: {'[' * 60_000}\n---\nText.")
    assert "has 70,004 characters of front matter;" in refusal(f"---\na: {'x' * 70_000}\n---\nText.")


def test_a_title_is_short_enough_to_stand_before_every_passage() -> None:
    assert refusal(f"---\ntitle: {'x' * 301}\n---\nText.") == (
        "has a title of 301 characters in line 2. Write at most 300."
    )
    assert parse(f"---\ntitle: {'x' * 300}\n---\nText.").title == "x" * 300
    assert parse(f"# {'word ' * 100}\n\nText.").title == "word " * 59 + "word"


@pytest.mark.parametrize("line", ["# " + " " * 500_000 + "x", "# " + "x #" * 200_000, "=" * 500_000])
def test_a_hostile_heading_is_read_in_no_time(line: str) -> None:
    started = time.perf_counter()
    parse(f"{line}\n\nText.")
    assert time.perf_counter() - started < 5


def test_yaml_builds_text_and_no_objects() -> None:
    assert "as a list" in refusal("---\ntitle: !!python/object/apply:os.system [id]\n---\nText.")
