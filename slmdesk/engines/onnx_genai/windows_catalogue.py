"""Execution providers that Windows keeps for all programs: those of its catalogue that are installed.

Windows 11 24H2 and later offer OpenVINO, QNN, TensorRT RTX and VitisAI to computers that have the devices
(learn.microsoft.com, "Windows ML execution providers"). Each process that wants one asks for its library and
registers that with ONNX Runtime. Nothing is ever downloaded here: what is not installed is left out. The
catalogue is asked through Microsoft's package `windowsml`; without it there is none.
"""

from __future__ import annotations

import importlib
import logging
import platform
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from slmdesk.engines.onnx_genai.providers import PROVIDERS

_log = logging.getLogger(__name__)

Register = Callable[[str, str], object]
"""`register_execution_provider_library(name, path)` of ONNX Runtime, or of ONNX Runtime GenAI."""

_CATALOGUE_ERRORS = (OSError, RuntimeError, ValueError)
"""What Windows' error codes arrive as; ValueError: a state that is none of those known."""

_open_catalogues: list[Any] = []
"""Open until the process ends: what is ready is so for as long, and closing has crashed with some drivers."""


@dataclass(frozen=True, slots=True)
class InstalledProvider:
    """A provider of the catalogue that can be registered now."""

    runtime_name: str
    """As in `Provider.runtime_name`."""
    library: str
    """Path of its library."""


def installed_providers(open_catalogue: Callable[[], Any] | None = None) -> tuple[InstalledProvider, ...]:
    """What of `PROVIDERS` the catalogue has installed, in their order; nothing where there is no catalogue.

    `open_catalogue` is `windowsml.EpCatalog`, for tests. An entry that fails costs nothing but itself.
    """
    open_catalogue = open_catalogue or _find_catalogue()
    if open_catalogue is None:
        return ()
    try:
        catalogue = open_catalogue()
        _open_catalogues.append(catalogue)
        entries = list(catalogue.find_all_providers())
    except _CATALOGUE_ERRORS as error:
        _log.warning("Windows' catalogue of execution providers could not be read: %s", error)
        return ()
    found = [one for one in map(_installed, entries) if one is not None]
    return tuple(one for provider in PROVIDERS for one in found if one.runtime_name == provider.runtime_name)


def register_providers(
    providers: Sequence[InstalledProvider],
    known: Collection[str],
    registers: Sequence[Register],
    errors: tuple[type[Exception], ...] = (RuntimeError,),
) -> tuple[str, ...]:
    """Register `providers` with each of `registers`; returns the runtime names of those that all have taken.

    `known`: what the runtime was built with, which is left as it is. `errors`: what `registers` raise for
    a library that they do not take. ONNX Runtime's module and ONNX Runtime GenAI each have an environment of
    their own: the one lists the devices, the other runs the model.
    """
    taken: list[str] = []
    for one in providers:
        if one.runtime_name in known or one.runtime_name in taken:
            continue
        try:
            for register in registers:
                register(one.runtime_name, one.library)
        except errors as error:
            _log.warning("%s of Windows' catalogue could not be registered: %s", one.runtime_name, error)
        else:
            taken.append(one.runtime_name)
    return tuple(taken)


def _find_catalogue() -> Callable[[], Any] | None:
    if platform.system() != "Windows":
        return None
    try:
        opens: Callable[[], Any] = importlib.import_module("windowsml").EpCatalog
    except ModuleNotFoundError:
        return None
    except (ImportError, OSError, AttributeError) as error:
        _log.warning("Windows' catalogue of execution providers could not be opened: %s", error)
        return None
    return opens


def _installed(entry: Any) -> InstalledProvider | None:
    name = ""
    try:
        name = entry.name
        known = next((p.runtime_name for p in PROVIDERS if p.runtime_name.lower() == name.lower()), None)
        state = entry.ready_state.name
        if known is None or state not in ("Ready", "NotReady"):
            # NotPresent: it would be downloaded to be made ready.
            return None
        if state == "NotReady":
            # Installed, but not open to this process yet.
            entry.ensure_ready()
        library = str(entry.library_path)
    except _CATALOGUE_ERRORS as error:
        _log.warning("%s of Windows' catalogue is not ready: %s", name or "An entry", error)
        return None
    return InstalledProvider(known, library) if library else None
