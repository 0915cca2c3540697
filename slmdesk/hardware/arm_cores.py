"""Names of ARM's processor cores: Linux tells their numbers only."""

from __future__ import annotations

_ARM, _QUALCOMM, _APPLE = 0x41, 0x51, 0x61
_NAMES = {
    (_ARM, 0xD03): "Cortex-A53",
    (_ARM, 0xD05): "Cortex-A55",
    (_ARM, 0xD07): "Cortex-A57",
    (_ARM, 0xD08): "Cortex-A72",
    (_ARM, 0xD09): "Cortex-A73",
    (_ARM, 0xD0B): "Cortex-A76",
    (_ARM, 0xD0C): "Neoverse-N1",
    (_ARM, 0xD40): "Neoverse-V1",
    (_ARM, 0xD41): "Cortex-A78",
    (_ARM, 0xD44): "Cortex-X1",
    (_ARM, 0xD49): "Neoverse-N2",
    (_ARM, 0xD4B): "Cortex-A78C",
    (_ARM, 0xD4C): "Cortex-X1C",
    (_ARM, 0xD4F): "Neoverse-V2",
    (_ARM, 0xD84): "Neoverse-V3",
    (_ARM, 0xD85): "Cortex-X925",
    (_ARM, 0xD87): "Cortex-A725",
    (_QUALCOMM, 0x001): "Qualcomm Oryon",
    (_QUALCOMM, 0x002): "Qualcomm Oryon",
    (_APPLE, 0x022): "Apple M1",
    (_APPLE, 0x023): "Apple M1",
    (_APPLE, 0x032): "Apple M2",
    (_APPLE, 0x033): "Apple M2",
}


def arm_core_names(text: str) -> str:
    """The kinds of cores in `/proc/cpuinfo`, each once; "" where one is not known. Pure, never raises."""
    names: dict[str, None] = {}
    implementer = 0
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "CPU implementer":
            implementer = _number(value)
        elif key.strip() == "CPU part":
            names[_NAMES.get((implementer, _number(value)), "")] = None
    return "" if "" in names else " + ".join(names)


def _number(text: str) -> int:
    try:
        return int(text.strip(), 16)
    except ValueError:
        return 0
