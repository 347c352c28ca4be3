"""One question -> the sentences to quote and how sure they are: parts, lists, times, disagreement.

Knows nothing of generations that come and go, of citations, or of what is said when nothing is found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Protocol

from bot.answer.conversation import Form, forms, names_something
from bot.answer.disagreement import disagree
from bot.answer.kin import names_another, own_first
from bot.answer.lists import as_list
from bot.answer.question import (
    abbreviated,
    asks_for_articles,
    asks_for_several,
    asks_yes_or_no,
    compared,
    figure_wanted,
    holds_identifier,
    identifiers,
    names_in,
    parts,
    role_asked,
)
from bot.answer.ranking import (
    LEAST_MARGIN,
    MOST_UNSURE,
    Candidate,
    Judge,
    path_of,
    subject_covered,
    subject_of,
)
from bot.answer.selection import (
    Span,
    choose,
    choose_from_each,
    choose_several,
    choose_sides,
    list_first,
    same,
    with_copies,
)
from bot.answer.times import Day, Event, Newest, Period, asked_time, dates, fit, recency, when
from bot.types import Conversation, Instead, Turn
from index.common_terms import is_known
from index.search import Findings
from index.sentences import sentence_spans
from index.terms import terms
from index.types import Article

# What the time of a question is worth beside the learned score, in log-odds.  Set by hand, since no
# public set asks for times of dated articles.
TIME_WEIGHT = 1.5
# "The latest" is sought among sentences within this of the best; being the newest of them outweighs that.
NEWEST_AMONG = 2.0
NEWEST_WEIGHT = 3.0
# An article contradicts another if its sentence scores within this of the best and holds at
# least this share of what the question is about.
CONTRARY_SCORE = 2.0
# A long sentence scores less; the reader finds the answer in it all the same.
CONTRARY_SCORE_IF_READ = 6.0
CONTRARY_COVERED = 0.75
# An article whose best passage scores less has nothing to do with the question.
LEAST_NEAR = 0.25
# "P2" and "Q3" may be written "priority two" and "third quarter".
MOST_VAGUE_CHARS = 2
SPANS_OF_A_PART = 2
# "More" goes down to this far below the best sentence.
MORE_SCORE = 3.0
# In log-odds: a follow-up read as a question of its own, and one that names what it is about read as
# a follow-up, have to be that much surer.
OTHER_FORM = 1.0
# Share of letters, 0..1, that two spellings of a word have in common.  See RESULTS.md, "Constants".
LEAST_ALIKE = 0.78
_WORD = re.compile(r"[^\W\d_]{4,}")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
# A sentence that was shown already answers a follow-up again only if the reader's margin is above this.
SHOWN_AGAIN = -1.0


@dataclass(frozen=True, slots=True)
class Found:
    """The spans that were found for a question, and how sure they are."""

    spans: tuple[Span, ...]
    sure: float
    """Probability, 0..1, that the spans answer the question."""
    nearest: tuple[Article, ...]
    """Those that have to do with the question, best first, whether they answer it or not."""
    unanswered: tuple[str, ...] = ()
    disagreement: bool = False
    instead: Instead | None = None
    """A name that was asked for and does not stand near the spans, which are then not for certain."""
    selection: bool = False


class Finder(Protocol):
    """A search among the articles that the asker may see."""

    def find(self, question: str, *, focus: str | None = None) -> Findings: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a question is answered with."""

    finder: Finder
    judge: Judge
    today: Day


def find_answer(
    means: Means,
    asked: str,
    conversation: Conversation,
    enough: float,
    shown: Collection[str] = (),
) -> Found:
    """Return what the sources say to `asked`; `enough` is the confidence below which nothing is said.

    Sentences that are in one of the texts `shown` are left out.
    """
    several = parts(asked)
    if len(several) > 1 and not shown:
        found = _find_parts(means, several, conversation, enough)
        if found.spans:
            return found
    found = _find_one(means, asked, conversation, shown)
    codes = identifiers(asked)
    if codes and found.spans and found.instead is None:
        first = found.spans[0]
        held = " ".join([*path_of(first.article, first.start), first.text])
        if all(holds_identifier(held, code) for code in codes):
            # What has the very code is worth showing, however little else of the question it has.
            found = replace(found, sure=max(found.sure, enough))
    return found


