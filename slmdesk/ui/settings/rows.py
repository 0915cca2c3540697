"""Pages of settings, built from groups of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.surface import Card

# A row any narrower has its control under the words.
_BESIDE_LEAST = 420


class Control(Protocol):
    """What sets a value: one of the shared widgets."""

    def set_value(self, value: Any) -> None:
        """Show a value, without saying that it changed."""

    def set_fixed(self, reason: str) -> None:
        """Keep the value as it is and say why; empty: it can be changed again."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting on a page: its name in `Settings`, its row, and what sets it."""

    name: str
    row: SettingsRow
    control: Control
    widget: QWidget
    """What takes the keyboard."""


class SettingsPage(QScrollArea):
    """A head, a sentence, and groups of rows in a column."""

    def __init__(self, theme: Theme, head: str, about: str) -> None:
        super().__init__()
        self._theme = theme
        self.settings: list[Setting] = []
        """Those on this page, from top to bottom."""
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

    def add_setting(self, name: str, row: SettingsRow, control: Control, widget: QWidget) -> SettingsRow:
        """Note that `row` sets the setting called `name` with `control`. Returns the row."""
        self.settings.append(Setting(name, row, control, widget))
        return row


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
        self._theme = theme
        self.name = name
        self.icon = icon
        self.about = about if isinstance(about, str) else ""
        self._fixed = ""
        self.setMinimumHeight(theme.sizes.settings_row)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.M)
        self._icon = Icon(theme, icon, theme.sizes.icon_rail)
        row.addWidget(self._icon)
        column = QVBoxLayout()
        column.setSpacing(Space.TINY)
        column.addStretch(1)
        column.addWidget(Label(theme, name, TextRole.LABEL))
        self._about = Label(theme, self.about, TextRole.SECONDARY, "text_secondary", wrap=True)
        column.addWidget(about if isinstance(about, QWidget) else self._about)
        self._about.setVisible(bool(self.about) and not isinstance(about, QWidget))
        column.addStretch(1)
        row.addLayout(column, 1)
        self._row, self._column, self._control = row, column, control
        self._below = False
        if control is not None:
            row.addWidget(control)
        theme.changed.connect(self.update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the control stands under the words."""
        super().resizeEvent(event)
        below = self.width() < round(_BESIDE_LEAST * self._theme.text_scale)
        if self._control is None or below == self._below:
            return
        self._below = below
        self._row.removeWidget(self._control)
        self._column.removeWidget(self._control)
        if below:
            self._column.insertWidget(self._column.count() - 1, self._control, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            self._row.addWidget(self._control)

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed; empty: it can."""
        return self._fixed

    def set_fixed(self, reason: str) -> None:
        """Show a lock and the reason in the place of icon and sentence; empty: as it was."""
        self._fixed = reason
        self._icon.set_icon("lock" if reason else self.icon, "text_secondary")
        self._about.setText(reason or self.about)
        self._about.setVisible(bool(reason or self.about))
        self.update()

    def matches(self, text: str) -> bool:
        """Whether the name or the sentence has every word of `text`."""
        own = f"{self.name} {self.about}".casefold()
        return all(word in own for word in text.casefold().split())

    def paintEvent(self, event: QPaintEvent) -> None:
        """What cannot be changed stands on a sunken ground."""
        if self._fixed:
            painter = QPainter(self)
            box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            draw_box(painter, box, Radius.BUTTON, self._theme.color("surface_sunken"))


OnChange = Callable[[str, object], None]
"""Told the name of a setting and its new value."""
