"""Lays the column out anew when its width, its letters or its colours are others."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize

from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.transcript.spacing import reading_column
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strips import Strip


class Relayout(QObject):
    """What was measured before holds no longer; the reader keeps the place that is read."""

    def __init__(
        self,
        theme: Theme,
        page: Page,
        column: Column,
        stage: Stage,
        scrolling: Scrolling,
        parent: QObject,
    ) -> None:
        # A child of the transcript, so that the theme's signals end with it.
        super().__init__(parent)
        self._theme = theme
        self._page = page
        self._column = column
        self._stage = stage
        self._scrolling = scrolling

    def take_size(self, size: QSize) -> None:
        """The view has another size."""
        column = reading_column(self._theme, size.width())
        self._page.room = size.height()
        if column != self._page.column:
            self._page.column = column
            self._page.layout += 1
        self._scrolling.arrange()

    def take_theme(self) -> None:
        """Colours are others."""
        self._stage.forget_contents()
        self._scrolling.arrange()

    def take_letters(self) -> None:
        """Letters are larger or smaller."""
        if not self._stage.follows:
            self._stage.hold_what_is_seen()
        self._stage.forget_contents()
        self._column.estimate_again()
        self._scrolling.arrange()

    def measure_again(self, strip: Strip) -> None:
        """What shows a strip needs another height."""
        strip.measured = -1
        self._scrolling.arrange()

    def show_figures(self, shown: bool) -> None:
        """Whether figures stand under answers."""
        if self._page.show_figures != shown:
            self._page.show_figures = shown
            self._page.layout += 1
            self._scrolling.arrange()
