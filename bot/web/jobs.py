"""Changes of the articles that somebody asked for on the page: one after the other, each with its outcome."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from index.types import FootnoteError

MAX_KEPT = 50
MAX_WAITING = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """The result of a change."""

    done: bool
    """False if all or part of it could not be done."""
    said: str
    lines: tuple[str, ...] = ()
    question: str | None = None
    """One that can be asked now."""


@dataclass(slots=True)
class Job:
    id: str
    title: str
    step: str = ""
    """The step in progress."""
    told: Told | None = None
    """None as long as it goes on."""
    _future: Future[None] | None = field(default=None, repr=False)


Work = Callable[[Callable[[str], None]], Told]
"""Does it; is given what to call with each step."""


class Jobs:
    """Thread-safe."""

    def __init__(self, failed: str, broken: Sequence[str]) -> None:
        """`failed` is said of one that cannot be done, `broken` of one that meets a defect."""
        self._failed = failed
        self._broken = broken
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "change")

    def begin(self, title: str, work: Work) -> Job | None:
        """Queue a change; return None if too many wait already."""
        job = Job(secrets.token_urlsafe(9), title)
        with self._lock:
            if sum(one.told is None for one in self._jobs.values()) >= MAX_WAITING:
                return None
            self._jobs[job.id] = job
            for old in [one.id for one in self._jobs.values() if one.told is not None][:-MAX_KEPT]:
                del self._jobs[old]
        job._future = self._pool.submit(self._do, job, work)
        job._future.add_done_callback(lambda future: self._end(job, future))
        return job

    def get(self, id: str) -> Job | None:
        with self._lock:
            return self._jobs.get(id)

    def recent(self) -> tuple[Job, ...]:
        """Return the jobs, newest first."""
        with self._lock:
            return tuple(reversed(self._jobs.values()))

    def close(self) -> None:
        """Let the one at work end, and drop the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _do(self, job: Job, work: Work) -> None:
        def step(said: str) -> None:
            job.step = said

        try:
            job.told = work(step)
        except FootnoteError as error:
            job.told = Told(False, self._failed, tuple(str(error).split("\n")))
        except OSError as error:
            reason = f"{error.filename or 'The system'}: {error.strerror or error}."
            job.told = Told(False, self._failed, (reason,))

    def _end(self, job: Job, future: Future[None]) -> None:
        """A defect, or the end of the program, ends a job too: nobody waits for it for ever."""
        if job.told is None:
            job.told = Told(False, self._failed, tuple(self._broken))
            if not future.cancelled() and (error := future.exception()) is not None:
                _log.error("A change of the articles failed", exc_info=error)
