"""Walks through a protobuf message in a file, forward, with a small window of it in memory.

What is not asked for is stepped over without being read, so a graph with gigabytes of weights inside costs
what its structure costs. Anything that a strict parser would not take is refused.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.sources import Source

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_WINDOW = 128 * 1024
_LONGEST_VARINT = 10
_LARGEST_TAG = 2**32 - 1
_CHECK_EVERY = 2048


class Cursor:
    """Reads forward through a file; counts kept memory and processor time against the limits.

    Raises OnnxError `damaged`, `cut_off`, `too_large`, `unreadable` about `part`.
    """

    def __init__(self, source: Source, size: int, part: str, limits: Limits) -> None:
        self.part = part
        self.size = size
        self._source = source
        self._limits = limits
        self._window = b""
        self._start = 0
        self._at = 0
        self._kept = 0
        self._steps = 0
        self._until = time.thread_time() + limits.cpu_seconds

    @property
    def position(self) -> int:
        """Bytes from the beginning of the file."""
        return self._start + self._at

    def damaged(self, what: str) -> OnnxError:
        """The error for a file that is no message of this kind."""
        return OnnxError("damaged", part=self.part, what=f"{what} at {self.position}")

    def fields(self, end: int) -> Iterator[tuple[int, int, int]]:
        """Each field up to the position `end`: its number, its wire type, and its value or its length.

        A field of bytes may be read or walked through before the next one is asked for; what is left of it is
        stepped over.
        """
        while (position := self.position) < end:
            self._steps += 1
            if self._steps % _CHECK_EVERY == 0:
                self._check_time()
            tag = self.varint()
            number, wire = tag >> 3, tag & 7
            if not number or tag > _LARGEST_TAG:
                raise self.damaged("a field without a number")
            if wire == VARINT:
                yield number, wire, self.varint()
                continue
            if wire not in (BYTES, FIXED32, FIXED64):
                raise self.damaged("a field of unknown type")
            length = self.varint() if wire == BYTES else 4 if wire == FIXED32 else 8
            after = self.position + length
            if after > end:
                if end == self.size:
                    raise OnnxError("cut_off", part=self.part, have_bytes=self.size, need_bytes=after)
                raise self.damaged("a field longer than the message around it")
            yield number, wire, length
            self._seek(after)
        if position > end:
            raise self.damaged("a number that reaches over the end of its message")

    def varint(self) -> int:
        """The next whole number, without sign."""
        if self._at + _LONGEST_VARINT > len(self._window):
            self._fill()
        window, at = self._window, self._at
        number = shift = 0
        for index in range(at, min(at + _LONGEST_VARINT, len(window))):
            byte = window[index]
            number |= (byte & 127) << shift
            if byte < 128:
                self._at = index + 1
                return number & (1 << 64) - 1
            shift += 7
        if len(window) - at < _LONGEST_VARINT:
            raise OnnxError("cut_off", part=self.part, have_bytes=self.size, need_bytes=self.size + 1)
        raise self.damaged("a number of more than 64 bits")

    def varints(self, length: int) -> Iterator[int]:
        """The whole numbers in a packed field of `length` bytes."""
        end = self.position + length
        while self.position < end:
            yield self.varint()
        if self.position > end:
            raise self.damaged("a number that reaches over the end of its field")

    def text(self, length: int) -> str:
        """A name of `length` bytes, which is kept."""
        if length > self._limits.text_bytes:
            raise OnnxError("too_large", part=self.part, what="a name", limit=self._limits.text_bytes)
        self.keep(length + 64)
        if self._at + length > len(self._window):
            self._fill(length)
        data = self._window[self._at : self._at + length]
        if len(data) < length:
            raise OnnxError(
                "cut_off", part=self.part, have_bytes=self.size, need_bytes=self.position + length
            )
        self._at += length
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise self.damaged("a name that is not text") from error

    def keep(self, count: int) -> None:
        """Account for `count` bytes of memory that stay in use."""
        self._kept += count
        if self._kept > self._limits.kept_bytes:
            raise OnnxError(
                "too_large", part=self.part, what="memory for the graph", limit=self._limits.kept_bytes
            )

    def _seek(self, position: int) -> None:
        if self._start <= position <= self._start + len(self._window):
            self._at = position - self._start
        else:
            self._window, self._start, self._at = b"", position, 0

    def _fill(self, count: int = _LONGEST_VARINT) -> None:
        """Bring at least `count` bytes into the window, fewer at the end of the file."""
        self._check_time()
        position = self.position
        try:
            data = self._source.read_at(position, max(count, _WINDOW))
        except OSError as error:
            raise OnnxError("unreadable", part=self.part, reason=error.strerror or str(error)) from error
        self._window, self._start, self._at = data, position, 0

    def _check_time(self) -> None:
        if time.thread_time() > self._until:
            raise OnnxError(
                "too_large", part=self.part, what="processor time", limit=round(self._limits.cpu_seconds)
            )
