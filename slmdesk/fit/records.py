"""How fast models really were on this computer, kept from one start to the next.

A file of its own and not the database: the runs are figures that can be measured again, nobody's words, so
they need neither backups nor repairs, and a write of theirs must never wait for a chat's or hold one up. One
JSON line is appended for each run, which needs no lock between the window and the command line; a line that
cannot be read, cut off by a full disk for example, is passed over.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from slmdesk.engines import KvType
from slmdesk.fit.work import TokenWork
from slmdesk.messages import UserError
from slmdesk.storage import make_private_folder, write_atomically

_log = logging.getLogger(__name__)

RUNS_FILE = "runs.jsonl"
MOST_RUNS = 500
"""More are thinned out, the oldest first."""
MOST_ALIKE = 12
"""Of the same model with the same settings."""
_MOST_BYTES = 4_000_000


class RunSettings(Struct, frozen=True, kw_only=True):
    """What a speed depends on beside the model. Runs are compared where all of it is the same."""

    engine: str
    version: str
    """Of the engine, for people."""
    cpu: str
    threads: int
    devices: tuple[str, ...] = ()
    gpu_layers: int = 0
    kv_type: KvType = "f16"


class Run(Struct, frozen=True, kw_only=True):
    """One answer, as it was measured."""

    key: str
    """`TokenWork.key`."""
    settings: RunSettings
    depth: float
    """Tokens in the KV cache, on the average of the answer."""
    tokens: int
    tokens_per_second: float
    read_tokens: int = 0
    """Tokens of the prompt that were evaluated."""
    read_tokens_per_second: float = 0.0
    at: float
    """Seconds since 1970."""
    work: TokenWork
    """So that a later probe tells anew what it would have predicted."""


class RunFile:
    """The runs of one home. Reads the file when first asked; usable from any thread."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / RUNS_FILE
        self._lock = threading.Lock()
        self._runs: tuple[Run, ...] | None = None

    def runs(self) -> tuple[Run, ...]:
        """All of them, the oldest first, the same object until there is another. Never raises: what cannot be
        read is not there."""
        with self._lock:
            return self._load()

    def add(self, run: Run) -> None:
        """Keep `run`; where the disk refuses, until this program ends. Never raises."""
        with self._lock:
            runs = (*self._load(), run)
            full = len(runs) > MOST_RUNS
            self._runs = thinned(runs) if full else runs
            try:
                make_private_folder(self._file.parent)
                if full:
                    write_atomically(self._file, b"".join(map(_line, self._runs)))
                else:
                    with self._file.open("ab") as file:
                        file.write(_line(run))
            except (OSError, UserError) as error:
                _log.warning("the speed of a run could not be kept: %r", error)

    def _load(self) -> tuple[Run, ...]:
        if self._runs is None:
            self._runs = tuple(_read(self._file))
        return self._runs


def thinned(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The newest of each kind, and of all of them half as many as may be."""
    alike: dict[tuple[str, RunSettings], int] = defaultdict(int)
    kept = []
    for run in reversed(runs):
        kind = (run.key, run.settings)
        alike[kind] += 1
        if alike[kind] <= MOST_ALIKE:
            kept.append(run)
    return tuple(kept[: MOST_RUNS // 2][::-1])


def _line(run: Run) -> bytes:
    # A line that was cut off before must not take this one with it.
    return b"\n" + msgspec.json.encode(run) + b"\n"


def _read(file: Path) -> list[Run]:
    try:
        with file.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - _MOST_BYTES))
            data = stream.read(_MOST_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        _log.warning("the speeds of earlier runs cannot be read: %r", error)
        return []
    found = []
    for line in data.splitlines():
        if not line.strip():
            continue
        try:
            found.append(_decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.info("a run is passed over: %s", error)
    return found


_decoder = msgspec.json.Decoder(Run)
