"""How long is believed what Slack says of channels and groups, and what holds while it says nothing."""

from __future__ import annotations

import pytest
from slack_sdk.web import WebClient

from bot.library.rights import Rights
from bot.slack.lookups import Access, Closed, Curators, Open
from tests.fakes.slack import BOT_TOKEN, FakeSlack, Fault


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(slack: FakeSlack) -> WebClient:
    return WebClient(token=BOT_TOKEN, base_url=slack.api_url)


class TestChannels:
    @pytest.fixture
    def access(self, client: WebClient, clock: Clock) -> Access:
        rights = Rights(default=frozenset({"cars"}), direct=frozenset({"press"}))
        return Access(client, lambda: rights, clock=clock)

    def test_a_channel_is_open_for_its_collections_and_app_home_for_those_of_direct_messages(
        self, slack: FakeSlack, access: Access
    ) -> None:
        assert access.at("C0CARS") == Open(frozenset({"cars"}))
        assert access.at("D0ADA") == Open(frozenset({"press"}))
        assert access.at("") == Open(frozenset({"press"}))
        assert slack.calls == ["conversations.info"] * 2

    def test_slack_is_asked_again_after_five_minutes(
        self, slack: FakeSlack, access: Access, clock: Clock
    ) -> None:
        access.at("C0CARS")
        slack.shared.add("C0CARS")
        clock.now += 299
        assert isinstance(access.at("C0CARS"), Open)
        clock.now += 1
        assert access.at("C0CARS") is Closed.SHARED

    def test_an_event_is_newer_than_what_is_remembered(self, slack: FakeSlack, access: Access) -> None:
        access.at("C0CARS")
        assert access.at("C0CARS", shared=True) is Closed.SHARED
        assert access.at("C0CARS") is Closed.SHARED
        assert isinstance(access.at("C0CARS", shared=False), Open)
        assert slack.calls == ["conversations.info"]

    @pytest.mark.parametrize("fault", [Fault(error="missing_scope"), Fault(status=500), Fault(status=429)])
    def test_where_slack_does_not_tell_it_is_closed_and_soon_asked_again(
        self, slack: FakeSlack, access: Access, clock: Clock, fault: Fault
    ) -> None:
        slack.fail("conversations.info", fault)
        assert access.at("C0CARS") is Closed.UNKNOWN
        clock.now += 9
        assert access.at("C0CARS") is Closed.UNKNOWN
        clock.now += 1
        assert isinstance(access.at("C0CARS"), Open)

    def test_an_outsider_is_one_wherever(self, access: Access) -> None:
        assert access.at("C0CARS", outsider=True, shared=False) is Closed.OUTSIDER

    def test_where_outsiders_are_allowed_slack_is_not_even_asked(
        self, slack: FakeSlack, client: WebClient
    ) -> None:
        access = Access(client, Rights, shared_channels=True)
        assert access.at("C0CARS", outsider=True, shared=True) == Open(None)
        assert slack.calls == []


class TestGroups:
    @pytest.fixture
    def curators(self, slack: FakeSlack, client: WebClient, clock: Clock) -> Curators:
        slack.groups = {"S0CURATORS": ["U0BOB"]}
        return Curators(client, {"U0ADA", "S0CURATORS"}, clock)

    def test_people_by_id_and_members_of_groups_are_curators(self, curators: Curators) -> None:
        assert [user in curators for user in ("U0ADA", "U0BOB", "U0EVE", "")] == [True, True, False, False]

    def test_who_leaves_a_group_is_none_after_five_minutes(
        self, slack: FakeSlack, curators: Curators, clock: Clock
    ) -> None:
        assert "U0BOB" in curators
        slack.groups["S0CURATORS"] = []
        clock.now += 299
        assert "U0BOB" in curators
        clock.now += 1
        assert "U0BOB" not in curators

    def test_while_slack_fails_the_last_members_stay_for_an_hour_and_no_longer(
        self, slack: FakeSlack, curators: Curators, clock: Clock
    ) -> None:
        assert "U0BOB" in curators
        slack.fail("usergroups.users.list", *[Fault(error="internal_error")] * 3)
        for passed in (301, 3_000):
            clock.now += passed
            assert "U0BOB" in curators
        clock.now += 300
        assert "U0BOB" not in curators
        clock.now += 30
        assert "U0BOB" in curators, "Slack is back"

    def test_names_are_those_that_people_know_and_few(
        self, slack: FakeSlack, client: WebClient, clock: Clock
    ) -> None:
        slack.groups = {"S0CURATORS": [f"U0MANY{number}" for number in range(9)]}
        slack.names = {"U0ADA": "Ada"} | {f"U0MANY{number}": f"Many {number}" for number in range(9)}
        slack.names["U0MANY1"] = ""
        names = Curators(client, {"U0ADA", "S0CURATORS"}, clock).names()
        assert names == ("Ada", "Many 0", "Many 2", "Many 3")
