"""The log a person can open: what happened, in plain text, never a word of a conversation."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from types import TracebackType

from slmdesk.storage.folders import make_private_folder
from slmdesk.storage.paths import Paths

_KEPT_BYTES = 1_000_000

_log = logging.getLogger("slmdesk")


def log_file(paths: Paths) -> Path:
    """The file that `set_up_logging` writes."""
    return paths.logs / "slmdesk.log"


def set_up_logging(paths: Paths) -> Path:
    """Write warnings of all libraries, and what the program itself reports, to a file; return the file.

    Exceptions that nobody caught, in any thread, go there with their traceback.
    """
    make_private_folder(paths.logs)
    file = log_file(paths)
    _set_aside_when_long(file)
    handler = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    return file


def _set_aside_when_long(file: Path) -> None:
    """Begin a new log where the last run left a long one, which is kept as `slmdesk.log.1`."""
    try:
        if file.stat().st_size > _KEPT_BYTES:
            file.replace(file.with_name(file.name + ".1"))
    except OSError as error:
        # None yet, or open in another process on Windows: the next start tries again.
        if not isinstance(error, FileNotFoundError):
            _log.warning("the log cannot be set aside: %r", error)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _log.critical("a bug", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread else "?"
        _log.critical(
            "a bug in thread %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )
