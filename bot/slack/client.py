"""Slack's Web API clients: how patient they are, and what is said when a token is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http.client import HTTPException

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import (
    BackoffRetryIntervalCalculator,
    ConnectionErrorRetryHandler,
    HttpRequest,
    HttpResponse,
    RateLimitErrorRetryHandler,
    RetryHandler,
    RetryState,
)
from slack_sdk.http_retry.builtin_handlers import ServerErrorRetryHandler
from slack_sdk.web import WebClient

from bot.config import SlackSettings
from index.types import FootnoteError

# Slack's own limit for a reply to an action is 3 s; posting may take longer on a bad day.
PATIENT_TIMEOUT_SECONDS = 10
SWIFT_TIMEOUT_SECONDS = 3
MAX_RETRIES = 2
# A reply carries the message that it answers, so that a bot which takes over a question can see that the
# one before had posted already.
METADATA_EVENT = "footnote_reply"
# What stands below a reply: prose that was written to its end, and all else that is no reply.
PROSE_EVENT = "footnote_prose"
ASIDE_EVENT = "footnote_aside"
# Doubled for the second retry, with jitter; somebody is looking at the thread meanwhile.
SERVER_ERROR_WAIT_SECONDS = 0.25
# Claims are renewed meanwhile (`bot.slack.rounds`), so that nobody else takes the question over.
MAX_RATE_LIMIT_WAIT_SECONDS = 30

# What a call may raise: Slack's refusals, a broken connection or proxy, a cut response.
CALL_ERRORS = (SlackClientError, OSError, HTTPException)

# At INFO, Bolt writes whole request bodies (a bad signature, an unhandled request) and the SDK
# every connection; the words of people do not belong in a log.
library_log = logging.getLogger("bot.slack.library")
library_log.setLevel(logging.WARNING)
# The first is logged at every start if the token is in the environment, which is intended; the others, as
# errors, of each connection that breaks, which `bot.slack.run` says once.
library_log.addFilter(
    lambda record: (
        not record.getMessage().startswith(
            (
                "As you gave `client` as well",
                "on_error invoked",
                "Failed to disconnect",
                "Failed to check the state of sock",
                "Failed to start or stop the current session",
            )
        )
    )
)

# Slack's own failures.  A message may have been posted before it failed.
_UNCLEAR = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})

_BOT_TOKEN = (
    "Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions on api.slack.com/apps into"
    " SLACK_BOT_TOKEN."
)
_APP_TOKEN = (
    "Create an App-Level Token (xapp-…) with the scope connections:write under Basic Information on"
    " api.slack.com/apps, and put it into SLACK_APP_TOKEN."
)


def patient_client(settings: SlackSettings) -> WebClient:
    """Return a client for posting: waits out short rate limits, and tries again after Slack's own errors."""
    return WebClient(
        token=settings.bot_token,
        base_url=settings.api_url,
        timeout=PATIENT_TIMEOUT_SECONDS,
        retry_handlers=patience(),
        logger=library_log,
    )


def posting_client(client: WebClient) -> WebClient:
    """Return one as patient, that posts nothing again if the answer is unclear: it may be there."""
    return WebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=PATIENT_TIMEOUT_SECONDS,
        retry_handlers=[CappedRateLimitRetryHandler(max_retry_count=MAX_RETRIES)],
        logger=library_log,
    )


def swift_client(client: WebClient) -> WebClient:
    """Return one for what is worthless when late, a modal or a status: it fails fast and never waits."""
    return WebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=SWIFT_TIMEOUT_SECONDS,
        retry_handlers=[],
        logger=library_log,
    )


def patience() -> list[RetryHandler]:
    return [
        ConnectionErrorRetryHandler(),
        CappedRateLimitRetryHandler(max_retry_count=MAX_RETRIES),
        ServerErrorRetryHandler(
            max_retry_count=MAX_RETRIES,
            interval_calculator=BackoffRetryIntervalCalculator(SERVER_ERROR_WAIT_SECONDS),
        ),
    ]


class CappedRateLimitRetryHandler(RateLimitErrorRetryHandler):
    """Waits as long as Slack asks, unless that is so long that a worker would seem dead."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        asked = next(
            (values[0] for name, values in response.headers.items() if name.lower() == "retry-after"), "1"
        )
        return str(asked).isdigit() and int(asked) <= MAX_RATE_LIMIT_WAIT_SECONDS


def check_bot_token(client: WebClient) -> None:
    """Raise `FootnoteError` if Slack does not accept the bot token, or cannot be reached."""
    if not (client.token or "").startswith("xoxb-"):
        raise FootnoteError(f"SLACK_BOT_TOKEN is missing or not a bot token. {_BOT_TOKEN}")
    _checked(client.auth_test, client.base_url, "SLACK_BOT_TOKEN", _BOT_TOKEN)


def check_tokens(settings: SlackSettings) -> None:
    """Raise `FootnoteError` if a token of the chosen mode is missing or refused.

    Opens (and drops) one Socket Mode address, which Slack allows about once a minute.
    """
    client = patient_client(settings)
    if not settings.client_id:  # else each workspace brings its own when it installs the app
        check_bot_token(client)
    if settings.mode == "socket":
        with_app_token(settings, lambda: client.apps_connections_open(app_token=settings.app_token))
    else:
        require_signing_secret(settings)


def require_app_token(settings: SlackSettings) -> None:
    if not settings.app_token.startswith("xapp-"):
        raise FootnoteError(f"SLACK_APP_TOKEN is missing or not an app-level token. {_APP_TOKEN}")


def with_app_token(settings: SlackSettings, connect: Callable[[], object]) -> None:
    """Run `connect`, which uses the app token; raise `FootnoteError` if Slack refuses that."""
    require_app_token(settings)
    _checked(connect, settings.api_url, "SLACK_APP_TOKEN", _APP_TOKEN)


def require_signing_secret(settings: SlackSettings) -> None:
    if not settings.signing_secret:
        raise FootnoteError(
            "SLACK_SIGNING_SECRET is missing, and HTTP mode cannot trust a request without it. Copy it from"
            " Basic Information on api.slack.com/apps, or use Socket Mode."
        )


def is_unclear(error: SlackApiError) -> bool:
    """Return whether Slack failed, so that what was asked of it may have been done all the same."""
    status = getattr(error.response, "status_code", None) or error.response.get("status") or 200
    return refusal(error) in _UNCLEAR or status >= 500


def refusal(error: BaseException) -> str:
    """Return Slack's short code for a refusal (`invalid_blocks`), else the type of the error."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error"))[:80]
    return type(error).__name__


def _checked(call: Callable[[], object], api_url: str, name: str, remedy: str) -> None:
    try:
        call()
    except SlackApiError as error:
        raise FootnoteError(f"{name} was refused by Slack ({refusal(error)}). {remedy}") from error
    except CALL_ERRORS as error:
        raise FootnoteError(
            f"Slack cannot be reached at {api_url} ({refusal(error)})."
            " Check the network, the proxy settings, and SLACK_API_URL."
        ) from error
