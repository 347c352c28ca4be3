"""HTML and Markdown marks inside a text: taken out if they are markup, escaped if they are words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from index.ingest.document import What

# Their content is no text.
_WITH_CONTENT = frozenset(
    "script style template noscript iframe object embed svg math head title textarea select".split()
)
_ELEMENTS = _WITH_CONTENT | frozenset(
    """a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote
    body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir
    div dl dt em fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 header hgroup
    hr html i img input ins kbd label legend li link main map mark marquee menu meta meter nav noframes ol
    optgroup option output p param picture pre progress q rp rt ruby s samp section slot small source span
    strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr""".split()
)
_BREAKS = frozenset("br p div li tr h1 h2 h3 h4 h5 h6 hr td th blockquote section article".split())
_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9]*)")
# What a tag may be long: `<` may also mean "less than", and the search for its end has to end.
_MAX_TAG_CHARS = 4000
_PASSES = 3
_ELEMENT_LIKE = re.compile(rf"<(?=/?(?:{'|'.join(sorted(_ELEMENTS))})\b|!|\?)", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_TAG_LIKE = re.compile(r"(?<!\\)((?:\\\\)*)<(?=[A-Za-z/][^<>]*>|[!?])")
_BLOCK_MARK = re.compile(r"(?m)^([ \t]{0,3})(#{1,6}(?=[ \t]|$)|>|[+*](?=[ \t])|={3,}$|-{3,}$|```|~~~)")
_OBSIDIAN_COMMENT = re.compile(r"%%([^%]{1,20000}(?:%[^%]{1,20000}){0,20})%%")
_HTML_COMMENT = re.compile(r"<!--\s*([^<>]{1,5000})-->")
_STRUCK = re.compile(r"(?<![\\~\w])~~(?=\S)([^~\n]{1,2000}?)(?<=\S)~~(?!~) ?")
_STRUCK_HTML = re.compile(r"<(?:del|s|strike)>([^<>]{0,2000})</(?:del|s|strike)> ?", re.IGNORECASE)
_EMBED = re.compile(r"!\[\[([^\[\]\n]{1,300})\]\]")
_WIKI_LINK = re.compile(r"(?<!\\)\[\[([^\[\]|\n]{1,300})(?:\|([^\[\]\n]{1,300}))?\]\]")
_HIGHLIGHT = re.compile(r"(?<![=\w])==(?=\S)([^=\n]{1,1000}?)(?<=\S)==(?![=\w])")
_BLOCK_ID = re.compile(r"(?m)[ \t]\^[A-Za-z0-9-]{1,40}[ \t]*$")
_RAISED_HTML = re.compile(r"<(su[pb])>([^<>]{1,60})</su[pb]>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")


def without_html(markdown: str) -> str:
    """Return Markdown whose HTML is gone, but for what stands in fenced code or between backticks."""
    return "".join(part if code else _without_html(part) for part, code in _by_code(markdown))


def without_marks(markdown: str, left: list[tuple[What, str]]) -> str:
    """Return Markdown without comments and struck text, which go into `left`; wiki links become words.

    Code stays as it is.
    """
    return "".join(part if code else _without_marks(part, left) for part, code in _by_code(markdown))


def _without_marks(text: str, left: list[tuple[What, str]]) -> str:
    def gone(what: What) -> Callable[[re.Match[str]], str]:
        def drop(match: re.Match[str]) -> str:
            left.append((what, match[1]))
            return ""

        return drop

    text = _OBSIDIAN_COMMENT.sub(gone("hidden text"), text)
    text = _HTML_COMMENT.sub(gone("hidden text"), text)
    text = _STRUCK.sub(gone("struck text"), text)
    text = _STRUCK_HTML.sub(gone("struck text"), text)
    text = _EMBED.sub(gone("pictures"), text)
    text = _WIKI_LINK.sub(lambda match: match[2] or match[1].partition("#")[0] or match[1].lstrip("#"), text)
    text = _HIGHLIGHT.sub(r"\1", _BLOCK_ID.sub("", text))
    text = _RAISED_HTML.sub(
        lambda match: (raised if match[1].lower() == "sup" else lowered)(
            match.string[max(0, match.start() - 60) : match.start()], match[2]
        ),
        text,
    )
    return _ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    """`&euro;` -> `€`; what would be taken for a tag stays an entity."""
    character = html.unescape(match[0])
    return match[0] if character in "<>&" and match[0] != "&amp;" else character.replace("\xa0", " ")


def escaped_paragraph(text: str) -> str:
    """Return words that Markdown would take for something else, escaped so that it takes them for words."""
    return _BLOCK_MARK.sub(r"\1\\\2", escaped(text))


def escaped(text: str) -> str:
    """`<b>` in a text that is about HTML stays to be read, and is no HTML; what is escaped stays as it is."""
    return _TAG_LIKE.sub(r"\1\\<", text)


def _by_code(markdown: str) -> Iterator[tuple[str, bool]]:
    """Yield runs of lines, fenced or not; within the others, spans between backticks."""
    prose: list[str] = []
    fence = ""
    for line in markdown.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            yield line, True
            if mark and mark[1].startswith(fence) and not line.strip("`~ \n"):
                fence = ""
        elif mark:
            yield from _by_backticks("".join(prose))
            prose, fence = [], mark[1]
            yield line, True
        else:
            prose.append(line)
    yield from _by_backticks("".join(prose))


def _by_backticks(text: str) -> Iterator[tuple[str, bool]]:
    """Find single backticks on one line; a pair further apart is no code, or hides markup."""
    start = 0
    for match in re.finditer(r"`[^`\n]{1,500}`", text):
        yield text[start : match.start()], False
        yield match.group(), True
        start = match.end()
    yield text[start:], False


def _without_html(text: str) -> str:
    """Taking a tag out of `<scr<b>ipt>` makes another one: once more, and what then is left is disarmed."""
    for _ in range(_PASSES):
        stripped = "".join(_stripped(text))
        if stripped == text:
            return text
        text = stripped
    return _ELEMENT_LIKE.sub(r"\\<", text)


def _stripped(text: str) -> Iterator[str]:
    """Scan once from the left: patterns for nested marks take for ever on hostile texts."""
    start = 0
    unclosed: set[str] = set()
    while True:
        opening = text.find("<", start)
        if opening < 0:
            yield text[start:]
            return
        yield text[start:opening]
        if text.startswith("<!--", opening):
            end = text.find("-->", opening + 4)
            start = len(text) if end < 0 else end + 3
            continue
        if text.startswith(("<!", "<?"), opening):
            end = text.find(">", opening, opening + _MAX_TAG_CHARS)
            start = opening + 2 if end < 0 else end + 1
            continue
        name = _NAME.match(text, opening + 1)
        element = name[1].lower() if name else ""
        if element not in _ELEMENTS:
            yield "<"
            start = opening + 1
            continue
        end = text.find(">", opening, opening + _MAX_TAG_CHARS)
        # A tag without an end: browsers would read on, so nothing of it may stay.
        start = opening + 1 + len(name[0] if name else "") if end < 0 else end + 1
        if element in _WITH_CONTENT and not text.startswith("</", opening):
            closing = None if element in unclosed else re.compile(f"</{element}", re.I).search(text, start)
            if closing is not None:
                start = text.find(">", closing.end()) + 1 or len(text)
            elif element in ("script", "style"):
                start = len(text)
            else:
                unclosed.add(element)
        elif element in _BREAKS and text[opening - 1 : opening] not in ("", "\n", " "):
            yield "\n" if element != "br" else " "


_RAISED = dict(zip("0123456789+-−–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ", strict=True))
_LOWERED = dict(zip("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎", strict=True))
# What stands behind the figure in "1st", "2ᵉ" and "3.º", and letters that are raised for looks.
_ORDINAL = re.compile(r"(?:st|nd|rd|th|e|er|re|ère|ème|ste|de|a|o|º|ª|\.)", re.IGNORECASE)
_MARK = re.compile(r"\[?(?:\d{1,3}(?:\s?[,–-]\s?\d{1,3})*|[a-z]|[ivx]{1,5})\]?|[*∗†‡§¶#]+|\[[^\]]{1,20}\]")
_SIGNED = re.compile(r"(?:[+−–-]\d{0,3}|\d{1,3}[+−–-])")
_UNIT = re.compile(
    r"(?:^|[^\w.])(?:[kcdmµμn]?m|km|ft|in|yd|mi|mph|sec|[A-Za-zα-ωΑ-Ω]|[²³]|\([^()\s]{1,40}\))$"
)
_ELEMENT = re.compile(r"(?:^|[^a-z])[A-Z][a-z]?\d{0,2}$|[₀-₉]$")


def raised(before: str, text: str) -> str:
    """Return a raised `text` behind `before`: a power as it is written, a note's mark as nothing, else words.

    `10` and `6` -> `^6`; `240 m` and `2` -> `²`; `1500` and `3` -> nothing; `1` and `st` -> `st`.
    """
    text = " ".join(text.split())
    before = before.rstrip("*_`")
    if _SIGNED.fullmatch(text) and re.search(r"\w\)?$", before):
        return f"^{text}" if before[-1:].isdigit() and not _ELEMENT.search(before) else _in(_RAISED, text)
    if text.isdigit() and re.search(r"(?<![\d.,])(?:10|2)$", before):
        return f"^{text}"
    if (text.isdigit() or text == "n") and _UNIT.search(before):
        return _in(_RAISED, text)
    if _ORDINAL.fullmatch(text) and before[-1:].isdigit():
        return text
    if re.search(r"(?:^|\W)[A-Za-z]$", before) and re.fullmatch(r"[\w+−-]{1,6}", text) and not text.isdigit():
        return f"^{text}"
    return "" if _MARK.fullmatch(text) else text if len(text.split()) < 2 else f" {text}"


def lowered(before: str, text: str) -> str:
    """Return a lowered `text` behind `before`: `CO` and `2` -> `₂`, `V` and `max` -> `_max`."""
    text = " ".join(text.split())
    if re.fullmatch(r"[\d+−–=()-]{1,8}", text):
        return _in(_LOWERED, text)
    return f"_{text}" if re.search(r"(?:^|\W)\w$", before) and re.fullmatch(r"\w{1,6}", text) else text


def _in(letters: dict[str, str], text: str) -> str:
    return "".join(letters.get(character, character) for character in text)
