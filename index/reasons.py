"""Why a file or an address is no article, or not all of one: the reasons, and their words in English.

A reason is a sentence that goes on from the name of the file or address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any


@unique
class Why(StrEnum):
    """Each is its words in English, with a name in braces for what differs."""

    # Files in the sources folder
    EMPTY_ARTICLE = "is empty: write the text below the front matter, or delete the file."
    NO_SENTENCE = "holds no sentence, only headings and marks. Write some text, or delete the file."
    UTF_16 = "is UTF-16, not UTF-8. Convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW"
    NOT_UTF_8 = (
        "is not UTF-8: byte 0x{byte:02X} at offset {offset}. Convert it: iconv -f WINDOWS-1252 -t UTF-8 "
        "OLD > NEW"
    )
    NUL = "holds a NUL character in line {line}, so it is not plain text. Export it again as UTF-8 text."
    SAME_NAME = "has the name of {other} but for the suffix. Rename one of them."
    NAME_NOT_UTF_8 = "has a name that is not UTF-8. Rename it."
    FILE_TOO_LARGE = "has {size:.1f} MB; at most {limit:.0f} MB are read. Split it into several articles."
    CLOSED_FOLDER = "cannot be opened: {problem}. Check its permissions."
    CLOSED_FILE = "cannot be read: {problem}. Check the file and its permissions."
    LINKED_FOLDER = "is a link to a folder, which is not followed. Copy the folder instead."
    LINK_OUT = "is a link that leads out of the sources folder. Copy the file instead."
    NO_FILE = "is not a regular file. Replace it by the text itself, or remove it."
    STAYS = "{reason} Until then its last good version stays."

    # Front matter
    LONG_FIELDS = (
        "has {count:,} characters of front matter; at most {limit:,} are read. Move the text below the "
        "closing '---' line."
    )
    UNCLOSED_FIELDS = (
        "opens front matter with '---' in line 1 and never closes it. Put a line '---' below the last field."
    )
    YAML_ALIAS = (
        "uses a YAML anchor or alias ('&' or '*') in line {line}. Put quotation marks round the value."
    )
    DEEP_FIELDS = "nests its front matter too deeply in line {line}. Flatten it."
    BROKEN_FIELDS_AT = (
        "has broken front matter: {problem} in line {line}. Put quotation marks round a value that holds "
        "': ' or '#'."
    )
    BROKEN_FIELDS = (
        "has broken front matter: {problem}. Put quotation marks round a value that holds ': ' or '#'."
    )
    STRANGE_FIELDS = "has broken front matter: {problem}. Save the file as plain UTF-8 text."
    BROKEN_TOML = "has broken front matter: {problem}. Write it as YAML."
    TOML = "has its front matter in TOML, to which nothing is added. Write it as YAML."
    NOT_FIELDS = (
        "has front matter that is not a list of fields (line {line}). Write lines such as 'title: My "
        "article'."
    )
    FIELD_TWICE = "gives '{name}' twice, in lines {first} and {second}. Keep one."
    FIELD_IS_LIST = "gives '{name}' in line {line} as a list. Write one value."
    LONG_TITLE = "has a title of {count:,} characters{place}. Write at most {limit}."
    LONG_ALSO = (
        "names too much under 'also' in line {line}. Keep at most {copies} copies, each 'Publisher, "
        "https://…' in at most {limit} characters."
    )
    NO_DATE = "gives a date that cannot be read{place}: '{value}'. Write 2019-07-17, 2019-07 or 2019."
    NO_LANGUAGE = (
        "gives a language that is not a language code{place}: '{value}'. Write 'en', 'zh' or 'pt-BR'."
    )
    NO_URL = (
        "gives a url that is not a web address{place}: '{value}'. Write a full address that begins with "
        "https://, or leave the line out."
    )
    IN_LINE = " in line {line}"
    DATE_LEFT_OUT = (
        "gives 'published' as '{value}', which cannot be read and is left out. Write 2019-07-17, 2019-07 "
        "or 2019."
    )
    URL_LEFT_OUT = (
        "gives 'url' as '{value}', which cannot be read and is left out. Write a full address that "
        "begins with https://."
    )
    FIELD_LEFT_OUT = "{reason} What cannot be read of it is left out."
    READ_AS_TEXT = "{reason} It is read as text."

    # Files and folders that are added
    IN_OWN_FOLDERS = "lies in Footnote's own folders already. `footnote build` reads it."
    NO_DOCUMENTS = "holds no document that can be read."
    LINK = "is a link, which is not followed. Add the file that it leads to by its own name."
    LINKED_FOLDER_ADDED = "is a link to a folder, which is not followed. Add that folder by its own name."
    NO_FILE_ADDED = "is not a regular file. Give the file itself."
    CLOSED_DOCUMENT = "cannot be read: {problem}. Check the name and the permissions."
    SAME_TEXT = "is the same text as '{title}' ({other}). It is there already."

    # Documents
    EMPTY_DOCUMENT = "is empty."
    NO_TEXT = "holds no text. If it holds a picture of a text, add the text itself."
    LONG_TEXT = "holds more than {limit:.0f} MB of text. Split it into several articles."
    DOCUMENT_TOO_LARGE = "is larger than {limit:.0f} MB, which is the most that is read."
    NO_ENCODING = "is not text in any encoding that is known. Save it again as UTF-8."
    MISNAMED = "is called {name} and is none. Export it once more."
    UNKNOWN_KIND = "is of a kind that is not read ({name}). {kinds} are."
    OLD_OFFICE = "is a document of an old Office. Save it as .docx, .xlsx, .pptx or PDF, and add that."
    PICTURE = "is a picture. Add the text that it shows."
    ENCRYPTED = "is encrypted. Save it without a password, and add it again."
    DAMAGED_ARCHIVE = "is damaged ({problem}). Save it once more."
    DAMAGED = "is damaged, or not of the kind that its name says. Save it once more."
    MANY_PARTS = "has more than {limit:,} parts, which no document has."
    UNPACKS_TOO_LARGE = "unpacks to more than {limit:.0f} MB. Split it into several documents."
    ENTITIES = "declares XML entities, which no document needs. It is not read."
    TOO_DEEP = "nests its parts too deeply to be read. Save it in a simpler form."
    TOO_SLOW = (
        "took longer than {seconds} seconds to read, which is where reading stops. Export it once more, "
        "or split it into several documents."
    )
    NO_MEMORY = "needs more memory than a document is given. Split it into several documents."
    BROKE_READER = "broke the program that reads it. It may be damaged: export it once more, in another form."
    NO_PANDOC = (
        "cannot be read here, because the program pandoc is missing. Install it: pip install pypandoc_binary"
    )
    NO_WORD = "is a zip archive and no Word document. Add the documents that are in it."
    DAMAGED_WORD = "is a damaged Word document. Save it once more as .docx."
    NO_SLIDES = "is a zip archive and no presentation. Save it once more as .pptx."
    DAMAGED_WORKBOOK = "is a damaged workbook. Save it once more as .xlsx."
    NO_CELLS = "holds no value in any visible cell. Save it once more in a spreadsheet."
    MANY_CELLS = "has more than {rows:,} rows or {cells:,} cells. Keep those that are asked for, or split it."
    NO_TABLE = "cannot be read as a table ({problem}). Save it once more as CSV."
    NO_MAIL = "is not an e-mail: it begins with no sender or subject. Save it once more as .eml."
    MAIL_WITHOUT_TEXT = "is an e-mail without a text. Add what is attached to it."
    NO_MESSAGES = "holds no messages of a Slack export. Add the documents that are in it one by one."
    DAMAGED_JSON = "is damaged JSON. Export it once more."
    DAMAGED_PDF = "is a damaged PDF ({problem}). Export it again, or add it as text."
    LARGE_PAGE = "is a damaged PDF (a page too large to be one). Export it again, or add it as text."
    MANY_PAGES = "has more than {limit:,} pages. Split it into several documents."
    NO_PAGES = "is a PDF without pages."
    SCANNED = (
        "is a scanned PDF: it holds pictures of pages and no text. Run text recognition over it (such as "
        "ocrmypdf), and add the result."
    )
    NO_LETTERS = (
        "does not say which letters its signs are, so that no text can be read out of it. Run text "
        "recognition over it (such as ocrmypdf --force-ocr), and add the result."
    )

    # Web pages
    BROKEN_HTML = "is HTML that cannot be taken apart. Open it in a browser, save it once more, and add that."
    ARCHIVE_WITHOUT_PAGE = "is a web archive without a page in it. Save the page again, as HTML."
    LINKS = "is a list of links and not an article. Give the address of the article itself."
    MOSTLY_LINKS = "is mostly links; look whether that is what you meant to add."
    NO_ARTICLE = (
        "is not an article: hardly any running text is in it. Give the address of the article itself; if "
        "its text appears only in a browser, save the page there and add the file."
    )
    LOGIN = (
        "asks for a login, so the article behind it cannot be read. Open it in your browser, save the "
        "page, and add the file."
    )

    # Addresses
    NO_ADDRESS = "is not a web address. Copy it once more from your browser."
    NO_WEB_ADDRESS = "is not a web address: only http:// and https:// are fetched."
    STRANGE_ADDRESS = "holds characters that no web address has. Copy it once more from your browser."
    PASSWORD = "holds a user name or a password, which are never sent. Give the address without."
    PORT = "names port {port}; only 80 and 443 are fetched from. FOOTNOTE_ALLOW_HOSTS lists exceptions."
    IMPOSSIBLE_HOST = "names a host that cannot be. Copy the address once more from your browser."
    NO_HOST = "names no host. Copy the address once more from your browser."
    UNKNOWN_HOST = "cannot be reached: no address is known for {host}. Check the spelling."
    PRIVATE_ADDRESS = (
        "leads to a private address ({host}), which is not fetched, so that nobody can look into the "
        "network behind this server. Save the page in your browser and add the file. "
        "FOOTNOTE_ALLOW_HOSTS lists exceptions."
    )
    NO_CERTIFICATE = "has no valid certificate ({problem}), so what it sends cannot be trusted."
    UNREACHABLE = "cannot be reached ({problem}). Check the address, and try again."
    NO_ANSWER = "took too long to answer. Try again later, or save the page and add the file."
    MANY_REDIRECTS = "was redirected more than {limit} times. Give the address that a browser ends at."
    LEADS_TO_LOGIN = (
        "leads to a login, so the article behind it cannot be read. Open it in your browser, save the "
        "page, and add the file."
    )
    CLOSED_PAGE = (
        "asks for a login or is closed to programs (status {status}). Open it in your browser, save the "
        "page, and add the file."
    )
    NOT_FOUND = "does not exist (status {status}). Check the address."
    SERVER_FAILED = "cannot be read now: the server answered with status {status}. Try again later."
    UNKNOWN_TYPE = "is {name}, which is not read. {kinds} are."
    PAGE_TOO_LARGE = "is larger than {limit:.0f} MB, which is the most that is fetched."
    STRANGE_ENCODING = "came in an encoding that was not asked for ({name}). Save the page, and add the file."
    CAME_DAMAGED = "came damaged: it could not be unpacked. Try again."
    BROKE_OFF = "broke off before its end. Try again."

    # Feeds and sitemaps
    ROBOTS = "is closed to programs by the robots.txt of its host, which is respected."
    NO_ROBOTS = "cannot be followed now: the robots.txt of its host {reason}"
    NO_FEED = "is no RSS or Atom feed and no sitemap. To take in a page alone, add it."
    DAMAGED_FEED = "is a damaged feed or sitemap ({problem}). Try again later."
    DOCTYPE = "declares a document type, in which entities could hide, and is not read."
    DEEP_FEED = "nests its parts too deeply to be a feed, and is not read."
    FEED_TOO_LARGE = "unpacks to more than {limit:.0f} MB, the most that is read."


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason with the values that its words name, among them other reasons.  `str` is English."""

    why: Why
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.why.format(**self.values)


Value = str | int | float | Reason


def reason_of(raw: Mapping[str, Any]) -> Reason:
    """Return a reason that was a dictionary by `dataclasses.asdict`, and JSON.

    Raise `KeyError`, `TypeError` or `ValueError` for what never was one.
    """
    values = {
        name: reason_of(value) if isinstance(value, dict) else value for name, value in raw["values"].items()
    }
    return Reason(Why(raw["why"]), values)
