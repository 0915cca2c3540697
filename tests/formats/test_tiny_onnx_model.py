"""The tiny model in tests/data is what its script makes, and what the native library takes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.data import make_tiny_onnx_model
from tests.formats.onnx_folders import TINY

_LARGEST = 600_000

# Answers greedily, three times: afresh, again, and after going back to the middle of the prompt.
_ANSWER = """
import json, sys
import onnxruntime_genai as og
model = og.Model(sys.argv[1])
tokenizer = og.Tokenizer(model)
prompt = [int(one) for one in tokenizer.encode("<|im_start|>user\\nZażółć gęślą jaźń 🙂<|im_end|>\\n")]
params = og.GeneratorParams(model)
params.set_search_options(max_length=1024, do_sample=False)
answers = []
for _ in range(2):
    generator = og.Generator(model, params)
    generator.append_tokens(prompt)
    answers.append([])
    for _ in range(50):
        generator.generate_next_token()
        answers[-1].append(int(generator.get_next_tokens()[0]))
generator.rewind_to(len(prompt) // 2)
generator.append_tokens(prompt[len(prompt) // 2:])
answers.append([])
for _ in range(50):
    generator.generate_next_token()
    answers[-1].append(int(generator.get_next_tokens()[0]))
print(json.dumps([prompt, answers]))
"""


def test_the_script_makes_the_same_files(tmp_path: Path) -> None:
    make_tiny_onnx_model.make(tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    stored = {file.name: file.read_bytes() for file in TINY.iterdir()}
    assert made.keys() == stored.keys()
    assert [name for name in made if made[name] != stored[name]] == []


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in TINY.iterdir()) < _LARGEST


@pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime_genai") is None, reason="onnxruntime-genai is not installed"
)
def test_the_native_library_answers_with_it() -> None:
    command = [sys.executable, "-c", _ANSWER, str(TINY)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    prompt, answers = json.loads(done.stdout)
    # A letter of two bytes is two tokens, but for those that the merges know.
    vocabulary = json.loads((TINY / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert vocabulary["Å¼"] in prompt
    assert len(prompt) > len("Zażółć gęślą jaźń 🙂")
    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0])) > 10
