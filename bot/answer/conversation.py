"""A message in a conversation -> what it wants, and the question that can be searched by itself."""

from __future__ import annotations

import re
from enum import Enum

from bot.types import Conversation, Silence

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
    """What can be said about an answer in a word or two."""

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
    """Return what a message asks about the answer before it; None where it is a question of its own.

    >>> request_about("Source?"), request_about("What is the source of the Rhine?")
    (<Request.SOURCE: 'source'>, None)
    """
    return next((request for request, pattern in _REQUEST_PATTERNS if pattern.fullmatch(message)), None)


def last_question(conversation: Conversation) -> int | None:
    """The place in `conversation` of the question that a request is about; None where there is none."""
    for place in range(len(conversation) - 1, -1, -1):
        asked = conversation[place].question
        if small_talk(asked) is None and request_about(asked) is None:
            return place
    return None


def small_talk(message: str) -> Silence | None:
    """Return what to reply to where a message is courtesy and no question; None where it is one.

    >>> small_talk("Thanks a lot!"), small_talk("hi, who owns Banma?")
    (<Silence.THANKS: 'thanks'>, None)
    """
    if _GREETING.fullmatch(message):
        return Silence.GREETING
    return Silence.THANKS if _THANKS.fullmatch(message) else None


def standalone(question: str, conversation: Conversation, leaning: bool | None = None) -> str:
    """Return `question`, with the last question that has a subject in front of it where it leans on that.

    Searching with the last two questions finds more than with one, or with all of them (R@1 .860
    against .811 and .772 on multi-turn questions); a new topic is searched alone.  `leaning` says
    whether it leans where that is known; None judges it by its words.

    >>> from bot.types import Turn
    >>> standalone("and Baidu?", (Turn("Who makes AliOS?", "Alibaba does."),))
    'Who makes AliOS? and Baidu?'
    """
    if not (leans(question) if leaning is None else leaning):
        return question
    earlier = [
        turn.question
        for turn in reversed(conversation)
        if small_talk(turn.question) is None and request_about(turn.question) is None
    ]
    # "why?" after "why?" leans on what both lean on.
    subject = next((asked for asked in earlier if not leans(asked) or names_something(asked)), None)
    return f"{subject} {question}" if subject else question


def names_something(question: str) -> bool:
    """Whether a name or a number stands in it, behind its first word."""
    return _NAME.search(question) is not None


def leans(question: str) -> bool:
    """Whether the question cannot be understood without what was said before."""
    words = question.split()
    if len(words) > MOST_WORDS_OF_A_FOLLOW_UP:
        return False
    if _OPENING.match(question):
        return len(words) <= 4 or not names_something(question)
    return bool(_LEANING.search(question)) and not names_something(question)
