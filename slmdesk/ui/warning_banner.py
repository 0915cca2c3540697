"""A warning about the device that a model runs on, wherever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from slmdesk.messages import error_sentences, tr
from slmdesk.ui.widgets.banner import Banner, BannerAction, BannerTone

if TYPE_CHECKING:
    from slmdesk.messages import UserError
    from slmdesk.ui.theme import Theme


def warning_banner(theme: Theme, warning: UserError, *actions: BannerAction, closable: bool) -> Banner:
    """What happens, why, and how to mend it; a command that mends it can be copied."""
    words = error_sentences(warning)
    command = warning.facts.get("command")
    if isinstance(command, str) and command:
        copy = BannerAction(tr("Copy the command"), lambda: QGuiApplication.clipboard().setText(command))
        actions = (copy, *actions)
    return Banner(
        theme,
        words.what,
        words.why,
        words.do,
        warning.details,
        actions,
        tone=BannerTone.CAUTION,
        suggests=False,
        closable=closable,
    )
