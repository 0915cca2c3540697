"""A list of choices that opens over the window: the model picker, and what a combo box shows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QElapsedTimer, QEvent, QModelIndex, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QListView, QVBoxLayout, QWidget

from slmdesk.ui.theme import Line, Space, Theme
from slmdesk.ui.widgets.painting import draw_raised_box
from slmdesk.ui.widgets.popup_rows import Choice, RowDelegate, RowModel, arrange
from slmdesk.ui.widgets.text_field import TextField

__all__ = ["Choice", "ChoiceBox", "ChoicePopup"]

_MOVING_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class ChoiceBox(QWidget):
    """The list of choices in its box, with the shadow that the box casts around it.

    With `find`, a field above the list shows the choices that hold what is typed into it; `find` is its
    placeholder.
    """

    def __init__(
        self,
        theme: Theme,
        choices: Sequence[Choice],
        name: str,
        find: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._choices = tuple(choices)
        self.list = QListView()
        self.model = RowModel(arrange(choices), self.list)
        self._delegate = RowDelegate(theme, self.list)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self._delegate)
        self.list.setAccessibleName(name)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        # By rows, the last of them would stop above the end of the box.
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setMouseTracking(True)
        self.list.viewport().setAutoFillBackground(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        edge = theme.sizes.shadow + Space.XS + Line.BORDER
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(Space.XS)
        self.find_field: TextField | None = None
        if find:
            self.find_field = TextField(theme, find, placeholder=find, icon="search", small=True)
            self.find_field.changed.connect(self._find)
            around = QVBoxLayout()
            around.setContentsMargins(Space.XS, Space.XS, Space.XS, 0)
            around.addWidget(self.find_field)
            column.addLayout(around)
        column.addWidget(self.list)
        self._select_first()
        theme.changed.connect(self.update)

    @property
    def wanted_height(self) -> int:
        """The height in which nothing has to scroll, without the shadow."""
        height = sum(self._delegate.height(row) for row in self.model.rows)
        height += 2 * (Space.XS + Line.BORDER)
        if self.find_field is not None:
            height += self._theme.sizes.field_small + 2 * Space.XS
        return height

    def choice_at(self, index: QModelIndex) -> Choice | None:
        """The choice of a row, where it is one and usable."""
        row = self.model.rows[index.row()] if index.isValid() else None
        return row if isinstance(row, Choice) and row.usable else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on the border is no press beside the list."""
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and its shadow."""
        spread = self._theme.sizes.shadow
        box = QRectF(self.rect()).adjusted(spread, spread, -spread, -spread)
        draw_raised_box(self._theme, QPainter(self), box)

    def _find(self, text: str) -> None:
        self.model.set_rows(arrange(self._choices, text))
        self._select_first()

    def _select_first(self) -> None:
        """Start at what is current, or else at the first that can be chosen."""
        usable = [
            (row.current, index)
            for index, row in enumerate(self.model.rows)
            if isinstance(row, Choice) and row.usable
        ]
        current = next((index for is_current, index in usable if is_current), usable[0][1] if usable else -1)
        if current >= 0:
            self.list.setCurrentIndex(self.model.index(current, 0))


class ChoicePopup(QWidget):
    """A menu drawn inside its window, so that it needs no compositor and cannot leave the screen.

    Covers the window while it is open: a click beside the list closes it. Up, Down, Home, End and typing
    move; Enter and Space choose, unless the space belongs to a name that is being typed; Esc and Tab close.
    With `find`, typing looks for choices instead, in a field whose placeholder it is. Gives the keyboard back
    to its opener and deletes itself; closes where the opener is hidden, with its panel.
    """

    chosen = Signal(str)
    closed = Signal()

    def __init__(
        self,
        theme: Theme,
        choices: Sequence[Choice],
        name: str,
        opener: QWidget,
        width: int,
        *,
        find: str = "",
    ) -> None:
        window = opener.window()
        super().__init__(window)
        self._theme = theme
        self._opener = opener
        self._choices = tuple(choices)
        self._typed = QElapsedTimer()
        self.box = ChoiceBox(theme, choices, name, find, self)
        self.list = self.box.list
        self.find_field = self.box.find_field
        self.list.clicked.connect(self._choose)
        self.list.installEventFilter(self)
        if self.find_field is not None:
            self.find_field.edit.installEventFilter(self)
        self.setGeometry(window.rect())
        self._place(width)
        window.installEventFilter(self)
        opener.installEventFilter(self)
        self.show()
        self.raise_()
        (self.find_field or self.list).setFocus(Qt.FocusReason.PopupFocusReason)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All that can be chosen, and what cannot."""
        return self._choices

    def close_menu(self) -> None:
        """Close without a choice."""
        if self.isVisible():
            self.hide()
            if self._opener.isVisible():
                self._opener.setFocus(Qt.FocusReason.PopupFocusReason)
            self.closed.emit()
            self.deleteLater()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press beside the list."""
        self.close_menu()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that neither a list nor a field knows; the window's size; and the opener's going."""
        kind = event.type()
        if watched is self._opener:
            if kind == QEvent.Type.Hide and not event.spontaneous():
                self.close_menu()
            return False
        if watched is self.parent():
            if kind == QEvent.Type.Resize:
                self.close_menu()
            return False
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            match event.key():
                case Qt.Key.Key_Space if watched is not self.list:
                    return False
                case Qt.Key.Key_Space if self._is_typing:
                    self._typed.start()
                    self.list.keyboardSearch(event.text())
                    return True
                case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                    self._choose(self.list.currentIndex())
                    return True
                case Qt.Key.Key_Escape | Qt.Key.Key_Tab | Qt.Key.Key_Backtab:
                    self.close_menu()
                    return True
                case key if key in _MOVING_KEYS and watched is not self.list:
                    QApplication.sendEvent(self.list, event)
                    return True
                case _ if watched is self.list and event.text().isprintable() and event.text():
                    self._typed.start()
        if kind == QEvent.Type.FocusOut and not self.list.isActiveWindow():
            self.close_menu()
        return super().eventFilter(watched, event)

    @property
    def _is_typing(self) -> bool:
        """Whether what is typed now goes on with the letters before it."""
        return self._typed.isValid() and self._typed.elapsed() <= QApplication.keyboardInputInterval()

    def _choose(self, index: QModelIndex) -> None:
        choice = self.box.choice_at(index)
        if choice is not None:
            self.close_menu()
            self.chosen.emit(choice.value)

    def _place(self, width: int) -> None:
        """Below the opener where all of it fits there or more of it than above; inside the window."""
        edge = self._theme.sizes.shadow
        top_left = self._opener.mapTo(self.window(), QPoint(0, 0))
        above = top_left.y() - Space.XS
        below = self.height() - top_left.y() - self._opener.height() - Space.XS
        wanted = self.box.wanted_height
        height = min(wanted, max(above, below) - Space.S)
        if above > below and wanted > below - Space.S:
            y = top_left.y() - height - Space.XS
        else:
            y = top_left.y() + self._opener.height() + Space.XS
        left = top_left.x()
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left += self._opener.width() - width
        x = max(Space.S, min(left, self.width() - width - Space.S))
        self.box.setGeometry(x - edge, y - edge, width + 2 * edge, height + 2 * edge)
