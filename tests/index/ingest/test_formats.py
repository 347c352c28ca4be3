"""Each format keeps what a reader of the document sees, and nothing that it hides; traps are refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from index.ingest.document import LeftOut, Unreadable
from index.ingest.formats import Kind
from index.ingest.readers.chat import read_slack
from index.ingest.readers.mail import read_mail
from index.ingest.readers.other_markup import READERS
from index.ingest.readers.sheets import read_csv, read_workbook
from index.ingest.readers.slides import read_slides
from index.ingest.readers.word import read_docx
from index.ingest.sandbox import Sandbox
from tests.fakes.documents import W, archive, docx, paragraph, word_parts


def word_paragraph(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def cell(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


class TestWhatWordShows:
    def read(self, body: str, parts: dict[str, str] | None = None) -> str:
        return read_docx(docx(body, parts), "a.docx").text

    def test_cells_in_content_controls_and_cells_that_span_stand_on_one_grid(self) -> None:
        control = f"<w:sdt><w:sdtPr/><w:sdtContent>{cell(paragraph('3 March'))}</w:sdtContent></w:sdt>"
        head = cell(paragraph("Route")) + cell(paragraph("Fares"), '<w:gridSpan w:val="2"/>')
        second = cell(paragraph("")) + cell(paragraph("Adult")) + cell(paragraph("Child"))
        row = cell(paragraph("Holm")) + control + cell(paragraph("7"))
        grid = '<w:tblGrid><w:gridCol w:w="9"/><w:gridCol w:w="9"/><w:gridCol w:w="9"/></w:tblGrid>'

        assert self.read(
            f"<w:tbl>{grid}<w:tr>{head}</w:tr><w:tr>{second}</w:tr><w:tr>{row}</w:tr></w:tbl>"
        ) == ("| Route | Fares Adult | Fares Child |\n|---|---|---|\n| Holm | 3 March | 7 |\n")

    def test_hidden_and_struck_text_goes_and_is_named(self) -> None:
        draft = read_docx(
            docx(
                word_paragraph(
                    run("The deposit is "),
                    run("40 crowns ", "<w:strike/>"),
                    run("55 crowns."),
                    run(" We settle for 50.", "<w:vanish/>"),
                )
            ),
            "a.docx",
        )

        assert draft.text == "The deposit is 55 crowns.\n"
        assert [(one.what, one.words) for one in draft.left_out] == [
            ("struck text", ("40 crowns",)),
            ("hidden text", ("We settle for 50.",)),
        ]

    def test_a_power_stays_and_the_mark_of_a_note_goes(self) -> None:
        raised = '<w:vertAlign w:val="superscript"/>'

        text = self.read(
            word_paragraph(
                run("It counts 4 × 10"), run("6", raised), run(" a second in 30 m"), run("2", raised)
            )
            + word_paragraph(run("It costs 125"), run("2", raised), run(" euros."))
        )

        assert text == "It counts 4 × 10^6 a second in 30 m²\n\nIt costs 125 euros.\n"

    def test_clause_numbers_are_as_printed(self) -> None:
        formats = (("decimal", "%1"), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))
        levels = "".join(
            f'<w:lvl w:ilvl="{n}"><w:numFmt w:val="{format}"/><w:lvlText w:val="{text}"/></w:lvl>'
            for n, (format, text) in enumerate(formats)
        )
        numbering = (
            f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
        )

        def clause(text: str, level: int) -> str:
            return paragraph(
                text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>'
            )

        text = self.read(
            clause("Parties", 0) + clause("The owner.", 1) + clause("Payment", 0) + clause("Due at once.", 1)
            + clause("In cash.", 2) + clause("By card.", 2) + clause("Interest.", 1),
            {"word/numbering.xml": numbering},
        )  # fmt: skip

        assert text == (
            "1 Parties\n\n1.1 The owner.\n\n2 Payment\n\n2.1 Due at once.\n\n"
            "- (a) In cash.\n- (b) By card.\n\n2.2 Interest.\n"
        )

    def test_notes_headers_text_boxes_and_ticks_are_kept_once(self) -> None:
        notes = (
            f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2">{paragraph("Vouchers expire after 36 months.")}'
            "</w:footnote></w:footnotes>"
        )
        header = f'<w:hdr xmlns:w="{W}">{paragraph("Document QM-2217")}{paragraph("Page 1 of 3")}</w:hdr>'
        box = f"<w:r><w:pict><w:txbxContent>{paragraph('Open on Monday.')}</w:txbxContent></w:pict></w:r>"

        text = self.read(
            word_paragraph(run("Refunds take ten days"), '<w:r><w:footnoteReference w:id="2"/></w:r>', box)
            + word_paragraph('<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>', run(" Audit log")),
            {"word/footnotes.xml": notes, "word/header1.xml": header, "word/header2.xml": header},
        )

        assert text == (
            "Document QM-2217\n\nRefunds take ten days[^1]\n\n[^1]: Vouchers expire after 36 months.\n\n"
            "Open on Monday.\n\n✔ Audit log\n"
        )

    def test_the_main_part_may_be_called_anything(self) -> None:
        main = f'<w:document xmlns:w="{W}"><w:body>{paragraph("In locker 14.")}</w:body></w:document>'

        assert (
            read_docx(archive(word_parts({"word/document2.xml": main})), "a.docx").text == "In locker 14.\n"
        )


def workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    for row in (["Depot", "Trucks", "Share"], ["Brix", 25, 0.155], ["Holm", 7, 0.05]):
        sheet.append(row)
    sheet["C2"].number_format = "0.0%"
    sheet["B2"].number_format = '#,##0.00 "€"'
    sheet["C3"].font = Font(strike=True)
    sheet.append(["gone", 1, 1])
    sheet.row_dimensions[4].hidden = True
    sheet["A6"], sheet["B6"], sheet["B7"], sheet["C7"] = "Region", "Fares", "Adult", "Child"
    sheet.merge_cells("B6:C6")
    sheet["A8"], sheet["B8"], sheet["C8"] = "North", 14, 7
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def test_a_workbook_is_tables_whose_values_are_as_they_are_shown() -> None:
    draft = read_workbook(workbook(), "a.xlsx")

    assert draft.text == (
        "| Depot | Trucks | Share |\n|---|---|---|\n| Brix | 25.00 € | 15.5% |\n| Holm | 7 |  |\n\n"
        "| Region | Fares Adult | Fares Child |\n|---|---|---|\n| North | 14 | 7 |\n"
    )
    assert {one.what for one in draft.left_out} == {"struck text", "hidden rows"}


@pytest.mark.parametrize(
    "text", ["Name;Phone\nRuna;4417\n", "sep=,\nName,Phone\nRuna,4417\n", "Name\tPhone\nRuna\t4417\n"]
)
def test_values_between_any_marks_are_a_table(text: str) -> None:
    assert read_csv(text.encode(), "a.csv").text == "| Name | Phone |\n|---|---|\n| Runa | 4417 |\n"


def slides() -> bytes:
    a, p = (
        "http://schemas.openxmlformats.org/drawingml/2006/main",
        "http://schemas.openxmlformats.org/presentationml/2006/main",
    )
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def shape(kind: str, *paragraphs: str) -> str:
        text = "".join(f"<a:p>{one}</a:p>" for one in paragraphs)
        place = f'<p:nvSpPr><p:cNvPr id="1" name="x"/><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>'
        return f"<p:sp>{place}<p:txBody>{text}</p:txBody></p:sp>"

    def part(content: str, root: str) -> str:
        return f'<p:{root} xmlns:a="{a}" xmlns:p="{p}" xmlns:r="{kinds}">{content}</p:{root}>'

    raised = '<a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r>'
    struck = '<a:r><a:rPr strike="sngStrike"/><a:t>40 </a:t></a:r>'
    body = shape(
        "body",
        f"<a:r><a:t>10</a:t></a:r>{raised}<a:r><a:t> litres</a:t></a:r>",
        f"{struck}<a:r><a:t>55 crowns</a:t></a:r>",
    )
    title, number = (
        shape(kind, f"<a:r><a:t>{text}</a:t></a:r>") for kind, text in (("title", "Fees"), ("sldNum", "7"))
    )
    tree = f"<p:cSld><p:spTree>{title}{body}{number}</p:spTree></p:cSld>"
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="{}" Target="{}"/></Relationships>'
    )
    return archive(
        {
            "_rels/.rels": relation.format(f"{kinds}/officeDocument", "ppt/presentation.xml"),
            "ppt/presentation.xml": part(
                '<p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst>', "presentation"
            ),
            "ppt/_rels/presentation.xml.rels": relation.format(f"{kinds}/slide", "slides/slide1.xml"),
            "ppt/slides/slide1.xml": part(tree, "sld"),
        }
    )


def test_a_slides_title_is_a_heading_and_its_text_a_list() -> None:
    draft = read_slides(slides(), "a.pptx")

    assert draft.text == "## Fees\n\n- 10^6 litres\n- 55 crowns\n"
    assert [(one.what, one.words) for one in draft.left_out] == [("struck text", ("40",))]


MAIL = b"""\
From: Ada Quill <ada@example.org>
To: Team <team@example.org>
Subject: Keys of the shed
Date: Thu, 2 May 2024 10:02:00 +0200
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

