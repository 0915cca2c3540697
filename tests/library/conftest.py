"""A GGUF file of any content, small enough to write in a test."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

WriteGguf = Callable[..., Path]

_UINT32, _STRING = 4, 8
_F32 = 0
_ALIGNMENT = 32


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


@pytest.fixture
def write_gguf() -> WriteGguf:
    """Writes a model with one tensor of 8 weights and the given metadata, and returns its path."""

    def write(path: Path, metadata: Mapping[str, str | int] | None = None, *, version: int = 3) -> Path:
        values: dict[str, str | int] = {"general.architecture": "llama", **(metadata or {})}
        header = b"GGUF" + struct.pack("<IQQ", version, 1, len(values))
        for key, value in values.items():
            if isinstance(value, int):
                header += _text(key) + struct.pack("<II", _UINT32, value)
            else:
                header += _text(key) + struct.pack("<I", _STRING) + _text(value)
        header += _text("token_embd.weight") + struct.pack("<IQIQ", 1, 8, _F32, 0)
        header += bytes(-len(header) % _ALIGNMENT)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(header + bytes(32))
        return path

    return write
