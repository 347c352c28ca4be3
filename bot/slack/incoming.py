"""Slack's events as questions: the text, the place, the person, and the keys of a delivery.

Here everything is read that a message says of itself, once; who is spoken to without a mention is
known to the thread, and decided in `bot.slack.listeners`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from slack_bolt import BoltContext

from bot.answer.conversation import request_about, small_talk
from bot.memory import Place, StoredQuestion
from bot.slack.messages import LANGUAGES, Unread
from bot.slack.pointing import (
    Meant,
    Payload,
    elements,
    forwarded,
    markup_of,
    points,
    shares,
    without_permalinks,
    without_quote,
)
from bot.slack.requests import Request, request_in
from bot.text import head, tail
from bot.types import MAX_QUESTION_CHARS

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
_MARKS = r"[\s?!.,;:'\"()…？！。，-]*"
_BARE = re.compile(
    rf"{_MARKS}(?:no|nope|nah|yes|yep|yeah|hm+|oh|ah|k|lol|嗯|哦|不|不是|是|是的|对|好|好的)?{_MARKS}",
    re.IGNORECASE,
)
# An emoji in Slack's text, if its blocks do not tell: standing by itself, so that 10:30:15 is none.
_EMOJI = re.compile(r"(?<![\w:/]):[a-z0-9_+'-]*[a-z+-][a-z0-9_+'-]*:(?::skin-tone-\d:)?(?![\w/])")
# What an emoji says by itself: hello, or nothing but "look there"; any other is taken for thanks.
_WAVES = frozenset({"wave", "raised_hand", "hand", "raised_hand_with_fingers_splayed", "hugging_face"})
_POINTERS = frozenset({"point_up", "point_up_2", "arrow_up", "arrow_heading_up", "question", "eyes"})
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>|<!(?:here|channel|everyone|subteam)")


def is_question(text: str) -> bool:
    """Return whether a text, as a person saw it, asks something.

    >>> is_question("And since when?"), is_question("who owns Banma"), is_question("I will ask Bob.")
    (True, True, False)
    """
    return not is_bare(text) and (
        "?" in text
        or "？" in text
        or request_about(text) is not None
        or bool(_OPENS_A_QUESTION.match(text))
        or bool(_ASKS_IN_CHINESE.search(text))
    )


def is_bare(text: str) -> bool:
    """Return whether a text is a word or a sign that asks nothing: no, yes, ?; courtesies are not meant.

    >>> is_bare("no"), is_bare("?"), is_bare("no share?"), is_bare("thanks")
    (True, True, False, False)
    """
    return bool(_BARE.fullmatch(text)) and small_talk(text) is None


def without_emoji(markup: str, blocks: Sequence[Payload] = ()) -> str:
    """Return a text as Slack delivers it without emoji; if it has nothing else, what they say.

    >>> without_emoji("thanks :pray:"), without_emoji(":wave:"), without_emoji("at 10:30:15")
    ('thanks', 'hi', 'at 10:30:15')
    """
    named = [element for element in elements(blocks) if element.get("type") == "emoji"]
    if blocks and _has_rich_text(blocks):
        marks = {f":{element.get('name')}:" for element in named}
        pattern = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
        said = re.sub(rf"(?:{pattern})(?::skin-tone-\d:)?", " ", markup) if marks else markup
    else:
        said = _EMOJI.sub(" ", markup)
    if said == markup:
        return markup
    words = _MENTION.sub(" ", said).strip()
    if words:
        return said.strip()
    names = set(re.findall(r":([\w+'-]+):", markup))
    meaning = "" if names & _POINTERS else "hi" if names & _WAVES else "thanks"
    return f"{said.strip()} {meaning}".strip()


def mentions_bot(markup: str, bot_user_id: str | None) -> bool:
    """Return whether the bot is mentioned in a text as Slack delivers it."""
    return any(match[1] == bot_user_id for match in _MENTION.finditer(markup) if match[1])


def is_to_others(markup: str, bot_user_id: str | None) -> bool:
    """Return whether somebody else, or everybody, is mentioned."""
    return any(match[1] != bot_user_id for match in _MENTION.finditer(markup))


def order_in(text: str) -> Order | None:
    """Return the order that a message is, if it is nothing else; any language is understood."""
    said = text.strip().rstrip(".!。！").strip().casefold()
    if any(said in words.orders_quiet for words in LANGUAGES):
        return "quiet"
    return "resume" if any(said in words.orders_resume for words in LANGUAGES) else None


_MARKUP = re.compile(r"<([^<>]*)>")
_LINK = re.compile(r"<https?://[^<>]+>")
_SURROGATES = re.compile("[\ud800-\udfff]")
# People write "@Footnote, who …" and "@Footnote: who …".
_AFTER_MENTION = re.compile(r"^[\s,:;–—-]+")


@dataclass(frozen=True, slots=True)
class Here:
    """The facts about the bot that are needed to read what is said to it."""

    team: str
    bot_user: str | None = None
    requests: bool = True
    """Whether articles can be changed from Slack."""
    curators: bool = True
    """Whether somebody may; if not, a link that is dropped on the bot is what it always was."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the bot, or an order or a request, complete."""

    text: str
    """Decoded, without the mention of the bot; empty if nothing was asked."""
    place: Place
    keys: tuple[str, ...] = ()
    """All that identify this delivery and its repetitions; empty for one that is claimed already."""
    ts: str = ""
    """The message; empty for a question that is none, as of a slash command."""
    user: str = ""
    unread: tuple[Unread, ...] = ()
    addressed: bool = True
    """Somebody spoke to the bot; if not, it answers for certain or says nothing."""
    order: Order | None = None
    request: Request | None = None
    """The request of a curator."""
    pointing: bool = False
    """It asks nothing itself, and means a message that it quotes or forwards (`meant`), or one above it."""
    meant: Meant | None = None
    response_url: str = ""
    """The place of a private answer, which has no message and no thread of its own."""
    in_thread: str = ""
    """The thread in which a private answer is shown."""
    shared: bool | None = None
    """Whether the channel is shared with another organisation; None if Slack did not say so by itself."""
    outsider: bool = False
    """The asker belongs to another organisation."""

    @property
    def is_first_of_direct_conversation(self) -> bool:
        return self.place.channel.startswith("D") and self.ts == self.place.thread and bool(self.text)

    @property
    def is_asked(self) -> bool:
        """Whether it is a question, and counts as one: what asks for silence has to be heard."""
        return self.order is None and self.request is None

    def overheard(self) -> Question:
        """Return the same for a line that was not addressed to the bot: no order, and no request."""
        return replace(self, addressed=False, order=None, request=None)

    def stored(self) -> StoredQuestion:
        body = asdict(replace(self, keys=()))
        text = json.dumps(body, ensure_ascii=False, default=lambda kind: kind.value)
        addresses = bool(self.ts) and self.addressed
        return StoredQuestion(self.place, self.ts, text, self.keys, self.user, addresses)


