"""A short word in a soft box, with an icon: a verdict, a state, an ability."""

from __future__ import annotations

import enum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.tooltip import set_tooltip


class BadgeKind(enum.Enum):
    """What a badge says: ink, fill and border, by their names in the theme. Icon and word say it as well."""

    POSITIVE = ("positive", "positive_soft", "")
    CAUTION = ("caution", "caution_soft", "")
    NEGATIVE = ("negative", "negative_soft", "")
    ACCENT = ("accent_ink", "selection", "")
    NEUTRAL = ("text", "hover", "")
    OUTLINE = ("text_secondary", "", "border")


def badge_size(theme: Theme, text: str, icon: str = "") -> QSize:
    """The room that a badge takes."""
    width = QFontMetrics(theme.font(TextRole.BADGE)).horizontalAdvance(text) + 2 * Space.S - Space.TINY
    if icon:
        width += theme.sizes.icon_badge + Space.XS
    return QSize(width, theme.sizes.badge)


def draw_badge(
    painter: QPainter,
    theme: Theme,
    box: QRectF,
    text: str,
    kind: BadgeKind,
    icon: str = "",
    *,
    mirrored: bool = False,
) -> None:
    """Draw a badge that fills `box`, its words shortened where it is narrower than they are; for delegates,
    which pass whether text runs from the right."""
    ink, fill, border = kind.value
    color = theme.color
    draw_box(painter, box, Radius.BADGE, color(fill) if fill else None, color(border) if border else None)
    edge = Space.S - Space.TINY / 2
    inside = box.adjusted(edge, 0, -edge, 0)
    if icon:
        side = theme.sizes.icon_badge
        left = inside.right() - side if mirrored else inside.left()
        draw_icon(painter, icon, QRectF(left, box.top(), side, box.height()), side, color(ink))
        room = side + Space.XS
        inside.adjust(0 if mirrored else room, 0, -room if mirrored else 0, 0)
    font = theme.font(TextRole.BADGE)
    painter.setFont(font)
    painter.setPen(color(ink))
    metrics = QFontMetrics(font)
    if metrics.horizontalAdvance(text) > inside.width() + 1:
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(inside.width()))
    align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter
    # A pixel more on each side: fonts may draw past what they measure.
    painter.drawText(inside.adjusted(-1, 0, 1, 0), align | Qt.TextFlag.TextSingleLine, text)


class Badge(QWidget):
    """A badge by itself. A screen reader hears the word.

    Only a line that is narrower than the badge shortens its words, which are whole in the tooltip then.
    """

    def __init__(
        self,
        theme: Theme,
        text: str,
        kind: BadgeKind = BadgeKind.NEUTRAL,
        *,
        icon: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text, self._kind, self._icon = text, kind, icon
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.set_badge(text, kind, icon)

    def set_badge(self, text: str, kind: BadgeKind, icon: str = "") -> None:
        """Say something else."""
        self._text, self._kind, self._icon = text, kind, icon
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as its word."""
        return badge_size(self._theme, self._text, self._icon)

    def minimumSizeHint(self) -> QSize:
        """No layout cuts it but a `Flow`, where the line is shorter than the badge alone."""
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What was left out is in the tooltip."""
        super().resizeEvent(event)
        set_tooltip(self, self._text if self.width() < self.sizeHint().width() else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        box = QRectF(self.rect())
        draw_badge(QPainter(self), self._theme, box, self._text, self._kind, self._icon, mirrored=mirrored)
