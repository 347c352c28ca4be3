"""Every setting, declared once: its variable, its default, what it means, and what is allowed.

A setting is one field of `Settings` or of a group in it.  The table in `docs/settings.md` and
`.env.example` are tested against them; values are checked here, so that no other module has to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from index.types import FootnoteError

ENV_FILE = ".env"
NO_READER = "none"
"""The value of FOOTNOTE_READER with which nothing is read."""
MIN_PASSWORD_CHARS = 8
"""Of the page's password."""
ANY_TEAM = "any"
"""The value of FOOTNOTE_INSTALL_TEAMS with which every workspace may install the app."""

SlackMode = Literal["socket", "http"]
LogFormat = Literal["text", "json"]
T = TypeVar("T")
Check = Callable[[str], Any]
"""What is written -> the value; raises `ValueError` with what is allowed, such as "a number from 0 to 1"."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the settings table."""

    variable: str
    default: str
    """As it would be written in the environment; empty if nothing is the default."""
    meaning: str
    check: Check


def setting(variable: str, default: str, meaning: str, check: Check = str, *, secret: bool = False) -> Any:
    """Declare a field that `variable` sets.  A secret stays out of `repr`, and so out of logs."""
    declared = Setting(variable, default, meaning, check)
    return field(default=check(default), repr=not secret, metadata={"setting": declared})


def group(kind: type[Any]) -> Any:
    """Declare a field that holds the settings of a group."""
    return field(default_factory=kind, metadata={"group": kind})


