"""Answers of the engine that were asked for already: in memory, and in a file for the next start.

What a model takes depends on its header, the question, and the engine with the processor it runs on; all of
them are in the key, so an answer never gets old. What is free is no part of an answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from collections import OrderedDict
from pathlib import Path

import msgspec

from slmdesk.engines import SimulatedLoad
from slmdesk.fit.types import FitQuestion
from slmdesk.hardware import cpu_name

MOST_ANSWERS = 4096

_FORMAT = 1
_log = logging.getLogger(__name__)


class _File(msgspec.Struct, frozen=True):
    format: int
    answers: dict[str, SimulatedLoad]
    refused: dict[str, str] = {}
    """Models that the engine does not take: their architecture where it does not know that, else nothing."""


class KeptAnswers:
    """Usable from any thread. A file that cannot be read or written costs nothing but the asking again."""

    def __init__(self, file: Path | None = None) -> None:
        """`file` None: kept in memory alone."""
        self._file = file
        self._lock = threading.Lock()
        # Separate, so that nobody waits for the disk.
        self._writing = threading.Lock()
        self._answers: OrderedDict[str, SimulatedLoad] | None = None
        self._refused: dict[str, str] = {}

    def find(self, model: bytes, question: FitQuestion) -> SimulatedLoad | None:
        """The answer about the model with the digest `model`, or None. Reads the file at the first call."""
        key = _key(model, question)
        with self._lock:
            answers = self._loaded()
            if key in answers:
                answers.move_to_end(key)
            return answers.get(key)

    def keep(self, model: bytes, question: FitQuestion, load: SimulatedLoad) -> None:
        """Remember an answer until `save`."""
        with self._lock:
            answers = self._loaded()
            answers[_key(model, question)] = load
            while len(answers) > MOST_ANSWERS:
                answers.popitem(last=False)

    def find_refusal(self, model: bytes) -> str | None:
        """Of the model with the digest `model`: its architecture where the engine that is installed does not
        know that, "" where it takes the file for damaged; None: it was not seen to refuse it."""
        with self._lock:
            self._loaded()
            return self._refused.get(_key(model, None))

    def keep_refusal(self, model: bytes, architecture: str) -> None:
        """Remember what `find_refusal` says, until `save`."""
        with self._lock:
            self._loaded()
            self._refused[_key(model, None)] = architecture
            while len(self._refused) > MOST_ANSWERS:
                del self._refused[next(iter(self._refused))]

    def save(self) -> None:
        """Write the file, where there is one. Never raises for a disk that is full or read-only."""
        if self._file is None:
            return
        with self._writing:
            with self._lock:
                data = msgspec.json.encode(_File(_FORMAT, dict(self._loaded()), self._refused))
            new = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                new.write_bytes(data)
                new.replace(self._file)
            except OSError as error:
                _log.warning("answers about memory are not kept: %s", error)
                with contextlib.suppress(OSError):
                    new.unlink(missing_ok=True)

    def _loaded(self) -> OrderedDict[str, SimulatedLoad]:
        if self._answers is None:
            kept = self._read()
            self._answers, self._refused = OrderedDict(kept.answers), dict(kept.refused)
        return self._answers

    def _read(self) -> _File:
        nothing = _File(_FORMAT, {})
        if self._file is None:
            return nothing
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=_File)
        except FileNotFoundError:
            return nothing
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("kept answers about memory cannot be read: %s", error)
            return nothing
        return kept if kept.format == _FORMAT else nothing


def _key(model: bytes, question: FitQuestion | None) -> str:
    parts = (model, msgspec.json.encode(question), _engine().encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _engine() -> str:
    """What is installed, found without importing it: a library of that version on this processor."""
    # Not at the top: a window starts without it.
    from importlib import metadata

    try:
        version = metadata.version("llama-cpp-python")
    except metadata.PackageNotFoundError:
        version = ""
    override = os.environ.get("LLAMA_CPP_LIB_PATH", "")
    return f"{version}\n{override}\n{cpu_name()}"
