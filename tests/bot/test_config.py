"""Settings: defaults, what is refused and in which words, and the `.env` file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config import LlmSettings, read, read_environment, setting, settings_from, table, whole
from index.types import FootnoteError


def test_without_anything_set_the_defaults_hold() -> None:
    settings = settings_from({})

    assert (settings.sources, settings.data, settings.model) == (Path("sources"), Path("data"), None)
    assert (settings.balance, settings.slack.mode, settings.slack.port) == (0.5, "socket", 3000)
    assert settings.slack.api_url == "https://slack.com/api/"
    assert (settings.slack.bot_token, settings.slack.wanted) == ("", False)
    assert (settings.log_level, settings.debug, settings.color) == ("INFO", False, True)
    assert settings.llm is None


def test_every_setting_can_be_set() -> None:
    settings = settings_from(
        {
            "FOOTNOTE_SOURCES": "articles",
            "FOOTNOTE_DATA": "~/index",
            "FOOTNOTE_MODEL": "models/mine",
            "FOOTNOTE_READER": "readers/mine",
            "FOOTNOTE_BALANCE": "0.9",
            "FOOTNOTE_ALLOW_HOSTS": "Wiki.intern, docs.intern:8080,",
            "FOOTNOTE_LLM_URL": "http://localhost:11434/v1/",
            "FOOTNOTE_LLM_MODEL": "llama3.2",
            "FOOTNOTE_LLM_KEY": "sk-1",
            "FOOTNOTE_LLM_TIMEOUT": "2.5",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_SIGNING_SECRET": "s3cret",
            "SLACK_API_URL": "http://127.0.0.1:9/api",
            "FOOTNOTE_SLACK_MODE": "HTTP",
            "PORT": "8080",
            "FOOTNOTE_LOG_LEVEL": "debug",
            "FOOTNOTE_DEBUG": "1",
            "NO_COLOR": "1",
        }
    )

    assert (settings.sources, settings.data) == (Path("articles"), Path.home() / "index")
    assert (settings.model, settings.reader) == ("models/mine", "readers/mine")
    assert settings.balance == 0.9
    assert settings.allow_hosts == ("wiki.intern", "docs.intern:8080")
    assert settings.llm == LlmSettings("http://localhost:11434/v1", "llama3.2", "sk-1", 2.5)
    assert settings.slack.bot_token == "xoxb-1"
    assert settings.slack.app_token == "xapp-1"
    assert settings.slack.signing_secret == "s3cret"
    # The library joins it with a method's name.
    assert settings.slack.api_url == "http://127.0.0.1:9/api/"
    assert (settings.slack.mode, settings.slack.port, settings.log_level) == ("http", 8080, "DEBUG")
    assert (settings.debug, settings.color) == (True, False)


def test_the_database_of_the_index_is_that_of_what_is_remembered_unless_another_is_named() -> None:
    index, other = "postgresql://footnote@db/index", "postgresql://footnote@db/other"
    assert settings_from({"FOOTNOTE_STORE": index}).state == index
    assert settings_from({"FOOTNOTE_STORE": index, "FOOTNOTE_STATE": other}).state == other
    assert settings_from({"FOOTNOTE_STATE": other}).store is None
    with pytest.raises(FootnoteError, match="FOOTNOTE_STORE_READ is set and FOOTNOTE_STORE is not"):
        settings_from({"FOOTNOTE_STORE_READ": other})
    with pytest.raises(FootnoteError, match="FOOTNOTE_STORE is no address of a PostgreSQL database"):
        settings_from({"FOOTNOTE_STORE": "mysql://db"})


def test_the_setting_that_the_reader_replaced_is_refused_with_its_heir() -> None:
    with pytest.raises(FootnoteError, match=r"FOOTNOTE_RERANKER is no longer .* FOOTNOTE_READER sets"):
        settings_from({"FOOTNOTE_RERANKER": "cross-encoder/ms-marco-MiniLM-L6-v2"})
    assert settings_from({"FOOTNOTE_RERANKER": ""}).reader is None


@pytest.mark.parametrize("text", ["https://wiki.intern", "wiki.intern/page", "*.intern", "wiki intern"])
def test_an_address_or_a_pattern_in_place_of_a_host_is_refused(text: str) -> None:
    with pytest.raises(FootnoteError, match=r"FOOTNOTE_ALLOW_HOSTS is .* Set it to names of hosts"):
        settings_from({"FOOTNOTE_ALLOW_HOSTS": text})


def test_slack_ids_are_read_as_a_set() -> None:
    settings = settings_from({"FOOTNOTE_ALLOW_BOTS": "B012, U0BOT", "FOOTNOTE_ANSWER_CHANNELS": "C012,G034"})

    assert settings.slack.allow_bots == {"B012", "U0BOT"}
    assert settings.slack.answer_channels == {"C012", "G034"}


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FOOTNOTE_CURATORS", "ada"),
        ("FOOTNOTE_CURATORS", "C012"),
        ("FOOTNOTE_ALLOW_BOTS", "github"),
        ("FOOTNOTE_ALLOW_BOTS", "C012"),
        ("FOOTNOTE_ANSWER_CHANNELS", "#help"),
        ("FOOTNOTE_ANSWER_CHANNELS", "C012 and C034"),
        ("FOOTNOTE_ANSWER_CHANNELS", "D012"),
    ],
)
def test_a_name_instead_of_a_slack_id_is_refused(variable: str, text: str) -> None:
    with pytest.raises(FootnoteError, match=f"{variable} is '{text}'. Set it to ids of"):
        settings_from({variable: text})


def test_outsiders_are_answered_where_that_is_said_and_nothing_else_is_taken_for_it() -> None:
    assert settings_from({}).slack.shared_channels is False
    assert settings_from({"FOOTNOTE_SHARED_CHANNELS": "Allow"}).slack.shared_channels is True
    with pytest.raises(FootnoteError, match=r"FOOTNOTE_SHARED_CHANNELS is 'yes'. Set it to allow or refuse"):
        settings_from({"FOOTNOTE_SHARED_CHANNELS": "yes"})


def test_a_variable_that_is_set_to_nothing_is_not_set() -> None:
    settings = settings_from({variable: "  " for variable in (setting.variable for setting in table())})

    assert settings == settings_from({})


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FOOTNOTE_BALANCE", "high", "FOOTNOTE_BALANCE is 'high'. Set it to a number from 0 to 1."),
        ("FOOTNOTE_BALANCE", "1.1", "FOOTNOTE_BALANCE is '1.1'. Set it to a number from 0 to 1."),
        ("FOOTNOTE_BALANCE", "nan", "FOOTNOTE_BALANCE is 'nan'. Set it to a number from 0 to 1."),
        (
            "FOOTNOTE_LLM_URL",
            "http://localhost:11434/v1",
            "FOOTNOTE_LLM_URL is set and FOOTNOTE_LLM_MODEL is not. Set both, or neither.",
        ),
        (
            "FOOTNOTE_LLM_MODEL",
            "llama3.2",
            "FOOTNOTE_LLM_MODEL is set and FOOTNOTE_LLM_URL is not. Set both, or neither.",
        ),
        (
            "FOOTNOTE_LLM_TIMEOUT",
            "0",
            "FOOTNOTE_LLM_TIMEOUT is '0'. Set it to a number of seconds, at most 300.",
        ),
        (
            "FOOTNOTE_LLM_TIMEOUT",
            "nan",
            "FOOTNOTE_LLM_TIMEOUT is 'nan'. Set it to a number of seconds, at most 300.",
        ),
        ("PORT", "0", "PORT is '0'. Set it to a number from 1 to 65535."),
        ("PORT", "٣", "PORT is '٣'. Set it to a number from 1 to 65535."),
        ("FOOTNOTE_SLACK_MODE", "events", "FOOTNOTE_SLACK_MODE is 'events'. Set it to socket or http."),
        (
            "FOOTNOTE_LOG_LEVEL",
            "loud",
            "FOOTNOTE_LOG_LEVEL is 'loud'. Set it to DEBUG, INFO, WARNING or ERROR.",
        ),
        (
            "SLACK_API_URL",
            "slack.com",
            "SLACK_API_URL is 'slack.com'. Set it to an address that begins with https:// or http://.",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(variable: str, value: str, words: str) -> None:
    with pytest.raises(FootnoteError) as caught:
        settings_from({variable: value})

    assert str(caught.value) == words


@pytest.mark.parametrize(
    "url",
    [
        "localhost:11434/v1",
        "ftp://localhost/v1",
        "http://",
        "http://:80/v1",
        "http://localhost:port/v1",
        "http://localhost:99999/v1",
        "http://[::1/v1",
        "http://user:dear@localhost/v1",
        "https://llm.example/v1?key=dear",
        "https://llm.example/v1#dear",
        "https://llm.example/v 1",
    ],
)
def test_a_language_models_address_that_could_not_be_used_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(FootnoteError) as caught:
        settings_from({"FOOTNOTE_LLM_URL": url, "FOOTNOTE_LLM_MODEL": "llama3.2"})

    assert str(caught.value) == (
        "FOOTNOTE_LLM_URL is no base address. Set it to an address such as http://localhost:11434/v1,"
        " without user, question mark or #."
    )


def test_the_whole_address_of_the_endpoint_is_understood_as_well() -> None:
    url = "http://[::1]:8080/v1/chat/completions"
    settings = settings_from({"FOOTNOTE_LLM_URL": url, "FOOTNOTE_LLM_MODEL": "llama3.2"})

    assert settings.llm == LlmSettings("http://[::1]:8080/v1", "llama3.2", None, 10.0)


@pytest.mark.parametrize("key", ["sk-dear\r\nX-Evil: 1", "sk dear", "sk-déar"])
def test_a_language_models_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    llm = {"FOOTNOTE_LLM_URL": "http://localhost/v1", "FOOTNOTE_LLM_MODEL": "llama3.2"}

    with pytest.raises(FootnoteError) as caught:
        settings_from({**llm, "FOOTNOTE_LLM_KEY": key})

    assert str(caught.value) == "FOOTNOTE_LLM_KEY holds a character that no key has. Copy it again."


def test_secrets_stay_out_of_the_repr_and_so_out_of_logs() -> None:
    shown = repr(
        settings_from(
            {
                "SLACK_BOT_TOKEN": "xoxb-dear",
                "SLACK_APP_TOKEN": "xapp-dear",
                "SLACK_SIGNING_SECRET": "dear",
                "FOOTNOTE_LLM_URL": "http://localhost/v1",
                "FOOTNOTE_LLM_MODEL": "llama3.2",
                "FOOTNOTE_LLM_KEY": "sk-dear",
            }
        )
    )

    assert "dear" not in shown


def test_the_env_file_fills_in_what_the_environment_leaves_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\n"
        "FOOTNOTE_DATA=from-file\n"
        'SLACK_BOT_TOKEN="xoxb-$quoted"\n'
        "export SLACK_APP_TOKEN=xapp-exported # said why\n"
        "SLACK_SIGNING_SECRET=from-file\n",
        "utf-8",
    )
    monkeypatch.setenv("FOOTNOTE_DATA", "from-environment")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "")

    settings = settings_from(read_environment(tmp_path))

    assert settings.data == Path("from-environment")
    assert settings.slack.bot_token == "xoxb-$quoted"
    assert settings.slack.app_token == "xapp-exported"
    # Set to nothing is a way to switch off what the file says.
    assert settings.slack.signing_secret == ""


def test_an_env_file_that_is_no_text_is_an_expected_failure(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SLACK_BOT_TOKEN=\xff\xfe")

    with pytest.raises(FootnoteError, match=r"\.env cannot be read: .* Save it as plain UTF-8 text"):
        read_environment(tmp_path)


def test_the_example_env_file_is_a_valid_one_and_names_every_setting_with_its_default() -> None:
    example = Path(__file__).parents[2] / ".env.example"
    lines = [line.removeprefix("#") for line in example.read_text("utf-8").splitlines()]
    written = dict(line.split("=", 1) for line in lines if "=" in line and " " not in line.split("=")[0])
    defaults = {setting.variable: setting.default for setting in table()}

    assert set(written) == set(defaults)
    shown = {"FOOTNOTE_SLACK_MODE": "http"}  # of two, the one that is not the default
    assert {name for name, default in defaults.items() if default and written[name] != default} == set(shown)
    assert settings_from(written).slack.mode == "http"


def test_a_setting_is_declared_by_one_field() -> None:
    @dataclass(frozen=True)
    class Mine:
        spoons: int = setting("FOOTNOTE_SPOONS", "3", "how many spoons", whole(1, 9))

    assert [(one.variable, one.default, one.meaning) for one in table(Mine)] == [
        ("FOOTNOTE_SPOONS", "3", "how many spoons")
    ]
    assert (Mine().spoons, read(Mine, {"FOOTNOTE_SPOONS": "4"}).spoons) == (3, 4)
    with pytest.raises(FootnoteError, match=r"FOOTNOTE_SPOONS is '0'. Set it to a number from 1 to 9\."):
        read(Mine, {"FOOTNOTE_SPOONS": "0"})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FOOTNOTE_USER_LIMIT", "-1"),
        ("FOOTNOTE_CHANNEL_LIMIT", "many"),
        ("FOOTNOTE_RETENTION_DAYS", "0"),
        ("FOOTNOTE_RETENTION_DAYS", "9" * 5_000),
        ("FOOTNOTE_KEEP_QUESTIONS", "perhaps"),
        ("FOOTNOTE_METRICS_PORT", "0"),
        ("FOOTNOTE_LOG_FORMAT", "xml"),
        ("FOOTNOTE_INSTALL_TEAMS", "our workspace"),
    ],
)
def test_a_wrong_setting_for_those_who_run_it_is_named(variable: str, text: str) -> None:
    with pytest.raises(FootnoteError, match=f"^{variable} is "):
        settings_from({variable: text})


def test_settings_for_those_who_run_it_have_careful_defaults() -> None:
    settings = settings_from({})

    assert (settings.slack.keep_questions, settings.slack.retention_days) == (False, 90)
    assert (settings.slack.metrics_port, settings.slack.metrics_host) == (None, "127.0.0.1")
    assert (settings.slack.user_limit, settings.slack.channel_limit) == (20, 60)
    assert (settings.log_format, settings.slack.client_id) == ("text", "")


INSTALLS = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "secret-of-the-client",
    "SLACK_SIGNING_SECRET": "s",
    "FOOTNOTE_SLACK_MODE": "http",
    "FOOTNOTE_INSTALL_TEAMS": "T012AB3CD, T012AB3CE",
}


def test_workspaces_may_install_by_themselves() -> None:
    settings = settings_from(INSTALLS)

    assert (settings.slack.client_id, settings.slack.wanted) == ("1.2", True)
    assert settings.slack.install_teams == {"T012AB3CD", "T012AB3CE"}
    assert settings_from({**INSTALLS, "FOOTNOTE_INSTALL_TEAMS": "Any"}).slack.install_teams == {"any"}
    assert "secret-of-the-client" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SLACK_CLIENT_SECRET": ""}, "SLACK_CLIENT_ID is set and SLACK_CLIENT_SECRET is not"),
        ({"SLACK_CLIENT_ID": ""}, "SLACK_CLIENT_SECRET is set and SLACK_CLIENT_ID is not"),
        ({"FOOTNOTE_SLACK_MODE": "socket"}, "Set FOOTNOTE_SLACK_MODE to http"),
        ({"FOOTNOTE_INSTALL_TEAMS": ""}, "every workspace of the world"),
    ],
)
def test_installing_half_configured_is_refused(changed: dict[str, str], words: str) -> None:
    with pytest.raises(FootnoteError, match=words):
        settings_from(INSTALLS | changed)
