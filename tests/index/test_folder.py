import os
from pathlib import Path

import pytest

from index import folder
from index.folder import read_sources
from index.reasons import Reason, Why
from index.types import FootnoteError, SourceFailure


def test_reads_articles_of_all_folders_in_order_of_their_paths(sources: Path) -> None:
    found = read_sources(sources)
    assert [(article.id, article.file) for article in found.articles] == [
        ("bread", "bread.md"),
        ("notes/moon-landing", "notes/moon-landing.txt"),
        ("river", "river.md"),
    ]
    assert found.failures == ()
    assert found.warnings == ()


def test_the_top_readme_and_hidden_files_are_no_articles(sources: Path) -> None:
    for file in ("README.md", ".draft.md", ".git/notes.md", "notes/.hidden/a.md", "notes/README.md"):
        (sources / file).parent.mkdir(exist_ok=True)
        (sources / file).write_text(f"Text of {file}.", "utf-8")
    found = read_sources(sources)
    ids = [article.id for article in found.articles]
    assert ids == ["bread", "notes/README", "notes/moon-landing", "river"]
    assert found.failures == ()


def test_other_files_are_ignored_with_one_counted_warning(sources: Path) -> None:
    for file in ("a.pdf", "b.pdf", "c.html", "Makefile"):
        (sources / file).write_bytes(b"\xff")
    assert read_sources(sources).warnings == (
        "4 files were ignored (1 .html, 2 .pdf, 1 no suffix): articles end in .markdown, .md, .txt.",
    )


def test_one_bad_file_does_not_keep_the_others_out(sources: Path) -> None:
    (sources / "latin.md").write_bytes("Café.".encode("latin-1"))
    (sources / "empty.md").write_bytes(b"")
    found = read_sources(sources)
    assert [article.id for article in found.articles] == ["bread", "notes/moon-landing", "river"]
    assert [failure.file for failure in found.failures] == ["empty.md", "latin.md"]
    assert str(found.failures[1].reason).startswith("is not UTF-8: byte 0xE9 at offset 3.")


def test_a_file_that_is_too_large_is_refused_unread(sources: Path) -> None:
    with (sources / "dump.txt").open("wb") as stream:
        stream.truncate(50_000_000)
    found = read_sources(sources)
    assert len(found.articles) == 3
    assert found.failures == (
        SourceFailure("dump.txt", Reason(Why.FILE_TOO_LARGE, {"size": 50.0, "limit": 20.0})),
    )


def test_a_file_of_exactly_the_limit_is_read(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (sources / "river.md").stat().st_size
    monkeypatch.setattr(folder, "MAX_FILE_BYTES", size)
    assert read_sources(sources).failures == ()
    monkeypatch.setattr(folder, "MAX_FILE_BYTES", size - 1)
    assert [failure.file for failure in read_sources(sources).failures] == ["river.md"]


def test_two_files_that_differ_in_suffix_alone_are_one_article_and_one_failure(sources: Path) -> None:
    (sources / "river.txt").write_text("Another text.", "utf-8")
    found = read_sources(sources)
    assert [article.file for article in found.articles] == ["bread.md", "notes/moon-landing.txt", "river.md"]
    assert found.failures == (SourceFailure("river.txt", Reason(Why.SAME_NAME, {"other": "river.md"})),)


def test_articles_that_share_a_title_or_a_text_are_kept_with_a_warning(sources: Path) -> None:
    (sources / "rye.md").write_text("---\ntitle: baking with RYE\n---\nOther words.", "utf-8")
    (sources / "z.md").write_bytes((sources / "river.md").read_bytes())
    found = read_sources(sources)
    assert len(found.articles) == 5
    assert found.warnings == (
        "rye.md and bread.md are both titled 'baking with RYE'. Readers may confuse them.",
        "z.md has the same text as river.md. Delete one of them.",
    )


def test_links_are_read_within_the_folder_and_refused_beyond_it(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("Secret.", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    (sources / ".store").mkdir()
    (sources / ".store" / "real.md").write_text("Inside.", "utf-8")
    (sources / "inside.md").symlink_to(Path(".store") / "real.md")
    (sources / "outside.md").symlink_to(tmp_path / "secret.md")
    (sources / "gone.md").symlink_to(sources / "nothing.md")
    (sources / "round.md").symlink_to(sources / "round.md")
    (sources / "folder").symlink_to(tmp_path / "elsewhere")
    found = read_sources(sources)
    assert [article.id for article in found.articles] == ["bread", "inside", "notes/moon-landing", "river"]
    reasons = {failure.file: str(failure.reason) for failure in found.failures}
    assert reasons["outside.md"] == "is a link that leads out of the sources folder. Copy the file instead."
    assert reasons["folder"] == "is a link to a folder, which is not followed. Copy the folder instead."
    assert reasons["gone.md"].startswith("cannot be read: No such file or directory.")
    assert reasons["round.md"].startswith("cannot be read: ")
    assert set(reasons) == {"outside.md", "folder", "gone.md", "round.md"}


def test_a_named_pipe_is_refused_instead_of_waited_for(sources: Path) -> None:
    os.mkfifo(sources / "pipe.md")
    assert [failure.file for failure in read_sources(sources).failures] == ["pipe.md"]


def test_a_file_name_that_is_not_utf8_is_a_failure_that_can_be_printed(sources: Path) -> None:
    try:
        (sources / os.fsdecode(b"caf\xe9.md")).write_text("Text.", "utf-8")
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    assert read_sources(sources).failures == (SourceFailure("caf\ufffd.md", Reason(Why.NAME_NOT_UTF_8)),)


def test_a_sources_folder_that_is_itself_a_link_is_read(sources: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(sources)
    assert len(read_sources(tmp_path / "link").articles) == 3


@pytest.mark.parametrize(("make", "problem"), [(False, "does not exist"), (True, "is not a folder")])
def test_a_missing_sources_folder_is_an_error_with_a_remedy(tmp_path: Path, make: bool, problem: str) -> None:
    folder = tmp_path / "nowhere"
    if make:
        folder.write_text("", "utf-8")
    with pytest.raises(FootnoteError) as caught:
        read_sources(folder)
    assert str(caught.value) == (
        f"The sources folder {folder} {problem}. Create it and put your articles there as .md or .txt "
        "files, or name another folder with --sources."
    )
