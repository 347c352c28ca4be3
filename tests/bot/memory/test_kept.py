"""What is the same for all bots is kept once, in files and in a shared database alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.memory import Kept, KeptFiles, Memory, open_kept
from bot.quality.calibration import (
    Calibration,
    all_calibrations,
    load_calibration,
    models_of,
    save_calibration,
)
from bot.web.links import Links, load_key
from tests.fakes.encoder import HashingEncoder

Open = Callable[[], Kept]


@pytest.fixture(params=["files", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens it as another process does."""
    if request.param == "files":
        return lambda: KeptFiles(tmp_path)
    address: str = request.getfixturevalue("postgres")
    return lambda: Memory(address, prune=False).kept


@pytest.fixture
def kept(opened: Open) -> Kept:
    return opened()


def test_what_one_keeps_the_other_gets_and_the_newest_counts(kept: Kept, opened: Open) -> None:
    assert kept.get("a/b") is None
    kept.put("a/b", "one\n")
    kept.put("a/b", "“two”")
    assert opened().get("a/b") == "“two”"
    assert kept.place("a/b").split(" in ")[0].endswith("a/b")


def test_of_many_who_keep_the_first_there_is_one(kept: Kept, opened: Open) -> None:
    got: list[str] = []
    others = [opened() for _ in range(6)]
    threads = [
        threading.Thread(target=lambda n=n, one=one: got.append(one.first("key", str(n))))
        for n, one in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6 and set(got) == {kept.get("key")}


def test_a_text_is_taken_once_and_only_while_it_is_fresh(kept: Kept) -> None:
    kept.put("states/1", "x")
    assert kept.take("states/1", 60) == "x"
    assert kept.take("states/1", 60) is None
    kept.put("states/2", "x")
    time.sleep(0.05)
    assert kept.take("states/2", 0.01) is None
    assert kept.get("states/2") is None


def test_names_are_found_by_a_pattern_of_one_folder(kept: Kept) -> None:
    for name in ("calibration-b.json", "calibration-a.json", "calibrationXjson", "in/calibration-c.json"):
        kept.put(name, "{}")
    assert kept.names("calibration-*.json") == ["calibration-a.json", "calibration-b.json"]
    assert kept.names("none-*/x") == []


def test_old_texts_are_forgotten(kept: Kept) -> None:
    kept.put("states/old", "x")
    time.sleep(0.2)
    kept.put("states/new", "x")
    kept.forget("states/*", 0.1)
    assert kept.names("states/*") == ["states/new"]
    kept.forget("states/new")
    assert kept.names("states/*") == []


def test_a_link_that_one_bot_signs_opens_with_the_other(kept: Kept, opened: Open) -> None:
    made = Links("https://page.example", load_key(kept), 30).to("banma")
    until, signature = (part.partition("=")[2] for part in made.partition("?")[2].split("&"))
    assert Links("https://page.example", load_key(opened()), 30).opens("banma", until, signature)


def test_a_calibration_holds_for_all_bots(kept: Kept, opened: Open) -> None:
    models = models_of(HashingEncoder(), None)
    first = Calibration(models, 0.8, -0.5, 40, "2026-01-31T10:00:00+00:00", (0.43, 0.38))
    save_calibration(kept, first)
    newer = replace(first, scale=0.7, created="2026-02-28T10:00:00+00:00")
    save_calibration(kept, newer)
    assert load_calibration(opened(), models) == newer
    assert all_calibrations(opened()) == [newer]
    assert load_calibration(opened(), models_of(HashingEncoder("other"), None)) is None


def test_it_is_where_the_rest_is(tmp_path: Path, postgres: str) -> None:
    open_kept(tmp_path, None).put("web.key", "of the folder")
    open_kept(tmp_path, postgres).put("web.key", "of the database")
    assert Memory(tmp_path / "state.sqlite").kept.get("web.key") == "of the folder"
    assert Memory(postgres).kept.get("web.key") == "of the database"
