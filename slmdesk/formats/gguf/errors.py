"""Why a GGUF file cannot be used, as a code with facts: the words are made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

GgufErrorCode: TypeAlias = Literal[
    "missing",
    "is_directory",
    "not_a_file",
    "unreadable",
    "empty",
    "not_gguf",
    "unsupported_version",
    "cut_off",
    "header_cut_off",
    "damaged",
    "too_large",
]


class GgufError(Exception):
    """A GGUF file that cannot be read.

    `code` says what is wrong and `facts` holds the numbers:

    - `missing`, `is_directory`, `not_a_file` (a pipe, a socket, a device), `empty`, `not_gguf`: nothing more
      to say
    - `unreadable`: `reason`, the system's own words
    - `unsupported_version`: `version`
    - `cut_off`: `have_bytes` and `need_bytes` (at least this much)
    - `header_cut_off`: `have_bytes`; how much is missing is not known
    - `damaged`: `what`, a short technical description for the log
    - `too_large`: `what`, `limit`
    """

    def __init__(self, code: GgufErrorCode, **facts: str | int) -> None:
        super().__init__(code, facts)
        self.code: GgufErrorCode = code
        self.facts: Mapping[str, str | int] = facts

    def __str__(self) -> str:
        return f"{self.code} {dict(self.facts)}" if self.facts else self.code
