"""Opens the index's store, by the settings.  Looking at what is indexed needs no model."""

from __future__ import annotations

from functools import lru_cache

from bot.config import Settings
from index.generations import FileStore
from index.store import Store
from index.types import Encoder


def open_store(settings: Settings, encoder: Encoder | None = None) -> Store:
    """Return the store of the settings; nothing is read before it is asked for something.

    With `encoder`, it refuses generations of another model.
    """
    if settings.store is None:
        return FileStore(settings.data, encoder)
    from index.postgresql.store import PostgresStore

    if encoder is not None:
        return PostgresStore(settings.store, settings.store_read, encoder)
    return _database(settings.store, settings.store_read)


def place_of_index(settings: Settings) -> str:
    """Return where the index is, as it may be shown to anybody."""
    if settings.store is None:
        return str(settings.data)
    from index.postgresql.server import place_of

    return place_of(settings.store, "FOOTNOTE_STORE")


@lru_cache(maxsize=4)
def _database(address: str, replica: str | None) -> Store:
    """Its connections are kept, and shared by all who open it."""
    from index.postgresql.store import PostgresStore

    return PostgresStore(address, replica)
