"""The settings shell: pages on the left, one page on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import UserError, error_sentences, tr
from slmdesk.ui.navigation import NavigationButton
from slmdesk.ui.settings.about import AboutPage
from slmdesk.ui.settings.appearance import AppearancePage
from slmdesk.ui.settings.rows import SettingsPage
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.surface import Surface

if TYPE_CHECKING:
    from slmdesk.storage import Paths, Settings


class SettingsPanel(Surface):
    """Appearance and About."""

    about_shown = Signal()
    """The About page is in view, and its engines are wanted."""

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        paths: Paths,
        log_file: Path,
        open_path: Callable[[Path], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, "surface", parent=parent)
        self.appearance = AppearancePage(theme, settings.theme, settings.language)
        self.about = AboutPage(theme, paths, log_file, open_path)
        self.stack = QStackedWidget()
        self.banner: Banner | None = None
        list_column = Surface(theme, "surface_sunken", (Qt.Edge.RightEdge,))
        list_column.setFixedWidth(theme.sizes.settings_pages)
        pages = QVBoxLayout(list_column)
        pages.setContentsMargins(Space.S, Space.L, Space.S, Space.L)
        pages.setSpacing(Space.TINY)
        head = Label(theme, tr("Settings"), TextRole.PAGE_HEAD)
        head.setContentsMargins(Space.M, 0, 0, Space.M)
        pages.addWidget(head)
        self.page_buttons: list[NavigationButton] = []
        rows: tuple[tuple[str, str, SettingsPage], ...] = (
            ("palette", tr("Appearance"), self.appearance),
            ("info", tr("About"), self.about),
        )
        for index, (icon, name, page) in enumerate(rows):
            button = NavigationButton(theme, icon, name, fill="selection", height=theme.sizes.settings_page)
            button.clicked.connect(lambda _=False, index=index: self.show_page(index))
            pages.addWidget(button)
            self.page_buttons.append(button)
            self.stack.addWidget(page)
        pages.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(0)
        self._banner_row = QVBoxLayout()
        right.addLayout(self._banner_row)
        right.addWidget(self.stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(list_column)
        row.addLayout(right, 1)
        self.show_page(0)

    def show_page(self, index: int) -> None:
        """Show a page by its place in the list."""
        self.page_buttons[index].setChecked(True)
        self.stack.setCurrentIndex(index)
        if self.isVisible() and self.stack.currentWidget() is self.about:
            self.about_shown.emit()

    def focus_page(self) -> None:
        """Put the keyboard on the page that is chosen."""
        next(one for one in self.page_buttons if one.isChecked()).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_error(self, error: UserError) -> None:
        """Show a problem above the page until it is closed."""
        self._close_banner()
        words = error_sentences(error)
        self.banner = Banner(self._theme, words.what, words.why, words.do, error.details, ())
        self.banner.closed.connect(self._close_banner)
        self._banner_row.addWidget(self.banner)
        self._banner_row.setContentsMargins(Space.XL, Space.L, Space.XL, 0)

    def showEvent(self, event: QShowEvent) -> None:
        """The page that was open is in view again."""
        super().showEvent(event)
        if self.stack.currentWidget() is self.about:
            self.about_shown.emit()

    def _close_banner(self) -> None:
        if self.banner is not None:
            banner, self.banner = self.banner, None
            self._banner_row.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
            self._banner_row.setContentsMargins(0, 0, 0, 0)
