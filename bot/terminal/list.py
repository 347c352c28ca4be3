"""`list`: which articles there are, and the state of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.text import Text

from bot.library.store import open_store
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.paragraphs import Paragraph, one_line, show
from index.ingest.follow import Followed, followed
from index.ingest.list import MEANINGS, Listed, inventory


def list_articles(run: Invocation) -> int:
    """List every article and its state."""
    wanted = run.arguments.collection
    listed = [
        one
        for one in inventory(run.settings.sources, open_store(run.settings))
        if wanted is None or one.collection == wanted
    ]
    feeds = [one for one in followed(run.settings.data) if wanted is None or one.collection == wanted]
    if run.arguments.json:
        articles = [{**asdict(one), "reason": str(one.reason) if one.reason else None} for one in listed]
        print(one_line_json({"articles": articles, "following": [_feed_json(feed) for feed in feeds]}))
    else:
        show(run.out, [*_list_paragraphs(listed), *_feed_paragraphs(feeds)])
    return 0


def _list_paragraphs(listed: Sequence[Listed]) -> Iterator[Paragraph]:
    if not listed:
        yield Paragraph(Text("There are no articles. `footnote add` takes some in.", "yellow"))
        return
    for one in listed:
        style = {"indexed": "green", "failed": "red", "stale": "red"}.get(one.state, "yellow")
        label = f"{one.published or '':<10} {one.passages:>5}  "
        title = f"  {one_line(one.title)}" if one.title else ""
        head = Text.assemble((f"{one.state:<8} ", style), (one_line(one.id), "bold"), title)
        yield Paragraph(head, label)
        if one.reason:
            yield Paragraph(Text(one_line(f"{one.file} {one.reason}"), "red"), "  ! ")
    passages = sum(one.passages for one in listed)
    yield Paragraph(Text(f"{len(listed):,} articles, {passages:,} passages in the index.", "dim"))
    for state in dict.fromkeys(one.state for one in listed if one.state != "indexed"):
        yield Paragraph(Text(f"{state}: {MEANINGS[state]}", "dim"))


def _feed_paragraphs(feeds: Sequence[Followed]) -> Iterator[Paragraph]:
    for feed in feeds:
        count = sum(bool(page.id) for page in feed.pages)
        place = f" into {one_line(feed.collection)}" if feed.collection else ""
        words = f"{one_line(feed.url)}{place}: {count:,} articles, last looked at {feed.checked or 'never'}"
        yield Paragraph(Text(words), "following ")


def _feed_json(feed: Followed) -> dict[str, object]:
    articles = [page.id for page in feed.pages if page.id]
    return {"url": feed.url, "collection": feed.collection, "checked": feed.checked, "articles": articles}
