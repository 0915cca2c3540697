"""Whether a database is whole: its pages, its rows, and all the messages that the ledger knows."""

from __future__ import annotations

import collections
import contextlib
import functools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import migrations
from slmdesk.storage.database_errors import is_damage
from slmdesk.storage.evidence import belongs_elsewhere, has_wrong_identity, is_any_message_known, is_blank
from slmdesk.storage.ledger import Ledger, LedgerContent
from slmdesk.storage.ledger_keeper import identity_of, records_of
from slmdesk.storage.pages import PageImage
from slmdesk.storage.row_checks import find_row_damage

_log = logging.getLogger(__name__)

# SQLITE_ERROR: our own queries are right, so a table or a column is missing.
_SQL_ERROR = 1


def find_damage(file: Path, ledger: Ledger, *, is_alone: bool, backups: Sequence[Path]) -> list[str]:
    """What is wrong with the database `file`, for the log; empty: it is sound.

    `is_alone`: nobody else has it open, so that its log and the ledger hold still and are checked too.
    Changes nothing. Blocking: reads everything. Raises UserError (kind STORAGE) for a database of a newer
    version, and OSError and what the driver raises where it cannot be read now.
    """
    # Before the file, which another process may be making: the ledger is begun after it.
    known = ledger.read()
    with PageImage(file) as image:
        if is_blank(image):
            return ["the file is empty or gone"] if is_any_message_known(ledger, backups) else []
        if not image.has_header:
            return ["the file does not begin as a database"]
        if migrations.is_newer(image.schema_version):
            if _is_ours(file, image.identity, ledger):
                return [f"the version {image.schema_version} was never written"]
            raise UserError("database-is-newer", ErrorKind.STORAGE, file=str(file))
        if not 0 <= image.schema_version <= migrations.SCHEMA_VERSION:
            return [f"the version {image.schema_version} was never written"]
        if is_alone and image.is_log_damaged:
            return ["the log is damaged"]
        if is_alone and image.ends_within_page:
            return ["the file ends in the middle of a page"]
        if has_wrong_identity(image, known) and not belongs_elsewhere(image, known):
            return ["the identity of the database has changed"]
    from sqlcipher3 import dbapi2

    try:
        with _reading(file) as connection:
            return _find_damage_in(connection, known if is_alone else None)
    except dbapi2.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        # Without a code: a text that is no UTF-8.
        if is_damage(error) or code is None or code == _SQL_ERROR:
            return [str(error)]
        raise


def _is_ours(file: Path, identity: int, ledger: Ledger) -> bool:
    """Whether a database that says it is of a newer version was in truth written by this one.

    Its ledger and its tables would have to agree on that; a newer SLM Desk tells the ledger first.
    """
    from sqlcipher3 import dbapi2

    known = ledger.read()
    if known is None or known.identity != identity or known.schema_version != migrations.SCHEMA_VERSION:
        return False
    try:
        with (
            _reading(file) as connection,
            contextlib.closing(dbapi2.connect(":memory:", isolation_level=None)) as ours,
        ):
            migrations.migrate(ours)
            return _schema_of(connection) == _schema_of(ours)
    except dbapi2.DatabaseError:
        return False


def _schema_of(connection: Any) -> list[Any]:
    return list(connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall())


def has_schema_of(connection: Any, version: int) -> bool:
    """Whether an open database has the tables, indexes and triggers of `version`, as they were made."""
    return _expected_schema(version) <= {*map(_plain, _schema_of(connection))}


@functools.cache
def _expected_schema(version: int) -> frozenset[tuple[str, str, str]]:
    from sqlcipher3 import dbapi2

    with contextlib.closing(dbapi2.connect(":memory:", isolation_level=None)) as ours:
        migrations.migrate(ours, version)
        return frozenset(map(_plain, _schema_of(ours)))


def _plain(row: tuple[str, str, str | None]) -> tuple[str, str, str]:
    kind, name, sql = row
    # How SQLite writes a renamed table down depends on its version.
    return kind, name, "".join((sql or "").replace('"', "").split())


def bring_ledger_up_to_date(file: Path, ledger: Ledger) -> None:
    """Have the ledger say what the sound database `file` holds, where it does not.

    Nobody else may have the database open. Raises OSError and what the driver raises.
    """
    known = ledger.read()
    if known is None or not file.exists() or not file.stat().st_size:
        # It is begun when the database is opened.
        return
    from sqlcipher3 import dbapi2

    with contextlib.closing(dbapi2.connect(str(file), isolation_level=None)) as connection:
        identity = identity_of(connection)
        if not identity or migrations.version_of(connection) != migrations.SCHEMA_VERSION:
            return
        deleted = deletions_of(connection, known)
        if known.identity not in (None, identity):
            ledger.put_aside()
            deleted = {}
        elif not _is_behind(connection, known, deleted):
            return
        # The ledger is about to forget what messages were before: nothing may bring that back.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ledger.rewrite(identity, migrations.SCHEMA_VERSION, records_of(connection, deleted))


def deletions_of(connection: Any, known: LedgerContent | None) -> dict[int, float]:
    """The conversations of an open database that are deleted for certain, and when they were."""
    rows = connection.execute("SELECT id, deleted_at FROM conversation WHERE deleted_at IS NOT NULL")
    return {row[0]: row[1] for row in rows if known is not None and known.is_deletion_certain(*row)}


def _is_behind(connection: Any, known: LedgerContent, deleted: dict[int, float]) -> bool:
    if known.identity is None or known.is_damaged or known.gone or known.earlier or known.deleted != deleted:
        return True
    count = 0
    for number, digest in connection.execute("SELECT id, digest FROM message"):
        if number not in known.latest or known.digest(number) != digest:
            return True
        count += 1
    return count != len(known.latest)


def _find_damage_in(connection: Any, known: LedgerContent | None) -> list[str]:
    version = migrations.version_of(connection)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version == 0:
        return ["the version is missing"] if tables else []
    if not {"conversation", "message"} <= tables:
        return ["tables are missing"]
    if not has_schema_of(connection, version):
        return [f"the tables are not those of version {version}"]
    if version < migrations.SCHEMA_VERSION:
        # Digests are checked from the next version on.
        answers = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
        for table in ("conversation", "message"):
            # Whether each row can be read, as the migration will.
            collections.deque(connection.execute(f"SELECT * FROM {table}"), maxlen=0)
        return [] if answers == ["ok"] else answers
    damage = find_row_damage(connection)
    if damage or known is None or known.identity not in (None, identity_of(connection)):
        return damage
    return _find_missing(connection, known)


def _find_missing(connection: Any, known: LedgerContent) -> list[str]:
    missing = set(known.latest)
    for number, digest in connection.execute("SELECT id, digest FROM message"):
        missing.discard(number)
        if digest != known.digest(number) and digest in known.earlier.get(number, ()):
            return [f"message {number} is older than what was stored last"]
    return [f"{len(missing)} messages are missing"] if missing else []


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[Any]:
    """A connection that leaves the file and its log as they are, also when it is closed."""
    from sqlcipher3 import dbapi2

    uri = f"{file.absolute().as_uri()}?mode=ro"
    connection = dbapi2.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        yield connection
    finally:
        connection.close()
