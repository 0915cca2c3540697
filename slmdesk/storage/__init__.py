"""What is kept on this computer: folders, settings, the database, the lock of the open window, the log."""

from slmdesk.storage.database import SCHEMA_VERSION, Database
from slmdesk.storage.folders import make_private_folder
from slmdesk.storage.health import storage_problems
from slmdesk.storage.log import log_file, set_up_logging, show_uncaught
from slmdesk.storage.paths import Paths, find_paths, resources_folder
from slmdesk.storage.settings import LanguageChoice, Settings, SettingsStore, Theme
from slmdesk.storage.window_lock import WindowLock

__all__ = [
    "SCHEMA_VERSION",
    "Database",
    "LanguageChoice",
    "Paths",
    "Settings",
    "SettingsStore",
    "Theme",
    "WindowLock",
    "find_paths",
    "log_file",
    "make_private_folder",
    "resources_folder",
    "set_up_logging",
    "show_uncaught",
    "storage_problems",
]
