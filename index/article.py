"""One file's bytes -> one `Article`: decoding, front matter, and the body that offsets count in.

Front matter is YAML between two `---` lines, the first of which opens the file, or TOML between two
`+++` lines.  The body is what follows the closing line, less the blank lines that lead it; without
front matter the body is the whole file.  Line ends are `\\n` in the body, whatever they are in the file.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import yaml

from index.lines import first_heading
from index.reasons import Reason, Value, Why
from index.types import Article, FootnoteError

T = TypeVar("T")

# Real front matter is a few lines; more is a mistake or an attack on the YAML parser.
MAX_FRONT_MATTER_CHARS = 64 * 1024
MAX_FRONT_MATTER_DEPTH = 16
# A title or heading stands in front of its passages, and a longer one would drown them.
MAX_TITLE_CHARS = 300
# Each is shown below a quote: more would be a list of links and no citation.
MAX_COPIES = 20
MAX_COPY_CHARS = 600

_WIKI_LINK = re.compile(r"^\[\[(.+)\]\]$")
_FENCE = re.compile(r"---[ \t]*$")
_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ][\d:.,+\-Z ]*)?)?)?")
_NAMED_DATES = (
    re.compile(r"(?P<day>\d\d?)(?:st|nd|rd|th|\.)? (?P<month>[A-Za-z]{3,9})\.?,? (?P<year>\d{4})(?:[ ,].*)?"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})(?:[ ,].*)?"),
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
# How other programs that write front matter call the same things; the first that is there counts.
_NAMES = {
    **dict.fromkeys(("date", "pubdate", "publishdate", "created", "lastmod", "updated"), "published"),
    "lang": "language",
    **dict.fromkeys(("authors", "byline"), "author"),
    **dict.fromkeys(("link", "canonical", "canonical_url", "canonicalurl", "source_url"), "url"),
    **dict.fromkeys(("site", "publication", "sitename"), "publisher"),
}
_LANGUAGES = {
    **{"english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es"},
    **{"español": "es", "italian": "it", "italiano": "it", "portuguese": "pt", "dutch": "nl"},
    **{"chinese": "zh", "中文": "zh", "japanese": "ja", "日本語": "ja"},
    **{"korean": "ko", "polish": "pl", "russian": "ru"},
}
_TOML = re.compile(r"\+\+\+[ \t]*\n(.{0,65536}?)^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^[A-Za-z_][\w -]{0,60}:(?=[ \t\n]|\Z)", re.MULTILINE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NOTHING = frozenset({"~", "null"})
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# libyaml is much faster, if the platform's wheel has it; both build the same nodes.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class ArticleError(FootnoteError):
    """A file that is no article."""

    def __init__(self, file: str, why: Why, **values: Value) -> None:
        self.reason = Reason(why, values)
        super().__init__(f"{file}: {self.reason}")


def parse_article(id: str, file: str, raw: bytes, problems: list[Reason] | None = None) -> Article:
    """Return the article in `raw`; raise `ArticleError` with the line and the remedy.

    If a list for `problems` is given, front matter is no reason to refuse a file: fields that cannot
    be read are left out, and added to that list.
    """
    fields, body = _fields_and_body(file, _decode(file, raw), problems)
    if not body.strip():
        raise ArticleError(file, Why.EMPTY_ARTICLE)
    return Article(
        id=id,
        file=file,
        text=body,
        title=_kept(_title, file, fields, problems) or first_heading(body) or _readable_stem(file),
        publisher=_kept(_publisher, file, fields, problems),
        author=_kept(_author, file, fields, problems),
        published=_kept(_published, file, fields, problems),
        language=_kept(_language, file, fields, problems),
        url=_kept(_url, file, fields, problems),
        sha256=hashlib.sha256(raw).hexdigest(),
        also=_kept(_also, file, fields, problems) or (),
    )


def front_matter(
    file: str, text: str, problems: list[Reason] | None = None
) -> tuple[dict[str, str | tuple[str, ...]], str]:
    """Return every field whose value is words or a list of words, known here or not, and the body.

    Raise `ArticleError` if the front matter cannot be read; if a list for `problems` is given, leave
    out the fields that cannot be read, and add them to that list.
    """
    fields, body = _fields_and_body(file, text.replace("\r\n", "\n").replace("\r", "\n"), problems)
    found: dict[str, str | tuple[str, ...]] = {}
    for name, field in fields.items():
        if name == "author":
            author = _kept(_author, file, fields, problems)
            found |= {name: author} if author is not None else {}
        elif isinstance(field.node, yaml.SequenceNode):
            items = [item for item in field.node.value if isinstance(item, yaml.ScalarNode)]
            found[name] = tuple(" ".join(str(item.value).split()) for item in items)
        elif isinstance(field.node, yaml.ScalarNode):
            value = _text(file, fields={name: field}, name=name)
            if value is not None:
                found[name] = value
    return found, body


def date_in(written: str) -> str | None:
    """Return `2019-07-17` for `2019-07-17 10:00`, `17 July 2019` or `July 17, 2019`; None if unsure."""
    match = _DATE.fullmatch(written)
    year, month, day = match.groups() if match else (None, None, None)
    for pattern in _NAMED_DATES if match is None else ():
        named = pattern.fullmatch(written)
        if named is not None and named["month"][:3].lower() in _MONTHS:
            year, day = named["year"], f"{int(named['day']):02}"
            month = f"{1 + _MONTHS.index(named['month'][:3].lower()):02}"
    try:
        datetime.date(int(year or ""), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return "-".join(part for part in (year, month, day) if part)


def with_copies(file: str, raw: bytes, copies: Sequence[str]) -> bytes:
    """Return the file with `copies` as its `also`, every other byte unchanged; its lines end with "\n"."""
    text = _decode(file, raw)
    if _TOML.match(text):
        raise ArticleError(file, Why.TOML)
    front, body = _split_front_matter(file, text)
    field = _fields(file, front).get("also")
    added = "".join(f"  - {json.dumps(copy, ensure_ascii=False)}\n" for copy in copies)
    added = f"also:\n{added}" if copies else ""
    if _OPENING.match(text) is None:
        return (f"---\n{added}---\n{body}" if added else text).encode()
    lines = front.splitlines(keepends=True)
    if field is not None:
        node = field.node
        if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
            # To YAML, a list of lines ends at the beginning of the next field, after comments on that field.
            node = node.value[-1]
        end = node.end_mark
        lines[field.line - 2 : end.line + (1 if end.column else 0)] = []
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    opening = text[: text.index("\n") + 1]
    rest = text[len(opening) + len(front) :]
    return f"{opening}{''.join(lines)}{added}{rest}".encode()


def text_sha256(text: str) -> str:
    """Return a checksum that is equal for equal texts, whatever the front matter says."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def _kept(
    read: Callable[[str, Mapping[str, _Field]], T | None],
    file: str,
    fields: Mapping[str, _Field],
    problems: list[Reason] | None,
) -> T | None:
    try:
        return read(file, fields)
    except ArticleError as error:
        if problems is None:
            raise
        problems.append(Reason(Why.FIELD_LEFT_OUT, {"reason": error.reason}))
        return None


