"""What control groups allow, from the kernel's files as they look in real places."""

from __future__ import annotations

from pathlib import Path

from slmdesk.hardware import cgroup
from slmdesk.hardware.cgroup import GroupMemory

ROOT = Path("/sys/fs/cgroup")
GB = 10**9


def reader(files: dict[str, str]) -> cgroup.ReadText:
    return lambda path: files.get(path.as_posix())


def test_a_container_of_version_2() -> None:
    read = reader(
        {
            "/proc/self/cgroup": "0::/\n",
            "/sys/fs/cgroup/memory.max": f"{4 * GB}\n",
            "/sys/fs/cgroup/memory.current": f"{3 * GB}\n",
            "/sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {GB}\nactive_file 7\n",
            "/sys/fs/cgroup/cpu.max": "150000 100000\n",
        }
    )
    assert cgroup.memory_of_group(read, ROOT) == GroupMemory(4 * GB, 2 * GB)
    assert cgroup.processors_of_group(read, ROOT) == 2


def test_the_tightest_level_counts() -> None:
    read = reader(
        {
            "/proc/self/cgroup": "0::/user.slice/app.scope\n",
            "/sys/fs/cgroup/user.slice/app.scope/memory.max": "max\n",
            "/sys/fs/cgroup/user.slice/memory.max": f"{2 * GB}",
            "/sys/fs/cgroup/user.slice/memory.current": f"{GB}",
            "/sys/fs/cgroup/user.slice/app.scope/cpu.max": "max 100000",
        }
    )
    assert cgroup.memory_of_group(read, ROOT) == GroupMemory(2 * GB, GB)
    assert cgroup.processors_of_group(read, ROOT) is None


def test_a_container_of_version_1() -> None:
    read = reader(
        {
            "/proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GB}\n",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes": f"{GB // 2}\n",
            "/sys/fs/cgroup/memory/memory.stat": f"cache 5\ntotal_inactive_file {GB // 4}\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        }
    )
    assert cgroup.memory_of_group(read, ROOT) == GroupMemory(GB, GB // 4)
    assert cgroup.processors_of_group(read, ROOT) == 3


def test_no_limit_in_either_version() -> None:
    read = reader(
        {
            "/proc/self/cgroup": "4:memory:/\n0::/\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        }
    )
    assert cgroup.memory_of_group(read, ROOT) is None
    assert cgroup.processors_of_group(read, ROOT) is None


def test_no_control_groups_at_all() -> None:
    assert cgroup.memory_of_group(reader({}), ROOT) is None
    assert cgroup.processors_of_group(reader({}), ROOT) is None


def test_nonsense_is_no_limit() -> None:
    read = reader({"/proc/self/cgroup": "x\n0::/../..\n", "/sys/fs/cgroup/memory.max": "lots"})
    assert cgroup.memory_of_group(read, ROOT) is None
    assert cgroup.parse_cpu_quota("0 0") is None
    assert cgroup.parse_number("-5") is None


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert cgroup.read_text(tmp_path / "none") is None
