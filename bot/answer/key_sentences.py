"""The sentences that say most: of an article, of the newest ones, or about a topic.  Extracts, never prose.

Surface patterns, in English and Chinese, tell which questions ask for them.  The selections are pure: they
take sentences as `(start, end)` offsets into `Article.text`, as the index stores them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.answer.referring import HAN, MANY, ONE, ZH, coming_from, newest_first, referred, stems
from bot.answer.selection import points_back
from index.common_terms import smoothed_idf
from index.types import Article, Vectors
from index.units import unit_at

Span = tuple[int, int]
Floats = npt.NDArray[np.float64]

MAX_SUMMARISED = 3
"""Articles that one summary is taken from."""
MAX_KEY_SENTENCES = 5
LEAST_WORDS = 6
MAX_ASKED_CHARS = 200
MAX_TOPIC_WORDS = 8
"""Of more, something is asked of the topic."""
# Weights of centrality and of what a sentence repeats, in maximal marginal relevance.
NOVELTY = 0.5
# Two sentences that are so alike say the same.
REPEATED = 0.85
# What standing under the same heading adds to the likeness of two, so that each section has its turn.
SAME_SECTION = 0.1
# What the first sentences of an article are worth beside centrality, and how fast that fades.
LEAD_WEIGHT = 0.6
LEAD_SENTENCES = 3.0
TITLE_WEIGHT = 0.35
# A sentence that the reader thinks so much less of than of the best is left out of a topic.
WORTH = 0.4

# Sections that say nothing of what the article is about.
_ASIDE = re.compile(
    r"(?:about (?:the |this )?(?:authors?|report|article|publisher|us)|contact|references|see also|sources"
    r"|further reading|related (?:articles|stories)|notes|imprint"
    r"|关于作者|参考(?:文献|资料)|延伸阅读|相关文章)\b.*",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"[\"“‘]?(?:however|but|and|or|so|then|there|instead|also|moreover|another|in addition|for example"
    r"|as a result)\b|[那此但而因所并]",
    re.IGNORECASE,
)
_OPENS_QUOTED = re.compile(r"[\"“„«‘「『]")
_CLOSES_QUOTED = re.compile(r"[\"”“»’」』][.!?。！？]*$|[\"”“»’」』]$")
_ASKS = re.compile(r"[?？][\"”’)\]]*$")

_LEAD = (
    r"(?:(?:and|so|ok(?:ay)?|hey|hi|please|pls)\b[,\s]*)*(?:(?:can|could|would) you (?:please )?)?"
    r"(?:(?:give|show|tell|get) me )?"
)
_THEM = rf"(?:(?:all )?(?:of )?(?:the|your|these|those)?\s*(?:\w+ )?{MANY}|you|they|we|anybody|anyone)"
_TOPIC = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_LEAD}(?:tell me|talk|say)"
        r"(?: (?:something|more|a bit|everything|all|what you know))? (?:about|on) (?P<x>.+)",
        rf"{_LEAD}(?:summari[sz]e )?what {_THEM} (?:says?|know|have) (?:about|on) (?P<x>.+)",
        rf"what (?:do|does|can|have) {_THEM} (?:say|know|tell(?: me| us)?|have|got|write|report)(?: to say)?"
        r"(?: about| on| regarding) (?P<x>.+)",
        r"what(?: is|'s) (?:known|said|written|reported|there|new|(?:the )?(?:latest|news))"
        r" (?:about|on|with) (?P<x>.+)",
        r"(?:i(?: want|'d like| would like) to (?:know|hear|learn) |(?:something )?more )"
        r"(?:more )?about (?P<x>.+)",
        rf"{_LEAD}(?:is there |do you (?:have|know) |have you (?:got )?|got |know )?(?:anything|something"
        r"|everything|info|information|news|details|facts|background) (?:about|on|regarding) (?P<x>.+)",
        rf"{_LEAD}(?:an? |the )?(?:short |brief |quick )?(?:summar(?:y|i[sz]e)|overview|tl;?dr"
        r"|key (?:points|facts)|main points|introduction|introduce)"
        r"(?: of| about| on| for| to)?:? (?P<x>.+)",
        r"(?:请)?(?:给我)?(?:介绍|讲讲|说说|谈谈|聊聊|讲|说|总结|概括)(?:一下)?(?:关于)?(?P<x>.+)",
        rf"(?:{ZH}(?:里|中)?)?(?:关于|对于?|有关)(?P<x>.+?)(?:的?{ZH})?都?"
        r"(?:说了?|讲了?|有|提到了?|写了?)些?(?:什么|哪些).*",
        r"关于(?P<x>.+)",
    )
)
_ALONE = re.compile(
    r"(?=.*\w)(?!.*\b(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|has|have|had|can"
    r"|could|will|would|should|may|might|must|it|this|that|they|he|she|you|i|we|me|please|yes|no|not|more|and|or"
    r"|about|again|ok|okay|help|hi|hello|hey|thanks|thank|really|exactly|seriously|sure|cool|great|nice"
    r"|good|go|stop|wait|summary|summari[sz]e|tldr|news|latest|newest)\b)"
    r"[\w&.+#/'’-]+(?: [\w&.+#/'’-]+){0,4}",
    re.IGNORECASE,
)
_ALONE_ZH = re.compile(r"(?!.*[谁什哪怎几吗呢多为何吧的了是有])[\w\u3400-\u9fff·]{2,10}")
_CLAUSE = re.compile(
    r"(?:how|why|when|where|what|whether|who|which|that|if)\b|为什么|怎么|如何", re.IGNORECASE
)
_POINTER = re.compile(
    r"(?:it|this|that|them|him|her|these|those|you|yourself|me|us|everything|all|something|anything|they)"
    rf"|(?:all )?(?:the |your |these )?(?:{ONE}|{MANY}|other one)|[它他她这那]个?|一下|自己",
    re.IGNORECASE,
)
_SUM_UP = (
    r"(?:summar(?:y|i[sz]e)|sum up|tl;?dr|key (?:points|facts|sentences|takeaways)|main points|takeaways|gist"
    r"|overview|highlights)"
)
_SUMMARY = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_LEAD}(?:what (?:is|are) )?(?:an? |the )?(?:short |brief |quick )?{_SUM_UP}"
        rf"(?:(?: of| for| from| in)?:? (?P<ref>.+))?|{_LEAD}(?:tell me )?what (?P<also>.+) says",
        r"what(?: is|'s) (?P<ref>.+) about|what(?: is|'s) in (?P<ref2>.+)|what (?:does|do) (?P<also>.+)"
        r" (?:say|report|write(?: about)?|tell(?: us| me)?)",
        rf"(?P<ref>.+ {ONE})[,:]? {_SUM_UP}",
        r"(?:请)?(?:给我)?(?:总结|概括|概述|摘要)(?:一下)?(?P<ref>.*)|(?P<also>.+)(?:讲|说|写)了?(?:些)?什么",
    )
)
_NEWS = re.compile(
    r"(?:what(?: is|'s)|anything|is there anything|any) (?:new|the news|the latest|latest)(?: (?:here|today"
    r"|there|lately|in (?:the|your) (?:articles|collection|sources)))?|what(?: is|'s) (?:the )?(?:latest|new)"
    r" news|(?:the )?(?:latest )?news|any news"
    r"|(?:有)?(?:什么|啥)(?:新闻|新鲜事|新的?(?:消息|内容)?)|最近有什么.{0,3}",
    re.IGNORECASE,
)
_ALL = re.compile(
    rf"(?:all )?(?:of )?(?:the|your|these)?\s*(?:(?:latest|newest|most recent) )?(?:{MANY}|news)"
    rf"|everything|所有{ZH}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Given:
    """A sentence that was found for a topic: `article.text[start:end]`."""

    article: Article
    start: int
    end: int
    relevance: float
    """How well it fits the topic; any scale on which more is better and 0 is nothing."""
    path: tuple[str, ...] = ()
    """The headings and a list's lead-in above it, outermost first."""

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


