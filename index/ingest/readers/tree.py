"""The syntax tree of a document, as pandoc builds it -> the Markdown that is stored.

Kept are headings, paragraphs and their line breaks, lists, definitions, tables, quotations, code and
notes.  Struck text, pictures and what is meant for other programs are left out, and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from index.ingest.document import (
    MAX_TITLE_CHARS,
    Draft,
    Unreadable,
    What,
    clean_language,
    clean_line,
    clean_text,
    iso_date,
    left_out,
    script_language,
)
from index.ingest.readers.markup import escaped, escaped_paragraph, lowered, raised
from index.ingest.readers.packages import NO_FACTS, Facts
from index.ingest.readers.tables import Cell, cell_line, table_blocks
from index.reasons import Why

Node = dict[str, Any]
NUMBER, NUMBER_END = "\ue000", "\ue001"
"""Between these, a reader puts the number that a paragraph bears, behind how deep its list is nested."""
_NUMBERED = re.compile(rf"{NUMBER}(\d)([^{NUMBER_END}]*){NUMBER_END}\s*")
# "2.1.2" and "Article 4" are a clause's number, and no list's.
_ITEM = re.compile(r"-|\(?(?:\d{1,9}|[A-Za-z]{1,2}|[ivxlcIVXLC]{1,8})[.)]")
_PLAIN_NUMBER = re.compile(r"\d{1,9}[.)]")
_BREAK = "\n"
_TAG = re.compile(r"<(\w{1,6})(?:\s[^>]{0,200})?/?>")
_TAGS = {
    **dict.fromkeys(("s", "del", "strike"), "Strikeout"),
    "sup": "Superscript",
    "sub": "Subscript",
    "br": "LineBreak",
}


def tree_draft(
    tree: Node,
    facts: Facts = NO_FACTS,
    *,
    html: Callable[[str], Node] | None = None,
    also_left_out: Sequence[tuple[What, str]] = (),
) -> Draft:
    """Return the article in a tree; `html` makes trees of the pieces of HTML that stand in some formats."""
    writer = Writer(html)
    meta = tree.get("meta", {})
    title = clean_line(_plain(writer.meta(meta.get("title"))), MAX_TITLE_CHARS) or facts.title
    opening = [writer.meta(meta.get(name)) for name in ("subtitle", "abstract")]
    headings = [block["c"] for block in _walk(tree["blocks"]) if block["t"] == "Header"]
    top = [heading for heading in headings if heading[0] == 1]
    if title is None and len(top) == 1 and headings[0] is top[0]:
        title = clean_line(_plain(writer.inlines(top[0][2])), MAX_TITLE_CHARS)
    first = next((block for block in _walk(tree["blocks"]) if block["t"] != "Div"), None)
    if first is not None and first["t"] == "Header" and _plain(writer.inlines(first["c"][2])) == title:
        # It stands above the text already.
        first["t"], headings = "Null", headings[1:]
    # The first level is the title's.
    writer.deeper = max(0, 2 - min((heading[0] for heading in headings), default=2))
    writer.forget()
    blocks = [text for text in opening if text] + writer.blocks(tree["blocks"])
    if title is not None and len(blocks) > 1 and _plain(blocks[0]) == title:
        blocks = blocks[1:]
    text = clean_text("\n\n".join(blocks))
    if not text.strip():
        raise Unreadable(Why.NO_TEXT)
    authors = meta.get("author") or meta.get("creator")
    return Draft(
        text=text,
        title=title,
        author=clean_line(writer.meta(authors).replace(";", ",")) or facts.author,
        published=facts.published or iso_date(_plain(writer.meta(meta.get("date")))),
        language=script_language(text)
        or clean_language(_plain(writer.meta(meta.get("lang"))))
        or facts.language,
        left_out=left_out([*also_left_out, *writer.left]),
    )


class Writer:
    """Writes blocks; collects the notes that they have, and what it leaves out."""

    def __init__(self, html: Callable[[str], Node] | None = None) -> None:
        self.deeper = 0
        """Levels by which headings are lowered."""
        self.notes: list[str] = []
        self.left: list[tuple[What, str]] = []
        self._html = html
        self._count = 0

    def forget(self) -> None:
        """Begin anew: what was written was only looked at."""
        self.notes, self.left, self._count = [], [], 0

    def blocks(self, nodes: Sequence[Node]) -> list[str]:
        """Return blocks of Markdown, each note behind the block in which its mark stands."""
        written: list[str] = []
        run: list[tuple[int, str]] = []
        for node in nodes:
            number = self._numbered(node)
            if number is not None:
                run.append(number)
                continue
            if run:
                written += [_items(run), *self._take_notes()]
                run = []
            written += [block for block in self._block(node) if block.strip()]
            written += self._take_notes()
        if run:
            written.append(_items(run))
        return written + self._take_notes()

    def inlines(self, nodes: Sequence[Node]) -> str:
        """Return the inlines as words; a line break is a newline."""
        text = ""
        for node in _without_tags(nodes):
            text += self._inline(node, text)
        return text

    def meta(self, value: Any) -> str:
        """Return a field of the document's head, as one line for each of its values."""
        if not isinstance(value, dict):
            return ""
        content: Any = value.get("c")
        match value.get("t"):
            case "MetaString":
                return str(content)
            case "MetaInlines":
                return _spaced(self.inlines(content)).replace(_BREAK, " ")
            case "MetaBlocks":
                return "\n\n".join(self.blocks(content))
            case "MetaList":
                return ", ".join(filter(None, map(self.meta, content)))
            case "MetaMap":
                return self.meta(content.get("name") or content.get("text"))
        return ""

    def _take_notes(self) -> list[str]:
        notes, self.notes = self.notes, []
        return ["\n".join(notes)] if notes else []

    def _numbered(self, node: Node) -> tuple[int, str] | None:
        """Return depth and line of a list item whose number a reader worked out; None for anything else."""
        nodes = node.get("c")
        if node["t"] not in ("Para", "Plain") or not nodes or nodes[0]["t"] != "Str":
            return None
        mark = _NUMBERED.match(nodes[0]["c"])
        if mark is None or not _ITEM.fullmatch(mark[2]):
            return None
        text = _NUMBERED.sub("", self.inlines(nodes).lstrip(), count=1)
        label = mark[2] if _PLAIN_NUMBER.fullmatch(mark[2]) or mark[2] == "-" else f"- {mark[2]}"
        return int(mark[1]), f"{label} {_hard(text)}"

    def _block(self, node: Node) -> Iterator[str]:
        content: Any = node.get("c")
        match node["t"]:
            case "Para" | "Plain":
                yield from self._paragraph(content)
            case "LineBlock":
                yield _hard(_BREAK.join(_spaced(self.inlines(line)) for line in content))
            case "Header":
                text = " ".join(_clean_number(self.inlines(content[2])).split())
                if text:
                    yield f"{'#' * min(6, content[0] + self.deeper)} {text}"
            case "CodeBlock":
                yield fenced(content[1])
            case "RawBlock":
                yield from self._raw(*content)
            case "BlockQuote":
                for block in self.blocks(content):
                    yield "\n".join(f"> {line}" for line in block.splitlines())
            case "BulletList":
                yield from self._list([("- ", item) for item in content])
            case "OrderedList":
                (start, style, delimiter), items = content
                yield from self._list(
                    [(_label(start + n, style["t"], delimiter["t"]), item) for n, item in enumerate(items)]
                )
            case "DefinitionList":
                yield from self._definitions(content)
            case "Table":
                yield from self._table(content)
            case "Figure":
                yield from self.blocks(content[2])
                yield from self.blocks(content[1][1])
            case "Div":
                yield from self.blocks(content[1])

    def _paragraph(self, nodes: Sequence[Node]) -> Iterator[str]:
        text = _clean_number(self.inlines(nodes))
        # Two line breaks in a row are how some write a paragraph.
        for part in re.split(rf"{_BREAK}\s*{_BREAK}", _spaced(text).strip()):
            if part.strip():
                strong = len(nodes) == 1 and nodes[0]["t"] == "Strong" and _BREAK not in part
                yield f"**{part.replace('*', '')}**" if strong else _hard(part)

    def _raw(self, format: str, text: str) -> Iterator[str]:
        if format == "html" and self._html is not None and "<" in text:
            yield from self.blocks(self._html(text)["blocks"])
        else:
            self.left.append(("code", text))

    def _list(self, items: Sequence[tuple[str, Sequence[Node]]]) -> Iterator[str]:
        """Yield items of one list in one block; what is no paragraph and no list stands between its parts."""
        lines: list[str] = []
        for label, nodes in items:
            indent = " " * len(label)
            for node in nodes:
                for block in self._block(node):
                    if node["t"] in ("CodeBlock", "Table", "BlockQuote", "Header"):
                        yield "\n".join(lines)
                        lines = []
                        yield block
                    elif block.strip():
                        first, *rest = block.splitlines()
                        lines.append((label or indent) + first)
                        lines += [indent + line for line in rest]
                        label = ""
        yield "\n".join(lines)

    def _definitions(self, content: Any) -> Iterator[str]:
        for term, definitions in content:
            name = _spaced(self.inlines(term)).replace(_BREAK, " ").strip()
            lines: list[str] = []
            others: list[str] = []
            for definition in definitions:
                for node in definition:
                    for block in self._block(node):
                        if node["t"] in ("Para", "Plain"):
                            lines.append(f": {block}")
                        else:
                            others.append(block)
            if lines:
                yield "\n".join([escaped_paragraph(name), *lines] if name else [line[2:] for line in lines])
            elif name:
                yield f"**{name}**"
            yield from others

    def _table(self, content: Any) -> list[str]:
        _, caption, _, head, bodies, foot = content
        rows = [self._row(row, True) for row in head[1]]
        for body in bodies:
            rows += [self._row(row, True) for row in body[2]]
            rows += [self._row(row, False, body[1]) for row in body[3]]
        rows += [self._row(row, False) for row in foot[1]]
        return table_blocks(rows, " ".join(self._texts(caption[1])), len(head[1]) or None)

    def _row(self, row: Any, is_head: bool, head_columns: int = 0) -> list[Cell]:
        return [
            Cell(cell_line(self._texts(blocks)), rows, columns, is_head or number < head_columns)
            for number, (_, _, rows, columns, blocks) in enumerate(row[1])
        ]

    def _texts(self, nodes: Sequence[Node]) -> Iterator[str]:
        """Yield the paragraphs, items and rows of a cell, each as one line."""
        for node in nodes:
            content: Any = node.get("c")
            match node["t"]:
                case "Para" | "Plain":
                    yield from _clean_number(self.inlines(content)).split(_BREAK)
                case "BulletList":
                    for item in content:
                        yield cell_line(self._texts(item))
                case "OrderedList":
                    (start, style, delimiter), items = content
                    for number, item in enumerate(items, start):
                        label = _label(number, style["t"], delimiter["t"]).removeprefix("- ")
                        yield label + cell_line(self._texts(item))
                case "Table":
                    for part in (content[3][1], *(body[2] + body[3] for body in content[4])):
                        for row in part:
                            cells = [cell.text for cell in self._row(row, False) if cell.text]
                            yield ": ".join(cells) if len(cells) == 2 else ", ".join(cells)
                case "CodeBlock":
                    yield from content[1].splitlines()
                case "Div":
                    yield from self._texts(content[1])
                case "BlockQuote":
                    yield from self._texts(content)
                case _:
                    yield from (" ".join(block.split()) for block in self._block(node))

    def _inline(self, node: Node, before: str) -> str:
        content: Any = node.get("c")
        match node["t"]:
            case "Str":
                return escaped(content)
            case "Space" | "SoftBreak":
                return " "
            case "LineBreak":
                return _BREAK
            case "Code":
                return code(content[1])
            case "Math":
                return str(content[1])
            case "Emph" | "Strong" | "Underline" | "SmallCaps":
                return self.inlines(content)
            case "Superscript":
                inner = self.inlines(content)
                linked = any(child["t"] in ("Link", "Note") for child in content)
                return inner if "[^" in inner else "" if linked else raised(before, inner)
            case "Subscript":
                return lowered(before, self.inlines(content))
            case "Strikeout":
                self.left.append(("struck text", _plain(self.inlines(content))))
                return ""
            case "Quoted":
                marks = "‘’" if content[0]["t"] == "SingleQuote" else "“”"
                return marks[0] + self.inlines(content[1]) + marks[1]
            case "Image":
                self.left.append(("pictures", _plain(self.inlines(content[1]))))
                return ""
            case "Link" | "Span" | "Cite":
                return self.inlines(content[1])
            case "Note":
                self._count += 1
                number = self._count
                text = " ".join(" ".join(self._texts(content)).split())
                self.notes.append(f"[^{number}]: {text}")
                return f"[^{number}]"
        return ""


