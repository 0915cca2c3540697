"""Headers of distant GGUF files: fetched by ranges, each once, and kept on this disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from slmdesk.catalogue.model import ModelFile, Variant
from slmdesk.catalogue.snapshot import SnapshotFolder
from slmdesk.engines import gguf_problem
from slmdesk.fit import SparseHeader
from slmdesk.formats.gguf import GgufError
from slmdesk.messages import Message

if TYPE_CHECKING:
    from slmdesk.net import Network

HeaderSet: TypeAlias = tuple[SparseHeader, ...]
"""The headers of a variant, one for each of its files, in order."""

_MOST_HEADERS = 400
_MOST_BYTES = 400_000_000


class _KeptHeader(Struct, frozen=True):
    data: bytes
    size: int
    """Of the whole file."""


class HeaderStore:
    """Headers by the SHA-256 of their file, or by its place in a commit, which never changes either.

    Any thread: two that want the same header fetch it once.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._kept = SnapshotFolder(folder, _KeptHeader, most_files=_MOST_HEADERS, most_bytes=_MOST_BYTES)
        self._lock = threading.Lock()
        self._fetching: dict[str, threading.Lock] = {}

    def get(self, variant: Variant) -> HeaderSet:
        """The headers of all files of `variant`, which are at a commit. Blocking.

        Raises UserError: kind NETWORK, or MODEL where a file is no GGUF file or damaged.
        """
        return tuple(self._header(file) for file in variant.files)

    def _header(self, file: ModelFile) -> SparseHeader:
        key = file.sha256 or f"{file.repo}/{file.path}@{file.revision}"
        with self._alone(key):
            kept = self._kept.find(key)
            if kept is not None:
                return SparseHeader(kept.value.data, kept.value.size)
            url = self._network.url_of(file.repo, file.path, file.revision)
            with self._network.ranged(
                url, why=Message("hub-why-header"), expected_size=file.size_bytes
            ) as source:
                try:
                    header = SparseHeader.read(source)
                except GgufError as error:
                    raise gguf_problem(Path(PurePosixPath(file.path).name), error) from error
            self._kept.keep(key, _KeptHeader(header.data, header.size))
            return header

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._fetching.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                # One that still waits finds what was kept, under whichever lock.
                if not lock.locked():
                    self._fetching.pop(key, None)
