"""An article's Markdown -> HTML that is safe to show, with the quoted words marked.

Nothing of an article reaches the page but through `escape`: its own HTML is read for a few elements
that only give shape, without their attributes, and everything else of it is text or is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from bot.text import printable, safe_link
from index.units import Kind, units

QUOTE_ID = "quote"
"""The id of the first marked words, for the address of the page to end in."""
FEWEST_HEADINGS = 3
"""With fewer, a table of contents is longer than the way."""

_NOTE = re.compile(r"\[\^([^\[\]\s]{1,60})\]:[ \t]*")
_NOTE_MARK = re.compile(r"\[\^([^\[\]\s]{1,60})\]")
_BEFORE_LINE = re.compile(r"[ \t]*(?:>[ \t]?)*[ \t]*")
_LINK_END = re.compile(r"\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)|\]\[[^\[\]\n]*\]")
_HTML = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?P<attributes>(?:\s[^<>]*)?)/?>",
    re.DOTALL,
)
_SPAN = re.compile(r"\b(colspan|rowspan)\s*=\s*[\"']?(\d{1,3})\b")

# Elements that give shape.  Those that follow are marks too, and show nothing; any other is text.
_INLINE = frozenset("b strong i em u s del ins kbd code samp var sup sub small q cite".split())
_BLOCK = frozenset(
    "table caption thead tbody tfoot tr td th p ul ol li dl dt dd blockquote pre h2 h3 h4 h5 h6".split()
)
_VOID = frozenset(["br", "hr"])
_DROPPED = frozenset(
    "a abbr big center details div figcaption figure font h1 img mark section span summary wbr".split()
)
_KEPT_LINES = (Kind.LINE, Kind.DEFINITION)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heading:
    id: str
    level: int
    """From 2 on: the first level is the article's title."""
    words: str


@dataclass(frozen=True, slots=True)
class Page:
    """An article's text as HTML."""

    html: str
    headings: tuple[Heading, ...]
    """Those to list as contents; none if there are few."""
    marked: bool
    """Whether the quoted words were found in it."""


def render(text: str, title: str, quote: Span | None = None) -> Page:
    """Return `text` as HTML.  `quote` are the offsets into it of the words to mark.

    A heading that only repeats `title` is left out.
    """
    writer = _Writer(text, title, quote)
    writer.write(_parser().parse(text.replace("\r", " ")))
    headings = tuple(writer.headings) if len(writer.headings) >= FEWEST_HEADINGS else ()
    return Page("".join(writer.out), headings, writer.marked)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.block.ruler.before("reference", "note", _note, {"alt": ["paragraph", "reference"]})
    return parser


