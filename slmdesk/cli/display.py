"""Whether a window can be opened here. Qt itself ends the process where it cannot, so it is asked only after.

Imports nothing heavy: a start without arguments passes through here on its way to the window.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from slmdesk.messages import tr

ProblemReason = Literal["no-display", "x11-refused", "wayland-refused", "libraries", "plugin", "no-qt"]


@dataclass(frozen=True, slots=True)
class DisplayProblem:
    """Why no window can be opened."""

    reason: ProblemReason
    name: str = ""
    """The display, the platform, or what the system said, depending on the reason."""
    libraries: tuple[str, ...] = ()
    """Missing shared libraries by file name."""
    packages: tuple[str, ...] = ()
    """Debian packages that bring them."""


class Probes(Protocol):
    """What is really tried; the tests put recordings in its place."""

    def x11_refuses(self, display: str) -> bool:
        """Whether no connection to this X display is to be had. False where that cannot be tried."""

    def wayland_refuses(self, socket: Path) -> bool:
        """Whether no compositor answers at `socket`. False where that cannot be tried."""

    def plugin_problem(self, platform: str) -> DisplayProblem | None:
        """Why Qt cannot load its plugin for `platform`."""


def find_display_problem(
    environment: Mapping[str, str] = os.environ,
    *,
    system: str = sys.platform,
    probes: Probes | None = None,
) -> DisplayProblem | None:
    """Why no window can be opened in `environment`, or None where one can.

    Windows and macOS are taken to have a display. Takes a few milliseconds besides loading Qt's libraries,
    which the window needs anyway; they are loaded only where a display answers.
    """
    if system in ("win32", "darwin"):
        return None
    tried = probes or SystemProbes()
    platforms = _platforms(environment)
    if not platforms:
        return DisplayProblem("no-display")
    problems = []
    for platform in platforms:
        problem = _connection_problem(platform, environment, tried) or tried.plugin_problem(platform)
        if problem is None:
            return None
        problems.append(problem)
    return problems[0]


def _platforms(environment: Mapping[str, str]) -> list[str]:
    """Qt's platforms worth trying, in its order."""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    if chosen:
        # "wayland;xcb" is a list to try in order; "offscreen:size=..." carries settings.
        return [name for name in (one.partition(":")[0].strip() for one in chosen.split(";")) if name]
    platforms = []
    if environment.get("WAYLAND_DISPLAY") or environment.get("WAYLAND_SOCKET"):
        platforms.append("wayland")
    if environment.get("DISPLAY"):
        platforms.append("xcb")
    if environment.get("XDG_SESSION_TYPE") != "wayland":
        platforms.reverse()
    return platforms


def _connection_problem(
    platform: str, environment: Mapping[str, str], probes: Probes
) -> DisplayProblem | None:
    if platform == "xcb":
        display = environment.get("DISPLAY", "")
        if not display:
            return DisplayProblem("no-display")
        return DisplayProblem("x11-refused", display) if probes.x11_refuses(display) else None
    if platform.startswith("wayland"):
        if environment.get("WAYLAND_SOCKET"):
            # An open connection was handed over; trying it would use it up.
            return None
        name = environment.get("WAYLAND_DISPLAY", "") or "wayland-0"
        socket = Path(environment.get("XDG_RUNTIME_DIR", ""), name)
        refused = not socket.is_absolute() or probes.wayland_refuses(socket)
        return DisplayProblem("wayland-refused", name) if refused else None
    # offscreen, minimal, vnc, linuxfb and the like need no display server.
    return None


