"""How a question is put: the parts it has, and whether it asks for one thing or for several.

Surface patterns, in English and Chinese, that fire on a clear wording alone: a question that is
not recognised is answered as a whole with the sentences that score best, which is never wrong.
"""

from __future__ import annotations

import re
from enum import Enum
from itertools import pairwise

MAX_PARTS = 3
MOST_INITIALS = 5
# So many words whose first letters are an abbreviation are not so by chance; fewer have to be explained.
SURE_INITIALS = 3
_LETTERS = re.compile(r"[A-Za-z]{3,}")

_WORD = r"(?:who(?:m|se)?|what|when|where|which|why|how)"
_PLACE = r"(?:in|at|on|by|from|to|for|with|of|since)"
_VERB = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)"
# Two questions in one: each side opens with a question word, the second behind "and", "or" or a mark.
_SECOND = re.compile(
    rf"[,;]?\s+(?:and|or|but)(?:\s+also)?\s+(?=(?:{_PLACE}\s+)?{_WORD}\s+\w+\s+\w+)"
    rf"|[,;]?\s+(?:and|or)\s+(?=(?:{_PLACE}\s+)?{_WORD}\W*$)"
    rf"|(?<=[?？])\s*(?=\S)"
    rf"|[，,；;]\s*(?=(?:谁|什么|何时|哪|为什么|怎么|多少|是否|又|还有))",
    re.IGNORECASE,
)
_OPENS_AS_QUESTION = re.compile(
    rf"^\W*(?:and\s+|or\s+)?(?:{_PLACE}\s+)?(?:{_WORD}|{_VERB})\b|[谁什何哪怎几吗呢]|多少|为什么",
    re.IGNORECASE,
)
# "When and where was X born?"
_SHARED_REST = re.compile(
    rf"^\W*({_WORD})\s+(?:and|or)\s+((?:{_PLACE}\s+)?{_WORD})\s+(.{{3,}})$", re.IGNORECASE
)
# One side of a question that is no question: "between when X and when Y", "what is meant by who and what".
_BETWEEN = re.compile(r"\bbetween\b", re.IGNORECASE)

