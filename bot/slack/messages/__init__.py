"""What Footnote says in Slack: values in, Block Kit out.  Pure; posts nothing and stores nothing.

In reading order:

blocks — the few Block Kit pieces that Footnote uses, as plain dictionaries
quotes — quotes and where they are from, as blocks and as lines of plain text
answers — what Footnote posts: an answer, the closest it found, an honest no, or what went wrong
home — App Home, and the prompts of the side panel: what is indexed, what to try, and how to ask
modals — the modals: a quote where it stands, the text before and after it
people — a question that is passed on to a person, and what came of it
curating — what curators read while the articles are changed, and afterwards
report — the report of a week, for those who look after the articles: counts first, then lists
"""

from bot.slack.messages.answers import (
    ASK_PERSON,
    ASK_THIS,
    BAD,
    FEEDBACK,
    GOOD,
    MORE,
    SHARE,
    SHOW_PASSAGE,
    STEP,
    Extras,
    Message,
    Offer,
    Unread,
    answer_message,
    asked_message,
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
    prose_message,
    question_buttons,
)
from bot.slack.messages.blocks import Block
from bot.slack.messages.curating import (
    KEEP,
    REMOVE,
    WHICH,
    curated_message,
    removal_buttons,
    which_buttons,
)
from bot.slack.messages.home import (
    ADD,
    Trouble,
    conversation_title,
    home_view,
    home_without_index,
    prompts,
)
from bot.slack.messages.modals import (
    MAX_REASON_CHARS,
    REASONS,
    WHY,
    add_modal,
    changed_modal,
    feedback_modal,
    passage_modal,
    said_in,
    stretch_modal,
    withheld_modal,
)
from bot.slack.messages.people import (
    ANSWERED,
    KEEP_AS_ARTICLE,
    person_answered_message,
    person_message,
)
from bot.slack.messages.report import Line, full_date, report_message
from bot.words import CHINESE, ENGLISH, LANGUAGES, Words, words_for

__all__ = [
    "ADD",
    "ANSWERED",
    "ASK_PERSON",
    "ASK_THIS",
    "BAD",
    "CHINESE",
    "ENGLISH",
    "FEEDBACK",
    "GOOD",
    "KEEP",
    "KEEP_AS_ARTICLE",
    "LANGUAGES",
    "MAX_REASON_CHARS",
    "MORE",
    "REASONS",
    "REMOVE",
    "SHARE",
    "SHOW_PASSAGE",
    "STEP",
    "WHICH",
    "WHY",
    "Block",
    "Extras",
    "Line",
    "Message",
    "Offer",
    "Trouble",
    "Unread",
    "Words",
    "add_modal",
    "answer_message",
    "asked_message",
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
    "person_answered_message",
    "person_message",
    "prompts",
    "prose_message",
    "question_buttons",
    "removal_buttons",
    "report_message",
    "said_in",
    "stretch_modal",
    "which_buttons",
    "withheld_modal",
    "words_for",
]