def _note(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Take `[^1]: words`, and the lines that go on from it, as a note."""
    if state.is_code_block(first):
        return False
    begin = state.bMarks[first] + state.tShift[first]
    mark = _NOTE.match(state.src, begin, state.eMarks[first])
    if mark is None:
        return False
    if silent:
        return True
    line = first + 1
    while line < last and not state.isEmpty(line):
        if _NOTE.match(state.src, state.bMarks[line] + state.tShift[line]):
            break
        line += 1
    state.push("note_open", "", 1).meta = {"label": mark[1]}
    words = state.push("inline", "", 0)
    words.content = state.src[mark.end() : state.eMarks[line - 1]].strip()
    words.map = [first, line]
    words.children = []
    state.push("note_close", "", -1)
    state.line = line
    return True


class _Writer:
    """Writes tokens, and knows the offset of each letter in the text while the quote is near."""

    def __init__(self, text: str, title: str, quote: Span | None) -> None:
        self.out: list[str] = []
        self.headings: list[Heading] = []
        self.marked = False
        self._text = text
        self._title = " ".join(title.split()).casefold()
        self._quote = quote
        self._lines = [0, *(found.end() for found in re.finditer("\n", text)), len(text)]
        self._kept = {unit.start for unit in units(text, title) if unit.kind in _KEPT_LINES}
        self._cursor = 0
        self._limit = 0
        self._near = False
        self._open = False
        self._stack: list[str] = []
        self._links: list[bool] = []
        self._ids: set[str] = set()

    def write(self, tokens: Sequence[Token]) -> None:
        place = 0
        while place < len(tokens):
            token = tokens[place]
            if token.type == "heading_open" and self._repeats_title(tokens[place + 1]):
                place += 3
                continue
            self._block(token, tokens[place + 1] if place + 1 < len(tokens) else None)
            place += 1
        self._end_mark()
        self._close_to(0)

    def _repeats_title(self, words: Token) -> bool:
        if self.headings or self.out or " ".join(words.content.split()).casefold() != self._title:
            return False
        first, last = self._range(words)
        return self._quote is None or not (first < self._quote[1] and self._quote[0] < last)

    def _range(self, token: Token) -> Span:
        if token.map is None:
            return self._cursor, self._limit
        return self._lines[token.map[0]], self._lines[min(token.map[1], len(self._lines) - 1)]

    def _approach(self, token: Token) -> None:
        """Before the letters of a block: are some of them quoted?"""
        first, self._limit = self._range(token)
        self._cursor = max(self._cursor, first)
        self._near = self._quote is not None and first < self._quote[1] and self._quote[0] < self._limit

    def _block(self, token: Token, following: Token | None) -> None:
        match token.type:
            case "inline":
                self._inline(token)
            case "heading_open":
                level = min(int(token.tag[1]) + 1, 6)
                words = printable(_words_of(following)) if following else ""
                heading = Heading(f"part-{len(self.headings) + 1}", level, words)
                self.headings.append(heading)
                self._tag(f'<h{level} id="{heading.id}">')
            case "heading_close":
                self._tag(f"</h{min(int(token.tag[1]) + 1, 6)}>\n")
            case "paragraph_open" | "paragraph_close":
                if not token.hidden:
                    self._tag("<p>" if token.nesting > 0 else "</p>\n")
                elif token.nesting < 0:
                    self._tag("\n")
            case "ordered_list_open":
                start = token.attrGet("start")
                self._tag(f'<ol start="{int(start)}">' if start not in (None, 1) else "<ol>")
            case "table_open":
                self._tag('<div class="table" tabindex="0" role="group" aria-label="Table"><table>')
            case "table_close":
                self._tag("</table></div>\n")
            case "th_open" | "td_open":
                self._tag(f"<{token.tag}>")
            case "fence" | "code_block":
                self._code(token)
            case "hr":
                self._tag("<hr>\n")
            case "html_block":
                self._approach(token)
                self._html(token.content, block=True)
                if token.level:
                    self._close_to(0)
            case "note_open":
                id = self._unique(f"note-{_slug(token.meta['label'])}")
                label = escape(printable(token.meta["label"]))
                self._tag(f'<p class="note" id="{id}"><span class="label">{label}</span> ')
            case "note_close":
                self._tag("</p>\n")
            case _ if token.tag:
                self._tag(f"<{token.tag}>" if token.nesting > 0 else f"</{token.tag}>")

    def _inline(self, token: Token) -> None:
        self._approach(token)
        base, line = len(self._stack), token.map[0] if token.map else -1
        for child in token.children or ():
            match child.type:
                case "text" | "text_special":
                    self._words(child.content)
                case "softbreak" | "hardbreak":
                    line += 1 if token.map else 0
                    self._break(child.type == "hardbreak" or self._is_kept(line))
                case "code_inline":
                    self._tag("<code>")
                    self._letters(child.content)
                    self._tag("</code>")
                case "link_open":
                    link = safe_link(str(child.attrGet("href") or ""))
                    self._links.append(link is not None)
                    if link is not None:
                        self._tag(f'<a href="{escape(link)}" rel="noopener noreferrer nofollow">')
                case "link_close":
                    self._pass_link_end()
                    if self._links and self._links.pop():
                        self._tag("</a>")
                case "image":
                    self._tag('<span class="picture">')
                    self._letters(f"[{child.content or 'picture'}]")
                    self._tag("</span>")
                case "html_inline":
                    self._html(child.content, block=False)
                case _ if child.tag:
                    self._tag(f"<{child.tag}>" if child.nesting > 0 else f"</{child.tag}>")
        self._end_mark()
        self._close_to(base)

    def _code(self, token: Token) -> None:
        self._approach(token)
        self._tag('<pre tabindex="0"><code>')
        for line in token.content.splitlines(keepends=True):
            self._letters(line)
        self._tag("</code></pre>\n")

    def _words(self, words: str) -> None:
        """Text, with the marks of notes as links to them."""
        done = 0
        for mark in _NOTE_MARK.finditer(words):
            self._letters(words[done : mark.start()])
            self._tag(f'<sup><a href="#note-{_slug(mark[1])}">')
            self._letters(mark[1])
            self._tag("</a></sup>")
            done = mark.end()
        self._letters(words[done:])

    def _html(self, html: str, *, block: bool) -> None:
        done = 0
        for found in _HTML.finditer(html):
            self._raw(html[done : found.start()])
            done = found.end()
            name = (found["name"] or "").lower()
            if not name or name in _DROPPED:
                continue
            if name in _VOID:
                self._tag(f"<{name}>")
            elif name not in _INLINE and name not in _BLOCK:
                self._raw(found[0])
            elif found["close"]:
                self._close(name)
            elif name in _INLINE or block:
                spans = "".join(f' {span}="{count}"' for span, count in _SPAN.findall(found["attributes"]))
                self._stack.append(name)
                self._tag(f"<{name}{spans if name in ('td', 'th') else ''}>")
        self._raw(html[done:])

    def _raw(self, html: str) -> None:
        """Text that stands between elements, with its entities."""
        if html.strip() or not self._stack:
            self._letters(unescape(html))

    def _close(self, name: str) -> None:
        if name in self._stack:
            self._close_to(len(self._stack) - 1 - self._stack[::-1].index(name))

    def _close_to(self, depth: int) -> None:
        while len(self._stack) > depth:
            self._tag(f"</{self._stack.pop()}>")

    def _is_kept(self, line: int) -> bool:
        """Return whether the line was begun on purpose."""
        if not 0 <= line < len(self._lines):
            return False
        begin = _BEFORE_LINE.match(self._text, self._lines[line])
        return begin is not None and begin.end() in self._kept

    def _break(self, kept: bool) -> None:
        if self._near:
            self._cursor = max(self._cursor, self._text.find("\n", self._cursor, self._limit) + 1)
        self.out.append("<br>\n" if kept else "\n")

    def _pass_link_end(self) -> None:
        if self._near and (found := _LINK_END.match(self._text, self._cursor, self._limit)):
            self._cursor = found.end()

    def _letters(self, letters: str) -> None:
        if not self._near or self._quote is None:
            self.out.append(escape(printable(letters)))
            return
        for piece, offset in self._placed(letters):
            start, end = (min(max(bound - offset, 0), len(piece)) for bound in self._quote)
            self._plain(piece[:start])
            if start < end:
                self._begin_mark()
                self.out.append(escape(printable(piece[start:end])))
            self._plain(piece[end:])

    def _plain(self, piece: str) -> None:
        if piece:
            self._end_mark()
            self.out.append(escape(printable(piece)))

    def _placed(self, letters: str) -> Iterator[tuple[str, int]]:
        """Yield the letters with their offsets: at once, or one by one if an escape or entity is between."""
        at = self._text.find(letters, self._cursor, self._limit)
        if at >= 0:
            self._cursor = at + len(letters)
            yield letters, at
            return
        for letter in letters:
            at = self._text.find(letter, self._cursor, min(self._limit, self._cursor + 12))
            if at >= 0:
                self._cursor = at + 1
            yield letter, self._cursor - 1

    def _begin_mark(self) -> None:
        if not self._open:
            self._open = True
            # Browsers that know no text fragments and run no script open the page at the first mark.
            first = "" if self.marked else f' id="{QUOTE_ID}" tabindex="-1" autofocus'
            self.marked = True
            self.out.append(f"<mark{first}>")

    def _end_mark(self) -> None:
        if self._open:
            self._open = False
            self.out.append("</mark>")

    def _tag(self, tag: str) -> None:
        self._end_mark()
        self.out.append(tag)

    def _unique(self, id: str) -> str:
        while id in self._ids:
            id += "-"
        self._ids.add(id)
        return id


def _words_of(inline: Token) -> str:
    return "".join(
        child.content
        for child in inline.children or ()
        if child.type in ("text", "text_special", "code_inline")
    )


def _slug(label: str) -> str:
    return re.sub(r"[^\w-]", "-", label)
