"""What the hardware of many machines says, out of `recordings/`, and whole computers put together from it.

Each recording is as the tool or file wrote it; `recordings/README.md` names where each comes from. One may be
named without its `composed-`.
"""

from __future__ import annotations

from pathlib import Path

from slmdesk.hardware import cgroup
from slmdesk.hardware.arm_cores import arm_core_names
from slmdesk.hardware.computer import Computer, Family
from slmdesk.hardware.gpu_findings import GpuFindings, gpus_of_linux, gpus_of_mac, gpus_of_windows
from slmdesk.hardware.instruction_sets import sets_in_cpuinfo, sets_in_sysctl
from slmdesk.hardware.linux_gpus import LinuxGpus, gather
from slmdesk.hardware.mac_gpus import parse_profiler
from slmdesk.hardware.memory import MemoryFacts, narrow_memory
from slmdesk.hardware.nvidia import NvidiaAnswer, NvidiaFindings, parse_answer
from slmdesk.hardware.pci_names import PciNames
from slmdesk.hardware.processor import parse_cpuinfo
from slmdesk.hardware.sysctl import parse_sysctl
from slmdesk.hardware.windows_gpus import DisplayDevice, RegistryValue

FOLDER = Path(__file__).parent / "recordings"
GIB = 2**30
MIB = 2**20


def recording(kind: str, name: str) -> str:
    """The text of a recording, for example of ("sysfs", "rx-7900-xt.txt")."""
    for path in (FOLDER / kind / name, FOLDER / kind / f"composed-{name}"):
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError(f"there is no recording {kind}/{name}")


def recordings(kind: str) -> list[str]:
    """The names of all recordings of a kind."""
    return sorted(path.name for path in (FOLDER / kind).iterdir())


def nvidia(query: str, summary: str = "") -> NvidiaFindings:
    """What `nvidia-smi` told, by the names of its two answers."""
    return parse_answer(
        NvidiaAnswer(
            recording("nvidia", f"{query}.query.txt"),
            recording("nvidia", f"{summary}.summary.txt") if summary else "",
        )
    )


def names() -> PciNames:
    """The lists of names."""
    return PciNames(recording("names", "pci.ids"), recording("names", "amdgpu.ids"))


def sysfs_devices(*recorded: str) -> dict[str, dict[str, str]]:
    """The files of each PCI device, by its address."""
    devices: dict[str, dict[str, str]] = {}
    for name in recorded:
        for line in recording("sysfs", f"{name}.txt").splitlines():
            # The address has colons too; the value has none.
            path, _, value = line.rpartition(":")
            address, _, file = path.partition("/")
            devices.setdefault(address, {})[file] = value + "\n"
    return devices


def sysfs(*recorded: str) -> LinuxGpus:
    """What `/sys` of a computer with all these devices shows."""
    return gather(sysfs_devices(*recorded), names())


def registry(name: str, problem: int = 0) -> list[DisplayDevice]:
    """The display adapters of a recording, which is laid out like the output of `reg query`."""
    devices: dict[str, dict[str, RegistryValue]] = {}
    values: dict[str, RegistryValue] = {}
    for line in recording("registry", f"{name}.txt").splitlines():
        if not line.startswith(" "):
            values = devices.setdefault(line.strip(), {})
            continue
        key, kind, value = line.strip().split("    ", 2)
        if kind in ("REG_DWORD", "REG_QWORD"):
            values[key] = int(value, 16)
        else:
            values[key] = bytes.fromhex(value) if kind == "REG_BINARY" else value
    return [DisplayDevice(instance, found, problem) for instance, found in devices.items()]


def control_groups(name: str) -> cgroup.ReadText:
    """A reader of the files of control groups."""
    files: dict[str, str] = {}
    for line in recording("cgroup", f"{name}.txt").splitlines():
        path, _, text = line.partition(":")
        files[path] = text + "\n"
    return lambda path: files.get(path.as_posix())


