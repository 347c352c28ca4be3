"""The few Block Kit pieces that Footnote uses, as plain dictionaries.

Whatever comes from an article or a person goes into `rich_text` parts, which Slack shows as they
are: nothing inside them is parsed, so nothing can ping, link or format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.text import MAX_LINK_CHARS, safe_link, shortened

Block = dict[str, object]

MAX_LABEL_UNITS = 75
"""Of UTF-16; Slack's limit for what a button shows."""


@dataclass(frozen=True, slots=True)
class Look:
    """How words of an article look."""

    bold: bool = False
    slanted: bool = False
    code: bool = False
    link: str | None = None


def text(words: str, *, bold: bool = False, italic: bool = False) -> Block:
    part: Block = {"type": "text", "text": words}
    style = {"bold": True} if bold else {"italic": True} if italic else {}
    return part | {"style": style} if style else part


def styled(words: str, look: Look, *, limit: int = MAX_LINK_CHARS) -> Block:
    """Words of an article in the look that they have there; a link is one if Slack takes its address."""
    style = {"bold": look.bold, "italic": look.slanted, "code": look.code}
    shown = {name: True for name, on in style.items() if on}
    part = link(words, look.link, limit=limit)
    return part | {"style": shown} if shown else part


def ours(said: str, *, bold: bool = False) -> list[Block]:
    """Words of the catalogue.  What stands between backticks is to be typed, and looks like it."""
    pieces = [(piece, bool(number % 2)) for number, piece in enumerate(said.split("`")) if piece]
    return [_code(piece, bold=bold) if is_code else text(piece, bold=bold) for piece, is_code in pieces]


def link(words: str, *urls: str | None, bold: bool = False, limit: int = MAX_LINK_CHARS) -> Block:
    """Return the words, linked to the first of `urls` that Slack takes; plain if none is."""
    url = safe_link(*urls, limit=limit)
    if url is None:
        return text(words, bold=bold)
    part: Block = {"type": "link", "url": url, "text": words}
    return part | {"style": {"bold": True}} if bold else part


def person(id: str) -> Block:
    """Return a mention of a user, or of a user group: it pings."""
    return (
        {"type": "usergroup", "usergroup_id": id} if id.startswith("S") else {"type": "user", "user_id": id}
    )


def emoji(name: str) -> Block:
    return {"type": "emoji", "name": name}


def rich_text(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def section(*parts: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(parts)}


def quotation(*parts: Block) -> Block:
    return {"type": "rich_text_quote", "elements": list(parts)}


def header(words: str) -> Block:
    return {"type": "header", "text": plain(words)}


def bullets(items: Iterable[Block]) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(items)}


def plain(words: str) -> Block:
    return {"type": "plain_text", "text": words, "emoji": False}


def note(words: str) -> Block:
    return {"type": "context", "elements": [plain(words)]}


def button(words: str, *, action: str, value: str, spoken: str) -> Block:
    return {
        "type": "button",
        "text": plain(words),
        "action_id": action,
        "value": value,
        "accessibility_label": spoken,
    }


def label(words: str) -> str:
    """Words as they fit a button: Slack counts a sign outside of the Basic Multilingual Plane twice."""
    fits = shortened(words, MAX_LABEL_UNITS)
    return (
        fits
        if len(fits.encode("utf-16-le")) <= 2 * MAX_LABEL_UNITS
        else shortened(words, MAX_LABEL_UNITS // 2)
    )


def link_button(words: str, *, action: str, url: str) -> Block:
    return {"type": "button", "text": plain(words), "action_id": action, "url": url}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def feedback(*, action: str, good: Block, bad: Block) -> Block:
    element: Block = {
        "type": "feedback_buttons",
        "action_id": action,
        "positive_button": good,
        "negative_button": bad,
    }
    return {"type": "context_actions", "elements": [element]}


def thumb(sign: str, *, value: str, spoken: str) -> Block:
    return {
        "text": {"type": "plain_text", "text": sign, "emoji": True},
        "value": value,
        "accessibility_label": spoken,
    }


def choice(label: str, *, block: str, action: str, options: Iterable[tuple[str, str]]) -> Block:
    """One of several, as `(value, words)`; the first is chosen until another is."""
    shown: list[Block] = [{"text": plain(words), "value": value} for value, words in options]
    element = {"type": "radio_buttons", "action_id": action, "options": shown, "initial_option": shown[0]}
    return {"type": "input", "block_id": block, "label": plain(label), "element": element}


def free_text(label: str, hint: str, *, block: str, action: str, limit: int) -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": action,
        "multiline": True,
        "max_length": limit,
        "placeholder": plain(hint),
    }
    return {"type": "input", "block_id": block, "optional": True, "label": plain(label), "element": element}


def line(label: str, hint: str, *, block: str, limit: int) -> Block:
    """One line of text, which may stay empty."""
    element = {
        "type": "plain_text_input",
        "action_id": block,
        "max_length": limit,
        "placeholder": plain(hint),
    }
    return {"type": "input", "block_id": block, "optional": True, "label": plain(label), "element": element}


def modal(title: str, close: str, blocks: Iterable[Block], **more: object) -> Block:
    """`more`: `callback_id`, `private_metadata`, `submit`."""
    return {"type": "modal", "title": plain(title), "close": plain(close), "blocks": list(blocks)} | more


def home(blocks: Iterable[Block]) -> Block:
    return {"type": "home", "blocks": list(blocks)}


def size(blocks: Iterable[Block]) -> int:
    """Characters of the payload as Slack's JavaScript counts them: UTF-16 units of the JSON."""
    return len(json.dumps(list(blocks), ensure_ascii=False).encode("utf-16-le", "surrogatepass")) // 2


def _code(words: str, *, bold: bool) -> Block:
    return {"type": "text", "text": words, "style": {"code": True} | ({"bold": True} if bold else {})}
