"""NVIDIA's GPUs, as its tool `nvidia-smi` tells them.

The tool and not the library NVML behind it: a driver that hangs or crashes then takes a process with it that
is ended after a few seconds, not this program, and its words can be recorded and tested without a GPU.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from slmdesk.hardware.gpu import Gpu
from slmdesk.hardware.tools import PROBE_S, Look, find_tool, run_tool
from slmdesk.hardware.windows_system import system_folder
from slmdesk.messages import Message

_MIB = 2**20
_FIELDS = ("name", "memory.total", "memory.free", "driver_version")
_COMPUTE = "compute_cap"
# The table adds the CUDA version only: what the query told must not be lost over it.
_SUMMARY_S = PROBE_S - 1.0
_REFUSED_FIELD = "is not a valid field to query"

# Words of the tool, and the note that says the same in ours.
_FAILURES = (
    ("communicate with the nvidia driver", "nvidia-driver-silent"),
    ("driver/library version mismatch", "nvidia-driver-mismatch"),
    ("no devices were found", "nvidia-no-device"),
)


@dataclass(frozen=True, slots=True)
class NvidiaAnswer:
    """What `nvidia-smi` printed."""

    query: str
    """For `--query-gpu`, without header and units."""
    summary: str
    """Without arguments: the table, whose first line has the versions."""


@dataclass(frozen=True, slots=True)
class NvidiaFindings:
    """The GPUs that the tool reports, and why there are none or fewer than there should be."""

    gpus: tuple[Gpu, ...] = ()
    problem: Message | None = None


def parse_answer(answer: NvidiaAnswer) -> NvidiaFindings:
    """The findings in the tool's words. Pure, and never raises, whatever the words are."""
    cuda = _version_in(answer.summary, r"CUDA(?: UMD)? Version")
    driver = _version_in(answer.summary, r"(?:Driver|KMD) Version")
    rows = [line for line in answer.query.splitlines() if line.count(",") >= len(_FIELDS) - 1]
    whole = [gpu for row in rows if (gpu := _parse_row(row, driver, cuda)) is not None]
    slices = _slices_in(answer.summary)
    gpus = tuple(_narrowed(gpu, slices.get(index)) for index, gpu in enumerate(whole))
    if gpus and not _failure_words(answer.query):
        return NvidiaFindings(gpus)
    return NvidiaFindings(gpus, _diagnose(answer.query) or _diagnose(answer.summary) or _unreadable(answer))


def _parse_row(row: str, driver: str, cuda: str) -> Gpu | None:
    cells = [cell.strip() for cell in row.split(",")]
    name, total, free, own_driver = cells[0], _mebibytes(cells[1]), _mebibytes(cells[2]), cells[3]
    if not name or not re.fullmatch(r"\d+(\.\d+)+|\[.*\]|N/A", own_driver):
        # A sentence with commas in it, not a row.
        return None
    return Gpu(
        vendor="nvidia",
        name=name,
        # GB10 and Jetson share the computer's memory; the tool then has no size to tell.
        integrated=total is None,
        total_memory_bytes=total or 0,
        free_memory_bytes=free,
        driver=_known(own_driver) or driver,
        cuda=cuda,
        compute_capability=_known(cells[4]) if len(cells) > len(_FIELDS) else "",
        probe="nvidia-smi",
    )


def _slices_in(summary: str) -> dict[int, tuple[int, int]]:
    """Used and total bytes of the largest slice (MIG) of each GPU that is cut into slices, by its index."""
    slices: dict[int, tuple[int, int]] = {}
    _, _, devices = summary.partition("MIG devices:")
    for found in re.finditer(
        r"^\|\s*(\d+)(?:\s+\d+){3}\s*\|\s*(\d+)MiB\s*/\s*(\d+)MiB", devices, re.MULTILINE
    ):
        if all(len(number) < 10 for number in found.groups()):
            index, used, total = (int(number) for number in found.groups())
            slices[index] = max(
                slices.get(index, (0, 0)), (used * _MIB, total * _MIB), key=lambda one: one[1]
            )
    return slices


def _narrowed(gpu: Gpu, largest: tuple[int, int] | None) -> Gpu:
    """The GPU as one program may use it: CUDA gives it a single slice."""
    if largest is None:
        return gpu
    used, total = largest
    return replace(gpu, total_memory_bytes=total, free_memory_bytes=max(0, total - used))


def _mebibytes(cell: str) -> int | None:
    """Bytes of `8192` or `8192 MiB`, None for `[N/A]` and its kin."""
    number = cell.removesuffix("MiB").strip()
    return int(number) * _MIB if number.isascii() and number.isdigit() and len(number) < 12 else None


def _known(cell: str) -> str:
    return "" if cell.startswith("[") or cell == "N/A" else cell


def _version_in(text: str, label: str) -> str:
    found = re.search(label + r"\s*:\s*(\d+(?:\.\d+)*)", text)
    return found[1] if found else ""


def _failure_words(text: str) -> str:
    """The first line that is a complaint, or ""."""
    starts = ("nvidia-smi", "failed to", "unable to", "no devices", "error", "gpu access", "field ")
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line.lower().startswith(starts)), "")


def _diagnose(text: str) -> Message | None:
    lower = " ".join(text.lower().split())
    for words, key in _FAILURES:
        if words in lower:
            return Message(key)
    complaint = _failure_words(text)
    return Message("nvidia-smi-failed", {"reason": complaint}) if complaint else None


def _unreadable(answer: NvidiaAnswer) -> Message:
    said = (answer.query.strip() or answer.summary.strip()).splitlines()
    return Message("nvidia-smi-failed", {"reason": said[0] if said else "-"})


def look_with_nvidia_smi() -> NvidiaFindings | None:
    """Ask the tool. None: it is not on this computer. Blocking, up to some seconds.

    Raises OSError and subprocess.TimeoutExpired where it cannot be run or hangs.
    """
    tool = find_nvidia_smi()
    if tool is None:
        return None
    # Both at once: where no program uses the GPU, the tool takes a second or more to start it each time.
    until = time.monotonic() + _SUMMARY_S
    summary = Look("nvidia-smi", lambda: run_tool([tool]))
    query = _query(tool, (*_FIELDS, _COMPUTE))
    if _REFUSED_FIELD in query:
        # Drivers before 2021 do not know the compute capability.
        query = _query(tool, _FIELDS)
    if _diagnose(query) is not None:
        # A driver that is broken breaks the table too, only later.
        return parse_answer(NvidiaAnswer(query, ""))
    return parse_answer(NvidiaAnswer(query, summary.wait("", until, [])))


def _query(tool: str, fields: tuple[str, ...]) -> str:
    return run_tool([tool, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"])


def find_nvidia_smi() -> str | None:
    """The tool's absolute path, or None where it is not installed."""
    found: str | None = None
    if sys.platform == "win32":
        # Drivers before 2019 put it below Program Files, which no ordinary user may write to either.
        system = system_folder()
        if system is not None:
            old = Path(f"{system.drive}/Program Files/NVIDIA Corporation/NVSMI")
            found = find_tool("nvidia-smi.exe", system, old)
    elif sys.platform == "linux":
        # The second is where Windows puts it for Linux inside it (WSL), often not on PATH.
        found = find_tool("nvidia-smi", Path("/usr/bin"), Path("/usr/lib/wsl/lib"))
    return found
