from __future__ import annotations

import pytest

from slmdesk.formats.gguf import find_part
from slmdesk.library.titles import make_title


@pytest.mark.parametrize(
    ("name", "stem", "title"),
    [
        ("SmolLM2 135M Instruct", "x", "SmolLM2 135M Instruct"),
        ("SmolLM2-135M-Instruct", "x", "SmolLM2 135M Instruct"),
        ("", "SmolLM2-135M-Instruct.Q4_1", "SmolLM2 135M Instruct"),
        ("", "qwen2.5-1.5b-instruct-q4_k_m", "qwen2.5 1.5b instruct"),
        ("", "Llama_3.2_1B-IQ2_XXS", "Llama 3.2 1B"),
        ("", "gpt-oss-20b-MXFP4", "gpt oss 20b"),
        ("", "gemma-3-270m-BF16", "gemma 3 270m"),
        ("", "gemma-3-270m-f16", "gemma 3 270m"),
        ("", "Big-Model-Q8_0-00001-of-00003", "Big Model"),
        ("  two\nlines\t", "x", "two lines"),
        ("\x1b[31mred", "x", "[31mred"),
        ("Zażółć gęślą", "x", "Zażółć gęślą"),
        ("نموذج صغير", "x", "نموذج صغير"),
        ("模型 🙂", "x", "模型 🙂"),
        ("", "Q4_K_M", "Q4 K M"),
        ("", "---", "?"),
        ("n" * 500, "x", "n" * 79 + "…"),
    ],
)
def test_title(name: str, stem: str, title: str) -> None:
    assert make_title(name, stem) == title


@pytest.mark.parametrize("stem", ["model", "model-1-of-2", "model-00003-of-00002", "model-00000-of-00002"])
def test_whole_model(stem: str) -> None:
    assert find_part(stem) is None


def test_part() -> None:
    assert find_part("a-b-00002-of-00010") == ("a-b", 2, 10)
