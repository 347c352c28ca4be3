"""A short run of the crash test; `make crash` is the whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import crash

ROOT = Path(__file__).parents[1]


def test_the_index_survives_being_killed_a_full_disk_and_two_builders() -> None:
    # A process of its own: it forks, which the threads of other tests would not survive.
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash", "--kills", "12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("12 kills in ") or done.stdout.startswith("13 kills in ")
    assert done.stdout.endswith("; all survived\n")


def test_an_index_that_did_not_survive_is_noticed() -> None:
    code = (
        "from tests import crash\n"
        "def torn(data, name, instead_of=None):\n"
        "    (data / 'CURRENT').write_text(name[:-3])\n"
        "import index.generations; index.generations.make_current = torn\n"
        "crash.main(['--kills', '1'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert crash.BrokenIndexError.__name__ in done.stderr
