"""Texts embedded by a real Ray cluster on this machine, one of whose workers is killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bot.config import Settings
from bot.wiring import build_index, worker_encoder
from index.build import BuildOptions, build
from index.generation import Generation
from index.generations import load_generation
from index.types import Encoder, FootnoteError
from index.workers import ray_workers
from tests.fakes.encoder import HashingEncoder

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
ARTICLES = 1_000
WORDS = "river bridge tax school engine glacier bread senate orbit copper harbour violin market".split()

with_ray = pytest.mark.skipif(
    find_spec("ray") is None,
    reason="Ray is not installed: pip install --no-deps -r tests/ray.txt",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster with two workers."""
    gcs, client, agent = _free_ports(3)
    options = {
        **{"node-ip-address": "127.0.0.1", "port": gcs, "ray-client-server-port": client},
        **{"runtime-env-agent-port": agent, "min-worker-port": 0, "max-worker-port": 0},
        **{"num-cpus": 2, "object-store-memory": 100_000_000, "include-dashboard": "false"},
    }
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # the path of a socket in it has to be short
    words = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        head = subprocess.Popen(
            [
                *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
                *(f"--temp-dir={folder}", *words),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_open(client):
            if head.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"Ray does not start on this machine: {(folder / 'log').read_text()[-1_000:]}")
            time.sleep(0.1)
        yield f"ray://127.0.0.1:{client}"
    finally:
        head.terminate()  # it ends all that it started
        head.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Sources with a thousand small articles."""
    chance, folder = random.Random(7), tmp_path / "many"
    folder.mkdir()
    for number in range(ARTICLES):
        text = " ".join(chance.choices(WORDS, k=4)).capitalize()
        (folder / f"{number:04}.md").write_text(f"{text} {number}.", "utf-8")
    return folder


def noted_encoder(folder: Path) -> Encoder:
    """The encoder of a worker, which leaves its process's number behind."""
    (folder / str(os.getpid())).touch()
    return worker_encoder(None)


def missing_encoder() -> Encoder:
    """What comes of a worker without Footnote."""
    raise ModuleNotFoundError("No module named 'index'")


def foreign_encoder() -> Encoder:
    return HashingEncoder("another")


@with_ray
def test_two_workers_of_which_one_is_killed_make_the_vectors_that_one_process_makes(
    cluster: str, many: Path, tmp_path: Path
) -> None:
    alone, together, workers = tmp_path / "alone", tmp_path / "together", tmp_path / "workers"
    workers.mkdir()
    encoder = worker_encoder(None)
    build(many, alone, encoder)
    killed: list[int] = []

    def kill_one(stage: str, done: int, total: int) -> None:
        if stage == "Embedding" and done >= total / 4 and not killed:
            killed.append(int(next(workers.iterdir()).name))
            os.kill(killed[0], signal.SIGKILL)

    with ray_workers(cluster, partial(noted_encoder, workers), encoder.fingerprint) as embed:
        report = build(many, together, encoder, BuildOptions(progress=kill_one, embed=embed))

    assert len(report.added) == ARTICLES
    assert killed and len(list(workers.iterdir())) > 2, "another worker took its place"
    _same_vectors(load_generation(alone, encoder), load_generation(together, encoder))


@with_ray
def test_the_product_embeds_on_workers(cluster: str, sources: Path, data: Path, tmp_path: Path) -> None:
    settings = Settings(sources=sources, data=data, workers=cluster)
    encoder = worker_encoder(None)
    build(sources, tmp_path / "alone", encoder)

    assert len(build_index(settings, lambda *step: None).added) == 3
    _same_vectors(load_generation(tmp_path / "alone", encoder), load_generation(data, encoder))
    assert build_index(replace(settings, workers=None), lambda *step: None).added == ()


@with_ray
def test_a_worker_with_another_model_is_named(cluster: str, sources: Path, data: Path) -> None:
    with (
        pytest.raises(FootnoteError, match="has another model under the name another"),
        ray_workers(cluster, foreign_encoder, "the right one") as embed,
    ):
        build(sources, data, HashingEncoder(), BuildOptions(embed=embed))
    assert not (data / "current").exists()


@with_ray
def test_a_worker_without_footnote_is_said(cluster: str, sources: Path, data: Path) -> None:
    with (
        pytest.raises(FootnoteError, match=r"Footnote is not installed on its machines; .* stays as it was"),
        ray_workers(cluster, missing_encoder, "") as embed,
    ):
        build(sources, data, HashingEncoder(), BuildOptions(embed=embed))


@with_ray
def test_a_cluster_that_cannot_be_reached_is_named_at_once() -> None:
    address, began = f"ray://127.0.0.1:{_free_ports(1)[0]}", time.monotonic()
    with (
        pytest.raises(FootnoteError, match=rf"{address} cannot be reached .*ray start --head"),
        ray_workers(address, HashingEncoder, ""),
    ):
        pass
    assert time.monotonic() - began < 10


def test_without_ray_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(FootnoteError, match=r'pip install "footnote\[ray\]"'),
        ray_workers("ray://127.0.0.1:1", HashingEncoder, ""),
    ):
        pass


def _same_vectors(alone: Generation, together: Generation) -> None:
    """But for the order of sums: it decides which of two half-precision numbers a few are rounded to."""
    unequal = count = 0
    for article in alone.articles():
        (spans, one), (others, other) = alone.sentences_of(article.id), together.sentences_of(article.id)
        assert list(spans) == list(others)
        gap = np.abs(one - other)
        assert (gap <= np.spacing(np.abs(one).astype(np.float16)).astype(np.float32)).all()
        unequal, count = unequal + int((gap > 0).sum()), count + one.size
    assert unequal < count / 1_000
    question, size = one[0], len(alone.passages)
    first, second = (generation.find(question, {}, size, None) for generation in (alone, together))
    assert first.keys.tolist() == second.keys.tolist() == list(range(size))
    np.testing.assert_allclose(first.cosine, second.cosine, atol=1e-3)


def _free_ports(count: int) -> Sequence[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def _is_open(port: int) -> bool:
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0
