"""Questions about the articles themselves: how many there are, which name something, who wrote one, and when.

Surface patterns, in English and Chinese, that fire on a clear wording alone: whatever they pass over is
searched for in the texts.  Pure; what is told comes from what is known of the articles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from bot.answer.referring import MANY, ONE, ZH, coming_from, mentioning, newest_first, referred
from bot.types import About, Conversation, Told
from index.types import Article

MAX_LISTED = 5
MAX_ASKED_CHARS = 200
"""A longer question asks for something else, and matching it would be slow."""
MAX_MEANT = 3
"""More articles that the words fit equally are counted, and the newest of them shown."""


@dataclass(frozen=True, slots=True)
class CatalogAsked:
    """A question about the articles."""

    about: About
    subject: str | None = None
    """The name that the articles must hold, or their publisher for `About.FROM`, in the asker's words."""
    articles: tuple[Article, ...] = ()
    """For `AUTHOR`, `PUBLISHED`, `PUBLISHER` and `LINK`: those that the words fit equally, newest first."""
    most: int = MAX_LISTED
    """How many of a list to show."""


_LEAD = re.compile(
    r"(?:(?:and|so|but|ok(?:ay)?|hey|hi|hello|please|pls|well|also|thanks|请问?|那么?(?![篇个些]))\b[,\s]*)*"
    r"(?:(?:can|could|would|will) you (?:please )?(?:tell me |say )?|(?:do you|does any(?:body|one)) know "
    r"|(?:please )?tell me (?!about|something|more)|i(?:'d| would) like to know |i want to know "
    r"|(?:你知道(?!什么|些|点|多|哪)|告诉我|我想知道))?",
    re.IGNORECASE,
)
_ANY = rf"(?:{ONE}|{MANY})"
_REF = r"(?P<ref>.+?)"
_X = r"(?P<subject>.+?)"
_SHOW = r"(?:show|list|give|send|get|find|name|share|open)(?: me| us)?"
_SITE = (
    r"(?:site|website|paper|newspaper|magazine|outlet|publisher|publication|journal|blog|portal|medium|media)"
)
_NAMES = (
    r"(?:mentions?|mentioned|mentioning|names?|naming|discuss(?:es|ing)?|covers?|covering|talks? about"
    r"|speaks? (?:of|about)|writes? about|reports? (?:on|about)|refers? to|deals? with|contains?|containing"
    r"|(?:is|are|was|were) (?:about|on)|says? (?:something|anything) (?:about|on)|about|on|regarding)"
)
_NAMES_ZH = r"(?:提到|提及|讲到|谈到|说到|写到|涉及|讨论|关于|有关|包含)[了过]?"
_HERE = r"(?: (?:do )?(?:you have|you know|you've got|have you(?: got)?|are there|is there|here))?"
_PRINTED = r"(?:published|posted|written|printed)"
_LATEST = r"(?:very )?(?:latest|newest|most recent)"


def _numbered(form: str) -> re.Pattern[str]:
    """Return the pattern with a number behind the name of each group, so that a name may come up again."""
    counter = count()
    return re.compile(re.sub(r"\(\?P<(\w+)>", lambda m: f"(?P<{m[1]}_{next(counter)}>", form), re.IGNORECASE)


def _groups(found: re.Match[str]) -> dict[str, str]:
    """Return the text of each group that matched, by the group's name without its number."""
    return {name.split("_")[0]: text for name, text in found.groupdict().items() if text is not None}


