"""That llama.cpp really ends its process where our guards say so, in children that may be killed.

When one of these fails after an update of the library, the guard it belongs to may have become needless.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.llama_cpp.test_guards import HOSTILE
from tests.formats import gguf_writer as w

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX exit statuses")

START = """
import ctypes, os, sys
os.environ["GGML_NO_BACKTRACE"] = "1"
from llama_cpp import llama_cpp as lib
quiet = lib.llama_log_callback(lambda level, text, data: None)
lib.llama_log_set(quiet, None)
lib.llama_backend_init()
def load():
    parameters = lib.llama_model_default_params()
    # Facts of llama.cpp, not of a computer that cannot keep what its AMX holds (engines/llama_cpp/amx.py).
    parameters.use_extra_bufts = False
    model = lib.llama_model_load_from_file(sys.argv[1].encode(), parameters)
    return model or sys.exit(7)
def context(model, **values):
    parameters = lib.llama_context_default_params()
    for name, value in {"n_ctx": 256, "n_threads": 1, "n_threads_batch": 1, **values}.items():
        setattr(parameters, name, value)
    return lib.llama_init_from_model(model, parameters) or sys.exit(8)
def decode(context, count):
    tokens = (ctypes.c_int32 * count)(*[5] * count)
    return lib.llama_decode(context, lib.llama_batch_get_one(tokens, count))
def greedy():
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_greedy())
    return chain
"""

KILLS = {
    "a batch larger than the context": "decode(context(load()), 300)",
    "the piece of a token that is none": (
        "v = lib.llama_model_get_vocab(load())\n"
        "lib.llama_token_to_piece(v, 10**6, ctypes.create_string_buffer(9), 9, 0, False)"
    ),
    "an unknown KV type": "context(load(), type_k=99, type_v=99)",
    "drawing before an evaluation": "lib.llama_sampler_sample(greedy(), context(load()), -1)",
    "freeing twice": "c = context(load()); lib.llama_free(c); lib.llama_free(c)",
}


def status(script: str, file: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", START + script, str(file)], capture_output=True, timeout=60, check=False
    ).returncode


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(w.tiny_model())
    return file


def test_the_script_itself_works(tiny: Path) -> None:
    script = """
c, s = context(load()), greedy()
assert decode(c, 256) == 0
assert lib.llama_sampler_sample(s, c, -1) >= 0
"""
    assert status(script, tiny) == 0


@pytest.mark.parametrize("script", KILLS.values(), ids=KILLS.keys())
def test_calls_that_kill(tiny: Path, script: str) -> None:
    assert status(script, tiny) < 0


@pytest.mark.parametrize(
    "name", sorted(set(HOSTILE) - {"block_count negative", "no architecture", "short token types"})
)
def test_headers_that_kill(tmp_path: Path, name: str) -> None:
    file = tmp_path / "hostile.gguf"
    file.write_bytes(w.tiny_model(HOSTILE[name]))
    assert status("decode(context(load()), 4)", file) < 0


@pytest.mark.parametrize("name", ["block_count negative", "no architecture", "short token types"])
def test_headers_that_are_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "hostile.gguf"
    file.write_bytes(w.tiny_model(HOSTILE[name]))
    assert status("decode(context(load()), 4)", file) == 7


def test_a_character_without_tokens_kills(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    tokens = ["<missing>" if token == "<0xC5>" else token for token in w.TOKENS]
    file.write_bytes(w.tiny_model({"tokenizer.ggml.tokens": (w.ARRAY, (w.STRING, tokens))}))
    script = """
vocabulary, text = lib.llama_model_get_vocab(load()), "ł".encode()
lib.llama_tokenize(vocabulary, text, len(text), (ctypes.c_int32 * 9)(), 9, False, True)
"""
    assert status(script, file) < 0
