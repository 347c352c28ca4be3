"""Every setting: the variable that holds it, its default, what it means, and what is allowed.

Whoever wants to know what can be configured reads `SETTINGS`; the README's table is tested
against it.  Values are checked here, once, so that no other module has to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from index.types import FootnoteError

ENV_FILE = ".env"
NO_READER = "none"
"""The value of FOOTNOTE_READER with which nothing is read."""
MAX_KEPT_GENERATIONS = 1000
MAX_RETENTION_DAYS = 3_650
MAX_LIMIT = 10_000
MAX_TIMEOUT_SECONDS = 300
"""Nobody waits longer for prose, with the quotes at hand."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the settings table."""

    variable: str
    default: str
    """As it would be written in the environment; empty where nothing is the default."""
    meaning: str


SETTINGS = (
    Setting("FOOTNOTE_SOURCES", "sources", "folder of your articles; also `--sources DIR`"),
    Setting("FOOTNOTE_DATA", "data", "folder of the index and of the bot's state; also `--data DIR`"),
    Setting(
        "FOOTNOTE_MODEL", "", "a sentence-transformers model, by folder or name, instead of the one installed"
    ),
    Setting(
        "FOOTNOTE_READER",
        "",
        "a model for question answering that was trained on SQuAD 2.0 or the like, by folder or name,"
        " instead of the reader that ships, or `none`; `footnote calibrate` after setting it",
    ),
    Setting(
        "FOOTNOTE_KEEP_GENERATIONS", "2", "how many states of the index are kept, for `footnote rollback`"
    ),
    Setting(
        "FOOTNOTE_CANARIES",
        "",
        "questions, as for `footnote eval`, that a new index must answer before it is used;"
        " `canaries.jsonl` in the data folder is taken where it exists",
    ),
    Setting("FOOTNOTE_CANARIES_FAIL_UNDER", "answer_hit=1", "how well, as for `footnote eval --fail-under`"),
    Setting(
        "FOOTNOTE_BALANCE", "0.5", "from 0 (answer whenever there is anything) to 1 (answer only when sure)"
    ),
    Setting(
        "FOOTNOTE_ALLOW_HOSTS",
        "",
        "hosts, parted by commas, that `footnote add` may fetch from though their addresses are private;"
        " with a port, such as `wiki.intern:8080`, from that port",
    ),
    Setting(
        "FOOTNOTE_LLM_URL",
        "",
        "base address of an OpenAI-compatible language model, such as `http://localhost:11434/v1`;"
        " it writes prose from the quotes",
    ),
    Setting("FOOTNOTE_LLM_MODEL", "", "that model's name, as its server knows it"),
    Setting("FOOTNOTE_LLM_KEY", "", "that server's API key, where it wants one"),
    Setting("FOOTNOTE_LLM_TIMEOUT", "10", "seconds until an answer goes without the model's prose"),
    Setting("SLACK_BOT_TOKEN", "", "the bot's token, `xoxb-…`"),
    Setting("SLACK_APP_TOKEN", "", "the app-level token, `xapp-…`, for Socket Mode"),
    Setting("SLACK_SIGNING_SECRET", "", "the app's signing secret, for HTTP mode"),
    Setting(
        "SLACK_API_URL", "https://slack.com/api/", "another address of Slack's API, for tests and proxies"
    ),
    Setting("FOOTNOTE_SLACK_MODE", "socket", "`socket`, or `http` behind a public address"),
    Setting(
        "FOOTNOTE_ALLOW_BOTS",
        "",
        "ids of bots that are answered as people are, such as `B012AB3CD`, with commas between;"
        " others are ignored",
    ),
    Setting(
        "FOOTNOTE_ANSWER_CHANNELS",
        "",
        "ids of channels, such as `C012AB3CD`, where every question is answered without a mention,"
        " if only for certain",
    ),
    Setting(
        "FOOTNOTE_CHANNELS",
        "",
        "a file that says which collections each channel may see; `channels.yaml` in the data folder is"
        " taken where it exists, and without one everything is seen everywhere",
    ),
    Setting(
        "FOOTNOTE_SHARED_CHANNELS",
        "refuse",
        "`allow` answers in channels that are shared with other organisations, and their people",
    ),
    Setting(
        "FOOTNOTE_CURATORS",
        "",
        "who may add and remove articles in Slack: ids of people, such as `U012AB3CD`, and of user groups,"
        " such as `S012AB3CD`, with commas between",
    ),
    Setting("FOOTNOTE_USER_LIMIT", "20", "questions a minute that one person may ask; `0` for any number"),
    Setting(
        "FOOTNOTE_CHANNEL_LIMIT", "60", "questions a minute that one channel may ask; `0` for any number"
    ),
    Setting(
        "FOOTNOTE_KEEP_QUESTIONS",
        "no",
        "`yes` keeps the words of questions as long as the rest, for `footnote report`",
    ),
    Setting(
        "FOOTNOTE_RETENTION_DAYS", "90", "days after which outcomes, verdicts and all else are forgotten"
    ),
    Setting(
        "FOOTNOTE_REPORT_CHANNEL",
        "",
        "id of a channel, such as `C012AB3CD`, that gets the report of the week each Monday",
    ),
    Setting("PORT", "3000", "the port of HTTP mode"),
    Setting(
        "SLACK_CLIENT_ID",
        "",
        "the app's client id: in HTTP mode, workspaces then install the app by themselves, and"
        " `SLACK_BOT_TOKEN` is not needed",
    ),
    Setting("SLACK_CLIENT_SECRET", "", "the client secret that goes with it"),
    Setting(
        "FOOTNOTE_INSTALL_TEAMS",
        "",
        "ids of the workspaces that may install it so, such as `T012AB3CD`, with commas between, or `any`:"
        " each can then ask the articles",
    ),
    Setting(
        "FOOTNOTE_METRICS_PORT",
        "",
        "a port for `/metrics` (Prometheus), `/healthz` and `/readyz` of the bot in Slack; none without it",
    ),
    Setting("FOOTNOTE_METRICS_HOST", "127.0.0.1", "the address that they are served at"),
    Setting(
        "FOOTNOTE_LOG_LEVEL", "INFO", "how much the bot in Slack logs: `DEBUG`, `INFO`, `WARNING` or `ERROR`"
    ),
    Setting("FOOTNOTE_LOG_FORMAT", "text", "`json` logs one JSON object a line"),
    Setting("FOOTNOTE_DEBUG", "", "`1` shows the traceback of an unexpected error"),
    Setting("NO_COLOR", "", "anything switches colours off"),
)

