"""What the bot must remember beyond one process.

It holds no text of an article.  Of the people's words it holds the questions that are not yet
answered, those of recent threads, for follow-ups, those that their askers passed on to the curators,
and what they wrote about an answer; all other questions only if a setting says so.

In reading order:

schema — the tables, the same on every database
database — a database that holds the tables: read in one state, written in whole transactions
sqlite — the memory in a SQLite file, which one bot at a time uses
kept — small things that are the same for all bots: tokens of workspaces, the key of links, calibrations
postgresql — the memory in a PostgreSQL database, which several bots share
places — where in Slack something was said
limits — how many questions were taken in the last minute, from one person and in one channel
inbox — questions from the moment that they are acknowledged until they have their one reply
threads — what was said in a thread, for follow-ups, and whom the bot is talking with
answers — answers that were shown: where their quotes stand, who may see them
log — how questions ended: when, how surely, how fast, and in their words only if they are to be kept
memory — the bot's memory as one thing: what belongs together of a question is written in one transaction
"""

from bot.memory.answers import Judged, Reason, ShownAnswer, ShownQuote, Verdict, new_id, text_hash
from bot.memory.database import MemoryAway
from bot.memory.inbox import LEASE_SECONDS, MAX_TRIES, Lease, Replied, Revision, StoredQuestion, Unfinished
from bot.memory.kept import Kept, KeptFiles
from bot.memory.limits import Limits, Over
from bot.memory.log import Ending, EndingKind, Unanswered
from bot.memory.memory import RETENTION_DAYS, Ended, Memory, Shown, look_at, open_kept
from bot.memory.places import Place
from bot.memory.sqlite import alone
from bot.memory.threads import FOLLOW_UP_SECONDS, TURNS_REMEMBERED

__all__ = [
    "FOLLOW_UP_SECONDS",
    "LEASE_SECONDS",
    "MAX_TRIES",
    "RETENTION_DAYS",
    "TURNS_REMEMBERED",
    "Ended",
    "Ending",
    "EndingKind",
    "Judged",
    "Kept",
    "KeptFiles",
    "Lease",
    "Limits",
    "Memory",
    "MemoryAway",
    "Over",
    "Place",
    "Reason",
    "Replied",
    "Revision",
    "Shown",
    "ShownAnswer",
    "ShownQuote",
    "StoredQuestion",
    "Unanswered",
    "Unfinished",
    "Verdict",
    "alone",
    "look_at",
    "new_id",
    "open_kept",
    "text_hash",
]
