"""How engines, devices and memory are called on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slmdesk.messages import format_bytes, format_integer, tr, tr_n

if TYPE_CHECKING:
    from slmdesk.engines import Device, EngineFacts
    from slmdesk.hardware import Computer

_SEPARATOR = " · "
# Of English text, roughly.
_WORDS_PER_TOKEN = 0.75


def join(parts: Sequence[str]) -> str:
    """Names as they are listed in a sentence."""
    if len(parts) < 2:
        return "".join(parts)
    return tr("{names} and {last}").format(names=", ".join(parts[:-1]), last=parts[-1])


def dotted(*parts: str) -> str:
    """Facts beside each other; empty ones are left out."""
    return _SEPARATOR.join(part for part in parts if part)


def memory(total: int, free: int | None) -> str:
    """How much there is, and how much of it is free where that is known; empty: nothing is known."""
    if not total:
        return ""
    whole = format_bytes(total, binary=True)
    if not free:
        return whole
    return tr("{free} of {total} free").format(free=format_bytes(free, binary=True), total=whole)


def device_title(device: Device) -> str:
    """The device, with what drives it where the name does not say so."""
    name = device.description or device.name
    if not device.backend or device.backend.casefold() in name.casefold():
        return name
    return f"{name} ({device.backend})"


def engine_about(engine: EngineFacts, models: str) -> str:
    """What an engine that works is, and what it can use. `models`: what it loads, in words."""
    return dotted(engine.version, models, join(engine.backends))


def processor(computer: Computer) -> str:
    """Cores and memory of this computer."""
    cores = tr_n("{count} core", "{count} cores", computer.physical_cores).format(
        count=format_integer(computer.physical_cores)
    )
    total = format_bytes(computer.total_memory_bytes, binary=True)
    return tr("{cores}, {memory} of memory").format(cores=cores, memory=total)


def tokens(count: int) -> str:
    """A length in tokens."""
    return tr_n("{count} token", "{count} tokens", count).format(count=format_integer(count))


def about_words(count: int) -> str:
    """How many words a context holds, to two figures."""
    words = count * _WORDS_PER_TOKEN
    step = 10 ** max(len(str(int(words))) - 2, 0)
    rounded = round(words / step) * step
    return tr_n("About {count} word.", "About {count} words.", rounded).format(count=format_integer(rounded))
