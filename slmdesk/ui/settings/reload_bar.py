"""The bar under a page of settings that says that a change waits for the next load."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.speech import announce
from slmdesk.ui.widgets.surface import Surface


class ReloadBar(Surface):
    """Below the page, so that what the person is changing does not move away."""

    load_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "selection", (Qt.Edge.TopEdge,), parent)
        words = tr("The loaded model still runs as before. Changes take effect with the next load.")
        self.button = Button(theme, tr("Load again now"), ButtonKind.PRIMARY, small=True)
        self.button.clicked.connect(self.load_wanted)
        self._label = Label(theme, words, wrap=True)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        self._row.setSpacing(Space.M)
        said = QHBoxLayout()
        said.setSpacing(Space.M)
        said.addWidget(Icon(theme, "info", theme.sizes.icon_rail, "accent_ink"))
        said.addWidget(self._label, 1)
        self._row.addLayout(said, 1)
        self._row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def minimumSizeHint(self) -> QSize:
        """What it needs with the button under the words."""
        width = self.button.minimumSizeHint().width() + 2 * Space.XL
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where the button would leave less room to the words than it takes itself, it stands under them."""
        super().resizeEvent(event)
        stacked = self.width() < 2 * self.minimumSizeHint().width()
        direction = QBoxLayout.Direction
        wanted = direction.TopToBottom if stacked else direction.LeftToRight
        if wanted != self._row.direction():
            self._row.setDirection(wanted)
            self.updateGeometry()

    def show_state(self, pending: bool, loading: bool) -> None:
        """`pending`: the loaded model runs with other settings than those shown. `loading`: it is loaded
        again just now.
        """
        appears = pending and self.isHidden()
        self.setVisible(pending)
        self.button.set_busy(pending and loading)
        if appears:
            announce(self, self._label.text())
