"""Whether this program runs in instructions that the processor does not have."""

from __future__ import annotations

import sys
import sysconfig

from slmdesk.hardware.sysctl import Sysctl, is_translated

_ARM64 = 0xAA64
"""Microsoft's number of the 64-bit ARM architecture."""


def native_machine(facts: Sysctl) -> str:
    """The processor's instruction set where this program was built for another one, else "".

    Apple translates (Rosetta) and Windows emulates (Prism) programs for Intel on ARM, which is slow.
    `facts` is what `sysctl` said where the system is macOS.
    """
    native = ""
    if sys.platform == "darwin":
        native = "arm64" if is_translated(facts) else ""
    elif sys.platform == "win32" and sysconfig.get_platform() != "win-arm64":
        import ctypes
        from ctypes import wintypes

        kernel = ctypes.windll.kernel32
        # Windows before 2017 does not have it, and does not run on ARM.
        if hasattr(kernel, "IsWow64Process2"):
            kernel.GetCurrentProcess.restype = wintypes.HANDLE
            kernel.IsWow64Process2.argtypes = (wintypes.HANDLE, wintypes.LPWORD, wintypes.LPWORD)
            of_process, of_computer = wintypes.WORD(), wintypes.WORD()
            process = kernel.GetCurrentProcess()
            asked = kernel.IsWow64Process2(process, ctypes.byref(of_process), ctypes.byref(of_computer))
            native = "ARM64" if asked and of_computer.value == _ARM64 else ""
    return native
