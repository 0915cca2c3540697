"""What stands in the place of the list: its rows, or words where there are none to show."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import BannerAction
from slmdesk.ui.widgets.empty_list import EmptyList

# Conversations that are there sooner need no word about their being on the way.
_SAY_OPENING_MS = 300


class ListPages(QStackedWidget):
    """The rows (`view`), `nothing` that was found, or `opening`, which it begins with.

    That conversations are being opened is said a moment after this was shown.
    """

    def __init__(self, theme: Theme, view: QWidget, show_all: BannerAction) -> None:
        """`show_all`: the way back from a search that found nothing."""
        super().__init__()
        self.nothing = EmptyList(theme, "", "", show_all)
        self.opening = EmptyList(theme, "")
        self._rows = view
        self.addWidget(view)
        self._nothing = self._add_page(self.nothing)
        self._opening = self._add_page(self.opening)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAY_OPENING_MS)
        self._timer.timeout.connect(self._say_opening)
        self.setCurrentWidget(self._opening)

    @property
    def is_opening(self) -> bool:
        """Whether it is not known yet which conversations there are."""
        return self.currentWidget() is self._opening

    def show_rows(self) -> None:
        """Show the list itself."""
        self._timer.stop()
        self.setCurrentWidget(self._rows)

    def show_nothing(self) -> None:
        """Show what `nothing` says."""
        self._timer.stop()
        self.setCurrentWidget(self._nothing)

    def say_unreadable(self) -> None:
        """Say that nobody knows which conversations there are."""
        self._timer.stop()
        self.opening.set_text(tr("Your chats cannot be opened."))

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody waits."""
        super().showEvent(event)
        if self.is_opening and not self.opening.what.text():
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave no timer running in a window that is closed."""
        super().hideEvent(event)
        self._timer.stop()

    def _say_opening(self) -> None:
        self.opening.set_text(tr("Opening your chats…"), tr("This takes longer where they must be repaired."))

    def _add_page(self, words: EmptyList) -> QWidget:
        page = QWidget()
        below_search = QVBoxLayout(page)
        below_search.setContentsMargins(0, 0, 0, 0)
        below_search.addWidget(words)
        below_search.addStretch(1)
        self.addWidget(page)
        return page
