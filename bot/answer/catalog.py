"""Questions about the articles themselves: how many there are, which name something, who wrote one, and when.

In English each word of such a question asks for something, stands for an article, fills the sentence or is
of a name: if one is left over, the question asks what the articles say, and is searched for.  In Chinese a
few forms of question are known.  Pure; what is told comes from what is known of the articles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from bot.answer.referring import (
    HAN,
    MANY,
    ONE,
    ZH,
    coming_from,
    fitting,
    mentioning,
    newest_first,
    referred,
    stems,
    titled,
)
from bot.types import About, Conversation, Told
from index.types import Article

MAX_LISTED = 5
MAX_ASKED_CHARS = 200
"""A longer question asks for something else, and matching it would be slow."""
HEADLINE_WORDS = 7
"""A title of so many says something, and is no name."""
MAX_MEANT = 3
"""More articles that the words fit equally are counted, and the newest of them shown."""


@dataclass(frozen=True, slots=True)
class CatalogAsked:
    """A question about the articles."""

    about: About
    subject: str | None = None
    """The name that the articles must hold, or their publisher for `About.FROM`, in the asker's words."""
    articles: tuple[Article, ...] = ()
    """If one article is asked about: those that the words fit equally, newest first."""
    most: int = MAX_LISTED
    """How many of a list to show."""


