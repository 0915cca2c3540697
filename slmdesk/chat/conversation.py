"""A conversation as it is kept and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from slmdesk.engines import ChatMessage, EndReason, Stats

MessageState: TypeAlias = Literal["writing", "complete", "stopped", "failed"]
"""`writing`: the answer is still coming (or the program was killed while it came); `stopped`: the person or a
limit ended it; `failed`: the engine did."""

_TITLE_LENGTH = 60


@dataclass(slots=True)
class ChatMessageRecord:
    """One message of a conversation. `id` is 0 while it is not stored."""

    id: int
    role: Literal["user", "assistant"]
    text: str
    state: MessageState
    model_title: str
    created_at: float
    """Seconds since 1970, UTC."""
    end_reason: EndReason | None = None
    stats: Stats | None = None


@dataclass(slots=True)
class Conversation:
    """Messages in order, and what the model is told before them. `id` is 0 while it is not stored."""

    id: int = 0
    title: str = ""
    system_prompt: str = ""
    messages: list[ChatMessageRecord] = field(default_factory=list)

    def prompt(self) -> tuple[ChatMessage, ...]:
        """The conversation as the model is shown it: instructions first, empty answers left out.

        Messages of the person that got no answer are joined to the next one, because many chat templates
        refuse two messages of one side in a row.
        """
        said: list[ChatMessage] = [ChatMessage("system", self.system_prompt)] if self.system_prompt else []
        for one in self.messages:
            if one.role == "assistant" and not one.text:
                continue
            if said and said[-1].role == one.role:
                said[-1] = ChatMessage(one.role, f"{said[-1].content}\n\n{one.text}")
            else:
                said.append(ChatMessage(one.role, one.text))
        return tuple(said)


def make_title(text: str) -> str:
    """A title from the first thing said: its first line with something on it, cut at a word."""
    line = next((stripped for stripped in map(str.strip, text.splitlines()) if stripped), "")
    if len(line) <= _TITLE_LENGTH:
        return line
    # One more character tells whether the last word is whole.
    words, _, _ = line[: _TITLE_LENGTH + 1].rpartition(" ")
    return (words.rstrip() or line[:_TITLE_LENGTH]) + "…"
