"""Files written whole, and locks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from index.files import ASIDE, exclusive, signature, write_new, write_whole
from index.types import FootnoteError


def busy(holder: str) -> FootnoteError:
    return FootnoteError(f"held by {holder}")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a"]


def test_what_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    write_whole(path, b"one")
    asides = []

    def refuse(aside: Path, _: Path) -> None:
        asides.append(Path(aside).name)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]
    assert ASIDE.fullmatch(asides[0])


def test_a_new_file_takes_nobodys_place(tmp_path: Path) -> None:
    assert write_new(tmp_path / "a", b"one")
    assert not write_new(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_lock_that_is_held_says_by_whom_and_is_free_afterwards(tmp_path: Path) -> None:
    with exclusive(tmp_path / "folder" / "lock", 0, busy) as descriptor:
        os.pwrite(descriptor, b"somebody\n", 0)
        with (
            pytest.raises(FootnoteError, match="held by somebody"),
            exclusive(tmp_path / "folder" / "lock", 0.05, busy),
        ):
            pass
    with exclusive(tmp_path / "folder" / "lock", 0, busy):
        pass


def test_a_signature_changes_with_the_file(tmp_path: Path) -> None:
    assert signature(tmp_path / "a") is None
    write_whole(tmp_path / "a", b"one")
    before = signature(tmp_path / "a")
    write_whole(tmp_path / "a", b"two")
    assert before != signature(tmp_path / "a") is not None
