"""Every setting: the variable that holds it, its default, what it means, and what is allowed.

Whoever wants to know what can be configured reads `SETTINGS`; the README's table is tested
against it.  Values are checked here, once, so that no other module has to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values

from index.types import FootnoteError

ENV_FILE = ".env"
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
        "FOOTNOTE_BALANCE", "0.5", "from 0 (answer whenever there is anything) to 1 (answer only when sure)"
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
    Setting("PORT", "3000", "the port of HTTP mode"),
    Setting(
        "FOOTNOTE_LOG_LEVEL", "INFO", "how much the bot in Slack logs: `DEBUG`, `INFO`, `WARNING` or `ERROR`"
    ),
    Setting("FOOTNOTE_DEBUG", "", "`1` shows the traceback of an unexpected error"),
    Setting("NO_COLOR", "", "anything switches colours off"),
)

SlackMode = Literal["socket", "http"]


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
    balance: float
    llm: LlmSettings | None
    """None: answers are quotes alone."""
    slack_bot_token: str | None = field(repr=False)
    slack_app_token: str | None = field(repr=False)
    slack_signing_secret: str | None = field(repr=False)
    slack_api_url: str
    slack_mode: SlackMode
    port: int
    log_level: str
    debug: bool
    color: bool

    @property
    def slack_wanted(self) -> bool:
        """Whether anything of Slack is configured, completely or not."""
        return any((self.slack_bot_token, self.slack_app_token, self.slack_signing_secret))


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raise `FootnoteError` that names the wrong one."""
    values = {
        known.variable: environment.get(known.variable, "").strip() or known.default for known in SETTINGS
    }
    return Settings(
        sources=Path(values["FOOTNOTE_SOURCES"]).expanduser(),
        data=Path(values["FOOTNOTE_DATA"]).expanduser(),
        model=values["FOOTNOTE_MODEL"] or None,
        balance=_balance(values["FOOTNOTE_BALANCE"]),
        llm=_llm(values),
        slack_bot_token=values["SLACK_BOT_TOKEN"] or None,
        slack_app_token=values["SLACK_APP_TOKEN"] or None,
        slack_signing_secret=values["SLACK_SIGNING_SECRET"] or None,
        slack_api_url=_api_url(values["SLACK_API_URL"]),
        slack_mode=_slack_mode(values["FOOTNOTE_SLACK_MODE"]),
        port=_port(values["PORT"]),
        log_level=_log_level(values["FOOTNOTE_LOG_LEVEL"]),
        debug=bool(values["FOOTNOTE_DEBUG"]) and values["FOOTNOTE_DEBUG"] != "0",
        color=not values["NO_COLOR"],
    )


def read_environment(folder: Path) -> dict[str, str]:
    """Return the process's environment, and what `.env` in `folder` adds to it.

    A variable that is set, even to nothing, wins over the file: `SLACK_BOT_TOKEN= footnote run`.
    """
    path = folder / ENV_FILE
    try:
        # Without interpolation: a `$` in a secret is a `$`.
        written = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(
            f"{path} cannot be read: {error}. Save it as plain UTF-8 text, or remove it."
        ) from error
    return {**{name: value for name, value in written.items() if value is not None}, **os.environ}


def _balance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise _wrong("FOOTNOTE_BALANCE", text, "a number from 0 to 1")
    return value


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


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise _wrong("PORT", text, "a number from 1 to 65535")
    return int(text)


def _log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise _wrong("FOOTNOTE_LOG_LEVEL", text, "DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _wrong(variable: str, value: str, allowed: str) -> FootnoteError:
    return FootnoteError(f"{variable} is {value!r}. Set it to {allowed}.")
