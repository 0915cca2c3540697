"""What the kernel of macOS tells of the computer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TypeAlias

from slmdesk.hardware.tools import run_tool

Sysctl: TypeAlias = Mapping[str, str]
"""Values by name."""

_NAMES = ("hw.optional", "machdep.cpu", "sysctl.proc_translated")


def parse_sysctl(text: str) -> dict[str, str]:
    """The values in lines of `name: value`; anything else is left out. Pure, never raises."""
    facts: dict[str, str] = {}
    for line in text.splitlines():
        name, found, value = line.partition(":")
        if found and "." in name and " " not in name.strip():
            facts[name.strip()] = value.strip()
    return facts


def is_translated(facts: Sysctl) -> bool:
    """This program was built for Intel and runs translated (Rosetta) on a processor of Apple's."""
    return facts.get("sysctl.proc_translated") == "1"


def read_sysctl() -> dict[str, str]:
    """The facts of this computer; none where it is no Mac.

    Names that this system does not have are complained about and left out. Raises OSError and
    subprocess.TimeoutExpired.
    """
    return parse_sysctl(run_tool(("/usr/sbin/sysctl", *_NAMES))) if sys.platform == "darwin" else {}
