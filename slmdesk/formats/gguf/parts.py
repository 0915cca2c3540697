"""A split model: several files whose names say which part each is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

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
