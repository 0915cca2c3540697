"""Settings, About."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from slmdesk import __version__
from slmdesk.messages import tr
from slmdesk.storage import Paths
from slmdesk.ui.settings.rows import SettingsPage, SettingsRow, path_row
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Label


class AboutPage(SettingsPage):
    """What this is, what it is made of, and where it keeps things."""

    def __init__(self, theme: Theme, paths: Paths, log_file: Path, open_path: Callable[[Path], None]) -> None:
        """`open_path` shows a file or folder in the system's own program, and makes a missing folder."""
        about = tr("Runs small language models privately on this computer.")
        super().__init__(theme, tr("About SLM Desk"), about)
        self._engines_shown = False
        licence = tr("Apache License 2.0: free to use, also at work.")
        privacy = tr("Chats, models and settings stay on this computer. Nothing is sent anywhere.")
        self.version = Label(theme, __version__, color="text_secondary")
        self.add_group(
            tr("Program"),
            SettingsRow(theme, "info", tr("Version"), "", self.version),
            SettingsRow(theme, "scale", tr("Licence"), licence),
            SettingsRow(theme, "shield-check", tr("Privacy"), privacy),
        )
        self.open_buttons: list[Button] = []
        self.add_group(
            tr("Folders"),
            self._folder("package", tr("Models"), paths.models, open_path),
            self._folder("hard-drive", tr("Chats"), paths.data, open_path),
            self._folder("settings", tr("Settings"), paths.config, open_path),
            self._folder("scroll-text", tr("Log"), log_file, open_path),
        )

    def show_engines(self, versions: Sequence[tuple[str, str]]) -> None:
        """Engines with their versions, once they are known."""
        if versions and not self._engines_shown:
            self._engines_shown = True
            rows = [
                SettingsRow(
                    self._theme, "package", name, "", Label(self._theme, version, color="text_secondary")
                )
                for name, version in versions
            ]
            self.add_group(tr("Engines"), *rows)

    def _folder(self, icon: str, name: str, path: Path, open_path: Callable[[Path], None]) -> SettingsRow:
        row, button = path_row(self._theme, icon, name, path, open_path)
        self.open_buttons.append(button)
        return row
