"""The file that says what is seen where: read exactly, refused with its line, followed while a bot runs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from bot.library.rights import EVERYTHING, LiveRights, Rights, known_collections, read_rights
from index.build import build
from index.generations import FileStore
from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder

KNOWN = ("", "cars", "press", "board")
WHOLE = """\
# Who sees what
default: [cars]
direct: all
channels:
  C012AB3CD: [press, "."]
  G045EF6GH: none
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "channels.yaml"


def test_each_channel_sees_its_collections_and_all_others_the_default(file: Path) -> None:
    file.write_text(WHOLE, "utf-8")
    rights = read_rights(file, KNOWN)
    assert rights == Rights(
        default=frozenset({"cars"}),
        direct=None,
        channels={"C012AB3CD": frozenset({"press", ""}), "G045EF6GH": frozenset()},
    )
    assert rights.of("C012AB3CD") == {"press", ""}
    assert rights.of("C0UNKNOWN") == {"cars"}
    assert rights.of("D012AB3CD") is None
    assert rights.of("") is None, "App Home is as private as a direct message"


def test_direct_messages_are_as_the_default_where_nothing_is_said_of_them(file: Path) -> None:
    file.write_text("default: [cars]\n", "utf-8")
    assert read_rights(file, KNOWN).of("D012AB3CD") == {"cars"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("default: [cars, pres]\n", 1, "there is no collection 'pres'. Did you mean press? The sub-folders"),
        ("default: all\nchannels:\n  cars: all\n", 3, "'cars' is no channel's id. Copy the id"),
        ("default: all\nchannels:\n  D012AB3CD: all\n", 3, "'D012AB3CD' is no channel's id."),
        ("default: all\nchannels:\n  C012AB3CD: all\n  C012AB3CD: none\n", 4, "'C012AB3CD' is there twice."),
        ("default: cars\n", 1, "what may be seen is not said. Write a list such as [cars, press]"),
        ("default: all\nchannels:\n  C012AB3CD: [[cars]]\n", 3, "what may be seen is not said."),
        ("default:\n", 1, "what may be seen is not said."),
        ("direct: all\n", 1, "`default` is missing."),
        ("default: all\nchannel: {}\n", 2, "'channel' is no part of it."),
        ("- default\n", 1, "the file is not made of lines"),
        ("default: all\nchannels: all\n", 2, "`channels` is not made of lines"),
    ],
)
def test_what_is_not_exactly_understood_is_refused_with_its_line(
    file: Path, text: str, line: int, problem: str
) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(FootnoteError) as refused:
        read_rights(file, KNOWN)
    assert str(refused.value).startswith(f"{file}, line {line}: {problem}")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"default: [cars\n", "is not YAML in line"),
        (b"default: \xff\xfe\n", "is not UTF-8 text"),
        (b"", "is empty"),
        (b"# nothing but a remark\n", "is empty"),
        (b"[" * 5_000, "is not YAML"),
    ],
)
def test_what_is_no_such_file_is_an_expected_failure(file: Path, raw: bytes, problem: str) -> None:
    file.write_bytes(raw)
    with pytest.raises(FootnoteError, match=problem):
        read_rights(file, KNOWN)


def test_a_change_is_noticed_at_once(file: Path) -> None:
    file.write_text("default: all\n", "utf-8")
    live = LiveRights(file, lambda: KNOWN)
    assert live.get().default is None
    file.write_text("default: [cars]\n", "utf-8")
    assert live.get().default == {"cars"}


def test_a_slip_of_the_pen_opens_nothing_and_is_told_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text("default: [cars]\n", "utf-8")
    live = LiveRights(file, lambda: KNOWN)
    file.write_text("default: [crs]\n", "utf-8")
    with caplog.at_level(logging.ERROR):
        assert live.get().default == live.get().default == {"cars"}
    assert [record.getMessage() for record in caplog.records] == [
        f"What was said of channels before still holds: {file}, line 1: there is no collection 'crs'."
        " Did you mean cars? The sub-folders of the sources are: ., board, cars, press."
    ]
    file.write_text("default: [press]\n", "utf-8")
    assert live.get().default == {"press"}


def test_a_file_that_goes_away_opens_nothing(file: Path) -> None:
    file.write_text("default: [cars]\n", "utf-8")
    live = LiveRights(file, lambda: KNOWN)
    os.remove(file)
    assert live.get().default == {"cars"}


def test_without_the_file_everything_is_seen_until_there_is_one(file: Path) -> None:
    live = LiveRights(file, lambda: KNOWN, may_be_missing=True)
    assert live.get() == EVERYTHING
    file.write_text("default: none\n", "utf-8")
    assert live.get().default == frozenset()


def test_a_file_that_was_named_has_to_be_there(file: Path) -> None:
    with pytest.raises(FootnoteError, match=r"channels\.yaml cannot be read: No such file or directory"):
        LiveRights(file, lambda: KNOWN)


def test_collections_are_the_folders_and_those_that_only_the_index_knows(
    sources: Path, data: Path, encoder: HashingEncoder
) -> None:
    assert known_collections(sources, FileStore(data)) == {"", "notes"}
    build(sources, data, encoder)
    (sources / "empty").mkdir()
    (sources / ".hidden").mkdir()
    (sources / "notes").rename(sources / "memos")
    assert known_collections(sources, FileStore(data)) == {"", "notes", "memos", "empty"}
