"""The input: growing, sending, stopping."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QFontMetrics,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui.chat.composer import Composer
from slmdesk.ui.theme import Space, Theme
from tests.ui.scripted import make_model


@pytest.fixture
def composer(qtbot: QtBot, theme: Theme) -> Composer:
    composer = Composer(theme)
    qtbot.addWidget(composer)
    composer.resize(720, 80)
    composer.show()
    composer.set_state(can_send=True, can_stop=False, stopping=False, hint="Ask anything.")
    return composer


def line_height(composer: Composer) -> float:
    """Of a line as it is laid out."""
    document = composer.input.document()
    return document.documentLayout().blockBoundingRect(document.begin()).height()


def test_it_grows_to_ten_lines_and_then_scrolls(composer: Composer) -> None:
    composer.input.setPlainText("x")
    line = line_height(composer)
    heights = []
    for lines in (1, 2, 5, 10, 11, 40):
        composer.input.setPlainText("\n".join(["x"] * lines))
        heights.append(composer.input.height())
    one = heights[0]
    assert [height - one for height in heights] == pytest.approx(
        [0, line, 4 * line, 9 * line, 9 * line, 9 * line], abs=2
    )
    assert composer.input.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOn
    composer.input.clear()
    assert composer.input.height() == one


# Letters that Qt takes from other fonts where the usual one does not have them.
SCRIPTS = {
    "Latin": "A line",
    "Arabic": "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "CJK": "\u6f22\u5b57\u4eee\u540d",
    "emoji": "Well \U0001f44b\U0001f3fd",
    "mixed": "A \u05e9\u05dc\u05d5\u05dd \u6f22 \u0645\u0631",
}


def is_whole(composer: Composer) -> bool:
    """Whether all that is written is seen, from the first line to the last."""
    field = composer.input
    bar = field.verticalScrollBar()
    fits = bar.maximum() == 0 and bar.value() == 0 and field.firstVisibleBlock().blockNumber() == 0
    return fits and field.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("pixels", [13, 14, 16, 18, 21, 28])
@pytest.mark.parametrize("family", ["", "DejaVu Sans"])
def test_no_line_is_scrolled_out_of_sight(
    composer: Composer, qtbot: QtBot, script: str, pixels: int, family: str
) -> None:
    if family and family not in QFontDatabase.families():
        pytest.skip(f"{family} is not installed")
    field = composer.input
    font = field.font()
    font.setPixelSize(pixels)
    if family:
        font.setFamilies([family])
    field.setFont(font)
    field._usual_px = pixels
    for count in (1, 2, 3, 4, 10):
        field.setPlainText("\n".join([SCRIPTS[script]] * count))
        field.moveCursor(QTextCursor.MoveOperation.End)
        qtbot.waitUntil(lambda: is_whole(composer))
    field.insertPlainText("\n" + SCRIPTS[script])
    qtbot.waitUntil(lambda: field.verticalScrollBar().maximum() == 1)
    assert field.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOn


def test_lines_that_are_higher_than_the_font_says_are_seen(composer: Composer, qtbot: QtBot) -> None:
    field = composer.input
    # As letters of a larger font among the others.
    high = QTextCharFormat()
    large = QFont(field.font())
    large.setPixelSize(field.font().pixelSize() + 5)
    high.setFont(large)
    for count in range(1, 11):
        field.clear()
        field.textCursor().insertText("\n".join(["x"] * count), high)
        field.moveCursor(QTextCursor.MoveOperation.End)
        assert line_height(composer) > QFontMetrics(field.font()).lineSpacing() + 2
        qtbot.waitUntil(lambda: is_whole(composer))
    field.textCursor().insertText("\nx", high)
    qtbot.waitUntil(lambda: field.verticalScrollBar().maximum() == 1)


@pytest.mark.parametrize("zoom", [50, 80, 110, 130, 150])
def test_at_every_zoom_the_first_line_is_seen(composer: Composer, qtbot: QtBot, zoom: int) -> None:
    composer.set_zoom(zoom)
    composer.input.setPlainText("one\ntwo\nthree\nfour\nfive\nsix")
    composer.input.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.waitUntil(lambda: is_whole(composer))


def test_a_wrapped_line_that_is_too_long_is_cut_at_ten(composer: Composer) -> None:
    composer.input.setPlainText("x\n" * 9 + "x")
    ten = composer.input.height()
    composer.input.setPlainText("many words " * 400)
    assert composer.input.height() == ten
    assert composer.input.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOn


def test_it_grows_with_a_wrapped_line(composer: Composer) -> None:
    one = composer.input.height()
    composer.input.setPlainText("many words " * 40)
    assert composer.input.height() > 2 * one


def test_enter_sends_and_shift_enter_starts_a_line(composer: Composer, qtbot: QtBot) -> None:
    sent: list[str] = []
    composer.sent.connect(sent.append)
    QTest.keyClicks(composer.input, "one")
    QTest.keyClick(composer.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(composer.input, "two")
    assert sent == []
    QTest.keyClick(composer.input, Qt.Key.Key_Return)
    assert sent == ["one\ntwo"]
    assert composer.input.toPlainText() == ""


def test_nothing_is_sent_that_cannot_be_answered(composer: Composer, qtbot: QtBot) -> None:
    sent: list[str] = []
    composer.sent.connect(sent.append)
    QTest.keyClicks(composer.input, "  ")
    QTest.keyClick(composer.input, Qt.Key.Key_Return)
    assert not composer.send_button.isEnabled()
    QTest.keyClicks(composer.input, "text")
    composer.set_state(can_send=False, can_stop=True, stopping=False, hint="")
    QTest.keyClick(composer.input, Qt.Key.Key_Return)
    assert sent == []
    assert composer.input.toPlainText().strip() == "text"


def test_send_turns_into_stop(composer: Composer, qtbot: QtBot) -> None:
    assert composer.send_button.isVisible()
    assert not composer.stop_button.isVisible()
    composer.set_state(can_send=False, can_stop=True, stopping=False, hint="")
    assert not composer.send_button.isVisible()
    with qtbot.waitSignal(composer.stopped):
        QTest.mouseClick(composer.stop_button, Qt.MouseButton.LeftButton)


def test_the_meter_says_how_full_the_context_is(composer: Composer) -> None:
    composer.set_context(486, 4096)
    assert composer.meter.words.text() == "486 of 4,096 tokens"
    assert composer.meter.bar.fraction == pytest.approx(486 / 4096, abs=0.001)
    assert not composer.meter.warning.isVisible()
    composer.set_context(0, 0)
    assert composer.meter.isHidden()


def inked(widget: QWidget, theme: Theme, color: str) -> bool:
    """Whether anything in `widget` is drawn in a colour of the theme."""
    picture, wanted = widget.grab().toImage(), theme.color(color).rgb()
    return any(picture.pixel(x, y) == wanted for x in range(picture.width()) for y in range(picture.height()))


def test_a_full_context_is_marked_by_more_than_a_colour(composer: Composer, theme: Theme) -> None:
    meter = composer.meter
    for tokens in (4096, 5200):
        composer.set_context(tokens, 4096)
        assert meter.warning.isVisible()
        assert meter.toolTip().startswith("The context is full")
        assert meter.words.palette().windowText().color() == theme.color("caution")
        assert inked(meter.bar, theme, "caution")
    composer.set_context(4095, 4096)
    assert not meter.warning.isVisible()
    assert meter.words.palette().windowText().color() != theme.color("caution")
    assert inked(meter.bar, theme, "accent")
    composer.set_context(5200, 4096)
    composer.set_progress("Loading 43%", 0.43)
    assert not meter.warning.isVisible()
    assert inked(meter.bar, theme, "accent")


def test_a_suggestion_is_taken_back_with_ctrl_z(composer: Composer) -> None:
    for draft in ("a draft\nof two\N{NO-BREAK SPACE}lines", ""):
        composer.set_text(draft)
        QTest.keyClicks(composer.input, " and more")
        composer.suggest("Suggested")
        assert composer.input.plain_text() == "Suggested"
        assert composer.input.textCursor().atEnd()
        QTest.keyClick(composer.input, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert composer.input.plain_text() == f"{draft} and more"


def test_paging_belongs_to_the_transcript(composer: Composer, qtbot: QtBot) -> None:
    pages: list[int] = []
    composer.input.page_wanted.connect(pages.append)
    QTest.keyClick(composer.input, Qt.Key.Key_PageUp)
    QTest.keyClick(composer.input, Qt.Key.Key_PageDown)
    assert pages == [-1, 1]


def test_a_new_hint_is_drawn(composer: Composer, qtbot: QtBot) -> None:
    class PaintCounter(QObject):
        count = 0

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            self.count += event.type() == QEvent.Type.Paint
            return False

    counter = PaintCounter()
    # A blinking cursor would paint by itself.
    composer.input.clearFocus()
    composer.grab()
    QApplication.processEvents()
    composer.input.viewport().installEventFilter(counter)
    composer.set_state(can_send=True, can_stop=False, stopping=False, hint="Another hint.")
    qtbot.waitUntil(lambda: counter.count > 0)


def test_a_long_line_without_spaces_keeps_the_window_alive(composer: Composer) -> None:
    line = "QUJD" * 100_000
    before = time.perf_counter()
    composer.input.insertPlainText(line)
    QTest.keyClicks(composer.input, "ab")
    # Broken at words, this takes 20 seconds on a fast computer, and a tenth of a second as it is.
    assert time.perf_counter() - before < 5
    assert composer.input.plain_text() == line + "ab"
    assert composer.input.wordWrapMode() == QTextOption.WrapMode.WrapAnywhere
    composer.input.undo()
    composer.input.setPlainText("many words " * 40)
    assert composer.input.wordWrapMode() == QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere


@pytest.mark.parametrize("space", [" ", "\n", "\t"])
def test_a_long_text_of_words_is_broken_at_words(composer: Composer, space: str) -> None:
    composer.input.setPlainText(f"word{space}" * 2000)
    assert composer.input.wordWrapMode() == QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
    composer.input.setPlainText("word\N{NO-BREAK SPACE}" * 2000)
    assert composer.input.wordWrapMode() == QTextOption.WrapMode.WrapAnywhere


def test_it_grows_with_the_zoom_but_not_over_the_window(composer: Composer) -> None:
    composer.input.setPlainText("x\n" * 20)
    highest = composer.input.height()
    composer.input.setPlainText("x")
    low, letters = composer.input.height(), composer.input.font().pixelSize()
    composer.set_zoom(200)
    assert composer.input.font().pixelSize() == 2 * letters
    assert composer.input.height() > 1.5 * low
    composer.input.setPlainText("x\n" * 20)
    assert composer.input.height() <= highest + Space.S
    assert composer.input.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOn
    composer.set_zoom(100)
    composer.input.setPlainText("x")
    assert composer.input.height() == low


@pytest.mark.parametrize("width", [300, 330, 400, 500, 559, 560, 720])
@pytest.mark.parametrize("stopping", [False, True])
@pytest.mark.parametrize("used", [24_486, 44_486])
def test_at_no_width_is_anything_in_the_row_cut(
    composer: Composer, qtbot: QtBot, width: int, stopping: bool, used: int
) -> None:
    model = make_model()
    composer.model_button.set_models((model,), model)
    composer.set_context(used, 32_768)
    composer.set_state(can_send=False, can_stop=stopping, stopping=False, hint="")
    composer.resize(width, composer.height())
    button, meter, words = composer.model_button, composer.meter, composer.meter.words

    def nothing_is_cut() -> bool:
        shown = not words.isVisible() or words.width() >= words.sizeHint().width()
        return shown and button.width() >= button.readable_width() and composer.width() == width

    qtbot.waitUntil(nothing_is_cut)
    assert meter.isVisible() or width < 400
    assert words.isVisible() or width <= 400
    assert meter.isHidden() or meter.geometry().right() < composer.width()


def test_a_hint_that_has_no_room_says_only_its_first_sentence(composer: Composer) -> None:
    hint = "Ask anything. Enter sends, Shift+Enter starts a new line."
    composer.set_state(can_send=True, can_stop=False, stopping=False, hint=hint)
    assert composer.input.placeholderText() == hint
    composer.resize(300, 80)
    assert composer.input.placeholderText() == "Ask anything."
    composer.resize(720, 80)
    assert composer.input.placeholderText() == hint