# The first that fits counts.
_LISTS = tuple(
    (about, _numbered(form))
    for about, form in (
        (
            About.COUNT,
            rf"how many (?:different )?{MANY}(?: in total)?(?: (?:do|can|have) you"
            r"(?: have| know| search| hold| cover| got| answer from)?"
            r"| are (?:there|indexed|available|in (?:the|your) (?:collection|index|folder|database)))?"
            r"(?: in total)?"
            rf"|(?:what(?: is|'s) )?(?:the )?(?:total )?number of {MANY}"
            rf"|(?:[你这]里?|现在|一共|总共|共)*有?(?:多少|几)篇?{ZH}|(?:你|这里)?的?{ZH}(?:一共|总共)?有多少篇?",
        ),
        (
            About.COLLECTION,
            r"what (?:all )?(?:do|can|could) (?:you|i|we) (?:know|cover|ask|answer|search|tell me)(?: you)?"
            r"(?: about| here| on| for)?"
            r"|what (?:(?:kinds?|sorts?) of )?(?:questions|things|topics|subjects|themes)"
            r" (?:can|could|do|are) (?:i|you|we|there)(?: ask| cover| know| answer| have)?"
            r"(?: you)?(?: about| here)?"
            rf"|what (?:are|is) (?:the|your|these|all(?: the)?) (?:{MANY}|collection|knowledge base) about"
            rf"|(?:which|what) {MANY} (?:do|can|have) you(?: have| know| use| search| hold| got)?"
            rf"|(?:which|what) {MANY} are (?:there|available|indexed|in (?:the|your) (?:collection|index))"
            rf"|what(?: is|'s) in (?:the|your) (?:collection|index|library|knowledge base|{MANY})"
            rf"|{_SHOW} (?:all )?(?:of )?(?:the |your )?{MANY}|你?都?(?:知道|了解|懂)(?:些|点)?什么"
            rf"|我?(?:可以|能)问你?(?:些|点)?什么|你?(?:这里)?(?:都)?有(?:哪些|什么|哪几篇){ZH}|(?:列出)?所有(?:的)?{ZH}",
        ),
        (
            About.LATEST,
            rf"(?:what(?: is|'s| are| was)? |which(?: is| are)? |{_SHOW} )?(?:the |your )?(?:{_LATEST})"
            rf"(?: news)? (?P<noun>{_ANY})(?: {_NAMES} {_X})?{_HERE}"
            rf"|(?:which|what) (?P<noun>{_ANY}) (?:is|are) (?:the )?{_LATEST}"
            rf"|(?:关于(?P<subject>.+?)的)?(?:最新|最近)的?(?P<single>一篇)?{ZH}(?:是(?:哪篇|什么|哪些))?",
        ),
        (
            About.MENTIONING,
            rf"(?:(?:which|what|how many|any|{_SHOW} (?:an|any))(?: of)?(?: the| your)? (?:other )?{_ANY}"
            rf"|{_SHOW}(?: all| some)?(?: the| your)? (?:other )?{MANY}){_HERE}"
            rf"(?: that| which)? {_NAMES} {_X}{_HERE}"
            r"|(?:do you have|have you(?: got)?|are there|is there)(?: any| some| an?| the)?(?: other)?"
            rf" {_ANY} (?:that |which )?{_NAMES} {_X}"
            rf"|(?:do|does) any(?: of (?:the|your))? {_ANY} {_NAMES} {_X}"
            rf"|(?:all )?(?:the )?{MANY} {_NAMES} {_X}|(?:is|are) {_X} (?:mentioned|named|discussed)"
            rf" in (?:any|the|your|some)(?: of (?:the|your))? {_ANY}"
            rf"|in (?:which|what) {_ANY} (?:is|are|do|does|did) {_X}"
            r" (?:mentioned|named|discussed|appear|occur)"
            rf"|where (?:is|are) {_X} (?:mentioned|named|discussed)(?: in (?:the|your) {MANY})?"
            rf"|(?:有?(?:哪些|哪几篇|哪篇|多少篇?|几篇)|有没有|有什么){ZH}(?:里|中)?{_NAMES_ZH}(?P<subject>.+?)"
            rf"|(?:有没有|有哪些|有几篇){_NAMES_ZH}(?P<subject>.+?)的{ZH}吗?"
            rf"|{_NAMES_ZH}(?P<subject>.+?)的{ZH}有(?:哪些|哪几篇|几篇|多少|吗)",
        ),
        (
            About.FROM,
            rf"(?:which|what|how many|any|{_SHOW}(?: all)?)(?: the| your)? {_ANY}{_HERE}"
            rf"(?: (?:is|are|come|were))?(?: written| published)? (?:from|by) {_X}{_HERE}"
            rf"|(?:which|what|how many) (?P<noun>{_ANY}) (?:did|has|have|does) {_X}"
            r" (?:write|written|publish(?:ed)?|post(?:ed)?)"
            rf"|(?P<subject>.+?)写了?(?:哪些|多少|几)篇?{ZH}",
        ),
    )
)
_ABOUT_ONE = tuple(
    (about, _numbered(form))
    for about, form in (
        (
            About.AUTHOR,
            rf"(?:who|what)(?: is|'s| are| was| were) (?:the )?(?:authors?|writers?|journalists?)"
            rf" (?:of|behind) {_REF}"
            r"|who (?:wrote|has written|writes) (?P<theme>(?:about|on) .+)"
            rf"|who (?:wrote|has written|authored|penned) {_REF}"
            rf"|(?:what(?: is|'s) )?(?:the )?(?:name of the )?authors?(?: name)? of {_REF}"
            rf"|by whom? (?:was|is) {_REF} written|(?:who(?: is|'s) )?(?:the|its) author"
            r"|(?P<ref>.*?)(?:是|由)?谁写的|(?P<ref>.*?)的?作者是?(?:谁|什么人)?|谁写了?(?P<ref>.+)",
        ),
        (
            About.PUBLISHED,
            rf"when (?:was|were|is|has) {_REF} (?:first |originally )?(?:been )?{_PRINTED}"
            r"|when did .{1,40}? (?:publish|post|write) (?P<ref>.+)"
            r"|when (?:was|were|did|is) (?P<loose>.+?) (?:first )?(?:come out|appear|released|out|dated|from)"
            rf"|when (?P<ref>.+?) (?:was|were|got) (?:first )?{_PRINTED}"
            r"|(?:what(?: is|'s| was) )?(?:the )?(?:publication |publishing |release )?date"
            r"(?: of publication)? (?:of|for) (?P<ref>.+)|how old is (?P<loose>.+)"
            r"|(?:on )?(?:what|which) (?:date|day|year|month) (?:was|is) (?P<ref>.+?)"
            rf" (?:{_PRINTED}|from)"
            r"|(?P<ref>.*?)(?:是)?(?:什么时候|何时|哪天|哪一?年|几号)(?:发表|刊登|写|刊出)的?"
            r"|(?P<loose>.+?)(?:是)?(?:什么时候|何时|哪天|哪一?年)(?:发布|出版|出来)的?"
            r"|(?P<ref>.*?)的?(?:发表|发布|出版)(?:日期|时间)(?:是.*)?",
        ),
        (
            About.PUBLISHER,
            rf"who (?:published|posted|printed) {_REF}|who (?:released|put out|ran) (?P<loose>.+)"
            rf"|(?:which|what) {_SITE} (?:published|posted|printed|ran) (?P<ref>.+)"
            rf"|(?:which|what) {_SITE} (?:is|was|did|does|has) (?P<ref>.+?)"
            r" (?:from|come from|appear(?:ed)? (?:in|on)|published (?:in|on|by)|in|on)"
            rf"|(?:in|on|by|from) (?:which|what) {_SITE} (?:is|was|did|does) (?P<ref>.+?)"
            r" (?:from|published|appear|come|posted)"
            r"|where (?:was|were|is) (?P<ref>.+?) (?:first |originally )?(?:published|printed|posted)"
            r"|where (?:is|does|did) (?P<loose>.+?) (?:from|come from|appear)"
            r"|(?:(?:who|what)(?: is|'s) )?(?:the )?(?:publisher|source) of (?P<loose>.+)"
            r"|(?P<ref>.*?)(?:是|由)?(?:谁|(?:哪家|哪个|什么)(?:媒体|网站|报纸|杂志|机构)?)(?:发表|刊登|发布)的?"
            r"|(?P<ref>.*?)(?:来自|出自|是)(?:哪家|哪个|什么)(?:媒体|网站|报纸|杂志)(?:的)?",
        ),
        (
            About.LINK,
            rf"(?:{_SHOW} |what(?: is|'s) |do you have |(?:can|may|could) i (?:have|get|see) )?"
            r"(?:the |an? )?(?:link|url|(?:web ?)?address|web ?page)s?"
            rf" (?:to|of|for|from) {_REF}|(?:the )?(?:link|url)"
            r"|where (?:can|could|do) (?:i|we|one|you) (?:read|find|see|get|open) (?P<loose>.+)"
            rf"|(?:{_SHOW}|bring up|let me (?:see|read)|i(?:'d like| want) to (?:see|read|open))"
            r" (?P<loose>.+)"
            rf"|(?:the )?(?P<loose>.+ {ONE})(?:['’]s)? (?:link|url|address)"
            r"|(?:请)?(?:给我|发给?我|把|我要|要)?(?P<ref>.*?)的?(?:链接|网址|地址)(?:是什么|在哪里?|发给我|给我)?"
            r"|(?:给我看|打开|显示|让我看看?)(?P<loose>.+)",
        ),
    )
)
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
    for about, form in _LISTS:
        found = form.fullmatch(asked)
        if found is not None:
            return _of_a_list(about, found, articles)
    for about, form in _ABOUT_ONE:
        found = form.fullmatch(asked)
        meant = _meant(found, articles, last) if found is not None else ()
        if meant:
            return CatalogAsked(about, articles=meant)
    return None


