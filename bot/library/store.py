"""Opens the index's store, by the settings.  Looking at what is indexed needs no model."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from bot.config import Settings
from index.generations import FileStore
from index.store import Store
from index.types import Encoder, FootnoteError

if TYPE_CHECKING:
    from index.postgresql.store import PostgresStore


def open_store(settings: Settings, encoder: Encoder | None = None) -> Store:
    """Return the store of the settings; nothing is read before it is asked for something.

    With `encoder`, it refuses generations of another model.
    """
    if settings.store is None:
        return FileStore(settings.data, encoder)
    database = open_database(settings)
    return database if encoder is None else database.for_model(encoder)


def open_database(settings: Settings) -> PostgresStore:
    """Return the store in PostgreSQL; raise `FootnoteError` if none is named."""
    if settings.store is None:
        raise FootnoteError(
            "FOOTNOTE_STORE is not set. Set it to the address of a PostgreSQL database, such as"
            " postgresql://footnote:password@db:5432/footnote."
        )
    return _database(settings.store, settings.store_read)


def place_of_index(settings: Settings) -> str:
    """Return where the index is, as it may be shown to anybody."""
    return str(settings.data) if settings.store is None else open_database(settings).server.place


@lru_cache(maxsize=4)
def _database(address: str, replica: str | None) -> PostgresStore:
    """Its connections are kept, and shared by all who open it."""
    from index.postgresql.store import PostgresStore

    return PostgresStore(address, replica)
