"""Whether a message asks nothing itself and means another one, and what it quotes or forwards.  Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Payload = Mapping[str, Any]

_POINTS = re.compile(
    r"(?:(?:hi|hey|hello|so|and|please|pls|maybe|perhaps)\W+)*"
    r"(?:(?:can|could|would|will|do) (?:you|u|we|anyone|somebody|it)(?: please)? "
    r"(?:answer|help|check|verify|confirm|know|explain|look up|look at|look into|find(?: out)?|say)"
    r"(?: (?:with|on|us|me|them|him|her|here|out|more|anything|something|about|to))*"
    r"(?: (?:this|that|it|these|those|the question|this question|this one|the above|above))?"
    r"|(?:please )?(?:answer|check|verify|confirm|explain|look at|see|help with)"
    r" (?:this|that|it|the question|this question|this one|the above|above)"
    r"|(?:is|was|are|isn't) (?:this|that|it|these) (?:really )?"
    r"(?:true|right|correct|so|accurate|the case|wrong)"
    r"|(?:what|how) about (?:this|that|it)"
    r"|(?:any )?(?:idea|ideas|thoughts|answer|answers)(?: on (?:this|that|it))?"
    r"|what do you (?:think|say)(?: (?:about|of|to) (?:this|that|it))?"
    r"|this(?: one)?|that|see above|above|true|really|do you know(?: this| that| it)?"
    r"|(?:你)?(?:能|可以|会)?(?:帮忙)?(?:回答|看看|看一下|查一下|确认)(?:一下)?(?:这个|这个问题|这条)?(?:吗)?"
    r"|这(?:是)?(?:真的|对|正确)吗|是真的吗|对吗|真的吗|你知道吗|你怎么看)?"
    r"(?: please| thanks)?[\s?!.,;:^…？！。，👆☝️-]*",
    re.IGNORECASE,
)


# A link to a message in Slack, as Slack delivers it.
_PERMALINK = re.compile(r"<https://[\w.-]+\.slack\.com/archives/\w+/p\d+[^<>\s]*>")


@dataclass(frozen=True, slots=True)
class Meant:
    """The message that somebody calls the bot to."""

    text: str
    """As it was read by people."""
    author: str = ""
    """A user id, if it is known."""
    name: str = ""


def points(text: str) -> bool:
    """Return whether a text, without the mention of the bot, only points to another one.

    >>> points(""), points("can you answer this?"), points("Is this true?"), points("Who owns this?")
    (True, True, True, False)
    """
    return bool(_POINTS.fullmatch(text.strip()))


def without_quote(markup: str) -> tuple[str, str]:
    """Return a text as Slack delivers it without its quoted lines, and these lines.

    >>> without_quote("&gt; who owns it?\\n<@U1> is this known?")
    ('<@U1> is this known?', 'who owns it?')
    """
    lines = markup.split("\n")
    quoted = [line.removeprefix("&gt;").strip() for line in lines if line.startswith("&gt;")]
    own = [line for line in lines if not line.startswith("&gt;")]
    return "\n".join(own).strip(), "\n".join(quoted).strip()


def without_permalinks(markup: str) -> tuple[str, bool]:
    """Return a text as Slack delivers it without links to messages, and whether there were any.

    >>> without_permalinks("is this true? <https://acme.slack.com/archives/C1/p1700000000000100>")
    ('is this true?', True)
    """
    own, count = _PERMALINK.subn(" ", markup)
    return (own.strip(), True) if count else (markup, False)


def shares(message: Payload) -> bool:
    """Return whether a message forwards another one, or shows one that it links to."""
    return any(map(_is_message, message.get("attachments") or ()))


def forwarded(message: Payload) -> tuple[str, str, str] | None:
    """Return text, author id and author name of a message that is forwarded or shared in this one."""
    for attachment in message.get("attachments") or ():
        if not _is_message(attachment):
            continue  # a preview of a link
        said = str(attachment.get("text") or "") or _words_in(_blocks_of(attachment))
        if said:
            return said, str(attachment.get("author_id") or ""), str(attachment.get("author_name") or "")
    return None


def markup_of(message: Payload) -> str:
    """Return the words of a message, also if they stand only in blocks or attachments."""
    said = str(message.get("text") or "") or _words_in(message.get("blocks") or ())
    if said:
        return said
    parts = []
    for attachment in message.get("attachments") or ():
        if not _is_message(attachment):
            words = str(attachment.get("text") or attachment.get("fallback") or "")
            parts.append(_words_in(attachment.get("blocks") or ()) or words)
    return "\n".join(part for part in parts if part)


def elements(value: object) -> Iterator[Payload]:
    """Yield all elements within blocks, in the order of reading."""
    if isinstance(value, Mapping):
        yield value
        yield from (found for part in value.values() for found in elements(part))
    elif isinstance(value, list | tuple):
        yield from (found for part in value for found in elements(part))


def _is_message(attachment: Payload) -> bool:
    return bool(attachment.get("is_share") or attachment.get("is_msg_unfurl"))


def _blocks_of(attachment: Payload) -> Sequence[Payload]:
    """Return the blocks of a forwarded message, which Slack packs once more."""
    packed = attachment.get("message_blocks") or ()
    return [part for one in packed for part in (one.get("message") or {}).get("blocks") or ()]


def _words_in(blocks: Sequence[Payload]) -> str:
    """Return the words of rich text, sections and headers, as markup."""
    said: list[str] = []
    for block in blocks:
        if block.get("type") == "rich_text":
            said.append("".join(map(_mark, elements(block.get("elements") or ()))))
        elif isinstance(block.get("text"), Mapping):
            said.append(str(block["text"].get("text") or ""))
    return "\n".join(part for part in said if part)


def _mark(element: Payload) -> str:
    match element.get("type"):
        case "text":
            return html.escape(str(element.get("text") or ""), quote=False)
        case "user":
            return f"<@{element.get('user_id')}>"
        case "link":
            return f"<{element.get('url')}|{element.get('text') or element.get('url')}>"
        case _:
            return ""
