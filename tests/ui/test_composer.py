"""The input: growing, sending, stopping."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFontMetrics, QTextOption
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
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


def test_it_grows_to_ten_lines_and_then_scrolls(composer: Composer) -> None:
    line = QFontMetrics(composer.input.font()).lineSpacing()
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
    composer.set_context(0, 0)
    assert composer.meter.isHidden()


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
def test_at_no_width_is_anything_in_the_row_cut(
    composer: Composer, qtbot: QtBot, width: int, stopping: bool
) -> None:
    model = make_model()
    composer.model_button.set_models((model,), model)
    composer.set_context(24_486, 32_768)
    composer.set_state(can_send=False, can_stop=stopping, stopping=False, hint="")
    composer.resize(width, composer.height())
    button, meter, words = composer.model_button, composer.meter, composer.meter.words

    def nothing_is_cut() -> bool:
        shown = not meter.isVisible() or words.width() >= words.sizeHint().width()
        return shown and button.width() >= button.readable_width() and composer.width() == width

    qtbot.waitUntil(nothing_is_cut)
    assert meter.isVisible() or width < 400
    assert meter.isHidden() or meter.geometry().right() < composer.width()


def test_a_hint_that_has_no_room_says_only_its_first_sentence(composer: Composer) -> None:
    hint = "Ask anything. Enter sends, Shift+Enter starts a new line."
    composer.set_state(can_send=True, can_stop=False, stopping=False, hint=hint)
    assert composer.input.placeholderText() == hint
    composer.resize(300, 80)
    assert composer.input.placeholderText() == "Ask anything."
    composer.resize(720, 80)
    assert composer.input.placeholderText() == hint