_YES_OR_NO = re.compile(
    rf"^\W*(?:(?:so|and|but|or)\s+)?{_VERB}(?:n['’]t)?\s+(?!you\b)\S|吗\s*[?？]?$|是不是|是否|有没有",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|month|day|time|century|decade|era)s?\b|how long ago"
    r"|什么时候|何时|哪一?年|哪一?天",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|far|tall|large|big|high|often|deep|fast|heavy|wide)\b"
    r"|\bwhat (?:\w+ )?(?:percent\w*|number|amount|proportion|share|fraction|ratio|rate|price|cost|size"
    r"|population|age|length|height|temperature|value|total)\b"
    r"|\bwhat (?:do|does|did|will|would)\b.+\b(?:cost|earn|weigh|measure)\b|多少|几[个次年]",
    re.IGNORECASE,
)
# Codes, part numbers and versions: capitals and digits joined, numbers with points, C#, C++, .NET; three
# digits behind letters or "0x" are one without capitals, and behind capitals and a blank, unless a year.
_IDENTIFIER = re.compile(
    r"(?<![\w.#+/-])(?:(?=[\w.:/+#-]*\d)(?=[\w.:/+#-]*[A-Z])[A-Za-z0-9]+(?:[-._/:+#]?[A-Za-z0-9]+)*"
    r"|v?\d+(?:\.\d+)+|[A-Z](?:#|\+\+)|\.[A-Z]{2,}[\w]*|0x[0-9a-f]{2,}|[a-z]{1,8}[-_]?\d{3,}"
    r"|[A-Z]{2,8} (?!(?:19|20)\d\d\b)\d{3,})(?![\w#+])"
)
_WORD_WITH_CAPITAL = re.compile(r"(?<![\w-])[A-ZÀ-ÖØ-ÞΑ-ΩА-Я][\w’'&-]*")
# Capitals of these say nothing, wherever they stand.
_NO_NAMES = frozenset("I I'm I'd I've Mr Mrs Ms Dr Prof The A An OK FAQ PDF CEO CTO CFO COO".split())
_SEVERAL = re.compile(
    rf"\b(?:which|what)\s+(?:(?:kinds?|types?|sorts?)\s+of\s+)?(?:(?!(?:{_VERB}|of)\b)[\w-]+\s+){{0,2}}"
    r"(?!(?:this|its|his|us|times|class|process|basis|business|address|status|news|means|series)\b)"
    rf"(?!{_VERB}\b)\w{{3,}}(?<!s)s\s+(?!(?:of|the|an?|in|on|at|for|to|with|by|from|between|or|and|us)\b)\w"
    r"|\b(?:who|what|where|which)\s+all\b|\b(?:who|what)\s+(?:are|were)\s+(?:the|all|some|your|our|\w+'s?)\b"
    r"|\b(?:list|name|enumerate)\s+(?:all|every|the|some|each|\w+s\b)|\ball\s+(?:of\s+)?the\s+\w+s\b"
    r"|\b(?:who|what)\s+else\b|哪些|有哪几|列出|列举|都有谁|分别",
    re.IGNORECASE,
)
_ARTICLES = re.compile(
    r"\b(?:which|what|how many)\s+(?:other\s+)?(?:articles|sources|reports|stories|posts|documents|papers)\b"
    r"|\b(?:articles|sources|reports|documents)\s+(?:say|mention|report|differ|disagree|agree)\b"
    r"|\bdifferent (?:sources|articles|reports)\b|哪些(?:文章|来源|报道)|哪篇文章",
    re.IGNORECASE,
)
_STEPS = re.compile(
    r"^\W*(?:\w+\s+){0,4}?how\s+(?:to|(?:do|does|can|could|should|must|would)\s+(?:i|we|you|one|somebody|someone"
    r"|they|people|staff|users?)|(?:is|are)\s+.{2,60}\s(?:done|made|changed|set up|restarted|reset|started"
    r"|stopped|installed|replaced|cleaned|filled|added|removed|requested|opened|closed))\b"
    r"|\b(?:steps|procedure|instructions|order of (?:the )?steps|sequence)\b"
    r"|\bwhat\s+(?:do|must|should)\s+(?:i|we|you|one)\s+(?:have\s+to\s+|need\s+to\s+)?do\b"
    r"|怎么(?:样)?[^？?]{1,}|如何|步骤|流程",
    re.IGNORECASE,
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_STEP = re.compile(
    rf"\b(?:(?P<word>{'|'.join(_ORDINALS)}|last|final)|(?P<number>\d{{1,2}})(?:st|nd|rd|th))\s+(?:step|stage|thing)\b"
    r"|\bstep\s+(?:number\s+|no\.?\s*)?(?P<step>\d{1,2})\b",
    re.IGNORECASE,
)
_ROLE = re.compile(
    rf"\W*who(?:\s+is|['’]s|\s+was)\s+the\s+((?!{_PLACE}\b)[\w-]+(?:\s+(?!{_PLACE}\b)[\w-]+)?)\W*$",
    re.IGNORECASE,
)
_CONTRACTED = re.compile(r"\b(who|what|where|when|how|why)(?:['’]?s)\b", re.IGNORECASE)
_NAME = r"[^,;?!]{2,60}?"
_COMPARED = re.compile(
    rf"\b(?:differences?|distinction|comparison|relations?(?:hip)?)\s+(?:is\s+there\s+)?between\s+({_NAME})\s+and\s+"
    rf"({_NAME})(?=\s+(?:in|on|for|when|with regard)\b|[?.!]|$)"
    rf"|\bcompare\s+({_NAME})\s+(?:and|with|to)\s+({_NAME})(?=\s+(?:in|on|for|when)\b|[?.!]|$)"
    rf"|\bhow\s+(?:does|do|did|is|are)\s+({_NAME})\s+(?:differ|different)\s+from\s+({_NAME})(?=[?.!]|$)"
    rf"|\bhow\s+(?:do|did)\s+({_NAME})\s+and\s+({_NAME})\s+(?:differ|compare)\b"
    rf"|^\W*({_NAME})\s+(?:vs\.?|versus)\s+({_NAME})(?=[?.!]|$)"
    r"|(\w[\w .-]*?|[\u4e00-\u9fff]{2,10})[和与跟]([\w .-]+?|[\u4e00-\u9fff]{2,10})"
    r"(?:之间)?(?:有什么|的)?(?:区别|不同|差别)",
    re.IGNORECASE,
)


def spelt_out(question: str) -> str:
    """Return the question without "who's" and "whats", which models were hardly taught.

    >>> spelt_out("Who's the CEO, and whats the price?")
    'Who is the CEO, and what is the price?'
    """
    return _CONTRACTED.sub(r"\1 is", question)


def parts(question: str) -> tuple[str, ...]:
    """Return the questions that `question` holds, in its own words; one if it cannot be taken apart.

    >>> parts("Who owns Banma and when was it founded?")
    ('Who owns Banma', 'when was it founded?')
    >>> parts("When and where was the alliance announced?")
    ('When was the alliance announced?', 'where was the alliance announced?')
    """
    shared = _SHARED_REST.match(question)
    if shared:
        first, second, rest = shared.groups()
        return (f"{first} {rest}", f"{second} {rest}")
    if _BETWEEN.search(question):
        return (question,)
    found = [part.strip(" ,;") for part in _SECOND.split(question)]
    found = [part for part in found if part]
    if not 2 <= len(found) <= MAX_PARTS or not all(_OPENS_AS_QUESTION.search(part) for part in found):
        return (question,)
    return tuple(found)


class Figure(Enum):
    """The kind of figure that a question wants."""

    NUMBER = "number"
    TIME = "time"


def figure_wanted(question: str) -> Figure | None:
    """Return what kind of figure answers the question; None if it wants none.

    >>> figure_wanted("In what year did Banma start?")
    <Figure.TIME: 'time'>
    """
    if _TIME.search(question):
        return Figure.TIME
    return Figure.NUMBER if _NUMBER.search(question) else None


def identifiers(text: str) -> tuple[str, ...]:
    """Return the codes, versions and the like in `text`, as they are written.

    >>> identifiers("Does ERR-1044 come up in version 10.4, in C++?")
    ('ERR-1044', '10.4', 'C++')
    """
    return tuple(dict.fromkeys(found.group() for found in _IDENTIFIER.finditer(text)))


def holds_identifier(text: str, identifier: str) -> bool:
    """Return whether `text` has this very identifier, however its parts are joined.

    >>> holds_identifier("See ERR 1042.", "ERR-1042"), holds_identifier("Since 2.10.4", "10.4")
    (True, False)
    """
    # "v10.4.1" is version 10.4.1.
    bare = re.sub(r"^v(?=\d+\.)", "", identifier)
    pieces = re.findall(r"[A-Za-z]+|\d+|[#+]+", bare)
    joined = r"[-._/: ]?".join(map(re.escape, pieces))
    return re.search(rf"(?:(?<![\w.])|(?<=\bv)){joined}(?!\w|[.]\d|[#+])", text, re.IGNORECASE) is not None


def abbreviated(question: str, known: str) -> str:
    """Return the question with the forms that the text `known` uses, short for long and long for short.

    >>> abbreviated("Who was the chief technology officer?", "Jian Wang, the CTO of Alibaba")
    'Who was the CTO?'
    >>> abbreviated("Who was the CTO?", "Jian Wang, chief technology officer, said")
    'Who was the chief technology officer?'
    """
    capitals = set(re.findall(r"\b[A-Z]{2,5}\b", known))
    for size in range(MOST_INITIALS, 1, -1):
        words = list(_LETTERS.finditer(question))
        for run in (words[i : i + size] for i in range(len(words) - size + 1)):
            gaps = {question[a.end() : b.start()] for a, b in pairwise(run)}
            short = "".join(word.group()[0] for word in run).upper()
            if short not in capitals or short in question or gaps - {" ", "-"}:
                continue
            start, end = run[0].start(), run[-1].end()
            if size >= SURE_INITIALS or _explained(question[start:end], short, known):
                question = question[:start] + short + question[end:]
                break
    for found in re.finditer(rf"\b[A-Z]{{{SURE_INITIALS},{MOST_INITIALS}}}\b", question):
        pattern = r"[ -]".join(rf"{letter}[a-z]{{2,}}" for letter in found.group())
        spelt = re.search(rf"\b{pattern}\b", known, re.IGNORECASE)
        if spelt is not None and found.group() not in capitals:
            return question[: found.start()] + spelt.group() + question[found.end() :]
    return question


def _explained(long: str, short: str, text: str) -> bool:
    """Return whether the text puts one form in brackets behind the other, or calls it so "for short"."""
    forms = rf"{re.escape(long)}s?\W{{1,3}}{short}\b|\b{short}\W{{1,3}}{re.escape(long)}"
    return re.search(forms, text, re.IGNORECASE) is not None


def names_in(question: str) -> tuple[str, ...]:
    """Return the words that are written as names; none if the question is written in capitals.

    >>> names_in("Who leads Banma since the Alibaba deal?")
    ('Banma', 'Alibaba')
    """
    words = question.split()
    found = [m.group().removesuffix("'s").removesuffix("’s") for m in _WORD_WITH_CAPITAL.finditer(question)]
    if len(found) * 2 > len(words) and len(words) > 3:
        return ()
    first = _WORD_WITH_CAPITAL.match(question.lstrip("\"'“(¿ "))
    if first and found and (len(words) > 1 or not found[0].isupper()):
        opening = found[0]
        # The first word has a capital in any case; it is a name if it has another, or a digit.
        if opening[1:].islower() or len(opening) == 1:
            found = found[1:]
    return tuple(dict.fromkeys(name for name in found if name not in _NO_NAMES))


def asks_yes_or_no(question: str) -> bool:
    """Return whether a sentence that decides is wanted, and no name or figure: "is Meizu owned by …".

    >>> asks_yes_or_no("Is Meizu owned by Alibaba?"), asks_yes_or_no("Who owns Meizu?")
    (True, False)
    """
    return _YES_OR_NO.search(question) is not None


def asks_for_several(question: str) -> bool:
    """Return whether the answer is a list: "which carmakers …", "who are …", "name all …"."""
    return _SEVERAL.search(question) is not None


def asks_for_steps(question: str) -> bool:
    """Return whether the answer is what is done one after the other: "how do I …", "what are the steps …"."""
    return _STEPS.search(question) is not None


def step_asked(question: str) -> int | None:
    """Return the number of the step that is asked for, -1 for the last one; None if no single one is.

    >>> step_asked("What is the third step?"), step_asked("How is it done?")
    (3, None)
    """
    found = _STEP.search(question)
    if found is None:
        return None
    word = (found["word"] or "").lower()
    if word:
        return _ORDINALS.index(word) + 1 if word in _ORDINALS else -1
    return int(found["number"] or found["step"])


def role_asked(question: str) -> str | None:
    """Return the role that is asked for without a word on whose it is; None if none is.

    >>> role_asked("Who is the CEO?"), role_asked("Who is the CEO of Meizu?")
    ('CEO', None)
    """
    found = _ROLE.match(question)
    return None if found is None else found[1]


def asks_for_articles(question: str) -> bool:
    """Return whether each article is to be heard: "what do the sources say about …"."""
    return _ARTICLES.search(question) is not None


def compared(question: str) -> tuple[str, str] | None:
    """Return the two things that the question compares; None if it compares none.

    >>> compared("What is the difference between AliOS and Aliyun OS?")
    ('AliOS', 'Aliyun OS')
    """
    found = _COMPARED.search(question)
    if found is None:
        return None
    first, second = (side.strip() for side in found.groups() if side is not None)
    return first, second
