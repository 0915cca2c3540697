"""What the chat says about the engine, in the composer and where a conversation has not begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.messages import tr
from slmdesk.ui.state import EngineState, Phase

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel
    from slmdesk.ui.chat.answers import LiveAnswer
    from slmdesk.ui.chat.view import ChatView


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that decides what can be done now, and what is said about it."""

    state: EngineState
    model: InstalledModel | None
    """Who answers the next message; None: there is no model that could."""
    live: LiveAnswer | None
    """The answer to the conversation shown that is on its way."""
    has_messages: bool
    load_wanted: bool
    """A request to load the model is not over."""
    context_tokens: int
    """What the conversation took of the context when it was answered last."""
    draft_tokens: int | None
    """What it would take with the text in the composer, where there is any."""
    first: str = ""
    """What has to be done before any model can answer; empty: one can, or nothing is known yet."""
    next_context_length: int = 0
    """Tokens that the model will keep when the next message is sent; 0: as many as it keeps now."""

    @property
    def loading(self) -> bool:
        """Whether a model is being loaded, or about to be."""
        return self.state.phase is Phase.LOADING or (self.load_wanted and self.state.report is None)

    @property
    def gone(self) -> bool:
        """Whether the engine has ended or refused with the model that answers the next message."""
        failed, next_one = self.state.model, self.model
        if self.state.phase is not Phase.FAILED:
            return False
        return failed is None or next_one is None or failed.id == next_one.id

    @property
    def context_length(self) -> int:
        """In tokens, what is being answered has or the next message will have; 0: no model is loaded."""
        if self.state.report is None:
            return 0
        loaded = self.state.report.context_length
        return loaded if self.live is not None else self.next_context_length or loaded

    def hint(self) -> str:
        """What stands in the empty input."""
        if self.first:
            return self.first
        if self.live is not None and self.live.stopped:
            return tr("Stopping the answer.")
        if self.live is not None:
            return tr("Write the next message. Esc stops the answer.")
        if self.gone and self.state.given_up:
            return tr("You can keep writing. Reload the model to go on.")
        if self.gone:
            return tr("You can keep writing. Sending reloads the model first.")
        if self.has_messages:
            return tr("Write the next message. Enter sends, Shift+Enter starts a new line.")
        return tr("Ask anything. Enter sends, Shift+Enter starts a new line.")

    def show_in(self, view: ChatView) -> None:
        """Tell every part of the chat that depends on it."""
        state, model, live = self.state, self.model, self.live
        is_loaded = state.report is not None and state.phase is not Phase.FAILED
        composer = view.composer
        composer.model_button.set_loaded(str(state.model.path) if state.model and is_loaded else "")
        composer.set_state(
            can_send=model is not None and live is None,
            can_stop=live is not None or self.loading,
            stopping=live is not None and live.stopped,
            hint=self.hint(),
        )
        view.transcript.set_can_continue(
            model is not None and live is None and not self.loading and not self.gone,
            tr("Both become available once the model is loaded again.") if self.gone else "",
        )
        self.show_meter(view)
        if model is not None:
            self._show_head(view, model)

    def show_meter(self, view: ChatView) -> None:
        """Tell the composer how full the context is, or what is going on."""
        composer, live = view.composer, self.live
        if self.loading and (self.has_messages or live is not None):
            percent = tr("Loading {percent}%").format(percent=round(self.state.fraction * 100))
            composer.set_progress(percent, self.state.fraction)
        elif live is not None and not live.began:
            composer.set_progress(tr("Waits for another answer"), 0.0)
        elif live is not None and self.state.phase is Phase.READING:
            composer.set_progress(tr("Reading your message"), self.state.fraction)
        elif live is not None:
            composer.set_context(live.tokens or self.context_tokens, self.context_length)
        elif self.draft_tokens is not None:
            composer.set_context(self.draft_tokens, self.context_length)
        else:
            composer.set_context(self.context_tokens, self.context_length)

    def _show_head(self, view: ChatView, model: InstalledModel) -> None:
        state = self.state
        is_this = state.model is not None and state.model.id == model.id
        if self.loading:
            head = tr("Loading {model}").format(model=model.title)
            view.empty.set_head(head, state.fraction if state.phase is Phase.LOADING else 0.0)
        elif is_this and state.report is not None and not self.gone:
            view.empty.set_head(tr("{model} is ready").format(model=model.title), None)
        else:
            view.empty.set_head(tr("{model} is not loaded").format(model=model.title), None)
