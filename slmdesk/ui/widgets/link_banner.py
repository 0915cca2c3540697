"""The question before a link is opened: where it leads, and what would happen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QUrl

from slmdesk.messages import tr
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction, BannerTone


def link_banner(theme: Theme, url: str, open_it: Callable[[], None], leave: Callable[[], None]) -> Banner:
    """Asks whether `url`, a web or mail address, is to be opened."""
    address = QUrl(url)
    # As it is resolved, so that letters that look like others are seen to be others.
    host = address.host(QUrl.ComponentFormattingOption.FullyEncoded)
    if host:
        what = tr("Open {host} in your browser?").format(host=host)
        why = tr("Your browser would then connect to it. SLM Desk itself sends nothing.")
        words = tr("Open {host}").format(host=host)
    else:
        what = tr("Write to {address}?").format(address=address.path())
        why = tr("Your mail program would open. SLM Desk itself sends nothing.")
        words = tr("Open the mail program")
    actions = (BannerAction(words, open_it), BannerAction(tr("Cancel"), leave))
    return Banner(theme, what, why, "", url, actions, tone=BannerTone.NOTE)
