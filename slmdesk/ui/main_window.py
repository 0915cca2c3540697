"""The window: rail, panels, status bar, and the keys that work everywhere in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import ErrorKind, UserError, format_integer, tr
from slmdesk.storage import TEXT_ZOOM_LEAST, TEXT_ZOOM_MOST
from slmdesk.ui import system
from slmdesk.ui.icons import application_icon
from slmdesk.ui.navigation import Rail
from slmdesk.ui.settings_lane import SettingsLane
from slmdesk.ui.status_bar import StatusBar
from slmdesk.ui.theme import Theme, first_window, least_window
from slmdesk.ui.widgets.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slmdesk.library import InstalledModel
    from slmdesk.storage import Settings
    from slmdesk.ui.advice import ModelAdvice
    from slmdesk.ui.chat import ChatPanel
    from slmdesk.ui.inference import Inference
    from slmdesk.ui.models import ModelsPanel
    from slmdesk.ui.run_places import RunPlaces
    from slmdesk.ui.services import Services
    from slmdesk.ui.settings import SettingsPanel
    from slmdesk.ui.tasks import Tasks

CHAT, MODELS, SETTINGS = 0, 1, 2

# Percent.
_ZOOM_STEP = 10


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
        self._suggested = False
        self._open_advice: Callable[[], ModelAdvice] | None = None
        self._lane = SettingsLane(services.settings_store, services.settings)
        self._painted = False
        self._reports: list[str] = []
        self.ended = True
        """After `closed`: whether the inference thread has ended. False: it is stuck."""
        self._tasks: Tasks | None = None
        self._listing = False
        self._outdated_list = False
        self._found_models: Sequence[InstalledModel] = ()
        self._narrow = False
        self._inference: Inference | None = None
        self._chat: ChatPanel | None = None
        self._run_places: RunPlaces | None = None
        self._models_panel: ModelsPanel | None = None
        self.setWindowTitle(tr("SLM Desk"))
        available = system.screen_size(self)
        self.setMinimumSize(*least_window(available))
        settings = services.settings
        self.resize(*first_window(available, settings.window_width, settings.window_height))
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
    def run_places(self) -> RunPlaces:
        """What is known of engines and devices, from `start` on."""
        assert self._run_places is not None
        return self._run_places

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way: no answer, no load, no work in the background."""
        return self._tasks is None or not (self._tasks.running or self.inference.running)

    @property
    def settings_panel(self) -> SettingsPanel:
        """Made when it is first wanted: the window shows sooner without it."""
        if self._settings_panel is None:
            from slmdesk.ui.settings import SettingsPanel

            services = self._services
            panel = SettingsPanel(
                self._theme,
                self._settings,
                services.paths,
                services.log_file,
                self._open_path,
                services.fixed,
                services.forced_offline(),
            )
            panel.changed.connect(lambda name, value: self._change_settings(**{name: value}))
            panel.about_shown.connect(self._show_engines)
            panel.engines_shown.connect(self.run_places.page_shown)
            self.run_places.attach(panel.engines, panel.reload_bar)
            self.stack.addWidget(panel)
            self._settings_panel = panel
        return self._settings_panel

    @property
    def models_panel(self) -> ModelsPanel:
        """Made when it is first wanted: what it needs takes its time to import."""
        if self._models_panel is None:
            from slmdesk.ui.models import ModelsPanel

            assert self._tasks is not None
            panel = ModelsPanel(
                self._theme,
                self._tasks,
                self._advice,
                self.offline,
                lambda: not self.inference.running,
            )
            panel.card.set_zoom(self._settings.text_zoom)
            self.stack.addWidget(panel)
            self._models_panel = panel
        return self._models_panel

    @property
    def offline(self) -> bool:
        """Whether nothing is asked of the network."""
        return self._settings.offline or bool(self._services.forced_offline())

    def start(self) -> None:
        """Open the chat and look for models. Called once, with an asyncio loop running on Qt's."""
        from slmdesk.chat import ChatOptions
        from slmdesk.ui.chat import ChatPanel
        from slmdesk.ui.chat.memory_ladder import MemoryLadder
        from slmdesk.ui.inference import Inference
        from slmdesk.ui.run_places import RunPlaces
        from slmdesk.ui.shortcuts.binding import bind_keys
        from slmdesk.ui.tasks import Tasks, once

        self._theme.set_style()
        system.keep_on_screen(self)
        services = self._services
        self._tasks = Tasks(self._show_error, self.show_report)
        open_chat = once(services.open_chat)
        if services.open_advice is not None:
            self._open_advice = once(services.open_advice)
        self.rail.buttons[MODELS].setVisible(services.open_advice is not None)
        self._inference = Inference(
            open_chat,
            services.load_options,
            self,
            context_length=lambda model: self.run_places.context_length(model),
        )
        self._inference.state_changed.connect(self.status.show_state)
        self._inference.crashed.connect(lambda ticket, report: self.show_panel(CHAT))
        # Its file may have gone, or be another one by now.
        self._inference.failed.connect(lambda ticket, error: self._list_models_anew())
        self._inference.died.connect(self._list_models_anew)
        self._chat = ChatPanel(
            self._theme,
            self._inference,
            self._tasks,
            open_chat,
            services.check_conversations,
            self._open_models_folder,
            self._list_models,
            services.new_chat_options or ChatOptions,
        )
        self._run_places = RunPlaces(
            self._theme,
            services,
            self._tasks,
            self._inference,
            self._chat,
            self._settings,
            lambda name, value: self._change_settings(**{name: value}),
            self._show_engines_page,
        )
        self._chat.model_chosen.connect(lambda model_id: self._change_settings(model=model_id))
        if services.find_steps is not None:
            self._ladder = MemoryLadder(
                self._chat,
                self._tasks,
                services.find_steps,
                lambda: self._settings,
                lambda name, value: self._change_settings(**{name: value}),
                self._show_fitting,
            )
        self._chat.no_model.model_wanted.connect(self._show_model)
        self._chat.no_model.fitting_wanted.connect(self._show_fitting)
        self.stack.addWidget(self._chat)
        self.stack.setCurrentWidget(self._chat)
        self.rail.chosen.connect(self.show_panel)
        bind_keys(self)
        self._chat.set_narrow(self._narrow)
        self._apply_settings()
        self._chat.focus_input()
        self.setWindowIcon(application_icon())
        self.started.emit()
        self._list_models()
        self._chat.open_stored(latest=self._settings.reopen_last_chat)
        self._chat.show_settings_problems(services.settings_store.problems)
        for report in self._reports:
            self.show_report(report)
        # What the first number written and the first conversation shown would make the window wait for.
        self._tasks.run(lambda: format_integer(0))
        self._tasks.run(system.warm_up_transcript)

    def follow_system_motion(self) -> None:
        """Keep still where the desktop asks for it, from `started` on."""
        if self._tasks is not None:
            # The library takes its time to read, away from this thread; the answer comes over the bus.
            self._tasks.run(system.read_bus_library, lambda _: self._theme.follow_system_motion())

    def show_panel(self, index: int) -> None:
        """Show the chat (0), the models (1) or the settings (2)."""
        panel: QWidget
        if index == CHAT:
            panel, focus = self.chat, self.chat.focus_input
        elif index == MODELS:
            panel, focus = self.models_panel, self.models_panel.focus_first
        else:
            panel, focus = self.settings_panel, self.settings_panel.focus_page
        self.stack.setCurrentWidget(panel)
        self.rail.choose(index)
        focus()

    def show_chat(self) -> None:
        """Show the chat, with the keyboard in its input."""
        self.show_panel(CHAT)

    def show_models(self) -> None:
        """Show the models that can be fetched, where anybody can tell of them."""
        if self._open_advice is not None:
            self.show_panel(MODELS)

    def _show_model(self, model_id: str) -> None:
        self.show_panel(MODELS)
        self.models_panel.show_model(model_id)

    def _show_fitting(self) -> None:
        self.show_panel(MODELS)
        self.models_panel.show_fitting()

    def show_settings(self) -> None:
        """Show the settings."""
        self.show_panel(SETTINGS)

    def _show_engines_page(self) -> None:
        self.show_settings()
        self.settings_panel.show_engines()

    def show_report(self, report: str) -> None:
        """Show a bug by its traceback; before `start`, once it is called."""
        if self._chat is None:
            self._reports.append(report)
        elif not self._chat.banners.shows_report(report):
            self._set_listing(False)
            self.show_panel(CHAT)
            self._chat.show_report(report)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the panel the rail's names where the window is narrow."""
        super().resizeEvent(event)
        self._narrow = self.width() < self._theme.sizes.rail_collapses_below
        self.rail.set_narrow(self._narrow)
        if self._chat is not None:
            self._chat.set_narrow(self._narrow)
        # What was laid out for this event still had the widths from before.
        for part in (self, self._chat):
            layout = part.layout() if part is not None else None
            if layout is not None:
                layout.activate()

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
        """Look again when the person comes back, perhaps from putting a model into the folder, or from a
        chat on the command line.
        """
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._list_models()
            if self._chat is not None and self._tasks is not None:
                self._chat.keeper.look_again()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave nothing running. Whatever goes wrong on the way, the window is closed afterwards."""
        try:
            self._end_everything()
        finally:
            super().closeEvent(event)
            self.closed.emit()

    def _end_everything(self) -> None:
        if self._tasks is not None:
            self._tasks.close()
            self._tasks = None
        if self._chat is not None:
            self._chat.rest()
        if self._models_panel is not None:
            self._models_panel.rest()
        self.hide()
        self._services.close_advice()
        if self._chat is not None and self._inference is not None:
            # What was sent or deleted just now is still on its way to the disk.
            stored = self._chat.store_rest()
            self.ended = self._inference.shut_down() and stored
            if self.ended:
                self._chat.store_unsaved()
        if not self.isMaximized() and not self.isFullScreen():
            self._settings = dataclasses.replace(
                self._settings,
                window_width=system.storable(self.width()),
                window_height=system.storable(self.height()),
            )
        self._lane.save_last(self._settings)

    def new_chat(self) -> None:
        """Show the chat with a new conversation."""
        self.show_panel(CHAT)
        self.chat.start_new_chat()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc that nothing with the keyboard has taken: stop what is going on, or close what is open."""
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
        else:
            super().keyPressEvent(event)

    def _escape(self) -> None:
        if self._models_panel is not None and self.stack.currentWidget() is self._models_panel:
            if not self._models_panel.escape():
                self.show_panel(CHAT)
        elif self.stack.currentWidget() is not self.chat:
            self.show_panel(CHAT)
        else:
            self.chat.escape()

    def show_shortcuts(self) -> None:
        """Show all keys over the window."""
        from slmdesk.ui.shortcuts import ShortcutSheet

        if not any(one.isVisible() for one in self.findChildren(ShortcutSheet)):
            ShortcutSheet(self._theme, self).open()

    def zoom(self, step: int) -> None:
        """Make the text of chats and cards larger (1), smaller (-1), or as large as it is by itself (0)."""
        zoom = 100 if step == 0 else self._settings.text_zoom + step * _ZOOM_STEP
        self._change_settings(text_zoom=min(max(zoom, TEXT_ZOOM_LEAST), TEXT_ZOOM_MOST))

    def _list_models(self) -> None:
        if self._tasks is not None and not self._listing:
            self._set_listing(True)
            self._tasks.run(self._services.list_models, self._take_models)

    def _list_models_anew(self) -> None:
        """As it is now: what somebody may be reading already is as it was before."""
        self._outdated_list = self._listing
        self._list_models()

    def _take_models(self, models: Sequence[InstalledModel]) -> None:
        self._set_listing(False)
        if self._outdated_list:
            self._list_models_anew()
            return
        self._use_models(models)

    def _use_models(self, models: Sequence[InstalledModel]) -> None:
        self._found_models = models
        usable = self.run_places.take_models(models)
        self.chat.set_models(usable, self._settings.model, load=self._settings.load_model_at_start)
        self.run_places.plan()
        if not models and not self._suggested and self._open_advice is not None:
            self._suggested = True
            self._suggest()

    def _suggest(self) -> None:
        """Say which model to begin with, at once and again when it is known how fast this computer is."""
        from slmdesk.ui.suggesting import FirstModel, suggest, suggest_measured

        def take(found: FirstModel | None) -> None:
            if found is not None:
                self.chat.no_model.show_suggestion(found)

        def measure(found: FirstModel | None) -> None:
            take(found)
            if self._tasks is not None:
                # Without speeds there is a suggestion all the same.
                self._tasks.run(lambda: suggest_measured(self._advice()), take, lambda _: None)

        if self._tasks is not None:
            self._tasks.run(lambda: suggest(self._advice()), measure)

    def _apply_settings(self) -> None:
        settings, chat = self._settings, self.chat
        if settings.theme != self._theme.choice:
            self._theme.choose(settings.theme)
        self._theme.set_reduce_motion(settings.reduce_motion)
        chat.transcript.set_zoom(settings.text_zoom)
        chat.composer.set_zoom(settings.text_zoom)
        if self._models_panel is not None:
            self._models_panel.card.set_zoom(settings.text_zoom)
        chat.transcript.set_show_figures(settings.show_figures)
        chat.composer.set_send_with_enter(settings.send_with == "enter")
        self.status.set_offline(self.offline)
        if self._models_panel is not None:
            self._models_panel.set_offline(self.offline)

    def _change_settings(self, **changes: object) -> None:
        # Keys change settings, too, and what is fixed stays as it is.
        allowed = {name: value for name, value in changes.items() if name not in self._services.fixed}
        settings: Settings = dataclasses.replace(self._settings, **allowed)  # type: ignore[arg-type]
        self._settings = self._lane.wanted = settings
        self._apply_settings()
        if self._settings_panel is not None:
            self._settings_panel.set_settings(settings)
        if self.run_places.set_settings(settings):
            self._use_models(self._found_models)
        if self._tasks is not None:
            self._tasks.run(self._lane.save)

    def _advice(self) -> ModelAdvice:
        """Blocks: called in a thread."""
        assert self._open_advice is not None
        return self._open_advice()

    def _show_engines(self) -> None:
        if self._tasks is not None:
            self._tasks.run(self._services.engine_versions, self.settings_panel.about.show_engines)

    def _open_models_folder(self) -> None:
        self._open_path(self._services.paths.models)

    def _open_path(self, path: Path) -> None:
        def show(path: Path) -> None:
            if not system.open_in_system(path):
                self._show_error(UserError("nothing-opens", ErrorKind.STORAGE, path=str(path)))

        if self._tasks is not None:
            self._tasks.run(lambda: system.make_openable(path), show)

    def _set_listing(self, listing: bool) -> None:
        self._listing = listing
        self.chat.no_model.again_button.set_busy(listing)

    def _show_error(self, error: UserError) -> None:
        self._set_listing(False)
        if self.stack.currentWidget() is self._settings_panel and self._settings_panel is not None:
            self._settings_panel.show_error(error)
        else:
            self.chat.show_error(error)
