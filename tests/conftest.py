"""What every test gets: no home folder, no network, no settings of whoever runs it, and small sources."""

from __future__ import annotations

import os

# As the command line has it, and before NumPy is imported: several times as fast on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from index.build import build
from index.encoders.any_model import SentenceTransformerEncoder
from index.generation import Generation
from index.generations import load_generation
from tests.fakes.encoder import HashingEncoder
from tests.postgres import (
    _database_of_indexes,
    index_database,
    postgres,
    postgres_server,
    postgres_template,
)

__all__ = ["_database_of_indexes", "index_database", "postgres", "postgres_server", "postgres_template"]

# A deadline for each example fails on a busy machine and finds no defect.
settings.register_profile("footnote", deadline=None)
# `make fuzz`: each kind of document in thousands of broken forms.
settings.register_profile("fuzz", deadline=None, max_examples=2_500)
settings.load_profile("footnote")

ARTICLES = {
    "river.md": """\
---
title: The river Aare
publisher: Swiss Waters
published: 2015-02-09
language: en
url: https://example.org/aare
---
The Aare is 288 kilometres long. It rises in the glaciers of the Bernese Alps.

## Towns on its banks

Bern lies in a bend of the Aare. Solothurn and Aarau lie further down the river.
""",
    "bread.md": """\
---
title: Baking with rye
author: [Ada Oven, Ben Crust]
published: "2020"
---
# Why rye is different

Rye flour holds little gluten. Sourdough keeps a rye loaf from becoming gummy.
""",
    "notes/moon-landing.txt": """\
Apollo 11 landed on the Moon in July 1969. Neil Armstrong left the module first.
""",
}
"""File -> text: front matter, a list of authors, and a plain text in a folder of its own."""


@pytest.fixture(autouse=True, scope="session")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test touches a real home folder, reads a real setting, or leaves the machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("FOOTNOTE_", "SLACK_", "XDG_", "HF_", "TRANSFORMERS_")):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setattr(socket.socket, "connect", _loopback_only(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _loopback_only(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", _no_lookup(socket.getaddrinfo))
        yield


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with the three articles of `ARTICLES`."""
    folder = tmp_path / "sources"
    for file, text in ARTICLES.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, "utf-8")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def generation(sources: Path, data: Path, encoder: HashingEncoder) -> Generation:
    """The three articles, built and loaded."""
    build(sources, data, encoder)
    return load_generation(data, encoder)


@pytest.fixture(scope="session")
def real_encoder() -> SentenceTransformerEncoder:
    """The packaged model: seconds to load, so one for all tests."""
    return SentenceTransformerEncoder()


def _loopback_only(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test reached for the network: {address}")
        return connect(self, address)

    return guarded


def _no_lookup(lookup: Any) -> Any:
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and not _is_loopback(host):
            raise AssertionError(f"a test looked up a host: {host}")
        return lookup(host, *args, **kwargs)

    return guarded


def _is_loopback(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host)
    return name in ("localhost", "::1", "0.0.0.0", "") or name.startswith("127.")
