"""Questions about the articles themselves, and those that only sound like it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.answer.catalog import CatalogAsked, asked_about, catalog_answer, last_cited
from bot.answer.referring import mentioning
from bot.types import About, Told, Turn
from index.article import parse_article
from index.types import Article

SOURCES = Path(__file__).parents[3] / "sources"
ARTICLES = [parse_article(path.stem, path.name, path.read_bytes()) for path in sorted(SOURCES.glob("*.md"))]
BANMA, MEIZU, HIMA = ARTICLES
IDS = {"banma": BANMA, "meizu": MEIZU, "hima": HIMA}


def told(question: str, last: Article | None = None) -> tuple[Told, list[Article]] | None:
    asked = asked_about(question, ARTICLES, last)
    return catalog_answer(asked, ARTICLES) if asked else None


def article(title: str, text: str = "Text.", **known: str) -> Article:
    front = "".join(f"{name}: {value}\n" for name, value in {"title": title, **known}.items())
    return parse_article(title, f"{title}.md", f"---\n{front}---\n{text}".encode())


@pytest.mark.parametrize(
    "question",
    [
        "How many articles do you have?",
        "how many sources are there",
        "And how many articles can you search?",
        "number of articles",
        "how large is your collection?",
        "how many documents have been indexed so far?",
        "count the articles",
        "So how many sources do you use?",
        "你有多少篇文章？",
        "一共有多少文章",
    ],
)
def test_how_many_there_are(question: str) -> None:
    assert told(question) == (Told(About.COUNT, 3), [HIMA, BANMA, MEIZU])


@pytest.mark.parametrize(
    "question",
    [
        "what do you know about?",
        "What do you know?",
        "what can I ask?",
        "what can you tell me about?",
        "What can I ask you about?",
        "what topics do you cover?",
        "which articles do you have?",
        "show me all the articles",
        "what are the articles about?",
        "What sources are your answers based on?",
        "list your sources",
        "show everything you have",
        "which documents are you using?",
        "你知道什么？",
        "我可以问什么？",
        "有哪些文章？",
    ],
)
def test_what_they_are_about(question: str) -> None:
    assert told(question) == (Told(About.COLLECTION, 3), [HIMA, BANMA, MEIZU])


@pytest.mark.parametrize(
    ("question", "subject", "expected"),
    [
        ("Which articles mention SAIC?", "SAIC", [HIMA, BANMA]),
        ("how many articles mention Alibaba?", "Alibaba", [BANMA, MEIZU]),
        ("Which article is about the HIMA alliance", "the HIMA alliance", [HIMA]),
        ('which articles mention "Made in China 2025"?', "Made in China 2025", [BANMA]),
        ("do you have any articles on Meizu?", "Meizu", [MEIZU]),
        ("Is there an article about bread?", "bread", []),
        ("where is Tencent mentioned?", "Tencent", [BANMA]),
        ("does any article mention Xiaomi?", "Xiaomi", [MEIZU]),
        ("Is SAIC mentioned in any of the articles?", "SAIC", [HIMA, BANMA]),
        ("articles about Alibaba", "Alibaba", [BANMA, MEIZU]),
        ("in how many articles does SAIC show up?", "SAIC", [HIMA, BANMA]),
        ("are there articles where Amazon comes up?", "Amazon", [MEIZU]),
        ("Which pieces bring up Acer?", "Acer", [MEIZU]),
        ("Is Xiaomi mentioned anywhere?", "Xiaomi", [MEIZU]),
        ("have you got a story on Tesla?", "Tesla", []),
        ("list the articles about an operating system", "an operating system", [HIMA, BANMA, MEIZU]),
        ("哪些文章提到了SAIC？", "SAIC", [HIMA, BANMA]),
        ("有没有关于Meizu的文章？", "Meizu", [MEIZU]),
    ],
)
def test_which_name_something(question: str, subject: str, expected: list[Article]) -> None:
    assert told(question) == (Told(About.MENTIONING, len(expected), subject), expected)


@pytest.mark.parametrize(
    ("question", "subject", "expected"),
    [
        ("which articles are from TechNode?", "TechNode", [BANMA]),
        ("What articles did Li Fusheng write?", "Li Fusheng", [HIMA]),
        ("any articles from 2015?", "2015", [MEIZU]),
        ("anything from China Daily?", "China Daily", [HIMA]),
        ("what has Li Fusheng written?", "Li Fusheng", [HIMA]),
        ("articles by Jill Shen", "Jill Shen", [BANMA]),
        ("do you have articles from the BBC?", None, []),
        ("which articles are from the BBC?", "the BBC", []),
    ],
)
def test_which_are_from_somebody(question: str, subject: str | None, expected: list[Article]) -> None:
    found = told(question)
    assert found == ((Told(About.FROM, len(expected), subject), expected) if subject else None)


@pytest.mark.parametrize(
    ("question", "count", "subject", "expected"),
    [
        ("latest article", 3, None, [HIMA]),
        ("What's the newest article?", 3, None, [HIMA]),
        ("newest articles", 3, None, [HIMA, BANMA, MEIZU]),
        ("show me the latest articles about Alibaba", 2, "Alibaba", [BANMA, MEIZU]),
        ("which piece is the most recent?", 3, None, [HIMA]),
        ("最新的一篇文章是哪篇？", 3, None, [HIMA]),
    ],
)
def test_the_newest(question: str, count: int, subject: str | None, expected: list[Article]) -> None:
    assert told(question) == (Told(About.LATEST, count, subject), expected)


def test_the_oldest() -> None:
    assert told("what's the oldest article you've got?") == (Told(About.OLDEST, 3), [MEIZU])
    found = told("the oldest articles about Alibaba")
    assert found == (Told(About.OLDEST, 2, "Alibaba"), [MEIZU, BANMA])
    assert told("what is the latest news on the price of the Meizu phone?") is None, "it is searched for"


def test_what_has_no_date_is_not_the_newest() -> None:
    undated, dated = article("One two"), article("Three four", published="2020-01")
    asked = CatalogAsked(About.LATEST)
    assert catalog_answer(asked, [undated, dated]) == (Told(About.LATEST, 1), [dated])
    assert catalog_answer(asked, [undated]) == (Told(About.LATEST, 0), [])


@pytest.mark.parametrize(
    ("question", "about", "value", "source"),
    [
        ("Who wrote the article on Banma?", About.AUTHOR, "Jill Shen", "banma"),
        ("who is the author of the TechNode article?", About.AUTHOR, "Jill Shen", "banma"),
        ("Could you tell me who wrote the article about HIMA, please?", About.AUTHOR, "Li Fusheng", "hima"),
        ("who wrote the latest article?", About.AUTHOR, "Li Fusheng", "hima"),
        (f"who is the author of “{MEIZU.title}”?", About.AUTHOR, None, "meizu"),
        ("who wrote about charging?", About.AUTHOR, "Li Fusheng", "hima"),
        ("who wrote the Meizu story?", About.AUTHOR, None, "meizu"),
        ("who's the reporter behind the AliOS Auto piece?", About.AUTHOR, "Jill Shen", "banma"),
        ("byline of the chinadaily article", About.AUTHOR, "Li Fusheng", "hima"),
        ("whose article is the one about HIMA?", About.AUTHOR, "Li Fusheng", "hima"),
        ("What is the article by Jill Shen called?", About.TITLE, BANMA.title, "banma"),
        ("give me the title of the newest article", About.TITLE, HIMA.title, "hima"),
        ("关于Banma的文章的标题是什么？", About.TITLE, BANMA.title, "banma"),
        ("How recent is the article about Huawei's alliance?", About.PUBLISHED, "2025-12-09", "hima"),
        ("From what year is the Meizu article?", About.PUBLISHED, "2015-02", "meizu"),
        ("When did TechNode run the Banma story?", About.PUBLISHED, "2019-07-17", "banma"),
        ("what outlet does the Meizu article come from?", About.PUBLISHER, "Telecoms.com", "meizu"),
        ("where's the original of the Meizu article?", About.LINK, MEIZU.url, "meizu"),
        ("open the TechNode article for me", About.LINK, BANMA.url, "banma"),
        ("关于Banma的文章是谁写的？", About.AUTHOR, "Jill Shen", "banma"),
        ("When was the Meizu article published?", About.PUBLISHED, "2015-02", "meizu"),
        ("when did the article about Meizu come out", About.PUBLISHED, "2015-02", "meizu"),
        ("do you know when the HIMA article was published?", About.PUBLISHED, "2025-12-09", "hima"),
        ("When did TechNode publish the article about Banma?", About.PUBLISHED, "2019-07-17", "banma"),
        ("how old is the TechNode article?", About.PUBLISHED, "2019-07-17", "banma"),
        ("Meizu的文章是什么时候发表的？", About.PUBLISHED, "2015-02", "meizu"),
        ("Who published the HIMA article?", About.PUBLISHER, "chinadaily.com.cn", "hima"),
        ("which site is the China Daily report from?", About.PUBLISHER, "chinadaily.com.cn", "hima"),
        ("where was the article about Meizu published?", About.PUBLISHER, "Telecoms.com", "meizu"),
        ("What's the source of the Banma article?", About.PUBLISHER, "TechNode", "banma"),
        ("Can I have the link to the Meizu article?", About.LINK, MEIZU.url, "meizu"),
        ("link to the Meizu article", About.LINK, MEIZU.url, "meizu"),
        ("can you show me the article about HIMA?", About.LINK, HIMA.url, "hima"),
        ("where can I read the Banma article?", About.LINK, BANMA.url, "banma"),
        ("Meizu那篇文章的链接", About.LINK, MEIZU.url, "meizu"),
    ],
)  # fmt: skip
def test_what_is_known_of_one(question: str, about: About, value: str | None, source: str) -> None:
    assert told(question) == (Told(about, 1, values=(value,)), [IDS[source]])


@pytest.mark.parametrize(
    ("question", "about", "value"),
    [
        ("who wrote it?", About.AUTHOR, "Jill Shen"),
        ("And who is the author?", About.AUTHOR, "Jill Shen"),
        ("when was it published?", About.PUBLISHED, "2019-07-17"),
        ("who published this article?", About.PUBLISHER, "TechNode"),
        ("which site is it from?", About.PUBLISHER, "TechNode"),
        ("link?", About.LINK, BANMA.url),
        ("它是谁写的？", About.AUTHOR, "Jill Shen"),
        ("什么时候发表的？", About.PUBLISHED, "2019-07-17"),
    ],
)
def test_it_is_the_article_that_was_cited_last(question: str, about: About, value: str) -> None:
    assert told(question, BANMA) == (Told(about, 1, values=(value,)), [BANMA])
    assert told(question) is None


def test_the_article_that_was_cited_last_is_known_by_what_was_quoted_of_it() -> None:
    first, second = "Aliyun OS is derived from Android and has", "HIMA wants to strengthen"
    turns = (Turn("Aliyun?", f"{first} {second}"), Turn("Why?", ""))
    assert last_cited(turns, ARTICLES) is MEIZU
    assert last_cited((Turn("Who?", second), *turns[:1]), ARTICLES) is MEIZU
    assert last_cited((*turns[:1], Turn("show me the article about HIMA", "")), ARTICLES) is HIMA
    assert last_cited((*turns[:1], Turn("show me the articles", "")), ARTICLES) is None, "which of them?"
    assert last_cited((Turn("Who?", "Nobody wrote this sentence."),), ARTICLES) is None
    assert last_cited((), ARTICLES) is None


def test_all_that_fit_equally_are_told_of() -> None:
    found = told("Who wrote the Alibaba article?")
    assert found == (Told(About.AUTHOR, 2, values=("Jill Shen", None)), [BANMA, MEIZU])


def test_of_many_that_fit_the_newest_are_shown_and_all_counted() -> None:
    many = [article(f"Rye number {n}", published=f"20{n}-01-01") for n in range(10, 15)]
    asked = asked_about("When was the rye article published?", many)
    assert asked is not None
    told, shown = catalog_answer(asked, many)
    assert (told.count, told.values) == (5, ("2014-01-01", "2013-01-01", "2012-01-01"))
    assert shown == many[:1:-1]


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the Android code?",
        "who wrote the 36kr report?",
        "When was the iPhone published?",
        "when was it released?",
        "When did Banma come out?",
        "When was the Caixin report published?",
        "who published the report on vehicle sales?",
        "what do you know about Banma?",
        "What do the articles say about charging?",
        "Which articles say that Alibaba owns Banma?",
        "how many reports did SAIC publish?",
        "How many vehicles do you have?",
        "Where can I find charging stations?",
        "show me the brands",
        "what is the date of the IPO?",
        "Who holds what share of Banma?",
        "who is quoted in the article about Meizu?",
        "which article quotes the CTO of Alibaba?",
        "what source did TechNode cite?",
        "Who is the source of the 36kr story?",
        "What year did Alibaba's IPO take place?",
        "Which companies are named in the Meizu article?",
        "what is the newest HIMA brand?",
        "When was Banma first mentioned in the press?",
        "What is HIMA called in Chinese?",
        "Which paper reported on the resistance within SAIC?",
        "when was the alliance in the article announced?",
        "how many people are named in the article?",
        "What stake does the article on Meizu mention?",
        "anything on Tencent's car plans?",
        "Who is behind HIMA?",
        "Banma是谁创立的？",
        "Banma是什么时候发布的？",
        "",
    ],
)
def test_what_the_articles_say_is_not_asked_of_the_catalog(question: str) -> None:
    assert asked_about(question, ARTICLES, BANMA) is None


@pytest.mark.parametrize(
    "question",
    [
        "What year did Seven Nation Army come out?",
        "On what date was “We Are Young” by Fun released?",
        "Who wrote the song We Are Young?",
        "What is one supplementary source of European Union law?",
        "What medium is Seven Nation Army recorded on?",
        "What is the title of a doctor of European Union law?",
        "Who headlined the show with We Are Young?",
        "In which article does European Union law prohibit agreements?",
        "Name one of the countries with European Union law.",
        "Did any of the mentioned sources deny that European Union law was broken?",
        "Are reports of young armies related to law?",
    ],
)
def test_an_article_about_a_thing_is_not_asked_about_with_the_thing(question: str) -> None:
    things = [article(title) for title in ("Seven Nation Army", "We Are Young", "European Union law")]
    assert asked_about(question, things, things[0]) is None


@pytest.mark.parametrize(
    "words",
    ["when did a publish ", "which articles are about ", "show me the link to the article of ", "它的链接"],
)
def test_a_long_text_is_not_asked_of_the_catalog_and_takes_no_time(words: str) -> None:
    began = time.process_time()
    assert asked_about(words * 500, ARTICLES, BANMA) is None
    asked_about((words * 30)[:200], ARTICLES, BANMA)
    assert time.process_time() - began < 1


def test_a_name_is_found_in_other_forms_and_not_in_other_words() -> None:
    bank = article("One", "The bank’s companies merged.")
    bankrupt = article("Two", "It went bankrupt with its company, in RMB 1,600.")
    assert mentioning("company", [bank, bankrupt]) == (bankrupt, bank)
    assert mentioning("the bank", [bank, bankrupt]) == (bank,)
    assert mentioning("1600", [bank, bankrupt]) == (bankrupt,)
    assert mentioning("bank merger of 1999", [bank, bankrupt]) == ()
    assert mentioning("?", [bank, bankrupt]) == ()


def test_words_that_follow_each_other_come_before_words_in_one_paragraph() -> None:
    apart = article("One", "The alliance was joined by Tencent.\n\nIt is open.")
    together = article("Two", "The open alliance has members.")
    assert mentioning("open alliance", [apart, together]) == (together,)
    assert mentioning("Tencent alliance", [apart, together]) == (apart,)
    assert mentioning("alliance open Tencent", [apart, together]) == ()
