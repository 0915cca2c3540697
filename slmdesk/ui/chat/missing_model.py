"""Saying that a conversation goes on with another model, because its own cannot be used any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.messages import error_sentences, tr
from slmdesk.ui.widgets.banner import Banner, BannerTone

if TYPE_CHECKING:
    from slmdesk.chat import Conversation
    from slmdesk.ui.chat.banners import BannerArea
    from slmdesk.ui.chat.model_choice import ModelChoice
    from slmdesk.ui.theme import Theme


class MissingModel:
    """Shows a note in the place of the chat's problems, once for a conversation that is opened.

    Where the model that answers next has answered already, the person knows.
    """

    def __init__(self, theme: Theme, banners: BannerArea, choice: ModelChoice) -> None:
        self._theme = theme
        self._banners = banners
        self._choice = choice
        self._told: Conversation | None = None
        self._note: Banner | None = None

    def look_at(self, conversation: Conversation) -> None:
        """Another conversation is shown, or there are other models."""
        models, model = self._choice.models, self._choice.model
        if models is None or model is None or not conversation.model or not conversation.messages:
            return
        own = next((one for one in models if one.id == conversation.model), None)
        if own is not None and own.problem is None:
            self._take_back()
            return
        answers = [one.model_title for one in conversation.messages if one.role == "assistant"]
        if conversation is self._told or (answers and answers[-1] == model.title):
            return
        self._told = conversation
        why = ""
        if own is not None:
            why = error_sentences(own.problem).why if own.problem is not None else ""
            what = tr("{model} cannot be used any more.").format(model=own.title)
        else:
            title = answers[-1] if answers and answers[-1] else conversation.model
            what = tr("{model} is no longer on this computer.").format(model=title)
        do = tr("{model} will answer your next message.").format(model=model.title)
        self._note = Banner(self._theme, what, why, do, "", (), tone=BannerTone.NOTE)
        self._banners.show_banner(self._note)

    def _take_back(self) -> None:
        if self._note is not None and self._banners.banner is self._note:
            self._banners.close_banner()
        self._note = self._told = None
