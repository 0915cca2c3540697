"""Banner, labels, choices and focus rings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.chat.model_button import ModelButton
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.labels import ElidedLabel, Label
from slmdesk.ui.widgets.popup import ChoicePopup
from slmdesk.ui.widgets.segmented import Segmented
from tests.ui.scripted import BROKEN_MODEL, make_model

LONG_NAME = "A model with a name of more than fifty characters, Q4_K_M"


Show = Callable[..., None]


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Show]:
    """Shows widgets in a window that is kept until the test is over."""
    windows: list[QWidget] = []

    def put(*widgets: QWidget) -> None:
        window = QWidget()
        windows.append(window)
        column = QVBoxLayout(window)
        for widget in widgets:
            column.addWidget(widget)
        window.resize(600, 500)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()

    yield put
    for window in windows:
        window.close()
        window.deleteLater()


def _ringed(*buttons: Button) -> list[bool]:
    return [button.focus_ring.shown for button in buttons]


def test_a_banner_says_what_why_and_what_to_do(qtbot: QtBot, show: Show, theme: Theme) -> None:
    ran: list[str] = []
    banner = Banner(
        theme,
        "The engine stopped.",
        "The computer ran out of memory.",
        "Try a smaller model.",
        "exit status -9",
        (BannerAction("Try again", lambda: ran.append("again")),),
    )
    show(banner)
    texts = [label.text() for label in banner.findChildren(Label)]
    assert texts == ["The engine stopped.", "The computer ran out of memory.", "Try a smaller model."]
    banner.buttons[0].click()
    assert ran == ["again"]


def test_the_details_of_a_banner_unfold_and_can_be_copied(qtbot: QtBot, show: Show, theme: Theme) -> None:
    banner = Banner(theme, "What.", "", "", "line 1\nline 2", ())
    show(banner)
    folded = banner.sizeHint().height()
    banner.details_button.click()
    assert banner.sizeHint().height() > folded
    copy = next(button for button in banner.findChildren(Button) if button.text() == "Copy")
    assert copy.isVisible()
    copy.click()
    assert QApplication.clipboard().text() == banner.details == "line 1\nline 2"


@pytest.mark.parametrize(
    "details",
    [
        "one line",
        "word " * 60,
        "line 1\n" + "word " * 40 + "\nline 3",
        "\n".join(f"line {n}" for n in range(7)),
    ],
)
def test_the_details_of_a_banner_have_room_for_their_lines_as_they_are_wrapped(
    qtbot: QtBot, show: Show, theme: Theme, details: str
) -> None:
    banner = Banner(theme, "What.", "", "", details, ())
    show(banner)
    banner.details_button.click()
    text = banner.findChild(QPlainTextEdit)
    assert text is not None
    for width in (600, 480, 900):
        banner.window().resize(width, 500)
        QApplication.processEvents()
        qtbot.waitUntil(lambda: text.verticalScrollBar().maximum() == 0)
        cursor = QTextCursor(text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        assert text.viewport().rect().contains(text.cursorRect(cursor))


def test_long_details_of_a_banner_scroll(qtbot: QtBot, show: Show, theme: Theme) -> None:
    banner = Banner(theme, "What.", "", "", "\n".join(f"line {number}" for number in range(40)), ())
    show(banner)
    banner.details_button.click()
    text = banner.findChild(QPlainTextEdit)
    assert text is not None
    qtbot.waitUntil(lambda: text.verticalScrollBar().maximum() > 20)
    assert text.height() < 200


def test_a_banner_without_details_has_no_fold(qtbot: QtBot, show: Show, theme: Theme) -> None:
    banner = Banner(theme, "What.", "", "", "", ())
    show(banner)
    assert not banner.details_button.isVisible()
    with qtbot.waitSignal(banner.closed):
        banner.close_button.click()


def test_a_long_name_gives_way_in_the_middle(qtbot: QtBot, theme: Theme) -> None:
    label = ElidedLabel(theme, LONG_NAME)
    qtbot.addWidget(label)
    label.resize(160, 20)
    label.show()
    assert "…" in label.text()
    assert label.text().startswith("A mod")
    assert label.text().endswith("_M")
    assert label.toolTip() == LONG_NAME
    assert label.accessibleName() == LONG_NAME
    label.resize(900, 20)
    assert label.text() == LONG_NAME
    assert label.toolTip() == ""


def test_the_picker_lists_models_and_says_why_one_cannot_be_used(
    qtbot: QtBot, show: Show, theme: Theme
) -> None:
    button = ModelButton(theme)
    show(button)
    starter = make_model()
    button.set_models((starter, make_model("other", LONG_NAME), BROKEN_MODEL), starter)
    button.set_loaded(str(starter.path))
    popup = button.open_list()
    assert [choice.note or choice.about for choice in popup.choices] == [
        "loaded",
        "98.4\N{NO-BREAK SPACE}MB",
        "The file is cut off: it has 1.2\N{NO-BREAK SPACE}GB"
        " and should have at least 2.5\N{NO-BREAK SPACE}GB.",
    ]
    assert [choice.usable for choice in popup.choices] == [True, True, False]
    model = popup.list.model()
    spoken = model.data(model.index(2, 0), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("A model that was cut off, The file is cut off")
    popup.close_menu()


def test_the_picker_tells_two_models_of_one_name_apart(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = ModelButton(theme)
    show(button)
    one, two = make_model("one", "Same"), make_model("two", "Same")
    button.set_models((one, two), one)
    popup = button.open_list()
    titles = [choice.title for choice in popup.choices]
    assert titles == [f"Same ({one.path.name})", f"Same ({two.path.name})"]
    popup.close_menu()


def test_the_picker_works_with_the_keyboard(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = ModelButton(theme)
    show(button)
    starter = make_model()
    button.set_models((starter, BROKEN_MODEL, make_model("other", "Other")), starter)
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(button, Qt.Key.Key_Down)
    popup = button.window().findChild(ChoicePopup)
    assert popup is not None
    assert popup.list.hasFocus()
    with qtbot.waitSignal(button.picked) as picked:
        # The broken one in between is passed over.
        QTest.keyClick(popup.list, Qt.Key.Key_Down)
        QTest.keyClick(popup.list, Qt.Key.Key_Return)
    assert picked.args == ["other"]
    assert button.hasFocus()


def test_a_press_beside_a_list_closes_it(qtbot: QtBot, show: Show, theme: Theme) -> None:
    choice = ChoiceButton(theme, (("en", "English"), ("pl", "Polski")), "Language")
    show(choice)
    popup = choice.open_list()
    with qtbot.waitSignal(popup.closed):
        QTest.mouseClick(popup, Qt.MouseButton.LeftButton, pos=QPoint(590, 490))
    assert choice.value == "en"


def test_a_broken_row_cannot_be_chosen_with_the_pointer(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = ModelButton(theme)
    show(button)
    button.set_models((BROKEN_MODEL,), None)
    picked: list[str] = []
    button.picked.connect(picked.append)
    popup = button.open_list()
    row = popup.list.visualRect(popup.list.model().index(0, 0)).center()
    QTest.mouseClick(popup.list.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert picked == []
    popup.close_menu()


def test_segments_are_radio_buttons_to_keyboard_and_reader(qtbot: QtBot, show: Show, theme: Theme) -> None:
    segmented = Segmented(theme, (("light", "Light"), ("dark", "Dark")), "Theme")
    show(segmented)
    segmented.set_value("light")
    first = segmented.segments["light"]
    first.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(segmented.chosen) as chosen:
        QTest.keyClick(first, Qt.Key.Key_Right)
    assert chosen.args == ["dark"]
    interface = QAccessible.queryAccessibleInterface(segmented.segments["dark"])
    assert interface is not None
    assert interface.role() == QAccessible.Role.RadioButton


def test_the_focus_ring_shows_for_the_keyboard_alone(qtbot: QtBot, show: Show, theme: Theme) -> None:
    first, second = Button(theme, "First"), Button(theme, "Second")
    show(first, second)
    second.setFocus(Qt.FocusReason.MouseFocusReason)
    first.setFocus(Qt.FocusReason.TabFocusReason)
    assert _ringed(first, second) == [True, False]
    second.setFocus(Qt.FocusReason.MouseFocusReason)
    assert _ringed(first, second) == [False, False]
    QTest.keyClick(second, Qt.Key.Key_Shift)
    assert _ringed(first, second) == [False, True]


def test_a_busy_button_cannot_be_pressed(qtbot: QtBot, show: Show, theme: Theme) -> None:
    button = Button(theme, "Start")
    show(button)
    width = button.sizeHint().width()
    button.set_busy(True)
    assert not button.isEnabled()
    assert button.sizeHint().width() > width