def _fields_and_body(file: str, text: str, problems: list[Reason] | None) -> tuple[Mapping[str, _Field], str]:
    toml = _TOML.match(text)
    if toml is not None:
        fields = _toml_fields(file, toml[1], problems)
        blank = _BLANK_LINES.match(text, toml.end())
        return _renamed(fields), text[blank.end() if blank else toml.end() :]
    try:
        front, body = _split_front_matter(file, text)
    except ArticleError as error:
        if problems is None:
            raise
        problems.append(Reason(Why.READ_AS_TEXT, {"reason": error.reason}))
        return {}, text
    try:
        return _renamed(_fields(file, front)), body
    except ArticleError as error:
        if problems is None:
            raise
        fields = _fields_one_by_one(file, front)
        if not fields:
            # Two rules, and the text between them.
            return {}, text
        problems.append(Reason(Why.FIELD_LEFT_OUT, {"reason": error.reason}))
        return _renamed(fields), body


def _toml_fields(file: str, front: str, problems: list[Reason] | None) -> dict[str, _Field]:
    try:
        content = tomllib.loads(front)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problem = ArticleError(file, Why.BROKEN_TOML, problem=str(error))
        if problems is None:
            raise problem from error
        problems.append(Reason(Why.FIELD_LEFT_OUT, {"reason": problem.reason}))
        return {}
    fields: dict[str, _Field] = {}
    for name, value in content.items():
        at = re.search(rf"^\s*['\"]?{re.escape(name)}\b", front, re.MULTILINE)
        line = 2 + (front.count("\n", 0, at.start()) if at else 0)
        fields.setdefault(name.strip().lower(), _Field(line, _node(value)))
    return fields


def _node(value: Any) -> yaml.Node:
    """Return a value of TOML as YAML would have it."""
    if isinstance(value, list):
        return yaml.SequenceNode("list", [_node(item) for item in value])
    if isinstance(value, dict):
        pairs = [(_node(name), _node(item)) for name, item in value.items()]
        return yaml.MappingNode("map", pairs)
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return yaml.ScalarNode("str", shown, style='"')


def _fields_one_by_one(file: str, front: str) -> dict[str, _Field]:
    """Return the fields of front matter that is not YAML as a whole: those that are, and `name: words`."""
    fields: dict[str, _Field] = {}
    starts = [match.start() for match in _FIELD.finditer(front)]
    for start, end in pairwise([*starts, len(front)]):
        lines, part = front.count("\n", 0, start), front[start:end]
        name, _, value = part.partition(":")
        try:
            # Behind as many lines, so that it knows its own.
            found = _fields(file, "\n" * lines + part)
        except ArticleError:
            words = value.strip()
            if "\n" in words or not words:
                continue
            node = yaml.ScalarNode("str", words.strip("'\""), style='"')
            found = {name.strip().lower(): _Field(lines + 2, node)}
        for known, field in found.items():
            fields.setdefault(known, field)
    return fields


def _renamed(fields: Mapping[str, _Field]) -> Mapping[str, _Field]:
    """Return the fields by the names that they have here; a name that is given stands above another's."""
    named = dict(fields)
    # In Jekyll it says whether a page is public.
    state = named.get("published")
    if state is not None and str(state.node.value).lower() in ("true", "false"):
        del named["published"]
    for name, meant in _NAMES.items():
        if name in named and meant not in named:
            named[meant] = named.pop(name)
    return named


class _Field(NamedTuple):
    line: int
    """In the file, from 1."""
    node: yaml.Node


def _decode(file: str, raw: bytes) -> str:
    if raw.startswith(_UTF16_MARKS):
        raise ArticleError(file, Why.UTF_16)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The exception counts from behind a byte order mark.
        offset = error.start + (len(raw) - len(error.object))
        raise ArticleError(file, Why.NOT_UTF_8, byte=error.object[error.start], offset=offset) from error
    # Stripping NULs would silently shift every offset, and they mean that this is no text.
    if "\0" in text:
        line = 1 + text[: text.index("\0")].count("\n")
        raise ArticleError(file, Why.NUL, line=line)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split_front_matter(file: str, text: str) -> tuple[str, str]:
    opening = _OPENING.match(text)
    if opening is None:
        if _FENCE.fullmatch(text):
            raise _unclosed(file)
        return "", text
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise _unclosed(file)
    front = text[opening.end() : closing.start()]
    if len(front) > MAX_FRONT_MATTER_CHARS:
        raise ArticleError(file, Why.LONG_FIELDS, count=len(front), limit=MAX_FRONT_MATTER_CHARS)
    blank = _BLANK_LINES.match(text, closing.end())
    return front, text[blank.end() if blank else closing.end() :]


def _unclosed(file: str) -> ArticleError:
    return ArticleError(file, Why.UNCLOSED_FIELDS)


def _fields(file: str, front: str) -> Mapping[str, _Field]:
    """Return the top-level fields as YAML nodes, which still know their lines."""
    try:
        # The events first, which need no recursion: composing follows aliases and nesting, and a
        # few bytes of either can exhaust memory or the stack.
        for depth, event in _with_depth(yaml.parse(front, Loader=_Loader)):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise ArticleError(file, Why.YAML_ALIAS, line=_line(event.start_mark))
            if depth > MAX_FRONT_MATTER_DEPTH:
                raise ArticleError(file, Why.DEEP_FIELDS, line=_line(event.start_mark))
        root = yaml.compose(front, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _broken(file, error) from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise ArticleError(file, Why.NOT_FIELDS, line=_line(root.start_mark))
    fields: dict[str, _Field] = {}
    for key, value in root.value:
        name = str(key.value).strip().lower() if isinstance(key, yaml.ScalarNode) else ""
        line = _line(key.start_mark)
        if name in fields:
            raise ArticleError(file, Why.FIELD_TWICE, name=name, first=fields[name].line, second=line)
        fields[name] = _Field(line, value)
    return fields


def _with_depth(events: Iterator[yaml.Event]) -> Iterator[tuple[int, yaml.Event]]:
    depth = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        yield depth, event


def _broken(file: str, error: yaml.YAMLError) -> ArticleError:
    if not isinstance(error, yaml.MarkedYAMLError):
        return ArticleError(file, Why.STRANGE_FIELDS, problem=str(error))
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context)
    if mark is None:
        return ArticleError(file, Why.BROKEN_FIELDS, problem=problem)
    return ArticleError(file, Why.BROKEN_FIELDS_AT, problem=problem, line=_line(mark))


