"""The page Engines and devices in windows of several sizes with text of several sizes: nothing is cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractButton, QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.messages import Language, choose_language
from slmdesk.storage import Settings, resources_folder
from slmdesk.ui import MainWindow, Theme
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.settings import SettingsPanel
from slmdesk.ui.surroundings import Surroundings
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.field import FieldBox
from slmdesk.ui.widgets.labels import ElidedLabel, Label
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.surface import Card
from tests.ui import machines
from tests.ui.driving import MakeWindow, settle
from tests.ui.machines import Machine, no_gpu, two_devices, wrong_build

SMALL, USUAL = (900, 600), (1280, 800)


@pytest.fixture
def text_scale() -> float:
    return 1.0


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Iterator[Language]:
    """Spoken while the window is made; words are longer in Polish."""
    choose_language(request.param, resources_folder() / "locale")
    yield request.param
    choose_language("en", resources_folder() / "locale")


@pytest.fixture
def theme(qapp: QApplication, text_scale: float) -> Iterator[Theme]:
    """In place of the usual one: with larger text."""
    made = Theme(qapp, "light", scale=text_scale)
    made.set_style()
    yield made
    Theme(qapp, "light", scale=1.0).set_style()


def faults(panel: SettingsPanel) -> list[str]:
    """What a person could not read or reach of what is shown."""
    found = []
    judged = Label | QAbstractButton | ChoiceButton | FieldBox | Segmented | Card
    for widget in panel.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, judged):
            continue
        words = getattr(widget, "text", str)()
        name = f"{type(widget).__name__} {words or widget.accessibleName()!r}"
        area = _scrolled_by(widget, panel)
        view: QWidget = area.viewport() if area is not None else panel
        place = QRect(widget.mapTo(view, QPoint(0, 0)), widget.size())
        if place.left() < 0 or place.right() >= view.width():
            found.append(f"{name}: beyond the edge, {place} of {view.size()}")
        if area is None and (place.top() < 0 or place.bottom() >= view.height()):
            found.append(f"{name}: beyond the foot, {place} of {view.size()}")
        holder = widget.parentWidget()
        if holder is not None and not holder.rect().contains(widget.geometry()):
            found.append(f"{name}: cut by what holds it, {widget.geometry()} of {holder.size()}")
        if isinstance(widget, Label) and not isinstance(widget, ElidedLabel):
            wraps = widget.wordWrap()
            needed = widget.heightForWidth(widget.width()) if wraps else widget.sizeHint().height()
            if widget.height() < needed or widget.width() < widget.minimumSizeHint().width():
                found.append(f"{name}: cut, {widget.size()}")
        elif isinstance(widget, Button):
            # The tooltip says all of it.
            if widget.is_shortened and widget is not panel.engines.device.found_button:
                found.append(f"{name}: shortened, {widget.width()} of {widget.sizeHint().width()}")
        elif not isinstance(widget, Label | Card) and widget.width() < widget.minimumSizeHint().width():
            found.append(f"{name}: cut, {widget.width()} of {widget.minimumSizeHint().width()}")
    for scroll in panel.findChildren(QScrollArea):
        content = scroll.widget()
        if scroll.isVisible() and content is not None and content.width() > scroll.viewport().width():
            found.append(f"{type(scroll).__name__}: {content.width()} of {scroll.viewport().width()}")
    return found


def _scrolled_by(widget: QWidget, panel: QWidget) -> QScrollArea | None:
    parent = widget.parentWidget()
    while parent is not None and parent is not panel:
        if isinstance(parent, QScrollArea):
            return parent
        parent = parent.parentWidget()
    return None


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
    make_window: MakeWindow, qtbot: QtBot, size: tuple[int, int], text_scale: float, language: Language
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
