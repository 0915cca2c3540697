"""Finding damage to the database, and repairing it: nothing goes without being named."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import migrations
from slmdesk.storage.backups import backups_of, remove_unfinished
from slmdesk.storage.database import Database
from slmdesk.storage.database_errors import errors_for_people
from slmdesk.storage.evidence import belongs_elsewhere
from slmdesk.storage.integrity import bring_ledger_up_to_date, find_damage
from slmdesk.storage.ledger import Ledger
from slmdesk.storage.ledger_keeper import ledger_of, new_identity, records_of
from slmdesk.storage.mending import LostMessage, mend
from slmdesk.storage.pages import PageImage
from slmdesk.storage.row_checks import find_row_damage
from slmdesk.storage.salvage import Salvage, Source, images_of
from slmdesk.storage.swap import (
    finish_swap,
    free_name_for_damaged,
    is_swap_pending,
    repaired_of,
    swap_in_repaired,
)

_log = logging.getLogger(__name__)

# Another process that has the file open is most often about to end.
_WAIT_TO_REPAIR_S = 10.0


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair found. Every message is counted in `intact` or `restored`, or named in `lost`."""

    intact: int
    """Messages that were in the damaged file as they were last written.

    What an earlier repair has named as lost is not counted again.
    """
    restored: int
    """Messages that came from an earlier version of a page or from a backup."""
    lost: tuple[LostMessage, ...]
    damaged_file: Path
    """Where the damaged database is kept, with its log beside it."""
    backup_used: Path | None
    maybe_more: bool = False
    """More messages may have existed than are counted here: nothing is left that knows all of them."""


def find_and_repair_damage(database: Database, backups: Path) -> RepairReport | None:
    """Check the whole database and, where it is damaged, put a repaired one in its place. None: it is sound.

    To be called before the database is used, and after `database-damaged`. Blocking, any thread; others that
    use `database` wait meanwhile. A program that is killed in the middle leaves the damaged or the repaired
    database, and the next call goes on.
    Raises UserError (kind STORAGE): `database-is-newer`; `database-in-use` where it is damaged and another
    process has it open; where it cannot be read or written now, for example because the disk is full.
    """
    with database.set_apart(0) as is_alone, _told(database.file):
        damage = _check(database, backups, is_alone)
        if not damage:
            return None
        if is_alone:
            return _repair(database.file, backups, damage)
    with database.set_apart(_WAIT_TO_REPAIR_S) as is_alone, _told(database.file):
        if not is_alone:
            raise UserError("database-in-use", ErrorKind.STORAGE, file=str(database.file))
        # Whoever had it open may have repaired it.
        damage = _check(database, backups, is_alone)
        return _repair(database.file, backups, damage) if damage else None


def _told(file: Path) -> contextlib.AbstractContextManager[None]:
    return errors_for_people("database-cannot-be-repaired", file)


def _check(database: Database, backups: Path, is_alone: bool) -> list[str]:
    file, ledger = database.file, ledger_of(database.file)
    if is_alone and is_swap_pending(file):
        finish_swap(file)
    if is_alone:
        try:
            remove_unfinished(file, backups)
        except OSError as error:
            _log.warning("what is left of a backup cannot be removed: %r", error)
    damage = find_damage(file, ledger, is_alone=is_alone, backups=backups_of(file, backups))
    if not damage and is_alone:
        bring_ledger_up_to_date(file, ledger)
    return damage


def _repair(file: Path, backups: Path, damage: list[str]) -> RepairReport:
    _log.warning("the database is damaged: %s", "; ".join(damage))
    ledger = ledger_of(file)
    with PageImage(file) as image:
        identity = image.identity if image.has_header and image.identity > 0 else None
        known = ledger.read()
        others: set[int] = set()
        if known is not None and known.identity is not None and belongs_elsewhere(image, known):
            # It is, as the backups may be, of another database that was here before.
            others = {known.identity}
            ledger.put_aside()
            known = None
        identity = (known.identity if known else None) or identity or new_identity()
        with _new_database(file, identity) as connection:
            salvage = Salvage(connection, known)
            backup_used = _fill(salvage, image, backups_of(file, backups), others)
            restored = len(salvage.of_source(Source.BEFORE) | salvage.of_source(Source.BACKUP))
            intact = len(salvage.of_source(Source.NOW))
            lost = mend(connection, salvage)
    aside = free_name_for_damaged(file)
    swap_in_repaired(file, aside)
    _begin_ledger(file, ledger, identity)
    report = RepairReport(intact, restored, lost, aside, backup_used, not salvage.knows_all)
    _log.warning(
        "the database is repaired: %d messages intact, %d restored, %d lost", intact, restored, len(lost)
    )
    return report


def _fill(salvage: Salvage, image: PageImage, backups: list[Path], others: set[int]) -> Path | None:
    """Take rows from the best source first; return the first backup that one was taken from.

    Backups of the databases `others` are left out.
    """
    salvage.take_from(image)
    if not salvage.is_complete():
        salvage.take_from_before(image)
    backup_used: Path | None = None
    for file, backup in images_of(backups):
        if salvage.is_complete():
            break
        if backup.has_header and backup.identity in others:
            continue
        if salvage.take_from_backup(backup) and backup_used is None:
            backup_used = file
    return backup_used


@contextlib.contextmanager
def _new_database(file: Path, identity: int) -> Iterator[Any]:
    """An empty database of the newest version, complete and on the disk when the body has filled it."""
    from sqlcipher3 import dbapi2

    new = repaired_of(file)
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(dbapi2.connect(str(new), isolation_level=None)) as connection:
            # Nobody sees the file before it is complete, so that a journal would protect nothing.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            migrations.migrate(connection)
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(f"PRAGMA application_id = {identity}")
            connection.execute("BEGIN")
            yield connection
            connection.commit()
            damage = find_row_damage(connection)
            if damage:
                raise RuntimeError(f"the repaired database is not sound: {damage}")
        with new.open("rb+") as stream:
            os.fsync(stream.fileno())
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _begin_ledger(file: Path, ledger: Ledger, identity: int) -> None:
    from sqlcipher3 import dbapi2

    with contextlib.closing(dbapi2.connect(str(file), isolation_level=None)) as connection:
        ledger.rewrite(identity, migrations.SCHEMA_VERSION, records_of(connection, _deleted(connection)))


def _deleted(connection: Any) -> dict[int, float]:
    # Certain, all of them: a repair brings back the others.
    rows = connection.execute("SELECT id, deleted_at FROM conversation WHERE deleted_at IS NOT NULL")
    return dict(rows.fetchall())