SlackMode = Literal["socket", "http"]
LogFormat = Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """The language model that writes prose from the quotes."""

    url: str
    """Base address without a slash at its end."""
    model: str
    key: str | None = field(repr=False)
    timeout: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, checked.  Secrets stay out of its `repr`, and so out of logs."""

    sources: Path
    data: Path
    model: str | None
    """None for the packaged model."""
    reader: str | None
    """None for the one that ships; `NO_READER` for none at all."""
    keep_generations: int
    canaries: Path | None
    canaries_fail_under: str
    balance: float
    allow_hosts: tuple[str, ...]
    """Hosts, or hosts with a port, that may be fetched from at private addresses."""
    llm: LlmSettings | None
    """None: answers are quotes alone."""
    slack_bot_token: str | None = field(repr=False)
    slack_app_token: str | None = field(repr=False)
    slack_signing_secret: str | None = field(repr=False)
    slack_api_url: str
    slack_mode: SlackMode
    allow_bots: frozenset[str]
    answer_channels: frozenset[str]
    channels: Path | None
    """None: the file in the data folder, where there is one."""
    shared_channels: bool
    """Whether outsiders are answered."""
    curators: frozenset[str]
    user_limit: int
    channel_limit: int
    """Questions a minute; 0 for any number."""
    keep_questions: bool
    retention_days: int
    report_channel: str
    """Empty for none."""
    port: int
    slack_client_id: str | None
    slack_client_secret: str | None = field(repr=False)
    install_teams: frozenset[str]
    """Workspaces that may install the app by themselves; `any` for all of them."""
    metrics_port: int | None
    metrics_host: str
    log_level: str
    log_format: LogFormat
    debug: bool
    color: bool

    @property
    def slack_wanted(self) -> bool:
        """Whether anything of Slack is configured, completely or not."""
        return self.slack_installs or any(
            (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret)
        )

    @property
    def slack_installs(self) -> bool:
        """Whether workspaces install the app by themselves."""
        return self.slack_client_id is not None


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raise `FootnoteError` that names the wrong one."""
    if environment.get("FOOTNOTE_RERANKER", "").strip():
        raise FootnoteError(
            "FOOTNOTE_RERANKER is no longer a setting: a reader, which finds the words that answer, has"
            " replaced the reranker. Remove it; FOOTNOTE_READER sets another reader than the one that ships."
        )
    values = {
        known.variable: environment.get(known.variable, "").strip() or known.default for known in SETTINGS
    }
    return Settings(
        sources=Path(values["FOOTNOTE_SOURCES"]).expanduser(),
        data=Path(values["FOOTNOTE_DATA"]).expanduser(),
        model=values["FOOTNOTE_MODEL"] or None,
        reader=values["FOOTNOTE_READER"] or None,
        keep_generations=_keep(values["FOOTNOTE_KEEP_GENERATIONS"]),
        canaries=Path(values["FOOTNOTE_CANARIES"]).expanduser() if values["FOOTNOTE_CANARIES"] else None,
        canaries_fail_under=values["FOOTNOTE_CANARIES_FAIL_UNDER"],
        balance=_balance(values["FOOTNOTE_BALANCE"]),
        allow_hosts=_hosts("FOOTNOTE_ALLOW_HOSTS", values["FOOTNOTE_ALLOW_HOSTS"]),
        llm=_llm(values),
        # `slack run` of Slack's own command line brings tokens under its own names.
        slack_bot_token=values["SLACK_BOT_TOKEN"] or environment.get("SLACK_CLI_XOXB") or None,
        slack_app_token=values["SLACK_APP_TOKEN"] or environment.get("SLACK_CLI_XAPP") or None,
        slack_signing_secret=values["SLACK_SIGNING_SECRET"] or None,
        slack_api_url=_api_url(values["SLACK_API_URL"]),
        slack_mode=_slack_mode(values["FOOTNOTE_SLACK_MODE"]),
        allow_bots=_slack_ids("FOOTNOTE_ALLOW_BOTS", values, "ABUW", "bots, such as B012AB3CD"),
        answer_channels=_slack_ids("FOOTNOTE_ANSWER_CHANNELS", values, "CG", "channels, such as C012AB3CD"),
        channels=Path(values["FOOTNOTE_CHANNELS"]).expanduser() if values["FOOTNOTE_CHANNELS"] else None,
        shared_channels=_allowed("FOOTNOTE_SHARED_CHANNELS", values["FOOTNOTE_SHARED_CHANNELS"]),
        curators=_slack_ids("FOOTNOTE_CURATORS", values, "USW", "people and user groups, such as U012AB3CD"),
        user_limit=_number("FOOTNOTE_USER_LIMIT", values, 0, MAX_LIMIT),
        channel_limit=_number("FOOTNOTE_CHANNEL_LIMIT", values, 0, MAX_LIMIT),
        keep_questions=_yes("FOOTNOTE_KEEP_QUESTIONS", values),
        retention_days=_number("FOOTNOTE_RETENTION_DAYS", values, 1, MAX_RETENTION_DAYS),
        report_channel=_report_channel(values),
        port=_port("PORT", values["PORT"]),
        slack_client_id=_client(values),
        slack_client_secret=values["SLACK_CLIENT_SECRET"] or None,
        install_teams=_install_teams(values),
        metrics_port=_port("FOOTNOTE_METRICS_PORT", values["FOOTNOTE_METRICS_PORT"])
        if values["FOOTNOTE_METRICS_PORT"]
        else None,
        metrics_host=values["FOOTNOTE_METRICS_HOST"],
        log_level=_log_level(values["FOOTNOTE_LOG_LEVEL"]),
        log_format=_log_format(values["FOOTNOTE_LOG_FORMAT"]),
        debug=bool(values["FOOTNOTE_DEBUG"]) and values["FOOTNOTE_DEBUG"] != "0",
        color=not values["NO_COLOR"],
    )


