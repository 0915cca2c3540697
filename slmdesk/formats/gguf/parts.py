"""A split model: several files whose names say which part each is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from slmdesk.formats.gguf.header import GgufHeader

_PART = re.compile(r"^(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})$")


class Part(NamedTuple):
    """Which part of a split model a file is, by its name."""

    name: str
    """What the names of all parts begin with."""
    number: int
    """From 1."""
    parts: int

    def file(self, number: int, path: Path) -> Path:
        """The file of part `number` beside `path`, which is that of another part."""
        return path.with_name(f"{self.name}-{number:05d}-of-{self.parts:05d}{path.suffix}")


def find_part(stem: str) -> Part | None:
    """The part that a file of this name (without its ending) is, or None for a whole model."""
    match = _PART.match(stem)
    if match is None:
        return None
    part = Part(match["name"], int(match["number"]), int(match["count"]))
    return part if 1 <= part.number <= part.parts else None


def fault_of_set(headers: Sequence[GgufHeader]) -> str:
    """Why llama.cpp would refuse files as the parts of one model, technically; "": it would not, as far as
    their headers tell.

    It wants to be told (src/llama-model-loader.cpp): by each part its number, and by the first one how many
    there are and how many tensors are in all of them.
    """
    if len(headers) < 2:
        return ""
    if headers[0].split_count != len(headers):
        return f"split.count is {headers[0].number('split.count')} of {len(headers)} parts"
    for number, header in enumerate(headers):
        if header.number("split.no") != number:
            return f"split.no is {header.number('split.no')} in part {number}"
    stated, there = headers[0].number("split.tensors.count"), sum(len(one.tensors) for one in headers)
    return f"split.tensors.count is {stated} of {there} tensors" if stated != there else ""
