"""The rows of a list of choices: heads, dividers and choices, and how each is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from slmdesk.messages import tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.list_row import draw_group_head, draw_line_of_text
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
    about: str = ""
    """On a second line, over the whole width. A row that cannot be chosen may say why here."""
    current: bool = False
    usable: bool = True
    """A row that cannot be chosen says why in `note` or `about`."""
    group: str = ""
    """The head over this row and those after it with the same one; a line where it changes to none."""
    icon: str = ""
    """Where the tick of the current row is."""
    caution: bool = False
    """Icon and note are a warning."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head over a group, or no more than a line where `text` is empty."""

    text: str
    line: bool


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The only row when nothing has what is being looked for."""


Row: TypeAlias = Choice | Head | NoMatch


def arrange(choices: Sequence[Choice], wanted: str = "") -> tuple[Row, ...]:
    """The rows for `choices` that hold the text `wanted`, under the heads of their groups."""
    words = wanted.casefold().split()
    rows: list[Row] = []
    group = ""
    for choice in choices:
        text = f"{choice.title} {choice.detail} {choice.about} {choice.group}".casefold()
        if not all(word in text for word in words):
            continue
        if choice.group != group:
            group = choice.group
            rows.append(Head(group, line=bool(rows)))
        rows.append(choice)
    return tuple(rows) or (NoMatch(),)


class RowModel(QAbstractListModel):
    """Adapts the rows to Qt's views."""

    def __init__(self, rows: Sequence[Row], parent: QObject) -> None:
        super().__init__(parent)
        self.rows = tuple(rows)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """All of them; a list has no children."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The words of a row, as seen and as heard."""
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if isinstance(row, Choice):
            parts = [row.title, row.detail, row.about, row.note]
        else:
            parts = [row.text if isinstance(row, Head) else tr("Nothing matches.")]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return parts[0]
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(part for part in parts if part)
            case Qt.ItemDataRole.ToolTipRole if isinstance(row, Choice):
                return plain_tooltip("\n".join(part for part in (row.title, row.about, row.note) if part))
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Only a choice that is usable can be selected."""
        if index.isValid():
            row = self.rows[index.row()]
            if not isinstance(row, Choice) or not row.usable:
                return Qt.ItemFlag.ItemNeverHasChildren
        return super().flags(index)


class RowDelegate(QStyledItemDelegate):
    """Draws the rows."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def height(self, row: Row) -> int:
        """Pixels from the top of a row to the next."""
        if not isinstance(row, Head):
            two_lines = isinstance(row, Choice) and row.about
            return self._theme.sizes.row_chat if two_lines else self._theme.sizes.menu_row
        line = 2 * Space.XS + Line.BORDER if row.line else 0
        if not row.text:
            return line
        return self._theme.sizes.group_head + (line - Space.XS if line else 0)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """As wide as the list."""
        return QSize(0, self.height(self._row(index)))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw a row."""
        row = self._row(index)
        box = QRectF(option.rect)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        if isinstance(row, Choice):
            self._paint_choice(painter, option, row, mirrored)
        elif isinstance(row, Head):
            if row.line:
                top = box.top() + Space.XS
                edge = QRectF(box.left() - Space.XS, top, box.width() + 2 * Space.XS, Line.BORDER)
                painter.fillRect(edge, self._theme.color("border"))
                box.setTop(top)
            if row.text:
                draw_group_head(painter, self._theme, box, row.text, mirrored=mirrored)
        else:
            font, ink = self._theme.font(TextRole.BASE), self._theme.color("text_secondary")
            inside = box.adjusted(Space.M, 0, -Space.M, 0)
            draw_line_of_text(painter, inside, str(index.data()), font, ink, mirrored=mirrored)

    def _row(self, index: _Index) -> Row:
        model = index.model()
        assert isinstance(model, RowModel)
        return model.rows[index.row()]

    def _paint_choice(
        self, painter: QPainter, option: QStyleOptionViewItem, choice: Choice, mirrored: bool
    ) -> None:
        color, sizes = self._theme.color, self._theme.sizes
        box = QRectF(option.rect)
        if choice.usable and option.state & QStyle.StateFlag.State_Selected:
            draw_box(painter, box, Radius.BUTTON, color("selection"))
        elif choice.usable and option.state & QStyle.StateFlag.State_MouseOver:
            draw_box(painter, box, Radius.BUTTON, color("hover"))

        lines = box
        if choice.about:
            first, second = (self._theme.line_height(one) for one in (TextRole.BASE, TextRole.SECONDARY))
            top = box.top() + (box.height() - first - second) / 2
            lines = QRectF(box.left(), top, box.width(), first)

        def place(start: float, width: float, lines: QRectF = lines) -> QRectF:
            left = box.right() - start - width if mirrored else box.left() + start
            return QRectF(left, lines.top(), width, lines.height())

        side = sizes.icon_button
        mark = place(Space.M, side)
        if choice.current:
            draw_icon(painter, "check", mark, side, color("accent_ink"))
        elif not choice.usable:
            draw_icon(painter, "circle-alert", mark, side, color("text_secondary"))
        elif choice.icon:
            draw_icon(
                painter, choice.icon, mark, side, color("caution" if choice.caution else "text_secondary")
            )
        start, end = Space.M + side + Space.S, box.width() - Space.M
        note_font = self._theme.font(TextRole.BADGE if choice.caution else TextRole.SECONDARY)
        title_font = self._theme.font(TextRole.STRONG if choice.current else TextRole.BASE)
        base = self._theme.font(TextRole.BASE)
        detail_room = QFontMetrics(base).horizontalAdvance(choice.detail) + 1 if choice.detail else 0
        title_width = QFontMetrics(title_font).horizontalAdvance(choice.title) + 1
        # A note may take what title and detail leave, and half of the row in any case.
        left_over = end - start - title_width - detail_room - Space.XS - Space.S
        note_width = QFontMetrics(note_font).horizontalAdvance(choice.note) + 1
        note_room = min(max((end - start) / 2, left_over), note_width)
        room = end - start - (note_room + Space.S if choice.note else 0)
        title_room = max(room - (detail_room + Space.XS if detail_room else 0), room / 2)
        ink = color("text" if choice.usable else "text_secondary")
        middle = Qt.TextElideMode.ElideMiddle
        taken = draw_line_of_text(
            painter, place(start, title_room), choice.title, title_font, ink, mirrored=mirrored, elide=middle
        )
        quiet = color("text_secondary")
        if choice.detail:
            beside = place(start + taken + Space.XS, max(room - taken - Space.XS, 0))
            draw_line_of_text(painter, beside, choice.detail, base, quiet, mirrored=mirrored)
        note_ink = color("caution") if choice.caution else quiet
        last = place(end - note_room, note_room)
        draw_line_of_text(painter, last, choice.note, note_font, note_ink, mirrored=mirrored, at_end=True)
        if choice.about:
            below = QRectF(box.left(), lines.bottom(), box.width(), second)
            about_font = self._theme.font(TextRole.SECONDARY)
            line = place(start, end - start, below)
            draw_line_of_text(painter, line, choice.about, about_font, quiet, mirrored=mirrored)
