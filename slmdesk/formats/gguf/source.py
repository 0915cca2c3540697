"""Where the bytes come from, behind one cursor that reads forward in a small window."""

from __future__ import annotations

import os
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from slmdesk.formats.gguf.errors import GgufError
from slmdesk.formats.gguf.limits import Limits

_WINDOW = 256 * 1024
_CHECK_EVERY = 4096


@runtime_checkable
class RangeSource(Protocol):
    """Bytes that can be asked for by position, for example a file on a server."""

    @property
    def size(self) -> int | None:
        """All bytes there are, or None where that is not known."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer only at the end."""


class BytesSource:
    """A header that is in memory already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int | None:
        return len(self._data)

    def read_at(self, offset: int, count: int) -> bytes:
        return self._data[offset : offset + count]


class FileSource:
    """An open file."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size

    @property
    def size(self) -> int | None:
        return self._size

    def read_at(self, offset: int, count: int) -> bytes:
        try:
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            parts = []
            while count > 0:
                part = os.read(self._descriptor, count)
                if not part:
                    break
                parts.append(part)
                count -= len(part)
            return b"".join(parts)
        except OSError as error:
            raise GgufError("unreadable", reason=error.strerror or str(error)) from error


@contextmanager
def open_source(source: Path | bytes | RangeSource) -> Iterator[RangeSource]:
    """`source` as something that can be asked for ranges; a file is closed again afterwards.

    Raises GgufError `missing`, `is_directory`, `not_a_file`, `unreadable`.
    """
    if isinstance(source, bytes):
        yield BytesSource(source)
        return
    if not isinstance(source, Path):
        yield source
        return
    try:
        facts = source.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise GgufError("is_directory")
        if not stat.S_ISREG(facts.st_mode):
            # Opening a pipe would wait for a writer that never comes.
            raise GgufError("not_a_file")
        descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as error:
        raise GgufError("missing") from error
    except (OSError, ValueError) as error:
        # ValueError: a path with a null character in it.
        raise GgufError("unreadable", reason=getattr(error, "strerror", None) or str(error)) from error
    try:
        yield FileSource(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


class Cursor:
    """Reads forward through a source, holding one window of it in memory.

    Counts position, kept memory and processor time against the limits, so nothing above it has to.
    """

    def __init__(self, source: RangeSource, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._window = b""
        self._start = 0
        self._at = 0
        self._kept = 0
        self._end: int | None = source.size
        self._until = time.thread_time() + limits.cpu_seconds
        self.order = "<"

    @property
    def position(self) -> int:
        """Bytes from the beginning of the source."""
        return self._start + self._at

    @property
    def size(self) -> int | None:
        """Bytes of the whole source, where known."""
        return self._source.size

    def check_time(self) -> None:
        """Raise `too_large` when the processor time is used up."""
        if time.thread_time() > self._until:
            raise GgufError("too_large", what="processor time", limit=round(self._limits.cpu_seconds))

    def keep(self, count: int) -> None:
        """Account for `count` bytes of memory that stay in use."""
        self._kept += count
        if self._kept > self._limits.kept_bytes:
            raise GgufError("too_large", what="memory for the header", limit=self._limits.kept_bytes)

    def read(self, count: int) -> bytes:
        """The next `count` bytes. Raises `header_cut_off` or `too_large`."""
        if self._at + count > len(self._window):
            self._fill(count)
        data = self._window[self._at : self._at + count]
        self._at += count
        return data

    def skip(self, count: int) -> None:
        """Step over `count` bytes without reading them. Raises `header_cut_off` or `too_large`."""
        target = self.position + count
        self._check_reach(target)
        if target <= self._start + len(self._window):
            self._at += count
        else:
            self._window, self._start, self._at = b"", target, 0

    def unpack(self, code: str) -> int | float:
        """The next number, in the byte order of the file; `code` is one of struct's."""
        number: int | float = struct.unpack(self.order + code, self.read(struct.calcsize(code)))[0]
        return number

    def uint32(self) -> int:
        """The next unsigned 32-bit number."""
        return int(self.unpack("I"))

    def uint64(self) -> int:
        """The next unsigned 64-bit number."""
        return int(self.unpack("Q"))

    def skip_strings(self, count: int) -> None:
        """Step over `count` strings, each a 64-bit length and that many bytes.

        A vocabulary has hundreds of thousands of them, so this loop works on the window itself.
        """
        unpack = struct.Struct(self.order + "Q").unpack_from
        window, at = self._window, self._at
        for index in range(count):
            if at + 8 > len(window):
                self._at = at
                self._fill(8)
                window, at = self._window, self._at
            at += 8 + unpack(window, at)[0]
            if at > len(window):
                length = at - len(window)
                self._at = len(window)
                self.skip(length)
                window, at = self._window, self._at
            if index % _CHECK_EVERY == 0:
                self.check_time()
        self._at = at

    def _check_reach(self, target: int) -> None:
        if target > self._limits.header_bytes:
            # A length field that reaches beyond any header is damage, or worse; but so is a true giant.
            raise GgufError("too_large", what="header", limit=self._limits.header_bytes)
        if self._end is not None and target > self._end:
            raise GgufError("header_cut_off", have_bytes=self._end)

    def _fill(self, count: int) -> None:
        position = self.position
        self._check_reach(position + count)
        self.check_time()
        wanted = max(count, _WINDOW)
        if self._end is not None:
            wanted = min(wanted, self._end - position)
        data = self._source.read_at(position, wanted)
        if len(data) < wanted:
            self._end = position + len(data)
        if len(data) < count:
            raise GgufError("header_cut_off", have_bytes=position + len(data))
        self._window, self._start, self._at = data, position, 0
