"""Find in the conversation: what to look for, how often it is there, and the way through it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QWidget

from slmdesk.messages import format_integer, tr
from slmdesk.ui.chat.escape import is_escape_claim
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.text_field import TextField
from slmdesk.ui.widgets.tooltip import set_tooltip


class FindBar(Surface):
    """A bar under the head. Enter or F3: the next hit; with Shift: the one before; Esc: close.

    It looks for nothing itself: `text_changed` says what to look for, `set_position` what came of it.
    """

    text_changed = Signal(str)
    next_wanted = Signal()
    previous_wanted = Signal()
    closed = Signal()
    """Esc or the close button. The bar is still there: whoever owns it hides it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "surface", (Qt.Edge.BottomEdge,), parent)
        self.field = TextField(
            theme, tr("Find in this chat"), placeholder=tr("Find in this chat"), icon="search", small=True
        )
        self.field.changed.connect(self.text_changed)
        self.field.edit.installEventFilter(self)
        self.words = Label(theme, "", TextRole.SECONDARY, "text_secondary")
        self.previous_button = Button(theme, icon="chevron-up", name=tr("Previous hit"), small=True)
        set_tooltip(self.previous_button, tr("Previous hit (Shift+Enter)"))
        self.previous_button.clicked.connect(self.previous_wanted)
        self.next_button = Button(theme, icon="chevron-down", name=tr("Next hit"), small=True)
        set_tooltip(self.next_button, tr("Next hit (Enter)"))
        self.next_button.clicked.connect(self.next_wanted)
        self.close_button = Button(theme, icon="x", name=tr("Close"), small=True)
        set_tooltip(self.close_button, tr("Close (Esc)"))
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.XS)
        self.field.setMaximumWidth(theme.sizes.menu)
        # So that the field keeps its width while figures change.
        self.words.setMinimumWidth(self.words.fontMetrics().horizontalAdvance(tr("Not found")) + Space.XL)
        row.addStretch(1)
        row.addWidget(self.field, 1000)
        row.addSpacing(Space.S)
        row.addWidget(self.words)
        row.addSpacing(Space.S)
        for button in (self.previous_button, self.next_button, self.close_button):
            row.addWidget(button)
        self.set_position(0, 0)

    @property
    def text(self) -> str:
        """What is looked for."""
        return self.field.value

    def focus_field(self) -> None:
        """Put the keyboard into the bar. What it looked for before is looked for again."""
        self.field.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.select_all()
        if self.text:
            self.text_changed.emit(self.text)

    def look_for(self, text: str) -> None:
        """Look for `text`, as if it had been typed here."""
        self.field.set_value(text)
        self.text_changed.emit(text)

    def set_position(self, current: int, total: int) -> None:
        """Say which hit is shown of how many; both from 1, 0 of 0: there is none."""
        for button in (self.previous_button, self.next_button):
            button.setEnabled(total > 0)
        if not self.text:
            words = ""
        elif total:
            words = tr("{current} of {total}").format(
                current=format_integer(current), total=format_integer(total)
            )
        else:
            words = tr("Not found")
        if words != self.words.text():
            self.words.setText(words)
            self.words.set_ink("text_secondary" if total else "negative")
            if words and self.isVisible():
                announce(self.field.edit, words)

    def event(self, event: QEvent) -> bool:
        """Esc closes the bar before it stops anything else in the window."""
        if is_escape_claim(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that the bar has wherever in it the keyboard is."""
        if not self._take_key(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The field takes Enter before the bar hears of it."""
        if (
            watched is self.field.edit
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
        ):
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if enter and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.previous_wanted.emit()
                return True
            if enter:
                self.next_wanted.emit()
                return True
            return self._take_key(event)
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.matches(QKeySequence.StandardKey.FindNext):
            self.next_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.FindPrevious):
            self.previous_wanted.emit()
        else:
            return False
        return True