def topic_of(question: str) -> str | None:
    """Return what `question` wants to hear about in general; None if it asks something of it.

    Ask `summary_of` first: "summarise the Meizu article" means an article, "summarise the dispute" a topic.

    >>> topic_of("What do the articles say about charging?"), topic_of("Banma"), topic_of("Who owns Banma?")
    ('charging', 'Banma', None)
    """
    asked = _bare(question)
    for form in _TOPIC:
        found = form.fullmatch(asked)
        if found is not None:
            topic = found["x"].strip(" \"“”'‘’《》")
            clear = (
                0 < len(topic.split()) <= MAX_TOPIC_WORDS
                and not _CLAUSE.match(topic)
                and not _POINTER.fullmatch(topic)
            )
            return topic if clear else None
    if HAN.search(asked):
        return asked if _ALONE_ZH.fullmatch(asked) else None
    words = asked.split()
    # More words that are no name look for something: "Banma founding year".
    a_name = all(
        word[0].isupper() or word[0].isdigit() or word in ("of", "in", "the", "for") for word in words
    )
    return asked if _ALONE.fullmatch(asked) and (a_name or len(words) <= 2) else None


def summary_of(
    question: str, articles: Sequence[Article], last: Article | None = None
) -> tuple[Article, ...] | None:
    """Return the articles to summarise, newest first, at most `MAX_SUMMARISED`; None if that is not asked.

    "What is new?" means the newest, a publisher what it published, "it" and "this article" `last`.
    """
    asked = _bare(question)
    newest = tuple(newest_first(article for article in articles if article.published)[:MAX_SUMMARISED])
    if _NEWS.fullmatch(asked):
        return newest or None
    for form in _SUMMARY:
        found = form.fullmatch(asked)
        if found is None:
            continue
        words = next((words for words in found.groupdict().values() if words), "").strip(' "“”')
        if not words:
            return (last,) if last is not None else None
        if _ALL.fullmatch(words):
            return newest or None
        meant = referred(words, articles, last) or coming_from(words, articles)
        return meant[:MAX_SUMMARISED] or None
    return None