def restored(body: str) -> Question:
    """Return a question that was kept, as it was; without its keys, since it is claimed already."""
    kept = json.loads(body)
    request = kept["request"]
    return Question(
        **{
            **kept,
            "place": Place(**kept["place"]),
            "keys": (),
            "unread": tuple(map(Unread, kept["unread"])),
            "meant": None if kept["meant"] is None else Meant(**kept["meant"]),
            "request": None if request is None else Request.from_json(request),
        }
    )


def from_event(body: Payload, here: Here) -> Question:
    """Return the question of an `app_mention` or of a message."""
    return _question(body, body["event"], here)


def from_edit(body: Payload, here: Here) -> Question:
    """Return the question of a `message_changed`, as it reads now."""
    event = body["event"]
    message = event["message"]
    question = _question(body, message, here)
    edited = (message.get("edited") or {}).get("ts") or event.get("event_ts") or event.get("ts")
    edit = f"edit:{here.team}:{question.place.channel}:{question.ts}:{edited}"
    return replace(question, keys=(question.keys[0], edit))


def as_new(question: Question) -> Question:
    """Return an edited message that has become a question, under the keys of a new one."""
    return replace(question, keys=(question.keys[0], _message_key(question.place, question.ts)))


def from_command(command: Payload, here: Here) -> Question:
    markup = str(command.get("text") or "")
    return Question(
        text=decode(without_emoji(markup), here.bot_user),
        place=Place(here.team, str(command["channel_id"])),
        keys=(f"command:{here.team}:{command['trigger_id']}",),
        user=str(command.get("user_id") or ""),
        unread=_unread(markup, ()),
        request=request_in(markup) if here.requests else None,
        response_url=str(command["response_url"]),
    )


