"""PDF and Word documents become paragraphs, headings, lists and tables; traps in them are refused."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

import pytest
from pypdf import PdfReader, PdfWriter

from index.ingest.document import Unreadable
from index.ingest.formats import kind_of
from index.ingest.readers.pdf import read_pdf
from index.ingest.readers.pdf_layout import Page, layout_of
from index.ingest.readers.pdf_lines import Glyph
from index.ingest.readers.word import read_docx
from tests.fakes.documents import W, archive, docx, page, paragraph, pdf, stream, word_parts

LINES = [
    "One ferry company on the lake will run two more boats from spring, its inter-",
    "national partners said. Roads along the shore are full each morning.",
    "",
    "One ticket is four francs until the end of the year, and the com-",
    "pany expects more passengers than ever before on its boats.",
]


def markdown_blocks(pages: Sequence[Page]) -> list[str]:
    return layout_of(pages).blocks


WORDS = ["One", "Two", "Three", "Four"]


def report(pages: int = 4) -> bytes:
    return pdf(
        [
            [
                ("Lake Report 2024", 9, 800),
                *([("Boats for commuters", 20, 770)] if n == 0 else []),
                (f"Part {n + 1} of the story", 14, 740),
                # No two pages of a book have the same lines at the same height.
                *page([line.replace("One", WORDS[n]) for line in LINES], top=710 - 20 * n),
                (f"Page {n + 1} of {pages}", 9, 30),
            ]
            for n in range(pages)
        ],
        {"Title": "Boats for commuters", "Author": "Anna Keller", "CreationDate": "D:20240517080000Z"},
    )


class TestPdf:
    def test_running_heads_are_left_out_and_told_and_page_numbers_are_not(self) -> None:
        (told,) = read_pdf(report(), "report.pdf").left_out

        assert (told.what, told.count, told.words) == ("furniture", 4, ("Lake Report 2024",))

    def test_lines_become_paragraphs_and_headings(self) -> None:
        text = read_pdf(report(), "report.pdf").text

        assert text.startswith(
            "### Part 1 of the story\n\n"
            "One ferry company on the lake will run two more boats from spring, its international partners "
            "said. Roads along the shore are full each morning.\n\n"
            "One ticket is four francs until the end of the year, and the company expects more passengers "
            "than ever before on its boats.\n\n"
            "### Part 2 of the story\n\n"
        )

    def test_running_heads_page_numbers_and_the_title_in_the_text_go(self) -> None:
        draft = read_pdf(report(), "report.pdf")

        for furniture in ("Lake Report", "Page 2", "Boats for commuters"):
            assert furniture not in draft.text
        assert (draft.title, draft.author, draft.published) == (
            "Boats for commuters",
            "Anna Keller",
            "2024-05-17",
        )

    def test_a_title_that_a_program_wrote_is_not_the_title(self) -> None:
        raw = pdf([[("A true heading", 20, 800), *page(LINES)]], {"Title": "Microsoft Word - draft7.docx"})

        assert read_pdf(raw, "draft7.pdf").title == "A true heading"

    def test_a_scan_is_refused_as_one(self) -> None:
        with pytest.raises(Unreadable, match="is a scanned PDF"):
            read_pdf(pdf([[], [], [("7", 9, 30)]]), "scan.pdf")

    def test_encryption_is_refused_unless_the_password_is_empty(self) -> None:
        def encrypted(password: str) -> bytes:
            writer = PdfWriter(clone_from=PdfReader(io.BytesIO(report())))
            writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
            out = io.BytesIO()
            writer.write(out)
            return out.getvalue()

        with pytest.raises(Unreadable, match="is encrypted"):
            read_pdf(encrypted("secret"), "secret.pdf")
        assert "ferry company" in read_pdf(encrypted(""), "open.pdf").text

    @pytest.mark.parametrize("cut", [0, 9, 100, 1200])
    def test_a_torn_file_is_refused_or_read_as_far_as_it_goes(self, cut: int) -> None:
        try:
            draft = read_pdf(report()[: len(report()) - cut], "torn.pdf")
        except Unreadable as error:
            assert "PDF" in str(error)
        else:
            assert "ferry" in draft.text

    @pytest.mark.parametrize(
        "objects",
        [
            {2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"},
            {2: b"<< /Type /Pages /Kids [10 0 R 10 0 R 2 0 R] /Count 3 >>"},
            {1: b"<< /Type /Catalog /Pages 1 0 R >>"},
            {11: b"11 0 R"},
            {11: stream(zlib.compress(b"\0" * 100_000_000), b"/Filter /FlateDecode")},
        ],
        ids=["page tree in itself", "pages in pages", "catalog in itself", "reference to itself", "bomb"],
    )
    def test_a_file_that_goes_round_in_circles_is_refused_or_read_once(
        self, objects: dict[int, bytes]
    ) -> None:
        try:
            draft = read_pdf(pdf([page(LINES)], objects=objects), "loop.pdf")
        except Unreadable as error:
            assert "PDF" in str(error)
        else:
            assert draft.text.count("One ferry company") == 1

    @pytest.mark.parametrize("algorithm", ["AES-128", "AES-256"])
    def test_aes_that_opens_with_the_empty_password_is_read(self, algorithm: str) -> None:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(report())))
        writer.encrypt("", owner_password="owner", algorithm=algorithm)
        out = io.BytesIO()
        writer.write(out)

        assert "ferry company" in read_pdf(out.getvalue(), "open.pdf").text

    def test_a_short_notice_is_taken(self) -> None:
        assert (
            read_pdf(pdf([[("Assembly: car park 3", 11, 700)]]), "notice.pdf").text
            == "Assembly: car park 3\n"
        )

    @pytest.mark.parametrize(
        "title", ["(anonymous)", "untitled", "Microsoft Word - draft7.docx", "Document1"]
    )
    def test_titles_and_authors_that_programs_write_are_not_taken(self, title: str) -> None:
        draft = read_pdf(pdf([page(LINES)], {"Title": title, "Author": "(anonymous)"}), "x.pdf")

        assert (draft.title, draft.author) == (None, None)

    def test_letters_without_a_table_are_refused(self) -> None:
        garbled = [line.translate(str.maketrans("aeiou", "bcdfg")) for line in LINES]

        with pytest.raises(Unreadable, match="does not say which letters"):
            read_pdf(pdf([page(garbled * 3)]), "garbled.pdf")

    def test_what_was_filled_into_a_form_stands_behind_its_label(self) -> None:
        def widget(name: str, entries: bytes, y: int) -> bytes:
            place = b"/Rect [200 %d 400 %d]" % (y - 3, y + 12)
            return b"<< /Subtype /Widget /T (%b) %b %b >>" % (name.encode(), place, entries)

        raw = pdf(
            [[("Name of the insured:", 11, 700), ("Smoker", 11, 660)]],
            objects={
                10: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 11 0 R "
                b"/Annots [20 0 R 21 0 R 22 0 R] /Resources << /Font << /F1 3 0 R >> >> >>",
                20: widget("f1", b"/FT /Tx /V (Marta Feld)", 700),
                21: widget("f2", b"/FT /Btn /V /Yes /AS /Yes", 660),
                22: widget("policy", b"/FT /Tx /V (PX-88102)", 400),
            },
        )

        assert read_pdf(raw, "form.pdf").text == (
            "Name of the insured: Marta Feld\n\nSmoker: ☒\n\npolicy: PX-88102\n"
        )


def glyphs(text: str, x: float, y: float, size: float = 10.0, bold: bool = False) -> list[Glyph]:
    """Letters of half their size in width."""
    return [
        Glyph(letter, x + n * size / 2, x + (n + 1) * size / 2, y, size, bold)
        for n, letter in enumerate(text)
    ]


def laid_out(*parts: tuple[str, float, float] | tuple[str, float, float, float]) -> Page:
    """A page of texts, each with where it stands and, at will, its size."""
    return Page([glyph for text, x, y, *size in parts for glyph in glyphs(text, x, y, *size)])


class TestPdfLayout:
    def test_rows_of_a_table_keep_their_cells_and_heads(self) -> None:
        names = ["Depot", "Trucks", "Drivers", "Opened", "Manager", "Phone"]
        rows = [names] + [
            [f"Town {chr(65 + n % 26)}{n}", *(str(n * 37 % 900 + k) for k in range(5))] for n in range(30)
        ]
        places = [
            (cell, 60 + 80 * k, 800 - 18 * n) for n, row in enumerate(rows) for k, cell in enumerate(row)
        ]

        (table,) = markdown_blocks([laid_out(*places)])

        lines = table.splitlines()
        assert lines[0] == "| Depot | Trucks | Drivers | Opened | Manager | Phone |"
        assert [line.strip("| ").split(" | ") for line in lines[2:]] == rows[1:]

    def test_a_table_goes_on_over_the_page_under_its_head(self) -> None:
        def sheet(rows: list[tuple[str, str]]) -> Page:
            return laid_out(
                *[(c, 60 + 200 * k, 800 - 18 * n) for n, r in enumerate(rows) for k, c in enumerate(r)]
            )

        first, second = (
            [("Item", "Price"), ("Nut", "0.15"), ("Bolt", "0.40")],
            [("Seal", "1.20"), ("Pipe", "7.90")],
        )

        (table,) = markdown_blocks([sheet(first), sheet(second)])

        assert table.splitlines()[2:] == [
            "| Nut | 0.15 |",
            "| Bolt | 0.40 |",
            "| Seal | 1.20 |",
            "| Pipe | 7.90 |",
        ]

    def test_lines_of_a_cell_are_one_cell(self) -> None:
        table = laid_out(
            ("Term", 60, 800), ("Meaning", 200, 800),
            ("Retention", 60, 780), ("Part of a bill that is", 200, 780), ("held back.", 200, 768),
            ("Call-off", 60, 748), ("Goods are called off as", 200, 748), ("they are needed.", 200, 736),
        )  # fmt: skip

        assert markdown_blocks([table])[0].splitlines()[2:] == [
            "| Retention | Part of a bill that is held back. |",
            "| Call-off | Goods are called off as they are needed. |",
        ]

    def test_columns_are_read_one_after_the_other_although_they_are_painted_across(self) -> None:
        left = [
            "The library opens at eight in the",
            "morning on every working day. On",
            "Fridays it closes at noon.",
        ]
        right = [
            "A student may borrow twelve books at",
            "a time, and keep them for four weeks",
            "or, when asked, for six.",
        ]
        places = [(t, x, 700 - 12 * n) for n in range(3) for t, x in ((left[n], 60), (right[n], 300))]

        assert markdown_blocks([laid_out(*places)]) == [" ".join(left), " ".join(right)]

    def test_numbered_steps_are_a_list(self) -> None:
        steps = ["1. Close the valve", "2. Wait until the pressure is", "below 2 bar", "3. Press the button"]

        found = markdown_blocks(
            [laid_out(*[(t, 60 + 12 * t.startswith("b"), 700 - 12 * n) for n, t in enumerate(steps)])]
        )

        assert found == ["1. Close the valve\n2. Wait until the pressure is below 2 bar\n3. Press the button"]

    @pytest.mark.parametrize(
        ("before", "raised", "read"),
        [
            ("1500", "3", "1500"),
            ("limit", "2", "limit"),
            ("x 10", "7", "x 10⁷"),
            ("5 m", "2", "5 m²"),
            ("19", "th", "19th"),
            ("fee", "*", "fee"),
        ],
    )
    def test_marks_of_notes_go_and_powers_stay(self, before: str, raised: str, read: str) -> None:
        at = 60 + 5 * len(before)

        found = markdown_blocks(
            [laid_out((before, 60, 700), (raised, at, 703.5, 6.0), ("of it.", at + 12, 700))]
        )

        assert found == [f"{read} of it."]

    def test_pages_with_a_record_each_keep_their_numbers_and_have_heads(self) -> None:
        pages = [
            laid_out(
                (f"Machine M-10{n}", 60, 800),
                (f"Oil pressure: {n}.5 bar", 60, 780),
                (f"Inventory 900{n}", 60, 60),
            )
            for n in range(1, 5)
        ]

        found = markdown_blocks(pages)

        assert found[:3] == ["### Machine M-101", "Oil pressure: 1.5 bar", "Inventory 9001"]
        assert len(found) == 12

    def test_lines_that_are_equal_on_most_pages_or_count_up_are_running_heads(self) -> None:
        pages = [
            laid_out(
                ("Staff handbook", 60, 820), (f"{word} is here.", 60, 700 - 30 * n), (f"Page {n + 7}", 60, 30)
            )
            for n, word in enumerate(["Bread", "Water", "Salt", "Milk"])
        ]

        assert markdown_blocks(pages) == [
            "Bread is here.",
            "Water is here.",
            "Salt is here.",
            "Milk is here.",
        ]

    def test_what_a_page_says_in_large_letters_alone_is_text(self) -> None:
        slide = laid_out(("Assembly point", 60, 700, 30.0), ("Car park 3 behind the hall", 60, 600, 24.0))
        text = laid_out(
            *[("Some words of small text that go on and on here.", 60, 700 - 12 * n) for n in range(9)]
        )

        assert markdown_blocks([slide, text])[:2] == ["## Assembly point", "Car park 3 behind the hall"]

    def test_words_that_a_program_cut_at_a_number_of_letters_are_whole(self) -> None:
        text = "This sheet is given to new staff in their first week of work by the office in the town."
        lines = [text[n : n + 24] for n in range(0, len(text), 24)]

        assert markdown_blocks([laid_out(*[(t, 60, 700 - 12 * n) for n, t in enumerate(lines)])]) == [text]


class TestWord:
    def test_structure_becomes_markdown(self) -> None:
        styles = (
            '<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
            '<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style></w:styles>'
        )
        numbering = (
            '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>'
            '</w:abstractNum><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/>'
            "</w:lvl></w:abstractNum>"
            '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
            '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
        )
        facts = (
            '<p:coreProperties xmlns:p="p" xmlns:dc="dc" xmlns:t="t"><dc:creator>Anna Keller</dc:creator>'
            "<t:created>2019-01-01T00:00:00Z</t:created><t:modified>2024-05-17T08:00:00Z</t:modified>"
            "<dc:language>en-GB</dc:language></p:coreProperties>"
        )

        def item(text: str, number: int) -> str:
            return paragraph(
                text, properties=f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'
            )

        def cell(text: str) -> str:
            return f"<w:tc>{paragraph(text)}</w:tc>"

        body = (
            paragraph("Boats for commuters", "Titel")
            + paragraph("Why it matters", "berschrift1")
            + "<w:p><w:r><w:t>Roads are </w:t></w:r><w:del><w:r><w:delText>empty</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>full</w:t></w:r></w:ins><w:r><w:br/><w:t>each morning.</w:t></w:r></w:p>"
            + item("One boat", 1)
            + item("Two boats", 1)
            + item("First", 2)
            + item("Second", 2)
            + f"<w:tbl><w:tr>{cell('Year')}{cell('Boats')}</w:tr>"
            + f"<w:tr>{cell('2024')}{cell('2|3')}</w:tr></w:tbl>"
            + paragraph("# of boats: <b>two</b>")
        )
        parts = {"word/styles.xml": styles, "word/numbering.xml": numbering, "docProps/core.xml": facts}
        draft = read_docx(docx(body, parts), "boats.docx")

        assert draft.text == (
            "## Why it matters\n\n"
            "Roads are full  \neach morning.\n\n"
            "- One boat\n- Two boats\n1. First\n2. Second\n\n"
            "| Year | Boats |\n|---|---|\n| 2024 | 2\\|3 |\n\n"
            "\\# of boats: \\<b>two\\</b>\n"
        )
        assert (draft.title, draft.author) == ("Boats for commuters", "Anna Keller")
        assert (draft.published, draft.language) == ("2024-05-17", "en-GB")

    def test_a_zip_bomb_is_refused_before_it_is_unpacked(self) -> None:
        bomb = docx("", {"word/styles.xml": "<w:styles>" + " " * 70_000_000})

        assert len(bomb) < 100_000
        with pytest.raises(Unreadable, match="unpacks to more than 64 MB"):
            read_docx(bomb, "bomb.docx")

    @pytest.mark.parametrize(
        "doctype",
        [
            '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
            '<!DOCTYPE d [<!ENTITY c SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE d SYSTEM "http://example.org/x.dtd">',
        ],
        ids=["billion laughs", "a file of the server", "another server"],
    )
    def test_xml_that_declares_entities_is_refused(self, doctype: str) -> None:
        reference = "&c;" if "ENTITY" in doctype else ""
        body = f"<w:body>{paragraph('X')}<w:p><w:r><w:t>{reference}</w:t></w:r></w:p></w:body>"
        raw = f'{doctype}<w:document xmlns:w="{W}">{body}</w:document>'

        with pytest.raises(Unreadable, match="entities"):
            read_docx(archive(word_parts({"word/document.xml": raw})), "entities.docx")

    def test_names_in_the_archive_lead_nowhere(self) -> None:
        raw = docx(paragraph("Only text."), {"../../../../tmp/evil.txt": "x", "/etc/evil": "y"})

        assert read_docx(raw, "traversal.docx").text == "Only text.\n"

    def test_deep_nesting_is_refused_or_read(self) -> None:
        body = "<w:sdt>" * 5000 + paragraph("Deep.") + "</w:sdt>" * 5000

        with pytest.raises(Unreadable, match="is damaged"):
            read_docx(docx(body), "deep.docx")

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (archive({"xl/workbook.xml": "<x/>"}), "no Word document"),
            (b"PK\x03\x04rubbish", "is damaged"),
            (docx(paragraph(" ")), "holds no text"),
            (docx("<w:p>")[:-30], "is damaged"),
        ],
    )
    def test_other_archives_are_refused(self, raw: bytes, reason: str) -> None:
        with pytest.raises(Unreadable, match=reason):
            read_docx(raw, "x.docx")


@pytest.mark.parametrize(
    ("raw", "name", "content_type", "kind"),
    [
        (b"%PDF-1.7 ...", "report", None, "pdf"),
        (b"\n%PDF-1.4", "report.txt", None, "pdf"),
        (b"PK\x03\x04...", "a.docx", None, "docx"),
        (b"PK\x03\x04..word/document.xml", "a.zip", None, "docx"),
        (b"PK\x03\x04..xl/workbook.xml", "a.docx", None, "xlsx"),
        (b"PK\x03\x04..users.json", "a.zip", None, "slack"),
        (b"{\\rtf1 x", "a.doc", None, "rtf"),
        (b"a,b", "download", "text/csv; charset=utf-8", "csv"),
        (b"# Title", "a.MD", None, "markdown"),
        (b"Words", "a.txt", None, "text"),
        (b"<!doctype HTML><p>x", "a.txt", None, "page"),
        (b"\xef\xbb\xbf <!-- c --> <html>", "page", None, "page"),
        (b"<p>x", "example.com", "text/html; charset=utf-8", "page"),
        (b"<p>x", "index.php", "application/xhtml+xml", "page"),
        (b"words", "notes", "text/plain", "text"),
    ],
)
def test_a_document_is_what_it_begins_with_then_what_it_is_called(
    raw: bytes, name: str, content_type: str | None, kind: str
) -> None:
    assert kind_of(raw, name, content_type) == kind


@pytest.mark.parametrize(
    ("raw", "name", "reason"),
    [
        (b" \n ", "a.md", "is empty"),
        (b"\x89PNG\r\n", "a.md", "is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.doc", "Save it as .docx"),
        (b"words", "a.pdf", r"is called .pdf and is none"),
        (b"\0\1", "a.exe", r"is of a kind that is not read \(.exe\)"),
        (b"words", "a", r"not read \(no suffix\)"),
    ],
)
def test_what_no_reader_reads_is_refused(raw: bytes, name: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        kind_of(raw, name)
