"""The log a person can open: what happened, in plain text, never a word of a conversation."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from slmdesk.storage.folders import make_private_folder
from slmdesk.storage.paths import Paths

_KEPT_BYTES = 1_000_000

_log = logging.getLogger("slmdesk")


@dataclass
class _Reports:
    show: Callable[[str], None] | None = None


_reports = _Reports()


class _LogFile(logging.FileHandler):
    """A log that cannot be opened loses its lines; it does not end what was being logged."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)


def log_file(paths: Paths) -> Path:
    """The file that `set_up_logging` writes."""
    return paths.logs / "slmdesk.log"


def set_up_logging(paths: Paths) -> Path:
    """Write warnings of all libraries, and what the program itself reports, to a file; return the file.

    Exceptions that nobody caught, in any thread, go there with their traceback.
    """
    # Where the log cannot be written, now or later, nothing of it goes to the terminal instead.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False
    make_private_folder(paths.logs)
    file = log_file(paths)
    if any(
        isinstance(one, logging.FileHandler) and Path(one.baseFilename) == file.absolute()
        for one in logging.getLogger().handlers
    ):
        # Whoever is not sure that it was begun may begin it.
        return file
    _set_aside_when_long(file)
    _make_private(file)
    handler = _LogFile(file, encoding="utf-8", errors="backslashreplace", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    _log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    return file


def show_uncaught(show: Callable[[str], None] | None) -> None:
    """Give `show` the traceback of every exception that nobody caught, besides logging it.

    `show` is called in the thread where it happened. None: from now on they are only logged.
    """
    _reports.show = show


def _make_private(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        # The handler meets the same when there is something to write.
        _log.debug("the log cannot be made", exc_info=True)


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
    _show(kind, error, trace)


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread else "?"
        _log.critical(
            "a bug in thread %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )
        _show(args.exc_type, args.exc_value, args.exc_traceback)


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if _reports.show is not None:
        try:
            _reports.show("".join(traceback.format_exception(kind, error, trace)))
        except Exception:  # noqa: BLE001 - a bug in showing a bug must not hide the first
            _log.exception("a bug cannot be shown")