def _line(mark: Any) -> int:
    """Return the line of the file: YAML counts from 0, and the file's first line is the '---'."""
    return int(mark.line) + 2


def _in_line(field: _Field) -> Reason:
    return Reason(Why.IN_LINE, {"line": field.line})


def _text(file: str, fields: Mapping[str, _Field], name: str) -> str | None:
    field = fields.get(name)
    if field is None:
        return None
    if not isinstance(field.node, yaml.ScalarNode):
        raise ArticleError(file, Why.FIELD_IS_LIST, name=name, line=field.line)
    value = " ".join(str(field.node.value).split())
    # A quoted "null" is a word; a bare one is YAML for nothing.
    return None if value == "" or (not field.node.style and value in _NOTHING) else value


def _title(file: str, fields: Mapping[str, _Field]) -> str | None:
    title = _text(file, fields, "title")
    if title is not None and len(title) > MAX_TITLE_CHARS:
        place = _in_line(fields["title"])
        raise ArticleError(file, Why.LONG_TITLE, count=len(title), place=place, limit=MAX_TITLE_CHARS)
    return title


def _publisher(file: str, fields: Mapping[str, _Field]) -> str | None:
    return _text(file, fields, "publisher")


def _author(file: str, fields: Mapping[str, _Field]) -> str | None:
    field = fields.get("author")
    if field is None:
        return None
    items = field.node.value if isinstance(field.node, yaml.SequenceNode) else [field.node]
    names = [_text(file, {"author": _Field(field.line, _name_of(item))}, "author") for item in items]
    return ", ".join(_WIKI_LINK.sub(r"\1", name) for name in names if name) or None


def _name_of(node: yaml.Node) -> yaml.Node:
    """Return the name meant by `{name: Ada, mail: …}`, and by `[[Ada]]`, a link that YAML takes for lists."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if str(key.value).lower() == "name"), node)
    while isinstance(node, yaml.SequenceNode) and len(node.value) == 1:
        node = node.value[0]
    return node


def _also(file: str, fields: Mapping[str, _Field]) -> tuple[str, ...]:
    """Return one line, or a list of lines, each the name of a publisher, an address, or both."""
    field = fields.get("also")
    if field is None:
        return ()
    items = field.node.value if isinstance(field.node, yaml.SequenceNode) else [field.node]
    lines = [_text(file, {"also": _Field(field.line, item)}, "also") for item in items]
    copies = tuple(dict.fromkeys(line for line in lines if line))
    if len(copies) > MAX_COPIES or any(len(copy) > MAX_COPY_CHARS for copy in copies):
        raise ArticleError(file, Why.LONG_ALSO, line=field.line, copies=MAX_COPIES, limit=MAX_COPY_CHARS)
    return copies


def _published(file: str, fields: Mapping[str, _Field]) -> str | None:
    value = _text(file, fields, "published")
    if value is None:
        return None
    date = date_in(value)
    if date is not None:
        return date
    raise ArticleError(file, Why.NO_DATE, place=_in_line(fields["published"]), value=value)


def _language(file: str, fields: Mapping[str, _Field]) -> str | None:
    value = _text(file, fields, "language")
    if value is None or _LANGUAGE.fullmatch(value):
        return value
    plain = value.partition(".")[0].replace("_", "-")
    if plain.lower() in _LANGUAGES or _LANGUAGE.fullmatch(plain):
        return _LANGUAGES.get(plain.lower(), plain)
    raise ArticleError(file, Why.NO_LANGUAGE, place=_in_line(fields["language"]), value=value)


def _url(file: str, fields: Mapping[str, _Field]) -> str | None:
    value = _text(file, fields, "url")
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        usable = False
    if usable:
        return value
    raise ArticleError(file, Why.NO_URL, place=_in_line(fields["url"]), value=value)


def _readable_stem(file: str) -> str:
    words = re.sub(r"[-_\s]+", " ", PurePosixPath(file).stem).strip()
    return words[:1].upper() + words[1:] if words else PurePosixPath(file).stem
