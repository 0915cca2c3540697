"""The way in which Windows is asked, against stand-ins for its libraries: their calls are written out here as
Microsoft documents them. It shows that our side fits the documents, not that Windows does."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from types import ModuleType, SimpleNamespace, TracebackType
from typing import Any

import pytest

from slmdesk.hardware import windows_system
from slmdesk.hardware.gpu_findings import gpus_of_windows
from slmdesk.hardware.instruction_sets import instruction_sets
from slmdesk.hardware.nvidia import find_nvidia_smi
from slmdesk.hardware.windows_system import look_for_adapters, system_folder
from tests.hardware.recorded import GIB, registry

DISPLAY = "{4d36e968-e325-11ce-bfc1-08002be10318}"
CLASSES = rf"SYSTEM\CurrentControlSet\Control\Class\{DISPLAY}"
DEVICES = registry("uhd-and-gtx-1650-laptop")


class Key:
    """A registry key, as `winreg.OpenKey` gives it."""

    def __init__(self, path: str) -> None:
        index = int(path.removeprefix(CLASSES + "\\"))
        self.values = DEVICES[index].values

    def __enter__(self) -> Key:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


class ConfigurationManager:
    """cfgmgr32."""

    def CM_Get_Device_ID_List_SizeW(self, length: Any, kind: str, flags: int) -> int:
        assert (kind, flags) == (DISPLAY, 0x300)
        length._obj.value = sum(len(device.instance) + 1 for device in DEVICES) + 1
        return 0

    def CM_Get_Device_ID_ListW(self, text: Any, buffer: Any, length: Any, flags: int) -> int:
        assert (text, flags) == (DISPLAY, 0x300)
        names = "".join(device.instance + "\0" for device in DEVICES) + "\0"
        assert length.value == len(names) == len(buffer)
        for index, letter in enumerate(names):
            buffer[index] = letter
        return 0

    def CM_Locate_DevNodeW(self, node: Any, instance: str, flags: int) -> int:
        assert flags == 0
        node._obj.value = [device.instance for device in DEVICES].index(instance) + 100
        return 0

    def CM_Get_DevNode_Status(self, status: Any, problem: Any, node: Any, flags: int) -> int:
        assert flags == 0
        # The card is switched off.
        problem._obj.value = 22 if node.value == 101 else 0
        return 0

    def CM_Get_DevNode_Registry_PropertyW(
        self, node: Any, name: int, kind: None, buffer: Any, size: Any, flags: int
    ) -> int:
        assert (name, kind, flags) == (0x0A, None, 0)
        key = rf"{DISPLAY}\{node.value - 100:04}"
        assert size._obj.value > 2 * len(key)
        buffer.value = key
        return 0


def GetSystemDirectoryW(buffer: Any, length: int) -> int:
    buffer.value = r"C:\Windows\System32"
    return len(buffer.value)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """This is Windows, as far as the functions under test can tell."""

    def query(key: Key, name: str) -> tuple[object, int]:
        if name not in key.values:
            raise FileNotFoundError(name)
        return key.values[name], 1

    registry_module = ModuleType("winreg")
    registry_module.__dict__.update(
        HKEY_LOCAL_MACHINE=object(), OpenKey=lambda root, path: Key(path), QueryValueEx=query
    )
    kernel = SimpleNamespace(
        GetSystemDirectoryW=GetSystemDirectoryW,
        IsProcessorFeaturePresent=lambda number: int(number in (38, 39, 40)),
    )
    libraries = SimpleNamespace(cfgmgr32=ConfigurationManager(), kernel32=kernel)
    monkeypatch.setattr(ctypes, "windll", libraries, raising=False)
    monkeypatch.setitem(sys.modules, "winreg", registry_module)
    monkeypatch.setattr(sys, "platform", "win32")


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the real one is there")


@pytest.mark.usefixtures("windows")
def test_adapters_with_what_their_drivers_wrote_and_why_they_do_not_run() -> None:
    found = look_for_adapters()
    assert [(device.instance, dict(device.values)) for device in found] == [
        (device.instance, dict(device.values)) for device in DEVICES
    ]
    assert [device.problem for device in found] == [0, 22]
    told = gpus_of_windows(found, None, 16 * GIB)
    assert [note.key for note in told.notes] == ["gpu-switched-off"]


@pytest.mark.usefixtures("windows")
def test_no_adapters_where_windows_does_not_list_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfigurationManager, "CM_Get_Device_ID_ListW", lambda *_: 13)
    with pytest.raises(OSError, match="13"):
        look_for_adapters()


@pytest.mark.usefixtures("windows")
def test_the_system_itself_says_where_its_folder_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SystemRoot", r"D:\evil")
    folder = system_folder()
    assert str(folder) == r"C:\Windows\System32"


@pytest.mark.usefixtures("windows")
def test_the_tool_of_nvidia_is_looked_for_in_two_folders_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def find(name: str, *folders: Path) -> None:
        asked.extend(f"{folder}/{name}".replace("/", "\\") for folder in folders)

    monkeypatch.setattr(
        "slmdesk.hardware.nvidia.system_folder", lambda: PureWindowsPath(r"C:\Windows\System32")
    )
    monkeypatch.setattr("slmdesk.hardware.nvidia.find_tool", find)
    assert find_nvidia_smi() is None
    assert asked == [
        r"C:\Windows\System32\nvidia-smi.exe",
        r"C:\Program Files\NVIDIA Corporation\NVSMI\nvidia-smi.exe",
    ]


@pytest.mark.usefixtures("windows")
def test_instruction_sets_are_asked_for() -> None:
    assert instruction_sets("AMD64", {}) == ("sse4_2", "avx", "avx2")


def test_elsewhere_there_is_nothing_to_ask() -> None:
    assert look_for_adapters() == []
    assert system_folder() is None
    assert windows_system.__doc__


def test_no_window_opens_for_a_tool() -> None:
    """The flag exists on Windows alone; there it must be the one that hides the window."""
    from slmdesk.hardware import tools

    assert getattr(subprocess, "CREATE_NO_WINDOW", 0) == tools._NO_WINDOW
