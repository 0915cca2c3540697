"""The header of a model file that need not be here: all that is fetched to know what the model takes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from slmdesk.formats.gguf import GgufError, GgufHeader, RangeSource, read_header

LARGEST_FILE_BYTES = 1 << 42
"""No model file is larger: 4 TiB. A header may claim anything."""


@dataclass(frozen=True)
class SparseHeader:
    """One file of a model without its weights; of a split set there is one for each part."""

    data: bytes
    """Everything before the tensor data."""
    size: int
    """Of the whole file, in bytes."""

    @classmethod
    def read(cls, source: Path | bytes | RangeSource, *, size: int | None = None) -> SparseHeader:
        """Read the header in `source`, and nothing behind it but what the source reads ahead.

        `size` is that of the whole file, where the source does not know it. Blocking. Raises GgufError, also
        for a size that cannot be.
        """
        gathering = _Gathering(source) if isinstance(source, RangeSource) else None
        header = read_header(gathering or source)
        if gathering is not None:
            data = gathering.beginning(header.data_offset)
        elif isinstance(source, Path):
            with source.open("rb") as file:
                data = file.read(header.data_offset)
        else:
            assert isinstance(source, bytes)
            data = source[: header.data_offset]
        whole = size if size is not None else header.file_bytes
        if whole is None or (isinstance(source, bytes) and size is None):
            # Bytes are a beginning, whose end says nothing.
            whole = header.needed_bytes
        _check(header, whole)
        return cls(data, whole)

    @cached_property
    def header(self) -> GgufHeader:
        """What the file says about itself. Raises GgufError."""
        return read_header(self.data)

    @cached_property
    def digest(self) -> bytes:
        """The same for the same header of a file of the same size (SHA-256)."""
        return hashlib.sha256(self.size.to_bytes(8, "little") + self.data).digest()

    def check(self) -> None:
        """Raise GgufError where a file of this size cannot hold what the header lists, or none is as large.

        To be asked before anything of that size is made.
        """
        _check(self.header, self.size)


def _check(header: GgufHeader, size: int) -> None:
    if not 0 <= size <= LARGEST_FILE_BYTES:
        raise GgufError("too_large", what="file", limit=LARGEST_FILE_BYTES)
    replace(header, file_bytes=size).require_complete()


class _Gathering:
    """A source that is read from its beginning on, without gaps, and keeps what was read.

    The reader steps over long arrays; fetching them again would cost a second look at a server.
    """

    def __init__(self, source: RangeSource) -> None:
        self._source = source
        self._data = bytearray()

    @property
    def size(self) -> int | None:
        return self._source.size

    def read_at(self, offset: int, count: int) -> bytes:
        self._reach(offset + count)
        return bytes(self._data[offset : offset + count])

    def beginning(self, count: int) -> bytes:
        """The first `count` bytes, zeros for what the source does not have."""
        self._reach(count)
        return bytes(self._data[:count]).ljust(count, b"\0")

    def _reach(self, end: int) -> None:
        missing = end - len(self._data)
        if missing > 0:
            self._data += self._source.read_at(len(self._data), missing)
