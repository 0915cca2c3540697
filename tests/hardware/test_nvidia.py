"""What NVIDIA's tool prints, on machines where it works and where it does not."""

from __future__ import annotations

import pytest

from slmdesk.hardware.nvidia import NvidiaAnswer, parse_answer
from tests.hardware.recorded import MIB, nvidia, recording


@pytest.mark.parametrize(
    ("name", "cuda", "driver", "capability"),
    [
        ("rtx-4080-super-linux", "13.2", "595.71.05", "8.9"),
        ("rtx-2080-super-windows", "13.3", "610.62", "7.5"),
        ("rtx-4070-laptop-linux", "13.0", "580.173.02", "8.9"),
        ("driver-470-linux", "11.4", "470.57.02", ""),
    ],
)
def test_versions(name: str, cuda: str, driver: str, capability: str) -> None:
    found = nvidia(name, name)
    (gpu,) = found.gpus
    assert (gpu.cuda, gpu.driver, gpu.compute_capability) == (cuda, driver, capability)
    assert gpu.free_memory_bytes is not None
    assert 0 < gpu.free_memory_bytes < gpu.total_memory_bytes
    assert not gpu.integrated
    assert found.problem is None


def test_the_name_is_whole_where_the_table_cuts_it() -> None:
    (gpu,) = nvidia("rtx-4080-super-linux", "rtx-4080-super-linux").gpus
    assert gpu.name == "NVIDIA GeForce RTX 4080 SUPER"


@pytest.mark.parametrize(
    ("summary", "cuda"), [("l40s-linux", "12.4"), ("driver-331-linux", ""), ("gb10-linux", "13.0")]
)
def test_the_cuda_version_stands_above_the_table(summary: str, cuda: str) -> None:
    (gpu,) = nvidia("rtx-4080-super-linux", summary).gpus
    assert gpu.cuda == cuda


def test_several_gpus() -> None:
    assert len(nvidia("eight-h100-linux").gpus) == 8
    first, second = nvidia("two-rtx-4090-linux", "two-rtx-4090-linux").gpus
    assert (first.free_memory_bytes, second.free_memory_bytes) == (23705 * MIB, 23753 * MIB)


def test_a_gpu_in_slices_has_the_memory_of_the_largest_one() -> None:
    (gpu,) = nvidia("h100-mig-linux", "h100-mig-linux").gpus
    assert (gpu.total_memory_bytes, gpu.free_memory_bytes) == (40448 * MIB, (40448 - 26) * MIB)


def test_the_largest_slice_is_not_the_one_that_is_used_most() -> None:
    query = recording("nvidia", "h100-mig-linux.query.txt")
    summary = recording("nvidia", "h100-mig-linux.summary.txt").replace(
        " 26MiB / 40448MiB", "  3MiB / 40448MiB"
    )
    (gpu,) = parse_answer(NvidiaAnswer(query, summary)).gpus
    assert gpu.free_memory_bytes == (40448 - 3) * MIB


def test_only_the_gpus_that_are_in_slices_are_narrowed() -> None:
    first, second = nvidia("two-rtx-4090-linux", "a100-mig-linux").gpus
    assert first.total_memory_bytes == 24564 * MIB
    assert second.total_memory_bytes == 19968 * MIB


def test_no_size_means_that_the_memory_is_shared() -> None:
    (gpu,) = nvidia("gb10-linux", "gb10-linux").gpus
    assert (gpu.integrated, gpu.total_memory_bytes, gpu.free_memory_bytes) == (True, 0, None)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("driver-silent", "nvidia-driver-silent"),
        ("driver-mismatch", "nvidia-driver-mismatch"),
        ("no-device", "nvidia-no-device"),
        ("unknown-error", "nvidia-smi-failed"),
        ("library-missing", "nvidia-smi-failed"),
        ("field-refused", "nvidia-smi-failed"),
    ],
)
def test_failures_are_told_in_our_words(query: str, key: str) -> None:
    found = nvidia(query)
    assert found.gpus == ()
    assert found.problem is not None
    assert found.problem.key == key


def test_a_failure_without_words_of_ours_is_quoted() -> None:
    problem = nvidia("unknown-error").problem
    assert problem is not None
    assert problem.facts == {"reason": "Failed to initialize NVML: Unknown Error"}


def test_one_gpu_lost_does_not_hide_the_other() -> None:
    found = nvidia("one-lost")
    assert [gpu.name for gpu in found.gpus] == ["NVIDIA GeForce RTX 3090"]
    assert found.problem is not None
    assert "Unknown Error" in str(found.problem.facts["reason"])


def test_nothing_at_all_is_a_failure_too() -> None:
    found = parse_answer(NvidiaAnswer("", ""))
    assert (found.gpus, found.problem is not None) == ((), True)


def test_a_driver_version_that_is_withdrawn_from_the_query_is_read_above_the_table() -> None:
    query = recording("nvidia", "rtx-2080-super-windows.query.txt").replace(
        "610.62", "[Requested functionality has been deprecated]"
    )
    summary = recording("nvidia", "rtx-2080-super-windows.summary.txt")
    (gpu,) = parse_answer(NvidiaAnswer(query, summary)).gpus
    assert gpu.driver == "610.62"
