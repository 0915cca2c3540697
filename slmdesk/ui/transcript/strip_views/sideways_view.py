"""What is wider than its card, and is scrolled to the side: lines of code, and tables."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollBar, QWidget

from slmdesk.ui.theme import Line, Space
from slmdesk.ui.transcript.measuring import hidden_width, sideways_state
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.strip_views.view import BodyView
from slmdesk.ui.transcript.strips import Strip


class SidewaysView(BodyView):
    """A text with a bar below it, where it is too wide. All parts of a long block scroll as one."""

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bar.valueChanged.connect(self._scroll)
        self._bar.hide()

    def fit_bar(self, strip: Strip) -> None:
        """Show the bar where it is needed, below the text, which has its place already."""
        page, hidden = self.page, hidden_width(strip, self.page)
        shown = hidden > 0 and strip.last
        # It can be scrolled from any part of a long block; the bar stands at its end.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not shown)
        self._bar.setVisible(shown)
        if hidden:
            extent = page.theme.sizes.scroll_bar
            self._bar.setGeometry(
                self.body.x(), self.height() - extent - Line.BORDER, self.body.width(), extent
            )
            self._bar.blockSignals(True)
            self._bar.setRange(0, hidden)
            self._bar.setPageStep(self.body.width())
            self._bar.setSingleStep(page.lettering.px(Space.XL))
            self._bar.blockSignals(False)
        self.apply_offset()

    def apply_offset(self) -> None:
        """Show the text as far to the side as its block is scrolled."""
        if self.strip is None:
            return
        offset = sideways_state(self.strip).offset
        self.body.horizontalScrollBar().setValue(offset)
        if self._bar.value() != offset:
            self._bar.blockSignals(True)
            self._bar.setValue(offset)
            self._bar.blockSignals(False)

    def leave_strip(self) -> None:
        """Let the text go."""
        self._bar.hide()
        super().leave_strip()

    def _scroll(self, value: int) -> None:
        if self.strip is not None:
            sideways_state(self.strip).offset = value
            self.page.strip_acted.emit(self.strip, "scroll")