_LEAD = re.compile(
    r"(?:(?:and|so|but|ok(?:ay)?|hey|hi|hello|please|pls|well|also|thanks|请问?|那么?(?![篇个些]))\b[,\s]*)*"
    r"(?:(?:can|could|would|will) you (?:please )?(?:tell me |say )?|(?:do you|does any(?:body|one)) know "
    r"|(?:please )?tell me (?!about|something|more)|i(?:'d| would) like to know |i want to know "
    r"|(?:你知道(?!什么|些|点|多|哪)|告诉我|我想知道))?",
    re.IGNORECASE,
)
_SITE = (
    r"(?:web ?site|site|paper|newspaper|magazine|outlet|publisher|publication|journal|blog|portal"
    r"|medium|media)"
)
_ISSUED = r"(?:published|publish|posted|post|printed|written|wrote|write|writes)"
_ISSUED_LOOSELY = r"(?:out|released?|appear(?:ed)?|ran|run|issued?|dated|from)"
_LATEST = r"(?:latest|newest|most recent(?:ly)?)"
_OLDEST = r"(?:oldest|earliest)"
_NOUN = rf"(?:(?P<one>{ONE})|(?P<many>{MANY}|(?:collection|library|knowledge base|index)))"
_HELD = re.compile(rf"\b{_NOUN}\b(?! os\b)", re.IGNORECASE)
# "What does the article say …" and "who is quoted …" ask for what the articles say.
_SAID = re.compile(
    r"\b(?:say|says|said|think|thinks|claims?|claimed|quotes?|quoted|cites?|cited|according|argues?)\b"
    r"(?! (?:something|anything) (?:about|on)\b)",
    re.IGNORECASE,
)
# What is asked for must be the articles: "which companies are named in the articles" asks for companies.
_ASKS_FOR_OTHERS = re.compile(
    rf"(?:who|whom|what|which|how many)\b(?!(?: (?:is|are|was|were|'s)| ?'s)?(?: one)?(?: of)?"
    rf"(?: (?:the|your|these|all|other|different|{_LATEST}|{_OLDEST}))* {_NOUN}\b)"
    r"|(?:did|was|were|has|had|would|should|when|why)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    rf"\b(?:{MANY}|anywhere)\b|\b(?:any|an?|which|what|each|every|another)"
    rf"(?: other)? {ONE}\b"
    r"|^(?:is|are|where (?:is|are|does|do)) .+ (?:mentioned|named|discussed|come up|appear)$",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"\b(?:mention(?:s|ed|ing)?|nam(?:es?|ed|ing)|discuss(?:es|ed|ing)?|cover(?:s|ed|ing)?|contain(?:s|ing)?|occurs?"
    r"|appears?|says? (?:something|anything)|in any|(?:bring|show|come)s? up"
    r"|(?:talk|write|speak)s? (?:about|of)|reports? on|deals? with|refers? to)\b"
    rf"|\b(?:{ONE}s?|{MANY}|is|are|was|were|anything|something|written|have|got|here)"
    r" (?:about|on|regarding|concerning)\b",
    re.IGNORECASE,
)
_FROM = re.compile(rf"\b(?:from|by|{_ISSUED})\b", re.IGNORECASE)
_COUNT = re.compile(r"\bhow (?:many|large|big)\b|\bnumber of\b|\bcount\b|\bsize of\b", re.IGNORECASE)
_CAPABILITY = re.compile(
    r"(?:what|which)\b.*\b(?:you|i|we)\b.*\b(?:know|ask|cover|answer|search|tell|help)\b.*|"
    r"(?:what|which)(?: \w+)* (?:questions|topics|subjects|themes|things)\b.*|show (?:me )?everything\b.*",
    re.IGNORECASE,
)
# Of one article: words that ask, with a noun for it or its title beside them; words that also ask for
# the article that was cited last.
_OF_ONE = tuple(
    (about, re.compile(rf"\b(?:{words})\b", re.IGNORECASE), re.compile(strict, re.IGNORECASE))
    for about, words, strict in (
        (
            About.AUTHOR,
            r"(?:author|writer|reporter|journalist|columnist|byline)s?"
            r"|whose|by whom|who(?:['’]s| is| was)? behind"
            r"|who(?:m|se)?(?:\b.*)? (?:wrote|written|writes|penned|authored)",
            r"\b(?:author|writer|wrote|written)\b",
        ),
        (
            About.PUBLISHED,
            rf"when\b.*\b(?:{_ISSUED}|{_ISSUED_LOOSELY}|come out)|dates?"
            r"|how (?:old|recent|new|fresh|current|up to date|long ago)|(?:what|which) (?:day|month|year)",
            rf"\bwhen\b.*\b{_ISSUED}\b|\bpublication date\b",
        ),
        (
            About.PUBLISHER,
            rf"{_SITE}|who (?:published|posted|printed|released|ran|put out)"
            rf"|where\b.*\b(?:published|printed|posted|from|appear)|source of",
            rf"\b(?:publisher|{_SITE})\b|\b(?:who|where)\b.*\b(?:published|printed|posted)\b",
        ),
        (
            About.TITLE,
            r"title|headline|called|titled",
            r"^\W*(?:what(?:'s| is) )?(?:the|its) (?:title|headline)$",
        ),
        (
            About.LINK,
            r"links?|urls?|(?:web )?address|web ?page|original|open|read|show|see|find|get|bring up",
            r"\b(?:link|url)\b",
        ),
    )
)
# The words by which these are asked for.
_ASKING = re.compile(
    r"\b(?:(?:author|writer|reporter|journalist|columnist|byline|date|day|month|year|link|url)s?"
    rf"|penned|authored|{_SITE}|printed|put|old|recent|new|fresh|current|to date|long ago|source of"
    r"|title|titled|headline|(?:web )?address"
    r"|web ?page|open|read|see)\b",
    re.IGNORECASE,
)
_SOURCE_OF = re.compile(r"\bsource of\b", re.IGNORECASE)
# Carry nothing of what an article is about, in a question about it.
_FILLING = re.compile(
    rf"\b(?:{_ISSUED}|{_ISSUED_LOOSELY}|come|comes|full|first|original(?:ly)?|whole|version|send"
    r"|gives?|get|read|online|news|got|show"
    r"|tell|want|like|need|let|know|find|list|names?|called|please|use|used|using|hold|search(?:ed)?|draw(?:ing)?|based?"
    r"|index(?:ed)?|add(?:ed)?|available|loaded|total|far|different|here|there|answers?|altogether|kinds?|sorts?|types?"
    r"|currently|overview|everything|anything|something|anywhere|ask|cover(?:ed)?|able|help|questions?|topics?|subjects?"
    r"|themes?|things?|share|bring|up|did|has|have|does|do|is|are|was|were|been|being|be|you|your|i|we|me|us|my|our|d|ve|s"
    r"|it|its|this|that|these|those|they|one|who|whom|whose|what|when|where|which|how|many|large|big|number|count|size"
    r"|of|in|on|at|to|for|with|by|as|and|or|the|an?|any|some|all|other|each|every|much|so|can|could|will|would|about"
    r"|regarding|concerning|most|recent|latest|newest|oldest|earliest|people|behind)\b",
    re.IGNORECASE,
)


def _numbered(form: str) -> re.Pattern[str]:
    """Return the pattern with a number behind the name of each group, so that a name may come up again."""
    counter = count()
    return re.compile(re.sub(r"\(\?P<(\w+)>", lambda m: f"(?P<{m[1]}_{next(counter)}>", form), re.IGNORECASE)


def _groups(found: re.Match[str]) -> dict[str, str]:
    """Return the text of each group that matched, by the group's name without its number."""
    return {name.split("_")[0]: text for name, text in found.groupdict().items() if text is not None}


