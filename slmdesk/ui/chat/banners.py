"""Problems of the chat as banners, and the place above the conversation where they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slmdesk.messages import UserError, error_sentences, format_integer, format_moment, tr, tr_n
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction, BannerTone
from slmdesk.ui.widgets.focus import holds_focus

if TYPE_CHECKING:
    from slmdesk.engines import End
    from slmdesk.storage import RepairReport
    from slmdesk.ui.state import EngineState

# Somebody else has the engines alone for a while.
_BUSY = "engine-busy"
# The model would end the engine in the same way again.
_HOPELESS = frozenset({"engine-wrong-processor", "engine-wrong-processor-loading"})
# A context any shorter is of no use for a conversation.
_LEAST_CONTEXT = 1024
SHORT_OF_MEMORY = frozenset(
    {
        "engine-out-of-memory",
        "engine-out-of-memory-loading",
        "engine-ended-by-system",
        "engine-ended-by-system-loading",
        "memory-too-small",
    }
)
"""What a shorter context, or another way to load with less memory, may help against."""
GONE = frozenset({"model-missing", "model-part-missing", "onnx-file-missing"})
"""The model is not where it was: there is nothing to load again."""


class BannerArea(QWidget):
    """One problem of the chat at most, and notices that are not about it; each until it is closed."""

    focus_left = Signal()
    """The banner that had the keyboard is gone."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.banner: Banner | None = None
        self.notices: list[Banner] = []
        self._column = QVBoxLayout(self)
        self._column.setSpacing(Space.S)
        self._left = self._right = 0
        self._arrange()

    def set_margins(self, left: int, right: int) -> None:
        """Keep the banners in the column of the conversation."""
        self._left, self._right = left, right
        self._arrange()

    def show_error(self, error: UserError, *actions: BannerAction) -> None:
        """Show a problem in place of the one before."""
        sentences = error_sentences(error)
        self.show_banner(
            Banner(self._theme, sentences.what, sentences.why, sentences.do, error.details, actions)
        )

    def show_notice(self, notice: Banner) -> None:
        """Show something that is not about the chat, until the person closes it."""
        notice.closed.connect(lambda: self.close_notice(notice))
        self.notices.append(notice)
        self._column.insertWidget(len(self.notices) - 1, notice)
        self._arrange()

    def show_report(self, report: str, *actions: BannerAction) -> None:
        """Show a bug, with a way to copy its report."""
        copy = BannerAction(tr("Copy report"), lambda: QGuiApplication.clipboard().setText(report))
        self.show_banner(
            Banner(
                self._theme,
                tr("There is a bug in SLM Desk."),
                tr("What you wrote is kept."),
                tr("Try again. If that does not help, report the bug with the copied report."),
                report,
                (*actions, copy),
            )
        )

    def shows_report(self, report: str) -> bool:
        """Whether this report is shown already: a bug in drawing comes again with each picture."""
        return self.banner is not None and self.banner.details == report

    def show_banner(self, banner: Banner) -> None:
        """Show a problem in place of the one before."""
        self.close_banner()
        self.banner = banner
        banner.closed.connect(self.close_banner)
        self._column.addWidget(banner)
        self._arrange()

    def close_banner(self) -> None:
        """Show no problem of the chat any more."""
        if self.banner is not None:
            banner, self.banner = self.banner, None
            self._drop(banner)

    def close_notice(self, notice: Banner) -> None:
        """Show a notice no more, where it is shown."""
        if notice in self.notices:
            self.notices.remove(notice)
            self._drop(notice)

    def _drop(self, banner: Banner) -> None:
        had_focus = holds_focus(banner)
        self._column.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self._arrange()
        if had_focus:
            self.focus_left.emit()

    def _arrange(self) -> None:
        """Room around them where there are any."""
        shown = self.banner is not None or bool(self.notices)
        self.setVisible(shown)
        self._column.setContentsMargins(self._left, Space.L, self._right, Space.S)


