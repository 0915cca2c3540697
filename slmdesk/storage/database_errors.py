"""What the database driver says, as errors for people."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from slmdesk.messages import ErrorKind, UserError

# SQLITE_CORRUPT and SQLITE_NOTADB; the driver has no names for them.
_DAMAGE = (11, 26)


def is_damage(error: Exception) -> bool:
    """Whether the driver's `error` means that the file is damaged."""
    # The driver's own complaint about a text that is no UTF-8 has no code of SQLite's.
    code = getattr(error, "sqlite_errorcode", None)
    return "decode to UTF-8" in str(error) if code is None else code & 0xFF in _DAMAGE


@contextlib.contextmanager
def errors_for_people(key: str, file: Path) -> Iterator[None]:
    """Turn an error of the driver, or of the system, into UserError `key` (kind STORAGE).

    Where the file is damaged, the key is `database-damaged` instead. Wrong SQL is a bug and stays one.
    """
    from sqlcipher3 import dbapi2

    try:
        yield
    except dbapi2.ProgrammingError:
        raise
    except (dbapi2.Error, OSError) as error:
        raise storage_error("database-damaged" if is_damage(error) else key, file, error) from error


def storage_error(key: str, file: Path, error: Exception) -> UserError:
    """UserError `key` about `file`, for a reason that the driver or the system gave."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return UserError(key, ErrorKind.STORAGE, file=str(file), reason=reason, details=repr(error))
