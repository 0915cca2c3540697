"""Headers of distant GGUF files: fetched by ranges, each once, and kept on this disk."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from slmdesk.catalogue.model import ModelFile, Variant
from slmdesk.catalogue.one_at_a_time import OneAtATime
from slmdesk.catalogue.snapshot import SnapshotFolder
from slmdesk.engines import gguf_problem
from slmdesk.fit import SparseHeader
from slmdesk.formats.gguf import GgufError
from slmdesk.messages import Message

if TYPE_CHECKING:
    from slmdesk.net import Network

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
        self._files = OneAtATime()

    def get(self, variant: Variant) -> tuple[SparseHeader, ...]:
        """The headers of all files of `variant`, which are at a commit, in their order. Blocking.

        Raises UserError: kind NETWORK, or MODEL where a file is no GGUF file or damaged.
        """
        return tuple(self._header(file) for file in variant.files)

    def kept(self, variant: Variant) -> tuple[SparseHeader, ...]:
        """The same where all of them are on this disk; else none. Asks nobody."""
        found = []
        for file in variant.files:
            kept = self._kept.find(file.content_key)
            if kept is None:
                return ()
            found.append(SparseHeader(kept.value.data, kept.value.size))
        return tuple(found)

    def _header(self, file: ModelFile) -> SparseHeader:
        key = file.content_key
        with self._files.alone(key):
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
