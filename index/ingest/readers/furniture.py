"""Text around an article that is no part of it: share labels, comment forms, related links.

Works on paragraphs of text, whatever they were read from.  It errs on the side of the article:
a line is removed only if it says nothing but what is listed here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Lines that stand alone, without case, marks and counts ("Comments (3)").
_LABELS = frozenset(
    line.strip()
    for line in """
    share | share this | share this article | share this story | share this post | share on
    share on facebook | share on twitter | share on x | share on linkedin | share on whatsapp
    share via email | tweet | tweet this | pin it | facebook | twitter | linkedin | whatsapp | reddit
    email | e-mail | print | print this page | copy link | save | bookmark | like | like this | loading
    follow us | follow us on | subscribe | subscribe now | sign up | sign in | log in | register
    skip to content | skip to main content | skip to navigation | menu | search | home | back to top
    advertisement | advertisements | sponsored | ad | story continues below advertisement
    leave a comment | leave a reply | cancel reply | post a comment | add a comment | post comment
    comments | no comments | comment | reply | view comments | show comments | comments are closed
    join the conversation | read more | read next | next | previous | previous article | next article
    related | related articles | related posts | related stories | related content | related links
    you may also like | you might also like | more from this author | recommended | recommended for you
    trending | most read | most popular | latest news | tags | topics | filed under
    all rights reserved | cookie settings | accept all cookies | manage cookies
    teilen | drucken | kommentare | kommentar schreiben | mehr zum thema | partager | imprimer
    commentaires | compartir | imprimir | comentarios | condividi | stampa | commenti
    分享 | 分享到 | 评论 | 发表评论 | 相关阅读 | 相关新闻 | 相关文章 | 推荐阅读 | 返回顶部 | 打印 | 收藏
    分享到微信 | 微信 | 微博 | 責任編輯 | 责任编辑 | コメント | シェア | 関連記事 | 공유 | 댓글
    """.replace("\n", "|").split("|")
    if line.strip()
)
# After these, whatever follows was written by visitors, or asks them to write.
_ENDS = frozenset("leave a comment|leave a reply|post a comment|add a comment|发表评论".split("|"))
# After these too, if the text that follows looks like it: a chapter may have that title.
_PERHAPS_ENDS = frozenset("comments|kommentare|评论|コメント".split("|"))
_VISITORS = re.compile(
    r"\b(?:says|said|wrote|schrieb|commented)\s*:?$|\b\d{1,3} (?:minute|hour|day|week|month|year)s? ago\b"
    r"|\b(?:19|20)\d\d at \d{1,2}:\d\d|^reply\b|^\W*\d+ (?:likes?|points?|repl(?:y|ies))\b|^@\w"
    r"|\bbe the first to comment\b|\bno comments yet\b|\blog ?in to (?:reply|comment)\b",
    re.IGNORECASE,
)
_VISITORS_WITHIN = 6
# After these come the titles of other articles.
_RELATED = frozenset(
    "related|related articles|related posts|related stories|related content|related links|you may also like|"
    "you might also like|read next|recommended|recommended for you|most read|most popular|trending|"
    "相关阅读|相关新闻|相关文章|推荐阅读|関連記事|mehr zum thema".split("|")
)
_NOTICES = (
    "this site uses akismet to reduce spam",
    "learn how your comment data is processed",
    "your email address will not be published",
    "required fields are marked",
    "save my name, email, and website in this browser",
    "notify me of follow-up comments",
    "notify me of new posts",
    "you must be logged in to post a comment",
    "by submitting your email",
    "sign up for our newsletter",
    "subscribe to our newsletter",
    "this website uses cookies",
    "we use cookies",
)
MAX_NOTICE_CHARS = 300
MAX_BYLINE_CHARS = 200
_COUNT = re.compile(r"\s*[(\[]?\b\d{1,6}\b[)\]]?\s*")
_BYLINE_ZH = re.compile(
    r"作者[:：]\s*(?P<author>[^来來]{1,80}?)\s*[来來]源[:：]\s*(?P<publisher>[^\s分]{1,80})"
)
_BYLINE = re.compile(r"(?:By|BY|by)\s+(?P<author>[^\W\d_][\w.’'-]*(?:\s+[^\W\d_][\w.’'-]*){1,3})")
_BIOGRAPHY = re.compile(
    r"(?P<author>[A-Z][\w.’'-]*(?: [A-Z][\w.’'-]*){1,3}) (?:covers|writes|(?:is|was|has)\b.{0,60}"
    r"\b(?:reporter|journalist|editor|writer|columnist|correspondent|author|blogger|contributor|freelance\w*))"
    r"\b.{0,400}"
    r"\b(?:[Cc]onnect with|[Ff]ollow|[Rr]each|[Cc]ontact) (?:her|him|them)\b"
)
# A comment form stands behind most of the article, or it is a heading of it.
_FIRST_END = 0.4
# A biography of the author is the last of the article, or stands among what is last.
_LAST_PARAGRAPHS = 3
# Teasers of other articles are shorter than this many words.
_PARAGRAPH_WORDS = 25
# A chapter's text is longer than the labels below a label.
_CHAPTER_WORDS = 6


@dataclass(frozen=True, slots=True)
class Cleared:
    """The text that is left, and the article's data found in the furniture."""

    paragraphs: tuple[str, ...]
    author: str | None = None
    publisher: str | None = None
    removed: tuple[str, ...] = ()


