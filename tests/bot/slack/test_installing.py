"""Workspaces install the app by themselves: states, tokens, and each answered with its own token."""

from __future__ import annotations

import http.client
import json
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from slack_sdk.oauth.installation_store import Bot

from bot.memory import KeptFiles, Memory, MemoryAway, Place
from bot.slack.http_mode import HttpBot
from bot.slack.incoming import Question
from bot.slack.installing import SCOPES, Installations, States
from index.types import FootnoteError
from tests.bot.slack.conftest import StartBot
from tests.fakes.answers import BANMA_QUOTE, QUESTION, PreparedAnswers
from tests.fakes.slack import BOT_USER, FakeSlack, event_payload, signed_headers

ROOT = Path(__file__).parents[3]
ONE, OTHER = "T0ONE", "T0OTHER"


@pytest.fixture(params=["files", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where the bot remembers."""
    if request.param == "files":
        return tmp_path / "data" / "state.sqlite"
    address: str = request.getfixturevalue("postgres")
    return address


@pytest.fixture
def farewells(where: Path | str) -> Iterator[ThreadPoolExecutor]:
    """Bots end before their database does."""
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def state(where: Path | str) -> Iterator[Memory]:
    memory = Memory(where)
    yield memory
    memory.close()


@pytest.fixture
def bot(slack: FakeSlack, start: StartBot) -> HttpBot:
    return serve(slack, start)


def serve(slack: FakeSlack, start: StartBot, **changed: Any) -> HttpBot:
    running = start(
        mode="http",
        bot_token="",
        client_id="1.2",
        client_secret="client-secret",
        install_teams=frozenset({ONE, OTHER}),
        **changed,
    )
    assert isinstance(running, HttpBot)
    slack.http_ports.clear()
    return running


def get(bot: HttpBot, path: str, cookie: str = "") -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", bot.port, timeout=5)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers
    finally:
        connection.close()


def begin(bot: HttpBot) -> tuple[str, str]:
    """The state and the cookie that a browser is sent to Slack with."""
    status, _, headers = get(bot, "/slack/install")
    assert status == 302
    location, cookie = headers["Location"], headers["Set-Cookie"].partition(";")[0]
    return parse_qs(urlsplit(location).query)["state"][0], cookie


def agree(slack: FakeSlack, team: str, /, **changed: Any) -> str:
    """An administrator agrees; the code that comes back."""
    token, code = f"xoxb-of-{team}", f"code-{team}"
    slack.tokens[token] = team
    slack.codes[code] = {
        "ok": True,
        "access_token": token,
        "bot_user_id": BOT_USER,
        "team": {"id": team, "name": "One"},
        "app_id": "A1",
        "scope": ",".join(SCOPES),
        "token_type": "bot",
    } | changed
    return code


def install(slack: FakeSlack, bot: HttpBot, team: str) -> None:
    state, cookie = begin(bot)
    status, text, _ = get(bot, f"/slack/oauth_redirect?code={agree(slack, team)}&state={state}", cookie)
    assert (status, text.split(".")[0]) == (200, "Installed")


def mention(slack: FakeSlack, team: str, text: str = QUESTION) -> tuple[dict[str, Any], dict[str, Any]]:
    event = {
        "type": "app_mention",
        "channel": f"C{team}",
        "user": "U0ADA",
        "text": f"<@{BOT_USER}> {text}",
        "ts": slack.write(f"C{team}"),
        "team": team,
    }
    event["event_ts"] = event["ts"]
    payload = event_payload(event) | {"team_id": team}
    payload["authorizations"] = [payload["authorizations"][0] | {"team_id": team}]
    return event, payload


def post(bot: HttpBot, payload: dict[str, Any], **signed: Any) -> tuple[int, str]:
    body = json.dumps(payload)
    connection = http.client.HTTPConnection("127.0.0.1", bot.port, timeout=5)
    try:
        headers = signed_headers(body, **signed) | {"Content-Type": "application/json"}
        connection.request("POST", "/slack/events", body.encode(), headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_the_browser_is_sent_to_slack_with_what_the_app_needs(bot: HttpBot) -> None:
    status, text, headers = get(bot, "/slack/install")
    url = urlsplit(headers["Location"])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (status, text) == (302, "")
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://slack.com/oauth/v2/authorize"
    assert (query["client_id"], query["scope"]) == ("1.2", ",".join(SCOPES))
    assert str(UUID(query["state"])) == query["state"]
    cookie = headers["Set-Cookie"]
    assert [part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", query["state"])] == [True] * 4
    assert "client-secret" not in headers["Location"]


def test_the_scopes_are_those_of_the_manifest() -> None:
    manifest = json.loads((ROOT / "manifest.json").read_text("utf-8"))
    scopes = manifest["oauth_config"]["scopes"]
    assert list(SCOPES) == sorted([*scopes["bot"], *scopes["bot_optional"]])


def test_workspaces_that_installed_are_answered_each_with_its_own_token(
    slack: FakeSlack, bot: HttpBot
) -> None:
    for team in (ONE, OTHER):
        install(slack, bot, team)
    slack.tokens_used.clear()
    for team in (OTHER, ONE):
        event, payload = mention(slack, team)
        assert post(bot, payload) == (200, "")
        assert BANMA_QUOTE in slack.reply(event).shown()
    posts = [token for method, token in slack.tokens_used if method == "chat.postMessage"]
    assert posts == ["xoxb-of-T0OTHER", "xoxb-of-T0ONE"]
    assert "xoxb-loopback" not in {token for _, token in slack.tokens_used}


def test_an_installation_outlives_the_process_and_so_does_what_it_was_asked(
    slack: FakeSlack, start: StartBot, where: Path | str
) -> None:
    first = serve(slack, start)
    install(slack, first, ONE)
    install(slack, first, OTHER)
    first.close()
    past = Memory(where, lambda: time.time() - 60)
    event, _ = mention(slack, OTHER)
    place = Place(OTHER, event["channel"], event["ts"])
    left = Question(QUESTION, place, (), event["ts"], "U0ADA", shared=False)
    assert past.inbox.claim(("left",), left.stored())
    past.close()
    serve(slack, start, round_seconds=0.1)
    assert BANMA_QUOTE in slack.reply(event).shown()
    slack.settle(0.3)
    assert len(slack.posted) == 1


def test_the_tokens_are_in_a_folder_for_their_owner_alone(
    slack: FakeSlack, start: StartBot, tmp_path: Path
) -> None:
    folder = tmp_path / "installations"
    folder.mkdir(0o755)  # as it might have been left by hand
    install(slack, serve(slack, start, state=Memory(tmp_path / "state.sqlite")), ONE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (path,) = (path for path in folder.rglob("*") if path.is_file() and "xoxb" in path.read_text())
    assert path == folder / "none-T0ONE" / "bot-latest"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("given", "cookie"),
    [
        ("", None),
        ("f" * 48, None),
        ("../../../etc/passwd", None),
        (None, ""),
        (None, "footnote_install=" + "f" * 48),
        (None, "other=1"),
        ("../none-T0ONE/bot-latest", "footnote_install=../none-T0ONE/bot-latest"),
    ],
)
def test_a_state_that_was_not_given_to_this_browser_installs_nothing(
    slack: FakeSlack, bot: HttpBot, state: Memory, given: str | None, cookie: str | None
) -> None:
    own, own_cookie = begin(bot)
    code = agree(slack, ONE)
    query = f"code={code}&state={own if given is None else given}"
    status, text, _ = get(bot, f"/slack/oauth_redirect?{query}", own_cookie if cookie is None else cookie)
    reason = "invalid_state" if given and cookie else "invalid_browser"
    assert (status, text) == (400, f"Not installed ({reason}). Please begin again at /slack/install.")
    assert kept(state, ONE) is None
    assert code in slack.codes, "the code was not even used"


def test_a_state_is_good_once(slack: FakeSlack, bot: HttpBot) -> None:
    state, cookie = begin(bot)
    assert get(bot, f"/slack/oauth_redirect?code={agree(slack, ONE)}&state={state}", cookie)[0] == 200
    assert get(bot, f"/slack/oauth_redirect?code={agree(slack, OTHER)}&state={state}", cookie)[0] == 400


def test_whoever_declines_is_told_how_to_begin_again(bot: HttpBot) -> None:
    state, cookie = begin(bot)
    status, text, _ = get(bot, f"/slack/oauth_redirect?error=access_denied&state={state}", cookie)
    assert (status, text) == (400, "Not installed (access_denied). Please begin again at /slack/install.")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"team": {"id": "T0STRANGER"}}, "workspace_not_allowed"),
        ({"team": None, "is_enterprise_install": True}, "org_install"),
        ({"access_token": "xoxp-user"}, "no_bot_token"),
        ({"ok": False, "error": "code_already_used"}, "invalid_code"),
    ],
)
def test_what_is_not_a_workspace_that_may_is_refused(
    slack: FakeSlack, bot: HttpBot, state: Memory, changed: dict[str, Any], reason: str
) -> None:
    own, cookie = begin(bot)
    code = agree(slack, ONE, **changed)
    slack.tokens["xoxp-user"] = ONE
    status, text, _ = get(bot, f"/slack/oauth_redirect?code={code}&state={own}", cookie)
    assert status == 400
    assert f"({reason})" in text
    assert kept(state, ONE) is None
    assert ("xoxb-of-T0ONE" in slack.tokens) is (reason != "workspace_not_allowed"), "it was revoked"


def test_a_workspace_that_did_not_install_is_answered_nothing(
    slack: FakeSlack, bot: HttpBot, answers: PreparedAnswers
) -> None:
    install(slack, bot, ONE)
    _, payload = mention(slack, OTHER)
    assert post(bot, payload) == (200, "")
    slack.settle()
    assert (answers.asked, slack.posted) == ([], [])


@pytest.mark.parametrize("team", [ONE, OTHER, "../../x", ""])
@pytest.mark.parametrize(
    "forged", [{"secret": "another"}, {"age": 301}, {"age": -330}], ids=["other secret", "replayed", "early"]
)
def test_a_delivery_that_slack_did_not_sign_now_is_refused_whatever_workspace_it_names(
    slack: FakeSlack, bot: HttpBot, answers: PreparedAnswers, team: str, forged: dict[str, Any]
) -> None:
    install(slack, bot, ONE)
    _, payload = mention(slack, team)
    assert post(bot, payload, **forged)[0] == 401
    assert answers.asked == []


@pytest.mark.parametrize("age", [299, -299])
def test_a_clock_that_is_off_by_minutes_is_forgiven(slack: FakeSlack, bot: HttpBot, age: int) -> None:
    install(slack, bot, ONE)
    event, payload = mention(slack, ONE)
    assert post(bot, payload, age=age) == (200, "")
    slack.reply(event)


def test_slacks_check_of_the_address_is_answered_before_anybody_installed(bot: HttpBot) -> None:
    status, body = post(bot, {"type": "url_verification", "challenge": "c4f3"})
    assert (status, json.loads(body)) == (200, {"challenge": "c4f3"})
    assert post(bot, {"type": "url_verification", "challenge": "c4f3"}, secret="another")[0] == 401


@pytest.mark.parametrize(
    "event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}]
)
def test_a_workspace_that_removes_the_app_is_forgotten(
    slack: FakeSlack, bot: HttpBot, state: Memory, event: dict[str, Any], answers: PreparedAnswers
) -> None:
    install(slack, bot, ONE)
    _, payload = mention(slack, ONE)
    assert post(bot, payload | {"event": event}, secret="another")[0] == 401
    assert kept(state, ONE)
    assert post(bot, payload | {"event": event, "event_id": "Ev1"})[0] == 200
    assert kept(state, ONE) is None
    assert post(bot, payload)[0] == 200
    slack.settle()
    assert answers.asked == []


def test_the_librarys_own_reading_of_the_environment_changes_nothing(
    slack: FakeSlack, start: StartBot, state: Memory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With these set, Bolt would begin to keep tokens in the home folder by itself."""
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "client-secret")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-nobody")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    bot = serve(slack, start)
    install(slack, bot, ONE)
    event, payload = mention(slack, ONE)
    post(bot, payload)
    assert BANMA_QUOTE in slack.reply(event).shown()
    assert not (tmp_path / "home").exists()


def test_a_token_that_is_no_longer_good_keeps_the_others_from_nothing(
    slack: FakeSlack, start: StartBot, state: Memory
) -> None:
    bot_of_other = Bot(
        team_id=OTHER, bot_token="xoxb-of-nobody", bot_id="B1", bot_user_id=BOT_USER, installed_at=1.0
    )
    Installations(state.kept).save_bot(bot_of_other)
    bot = serve(slack, start)
    install(slack, bot, ONE)
    event, payload = mention(slack, ONE)
    post(bot, payload)
    assert BANMA_QUOTE in slack.reply(event).shown()


def test_the_pages_are_not_there_where_workspaces_do_not_install_by_themselves(start: StartBot) -> None:
    bot = start(mode="http")
    assert isinstance(bot, HttpBot)
    assert [get(bot, path)[0] for path in ("/slack/install", "/slack/oauth_redirect?code=1")] == [404, 404]


@pytest.fixture
def states(state: Memory) -> States:
    return States(state.kept)


def test_a_state_grows_too_old(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = states.issue(), states.issue()
    assert states.consume(first)
    monkeypatch.setattr("bot.slack.installing.STATE_SECONDS", 0.01)
    time.sleep(0.1)
    assert not states.consume(second)


def test_of_many_who_bring_a_state_at_once_one_is_let_in(states: States) -> None:
    won: list[bool] = []
    state = states.issue()
    threads = [threading.Thread(target=lambda: won.append(states.consume(state))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) == 1


def test_a_state_is_no_path(tmp_path: Path) -> None:
    states = States(KeptFiles(tmp_path))
    states.issue()
    secret = tmp_path / "installations" / "secret"
    secret.write_text("1.0")
    for forged in ("../secret", "", str(UUID(int=7)), str(UUID(int=7)).replace("-", "")):
        assert not states.consume(forged)
    assert secret.exists()


def test_states_that_nobody_brings_back_are_forgotten(
    states: States, state: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(100):
        states.issue()
    monkeypatch.setattr("bot.slack.installing.STATE_SECONDS", 0.01)
    time.sleep(0.1)
    own = states.issue()
    assert state.kept.names("installations/states/*") == [f"installations/states/{own}"]


def test_a_damaged_token_is_said_with_what_to_do(state: Memory) -> None:
    state.kept.put("installations/none-T0ONE/bot-latest", '{"team_id": ')
    with pytest.raises(FootnoteError, match=r"workspace T0ONE .* cannot be read .* Install the app"):
        Installations(state.kept).token(ONE)


@pytest.fixture
def bots(slack: FakeSlack, start: StartBot, where: Path | str, state: Memory) -> list[HttpBot]:
    """Two, which remember in the same place."""
    return [serve(slack, start, state=memory) for memory in (state, Memory(where))]


def test_what_one_bot_began_to_install_the_other_ends_and_both_answer(
    slack: FakeSlack, bots: list[HttpBot]
) -> None:
    own, cookie = begin(bots[0])
    assert get(bots[1], f"/slack/oauth_redirect?code={agree(slack, ONE)}&state={own}", cookie)[0] == 200
    for bot in bots:
        event, payload = mention(slack, ONE)
        assert post(bot, payload) == (200, "")
        assert BANMA_QUOTE in slack.reply(event).shown()


def test_a_token_that_one_bot_forgets_or_gets_anew_is_no_longer_used_by_the_other(
    slack: FakeSlack, bots: list[HttpBot]
) -> None:
    install(slack, bots[0], ONE)
    event, payload = mention(slack, ONE)
    assert post(bots[1], payload) == (200, "")
    slack.reply(event)
    removed = payload | {"event": {"type": "app_uninstalled"}, "event_id": "Ev1"}
    assert post(bots[0], removed)[0] == 200
    _, payload = mention(slack, ONE)
    assert post(bots[1], payload) == (200, "")
    slack.settle(0.2)
    assert len(slack.posted) == 1, "nobody may answer there"

    own, cookie = begin(bots[0])
    code = agree(slack, ONE, access_token="xoxb-the-new-one")
    slack.tokens["xoxb-the-new-one"] = slack.tokens.pop("xoxb-of-T0ONE")
    assert get(bots[0], f"/slack/oauth_redirect?code={code}&state={own}", cookie)[0] == 200
    event, payload = mention(slack, ONE)
    assert post(bots[1], payload) == (200, "")
    assert BANMA_QUOTE in slack.reply(event).shown()


def test_a_question_that_another_bot_left_is_answered_though_it_installed_the_workspace(
    slack: FakeSlack, start: StartBot, where: Path | str, state: Memory
) -> None:
    first = serve(slack, start, state=state)
    serve(slack, start, state=Memory(where), round_seconds=0.1)
    install(slack, first, ONE)
    first.close()
    past = Memory(where, lambda: time.time() - 60)
    event, _ = mention(slack, ONE)
    left = Question(
        QUESTION, Place(ONE, event["channel"], event["ts"]), (), event["ts"], "U0ADA", shared=False
    )
    assert past.inbox.claim(("left",), left.stored())
    past.close()
    assert BANMA_QUOTE in slack.reply(event).shown()


def test_a_delivery_whose_workspace_cannot_be_looked_up_is_delivered_again(
    slack: FakeSlack, bot: HttpBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(slack, bot, ONE)
    event, payload = mention(slack, ONE)

    def away(*ignored: object) -> None:
        raise MemoryAway("The database of the bot's memory does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(Installations, "token", away)
        assert post(bot, payload)[0] == 503
    assert post(bot, payload) == (200, "")
    assert BANMA_QUOTE in slack.reply(event).shown()


def kept(state: Memory, team: str) -> str | None:
    return state.kept.get(f"installations/none-{team}/bot-latest")