# Chinese, in which words have no blanks between them: the first form that fits counts.
_NAMES_ZH = r"(?:提到|提及|讲到|谈到|说到|写到|涉及|讨论|关于|有关|包含)[了过]?"
_LISTS_ZH = tuple(
    (about, _numbered(form))
    for about, form in (
        (
            About.COUNT,
            rf"(?:[你这]里?|现在|一共|总共|共)*有?(?:多少|几)篇?{ZH}|(?:你|这里)?的?{ZH}(?:一共|总共)?有多少篇?",
        ),
        (
            About.COLLECTION,
            r"你?都?(?:知道|了解|懂)(?:些|点)?什么"
            rf"|我?(?:可以|能)问你?(?:些|点)?什么|你?(?:这里)?(?:都)?有(?:哪些|什么|哪几篇){ZH}|(?:列出)?所有(?:的)?{ZH}",
        ),
        (
            About.LATEST,
            rf"(?:关于(?P<subject>.+?)的)?(?:最新|最近)的?(?P<single>一篇)?{ZH}(?:是(?:哪篇|什么|哪些))?",
        ),
        (
            About.MENTIONING,
            rf"(?:有?(?:哪些|哪几篇|哪篇|多少篇?|几篇)|有没有|有什么){ZH}(?:里|中)?{_NAMES_ZH}(?P<subject>.+?)"
            rf"|(?:有没有|有哪些|有几篇){_NAMES_ZH}(?P<subject>.+?)的{ZH}吗?"
            rf"|{_NAMES_ZH}(?P<subject>.+?)的{ZH}有(?:哪些|哪几篇|几篇|多少|吗)",
        ),
        (About.FROM, rf"(?P<subject>.+?)写了?(?:哪些|多少|几)篇?{ZH}"),
    )
)
_ABOUT_ONE_ZH = tuple(
    (about, _numbered(form))
    for about, form in (
        (
            About.AUTHOR,
            r"(?P<ref>.*?)(?:是|由)?谁写的|(?P<ref>.*?)的?作者是?(?:谁|什么人)?|谁写了?(?P<ref>.+)",
        ),
        (
            About.PUBLISHED,
            r"(?P<ref>.*?)(?:是)?(?:什么时候|何时|哪天|哪一?年|几号)(?:发表|刊登|写|刊出)的?"
            r"|(?P<loose>.+?)(?:是)?(?:什么时候|何时|哪天|哪一?年)(?:发布|出版|出来)的?"
            r"|(?P<ref>.*?)的?(?:发表|发布|出版)(?:日期|时间)(?:是.*)?",
        ),
        (
            About.PUBLISHER,
            r"(?P<ref>.*?)(?:是|由)?(?:谁|(?:哪家|哪个|什么)(?:媒体|网站|报纸|杂志|机构)?)(?:发表|刊登|发布)的?"
            r"|(?P<ref>.*?)(?:来自|出自|是)(?:哪家|哪个|什么)(?:媒体|网站|报纸|杂志)(?:的)?",
        ),
        (About.TITLE, r"(?P<ref>.*?)的?(?:标题|题目)(?:是什么|叫什么)?"),
        (
            About.LINK,
            r"(?:请)?(?:给我|发给?我|把|我要|要)?(?P<ref>.*?)的?(?:链接|网址|地址)(?:是什么|在哪里?|发给我|给我)?"
            r"|(?:给我看|打开|显示|让我看看?)(?P<loose>.+)",
        ),
    )
)
_WROTE_ABOUT = re.compile(r"who (?:wrote|has written|writes|reported) (?:about|on) (.+)", re.IGNORECASE)
_WROTE_WHAT = re.compile(
    r"(?:have you |do you have )?(?:what|anything|something|everything)\b.*\b(?:from|by|wr[io]t\w+)\b",
    re.IGNORECASE,
)
_THEME = re.compile(r"\W+(?:about|on|regarding|concerning|of|covering|with|mentioning)\b", re.IGNORECASE)
_SUPERLATIVE = re.compile(rf"\b(?:{_LATEST}|{_OLDEST})\b", re.IGNORECASE)
# "Which articles say that …" asks what they say.
_CLAUSE = re.compile(
    r"(?:that|how|why|when|where|what|whether|who|which|if)\b|为什么|怎么|如何", re.IGNORECASE
)


