"""How a row of the list of models looks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from slmdesk.fit import Verdict
from slmdesk.messages import tr
from slmdesk.offers import Offer, OfferGroup
from slmdesk.ui.download_size import NOTHING, size_words
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.models.model import Index, OfferModel
from slmdesk.ui.models.words import (
    detail_words,
    narrow_figures,
    row_in_words,
    speed_words,
)
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import badge_size, draw_badge
from slmdesk.ui.widgets.list_row import draw_group_head, draw_line_of_text, draw_row, row_font, row_state
from slmdesk.ui.widgets.tooltip import plain_tooltip
from slmdesk.ui.widgets.verdict import badge_of, widest_badge_of

# A row any narrower has its figures on the second line.
_WIDE_LEAST = 360
_MIDDLE = Qt.TextElideMode.ElideMiddle
_VERDICTS: dict[OfferGroup, tuple[Verdict, ...]] = {
    "well": (Verdict.FITS,),
    "limits": (Verdict.SLOW, Verdict.TIGHT),
    "too_big": (Verdict.TOO_BIG,),
    "unknown": (Verdict.UNKNOWN,),
}
"""Those whose badges stand below each other in a group."""


class OfferDelegate(QStyledItemDelegate):
    """Two lines: the name and the expected speed, under them who made it and the download; the verdict.

    A narrow row has the name alone on its first line, and the figures and the verdict on the second one.
    """

    def __init__(self, theme: Theme, model: OfferModel, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self._small = QFontMetrics(theme.font(TextRole.SECONDARY))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines and their padding; a head is lower."""
        sizes = self._theme.sizes
        head = self._model.rows[index.row()].is_head
        return QSize(0, sizes.group_head if head else sizes.row_model)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row in the state that `option` tells."""
        box, offer = QRectF(option.rect), self._model.offer_at(index)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        if offer is None:
            title = self._model.title_of_group(index)
            low = box.adjusted(0, Space.XS, 0, 0)
            draw_group_head(painter, self._theme, low, title, mirrored=mirrored)
            return
        state = row_state(option)
        draw_row(painter, self._theme, box.adjusted(0, 0, -Space.XS, 0), state)
        theme, color = self._theme, self._theme.color
        inside = box.adjusted(Space.S + Space.TINY, 0, -Space.S - Space.M, 0)
        narrow = box.width() < round(_WIDE_LEAST * theme.text_scale)
        word, kind, icon = badge_of(offer.verdict)
        badge = badge_size(theme, word, icon)
        place = QRectF(0, 0, badge.width(), badge.height())
        # Within a group figures end at the same place.
        badge_room = badge.width() if narrow else widest_badge_of(theme, _VERDICTS[offer.group])
        figures_end = badge_room + Space.M
        rest = inside.adjusted(figures_end if mirrored else 0, 0, 0 if mirrored else -figures_end, 0)
        upper, lower = theme.line_height(TextRole.BASE), theme.line_height(TextRole.SECONDARY)
        top = box.top() + (box.height() - upper - lower - Space.TINY) / 2
        place.moveCenter(inside.center())
        if narrow:
            place.moveTop(top + upper + Space.TINY + (lower - badge.height()) / 2)
        place.moveLeft(inside.left() if mirrored else inside.right() - badge.width())
        draw_badge(painter, theme, place, word, kind, icon, mirrored=mirrored)
        line = inside if narrow else rest
        first = QRectF(line.left(), top, line.width(), upper)
        second = QRectF(rest.left(), top + upper + Space.TINY, rest.width(), lower)
        small, ink = theme.font(TextRole.SECONDARY), color("text_secondary")
        font = row_font(theme, state)
        self._draw_first(painter, first, offer, font, narrow=narrow, mirrored=mirrored)
        if narrow:
            # Half a number is worse than none.
            wordings = narrow_figures(offer) or ("",)
            room = second.width()
            figures = next(
                (one for one in wordings if self._small.horizontalAdvance(one) <= room), wordings[-1]
            )
            draw_line_of_text(painter, second, figures, small, ink, mirrored=mirrored)
            return
        size = size_words(offer)
        taken = self._small.horizontalAdvance(size) + Space.M
        draw_line_of_text(painter, second, size, small, ink, mirrored=mirrored, at_end=True)
        words = second.adjusted(taken if mirrored else 0, 0, 0 if mirrored else -taken, 0)
        draw_line_of_text(painter, words, detail_words(offer), small, ink, mirrored=mirrored)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Everything the row says, which may have been shortened."""
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        offer = self._model.offer_at(index)
        words = "" if offer is None else f"{row_in_words(offer)}\n{offer.id}"
        QToolTip.showText(event.globalPos(), plain_tooltip(words), view, view.visualRect(index))
        return True

    def _draw_first(
        self, painter: QPainter, line: QRectF, offer: Offer, font: QFont, *, narrow: bool, mirrored: bool
    ) -> None:
        theme, color = self._theme, self._theme.color
        speed = speed_words(offer.speed)
        taken = 0.0
        if speed != NOTHING and not narrow:
            base = theme.font(TextRole.BASE)
            taken = (
                draw_line_of_text(painter, line, speed, base, color("text"), mirrored=mirrored, at_end=True)
                + Space.M
            )
        words = line.adjusted(taken if mirrored else 0, 0, 0 if mirrored else -taken, 0)
        mark = 0.0
        installed = "" if narrow else tr("Installed")
        if offer.is_installed:
            mark = theme.sizes.icon_badge + Space.XS + self._small.horizontalAdvance(installed) + Space.S
        name = words.adjusted(mark if mirrored else 0, 0, 0 if mirrored else -mark, 0)
        width = draw_line_of_text(
            painter, name, offer.model.name, font, color("text"), mirrored=mirrored, elide=_MIDDLE
        )
        if offer.is_installed:
            side, ink = theme.sizes.icon_badge, color("text_secondary")
            start = name.right() - width - Space.S - side if mirrored else name.left() + width + Space.S
            draw_icon(painter, "hard-drive", QRectF(start, line.top(), side, line.height()), side, ink)
            begin = line.left() if mirrored else start + side + Space.XS
            room = (start - Space.XS - begin) if mirrored else (words.right() - begin)
            place = QRectF(begin, line.top(), max(room, 0.0), line.height())
            small = theme.font(TextRole.SECONDARY)
            draw_line_of_text(painter, place, installed, small, ink, mirrored=mirrored)
