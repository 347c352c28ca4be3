"""Articles -> questions that somebody could ask of them, for those who do not know what to ask.

These are guesses: a caller must ask one first, and show it only if it is answered for certain from
the article that it was drawn from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from index.types import Article

MAX_EXAMPLE_CHARS = 90
# Sentences looked at in each article: what it is about stands at its beginning.
_SENTENCES_READ = 12

_NAME = r"(?P<name>[A-Z][\w&-]+(?: (?:of |and |the )?[A-Z][\w&-]+){0,3})"
# What a sentence says -> what it answers.  The first that fits is taken.
_FORMS = tuple(
    (re.compile(form), question)
    for form, question in (
        (
            rf"^{_NAME} was (?P<verb>founded|established|launched|opened|built|born) (?:in|on) ",
            "When was {name} {verb}?",
        ),
        (rf"^{_NAME} (?:is|are) (?:located|based|headquartered) in ", "Where is {name} based?"),
        (rf"^{_NAME}(?:,[^,]{{1,40}},| \([^)]{{1,20}}\))? (?:is|was) (?:an?|the) ", "What is {name}?"),
        (rf"^{_NAME} (?:is|are) led by ", "Who leads {name}?"),
        (rf"^{_NAME} (?:has )?(?:invested|invests) ", "How much did {name} invest?"),
        (rf"^{_NAME} (?:has )?(?:bought|acquired|buys|acquires) ", "What did {name} buy?"),
        (rf"^{_NAME} (?:has )?(?:announced|unveiled|launched|released) ", "What did {name} announce?"),
        (rf"^{_NAME} (?:plans|intends|aims) to ", "What does {name} plan?"),
        (r"^(?P<name>[\u3400-\u9fff]{2,12})成立于", "{name}是什么时候成立的？"),
        (r"^(?P<name>[\u3400-\u9fff]{2,12})是一", "{name}是什么？"),
    )
)
_ANY_NAME = re.compile(r"(?<![.?!:] )(?<!^)\b[A-Z][\w&-]+(?: [A-Z][\w&-]+)?", re.MULTILINE)
# A name that comes up so often is what the article is about.
_TIMES_NAMED = 3
_PRONOUNS = frozenset("It He She They We You This That These Those There Here What The A An In".split())
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]?")
_MARKUP = re.compile(r"^[#>*\s-]+")


def candidates(articles: Sequence[Article]) -> Iterator[tuple[str, str]]:
    """Yield questions with the id of the article that each was drawn from: newest articles first, in turn.

    Questions that an article asks itself come before those that one of its sentences answers.
    """
    newest = sorted(articles, key=lambda article: article.published or "", reverse=True)
    drawn = [_questions(article) for article in newest]
    while drawn:
        left = []
        for article, questions in zip(newest, drawn, strict=True):
            question = next(questions, None)
            if question is not None:
                yield question, article.id
                left.append((article, questions))
        newest = [article for article, _ in left]
        drawn = [questions for _, questions in left]


def _questions(article: Article) -> Iterator[str]:
    seen: set[str] = set()
    lines = [article.title, *article.text[:4_000].split("\n")]
    headings = [_MARKUP.sub("", line).strip() for line in lines if line.startswith("#")]
    for asked in (article.title.strip(), *headings):
        if asked.endswith(("?", "？")) and len(asked) <= MAX_EXAMPLE_CHARS and asked not in seen:
            seen.add(asked)
            yield asked
    sentences = [match[0].strip() for match in _SENTENCE.finditer(article.text[:4_000])]
    for sentence in sentences[:_SENTENCES_READ]:
        asked = _asked_of(sentence)
        if asked and asked not in seen:
            seen.add(asked)
            yield asked
    named = Counter(match[0] for match in _ANY_NAME.finditer(article.text[:4_000]))
    # What the title names says more of an article than what it names most often.
    told = sorted(named.items(), key=lambda one: (one[0] not in article.title, -one[1]))
    for name, times in told[:2]:
        asked = f"What is known about {name}?"
        if times >= _TIMES_NAMED and asked not in seen:
            yield asked


def _asked_of(sentence: str) -> str:
    """Return a question that the sentence answers; empty if no form fits."""
    for form, question in _FORMS:
        found = form.match(sentence)
        if found and found["name"].split()[0] not in _PRONOUNS:
            asked = question.format(**found.groupdict())
            return asked if len(asked) <= MAX_EXAMPLE_CHARS else ""
    return ""
