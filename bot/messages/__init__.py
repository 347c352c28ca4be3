"""What Footnote says in Slack: values in, Block Kit out.  Pure; posts nothing and stores nothing."""

from bot.messages.blocks import Block
from bot.messages.modals import changed_modal, passage_modal, withheld_modal
from bot.messages.replies import (
    BAD,
    FEEDBACK,
    GOOD,
    SHOW_PASSAGE,
    Message,
    answer_message,
    broken_message,
    busy_message,
    help_message,
    no_answer_message,
    no_index_message,
)

__all__ = [
    "BAD",
    "FEEDBACK",
    "GOOD",
    "SHOW_PASSAGE",
    "Block",
    "Message",
    "answer_message",
    "broken_message",
    "busy_message",
    "changed_modal",
    "help_message",
    "no_answer_message",
    "no_index_message",
    "passage_modal",
    "withheld_modal",
]
