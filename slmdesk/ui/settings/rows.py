"""Pages of settings, built from groups of rows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.surface import Card


class SettingsPage(QScrollArea):
    """A head, a sentence, and groups of rows in a column."""

    def __init__(self, theme: Theme, head: str, about: str) -> None:
        super().__init__()
        self._theme = theme
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        content = QWidget()
        sides = QHBoxLayout(content)
        sides.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        middle = QWidget()
        middle.setMaximumWidth(theme.sizes.settings_content)
        sides.addWidget(middle)
        self._column = QVBoxLayout(middle)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(Label(theme, head, TextRole.PAGE_HEAD))
        self._column.addSpacing(Space.XS)
        self._column.addWidget(Label(theme, about, color="text_secondary", wrap=True))
        self._column.addStretch(1)
        self.setWidget(content)
        # Being given a widget, a scroll area makes it fill its background.
        content.setAutoFillBackground(False)

    def add_group(self, head: str, *rows: QWidget) -> None:
        """A card of rows under a small head."""
        card = Card(self._theme)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for row in rows:
            layout.addWidget(row)
        label = Label(self._theme, head, TextRole.GROUP_HEAD, "text_secondary")
        before_stretch = self._column.count() - 1
        self._column.insertSpacing(before_stretch, Space.XL)
        self._column.insertWidget(before_stretch + 1, label)
        self._column.insertSpacing(before_stretch + 2, Space.S)
        self._column.insertWidget(before_stretch + 3, card)


class SettingsRow(QWidget):
    """An icon, a name with a sentence under it, and a control or a value at the end."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        about: str | QWidget = "",
        control: QWidget | None = None,
    ) -> None:
        super().__init__()
        self.setMinimumHeight(theme.sizes.settings_row)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.M)
        row.addWidget(Icon(theme, icon, theme.sizes.icon_rail))
        column = QVBoxLayout()
        column.setSpacing(Space.TINY)
        column.addStretch(1)
        column.addWidget(Label(theme, name, TextRole.LABEL))
        if isinstance(about, str) and about:
            about = Label(theme, about, TextRole.SECONDARY, "text_secondary", wrap=True)
        if isinstance(about, QWidget):
            column.addWidget(about)
        column.addStretch(1)
        row.addLayout(column, 1)
        if control is not None:
            row.addWidget(control)
