"""What differs for one model: the one that is chosen in the chat."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from slmdesk.messages import format_integer, tr
from slmdesk.storage import MOST_GPU_LAYERS, MOST_THREADS, ModelSettings, Settings
from slmdesk.ui.settings.engines.controls import AutomaticNumber, OpenChoice
from slmdesk.ui.settings.engines.device_group import ALL_THAT_FIT, AS_FOUND, DeviceNames
from slmdesk.ui.settings.engines.memory_group import (
    CONTEXT_LENGTHS,
    context_order,
    context_words,
    kv_choices,
)
from slmdesk.ui.settings.rows import OnChange, Setting, SettingsPage, SettingsRow
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.button import Button

if TYPE_CHECKING:
    from slmdesk.engines import Capabilities
    from slmdesk.library import InstalledModel

_AS_FOR_ALL = ""
_SETTING = "model_settings"


class ModelGroup:
    """The rows of the group `This model`, on `page`. Without a model there is nothing to set."""

    def __init__(self, theme: Theme, page: SettingsPage, on_change: OnChange, names: DeviceNames) -> None:
        self._on_change = on_change
        self._names = names
        self._settings = Settings()
        self._model: InstalledModel | None = None
        self._fixed: Mapping[str, str] = {}
        self._useless: Mapping[str, str] = {}
        self._capabilities: Capabilities | None = None
        self._threads_found = 0
        self.device = OpenChoice(
            theme, tr("Run this model on"), words=self._device_words, values=(_AS_FOR_ALL, *names.values)
        )
        self.layers = self._number(theme, tr("Layers of this model on the device"), 0, MOST_GPU_LAYERS)
        self.threads = self._number(theme, tr("Threads of this model"), 1, MOST_THREADS)
        self.context = OpenChoice(
            theme,
            tr("Context length of this model"),
            words=self._context_words,
            values=(_AS_FOR_ALL, *CONTEXT_LENGTHS),
            order=context_order,
        )
        self.kv = OpenChoice(
            theme,
            tr("Precision of this model’s KV cache"),
            words=self._kv_words,
            values=(_AS_FOR_ALL, *(value for value, _ in kv_choices())),
        )
        self.remove_button = Button(theme, tr("Remove them"), small=True)
        self.remove_button.clicked.connect(self._remove)
        about = tr("A chat may still have a length of its own.")
        self.rows = (
            Setting("device", *self._row(theme, "microchip", tr("Run it on"), "", self.device)),
            Setting(
                "gpu_layers", *self._row(theme, "layers", tr("Its layers on the device"), "", self.layers)
            ),
            Setting("threads", *self._row(theme, "cpu", tr("Its threads"), "", self.threads)),
            Setting(
                "context_length", *self._row(theme, "brain", tr("Its context length"), about, self.context)
            ),
            Setting(
                "kv_type", *self._row(theme, "memory-stick", tr("Precision of its KV cache"), "", self.kv)
            ),
        )
        for one in self.rows:
            control: Any = one.control
            read = int if one.name == "context_length" else str
            control.picked.connect(lambda value, name=one.name, read=read: self._take(name, value, read))
        self.remove_row = SettingsRow(theme, "rotate-ccw", tr("Settings of its own"), "", self.remove_button)
        self.group = page.add_group(tr("This model"), *(one.row for one in self.rows), self.remove_row)
        self._show()

    def set_settings(self, settings: Settings) -> None:
        """Show these settings."""
        self._settings = settings
        self._show()

    def set_model(self, model: InstalledModel | None, capabilities: Capabilities | None) -> None:
        """The model that is chosen, and what its engine can do where that is known."""
        self._model, self._capabilities = model, capabilities
        self._show()

    def set_limits(self, fixed: Mapping[str, str], useless: Mapping[str, str]) -> None:
        """What a policy has fixed for all models, and what would have no effect, by name, and why."""
        self._fixed, self._useless = fixed, useless
        self._show()

    def show_devices(self, threads_found: int) -> None:
        """The names of devices are known now."""
        self._threads_found = threads_found
        self.device.offer((_AS_FOR_ALL, *self._names.values), self._names.notes)
        self._show()

    @staticmethod
    def _number(theme: Theme, name: str, least: int, most: int) -> AutomaticNumber:
        return AutomaticNumber(
            theme, name, least=least, most=most, automatic=None, placeholder=tr("as for all")
        )

    @staticmethod
    def _row(
        theme: Theme, icon: str, name: str, about: str, control: OpenChoice | AutomaticNumber
    ) -> tuple[SettingsRow, OpenChoice | AutomaticNumber, OpenChoice | AutomaticNumber]:
        return SettingsRow(theme, icon, name, about, control), control, control

    def _device_words(self, value: str) -> str:
        if value == _AS_FOR_ALL:
            return tr("As for all models")
        return self._names.words(value)

    def _context_words(self, value: str) -> str:
        return tr("As for all models") if value == _AS_FOR_ALL else context_words(value)

    def _kv_words(self, value: str) -> str:
        return dict(kv_choices()).get(value) or tr("As for all models")

    def _own(self) -> ModelSettings:
        return self._settings.for_model(str(self._model.path)) if self._model else ModelSettings()

    def _take(self, name: str, value: Any, read: type) -> None:
        if isinstance(value, str):
            value = None if value == _AS_FOR_ALL else read(value)
        self._keep(dataclasses.replace(self._own(), **{name: value}))

    def _remove(self) -> None:
        # The button is about to be greyed, and the keyboard would be nowhere.
        self.device.setFocus(Qt.FocusReason.OtherFocusReason)
        self._keep(ModelSettings())

    def _keep(self, own: ModelSettings) -> None:
        if self._model is None:
            return
        path = str(self._model.path)
        others = {key: value for key, value in self._settings.model_settings.items() if key != path}
        self._on_change(_SETTING, others if own.is_empty else {**others, path: own})

    def _show(self) -> None:
        own, all_models = self._own(), self._settings
        title = self._model.title if self._model else ""
        self.group.head.setText(tr("Only for {model}").format(model=title) if title else tr("This model"))
        for one in self.rows:
            one.control.set_value(getattr(own, one.name))
            fixed = self._fixed.get(_SETTING) or self._fixed.get(one.name, "")
            one.show_limits(fixed, self._useless_here(one.name))
        for_all = {
            "device": self._names.words(all_models.device),
            "gpu_layers": _number_words(all_models.gpu_layers, ALL_THAT_FIT, tr("all that fit")),
            "threads": _number_words(all_models.threads, AS_FOUND, self._threads_words()),
            "kv_type": dict(kv_choices())[all_models.kv_type],
        }
        for one in self.rows:
            if one.name in for_all:
                one.row.set_about(tr("For all models: {value}").format(value=for_all[one.name]))
        count = sum(value is not None for value in dataclasses.asdict(own).values())
        self.remove_row.set_about(
            tr("Nothing differs from what is set for all models.")
            if not count
            else tr("Without them, what is set for all models holds for this one, too.")
        )
        self.remove_button.setEnabled(bool(count) and _SETTING not in self._fixed)

    def _threads_words(self) -> str:
        found = self._threads_found
        return tr("{count}, found here").format(count=format_integer(found)) if found else tr("automatic")

    def _useless_here(self, name: str) -> str:
        if self._model is None:
            return tr("Choose a model in the chat first.")
        can = self._capabilities
        # What its own engine can do says more than what any engine can do.
        if can is not None:
            no = tr("The engine of this model does not support it.")
            if name == "kv_type" and len(can.kv_types) < 2:
                return no
            if name in ("gpu_layers", "threads", "context_length") and name not in can.load_options:
                return no
            if name == "gpu_layers" and not can.gpu_offload:
                return tr("The engine of this model places no layers on other devices here.")
            return ""
        return self._useless.get(name, "")


def _number_words(value: int, automatic: int, words: str) -> str:
    return words if value == automatic else format_integer(value)
