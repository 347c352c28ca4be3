"""What is measured of one process that answers questions: time alone and among others, and memory.

Imports nothing but the standard library and NumPy, so that any environment can run it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ASKERS = 8
WARM_UP = 10


def asked_alone(ask: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """Milliseconds of one question after the other: waited for, and worked by all threads on average.

    Of a machine that does other things as well, only the work says something.
    """
    for question in questions[:WARM_UP]:
        ask(question)
    began = time.process_time()
    taken = [_milliseconds(ask, question) for question in questions]
    worked = 1000 * (time.process_time() - began) / len(questions)
    return {"work_ms": worked, **{f"p{share}": value for share, value in _percentiles(taken).items()}}


def asked_by_many(ask: Callable[[str], object], questions: Sequence[str]) -> dict[str, float]:
    """The same with `ASKERS` at once, and how many answers a second they get together."""
    taken: list[float] = []

    def work(number: int) -> None:
        for question in questions[number::ASKERS]:
            taken.append(_milliseconds(ask, question))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(ASKERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(taken) / (time.perf_counter() - began)
    return {
        "many_rate": rate,
        **{f"many_p{share}": value for share, value in _percentiles(taken).items()},
    }


def memory() -> dict[str, float]:
    """Megabytes: all that is resident, and the part that is not merely a file's pages in the cache."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "resident_mb": int(fields["VmRSS"].split()[0]) / 1024,
        "own_mb": int(fields["RssAnon"].split()[0]) / 1024,
    }


def recall(found: Sequence[Sequence[Any]], exact: Sequence[Sequence[Any]]) -> float:
    return float(np.mean([len({*a} & {*b}) / len(b) for a, b in zip(found, exact, strict=True)]))


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _milliseconds(ask: Callable[[str], object], question: str) -> float:
    began = time.perf_counter()
    ask(question)
    return 1000 * (time.perf_counter() - began)


def _percentiles(taken: Sequence[float]) -> dict[int, float]:
    return {share: float(np.percentile(taken, share)) for share in (50, 95, 99)}
