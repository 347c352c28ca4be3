"""Slack's markup as the words that a person saw."""

from __future__ import annotations

import pytest

from bot.slack.incoming import decode


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<@UBOT> who owns Banma?", "who owns Banma?"),
        ("<@UBOT>: who owns Banma?", "who owns Banma?"),
        ("<@UBOT>, who owns Banma?", "who owns Banma?"),
        ("who owns Banma, <@UBOT>?", "who owns Banma, ?"),
        ("<@UBOT|footnote> who?", "who?"),
        ("does <@UADA> know?", "does @UADA know?"),
        ("does <@UADA|ada> know?", "does @ada know?"),
        ("see <#C1|cars> and <#C2|>", "see #cars and #C2"),
        ("<https://a.example/?a=1&amp;b=2>", "https://a.example/?a=1&b=2"),
        ("<https://a.example|the site>", "the site"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<!here> <!subteam^S1|@team> <!subteam^S1>", "@here @team @subteam"),
        ("<!date^1392734382^{date}|18 February>", "18 February"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&lt;!channel&gt;", "<!channel>"),
        ("&amp;lt;", "&lt;"),
        ("- a list", "- a list"),
        ("half \ud83d an emoji", "half \ufffd an emoji"),
        ("   ", ""),
        ("<@UBOT>", ""),
        ("谁持有斑马的股份？", "谁持有斑马的股份？"),
    ],
)
def test_text_is_decoded(text: str, seen: str) -> None:
    assert decode(text, "UBOT") == seen
