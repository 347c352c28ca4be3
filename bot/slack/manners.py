"""Who is being spoken to, and whether something is asked: when to speak without being mentioned.  Pure."""

from __future__ import annotations

import re
from typing import Literal

from bot.answer.conversation import request_about
from bot.slack.messages import LANGUAGES

Order = Literal["quiet", "resume"]

_OPENS_A_QUESTION = re.compile(
    r"\W*(?:(?:so|and|but|or|then|also|ok(?:ay)?|hi|hello|hey)\W+)*"
    r"(?:who|whose|whom|(?:since |until )?when|what|when|where|why|how|which"
    r"|is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might"
    r"|tell me|show me|list|compare)\b",
    re.IGNORECASE,
)
_ASKS_IN_CHINESE = re.compile(
    "谁|什么|哪|多少|几[个家年月天次人]|为何|为什么|怎么|怎样|如何|是否|吗|呢|告诉我"
)
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>|<!(?:here|channel|everyone|subteam)")


def is_question(text: str) -> bool:
    """Whether a text, as a person saw it, asks something.

    >>> is_question("And since when?"), is_question("who owns Banma"), is_question("I will ask Bob.")
    (True, True, False)
    """
    return (
        "?" in text
        or "？" in text
        or request_about(text) is not None
        or bool(_OPENS_A_QUESTION.match(text))
        or bool(_ASKS_IN_CHINESE.search(text))
    )


def mentions_bot(markup: str, bot_user_id: str | None) -> bool:
    """Whether the bot is mentioned in a text as Slack delivers it."""
    return any(match[1] == bot_user_id for match in _MENTION.finditer(markup) if match[1])


def is_to_others(markup: str, bot_user_id: str | None) -> bool:
    """Whether somebody else, or everybody, is mentioned."""
    return any(match[1] != bot_user_id for match in _MENTION.finditer(markup))


def order_in(text: str) -> Order | None:
    """The order that a message is, if it is nothing else; in any language, whoever gives it."""
    said = text.strip().rstrip(".!。！").strip().casefold()
    if any(said in words.orders_quiet for words in LANGUAGES):
        return "quiet"
    return "resume" if any(said in words.orders_resume for words in LANGUAGES) else None
