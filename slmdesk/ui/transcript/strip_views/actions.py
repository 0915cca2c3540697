"""Buttons of a message: drawn only near the pointer or with the keyboard, always in their place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QApplication, QWidget

from slmdesk.messages import format_integer, tr
from slmdesk.ui.theme import TextRole
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.tooltip import set_tooltip

_SAY_COPIED_MS = 2000


class ActionsView(StripView):
    """A row of actions of one message."""

    takes_mouse = True

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        theme = page.theme
        self._near = False
        self.copy = self.make("copy", tr("Copy"), "copy")
        self.edit = self.make("pencil", tr("Edit"), "edit")
        self.previous = self.make("chevron-left", tr("Previous version"), "previous")
        self.next = self.make("chevron-right", tr("Next version"), "next")
        self.version = Label(theme, role=TextRole.SECONDARY, color="text_secondary")
        self._copied = QTimer(self)
        self._copied.setSingleShot(True)
        self._copied.setInterval(_SAY_COPIED_MS)
        self._copied.timeout.connect(self._forget_copied)
        self.copy.clicked.connect(self._say_copied)

    def make(self, icon: str, name: str, action: str) -> Button:
        """A button that does something with the message."""
        button = Button(self.page.theme, icon=icon, name=name)
        button.clicked.connect(lambda: self._act(action))
        button.installEventFilter(self)
        return button

    def fading(self) -> Sequence[Button]:
        """The buttons that are drawn only when they are wanted."""
        return (self.copy, self.edit)

    def fill_versions(self, message: Message) -> None:
        """Show which version it is, where there are several."""
        several = message.versions > 1
        for widget in (self.previous, self.version, self.next):
            widget.setVisible(several)
        if not several:
            return
        self.version.setText(f"{format_integer(message.version)}/{format_integer(message.versions)}")
        self.version.setAccessibleName(
            tr("Version {number} of {count}").format(
                number=format_integer(message.version), count=format_integer(message.versions)
            )
        )
        idle = not message.writing and not message.editing
        self.previous.setEnabled(idle and message.version > 1)
        self.next.setEnabled(idle and message.version < message.versions)

    def set_pointer_near(self, near: bool) -> None:
        """Whether the pointer is over the message."""
        self._near = near
        self.show_actions()

    def leave_strip(self) -> None:
        """Let the message go."""
        self._near = False
        super().leave_strip()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave no timer running in a window that is closed."""
        super().hideEvent(event)
        if self._copied.isActive():
            self._copied.stop()
            self._forget_copied()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the keyboard in and out of the actions."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.show_actions()
        return False

    def show_actions(self) -> None:
        """Draw the actions, or keep only their place."""
        shown = self._near or QApplication.focusWidget() in self.stops()
        for button in self.fading():
            button.set_faint(not shown)

    def _act(self, action: str) -> None:
        if self.strip is not None:
            self.page.acted.emit(self.strip.message, action)

    def _say_copied(self) -> None:
        self.copy.set_icon("check")
        set_tooltip(self.copy, tr("Copied"))
        self._copied.start()

    def _forget_copied(self) -> None:
        self.copy.set_icon("copy")
        set_tooltip(self.copy, self.copy.accessibleName())
