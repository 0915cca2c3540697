"""What else is known of a database than what is in its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from slmdesk.storage.ledger import Ledger, LedgerContent
from slmdesk.storage.pages import PageImage
from slmdesk.storage.records import table_rows
from slmdesk.storage.salvage import images_of
from slmdesk.storage.salvaged_rows import FoundMessage, as_message


def is_blank(image: PageImage) -> bool:
    """Whether SQLite would begin a new database here."""
    if not image.file_bytes and not image.frames:
        return True
    return image.has_header and image.schema_version == 0 and not image.has_tables


def is_any_message_known(ledger: Ledger, backups: Iterable[Path]) -> bool:
    """Whether there were messages, so that a database without any has lost them. Raises OSError."""
    known = ledger.read()
    if known is not None and (known.latest or known.is_damaged):
        return True
    return any(next(_messages(backup), None) is not None for _, backup in images_of(backups))


def belongs_elsewhere(image: PageImage, known: LedgerContent | None) -> bool:
    """Whether the ledger is about other messages than those in the database.

    Somebody has put a database from another place here. That its number differs is not enough: that number
    may be damaged.
    """
    if known is None or not image.has_header or image.identity <= 0:
        return False
    if known.identity in (None, image.identity):
        return False
    digests = [(one.id, one.digest) for one in _messages(image) if one.digest is not None]
    return bool(digests) and not any(known.digest(number) == digest for number, digest in digests)


def has_wrong_identity(image: PageImage, known: LedgerContent | None) -> bool:
    """Whether the number that tells databases apart is not the one that the ledger knows."""
    if known is None or not known.latest:
        return False
    return image.identity <= 0 or known.identity not in (None, image.identity)


def _messages(image: PageImage) -> Iterator[FoundMessage]:
    for number in image.numbers():
        for row, values in table_rows(image, image.page(number)):
            message = as_message(row, values)
            if message is not None:
                yield message
