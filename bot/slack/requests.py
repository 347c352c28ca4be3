"""Requests of curators, read from a message: add, follow, remove, rebuild, status.  Pure.

Only what cannot be meant as a question is taken for a request: `add` and `follow` with nothing but addresses
or files behind them, `rebuild` and `status` alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bot.slack.messages import LANGUAGES

# As many files as Slack takes in one message.
MAX_SOURCES = 10

_LINK = re.compile(r"<(https?://[^<>|]+)(?:\|[^<>]*)?>")
_ADDRESS = re.compile(r"https?://\S+")
_PLACE = re.compile(r"(?:to|into|in|到)\s+(\S+)")


@dataclass(frozen=True, slots=True)
class File:
    """A file in Slack, as a message names it."""

    id: str
    name: str
    url: str
    """Address to download it from with the bot's token; empty if Slack does not keep it."""
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Pasted:
    """A text that somebody wrote into a modal."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    kind: Literal["add", "follow", "remove", "rebuild", "status"]
    urls: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    collection: str | None = None
    """The collection to add to; None if none was named."""
    name: str = ""
    """Name, file, title or address of the article to remove."""
    pasted: tuple[Pasted, ...] = ()

    @property
    def takes_long(self) -> bool:
        """So long that somebody wants to see how far it is."""
        return self.kind in ("add", "follow", "rebuild")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Request:
        files = tuple(File(**file) for file in kept["files"])
        pasted = tuple(Pasted(**one) for one in kept["pasted"])
        return cls(**{**kept, "urls": tuple(kept["urls"]), "files": files, "pasted": pasted})


def request_in(
    markup: str,
    files: Sequence[Mapping[str, Any]] = (),
    bot_user_id: str | None = None,
    *,
    direct: bool = False,
) -> Request | None:
    """Return the request that a message or the text of a command is; None if it is none.

    In a direct message a link or a file needs no word: what else could it be for?
    """
    text = _LINK.sub(r" \1 ", markup)
    text = html.unescape(re.sub(rf"<@{bot_user_id}(?:\|[^>]*)?>", " ", text) if bot_user_id else text).strip()
    given = tuple(map(_file, files[:MAX_SOURCES]))
    for rest in _behind(text, [word for words in LANGUAGES for word in words.orders_add]):
        addresses, place = _addresses_and_place(rest)
        if addresses is not None and (addresses or given):
            return Request("add", addresses[:MAX_SOURCES], given, place)
    for rest in _behind(text, [word for words in LANGUAGES for word in words.orders_follow]):
        addresses, place = _addresses_and_place(rest)
        if addresses and not given:
            return Request("follow", addresses[:MAX_SOURCES], collection=place)
    for rest in _behind(text, [word for words in LANGUAGES for word in words.orders_remove]):
        if rest and not rest.endswith(("?", "？")):
            return Request("remove", name=rest)
    alone = text.rstrip(".!。！").casefold()
    for words in LANGUAGES:
        if alone in words.orders_rebuild:
            return Request("rebuild")
        if alone in words.orders_status:
            return Request("status")
    addresses, place = _addresses_and_place(text)
    if direct and addresses is not None and place is None and (addresses or given):
        return Request("add", addresses[:MAX_SOURCES], given)
    return None


def addresses_in(text: str) -> tuple[str, ...] | None:
    """Return the addresses that a text consists of; None if there is anything else as well."""
    addresses, place = _addresses_and_place(text)
    return None if addresses is None or place else addresses[:MAX_SOURCES]


def _behind(text: str, orders: Iterable[str]) -> Iterator[str]:
    """Return the rest of a text behind each of the orders that it begins with."""
    for order in orders:
        rest = text[len(order) :]
        # Chinese needs no space, and "address" is not "add ress".
        apart = not rest or not order.isascii() or not rest[0].isalnum()
        if text[: len(order)].casefold() == order and apart:
            yield rest.strip(" :：,，")


def _addresses_and_place(text: str) -> tuple[tuple[str, ...] | None, str | None]:
    """Return the addresses and the collection named behind them; None if there is anything else as well."""
    addresses = tuple(dict.fromkeys(address.rstrip(",，") for address in _ADDRESS.findall(text)))
    rest = _ADDRESS.sub(" ", text).strip(" ,，")
    if not rest:
        return addresses, None
    place = _PLACE.fullmatch(rest)
    return (addresses, place[1]) if place else (None, None)


def _file(file: Mapping[str, Any]) -> File:
    # An external file, of Google Drive for instance, has addresses that are not Slack's own.
    kept = not file.get("is_external") and file.get("mode") != "external"
    url = file.get("url_private_download") or file.get("url_private") or ""
    size = file.get("size")
    return File(
        str(file.get("id") or ""),
        str(file.get("name") or file.get("title") or file.get("id") or ""),
        str(url) if kept else "",
        str(file.get("mimetype") or ""),
        size if isinstance(size, int) else 0,
    )
