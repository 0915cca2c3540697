"""Pages of a database file and of its write-ahead log as they lie on the disk, for when SQLite gives up.

The layout is that of https://sqlite.org/fileformat2.html. Nothing here trusts what it reads.
"""

from __future__ import annotations

import bisect
import contextlib
import io
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

# Every database of ours has pages of this size; what the header says may be damaged.
PAGE_BYTES = 4096
WITHOUT_LOG = -1
"""As `as_of`: the file alone."""

_MAGIC = b"SQLite format 3\0"
# Kind, and how many cells.
_EMPTY_LEAF = b"\x0d\0\0\0\0"
_LOG_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
_FRAME_BYTES = _FRAME_HEADER.size + PAGE_BYTES
_LOG_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in the log."""

    page: int
    offset: int
    """Of the page's content in the log file."""
    ends_transaction: bool
    is_older: bool
    """Left over from before the log was last begun anew, so older than the file."""


def log_of(file: Path) -> Path:
    """The write-ahead log of a database file."""
    return file.with_name(f"{file.name}-wal")


class PageImage:
    """The pages of a closed database. Close it, or use it as a context manager.

    Raises OSError where the files cannot be opened; a page that cannot be read is empty.
    """

    def __init__(self, file: Path) -> None:
        self._log: io.BufferedReader | None = None
        self._file: io.BufferedReader | None = None
        self.is_log_damaged = False
        """Whole transactions are in the log that SQLite would not see."""
        self.frames: list[Frame] = []
        """Oldest first."""
        self.last_shown = WITHOUT_LOG
        """The last frame that counts: what follows was never finished."""
        self._frames_of: dict[int, list[int]] = {}
        self._ends: list[int] = []
        with contextlib.suppress(FileNotFoundError):
            self._file = file.open("rb")
        with contextlib.suppress(FileNotFoundError):
            self._log = log_of(file).open("rb")
        self.file_bytes = _size(self._file)
        if _size(self._log) > _LOG_HEADER.size:
            self._read_log()
        self.total_bytes = self.file_bytes + len(self.frames) * PAGE_BYTES

    def __enter__(self) -> PageImage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        for stream in (self._file, self._log):
            if stream is not None:
                stream.close()

    @property
    def has_header(self) -> bool:
        """Whether the first page begins as that of a database does."""
        first = self.page(1)
        return first[:16] == _MAGIC and first[16:18] == PAGE_BYTES.to_bytes(2, "big")

    @property
    def schema_version(self) -> int:
        """PRAGMA user_version, as it would be read now."""
        return int.from_bytes(self.page(1)[60:64], "big", signed=True)

    @property
    def ends_within_page(self) -> bool:
        """Whether the file was cut off in the middle of a page that the log does not have."""
        return len(self.page(self.file_bytes // PAGE_BYTES + 1)) not in (0, PAGE_BYTES)

    @property
    def has_tables(self) -> bool:
        """Whether the first page, where the tables are listed, lists any."""
        return self.page(1)[100:101] != _EMPTY_LEAF[:1] or self.page(1)[103:105] != _EMPTY_LEAF[3:]

    @property
    def identity(self) -> int:
        """PRAGMA application_id, as it would be read now."""
        return int.from_bytes(self.page(1)[68:72], "big", signed=True)

    def page(self, number: int, as_of: int | None = None) -> bytes:
        """The content of page `number` (from 1) after the frame `as_of`, None: now. Empty: there is none."""
        indexes = self._frames_of.get(number, [])
        place = bisect.bisect_right(indexes, self.last_shown if as_of is None else as_of) - 1
        if place >= 0:
            return self._frame_page(indexes[place])
        return _read(self._file, (number - 1) * PAGE_BYTES)

    def numbers(self) -> Iterator[int]:
        """The numbers of all pages that there are now."""
        in_file = -(-self.file_bytes // PAGE_BYTES)
        yield from range(1, in_file + 1)
        yield from (page for page in self._frames_of if page > in_file)

    def versions_before(self) -> Iterator[tuple[bytes, int]]:
        """Each page that is not how it is now, newest first, and its place in time as `page` takes it."""
        for index in range(len(self.frames) - 1, -1, -1):
            if self.frames[index].is_older or not self._is_shown(index):
                yield self._frame_page(index), self._transaction_end(index)
        for number in self._frames_of:
            yield _read(self._file, (number - 1) * PAGE_BYTES), WITHOUT_LOG

    def _frame_page(self, index: int) -> bytes:
        return _read(self._log, self.frames[index].offset)

    def _transaction_end(self, index: int) -> int:
        place = bisect.bisect_left(self._ends, index)
        return self._ends[place] if place < len(self._ends) else len(self.frames)

    def _is_shown(self, index: int) -> bool:
        indexes = self._frames_of[self.frames[index].page]
        place = bisect.bisect_right(indexes, self.last_shown) - 1
        return place >= 0 and indexes[place] == index

    def _read_log(self) -> None:
        log = self._log
        assert log is not None
        header = _read(log, 0, _LOG_HEADER.size)
        heads = [
            (offset, _FRAME_HEADER.unpack(_read(log, offset, _FRAME_HEADER.size)))
            for offset in range(_LOG_HEADER.size, _size(log) - _FRAME_BYTES + 1, _FRAME_BYTES)
        ]
        magic, _, page_bytes, _, *salts = _LOG_HEADER.unpack(header)
        big_endian = bool(magic & 1)
        sums = _checksum(header[:24], (0, 0), big_endian)
        has_header = magic & ~1 == _LOG_MAGIC and page_bytes == PAGE_BYTES and sums == tuple(salts[2:])
        if has_header:
            salt = tuple(salts[:2])
            valid = self._count_valid(heads, salt, sums, big_endian)
        else:
            # The generation that most of the first frames belong to.
            counted = Counter(head[2:4] for _, head in heads[:9])
            salt, valid = (counted.most_common(1)[0][0] if counted else (0, 0)), 0
        last_valid = max((n for n in range(valid) if heads[n][1][1]), default=-1)
        beyond = [head for _, head in heads[last_valid + 1 :] if head[2:4] == salt]
        # A power cut tears the one transaction that nobody was told is stored; more than one is damage.
        self.is_log_damaged = bool(heads) and (not has_header or sum(1 for head in beyond if head[1]) > 1)
        older = [n for n, (_, head) in enumerate(heads) if head[2:4] != salt]
        newer = [n for n, (_, head) in enumerate(heads) if head[2:4] == salt]
        for number in older + newer:
            offset, head = heads[number]
            frame = Frame(head[0], offset + _FRAME_HEADER.size, bool(head[1]), head[2:4] != salt)
            index = len(self.frames)
            self.frames.append(frame)
            if not frame.is_older:
                self._frames_of.setdefault(frame.page, []).append(index)
                if number <= last_valid or self.is_log_damaged:
                    self.last_shown = index
            if frame.ends_transaction:
                self._ends.append(index)

    def _count_valid(
        self,
        heads: list[tuple[int, tuple[int, ...]]],
        salt: tuple[int, ...],
        sums: tuple[int, int],
        big_endian: bool,
    ) -> int:
        for count, (offset, head) in enumerate(heads):
            if head[2:4] != salt:
                return count
            frame = _read(self._log, offset, _FRAME_BYTES)
            sums = _checksum(frame[:8] + frame[24:], sums, big_endian)
            if sums != head[4:6]:
                return count
        return len(heads)


def _checksum(data: bytes, sums: tuple[int, int], big_endian: bool) -> tuple[int, int]:
    one, two = sums
    words = struct.unpack(f"{'>' if big_endian else '<'}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _MASK
        two = (two + second + one) & _MASK
    return one, two


def _size(stream: io.BufferedReader | None) -> int:
    return 0 if stream is None else stream.seek(0, io.SEEK_END)


def _read(stream: io.BufferedReader | None, offset: int, count: int = PAGE_BYTES) -> bytes:
    if stream is None:
        return b""
    try:
        stream.seek(offset)
        return stream.read(count)
    except OSError:
        # A sector that the disk cannot give back is damage like any other.
        return b""
