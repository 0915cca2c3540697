"""An error for people, as the terminal says it."""

from __future__ import annotations

from slmdesk.messages import ErrorKind, UserError, error_sentences, one_line


def in_terminal(error: UserError) -> str:
    """The error in one sentence, "what: why.", and what to do in another; not where the command line was
    wrong, which click says how to look up.
    """
    return one_line(error) if error.kind is ErrorKind.USAGE else with_advice(error)


def with_advice(error: UserError, *, in_doctor: bool = False) -> str:
    """The error in one sentence and what to do in another, where there is something.

    `in_doctor`: see `error_sentences`.
    """
    return f"{one_line(error)} {error_sentences(error, in_doctor=in_doctor).do}".rstrip()
