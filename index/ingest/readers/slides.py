"""A PowerPoint file (.pptx) -> a `Draft`: each slide's title as a heading, its text, tables and notes below.

Read here, since what pandoc reads of slides knows no struck text, no powers and no lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from index.ingest.document import Draft, Unreadable, What, clean_text, left_out, script_language
from index.ingest.readers.markup import escaped, escaped_paragraph, lowered, raised
from index.ingest.readers.packages import members, package_facts, parts_of_kind, safe_xml
from index.ingest.readers.tables import Cell, cell_line, table_blocks
from index.reasons import Why

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Placeholders that say the same on every slide.
_FURNITURE = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})
_MAX_DEPTH = 20


def read_slides(raw: bytes, name: str, charset: str | None = None) -> Draft:
    """Return the slides in their order; hidden ones are left out."""
    parts = members(raw)
    facts = package_facts(parts)
    left: list[tuple[What, str]] = []
    blocks: list[str] = []
    first = None
    for number, part in enumerate(_slides(parts), 1):
        root = safe_xml(parts[part])
        slide = _Slide(left)
        slide.read(root.find(f"{_P}cSld/{_P}spTree"))
        if root.get("show") in ("0", "false"):
            left.append(("hidden text", " ".join([slide.title, *slide.blocks])))
            continue
        for notes in parts_of_kind(parts, part, "notesSlide").values():
            spoken = _Slide(left)
            spoken.read(safe_xml(parts[notes]).find(f"{_P}cSld/{_P}spTree"))
            slide.blocks += spoken.blocks
        first = first or slide.title
        if slide.title or slide.blocks:
            heading = escaped(slide.title) or f"Slide {number}"
            blocks += [*([f"## {heading}"] if blocks or heading != facts.title else []), *slide.blocks]
    text = clean_text("\n\n".join(blocks))
    if not re.search(r"^[^#\s]", text, re.MULTILINE) and not first:
        raise Unreadable(Why.NO_TEXT)
    return Draft(
        text=text,
        title=facts.title if facts.title not in (None, "PowerPoint Presentation") else first or None,
        author=facts.author,
        published=facts.published,
        language=script_language(text) or facts.language,
        left_out=left_out(left),
    )


def _slides(parts: dict[str, bytes]) -> Iterator[str]:
    main = next(iter(parts_of_kind(parts, "", "officeDocument").values()), "")
    if main not in parts:
        raise Unreadable(Why.NO_SLIDES)
    slides = parts_of_kind(parts, main, "slide")
    for one in safe_xml(parts[main]).iter(f"{_P}sldId"):
        part = slides.get(one.get(f"{_R}id") or "")
        if part in parts:
            yield part


class _Slide:
    """One slide, or the notes on one."""

    def __init__(self, left: list[tuple[What, str]]) -> None:
        self.title = ""
        self.blocks: list[str] = []
        self._left = left

    def read(self, shapes: Any, depth: int = 0) -> None:
        for shape in shapes if shapes is not None and depth < _MAX_DEPTH else ():
            described = shape.find(f".//{_P}cNvPr")
            if described is not None and described.get("hidden") in ("1", "true"):
                self._left.append(("hidden text", " ".join(_words(shape))))
            elif shape.tag == f"{_P}grpSp":
                self.read(shape, depth + 1)
            elif shape.tag == f"{_P}pic":
                self._left.append(("pictures", described.get("descr", "") if described is not None else ""))
            elif shape.tag == f"{_P}graphicFrame":
                for table in shape.iter(f"{_A}tbl"):
                    self.blocks += table_blocks([*map(self._row, table.iter(f"{_A}tr"))], heads=_heads(table))
            elif shape.tag == f"{_P}sp":
                self._text(shape)

    def _text(self, shape: Any) -> None:
        place = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
        kind = place.get("type", "body") if place is not None else ""
        body = shape.find(f"{_P}txBody")
        if kind in _FURNITURE or body is None:
            return
        lines = [(paragraph, self._paragraph(paragraph)) for paragraph in body.iter(f"{_A}p")]
        lines = [(paragraph, text) for paragraph, text in lines if text.strip()]
        if kind in ("title", "ctrTitle") and not self.title:
            self.title = " ".join(" ".join(text.split()) for _, text in lines)
        elif kind in ("body", "obj") and len(lines) > 1:
            self.blocks.append("\n".join(map(_item, lines)))
        else:
            self.blocks += [escaped_paragraph(_hard(text)) for _, text in lines]

    def _paragraph(self, paragraph: Any) -> str:
        text = ""
        for run in paragraph:
            if run.tag == f"{_A}br":
                text += "\n"
            words = "".join(part.text or "" for part in run.iter(f"{_A}t"))
            properties = run.find(f"{_A}rPr")
            set_as = properties.attrib if properties is not None else {}
            if set_as.get("strike", "noStrike") != "noStrike":
                self._left.append(("struck text", words))
            elif re.fullmatch(r"-[1-9]\d{3,6}", set_as.get("baseline", "")):
                text += escaped(lowered(text, words))
            elif re.fullmatch(r"[1-9]\d{3,6}", set_as.get("baseline", "")):
                text += escaped(raised(text, words))
            else:
                text += escaped(words)
        return text

    def _row(self, row: Any) -> list[Cell]:
        return [
            Cell(
                cell_line([self._paragraph(one).replace("\n", " ") for one in cell.iter(f"{_A}p")]),
                _span(cell.get("rowSpan")),
                _span(cell.get("gridSpan")),
            )
            for cell in row.iter(f"{_A}tc")
            if "1" not in (cell.get("hMerge"), cell.get("vMerge"))
        ]


def _heads(table: Any) -> int | None:
    properties = table.find(f"{_A}tblPr")
    return 1 if properties is not None and properties.get("firstRow") == "1" else None


def _item(line: tuple[Any, str]) -> str:
    paragraph, text = line
    properties = paragraph.find(f"{_A}pPr")
    level = properties.get("lvl", "0") if properties is not None else "0"
    return f"{'  ' * (int(level) if level in tuple('12345678') else 0)}- {' '.join(text.split())}"


def _hard(text: str) -> str:
    return "  \n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def _words(shape: Any) -> Sequence[str]:
    return [part.text or "" for part in shape.iter(f"{_A}t")]


def _span(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,4}", text) else 1