def catalog_answer(asked: CatalogAsked, articles: Sequence[Article]) -> tuple[Told, list[Article]]:
    """Return what is known, and the articles that it is known of, to be cited in this order.

    `articles` are all that the asker may see.  A list that is longer than what is shown is counted.
    """
    match asked.about:
        case About.COUNT | About.COLLECTION:
            listed = newest_first(articles)
        case About.LATEST:
            about = mentioning(asked.subject, articles) if asked.subject else articles
            listed = newest_first(article for article in about if article.published)
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


def _of_a_list(about: About, found: re.Match[str], articles: Sequence[Article]) -> CatalogAsked | None:
    parts = _groups(found)
    subject = parts.get("subject", "").strip(" \"“”'‘’《》") or None
    if subject is None and about in (About.MENTIONING, About.FROM):
        return None
    if subject is not None and (_CLAUSE.match(subject) or not any(c.isalnum() for c in subject)):
        return None
    if about is About.FROM and "noun" in parts and not coming_from(subject or "", articles):
        return None  # "how many reports did SAIC publish" asks about SAIC
    single = "single" in parts or re.fullmatch(ONE, parts.get("noun", ""), re.IGNORECASE)
    return CatalogAsked(about, subject, most=1 if about is About.LATEST and single else MAX_LISTED)


def _meant(found: re.Match[str], articles: Sequence[Article], last: Article | None) -> tuple[Article, ...]:
    """Return the articles that the words of a match mean; behind a loose wording "it" may be anything."""
    parts = _groups(found)
    if "theme" in parts:
        return referred(f"the article {parts['theme']}", articles, None)
    words = parts.get("ref", parts.get("loose", "")).strip()
    if not words:
        return (last,) if last is not None else ()
    return referred(words, articles, last, pointing="loose" not in parts)


def _value(about: About, article: Article) -> str | None:
    return {
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
