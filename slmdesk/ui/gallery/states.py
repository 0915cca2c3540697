"""Puts widgets into a state that otherwise needs a pointer or the keyboard."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QLineEdit, QWidget

from slmdesk.ui.widgets.field import Field

Shown = TypeVar("Shown", bound=QWidget)
Pressed = TypeVar("Pressed", bound=QAbstractButton)


def hovered(widget: Shown) -> Shown:
    """As if the pointer were over it."""
    target = widget.box if isinstance(widget, Field) else widget
    target.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    return widget


def pressed(button: Pressed) -> Pressed:
    """As if a mouse button were held down on it."""
    button.setDown(True)
    return hovered(button)


def disabled(widget: Shown) -> Shown:
    """Cannot be used."""
    widget.setEnabled(False)
    return widget


class Focused(QObject):
    """Makes each widget look as if the keyboard had been moved to it, once it is on the screen."""

    def add(self, widget: Shown) -> Shown:
        """Take care of one more."""
        target = widget.focusProxy() or widget
        target.installEventFilter(self)
        return widget

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Never swallows an event."""
        if event.type() == QEvent.Type.Show:
            # A field that is reached with Tab selects all of its text, and shows no cursor then.
            by_tab = not isinstance(watched, (QLineEdit, QAbstractSpinBox))
            reason = Qt.FocusReason.TabFocusReason if by_tab else Qt.FocusReason.OtherFocusReason
            focus = QFocusEvent(QEvent.Type.FocusIn, reason)
            QApplication.sendEvent(watched, focus)
        return False
