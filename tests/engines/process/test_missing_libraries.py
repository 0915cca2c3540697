"""What is said where a native library of an engine cannot be loaded."""

from __future__ import annotations

import pytest

from slmdesk.engines.missing_libraries import missing_library, start_error
from slmdesk.messages import error_sentences, one_line

_CUDART = "ImportError: libcudart.so.13: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("said", "library"),
    [
        (_CUDART, "libcudart.so.13"),
        # As llama-cpp-python passes it on.
        (
            "RuntimeError: Failed to load shared library '/x/libllama.so': libcublas.so.12: cannot open"
            " shared object file: No such file or directory",
            "libcublas.so.12",
        ),
        (
            "OSError: Error loading shared library libgomp.so.1: No such file or directory (needed by"
            " /x/libggml-cpu.so)",
            "libgomp.so.1",
        ),
        ("OSError: dlopen(/x/a.dylib): Library not loaded: @rpath/libomp.dylib", "libomp.dylib"),
        # The package's own file: it is the package that is damaged.
        ("OSError: /x/libllama.so: cannot open shared object file: No such file or directory", ""),
        ("OSError: libggml-base.so: cannot open shared object file: No such file or directory", ""),
        ("ImportError: /x/libllama.so: undefined symbol: ggml_init", ""),
        ("", ""),
    ],
)
def test_the_library_that_is_missing(said: str, library: str) -> None:
    assert missing_library(said) == library


@pytest.mark.parametrize(
    ("library", "key", "words"),
    [
        ("libcudart.so.13", "engine-needs-runtime", "a part of CUDA 13 from NVIDIA"),
        ("libcudnn.so.9", "engine-needs-runtime", "a part of cuDNN 9 from NVIDIA"),
        # Numbered otherwise than CUDA itself.
        ("libcufft.so.11", "engine-needs-runtime", "a part of CUDA from NVIDIA"),
        ("libamdhip64.so.6", "engine-needs-runtime", "a part of ROCm from AMD"),
        ("libcuda.so.1", "engine-needs-driver", "a part of the driver from NVIDIA"),
        ("libvulkan.so.1", "engine-needs-library", "the library libvulkan.so.1 that it needs"),
    ],
)
def test_what_is_missing_is_said(library: str, key: str, words: str) -> None:
    error = start_error("One", f"Traceback\nImportError: {library}: cannot open shared object file: No such")
    assert error.key == key
    line = one_line(error)
    assert line.startswith("One cannot be started: ")
    assert library in line
    assert words in line
    for in_doctor in (False, True):
        do = error_sentences(error, in_doctor=in_doctor).do
        assert do.startswith("Install ")
    assert "Traceback" in error.details


def test_the_reason_is_said_where_nothing_is_known_about_it() -> None:
    error = start_error("One", "Traceback\nImportError: undefined symbol: ggml_init\n")
    assert error.key == "engine-could-not-start"
    assert "“ImportError: undefined symbol: ggml_init”" in one_line(error)
