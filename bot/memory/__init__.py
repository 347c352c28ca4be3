"""What the bot must remember beyond one process, in one SQLite file that several processes may share.

It holds no text of an article.  Of the people's words it holds the questions that are not yet
answered, those of recent threads, for follow-ups, those that their askers passed on to the curators,
and what they wrote about an answer; all other questions only where a setting says so.

In reading order:

schema — the SQLite file: opened, brought to the current version, and written in whole transactions
places — where in Slack something was said
inbox — questions from the moment that they are acknowledged until they have their one reply
threads — threads: what was said in them, for follow-ups, and whom the bot is talking with
answers — answers that were shown: where their quotes stand, who may see them
log — how each question ended: when, how surely, how fast, and its words only where they are to be kept
limits — how many questions were taken in the last minute, from whom and where: counted over all processes
memory — the bot's memory as one thing: the inbox, the threads, the answers shown, how questions ended
"""

from bot.memory.answers import Judged, Reason, ShownAnswer, ShownQuote, Verdict, text_hash
from bot.memory.inbox import LEASE_SECONDS, MAX_TRIES, Lease, Pending, Replied, Revision, StoredQuestion
from bot.memory.limits import Limit, Over
from bot.memory.log import Ending, EndingKind, Unanswered
from bot.memory.memory import RETENTION_DAYS, State
from bot.memory.places import Place
from bot.memory.threads import FOLLOW_UP_SECONDS, TURNS_REMEMBERED

__all__ = [
    "FOLLOW_UP_SECONDS",
    "LEASE_SECONDS",
    "MAX_TRIES",
    "RETENTION_DAYS",
    "TURNS_REMEMBERED",
    "Ending",
    "EndingKind",
    "Judged",
    "Lease",
    "Limit",
    "Over",
    "Pending",
    "Place",
    "Reason",
    "Replied",
    "Revision",
    "ShownAnswer",
    "ShownQuote",
    "State",
    "StoredQuestion",
    "Unanswered",
    "Verdict",
    "text_hash",
]
