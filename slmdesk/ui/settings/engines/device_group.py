"""Where models run: the device, the layers on it, the threads, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from slmdesk.engines import ANY_GPU
from slmdesk.messages import UserError, format_integer, say, tr
from slmdesk.storage import MOST_GPU_LAYERS, MOST_THREADS
from slmdesk.ui.settings.engines.controls import AutomaticNumber, OpenChoice
from slmdesk.ui.settings.engines.words import device_title, join, memory, processor
from slmdesk.ui.settings.rows import OnChange, SettingsPage, SettingsRow
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.warning_banner import warning_banner
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.flow import Flow

if TYPE_CHECKING:
    from slmdesk.engines import Placement
    from slmdesk.ui.surroundings import Surroundings

AUTO, CPU = "auto", "cpu"
"""Values of the setting `device` that are no names of devices."""
# What drives graphics processors, by the names that people know.
_DRIVERS = "GPU CUDA ROCm HIP Vulkan Metal SYCL"
ALL_THAT_FIT = -1
AS_FOUND = 0


class DeviceNames:
    """How devices are called in choices: known once somebody has looked."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}
        self._memory: dict[str, str] = {}
        self.automatic = ""
        """What automatic means here; empty: not known."""

    def take(self, surroundings: Surroundings) -> None:
        """Learn the names."""
        devices = surroundings.devices()
        self._titles = {device.name: device_title(device) for device in devices}
        self._memory = {one.name: memory(one.total_memory, one.free_memory) for one in devices}

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that can be chosen."""
        return (AUTO, CPU, *self._titles)

    @property
    def notes(self) -> Mapping[str, str]:
        """The memory of each."""
        return self._memory

    @property
    def graphics(self) -> str:
        """The devices besides the processor, as they are listed in a sentence."""
        return join(list(self._titles.values()))

    def words(self, value: str) -> str:
        """How a value of the setting is called."""
        if value == AUTO:
            known = tr("Automatic ({device})").format(device=self.automatic)
            return known if self.automatic else tr("Automatic")
        if value == CPU:
            return tr("Processor (CPU)")
        if value == ANY_GPU:
            return tr("Any graphics processor")
        return self._titles.get(value) or tr("{name} (not found)").format(name=value)


class DeviceGroup:
    """The rows of the group `Device`, on `page`."""

    def __init__(self, theme: Theme, page: SettingsPage, on_change: OnChange, names: DeviceNames) -> None:
        self._theme = theme
        self._names = names
        self._threads_found = 0
        self._warning: UserError | None = None
        self.banner: Banner | None = None
        self.device = OpenChoice(theme, tr("Run models on"), words=names.words, values=names.values)
        self.device.picked.connect(lambda value: on_change("device", value))
        self.device_row = SettingsRow(
            theme, "microchip", tr("Run models on"), "", self.device, keeps_about=True
        )
        self.layers = AutomaticNumber(
            theme,
            tr("Layers on the device"),
            least=0,
            most=MOST_GPU_LAYERS,
            automatic=ALL_THAT_FIT,
            placeholder=tr("all that fit"),
        )
        self.layers.picked.connect(lambda value: on_change("gpu_layers", value))
        self.reset_button = Button(theme, tr("Set back to all that fit"), ButtonKind.LINK)
        self.reset_button.clicked.connect(lambda: self._reset_layers(on_change))
        self.reset_button.setFixedHeight(theme.sizes.field)
        self.reset_button.hide()
        layers = QWidget()
        line = Flow()
        layers.setLayout(line)
        line.addWidget(self.reset_button)
        line.addWidget(self.layers)
        self.layers_row = SettingsRow(
            theme,
            "layers",
            tr("Layers on the device"),
            tr("The rest runs on the processor. All of them are fastest, where they fit."),
            layers,
        )
        self.threads = AutomaticNumber(
            theme, tr("Threads"), least=1, most=MOST_THREADS, automatic=AS_FOUND, placeholder=tr("automatic")
        )
        self.threads.picked.connect(lambda value: on_change("threads", value))
        self.threads.picked.connect(lambda _: self._show_link())
        self.found_button = Button(theme, "", ButtonKind.LINK)
        self.found_button.clicked.connect(lambda: self._use_found(on_change))
        self.found_button.setFixedHeight(theme.sizes.field)
        self.found_button.hide()
        beside = QWidget()
        line = Flow()
        beside.setLayout(line)
        line.addWidget(self.found_button)
        line.addWidget(self.threads)
        self.threads_row = SettingsRow(
            theme, "cpu", tr("Threads"), tr("One for each physical core is usually fastest."), beside
        )
        self.why_row = SettingsRow(theme, "info", tr("Why this device"), tr("Not known yet."))
        self._notice = QWidget()
        self._notice_place = QVBoxLayout(self._notice)
        self._notice_place.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        self._notice.hide()
        graphics = " ".join((_DRIVERS, tr("graphics processor, graphics card, video card")))
        for name, row, control, keywords in (
            ("device", self.device_row, self.device, f"{graphics} CPU"),
            ("gpu_layers", self.layers_row, self.layers, graphics),
            ("threads", self.threads_row, self.threads, "CPU"),
        ):
            page.add_setting(name, row, control, control, keywords)
        page.add_group(
            tr("Device"), self.device_row, self.layers_row, self.threads_row, self.why_row, self._notice
        )

    def show_surroundings(self, surroundings: Surroundings) -> None:
        """Offer what was found."""
        computer = surroundings.computer
        self.device.offer(self._names.values, self._names.notes)
        about = processor(computer) + "."
        graphics = join([gpu.name for gpu in computer.gpus]) or self._names.graphics
        if graphics:
            about += " " + tr("Also found: {devices}.").format(devices=graphics)
        self.device_row.set_about(about)
        self._threads_found = computer.default_threads
        self.threads.set_placeholder(str(computer.default_threads))
        self._show_link()

    def show_placement(self, placement: Placement | None, model_title: str) -> None:
        """Why models run where they run, or the model called `model_title`; None: not known."""
        name = tr("Where {model} runs, and why").format(model=model_title)
        self.why_row.set_name(name if model_title else tr("Why this device"))
        self.why_row.set_about(say(placement.reason) if placement else tr("Not known yet."))
        self._show_warning(placement.warning if placement else None)

    def show_link(self) -> None:
        """The settings were shown anew."""
        self._show_link()

    def show_reset(self, useless: bool) -> None:
        """Whether the number of layers is `useless` here: it cannot be changed then, but taken back."""
        self.reset_button.setVisible(useless and self.layers.value is not None)

    def _reset_layers(self, on_change: Callable[[str, object], None]) -> None:
        self.device.setFocus()
        self.layers.set_value(ALL_THAT_FIT)
        on_change("gpu_layers", ALL_THAT_FIT)
        self.reset_button.hide()

    def _show_link(self) -> None:
        found = self._threads_found
        words = tr("Use {count} (found here)").format(count=format_integer(found))
        self.found_button.setText(words)
        self.found_button.updateGeometry()
        set_otherwise = self.threads.value is not None and self.threads.value != found
        self.found_button.setVisible(bool(found) and set_otherwise and not self.threads.fixed)

    def _use_found(self, on_change: Callable[[str, object], None]) -> None:
        self.threads.setFocus()
        self.threads.set_value(AS_FOUND)
        on_change("threads", AS_FOUND)
        self._show_link()

    def _show_warning(self, warning: UserError | None) -> None:
        if _same(warning, self._warning):
            return
        self._warning = warning
        if self.banner is not None:
            self._notice_place.removeWidget(self.banner)
            self.banner.hide()
            self.banner.deleteLater()
            self.banner = None
        self._notice.setVisible(warning is not None)
        if warning is not None:
            self.banner = warning_banner(self._theme, warning, closable=False)
            self._notice_place.addWidget(self.banner)


def _same(one: UserError | None, other: UserError | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.key, one.facts) == (other.key, other.facts)
