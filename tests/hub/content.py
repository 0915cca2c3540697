"""The bytes of one file of the loopback Hub, and its hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

_LFS_SUFFIXES = (".gguf", ".onnx", ".data", ".bin", ".safetensors")

_HASHED_AS_IT_IS_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class SparseFile:
    """A file of `size` bytes that begins with `header` and is zero from there on."""

    header: bytes
    size: int
    sha256: str = ""
    """Given, or the true one for files up to 64 MiB; a larger one gets a hash made from header and size."""


Content: TypeAlias = bytes | SparseFile | Path
"""A path: the bytes of that file."""


@dataclass(frozen=True)
class HubFile:
    """A file at one commit."""

    path: str
    content: Content

    @cached_property
    def size(self) -> int:
        if isinstance(self.content, SparseFile):
            return self.content.size
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    @cached_property
    def is_lfs(self) -> bool:
        """Whether the Hub keeps it outside git, and so on another host."""
        return not isinstance(self.content, bytes) or self.path.endswith(_LFS_SUFFIXES)

    @cached_property
    def sha256(self) -> str:
        if isinstance(self.content, SparseFile):
            if self.content.sha256:
                return self.content.sha256
            if self.size > _HASHED_AS_IT_IS_BYTES:
                return hashlib.sha256(self.content.header + self.size.to_bytes(8, "big")).hexdigest()
        return hashlib.sha256(self.read(0, self.size)).hexdigest()

    @cached_property
    def oid(self) -> str:
        """What git calls the blob: of a file in LFS that of its pointer."""
        if self.is_lfs:
            return hashlib.sha1(f"pointer {self.sha256} {self.size}".encode()).hexdigest()
        content = self.read(0, self.size)
        return hashlib.sha1(b"blob %d\0" % self.size + content).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_lfs else self.oid

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, which lie inside the file."""
        if isinstance(self.content, bytes):
            return self.content[start:stop]
        if isinstance(self.content, Path):
            with self.content.open("rb") as file:
                file.seek(start)
                return file.read(stop - start)
        known = self.content.header[start:stop]
        return known + bytes(stop - start - len(known))

    def as_tree_entry(self) -> dict[str, object]:
        """As the tree and paths-info of the Hub have it."""
        entry: dict[str, object] = {
            "type": "file",
            "oid": self.oid,
            "size": self.size,
            "path": self.path,
        }
        if self.is_lfs:
            entry["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 134}
        return entry

    def as_sibling(self, *, with_sizes: bool) -> dict[str, object]:
        """As the information about a model has it."""
        entry: dict[str, object] = {"rfilename": self.path}
        if with_sizes:
            entry |= {"size": self.size, "blobId": self.oid}
            if self.is_lfs:
                entry["lfs"] = {"sha256": self.sha256, "size": self.size, "pointerSize": 134}
        return entry


def tree_of(files: Mapping[str, HubFile], folder: str, *, recursive: bool) -> list[dict[str, object]]:
    """The entries below `folder`, folders before files."""
    start = f"{folder}/" if folder else ""
    inside = {path: file for path, file in files.items() if path.startswith(start)}
    folders: dict[str, dict[str, object]] = {}
    entries = []
    for path, file in inside.items():
        steps = path.removeprefix(start).split("/")
        for depth in range(1, len(steps) if recursive else min(2, len(steps))):
            name = start + "/".join(steps[:depth])
            folders.setdefault(name, {"type": "directory", "oid": file.oid, "size": 0, "path": name})
        if recursive or len(steps) == 1:
            entries.append(file.as_tree_entry())
    return [*folders.values(), *entries]
