"""Slack's limits on what an app may post, as code: which keys, how many, how long.

Lengths count UTF-16 units, as Slack's own do, so an emoji counts twice.  Unknown keys are refused
as well: Slack drops some silently, which is how a misspelt key stays unnoticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Json = Mapping[str, Any]

MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
# The documented total is 12,000; refusals were seen near 13,200.
MAX_MESSAGE_CHARS = 13_200
MAX_TEXT_CHARS = 40_000
MAX_MARKDOWN_CHARS = 12_000

_MESSAGE_ONLY = {"context_actions", "markdown"}
_RICH_TEXT_STYLES = {"bold", "italic", "strike", "code"}


def message_problems(blocks: Sequence[Json]) -> list[str]:
    return list(_all_problems(blocks, "message"))


def view_problems(view: Json) -> list[str]:
    return list(_view_problems(view))


def total_chars(value: object) -> int:
    return _units(json.dumps(value, ensure_ascii=False))


def _view_problems(view: Json) -> Iterator[str]:
    if view.get("type") == "home":
        yield from _keys(view, {"type", "blocks"}, {"private_metadata", "callback_id"})
        yield from _all_problems(view.get("blocks", []), "home")
        return
    yield from _keys(
        view,
        {"type", "title", "blocks"},
        {"close", "submit", "private_metadata", "callback_id", "notify_on_close"},
    )
    if view.get("type") != "modal":
        yield f"view type {view.get('type')!r}"
    for name in ("title", "close", "submit"):
        if name in view:
            yield from _plain_text(view[name], 24, name)
    if _units(view.get("private_metadata", "")) > 3_000:
        yield "private_metadata over 3000"
    if "submit" not in view and any(block.get("type") == "input" for block in view.get("blocks", [])):
        yield "an input without submit"
    yield from _all_problems(view.get("blocks", []), "modal")


def _all_problems(blocks: Sequence[Json], surface: str) -> Iterator[str]:
    if not 1 <= len(blocks) <= MAX_BLOCKS[surface]:
        yield f"{len(blocks)} blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "block_id twice"
    for number, block in enumerate(blocks):
        for problem in _block_problems(block, surface):
            yield f"/blocks/{number} ({block.get('type')}): {problem}"


def _block_problems(block: Json, surface: str) -> Iterator[str]:
    kind = block.get("type")
    if kind in _MESSAGE_ONLY and surface != "message":
        yield "not allowed here"
    if _units(block.get("block_id", "")) > 255:
        yield "block_id over 255"
    if kind == "rich_text":
        yield from _keys(block, {"type", "elements"}, {"block_id"})
        yield from _rich_text(block["elements"])
    elif kind == "section":
        yield from _keys(block, {"type"}, {"block_id", "text", "fields", "accessory", "expand"})
        if "text" in block:
            yield from _text_object(block["text"], 3_000)
        if len(block.get("fields", [])) > 10:
            yield "over 10 fields"
        for field in block.get("fields", []):
            yield from _text_object(field, 2_000)
    elif kind == "context":
        yield from _keys(block, {"type", "elements"}, {"block_id"})
        yield from _count(block["elements"], 10)
        for element in block["elements"]:
            yield from _text_object(element, 3_000)
    elif kind == "actions":
        yield from _keys(block, {"type", "elements"}, {"block_id"})
        yield from _count(block["elements"], 25)
        yield from _interactive(block["elements"], {"button"})
    elif kind == "context_actions":
        yield from _keys(block, {"type", "elements"}, {"block_id"})
        yield from _count(block["elements"], 5)
        yield from _interactive(block["elements"], {"feedback_buttons"})
    elif kind == "header":
        yield from _keys(block, {"type", "text"}, {"block_id"})
        yield from _plain_text(block["text"], 150, "text")
    elif kind == "input":
        yield from _keys(
            block, {"type", "label", "element"}, {"block_id", "optional", "hint", "dispatch_action"}
        )
        if surface == "message":
            yield "not supported here"
        yield from _plain_text(block["label"], 2_000, "label")
        yield from _input(block["element"])
    elif kind == "divider":
        yield from _keys(block, {"type"}, {"block_id"})
    else:
        yield "unknown block"


def _rich_text(elements: Sequence[Json]) -> Iterator[str]:
    if not elements:
        yield "no elements"
    for element in elements:
        kind = element.get("type")
        if kind == "rich_text_list":
            yield from _keys(element, {"type", "style", "elements"}, {"indent", "offset", "border"})
            if element.get("style") not in ("bullet", "ordered"):
                yield f"list style {element.get('style')!r}"
            yield from _rich_text(element["elements"])
        elif kind in ("rich_text_section", "rich_text_quote"):
            yield from _keys(
                element, {"type", "elements"}, {"border"} if kind == "rich_text_quote" else set()
            )
            if not element["elements"]:
                yield f"{kind} without elements"
            for part in element["elements"]:
                yield from _rich_text_part(part)
        else:
            yield f"unknown rich text element {kind!r}"


def _rich_text_part(part: Json) -> Iterator[str]:
    kind = part.get("type")
    if kind == "text":
        yield from _keys(part, {"type", "text"}, {"style"})
        yield from _length(part["text"], 3_000, "text")
    elif kind == "link":
        yield from _keys(part, {"type", "url"}, {"text", "style", "unsafe"})
        yield from _length(part["url"], 3_000, "url")
        if urlsplit(part["url"]).scheme not in ("http", "https"):
            yield f"url scheme of {part['url'][:40]!r}"
        if "text" in part:
            yield from _length(part["text"], 3_000, "link text")
    elif kind == "emoji":
        yield from _keys(part, {"type", "name"}, {"unicode", "style"})
    elif kind in ("user", "usergroup", "broadcast", "channel", "team"):
        pass  # allowed by Slack; what pings is counted elsewhere
    else:
        yield f"unknown rich text part {kind!r}"
    if not set(part.get("style", {})) <= _RICH_TEXT_STYLES:
        yield f"style {part['style']}"


def _interactive(elements: Sequence[Json], kinds: set[str]) -> Iterator[str]:
    action_ids = [element.get("action_id") for element in elements]
    if len(action_ids) != len(set(action_ids)):
        yield "action_id twice"
    for element in elements:
        yield from _length(element.get("action_id", ""), 255, "action_id")
        if element.get("type") not in kinds:
            yield f"{element.get('type')!r} not allowed here"
        elif element["type"] == "button":
            yield from _keys(
                element,
                {"type", "text", "action_id"},
                {"value", "url", "style", "accessibility_label", "confirm"},
            )
            yield from _button(element)
            if "url" in element:
                yield from _length(element["url"], 3_000, "url")
        else:
            yield from _keys(element, {"type", "positive_button", "negative_button"}, {"action_id"})
            for side in ("positive_button", "negative_button"):
                yield from _keys(element[side], {"text", "value"}, {"accessibility_label"})
                yield from _button(element[side])


def _input(element: Json) -> Iterator[str]:
    kind = element.get("type")
    if kind == "radio_buttons":
        yield from _keys(element, {"type", "options"}, {"action_id", "initial_option"})
        yield from _count(element["options"], 10)
        for option in element["options"]:
            yield from _keys(option, {"text", "value"}, {"description"})
            yield from _plain_text(option["text"], 75, "option")
            yield from _length(option["value"], 150, "option value")
        if element.get("initial_option") not in (None, *element["options"]):
            yield "initial_option is none of the options"
    elif kind == "plain_text_input":
        yield from _keys(
            element,
            {"type"},
            {"action_id", "multiline", "max_length", "min_length", "placeholder", "initial_value"},
        )
        if not 1 <= element.get("max_length", 1) <= 3_000:
            yield "max_length over 3000"
        if "placeholder" in element:
            yield from _plain_text(element["placeholder"], 150, "placeholder")
    else:
        yield f"{kind!r} is no input"


def _button(button: Json) -> Iterator[str]:
    yield from _plain_text(button["text"], 75, "button text")
    if "value" in button:
        yield from _length(button["value"], 2_000, "value")
    if "accessibility_label" in button:
        yield from _length(button["accessibility_label"], 75, "accessibility_label")


def _text_object(text: Json, limit: int) -> Iterator[str]:
    if text.get("type") == "plain_text":
        yield from _plain_text(text, limit, "text")
    elif text.get("type") == "mrkdwn":
        yield from _keys(text, {"type", "text"}, {"verbatim"})
        yield from _length(text["text"], limit, "text")
    else:
        yield f"text object {text.get('type')!r}"


def _plain_text(text: Json, limit: int, name: str) -> Iterator[str]:
    yield from _keys(text, {"type", "text"}, {"emoji"})
    if text.get("type") != "plain_text":
        yield f"{name} is not plain_text"
    yield from _length(text.get("text", ""), limit, name)


def _length(value: str, limit: int, name: str) -> Iterator[str]:
    if not 1 <= _units(value) <= limit:
        yield f"{name} has {_units(value)} characters, not 1 to {limit}"
    if any(ord(character) < 0x20 and character not in "\n\t" for character in value):
        yield f"{name} holds a control character"


def _count(elements: Sequence[Json], limit: int) -> Iterator[str]:
    if not 1 <= len(elements) <= limit:
        yield f"{len(elements)} elements, not 1 to {limit}"


def _keys(value: Json, required: set[str], optional: set[str]) -> Iterator[str]:
    if missing := required - set(value):
        yield f"missing {sorted(missing)}"
    if unknown := set(value) - required - optional:
        yield f"unknown {sorted(unknown)}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
