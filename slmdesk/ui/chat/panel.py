"""The chat: what a click or a key means, and what is done about the answers that come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from slmdesk.chat import ChatOptions, Conversation, make_title
from slmdesk.messages import UserError, tr
from slmdesk.ui.chat.answers import LiveAnswer
from slmdesk.ui.chat.banners import GONE, SHORT_OF_MEMORY, too_long_banner, ways_on
from slmdesk.ui.chat.copying import conversation_markdown
from slmdesk.ui.chat.deleting import Deleting
from slmdesk.ui.chat.found_words import FoundWords
from slmdesk.ui.chat.link_question import LinkQuestion
from slmdesk.ui.chat.missing_model import MissingModel
from slmdesk.ui.chat.shown import ShownConversation
from slmdesk.ui.inference import Inference
from slmdesk.ui.tasks import Tasks
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import BannerAction

if TYPE_CHECKING:
    from slmdesk.chat import ChatService
    from slmdesk.engines import End
    from slmdesk.library import InstalledModel
    from slmdesk.storage import RepairReport


class ChatPanel(ShownConversation):
    """Conversations, one of them shown, with one model at a time. Inference and keeper do the work.

    An answer goes on where its conversation is left; it is found again with the conversation.
    """

    short_of_memory = Signal(object)
    """A `UserError` that a way to load the model with less memory may help against. Its banner is shown."""
    model_chosen = Signal(str)
    """The person picked the model with this id."""

    def __init__(
        self,
        theme: Theme,
        inference: Inference,
        tasks: Tasks,
        open_chat: Callable[[], ChatService],
        check: Callable[[], RepairReport | None],
        open_models_folder: Callable[[], None],
        look_for_models: Callable[[], None],
        new_options: Callable[[], ChatOptions] = ChatOptions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            theme,
            inference,
            tasks,
            open_chat,
            check,
            open_models_folder,
            look_for_models,
            Conversation(options=new_options()),
            parent,
        )
        self._new_options = new_options
        self._link_question = LinkQuestion(self)
        self.deleting = Deleting(self, self.keeper, self._come_back)
        choose, open_engines = self.composer.model_button.click, self.no_model.engines_wanted.emit
        self._missing_model = MissingModel(theme, self.banners, self.choice, choose, open_engines)
        self._found_words = FoundWords(self)
        self._connect_answers()
        self._connect_parts()
        self._refresh()

    def _connect_answers(self) -> None:
        answering = self.answering
        self.choice.failed.connect(self._show_ways_on)
        self.choice.crashed.connect(self.show_report)
        self.choice.changed.connect(self._take_choice)
        answering.stored.connect(self._take_stored)
        answering.rejected.connect(self._take_rejected)
        answering.failed.connect(self._take_error)
        answering.crashed.connect(self._take_crash)
        answering.finished.connect(self._take_finished)

    def _connect_parts(self) -> None:
        keeper, head, drawer, transcript = self.keeper, self.head, self.drawer, self.transcript
        keeper.found.connect(self.list.set_matches)
        keeper.new_draft_found.connect(self.list.set_new_draft)
        keeper.not_listed.connect(self.list.set_unreadable)
        self.conversation_shown.connect(self._missing_model.look_at)
        self.list.chosen.connect(self.open_conversation)
        self.list.new_chat_chosen.connect(self._show_new_chat)
        self.list.new_wanted.connect(self.start_new_chat)
        self.list.input_wanted.connect(self.focus_input)
        self.list.search_changed.connect(keeper.search)
        self.list.renamed.connect(keeper.rename)
        self.list.pin_wanted.connect(keeper.set_pinned)
        self.list.delete_wanted.connect(self.delete)
        head.find_wanted.connect(self.open_find)
        head.drawer_toggled.connect(self.show_drawer)
        head.renamed.connect(lambda title: keeper.rename(self._conversation.id, title))
        head.pin_wanted.connect(lambda pinned: keeper.set_pinned(self._conversation.id, pinned))
        head.copy_wanted.connect(self.copy_conversation)
        head.delete_wanted.connect(lambda: self.delete((self._conversation.id,)))
        drawer.options_changed.connect(self._take_options)
        drawer.instructions_changed.connect(self._take_instructions)
        drawer.closed.connect(lambda: self.show_drawer(False))
        self.empty.suggested.connect(self.composer.suggest)
        self.composer.sent.connect(self.send)
        self.composer.stopped.connect(self.stop)
        self.composer.input.page_wanted.connect(transcript.scroll_page)
        self.composer.model_button.picked.connect(self._pick)
        transcript.again_wanted.connect(self.try_again)
        transcript.continue_wanted.connect(self.continue_answer)
        transcript.edit_wanted.connect(self._begin_edit)
        transcript.edited.connect(self._take_edit)
        transcript.version_wanted.connect(self._choose_version)
        transcript.link_wanted.connect(self._link_question.ask)

    # Models

    def set_models(self, models: Sequence[InstalledModel], wanted: str, *, load: bool = True) -> None:
        """What is on this computer; `wanted`: id or path of the one chosen last. Loads it, the first time,
        where `load` says so.
        """
        before = self.model
        if self.choice.set_models(models, wanted):
            self._instruct(before)
            if load:
                self.choice.load(self._conversation.options.context_length)

    def load_again(self) -> None:
        """Load the model as it would be loaded now, after what is going on, wherever the keyboard is."""
        self.banners.close_banner()
        self.choice.load(self._conversation.options.context_length, again=True)

    def reload(self, context_length: int | None = None) -> None:
        """Load the model again by hand, with another context length where one is given."""
        if context_length is not None:
            options = msgspec.structs.replace(self._conversation.options, context_length=context_length)
            self._take_options(options)
        self.banners.close_banner()
        self.choice.load(self._conversation.options.context_length, again=True)
        self.focus_input()

    def load_file(self, path: str) -> None:
        """Choose the model that lies at `path`, where it is still there."""
        found = next((one for one in self.choice.models or () if str(one.path) == path), None)
        if found is not None:
            self._pick(found.id)

    def _pick(self, model_id: str) -> None:
        before = self.model
        if self.choice.choose(model_id):
            self._instruct(before)
            self.banners.close_banner()
            self.choice.load(self._conversation.options.context_length)
            self._conversation.model = model_id
            self.keeper.save_options(self._conversation)
            self.model_chosen.emit(model_id)
        self.focus_input()

    def _instruct(self, before: InstalledModel | None) -> None:
        """Give a chat without a word the instructions that the model brings, unless it has its own."""
        conversation = self._conversation
        own = conversation.system_prompt not in ("", before.system_prompt if before else "")
        if self.model is not None and not conversation.messages and not own:
            conversation.system_prompt = self.model.system_prompt
            self._refresh()

    # Conversations

    def open_stored(self, *, latest: bool) -> None:
        """As there; what was deleted when the program ran last is offered again."""
        self.keeper.find_deleted(self.deleting.offer_again)
        super().open_stored(latest=latest)

    def start_new_chat(self) -> None:
        """Leave the conversation as it is and begin another."""
        self._show_new_chat()
        self.focus_input()

    def _show_new_chat(self) -> None:
        conversation = Conversation(options=self._new_options())
        if self.model is not None:
            conversation.system_prompt = self.model.system_prompt
        self._show(conversation)

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete stored conversations; for a while it can be undone."""
        numbers = tuple(number for number in numbers if number)
        for number in numbers:
            live = self.answering.answers.of_stored(number)
            if live is not None:
                self.answering.stop(live)
        shown = self._conversation.id if self._conversation.id in numbers else 0
        if shown:
            had_focus = self.list.isAncestorOf(self.window().focusWidget() or self)
            self._show_new_chat()
            if not had_focus:
                self.focus_input()
        titles = [self._summaries[one].title for one in numbers if one in self._summaries]
        self.deleting.delete(numbers, titles, shown)

    def _come_back(self, shown: int) -> None:
        """Deleting was undone; `shown`: the conversation that was shown until then."""
        if shown and not self._conversation.messages and self.live is None:
            self.open_conversation(shown)
        self.focus_input()

    def copy_conversation(self) -> None:
        """Put the whole conversation on the clipboard, as Markdown."""
        QGuiApplication.clipboard().setText(conversation_markdown(self._conversation))

    # Asking

    def send(self, text: str) -> None:
        """Say `text` and have it answered."""
        self._ask(text, None)

    def _ask(self, text: str, at: int | None) -> None:
        conversation, model = self._conversation, self.model
        if model is None or self.live is not None:
            # It cannot be said now. What was written is kept.
            self.composer.put_back(text)
            self._draw_conversation(at)
            return
        self.banners.close_banner()
        if not conversation.messages:
            conversation.title, conversation.model = make_title(text), model.id
        self.choice.accept()
        self.answering.ask(conversation, text, model, at)
        # Only after the message is on its way to the disk: at no moment is it in neither place.
        self.drafts.save()
        self._draw_conversation()

    def try_again(self) -> None:
        """Have the last message answered again."""
        self._answer(self.answering.answer_again)

    def continue_answer(self) -> None:
        """Go on with an answer that was cut off."""
        messages = self._conversation.messages
        if messages and messages[-1].role == "assistant":
            self._answer(self.answering.continue_answer)

    def _answer(self, begin: Callable[[Conversation, InstalledModel], LiveAnswer]) -> None:
        if self.model is not None and self.live is None and self._conversation.messages:
            self.banners.close_banner()
            self.choice.accept()
            begin(self._conversation, self.model)
            self._draw_conversation()
            self.focus_input()

    def stop(self) -> None:
        """End the answer that is shown, or the loading."""
        if self.live is not None:
            self.answering.stop(self.live)
        else:
            self.choice.stop()

    def escape(self) -> None:
        """Take back a question; stop what is going on; otherwise close what is open, the last first."""
        if self._link_question.escape():
            return
        if self.live is not None or self.choice.loading:
            self.stop()
        elif not self.find_bar.isHidden():
            self.close_find()
        elif self.banners.banner is not None:
            self.banners.close_banner()
        elif not self.drawer.isHidden():
            self.show_drawer(False)

    def _begin_edit(self, index: int) -> None:
        if self.live is None:
            self.transcript.begin_edit(index)

    def _take_edit(self, index: int, text: str) -> None:
        conversation = self._conversation

        def failed(error: UserError) -> None:
            self.drafts.give_back(conversation.id, text)
            self._redraw(conversation, index)
            self.show_error(error)

        if self.live is not None or conversation.messages[index].role == "user":
            self._ask(text, index)
            self.focus_input()
        else:
            self.keeper.run(
                lambda store: store.edit_answer(conversation, index, text),
                lambda _: self._redraw(conversation, index),
                failed,
            )

    def _choose_version(self, index: int, version: int) -> None:
        conversation = self._conversation
        if self.live is None:
            self.keeper.run(
                lambda store: store.choose_version(conversation, index, version),
                lambda _: self._redraw(conversation, index),
            )

    # What comes of it

    def _take_stored(self, live: LiveAnswer) -> None:
        if self._is_shown(live):
            self._wanted = live.conversation.id
            self.drafts.keep_as(live.conversation.id)
            self._show_head()
            self.transcript.refresh_records(live.conversation)
        self.keeper.refresh()

    def _take_rejected(self, live: LiveAnswer, text: str, error: UserError) -> None:
        """As if it had not been sent."""
        if not live.conversation.messages:
            live.conversation.title = ""
        self.drafts.give_back(live.conversation.id, text)
        if self._is_shown(live):
            self._draw_conversation()
            self.show_error(error)
        else:
            self.show_notice(error)

    def _take_error(self, live: LiveAnswer, error: UserError) -> None:
        if self._is_shown(live):
            self._show_ways_on(error)
        else:
            self.show_notice(error)

    def _take_crash(self, live: LiveAnswer, report: str) -> None:
        again = (BannerAction(tr("Try again"), self.try_again),) if self._is_shown(live) else ()
        self.show_report(report, *again)

    def _take_finished(self, live: LiveAnswer) -> None:
        self.keeper.note_unsaved(live.conversation)
        if self._is_shown(live):
            self._draw_end(live)
            if live.end is None:
                # An engine that has gone told no figures of its own; those that are known are of before.
                self._context_tokens = live.tokens or self._context_tokens
            end = live.end
            if end is not None and end.reason == "context_full" and end.needed_tokens > end.context_length:
                self._context_tokens = end.needed_tokens
                self._tell_too_long(live.conversation, end)
            self.drafts.count()
        self.keeper.refresh()
        self._take_change()
        self._refresh()

    def _tell_too_long(self, conversation: Conversation, end: End) -> None:
        """Say what can be done: a chat of one message does not get shorter in a new one."""
        longer = BannerAction(tr("Change the context length"), lambda: self.show_drawer(True))
        if len(conversation.messages) == 1:
            other = BannerAction(tr("Edit the message"), lambda: self._begin_edit(0))
        else:
            other = BannerAction(tr("New chat"), self.start_new_chat)
        only = len(conversation.messages) == 1
        self.banners.show_banner(too_long_banner(self._theme, end, other, longer, only_message=only))

    def _take_choice(self) -> None:
        self.list.set_model_titles({one.id: one.title for one in self.choice.models or ()})
        self._missing_model.look_at(self._conversation)
        self.drafts.count()
        self._count_conversation()
        self._refresh()

    def _show_ways_on(self, error: UserError) -> None:
        asked = bool(self._conversation.messages) and self._conversation.messages[-1].role == "user"
        again = self.try_again if asked else None
        self.show_error(error, *ways_on(error, self._inference.state, self.reload, again))
        if error.key in GONE:
            self._missing_model.expect(self._conversation)
        if error.key in SHORT_OF_MEMORY:
            self.short_of_memory.emit(error)

    # The drawer and the draft

    def _take_options(self, options: ChatOptions) -> None:
        self._conversation.options = options
        self.keeper.save_options(self._conversation)
        self._show_situation()

    def _take_instructions(self, text: str) -> None:
        self._conversation.system_prompt = text
        self.keeper.save_options(self._conversation)
        self.empty.set_instructions(text)
        self.drafts.count()

    # The end

    def rest(self) -> None:
        """The window is about to go: no timer goes on, and what is written is on its way to the disk."""
        self._meter_timer.stop()
        for number, text in self.transcript.open_edits():
            self.drafts.add(number, text)
        self.drafts.close()
        self.deleting.close()

    def store_rest(self) -> bool:
        """Store what is still on its way; False: a thread is stuck. Blocks: the window has gone."""
        return self.keeper.close()

    def store_unsaved(self) -> None:
        """Try once more to store answers that could not be. Blocks: called when the last one has ended."""
        self.keeper.store_unsaved(self.answering.answers.conversations())
