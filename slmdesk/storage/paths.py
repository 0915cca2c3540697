"""Where everything is kept on this computer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one person's SLM Desk. None is created until something is written to it.

    `SLMDESK_HOME` puts all of them below one folder, for tests and for portable use::

        HOME/
          config/settings.json
          data/slmdesk.db
          data/slmdesk.ledger      which messages there are, without their words
          data/backups/...         copies of the database
          data/models/...          models that the application owns
          state/logs/slmdesk.log   the log a person can open
          state/window.lock        held by the open window
          state/speed/...          how fast this computer is, and models were on it
          cache/
    """

    config: Path
    data: Path
    state: Path
    cache: Path

    @property
    def settings_file(self) -> Path:
        """What the person chose."""
        return self.config / "settings.json"

    @property
    def database_file(self) -> Path:
        """Conversations."""
        return self.data / "slmdesk.db"

    @property
    def backups(self) -> Path:
        """Copies of the database."""
        return self.data / "backups"

    @property
    def models(self) -> Path:
        """Models that the application owns."""
        return self.data / "models"

    @property
    def logs(self) -> Path:
        """Logs of the program and of its engine processes."""
        return self.state / "logs"

    @property
    def speed(self) -> Path:
        """How fast this computer is, and how fast models were on it."""
        return self.state / "speed"

    @property
    def window_lock(self) -> Path:
        """Held by the one open window of this home."""
        return self.state / "window.lock"


def find_paths(environment: Mapping[str, str] = os.environ) -> Paths:
    """The folders that `environment` asks for, or the system's usual ones."""
    home = environment.get("SLMDESK_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "config", root / "data", root / "state", root / "cache")
    folders = platformdirs.PlatformDirs(
        "SLMDesk" if sys.platform in ("win32", "darwin") else "slmdesk", False
    )
    return Paths(
        folders.user_config_path, folders.user_data_path, folders.user_state_path, folders.user_cache_path
    )


def resources_folder() -> Path:
    """The folder of icons, locale files and curated lists that ships with the program.

    The same answer for a frozen program, an installed wheel and a checkout.
    """
    package = Path(__file__).resolve().parent.parent
    # A wheel and a frozen tree carry the folder inside the package, a checkout beside it.
    shipped = package / "_resources"
    return shipped if shipped.is_dir() else package.parent / "resources"
