"""What the reader of model folders finds wrong with one, as an error for people."""

from __future__ import annotations

from pathlib import Path

from slmdesk.formats.onnx import OnnxError, OnnxErrorCode
from slmdesk.messages import ErrorKind, UserError

_KEYS: dict[OnnxErrorCode, str] = {
    "folder_missing": "model-missing",
    "not_a_folder": "onnx-not-a-folder",
    "folder_unreadable": "onnx-folder-unreadable",
    "missing": "onnx-file-missing",
    "not_a_file": "onnx-file-no-file",
    "unreadable": "onnx-file-unreadable",
    "empty": "onnx-file-empty",
    "lfs_pointer": "onnx-file-not-fetched",
    "bad_json": "onnx-bad-json",
    "byte_order_mark": "onnx-byte-order-mark",
    "bad_value": "onnx-bad-value",
    "contradicts_graph": "onnx-contradicts-graph",
    "name_not_in_graph": "onnx-name-not-in-graph",
    "not_onnx": "onnx-not-onnx",
    "no_graph": "onnx-no-graph",
    "cut_off": "onnx-cut-off",
    "damaged": "onnx-damaged",
    "too_large": "onnx-too-large",
    "not_for_chat": "onnx-not-for-chat",
    "unsupported": "onnx-unsupported",
    "outside": "onnx-outside",
    "link_outside": "onnx-link-outside",
    "custom_library": "onnx-custom-library",
    "custom_operator": "onnx-custom-operator",
    "writes_file": "onnx-writes-file",
    "unsafe_option": "onnx-unsafe-option",
}


def onnx_problem(path: Path, error: OnnxError) -> UserError:
    """The reader's error about the folder `path` (kind MODEL), whoever met it: the library or the engine."""
    return UserError(
        _KEYS[error.code], ErrorKind.MODEL, details=str(error), **{"file": str(path), **error.facts}
    )
