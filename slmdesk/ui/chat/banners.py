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
        tr("There is a bug in SLM Desk."),
        tr("What you wrote is kept."),
        tr("Try again. If that does not help, report the bug with the copied report."),
        report,
        (*actions, BannerAction(tr("Copy report"), lambda: QGuiApplication.clipboard().setText(report))),
    )
