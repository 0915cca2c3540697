"""Answers of the Hub kept on this disk, to be used without a network and without asking twice.

A cache: what cannot be written or read is forgotten, with a line in the log, and is asked for again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from slmdesk.messages import UserError
from slmdesk.storage import write_atomically

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_VERSION = 1
_ENDING = ".kept"
_DIGEST_BYTES = hashlib.sha256().digest_size
# What the envelope may add to the value.
_ENVELOPE_BYTES = 4096


class _Envelope(Struct, frozen=True):
    version: int
    key: str
    saved: float
    value: msgspec.Raw


class Kept(NamedTuple, Generic[_T]):
    """A value, and when it was kept."""

    value: _T
    saved: float
    """Seconds since 1970, UTC."""


class SnapshotFolder(Generic[_T]):
    """Values of one kind by their keys, each in a file of its own; those used longest ago go first.

    `kind` is the type of the values, decoded strictly. Any thread; several processes may share the folder.
    A file is the SHA-256 of what follows, then the value as MessagePack with its key and date. ::

        FOLDER/
          0f3a….kept
    """

    def __init__(
        self,
        folder: Path,
        kind: type[_T],
        *,
        most_files: int,
        most_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._envelopes = msgspec.msgpack.Decoder(_Envelope)
        self._most_files = most_files
        self._most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.Lock()

    def keep(self, key: str, value: _T, *, on_failure: Callable[[Exception], None] | None = None) -> float:
        """Keep `value` in place of what was there; returns the moment that is kept with it.

        `on_failure` is told why it could not be kept (UserError or OSError). A value that alone exceeds the
        folder's bounds is not kept. Blocking: writes a file.
        """
        now = self._clock()
        raw = msgspec.Raw(msgspec.msgpack.encode(value))
        payload = msgspec.msgpack.encode(_Envelope(_VERSION, key, now, raw))
        if len(payload) + _DIGEST_BYTES > self._most_bytes:
            _log.warning("not kept, %d bytes: %r", len(payload), key[:200])
            return now
        with self._lock:
            try:
                write_atomically(self._file(key), hashlib.sha256(payload).digest() + payload)
            except (OSError, UserError) as error:
                _log.warning("cannot be kept in %s: %r", self._folder, error)
                if on_failure is not None:
                    on_failure(error)
                return now
            try:
                self._make_room()
            except OSError as error:
                _log.warning("no room is made in %s: %r", self._folder, error)
        return now

    def find(self, key: str) -> Kept[_T] | None:
        """What was kept for `key`; None: nothing, or nothing that can be read. Blocking: reads a file."""
        file = self._file(key)
        try:
            with file.open("rb") as stream:
                content = stream.read(self._most_bytes + _ENVELOPE_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("%s cannot be read: %r", file, error)
            return None
        try:
            kept = self._decoded(key, content)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            _log.warning("%s is damaged and forgotten: %s", file, error)
            self.forget(key)
            return None
        # The date of the file says when it was last of use.
        with contextlib.suppress(OSError):
            os.utime(file)
        return kept

    def every(self) -> Iterator[Kept[_T]]:
        """All that is kept and can be read, in no order. Blocking: reads every file."""
        for file in self._folder.glob("*" + _ENDING):
            try:
                yield self._decoded(None, file.read_bytes())
            except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
                # Whoever wants it by its key forgets it then.
                _log.info("%s is passed over: %r", file, error)

    def forget(self, key: str) -> None:
        """Remove what is kept for `key`, if anything is."""
        with contextlib.suppress(OSError):
            self._file(key).unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self._folder / (hashlib.sha256(key.encode()).hexdigest()[:40] + _ENDING)

    def _decoded(self, key: str | None, content: bytes) -> Kept[_T]:
        """The value of `key` (None: of any). Raises ValueError, RecursionError or MsgspecError."""
        digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(payload).digest() != digest:
            raise ValueError("its checksum is wrong")
        envelope = self._envelopes.decode(payload)
        if envelope.version != _VERSION or key not in (None, envelope.key):
            raise ValueError(f"version {envelope.version}, for {envelope.key[:200]!r}")
        return Kept(self._decoder.decode(envelope.value), envelope.saved)

    def _make_room(self) -> None:
        """Remove what was used longest ago until the folder is within its bounds. Raises OSError."""
        found = []
        for file in self._folder.glob("*" + _ENDING):
            # Another process may make room at the same time.
            with contextlib.suppress(FileNotFoundError):
                facts = file.stat()
                found.append((facts.st_mtime_ns, facts.st_size, file))
        found.sort(key=lambda one: one[0], reverse=True)
        total = 0
        for number, (_, size, file) in enumerate(found):
            total += size
            # The newest is the one just kept.
            if number and (number >= self._most_files or total > self._most_bytes):
                file.unlink(missing_ok=True)