def key_sentences(
    article: Article, spans: Sequence[Span], vectors: Vectors | None = None, count: int | None = None
) -> list[Span]:
    """Return the sentences of `article` that say most of it, in the article's order.

    A sentence counts for how much it has in common with the others and with the title, and for standing at
    the beginning; one that repeats what was taken counts less.  `vectors` are unit vectors, one for each
    span; without them words are compared.  `count` is 3 to 5 by the article's length if it is not given.
    """
    able = [place for place, span in enumerate(spans) if _stands_alone(article, span)]
    if not able:
        return []
    alike = _likeness([article.text[start:end] for start, end in spans], vectors)
    central = (alike[np.ix_(able, range(len(spans)))].sum(axis=1) - 1) / max(1, len(spans) - 1)
    title = Counter(stems(article.title))
    titled = np.array([_shared(title, article.text[slice(*spans[place])]) for place in able])
    lead = np.exp(-np.array(able) / LEAD_SENTENCES)
    worth = _spread(central) + TITLE_WEIGHT * titled + LEAD_WEIGHT * lead
    sections = np.array([_heading_above(article, spans[place][0]) for place in able])
    beside = SAME_SECTION * (sections[:, None] == sections)
    wanted = count or min(MAX_KEY_SENTENCES, max(3, round(len(able) / 5)))
    chosen = _most_told(worth / worth.max(), alike[np.ix_(able, able)], wanted, beside)
    return sorted(spans[able[place]] for place in chosen)


