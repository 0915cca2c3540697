"""What went wrong, as plain data: no words yet, so that it can cross a process boundary and be tested."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Fact: TypeAlias = str | int | float
"""A value that a sentence mentions: a name, a count, a size in bytes. Words are made from it at the door."""


class ErrorKind(enum.IntEnum):
    """What sort of thing failed. The value is the exit code of the command line."""

    USAGE = 2
    MODEL = 3
    GENERATION = 4
    NETWORK = 5
    POLICY = 6
    STORAGE = 7
    """What is kept on this computer cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence by its key in `messages.sentences`, with the facts it mentions."""

    key: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


class UserError(Exception):
    """Something a person should read: what happened, why, what to do next, and details for the log.

    `key` names an `ErrorText` in `messages.sentences`. Anything raised that is not a `UserError` is a bug.
    Cancelling is never an error.
    """

    def __init__(self, key: str, kind: ErrorKind, *, details: str = "", **facts: Fact) -> None:
        # Not the facts: whatever prints an exception by itself would write them down.
        super().__init__(key)
        self.key = key
        self.kind = kind
        self.facts: Mapping[str, Fact] = facts
        self.details = details

    def __str__(self) -> str:
        """For logs and test reports only; people are shown `messages.error_sentences`.

        Without the facts that are text: they may quote the conversation, which no log may hold.
        """
        numbers = {name: fact for name, fact in self.facts.items() if not isinstance(fact, str)}
        head = f"{self.key} ({self.kind.name})" + (f" {numbers}" if numbers else "")
        return head + (f"\n{self.details}" if self.details else "")
