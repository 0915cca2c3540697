"""An error for people, as the terminal says it."""

from __future__ import annotations

from slmdesk.messages import ErrorKind, UserError, error_sentences, one_line


def in_terminal(error: UserError) -> str:
    """The error in one sentence, "what: why."; where an engine or a model failed, what to do in another."""
    from_an_engine = error.kind in (ErrorKind.MODEL, ErrorKind.GENERATION)
    return with_advice(error) if from_an_engine else one_line(error)


def with_advice(error: UserError, *, in_doctor: bool = False) -> str:
    """The error in one sentence and what to do in another, where there is something.

    `in_doctor`: see `error_sentences`.
    """
    return f"{one_line(error)} {error_sentences(error, in_doctor=in_doctor).do}".rstrip()
