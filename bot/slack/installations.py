"""The tokens of workspaces that installed the app by themselves: one file each, for its owner alone.

The folder has mode 0700 and each file 0600; a file is written aside and put in place in one step.
States that came back are noted in a folder below it, so that each is good once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from index.types import FootnoteError

# Long enough to read what is asked for, log in, and ask an administrator.
STATE_SECONDS = 600

_TEAM = re.compile(r"T[A-Z0-9]{2,20}")
_STATE = re.compile(r"([0-9a-f]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})")
_STATES_FOLDER = "states"


@dataclass(frozen=True, slots=True)
class Installation:
    team: str
    bot_user_id: str
    token: str = field(repr=False)


class Installations:
    """Shared by processes."""

    def __init__(self, folder: Path, key: str, clock: Callable[[], float] = time.time) -> None:
        """`key` seals states; raise `FootnoteError` where the folder cannot be used."""
        self._folder = folder
        self._states = folder / _STATES_FOLDER
        self._key = key.encode()
        self._clock = clock
        try:
            for path in (folder, self._states):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.chmod(0o700)
        except OSError as error:
            raise FootnoteError(
                f"The folder of Slack's tokens {folder} cannot be used ({error.strerror or error})."
                " Make it a folder that Footnote owns."
            ) from error

    def save(self, installation: Installation) -> None:
        path = self._path(installation.team)
        aside = path.with_suffix(f".{secrets.token_hex(4)}.tmp")
        told = {
            "team": installation.team,
            "bot_user_id": installation.bot_user_id,
            "token": installation.token,
        }
        _write(aside, json.dumps(told))
        os.replace(aside, path)

    def find(self, team: str) -> Installation | None:
        """None where the workspace has not installed the app."""
        if not _TEAM.fullmatch(team):
            return None
        try:
            return Installation(**json.loads(self._path(team).read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise FootnoteError(
                f"{self._path(team)} cannot be read ({type(error).__name__})."
                " Remove it, and install the app in that workspace again."
            ) from error

    def delete(self, team: str) -> None:
        if _TEAM.fullmatch(team):
            self._path(team).unlink(missing_ok=True)

    def teams(self) -> tuple[str, ...]:
        """Every workspace that installed the app, in order."""
        return tuple(sorted(path.stem for path in self._folder.glob("T*.json") if _TEAM.fullmatch(path.stem)))

    def issue_state(self) -> str:
        """A word that only we can make, to be given back within ten minutes.

        Nothing is written down: strangers may ask for as many as they like.
        """
        told = f"{int(self._clock()) + STATE_SECONDS:x}.{secrets.token_hex(16)}"
        return f"{told}.{self._seal(told)}"

    def consume_state(self, state: str) -> bool:
        """Whether we made it, it is not too old, and it comes back for the first time."""
        match = _STATE.fullmatch(state)
        if match is None or not hmac.compare_digest(match[3], self._seal(f"{match[1]}.{match[2]}")):
            return False
        if self._clock() > int(match[1], 16):
            return False
        self._forget_old_states()
        try:
            _write(self._states / match[2], "")  # of two that come at once, one fails here
        except FileExistsError:
            return False
        return True

    def _seal(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()

    def _forget_old_states(self) -> None:
        for path in self._states.iterdir():
            with suppress(OSError):  # another process forgets them too
                if path.stat().st_mtime < self._clock() - 2 * STATE_SECONDS:
                    path.unlink()

    def _path(self, team: str) -> Path:
        return self._folder / f"{team}.json"


def _write(path: Path, text: str) -> None:
    """Created with its mode, so that there is no moment in which others could read it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