def error_notice(theme: Theme, error: UserError) -> Banner:
    """An error for people, as a notice."""
    sentences = error_sentences(error)
    return Banner(theme, sentences.what, sentences.why, sentences.do, error.details, ())


def too_long_banner(theme: Theme, end: End, *actions: BannerAction, only_message: bool) -> Banner:
    """The conversation does not fit into the context any more, or its `only_message` does not."""
    if only_message:
        what = tr("Your message is longer than the model can keep in mind.")
        do = tr("Shorten the message, or give this chat a longer context.")
    else:
        what = tr("The conversation is longer than the model can keep in mind.")
        do = tr("Start a new chat to go on, or give this one a longer context.")
    why = tr("It needs {needed} tokens, and the context holds {length}.").format(
        needed=format_integer(end.needed_tokens), length=format_integer(end.context_length)
    )
    return Banner(theme, what, why, do, "", actions)


def ways_on(
    error: UserError,
    state: EngineState,
    reload: Callable[[int | None], None],
    again: Callable[[], None] | None = None,
) -> tuple[BannerAction, ...]:
    """What can be done about an engine that has gone, or a model that could not be loaded. `again`: have the
    last message answered, where there is one that was not.
    """
    if error.key == _BUSY:
        return (BannerAction(tr("Try again"), again),) if again is not None else ()
    if error.key in _HOPELESS | GONE:
        return ()
    as_before = BannerAction(tr("Reload the model"), lambda: reload(None))
    if error.key not in SHORT_OF_MEMORY or state.report is None:
        return (as_before,)
    shorter = state.report.context_length // 2
    if shorter < _LEAST_CONTEXT:
        return (as_before,)
    words = tr("Reload with {length}-token context").format(length=format_integer(shorter))
    return (
        BannerAction(words, lambda: reload(shorter)),
        BannerAction(tr("Reload as before"), lambda: reload(None)),
    )


def repair_notice(theme: Theme, report: RepairReport) -> Banner:
    """What was stored was damaged and has been repaired: how many messages, and which are lost."""
    lost, calm = len(report.lost), not (report.lost or report.maybe_more)
    if calm:
        what = tr("Your conversations are all there: damage on the disk has been repaired.")
    else:
        what = tr("Your conversations were damaged on the disk and have been repaired.")
    if report.maybe_more:
        do = tr("More may be missing: not everything that tells what there was could be read.")
    elif lost:
        do = tr("The places of the lost messages are marked in their conversations.")
    else:
        do = ""
    details = [tr("The damaged file is kept: {file}").format(file=report.damaged_file)]
    if report.backup_used is not None:
        details.append(tr("The backup: {file}").format(file=report.backup_used))
    for one in report.lost:
        when = format_moment(one.created_at) if one.created_at is not None else tr("at an unknown time")
        title = one.conversation_title or tr("a conversation without a title")
        details.append(tr("Lost: a message in “{title}”, {when}").format(title=title, when=when))
    tone = BannerTone.NOTE if calm else BannerTone.PROBLEM
    return Banner(theme, what, _repair_counts(report), do, "\n".join(details), (), tone=tone)


def _repair_counts(report: RepairReport) -> str:
    """How many messages there are of each kind; of what there is none, nothing is said."""
    intact, restored, lost = report.intact, report.restored, len(report.lost)
    came_back = tr_n("{count} came back from a backup", "{count} came back from a backup", restored)
    are_lost = tr_n("{count} is lost", "{count} are lost", lost)
    # What is counted is said once, in the first of them.
    if not intact:
        came_back = tr_n(
            "{count} message came back from a backup", "{count} messages came back from a backup", restored
        )
    if not (intact or restored):
        are_lost = tr_n("{count} message is lost", "{count} messages are lost", lost)
    counts = (
        (intact, tr_n("{count} message is intact", "{count} messages are intact", intact)),
        (restored, came_back),
        (lost, are_lost),
    )
    said = [words.format(count=format_integer(count)) for count, words in counts if count]
    return ", ".join(said) + "." if said else ""
