"""`follow`: articles that keep coming, from feeds and sitemaps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from bot.terminal.articles import (
    FAILED,
    LINES_SHOWN,
    build_after,
    build_json,
    outcome_paragraphs,
    outcomes_json,
)
from bot.terminal.invocation import Invocation
from bot.terminal.json_form import one_line_json
from bot.terminal.paragraphs import Paragraph, one_line, show
from index.ingest.add import IntakeOptions
from index.ingest.follow import Follower, Round, followed, stop_following
from index.types import FootnoteError


def follow(run: Invocation) -> int:
    """Look at what was named, or at all that is followed; go on for ever with `--every`.

    1 if a feed could not be read, a page was refused, or the build failed.
    """
    given = run.arguments
    if given.stop:
        return _stop(run)
    if not given.feed and not followed(run.settings.data):
        raise FootnoteError("Nothing is followed yet. Name a feed or sitemap: footnote follow https://…")
    code = _round(run, given.feed)
    while given.every is not None:
        time.sleep(given.every)
        try:
            code = _round(run, [])
        except FootnoteError as error:
            # A full disk, a build that failed: tried again the next time.
            run.notes.print(one_line(str(error)), style="red", soft_wrap=True)
            code = FAILED
    return code


def _stop(run: Invocation) -> int:
    if not run.arguments.feed:
        raise FootnoteError("--stop needs the address of what to follow no more. `footnote list` shows them.")
    for url in run.arguments.feed:
        stop_following(run.settings.data, url)
    if run.arguments.json:
        print(one_line_json({"stopped": run.arguments.feed}))
    else:
        show(run.out, [Paragraph(Text(f"No longer followed: {one_line(url)}")) for url in run.arguments.feed])
    return 0


def _round(run: Invocation, urls: Sequence[str]) -> int:
    settings = run.settings
    with run.notes.status("") as status:

        def on_page(url: str, number: int, count: int) -> None:
            status.update(Text(f"Reading {number:,} of {count:,}: {one_line(url)}"))

        options = IntakeOptions(settings.allow_hosts)
        follower = Follower(settings.sources, settings.data, options, on_page)
        rounds = (
            [follower.follow(url, run.arguments.collection) for url in urls]
            if urls
            else list(follower.look_at_all())
        )
    if not run.arguments.json:
        for one in rounds:
            show(run.out, list(_round_paragraphs(one)))
    report, problem = build_after(run) if any(one.changed for one in rounds) else (None, None)
    if run.arguments.json:
        build = build_json(report, problem)
        print(one_line_json({"followed": [_round_json(one) for one in rounds], "build": build}))
    refused = any(one.problem or outcomes_json(one.outcomes)["refused"] for one in rounds)
    return FAILED if refused or problem else 0


def _round_paragraphs(one: Round) -> Iterator[Paragraph]:
    yield Paragraph(Text(one_line(one.url), "bold"))
    if one.problem:
        yield Paragraph(Text(one_line(f"{one.url} {one.problem}"), "red"), "  ! ")
        return
    yield from outcome_paragraphs(one.outcomes, 0)
    if one.unchanged:
        yield Paragraph(Text(f"{one.unchanged:,}"), "unchanged ")
    for page in one.gone[:LINES_SHOWN]:
        words = f"{one_line(page.url)} is gone. Its article stays; to delete it: footnote remove {page.id}"
        yield Paragraph(Text(words, "yellow"), "  - ")
    if one.left_out:
        yield Paragraph(
            Text(f"{one.left_out:,} more are beyond what is followed of one address.", "yellow"), "  ~ "
        )


def _round_json(one: Round) -> dict[str, Any]:
    return {
        "url": one.url,
        "collection": one.collection,
        **outcomes_json(one.outcomes),
        "unchanged": one.unchanged,
        "gone": [{"url": page.url, "id": page.id} for page in one.gone],
        "left_out": one.left_out,
        "problem": str(one.problem) if one.problem else None,
    }
