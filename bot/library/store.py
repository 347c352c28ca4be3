"""Opens the index's store, by the settings.  Looking at what is indexed needs no model."""

from __future__ import annotations

from bot.config import Settings
from index.generations import FileStore
from index.store import Store


def open_store(settings: Settings) -> Store:
    """Return the store of the settings; nothing is read before it is asked for something."""
    return FileStore(settings.data)