def _find_parts(means: Means, several: Sequence[str], conversation: Conversation, enough: float) -> Found:
    """Find each part by itself; a later part that names nothing is read as a follow-up of the first."""
    found = [_find_one(means, several[0], conversation)]
    context = (*conversation, Turn(several[0], ""))
    for part in several[1:]:
        before = conversation if names_something(part) else context
        found.append(_find_one(means, part, before))
    answered = [one for one in found if one.spans and one.sure >= enough]
    spans: list[Span] = []
    for part, one in zip(several, found, strict=True):
        if one in answered:
            label = part.strip(" ,;?？")
            own = [replace(s, part=label) for s in one.spans[:SPANS_OF_A_PART]]
            spans += [s for s in own if not any(same(s, other) for other in spans)]
    nearest = tuple(dict.fromkeys(article for one in found for article in one.nearest))
    unanswered = [part for part, one in zip(several, found, strict=True) if one not in answered]
    sure = min((one.sure for one in answered), default=0.0)
    instead = next((one.instead for one in answered if one.instead is not None), None)
    return Found(
        tuple(spans),
        sure,
        nearest,
        tuple(part.strip(" ,;?？") for part in unanswered),
        instead=instead,
    )


def _find_one(means: Means, asked: str, conversation: Conversation, shown: Collection[str] = ()) -> Found:
    """Try each form of the question, and keep the one that reads best."""
    judge = means.judge
    tried = [one for form in forms(asked, conversation) for one in _readings(means, asked, form)]
    form, findings, ranked, slip = max(
        tried, key=lambda t: judge.margin(t[1], t[2], asked) - OTHER_FORM * (not t[0].likely)
    )
    near = (hit.passage.article for hit in findings.hits if hit.score >= LEAST_NEAR)
    nearest = tuple(dict.fromkeys(near))
    ranked = named_first(own_first(ranked), form.text)
    time = asked_time(form.text, means.today)
    ranked = timed(ranked, time)
    if asks_for_several(asked):
        ranked = list_first(findings, ranked)
    if form.points_back and not shown:
        ranked = _not_again(ranked, conversation)
    sure = judge.sure(findings, ranked, asked)
    if form.points_back and not shown and ranked and _elsewhere(ranked[0].article, conversation):
        sure = min(sure, MOST_UNSURE)
    if shown:
        close = ranked[0].score - MORE_SCORE if ranked else 0.0
        ranked = [c for c in ranked if c.score >= close and not any(c.text in text for text in shown)]
    spans = chosen(findings, ranked, asked)
    instead = slip or missing(findings, spans, form.text)
    if instead is None and not shown:
        instead = _another(findings, spans, asked if form.context else form.text)
    code = instead is not None and instead.named is None and identifiers(instead.asked)
    if code and len(code[0]) > MOST_VAGUE_CHARS:
        return Found((), 0.0, nearest, instead=instead)
    spans = [with_copies(findings, span) for span in spans]
    # Reports of different times may differ, and a time says which of them is meant.
    contrary = None if shown or time is not None else _contrary(findings, ranked, asked)
    if contrary is not None:
        pair = sorted((spans[0], contrary), key=lambda s: s.article.published or "", reverse=True)
        rest = [span for span in spans[1:] if not any(same(span, other) for other in pair)]
        spans = [*pair, *rest][: max(2, len(spans))]
    return Found(tuple(spans), sure, nearest, disagreement=contrary is not None, instead=instead)


def _readings(
    means: Means, asked: str, form: Form
) -> Iterator[tuple[Form, Findings, list[Candidate], Instead | None]]:
    """Search and rank a form of the question as it is, with spelling mended, and with other abbreviations."""
    finder, judge = means.finder, means.judge
    focus = asked if form.context else None
    findings = finder.find(form.text, focus=focus)
    yield form, findings, judge.rank(findings, asked, form.context), None
    text, slip = mended(form.text, findings)
    if text != form.text:
        form = replace(form, text=text)
        findings = finder.find(text, focus=focus)
        yield form, findings, judge.rank(findings, asked, form.context), slip
    short = abbreviated(text, _known_text(findings))
    if short != text:
        form = replace(form, text=short)
        findings = finder.find(short, focus=focus)
        yield form, findings, judge.rank(findings, asked, form.context), slip


def chosen(findings: Findings, ranked: Sequence[Candidate], asked: str) -> list[Span]:
    """Return the spans to quote."""
    sides = compared(asked)
    if sides is not None:
        return choose_sides(findings, ranked, sides)
    if asks_for_articles(asked):
        return choose_from_each(findings, ranked)
    listed = as_list(ranked, asked)
    if listed is not None:
        return [listed]
    return choose_several(findings, ranked) if asks_for_several(asked) else choose(findings, ranked)


