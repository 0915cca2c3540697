"""How a row of a list looks in each of its states; for delegates, which paint rows instead of owning them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem

from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.painting import draw_box, draw_turned_icon


@dataclass(frozen=True, slots=True)
class RowState:
    """What a row is at the moment. Several can hold at once."""

    hover: bool = False
    selected: bool = False
    active: bool = True
    """The list, or its window, has the keyboard or had it last."""
    focus: bool = False
    """The keyboard is on this row, and the person got there by keyboard."""
    enabled: bool = True


def row_state(option: QStyleOptionViewItem, *, by_keyboard: bool = True) -> RowState:
    """The state of the row that a delegate is asked to paint.

    `by_keyboard`: whether the list was reached, or is being used, by keyboard; a ring shows only then.
    """
    flag = QStyle.StateFlag
    view = option.widget
    has_keyboard = isinstance(view, QAbstractItemView) and view.hasFocus()
    return RowState(
        hover=bool(option.state & flag.State_MouseOver),
        selected=bool(option.state & flag.State_Selected),
        active=bool(option.state & flag.State_Active),
        focus=by_keyboard and has_keyboard and bool(option.state & flag.State_HasFocus),
        enabled=bool(option.state & flag.State_Enabled),
    )


def draw_row(painter: QPainter, theme: Theme, box: QRectF, state: RowState) -> None:
    """The ground of a row, and its ring, which lies inside `box`: rows touch each other."""
    color = theme.color
    fill: QColor | None = None
    if state.selected:
        fill = color("selection" if state.active else "pressed")
    elif state.hover and state.enabled:
        fill = color("hover")
    ring = color("accent_ink") if state.focus else None
    if fill is not None or ring is not None:
        draw_box(painter, box, Radius.BUTTON, fill, ring, Line.FOCUS)


def row_ink(theme: Theme, state: RowState) -> QColor:
    """The colour of a row's first text."""
    return theme.color("text" if state.enabled else "text_disabled")


def row_font(theme: Theme, state: RowState) -> QFont:
    """The font of a row's first text: one that is selected is stronger."""
    return theme.font(TextRole.STRONG if state.selected else TextRole.BASE)


def draw_line_of_text(
    painter: QPainter,
    box: QRectF,
    text: str,
    font: QFont,
    ink: QColor,
    *,
    mirrored: bool = False,
    at_end: bool = False,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> float:
    """One line in the middle of `box`'s height, shortened to its width. Returns the width that it takes.

    At the side where reading begins, or `at_end`; `mirrored`: reading begins on the right.
    """
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, elide, int(box.width()))
    side = Qt.AlignmentFlag.AlignRight if mirrored is not at_end else Qt.AlignmentFlag.AlignLeft
    painter.setFont(font)
    painter.setPen(ink)
    # The words of a text run as its letters do, also where the window is mirrored.
    painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    align = side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(box, align | Qt.TextFlag.TextSingleLine, shown)
    return float(metrics.horizontalAdvance(shown))


def draw_busy_row(
    painter: QPainter, theme: Theme, box: QRectF, text: str, angle: float = 0, *, mirrored: bool = False
) -> None:
    """A row that says that something is being loaded, with a mark turned by `angle` degrees."""
    side = theme.sizes.icon_button
    start = box.right() - Space.M - side if mirrored else box.left() + Space.M
    mark = QRectF(start, box.top(), side, box.height())
    ink = theme.color("text_secondary")
    draw_turned_icon(painter, "loader-circle", mark, side, ink, angle)
    room = Space.M + side + Space.S
    text_box = box.adjusted(0 if mirrored else room, 0, -room if mirrored else 0, 0)
    draw_line_of_text(painter, text_box, text, theme.font(TextRole.BASE), ink, mirrored=mirrored)


def draw_group_head(
    painter: QPainter, theme: Theme, box: QRectF, text: str, *, mirrored: bool = False
) -> None:
    """The small head over a group of rows."""
    inside = box.adjusted(Space.S + Space.TINY, 0, -Space.S - Space.TINY, 0)
    font = theme.font(TextRole.GROUP_HEAD)
    draw_line_of_text(painter, inside, text, font, theme.color("text_secondary"), mirrored=mirrored)
