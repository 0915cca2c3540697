"""What went over the network, for the person to read: when, to whom, why, how much."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slmdesk.messages import Fact, Message, UserError, say
from slmdesk.storage import make_private_folder

_KEPT_IN_MEMORY = 2000
_LARGEST_FILE_BYTES = 1_000_000
NETWORK_LOG = "network.jsonl"
"""The file below the logs in which every request is noted."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request. Each step of a redirect is one of its own, since it goes to another host."""

    when: float
    """Seconds since 1970, UTC, at the beginning."""
    host: str
    why: Message
    sent_bytes: int
    """Of the request, its headers among them. The encryption around it is not counted."""
    received_bytes: int
    """Of the answer, its headers among them; compressed, as it came."""
    status: int = 0
    """Of HTTP; 0 where nothing was answered."""
    error: str = ""
    """Key of the error that it ended in; "" where it went well."""

    @property
    def was_sent(self) -> bool:
        """Whether anything left this computer: False where it was refused, being offline for example."""
        return self.sent_bytes > 0


class NetworkLog:
    """The requests of this program, and with a file also those of others that use the same one.

    The file holds one JSON object a line and is replaced at a megabyte; one older one is kept. Any thread.
    A disk that refuses costs the file and nothing else.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._recent: deque[LogEntry] = deque(maxlen=_KEPT_IN_MEMORY)
        self._lock = threading.Lock()

    @classmethod
    def in_folder(cls, folder: Path) -> NetworkLog:
        """The log in the folder of logs, `paths.logs`."""
        return cls(folder / NETWORK_LOG)

    def entries(self) -> tuple[LogEntry, ...]:
        """What is known, oldest first. Reads the file: not for the GUI thread."""
        with self._lock:
            if self.file is None:
                return tuple(self._recent)
            try:
                lines = [*_lines(self._older(self.file)), *_lines(self.file)]
            except OSError as error:
                _log.warning("the network log cannot be read: %s", error)
                return tuple(self._recent)
        found = [entry for entry in map(_from_line, lines) if entry is not None]
        return tuple(sorted(found, key=lambda entry: entry.when))

    def add(self, entry: LogEntry) -> None:
        """Keep one request that is over."""
        with self._lock:
            self._recent.append(entry)
            if self.file is None:
                return
            try:
                self._write(self.file, entry)
            except (OSError, UserError) as error:
                _log.warning("the network log cannot be written: %s", error)

    def _older(self, file: Path) -> Path:
        return file.with_suffix(f".1{file.suffix}")

    def _write(self, file: Path, entry: LogEntry) -> None:
        make_private_folder(file.parent)
        line = json.dumps(
            {
                "when": round(entry.when, 3),
                "host": entry.host,
                "why": entry.why.key,
                "facts": dict(entry.why.facts),
                "sent": entry.sent_bytes,
                "received": entry.received_bytes,
                "status": entry.status,
                "error": entry.error,
            }
        )
        # One write at the end of the file, so that the lines of two programs do not mix.
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode() + b"\n")
            size = os.fstat(handle).st_size
        finally:
            os.close(handle)
        if size > _LARGEST_FILE_BYTES:
            file.replace(self._older(file))


class Record:
    """A request on its way into the log."""

    def __init__(self, log: NetworkLog, host: str, why: Message) -> None:
        self._log = log
        self._host = host
        self._why = why
        self._when = time.time()
        self._is_kept = False
        self.sent_bytes = 0
        self.received_bytes = 0
        self.status = 0

    def finish(self, error: str = "") -> None:
        """Put it into the log; only the first call does."""
        if self._is_kept:
            return
        self._is_kept = True
        self._log.add(
            LogEntry(
                self._when,
                self._host,
                self._why,
                self.sent_bytes,
                self.received_bytes,
                self.status,
                error,
            )
        )


def _lines(file: Path) -> Iterable[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ()


def _from_line(line: str) -> LogEntry | None:
    """The entry; None for a damaged line. A reason that this version has no words for is told as such."""
    try:
        values = json.loads(line)
        facts: dict[str, Fact] = {
            str(name): fact for name, fact in values["facts"].items() if isinstance(fact, str | int | float)
        }
        why = Message(str(values["why"]), facts)
        entry = LogEntry(
            float(values["when"]),
            str(values["host"]),
            why,
            int(values["sent"]),
            int(values["received"]),
            int(values["status"]),
            str(values["error"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    try:
        say(why)
    except (KeyError, ValueError):
        return LogEntry(
            entry.when,
            entry.host,
            Message("network-why-unknown"),
            entry.sent_bytes,
            entry.received_bytes,
            entry.status,
            entry.error,
        )
    return entry
