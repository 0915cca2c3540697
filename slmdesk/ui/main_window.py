"""The window: rail, panels, status bar, and the keys that work everywhere in it."""

from __future__ import annotations

import dataclasses
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import UserError, format_integer, tr
from slmdesk.ui.icons import application_icon
from slmdesk.ui.navigation import Rail
from slmdesk.ui.status_bar import StatusBar
from slmdesk.ui.theme import WINDOW_LEAST, Theme
from slmdesk.ui.widgets.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slmdesk.library import InstalledModel
    from slmdesk.storage import Settings, SettingsStore
    from slmdesk.ui.chat import ChatPanel
    from slmdesk.ui.inference import Inference
    from slmdesk.ui.services import Services
    from slmdesk.ui.settings import SettingsPanel
    from slmdesk.ui.tasks import Tasks

_log = logging.getLogger(__name__)

CHAT, SETTINGS = 0, 1


class SettingsLane:
    """Saves settings one after the other, whatever thread asks, and never older ones over newer ones."""

    def __init__(self, store: SettingsStore, saved: Settings) -> None:
        self._store = store
        self._saved = saved
        self._lock = threading.Lock()
        self.wanted = saved
        """What is to be saved next. Set from the GUI thread."""

    def save(self) -> None:
        """Save what is wanted now, unless that is what was saved last. Raises what the store raises."""
        with self._lock:
            wanted = self.wanted
            if wanted != self._saved:
                self._store.save(wanted)
                self._saved = wanted


