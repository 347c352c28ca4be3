"""A Slack that is stateful, strict and moody, for the real clients to talk to on loopback."""

from tests.fakes.slack.server import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    BOT_USER,
    SIGNING_SECRET,
    TEAM,
    Envelope,
    FakeSlack,
    Fault,
    Posted,
    event_payload,
    signed_headers,
)

__all__ = [
    "APP_TOKEN",
    "BOT",
    "BOT_TOKEN",
    "BOT_USER",
    "SIGNING_SECRET",
    "TEAM",
    "Envelope",
    "FakeSlack",
    "Fault",
    "Posted",
    "event_payload",
    "signed_headers",
]
