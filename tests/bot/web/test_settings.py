"""The settings of the page."""

from __future__ import annotations

import pytest

from bot.config import settings_from
from index.types import FootnoteError


def test_by_itself_the_page_is_for_this_machine_alone() -> None:
    web = settings_from({}).web

    assert (web.is_local, web.address, web.open) == (True, "http://localhost:8765", False)


@pytest.mark.parametrize(
    ("environment", "address", "is_local"),
    [
        ({"FOOTNOTE_WEB_HOST": "0.0.0.0"}, "http://0.0.0.0:8765", False),
        ({"FOOTNOTE_WEB_HOST": "::1"}, "http://localhost:8765", True),
        ({"FOOTNOTE_WEB_HOST": "fd00::1"}, "http://[fd00::1]:8765", False),
        ({"FOOTNOTE_WEB_URL": "https://a.example/"}, "https://a.example", False),
        ({"FOOTNOTE_WEB_URL": "http://localhost:8080"}, "http://localhost:8080", True),
    ],
)
def test_an_address_of_others_makes_it_a_page_for_others(
    environment: dict[str, str], address: str, is_local: bool
) -> None:
    web = settings_from(environment).web

    assert (web.address, web.is_local) == (address, is_local)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"FOOTNOTE_WEB_PASSWORD": "short"}, "FOOTNOTE_WEB_PASSWORD"),
        ({"FOOTNOTE_WEB_URL": "footnote.example"}, "FOOTNOTE_WEB_URL"),
        ({"FOOTNOTE_WEB_URL": "https://a.example/?x"}, "FOOTNOTE_WEB_URL"),
        ({"FOOTNOTE_WEB_URL": "https://u:p@a.example"}, "FOOTNOTE_WEB_URL"),
        ({"FOOTNOTE_WEB_URL": "https://a.example:port"}, "FOOTNOTE_WEB_URL"),
        ({"FOOTNOTE_WEB_LINK_DAYS": "0"}, "FOOTNOTE_WEB_LINK_DAYS"),
        ({"FOOTNOTE_WEB_PORT": "70000"}, "FOOTNOTE_WEB_PORT"),
        ({"FOOTNOTE_WEB_OPEN": "maybe"}, "FOOTNOTE_WEB_OPEN"),
        ({"FOOTNOTE_WEB_USER_HEADER": "X User"}, "FOOTNOTE_WEB_USER_HEADER"),
        ({"FOOTNOTE_WEB_CURATORS": "ada"}, "FOOTNOTE_WEB_USER_HEADER"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(environment: dict[str, str], words: str) -> None:
    with pytest.raises(FootnoteError, match=words):
        settings_from(environment)


def test_the_password_stays_out_of_logs() -> None:
    assert "hidden away" not in repr(settings_from({"FOOTNOTE_WEB_PASSWORD": "hidden away"}))