def optional(check: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a check that gives None if nothing is written."""
    return lambda text: check(text) if text else None


def folder(text: str) -> Path:
    return Path(text).expanduser()


def whole(least: int, most: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        # The length first: thousands of digits would take Python long to read.
        if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"a number from {least} to {most}")

    return check


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")  # outside of every range


def share(text: str) -> float:
    value = _float(text)
    if not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1")
    return value


def seconds(most: int) -> Callable[[str], float]:
    def check(text: str) -> float:
        value = _float(text)
        if not 0 < value <= most:
            raise ValueError(f"a number of seconds, at most {most}")
        return value

    return check


def one_of(*words: str, change: Callable[[str], str] = str.lower) -> Check:
    """Return one of `words`, in capitals or not."""
    *first, last = words

    def check(text: str) -> str:
        if change(text) not in words:
            raise ValueError(f"{', '.join(first)} or {last}")
        return change(text)

    return check


def yes_or_no(yes: str, no: str) -> Callable[[str], bool]:
    choice = one_of(yes, no)
    return lambda text: bool(choice(text) == yes)


def slack_ids(kinds: str, of: str) -> Callable[[str], frozenset[str]]:
    """Return a check of ids, which begin with a letter for their kind, unlike a channel's name."""

    def check(text: str) -> frozenset[str]:
        ids = frozenset(text.replace(",", " ").split())
        if not all(re.fullmatch(rf"[{kinds}][A-Z0-9]{{2,}}", one) for one in ids):
            raise ValueError(f"ids of {of}, with commas between")
        return ids

    return check


def teams(text: str) -> frozenset[str]:
    if text.lower() == ANY_TEAM:
        return frozenset({ANY_TEAM})
    return slack_ids("T", "workspaces, such as T012AB3CD")(text)


def hosts(text: str) -> tuple[str, ...]:
    found = tuple(host.strip().lower() for host in text.split(",") if host.strip())
    # An address instead of its host would allow nothing, and say nothing of it.
    if any(character in host for host in found for character in "/@?#* "):
        raise ValueError("names of hosts, parted by commas, such as wiki.intern,docs.intern:8080")
    return found


def api_url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("an address that begins with https:// or http://")
    # slack_sdk appends the method's name to it.
    return text if text.endswith("/") else f"{text}/"


def database(variable: str) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        if text and not text.startswith(("postgresql://", "postgres://")):
            # Not shown: a password may be in it.
            raise FootnoteError(
                f"{variable} is no address of a PostgreSQL database. Set it to one such as"
                " postgresql://footnote:password@db:5432/footnote, or to nothing for the data folder."
            )
        return text or None

    return check


def llm_url(text: str) -> str:
    allowed = "an address such as http://localhost:11434/v1, without user, question mark or #"
    try:
        parts = urlsplit(text)
        complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or brackets that do not match
        complete = False
    if text and (not complete or "@" in parts.netloc or set("?# ") & set(text)):
        # Not shown: a password may be in it.
        raise FootnoteError(f"FOOTNOTE_LLM_URL is no base address. Set it to {allowed}.")
    return text.rstrip("/").removesuffix("/chat/completions")


def llm_key(text: str) -> str | None:
    # It becomes a header, and a line end would begin another one.
    if not all("!" <= character <= "~" for character in text):
        raise FootnoteError("FOOTNOTE_LLM_KEY holds a character that no key has. Copy it again.")
    return text or None


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """The language model that writes prose from the quotes."""

    url: str = setting(
        "FOOTNOTE_LLM_URL",
        "",
        "base address of an OpenAI-compatible language model, such as `http://localhost:11434/v1`;"
        " it writes prose from the quotes",
        llm_url,
    )
    """Without a slash at its end."""
    model: str = setting("FOOTNOTE_LLM_MODEL", "", "that model's name, as its server knows it")
    key: str | None = setting(
        "FOOTNOTE_LLM_KEY", "", "that server's API key, if it wants one", llm_key, secret=True
    )
    # Nobody waits longer than five minutes for prose, with the quotes at hand.
    timeout: float = setting(
        "FOOTNOTE_LLM_TIMEOUT", "10", "seconds until an answer goes without the model's prose", seconds(300)
    )


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """The settings of the bot in Slack.  The fields without a variable are for tests."""

    bot_token: str = setting("SLACK_BOT_TOKEN", "", "the bot's token, `xoxb-…`", secret=True)
    app_token: str = setting(
        "SLACK_APP_TOKEN", "", "the app-level token, `xapp-…`, for Socket Mode", secret=True
    )
    signing_secret: str = setting(
        "SLACK_SIGNING_SECRET", "", "the app's signing secret, for HTTP mode", secret=True
    )
    api_url: str = setting(
        "SLACK_API_URL",
        "https://slack.com/api/",
        "another address of Slack's API, for tests and proxies",
        api_url,
    )
    mode: SlackMode = setting(
        "FOOTNOTE_SLACK_MODE",
        "socket",
        "`socket`, or `http` behind a public address",
        one_of("socket", "http"),
    )
    allow_bots: frozenset[str] = setting(
        "FOOTNOTE_ALLOW_BOTS",
        "",
        "ids of bots that are answered as people are, such as `B012AB3CD`, with commas between;"
        " others are ignored",
        slack_ids("ABUW", "bots, such as B012AB3CD"),
    )
    answer_channels: frozenset[str] = setting(
        "FOOTNOTE_ANSWER_CHANNELS",
        "",
        "ids of channels, such as `C012AB3CD`, where every question is answered without a mention,"
        " if only for certain",
        slack_ids("CG", "channels, such as C012AB3CD"),
    )
    channels: Path | None = setting(
        "FOOTNOTE_CHANNELS",
        "",
        "a file that says which collections each channel may see; `channels.yaml` in the data folder is"
        " taken if it exists, and without one everything is seen everywhere",
        optional(folder),
    )
    shared_channels: bool = setting(
        "FOOTNOTE_SHARED_CHANNELS",
        "refuse",
        "`allow` answers in channels that are shared with other organisations, and their people",
        yes_or_no("allow", "refuse"),
    )
    curators: frozenset[str] = setting(
        "FOOTNOTE_CURATORS",
        "",
        "who may add and remove articles in Slack: ids of people, such as `U012AB3CD`, and of user groups,"
        " such as `S012AB3CD`, with commas between",
        slack_ids("USW", "people and user groups, such as U012AB3CD"),
    )
    user_limit: int = setting(
        "FOOTNOTE_USER_LIMIT",
        "20",
        "questions a minute that one person may ask; `0` for any number",
        whole(0, 10_000),
    )
    channel_limit: int = setting(
        "FOOTNOTE_CHANNEL_LIMIT",
        "60",  # Slack takes about one message a second in a channel
        "questions a minute that one channel may ask; `0` for any number",
        whole(0, 10_000),
    )
    keep_questions: bool = setting(
        "FOOTNOTE_KEEP_QUESTIONS",
        "no",
        "`yes` keeps the words of questions as long as the rest, for `footnote report`",
        yes_or_no("yes", "no"),
    )
    retention_days: int = setting(
        "FOOTNOTE_RETENTION_DAYS",
        "90",
        "days after which outcomes, verdicts and all else are forgotten",
        whole(1, 3_650),
    )
    port: int = setting("PORT", "3000", "the port of HTTP mode", whole(1, 65_535))
    """In a test, 0 takes any free port."""
    client_id: str = setting(
        "SLACK_CLIENT_ID",
        "",
        "the app's client id: in HTTP mode, workspaces then install the app by themselves, and"
        " `SLACK_BOT_TOKEN` is not needed",
    )
    client_secret: str = setting(
        "SLACK_CLIENT_SECRET", "", "the client secret that goes with it", secret=True
    )
    install_teams: frozenset[str] = setting(
        "FOOTNOTE_INSTALL_TEAMS",
        "",
        "ids of the workspaces that may install it so, such as `T012AB3CD`, with commas between, or `any`:"
        " each can then ask the articles",
        teams,
    )
    metrics_port: int | None = setting(
        "FOOTNOTE_METRICS_PORT",
        "",
        "a port for `/metrics` (Prometheus), `/healthz` and `/readyz` of the bot in Slack; none without it",
        optional(whole(1, 65_535)),
    )
    metrics_host: str = setting("FOOTNOTE_METRICS_HOST", "127.0.0.1", "the address that they are served at")

    host: str = "0.0.0.0"
    """HTTP mode: the address to listen on."""
    beside: tuple[Any, ...] = ()
    """HTTP mode: routes that are served at the same address, such as those of the page."""
    workers: int = 4
    """Questions looked up and posted at the same time."""
    queue_size: int = 100
    """Questions that may wait; beyond it the bot says that it is busy."""
    ping_seconds: float = 2.0
    """Socket Mode: how often the connection is probed; a dead one is given up after four or five times."""
    drain_seconds: float = 8.0
    """Time for the questions under way when stopping; a container is killed after 10 s."""
    round_seconds: float = 5.0
    """How often claims are renewed and questions that were left behind are looked for."""

    @property
    def wanted(self) -> bool:
        """Whether anything of Slack is configured, completely or not."""
        return any((self.client_id, self.bot_token, self.app_token, self.signing_secret))


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def web_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or brackets that do not match
        complete = False
    if not complete or "@" in parts.netloc or set("?#<> ") & set(text):
        raise ValueError("an address such as https://footnote.example.org")
    return text.rstrip("/")


def password(text: str) -> str:
    if len(text) < MIN_PASSWORD_CHARS:
        # Not shown.
        raise FootnoteError(
            f"FOOTNOTE_WEB_PASSWORD is too short. Set it to {MIN_PASSWORD_CHARS} characters or more."
        )
    return text


def header_name(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9-]{1,60}", text):
        raise ValueError("the name of a header, such as X-Forwarded-User")
    return text


def names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The page in the browser."""

    host: str = setting("FOOTNOTE_WEB_HOST", "127.0.0.1", "the address that the page is served at")
    port: int = setting("FOOTNOTE_WEB_PORT", "8765", "its port", whole(1, 65_535))
    url: str | None = setting(
        "FOOTNOTE_WEB_URL",
        "",
        "where people reach the page, such as `https://footnote.example.org`; articles without an address are"
        " then cited by links there",
        optional(web_url),
    )
    """Without a slash at its end."""
    link_days: int = setting(
        "FOOTNOTE_WEB_LINK_DAYS", "30", "days after which such a link opens nothing any more", whole(1, 3_650)
    )
    open: bool = setting(
        "FOOTNOTE_WEB_OPEN",
        "no",
        "`yes` lets everybody who reaches the page from elsewhere ask and read, without signing in",
        yes_or_no("yes", "no"),
    )
    password: str | None = setting(
        "FOOTNOTE_WEB_PASSWORD",
        "",
        "the password of those who look after the articles on the page",
        optional(password),
        secret=True,
    )
    user_header: str = setting(
        "FOOTNOTE_WEB_USER_HEADER",
        "",
        "the header, such as `X-Forwarded-User`, in which a proxy names who has signed in with it",
        header_name,
    )
    proxies: frozenset[str] = setting(
        "FOOTNOTE_WEB_PROXIES",
        "127.0.0.1",
        "addresses, with commas between, of proxies to be believed",
        names,
    )
    curators: frozenset[str] = setting(
        "FOOTNOTE_WEB_CURATORS",
        "",
        "who of those may look after the articles, as the header names them",
        names,
    )

    beside_slack: bool = False
    """Whether the bot in Slack serves it: in HTTP mode at its own address."""

    @property
    def address(self) -> str:
        """The address of the page on this machine, or elsewhere if that is known."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.url or f"http://{'localhost' if is_loopback(self.host) else host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether nobody reaches it but from this machine."""
        return is_loopback(self.host) and (self.url is None or is_loopback(urlsplit(self.url).hostname or ""))


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, checked."""

    sources: Path = setting(
        "FOOTNOTE_SOURCES", "sources", "folder of your articles; also `--sources DIR`", folder
    )
    data: Path = setting(
        "FOOTNOTE_DATA", "data", "folder of the index and of the bot's state; also `--data DIR`", folder
    )
    store: str | None = setting(
        "FOOTNOTE_STORE",
        "",
        "the PostgreSQL database, `postgresql://…`, in which several bots share the index, and what they"
        " remember unless FOOTNOTE_STATE says otherwise; files in the data folder without it",
        database("FOOTNOTE_STORE"),
        secret=True,
    )
    store_read: str | None = setting(
        "FOOTNOTE_STORE_READ",
        "",
        "a replica of that database, in which questions are looked up; the same one without it",
        database("FOOTNOTE_STORE_READ"),
        secret=True,
    )
    state: str | None = setting(
        "FOOTNOTE_STATE",
        "",
        "the PostgreSQL database, `postgresql://…`, in which several bots share what they remember; a file in"
        " the data folder without it",
        database("FOOTNOTE_STATE"),
        secret=True,
    )
    model: str | None = setting(
        "FOOTNOTE_MODEL",
        "",
        "a sentence-transformers model, by folder or name, instead of the one installed",
        optional(str),
    )
    reader: str | None = setting(
        "FOOTNOTE_READER",
        "",
        "a model for question answering that was trained on SQuAD 2.0 or the like, by folder or name,"
        " instead of the reader that ships, or `none`; `footnote calibrate` after setting it",
        optional(str),
    )
    keep_generations: int = setting(
        "FOOTNOTE_KEEP_GENERATIONS",
        "2",
        "how many states of the index are kept, for `footnote rollback`",
        whole(1, 1_000),
    )
    canaries: Path | None = setting(
        "FOOTNOTE_CANARIES",
        "",
        "questions, as for `footnote eval`, that a new index must answer before it is used;"
        " `canaries.jsonl` in the data folder is taken if it exists",
        optional(folder),
    )
    canaries_fail_under: str = setting(
        "FOOTNOTE_CANARIES_FAIL_UNDER", "answer_hit=1", "how well, as for `footnote eval --fail-under`"
    )
    balance: float = setting(
        "FOOTNOTE_BALANCE",
        "0.5",
        "from 0 (answer whenever there is anything) to 1 (answer only when sure)",
        share,
    )
    allow_hosts: tuple[str, ...] = setting(
        "FOOTNOTE_ALLOW_HOSTS",
        "",
        "hosts, parted by commas, that `footnote add` may fetch from though their addresses are private;"
        " with a port, such as `wiki.intern:8080`, from that port",
        hosts,
    )
    llm: LlmSettings | None = group(LlmSettings)
    """None: answers are quotes alone."""
    slack: SlackSettings = group(SlackSettings)
    web: WebSettings = group(WebSettings)
    log_level: str = setting(
        "FOOTNOTE_LOG_LEVEL",
        "INFO",
        "how much the bot in Slack logs: `DEBUG`, `INFO`, `WARNING` or `ERROR`",
        one_of("DEBUG", "INFO", "WARNING", "ERROR", change=str.upper),
    )
    log_format: LogFormat = setting(
        "FOOTNOTE_LOG_FORMAT", "text", "`json` logs one JSON object a line", one_of("text", "json")
    )
    debug: bool = setting(
        "FOOTNOTE_DEBUG",
        "",
        "`1` shows the traceback of an unexpected error",
        lambda text: text not in ("", "0"),
    )
    remove_missing: bool = False
    """`footnote build --remove-missing`: whether a shared index may lose most of its articles."""
    workers: str | None = None
    """`footnote build --workers`: the Ray cluster that embeds texts, `ray://HOST:PORT`."""
    color: bool = setting("NO_COLOR", "", "anything switches colours off", lambda text: not text)


_SLACK_CLI = {"SLACK_CLI_XOXB": "SLACK_BOT_TOKEN", "SLACK_CLI_XAPP": "SLACK_APP_TOKEN"}


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raise `FootnoteError` that names the wrong one."""
    if environment.get("FOOTNOTE_RERANKER", "").strip():
        raise FootnoteError(
            "FOOTNOTE_RERANKER is no longer a setting: a reader, which finds the words that answer, has"
            " replaced the reranker. Remove it; FOOTNOTE_READER sets another reader than the one that ships."
        )
    # `slack run`, of Slack's own command line, brings tokens under names of its own.
    brought = {ours: environment[theirs] for theirs, ours in _SLACK_CLI.items() if environment.get(theirs)}
    settings = read(Settings, {**brought, **environment})
    assert settings.llm is not None, "it is read as the other groups are"
    _both_or_neither(FOOTNOTE_LLM_URL=settings.llm.url, FOOTNOTE_LLM_MODEL=settings.llm.model)
    _check_installing(settings.slack)
    if settings.store_read and not settings.store:
        raise FootnoteError(
            "FOOTNOTE_STORE_READ is set and FOOTNOTE_STORE is not. Set both, or FOOTNOTE_STORE alone."
        )
    if settings.web.curators and not settings.web.user_header:
        raise FootnoteError(
            "FOOTNOTE_WEB_CURATORS is set and FOOTNOTE_WEB_USER_HEADER is not. Set both, or neither."
        )
    llm = settings.llm if settings.llm.url else None
    return replace(settings, llm=llm, state=settings.state or settings.store)


def read(kind: type[T], environment: Mapping[str, str]) -> T:
    """Return the settings of one group; raise `FootnoteError` that names the wrong one."""
    values: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]  # dataclasses, all of them
        if "group" in one.metadata:
            values[one.name] = read(one.metadata["group"], environment)
        elif "setting" in one.metadata:
            values[one.name] = _checked(one.metadata["setting"], environment)
    return kind(**values)