def from_button(body: Payload, question: str, team: str) -> Question:
    """Return the question of a button, from the person who presses it, answered to that person alone."""
    return Question(
        text=question[:MAX_QUESTION_CHARS],
        place=place_pressed(body, team),
        keys=(f"button:{team}:{body['trigger_id']}",),
        user=user_of(body),
        response_url=str(body["response_url"]),
        in_thread=thread_shown(body),
        outsider=is_outsider(body),
    )


def from_shortcut(shortcut: Payload, here: Here) -> Question:
    """Return the text of the message that the shortcut was used on, as far as a question may be long."""
    message = shortcut.get("message") or {}
    text = decode(without_emoji(str(message.get("text") or ""), message.get("blocks") or ()), here.bot_user)
    text, rest = within_limit(text)
    return Question(
        text=text,
        place=place_pressed(shortcut, here.team),
        keys=(f"shortcut:{here.team}:{shortcut['trigger_id']}",),
        user=user_of(shortcut),
        unread=(*_unread("", message.get("files") or ()), *rest),
        response_url=str(shortcut["response_url"]),
        in_thread=str(message.get("thread_ts") or ""),
        outsider=is_outsider(shortcut),
    )


def within_limit(text: str) -> tuple[str, tuple[Unread, ...]]:
    """Return as much of somebody's message as a question may be long, and whether that is not all.

    It is the end of the message if it asks there, else its beginning.
    """
    if len(text) <= MAX_QUESTION_CHARS:
        return text, ()
    asks_last = text.rstrip().endswith(("?", "？"))
    return (tail if asks_last else head)(text, MAX_QUESTION_CHARS), (Unread.REST,)


def place_pressed(body: Payload, team: str) -> Place:
    """Return the place of a pressed button; a modal and App Home have no channel, and show no answer."""
    return Place(team, str((body.get("channel") or {}).get("id") or ""))


def user_of(body: Payload) -> str:
    """Return the person who pressed a button, or used a shortcut."""
    return str((body.get("user") or {}).get("id") or "")


def thread_shown(body: Payload) -> str:
    """Return the thread that a button stands in; what only one person sees comes without its message."""
    shown = (body.get("message") or {}).get("thread_ts") or (body.get("container") or {}).get("thread_ts")
    return str(shown or "")


def team_of(context: BoltContext) -> str:
    """Return the workspace as Bolt finds it, alike for events, commands and buttons."""
    return context.team_id or context.enterprise_id or ""


def is_outsider(interaction: Payload) -> bool:
    """Return whether somebody of another organisation pressed a button, or used a shortcut."""
    if interaction.get("enterprise"):
        return False  # people of its other workspaces; outsiders are known by their channel
    team, of_user = interaction.get("team") or {}, (interaction.get("user") or {}).get("team_id")
    return bool(of_user and team.get("id") and of_user != team["id"])


def author_of(message: Payload) -> str:
    return str(message.get("user") or message.get("bot_id") or "")


def is_welcome(message: Payload, allow_bots: Collection[str]) -> bool:
    """Return whether a person, or a bot that is allowed by name, wrote it; joins and other news are not."""
    if message.get("subtype") not in (None, "file_share", "thread_broadcast", "bot_message"):
        return False
    if "ts" not in message or not author_of(message):
        return False
    if message.get("bot_id") or message.get("subtype") == "bot_message":
        return is_allowed_bot(message, allow_bots)
    return True


def is_allowed_bot(message: Payload, allow_bots: Collection[str]) -> bool:
    ids = {str(message.get(name)) for name in ("bot_id", "app_id", "user") if message.get(name)}
    return not ids.isdisjoint(allow_bots)


def takes_token_away(event: Payload) -> bool:
    """Return whether the token of the workspace is good for nothing after this."""
    kind = event.get("type")
    return kind == "app_uninstalled" or (
        kind == "tokens_revoked" and bool((event.get("tokens") or {}).get("bot"))
    )


