"""What a person set for one conversation."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from slmdesk.engines import LoadOptions, Sampling


class ChatOptions(Struct, frozen=True, kw_only=True):
    """How one conversation is answered. Whoever generates checks the values against the model."""

    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Strings that end an answer and are not part of it."""
    max_tokens: int | None = None
    """Most tokens of one answer; None: as many as the context has room for."""
    context_length: int | None = None
    """Tokens the KV cache holds; None: what `LoadOptions` say for every conversation."""
    thinking: bool | None = None
    """Whether the model reasons before it answers, where that is optional; None: its template decides."""

    def for_loading(self, load_options: LoadOptions) -> LoadOptions:
        """`load_options` with the context length of this conversation, where it has one of its own."""
        if self.context_length is None:
            return load_options
        return msgspec.structs.replace(load_options, context_length=self.context_length)
