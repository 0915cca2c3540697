"""Names of repositories on the Hub, as people read them and as far as they may be trusted."""

from __future__ import annotations

import re
from typing import NamedTuple

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
# What is written behind the model's name: the format, the runtime, how it was made smaller.
_ENDING = re.compile(
    r"(?<=.)[-_. ]+(?:i1|imatrix|gguf|onnx|ort|genai|web|cpu|gpu|cuda|directml|dml|int[48]|fp?16|fp?32|bf16"
    r"|I?Q[1-8]_[0-9A-Z]+(?:_[A-Z]+)*|MXFP4(?:_MOE)?)$",
    re.IGNORECASE,
)
# 4B, 1.5b, 135M, 30B-A3B, 8x7B; not the 4B in "4Bit".
_SIZE = re.compile(
    r"(?<![A-Za-z0-9.])(?:(?P<experts>\d{1,3})x)?(?P<count>\d{1,4}(?:\.\d{1,3})?)(?P<unit>[BMbm])"
    r"(?:-[Aa](?P<active>\d{1,3}(?:\.\d)?)[Bb])?(?![A-Za-z0-9])"
)
_LONGEST_PATH = 500
_LONGEST_NAME = 80


def is_repository(name: object) -> bool:
    """Whether `name` may be a repository: `owner/name` in the letters that the Hub allows."""
    if not isinstance(name, str) or _REPOSITORY.fullmatch(name) is None:
        return False
    return ".." not in name and "--" not in name and not name.endswith((".git", "-", "."))


def is_safe_path(path: object) -> bool:
    """Whether `path` stays inside a folder on every system, whatever is joined to it.

    Also not: names that Windows reads as devices or streams, and characters that are not shown.
    """
    if not isinstance(path, str) or not 0 < len(path) <= _LONGEST_PATH or not path.isprintable():
        return False
    if any(character in path for character in '\\:*?"<>|'):
        return False
    parts = path.split("/")
    return all(
        part not in ("", ".", "..") and not part.endswith((".", " ")) and not _is_device(part)
        for part in parts
    )


def _is_device(part: str) -> bool:
    stem = part.split(".", 1)[0].upper()
    return stem in ("CON", "PRN", "AUX", "NUL") or re.fullmatch(r"(?:COM|LPT)[0-9]", stem) is not None


def title_of(repo: str) -> str:
    """A title from the name of a repository: `bartowski/Qwen3-4B-GGUF` is `Qwen3 4B`."""
    name = repo.rpartition("/")[2]
    while (shorter := _ENDING.sub("", name)) != name:
        name = shorter
    title = " ".join(re.sub(r"[-_]+", " ", name).split()) or repo
    return title if len(title) <= _LONGEST_NAME else title[: _LONGEST_NAME - 1].rstrip() + "…"


class SoldSize(NamedTuple):
    """A size as a name sells it."""

    label: str
    billions: float
    active_billions: float | None = None


def size_in(name: str) -> SoldSize | None:
    """The size that the name sells, for example `30B-A3B`; None where it has none."""
    found = _SIZE.search(name)
    if found is None:
        return None
    count = float(found["count"]) * int(found["experts"] or 1)
    return SoldSize(
        found[0].upper().replace("X", "x"),
        count if found["unit"] in "Bb" else count / 1000,
        float(found["active"]) if found["active"] else None,
    )