The keys are in box 5.
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="plan.pdf"

x
--b--
"""


def test_a_mail_with_a_header_that_the_library_cannot_take_apart_is_refused() -> None:
    with pytest.raises(Unreadable, match="is damaged"):
        read_mail(b"From: Ada <a@b.example>\nContent-Type: text/html; b*\n\nThe boats sail.\n", "a.eml")


def test_a_mail_says_who_wrote_it_and_when_and_names_what_is_attached() -> None:
    draft = read_mail(MAIL, "a.eml")

    assert draft.text == ("From: Ada Quill  \nTo: Team  \nDate: 2024-05-02 10:02\n\nThe keys are in box 5.\n")
    assert (draft.title, draft.author, draft.published) == ("Keys of the shed", "Ada Quill", "2024-05-02")
    assert draft.left_out == (LeftOut("attachments", 1, ("plan.pdf",)),)


def test_a_slack_export_is_messages_whose_replies_stand_behind_what_they_answer() -> None:
    users = [{"id": "U1", "profile": {"display_name": "Ada"}}, {"id": "U2", "real_name": "Rui Costa"}]
    day = [
        {"user": "U1", "ts": "1714644120.0001", "text": "Which port, <@U2>?", "thread_ts": "1714644120.0001"},
        {"user": "U1", "ts": "1714644180.0001", "text": "Lunch &amp; tea"},
        {"user": "U2", "ts": "1714644240.0001", "text": "9443", "thread_ts": "1714644120.0001"},
    ]
    raw = archive({"users.json": json.dumps(users), "ops/2024-05-02.json": json.dumps(day)})

    draft = read_slack(raw, "export.zip")

    assert draft.title == "#ops"
    assert draft.text == (
        "**Ada** (2024-05-02 10:02 UTC): Which port, @Rui Costa?\n\n"
        "**Rui Costa** (2024-05-02 10:04 UTC): 9443\n\n**Ada** (2024-05-02 10:03 UTC): Lunch & tea\n"
    )


MARKED = {
    "rst": "Keys\n====\n\nIn **box** 5 of :sup:`a`.\n\nRT\n  Room temperature.\n",
    "org": "* Keys\n\nIn *box* 5 of ^{a}.\n\n- RT :: Room temperature.\n",
    "mediawiki": "= Keys =\n\nIn '''box''' 5.\n\n; RT : Room temperature.\n",
}


@pytest.mark.parametrize("kind", MARKED)
def test_text_with_marks_of_its_own_becomes_markdown(kind: Kind) -> None:
    draft = READERS[kind](MARKED[kind].encode(), f"a.{kind}")

    assert draft.title == "Keys"
    assert draft.text.startswith("In box 5") and draft.text.endswith("RT\n: Room temperature.\n")


def test_a_notebook_keeps_its_text_and_its_code() -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Keys\n", "In 10<sup>6</sup> boxes."]},
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "source": ["x = 1\n", "y"],
            "outputs": [],
        },
    ]
    raw = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})

    assert READERS["notebook"](raw.encode(), "a.ipynb").text == "In 10^6 boxes.\n\n```\nx = 1\ny\n```\n"


@pytest.mark.parametrize("kind", ["rst", "org", "mediawiki"])
def test_what_a_text_includes_from_other_files_is_not_read(kind: Kind, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the word is swordfish", "utf-8")
    text = f'.. include:: {secret}\n\n#+INCLUDE: "{secret}"\n\n{{{{:{secret}}}}}\n\nPlain words.\n'

    try:
        found = READERS[kind](text.encode(), "a").text
    except Unreadable as error:
        found = str(error)
    assert "swordfish" not in found


@pytest.mark.parametrize("kind", ["odt", "epub", "pptx", "xlsx", "docx"])
def test_a_bomb_and_entities_are_refused_in_every_format_that_is_an_archive(kind: Kind) -> None:
    bomb = archive({"content.xml": b" " * 70_000_000, "mimetype": b"x"})
    entities = archive({"content.xml": '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>'})

    with Sandbox() as sandbox:
        for raw, reason in ((bomb, "unpacks to more than 64 MB"), (entities, "declares XML entities")):
            with pytest.raises(Unreadable, match=reason):
                sandbox.read(kind, raw, "a")
