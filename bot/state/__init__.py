"""What the bot must remember beyond one process, in one SQLite file that several processes may share.

It holds no text of an article.  Of the people's words it holds the questions that are not yet
answered, those of recent threads, for follow-ups, those that their askers passed on to the curators,
and what they wrote about an answer; all other questions only where a setting says so.
"""

from bot.state.chores import Chore
from bot.state.endings import Ending, EndingKind, InVain
from bot.state.inbox import LEASE_SECONDS, MAX_TRIES, Claim, Letter, Pending, Replied, Sequel
from bot.state.memory import RETENTION_DAYS, State
from bot.state.places import Place
from bot.state.shown import Judged, Reason, ShownAnswer, ShownQuote, Verdict, text_hash
from bot.state.takings import Limit, Over
from bot.state.threads import FOLLOW_UP_SECONDS, TURNS_REMEMBERED

__all__ = [
    "FOLLOW_UP_SECONDS",
    "LEASE_SECONDS",
    "MAX_TRIES",
    "RETENTION_DAYS",
    "TURNS_REMEMBERED",
    "Chore",
    "Claim",
    "Ending",
    "EndingKind",
    "InVain",
    "Judged",
    "Letter",
    "Limit",
    "Over",
    "Pending",
    "Place",
    "Reason",
    "Replied",
    "Sequel",
    "ShownAnswer",
    "ShownQuote",
    "State",
    "Verdict",
    "text_hash",
]
