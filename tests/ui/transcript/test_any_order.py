"""Whatever is done in whatever order, the transcript keeps its books and the program lives."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from slmdesk.chat import Conversation
from slmdesk.engines import End
from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.strip_views.editor_view import EditorView
from slmdesk.ui.transcript.strips import StripKind
from tests.long_conversations import make_messages
from tests.ui.scripted import make_stats

_SECONDS = 3


class _Person:
    """Does one thing after the other, chosen by chance."""

    def __init__(self, transcript: Transcript, theme: Theme, seed: int) -> None:
        self.transcript = transcript
        self.theme = theme
        self.chance = random.Random(seed)
        self.records = make_messages(150, seed=seed)
        for number, record in enumerate(self.records):
            record.id = number + 1
        self.conversation = Conversation()
        self.done: list[str] = []

    def act(self) -> None:
        """Do something."""
        name = self.chance.choice(sorted(name for name in dir(self) if name.startswith("do_")))
        self.done.append(name)
        action: Callable[[], None] = getattr(self, name)
        action()

    def do_show(self) -> None:
        start = self.chance.randrange(140)
        records = self.records[start : start + self.chance.choice((0, 1, 2, 5, 80))]
        self.conversation = Conversation(1, "", "", records)
        self.transcript.show_conversation(self.conversation)

    def do_show_again(self) -> None:
        at = self.chance.randrange(len(self.transcript.messages) + 1)
        self.transcript.show_conversation(self.conversation, at_message=at)

    def do_clear(self) -> None:
        self.transcript.clear()

    def do_say(self) -> None:
        self.transcript.add_person_message("Something. " * self.chance.randrange(200))

    def do_begin(self) -> None:
        self.transcript.begin_answer("SmolLM2 135M", 0, continues=self.chance.random() < 0.3)

    def do_think(self) -> None:
        self.transcript.append_reasoning(self.chance.choice(self.records).text)

    def do_write(self) -> None:
        self.transcript.append(self.chance.choice(self.records).text)
        self.transcript._writing.draw()

    def do_end(self) -> None:
        self.transcript.set_stats(make_stats())
        end = self.chance.choice((None, End(reason="stop"), End(reason="length")))
        self.transcript.end_answer(end, failed=self.chance.random() < 0.3)

    def do_drop(self) -> None:
        self.chance.choice((self.transcript.drop_last_answer, self.transcript.drop_rejected))()

    def do_resize(self) -> None:
        self.transcript.resize(self.chance.randrange(150, 1300), self.chance.randrange(60, 800))

    def do_zoom(self) -> None:
        self.transcript.set_zoom(self.chance.choice((50, 100, 150, 300)))

    def do_theme(self) -> None:
        self.theme.choose(self.chance.choice(("light", "dark")))

    def do_find(self) -> None:
        self.transcript.find_text(self.chance.choice(("river", "a", "zebra", "")))
        self.chance.choice((self.transcript.find_next, self.transcript.find_previous))()

    def do_edit(self) -> None:
        if self.transcript.messages:
            self.transcript.begin_edit(self.chance.randrange(len(self.transcript.messages)))

    def do_end_edit(self) -> None:
        for view in list(self.transcript._stage.views()):
            if isinstance(view, EditorView):
                self.chance.choice((view.save, view.cancel)).click()

    def do_scroll(self) -> None:
        bar = self.transcript.verticalScrollBar()
        bar.setValue(self.chance.choice((0, bar.maximum(), bar.maximum() // 3, bar.value() - 70)))

    def do_drag(self) -> None:
        surface = self.transcript.viewport()
        places = [
            QPoint(self.chance.randrange(surface.width()), self.chance.randrange(surface.height()))
            for _ in range(2)
        ]
        QTest.mousePress(surface, Qt.MouseButton.LeftButton, pos=places[0])
        QTest.mouseMove(surface, places[1])
        QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=places[1])
        self.transcript.selected_text()

    def do_key(self) -> None:
        keys = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Home, Qt.Key.Key_Down)
        QTest.keyClick(self.transcript, self.chance.choice(keys))

    def do_fold(self) -> None:
        for strip in list(self.transcript._stage.showing):
            if strip.kind is StripKind.FOLD:
                self.transcript._actions.act(strip.message, "fold")
                return

    def do_wrap(self) -> None:
        for strip in list(self.transcript._stage.showing):
            if strip.kind is StripKind.CODE_HEAD:
                self.transcript._actions.act_on_strip(strip, "wrap")
                return

    def do_hide_or_show(self) -> None:
        self.transcript.setVisible(not self.transcript.isVisible())

    def do_wait(self) -> None:
        QApplication.processEvents()

    def do_other(self) -> None:
        self.transcript.set_can_continue(self.chance.random() < 0.5, "Because.")
        self.transcript.set_show_figures(self.chance.random() < 0.5)
        self.transcript.refresh_records(self.conversation)
        self.transcript.select_all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order(transcript: Transcript, theme: Theme, seed: int) -> None:
    person = _Person(transcript, theme, seed)
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        person.act()
        column, stage = transcript._column, transcript._stage
        for index, message in enumerate(column.messages):
            assert message.index == index, person.done[-10:]
            if message.strips is not None:
                assert len(message.strips) == len(message.heights), person.done[-10:]
                assert column._heights[index] == sum(one.height for one in message.strips), person.done[-10:]
        for strip, view in stage.showing.items():
            assert view.strip is strip, person.done[-10:]
            assert column.has(strip.message), person.done[-10:]
        assert stage.top >= 0, person.done[-10:]
    assert len(person.done) > 50
    assert len(transcript.findChildren(QWidget)) < 1500