def asked_about(
    question: str, articles: Sequence[Article], last: Article | None = None
) -> CatalogAsked | None:
    """Return what `question` asks about the articles themselves; None if it asks what they say.

    `last` is the article that was cited last, which "it" and "this article" mean.

    >>> asked_about("How many articles do you have?", ())
    CatalogAsked(about=<About.COUNT: 'count'>, subject=None, articles=(), most=5)
    >>> asked_about("Who wrote the Android code?", ()) is None
    True
    """
    asked = _bare(question)
    if len(asked) > MAX_ASKED_CHARS:
        return None
    if HAN.search(asked):
        return _chinese(asked, articles, last)
    if _SAID.search(asked):
        return None
    told, pointed_to = _OF_ONE[:-1], _OF_ONE[-1:]
    return (
        _of_one(told, asked, articles, last)
        or _of_several(asked, articles)
        or _of_one(pointed_to, asked, articles, last)
    )


def catalog_answer(asked: CatalogAsked, articles: Sequence[Article]) -> tuple[Told, list[Article]]:
    """Return what is known, and the articles that it is known of, to be cited in this order.

    `articles` are all that the asker may see.  A list that is longer than what is shown is counted.
    """
    match asked.about:
        case About.COUNT | About.COLLECTION:
            listed = newest_first(articles)
        case About.LATEST | About.OLDEST:
            about = mentioning(asked.subject, articles) if asked.subject else articles
            listed = newest_first(article for article in about if article.published)
            if asked.about is About.OLDEST:
                listed.reverse()
        case About.MENTIONING:
            listed = list(mentioning(asked.subject or "", articles))
        case About.FROM:
            listed = list(coming_from(asked.subject or "", articles))
        case _:
            shown = list(asked.articles[:MAX_MEANT])
            values = tuple(_value(asked.about, article) for article in shown)
            return Told(asked.about, len(asked.articles), values=values), shown
    return Told(asked.about, len(listed), asked.subject), listed[: asked.most]


def last_cited(conversation: Conversation, articles: Sequence[Article]) -> Article | None:
    """Return the article of the last answer's best quote, or the one that was told of last; None if unknown.

    The quotes are looked up in the texts: a turn remembers the words, not their article.
    """
    for place in range(len(conversation) - 1, -1, -1):
        turn = conversation[place]
        if turn.answer:
            for length in (80, 40, 20):  # a short quote is followed by the next one
                found = [article for article in articles if turn.answer[:length] in article.text]
                if found:
                    return found[0]
            return None
        asked = asked_about(turn.question, articles, None)
        if asked is not None:
            told_of = catalog_answer(asked, articles)[1]
            return told_of[0] if len(told_of) == 1 else None
    return None


def _of_one(
    kinds: Sequence[tuple[About, re.Pattern[str], re.Pattern[str]]],
    asked: str,
    articles: Sequence[Article],
    last: Article | None,
) -> CatalogAsked | None:
    """Return what is asked of one article, if all other words of the question are of its names or its top."""
    noun = _HELD.search(_SOURCE_OF.sub(_blank, asked))
    if noun is not None and noun["one"] is None:
        return None
    what = " ".join(word[0] for word in _left(_ASKING.sub(_blank, asked)))
    for about, words, strict in kinds:
        if not words.search(asked):
            continue
        theme = _WROTE_ABOUT.fullmatch(asked) if about is About.AUTHOR else None
        if theme is not None:
            meant = referred(f"the article about {theme[1]}", articles, None)
        elif noun is None:
            meant = _by_headline(what, asked, articles) or _pointed_at(what, strict.search(asked), last)
        elif not what and (_SUPERLATIVE.search(asked) is not None):
            meant = tuple(_newest(articles, asked)[:1])
        elif what:
            meant = fitting(what, articles, noun[0], theme=_THEME.match(asked, noun.end()) is not None)
        else:
            meant = _pointed_at(what, strict.search(asked), last)
        if meant:
            return CatalogAsked(about, articles=meant)
    return None


def _of_several(asked: str, articles: Sequence[Article]) -> CatalogAsked | None:
    """Return what is asked of all articles, or which of them is asked for; None if neither is."""
    noun, subject = _HELD.search(asked), _subject(asked)
    if noun is None and not subject and _CAPABILITY.fullmatch(asked):
        return CatalogAsked(About.COLLECTION)
    if (
        subject
        and _FROM.search(asked)
        and (noun or _WROTE_WHAT.match(asked))
        and coming_from(subject, articles)
    ):
        return CatalogAsked(About.FROM, subject)
    several = _SEVERAL.search(asked) is not None
    if _ASKS_FOR_OTHERS.match(asked) or (noun is None and not several):
        return None
    names = _NAMES.search(asked) is not None
    if noun is not None and _SUPERLATIVE.search(asked):
        about = About.OLDEST if re.search(_OLDEST, asked, re.IGNORECASE) else About.LATEST
        if subject and not (names and mentioning(subject, articles)):
            return None
        return CatalogAsked(about, subject or None, most=1 if noun["one"] else MAX_LISTED)
    if not subject:
        if noun is None or noun["many"] is None:
            return None
        return CatalogAsked(About.COUNT if _COUNT.search(asked) else About.COLLECTION)
    if not several or _CLAUSE.match(subject) or _HELD.search(subject):
        return None
    if names:
        return CatalogAsked(About.MENTIONING, subject)
    return CatalogAsked(About.FROM, subject) if re.match(r"(?:which|what)\b.* (?:from|by) ", asked) else None


