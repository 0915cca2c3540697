"""Every error of the reader of model folders has words."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from slmdesk.engines import onnx_problem
from slmdesk.formats.onnx import OnnxError, OnnxErrorCode
from slmdesk.messages import ErrorKind, error_sentences

FACTS: dict[str, dict[str, str | int]] = {
    "folder_unreadable": {"reason": "Permission denied"},
    "unreadable": {"reason": "Permission denied"},
    "bad_json": {"line": 3},
    "bad_value": {"setting": "model.type"},
    "contradicts_graph": {"setting": "model.vocab_size", "value": 5000, "graph_value": 298},
    "name_not_in_graph": {"setting": "model.decoder.outputs.logits", "name": "other"},
    "cut_off": {"have_bytes": 1000, "need_bytes": 2000},
    "damaged": {"what": "a field without a number at 7"},
    "too_large": {"what": "number of nodes", "limit": 5},
    "not_for_chat": {"setting": "model.vision"},
    "unsupported": {"setting": "model.draft"},
    "outside": {"target": "../secret"},
    "link_outside": {"target": "/elsewhere"},
    "custom_library": {"setting": "custom_ops_library"},
    "custom_operator": {"domain": "evil"},
    "writes_file": {"setting": "enable_profiling"},
    "unsafe_option": {"setting": "x"},
}
NOT_ABOUT_A_FILE = ("folder_missing", "not_a_folder", "folder_unreadable")


@pytest.mark.parametrize("code", get_args(OnnxErrorCode))
def test_every_code_has_words_that_name_what_it_is_about(code: OnnxErrorCode) -> None:
    part: dict[str, str | int] = {} if code in NOT_ABOUT_A_FILE else {"part": "model.onnx"}
    error = onnx_problem(Path("/models/some"), OnnxError(code, **part, **FACTS.get(code, {})))
    assert error.kind is ErrorKind.MODEL
    assert error.facts["file"] == str(Path("/models/some"))
    assert code in error.details
    sentences = error_sentences(error)
    assert str(Path("/models/some")) in sentences.what
    assert sentences.why
    assert sentences.do
    assert not part or "model.onnx" in sentences.why
    for name, fact in FACTS.get(code, {}).items():
        if isinstance(fact, str) and name != "what":
            assert fact in sentences.why