class MainWindow(Surface):
    """Made and shown by the composition root, which calls `start` when the window is on the screen.

    Until then it is a rail, a status bar and room for a panel: whatever takes its time to import, the chat
    and the engines' side among it, comes with `start`.
    Closing it stops the answer, ends the engine and the inference thread, and says `closed`; conversations
    are stored as they are written, so there is nothing to ask.
    """

    painted = Signal()
    """The window is on the screen for the first time."""
    started = Signal()
    """The chat and the inference thread are there; nothing has been asked of them yet."""
    closed = Signal()
    bug_found = Signal(str)
    """Emitted by whoever, in whatever thread, meets an exception that nobody caught: its traceback."""

    def __init__(self, services: Services, theme: Theme) -> None:
        super().__init__(theme, "window")
        self._services = services
        self._settings = services.settings
        self._lane = SettingsLane(services.settings_store, services.settings)
        self._painted = False
        self._reports: list[str] = []
        self.ended = True
        """After `closed`: whether the inference thread has ended. False: it is stuck."""
        self._tasks: Tasks | None = None
        self._listing = False
        self._inference: Inference | None = None
        self._chat: ChatPanel | None = None
        self.setWindowTitle(tr("SLM Desk"))
        self.setMinimumSize(*WINDOW_LEAST)
        self.resize(services.settings.window_width, services.settings.window_height)
        self.rail = Rail(theme)
        self.status = StatusBar(theme)
        self.stack = QStackedWidget()
        self.stack.addWidget(Surface(theme, "surface"))
        self._settings_panel: SettingsPanel | None = None
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row, 1)
        column.addWidget(self.status)
        self.rail.choose(CHAT)
        # Queued: it may come from another thread, or from the middle of drawing.
        self.bug_found.connect(self.show_report, Qt.ConnectionType.QueuedConnection)

    @property
    def chat(self) -> ChatPanel:
        """The chat, from `start` on."""
        assert self._chat is not None
        return self._chat

    @property
    def inference(self) -> Inference:
        """The thread that models run from, from `start` on."""
        assert self._inference is not None
        return self._inference

    @property
    def settings_panel(self) -> SettingsPanel:
        """Made when it is first wanted: the window shows sooner without it."""
        if self._settings_panel is None:
            from slmdesk.ui.settings import SettingsPanel

            services = self._services
            panel = SettingsPanel(
                self._theme, self._settings, services.paths, services.log_file, self._open_path
            )
            panel.appearance.theme_chosen.connect(self._choose_theme)
            panel.appearance.language_chosen.connect(lambda code: self._change_settings(language=code))
            panel.about_shown.connect(self._show_engines)
            self.stack.addWidget(panel)
            self._settings_panel = panel
        return self._settings_panel

    def start(self) -> None:
        """Open the chat and look for models. Called once, with an asyncio loop running on Qt's."""
        from slmdesk.ui.chat import ChatPanel
        from slmdesk.ui.inference import Inference
        from slmdesk.ui.tasks import Tasks

        self._theme.set_style()
        self._inference = Inference(self._services, self)
        self._inference.state_changed.connect(self.status.show_state)
        self._inference.crashed.connect(lambda ticket, report: self.show_panel(CHAT))
        self._chat = ChatPanel(self._theme, self._inference, self._open_models_folder, self._list_models)
        self._chat.model_chosen.connect(lambda model_id: self._change_settings(model=model_id))
        self.stack.addWidget(self._chat)
        self.stack.setCurrentWidget(self._chat)
        self.rail.chosen.connect(self.show_panel)
        self._add_shortcuts()
        self._chat.focus_input()
        self._tasks = Tasks(self._show_error, self.show_report)
        self.setWindowIcon(application_icon())
        self.started.emit()
        self.inference.open()
        self._list_models()
        for problem in self._services.settings_store.problems:
            self._chat.show_notice(problem)
        for report in self._reports:
            self.show_report(report)
        # The first number written imports a library, which the window would stop for.
        self._tasks.run(lambda: format_integer(0))

    def show_panel(self, index: int) -> None:
        """Show the chat (0) or the settings (1)."""
        panel: QWidget = self.chat if index == CHAT else self.settings_panel
        self.stack.setCurrentWidget(panel)
        self.rail.choose(index)
        if index == CHAT:
            self.chat.focus_input()
        else:
            self.settings_panel.focus_page()

    def show_report(self, report: str) -> None:
        """Show a bug by its traceback; before `start`, once it is called."""
        if self._chat is None:
            self._reports.append(report)
        elif not self._chat.shows_report(report):
            self._set_listing(False)
            self.show_panel(CHAT)
            self._chat.show_report(report)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the panel the rail's names where the window is narrow."""
        super().resizeEvent(event)
        self.rail.set_narrow(self.width() < self._theme.sizes.rail_collapses_below)

    def showEvent(self, event: QShowEvent) -> None:
        """Find out when the window is on the screen."""
        super().showEvent(event)
        if self._painted:
            return
        # Its own paint event does not tell: opaque children cover all of it.
        self.windowHandle().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say `painted` once the system has asked for the first picture and everything in it is drawn."""
        if event.type() == QEvent.Type.Expose and watched is self.windowHandle():
            watched.removeEventFilter(self)
            if not self._painted:
                self._painted = True
                QTimer.singleShot(0, self.painted.emit)
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Look for models again when the person comes back, perhaps from putting one into the folder."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._list_models()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave nothing running."""
        if self._tasks is not None:
            self._tasks.close()
            self._tasks = None
        self.hide()
        if self._inference is not None:
            self.ended = self._inference.shut_down()
        if not self.isMaximized() and not self.isFullScreen():
            self._settings = dataclasses.replace(
                self._settings, window_width=self.width(), window_height=self.height()
            )
        self._save_last()
        super().closeEvent(event)
        self.closed.emit()

    def _add_shortcuts(self) -> None:
        keys: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Ctrl+1", lambda: self.show_panel(CHAT)),
            ("Ctrl+,", lambda: self.show_panel(SETTINGS)),
            ("Ctrl+N", self._new_chat),
            ("Ctrl+L", lambda: self.show_panel(CHAT)),
            ("Esc", self._escape),
        )
        for key, run in keys:
            # On macOS Qt reads Ctrl as the Command key.
            QShortcut(QKeySequence(key), self, run)

    def _new_chat(self) -> None:
        self.show_panel(CHAT)
        self.chat.start_new_chat()

    def _escape(self) -> None:
        """Stop what is going on; otherwise close the settings."""
        if self.inference.running:
            self.chat.stop()
        elif self.stack.currentWidget() is not self.chat:
            self.show_panel(CHAT)

    def _list_models(self) -> None:
        if self._tasks is not None and not self._listing:
            self._set_listing(True)
            self._tasks.run(self._services.list_models, self._take_models)

    def _take_models(self, models: Sequence[InstalledModel]) -> None:
        self._set_listing(False)
        self.chat.set_models(models, self._settings.model)

    def _choose_theme(self, choice: str) -> None:
        self._change_settings(theme=choice)
        self._theme.choose(self._settings.theme)

    def _change_settings(self, **changes: object) -> None:
        settings: Settings = dataclasses.replace(self._settings, **changes)  # type: ignore[arg-type]
        self._settings = self._lane.wanted = settings
        if self._tasks is not None:
            self._tasks.run(self._lane.save)

    def _save_last(self) -> None:
        """Save the settings as they are when the window has gone, where a wait disturbs nobody."""
        self._lane.wanted = self._settings
        try:
            self._lane.save()
        except UserError as error:
            # There is no window left to show it in.
            _log.warning("settings not saved: %s", error)

    def _show_engines(self) -> None:
        if self._tasks is not None:
            self._tasks.run(self._services.engine_versions, self.settings_panel.about.show_engines)

    def _open_models_folder(self) -> None:
        self._open_path(self._services.paths.models)

    def _open_path(self, path: Path) -> None:
        def make() -> Path:
            # A file that is not written yet cannot be opened, but its folder can.
            folder = path.parent if path.suffix else path
            folder.mkdir(parents=True, exist_ok=True)
            return path if path.exists() else folder

        if self._tasks is not None:
            self._tasks.run(make, _open_in_system)

    def _set_listing(self, listing: bool) -> None:
        self._listing = listing
        self.chat.no_model.again_button.set_busy(listing)

    def _show_error(self, error: UserError) -> None:
        self._set_listing(False)
        if self.stack.currentWidget() is self._settings_panel and self._settings_panel is not None:
            self._settings_panel.show_error(error)
        else:
            self.chat.show_error(error)


def _open_in_system(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
