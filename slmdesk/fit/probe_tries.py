"""When this computer was last tried to be measured, and what came of it, kept from one start to the next.

A probe that failed or was disturbed is taken again, but not at once: it takes its time, and what kept the
computer busy a minute ago most often still does.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from slmdesk.fit.kept_probes import ProbeKey
from slmdesk.messages import UserError
from slmdesk.storage import make_private_folder, write_atomically

_log = logging.getLogger(__name__)

TRIES_FILE = "tries.json"
WAIT_S = 600.0
"""From one try to the next."""
_MOST_TRIES = 16
_MOST_BYTES = 100_000

Outcome: TypeAlias = Literal["measured", "busy", "failed"]
"""`measured`: there is a probe, disturbed or not; `busy`: other programs left no time for one; `failed`: the
engine or the disk did not let one be taken."""


class ProbeTry(Struct, frozen=True, kw_only=True):
    """One try to measure."""

    key: ProbeKey
    at: float
    """Seconds since 1970."""
    outcome: Outcome


class TryFile:
    """The tries of one home. Reads the file when first asked; usable from any thread. Where the disk refuses,
    they are kept until this program ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / TRIES_FILE
        self._lock = threading.Lock()
        self._tries: dict[ProbeKey, ProbeTry] | None = None

    def last(self, key: ProbeKey) -> ProbeTry | None:
        """The newest one; None: it was never tried. Never raises."""
        with self._lock:
            return self._loaded().get(key)

    def is_recent(self, key: ProbeKey, now: float, *outcomes: Outcome) -> bool:
        """Whether the newest one had one of these `outcomes`, and is so new that it is too early for another.
        `now`: seconds since 1970."""
        last = self.last(key)
        # A clock that was put back must not stop measuring for good.
        return last is not None and last.outcome in outcomes and 0 <= now - last.at < WAIT_S

    def keep(self, one: ProbeTry) -> bool:
        """Remember `one` as the newest. False: until this program ends, the disk refused. Never raises."""
        with self._lock:
            # Another window or command may have tried since.
            tries = {**self._loaded(), **_read(self._file)}
            tries.pop(one.key, None)
            self._tries = {**tries, one.key: one}
            return self._write()

    def can_keep(self) -> bool:
        """Whether the disk takes what is to be kept. Found out by writing. Never raises."""
        with self._lock:
            self._loaded()
            return self._write()

    def _loaded(self) -> dict[ProbeKey, ProbeTry]:
        if self._tries is None:
            self._tries = _read(self._file)
        return self._tries

    def _write(self) -> bool:
        newest = sorted((self._tries or {}).values(), key=lambda one: one.at)[-_MOST_TRIES:]
        try:
            make_private_folder(self._file.parent)
            write_atomically(self._file, msgspec.json.encode(newest))
        except (OSError, UserError) as error:
            _log.warning("when this computer was measured could not be kept: %r", error)
            return False
        return True


def _read(file: Path) -> dict[ProbeKey, ProbeTry]:
    try:
        with file.open("rb") as stream:
            tries = _decoder.decode(stream.read(_MOST_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("when this computer was measured cannot be read: %r", error)
        return {}
    return {one.key: one for one in tries}


_decoder = msgspec.json.Decoder(tuple[ProbeTry, ...])
