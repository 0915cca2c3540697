"""The plainest loop over ONNX Runtime GenAI's own generator: what budget row 1 is measured against for it.

    python -m tests.benchmarks.raw_onnx_loop FOLDER THREADS CONTEXT

reads lines of JSON, [prompt, tokens], from standard input and answers each with a line of JSON: the rate at
which that many tokens were generated, greedily, in this process and with nothing else in the way.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import onnxruntime_genai

og: Any = onnxruntime_genai


def _open(folder: str, threads: int) -> tuple[Any, Any]:
    og.disable_telemetry_events()
    config = og.Config(folder)
    options = {"intra_op_num_threads": threads}
    config.overlay(json.dumps({"model": {"decoder": {"session_options": options}}}))
    model = og.Model(config)
    return model, og.Tokenizer(model)


def _generate(model: Any, tokenizer: Any, prompt: str, count: int, context_length: int) -> float:
    parameters = og.GeneratorParams(model)
    # It stops by itself at the end of an answer otherwise, and how many tokens are generated is given.
    parameters.set_search_options(max_length=context_length, min_length=context_length, do_sample=False)
    generator = og.Generator(model, parameters)
    generator.append_tokens(tokenizer.encode(prompt))
    stream = tokenizer.create_stream()
    started = 0.0
    for number in range(count):
        generator.generate_next_token()
        stream.decode(int(generator.get_next_tokens()[0]))
        if number == 0:
            started = time.perf_counter()
    return (count - 1) / (time.perf_counter() - started)


def main() -> None:
    model, tokenizer = _open(sys.argv[1], int(sys.argv[2]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        prompt, count = json.loads(line)
        print(json.dumps(_generate(model, tokenizer, prompt, count, int(sys.argv[3]))), flush=True)


if __name__ == "__main__":
    main()
