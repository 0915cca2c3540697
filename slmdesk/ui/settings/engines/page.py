"""Settings, Engines and devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slmdesk.engines import ENGINES, Preference, resolve
from slmdesk.messages import UserError, error_sentences, say, tr
from slmdesk.ui.settings.engines.device_group import CPU, DeviceGroup, DeviceNames
from slmdesk.ui.settings.engines.engine_view import EngineView
from slmdesk.ui.settings.engines.found import Found, found_devices
from slmdesk.ui.settings.engines.memory_group import MemoryGroup
from slmdesk.ui.settings.engines.model_group import ModelGroup
from slmdesk.ui.settings.rows import OnChange, SettingsPage, SettingsRow
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import WrappingLabel
from slmdesk.ui.widgets.spinner import Spinner

if TYPE_CHECKING:
    from slmdesk.engines import Capabilities, EngineFacts, Placement
    from slmdesk.library import InstalledModel
    from slmdesk.storage import Settings
    from slmdesk.ui.surroundings import Surroundings


class EnginesPage(SettingsPage):
    """What runs the models, and on which part of this computer. Looking takes its time and is done by others:
    `show_looking`, then `show_surroundings` or `show_problem`.
    """

    look_wanted = Signal()
    """The person wants to know what there is now."""

    def __init__(self, theme: Theme, on_change: OnChange) -> None:
        self.look_button = Button(theme, tr("Look again"), icon="refresh-cw", small=True)
        about = tr("What runs the models, and on which part of this computer.")
        beside = QWidget()
        # In a line that is shorter than the button, the button gives way.
        line = Flow()
        beside.setLayout(line)
        line.addWidget(self.look_button)
        super().__init__(theme, tr("Engines and devices"), about, beside)
        self.look_button.clicked.connect(self.look_wanted)
        self._on_change = on_change
        self._surroundings: Surroundings | None = None
        self._settings: Settings | None = None
        self._model: InstalledModel | None = None
        self._placement: Placement | None = None
        self._names = DeviceNames()
        self.notice: Banner | None = None
        self._notices = QWidget()
        self._notice_place = QVBoxLayout(self._notices)
        self._notice_place.setContentsMargins(0, Space.L, 0, 0)
        self._notices.hide()
        self.add_widget(self._notices)
        self.engines = [
            EngineView(theme, name, entry.title, say(entry.models)) for name, entry in ENGINES.items()
        ]
        for view in self.engines:
            view.switched.connect(self._switch)
            self.add_setting("engines_off", view.row, view.switch, view.switch)
        self.add_group(tr("Engines"), *self.engines)
        self.device = DeviceGroup(theme, self, on_change, self._names)
        self.memory = MemoryGroup(theme, self, on_change)
        self.this_model = ModelGroup(theme, self, on_change, self._names)
        self._found = self.add_group(tr("Found on this computer"), *self._looking_rows())

    # What is shown

    def set_settings(self, settings: Settings) -> None:
        """Show these values, where they are not shown by name already."""
        self._settings = settings
        self.memory.show_context(settings.context_length)
        self.device.show_link()
        self.this_model.set_settings(settings)
        self._show_engines()
        self._show_limits()

    def set_model(self, model: InstalledModel | None, placement: Placement | None) -> None:
        """The model that is chosen in the chat, and where it will run where that is known."""
        self._model, self._placement = model, placement
        self._show_placement()
        self.this_model.set_model(model, self._capabilities_of(model))

    def show_looking(self) -> None:
        """Somebody is looking. What was known stays, so that nothing moves."""
        self.look_button.set_busy(True)
        self._close_notice()
        if self._surroundings is None:
            for view in self.engines:
                view.show_looking()
            self._found.set_rows(self._looking_rows())

    def show_surroundings(self, surroundings: Surroundings) -> None:
        """What there is."""
        self._surroundings = surroundings
        self.look_button.set_busy(False)
        self._names.take(surroundings)
        self._names.automatic = self._automatic_title()
        self.device.show_surroundings(surroundings)
        self._found.set_rows([_found_row(self._theme, one) for one in found_devices(surroundings)])
        self._show_engines()
        self._show_placement()
        self.this_model.show_devices(surroundings.computer.default_threads)
        self.this_model.set_model(self._model, self._capabilities_of(self._model))
        self._show_limits()

    def show_problem(self, error: UserError) -> None:
        """Looking failed."""
        self.look_button.set_busy(False)
        self._close_notice()
        words = error_sentences(error)
        again = BannerAction(tr("Look again"), self.look_wanted.emit)
        self.notice = Banner(self._theme, words.what, words.why, words.do, error.details, (again,))
        self.notice.closed.connect(self._close_notice)
        self._notice_place.addWidget(self.notice)
        self._arrange_notices()
        if self._surroundings is None:
            self._show_engines()
            row = SettingsRow(self._theme, "info", tr("Nothing is known yet"), "")
            self._found.set_rows([row])

    @property
    def looked(self) -> bool:
        """Whether it is known what there is."""
        return self._surroundings is not None

    # Limits

    def _show_limits(self) -> None:
        self._useless = self._useless_settings()
        super()._show_limits()
        if not hasattr(self, "this_model"):
            return
        self.this_model.set_limits(self._fixed, self._useless)
        self.device.show_reset("gpu_layers" in self._useless and "gpu_layers" not in self._fixed)
        # One that does not work answers nothing, however it is switched.
        on = [view for view in self.engines if view.switch.value]
        able = [view for view in on if self._may_work(view.engine)] or on
        if len(able) == 1 and "engines_off" not in self._fixed:
            why = tr("One engine stays on: without any, no model can answer.")
            able[0].row.set_fixed(why, lock=False)
            able[0].switch.set_fixed(why, lock=False)

    def _may_work(self, name: str) -> bool:
        facts = self._surroundings.engine(name) if self._surroundings is not None else None
        # One that was off when somebody looked has told nothing.
        return facts is None or facts.problem is None

    def _useless_settings(self) -> Mapping[str, str]:
        """Settings of the page that nothing here would obey."""
        if self._surroundings is None:
            return {}
        can = [one.capabilities for one in self._surroundings.engines if _works(one)]
        reasons: dict[str, str] = {}
        no_engine = tr("No engine that works here supports it.")
        if not can:
            return dict.fromkeys(("gpu_layers", "threads", "kv_type"), no_engine)
        if not any(one.gpu_offload and "gpu_layers" in one.load_options for one in can):
            reasons["gpu_layers"] = tr("No engine that works here can place layers on another device.")
        elif self._settings is not None and self._settings.device == CPU:
            reasons["gpu_layers"] = tr("Models run on the processor alone.")
        elif not self._surroundings.devices():
            reasons["gpu_layers"] = tr("No other device than the processor was found.")
        if not any("threads" in one.load_options for one in can):
            reasons["threads"] = no_engine
        if not any(len(one.kv_types) > 1 for one in can):
            reasons["kv_type"] = no_engine
        return reasons

    # Parts

    def _show_engines(self) -> None:
        off = self._settings.engines_off if self._settings is not None else ()
        for view in self.engines:
            view.switch.set_value(off)
            if self._surroundings is not None:
                view.show_facts(self._surroundings.engine(view.engine))
            elif self.notice is not None or not view.switch.value:
                view.show_facts(None)

    def _show_placement(self) -> None:
        placement, title = self._placement, self._model.title if self._model else ""
        usual = self._usual_engine()
        if placement is None and self._surroundings is not None and usual is not None and not title:
            device = self._settings.device if self._settings is not None else Preference().device
            wish = Preference(device=device, wisher="default" if device == Preference().device else "person")
            placement = resolve(usual, self._surroundings.computer, wish)
        self.device.show_placement(placement, title)

    def _automatic_title(self) -> str:
        """What automatic means here, for the chosen model's engine or the usual one."""
        if self._surroundings is None:
            return ""
        engine = self._surroundings.engine(self._model.engine) if self._model else None
        if engine is None or not _works(engine):
            engine = self._usual_engine()
        return resolve(engine, self._surroundings.computer, Preference()).title if engine else ""

    def _usual_engine(self) -> EngineFacts | None:
        engines = self._surroundings.engines if self._surroundings is not None else ()
        return next((one for one in engines if _works(one)), None)

    def _capabilities_of(self, model: InstalledModel | None) -> Capabilities | None:
        engine = self._surroundings.engine(model.engine) if self._surroundings and model else None
        return engine.capabilities if engine is not None and _works(engine) else None

    def _switch(self, name: str, on: bool) -> None:
        off = [view.engine for view in self.engines if not view.switch.value]
        # One that this version does not know keeps its place.
        known = {view.engine for view in self.engines}
        before = self._settings.engines_off if self._settings is not None else ()
        self._on_change("engines_off", (*(one for one in before if one not in known), *off))

    def _looking_rows(self) -> list[QWidget]:
        row = SettingsRow(self._theme, "info", tr("Looking at engines and devices"), "", Spinner(self._theme))
        return [row]

    def _close_notice(self) -> None:
        if self.notice is not None:
            notice, self.notice = self.notice, None
            self._notice_place.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
        self._arrange_notices()

    def _arrange_notices(self) -> None:
        self._notices.setVisible(self.notice is not None)


def _works(engine: EngineFacts) -> bool:
    return engine.problem is None and bool(engine.version)


def _found_row(theme: Theme, found: Found) -> SettingsRow:
    words = WrappingLabel(theme, found.memory, color="text_secondary") if found.memory else None
    return SettingsRow(theme, found.icon, found.title, found.about, words)