def _computer(
    family: Family,
    found: GpuFindings,
    memory_bytes: int,
    *,
    machine: str = "",
    cpuinfo: str = "",
    sysctl: str = "",
    group: cgroup.GroupMemory | None = None,
    cores: int = 8,
) -> Computer:
    text = recording("cpuinfo", f"{cpuinfo}.txt") if cpuinfo else ""
    facts = parse_sysctl(recording("sysctl", f"{sysctl}.txt")) if sysctl else {}
    memory = narrow_memory(MemoryFacts(memory_bytes, memory_bytes * 3 // 4), group, None)
    systems = {"linux": "Linux 6.8.0", "windows": "Windows 11", "macos": "Darwin 24.5.0"}
    machines_of = {"linux": "x86_64", "windows": "AMD64", "macos": "arm64"}
    return Computer(
        system=systems[family],
        machine=machine or machines_of[family],
        cpu_name=parse_cpuinfo(text)
        or arm_core_names(text)
        or facts.get("machdep.cpu.brand_string")
        or "a processor",
        physical_cores=cores,
        logical_cores=cores * 2,
        default_threads=max(1, cores - 1),
        total_memory_bytes=memory.total_bytes,
        available_memory_bytes=memory.available_bytes,
        family=family,
        instruction_sets=sets_in_sysctl(facts) if sysctl else sets_in_cpuinfo(text),
        memory_limit_bytes=group.limit_bytes if group is not None else None,
        gpus=found.gpus,
        notes=found.notes,
    )


def _linux(
    seen: LinuxGpus,
    told: NvidiaFindings | None = None,
    *,
    gib: int = 32,
    machine: str = "",
    cpuinfo: str = "ryzen-7-1700",
    group: cgroup.GroupMemory | None = None,
) -> Computer:
    found = gpus_of_linux(seen, told, gib * GIB)
    return _computer("linux", found, gib * GIB, machine=machine, cpuinfo=cpuinfo, group=group)


def _windows(
    adapters: list[DisplayDevice], told: NvidiaFindings | None = None, *, gib: int = 16, machine: str = ""
) -> Computer:
    return _computer("windows", gpus_of_windows(adapters, told, gib * GIB), gib * GIB, machine=machine)


def _mac(profiler: str, *, sysctl: str, gib: int = 16, machine: str = "") -> Computer:
    found = gpus_of_mac(parse_profiler(recording("profiler", f"{profiler}.json")), gib * GIB)
    return _computer("macos", found, gib * GIB, sysctl=sysctl, machine=machine)


def machines() -> dict[str, Computer]:
    """A computer by name, put together as `describe_computer` does; tests of other rooms use the names."""
    docker = cgroup.memory_of_group(control_groups("docker-4-gb"))
    return {
        "windows-nvidia": _windows(
            registry("gtx-1070"), nvidia("rtx-2080-super-windows", "rtx-2080-super-windows")
        ),
        "windows-nvidia-without-smi": _windows(registry("gtx-1070")),
        "windows-hybrid-laptop": _windows(registry("uhd-and-gtx-1650-laptop")),
        "windows-no-driver": _windows(registry("no-driver")),
        "windows-amd": _windows(registry("rx-9070-xt")),
        "windows-amd-apu": _windows(registry("radeon-780m"), gib=24),
        "windows-intel": _windows(registry("uhd-630")),
        "windows-intel-arc": _windows(registry("arc-b580")),
        "windows-arm": _windows(registry("adreno-x1-85"), gib=32, machine="ARM64"),
        "mac-m-series": _mac("m3-pro", sysctl="m5", gib=18),
        "mac-intel": _mac("intel-mac-with-amd", sysctl="core-i5-5257u", machine="x86_64"),
        "linux-nvidia": _linux(
            sysfs("rtx-4080-super"), nvidia("rtx-4080-super-linux", "rtx-4080-super-linux")
        ),
        "linux-two-nvidia": _linux(LinuxGpus(), nvidia("two-rtx-4090-linux", "two-rtx-4090-linux"), gib=128),
        "linux-nvidia-unified": _linux(
            LinuxGpus(), nvidia("gb10-linux", "gb10-linux"), gib=120, machine="aarch64", cpuinfo="graviton3"
        ),
        "linux-nouveau": _linux(sysfs("rtx-3080-nouveau")),
        "linux-amd": _linux(sysfs("rx-7900-xt")),
        "linux-amd-apu": _linux(sysfs("cezanne-apu"), gib=16),
        "linux-intel-arc": _linux(sysfs("arc-b580-xe")),
        "wsl-nvidia": _linux(sysfs("wsl"), nvidia("rtx-2080-super-windows", "rtx-2080-super-windows"), gib=8),
        "laptop-no-gpu": _linux(sysfs("uhd-620"), gib=8, cpuinfo="core-ultra-9-185h"),
        "server-no-gpu": _linux(sysfs("virtual-machine"), gib=16, cpuinfo="xeon-amx"),
        "container": _linux(LinuxGpus(), gib=64, cpuinfo="xeon-amx", group=docker),
        "nvidia-driver-too-old": _linux(
            sysfs("rtx-3080-nouveau"), nvidia("driver-470-linux", "driver-470-linux")
        ),
        "nvidia-driver-broken": _linux(sysfs("rtx-4080-super"), nvidia("driver-mismatch")),
        "nvidia-driver-silent": _linux(sysfs("rtx-4080-super"), nvidia("driver-silent")),
    }
