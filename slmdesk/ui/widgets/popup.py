"""A list of choices that opens over the window: the model picker, and what a combo box shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import plain_tooltip

_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of the list."""

    value: str
    title: str
    detail: str = ""
    """Beside the title, in a second colour."""
    note: str = ""
    """At the end of the row."""
    current: bool = False
    usable: bool = True
    """A row that cannot be chosen says why in `note`."""


class _ChoiceModel(QAbstractListModel):
    def __init__(self, choices: Sequence[Choice], parent: QObject) -> None:
        super().__init__(parent)
        self.choices = tuple(choices)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.choices)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        choice = self.choices[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return choice.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (choice.title, choice.detail, choice.note) if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip("\n".join(part for part in (choice.title, choice.note) if part))
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if index.isValid() and not self.choices[index.row()].usable:
            return Qt.ItemFlag.ItemNeverHasChildren
        return super().flags(index)


class _ChoiceDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, choices: Sequence[Choice], parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._choices = choices

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(0, self._theme.sizes.menu_row)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        choice = self._choices[index.row()]
        color, sizes = self._theme.color, self._theme.sizes
        box = QRectF(option.rect)
        if choice.usable and option.state & QStyle.StateFlag.State_Selected:
            draw_box(painter, box, Radius.BUTTON, color("selection"))
        elif choice.usable and option.state & QStyle.StateFlag.State_MouseOver:
            draw_box(painter, box, Radius.BUTTON, color("hover"))
        mark = QRectF(box.left() + Space.S, box.top(), sizes.icon_button, box.height())
        if choice.current:
            draw_icon(painter, "check", mark, sizes.icon_button, color("accent_ink"))
        elif not choice.usable:
            draw_icon(painter, "circle-alert", mark, sizes.icon_button, color("text_secondary"))
        left, right = mark.right() + Space.S, box.right() - Space.M
        middle = Qt.AlignmentFlag.AlignVCenter
        role = TextRole.STRONG if choice.current else TextRole.BASE
        title_font, base = self._theme.font(role), self._theme.font(TextRole.BASE)
        small = self._theme.font(TextRole.SECONDARY)
        note = QFontMetrics(small).elidedText(
            choice.note, Qt.TextElideMode.ElideRight, int((right - left) / 2)
        )
        note_width = QFontMetrics(small).horizontalAdvance(note)
        detail_width = QFontMetrics(base).horizontalAdvance(choice.detail)
        room = right - left - (note_width + Space.M if note else 0)
        room -= detail_width + Space.XS if choice.detail else 0
        title = QFontMetrics(title_font).elidedText(choice.title, Qt.TextElideMode.ElideMiddle, int(room))
        title_width = QFontMetrics(title_font).horizontalAdvance(title)
        painter.setFont(title_font)
        painter.setPen(color("text" if choice.usable else "text_secondary"))
        painter.drawText(QRectF(left, box.top(), title_width + 1, box.height()), middle, title)
        painter.setPen(color("text_secondary"))
        painter.setFont(base)
        beside = QRectF(left + title_width + Space.XS, box.top(), detail_width + 1, box.height())
        painter.drawText(beside, middle, choice.detail)
        painter.setFont(small)
        painter.drawText(QRectF(right - note_width, box.top(), note_width + 1, box.height()), middle, note)


class ChoicePopup(QWidget):
    """A menu drawn inside its window, so that it needs no compositor and cannot leave the screen.

    Covers the window while it is open: a click beside the list closes it. Up, Down, Home, End and typing
    move; Enter and Space choose; Esc and Tab close. Gives the keyboard back to its opener and deletes itself.
    """

    chosen = Signal(str)
    closed = Signal()

    def __init__(
        self, theme: Theme, choices: Sequence[Choice], name: str, opener: QWidget, width: int
    ) -> None:
        window = opener.window()
        super().__init__(window)
        self._theme = theme
        self._opener = opener
        self._frame = _Frame(theme, self)
        self._shadow = theme.sizes.shadow
        self.list = QListView(self._frame)
        self.list.setModel(_ChoiceModel(choices, self.list))
        self.list.setItemDelegate(_ChoiceDelegate(theme, choices, self.list))
        self.list.setAccessibleName(name)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.viewport().setAutoFillBackground(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._choose)
        self.list.installEventFilter(self)
        column = QVBoxLayout(self._frame)
        edge = Space.XS + self._shadow
        column.setContentsMargins(edge, edge, edge, edge)
        column.addWidget(self.list)
        self.setGeometry(window.rect())
        self._place(len(choices), width)
        rows = [row for row, choice in enumerate(choices) if choice.usable]
        current = next((row for row in rows if choices[row].current), rows[0] if rows else -1)
        if current >= 0:
            self.list.setCurrentIndex(self.list.model().index(current, 0))
        self.show()
        self.raise_()
        self.list.setFocus(Qt.FocusReason.PopupFocusReason)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The rows."""
        model = self.list.model()
        assert isinstance(model, _ChoiceModel)
        return model.choices

    def close_menu(self) -> None:
        """Close without a choice."""
        if self.isVisible():
            self.hide()
            self._opener.setFocus(Qt.FocusReason.PopupFocusReason)
            self.closed.emit()
            self.deleteLater()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press beside the list."""
        self.close_menu()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the list that a list itself does not know."""
        if watched is self.list and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            match event.key():
                case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                    self._choose(self.list.currentIndex())
                    return True
                case Qt.Key.Key_Escape | Qt.Key.Key_Tab | Qt.Key.Key_Backtab:
                    self.close_menu()
                    return True
        if watched is self.list and event.type() == QEvent.Type.FocusOut and not self.list.isActiveWindow():
            self.close_menu()
        return super().eventFilter(watched, event)

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid() and self.choices[index.row()].usable:
            value = self.choices[index.row()].value
            self.close_menu()
            self.chosen.emit(value)

    def _place(self, rows: int, width: int) -> None:
        """Above the opener where there is more room above it, else below; inside the window."""
        edge = self._shadow
        top_left = self._opener.mapTo(self.window(), QPoint(0, 0))
        above = top_left.y() - Space.XS
        below = self.height() - top_left.y() - self._opener.height() - Space.XS
        wanted = rows * self._theme.sizes.menu_row + 2 * Space.XS
        height = min(wanted, max(above, below) - Space.S)
        y = (
            top_left.y() - height - Space.XS
            if above > below
            else top_left.y() + self._opener.height() + Space.XS
        )
        x = max(Space.S, min(top_left.x(), self.width() - width - Space.S))
        self._frame.setGeometry(x - edge, y - edge, width + 2 * edge, height + 2 * edge)


class _Frame(QWidget):
    """The box of a menu, and the shadow it casts."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = self._theme.color
        spread = self._theme.sizes.shadow
        shadow = color("shadow")
        box = QRectF(self.rect()).adjusted(spread, spread, -spread, -spread)
        # A soft edge out of a few transparent boxes: a blur effect would redraw the list through a pixmap.
        shadow.setAlphaF(shadow.alphaF() / spread)
        for step in range(spread):
            reach = spread - step - Space.XS
            draw_box(
                painter,
                box.adjusted(-reach, -reach + Space.XS, reach, reach + Space.XS),
                Radius.CARD + max(reach, 0),
                shadow,
            )
        draw_box(painter, box, Radius.CARD, color("surface_raised"), color("border_control"))
