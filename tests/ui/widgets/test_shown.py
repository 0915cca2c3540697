"""Buttons, badges, bars, banners, spinners and rows."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.badge import Badge, BadgeKind
from slmdesk.ui.widgets.banner import Banner, BannerAction, BannerTone
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.empty_list import EmptyList
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.list_row import RowState, draw_line_of_text, draw_row
from slmdesk.ui.widgets.progress import ProgressLine, ProgressState
from slmdesk.ui.widgets.spinner import Spinner
from tests.ui.widgets.conftest import Show


def colors_of(widget: QWidget) -> set[str]:
    """Every colour in a picture of `widget`."""
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def role(theme: Theme, name: str) -> str:
    return theme.color(name).name()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_keys_press_a_button(qtbot: QtBot, show: Show, theme: Theme, key: Qt.Key) -> None:
    button = Button(theme, "Verify")
    show(button)
    button.setFocus()
    with qtbot.waitSignal(button.clicked):
        QTest.keyClick(button, key)


def test_a_filter_stays_on_until_it_is_pressed_again(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = Button(theme, "Installed", ButtonKind.FILTER)
    show(button)
    assert role(theme, "selection") not in colors_of(button)
    button.click()
    assert button.isChecked()
    assert {role(theme, "selection"), role(theme, "accent_ink")} <= colors_of(button)
    button.click()
    assert not button.isChecked()


def test_a_busy_button_says_what_it_does_and_turns(qtbot: QtBot, show: Show, theme: Theme) -> None:
    theme.set_reduce_motion("off")
    button = Button(theme, "Start", ButtonKind.PRIMARY)
    show(button)
    button.setFocus()
    button.set_busy(True, "Starting")
    assert button.text() == "Starting"
    assert button.accessibleDescription() == "Busy"
    assert button._spinning is not None
    qtbot.waitUntil(lambda: button._spinning is not None and button._spinning.angle > 0)
    button.set_busy(False)
    assert button.text() == "Start"
    assert button.accessibleDescription() == ""
    assert button.hasFocus()
    assert not button._spinning._timer.isActive()


def test_nothing_turns_where_motion_is_reduced_or_nobody_sees_it(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    theme.set_reduce_motion("on")
    spinner = Spinner(theme, "Loading")
    window = show(spinner)
    assert not spinner.turning._timer.isActive()
    theme.set_reduce_motion("off")
    assert spinner.turning._timer.isActive()
    window.hide()
    assert not spinner.turning._timer.isActive()


def test_what_is_done_is_shown_and_said(qtbot: QtBot, show: Show, theme: Theme, spoken: list[str]) -> None:
    button = Button(theme, icon="copy", name="Copy")
    show(button)
    assert role(theme, "positive") not in colors_of(button)
    button.show_done("Copied")
    assert role(theme, "positive") in colors_of(button)
    assert spoken == ["Copied"]


@pytest.mark.parametrize("kind", list(BadgeKind))
def test_a_badge_is_drawn_in_its_colours_and_heard(qtbot: QtBot, theme: Theme, kind: BadgeKind) -> None:
    badge = Badge(theme, "Fits", kind, icon="check")
    qtbot.addWidget(badge)
    badge.adjustSize()
    _, fill, border = kind.value
    assert role(theme, fill or border) in colors_of(badge)
    assert badge.accessibleName() == "Fits"
    assert badge.height() == theme.sizes.badge


def test_bars_differ_in_shape_not_in_colour_alone(qtbot: QtBot, theme: Theme) -> None:
    bar = ProgressLine(theme, "Download")
    qtbot.addWidget(bar)
    bar.resize(100, bar.height())
    bar.set_fraction(0.5)
    image = bar.grab().toImage()
    middle = image.height() // 2
    accent, track = theme.color("accent"), theme.color("track")
    assert [image.pixelColor(x, middle) for x in (10, 40, 60)] == [accent, accent, track]
    bar.set_state(ProgressState.STRIPED)
    image = bar.grab().toImage()
    line = [image.pixelColor(x, middle) for x in range(3, 48)]
    assert accent in line
    assert track in line
    bar.set_state(ProgressState.PAUSED)
    assert bar.accessibleDescription() == "Paused"
    assert bar.grab().toImage().pixelColor(10, middle) == theme.color("border_mark")


class _Counting(ProgressLine):
    drawn = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.drawn += 1
        super().paintEvent(event)


def test_a_bar_that_moves_is_not_drawn_before_its_turn(qtbot: QtBot, show: Show, theme: Theme) -> None:
    bar = _Counting(theme, "Download")
    show(bar)
    qtbot.waitUntil(lambda: bar.drawn > 0)
    before = bar.drawn
    bar.set_fraction(0.5)
    bar.set_fraction(0.7)
    assert bar.drawn == before
    qtbot.waitUntil(lambda: bar.drawn > before)
    assert bar.fraction == 0.7


def test_a_bar_grows_from_where_reading_begins(qtbot: QtBot, theme: Theme) -> None:
    bar = ProgressLine(theme, "Download")
    qtbot.addWidget(bar)
    bar.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    bar.resize(100, bar.height())
    bar.set_fraction(0.3)
    image = bar.grab().toImage()
    middle = image.height() // 2
    assert image.pixelColor(10, middle) == theme.color("track")
    assert image.pixelColor(90, middle) == theme.color("accent")


@pytest.mark.parametrize("tone", list(BannerTone))
def test_a_banner_speaks_when_it_appears(
    qtbot: QtBot, show: Show, theme: Theme, spoken: list[str], tone: BannerTone
) -> None:
    banner = Banner(theme, "What.", "Why.", "Do.", "", (), tone=tone)
    window = show(banner)
    window.hide()
    window.show()
    assert spoken == ["What. Why. Do."]
    assert role(theme, tone.value[2]) in colors_of(banner)


def _banner(theme: Theme) -> Banner:
    what = "There is a bug in SLM Desk."
    do = "Try again. If that does not help, report the bug with the copied report."
    actions = [BannerAction(text, lambda: None) for text in ("Reload the model", "Reload as before", "Copy")]
    return Banner(theme, what, "What you wrote is kept.", do, "details", actions)


@pytest.mark.parametrize("width", [260, 420, 700])
def test_a_banner_is_as_high_as_its_width_asks_for(
    qtbot: QtBot, show: Show, theme: Theme, width: int
) -> None:
    banner = _banner(theme)
    window = show(banner)
    layout = window.layout()
    assert isinstance(layout, QVBoxLayout)
    layout.addStretch(1)
    layout.setContentsMargins(0, 0, 0, 0)
    window.resize(width, 500)
    qtbot.waitUntil(lambda: banner.width() == width)
    assert banner.height() == banner.heightForWidth(width)
    parts = [one for one in (*banner.findChildren(Label), *banner.findChildren(Button)) if one.isVisible()]
    boxes = [QRect(one.mapTo(banner, QPoint()), one.size()) for one in parts]
    assert all(banner.rect().contains(box) for box in boxes)
    assert not any(one.intersects(other) for one, other in itertools.combinations(boxes, 2))
    lines = len({button.mapTo(banner, QPoint()).y() for button in banner.buttons})
    assert lines == {260: 3, 420: 2, 700: 1}[width]


def test_a_banner_scrolls_where_it_has_too_little_room(qtbot: QtBot, show: Show, theme: Theme) -> None:
    banner = _banner(theme)
    show(banner)
    banner.setFixedSize(300, 90)
    area = banner.findChild(QScrollArea)
    assert area is not None
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    labels = [QRect(one.mapTo(banner, QPoint()), one.size()) for one in banner.findChildren(Label)]
    assert not any(one.intersects(other) for one, other in itertools.combinations(labels, 2))
    # The keyboard brings what is below into view.
    banner.buttons[0].setFocus()
    QTest.keyClick(banner.buttons[0], Qt.Key.Key_Tab)
    assert banner.buttons[1].hasFocus()
    button = banner.buttons[1]
    assert area.viewport().rect().contains(QRect(button.mapTo(area.viewport(), QPoint()), button.size()))


def test_a_button_that_is_wider_than_its_line_is_shortened(qtbot: QtBot, show: Show, theme: Theme) -> None:
    window, button = QWidget(), Button(theme, "Reload the model as it was before", ButtonKind.PRIMARY)
    flow = Flow()
    flow.addWidget(button)
    window.setLayout(flow)
    show(window)
    window.setFixedWidth(120)
    qtbot.waitUntil(lambda: button.width() == 120)
    image = button.grab().toImage()
    fill = theme.color("accent")
    assert all(image.pixelColor(x, y) == fill for x in (2, 3, 116, 117) for y in range(8, 20))


def test_an_empty_list_says_why_and_what_can_be_done(qtbot: QtBot, show: Show, theme: Theme) -> None:
    ran: list[str] = []
    action = BannerAction("Show them", lambda: ran.append("show"))
    empty = EmptyList(theme, "Nothing here", "2 are hidden.", action)
    show(empty)
    assert (empty.accessibleName(), empty.accessibleDescription()) == ("Nothing here", "2 are hidden.")
    assert empty.button is not None
    empty.button.click()
    assert ran == ["show"]
    empty.set_text("Nothing at all")
    assert not empty.why.isVisible()


def painted_row(theme: Theme, state: RowState) -> QImage:
    image = QImage(60, 36, QImage.Format.Format_ARGB32)
    image.fill(theme.color("surface"))
    painter = QPainter(image)
    draw_row(painter, theme, QRectF(image.rect()), state)
    painter.end()
    return image


@pytest.mark.parametrize(
    ("state", "fill"),
    [
        (RowState(), "surface"),
        (RowState(hover=True), "hover"),
        (RowState(hover=True, enabled=False), "surface"),
        (RowState(selected=True), "selection"),
        (RowState(selected=True, hover=True), "selection"),
        (RowState(selected=True, active=False), "pressed"),
        (RowState(focus=True), "surface"),
    ],
)
def test_rows_are_filled_by_their_state(theme: Theme, state: RowState, fill: str) -> None:
    image = painted_row(theme, state)
    assert image.pixelColor(30, 18) == theme.color(fill)
    edge = theme.color("accent_ink") if state.focus else theme.color(fill)
    assert image.pixelColor(30, 0) == edge


def test_a_long_text_is_shortened_to_its_room(theme: Theme) -> None:
    image = QImage(200, 30, QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    width = draw_line_of_text(
        painter, QRectF(10, 0, 80, 30), "A name that is too long for it", painter.font(), QColor("black")
    )
    painter.end()
    assert width <= 80
    beyond = {image.pixelColor(x, y).name() for x in range(95, 200) for y in range(30)}
    assert beyond == {"#ffffff"}
