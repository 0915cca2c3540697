"""What text fields, text areas and number fields have in common: the box, the error and the lock."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QEnterEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.tooltip import set_tooltip


class FieldBox(QWidget):
    """The box of a field, in the state that its editor is in. A click anywhere in it goes to the editor."""

    def __init__(self, theme: Theme, edit: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._edit = edit
        self._focused = False
        self.error = False
        self.fixed = False
        self.setCursor(Qt.CursorShape.IBeamCursor)
        edit.installEventFilter(self)
        theme.changed.connect(self.update)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the focus of the editor; never swallows an event."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._focused = event.type() == QEvent.Type.FocusIn
            self.update()
        return False

    def enterEvent(self, event: QEnterEvent) -> None:
        """Redraw with the pointer over it."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Redraw without the pointer."""
        super().leaveEvent(event)
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Redraw when it can or cannot be used."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press beside the text goes to the text."""
        self._edit.setFocus(Qt.FocusReason.MouseFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and its border."""
        painter = QPainter(self)
        color = self._theme.color
        usable = self.isEnabled() and not self.fixed
        fill = color("surface" if usable else "surface_sunken")
        line = Line.BORDER
        if self._focused and self.isEnabled():
            border, line = "negative" if self.error else "accent_ink", Line.FOCUS
        elif self.error:
            border = "negative"
        elif not usable:
            border = "border"
        else:
            border = "border_mark" if self.underMouse() else "border_control"
        draw_box(painter, QRectF(self.rect()), Radius.BUTTON, fill, color(border), line)


class Field(QWidget):
    """A box around `edit`, with a sentence below it while something is wrong.

    | state | looks | told to a screen reader |
    |-------|-------|-------------------------|
    | error | red border, mark, sentence below | the sentence is the description, and is announced |
    | fixed by a policy | grey, lock, reason in the tooltip; focusable | the reason is the description |
    | of no use here | the same without the lock | the reason is the description |
    """

    def __init__(
        self,
        theme: Theme,
        edit: QWidget,
        name: str,
        *,
        tight: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`tight`: what stands at the end of the box reaches nearly to its border."""
        super().__init__(parent)
        self._theme = theme
        self._edit = edit
        self._error = ""
        self._reason = ""
        self._lock = False
        self.box = FieldBox(theme, edit, self)
        self.row = QHBoxLayout(self.box)
        self.row.setContentsMargins(Space.XS, 0, Space.XS, 0)
        self.row.setSpacing(Space.S)
        # Margins are not mirrored; spaces are.
        self.row.addSpacing(Space.XS + Space.TINY)
        self.row.addWidget(edit, 1)
        self._mark = Icon(theme, "circle-alert", theme.sizes.icon_button, "negative", self.box)
        self._mark.hide()
        self.row.addWidget(self._mark)
        self.row.addSpacing(0 if tight else Space.XS + Space.TINY)
        self.sentence = Label(theme, "", TextRole.SECONDARY, "negative", wrap=True, parent=self)
        self.sentence.hide()
        self.column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(self.box)
        column.addWidget(self.sentence)
        edit.setAccessibleName(name)
        self.setFocusProxy(edit)
        self._ink()
        theme.changed.connect(self._ink)

    @property
    def error(self) -> str:
        """What is wrong with the value, or empty."""
        return self._error

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed, or empty."""
        return self._reason

    def set_error(self, sentence: str) -> None:
        """Say under the field what is wrong with its value; empty: nothing is."""
        if sentence == self._error:
            return
        self._error = sentence
        self.sentence.setText(sentence)
        self.updateGeometry()
        self.sentence.setVisible(bool(sentence))
        self._show_state()
        if sentence:
            announce(self._edit, sentence)

    def set_fixed(self, reason: str, *, lock: bool = True) -> None:
        """Keep the value as it is and say why; empty: it can be changed again.

        `lock`: draw the lock, which stands for a policy.
        """
        self._reason = reason
        self._lock = bool(reason) and lock
        self._set_read_only(bool(reason))
        for widget in (self.box, self._edit):
            set_tooltip(widget, reason)
        self._show_state()
        self._ink()

    def _add_at_end(self, widget: QWidget) -> None:
        """Put `widget` into the box, after all that is there."""
        self.row.insertWidget(self.row.count() - 1, widget)

    def _set_read_only(self, read_only: bool) -> None:
        raise NotImplementedError

    def _show_state(self) -> None:
        self.box.error, self.box.fixed = bool(self._error), bool(self._reason)
        if self._lock:
            self._mark.set_icon("lock", "text_secondary")
        else:
            self._mark.set_icon("circle-alert", "negative")
        self._mark.setVisible(self._lock or (bool(self._error) and not self._reason))
        self._edit.setAccessibleDescription(self._reason or self._error)
        self.box.update()

    def _ink(self) -> None:
        """The editor draws no ground of its own."""
        role = QPalette.ColorRole
        palette = QPalette()
        palette.setColor(role.Base, Qt.GlobalColor.transparent)
        disabled = self._theme.color("text_disabled")
        palette.setColor(QPalette.ColorGroup.Disabled, role.PlaceholderText, disabled)
        if self._reason:
            palette.setColor(QPalette.ColorGroup.Active, role.Text, self._theme.color("text_secondary"))
            palette.setColor(QPalette.ColorGroup.Inactive, role.Text, self._theme.color("text_secondary"))
        self._edit.setPalette(palette)
