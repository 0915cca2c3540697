"""Reading the header of a GGUF file, and what is wrong with the file as an error for people."""

from __future__ import annotations

from pathlib import Path

from slmdesk.formats.gguf import GgufError, GgufErrorCode, GgufHeader, find_part, read_header
from slmdesk.messages import ErrorKind, UserError

_KEYS: dict[GgufErrorCode, str] = {
    "missing": "model-missing",
    "is_directory": "model-is-folder",
    "not_a_file": "model-not-a-file",
    "unreadable": "model-unreadable",
    "empty": "model-empty",
    "not_gguf": "model-not-gguf",
    "unsupported_version": "model-version",
    "cut_off": "model-cut-off",
    "header_cut_off": "model-header-cut-off",
    "damaged": "model-damaged",
    "too_large": "model-header-too-large",
}


def gguf_problem(path: Path, error: GgufError) -> UserError:
    """The reader's error about the file at `path` (kind MODEL), whoever met it: the library or the engine."""
    return UserError(
        _KEYS[error.code], ErrorKind.MODEL, details=str(error), **{"file": str(path), **error.facts}
    )


def read_whole_header(path: Path) -> GgufHeader:
    """The header of the file at `path`, of which nothing may be missing. Raises UserError (kind MODEL)."""
    try:
        header = read_header(path)
        header.require_complete()
    except GgufError as error:
        raise gguf_problem(path, error) from error
    return header


def other_parts(path: Path, first: GgufHeader) -> list[Path]:
    """The other files of the split model whose first part, with the header `first`, is at `path`; empty: it
    is not split.

    Raises UserError (kind MODEL) where `path` is a later part, which no engine takes, or where one is
    missing.
    """
    count = first.split_count
    if count == 1:
        return []
    named = find_part(path.stem)
    if named is None or named.parts != count or named.number != 1 or first.split_index != 0:
        raise UserError("model-not-first-part", ErrorKind.MODEL, file=str(path), count=count)
    parts = [named.file(number, path) for number in range(2, count + 1)]
    for part in parts:
        if not part.exists():
            raise UserError("model-part-missing", ErrorKind.MODEL, file=str(path), part=part.name)
    return parts
