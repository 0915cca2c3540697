"""Icons: Lucide's line drawings in a colour of the theme, sharp at every pixel ratio."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from slmdesk.storage import resources_folder
from slmdesk.ui.theme import APP_ICON_SIZES, ICON_STROKE

_APP_ICON = "slmdesk"


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return (resources_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def _draw(svg: str, size: int, pixel_ratio: float) -> QPixmap:
    pixels = max(1, round(size * pixel_ratio))
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    pixmap.setDevicePixelRatio(pixel_ratio)
    return pixmap


@lru_cache(maxsize=512)
def _colored(name: str, size: int, color: str, pixel_ratio: float) -> QPixmap:
    svg = _source(name).replace("currentColor", color)
    return _draw(svg.replace('stroke-width="2"', f'stroke-width="{ICON_STROKE}"'), size, pixel_ratio)


def icon_pixmap(name: str, size: int, color: QColor, pixel_ratio: float) -> QPixmap:
    """The icon `name` (a file in resources/icons) in logical pixels; made once per size, colour and ratio.

    Raises FileNotFoundError for a name that is not there: a bug. GUI thread.
    """
    return _colored(name, size, color.name(), pixel_ratio)


def draw_icon(painter: QPainter, name: str, box: QRectF, size: int, color: QColor) -> None:
    """Draw the icon in the middle of `box`, on whole device pixels."""
    ratio = painter.device().devicePixelRatioF()
    pixmap = icon_pixmap(name, size, color, ratio)
    left = round((box.center().x() - size / 2) * ratio) / ratio
    top = round((box.center().y() - size / 2) * ratio) / ratio
    painter.drawPixmap(QPointF(left, top), pixmap)


def application_icon() -> QIcon:
    """The program's own icon, in the sizes that systems ask for."""
    icon = QIcon()
    for size in APP_ICON_SIZES:
        icon.addPixmap(_draw(_source(_APP_ICON), size, 1.0))
    return icon
