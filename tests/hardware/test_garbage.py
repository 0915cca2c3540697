"""Nothing that a tool, file or registry may say makes a parser raise."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slmdesk.hardware.arm_cores import arm_core_names
from slmdesk.hardware.gpu_findings import gpus_of_linux, gpus_of_mac, gpus_of_windows
from slmdesk.hardware.instruction_sets import sets_in_cpuinfo, sets_in_sysctl
from slmdesk.hardware.linux_gpus import LinuxGpus, gather
from slmdesk.hardware.mac_gpus import parse_profiler
from slmdesk.hardware.nvidia import NvidiaAnswer, parse_answer
from slmdesk.hardware.pci_names import PciNames
from slmdesk.hardware.processor import parse_cpuinfo
from slmdesk.hardware.sysctl import parse_sysctl
from slmdesk.hardware.windows_gpus import DisplayDevice, nvidia_version
from slmdesk.messages import say
from tests.hardware.recorded import GIB, recording, recordings

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def damaged(kind: str, suffix: str = "") -> st.SearchStrategy[str]:
    """Recordings with something put in place of a part of them."""
    texts = [recording(kind, name) for name in recordings(kind) if name.endswith(suffix)]

    @st.composite
    def build(draw: st.DrawFn) -> str:
        text = draw(st.sampled_from(texts))
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        return text[:start] + draw(st.text(max_size=40)) + text[end:]

    return build()


HEX = st.sampled_from(
    ["0x030000", "0x10de", "0x1002", "0x8086", "0x1414", "0x744c", "0xffffffffffffffffffff"]
)
NUMBER = st.sampled_from(["-1", "0", "17163091968", "9" * 30, "max", "1e9", "٣"])
FILES = st.dictionaries(
    st.sampled_from(
        [
            "class",
            "vendor",
            "device",
            "revision",
            "driver",
            "driver_version",
            "node",
            "mem_info_vram_total",
            "mem_info_vram_used",
            "mem_info_gtt_total",
            "mem_info_gtt_used",
            "tile0/physical_vram_size_bytes",
            "drm/card0/lmem_total_bytes",
            "drm/card0/lmem_avail_bytes",
            "hwmon/hwmon1/in1_label",
        ]
    ),
    st.one_of(HEX, NUMBER, st.sampled_from(["vddnb\n", "refused"]), st.text(max_size=20)),
)
VALUES = st.dictionaries(
    st.sampled_from(
        [
            "DriverDesc",
            "DriverVersion",
            "HardwareInformation.qwMemorySize",
            "HardwareInformation.MemorySize",
        ]
    ),
    st.one_of(st.text(max_size=20), st.integers(), st.binary(max_size=20)),
)
INSTANCES = st.one_of(
    st.text(max_size=30),
    st.sampled_from([r"PCI\VEN_10DE&DEV_2684\1", r"PCI\VEN_8086&DEV_9BC4\3&1&0&10", "QCOM"]),
)


@QUICK
@given(
    st.one_of(st.text(), damaged("nvidia", "query.txt")),
    st.one_of(st.text(), damaged("nvidia", "summary.txt")),
)
def test_nvidia(query: str, summary: str) -> None:
    found = parse_answer(NvidiaAnswer(query, summary))
    assert found.gpus or found.problem
    assert found.problem is None or say(found.problem)
    gpus_of_linux(LinuxGpus(), found, 8 * GIB)
    gpus_of_windows([], found, 8 * GIB)


@QUICK
@given(
    st.text(max_size=12),
    FILES,
    st.one_of(st.text(), damaged("names")),
    st.one_of(st.text(), damaged("names")),
)
def test_sysfs(address: str, files: dict[str, str], pci_ids: str, amdgpu_ids: str) -> None:
    seen = gather({address: files}, PciNames(pci_ids, amdgpu_ids))
    for note in gpus_of_linux(seen, None, 8 * GIB).notes:
        assert say(note)
    for gpu in seen.gpus:
        assert gpu.name
        assert gpu.total_memory_bytes >= 0
        assert gpu.free_memory_bytes is None or gpu.free_memory_bytes >= 0


@QUICK
@given(INSTANCES, VALUES, st.integers(0, 60))
def test_registry(instance: str, values: dict[str, str | int | bytes], problem: int) -> None:
    found = gpus_of_windows([DisplayDevice(instance, values, problem)], None, 8 * GIB)
    for gpu in found.gpus:
        assert gpu.name
        assert gpu.total_memory_bytes >= 0
    for note in found.notes:
        assert say(note)


@QUICK
@given(st.one_of(st.text(), damaged("profiler")))
def test_profiler(text: str) -> None:
    for gpu in gpus_of_mac(parse_profiler(text), 8 * GIB).gpus:
        assert gpu.name


@QUICK
@given(st.one_of(st.text(), damaged("sysctl"), damaged("cpuinfo")))
def test_processor(text: str) -> None:
    sets_in_sysctl(parse_sysctl(text))
    sets_in_cpuinfo(text)
    parse_cpuinfo(text)
    arm_core_names(text)
    nvidia_version(text)