def without_furniture(paragraphs: Sequence[str], *, biography: bool = False) -> Cleared:
    """Return the paragraphs of the article, in order; `biography` keeps what is said of its author."""
    end = _end(paragraphs)
    kept: list[str] = []
    removed: list[str] = []
    author = publisher = None
    for number, paragraph in enumerate(paragraphs[:end]):
        label = _label(paragraph)
        is_label = label in _LABELS and not _is_chapter(paragraphs[number:end])
        if is_label or (not label and not re.search(r"\w", paragraph)) or _is_notice(paragraph):
            removed.append(paragraph)
            continue
        is_last = number >= end - _LAST_PARAGRAPHS
        told = _BIOGRAPHY.match(paragraph) if is_last else None
        byline = _byline(paragraph, number) or told
        if byline is None or (biography and byline is told):
            kept.append(paragraph)
        else:
            removed.append(paragraph)
        if byline is not None:
            found = byline.groupdict()
            author, publisher = author or found.get("author"), publisher or found.get("publisher")
    return Cleared(tuple(kept), author, publisher, (*removed, *paragraphs[end:]))


def _is_chapter(paragraphs: Sequence[str]) -> bool:
    """Return whether the first is a heading with text below, as a chapter called "Search" has."""
    below = paragraphs[1] if len(paragraphs) > 1 else ""
    return paragraphs[0].startswith("#") and len(below.split()) >= _CHAPTER_WORDS


def _end(paragraphs: Sequence[str]) -> int:
    """Return the place at which comments or the titles of other articles begin."""
    total = sum(map(len, paragraphs))
    before = 0
    for number, paragraph in enumerate(paragraphs):
        label = _label(paragraph)
        after = paragraphs[number + 1 :]
        if before >= _FIRST_END * total and (
            label in _ENDS
            or (label in _PERHAPS_ENDS and (_COUNT.search(paragraph) or _is_by_visitors(after)))
            or (label in _RELATED and not _has_text(after))
        ):
            return number
        before += len(paragraph)
    return len(paragraphs)


def _is_by_visitors(paragraphs: Sequence[str]) -> bool:
    near = paragraphs[:_VISITORS_WITHIN]
    return any(_VISITORS.search(paragraph) or _label(paragraph) in _ENDS for paragraph in near)


def _label(paragraph: str) -> str:
    """Return the words of a short line, as `_LABELS` has them."""
    if len(paragraph) > 60:
        return "-"
    return _COUNT.sub(" ", paragraph).strip(" \t\n#*_:：|•·>–—-.…!?").casefold()


def _has_text(paragraphs: Sequence[str]) -> bool:
    return any(len(paragraph.split()) >= _PARAGRAPH_WORDS for paragraph in paragraphs)


def _is_notice(paragraph: str) -> bool:
    text = paragraph.casefold()
    return len(paragraph) <= MAX_NOTICE_CHARS and any(text.startswith(notice) for notice in _NOTICES)


def _byline(paragraph: str, number: int) -> re.Match[str] | None:
    if len(paragraph) > MAX_BYLINE_CHARS:
        return None
    chinese = _BYLINE_ZH.match(paragraph)
    if chinese is not None:
        return chinese
    return _BYLINE.fullmatch(paragraph.strip()) if number < 4 else None
