"""Model folders on the Hub: their small files are fetched, each once, and kept on this disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slmdesk.catalogue.model import ModelFile, Variant
from slmdesk.catalogue.one_at_a_time import OneAtATime
from slmdesk.catalogue.snapshot import SnapshotFolder
from slmdesk.engines import onnx_problem
from slmdesk.fit import SparseFolder
from slmdesk.formats.onnx import OnnxError
from slmdesk.messages import ErrorKind, Message, UserError

if TYPE_CHECKING:
    from slmdesk.net import Network

_MOST_FILES = 400
_MOST_BYTES = 200_000_000


class FolderStore:
    """Configs and graphs by the SHA-256 of their file, or by its place in a commit, which never changes
    either.

    Any thread: two that want the same folder fetch it once.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._kept = SnapshotFolder(folder, bytes, most_files=_MOST_FILES, most_bytes=_MOST_BYTES)
        self._folders = OneAtATime()

    def get(self, variant: Variant) -> SparseFolder:
        """What the folder of `variant` says, whose files are at a commit and have sizes. Blocking.

        Raises UserError: kind NETWORK, or MODEL where the folder is damaged, hostile or of another kind.
        """
        start = f"{variant.folder}/" if variant.folder else ""
        files = {file.path.removeprefix(start): file for file in variant.files}
        sizes = {name: file.size_bytes for name, file in files.items() if file.size_bytes is not None}
        fetched: dict[str, bytes] = {}

        def fetch(name: str) -> bytes:
            key = files[name].content_key
            kept = self._kept.find(key)
            if kept is not None:
                return kept.value
            fetched[key] = self._fetch(files[name], sizes[name])
            return fetched[key]

        with self._folders.alone(variant.id):
            try:
                found = SparseFolder.read(sizes, fetch)
            except OnnxError as error:
                raise onnx_problem(Path(variant.id.rpartition("/")[2]), error) from error
            for key, content in fetched.items():
                self._kept.keep(key, content)
        return found

    def _fetch(self, file: ModelFile, size: int) -> bytes:
        """The whole content. Raises UserError (kind NETWORK), also where it is not what the list promised."""
        url = self._network.url_of(file.repo, file.path, file.revision)
        with self._network.ranged(url, why=Message("hub-why-folder"), expected_size=size) as source:
            content = source.read_at(0, size)
        if len(content) != size or file.sha256 not in ("", hashlib.sha256(content).hexdigest()):
            host = urlsplit(self._network.endpoint).hostname or ""
            raise UserError("network-file-changed", ErrorKind.NETWORK, host=host)
        return content
