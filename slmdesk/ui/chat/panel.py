"""The chat: a head, the conversation or what stands in its place, and the composer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.chat import Conversation, make_title
from slmdesk.messages import UserError, format_integer, tr
from slmdesk.ui.chat.banners import error_banner, report_banner
from slmdesk.ui.chat.composer import Composer
from slmdesk.ui.chat.empty_state import EmptyState, NoModel
from slmdesk.ui.chat.transcript import Transcript, reading_column
from slmdesk.ui.inference import Inference
from slmdesk.ui.state import EngineState, Phase
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.labels import ElidedLabel
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.engines import End, Stats
    from slmdesk.library import InstalledModel

_NO_TICKET = -1


class ChatPanel(Surface):
    """One conversation with one model at a time. Decides what a click means; the inference does the work."""

    model_chosen = Signal(str)
    """The person picked the model with this id."""

    def __init__(
        self,
        theme: Theme,
        inference: Inference,
        open_models_folder: Callable[[], None],
        look_for_models: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, "surface", parent=parent)
        self._inference = inference
        self._models: tuple[InstalledModel, ...] | None = None
        self._model: InstalledModel | None = None
        self._conversation: Conversation | None = None
        self._ticket = _NO_TICKET
        self._load_ticket = _NO_TICKET
        self._end: End | None = None
        self._failed = False
        self._context_tokens = 0
        self.banner: Banner | None = None
        self.notices: list[Banner] = []
        self._build(open_models_folder, look_for_models)
        inference.opened.connect(self._take_conversation)
        inference.state_changed.connect(self._show_state)
        inference.text.connect(self._take_text)
        inference.stats.connect(self._take_stats)
        inference.ended.connect(self._take_end)
        inference.rejected.connect(self._take_rejected)
        inference.failed.connect(self._take_error)
        inference.crashed.connect(self._take_crash)
        inference.finished.connect(self._take_finished)
        self._refresh()

    def _build(self, open_models_folder: Callable[[], None], look_for_models: Callable[[], None]) -> None:
        theme = self._theme
        self.title = ElidedLabel(theme, tr("New chat"), TextRole.TITLE)
        self.new_button = Button(theme, icon="square-pen", name=tr("New chat"))
        set_tooltip(self.new_button, tr("New chat (Ctrl+N)"))
        self.new_button.clicked.connect(self.start_new_chat)
        head = Surface(theme, "surface", (Qt.Edge.BottomEdge,))
        head.setFixedHeight(theme.sizes.chat_head)
        head_row = QHBoxLayout(head)
        head_row.setContentsMargins(Space.L + Space.XS, 0, Space.L, 0)
        head_row.addWidget(self.title, 1)
        head_row.addWidget(self.new_button)
        self.empty = EmptyState(theme)
        self.no_model = NoModel(theme, open_models_folder, look_for_models)
        self.transcript = Transcript(theme)
        self.stack = QStackedWidget()
        self._nothing = QWidget()
        for page in (self._nothing, self.empty, self.no_model, self.transcript):
            self.stack.addWidget(page)
        self.composer = Composer(theme)
        self._banner_row = QVBoxLayout()
        self._banner_row.setSpacing(Space.S)
        self._composer_row = QVBoxLayout()
        self._composer_row.addWidget(self.composer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addLayout(self._banner_row)
        column.addWidget(self.stack, 1)
        column.addLayout(self._composer_row)
        self.empty.suggested.connect(self.composer.fill)
        self.transcript.again_wanted.connect(self.try_again)
        self.composer.sent.connect(self.send)
        self.composer.stopped.connect(self.stop)
        self.composer.input.page_wanted.connect(self.transcript.scroll_page)
        self.composer.model_button.picked.connect(self._pick)

    @property
    def answering(self) -> bool:
        """Whether the conversation shown is being answered."""
        return self._ticket != _NO_TICKET

    @property
    def model(self) -> InstalledModel | None:
        """Who answers the next message."""
        return self._model

    def set_models(self, models: Sequence[InstalledModel], wanted: str) -> None:
        """What is on this computer; `wanted`: id or path of the one chosen last. Loads it, the first time."""
        usable = [model for model in models if model.problem is None]
        keep = self._model.id if self._model else wanted
        chosen = next((model for model in usable if keep in (model.id, str(model.path))), None)
        before = self._model
        self._models, self._model = tuple(models), chosen or (usable[0] if usable else None)
        if self._model is not None and (before is None or before.id != self._model.id):
            self._load(self._model)
        self._refresh()

    def send(self, text: str) -> None:
        """Say `text` and have it answered."""
        if self._model is None or self.answering:
            return
        self._close_banner()
        if self._conversation is None:
            self._conversation = Conversation(system_prompt=self._model.system_prompt)
            self.title.set_text(make_title(text))
        self.transcript.add_person_message(text)
        self._begin(self._inference.answer(self._conversation, text, self._model))

    def try_again(self) -> None:
        """Have the last message answered again."""
        if self._model is None or self.answering or self._conversation is None:
            return
        self._close_banner()
        self.transcript.drop_last_answer()
        self._begin(self._inference.regenerate(self._conversation, self._model))
        self.focus_input()

    def stop(self) -> None:
        """End the answer, or the loading."""
        self._inference.cancel()

    def start_new_chat(self) -> None:
        """Leave the conversation as it is and begin another."""
        if self.answering:
            self._inference.cancel()
            self._ticket = _NO_TICKET
        self._conversation = None
        self._context_tokens = 0
        self._close_banner()
        self.transcript.clear()
        self.title.set_text(tr("New chat"))
        self._refresh()
        self.focus_input()

    def focus_input(self) -> None:
        """Put the keyboard into the input."""
        self.composer.input.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_error(self, error: UserError, *actions: BannerAction) -> None:
        """Show a problem in place until it is closed."""
        self._show_banner(error_banner(self._theme, error, actions))

    def show_notice(self, error: UserError) -> None:
        """Show something that is not about the chat, until the person closes it."""
        notice = error_banner(self._theme, error)
        notice.closed.connect(lambda: self._close_notice(notice))
        self.notices.append(notice)
        self._banner_row.insertWidget(len(self.notices) - 1, notice)
        self._arrange_banners()

    def show_report(self, report: str) -> None:
        """Show a bug, with a way to copy its report."""
        if not self.shows_report(report):
            self._show_banner(report_banner(self._theme, report))

    def shows_report(self, report: str) -> bool:
        """Whether this report is shown already: a bug in drawing comes again with each picture."""
        return self.banner is not None and self.banner.details == report

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep banner, transcript and composer in one column."""
        super().resizeEvent(event)
        # The transcript keeps room for its scroll bar.
        room = self.width() - self._theme.sizes.scroll_bar
        column = reading_column(self._theme, room)
        left = (room - column) // 2
        right = self.width() - left - column
        self._composer_row.setContentsMargins(left, Space.S, right, Space.L)
        self._banner_row.setContentsMargins(left, 0, right, 0)
        self._arrange_banners()

    def _load(self, model: InstalledModel, *, again: bool = False) -> None:
        self._load_ticket = self._inference.load(model, again=again)

    def _pick(self, model_id: str) -> None:
        model = next((one for one in self._models or () if one.id == model_id), None)
        if model is not None and (self._model is None or model.id != self._model.id):
            self._model = model
            self._close_banner()
            self._load(model)
            self.model_chosen.emit(model_id)
        self._refresh()
        self.focus_input()

    def _begin(self, ticket: int) -> None:
        self._ticket, self._end, self._failed = ticket, None, False
        self.transcript.begin_answer(self._model.title if self._model else "", time.time())
        self._refresh()

    def _take_conversation(self, conversation: Conversation | None) -> None:
        """The conversation last written in, unless the person was faster."""
        if conversation is not None and conversation.messages and self._conversation is None:
            self._conversation = conversation
            self.title.set_text(conversation.title)
            measured = [one.stats for one in conversation.messages if one.stats]
            self._context_tokens = measured[-1].context_tokens if measured else 0
            self._refresh()
            self.transcript.show_conversation(conversation)

    def _take_text(self, ticket: int, text: str) -> None:
        if ticket == self._ticket:
            self.transcript.append(text)

    def _take_stats(self, ticket: int, stats: Stats) -> None:
        if ticket == self._ticket:
            self._context_tokens = stats.context_tokens
            self.transcript.set_stats(stats)

    def _take_end(self, ticket: int, end: End) -> None:
        if ticket == self._ticket:
            self._end = end

    def _take_rejected(self, ticket: int, text: str) -> None:
        """As if it had not been sent. The reason follows."""
        self.composer.put_back(text)
        if ticket != self._ticket:
            return
        self._ticket = _NO_TICKET
        self.transcript.drop_rejected()
        if not self.transcript.messages:
            self._conversation = None
            self.title.set_text(tr("New chat"))
        self._refresh()

    def _take_error(self, ticket: int, error: UserError) -> None:
        if ticket == self._ticket:
            self._failed = True
            self.show_error(error, BannerAction(tr("Try again"), self.try_again))
        elif ticket == self._load_ticket and self._model is not None:
            self.show_error(error, BannerAction(tr("Try again"), self._load_again))
        else:
            self.show_error(error)

    def _load_again(self) -> None:
        if self._model is not None:
            self._close_banner()
            self._load(self._model, again=True)

    def _take_crash(self, ticket: int, report: str) -> None:
        self._failed = self._failed or ticket == self._ticket
        again = (BannerAction(tr("Try again"), self.try_again),) if ticket == self._ticket else ()
        self._show_banner(report_banner(self._theme, report, again))

    def _take_finished(self, ticket: int) -> None:
        if ticket == self._load_ticket:
            self._load_ticket = _NO_TICKET
        if ticket == self._ticket:
            self._ticket = _NO_TICKET
            self._finish_answer()
        self._refresh()

    def _finish_answer(self) -> None:
        end = self._end
        unfit = end is not None and end.reason == "context_full" and end.needed_tokens > end.context_length
        self.transcript.end_answer(end, failed=self._failed)
        if unfit and end is not None:
            what = tr("The conversation is longer than the model can keep in mind.")
            why = tr("It needs {needed} tokens, and the context holds {length}.").format(
                needed=format_integer(end.needed_tokens), length=format_integer(end.context_length)
            )
            do = tr("Start a new chat to go on.")
            action = BannerAction(tr("New chat"), self.start_new_chat)
            self._show_banner(Banner(self._theme, what, why, do, "", (action,)))

    def _show_banner(self, banner: Banner) -> None:
        self._close_banner()
        self.banner = banner
        banner.closed.connect(self._close_banner)
        self._banner_row.addWidget(banner)
        self._arrange_banners()

    def _close_banner(self) -> None:
        if self.banner is None:
            return
        banner, self.banner = self.banner, None
        had_focus = banner.isAncestorOf(self.window().focusWidget() or banner)
        self._banner_row.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self._arrange_banners()
        if had_focus:
            self.focus_input()

    def _close_notice(self, notice: Banner) -> None:
        self.notices.remove(notice)
        self._banner_row.removeWidget(notice)
        notice.hide()
        notice.deleteLater()
        self._arrange_banners()
        self.focus_input()

    def _arrange_banners(self) -> None:
        """Room around them where there are any."""
        margins, shown = self._banner_row.contentsMargins(), self.banner is not None or bool(self.notices)
        top, bottom = (Space.L, Space.S) if shown else (0, 0)
        self._banner_row.setContentsMargins(margins.left(), top, margins.right(), bottom)

    def _refresh(self) -> None:
        """Show what there is now, wherever it is shown."""
        if self._conversation is not None:
            page: QWidget = self.transcript
        elif self._models is None:
            page = self._nothing
        else:
            page = self.empty if self._model is not None else self.no_model
        self.stack.setCurrentWidget(page)
        self.new_button.setEnabled(self._conversation is not None)
        self.composer.model_button.set_models(self._models or (), self._model)
        self.empty.set_instructions(self._model.system_prompt if self._model else "")
        self._show_state(self._inference.state)

    def _show_state(self, state: EngineState) -> None:
        model, phase = self._model, state.phase
        loading = phase is Phase.LOADING or (self._load_ticket != _NO_TICKET and state.report is None)
        is_loaded = state.report is not None and phase is not Phase.FAILED
        self.composer.model_button.set_loaded(str(state.model.path) if state.model and is_loaded else "")
        self.composer.set_state(
            can_send=model is not None and not self.answering,
            can_stop=self.answering or loading,
            hint=self._hint(state),
        )
        if loading and self._conversation is not None:
            percent = tr("Loading {percent}%").format(percent=round(state.fraction * 100))
            self.composer.set_progress(percent, state.fraction)
        elif phase is Phase.READING and self.answering:
            self.composer.set_progress(tr("Reading your message"), state.fraction)
        else:
            self.composer.set_context(
                self._context_tokens, state.report.context_length if state.report else 0
            )
        if model is not None:
            self._say_ready(model, state, loading)

    def _say_ready(self, model: InstalledModel, state: EngineState, loading: bool) -> None:
        if loading:
            head = tr("Loading {model}").format(model=model.title)
            self.empty.set_head(head, state.fraction if state.phase is Phase.LOADING else 0.0)
        elif state.report is not None and state.phase is not Phase.FAILED:
            self.empty.set_head(tr("{model} is ready").format(model=model.title), None)
        else:
            self.empty.set_head(tr("{model} is not loaded").format(model=model.title), None)

    def _hint(self, state: EngineState) -> str:
        if self._models is not None and self._model is None:
            return tr("Add a model first.")
        if self.answering:
            return tr("Write the next message. Esc stops the answer.")
        if state.phase is Phase.FAILED:
            return tr("You can keep writing. Sending loads the model again.")
        if self._conversation is not None:
            return tr("Write the next message. Enter sends, Shift+Enter starts a new line.")
        return tr("Ask anything. Enter sends, Shift+Enter starts a new line.")
