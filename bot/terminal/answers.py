"""Shows answers in a terminal: an answer, a passage in its context, hits, and the chat.

Rendering is pure: values in, paragraphs out.  Output and colours are the console's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.terminal.paragraphs import QUIET, Paragraph, one_line, printable, show
from bot.text import date_words, instead_line, looks, safe_link, told_lines
from bot.types import (
    MAX_QUESTION_CHARS,
    Answer,
    Answers,
    Conversation,
    Nearest,
    NoAnswer,
    PassageView,
    Quote,
    Scope,
    Silence,
    Source,
    Turn,
)
from bot.words import ENGLISH
from index.types import FootnoteError

if TYPE_CHECKING:
    from index.types import Article, Hit

PROMPT = "› "
REMEMBERED_TURNS = 6
"""More than retrieval looks back, so that a follow-up to a follow-up finds its subject."""
HISTORY_LINES = 1000

UNCERTAIN = "I am not sure that this answers it. The closest I found:"
DISAGREEMENT = "The sources differ. What each of them says:"
UNANSWERED = "The sources do not say: {}"
WRITTEN = "Written by {} from the sentences below; every sentence was checked against them."
WELCOME = "Ask your articles. /help says what else can be typed, Ctrl-D leaves."
HELP = """\
Type a question, or a follow-up such as "and when was that?", "more", "explain" or "source?".
  /show 1    the quotes from source 1 in their context
  /sources   the articles that are asked
  /help      these lines
  /quit      leave; so does Ctrl-D"""

_STRONG, _WARNING, _ERROR = "bold", "bold yellow", "bold red"


def answer_paragraphs(answer: Answer | NoAnswer, writer: str | None = None) -> list[Paragraph]:
    """Return an answer with its quotes and sources, an uncertain one, or a no: each looks different.

    `writer` is the name of the language model that wrote the answer's text, if one did.
    """
    if isinstance(answer, NoAnswer):
        return _silence(answer)
    paragraphs: list[Paragraph] = []
    if not answer.certain:
        reason = f"{one_line(instead_line(answer.instead, ENGLISH))} " if answer.instead else ""
        paragraphs += [_plain(reason + UNCERTAIN, _WARNING), Paragraph()]
    if answer.disagreement:
        paragraphs += [_plain(DISAGREEMENT, _WARNING), Paragraph()]
    if answer.text is not None:
        paragraphs += [_plain(printable(answer.text)), Paragraph()]
        paragraphs += [_plain(WRITTEN.format(one_line(writer or "a language model")), QUIET), Paragraph()]
    if answer.selection:
        paragraphs += [_plain(ENGLISH.selection), Paragraph()]
    above: tuple[str | None, int, tuple[str, ...]] = (None, 0, ())
    for place, quote in enumerate(answer.quotes):
        if quote.part and quote.part != above[0]:
            paragraphs.append(_plain(one_line(quote.part), _STRONG))
        if quote.path and (quote.part, quote.citation, quote.path) != above:
            indent = " " * len(f"[{quote.citation}] ")
            paragraphs.append(Paragraph(Text(one_line(" › ".join(quote.path)), QUIET), indent))
        above = (quote.part, quote.citation, quote.path)
        origin = answer.sources[quote.citation - 1] if answer.disagreement and place < 2 else None
        words = Text.assemble(
            _quoted(quote),
            _origin(origin.publisher or origin.author, origin.published) if origin else "",
        )
        label = "".join(f"[{number}]" for number in (quote.citation, *quote.copies))
        paragraphs += [Paragraph(words, f"{label} "), Paragraph()]
    if answer.told is not None:
        lines = told_lines(answer.told, answer.sources, ENGLISH)
        paragraphs += [_plain(one_line(line), _STRONG) for line in lines] + [Paragraph()]
    for part in answer.unanswered:
        paragraphs += [_plain(UNANSWERED.format(one_line(part)), _WARNING), Paragraph()]
    for source in answer.sources:
        paragraphs += _source(source)
    return paragraphs


def passage_paragraphs(view: PassageView) -> list[Paragraph]:
    """Return a quote in bold between what stands before and after it."""
    text = Text.assemble(
        (printable(view.before), QUIET), (printable(view.quote), _STRONG), (printable(view.after), QUIET)
    )
    title = Text.assemble((one_line(view.title), _STRONG), _origin(view.publisher, view.published))
    paragraphs = [Paragraph(title), Paragraph(), Paragraph(text)]
    if safe_link(view.link, view.url):
        paragraphs += [Paragraph(), *_address(view.url, view.link)]
    return paragraphs


def hit_paragraphs(hits: Sequence[Hit]) -> list[Paragraph]:
    """Return ranked passages with the scores that ranked them."""
    paragraphs: list[Paragraph] = []
    for rank, hit in enumerate(hits, 1):
        passage = hit.passage
        place = f"{passage.article.file} {passage.start}–{passage.end}"
        scores = f"cosine {hit.cosine:.3f}, BM25 {hit.lexical:.1f}, {place}"
        head = Text.assemble((f"{hit.score:.3f}", _STRONG), f"  {one_line(passage.article.title)}")
        paragraphs += [
            Paragraph(head, f"{rank:>2}  "),
            Paragraph(Text(printable(scores), QUIET), "    "),
            Paragraph(Text(one_line(passage.text)), "    "),
            Paragraph(),
        ]
    return paragraphs[:-1] or [_plain("Nothing found.", _WARNING)]


class Chat:
    """Question after question, each understood in the light of those before."""

    def __init__(
        self,
        answers: Answers,
        articles: Callable[[], Sequence[Article]],
        console: Console,
        writer: str | None = None,
        scope: Scope = None,
    ) -> None:
        self._answers = answers
        self._scope = scope
        self._writer = writer
        self._articles = articles
        self._console = console
        self._conversation: Conversation = ()
        self._last: Answer | NoAnswer | None = None
        self.failures = 0
        """Questions that no answer could be sought for."""

    def run(self, lines: Iterable[str]) -> None:
        """Answer `lines` until they end or one says to leave."""
        for line in lines:
            typed = line.strip()
            if typed.lower() in ("/quit", "/exit", "quit", "exit"):
                return
            if not typed:
                continue
            try:
                paragraphs = self._command(typed) if typed.startswith("/") else self._ask(typed)
            except FootnoteError as error:
                self.failures += 1
                paragraphs = [_plain(printable(str(error)), _ERROR)]
            show(self._console, [*paragraphs, Paragraph()])

    def _ask(self, question: str) -> list[Paragraph]:
        answer = self._answers.answer(question, self._conversation, self._scope)
        self._conversation = (*self._conversation, Turn.of(question, answer))[-REMEMBERED_TURNS:]
        self._last = answer
        return answer_paragraphs(answer, self._writer)

    def _command(self, typed: str) -> list[Paragraph]:
        name, _, argument = typed.partition(" ")
        match name.lower():
            case "/show":
                return self._show(argument.strip() or "1")
            case "/sources":
                return [_article(article) for article in self._articles() if self._asks(article)]
            case "/help":
                return [_plain(HELP)]
            case _:
                return [_plain(f"There is no {one_line(name)}.\n{HELP}")]

    def _show(self, number: str) -> list[Paragraph]:
        quotes = self._last.quotes if isinstance(self._last, Answer) else ()
        wanted = [quote for quote in quotes if str(quote.citation) == number.strip("[]")]
        if not wanted:
            numbers = ", ".join(str(n) for n in sorted({quote.citation for quote in quotes}))
            told = isinstance(self._last, Answer) and not quotes
            none = "The last answer quotes nothing." if told else "Ask something first."
            remedy = f"Type /show and one of {numbers}." if numbers else none
            return [_plain(f"There is no source {one_line(number)} to show. {remedy}", _WARNING)]
        paragraphs: list[Paragraph] = []
        for quote in wanted:
            view = self._answers.passage(quote.source_id, quote.start, quote.end, self._scope)
            gone = _plain("That article has changed or gone since. Ask again.", _WARNING)
            paragraphs += [*(passage_paragraphs(view) if view else [gone]), Paragraph()]
        return paragraphs[:-1]

    def _asks(self, article: Article) -> bool:
        return self._scope is None or article.collection in self._scope


def typed_lines(history: Path) -> Iterator[str]:
    """Yield the lines typed at the prompt, with line editing and a history that outlives the chat."""
    try:
        import readline
    except ImportError:  # Windows, and Pythons built without it: typing works, history does not
        readline = None  # type: ignore[assignment]
    if readline is not None:
        with suppress(OSError):  # none yet, or unreadable: the chat is worth more than its history
            readline.read_history_file(history)
        readline.set_history_length(HISTORY_LINES)
    try:
        while True:
            try:
                yield input(PROMPT)
            except EOFError:
                print()
                return
    finally:
        if readline is not None:
            _save(readline.write_history_file, history)


def _save(write: Callable[[Path], None], history: Path) -> None:
    with suppress(OSError):  # a full or read-only disk
        # Questions can be confidential: nobody else reads the file.
        history.touch(mode=0o600)
        write(history)


def _quoted(quote: Quote) -> Text:
    """Return the quote as its article shows it, with the very words of the answer in bold."""
    text = Text("“")
    for piece, strong in looks(quote):
        bold, added = strong or piece.bold, piece.start == piece.end
        style = Style(bold=bold, italic=piece.slanted, dim=added, link=safe_link(piece.link))
        text.append(printable(piece.words), style)
    return text.append("”")


def _silence(answer: NoAnswer) -> list[Paragraph]:
    match answer.reason:
        case Silence.EMPTY_QUESTION:
            return [_plain("Ask a question, in a few words or a sentence.", _WARNING)]
        case Silence.GREETING:
            return [_plain("Hello. Ask a question, and the answer is quoted from the articles.")]
        case Silence.THANKS:
            return [_plain("You are welcome.")]
        case Silence.TOO_LONG:
            limit = f"{MAX_QUESTION_CHARS:,} characters"
            return [_plain(f"That is longer than {limit}. Ask in a sentence or two.", _WARNING)]
        case Silence.NO_ARTICLES:
            return [_plain("There are no articles yet. Add some and run `footnote build`.", _WARNING)]
        case Silence.NOTHING_BEFORE:
            return [_plain("Ask a question first, and then for more, an explanation or a source.", _WARNING)]
        case Silence.NOTHING_MORE:
            return [_plain("That is all that the sources say about it.")]
        case Silence.NOT_IN_SOURCES:
            reason = f" {one_line(instead_line(answer.instead, ENGLISH))}" if answer.instead else ""
            paragraphs = [_plain(f"The sources do not say.{reason}", _WARNING)]
    if answer.nearest:
        paragraphs += [Paragraph(), _plain("The nearest articles, which do not answer it:", QUIET)]
        for nearest in answer.nearest:
            paragraphs += _nearest(nearest)
    return paragraphs


def _nearest(nearest: Nearest) -> list[Paragraph]:
    return [Paragraph(Text(one_line(nearest.title)), "  - "), *_address(nearest.url, label="    ")]


def _source(source: Source) -> list[Paragraph]:
    label = f"[{source.citation}] "
    origin = _origin(source.publisher or source.author, source.published)
    head = Paragraph(Text.assemble((one_line(source.title), _STRONG), origin), label)
    indent, file = " " * len(label), one_line(source.file)
    return [
        head,
        *(_address(source.url, source.link, indent) or [Paragraph(Text(file, QUIET), indent, file)]),
        *(Paragraph(Text(f"also in {one_line(other)}", QUIET), indent) for other in source.also),
    ]


def _article(article: Article) -> Paragraph:
    origin = _origin(article.publisher or article.author, article.published)
    return Paragraph(Text.assemble(one_line(article.title), origin), "  - ")


def _origin(publisher: str | None, published: str | None) -> Text:
    known = [one_line(part) for part in (publisher, date_words(published)) if part]
    return Text(f" — {', '.join(known)}" if known else "", QUIET)


def _address(url: str | None, link: str | None = None, label: str = "") -> list[Paragraph]:
    """Return the article's address, linked to `link`, a place in it; none if neither is of the web."""
    address = safe_link(link, url)
    if address is None:
        return []
    return [Paragraph(Text(safe_link(url) or address, Style(dim=True, link=address)), label, address)]


def _plain(text: str, style: str = "") -> Paragraph:
    return Paragraph(Text(text, style))
