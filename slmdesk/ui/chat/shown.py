"""Which conversation is shown, and everything that the chat says about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from slmdesk.chat import Conversation
from slmdesk.engines import usual_context_length
from slmdesk.messages import UserError, tr
from slmdesk.ui.chat.answering import Answering
from slmdesk.ui.chat.answers import LiveAnswer
from slmdesk.ui.chat.banners import error_notice, repair_notice
from slmdesk.ui.chat.drafts import Drafts
from slmdesk.ui.chat.keeper import ConversationKeeper
from slmdesk.ui.chat.model_choice import ModelChoice
from slmdesk.ui.chat.settings_notice import settings_notices
from slmdesk.ui.chat.situation import Situation
from slmdesk.ui.chat.view import ChatView
from slmdesk.ui.inference import Inference
from slmdesk.ui.tasks import Tasks
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import BannerAction

if TYPE_CHECKING:
    from slmdesk.chat import ChatService, ConversationSummary
    from slmdesk.engines import Stats
    from slmdesk.library import InstalledModel
    from slmdesk.storage import RepairReport

_METER_EVERY_MS = 250


class ShownConversation(ChatView):
    """Shows one conversation, with the answer that is on its way to it, and follows what becomes of both.

    What a click or a key does to it is decided by the panel.
    """

    conversation_shown = Signal(object)
    """Another `Conversation` is shown, or the one that was is read anew."""

    def __init__(
        self,
        theme: Theme,
        inference: Inference,
        tasks: Tasks,
        open_chat: Callable[[], ChatService],
        check: Callable[[], RepairReport | None],
        open_models_folder: Callable[[], None],
        look_for_models: Callable[[], None],
        conversation: Conversation,
        parent: QWidget | None = None,
    ) -> None:
        """`conversation`: the one to begin with, which is not stored."""
        super().__init__(theme, open_models_folder, look_for_models, parent)
        self._inference = inference
        self.keeper = ConversationKeeper(open_chat, check, tasks, self)
        self.drafts = Drafts(self.composer, self.keeper, tasks, inference, self)
        self.answering = Answering(inference, self.keeper, self)
        self.choice = ModelChoice(inference, self)
        self._summaries: dict[int, ConversationSummary] = {}
        # What the list asked for last; what comes later for another one is not shown.
        self._wanted = 0
        self._context_tokens = 0
        self._draft_tokens: int | None = None
        self._conversation = conversation
        # The context meter follows an answer, but not with every token.
        self._meter_timer = QTimer(self)
        self._meter_timer.setSingleShot(True)
        self._meter_timer.setInterval(_METER_EVERY_MS)
        self._meter_timer.timeout.connect(self._show_meter)
        inference.state_changed.connect(lambda _: self._show_situation())
        self.keeper.listed.connect(self._take_list)
        self.keeper.repaired.connect(self._take_repair)
        self.drafts.counted.connect(self._take_count)
        self.drafts.failed.connect(self.show_error)
        self.drafts.conversation_counted.connect(self._take_conversation_count)
        self.answering.changed.connect(self._take_change)
        self.answering.text.connect(self._take_text)
        self.answering.reasoning.connect(self._take_reasoning)
        self.answering.stats.connect(self._take_stats)
        self.drafts.show(conversation)

    @property
    def conversation(self) -> Conversation:
        """The one that is shown; its `id` is 0 while nothing in it is stored."""
        return self._conversation

    @property
    def live(self) -> LiveAnswer | None:
        """The answer to the conversation shown that is on its way."""
        return self.answering.answers.of(self._conversation)

    @property
    def model(self) -> InstalledModel | None:
        """Who answers the next message."""
        return self.choice.model

    # Problems

    def show_error(self, error: UserError, *actions: BannerAction) -> None:
        """Show a problem in place until it is closed."""
        self.banners.show_error(error, *actions)

    def show_notice(self, error: UserError) -> None:
        """Show something that is not about this chat, until the person closes it."""
        self.banners.show_notice(error_notice(self._theme, error))

    def show_settings_problems(self, problems: Sequence[UserError]) -> None:
        """Say what was wrong with the settings."""
        for notice in settings_notices(self._theme, problems):
            self.banners.show_notice(notice)

    def show_repair(self, report: RepairReport) -> None:
        """Say how damaged conversations were repaired."""
        self.banners.show_notice(repair_notice(self._theme, report))

    def show_report(self, report: str, *actions: BannerAction) -> None:
        """Show a bug, with a way to copy its report."""
        if not self.banners.shows_report(report):
            self.banners.show_report(report, *actions)

    # Which one

    def open_stored(self, *, latest: bool) -> None:
        """List what is stored; `latest`: show the conversation written in last."""

        def take(conversation: Conversation | None) -> None:
            # Unless the person was faster.
            untouched = not self._conversation.messages and self.live is None and not self._wanted
            if conversation is not None and conversation.messages and untouched:
                self._show(conversation)

        self.keeper.refresh()
        if latest:
            self.keeper.run(lambda store: store.latest(), take)

    def _take_repair(self, report: RepairReport) -> None:
        self.show_repair(report)
        self.keeper.refresh()
        self._reopen()

    def _reopen(self) -> None:
        """Read again what is shown: it was repaired on the disk."""
        number = self._conversation.id
        if number and self.live is None:

            def take(conversation: Conversation | None) -> None:
                if conversation is not None and self._conversation.id == number and self.live is None:
                    self._show(conversation)

            self.keeper.run(lambda store: store.load(number), take)

    def open_conversation(self, number: int) -> None:
        """Show a stored conversation."""
        self._wanted = number
        if number == self._conversation.id:
            return
        live = self.answering.answers.of_stored(number)
        held = live.conversation if live is not None else self.keeper.unsaved(number)
        if held is not None:
            self._show(held)
            return

        def take(conversation: Conversation | None) -> None:
            if self._wanted == number and conversation is not None:
                self._show(conversation)

        self.keeper.run(lambda store: store.load(number), take)

    def step_conversation(self, step: int) -> None:
        """Show the next (1) or the previous (-1) conversation of the list."""
        number = self.list.neighbour(step)
        if number is not None:
            self.open_conversation(number)

    # Showing

    def _show(self, conversation: Conversation) -> None:
        """Show another conversation in place of the one before."""
        self.banners.close_banner()
        self.close_find()
        self._conversation = conversation
        self._wanted = conversation.id
        self._draft_tokens = None
        self.choice.want(conversation.model)
        self._context_tokens = _last_known(conversation)
        self._draw_conversation()
        self.list.set_current(conversation.id or None)
        self.drafts.show(conversation)
        self._count_conversation()
        self.conversation_shown.emit(conversation)

    def _draw_conversation(self, at_message: int | None = None) -> None:
        """Show the messages, and the answer that is on its way."""
        # First the page: what is hidden has no size, and so no end to be at.
        self._refresh()
        conversation, live = self._conversation, self.live
        if live is None and not conversation.messages:
            self.transcript.clear()
            return
        if live is None:
            self.transcript.show_conversation(conversation, at_message=at_message)
            return
        self.transcript.show_conversation(dataclasses.replace(conversation, messages=list(live.before)))
        self.transcript.begin_answer(live.model.title, live.started_at)
        if live.reasoning:
            self.transcript.append_reasoning("".join(live.reasoning))
        if live.text:
            self.transcript.append("".join(live.text))

    def _redraw(self, conversation: Conversation, index: int) -> None:
        """Show what became of message `index`, where `conversation` is still the one shown."""
        if conversation is self._conversation:
            self._draw_conversation(index)
            self._context_tokens = _last_known(conversation)
            self._count_conversation()

    def _draw_end(self, live: LiveAnswer) -> None:
        """Show how the answer ended."""
        conversation = live.conversation
        if len(conversation.messages) > len(live.before) and not live.grew:
            # Nothing came of it, so the answer that was there before stays.
            at_end = self.transcript.at_end
            self._draw_conversation(None if at_end else len(conversation.messages) - 1)
            return
        self.transcript.end_answer(live.end, failed=live.failed)
        self.transcript.refresh_records(conversation)

    def _refresh(self) -> None:
        """Show what there is now, wherever it is shown."""
        if self._conversation.messages or self.live is not None:
            page: QWidget = self.transcript
        elif self.choice.models is None:
            page = self.nothing
        else:
            page = self.empty if self.model is not None else self.no_model
        self.no_model.set_found(bool(self.choice.models), self.choice.engines_off, broken=self.choice.broken)
        self.stack.setCurrentWidget(page)
        self.composer.model_button.set_models(self.choice.models or (), self.model)
        self.list.set_next_model(self.model.title if self.model else "")
        self.empty.set_instructions(self._conversation.system_prompt)
        self._show_head()
        self._show_situation()

    def _show_head(self) -> None:
        conversation = self._conversation
        summary = self._summaries.get(conversation.id)
        if summary is not None:
            conversation.title, conversation.pinned = summary.title, summary.pinned
        title = conversation.title or tr("New chat")
        self.head.set_conversation(title, stored=bool(conversation.id), pinned=conversation.pinned)

    def _show_meter(self) -> None:
        self._situation().show_meter(self)

    def _show_situation(self) -> None:
        state, situation = self._inference.state, self._situation()
        situation.show_in(self)
        self.drawer.set_options(
            self._conversation.system_prompt,
            self._conversation.options,
            context_length=situation.context_length or self._next_context_length(),
            trained_context_length=self.model.trained_context_length if self.model else 0,
            thinking=state.report.thinking if state.report else "no",
            samplers=state.report.capabilities.samplers if state.report else None,
            conversation=self._conversation.id,
        )

    def _situation(self) -> Situation:
        return Situation(
            state=self._inference.state,
            model=self.model,
            live=self.live,
            has_messages=bool(self._conversation.messages),
            load_wanted=self.choice.loading,
            context_tokens=self._context_tokens,
            draft_tokens=self._draft_tokens,
            first=self.choice.what_to_do_first(),
            next_context_length=self._next_context_length(),
        )

    def _next_context_length(self) -> int:
        """That of the context the next message is answered in; 0: not known without a model."""
        if self.model is None:
            return 0
        own = self._conversation.options.context_length or self._inference.context_length(self.model)
        # As the engine has it by itself.
        return own or usual_context_length(self.model.trained_context_length)

    # What is told about it

    def _take_conversation_count(self, tokens: int) -> None:
        if self.live is None:
            self._context_tokens = tokens
            self._show_situation()

    def _count_conversation(self) -> None:
        """Count what the stored figures do not tell: nobody has answered the messages that are shown."""
        messages = self._conversation.messages
        if messages and self.live is None and messages[-1].stats is None:
            self.drafts.count_conversation()

    def _is_shown(self, live: LiveAnswer) -> bool:
        return live.conversation is self._conversation

    def _take_list(self, summaries: Sequence[ConversationSummary]) -> None:
        self._summaries = {one.id: one for one in summaries}
        self.list.set_summaries(list(summaries))
        self.list.set_writing(*self.answering.answers.conversation_ids())
        self.list.set_current(self._conversation.id or None)
        self._show_head()

    def _take_change(self) -> None:
        self.list.set_writing(*self.answering.answers.conversation_ids())
        self._show_situation()

    def _take_text(self, live: LiveAnswer, text: str) -> None:
        if self._is_shown(live):
            self.transcript.append(text)
            self._follow_meter()

    def _take_reasoning(self, live: LiveAnswer, text: str) -> None:
        if self._is_shown(live):
            self.transcript.append_reasoning(text)
            self._follow_meter()

    def _follow_meter(self) -> None:
        if not self._meter_timer.isActive():
            self._meter_timer.start()

    def _take_stats(self, live: LiveAnswer, stats: Stats) -> None:
        if self._is_shown(live):
            self._context_tokens = _context_tokens(stats)
            self.transcript.set_stats(stats)

    def _take_count(self, tokens: int | None) -> None:
        self._draft_tokens = tokens
        self._show_situation()


def _context_tokens(stats: Stats) -> int:
    """What a conversation takes of the context after an answer."""
    return stats.prompt_tokens + stats.generated_tokens


def _last_known(conversation: Conversation) -> int:
    """What the conversation took when it was last measured."""
    measured = [one.stats for one in conversation.messages if one.stats]
    return _context_tokens(measured[-1]) if measured else 0
