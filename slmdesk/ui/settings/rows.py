"""Pages of settings, built from groups of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.head_row import HeadRow
from slmdesk.ui.widgets.labels import ElidedLabel, Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.surface import Card

if TYPE_CHECKING:
    from slmdesk.ui.widgets.choice_button import ChoiceButton
    from slmdesk.ui.widgets.number_field import NumberField
    from slmdesk.ui.widgets.segmented import Segmented
    from slmdesk.ui.widgets.switch import Switch
    from slmdesk.ui.widgets.text_field import TextField

# A row any narrower has its control under the words.
_BESIDE_LEAST = 420


class Control(Protocol):
    """What sets a value: one of the shared widgets."""

    def set_value(self, value: Any) -> None:
        """Show a value, without saying that it changed."""

    def set_fixed(self, reason: str, *, lock: bool = True) -> None:
        """Keep the value as it is and say why; empty: it can be changed again. `lock`: show one."""


@runtime_checkable
class Offers(Protocol):
    """A control that offers values to choose from."""

    @property
    def choice_words(self) -> Sequence[str]:
        """The words of the values."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting on a page: its name in `Settings`, its row, and what sets it."""

    name: str
    row: SettingsRow
    control: Control
    widget: QWidget
    """What takes the keyboard."""
    keywords: str = ""
    """Other words that a person may look for."""

    def matches(self, text: str) -> bool:
        """Whether every word of `text` is among what is said about it, what can be chosen, and its
        keywords.
        """
        choices = self.control.choice_words if isinstance(self.control, Offers) else ()
        return self.row.matches(text, " ".join((*choices, self.keywords)))

    def show_limits(self, fixed: str, useless: str) -> None:
        """Why it cannot be changed: a policy has `fixed` it, or it would be `useless`. Empty: it can."""
        self.row.set_fixed(fixed or useless, lock=bool(fixed))
        self.control.set_fixed(fixed or useless, lock=bool(fixed))


class SettingsPage(ScrollPage):
    """A head, a sentence, and groups of rows in a column."""

    def __init__(self, theme: Theme, head: str, about: str, beside: QWidget | None = None) -> None:
        """`beside` stands at the end of the head."""
        super().__init__(keeps_bar=False)
        self._theme = theme
        self.settings: list[Setting] = []
        """Those on this page, from top to bottom."""
        self._fixed: Mapping[str, str] = {}
        self._useless: Mapping[str, str] = {}
        content = QWidget()
        sides = QHBoxLayout(content)
        sides.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        middle = QWidget()
        middle.setMaximumWidth(theme.sizes.settings_content)
        sides.addWidget(middle)
        self._column = QVBoxLayout(middle)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        title = Label(theme, head, TextRole.PAGE_HEAD, wrap=True)
        self._column.addWidget(title if beside is None else HeadRow(title, beside))
        self._column.addSpacing(Space.XS)
        self._column.addWidget(Label(theme, about, color="text_secondary", wrap=True))
        self._column.addStretch(1)
        self.setWidget(content)

    def add_group(self, head: str, *rows: QWidget) -> RowGroup:
        """A card of rows under a small head."""
        group = RowGroup(self._theme, head)
        group.set_rows(rows)
        self.add_widget(group)
        return group

    def add_widget(self, widget: QWidget) -> None:
        """Something below all that is there, which brings its distance along."""
        self._column.insertWidget(self._column.count() - 1, widget)

    def add_setting(
        self, name: str, row: SettingsRow, control: Control, widget: QWidget, keywords: str = ""
    ) -> SettingsRow:
        """Note that `row` sets the setting called `name` with `control`. Returns the row."""
        self.settings.append(Setting(name, row, control, widget, keywords))
        return row

    def add_row(
        self,
        name: str,
        icon: str,
        title: str,
        about: str,
        control: Segmented | ChoiceButton | NumberField | Switch | TextField,
        keywords: str = "",
    ) -> SettingsRow:
        """The row of the setting called `name`, whose one control is `control`."""
        row = SettingsRow(self._theme, icon, title, about, control)
        return self.add_setting(name, row, control, control, keywords)

    def set_fixed(self, fixed: Mapping[str, str]) -> None:
        """Show which settings a policy has fixed, by name, and why."""
        self._fixed = fixed
        self._show_limits()

    def set_useless(self, useless: Mapping[str, str]) -> None:
        """Show which settings would have no effect here, by name, and why."""
        self._useless = useless
        self._show_limits()

    def _show_limits(self) -> None:
        for setting in self.settings:
            setting.show_limits(self._fixed.get(setting.name, ""), self._useless.get(setting.name, ""))


class RowGroup(QWidget):
    """A small head with a card of rows, and the distance to what is above."""

    def __init__(self, theme: Theme, head: str) -> None:
        super().__init__()
        self.head = Label(theme, head, TextRole.GROUP_HEAD, "text_secondary", wrap=True)
        self._card = Card(theme)
        self._rows: tuple[QWidget, ...] = ()
        self._places = QVBoxLayout(self._card)
        self._places.setContentsMargins(0, 0, 0, 0)
        self._places.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, Space.XL, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.head)
        column.addWidget(self._card)

    def set_rows(self, rows: Sequence[QWidget]) -> None:
        """Show these rows, in this order. Those that were there before and are not among them are deleted."""
        for row in self._rows:
            self._places.removeWidget(row)
            if row not in rows:
                row.hide()
                row.deleteLater()
        self._rows = tuple(rows)
        for row in rows:
            self._places.addWidget(row)


