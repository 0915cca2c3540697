"""Which library an engine's own native library looked for in vain, from what the system said. Pure."""

from __future__ import annotations

import re

from slmdesk.engines.deaths import last_words
from slmdesk.messages import ErrorKind, UserError

# What glibc, musl and macOS say. A name without a folder: one with a folder is a file of the package itself.
_MISSING = (
    re.compile(r"(?:^|[\s:(])(?P<name>[\w.+-]+\.so[.\d]*): cannot open shared object file"),
    re.compile(r"Error loading shared library (?P<name>[\w.+-]+\.so[.\d]*): No such file"),
    re.compile(r"Library not loaded: @?(?:[^\s/]*/)?(?P<name>[\w.+-]+\.dylib)"),
)
# What the engines' packages bring themselves, where it was not looked for in their own folders.
_OWN = ("libllama", "libggml", "libmtmd", "libonnxruntime")
_CUDA = "CUDA"
# By the beginning of the library's name: who makes it, and what it belongs to.
_MAKERS: tuple[tuple[str, str, str], ...] = (
    ("libcudnn", "NVIDIA", "cuDNN"),
    ("libnvinfer", "NVIDIA", "TensorRT"),
    ("libcudart", "NVIDIA", _CUDA),
    ("libcublas", "NVIDIA", _CUDA),
    ("libcufft", "NVIDIA", _CUDA),
    ("libcurand", "NVIDIA", _CUDA),
    ("libcusparse", "NVIDIA", _CUDA),
    ("libnvrtc", "NVIDIA", _CUDA),
    ("libnvjitlink", "NVIDIA", _CUDA),
    ("libamdhip", "AMD", "ROCm"),
    ("libhipblas", "AMD", "ROCm"),
    ("librocblas", "AMD", "ROCm"),
    ("libsycl", "Intel", "oneAPI"),
    ("libmkl", "Intel", "oneAPI"),
)
# Those whose libraries are numbered as they are themselves; NVIDIA numbers libcufft otherwise, for example.
_NUMBERED = ("libcudart", "libcublas", "libcudnn", "libnvinfer")
_DRIVER = re.compile(r"libcuda\.so|libnvidia-ml\.so")


def missing_library(said: str) -> str:
    """The name of the library that was looked for and is not here, or "": none, or the engine's own."""
    found = [match["name"] for pattern in _MISSING for match in pattern.finditer(said)]
    return found[-1] if found and not found[-1].startswith(_OWN) else ""


def start_error(engine: str, said: str) -> UserError:
    """Why the engine with the title `engine` cannot be started whose native library could not be loaded.

    `said`: the traceback; it becomes the details.
    """
    library = missing_library(said)
    if not library:
        return UserError(
            "engine-could-not-start", ErrorKind.MODEL, details=said, engine=engine, reason=last_words(said)
        )
    if _DRIVER.match(library):
        return UserError("engine-needs-driver", ErrorKind.MODEL, details=said, engine=engine, library=library)
    for beginning, maker, product in _MAKERS:
        if library.lower().startswith(beginning):
            return UserError(
                "engine-needs-runtime", ErrorKind.MODEL, details=said, engine=engine, library=library,
                maker=maker, product=f"{product} {_version(library)}".rstrip(),
            )  # fmt: skip
    return UserError("engine-needs-library", ErrorKind.MODEL, details=said, engine=engine, library=library)


def _version(library: str) -> str:
    """`13` of `libcudart.so.13`, `11.0` of `libcudart.so.11.0`; "" where it is not that of the product."""
    numbered = library.lower().startswith(_NUMBERED)
    return library.partition(".so.")[2].strip(".") if numbered else ""
