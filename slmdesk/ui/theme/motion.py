"""Whether the system asks programs to keep still."""

from __future__ import annotations

import sys
from typing import Literal, TypeAlias

MotionChoice: TypeAlias = Literal["system", "on", "off"]
"""Whether motion is reduced: as the system says, yes, or no."""

_SPI_GETCLIENTAREAANIMATION = 0x1042


def is_still(choice: MotionChoice, system: bool) -> bool:
    """Whether `choice` means to keep still on a system that asks for `system`."""
    return system if choice == "system" else choice == "on"


def system_keeps_still(platform: str = sys.platform) -> bool:
    """Whether the person has turned animations off for the whole computer. False where it does not say.

    One call into the system, on the GUI thread. Linux desktops answer over D-Bus: see `portal.MotionWatch`.
    """
    if platform == "win32":
        return _windows_keeps_still()
    if platform == "darwin":
        return _macos_keeps_still()
    return False


def _windows_keeps_still() -> bool:
    import ctypes

    animated = ctypes.c_int(1)
    user32 = ctypes.CDLL("user32")
    known = user32.SystemParametersInfoW(_SPI_GETCLIENTAREAANIMATION, 0, ctypes.byref(animated), 0)
    return bool(known) and not animated.value


def _macos_keeps_still() -> bool:
    import ctypes
    from ctypes import util

    library = util.find_library("objc")
    if library is None:
        return False
    objc = ctypes.CDLL(library)
    objc.objc_getClass.restype = objc.sel_registerName.restype = ctypes.c_void_p
    objc.objc_getClass.argtypes = objc.sel_registerName.argtypes = [ctypes.c_char_p]
    send = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(("objc_msgSend", objc))
    ask = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)(("objc_msgSend", objc))
    # Qt has loaded AppKit, where this class lives.
    workspace = send(objc.objc_getClass(b"NSWorkspace"), objc.sel_registerName(b"sharedWorkspace"))
    if not workspace:
        return False
    return bool(ask(workspace, objc.sel_registerName(b"accessibilityDisplayShouldReduceMotion")))
