"""A message in a conversation -> what it wants, and the question that can be searched by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from bot.types import Conversation, Silence
from index.common_terms import is_common
from index.terms import terms

# A follow-up says so: it opens with a link to what was said, or leans on a pronoun.
_OPENING = re.compile(
    r"^\W*(?:(?:and|but|or|so|also|then|what about|how about|what else|when was that|since when|really)\b"
    r"|(?:why|how so|how come)(?:\W+(?:not|so|is|was|that|this|though))*\W*$"
    r"|那么?(?![些里个家位种时是一利])|还有|.{1,8}呢\W*$)",
    re.IGNORECASE,
)
# Words that point back, and not "that" before a clause, "there are", or the Chinese for "other".
_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|the same|the former"
    r"|the latter|(?:that|this|which|other|first|second|last|next) ones?|then\W*$|there\W*$|from there)\b"
    r"|\b(?:is|was|are|were|did|does|do|has|had|can|will|by|about|after|before|since|of|like|for|said|mean)\s+that\b"
    r"|\bthat\W*$"
    # In Chinese only near the beginning: further on it points to what the question itself says.
    r"|^.{0,6}(?:(?<!其)[他她它](?!国|人|方|乡)|[这那](?:个|家|位|款|种|首|些|次|项|件|本|时|里|是|一)"
    r"|其(?![他它中次实余间]))",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<!^)(?<![.?!]\s)\b[A-ZÀ-ÖØ-Þ][\w&.-]+|\d{3,}")
_NAMES = re.compile(r"(?<!^)(?<![.?!]\s)\b[A-ZÀ-ÖØ-Þ][\w&.-]*\w(?:\s+[A-ZÀ-ÖØ-Þ][\w&.-]*\w)*")
_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those)\b(?!\s+(?:is|are|was)\b\W*$)",
    re.IGNORECASE,
)
# Of a question with several names, the last may be meant.
MOST_NAMES = 2
# A question of more words than this stands by itself, whatever pronouns are in it.
MOST_WORDS_OF_A_FOLLOW_UP = 12


# The whole message, so that "Hi, who owns Banma?" is a question like any other.
_GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|help|help me|what can you do"
    r"|how does this work|who are you|你好|您好|帮助)\s*(?:there|all|team|everyone|footnote|please)?)\W*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\W*(?:(?:ok(?:ay)?|great|perfect|cool|nice|super|awesome|got it)?\W*(?:many )?"
    r"(?:thanks|thank you|thx|ty|cheers|谢谢|多谢)(?: (?:a lot|so much|very much|you|footnote|again))*"
    r"|ok(?:ay)?|great|perfect|cool|nice|got it|well done|good bot|bye|goodbye)\W*",
    re.IGNORECASE,
)


class Request(Enum):
    """A request of a word or two about the answer before it."""

    MORE = "more"
    EXPLAIN = "explain"
    SOURCE = "source"


_PLEASE = r"(?:can you |could you |please |pls )?"
_REQUESTS = (
    (
        Request.MORE,
        rf"{_PLEASE}(?:(?:tell|show|give) me )?(?:a bit |some )?more"
        r"(?: (?:about (?:it|that|this)|details?|quotes?))?"
        r"|go on|continue|anything else|what else|(?:is there )?(?:anything )?more|更多|还有吗|还有呢|继续",
    ),
    (
        Request.EXPLAIN,
        rf"{_PLEASE}(?:explain|elaborate)(?: (?:it|that|this|on that|more|further|please))*"
        r"|what does (?:it|that|this) mean|what do you mean|(?:more |the |show (?:me )?(?:the )?)?context"
        r"|解释(?:一下)?|什么意思|说明一下|详细(?:一点|说说)?",
    ),
    (
        Request.SOURCE,
        rf"{_PLEASE}(?:(?:show|give) me )?(?:the |your |a )?(?:sources?|citations?|references?|links?)"
        r"|what(?:'s| is| are) (?:the|your) sources?|where (?:does|did) (?:it|that|this) come from"
        r"|where is (?:it|that|this) from|says who|who says(?: so| that)?|according to who(?:m)?"
        r"|来源|出处|来源是什么|谁说的|哪里说的",
    ),
)
_REQUEST_PATTERNS = tuple(
    (request, re.compile(rf"\W*(?:(?:and|ok(?:ay)?|so)\b\W*)?(?:{pattern})(?: please)?\W*", re.IGNORECASE))
    for request, pattern in _REQUESTS
)


def request_about(message: str) -> Request | None:
    """Return what a message asks about the answer before it; None if it is a question of its own.

    >>> request_about("Source?"), request_about("What is the source of the Rhine?")
    (<Request.SOURCE: 'source'>, None)
    """
    return next((request for request, pattern in _REQUEST_PATTERNS if pattern.fullmatch(message)), None)


def last_question(conversation: Conversation) -> int | None:
    """Return the index in `conversation` of the question that a request is about; None if there is none."""
    for place in range(len(conversation) - 1, -1, -1):
        asked = conversation[place].question
        if small_talk(asked) is None and request_about(asked) is None:
            return place
    return None


def small_talk(message: str) -> Silence | None:
    """Return the kind of courtesy that a message is; None if it is a question.

    >>> small_talk("Thanks a lot!"), small_talk("hi, who owns Banma?")
    (<Silence.THANKS: 'thanks'>, None)
    """
    if _GREETING.fullmatch(message):
        return Silence.GREETING
    return Silence.THANKS if _THANKS.fullmatch(message) else None


@dataclass(frozen=True, slots=True)
class Form:
    """One way to understand a message: the question that it may stand for."""

    text: str
    likely: bool = True
    """Whether the wording speaks for it; otherwise it has to be answered all the better."""
    context: str = ""
    """The question before, if it stands in front: it is searched with, and the message alone is asked."""
    points_back: bool = False
    """Whether it speaks of something in the answer before, which it then does not ask for again."""


def forms(question: str, conversation: Conversation) -> tuple[Form, ...]:
    """Return the questions that `question` may stand for after that conversation, the likeliest first.

    By itself, with a pronoun replaced by what was spoken of, with its name in the question before, or
    behind that question.

    >>> from bot.types import Turn
    >>> before = (Turn("Who holds what share of Banma?", "SAIC does."),)
    >>> [form.text for form in forms("When was it founded?", before)][0]
    'When was Banma founded?'
    """
    subject = _subject(conversation)
    if subject is None:
        return (Form(question),)
    own = names_something(question)
    short = len(question.split()) <= MOST_WORDS_OF_A_FOLLOW_UP
    pronoun = _PRONOUN.search(question) if short else None
    opened = bool(_OPENING.match(question)) and short
    if not leans(question):
        # What names its subject and leans on nothing is not read as a follow-up at all.
        if own or not short:
            return (Form(question),)
        return (Form(question), Form(f"{subject} {question}", context=subject))
    found: list[Form] = []
    names = _names(subject)
    if pronoun and _PERSON.fullmatch(pronoun[0]):
        # "Who is the CTO?" does not name the person; its answer does.
        names = [*names, *_people(conversation[-1].answer, subject)]
    if pronoun:
        found += [
            Form(
                question[: pronoun.start()] + _in_place_of(pronoun[0], name) + question[pronoun.end() :],
                points_back=True,
            )
            for name in names[-MOST_NAMES:][::-1]
        ]
    elif opened and names and (other := " ".join(names_of(question))):
        # "and Baidu?" asks the question before of another.
        found += [Form(subject.replace(name, other)) for name in names[-MOST_NAMES:][::-1]]
    if pronoun or not found:
        found.append(Form(f"{subject} {question}", context=subject, points_back=pronoun is not None))
    if not pronoun and not found[0].text.startswith(question):
        found.append(Form(question, likely=False))
    return tuple(dict.fromkeys(found))


def _subject(conversation: Conversation) -> str | None:
    """Return the last question that names its subject, with its pronouns replaced; None if there is none."""
    earlier = [
        turn.question
        for turn in reversed(conversation)
        if small_talk(turn.question) is None and request_about(turn.question) is None
    ]
    # "why?" after "why?" leans on what both lean on.
    return next((asked for asked in earlier if not leans(asked) or names_something(asked)), None)


_PERSON = re.compile(r"he|him|his|she|her|hers", re.IGNORECASE)


def _names(question: str) -> list[str]:
    """Return the subject of the question as it is written there; its last weighty word if it has no name."""
    found = names_of(question)
    if found:
        return found
    words = [word.strip(".,;:!?\"'") for word in question.split()]
    weighty = [word for word in words if len(word) > 2 and not all(map(is_common, terms(word)))]
    return weighty[-1:]


def names_of(question: str) -> list[str]:
    """Return the names in a question, neighbours as one."""
    return list(dict.fromkeys(" ".join(m.group().split()) for m in _NAMES.finditer(question)))


def _people(answer: str, asked: str) -> list[str]:
    """Return what may be names of people in an answer, the first one last: not those of the question."""
    # Several words with capitals; a sentence may open with them.
    found = [name for name in names_of(f"| {answer}") if " " in name and name not in asked]
    return found[:MOST_NAMES][::-1]


def _in_place_of(pronoun: str, name: str) -> str:
    owned = pronoun.casefold() in ("its", "his", "their", "theirs", "hers")
    return f"{name}'s" if owned else name


def names_something(question: str) -> bool:
    """Return whether a name or a number stands in it, behind its first word."""
    return _NAME.search(question) is not None


def leans(question: str) -> bool:
    """Return whether the question cannot be understood without what was said before."""
    words = question.split()
    if len(words) > MOST_WORDS_OF_A_FOLLOW_UP:
        return False
    if _OPENING.match(question):
        return len(words) <= 4 or not names_something(question)
    return bool(_LEANING.search(question)) and not names_something(question)
