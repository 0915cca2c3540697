"""A conversation as it is kept and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from slmdesk.chat.options import ChatOptions
from slmdesk.engines import ChatMessage, EndReason, Stats

MessageState: TypeAlias = Literal["writing", "complete", "stopped", "failed", "lost"]
"""`writing`: the answer is still coming; `stopped`: the person, a limit or the end of the program ended it;
`failed`: the engine did; `lost`: it was damaged on the disk and no backup had its text, which is empty."""

_TITLE_LENGTH = 60


@dataclass(slots=True)
class ChatMessageRecord:
    """One message of a conversation. `id` is 0 while it is not stored.

    Messages with the same message before them are versions of each other: a person's message that was
    edited, an answer that was asked for again. A conversation shows one of them and what followed it.
    """

    id: int
    role: Literal["user", "assistant"]
    text: str
    state: MessageState
    model_title: str
    created_at: float
    """Seconds since 1970, UTC."""
    end_reason: EndReason | None = None
    """Of a message of the person: why the model could not begin to answer it."""
    stats: Stats | None = None
    """What the run took that wrote its end."""
    reasoning: str = ""
    """What the model thought before it answered. Never shown to a model again."""
    reasoning_seconds: float = 0
    version: int = 1
    """Its place among its versions, from 1, the oldest."""
    versions: int = 1
    unsaved: bool = field(default=False, compare=False, repr=False)
    """It could not be stored as it is now; the next message that is stored takes it along."""

    @property
    def can_be_continued(self) -> bool:
        """Whether it is the beginning of an answer, which a model can go on with."""
        return (
            self.role == "assistant"
            and self.state in ("stopped", "failed")
            and bool(self.text or self.reasoning)
        )


@dataclass(slots=True)
class Conversation:
    """Messages in order, and how they are answered. `id` is 0 while it is not stored."""

    id: int = 0
    title: str = ""
    system_prompt: str = ""
    messages: list[ChatMessageRecord] = field(default_factory=list)
    """Of each message the version that was chosen."""
    pinned: bool = False
    model: str = ""
    """Id of the model that was chosen for it; empty: none was."""
    options: ChatOptions = field(default_factory=ChatOptions)
    named: bool = False
    """Whether a person gave it its title; otherwise it is the beginning of the first message."""
    updated_at: float = 0
    """When something was last written in it, in seconds since 1970, UTC; 0 while it is not stored."""

    def prompt(self, draft: str = "") -> tuple[ChatMessage, ...]:
        """The conversation as the model is shown it, with `draft` as if it had been sent.

        Instructions first. Reasoning, empty answers and lost messages are left out, and answers whose
        question was lost. Messages of the person that got no answer are joined to the next one: many chat
        templates refuse two messages of one side in a row.
        """
        said: list[ChatMessage] = [ChatMessage("system", self.system_prompt)] if self.system_prompt else []

        def say(text: str) -> None:
            if said and said[-1].role == "user":
                said[-1] = ChatMessage("user", f"{said[-1].content}\n\n{text}")
            else:
                said.append(ChatMessage("user", text))

        # A copy: an answer may take its place in another thread meanwhile.
        for one in tuple(self.messages):
            if not one.text:
                continue
            if one.role == "user":
                say(one.text)
            elif said and said[-1].role == "user":
                said.append(ChatMessage("assistant", one.text))
        if draft:
            say(draft)
        return tuple(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSummary:
    """What a list of conversations says about one of them."""

    id: int
    title: str
    model_title: str
    """Of the newest answer; empty where there is none."""
    updated_at: float
    """Seconds since 1970, UTC."""
    pinned: bool = False
    draft: bool = False
    """Whether something is written there and not sent."""
    model: str = ""
    """Id of the model that was chosen for it; empty: none was."""


def make_title(text: str) -> str:
    """A title from the first thing said: its first line with something on it, cut at a word.

    Tabs and rows of blanks become one blank.
    """
    line = next((joined for joined in (" ".join(one.split()) for one in text.splitlines()) if joined), "")
    if len(line) <= _TITLE_LENGTH:
        return line
    # One more character tells whether the last word is whole.
    words, _, _ = line[: _TITLE_LENGTH + 1].rpartition(" ")
    return (words.rstrip() or line[:_TITLE_LENGTH]) + "…"


def whole_characters(text: str) -> str:
    """`text` as it can be stored and shown to a model: a half of a surrogate pair becomes U+FFFD.

    Windows' keyboards and clipboards can produce them, and no encoding of Unicode can.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
