"""PDF and Word documents become paragraphs, headings, lists and tables; traps in them are refused."""

from __future__ import annotations

import io
import zlib

import pytest
from pypdf import PdfReader, PdfWriter

from index.ingest.docx import read_docx
from index.ingest.draft import Unreadable
from index.ingest.formats import kind_of
from index.ingest.pdf import read_pdf
from tests.fakes.documents import W, archive, docx, page, paragraph, pdf, stream, word_parts

LINES = [
    "One ferry company on the lake will run two more boats from spring, its inter-",
    "national partners said. Roads along the shore are full each morning.",
    "",
    "One ticket is four francs until the end of the year, and the com-",
    "pany expects more passengers than ever before on its boats.",
]


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
    def test_a_file_that_goes_round_in_circles_is_refused(self, objects: dict[int, bytes]) -> None:
        with pytest.raises(Unreadable):
            read_pdf(pdf([page(LINES)], objects=objects), "loop.pdf")


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
