"""The notice that a model runs on the processor though there is, or was asked for, something faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from slmdesk.messages import tr
from slmdesk.ui.warning_banner import warning_banner
from slmdesk.ui.widgets.banner import Banner, BannerAction

if TYPE_CHECKING:
    from slmdesk.engines import Placement
    from slmdesk.messages import UserError
    from slmdesk.ui.chat.banners import BannerArea
    from slmdesk.ui.theme import Theme


def identity(warning: UserError) -> str:
    """The same for a warning that says the same. How much memory is free just now makes no other of it."""
    names = [f"{name}={fact}" for name, fact in sorted(warning.facts.items()) if isinstance(fact, str)]
    return " ".join((warning.key, *names))


class PlacementNotice:
    """Shows the warning of the newest placement among the notices of the chat, until it is dismissed or no
    longer holds. One that was dismissed does not come back.
    """

    def __init__(
        self,
        theme: Theme,
        banners: BannerArea,
        dismissed: Callable[[str], None],
        open_settings: Callable[[], None],
    ) -> None:
        """`dismissed` is told the identity of a warning that the person does not want to see again."""
        self._theme = theme
        self._banners = banners
        self._tell_dismissed = dismissed
        self._open_settings = open_settings
        self._dismissed: frozenset[str] = frozenset()
        self._shown = ""
        self.banner: Banner | None = None

    def set_dismissed(self, dismissed: tuple[str, ...]) -> None:
        """What the person has dismissed so far."""
        self._dismissed = frozenset(dismissed)
        if self._shown in self._dismissed:
            self._close()

    def show(self, placement: Placement | None) -> None:
        """A model was placed, or would be; None: there is no place to warn of."""
        warning = placement.warning if placement is not None else None
        name = identity(warning) if warning is not None else ""
        if name == self._shown:
            return
        self._close()
        if warning is None or name in self._dismissed:
            return
        settings = BannerAction(tr("Engines and devices"), self._open_settings)
        banner = warning_banner(self._theme, warning, settings, closable=True)
        self._shown, self.banner = name, banner
        self._banners.show_notice(banner)
        banner.closed.connect(self._dismiss)

    def _dismiss(self) -> None:
        name, self._shown, self.banner = self._shown, "", None
        self._dismissed |= {name}
        self._tell_dismissed(name)

    def _close(self) -> None:
        if self.banner is not None:
            self._banners.close_notice(self.banner)
        self._shown, self.banner = "", None
