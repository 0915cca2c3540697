"""The proxy that is set in the settings of a GNOME desktop, or of one that shares them."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

_SCHEMA = "org.gnome.system.proxy"
_TOOL_S = 3.0
_KEPT_S = 30.0


class GnomeProxies(NamedTuple):
    """Addresses by scheme, and names, networks and patterns that need none."""

    by_scheme: dict[str, str]
    ignored: str
    """As `NO_PROXY` has it."""


_last: tuple[float, GnomeProxies] | None = None


def read_gnome_proxies() -> GnomeProxies:
    """What is set by hand; nothing where a script decides (`auto`), or there is no such desktop.

    A change is seen after half a minute.
    """
    global _last
    now = time.monotonic()
    if _last is None or now - _last[0] > _KEPT_S:
        _last = (now, parse(_run()))
    return _last[1]


def parse(text: str) -> GnomeProxies:
    """Read lines of schema, key and value, as `gsettings list-recursively` prints them."""
    values: dict[str, object] = {}
    for line in text.splitlines():
        schema, _, rest = line.partition(" ")
        key, _, value = rest.partition(" ")
        try:
            values[f"{schema.removeprefix(_SCHEMA)} {key}"] = ast.literal_eval(value.removeprefix("@as "))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            # `true` and `false`, of which none is needed.
            continue
    if values.get(" mode") != "manual":
        return GnomeProxies({}, "")
    found = {}
    for part, scheme, prefix in (
        ("http", "http", "http"),
        ("https", "https", "http"),
        ("socks", "all", "socks5"),
    ):
        host, port = values.get(f".{part} host"), values.get(f".{part} port")
        if isinstance(host, str) and host.strip() and isinstance(port, int) and 0 < port < 65536:
            found[scheme] = f"{prefix}://{host.strip()}:{port}"
    ignored = values.get(" ignore-hosts")
    names = [one for one in ignored if isinstance(one, str)] if isinstance(ignored, list) else []
    return GnomeProxies(found, ",".join(names))


def _run() -> str:
    """What gsettings says, or nothing where there is none, or it does not answer."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    # Never in the working folder, where anybody may have put a file of that name.
    tool = shutil.which("gsettings", path=os.pathsep.join(one for one in folders if Path(one).is_absolute()))
    if tool is None:
        return ""
    try:
        return subprocess.run(
            [tool, "list-recursively", _SCHEMA],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TOOL_S,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
