"""The arguments of `footnote`.  Imports nothing heavy: help has to come at once."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from bot.quality.evaluation import Limit

EXIT_CODES = """\
exit codes: 0 done, 1 expected failure, 2 wrong usage, 3 a bug, 130 interrupted
"""
MAX_HITS = 1000
MAX_DAYS = 3_650


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the arguments, `command` among them (`chat` if none is given).

    `sources` and `data` are there only if they were given.  Exits with 2 on wrong usage.
    """
    arguments = _parser().parse_args(argv)
    arguments.command = arguments.command or "chat"
    return arguments


def _parser() -> argparse.ArgumentParser:
    folders = _folders()
    parser = _Parser(
        prog="footnote",
        description="Ask your articles.  Answers are quoted from them, with the source of each quote.",
        epilog='example:\n  footnote build\n  footnote ask "Who holds what share of Banma?"\n\n' + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[folders],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(
        dest="command", metavar="command", title="commands", parser_class=argparse.ArgumentParser
    )

    def command(name: str, summary: str, *, more: str = "", example: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.{more and '  ' + more}",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[folders],
            allow_abbrev=False,
        )

    within: dict[str, Any] = {
        "action": "append",
        "metavar": "NAME",
        "help": "only from this sub-folder; may be repeated",
    }
    talk = command(
        "chat",
        "ask one question after the other; the same as no command",
        example="footnote chat --collection press",
    )
    talk.add_argument("--collection", **within)
    ask = command(
        "ask",
        "answer one question, or each line of standard input",
        example='footnote ask "Who holds what share of Banma?"\n  footnote ask - --json < questions.txt',
    )
    ask.add_argument(
        "question", nargs="+", help="the question; - reads one question a line from standard input"
    )
    ask.add_argument("--json", action="store_true", help="one JSON object a line, for scripts")
    ask.add_argument(
        "--conversation",
        action="store_true",
        help="take the lines for one conversation, so that a later one may lean on those before",
    )
    ask.add_argument("--collection", **within)
    ask.add_argument("--fail-on-none", action="store_true", help="exit with 1 if the sources do not say")

    search = command(
        "search",
        "list the passages nearest to a question, with scores",
        example='footnote search "smart car alliance" -k 3\n  footnote search - --json < questions.txt',
    )
    search.add_argument(
        "question", nargs="+", help="the question; - reads one question a line from standard input"
    )
    search.add_argument("-k", type=_hits, default=10, metavar="N", help="how many passages (default: 10)")
    search.add_argument("--collection", **within)
    search.add_argument("--json", action="store_true", help="one JSON object a line, for scripts")

    evaluate = command(
        "eval",
        "ask your own questions, and say how many came out right",
        more="FILE is JSON Lines:\n"
        '{"question": "…", "article": id or list of ids that are right, "words": [all quoted]}\n'
        '{"question": "…", "unanswerable": true}',
        example="footnote eval tests/golden/sources.jsonl --misses\n"
        "  footnote eval questions.jsonl --data new --compare data --fail-under answer_hit=0.8",
    )
    evaluate.add_argument("file", metavar="FILE", help="the questions, as JSON Lines")
    evaluate.add_argument("--misses", action="store_true", help="list the questions that went wrong")
    evaluate.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    evaluate.add_argument("--compare", metavar="DIR", help="ask another index too, and show the difference")
    evaluate.add_argument(
        "--compare-model", metavar="MODEL", help="ask with another FOOTNOTE_MODEL too; with --compare"
    )
    evaluate.add_argument(
        "--compare-reader",
        metavar="MODEL",
        help="ask with another FOOTNOTE_READER too; none is a word for it",
    )
    evaluate.add_argument(
        "--compare-balance", type=_balance, metavar="N", help="ask with another FOOTNOTE_BALANCE too"
    )
    limits: dict[str, Any] = {"nargs": "+", "action": "extend", "default": [], "metavar": "FIGURE=VALUE"}
    evaluate.add_argument(
        "--fail-under", type=_lower_limit, help="exit with 1 if a figure is lower", **limits
    )
    evaluate.add_argument(
        "--fail-over",
        type=_upper_limit,
        help="the same, for errors and latency: if one is higher",
        **limits,
    )

    calibrate = command(
        "calibrate",
        "fit the confidence to your questions and to the models in use",
        more="FILE is as for\n`footnote eval`, with 20 questions that have an answer or more.",
        example="footnote calibrate questions.jsonl --dry-run",
    )
    calibrate.add_argument("file", metavar="FILE", help="the questions, as JSON Lines")
    calibrate.add_argument("--dry-run", action="store_true", help="report, and keep nothing")
    calibrate.add_argument("--json", action="store_true", help="one JSON object, for scripts")

    build = command(
        "build",
        "bring the index up to date with the articles",
        more="A file that cannot be used\nis named with the reason, and the others are built all the same.",
        example="footnote build --sources articles --data index\n  footnote build --watch",
    )
    build.add_argument("--watch", action="store_true", help="go on: build whenever an article changes")
    build.add_argument("--json", action="store_true", help="one JSON object a build, for scripts")
    build.add_argument(
        "--workers", type=_cluster, metavar="ray://HOST:PORT", help="embed on the machines of a Ray cluster"
    )
    build.add_argument(
        "--remove-missing",
        action="store_true",
        help="take out of a shared index what is not here, even if that is most of it",
    )
    rollback = command(
        "rollback",
        "go back to an earlier state of the index",
        more="It stays until the\narticles change and are built again.",
        example="footnote rollback\n  footnote rollback 20261121-101500-1a2b3c4d",
    )
    rollback.add_argument("generation", nargs="?", help="its name, as `footnote check --all` lists them")
    check = command(
        "check",
        "read the index bit by bit, and say whether it is whole",
        more="Exits with 1 if it is not;\n`footnote build` then makes anew what is damaged.",
        example="footnote check --all",
    )
    check.add_argument("--all", action="store_true", help="every state that is kept, newest first")
    _curating(command)
    both = command(
        "run",
        "build what changed, then answer in Slack or, without tokens, here",
        example="SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… footnote run",
    )
    slack = command(
        "slack",
        "answer in Slack until stopped",
        more="`footnote manifest` is the app to create there.",
        example="SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… footnote slack",
    )
    for serving in (both, slack):
        serving.add_argument("--web", action="store_true", help="and serve the page in the browser beside it")
    command(
        "web",
        "serve a page to ask and to read until stopped",
        more="To this machine alone,\nunless FOOTNOTE_WEB_HOST says otherwise.",
        example="footnote web",
    )
    report = command(
        "report",
        "say what was asked in Slack, and what came of it",
        more="Questions a day, the\nanswered share, each 👎 with the quotes that it was about, and what was"
        " asked in vain.",
        example="footnote report --days 7\n  footnote report --csv > report.csv\n"
        "  footnote report --post C012AB3CD",
    )
    report.add_argument(
        "--days", type=_days, default=7, metavar="N", help="how many days, with today (default: 7)"
    )
    form = report.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a table for a spreadsheet")
    form.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    form.add_argument(
        "--post",
        type=_channel,
        metavar="CHANNEL",
        help="post it in this Slack channel, by id, up to yesterday",
    )
    _store(command)
    doctor = command(
        "doctor",
        "say what is configured, what is missing, and how to fix it",
        more="Exits with 1 if\nsomething needs fixing.",
        example="footnote doctor",
    )
    doctor.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    manifest = command(
        "manifest",
        "print the manifest of the Slack app to create",
        example="footnote manifest\n  footnote manifest --http https://footnote.example.org",
    )
    manifest.add_argument(
        "--agent",
        action="store_true",
        help="with Slack's side panel for agents; that may not be taken back",
    )
    manifest.add_argument(
        "--http", metavar="URL", help="for HTTP mode: where Slack reaches this bot, https://…"
    )
    return parser


def _store(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands for an index in PostgreSQL: init, check, copy."""
    store = command(
        "store",
        "make ready, look at or fill the database that FOOTNOTE_STORE names",
        example="footnote store init\n  footnote store copy --from data",
    )
    actions = store.add_subparsers(dest="action", metavar="action", title="actions", required=True)
    for name, summary in (
        ("init", "make the tables that are missing"),
        ("check", "say what is missing, and how to fix it; exits with 1 if something needs fixing"),
        ("copy", "copy the index from a data folder or to one, without the model"),
    ):
        action = actions.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == "copy":
            way = action.add_mutually_exclusive_group(required=True)
            way.add_argument("--from", dest="from_folder", metavar="DATA", help="into the database")
            way.add_argument("--to", dest="to_folder", metavar="DATA", help="out of the database")


def _curating(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands for curators: add, remove, follow, list."""
    add = command(
        "add",
        "take in files, folders and web pages as articles",
        more="Reads Markdown, text, HTML,\nPDF and Word (.docx), and writes Markdown that you can correct. "
        "Exits with 1 if anything\nwas refused; the others are added all the same.",
        example="footnote add report.pdf https://example.org/article\n"
        "  footnote add press/ --collection press --publisher Reuters --date 2024-05-17",
    )
    add.add_argument("source", nargs="+", metavar="FILE|FOLDER|URL", help="what to take in")
    add.add_argument("--collection", metavar="NAME", help="a sub-folder of the sources folder to put it into")
    add.add_argument("--title", help="instead of the document's own; so for the next five")
    add.add_argument("--publisher", metavar="NAME", help="who published it")
    add.add_argument("--author", metavar="NAME", help="who wrote it")
    add.add_argument("--date", metavar="DATE", help="when it was published: 2019-07-17, 2019-07 or 2019")
    add.add_argument("--language", metavar="CODE", help="en, zh, pt-BR")
    add.add_argument("--url", metavar="URL", help="where it is published, to link its quotes to")
    remove = command(
        "remove",
        "delete articles, and what the index knows of them",
        more="Where one of them is unknown,\nnone is deleted.",
        example="footnote remove alibaba-meizu-aliyun\n  footnote remove sources/press/old.md --no-build",
    )
    remove.add_argument(
        "article", nargs="+", metavar="ID|FILE|URL", help="as `footnote list` names them, or a file's path"
    )
    follow = command(
        "follow",
        "take in what RSS and Atom feeds and sitemaps list, now and as they change",
        more="What is gone\nis reported and stays. Without an address, looks at all that is followed.",
        example="footnote follow https://example.org/feed.xml --collection news\n"
        "  footnote follow --every 1h",
    )
    follow.add_argument("feed", nargs="*", metavar="URL", help="a feed or sitemap to follow from now on")
    follow.add_argument(
        "--collection", metavar="NAME", help="a sub-folder of the sources folder to put it into"
    )
    follow.add_argument(
        "--every", type=_period, metavar="TIME", help="go on: look at all again after 30m, 1h, 1d"
    )
    follow.add_argument("--stop", action="store_true", help="follow these no more; their articles stay")
    for changing in (add, remove, follow):
        changing.add_argument(
            "--build",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="bring the index up to date afterwards (default: yes)",
        )
    listing = command(
        "list",
        "list the articles: date, passages, and whether the index has them as they are",
        example="footnote list --json",
    )
    listing.add_argument("--collection", metavar="NAME", help="only those of this sub-folder")
    for each in (add, remove, follow, listing):
        each.add_argument("--json", action="store_true", help="one JSON object, for scripts")


def _period(text: str) -> float:
    """Return seconds, from a number with its unit."""
    match = re.fullmatch(r"(\d{1,4})(m|h|d)", text.strip())
    seconds = int(match[1]) * {"m": 60, "h": 3600, "d": 86400}[match[2]] if match else 0
    if seconds < 600:
        raise argparse.ArgumentTypeError(f"'{text}' is no time of ten minutes or more, such as 30m, 1h or 1d")
    return float(seconds)


def _cluster(text: str) -> str:
    from urllib.parse import urlsplit

    try:
        place = urlsplit(text)
        usable = place.scheme == "ray" and bool(place.hostname and place.port) and not place.path.strip("/")
    except ValueError:  # a port that is no number, or brackets that do not match
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the address of a Ray cluster, such as ray://head:10001"
        )
    return text


def _folders() -> argparse.ArgumentParser:
    """Return the arguments for folders, accepted before and after the command."""
    folders = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    folders.add_argument(
        "--sources", metavar="DIR", help="folder of the articles (default: $FOOTNOTE_SOURCES or sources)"
    )
    folders.add_argument(
        "--data", metavar="DIR", help="folder of the index (default: $FOOTNOTE_DATA or data)"
    )
    return folders


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if "invalid choice" in message and "command" in message:
            message += '\nTo ask a question: footnote ask "…"'
        super().error(message)


def _hits(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_HITS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_HITS}")
    return int(text)


def _channel(text: str) -> str:
    if not re.fullmatch(r"[CG][A-Z0-9]{2,}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a channel, such as C012AB3CD")
    return text


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_DAYS}")
    return int(text)


def _balance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value


def _lower_limit(text: str) -> Limit:
    return _limit(text, over=False)


def _upper_limit(text: str) -> Limit:
    return _limit(text, over=True)


def _limit(text: str, *, over: bool) -> Limit:
    # Imported if a limit is given, and not for every other command's help.
    from bot.quality.evaluation import parse_limit
    from index.types import FootnoteError

    try:
        return parse_limit(text, over=over)
    except FootnoteError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


class _Version(argparse.Action):
    """Looks the version up when it is asked for: that takes longer than all the parsing."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata

        try:
            version = metadata.version("footnote")
        except metadata.PackageNotFoundError:
            version = "(not installed)"
        print(f"footnote {version}")
        parser.exit()
