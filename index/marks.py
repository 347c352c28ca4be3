"""The marks inside a line of Markdown: what of them is hidden, and how the rest reads without them.

`hidden` blanks what nobody is meant to read and keeps every offset; `plain` renders for models and
`pieces` for people.  All scan once from the left with bounded patterns, so that no text takes them
long.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
    r"|!?\[(?P<words>[^\[\]\n]{0,500})\](?:\((?P<target>[^()\n]{0,1000}(?:\([^()\n]{0,200}\)[^()\n]{0,500})?)\)"
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
_RUN = re.compile(r"\s+|\S+(?: \S+)*")
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


@dataclass(frozen=True, slots=True)
class Piece:
    """Words as a reader sees them, all of one look, and the part of the text that they stand for."""

    words: str
    start: int
    end: int
    """Empty for what is shown and does not stand there: the head above a cell, the mark of an item."""
    bold: bool = False
    slanted: bool = False
    code: bool = False
    link: str | None = None

    @property
    def exact(self) -> bool:
        """Whether `words` are to the letter what stands there."""
        return len(self.words) == self.end - self.start


def plain(text: str) -> str:
    """`text` on one line as a reader sees it: no marks, nothing hidden, entities and escapes resolved."""
    seen = hidden(text)
    if _ANY_MARK.search(seen) or _TICK.match(seen):
        seen = "".join(piece.words for piece in _rendered(seen))
    return " ".join(seen.split())


def pieces(text: str) -> list[Piece]:
    """Return the text that `plain` makes, as pieces with their offsets."""
    return on_one_line(_rendered(hidden(text)))


def on_one_line(found: Iterable[Piece]) -> list[Piece]:
    """Return pieces with one blank for each run of white space, and none at the ends."""
    told: list[Piece] = []
    blank = True
    for piece in found:
        literal = piece.exact
        for match in _RUN.finditer(piece.words):
            start, end = match.span() if literal else (0, piece.end - piece.start)
            if not match.group().isspace():
                told.append(
                    replace(piece, words=match.group(), start=piece.start + start, end=piece.start + end)
                )
            elif not blank:
                told.append(_part(piece, " ", start, end))
            blank = match.group()[-1].isspace()
    if told and told[-1].words == " ":
        told.pop()
    return _joined(told)


def _part(piece: Piece, words: str, start: int, end: int) -> Piece:
    return replace(piece, words=words, start=piece.start + start, end=piece.start + end)


def _joined(found: Sequence[Piece]) -> list[Piece]:
    """Return neighbours of one look as one piece, if they are letter for letter what stands in the text."""
    told: list[Piece] = []
    for piece in found:
        last = told[-1] if told else None
        if (
            last is not None
            and last.end == piece.start
            and last.exact
            and piece.exact
            and last == replace(piece, words=last.words, start=last.start, end=last.end)
        ):
            told[-1] = replace(last, words=last.words + piece.words, end=piece.end)
        else:
            told.append(piece)
    return told


def _rendered(text: str) -> Iterator[Piece]:
    tick = _TICK.match(text)
    start = tick.end() if tick else 0
    if tick:
        yield Piece("☐" if tick[1] == " " else "☑", 0, start)
    yield from _inside(Piece(text[start:], start, len(text)), 0)


def _inside(whole: Piece, depth: int) -> Iterator[Piece]:
    """Yield the pieces of a part of a text, which all look as it does, or more so."""
    text, offset = whole.words, whole.start
    place = 0

    def part(start: int, end: int) -> Piece:
        return replace(whole, words=text[start:end], start=offset + start, end=offset + end)

    for match in _MARK.finditer(text) if depth < _MOST_NESTED else ():
        if place < match.start():
            yield part(place, match.start())
        place = match.end()
        kind = "words" if match["words"] is not None else match.lastgroup
        if kind is None:
            continue
        one = part(*match.span(kind))
        match kind:
            case "code" | "code2":
                yield replace(one, code=True)
            case "escaped":
                yield one
            case "address":
                yield replace(one, link=one.words)
            case "words":
                yield from _inside(replace(one, link=_target(match) or whole.link), depth + 1)
            case "wiki" | "marked":
                yield from _inside(one, depth + 1)
            case "slanted" | "under" if match["line"] != "__":
                yield from _inside(replace(one, slanted=True), depth + 1)
            case "strong" | "under":
                yield from _inside(replace(one, bold=True), depth + 1)
            case _:
                yield replace(part(*match.span()), words=_symbol(kind, one.words))
    if place < len(text):
        yield part(place, len(text))


def _target(link: re.Match[str]) -> str | None:
    """Return the address of a link; None for a picture."""
    address = (link["target"] or "").split()[:1]
    return address[0].strip("<>") if address and not link.group().startswith("!") else None


def _symbol(kind: str, found: str) -> str:
    """Return the text to show for a tag, an entity or the mark of a quotation."""
    match kind:
        case "sup":
            return found.translate(_RAISED)
        case "sub":
            return found.translate(_LOWERED)
        case "entity":
            return html.unescape(found)
        case "tag":
            return " " if found.strip("</>").split()[0].lower().rstrip("/") in _PARTING else ""
        case _:
            return " "


_PARTING = frozenset(
    "blockquote br center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section "
    "summary table tbody td tfoot th thead tr ul".split()
)
