"""Names of repositories and files."""

from __future__ import annotations

import pytest

from slmdesk.catalogue.names import is_repository, is_safe_path, size_in, title_of


@pytest.mark.parametrize(
    "name", ["Qwen/Qwen3-4B-GGUF", "a/b", "bartowski/SmolLM2-1.7B_x", "a/_b", "01-ai/Yi-6B"]
)
def test_repositories(name: str) -> None:
    assert is_repository(name)


@pytest.mark.parametrize(
    "name",
    ["", "a", "a/b/c", "../b", "a/..", "a/b.git", "a b/c", "a/b\n", "a/ł", "a\\b", "/b", "a/", "a/b--c",
     "a" * 97 + "/b", None, 3],
)  # fmt: skip
def test_no_repositories(name: object) -> None:
    assert not is_repository(name)


@pytest.mark.parametrize("path", ["model.gguf", "cpu/int4/genai_config.json", "Ünï.gguf", ".gitattributes"])
def test_paths_that_stay_inside(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "C:/x", "a\\b", "a\nb", "a\u202eb", "nul",
     "a/COM1.gguf", "a/b.", "a/b ", "x" * 501, "a:stream", None],
)  # fmt: skip
def test_paths_that_do_not(path: object) -> None:
    assert not is_safe_path(path)


@pytest.mark.parametrize(
    ("repo", "title"),
    [
        ("bartowski/Qwen3-4B-GGUF", "Qwen3 4B"),
        ("microsoft/Phi-4-mini-instruct-onnx", "Phi 4 mini instruct"),
        ("a/SmolLM2-1.7B-Instruct-Q4_K_M-GGUF", "SmolLM2 1.7B Instruct"),
        ("a/GGUF", "GGUF"),
    ],
)
def test_titles(repo: str, title: str) -> None:
    assert title_of(repo) == title


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen3 4B", ("4B", 4.0, None)),
        ("Qwen3-30B-A3B", ("30B-A3B", 30.0, 3.0)),
        ("SmolLM2 135M Instruct", ("135M", 0.135, None)),
        ("Qwen2.5 0.5b", ("0.5B", 0.5, None)),
        ("Mixtral 8x7B", ("8x7B", 56.0, None)),
        ("Phi 4 mini", None),
        ("Model 4bit", None),
        ("LFM2.5", None),
    ],
)
def test_sizes_in_names(name: str, size: tuple[str, float, float | None] | None) -> None:
    assert size_in(name) == size