def keep_arithmetic_to_one_thread() -> None:
    """Tell NumPy, before it is imported, not to share the small matrices of one question among threads.

    They wait for each other: 12 ms became 130 on a busy machine, and those who ask at the same time use
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


def _keep(text: str) -> int:
    return _number("FOOTNOTE_KEEP_GENERATIONS", {"FOOTNOTE_KEEP_GENERATIONS": text}, 1, MAX_KEPT_GENERATIONS)


def _balance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise _wrong("FOOTNOTE_BALANCE", text, "a number from 0 to 1")
    return value


def _hosts(variable: str, text: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in text.split(",") if host.strip())
    for host in hosts:
        # An address instead of its host would allow nothing, and say nothing of it.
        if any(character in host for character in "/@?#* "):
            allowed = "names of hosts, parted by commas, such as wiki.intern,docs.intern:8080"
            raise _wrong(variable, text, allowed)
    return hosts


def _llm(values: Mapping[str, str]) -> LlmSettings | None:
    url, model = values["FOOTNOTE_LLM_URL"], values["FOOTNOTE_LLM_MODEL"]
    timeout = _seconds("FOOTNOTE_LLM_TIMEOUT", values["FOOTNOTE_LLM_TIMEOUT"])
    if not url and not model:
        return None
    if not url or not model:
        there, missing = ("FOOTNOTE_LLM_URL", "FOOTNOTE_LLM_MODEL")[:: 1 if url else -1]
        raise FootnoteError(f"{there} is set and {missing} is not. Set both, or neither.")
    return LlmSettings(_base_url(url), model, _key(values["FOOTNOTE_LLM_KEY"]), timeout)


def _base_url(text: str) -> str:
    allowed = "an address such as http://localhost:11434/v1, without user, question mark or #"
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or brackets that do not match
        whole = False
    if not whole or "@" in parts.netloc or set("?# ") & set(text):
        # Not shown: a password may be in it.
        raise FootnoteError(f"FOOTNOTE_LLM_URL is no base address. Set it to {allowed}.")
    return text.rstrip("/").removesuffix("/chat/completions")


def _key(text: str) -> str | None:
    # It becomes a header, where a line end would begin another one.
    if not all("!" <= character <= "~" for character in text):
        raise FootnoteError("FOOTNOTE_LLM_KEY holds a character that no key has. Copy it again.")
    return text or None


def _seconds(variable: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_TIMEOUT_SECONDS:
        raise _wrong(variable, text, f"a number of seconds, at most {MAX_TIMEOUT_SECONDS}")
    return value


def _api_url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise _wrong("SLACK_API_URL", text, "an address that begins with https:// or http://")
    # slack_sdk appends the method's name to it.
    return text if text.endswith("/") else f"{text}/"


def _slack_mode(text: str) -> SlackMode:
    match text.lower():
        case "socket":
            return "socket"
        case "http":
            return "http"
        case _:
            raise _wrong("FOOTNOTE_SLACK_MODE", text, "socket or http")


def _slack_ids(variable: str, values: Mapping[str, str], kinds: str, of: str) -> frozenset[str]:
    """Ids begin with a letter that says what they name; a channel's name instead would never match."""
    ids = frozenset(values[variable].replace(",", " ").split())
    if not all(re.fullmatch(rf"[{kinds}][A-Z0-9]{{2,}}", one) for one in ids):
        raise _wrong(variable, values[variable], f"ids of {of}, with commas between")
    return ids


