"""The probes of this computer, kept from one start to the next."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from slmdesk.fit.correction import LEAST_SHARE, USEFUL_SHARE
from slmdesk.fit.probe import PROBE_VERSION
from slmdesk.fit.roofline import Coefficients
from slmdesk.messages import UserError
from slmdesk.storage import make_private_folder, write_atomically

_log = logging.getLogger(__name__)

PROBES_FILE = "probes.json"
_MOST_PROBES = 8
_MOST_BYTES = 4_000_000
_WAITING = 5


class ProbeKey(Struct, frozen=True, kw_only=True):
    """What a probe holds for. Where any of it changes, it is taken again."""

    cpu: str
    threads: int
    engine: str
    """The engine's installed package, with its version."""
    device: str = ""
    """The engine's name of a device; "": the processor."""
    probe: int = PROBE_VERSION


class KeptProbe(Struct, frozen=True, kw_only=True):
    """What one probe found."""

    key: ProbeKey
    coefficients: Coefficients
    at: float
    """Seconds since 1970."""
    share: float | None = None
    """Of the processor time that the engine's threads could have had, what they had; None: not known."""
    complete: bool = True
    """Whether there was time for all that is to be measured."""

    @property
    def disturbed(self) -> bool:
        """Whether other programs kept the computer busy meanwhile: it is faster than was found."""
        return self.share is not None and self.share < LEAST_SHARE

    @property
    def is_useful(self) -> bool:
        """Whether it tells how fast models are that were never run here; by a wider range where it was
        disturbed."""
        return self.share is None or self.share >= USEFUL_SHARE

    @property
    def slack(self) -> float:
        """How many times as fast as was found the computer may be; 1: it was not disturbed.

        Much more than the time that was missing, because where one thread has to wait for a processor, all
        others wait for it at the next step. With other programs on two cores, answers had a share of 0.6 and
        took 2.3 times as long, or one of 0.5 and up to 28 times.
        """
        if self.share is None or not self.disturbed:
            return 1.0
        return float(max(self.share, 0.01) ** -_WAITING)


class ProbeFile:
    """The probes of one home. Reads the file when first asked; usable from any thread."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / PROBES_FILE
        self._lock = threading.Lock()
        self._kept: tuple[KeptProbe, ...] | None = None

    def probes(self) -> tuple[KeptProbe, ...]:
        """All of them, the newest last. Never raises: what cannot be read is not there."""
        with self._lock:
            if self._kept is None:
                self._kept = _read(self._file)
            return self._kept

    def keep(self, probe: KeptProbe) -> None:
        """Keep `probe` in place of one with the same key, unless that was less disturbed; where the disk
        refuses, until this program ends."""
        with self._lock:
            # Another window or command may have measured since.
            known = (*(self._kept or ()), *_read(self._file))
            self._kept = _best((*known, probe))[-_MOST_PROBES:]
            try:
                make_private_folder(self._file.parent)
                write_atomically(self._file, msgspec.json.encode(self._kept))
            except (OSError, UserError) as error:
                _log.warning("the probe of this computer could not be kept: %r", error)


def _best(probes: Iterable[KeptProbe]) -> tuple[KeptProbe, ...]:
    """One of each key: the newest that was not disturbed, or else the least disturbed."""
    found: dict[ProbeKey, KeptProbe] = {}
    for probe in probes:
        before = found.pop(probe.key, None)
        if before is None or not probe.disturbed:
            found[probe.key] = probe
        else:
            found[probe.key] = max(before, probe, key=_undisturbed_share)
    return tuple(found.values())


def _undisturbed_share(probe: KeptProbe) -> float:
    return probe.share if probe.share is not None and probe.disturbed else 1.0


def _read(file: Path) -> tuple[KeptProbe, ...]:
    try:
        with file.open("rb") as stream:
            return _decoder.decode(stream.read(_MOST_BYTES))
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("the probes of this computer cannot be read, they are taken again: %r", error)
        return ()


_decoder = msgspec.json.Decoder(tuple[KeptProbe, ...])
