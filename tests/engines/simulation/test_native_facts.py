"""That llama.cpp really ends its process where the simulation keeps away from, in children."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.engines.simulation.conftest import Small

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX exit statuses"),
    pytest.mark.slow,
]

SCRIPT = """
import ctypes, os, sys
os.environ["GGML_NO_BACKTRACE"] = "1"
from llama_cpp import llama_cpp as lib
quiet = lib.llama_log_callback(lambda level, text, data: None)
lib.llama_log_set(quiet, None)
lib.llama_backend_init()
parameters = lib.llama_model_default_params()
parameters.use_extra_bufts = False
parameters.no_alloc = True
parameters.load_mode = int(sys.argv[2])
model = lib.llama_model_load_from_file(sys.argv[1].encode(), parameters) or sys.exit(7)
context = lib.llama_context_default_params()
context.n_ctx = 512
made = lib.llama_init_from_model(model, context) or sys.exit(8)
if sys.argv[3] == "decode":
    tokens = (ctypes.c_int32 * 4)(5, 5, 5, 5)
    lib.llama_decode(made, lib.llama_batch_get_one(tokens, 4))
"""


def status(small: Small, mode: int, then: str) -> int:
    command = [sys.executable, "-c", SCRIPT, str(small("sliding window")), str(mode), then]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.parametrize(("mode", "then", "dies"), [(0, "", False), (1, "", True), (0, "decode", True)])
def test_mapping_the_file_and_decoding_kill(small: Small, mode: int, then: str, dies: bool) -> None:
    assert (status(small, mode, then) < 0) == dies
