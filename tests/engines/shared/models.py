"""Where the ONNX models of the tests are."""

from __future__ import annotations

from pathlib import Path

_REPOSITORY = Path(__file__).parents[3]

TINY_ONNX = _REPOSITORY / "tests" / "data" / "tiny-onnx"
"""Made by `tests.data.make_tiny_onnx_model`; says nothing that makes sense."""
REAL_ONNX = _REPOSITORY.parent / "shared" / "models" / "smollm2-135m-instruct-int4-onnx"
"""Not in every checkout: tests with it skip where it is missing."""
