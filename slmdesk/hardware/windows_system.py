"""Asking Windows: its folder, and its display adapters. Through its own libraries, without any process.

By the configuration manager (cfgmgr32), since Microsoft keeps the layout of its tree of devices in the
registry for itself; what a driver wrote into its own key may be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slmdesk.hardware.windows_gpus import DisplayDevice, RegistryValue

_LONGEST_PATH = 32768
_LONGEST_KEY = 260
_DISPLAY_CLASS = "{4d36e968-e325-11ce-bfc1-08002be10318}"
"""Display adapters, a name that Microsoft has published."""
_CLASSES = r"SYSTEM\CurrentControlSet\Control\Class"
_VALUES = (
    "DriverDesc",
    "DriverVersion",
    "HardwareInformation.qwMemorySize",
    "HardwareInformation.MemorySize",
)
_SUCCESS = 0
_PRESENT_OF_CLASS = 0x100 | 0x200
_PROPERTY_DRIVER = 0x0A


def system_folder() -> Path | None:
    """`C:\\Windows\\System32`, wherever it is: asked of the system, since anybody may set a variable.

    None on other systems. Raises OSError where Windows does not tell.
    """
    folder: Path | None = None
    if sys.platform == "win32":
        import ctypes

        text = ctypes.create_unicode_buffer(_LONGEST_PATH)
        if not ctypes.windll.kernel32.GetSystemDirectoryW(text, _LONGEST_PATH):
            raise ctypes.WinError()
        folder = Path(text.value)
    return folder


def look_for_adapters() -> list[DisplayDevice]:
    """The display adapters that are in this computer now, none on other systems.

    Raises OSError where Windows refuses.
    """
    devices: list[DisplayDevice] = []
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        manager = ctypes.windll.cfgmgr32
        length = wintypes.ULONG()
        sized = manager.CM_Get_Device_ID_List_SizeW(ctypes.byref(length), _DISPLAY_CLASS, _PRESENT_OF_CLASS)
        text = ctypes.create_unicode_buffer(max(2, length.value))
        listed = manager.CM_Get_Device_ID_ListW(_DISPLAY_CLASS, text, length, _PRESENT_OF_CLASS)
        if sized != _SUCCESS or listed != _SUCCESS:
            raise OSError(f"CM_Get_Device_ID_List: {sized}, {listed}")
        # One name behind the other, each closed by a NUL.
        devices = [_look_at(name) for name in "".join(text).split("\0") if name]
    return devices


def _look_at(instance: str) -> DisplayDevice:
    device = DisplayDevice(instance)
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        manager = ctypes.windll.cfgmgr32
        node, status, problem = wintypes.DWORD(), wintypes.ULONG(), wintypes.ULONG()
        key = ctypes.create_unicode_buffer(_LONGEST_KEY)
        size = wintypes.ULONG(ctypes.sizeof(key))
        if manager.CM_Locate_DevNodeW(ctypes.byref(node), instance, 0) == _SUCCESS:
            told = manager.CM_Get_DevNode_Status(ctypes.byref(status), ctypes.byref(problem), node, 0)
            code = int(problem.value) if told == _SUCCESS else 0
            found = manager.CM_Get_DevNode_Registry_PropertyW(
                node, _PROPERTY_DRIVER, None, key, ctypes.byref(size), 0
            )
            device = DisplayDevice(instance, _values_of(key.value) if found == _SUCCESS else {}, code)
    return device


def _values_of(driver_key: str) -> dict[str, RegistryValue]:
    """What a driver wrote into its key, for example `{4d36e968-...}\\0001`."""
    values: dict[str, RegistryValue] = {}
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{_CLASSES}\{driver_key}") as key:
            for name in _VALUES:
                try:
                    value, _ = winreg.QueryValueEx(key, name)
                except OSError:
                    # Not every driver writes all of them.
                    continue
                if isinstance(value, str | int | bytes):
                    values[name] = value
    return values
