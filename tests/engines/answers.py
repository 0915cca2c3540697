"""Answers of an engine, collected whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from slmdesk.engines.protocol import (
    ChatMessage,
    End,
    Event,
    PromptProgress,
    Reasoning,
    Sampling,
    Stats,
    Text,
)

SYSTEM = ChatMessage("system", "You are a helpful assistant.")
GREEDY = Sampling(temperature=0)


@dataclass
class Answer:
    """Everything that one answer was."""

    text: str
    stats: Stats
    end: End
    pieces: list[str] = field(default_factory=list)
    reasoning: str = ""
    progress: list[PromptProgress] = field(default_factory=list)


def collect(events: Iterator[Event], on_event: Callable[[Event], None] = lambda event: None) -> Answer:
    """Read an answer to its end, and check the order of its events."""
    pieces, thoughts, progress, stats, end = [], [], [], None, None
    for event in events:
        assert end is None, "nothing comes after End"
        on_event(event)
        if isinstance(event, Text):
            assert event.text
            pieces.append(event.text)
        elif isinstance(event, Reasoning):
            assert event.text
            thoughts.append(event.text)
        elif isinstance(event, PromptProgress):
            progress.append(event)
        elif isinstance(event, Stats):
            stats = event
        else:
            assert stats is not None, "Stats comes before End"
            end = event
    assert stats is not None
    assert end is not None
    return Answer("".join(pieces), stats, end, pieces, "".join(thoughts), progress)


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def assistant(text: str) -> ChatMessage:
    return ChatMessage("assistant", text)