class SystemProbes:
    """Asks the system's own client libraries, the ones Qt will use."""

    def x11_refuses(self, display: str) -> bool:
        """See `Probes`. Covers a wrong display and a missing right to use it alike."""
        try:
            xcb = ctypes.CDLL("libxcb.so.1")
        except OSError:
            # `plugin_problem` names what is missing.
            return False
        xcb.xcb_connect.restype = ctypes.c_void_p
        xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
        xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
        xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
        connection = xcb.xcb_connect(os.fsencode(display), None)
        try:
            return bool(xcb.xcb_connection_has_error(connection))
        finally:
            xcb.xcb_disconnect(connection)

    def wayland_refuses(self, socket: Path) -> bool:
        """See `Probes`."""
        try:
            if not stat.S_ISSOCK(socket.stat().st_mode):
                return True
        except OSError:
            return True
        try:
            wayland = ctypes.CDLL("libwayland-client.so.0")
        except OSError:
            return False
        wayland.wl_display_connect.restype = ctypes.c_void_p
        wayland.wl_display_connect.argtypes = (ctypes.c_char_p,)
        wayland.wl_display_disconnect.argtypes = (ctypes.c_void_p,)
        connection = wayland.wl_display_connect(os.fsencode(socket))
        if not connection:
            return True
        wayland.wl_display_disconnect(connection)
        return False

    def plugin_problem(self, platform: str) -> DisplayProblem | None:
        """See `Probes`. Loads the plugin's shared libraries, but runs nothing of Qt."""
        folder = _plugin_folder()
        if folder is None:
            return DisplayProblem("no-qt")
        if not folder.is_dir():
            # PySide6 from somewhere else than its wheel keeps its plugins where only Qt knows.
            return None
        names = (f"libq{platform}.so", f"libq{platform}-generic.so", f"libq{platform}-egl.so")
        plugin = next((folder / name for name in names if (folder / name).is_file()), None)
        if plugin is None:
            return DisplayProblem("plugin", platform)
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            return _library_problem(platform, str(error))
        return None


def _plugin_folder() -> Path | None:
    """Where the PySide6 wheel keeps Qt's platform plugins; None: no PySide6. Does not import it."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)), "Qt", "plugins", "platforms")


# The Debian and Ubuntu package of each library that PySide6 takes from the system.
_EVERYWHERE = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libX11.so.6": "libx11-6",
}
_PACKAGES = {
    "xcb": {
        "libX11-xcb.so.1": "libx11-xcb1",
        "libxcb.so.1": "libxcb1",
        "libxcb-cursor.so.0": "libxcb-cursor0",
        "libxcb-icccm.so.4": "libxcb-icccm4",
        "libxcb-image.so.0": "libxcb-image0",
        "libxcb-keysyms.so.1": "libxcb-keysyms1",
        "libxcb-randr.so.0": "libxcb-randr0",
        "libxcb-render.so.0": "libxcb-render0",
        "libxcb-render-util.so.0": "libxcb-render-util0",
        "libxcb-shape.so.0": "libxcb-shape0",
        "libxcb-shm.so.0": "libxcb-shm0",
        "libxcb-sync.so.1": "libxcb-sync1",
        "libxcb-util.so.1": "libxcb-util1",
        "libxcb-xfixes.so.0": "libxcb-xfixes0",
        "libxcb-xkb.so.1": "libxcb-xkb1",
        "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    },
    "wayland": {
        "libwayland-client.so.0": "libwayland-client0",
        "libwayland-cursor.so.0": "libwayland-cursor0",
    },
}


def _library_problem(platform: str, said: str) -> DisplayProblem:
    """What is missing for `platform`, given what the loader said: it names one library, there may be more."""
    known = _EVERYWHERE | _PACKAGES.get(platform.partition("-")[0], {})
    missing = [name for name in known if not _loads(name)]
    named = re.match(r"([\w.+-]+\.so[.\d]*): cannot open shared object file", said)
    if named and named[1] not in missing:
        missing.append(named[1])
    if not missing:
        return DisplayProblem("libraries", said)
    packages = dict.fromkeys(known[name] for name in missing if name in known)
    return DisplayProblem("libraries", said, tuple(missing), tuple(packages))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def describe_problem(problem: DisplayProblem) -> str:
    """The problem as a clause without a full stop, in the person's language."""
    match problem.reason:
        case "no-display":
            return tr("There is no display here")
        case "x11-refused" | "wayland-refused":
            return tr("The display {name} cannot be opened").format(name=problem.name)
        case "plugin":
            return tr("Qt has no platform “{name}” here").format(name=problem.name)
        case "no-qt":
            return tr("PySide6, which draws the window, is not installed")
        case "libraries":
            pass
    if problem.packages:
        return tr("The window needs packages that are missing here (apt install {packages})").format(
            packages=" ".join(problem.packages)
        )
    if problem.libraries:
        return tr("The window needs libraries that are missing here ({libraries})").format(
            libraries=", ".join(problem.libraries)
        )
    return tr("The libraries of the window cannot be loaded ({reason})").format(reason=problem.name)


def terminal_notice(problem: DisplayProblem) -> str:
    """The one sentence that says why the chat is in the terminal."""
    return tr("{reason}, so SLM Desk goes on in the terminal.").format(reason=describe_problem(problem))
