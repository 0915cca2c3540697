"""Problems of the chat as banners."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication

from slmdesk.messages import UserError, error_sentences, tr
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction


def error_banner(theme: Theme, error: UserError, actions: Sequence[BannerAction] = ()) -> Banner:
    """An error for people, in their language."""
    sentences = error_sentences(error)
    return Banner(theme, sentences.what, sentences.why, sentences.do, error.details, actions)


def report_banner(theme: Theme, report: str, actions: Sequence[BannerAction] = ()) -> Banner:
    """A bug, shown as such."""
    return Banner(
        theme,
        tr("Something went wrong in SLM Desk itself."),
        tr("This is a fault of the program. What you wrote is kept."),
        tr("Try again. If it comes back, copy the report and send it along when you report the fault."),
        report,
        (*actions, BannerAction(tr("Copy report"), lambda: QGuiApplication.clipboard().setText(report))),
    )
