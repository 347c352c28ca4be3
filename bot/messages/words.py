"""Every word that Footnote itself says in Slack; what it quotes comes from the articles."""

from __future__ import annotations

from bot.types import MAX_QUESTION_CHARS, Silence

UNCERTAIN = "Closest I found"
UNCERTAIN_DETAIL = "It may not answer your question, so please check it."
WRITTEN = "Written by a language model from the sentences below; every sentence was checked against them."
SOURCES = "Sources"
UNDATED = "undated"

NOTHING = {
    Silence.NOT_IN_SOURCES: "I did not find an answer in the articles.",
    Silence.TOO_LONG: (
        f"That is longer than the {MAX_QUESTION_CHARS:,} characters that I read."
        " Please ask in a sentence or two."
    ),
    Silence.THANKS: "You are welcome. Ask again whenever you like.",
    Silence.NO_ARTICLES: (
        "I have no articles to search yet. Whoever runs me can add Markdown files to the sources folder"
        " and run `footnote build`."
    ),
}
NEAREST = "Nearest articles, which do not answer it:"

HELP = "Ask me a question, and I answer with quotes from the articles."
HELP_DETAIL = (
    "Write it after my name in a channel, in a direct message to me, or privately with /ask."
    " Every quote is word for word, and “Show passage” shows where it stands."
)

NO_INDEX = "I have no usable index of the articles, so I could not look this up."
NO_INDEX_DETAIL = "Whoever runs me can see the reason, and what to do, with `footnote doctor`."
BROKEN = "Something went wrong on my side, so I could not look this up."
BROKEN_DETAIL = "The fault is in my log. Asking again may work."
BUSY = "I have more questions than I can handle right now, so I did not look this one up."
BUSY_DETAIL = "Please ask again in a minute."
LAYOUT_REFUSED = "(Slack refused the layout of this reply, so here it is as plain text.)"
UNREAD_ATTACHMENT = "I did not read the attached file; I only read the text of a message."

SHOW_PASSAGE = "Show passage"
PASSAGE = "Passage"
PASSAGE_NOTE = "The quoted words are in bold."
PASSAGE_SHORTENED = "The passage is shortened here."
OPEN_ARTICLE = "Open the article at this sentence"
CLOSE = "Close"
PASSAGE_WITHHELD = "I cannot show this passage. Please ask your question again."
PASSAGE_CHANGED = (
    "The article has changed since this answer, so the quote no longer stands there as it did."
    " Please ask your question again."
)
PASSAGE_TOO_LATE = "Slack took too long to let me open the passage. Please press the button again."

GOOD = "Good answer"
BAD = "Bad answer"
FEEDBACK_THANKS = "Thank you, noted."
FEEDBACK_WITHHELD = "I no longer have this answer, so I could not note that."

THINKING = "is looking through the articles…"
