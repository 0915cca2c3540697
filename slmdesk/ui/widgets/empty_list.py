"""What stands in place of a list that has nothing to show."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.banner import BannerAction
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.painting import draw_box


class EmptyList(QWidget):
    """Says that there is nothing and why, and offers what can be done about it.

    `boxed`: with the border of a card, where no list around it has one.
    """

    def __init__(
        self,
        theme: Theme,
        what: str,
        why: str = "",
        action: BannerAction | None = None,
        *,
        boxed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._boxed = boxed
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.TINY)
        column.addStretch(1)
        middle = Qt.AlignmentFlag.AlignHCenter
        self.what = Label(theme, what, TextRole.LABEL, wrap=True)
        self.why = Label(theme, why, color="text_secondary", wrap=True)
        for label in (self.what, self.why):
            label.setAlignment(middle)
            column.addWidget(label)
        self.button: Button | None = None
        if action is not None:
            self.button = Button(theme, action.text, small=True)
            self.button.clicked.connect(action.run)
            column.addSpacing(Space.S)
            column.addWidget(self.button, 0, middle)
        column.addStretch(1)
        self.set_text(what, why)
        theme.changed.connect(self.update)

    def set_text(self, what: str, why: str = "") -> None:
        """Say something else."""
        self.what.setText(what)
        self.why.setText(why)
        self.why.setVisible(bool(why))
        self.setAccessibleName(what)
        self.setAccessibleDescription(why)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the border, where there is one."""
        if self._boxed:
            painter = QPainter(self)
            box = QRectF(self.rect())
            draw_box(painter, box, Radius.CARD, self._theme.color("surface"), self._theme.color("border"))