def named_first(ranked: Sequence[Candidate], question: str) -> list[Candidate]:
    """Return the candidates with those in front that have most of the codes and versions of the question.

    In their own words or above them; a neighbour's code or version is another thing.
    """
    codes = identifiers(question)
    if not codes:
        return list(ranked)

    def lacking(candidate: Candidate) -> int:
        above = path_of(candidate.article, candidate.sentence.start)
        held = " ".join([*above, candidate.text])
        return sum(not holds_identifier(held, code) for code in codes)

    ordered = sorted(ranked, key=lacking)
    # The first keeps the best score, since the others are measured by it.
    best = max((candidate.score for candidate in ranked), default=0.0)
    return [replace(c, score=best) if place == 0 else c for place, c in enumerate(ordered)]


def missing(findings: Findings, spans: Sequence[Span], question: str) -> Instead | None:
    """Return a name of the question that the passages of the quotes do not hold; None if they hold all.

    An answer about another code, version or name is no answer to this question.
    """
    held = " ".join(_passage_text(findings, span) for span in spans)
    codes = identifiers(question)
    for code in codes:
        if not holds_identifier(held, code):
            known = _known_text(findings)
            alike = [other for other in identifiers(known) if _alike(code, other)]
            named = code if holds_identifier(known, code) else next(iter(alike), None)
            return Instead(code, named)
    articles = list(dict.fromkeys(span.article for span in spans))
    # Yes or no is said of that very name, and not somewhere in the same article.
    near = asks_yes_or_no(question)
    for name in names_in(question):
        if name in codes:
            continue
        if not (_holds(held, name) if near else any(_names(article, name) for article in articles)):
            return Instead(name, None)
    dated = " ".join([held, *(article.published or "" for article in articles)])
    for year in _YEAR.findall(question):
        if year not in dated:
            return Instead(year, None)
    return None


def _names(article: Article, name: str) -> bool:
    """Return whether the article has the name, or a form of it."""
    return _holds(f"{article.title} {article.text}", name)


def _holds(text: str, name: str) -> bool:
    # Stemming a long text takes long, and hardly a name needs it.
    whole = re.search(rf"\b{re.escape(name)}\b", text)
    # "China" will do for "Chinese", and "Harmony" not for "HarmonyOS".
    forms = terms(name) if name.istitle() else _stems(name)
    return whole is not None or not frozenset(terms(text)).isdisjoint(forms)


def _another(findings: Findings, spans: Sequence[Span], question: str) -> Instead | None:
    """Return a name of the question, a row's or a role's, that others have and the quotes do not."""
    word = names_another(spans, question)
    if word is not None:
        return Instead(word, None)
    role = role_asked(question)
    if role is None or not spans:
        return None
    whose = re.search(rf"\b{re.escape(role)} (?:of|at) (?:the )?[^\W\d_a-z][\w-]*", spans[0].text)
    if whose is None:
        return None
    owner = whose.group().split()[-1]
    for hit in findings.hits:
        article = hit.passage.article
        if re.search(rf"\b{re.escape(role)}\b", hit.passage.text) and owner not in article.text:
            return Instead(role, whose.group())
    return None


def mended(question: str, findings: Findings) -> tuple[str, Instead | None]:
    """Return the question with misspelt words as the passages found for it spell them.

    With it comes a name that was meant perhaps, since a name that is close may be another one's.
    """
    found = frozenset().union(*(sentence.terms for sentence in findings.sentences))
    strange = [
        word
        for word in _WORD.findall(question)
        if found.isdisjoint(_stems(word)) and not is_known(_stems(word)[0])
    ]
    if not strange:
        return question, None
    names = names_in(question)
    known: dict[str, str] = {}
    for hit in findings.hits:
        for word in _WORD.findall(f"{hit.passage.article.title} {hit.passage.text}"):
            known.setdefault(word.casefold(), word)
    slip = None
    for word in strange:
        close = [] if word.casefold() in known else get_close_matches(word.casefold(), known, 1, LEAST_ALIKE)
        # "Sweden" is no slip for "seen".
        if close and (word not in names or known[close[0]][0].isupper()):
            question = question.replace(word, known[close[0]])
            if known[close[0]][0].isupper():
                slip = Instead(word, known[close[0]])
    return question, slip


def _known_text(findings: Findings) -> str:
    return " ".join(f"{hit.passage.article.title} {hit.passage.text}" for hit in findings.hits)


