"""Whether to keep llama.cpp from using AMX, the matrix unit of some server processors.

Some virtual machines announce AMX and grant its use, but lose its state whenever they switch between
threads: the next prompt of more than a few tokens then ends the process with SIGILL. Trying it once does not
show that, so there AMX is left alone. Pure, over what the system and the library say.
"""

from __future__ import annotations

import re

_FLAGS = re.compile(r"^flags\s*:(.*)$", re.MULTILINE)
_BUILT_WITH_AMX = re.compile(r"AMX_\w+ = 1")


def leave_amx_alone(system_info: str, cpuinfo: str) -> bool:
    """Whether a library with `system_info` (llama.cpp's own text) should not use AMX on a processor that
    Linux describes with `cpuinfo` (of `/proc/cpuinfo`; "" elsewhere).
    """
    if not _BUILT_WITH_AMX.search(system_info):
        return False
    found = _FLAGS.search(cpuinfo)
    flags = set(found[1].split()) if found else set()
    return "hypervisor" in flags and "amx_tile" in flags
