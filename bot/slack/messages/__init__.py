"""What Footnote says in Slack: values in, Block Kit out.  Pure; posts nothing and stores nothing.

In reading order:

blocks — the few Block Kit pieces that Footnote uses, as plain dictionaries
answers — what Footnote posts: an answer, the closest it found, an honest no, or what went wrong
home — App Home, and the prompts of the side panel: what is indexed, what to try, and how to ask
modals — the modals: a quote where it stands, the text before and after it
curating — what curators read while the articles are changed, and afterwards
report — the report of a week, for those who look after the articles: counts first, then lists
"""

from bot.slack.messages.answers import (
    BAD,
    FEEDBACK,
    GOOD,
    MORE,
    SHARE,
    SHOW_PASSAGE,
    STEP,
    TELL_CURATORS,
    Message,
    Unread,
    answer_message,
    away_message,
    broken_message,
    busy_message,
    declined_message,
    help_message,
    limited_message,
    more_message,
    no_answer_message,
    no_index_message,
    order_message,
)
from bot.slack.messages.blocks import Block
from bot.slack.messages.curating import ASK_THIS, KEEP, REMOVE, curated_message
from bot.slack.messages.home import Trouble, conversation_title, home_view, home_without_index, prompts
from bot.slack.messages.modals import (
    MAX_REASON_CHARS,
    REASONS,
    WHY,
    changed_modal,
    feedback_modal,
    passage_modal,
    said_in,
    stretch_modal,
    withheld_modal,
)
from bot.slack.messages.report import full_date, report_message
from bot.words import CHINESE, ENGLISH, LANGUAGES, Words, words_for

__all__ = [
    "ASK_THIS",
    "BAD",
    "CHINESE",
    "ENGLISH",
    "FEEDBACK",
    "GOOD",
    "KEEP",
    "LANGUAGES",
    "MAX_REASON_CHARS",
    "MORE",
    "REASONS",
    "REMOVE",
    "SHARE",
    "SHOW_PASSAGE",
    "STEP",
    "TELL_CURATORS",
    "WHY",
    "Block",
    "Message",
    "Trouble",
    "Unread",
    "Words",
    "answer_message",
    "away_message",
    "broken_message",
    "busy_message",
    "changed_modal",
    "conversation_title",
    "curated_message",
    "declined_message",
    "feedback_modal",
    "full_date",
    "help_message",
    "home_view",
    "home_without_index",
    "limited_message",
    "more_message",
    "no_answer_message",
    "no_index_message",
    "order_message",
    "passage_modal",
    "prompts",
    "report_message",
    "said_in",
    "stretch_modal",
    "withheld_modal",
    "words_for",
]
