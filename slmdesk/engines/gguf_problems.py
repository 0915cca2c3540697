"""Reading the header of a GGUF file, and what is wrong with the file as an error for people."""

from __future__ import annotations

from pathlib import Path

from slmdesk.formats.gguf import GgufError, GgufErrorCode, GgufHeader, read_header
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
