"""Keys of the transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from slmdesk.ui.transcript.actions import Actions
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.widgets.typed import typed_text

if TYPE_CHECKING:
    from slmdesk.ui.transcript.view import Transcript

_LINES = 3


class Keyboard:
    """What keys do while the transcript has the keyboard."""

    def __init__(self, transcript: Transcript, page: Page, scrolling: Scrolling, actions: Actions) -> None:
        self._transcript = transcript
        self._page = page
        self._scrolling = scrolling
        self._actions = actions

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means. Returns whether it means anything here."""
        transcript, link = self._transcript, self._page.link
        if event.matches(QKeySequence.StandardKey.Copy):
            transcript.copy()
            return True
        if event.matches(QKeySequence.StandardKey.SelectAll):
            transcript.select_all()
            return True
        if text := typed_text(event):
            transcript.typed.emit(text)
            return True
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        if link is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._actions.follow_link(link.strip.message, link.href)
            return True
        return self._scroll(Qt.Key(event.key()))

    def _scroll(self, key: Qt.Key) -> bool:
        bar = self._transcript.verticalScrollBar()
        step = _LINES * bar.singleStep()
        match key:
            case Qt.Key.Key_Up:
                bar.setValue(bar.value() - step)
            case Qt.Key.Key_Down:
                bar.setValue(bar.value() + step)
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                return self._actions.scroll_sideways(1 if key is Qt.Key.Key_Right else -1)
            case Qt.Key.Key_PageUp:
                self._transcript.scroll_page(-1)
            case Qt.Key.Key_PageDown | Qt.Key.Key_Space:
                self._transcript.scroll_page(1)
            case Qt.Key.Key_Home:
                bar.setValue(0)
            case Qt.Key.Key_End:
                self._scrolling.go_to_end()
            case _:
                return False
        return True
