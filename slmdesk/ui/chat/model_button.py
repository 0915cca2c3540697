"""The model picker: a button that says which model answers, and the list it opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from slmdesk.messages import error_sentences, format_bytes, tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.popup import Choice, ChoicePopup
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel


class ModelButton(QAbstractButton):
    """Shows the model of the next message; opens the list of models on this computer."""

    picked = Signal(str)
    """The id of a model."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._models: tuple[InstalledModel, ...] = ()
        self._current: InstalledModel | None = None
        self._loaded_path = ""
        self._places: Mapping[str, str] = {}
        self._compact = False
        self._strong = theme.font(TextRole.LABEL)
        self._plain = theme.font(TextRole.BASE)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self)
        self.clicked.connect(self.open_list)
        theme.changed.connect(self.update)
        self.set_models((), None)

    def set_models(self, models: Sequence[InstalledModel], current: InstalledModel | None) -> None:
        """What can be chosen, and what is."""
        self._models, self._current = tuple(models), current
        self.setText(current.title if current else tr("No model"))
        self.setEnabled(bool(models))
        self.setAccessibleName(tr("Model"))
        whole = f"{current.title} {current.quantization}".strip() if current else self.text()
        self.setAccessibleDescription(whole)
        set_tooltip(self, tr("{model}, on this computer").format(model=whole) if current else "")
        self.updateGeometry()
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Leave the quantization to the list and to the tooltip: there is little room."""
        if compact != self._compact:
            self._compact = compact
            self.updateGeometry()
            self.update()

    def readable_width(self) -> int:
        """Enough to tell the model by: its name, or much of it where that is long."""
        return min(self.sizeHint().width(), self._fixed_width() + 2 * self._theme.sizes.meter)

    def set_loaded(self, path: str) -> None:
        """The file of the model in memory, or empty."""
        self._loaded_path = path

    def set_places(self, places: Mapping[str, str]) -> None:
        """Where models would run, in words, by the paths of their files. Not all need be known."""
        self._places = places

    def open_list(self) -> ChoicePopup:
        """Open the list over the window."""
        choices = [self._choice(model) for model in self._models]
        width = self._theme.sizes.model_menu
        popup = ChoicePopup(self._theme, choices, tr("Models on this computer"), self, width)
        popup.chosen.connect(self.picked)
        return popup

    def sizeHint(self) -> QSize:
        """As wide as the name and the quantization."""
        return QSize(
            self._fixed_width() + self._advance(self._strong, self.text()), self._theme.sizes.button_small
        )

    def minimumSizeHint(self) -> QSize:
        """The name may give way, the rest may not."""
        return QSize(self._fixed_width() + self._theme.sizes.meter, self._theme.sizes.button_small)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with the keys that open a combo box."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_list()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Laptop, name, quantization, chevron."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        if self.isEnabled() and (self.isDown() or self.underMouse()):
            fill = color("pressed" if self.isDown() else "hover")
            draw_box(painter, QRectF(self.rect()), Radius.BUTTON, fill)
        ink = color("text" if self.isEnabled() else "text_secondary")
        left = float(Space.XS)
        draw_icon(
            painter, "laptop", QRectF(left, 0, sizes.icon_button, self.height()), sizes.icon_button, ink
        )
        left += sizes.icon_button + Space.S
        room = self.width() - self._fixed_width()
        title = QFontMetrics(self._strong).elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room)
        left = self._draw(painter, self._strong, title, left, ink)
        if self._quantization:
            left = self._draw(
                painter, self._plain, self._quantization, left + Space.S, color("text_secondary")
            )
        chevron = QRectF(left + Space.S, 0, sizes.icon_chevron, self.height())
        draw_icon(painter, "chevron-down", chevron, sizes.icon_chevron, ink)

    @property
    def _quantization(self) -> str:
        return self._current.quantization if self._current and not self._compact else ""

    def _draw(self, painter: QPainter, font: QFont, text: str, left: float, ink: QColor) -> float:
        painter.setFont(font)
        painter.setPen(ink)
        width = painter.fontMetrics().horizontalAdvance(text)
        painter.drawText(QRectF(left, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return left + width

    def _fixed_width(self) -> int:
        sizes = self._theme.sizes
        width = 2 * Space.XS + sizes.icon_button + sizes.icon_chevron + 2 * Space.S
        if self._quantization:
            width += Space.S + self._advance(self._plain, self._quantization)
        return width + 1

    @staticmethod
    def _advance(font: QFont, text: str) -> int:
        # Eliding counts fractions of a pixel, the advance is rounded.
        return QFontMetrics(font).horizontalAdvance(text) + 1

    def _choice(self, model: InstalledModel) -> Choice:
        current = self._current is not None and model.id == self._current.id
        alike = [one for one in self._models if one.title == model.title]
        # Two files may say the same name of themselves; the person knows them by their own.
        title = f"{model.title} ({model.path.name})" if len(alike) > 1 else model.title
        if model.problem is not None:
            return Choice(model.id, title, about=error_sentences(model.problem).why, usable=False)
        size = format_bytes(model.size_bytes)
        note = tr("loaded") if str(model.path) == self._loaded_path else size
        place = self._places.get(str(model.path), "")
        about = model.engine_title
        if place:
            about = tr("{engine} on {device}").format(engine=about, device=place)
        return Choice(model.id, title, model.quantization, note, about, current=current)
