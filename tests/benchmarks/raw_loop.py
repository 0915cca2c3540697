"""The plainest decode loop over llama.cpp's C API: what budget row 1 is measured against.

    python -m tests.benchmarks.raw_loop MODEL THREADS CONTEXT

reads lines of JSON, [prompt, tokens], from standard input and answers each with a line of JSON: the rate at
which that many tokens were generated, greedily, in this process and with nothing else in the way.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any

import llama_cpp as native

from slmdesk.engines.llama_cpp.native import amx_is_left_alone

# Native code calls it until the process ends.
_QUIET = native.llama_log_callback(lambda level, text, user: None)


def _open(path: str, threads: int, context_length: int) -> tuple[Any, Any]:
    native.llama_log_set(_QUIET, ctypes.c_void_p(0))
    native.llama_backend_init()
    model_params = native.llama_model_default_params()
    # As the engine does on this computer.
    model_params.use_extra_bufts = not amx_is_left_alone()
    model = native.llama_model_load_from_file(path.encode(), model_params)
    params = native.llama_context_default_params()
    params.n_ctx, params.n_batch = context_length, 512
    params.n_threads, params.n_threads_batch = threads, threads
    return model, native.llama_init_from_model(model, params)


def _generate(model: Any, context: Any, prompt: str, count: int) -> float:
    vocab = native.llama_model_get_vocab(model)
    text = prompt.encode()
    tokens = (native.llama_token * (len(text) + 8))()
    found = native.llama_tokenize(vocab, text, len(text), tokens, len(tokens), True, True)
    native.llama_memory_clear(native.llama_get_memory(context), True)
    sampler = native.llama_sampler_init_greedy()
    native.llama_decode(context, native.llama_batch_get_one(tokens, found))
    piece = ctypes.create_string_buffer(256)
    one = (native.llama_token * 1)()
    started = 0.0
    for number in range(count):
        one[0] = native.llama_sampler_sample(sampler, context, -1)
        native.llama_token_to_piece(vocab, one[0], piece, len(piece), 0, True)
        if number == 0:
            started = time.perf_counter()
        if number < count - 1:
            native.llama_decode(context, native.llama_batch_get_one(one, 1))
    rate = (count - 1) / (time.perf_counter() - started)
    native.llama_sampler_free(sampler)
    return rate


def main() -> None:
    model, context = _open(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        prompt, count = json.loads(line)
        print(json.dumps(_generate(model, context, prompt, count)), flush=True)


if __name__ == "__main__":
    main()