class SettingsRow(QWidget):
    """An icon, a name with a sentence under it, and a control or a value at the end."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        name: str,
        about: str | QWidget = "",
        control: QWidget | None = None,
        *,
        keeps_about: bool = False,
    ) -> None:
        """`keeps_about`: the sentence tells facts, and stays where a value cannot be changed."""
        super().__init__()
        self._theme = theme
        self.name = name
        self.icon = icon
        self.about = about if isinstance(about, str) else ""
        self._fixed = ""
        self._keeps_about = keeps_about
        self.setMinimumHeight(theme.sizes.settings_row)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.M)
        self._icon = Icon(theme, icon, theme.sizes.icon_rail)
        row.addWidget(self._icon)
        column = QVBoxLayout()
        column.setSpacing(Space.TINY)
        column.addStretch(1)
        self._name = Label(theme, name, TextRole.LABEL, wrap=True)
        column.addWidget(self._name)
        self._about = Label(theme, self.about, TextRole.SECONDARY, "text_secondary", wrap=True)
        self._about_place = about if isinstance(about, QWidget) else self._about
        column.addWidget(self._about_place)
        self._reason = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        column.addWidget(self._reason)
        self._reason.hide()
        column.addStretch(1)
        row.addLayout(column, 1)
        # Not before it has a parent: until then it would open as a window.
        self._about.setVisible(bool(self.about) and not isinstance(about, QWidget))
        self._row, self._column, self._control = row, column, control
        self._below = False
        if control is not None:
            row.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.changed.connect(self.update)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the control stands under the words."""
        super().resizeEvent(event)
        if self._control is None:
            return
        beside = self._least_width(self._control, beside=True)
        below = self.width() < max(round(_BESIDE_LEAST * self._theme.text_scale), beside)
        if below == self._below:
            return
        self._below = below
        self._row.removeWidget(self._control)
        self._column.removeWidget(self._control)
        if below:
            self._column.insertWidget(self._column.count() - 1, self._control, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            self._row.addWidget(self._control, 0, Qt.AlignmentFlag.AlignVCenter)

    def minimumSizeHint(self) -> QSize:
        """What it needs with the control under the words: more would keep the control from going there."""
        return QSize(self._least_width(self._control, beside=False), super().minimumSizeHint().height())

    def _least_width(self, control: QWidget | None, *, beside: bool) -> int:
        words = [one for one in (self._name, self._about_place, self._reason) if not one.isHidden()]
        widths = [one.minimumSizeHint().width() for one in words]
        margins = self._row.contentsMargins()
        around = margins.left() + margins.right() + self._icon.width() + self._row.spacing()
        if control is None:
            return around + max(widths, default=0)
        own = control.minimumSizeHint().width()
        if beside:
            return around + max(widths, default=0) + self._row.spacing() + own
        return around + max(own, *widths)

    @property
    def fixed(self) -> str:
        """Why the value cannot be changed; empty: it can."""
        return self._fixed

    def set_name(self, name: str) -> None:
        """Call it something else."""
        self.name = name
        self._name.setText(name)

    def set_about(self, about: str) -> None:
        """Say something else under the name."""
        self.about = about
        self._show_about()

    def set_fixed(self, reason: str, *, lock: bool = True) -> None:
        """Show the reason in the place of the sentence, or below facts, with a lock for an icon; empty: as it
        was.
        """
        self._fixed = reason
        self._icon.set_icon("lock" if reason and lock else self.icon, "text_secondary")
        self._show_about()
        self.update()

    def _show_about(self) -> None:
        keeps = self._keeps_about and bool(self.about)
        words = self.about if keeps else self._fixed or self.about
        self._about.setText(words)
        self._about.setVisible(bool(words))
        self._reason.setText(self._fixed if keeps else "")
        self._reason.setVisible(keeps and bool(self._fixed))

    def matches(self, text: str, more: str) -> bool:
        """Whether the name, the sentence, or `more` has every word of `text`."""
        own = f"{self.name} {self.about} {more}".casefold()
        return all(word in own for word in text.casefold().split())

    def paintEvent(self, event: QPaintEvent) -> None:
        """What cannot be changed stands on a sunken ground."""
        if self._fixed:
            painter = QPainter(self)
            box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            draw_box(painter, box, Radius.BUTTON, self._theme.color("surface_sunken"))


OnChange = Callable[[str, object], None]
"""Told the name of a setting and its new value."""


def path_row(
    theme: Theme, icon: str, name: str, path: Path, open_path: Callable[[Path], None]
) -> tuple[SettingsRow, Button]:
    """A row that says where something lies, and its button, which opens that."""
    button = Button(theme, tr("Open"), small=True)
    button.setAccessibleDescription(name)
    button.clicked.connect(lambda: open_path(path))
    where = ElidedLabel(theme, str(path), TextRole.SECONDARY, "text_secondary")
    return SettingsRow(theme, icon, name, where, button), button
