"""Bytes become the characters that their writer saw."""

from __future__ import annotations

import pytest

from index.ingest.document import Unreadable
from index.ingest.readers.decoding import decode

GERMAN = "Grüße aus Köln: die Straße war naß, und über Äpfel sprach man öfter. " * 3
CHINESE = "阿里巴巴和上汽集团各持有斑马网络百分之三十一点五的股份,其余股份由员工持有。" * 6
JAPANESE = "東京は日本の首都です。人口は千三百万人を超え、多くの企業が本社を置いています。" * 6
RUSSIAN = "Москва является столицей России и крупнейшим городом страны по численности населения. " * 4
KOREAN = "서울은 대한민국의 수도이며 인구가 가장 많은 도시입니다. 한강이 도시를 가로지릅니다. " * 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_at_the_start_decides(encoding: str) -> None:
    assert decode(CHINESE.encode(encoding)) == CHINESE


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_latin_letters_in_utf_16_are_known_without_a_mark(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize(
    ("text", "declared", "encoding"),
    [
        (GERMAN, "ISO-8859-1", "cp1252"),
        ("“Quoted” — 20 €", "iso-8859-1", "cp1252"),
        (CHINESE, "gb2312", "gbk"),
        (CHINESE.replace("团", "團"), "gb2312", "gb18030"),
        (JAPANESE, "Shift_JIS", "cp932"),
        (JAPANESE, "iso-2022-jp", "iso-2022-jp"),
        (KOREAN, "EUC-KR", "cp949"),
        (RUSSIAN, "windows-1251", "cp1251"),
    ],
)
def test_what_a_page_declares_is_read_as_browsers_read_it(text: str, declared: str, encoding: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body>{text}'

    assert decode(page.encode(encoding)) == page
    assert decode(text.encode(encoding), declared) == text


def test_utf_8_is_seen_through_a_false_declaration() -> None:
    page = f'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">{GERMAN}'

    assert decode(page.encode(), "windows-1252") == page


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(GERMAN, "cp1252"), (CHINESE, "gb18030"), (JAPANESE, "cp932"), (RUSSIAN, "cp1251"), (KOREAN, "cp949")],
)
def test_without_any_hint_the_encoding_is_guessed(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("raw", [b"\x00\x01\x02\x03" * 50, b"text\0text", b"GIF89a\x00\x10"])
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="is not text in any encoding"):
        decode(raw)


@pytest.mark.parametrize("declared", ["utf-7", "UTF7", "unicode_escape", "zip", "rot13", "no-such", "x" * 40])
def test_a_declared_encoding_never_runs_a_decoder_that_is_none(declared: str) -> None:
    raw = f"<meta charset={declared}>+ADw-script+AD4- \\x3cb\\x3e".encode() + b"\xe9"

    assert "+ADw-script+AD4- \\x3cb\\x3e" in decode(raw, declared)
