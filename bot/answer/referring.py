"""Words that mean an article ("the Meizu article", "it", "关于充电的文章") -> the articles that they fit.

Pure.  An article is named by its title, publisher or author, by what its headings and first paragraph
say, and last by any word of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from index.common_terms import is_common
from index.terms import terms
from index.types import Article

ONE = r"(?:article|report|story|post|piece|paper|document|doc|text|source|write-?up|news)"
MANY = r"(?:articles|reports|stories|posts|pieces|papers|documents|docs|texts|sources|write-?ups|news)"
ZH = r"(?:文章|报道|新闻|资料|文档|稿子|来源)"
# "The 36kr report" may be something that an article speaks of; "the 36kr article" is one of ours.
_OURS = re.compile(r"article|piece|write-?up|source|text|news|文章|资料|文档|新闻|稿子|来源", re.IGNORECASE)
HAN = re.compile(r"[\u3400-\u9fff]")
_NEWEST = r"(?:very )?(?:latest|newest|most recent)|最新|最近"
_ANY_ONE = rf"(?P<noun>{ONE}s?|stories)"
_POINTING = re.compile(
    rf"it|that|this|(?:this|that)(?: one| {ONE})|the (?:article|source|text)"
    rf"|它|该文|[这那](?:个|条)?|(?:[这那]|本)篇?(?:{ZH})?",
    re.IGNORECASE,
)
_NAMED = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:(?:the|this|that|your|an?|any)\s+)?(?:news\s+)?{_ANY_ONE}\s+(?:(?:that|which)\s+is\s+)?"
        r"(?:(?P<theme>about|on|regarding|concerning|of|covering|with|mentioning)"
        r"|(?P<origin>from|by|in)|called|titled|entitled|named)\s+(?P<what>.+)",
        rf"(?:(?:the|this|that|your|an?)\s+)?(?P<what>.+?)(?:['’]s)?\s+(?:news\s+)?{_ANY_ONE}",
        rf"(?:[那这]篇)?(?P<theme>关于|有关|讲)(?P<what>.+?)的?(?:[那这]篇)?(?P<noun>{ZH})",
        rf"(?:[那这]篇)?(?P<what>.+?)(?:的|[那这]篇)*(?P<noun>{ZH})",
    )
)
_QUOTED = re.compile(r"[\"“”„«»‘’《》]+")
_HEADINGS = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+)$", re.MULTILINE)
_DETERMINER = re.compile(r"^(?:the|an?|any|some|our|your)\s+", re.IGNORECASE)
# A title of fewer words is named by accident.
_TITLE_WORDS = 3
# Of a name without its spaces ("China Daily" for chinadaily.com.cn).
_COMPACT_CHARS = 5


def referred(
    words: str, articles: Sequence[Article], last: Article | None, *, pointing: bool = True
) -> tuple[Article, ...]:
    """Return the articles that `words` fit best, newest first; none if they mean no article.

    More than one is returned if they fit equally.  "It" and "this article" mean `last`, unless
    `pointing` is False.
    """
    words = " ".join(words.split())
    if _POINTING.fullmatch(words):
        return (last,) if last is not None and pointing else ()
    whole = titled(words, articles)
    if whole:
        return whole
    for form in _NAMED:
        found = form.fullmatch(words)
        if found is None:
            continue
        what, parts = _QUOTED.sub(" ", found["what"]).strip(), found.groupdict()
        if re.fullmatch(_NEWEST, what, re.IGNORECASE):
            return tuple(newest_first(article for article in articles if article.published)[:1])
        if parts.get("origin"):
            return coming_from(what, articles)
        return fitting(what, articles, found["noun"], theme=parts.get("theme") is not None)
    return ()


def mentioning(subject: str, articles: Sequence[Article]) -> tuple[Article, ...]:
    """Return the articles that name `subject` in any form of its words, newest first.

    Several words have to follow each other, or, if they do so nowhere, stand in one paragraph.
    """
    subject = _DETERMINER.sub("", _QUOTED.sub(" ", subject).strip())
    wanted = stems(subject)
    telling = [stem for stem in wanted if not is_common(stem)] or wanted
    if not wanted:
        return ()
    run = f" {' '.join(wanted)} "
    possible = [(article, _whole(article)) for article in articles]
    possible = [(article, text) for article, text in possible if _may_hold(text, telling)]
    exact = [article for article, text in possible if run in f" {' '.join(stems(text))} "]
    if exact:
        return tuple(newest_first(exact))
    return tuple(
        newest_first(
            article
            for article, text in possible
            if any(set(telling) <= set(stems(block)) for block in text.split("\n\n"))
        )
    )


def coming_from(name: str, articles: Sequence[Article]) -> tuple[Article, ...]:
    """Return the articles whose author, publisher or year of publication is `name`, newest first."""
    name = _QUOTED.sub(" ", name).strip()
    if re.fullmatch(r"(?:1[89]|20)\d\d年?", name):
        return tuple(newest_first(a for a in articles if (a.published or "").startswith(name[:4])))
    wanted = _telling(_DETERMINER.sub("", name))
    return tuple(newest_first(a for a in articles if wanted and _is_from(a, name, wanted)))


def newest_first(articles: Iterable[Article]) -> list[Article]:
    """Sort by date of publication, those without one last."""
    return sorted(articles, key=lambda article: (article.published or "", article.title), reverse=True)


@lru_cache(maxsize=4_096)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(term for term in terms(text) if not term.startswith("^"))


def stems(text: str) -> list[str]:
    """Return the stems of `text`, in order; without the prefixes that forgive a wrong ending."""
    return list(_stems(text) if len(text) < 2_000 else (t for t in terms(text) if not t.startswith("^")))


def fitting(what: str, articles: Sequence[Article], noun: str, *, theme: bool) -> tuple[Article, ...]:
    """Return the articles on the highest level at which `what` fits one: names, top, or the whole text.

    `noun` is the word for the article, `theme` whether `what` stands behind "about" or the like.
    """
    ours = _OURS.match(noun) is not None
    top, deep = ours or theme, ours and theme
    wanted = _telling(what)
    if not wanted:
        return ()
    by_name = [a for a in articles if wanted <= set(stems(_name(a))) or _is_from(a, what, wanted)]
    if by_name or not top:
        return tuple(newest_first(by_name))
    articles = [a for a in articles if _may_hold(_whole(a), wanted)]
    at_the_top = [a for a in articles if wanted <= set(stems(f"{_name(a)}\n{_top(a)}"))]
    if at_the_top or not deep:
        return tuple(newest_first(at_the_top))
    times = {a.id: sum(stem in wanted for stem in stems(a.text)) for a in mentioning(what, articles)}
    # One that has the word by the way is not about it.
    return tuple(
        newest_first(a for a in articles if 2 * times.get(a.id, 0) >= max(times.values(), default=1))
    )


def titled(words: str, articles: Sequence[Article]) -> tuple[Article, ...]:
    """Return the articles whose whole title is in `words`."""
    said = f" {' '.join(stems(words))} "
    found = [(stems(article.title), article) for article in articles]
    return tuple(newest_first(a for t, a in found if len(t) >= _TITLE_WORDS and f" {' '.join(t)} " in said))


def _telling(words: str) -> set[str]:
    return {stem for stem in stems(words) if not is_common(stem)}


def _is_from(article: Article, name: str, wanted: set[str]) -> bool:
    origins = [origin for origin in (article.publisher, article.author, *article.also) if origin]
    compact = _compact(name)
    return any(
        wanted <= set(stems(origin)) or (len(compact) >= _COMPACT_CHARS and compact in _compact(origin))
        for origin in origins
    )


def _compact(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _name(article: Article) -> str:
    return "\n".join(filter(None, (article.title, article.publisher, article.author)))


def _top(article: Article) -> str:
    """Return the headings, and the first paragraph that is none."""
    blocks = (block for block in article.text.split("\n\n") if block.strip() and not block.startswith("#"))
    return "\n".join([*_HEADINGS.findall(article.text), next(blocks, "")])


def _whole(article: Article) -> str:
    return f"{_name(article)}\n\n{article.text}"


def _may_hold(text: str, wanted: Iterable[str]) -> bool:
    """Return whether the beginnings of all stems occur, which is a hundredth of the work of stemming."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace(",", "")
    # A stem differs from its words in the last letter at most: "compani" for "company".
    return all((stem if len(stem) < 4 else stem[:-1]) in folded for stem in wanted)
