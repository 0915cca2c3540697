"""Why a model folder cannot be used, as a code with facts: the words are made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

OnnxErrorCode: TypeAlias = Literal[
    "folder_missing",
    "not_a_folder",
    "folder_unreadable",
    "missing",
    "not_a_file",
    "unreadable",
    "empty",
    "lfs_pointer",
    "bad_json",
    "byte_order_mark",
    "bad_value",
    "contradicts_graph",
    "name_not_in_graph",
    "not_onnx",
    "no_graph",
    "cut_off",
    "damaged",
    "too_large",
    "not_for_chat",
    "unsupported",
    "outside",
    "link_outside",
    "custom_library",
    "custom_operator",
    "writes_file",
    "unsafe_option",
]


class OnnxError(Exception):
    """A model folder that cannot be read, or that nothing native may be shown.

    `code` says what is wrong. `facts` has `part`, the file in the folder it is about, for all but the first
    three, and:

    - `folder_missing`, `not_a_folder`, `missing`, `not_a_file` (a folder, a pipe, a device), `empty`,
      `lfs_pointer` (what Git leaves instead of a large file), `not_onnx`, `no_graph`: nothing more to say
    - `folder_unreadable`, `unreadable`: `reason`, the system's own words
    - `bad_json`: `line`, 0 where it is not known
    - `byte_order_mark`: nothing more; the native library reads this file only without one
    - `bad_value`: `setting`, a value of genai_config.json that is missing or of the wrong type or size
    - `contradicts_graph`: `setting`, a number in genai_config.json, its `value`, and `graph_value`, what the
      graph has instead
    - `name_not_in_graph`: `setting`, and `name`, the input or output it names, which the graph does not have
    - `cut_off`: `have_bytes` and `need_bytes` (at least this much)
    - `damaged`: `what`, a short technical description for the log
    - `too_large`: `what`, `limit`
    - `not_for_chat`, `unsupported`: `setting`, the section or value of genai_config.json that says so
    - `outside`: `target`, the place outside the folder that the part names for its data
    - `link_outside`: `target`, where the part, a link, leads
    - `custom_library`: `setting`, the option that names a library to be loaded
    - `custom_operator`: `domain`, whose operators would need such a library
    - `writes_file`, `unsafe_option`: `setting`, the option
    """

    def __init__(self, code: OnnxErrorCode, **facts: str | int) -> None:
        super().__init__(code, facts)
        self.code: OnnxErrorCode = code
        self.facts: Mapping[str, str | int] = facts

    def __str__(self) -> str:
        return f"{self.code} {dict(self.facts)}" if self.facts else self.code