def decode(text: str, bot_user_id: str | None) -> str:
    """Return Slack's markup as the words that the person saw; only the mention of this bot is dropped."""
    seen = _MARKUP.sub(lambda match: _words(match.group(1), bot_user_id), text)
    # A lone surrogate, which JSON can carry, could be neither stored nor embedded.
    decoded = _SURROGATES.sub("\ufffd", html.unescape(seen))
    return _AFTER_MENTION.sub("", decoded).strip() if seen != text else decoded.strip()


def _question(body: Payload, message: Payload, here: Here) -> Question:
    """`message` is the event of `body`, or what it changed."""
    ts = str(message["ts"])
    place = Place(here.team, str(body["event"]["channel"]), str(message.get("thread_ts") or ts))
    markup, linked = without_permalinks(markup_of(message))
    files = message.get("files") or ()
    text = decode(without_emoji(markup, message.get("blocks") or ()), here.bot_user)
    meant = _meant(message, here)
    unread = _unread(markup, files)
    if meant is None and (linked or shares(message)):
        unread = (*unread, Unread.MESSAGE)
    # In a direct conversation there is nothing above but the bot's own words.
    asks_nothing = points(text)
    above = asks_nothing and not place.channel.startswith("D") and Unread.MESSAGE not in unread
    pointing = not files and (meant is not None or above)
    if asks_nothing and Unread.MESSAGE in unread:
        text = ""
    return Question(
        text="" if is_bare(text) else text,
        place=place,
        # An event id is new for each event, so a message that comes as `app_mention` and as
        # `message` is one delivery only by its place and time.
        keys=(f"event:{body['event_id']}", _message_key(place, ts)),
        ts=ts,
        user=author_of(message),
        unread=unread,
        pointing=pointing,
        meant=meant,
        order=order_in(text),
        request=_request(body["event"], message, here),
        shared=_bool(body.get("is_ext_shared_channel")),
        outsider=_is_of_outsider(body, message, here.team),
    )


def _meant(message: Payload, here: Here) -> Meant | None:
    """Return the text that a message quotes or forwards, if it asks nothing itself."""
    own, quoted = without_quote(without_permalinks(str(message.get("text") or ""))[0])
    if not points(decode(without_emoji(own), here.bot_user)):
        return None
    if (found := forwarded(message)) is not None:
        said, author, name = found
        text = decode(without_emoji(said), here.bot_user)
        return Meant(text, author, name) if text else None
    return Meant(decode(without_emoji(quoted), here.bot_user)) if quoted else None


def _request(event: Payload, message: Payload, here: Here) -> Request | None:
    """Only of what is said to the bot by name, or to nobody else."""
    markup = str(message.get("text") or "")
    direct = event.get("channel_type") == "im" or str(event["channel"]).startswith("D")
    if not here.requests or not (direct or mentions_bot(markup, here.bot_user)):
        return None
    files = message.get("files") or ()
    markup, _ = without_permalinks(markup)  # a link to a message is no article
    return request_in(markup, files, here.bot_user, direct=direct and here.curators)


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_of_outsider(body: Payload, message: Payload, team: str) -> bool:
    if any(known.get("enterprise_id") for known in (body, *(body.get("authorizations") or ()))):
        return False  # people of its other workspaces; outsiders are known by their channel
    teams = (message.get(name) for name in ("user_team", "source_team", "team"))
    of_user = next((str(found) for found in teams if found), team)
    return of_user != team


def _has_rich_text(blocks: Sequence[Payload]) -> bool:
    return any(block.get("type") == "rich_text" for block in blocks)


def _message_key(place: Place, ts: str) -> str:
    return f"message:{place.team}:{place.channel}:{ts}"


def _unread(markup: str, files: Collection[Any]) -> tuple[Unread, ...]:
    found = (Unread.FILE, bool(files)), (Unread.LINK, bool(_LINK.search(markup)))
    return tuple(kind for kind, there in found if there)


def _words(markup: str, bot_user_id: str | None) -> str:
    target, _, label = markup.partition("|")
    if target == f"@{bot_user_id}":
        return ""
    if target.startswith("@"):
        return f"@{label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        # <!here>, <!subteam^S1|@group>, <!date^1392734382^{date}|18 February>
        return label or "@" + target[1:].split("^")[0]
    return label or target
