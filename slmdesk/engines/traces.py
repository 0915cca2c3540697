"""Tracebacks that may be logged: where a bug is, without a word of what was being worked on."""

from __future__ import annotations

import traceback


def describe_bug(error: BaseException) -> str:
    """The frames and types of `error` and of what it came from.

    Not the messages: those of Python and of libraries quote the values they are about, for example a part of
    the conversation, and this text ends up in a log.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{_name(type(current))}")
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return "\n\nwhich came from:\n\n".join(parts)


def _name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
