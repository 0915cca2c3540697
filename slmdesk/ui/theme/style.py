"""What is drawn other than in Qt's Fusion style: scroll bars without arrows, and room for focus rings."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionComplex,
    QStyleOptionSlider,
    QWidget,
)

from slmdesk.ui.theme.tokens import Line, Sizes

_SCROLL_BAR = QStyle.ComplexControl.CC_ScrollBar


class WindowStyle(QProxyStyle):
    """Fusion on every system, so that the window looks the same and can be tested anywhere."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__("fusion")
        self._sizes = sizes

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """Sizes of scroll bars, focus rings and text cursors."""
        match metric:
            case QStyle.PixelMetric.PM_ScrollBarExtent:
                return self._sizes.scroll_bar
            case QStyle.PixelMetric.PM_TextCursorWidth:
                return self._sizes.text_cursor
            case QStyle.PixelMetric.PM_ScrollBarSliderMin:
                return self._sizes.scroll_thumb_least
            case QStyle.PixelMetric.PM_FocusFrameHMargin | QStyle.PixelMetric.PM_FocusFrameVMargin:
                return Line.FOCUS + Line.FOCUS_OFFSET
        return super().pixelMetric(metric, option, widget)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,  # noqa: N803 - Qt's name
    ) -> int:
        """A click beside the thumb goes there."""
        if hint == QStyle.StyleHint.SH_ScrollBar_LeftClickAbsolutePosition:
            return 1
        return super().styleHint(hint, option, widget, returnData)

    def subControlRect(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        part: QStyle.SubControl,
        widget: QWidget | None = None,
    ) -> QRect:
        """A scroll bar is all groove: no arrows."""
        if control != _SCROLL_BAR or not isinstance(option, QStyleOptionSlider):
            # The type stub forgets that there may be no widget.
            return super().subControlRect(control, option, part, widget)  # type: ignore[arg-type]
        upright = option.orientation == Qt.Orientation.Vertical
        whole = option.rect
        length = whole.height() if upright else whole.width()
        span = option.maximum - option.minimum + option.pageStep
        thumb = length if span <= 0 else max(self._sizes.scroll_thumb_least, length * option.pageStep // span)
        thumb = min(thumb, length)
        start = QStyle.sliderPositionFromValue(
            option.minimum, option.maximum, option.sliderPosition, length - thumb, option.upsideDown
        )
        match part:
            case QStyle.SubControl.SC_ScrollBarSlider:
                begin, end = start, start + thumb
            case QStyle.SubControl.SC_ScrollBarSubPage:
                begin, end = 0, start
            case QStyle.SubControl.SC_ScrollBarAddPage:
                begin, end = start + thumb, length
            case QStyle.SubControl.SC_ScrollBarGroove:
                begin, end = 0, length
            case _:
                return QRect()
        if upright:
            return QRect(whole.x(), whole.y() + begin, whole.width(), end - begin)
        return QRect(whole.x() + begin, whole.y(), end - begin, whole.height())

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """Draw a scroll bar as its thumb alone."""
        if control != _SCROLL_BAR or not isinstance(option, QStyleOptionSlider):
            super().drawComplexControl(control, option, painter, widget)
            return
        if option.maximum <= option.minimum:
            return
        thumb = QRectF(self.subControlRect(control, option, QStyle.SubControl.SC_ScrollBarSlider, widget))
        side = (self._sizes.scroll_bar - self._sizes.scroll_thumb) / 2
        thumb.adjust(side, side, -side, -side)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.color(QPalette.ColorRole.Dark))
        painter.drawRoundedRect(thumb, self._sizes.scroll_thumb / 2, self._sizes.scroll_thumb / 2)
        painter.restore()
