"""The page Engines and devices in windows of several sizes with text of several sizes: nothing is cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.storage import Settings
from slmdesk.ui import MainWindow, Theme
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.settings import SettingsPanel
from slmdesk.ui.surroundings import Surroundings
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.field import FieldBox
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.surface import Card
from tests.ui import machines
from tests.ui.driving import MakeWindow, settle
from tests.ui.machines import Machine, no_gpu, two_devices, wrong_build
from tests.ui.room import SMALL, USUAL, faults_of, scaled_theme, speak


@pytest.fixture
def text_scale() -> float:
    return 1.0


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Words are longer in Polish."""
    yield from speak(request.param)


@pytest.fixture
def theme(qapp: QApplication, text_scale: float) -> Iterator[Theme]:
    """In place of the usual one: with larger text."""
    yield from scaled_theme(qapp, text_scale)


def faults(panel: SettingsPanel) -> list[str]:
    """What a person could not read or reach of what is shown."""

    def is_cut(widget: QWidget) -> str:
        if isinstance(widget, Button):
            # The tooltip says all of it.
            if widget.is_shortened and widget is not panel.engines.device.found_button:
                return f"shortened, {widget.width()} of {widget.sizeHint().width()}"
        elif not isinstance(widget, Label | Card) and widget.width() < widget.minimumSizeHint().width():
            return f"cut, {widget.width()} of {widget.minimumSizeHint().width()}"
        return ""

    judged = Label | QAbstractButton | ChoiceButton | FieldBox | Segmented | Card
    return faults_of(panel, judged, is_cut)


def _broken() -> Surroundings:
    return Surroundings((machines.make_engine(), machines.BROKEN), machines.COMPUTER)


STATES: dict[str, tuple[Callable[[], Surroundings], Settings]] = {
    "no-gpu": (no_gpu, Settings(threads=6)),
    "warning": (wrong_build, Settings()),
    "devices": (two_devices, Settings(device="Vulkan0", gpu_layers=20)),
    "off": (two_devices, Settings(engines_off=(machines.SECOND,))),
    "broken": (_broken, Settings(gpu_layers=5)),
}


def open_page(window: MainWindow, qtbot: QtBot) -> SettingsPanel:
    window.show_panel(SETTINGS)
    panel = window.settings_panel
    panel.show_page(panel.stack.indexOf(panel.engines))
    qtbot.waitUntil(lambda: panel.engines.looked)
    settle(qtbot, window)
    # What wraps in another way makes what is around it be laid out once more.
    for _ in range(8):
        QApplication.processEvents()
    return panel


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["900", "1280"])
@pytest.mark.parametrize("text_scale", [1.0, 2.0])
@pytest.mark.parametrize("language", ["en", "pl"], indirect=True)
def test_nothing_is_cut(
    make_window: MakeWindow, qtbot: QtBot, size: tuple[int, int], text_scale: float, language: str
) -> None:
    found: dict[str, list[str]] = {}
    for name, (surroundings, settings) in STATES.items():
        machine = Machine(surroundings())
        window = make_window(
            machine=machine, size=size, settings=dataclasses.replace(settings, theme="light")
        )
        panel = open_page(window, qtbot)
        assert (window.width(), window.height()) == size
        if wrong := faults(panel):
            found[name] = wrong
        # A change that waits for the next load has a bar of its own below.
        panel.engines.memory.kv.segments["q8_0"].click()
        settle(qtbot, window)
        for _ in range(8):
            QApplication.processEvents()
        assert panel.reload_bar.isVisible()
        if wrong := faults(panel):
            found[f"{name} with the bar"] = wrong
        window.close()
    assert not found, "\n".join(f"{name}: {one}" for name, wrong in found.items() for one in wrong)
