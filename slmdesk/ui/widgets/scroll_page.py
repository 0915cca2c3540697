"""A page that scrolls where its window is low."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class ScrollPage(QScrollArea):
    """Scrolls its widget up and down, never to the side. Has no frame and no colour of its own, and leaves
    the keyboard to what is on it.
    """

    def __init__(self, parent: QWidget | None = None, *, keeps_bar: bool = True) -> None:
        """`keeps_bar`: its room is kept free, so that nothing moves when there is something to scroll."""
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if keeps_bar:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setAutoFillBackground(False)

    def setWidget(self, widget: QWidget) -> None:
        """Scroll `widget`."""
        super().setWidget(widget)
        # Being given a widget, a scroll area makes it fill its background.
        widget.setAutoFillBackground(False)
