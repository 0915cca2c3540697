"""Showing where the words stand that a conversation was found by in the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.chat import Conversation
    from slmdesk.ui.chat.shown import ShownConversation


class FoundWords:
    """Opens the find bar at the first place, unless the words are in the name or in other versions alone."""

    def __init__(self, shown: ShownConversation) -> None:
        self._shown = shown
        self._number = 0
        self._words = ""
        shown.list.found_chosen.connect(self._take_choice)
        shown.conversation_shown.connect(self._look_at)

    def _take_choice(self, number: int, words: str) -> None:
        self._number, self._words = number, words
        self._look_at(self._shown.conversation)

    def _look_at(self, conversation: Conversation) -> None:
        if not self._number or conversation.id != self._number:
            return
        # As often as it was picked: who closed the bar does not want it again.
        self._number = 0
        words = self._words.casefold()
        if words and any(words in one.text.casefold() for one in conversation.messages):
            self._shown.open_find_for(self._words)
