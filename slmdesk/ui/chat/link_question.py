"""Asking before a link is opened: nothing that a model wrote leads anywhere by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices

from slmdesk.messages import ErrorKind, UserError
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.link_banner import link_banner

if TYPE_CHECKING:
    from slmdesk.ui.chat.shown import ShownConversation


class LinkQuestion:
    """One question at a time, above the conversation. Owned by the chat panel."""

    def __init__(self, view: ShownConversation) -> None:
        self._view = view
        self._notice: Banner | None = None

    def ask(self, url: str) -> None:
        """Say where `url`, a web or mail address, leads, and open it where that is wanted."""

        def open_it() -> None:
            self._leave()
            if not QDesktopServices.openUrl(QUrl(url)):
                self._view.show_error(UserError("nothing-opens", ErrorKind.STORAGE, path=url))

        self._close()
        self._notice = link_banner(self._view.theme, url, open_it, self._leave)
        self._view.banners.show_notice(self._notice)
        # Not the one that opens it: Enter that is held down would press it at once.
        self._notice.buttons[-1].setFocus(Qt.FocusReason.TabFocusReason)

    def escape(self) -> bool:
        """Take back the question, as Cancel does. False: there is none."""
        if self._notice is None:
            return False
        self._leave()
        return True

    def _leave(self) -> None:
        self._close()
        self._view.focus_input()

    def _close(self) -> None:
        if self._notice is not None:
            self._view.banners.close_notice(self._notice)
            self._notice = None
