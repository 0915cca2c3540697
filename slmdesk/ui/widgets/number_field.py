"""A number to fill in, with arrows that step through its values."""

from __future__ import annotations

import re

from PySide6.QtCore import Property, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QSizePolicy, QVBoxLayout, QWidget

from slmdesk.messages import format_number, tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.field import Field
from slmdesk.ui.widgets.text_field import LineEdit
from slmdesk.ui.widgets.text_menu import open_text_menu

_PAGE = 10
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ ,.\u00a0\u202f]\d{3})+")


def read_number(text: str, decimals: int) -> float | None:
    """The number a person wrote, with a comma or a point before the decimals; None where it is none.

    Thousands may be set apart in a whole number.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if decimals == 0 and _GROUPED.fullmatch(text):
        text = re.sub(r"[^\d+-]", "", text)
    text = text.replace(",", ".")
    if not re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)", text):
        return None
    number = float(text)
    if decimals == 0 and not number.is_integer():
        return None
    return round(number, decimals)


class _Spin(QAbstractSpinBox):
    """Only the keyboard and the voice of a spin box; the field around it draws and knows the value."""

    stepped = Signal(int)

    def __init__(self, theme: Theme, field: NumberField) -> None:
        super().__init__()
        self._theme = theme
        self._field = field
        self.line = LineEdit(theme)
        self.setLineEdit(self.line)
        self.setFrame(False)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setFont(theme.font(TextRole.BASE))

    def stepBy(self, steps: int) -> None:
        self.stepped.emit(steps)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flag = QAbstractSpinBox.StepEnabledFlag
        return flag.StepNone if self.isReadOnly() else flag.StepUpEnabled | flag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        # A wrong number is shown as wrong, not swallowed as it is typed.
        return QValidator.State.Acceptable, text, position

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        open_text_menu(self._theme, self.line, event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A page that is scrolled must not change a number on the way.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.sizes.number_arrow, self.line.sizeHint().height())

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Nothing: the box around it is drawn by the field."""

    def _number(self) -> float:
        value = self._field.value
        return self._field.least if value is None else value

    # Read by name, by what tells screen readers of spin boxes.
    value = Property(float, _number)
    minimum = Property(float, lambda self: self._field.least)
    maximum = Property(float, lambda self: self._field.most)
    singleStep = Property(float, lambda self: self._field.step)  # noqa: N815 - Qt's name


