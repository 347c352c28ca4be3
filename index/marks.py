"""The marks inside a line of Markdown: what of them is hidden, and how the rest reads without them.

`hidden` blanks what nobody is meant to read and keeps every offset; `plain` renders for people and
for models.  Both scan once from the left with bounded patterns, so that no text takes them long.
"""

from __future__ import annotations

import html
import re

# Comments of HTML and of Obsidian, struck text and Obsidian's block names; code is passed over.
_HIDDEN = re.compile(
    r"(?P<code>`[^`\n]{1,500}`|\\.)"
    r"|(?P<comment><!--)"
    r"|(?<![^\s(])%%(?=[^%\s]|\s)[^%]{1,5000}%%(?![\w%])"
    r"|~~(?=[^\s~])[^~\n]{0,1000}[^\s~]~~(?!~)|~~[^\s~]~~(?!~)"
    r"|(?<=[ \t])\^[A-Za-z0-9][A-Za-z0-9-]{3,60}(?=[ \t]*$)",
    re.MULTILINE,
)
_MAY_HIDE = re.compile(r"<!--|%%|~~|[ \t]\^")
_INK = re.compile(r"[^\n]")

# Names of elements that are marks and not words; `<name>` in a text about settings is a word.
_TAG = (
    r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|dd|del|details|dfn|div|dl|dt|em|figcaption|figure"
    r"|font|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|pre|q|s|samp|section|small|span|strong|sub|summary|sup|table"
    r"|tbody|td|tfoot|th|thead|tr|u|ul|var|wbr)\b[^<>]{0,500}>"
)
_MARK = re.compile(
    r"``(?P<code2>[^\n]{1,500}?)``|`(?P<code>[^`\n]{1,500})`"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|!\[\[[^\[\]\n]{0,300}\]\]"
    r"|\[\[(?:[^\[\]|\n]{0,300}\|)?(?P<wiki>[^\[\]|\n]{1,300})\]\]"
    r"|\[\^[^\[\]\s]{1,60}\]:?"
    r"|\[!\w{1,30}\][+-]?"
    r"|!?\[(?P<words>[^\[\]\n]{0,500})\](?:\([^()\n]{0,1000}(?:\([^()\n]{0,200}\)[^()\n]{0,500})?\)"
    r"|\[[^\[\]\n]{1,100}\])"
    r"|<(?P<address>(?:https?://|mailto:)[^<>\s]{1,1000})>"
    r"|<sup>(?P<sup>[\d+-]{1,9})</sup>|<sub>(?P<sub>[\d+-]{1,9})</sub>"
    rf"|(?P<tag>{_TAG})"
    r"|==(?=[^\s=])(?P<marked>[^=\n]{1,500})(?<!\s)=="
    # A star between two digits multiplies.
    r"|\*\*(?=[^\s*])(?P<strong>(?:[^*\n]|\*(?!\*)|\n(?!\n)){1,600}?)(?<=\S)\*\*"
    r"|(?<!\w)\*(?=[^\s*])(?P<slanted>(?:[^*\n]|\n(?!\n)){1,600}?)(?<=\S)\*"
    r"|(?<!\w)(?P<line>__|_)(?=[^\s_])(?P<under>[^_\n]{1,600})(?<!\s)(?P=line)(?!\w)"
    r"|(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)"
    r"|(?P<quote>\n[ \t]{0,3}>[ \t]?(?:>[ \t]?){0,8})"
    r"|(?P<hard>\\(?=\n))"
)
_ANY_MARK = re.compile(r"[`\\\[<=*_&>]")
_TICK = re.compile(r"\[([ xX])\](?=\s)")
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
# Marks inside marks, as in a bold link; deeper ones are shown as they stand.
_MOST_NESTED = 6


def hidden(text: str) -> str:
    """`text` with blanks for what is hidden in it, of the same length and with the same line ends."""
    if not _MAY_HIDE.search(text):
        return text
    parts: list[str] = []
    kept = place = 0
    last_comment = text.rfind("-->")
    while (match := _HIDDEN.search(text, place)) is not None:
        place = match.end()
        if match["code"]:
            continue
        if match["comment"]:
            if last_comment < place:
                continue  # never closed: shown, so that no text is lost
            place = text.index("-->", place) + 3
        parts += [text[kept : match.start()], _INK.sub(" ", text[match.start() : place])]
        kept = place
    return "".join([*parts, text[kept:]])


def plain(text: str) -> str:
    """`text` on one line as a reader sees it: no marks, nothing hidden, entities and escapes resolved."""
    seen = hidden(text)
    if _ANY_MARK.search(seen):
        tick = _TICK.match(seen)
        if tick:
            seen = ("☐" if tick[1] == " " else "☑") + seen[tick.end() :]
        seen = _rendered(seen, 0)
    return " ".join(seen.split())


def _rendered(text: str, depth: int) -> str:
    if depth >= _MOST_NESTED:
        return text

    def words(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind in ("code", "code2", "escaped", "address"):
            return match[kind]
        if kind in ("wiki", "words", "marked", "strong", "slanted", "under"):
            return _rendered(match[kind], depth + 1)
        if kind == "sup":
            return match["sup"].translate(_RAISED)
        if kind == "sub":
            return match["sub"].translate(_LOWERED)
        if kind == "tag":
            name = match["tag"].strip("</>").split()[0].lower().rstrip("/")
            return " " if name in _PARTING else ""
        if kind == "entity":
            return html.unescape(match["entity"])
        return " " if kind in ("quote", "hard") else ""

    return _MARK.sub(words, text)


_PARTING = frozenset(
    "blockquote br center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section "
    "summary table tbody td tfoot th thead tr ul".split()
)
