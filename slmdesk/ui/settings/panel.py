"""The settings shell: pages and a search on the left, one page on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import UserError, error_sentences, tr
from slmdesk.net import NETWORK_LOG
from slmdesk.ui.navigation import NavigationButton
from slmdesk.ui.settings.about import AboutPage
from slmdesk.ui.settings.appearance import AppearancePage
from slmdesk.ui.settings.engines import EnginesPage
from slmdesk.ui.settings.general import GeneralPage
from slmdesk.ui.settings.privacy import PrivacyPage
from slmdesk.ui.settings.reload_bar import ReloadBar
from slmdesk.ui.settings.rows import Setting, SettingsPage
from slmdesk.ui.settings.search import SettingsSearch
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.labels import ElidedLabel
from slmdesk.ui.widgets.surface import Surface

if TYPE_CHECKING:
    from slmdesk.storage import Paths, Settings

# Of the panel, the list of pages takes this part at most.
_LIST_MOST_PART = 3


class SettingsPanel(Surface):
    """Every setting the person may change, and those that a policy has fixed."""

    changed = Signal(str, object)
    """Name of a setting in `Settings`, and the value the person chose."""
    about_shown = Signal()
    """The About page is in view, and its engines are wanted."""
    engines_shown = Signal()
    """The page about engines and devices is in view, and what there is is wanted."""

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        paths: Paths,
        log_file: Path,
        open_path: Callable[[Path], None],
        fixed: Mapping[str, str],
        forced_offline: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`fixed`: settings that cannot be changed, by name, and why. `forced_offline`: why the network is
        out of use whatever is set."""
        super().__init__(theme, "surface", parent=parent)
        self.general = GeneralPage(theme, self.changed.emit)
        self.engines = EnginesPage(theme, self.changed.emit)
        self.privacy = PrivacyPage(theme, self.changed.emit, paths.logs / NETWORK_LOG, open_path)
        self.privacy.set_forced_offline(forced_offline)
        self.appearance = AppearancePage(theme, self.changed.emit)
        self.about = AboutPage(theme, paths, log_file, open_path)
        self.stack = QStackedWidget()
        self.banner: Banner | None = None
        list_column = Surface(theme, "surface_sunken", (Qt.Edge.RightEdge,))
        self._list_column = list_column
        left = QVBoxLayout(list_column)
        left.setContentsMargins(Space.S, Space.L, Space.S, Space.L)
        left.setSpacing(Space.TINY)
        head = ElidedLabel(theme, tr("Settings"), TextRole.PAGE_HEAD)
        head.setContentsMargins(Space.M, 0, 0, Space.M)
        left.addWidget(head)
        self.page_buttons: list[NavigationButton] = []
        self._pages = QWidget()
        pages = QVBoxLayout(self._pages)
        pages.setContentsMargins(0, 0, 0, 0)
        pages.setSpacing(Space.TINY)
        rows: tuple[tuple[str, str, SettingsPage], ...] = (
            ("sliders-horizontal", tr("General"), self.general),
            ("cpu", tr("Engines and devices"), self.engines),
            ("shield-check", tr("Privacy and data"), self.privacy),
            ("palette", tr("Appearance"), self.appearance),
            ("info", tr("About"), self.about),
        )
        for index, (icon, name, page) in enumerate(rows):
            button = NavigationButton(theme, icon, name, fill="selection", height=theme.sizes.settings_page)
            button.clicked.connect(lambda _=False, index=index: self.show_page(index))
            pages.addWidget(button)
            self.page_buttons.append(button)
            self.stack.addWidget(page)
        self.search = SettingsSearch(theme, [(name, page) for _, name, page in rows])
        self.search.searching.connect(lambda searching: self._pages.setVisible(not searching))
        self.search.chosen.connect(self._show_setting)
        left.addWidget(self.search)
        left.addWidget(self._pages)
        left.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(0)
        self._banner_row = QVBoxLayout()
        right.addLayout(self._banner_row)
        right.addWidget(self.stack, 1)
        self.reload_bar = ReloadBar(theme)
        right.addWidget(self.reload_bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(list_column)
        row.addLayout(right, 1)
        self.set_settings(settings)
        self.set_fixed(fixed)
        self.show_page(0)

    @property
    def _setting_pages(self) -> tuple[SettingsPage, ...]:
        return self.general, self.engines, self.privacy, self.appearance

    @property
    def settings(self) -> dict[str, Setting]:
        """Every setting on a page, by name; of several controls for one, the last."""
        return {one.name: one for page in self._setting_pages for one in page.settings}

    def set_settings(self, settings: Settings) -> None:
        """Show these values."""
        for page in self._setting_pages:
            for setting in page.settings:
                setting.control.set_value(getattr(settings, setting.name))
        self.engines.set_settings(settings)

    def set_fixed(self, fixed: Mapping[str, str]) -> None:
        """Show which settings cannot be changed, and why."""
        for page in self._setting_pages:
            page.set_fixed(fixed)

    def show_page(self, index: int) -> None:
        """Show a page by its place in the list."""
        self.page_buttons[index].setChecked(True)
        self.stack.setCurrentIndex(index)
        if self.isVisible():
            self._say_shown()

    def show_engines(self) -> None:
        """Show the page about engines and devices."""
        self.show_page(self.stack.indexOf(self.engines))
        self.focus_page()

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Large text in a small window leaves the most to the page."""
        super().resizeEvent(event)
        widest = self._theme.sizes.settings_pages
        self._list_column.setFixedWidth(min(widest, self.width() // _LIST_MOST_PART))

    def showEvent(self, event: QShowEvent) -> None:
        """The page that was open is in view again."""
        super().showEvent(event)
        self._say_shown()

    def _say_shown(self) -> None:
        if self.stack.currentWidget() is self.about:
            self.about_shown.emit()
        elif self.stack.currentWidget() is self.engines:
            self.engines_shown.emit()

    def _show_setting(self, page: SettingsPage, setting: Setting) -> None:
        self.show_page(self.stack.indexOf(page))
        page.ensureWidgetVisible(setting.row)
        setting.widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _close_banner(self) -> None:
        if self.banner is not None:
            banner, self.banner = self.banner, None
            self._banner_row.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
            self._banner_row.setContentsMargins(0, 0, 0, 0)
