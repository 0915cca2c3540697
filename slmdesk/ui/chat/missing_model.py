"""Saying that another model answers than the one wanted, or none does, because that one cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slmdesk.messages import error_sentences, tr
from slmdesk.ui.widgets.banner import Banner, BannerAction, BannerTone

if TYPE_CHECKING:
    from slmdesk.chat import Conversation
    from slmdesk.ui.chat.banners import BannerArea
    from slmdesk.ui.chat.model_choice import ModelChoice
    from slmdesk.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class _Words:
    """What the note says; `turn_on`: an engine that was turned off is what stands in the way."""

    what: str
    why: str
    do: str
    turn_on: bool


class MissingModel:
    """Shows a note in the place of the chat's problems while it is true, until the person closes it.

    Where the model that answers next has answered this conversation already, the person knows, unless the one
    that is gone was asked just now.
    """

    def __init__(
        self,
        theme: Theme,
        banners: BannerArea,
        choice: ModelChoice,
        choose: Callable[[], None],
        open_engines: Callable[[], None],
    ) -> None:
        """`choose` lets the person choose a model, `open_engines` turn an engine on."""
        self._theme = theme
        self._banners = banners
        self._choice = choice
        self._choose = BannerAction(tr("Choose a model"), choose)
        self._open_engines = BannerAction(tr("Engines and devices"), open_engines)
        # By id and by path. What has gone cannot be asked any more.
        self._titles: dict[str, str] = {}
        self._told: tuple[Conversation, _Words] | None = None
        self._note: Banner | None = None
        # In which the model was asked and was not there.
        self._asked: Conversation | None = None

    def expect(self, conversation: Conversation) -> None:
        """The model of `conversation` was asked just now, and is not there. The list does not tell yet."""
        self._asked = conversation

    def look_at(self, conversation: Conversation) -> None:
        """Another conversation is shown, or another model answers, or there are other models."""
        models = self._choice.models
        if models is None:
            return
        self._titles.update((name, one.title) for one in models for name in (one.id, str(one.path)))
        words = self._words(conversation)
        if words is None:
            self._take_back()
        elif self._told is None or self._told[0] is not conversation or self._told[1] != words:
            self._told = conversation, words
            action = self._open_engines if words.turn_on else self._choose
            actions = (action,) if models else ()
            self._note = Banner(
                self._theme,
                words.what,
                words.why,
                words.do,
                "",
                actions,
                tone=BannerTone.NOTE,
                suggests=False,
            )
            self._banners.show_banner(self._note)

    def _words(self, conversation: Conversation) -> _Words | None:
        """What is true now; None: nothing that the person would not see."""
        choice, model = self._choice, self._choice.model
        own = choice.find(choice.wanted)
        answers = [one.model_title for one in conversation.messages if one.role == "assistant"]
        if model is not None:
            known = conversation is not self._asked and answers and answers[-1] == model.title
            if not choice.stands_in or known:
                return None
            do = tr("{model} will answer your next message.").format(model=model.title)
        else:
            # Before the first message the page says so, and the list of models why.
            if not choice.wanted or (own is not None and not conversation.messages):
                return None
            do = choice.what_to_do_first()
        turn_on = model is None and bool(choice.engines_off)
        if own is not None and own.problem is not None:
            what = tr("{model} cannot be used any more.").format(model=own.title)
            return _Words(what, error_sentences(own.problem).why, do, turn_on)
        what = tr("{model} is no longer on this computer.").format(model=self._title(conversation, answers))
        return _Words(what, "", do, turn_on)

    def _title(self, conversation: Conversation, answers: list[str]) -> str:
        """Of the model wanted, which has gone: as it was listed, as it signed its answers, or its id."""
        wanted = self._choice.wanted
        signed = answers[-1] if answers and wanted == conversation.model else ""
        name = Path(wanted).name if Path(wanted).is_absolute() else wanted
        return self._titles.get(wanted) or signed or name

    def _take_back(self) -> None:
        if self._note is not None and self._banners.banner is self._note:
            self._banners.close_banner()
        self._note = self._told = None
