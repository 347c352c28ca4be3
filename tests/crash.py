"""Builds, rollbacks and prunes that are killed, or run out of disk, at any moment: the index survives.

    python -m tests.crash --kills 1000

A process that has imported everything forks a child for each attempt.  Half of the children kill
themselves before the n-th thing that they would do to the disk, the others are killed from outside after
a while; some have the disk fill up instead, and some compete with another builder.  After each the index
must open, verified to the bit, as it was before or as it was to become, and the next build must complete.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from index.build import BuildOptions, build
from index.generations import FileStore, load_generation
from index.manifest import held_back
from index.types import FootnoteError
from tests.fakes.encoder import HashingEncoder

WORDS = "river bread moon engine glacier harvest copper violin alliance cellar".split()
# A build of this size does some 60 things to the disk and takes some 40 ms.
MOST_STEPS = 55
MOST_SECONDS = 0.08
DISK_EVENTS = frozenset({"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.link"})
GROWING_EVENTS = frozenset({"os.rename", "os.mkdir"})

# Article -> checksum of its text.
Content = Mapping[str, str]


class BrokenIndexError(AssertionError):
    """The index did not survive."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=1_000, help="how many attempts die (default: 1000)")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to repeat its choices")
    arguments = parser.parse_args(argv)
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="footnote-crash-", dir=_fast_folder()) as folder:
        trial = Trial(Path(folder), random.Random(seed))
        started = time.monotonic()
        while trial.kills < arguments.kills:
            trial.once()
            if sys.stderr.isatty():
                print(f"\r{trial.kills} kills", end="", file=sys.stderr)
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(trial.counts.items()))
        print(
            f"{trial.kills} kills in {time.monotonic() - started:.0f} s, seed {seed}: {counts}; all survived"
        )
    return 0


class Trial:
    """One folder of articles and its index, and what happens to them."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._sources, self._data, self._chance = folder / "sources", folder / "data", chance
        self._sources.mkdir()
        for number in range(3):
            self._write(number)
        self.kills = 0
        self.counts: dict[str, int] = {}
        self._known: list[Content] = []
        self._finish()

    def once(self) -> None:
        """Change the articles, attempt something that dies, look, and build to the end."""
        before = self._known[-1]
        self._edit()
        what = self._chance.choice(("build", "build", "build", "rollback", "prune"))
        how = self._chance.choice(("step", "step", "moment", "moment", "full disk", "two builders"))
        wanted = self._wanted()
        died = self._attempt(what, how)
        self.kills += died
        kind = f"{what} ({how}{'' if died else ', in time'})"
        self.counts[kind] = self.counts.get(kind, 0) + 1
        found = self._opened()
        possible = [before, *(self._known if what == "rollback" else [wanted])]
        if found not in possible:
            raise BrokenIndexError(
                f"After {kind} the index holds {found}; it held {before}, to become {wanted}."
            )
        self._finish()

    def _attempt(self, what: str, how: str) -> bool:
        def act() -> None:
            if what == "rollback":
                FileStore(self._data).roll_back()
            else:
                keep = 1 if what == "prune" else 2
                build(self._sources, self._data, HashingEncoder(), BuildOptions(keep=keep))

        def tolerant() -> None:
            # Nothing to go back to, the other builder's turn, or the disk.
            with suppress(FootnoteError):
                act()

        if how == "full disk":
            limited = self._chance.random() < 0.5
            limit, step = self._chance.choice((1, 300, 3_000)), self._chance.randrange(1, MOST_STEPS)
            _run(lambda: (_limit_files(limit) if limited else _fill_disk(step), tolerant()))
            return False
        other = _fork(tolerant) if how == "two builders" else None
        if how == "step":
            step = self._chance.randrange(1, MOST_STEPS)
            died = _wait(_fork(lambda: (_die_at(step), tolerant())))
        else:
            child = _fork(tolerant)
            time.sleep(self._chance.uniform(0, MOST_SECONDS))
            os.kill(child, signal.SIGKILL)
            died = _wait(child)
        if other is not None:
            _wait(other)
        return died

    def _finish(self) -> None:
        """The next build completes, and leaves nothing behind that no generation needs."""
        sources, data = self._sources, self._data

        def complete() -> None:
            build(sources, data, HashingEncoder(), BuildOptions(lock_seconds=5))
            if held_back(data):
                # The articles are still those that were gone back from: they have to change.
                (sources / "tick.md").write_text(f"Tick {time.monotonic_ns()}.", "utf-8")
                build(sources, data, HashingEncoder(), BuildOptions(lock_seconds=5))
            kept = set(FileStore(data).kept())
            left = {folder.name for folder in (data / "generations").iterdir()}
            if left != kept:
                raise BrokenIndexError(f"{left} are on the disk, {kept} can be used")
            self._look()

        _run(complete)
        found, wanted = self._noted(), self._wanted()
        if found != wanted:
            raise BrokenIndexError(f"The next build made {found} of {wanted}.")

    def _opened(self) -> Content:
        """What the index holds, every bit of it verified, as a new process finds it."""
        _run(self._look)
        return self._noted()

    def _look(self) -> None:
        generation = load_generation(self._data, HashingEncoder())
        FileStore(self._data).check(generation.id)
        texts = {article.id: _digest(article.text) for article in generation.articles()}
        found = {generation.stored[number].id for number in generation.passages[:, 0]}
        if found != texts.keys():
            raise BrokenIndexError(f"Passages of {found}, articles {texts.keys()}")
        (self._data / "found.json").write_text(json.dumps(texts), "utf-8")

    def _noted(self) -> Content:
        found: Content = json.loads((self._data / "found.json").read_text("utf-8"))
        self._known = [*self._known[-5:], found]
        return found

    def _wanted(self) -> Content:
        return {path.stem: _digest(path.read_text("utf-8")) for path in self._sources.iterdir()}

    def _edit(self) -> None:
        for _ in range(self._chance.randrange(1, 4)):
            number = self._chance.randrange(8)
            path = self._sources / f"a{number}.md"
            if path.exists() and self._chance.random() < 0.4:
                path.unlink()
            else:
                self._write(number)

    def _write(self, number: int) -> None:
        lines = [
            " ".join(self._chance.choices(WORDS, k=9)).capitalize() + "."
            for _ in range(self._chance.randrange(1, 30))
        ]
        (self._sources / f"a{number}.md").write_text(" ".join(lines), "utf-8")


def _fast_folder() -> str | None:
    """In memory where the system has such a folder: what was written survives a kill there as on a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _fork(act: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    _child(act)


def _child(act: Callable[[], object]) -> NoReturn:
    # No clean-up of the parent's: a child ends here whatever happens.
    status = 1
    try:
        act()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _wait(child: int) -> bool:
    """Whether it was killed; any other failure is one of the index."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if status:
        raise BrokenIndexError(f"A child failed with status {status}; what it said is above.")
    return False


def _run(act: Callable[[], object]) -> None:
    """To its end, in a process of its own: what a library keeps in memory proves nothing about the disk."""
    if _wait(_fork(act)):
        raise BrokenIndexError("killed by somebody else")


def _on_disk(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return event in DISK_EVENTS


def _die_at(step: int) -> None:
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if _on_disk(event, arguments):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _fill_disk(step: int) -> None:
    """From the n-th thing on, whatever would take room fails."""
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if _on_disk(event, arguments):
            left -= 1
            if left <= 0 and (event == "open" or event in GROWING_EVENTS):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))

    sys.addaudithook(hook)


def _limit_files(limit: int) -> None:
    """Files break off in the middle of a write."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
