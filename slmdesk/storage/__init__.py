"""What is kept on this computer: folders, settings, the database, the lock of the open window, the log.

What looks after the database is read when it is first asked for: a window shows before that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from slmdesk.storage.database import Database
from slmdesk.storage.device_names import DeviceFault, fault_of_devices, general_devices, split_devices
from slmdesk.storage.folders import make_private_folder, write_atomically
from slmdesk.storage.log import log_file, set_up_logging, show_uncaught
from slmdesk.storage.migrations import SCHEMA_VERSION
from slmdesk.storage.model_settings import (
    LONGEST_CONTEXT_LENGTH,
    MOST_GPU_LAYERS,
    MOST_THREADS,
    KvPrecision,
    ModelSettings,
)
from slmdesk.storage.paths import Paths, find_paths, resources_folder
from slmdesk.storage.settings import (
    TEXT_ZOOM_LEAST,
    TEXT_ZOOM_MOST,
    WINDOW_SIDE_LEAST,
    WINDOW_SIDE_MOST,
    LanguageChoice,
    Settings,
    SettingsStore,
    Theme,
)
from slmdesk.storage.window_lock import WindowLock

if TYPE_CHECKING:
    from slmdesk.storage.backups import back_up, forget_in_backups
    from slmdesk.storage.digests import row_digest
    from slmdesk.storage.health import storage_problems
    from slmdesk.storage.mending import LostMessage
    from slmdesk.storage.repair import RepairReport, find_and_repair_damage

_READ_LATER = {
    "LostMessage": "mending",
    "RepairReport": "repair",
    "back_up": "backups",
    "find_and_repair_damage": "repair",
    "forget_in_backups": "backups",
    "row_digest": "digests",
    "storage_problems": "health",
}

__all__ = [
    "LONGEST_CONTEXT_LENGTH",
    "MOST_GPU_LAYERS",
    "MOST_THREADS",
    "SCHEMA_VERSION",
    "TEXT_ZOOM_LEAST",
    "TEXT_ZOOM_MOST",
    "WINDOW_SIDE_LEAST",
    "WINDOW_SIDE_MOST",
    "Database",
    "DeviceFault",
    "KvPrecision",
    "LanguageChoice",
    "LostMessage",
    "ModelSettings",
    "Paths",
    "RepairReport",
    "Settings",
    "SettingsStore",
    "Theme",
    "WindowLock",
    "back_up",
    "fault_of_devices",
    "find_and_repair_damage",
    "find_paths",
    "forget_in_backups",
    "general_devices",
    "log_file",
    "make_private_folder",
    "resources_folder",
    "row_digest",
    "set_up_logging",
    "show_uncaught",
    "split_devices",
    "storage_problems",
    "write_atomically",
]


def __getattr__(name: str) -> object:
    module = _READ_LATER.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
