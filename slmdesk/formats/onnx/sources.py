"""Where the bytes of a model.onnx come from: an open file, or what was fetched of one that is elsewhere."""

from __future__ import annotations

import os
from typing import Protocol


class Source(Protocol):
    """Bytes that can be asked for by position."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer only at the end. Raises OSError."""


class OpenFile:
    """A file by its descriptor, which whoever opened it closes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read_at(self, offset: int, count: int) -> bytes:
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        parts = []
        while count > 0 and (data := os.read(self._descriptor, count)):
            parts.append(data)
            count -= len(data)
        return b"".join(parts)


class Content:
    """A whole file in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read_at(self, offset: int, count: int) -> bytes:
        return self._data[offset : offset + count]