def _allowed(variable: str, text: str) -> bool:
    if text.lower() not in ("allow", "refuse"):
        raise _wrong(variable, text, "allow or refuse")
    return text.lower() == "allow"


def _number(variable: str, values: Mapping[str, str], least: int, most: int) -> int:
    text = values[variable]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise _wrong(variable, text, f"a number from {least} to {most}")
    return int(text)


def _yes(variable: str, values: Mapping[str, str]) -> bool:
    said = {"yes": True, "no": False}.get(values[variable].lower())
    if said is None:
        raise _wrong(variable, values[variable], "yes or no")
    return said


def _report_channel(values: Mapping[str, str]) -> str:
    variable = "FOOTNOTE_REPORT_CHANNEL"
    ids = _slack_ids(variable, values, "CG", "channels, such as C012AB3CD")
    if len(ids) > 1:
        raise _wrong(variable, values[variable], "the id of one channel")
    return "".join(ids)


def _client(values: Mapping[str, str]) -> str | None:
    """The client id; None where workspaces do not install the app by themselves."""
    both = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET")
    given = [variable for variable in both if values[variable]]
    if not given:
        return None
    if len(given) == 1:
        missing = next(variable for variable in both if not values[variable])
        raise FootnoteError(f"{given[0]} is set and {missing} is not. Set both, or neither.")
    if _slack_mode(values["FOOTNOTE_SLACK_MODE"]) != "http":
        raise FootnoteError(
            "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are for workspaces that install the app by themselves,"
            " which needs a public address. Set FOOTNOTE_SLACK_MODE to http, or remove them."
        )
    if values["FOOTNOTE_REPORT_CHANNEL"]:
        raise FootnoteError(
            "FOOTNOTE_REPORT_CHANNEL would tell one workspace what others ask. Remove it, or SLACK_CLIENT_ID."
        )
    return values["SLACK_CLIENT_ID"]


def _install_teams(values: Mapping[str, str]) -> frozenset[str]:
    variable = "FOOTNOTE_INSTALL_TEAMS"
    if values[variable].lower() == "any":
        return frozenset({"any"})
    teams = _slack_ids(variable, values, "T", "workspaces, such as T012AB3CD")
    if values["SLACK_CLIENT_ID"] and not teams:
        raise FootnoteError(
            f"SLACK_CLIENT_ID is set and {variable} is not: every workspace of the world could ask your"
            f" articles. Set {variable} to the ids of those that may install the app, or to any."
        )
    return teams


def _port(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise _wrong(variable, text, "a number from 1 to 65535")
    return int(text)


def _log_format(text: str) -> LogFormat:
    match text.lower():
        case "text":
            return "text"
        case "json":
            return "json"
        case _:
            raise _wrong("FOOTNOTE_LOG_FORMAT", text, "text or json")


def _log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise _wrong("FOOTNOTE_LOG_LEVEL", text, "DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _wrong(variable: str, value: str, allowed: str) -> FootnoteError:
    return FootnoteError(f"{variable} is {value!r}. Set it to {allowed}.")
