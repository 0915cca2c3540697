"""Answers that are on their way, each in its conversation, whether that is the one shown or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.chat import ChatMessageRecord, Conversation
    from slmdesk.engines import End
    from slmdesk.library import InstalledModel


@dataclass(slots=True)
class LiveAnswer:
    """One answer, from the person's message until it is over."""

    conversation: Conversation
    """Owned by the inference thread as long as this lives; read here with care."""
    model: InstalledModel
    started_at: float
    """Seconds since 1970, UTC."""
    before: tuple[ChatMessageRecord, ...]
    """The messages above the answer, the person's last one among them."""
    ticket: int | None = None
    """None: the person's message is not stored yet."""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    began: bool = False
    """It has its turn: no other answer is before it."""
    stopped: bool = False
    """The person does not want it any more."""
    prompt_tokens: int = 0
    pieces: int = 0
    """In how many pieces text and reasoning came: about as many as their tokens."""
    end: End | None = None
    failed: bool = False

    @property
    def grew(self) -> bool:
        """Whether anything has come that was not there before."""
        return self.pieces > 0

    @property
    def tokens(self) -> int:
        """About what the conversation takes of the context now; 0: not known yet."""
        return self.prompt_tokens + self.pieces if self.prompt_tokens else 0


class LiveAnswers:
    """Finds them by ticket and by conversation, of which each has one at most."""

    def __init__(self) -> None:
        self._all: list[LiveAnswer] = []

    def add(self, answer: LiveAnswer) -> None:
        """One more."""
        self._all.append(answer)

    def drop(self, answer: LiveAnswer) -> None:
        """It is over."""
        self._all.remove(answer)

    def with_ticket(self, ticket: int) -> LiveAnswer | None:
        """The one that has this ticket."""
        return next((one for one in self._all if one.ticket == ticket), None)

    def of(self, conversation: Conversation) -> LiveAnswer | None:
        """The one that belongs to `conversation`."""
        return next((one for one in self._all if one.conversation is conversation), None)

    def of_stored(self, number: int) -> LiveAnswer | None:
        """The one that belongs to the stored conversation with this id."""
        return next((one for one in self._all if one.conversation.id == number), None)

    def conversations(self) -> list[Conversation]:
        """Those that are being answered."""
        return [one.conversation for one in self._all]

    def conversation_ids(self) -> tuple[frozenset[int], frozenset[int]]:
        """Stored conversations that are being answered, and those that wait for it."""
        stored = [one for one in self._all if one.conversation.id]
        return (
            frozenset(one.conversation.id for one in stored if one.began),
            frozenset(one.conversation.id for one in stored if not one.began),
        )
