"""A question that is passed on to a person, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.messages import blocks
from bot.slack.messages.answers import Message
from bot.text import ELLIPSIS, escape, head, printable, shortened
from bot.words import ENGLISH, Words

ANSWERED = "answered"
KEEP_AS_ARTICLE = "keep_as_article"

MAX_SHOWN_CHARS = 600


def person_message(question: str, people: Sequence[str], token: str, words: Words = ENGLISH) -> Message:
    """Ask `people`, ids of users and user groups: the one message of the bot that is meant to ping.

    `token` says which question it is.
    """
    said, asked = words.person_needed, _shown(question)
    return Message(
        (
            blocks.rich_text(
                blocks.section(*_apart([blocks.person(one) for one in people]), blocks.text(said)),
                blocks.quotation(blocks.text(asked)),
            ),
            blocks.actions(
                blocks.button(words.answered, action=ANSWERED, value=token, spoken=words.answered)
            ),
        ),
        f"{' '.join(map(_mention, people))}{escape(said)}\n“{escape(asked)}”",
    )


def person_answered_message(
    question: str, answer: str, name: str, token: str, words: Words = ENGLISH
) -> Message:
    """In the place of the one that asked, without pinging again."""
    said, asked, given = words.was_answered.format(name=shortened(name, 80)), _shown(question), _shown(answer)
    keep = words.keep_as_article
    return Message(
        (
            blocks.rich_text(
                blocks.section(blocks.text(asked)),
                blocks.section(blocks.emoji("white_check_mark"), blocks.text(f" {said}", bold=True)),
                blocks.quotation(blocks.text(given)),
            ),
            blocks.actions(blocks.button(keep, action=KEEP_AS_ARTICLE, value=token, spoken=keep)),
        ),
        escape(f"{asked}\n{said}: “{given}”"),
    )


def _shown(text: str) -> str:
    whole = printable(text).strip()
    kept = head(whole, MAX_SHOWN_CHARS)
    return kept if kept and kept == whole else kept + ELLIPSIS


def _apart(people: Sequence[blocks.Block]) -> list[blocks.Block]:
    return [part for one in people for part in (one, blocks.text(" "))][:-1]


def _mention(one: str) -> str:
    return f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>"
