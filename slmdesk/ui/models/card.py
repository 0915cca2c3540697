"""The card of a model: Markdown that a stranger wrote, shown as the transcript shows an answer."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractSlider, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import UserError, error_sentences, tr
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.transcript import Transcript, reading_column
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.empty_list import EmptyList
from slmdesk.ui.widgets.head_row import HeadRow
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.link_banner import link_banner
from slmdesk.ui.widgets.spinner import Spinner
from slmdesk.ui.widgets.surface import Surface

_SCROLLING_KEYS = {
    int(Qt.Key.Key_PageUp): QAbstractSlider.SliderAction.SliderPageStepSub,
    int(Qt.Key.Key_PageDown): QAbstractSlider.SliderAction.SliderPageStepAdd,
    int(Qt.Key.Key_Home): QAbstractSlider.SliderAction.SliderToMinimum,
    int(Qt.Key.Key_End): QAbstractSlider.SliderAction.SliderToMaximum,
    int(Qt.Key.Key_Up): QAbstractSlider.SliderAction.SliderSingleStepSub,
    int(Qt.Key.Key_Down): QAbstractSlider.SliderAction.SliderSingleStepAdd,
}


class CardPage(Surface):
    """A head, who wrote what is below, and the text. A link is opened only after a question."""

    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "surface", parent=parent)
        self.head = Label(theme, "", TextRole.PAGE_HEAD, wrap=True)
        self.about = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        self.close_button = Button(theme, tr("Back to the model"), icon="chevron-left", small=True)
        self.close_button.clicked.connect(self.closed)
        self.text = Transcript(theme)
        self.text.setAccessibleName(tr("Model card"))
        self.text.link_wanted.connect(self._ask)
        self.nothing = EmptyList(theme, tr("The Hub has no card of this model"))
        self.waiting = QWidget()
        middle = QVBoxLayout(self.waiting)
        middle.addWidget(Spinner(theme, tr("Loading")), 0, Qt.AlignmentFlag.AlignCenter)
        self.stack = QStackedWidget()
        for widget in (self.waiting, self.text, self.nothing):
            self.stack.addWidget(widget)
        # What stands over the text; it begins where the text does.
        self._over = QVBoxLayout()
        self._over.setSpacing(Space.XS)
        self._over.addWidget(HeadRow(self.head, self.close_button))
        self._over.addWidget(self.about)
        self._banners = QVBoxLayout()
        self._banners.setContentsMargins(0, Space.XS, 0, 0)
        self._over.addLayout(self._banners)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._over)
        column.addWidget(self.stack, 1)
        self.question: Banner | None = None

    def show_waiting(self, name: str, repo: str) -> None:
        """The card of `name` is being fetched."""
        self._close_question()
        self.head.setText(name)
        words = tr("Written by whoever published {repo}. SLM Desk has not checked it.")
        self.about.setText(words.format(repo=repo))
        self.stack.setCurrentWidget(self.waiting)

    def show_card(self, text: str) -> None:
        """Markdown; empty: there is none."""
        if text.strip():
            self.stack.setCurrentWidget(self.text)
            self.text.show_text(text)
        else:
            self.nothing.set_text(tr("The Hub has no card of this model"))
            self.stack.setCurrentWidget(self.nothing)

    def show_error(self, error: UserError) -> None:
        """It cannot be shown: why, and what to do."""
        words = error_sentences(error)
        self.nothing.set_text(words.what, " ".join(part for part in (words.why, words.do) if part))
        self.stack.setCurrentWidget(self.nothing)

    def set_zoom(self, percent: int) -> None:
        """Show the text larger or smaller: percent of its usual size."""
        self.text.set_zoom(percent)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Whatever on the page has the keyboard, the keys that scroll scroll the text."""
        step = _SCROLLING_KEYS.get(event.key())
        if step is not None and self.stack.currentWidget() is self.text and not event.modifiers():
            self.text.verticalScrollBar().triggerAction(step)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand over the column of the text."""
        super().resizeEvent(event)
        room = self.width() - self._theme.sizes.scroll_bar
        edge = max((room - reading_column(self._theme, room)) // 2, 0)
        self._over.setContentsMargins(edge, Space.L, edge + self._theme.sizes.scroll_bar, Space.S)

    def escape(self) -> bool:
        """Take a question back. False: there is none."""
        if self.question is None:
            return False
        self._close_question()
        return True

    def _ask(self, url: str) -> None:
        self._close_question()

        def open_it() -> None:
            self._close_question()
            QDesktopServices.openUrl(QUrl(url))

        self.question = link_banner(self._theme, url, open_it, self._close_question)
        self.question.closed.connect(self._close_question)
        self._banners.addWidget(self.question)
        # Not the one that opens it: Enter that is held down would press it at once.
        self.question.buttons[-1].setFocus(Qt.FocusReason.TabFocusReason)

    def _close_question(self) -> None:
        if self.question is not None:
            question, self.question = self.question, None
            self._banners.removeWidget(question)
            question.hide()
            question.deleteLater()
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