def _stems(word: str) -> list[str]:
    return [term for term in terms(word) if not term.startswith("^")] or [""]


def timed(ranked: Sequence[Candidate], time: Period | Newest | Event | None) -> list[Candidate]:
    """Rank anew by how well sentence and publication date fit the time that was asked for."""
    if isinstance(time, Event):
        time, dating = _resolved(time, ranked)
        # What says when the event was is not what was asked about the time before or after it.
        ranked = [c for c in ranked if c is not dating] or ranked
    match time:
        case None | Event():
            return list(ranked)
        case Newest(reverse):
            close = [c for c in ranked if c.score >= ranked[0].score - NEWEST_AMONG]
            among = [c.article.published for c in close]
            places = [recency(c.article.published, among) for c in ranked]
            # The newest keeps its score, so that the confidence of an answer from it is as it was.
            gains = [NEWEST_WEIGHT * (-place if reverse else place - 1) for place in places]
        case Period():
            gains = [TIME_WEIGHT * fit(time, c.text, c.article.published) for c in ranked]
    moved = [replace(c, score=c.score + gain) for c, gain in zip(ranked, gains, strict=True)]
    return sorted(moved, key=lambda c: -c.score)


def _resolved(event: Event, ranked: Sequence[Candidate]) -> tuple[Period | None, Candidate | None]:
    """Return the time before or after the event, and the best sentence that dates it."""
    subject = subject_of(event.name)
    if not subject:
        return None, None
    for candidate in ranked:
        if subject_covered(subject, candidate.sentence.terms) == 1:
            named = next(dates(candidate.text), None)
            if named is not None:
                return when(event, named), candidate
    return None, None


def _not_again(ranked: Sequence[Candidate], conversation: Conversation) -> list[Candidate]:
    """Leave out what the last answer showed, unless the reader is sure that it answers this as well."""
    shown = conversation[-1].answer if conversation else ""
    left = [c for c in ranked if c.text not in shown or (c.answer and c.margin >= SHOWN_AGAIN)]
    return left or list(ranked)


def _elsewhere(article: Article, conversation: Conversation) -> bool:
    """Return whether the last answer was quoted from other articles: "it" may be another thing here."""
    before = conversation[-1].answer if conversation else ""
    return bool(before) and not any(before[slice(*span)] in article.text for span in sentence_spans(before))


def _contrary(findings: Findings, ranked: Sequence[Candidate], asked: str) -> Span | None:
    """Return a sentence of another article that gives another figure or date; None if there is none."""
    wanted = figure_wanted(asked)
    if wanted is None or not ranked:
        return None
    best = ranked[0]
    if best.covered < CONTRARY_COVERED:
        return None
    asked_terms = frozenset(findings.question_terms)
    for other in ranked[1:]:
        lacks = best.score - other.score
        if lacks > CONTRARY_SCORE_IF_READ:
            return None
        if other.article is best.article or other.covered < CONTRARY_COVERED:
            continue
        # Among many figures of a long sentence, the reader's is the one that was asked for.
        said, contrary = _answer_text(best), _answer_text(other)
        if (said and contrary and disagree(wanted, asked_terms, said, contrary)) or (
            lacks <= CONTRARY_SCORE and disagree(wanted, asked_terms, best.text, other.text)
        ):
            return Span(other.article, other.sentence.start, other.sentence.end, other.answer)
    return None


def _answer_text(candidate: Candidate) -> str:
    """Return the words that the reader takes for the answer; empty if it finds none."""
    if candidate.answer is None or candidate.margin < LEAST_MARGIN:
        return ""
    return candidate.article.text[slice(*candidate.answer)]


def _passage_text(findings: Findings, span: Span) -> str:
    """Return the title, the headings and the passages around a span, joined."""
    near = [
        hit.passage.text
        for hit in findings.hits
        if hit.passage.article is span.article and hit.passage.start <= span.start < hit.passage.end
    ]
    above = path_of(span.article, span.start)
    return " ".join([span.article.title, *above, span.text, *near])


def _alike(code: str, other: str) -> bool:
    """Return whether two identifiers are of one kind: the same letters, or as a version the same ending."""
    if code.casefold() == other.casefold():
        return False
    letters = re.findall(r"[a-z]+", code.casefold())
    if letters:
        return letters == re.findall(r"[a-z]+", other.casefold())
    return other.endswith(code) or other.split(".")[0] == code.split(".")[0]
