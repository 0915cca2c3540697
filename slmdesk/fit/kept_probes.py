"""The probes of this computer, kept from one start to the next."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import msgspec
from msgspec import Struct

from slmdesk.fit.probe import PROBE_VERSION
from slmdesk.fit.roofline import Coefficients
from slmdesk.messages import UserError
from slmdesk.storage import make_private_folder, write_atomically

_log = logging.getLogger(__name__)

PROBES_FILE = "probes.json"
_MOST_PROBES = 8
_MOST_BYTES = 4_000_000


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
        """Keep `probe` in place of one with the same key; where the disk refuses, until this program ends."""
        others = [one for one in self.probes() if one.key != probe.key]
        with self._lock:
            self._kept = (*others, probe)[-_MOST_PROBES:]
            try:
                make_private_folder(self._file.parent)
                write_atomically(self._file, msgspec.json.encode(self._kept))
            except (OSError, UserError) as error:
                _log.warning("the probe of this computer could not be kept: %r", error)


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