def key_sentences_of(
    articles: Sequence[tuple[Article, Sequence[Span], Vectors | None]], count: int = MAX_KEY_SENTENCES
) -> list[tuple[Article, Span]]:
    """Return the key sentences of one article, or the first few of each of several, grouped by article."""
    if len(articles) == 1:
        return [(articles[0][0], span) for span in key_sentences(*articles[0])]
    shares = [count // len(articles) + (place < count % len(articles)) for place in range(len(articles))]
    return [
        (article, span)
        for (article, spans, vectors), share in zip(articles, shares, strict=True)
        if share
        for span in key_sentences(article, spans, vectors, share)
    ]


def sentences_about(
    topic: str, given: Sequence[Given], vectors: Vectors | None = None, count: int = MAX_KEY_SENTENCES
) -> list[Given]:
    """Return those of `given` that say most about `topic`, best article first, each article's in its order.

    A sentence is about the topic if it or what stands above it has the topic's words; one in whose text they
    are counts in full.  Empty if no sentence is.  `vectors` are unit vectors, one for each sentence given.
    """
    subject = set(stems(topic))
    telling = {stem for stem in subject if smoothed_idf(stem, 0, 1) > 2} or subject
    share = [_subject_share(telling, sentence) for sentence in given]
    able = [p for p, s in enumerate(given) if share[p] > 0 and _stands_alone(s.article, (s.start, s.end))]
    if not able:
        return []
    best = max(max(given[place].relevance for place in able), 1e-9)
    worth = np.array([max(0.0, given[place].relevance) / best * share[place] for place in able])
    alike = _likeness([sentence.text for sentence in given], vectors)[np.ix_(able, able)]
    worthy = [p for p in range(len(able)) if worth[p] >= WORTH]
    chosen = [able[worthy[p]] for p in _most_told(worth[worthy], alike[np.ix_(worthy, worthy)], count)]
    order = list(dict.fromkeys(given[place].article.id for place in chosen))
    return sorted((given[place] for place in chosen), key=lambda s: (order.index(s.article.id), s.start))


def _most_told(worth: Floats, alike: Floats, count: int, beside: Floats | float = 0.0) -> list[int]:
    """Choose by maximal marginal relevance: each next is worth most, less what it repeats of those before.

    `worth` has shape `(n,)`, `alike` and `beside` `(n, n)`.  `beside` is added to the likeness, but not
    when repetitions are looked for.
    """
    chosen: list[int] = []
    left = list(range(len(worth)))
    alike, close = alike + beside, alike
    while left and len(chosen) < count:
        told = alike[:, chosen].max(axis=1) if chosen else np.zeros(len(worth))
        chosen.append(max(left, key=lambda place: (1 - NOVELTY) * worth[place] - NOVELTY * told[place]))
        left = [p for p in left if p != chosen[-1] and close[p, chosen[-1]] < REPEATED]
    return chosen


def _likeness(texts: Sequence[str], vectors: Vectors | None) -> Floats:
    """Return cosines among sentences, shape `(n, n)`, 0..1; of their words if there are no vectors."""
    if vectors is None:
        vectors = _word_vectors(texts)
    return np.clip(np.asarray(vectors @ vectors.T, dtype=np.float64), 0, 1)


def _word_vectors(texts: Sequence[str]) -> Vectors:
    counts = [Counter(stems(text)) for text in texts]
    holding = Counter(stem for count in counts for stem in count)
    columns = {stem: place for place, stem in enumerate(holding)}
    vectors = np.zeros((len(texts), len(columns) or 1), np.float32)
    for row, count in enumerate(counts):
        for stem, times in count.items():
            idf = smoothed_idf(stem, holding[stem], len(texts))
            vectors[row, columns[stem]] = (1 + math.log(times)) * idf
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _shared(title: Counter[str], text: str) -> float:
    """Return the share of the title's words that a sentence has, weighted by rarity, 0..1."""
    weights = {stem: smoothed_idf(stem, 0, 1) for stem in title}
    held = set(stems(text))
    return sum(w for stem, w in weights.items() if stem in held) / (sum(weights.values()) or 1)


def _spread(values: Floats) -> Floats:
    """Scale the values to 0..1."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.ones_like(values)


def _subject_share(telling: set[str], sentence: Given) -> float:
    """Return 1 if the sentence has all words of the subject, .5 if only with its headings, else 0."""
    if telling <= set(stems(sentence.text)):
        return 1.0
    return 0.5 if telling <= set(stems("\n".join((*sentence.path, sentence.text)))) else 0.0


def _stands_alone(article: Article, span: Span) -> bool:
    """Return whether a sentence can stand alone: no question, label, list item or half of a quotation."""
    text = article.text[slice(*span)].strip()
    line = article.text.rfind("\n", 0, span[0]) + 1
    opened = article.text[line : span[0]].strip()
    long_enough = len(text.split()) >= LEAST_WORDS or (not text.isascii() and len(text) >= 2 * LEAST_WORDS)
    return (
        long_enough
        and not text.endswith((":", "："))
        and "|" not in f"{opened[:1]}{text[:1]}"
        and not _ASKS.search(text)
        and not points_back(text)
        and not _GOES_ON.match(text)
        and not (_OPENS_QUOTED.match(text) and _CLOSES_QUOTED.search(text))
        and not opened.startswith("#")
        and not _ASIDE.fullmatch(_heading_above(article, span[0]))
    )


def _heading_above(article: Article, start: int) -> str:
    unit = unit_at(article, start)
    return unit.path[-1] if unit is not None and unit.path else ""


def _bare(question: str) -> str:
    asked = " ".join(question.split()).strip(" ?？!！.。…:")
    asked = re.sub(r"[,\s]+(?:please|pls|thanks)$", "", asked, flags=re.IGNORECASE)
    return asked if len(asked) <= MAX_ASKED_CHARS else ""