def _without_tags(nodes: Sequence[Node]) -> Iterator[Node]:
    """Turn inlines whose HTML says how they are set into pandoc's own elements."""
    waiting = iter(range(len(nodes)))
    for at in waiting:
        node = nodes[at]
        tag = _TAG.fullmatch(node["c"][1]) if node["t"] == "RawInline" else None
        kind = _TAGS.get(tag[1].lower()) if tag else None
        end = next(
            (
                n
                for n in range(at + 1, len(nodes))
                if tag and nodes[n]["t"] == "RawInline" and nodes[n]["c"][1] == f"</{tag[1]}>"
            ),
            None,
        )
        if kind == "LineBreak":
            yield {"t": kind}
        elif kind is not None and end is not None:
            yield {"t": kind, "c": list(nodes[at + 1 : end])}
            for n in waiting:
                if n == end:
                    break
        else:
            yield node


def code(text: str) -> str:
    """Return a word of code in a paragraph."""
    text = " ".join(text.split())
    return f"`{text}`" if text and "`" not in text else escaped(text)


def fenced(text: str) -> str:
    """Return lines of code, behind a fence longer than any in it, so that none of them ends the block."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}\n{text.strip(chr(10))}\n{fence}" if text.strip() else ""


def _items(run: Sequence[tuple[int, str]]) -> str:
    """Return lines of one list, the outermost at the margin."""
    outermost = min(depth for depth, _ in run)
    return "\n".join("   " * (depth - outermost) + line for depth, line in run)


def _label(number: int, style: str, delimiter: str) -> str:
    if style in ("DefaultStyle", "Decimal", "Example"):
        return f"{number}{')' if delimiter == 'OneParen' else '.'} "
    shown = letter(number) if "Alpha" in style else roman(number)
    shown = shown.upper() if style.startswith("Upper") else shown
    # Markdown has no such numbers: they stand as words of the item.
    return {"OneParen": f"- {shown}) ", "TwoParens": f"- ({shown}) "}.get(delimiter, f"- {shown}. ")


def letter(number: int) -> str:
    """1 -> a, 26 -> z, 27 -> aa, 28 -> bb, as Word counts."""
    return chr(ord("a") + (number - 1) % 26) * min(1 + (number - 1) // 26, 20) if number > 0 else "0"


def roman(number: int) -> str:
    """4 -> iv; figures beyond what anybody writes so."""
    if not 0 < number < 4000:
        return str(number)
    written = ""
    for value, letters in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "m cm d cd c xc l xl x ix v iv i".split(),
        strict=True,
    ):
        written += letters * (number // value)
        number %= value
    return written


def _clean_number(text: str) -> str:
    """Return a clause's number in front of its words; of a list in a cell, the number and no bullet."""
    mark = _NUMBERED.match(text.lstrip())
    if mark and mark[2] == "-":
        return text.lstrip()[mark.end() :]
    return f"{mark[2]} {text.lstrip()[mark.end() :]}".replace("\xa0", " ") if mark else text


def _spaced(text: str) -> str:
    return _BREAK.join(" ".join(line.split()) for line in text.split(_BREAK))


def _hard(text: str) -> str:
    """Return a paragraph whose breaks are Markdown's."""
    lines = [line for line in (" ".join(line.split()) for line in text.split(_BREAK)) if line]
    return escaped_paragraph("  \n".join(lines))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*`]|\[\^\d+\]", "", text).replace("\\<", "<").split())


def _walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield blocks in order, those inside of divisions included."""
    for node in nodes:
        yield node
        if node["t"] == "Div":
            yield from _walk(node["c"][1])