def _subject(asked: str) -> str:
    """Return the stretch of the question that is left when all words of asking are taken off its ends.

    >>> _subject("in how many articles does the SAIC Group show up")
    'the SAIC Group'
    """
    words = _left(asked)
    if not words:
        return ""
    before = re.search(r"\b(?:the|an?) $", asked[: words[0].start()], re.IGNORECASE)
    start = before.start() if before else words[0].start()
    return asked[start : words[-1].end()].strip(" \"“”'‘’《》,;:").removesuffix("'s").removesuffix("’s")


def _left(asked: str) -> list[re.Match[str]]:
    """Return the words of a question that do not only ask; "US" and "IT" in capitals are names."""
    left = _NAMES.sub(_blank, _HELD.sub(_blank, asked))
    loud = asked.isupper()
    left = _FILLING.sub(lambda m: m[0] if m[0].isupper() and len(m[0]) > 1 and not loud else _blank(m), left)
    return [word for word in re.finditer(r"\S+", left) if any(c.isalnum() for c in word[0])]


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _by_headline(what: str, asked: str, articles: Sequence[Article]) -> tuple[Article, ...]:
    """Return the articles whose whole title is in the question, and all of `what`, its words that do not ask.

    A short title is the name of a thing: "When was Seven Nation Army released?" asks about that.
    """
    return tuple(
        article
        for article in titled(asked, articles)
        if len(said := stems(article.title)) >= HEADLINE_WORDS and set(stems(what)) <= set(said)
    )


def _pointed_at(what: str, asked_of_it: re.Match[str] | None, last: Article | None) -> tuple[Article, ...]:
    return (last,) if last is not None and asked_of_it is not None and not what else ()


def _newest(articles: Sequence[Article], asked: str) -> list[Article]:
    """Return the articles that have a date, newest first, or oldest if the words say so."""
    dated = newest_first(article for article in articles if article.published)
    return dated[::-1] if re.search(_OLDEST, asked, re.IGNORECASE) else dated


def _chinese(asked: str, articles: Sequence[Article], last: Article | None) -> CatalogAsked | None:
    for about, form in _LISTS_ZH:
        found = form.fullmatch(asked)
        if found is not None:
            parts = _groups(found)
            subject = parts.get("subject", "").strip(" \"“”'‘’《》") or None
            if subject is None and about in (About.MENTIONING, About.FROM):
                return None
            if subject is not None and (_CLAUSE.match(subject) or not any(c.isalnum() for c in subject)):
                return None
            single = about is About.LATEST and "single" in parts
            return CatalogAsked(about, subject, most=1 if single else MAX_LISTED)
    for about, form in _ABOUT_ONE_ZH:
        found = form.fullmatch(asked)
        meant = _meant(found, articles, last) if found is not None else ()
        if meant:
            return CatalogAsked(about, articles=meant)
    return None


def _meant(found: re.Match[str], articles: Sequence[Article], last: Article | None) -> tuple[Article, ...]:
    """Return the articles that the words of a match mean; behind a loose wording "it" may be anything."""
    parts = _groups(found)
    words = parts.get("ref", parts.get("loose", "")).strip()
    if not words:
        return (last,) if last is not None else ()
    return referred(words, articles, last, pointing="loose" not in parts)


def _value(about: About, article: Article) -> str | None:
    return {
        About.TITLE: article.title,
        About.AUTHOR: article.author,
        About.PUBLISHED: article.published,
        About.PUBLISHER: article.publisher,
        About.LINK: article.url,
    }[about]


def _bare(question: str) -> str:
    """Return the question without courtesy around it and marks at its end."""
    asked = " ".join(question.split()).strip(" ?？!！.。…")
    asked = re.sub(r"[,\s]+(?:please|pls|thanks|thank you)$", "", asked, flags=re.IGNORECASE)
    lead = _LEAD.match(asked)
    return asked[lead.end() :] if lead else asked
