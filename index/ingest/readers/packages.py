"""Documents that are zip archives of XML: opened member by member, each and all together up to a limit."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from index.ingest.document import MAX_TITLE_CHARS, Unreadable, clean_language, clean_line, iso_date
from index.reasons import Why

# A novel is 3 MB of WordprocessingML; a zip bomb is gigabytes in a few kilobytes.
MAX_UNPACKED_BYTES = 64 * 1000 * 1000
MAX_MEMBERS = 10_000
# python-docx's template was saved then, and what programs make of it says so for ever.
_TEMPLATE_DATE, _TEMPLATE_AUTHOR = "2013-12-23", "python-docx"
# A declaration of entities, in UTF-8 or UTF-16.
_ENTITY = re.compile(rb"<!ENTITY|<\x00!\x00E\x00N\x00T", re.IGNORECASE)


def members(raw: bytes, suffixes: Iterable[str] = (".xml", ".rels")) -> dict[str, bytes]:
    """Return the members whose names end so, by name; raise `Unreadable` for a broken or huge archive."""
    wanted = tuple(suffixes)
    found: dict[str, bytes] = {}
    left = MAX_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise Unreadable(Why.MANY_PARTS, limit=MAX_MEMBERS)
            for info in archive.infolist():
                if not info.filename.lower().endswith(wanted):
                    continue
                # What the archive says of its size may be a lie: read on until there is more than allowed.
                with archive.open(info) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise Unreadable(Why.UNPACKS_TOO_LARGE, limit=MAX_UNPACKED_BYTES / 1e6)
                if _ENTITY.search(content):
                    raise Unreadable(Why.ENTITIES)
                found[info.filename] = content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise Unreadable(Why.DAMAGED_ARCHIVE, problem=str(error)) from error
    except RuntimeError as error:  # what zipfile raises for a member that wants a password
        raise Unreadable(Why.ENCRYPTED) from error
    return found


@dataclass(frozen=True, slots=True)
class Facts:
    """A document's own metadata."""

    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None


NO_FACTS = Facts()


def package_facts(parts: dict[str, bytes]) -> Facts:
    """Return the properties of an Office or OpenDocument document; of those that it lacks, nothing."""
    raw = parts.get("docProps/core.xml") or parts.get("meta.xml")
    said: dict[str, str] = {}
    for element in safe_xml(raw).iter() if raw else ():
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        said.setdefault(name, element.text or "")
    author = clean_line((said.get("creator") or said.get("initial-creator") or "").replace(";", ","))
    # When it was last saved: many a document began as a copy of last year's, and bears its birthday.
    dates = (said.get(name) for name in ("modified", "date", "created", "creation-date"))
    return Facts(
        clean_line(said.get("title"), MAX_TITLE_CHARS),
        author if author != _TEMPLATE_AUTHOR else None,
        next((iso_date(date) for date in dates if date and not date.startswith(_TEMPLATE_DATE)), None),
        clean_language(said.get("language")),
    )


def parts_of_kind(parts: dict[str, bytes], part: str, kind: str) -> dict[str, str]:
    """Return the parts that a part names as those of a kind, by id; of the package if `part` is empty."""
    folder, _, name = part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels".lstrip("/")
    found: dict[str, str] = {}
    for one in safe_xml(parts[relations]) if relations in parts else ():
        target = one.get("Target") or ""
        if (one.get("Type") or "").endswith(f"/{kind}") and one.get("TargetMode") != "External":
            path = target if target.startswith("/") else posixpath.join("/", folder, target)
            found[one.get("Id") or ""] = posixpath.normpath(path).lstrip("/")
    return found


def packed(content: dict[str, bytes]) -> bytes:
    """Return the archive of some members, for a program that reads it at once: stored, not compressed."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        for name, member in content.items():
            archive.writestr(name, member)
    return raw.getvalue()


def safe_xml(raw: bytes) -> Any:
    """Return the root of an XML document that declares no type and no entities, and needs no other file."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(Why.DAMAGED_ARCHIVE, problem=error.msg) from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable(Why.ENTITIES)
    return root
