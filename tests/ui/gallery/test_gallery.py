"""The gallery: every shared widget in every state, in both themes, at several text scales."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.messages import choose_language
from slmdesk.storage import resources_folder
from slmdesk.ui.gallery import Gallery
from slmdesk.ui.theme import Theme, ThemeChoice
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Label

MakeGallery = Callable[..., Gallery]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both themes for every test that takes a `choice`."""
    if "choice" in metafunc.fixturenames:
        metafunc.parametrize("choice", ["light", "dark"])


@pytest.fixture
def make_gallery(qapp: QApplication, qtbot: QtBot) -> Iterator[MakeGallery]:
    opened: list[Gallery] = []

    def make(choice: ThemeChoice, scale: float = 1.0, *, mirrored: bool = False) -> Gallery:
        theme = Theme(qapp, choice, scale=scale)
        theme.set_style()
        theme.set_reduce_motion("on")
        gallery = Gallery(theme)
        opened.append(gallery)
        gallery.mirror(mirrored)
        gallery.resize(gallery.whole_size())
        gallery.show()
        qtbot.waitExposed(gallery)
        return gallery

    yield make
    for gallery in opened:
        gallery.close()
        gallery.deleteLater()
    QApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def picture(gallery: Gallery) -> QImage:
    return gallery.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> set[int]:
    """All colours of a picture, as numbers."""
    return {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(image.height())}


def test_it_is_drawn_in_the_colours_of_its_theme(make_gallery: MakeGallery, choice: ThemeChoice) -> None:
    gallery = make_gallery(choice)
    colors = gallery._theme.colors
    seen = {f"#{pixel & 0xFFFFFF:06X}" for pixel in pixels(picture(gallery))}
    for role in (
        "surface",
        "surface_sunken",
        "hover",
        "pressed",
        "border_control",
        "border_mark",
        "accent",
        "accent_hover",
        "accent_pressed",
        "accent_ink",
        "selection",
        "positive_soft",
        "caution_soft",
        "negative",
        "negative_soft",
        "track",
        "tooltip",
    ):
        assert getattr(colors, role) in seen, role


@pytest.mark.parametrize("scale", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("mirrored", [False, True], ids=["", "mirrored"])
def test_nothing_is_squeezed(make_gallery: MakeGallery, scale: float, mirrored: bool) -> None:
    gallery = make_gallery("light", scale, mirrored=mirrored)
    area = gallery.findChild(QScrollArea)
    assert area is not None
    assert area.horizontalScrollBar().maximum() == area.verticalScrollBar().maximum() == 0
    for widget in gallery.content.findChildren(QWidget):
        if not widget.isVisible() or widget.parentWidget() is None:
            continue
        # One that has a size of its own is as small as it is meant to be.
        given = widget.minimumSize() == widget.maximumSize()
        least = widget.minimumSize() if given else widget.minimumSizeHint()
        about = f"{widget} {widget.accessibleName()}"
        if isinstance(widget, Button) or (isinstance(widget, Label) and not widget.wordWrap()):
            assert widget.width() >= least.width(), about
            assert widget.height() >= least.height(), about
        top_left = widget.mapTo(gallery.content, QPoint(0, 0))
        assert gallery.content.rect().contains(top_left), about


def test_it_changes_its_theme_while_it_is_open(qtbot: QtBot, make_gallery: MakeGallery) -> None:
    gallery = make_gallery("light")
    before = picture(gallery)
    gallery.theme_control.segments["dark"].click()
    qtbot.waitUntil(lambda: picture(gallery) != before)
    surface = gallery._theme.color("surface").rgb()
    assert picture(gallery).pixel(4, gallery.height() - 4) == surface
    gallery.theme_control.segments["light"].click()
    assert picture(gallery).pixel(4, gallery.height() - 4) == before.pixel(4, gallery.height() - 4)


def test_every_control_has_a_name_for_screen_readers(make_gallery: MakeGallery) -> None:
    gallery = make_gallery("light")
    nameless = []
    for widget in gallery.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or not widget.isVisible():
            continue
        interface = QAccessible.queryAccessibleInterface(widget.focusProxy() or widget)
        if interface is None or not interface.text(QAccessible.Text.Name):
            nameless.append(widget)
    assert nameless == []


def test_switches_turn_the_window_around_and_motion_off(make_gallery: MakeGallery) -> None:
    gallery = make_gallery("light")
    before = gallery.mirror_switch.x()
    gallery.mirror_switch.click()
    QApplication.processEvents()
    assert gallery.mirror_switch.x() < before
    assert gallery._theme.reduce_motion
    gallery.motion_switch.click()
    assert not gallery._theme.reduce_motion


def test_the_command_writes_a_picture(tmp_path: Path, choice: ThemeChoice) -> None:
    file = tmp_path / "gallery.png"
    command = [sys.executable, "-W", "error", "-m", "slmdesk.ui.gallery", "--theme", choice]
    done = subprocess.run(
        [*command, "--scale", "150", "--picture", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    image = QImage(str(file))
    assert image.width() > 1500
    dark = image.pixelColor(4, image.height() - 4).lightness() < 128
    assert dark is (choice == "dark")


def test_it_speaks_the_language_that_is_chosen(make_gallery: MakeGallery) -> None:
    folder = resources_folder() / "locale"
    choose_language("pl", folder)
    try:
        gallery = make_gallery("light")
    finally:
        choose_language("en", folder)
    assert {"Usuń", "Szczegóły"} <= {button.text() for button in gallery.findChildren(Button)}


def test_the_command_refuses_a_scale_that_is_out_of_range() -> None:
    command = [sys.executable, "-m", "slmdesk.ui.gallery", "--scale", "50"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "100 to 300" in done.stderr


def test_it_opens_on_a_screen_that_is_smaller(
    make_gallery: MakeGallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = make_gallery("light")
    assert gallery.first_size() == gallery.whole_size()
    monkeypatch.setattr("slmdesk.ui.gallery.window.screen_size", lambda window: QSize(1280, 700))
    assert gallery.first_size() == QSize(1280, 700)
    gallery.resize(gallery.first_size())
    assert gallery.size() == QSize(1280, 700)
