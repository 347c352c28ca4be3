"""`store`, and the other commands, over an index in PostgreSQL: real parts, and the model that ships."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bot import wiring
from bot.config import settings_from
from bot.library.store import _database, open_store
from bot.terminal import main
from index.generations import FileStore

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def environment(index_database: str, sources: Path, data: Path) -> Iterator[dict[str, str]]:
    yield {
        "FOOTNOTE_STORE": index_database,
        "FOOTNOTE_SOURCES": str(sources),
        "FOOTNOTE_DATA": str(data),
    }
    _database.cache_clear()
    wiring._opened.cache_clear()


@pytest.fixture
def run(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*argv: str, **settings: str) -> tuple[int, str, str]:
        code = main(argv, None, {**environment, **settings})
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_every_command_works_on_the_database(run: Run, data: Path, tmp_path: Path) -> None:
    code, _, err = run("ask", "How long is the Aare?")
    assert code == 1 and "There is no index in the PostgreSQL database" in err and "footnote build" in err
    assert run("store", "init")[1].startswith("The tables are there: the PostgreSQL database")
    code, out, _ = run("build")
    assert code == 0 and "added 3: bread, notes/moon-landing, river" in out
    assert "The Aare is 288 kilometres long." in run("ask", "How long is the Aare?")[1]
    assert "river" in run("search", "How long is the Aare?", "-k", "1")[1]
    assert "3 articles, 3 passages in the index." in run("list")[1]
    (tmp_path / "lake.md").write_text("# The lake\n\nLake Thun is 48 square kilometres large.\n", "utf-8")
    assert run("add", str(tmp_path / "lake.md"))[0] == 0
    assert "Lake Thun is 48 square kilometres large." in run("ask", "How large is Lake Thun?")[1]
    assert run("remove", "bread")[0] == 0
    gummy = ("ask", "What keeps a rye loaf from becoming gummy?")
    assert "Sourdough keeps" not in run(*gummy)[1]
    code, out, _ = run("check", "--all")
    assert code == 0 and out.count("every bit as it was written") == 2
    _, out, err = run("rollback")
    assert "4 articles" in out and "It stays until the articles change" in err
    assert "Sourdough keeps a rye loaf" in run(*gummy)[1]
    assert "it was rolled back from" in run("build")[1]
    assert not (data / "generations").exists()


def test_a_curator_in_slack_changes_the_same_index(run: Run, environment: dict[str, str]) -> None:
    run("build")
    settings = settings_from(environment)
    assert settings.state == environment["FOOTNOTE_STORE"]
    library, answers = wiring.open_library(settings), wiring.open_answers(settings)
    library.remove("bread", None)
    library.rebuild(lambda *_: None)
    assert [one.id for one in library.inventory(None)] == ["notes/moon-landing", "river"]
    assert answers.overview().articles == len(open_store(settings).current().articles()) == 2


def test_an_index_is_copied_there_and_back(run: Run, data: Path, tmp_path: Path) -> None:
    run("build", FOOTNOTE_STORE="")
    code, out, _ = run("store", "copy", "--from", str(data))
    assert code == 0 and "is current in the PostgreSQL database" in out and "3 articles" in out
    assert "unchanged 3" in run("build")[1]
    code, out, _ = run("store", "copy", "--to", str(tmp_path / "back"))
    assert code == 0 and f"is current in {tmp_path / 'back'}: 3 articles" in out
    files = [FileStore(folder, check_seconds=0).manifest() for folder in (data, tmp_path / "back")]
    assert files[0].sources == files[1].sources
    assert "no index in" in run("store", "copy", "--from", str(tmp_path / "none"))[2]


def test_without_a_database_the_command_says_what_to_set(run: Run) -> None:
    code, _, err = run("store", "check", FOOTNOTE_STORE="")
    assert code == 1 and "FOOTNOTE_STORE is not set. Set it to" in err
    code, _, err = run("build", FOOTNOTE_STORE="postgresql://me:secret@127.0.0.1:1/none")
    assert code == 1 and "The index cannot be reached: the PostgreSQL database none at 127.0.0.1:1" in err
    assert "secret" not in err


def test_what_ails_the_database_is_told_with_what_to_do(run: Run, index_database: str) -> None:
    assert "· store     There are no tables for the index yet." in run("store", "check")[1]
    run("store", "init")
    assert "· store     Nothing is indexed yet." in run("store", "check")[1]
    run("build")
    code, out, _ = run("store", "check")
    assert code == 0 and "✓ store     3 passages in the current generation, 3 in all" in out
    with psycopg.connect(index_database, autocommit=True) as sql:
        sql.execute("DROP INDEX footnote.words_bm25")
        sql.execute("UPDATE footnote.generations SET state = 'draft'")
        sql.execute("UPDATE footnote.generations SET passages = 1")
    code, out, _ = run("store", "check", FOOTNOTE_STORE_READ=index_database)
    assert code == 1
    assert "✗ store     The index words_bm25 is missing or not whole" in out
    assert "· store     A build was cut short." in out
    assert "· store     Most rows are of other generations" in out
    assert "which is no replica" in out
    with psycopg.connect(index_database, autocommit=True) as sql:
        sql.execute("UPDATE footnote.version SET number = 99")
    assert "newer Footnote" in run("doctor")[1]
