"""A distant file that is read in pieces, as much of it as is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urljoin

from slmdesk.messages import UserError
from slmdesk.net.errors import network_error
from slmdesk.net.hosts import host_of

LEAST_BYTES = 256 * 1024
"""Of one request, where the file has so many."""
MOST_AHEAD_BYTES = 2 * 1024 * 1024
"""Of one request, beyond what was asked for: so much may be fetched for nothing."""
MOST_KEPT_BYTES = 128 * 1024 * 1024

_BLOCK = 64 * 1024
_MOST_STEPS = 5
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
# What a link that was good before is answered with when it has run out.
_RUN_OUT = frozenset({401, 403, 404, 410})


@dataclass(frozen=True)
class Piece:
    """What a server answered to one ranged request."""

    status: int
    location: str
    """Of a redirect; "" otherwise."""
    etag: str
    content_range: str
    data: bytes
    """As much of the body as was asked for."""


class Fetch(Protocol):
    """Asks `url` for `count` bytes, with these headers more. Raises UserError (kind NETWORK)."""

    def __call__(self, url: str, headers: dict[str, str], count: int) -> Piece: ...


class RangedFile:
    """A file on a server that answers to ranges: a `RangeSource` for `formats.gguf`.

    What was fetched is kept (up to 128 MiB), so reading it again costs nothing. At least 256 KiB are
    fetched at once, and twice as much each time the reading goes on, up to 2 MiB. It is one file from the
    first piece to the last: where the server's file changes meanwhile, reading raises
    `network-file-changed`.

    One thread at a time. Every method raises UserError (kind NETWORK).
    """

    def __init__(self, url: str, fetch: Fetch, *, expected_size: int | None = None) -> None:
        """`expected_size`: what the list of files said; another size raises `network-file-changed`."""
        self.url = url
        self.etag = ""
        """As the server has it, with its quotes; "" before the first piece, or where it has none."""
        self.fetched_bytes = 0
        """Of the file, over the network."""
        self.requests = 0
        """Pieces asked for, redirects not counted."""
        self._fetch = fetch
        self._size = expected_size
        self._blocks: dict[int, bytes] = {}
        # Where the last redirect led, so that each piece is one request and not two.
        self._link = ""
        self._ahead = LEAST_BYTES
        self._end_of_last = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget what is kept."""
        self._blocks.clear()

    @property
    def size(self) -> int | None:
        """Bytes of the whole file; None until the first piece where nobody has said so before."""
        return self._size

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer only at the end of the file."""
        stop = self._clipped(offset + count)
        at = offset
        while at < stop:
            if at // _BLOCK not in self._blocks:
                self._fetch_from(at // _BLOCK * _BLOCK, stop)
                stop = self._clipped(stop)
                if at // _BLOCK not in self._blocks:
                    break
            at = (at // _BLOCK + 1) * _BLOCK
        return self._kept(offset, stop)

    def _clipped(self, stop: int) -> int:
        return stop if self._size is None else min(stop, self._size)

    def _kept(self, start: int, stop: int) -> bytes:
        parts = []
        while start < stop:
            block = self._blocks.get(start // _BLOCK, b"")
            part = block[start % _BLOCK : start % _BLOCK + stop - start]
            if not part:
                break
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def _fetch_from(self, start: int, stop: int) -> None:
        """Fetch from `start`, at least up to `stop` or to what is kept already."""
        goes_on = start == self._end_of_last and start > 0
        self._ahead = min(self._ahead * 2, MOST_AHEAD_BYTES) if goes_on else LEAST_BYTES
        until = max(stop, start + self._ahead)
        until = self._clipped(-(-until // _BLOCK) * _BLOCK)
        for block in range(start // _BLOCK, -(-until // _BLOCK)):
            if block in self._blocks:
                until = block * _BLOCK
                break
        if sum(map(len, self._blocks.values())) + until - start > MOST_KEPT_BYTES:
            raise network_error("too-large", self._host, limit_bytes=MOST_KEPT_BYTES)
        data = self._ask(start, until - start)
        for at in range(0, len(data), _BLOCK):
            self._blocks[(start + at) // _BLOCK] = data[at : at + _BLOCK]
        self._end_of_last = start + len(data)

    @property
    def _host(self) -> str:
        return host_of(self._link or self.url)

    def _ask(self, start: int, count: int) -> bytes:
        piece = self._follow(start, count)
        self.requests += 1
        self.fetched_bytes += len(piece.data)
        self._check_same(piece)
        if piece.status == 416:
            return b""
        if piece.status == 200:
            # The whole file from its beginning, of which only the wanted part was read.
            if start > 0:
                raise network_error("no-ranges", self._host)
            self._note_size(len(piece.data) if len(piece.data) < count else None)
            return piece.data
        found = _CONTENT_RANGE.fullmatch(piece.content_range)
        if piece.status != 206 or found is None or found[1] is None or int(found[1]) != start:
            raise network_error("unexpected-answer", self._host)
        self._note_size(None if found[3] == "*" else int(found[3]))
        if len(piece.data) < min(count, int(found[2]) + 1 - start):
            raise network_error("broken-off", self._host)
        if len(piece.data) < count and self._size is not None and start + len(piece.data) < self._size:
            raise network_error("unexpected-answer", self._host)
        return piece.data

    def _follow(self, start: int, count: int) -> Piece:
        """Ask where the file was last, and from the beginning again where that link has run out."""
        headers = {"Range": f"bytes={start}-{start + count - 1}", "Accept-Encoding": "identity"}
        if self.etag and not self.etag.startswith("W/"):
            headers["If-Range"] = self.etag
        if self._link:
            try:
                return self._step_through(self._link, headers, count)
            except UserError as error:
                if error.facts.get("status") not in _RUN_OUT:
                    raise
                self._link = ""
        return self._step_through(self.url, headers, count)

    def _step_through(self, url: str, headers: dict[str, str], count: int) -> Piece:
        for _ in range(_MOST_STEPS):
            piece = self._fetch(url, headers, count)
            if not piece.location:
                self._link = url
                return piece
            try:
                url = urljoin(url, piece.location)
            except ValueError:
                break
        raise network_error("unexpected-answer", host_of(url))

    def _check_same(self, piece: Piece) -> None:
        if piece.etag and self.etag and piece.etag != self.etag:
            raise network_error("file-changed", self._host)
        self.etag = self.etag or piece.etag

    def _note_size(self, size: int | None) -> None:
        if size is None:
            return
        if self._size is not None and size != self._size:
            raise network_error("file-changed", self._host)
        self._size = size