def table(kind: type[Any] = Settings) -> Iterator[Setting]:
    """Yield every setting, in the order of the table in `docs/settings.md`."""
    for one in fields(kind):
        if "group" in one.metadata:
            yield from table(one.metadata["group"])
        elif "setting" in one.metadata:
            yield one.metadata["setting"]


def keep_arithmetic_to_one_thread() -> None:
    """Tell NumPy, before it is imported, not to share the small matrices of one question among threads.

    The threads wait for each other (see RESULTS.md, "Constants"), and people who ask at the same time use
    the cores better.  A build shares out texts instead.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def read_environment(folder: Path) -> dict[str, str]:
    """Return the process's environment, and what `.env` in `folder` adds to it.

    A variable that is set, even to nothing, wins over the file: `SLACK_BOT_TOKEN= footnote run`.
    """
    path = folder / ENV_FILE
    try:
        if not path.is_file():
            return dict(os.environ)
        from dotenv import dotenv_values

        # Without interpolation: a `$` in a secret is a `$`.
        written = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(
            f"{path} cannot be read: {error}. Save it as plain UTF-8 text, or remove it."
        ) from error
    return {**{name: value for name, value in written.items() if value is not None}, **os.environ}


def _checked(declared: Setting, environment: Mapping[str, str]) -> Any:
    text = environment.get(declared.variable, "").strip() or declared.default
    try:
        return declared.check(text)
    except ValueError as allowed:
        raise FootnoteError(f"{declared.variable} is {text!r}. Set it to {allowed}.") from None


def _both_or_neither(**values: str) -> None:
    given = [variable for variable, value in values.items() if value]
    missing = [variable for variable, value in values.items() if not value]
    if given and missing:
        raise FootnoteError(f"{given[0]} is set and {missing[0]} is not. Set both, or neither.")


def _check_installing(slack: SlackSettings) -> None:
    """Raise `FootnoteError` if workspaces shall install the app by themselves and cannot."""
    _both_or_neither(SLACK_CLIENT_ID=slack.client_id, SLACK_CLIENT_SECRET=slack.client_secret)
    if not slack.client_id:
        return
    if slack.mode != "http":
        raise FootnoteError(
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are for workspaces that install the app by themselves,"
            " which needs a public address. Set FOOTNOTE_SLACK_MODE to http, or remove them."
        )
    if not slack.install_teams:
        raise FootnoteError(
            "SLACK_CLIENT_ID is set and FOOTNOTE_INSTALL_TEAMS is not: every workspace of the world could ask"
            " your articles. Set FOOTNOTE_INSTALL_TEAMS to the ids of those that may, or to any."
        )
