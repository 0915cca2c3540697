"""The bar under a page of settings that says that a change waits for the next load."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

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
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        row.setSpacing(Space.M)
        row.addWidget(Icon(theme, "info", theme.sizes.icon_rail, "accent_ink"))
        row.addWidget(self._label, 1)
        row.addWidget(self.button)
        self.hide()

    def show_state(self, pending: bool, loading: bool) -> None:
        """`pending`: the loaded model runs with other settings than those shown. `loading`: it is loaded
        again just now.
        """
        appears = pending and self.isHidden()
        self.setVisible(pending)
        self.button.set_busy(pending and loading)
        if appears:
            announce(self, self._label.text())