class _Arrow(QAbstractButton):
    """One of the two arrows; the keyboard has its own."""

    def __init__(self, theme: Theme, icon: str, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self.setAccessibleName(name)
        self.setAutoRepeat(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.sizes.number_arrow, self._theme.sizes.number_arrow // 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus(Qt.FocusReason.MouseFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.isEnabled():
            ink = self._theme.color("text_disabled")
        else:
            ink = self._theme.color("text" if self.underMouse() or self.isDown() else "text_secondary")
        draw_icon(QPainter(self), self._icon, QRectF(self.rect()), self._theme.sizes.icon_badge, ink)


class NumberField(Field):
    """A number between `least` and `most`, in steps of `step`, with at most `decimals` places.

    Up and Down step, Page Up and Page Down step by ten, the wheel steps while the field has the keyboard. A
    number outside the range stays as it was typed, with a sentence below; `changed` is said for good values
    only. With `optional` the field may be empty, which is None: `placeholder` says what that means.
    """

    changed = Signal(object)
    """The person changed the value: a float, an int where `decimals` is 0, or None."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        least: float,
        most: float,
        step: float = 1,
        decimals: int = 0,
        value: float | None = None,
        optional: bool = False,
        placeholder: str = "",
        at_end: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """`at_end`: where more room is given than the box takes, the box is at the end of it."""
        self.least, self.most, self.step = least, most, step
        self._decimals = decimals
        self._optional = optional
        self._value: float | None = None if optional else least
        self.spin = _Spin(theme, self)
        self.edit = self.spin.line
        super().__init__(theme, self.spin, name, tight=True, parent=parent)
        self.edit.setPlaceholderText(placeholder)
        self.box.setFixedHeight(theme.sizes.field)
        self._width = self._wide_enough()
        self.box.setFixedWidth(self._width)
        side = Qt.AlignmentFlag.AlignRight if at_end else Qt.AlignmentFlag.AlignLeft
        self.column.setAlignment(self.box, side)
        self.sentence.setAlignment(side)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.arrows = (_Arrow(theme, "chevron-up", tr("More")), _Arrow(theme, "chevron-down", tr("Less")))
        self._arrows = QWidget(self.box)
        self._arrows.setFocusProxy(self.spin)
        column = QVBoxLayout(self._arrows)
        column.setContentsMargins(0, Space.XS, 0, Space.XS)
        column.setSpacing(0)
        for arrow, steps in zip(self.arrows, (1, -1), strict=True):
            arrow.clicked.connect(lambda _=False, steps=steps: self._step(steps))
            column.addWidget(arrow)
        self._add_at_end(self._arrows)
        self.row.setSpacing(Space.XS)
        self.spin.stepped.connect(self._step)
        self.edit.textEdited.connect(self._take)
        self.spin.editingFinished.connect(self._tidy)
        self.set_value(value if value is not None or optional else least)

    @property
    def value(self) -> float | None:
        """The last good number; None where an optional field is empty."""
        return self._value

    def set_value(self, value: float | None) -> None:
        """Show `value`, without saying `changed`, and forget what was wrong."""
        self._value = self._rounded(value)
        text = self._words(self._value)
        if self.edit.text() != text:
            self.edit.setText(text)
        self.set_error("")
        self._show_arrows()

    def sizeHint(self) -> QSize:
        """As wide as the box, or as a sentence below needs to be read."""
        width = max(self._width, self._theme.sizes.choice) if self.error else self._width
        return QSize(width, super().sizeHint().height())

    def _set_read_only(self, read_only: bool) -> None:
        self.spin.setReadOnly(read_only)
        self._arrows.setVisible(not read_only)

    def _wide_enough(self) -> int:
        """Room for the longest number, its arrows and its cursor."""
        sizes, metrics = self._theme.sizes, QFontMetrics(self.edit.font())
        texts = [self._words(value) for value in (self.least, self.most, self.most - self.step)]
        texts.append(self.edit.placeholderText())
        longest = max(metrics.horizontalAdvance(text) for text in texts)
        around = 2 * Space.S + Space.XS + sizes.number_arrow + Space.M
        return min(max(sizes.number_width, longest + around), sizes.choice)

    def _rounded(self, value: float | None) -> float | None:
        if value is None:
            return None
        return round(value) if self._decimals == 0 else round(value, self._decimals)

    def _words(self, value: float | None) -> str:
        if value is None:
            return ""
        if self._decimals == 0:
            return str(round(value))
        text = f"{value:.{self._decimals}f}".rstrip("0").rstrip(".")
        mark = format_number(0.5)[1]
        return text.replace(".", mark)

    def _step(self, steps: int) -> None:
        if self._reason:
            return
        if self._value is None:
            value = self.least
        else:
            value = min(max(self._value + steps * self.step, self.least), self.most)
        before = self._value
        self.set_value(value)
        self.edit.selectAll()
        if self._value != before:
            self.changed.emit(self._value)

    def _take(self, text: str) -> None:
        """Judge what has been typed."""
        if not text.strip() and self._optional:
            number = None
        else:
            number = read_number(text, self._decimals)
            if number is None or not self.least <= number <= self.most:
                self.set_error(self._range_sentence())
                return
        self.set_error("")
        number = self._rounded(number)
        if number != self._value:
            self._value = number
            self._show_arrows()
            self.changed.emit(number)

    def _tidy(self) -> None:
        """Write a good number the usual way."""
        if not self.error:
            self.set_value(self._value)

    def _range_sentence(self) -> str:
        least, most = (format_number(value, self._decimals) for value in (self.least, self.most))
        if self._decimals == 0:
            return tr("A whole number from {least} to {most}.").format(least=least, most=most)
        return tr("A number from {least} to {most}.").format(least=least, most=most)

    def _show_arrows(self) -> None:
        up, down = self.arrows
        up.setEnabled(self._value is None or self._value < self.most)
        down.setEnabled(self._value is not None and self._value > self.least)
