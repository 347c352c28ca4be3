"""The front matter of a file -> its fields, which know their lines, and the body below.

Front matter is YAML between two `---` lines, the first of which opens the file, or TOML between two
`+++` lines.  The body is what follows the closing line, less the blank lines that lead it; without
front matter the body is the whole file.  Line ends are `\\n` in the body, whatever they are in the file.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from index.reasons import Reason, Value, Why
from index.types import FootnoteError

# Real front matter is a few lines; more is a mistake or an attack on the YAML parser.
MAX_FRONT_MATTER_CHARS = 64 * 1024
MAX_FRONT_MATTER_DEPTH = 16

_FENCE = re.compile(r"---[ \t]*$")
_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")
_TOML = re.compile(r"\+\+\+[ \t]*\n(.{0,65536}?)^\+\+\+[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^[A-Za-z_][\w -]{0,60}:(?=[ \t\n]|\Z)", re.MULTILINE)
_NOTHING = frozenset({"~", "null"})
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# How other programs that write front matter call the same things; the first that is there counts.
_NAMES = {
    **dict.fromkeys(("date", "pubdate", "publishdate", "created", "lastmod", "updated"), "published"),
    "lang": "language",
    **dict.fromkeys(("authors", "byline"), "author"),
    **dict.fromkeys(("link", "canonical", "canonical_url", "canonicalurl", "source_url"), "url"),
    **dict.fromkeys(("site", "publication", "sitename"), "publisher"),
}
# libyaml is much faster, if the platform's wheel has it; both build the same nodes.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class ArticleError(FootnoteError):
    """A file that is no article."""

    def __init__(self, file: str, why: Why, **values: Value) -> None:
        self.reason = Reason(why, values)
        super().__init__(f"{file}: {self.reason}")


class Field(NamedTuple):
    """One field as it was written."""

    line: int
    """In the file, from 1."""
    node: yaml.Node

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_words(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    def items(self) -> list[Field]:
        """Return the items of a list as fields; of what is no list, the field alone."""
        return [Field(self.line, node) for node in (self.node.value if self.is_list else [self.node])]

    def name(self) -> Field:
        """Return what `{name: Ada, mail: …}` means, and `[[Ada]]`, a link that YAML takes for lists."""
        node = self.node
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if str(key.value).lower() == "name"), node)
        while isinstance(node, yaml.SequenceNode) and len(node.value) == 1:
            node = node.value[0]
        return Field(self.line, node)


def decode(file: str, raw: bytes) -> str:
    """Return the text of a file with `\\n` for line ends; raise `ArticleError` if it is not UTF-8 text."""
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


def fields_and_body(file: str, text: str, problems: list[Reason] | None) -> tuple[Mapping[str, Field], str]:
    """Return the fields by their names in lower case, and the body.

    Raise `ArticleError` if the front matter cannot be read; if a list for `problems` is given, leave
    out what cannot be read, and add that to the list.
    """
    toml = _TOML.match(text)
    if toml is not None:
        fields = _toml_fields(file, toml[1], problems)
        blank = _BLANK_LINES.match(text, toml.end())
        return _renamed(fields), text[blank.end() if blank else toml.end() :]
    try:
        front, body = _split(file, text)
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


def _toml_fields(file: str, front: str, problems: list[Reason] | None) -> dict[str, Field]:
    try:
        content = tomllib.loads(front)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problem = ArticleError(file, Why.BROKEN_TOML, problem=str(error))
        if problems is None:
            raise problem from error
        problems.append(Reason(Why.FIELD_LEFT_OUT, {"reason": problem.reason}))
        return {}
    fields: dict[str, Field] = {}
    for name, value in content.items():
        at = re.search(rf"^\s*['\"]?{re.escape(name)}\b", front, re.MULTILINE)
        line = 2 + (front.count("\n", 0, at.start()) if at else 0)
        fields.setdefault(name.strip().lower(), Field(line, _node(value)))
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


def _fields_one_by_one(file: str, front: str) -> dict[str, Field]:
    """Return the fields of front matter that is not YAML as a whole: those that are, and `name: words`."""
    fields: dict[str, Field] = {}
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
            found = {name.strip().lower(): Field(lines + 2, node)}
        for known, field in found.items():
            fields.setdefault(known, field)
    return fields


def _renamed(fields: Mapping[str, Field]) -> Mapping[str, Field]:
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


def value_of(file: str, fields: Mapping[str, Field], name: str) -> str | None:
    """Return a field's value on one line, None if it has none; raise `ArticleError` for a list."""
    field = fields.get(name)
    if field is None:
        return None
    if not isinstance(field.node, yaml.ScalarNode):
        raise ArticleError(file, Why.FIELD_IS_LIST, name=name, line=field.line)
    value = " ".join(str(field.node.value).split())
    # A quoted "null" is a word; a bare one is YAML for nothing.
    return None if value == "" or (not field.node.style and value in _NOTHING) else value


def with_copies(file: str, raw: bytes, copies: Sequence[str]) -> bytes:
    """Return the file with `copies` as its `also`, every other byte unchanged; its lines end with "\n"."""
    text = decode(file, raw)
    if _TOML.match(text):
        raise ArticleError(file, Why.TOML)
    front, body = _split(file, text)
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


def _split(file: str, text: str) -> tuple[str, str]:
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


def _fields(file: str, front: str) -> Mapping[str, Field]:
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
    fields: dict[str, Field] = {}
    for key, value in root.value:
        name = str(key.value).strip().lower() if isinstance(key, yaml.ScalarNode) else ""
        line = _line(key.start_mark)
        if name in fields:
            raise ArticleError(file, Why.FIELD_TWICE, name=name, first=fields[name].line, second=line)
        fields[name] = Field(line, value)
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
