"""A saved e-mail (.eml) -> a `Draft`: its subject is the title; its text, who wrote it to whom, and when."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime

from index.ingest.document import (
    MAX_TITLE_CHARS,
    PARSER_FAULTS,
    Draft,
    LeftOut,
    Unreadable,
    clean_line,
    clean_text,
)
from index.ingest.readers.decoding import decode
from index.ingest.readers.plain import text_draft
from index.ingest.readers.web_page import whole_page
from index.reasons import Why

_MAX_DEPTH = 20


def read_mail(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the text of a mail, or its page if it has no text; attachments are named and left out."""
    try:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        kind, text, attachments = _text_of(message)
    except (MessageError, *PARSER_FAULTS) as error:
        raise Unreadable(Why.DAMAGED) from error
    draft = whole_page(text) if kind == "text/html" else text_draft(text, is_letter=True)
    sender, written = _names(message, "From"), _header(message, "Date")
    facts = [("From", sender), ("To", _names(message, "To")), ("Date", _moment(written) or "")]
    lines = [f"{name}: {value}" for name, value in facts if value]
    return replace(
        draft,
        text=clean_text("\n\n".join(["  \n".join(lines), draft.text])),
        title=clean_line(_header(message, "Subject"), MAX_TITLE_CHARS),
        author=sender,
        published=(_moment(written) or "")[:10] or None,
        left_out=(
            *draft.left_out,
            *([LeftOut("attachments", len(attachments), tuple(attachments[:3]))] if attachments else ()),
        ),
    )


def _text_of(message: EmailMessage) -> tuple[str, str, list[str]]:
    """Return the kind of the text, the text, and the names of the attachments."""
    if not message.keys():
        raise Unreadable(Why.NO_MAIL)
    texts: dict[str, EmailMessage] = {}
    attachments: list[str] = []
    for part in _parts(message):
        kind = part.get_content_type()
        if part.get_content_disposition() != "attachment" and kind in ("text/plain", "text/html"):
            texts.setdefault(kind, part)
        else:
            named = _header(part, "Content-Disposition").partition("filename=")[2].strip('"')
            attachments.append(named or kind)
    kind, body = next(
        ((kind, texts[kind]) for kind in ("text/plain", "text/html") if kind in texts), ("", None)
    )
    content = body.get_payload(decode=True) if body is not None else None
    if body is None or not isinstance(content, bytes) or not content.strip():
        raise Unreadable(Why.MAIL_WITHOUT_TEXT)
    return kind, decode(content, body.get_content_charset()), attachments


def _parts(message: EmailMessage, depth: int = 0) -> Iterator[EmailMessage]:
    """Yield the parts that are no containers; a mail within a mail is one of its parts."""
    if message.is_multipart() and depth < _MAX_DEPTH:
        for part in message.get_payload():
            if isinstance(part, EmailMessage):
                yield from _parts(part, depth + 1)
    elif not message.is_multipart():
        yield message


def _header(message: EmailMessage, name: str) -> str:
    # What the library makes of a header that breaks the rules may raise nearly anything.
    try:
        return clean_line(str(message.get(name) or "")) or ""
    except (MessageError, *PARSER_FAULTS):
        return ""


def _names(message: EmailMessage, header: str) -> str | None:
    try:
        people = getaddresses([str(message.get(header) or "")])
    except (MessageError, *PARSER_FAULTS):
        return None
    return clean_line(", ".join(name or address for name, address in people[:20] if name or address))


def _moment(written: str) -> str | None:
    """`2024-05-02 10:02`, in the sender's own time."""
    try:
        return parsedate_to_datetime(written).strftime("%Y-%m-%d %H:%M")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
