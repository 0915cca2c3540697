"""An error for people, as the terminal says it."""

from __future__ import annotations

from slmdesk.messages import ErrorKind, UserError, error_sentences, one_line

# A model that needs more memory than there is fails like any other file: its name and the reason say it all.
_TOO_LARGE_A_MODEL = ("memory-too-small", "engine-out-of-memory-loading", "engine-ended-by-system-loading")


def in_terminal(error: UserError) -> str:
    """The error in one sentence, "what: why.", and where an engine or a model failed, one more: what to try.

    An error about a file is the one sentence that names the file and the reason.
    """
    from_an_engine = error.kind in (ErrorKind.MODEL, ErrorKind.GENERATION)
    about_a_file = "file" in error.facts or error.key in _TOO_LARGE_A_MODEL
    return with_advice(error) if from_an_engine and not about_a_file else one_line(error)


def with_advice(error: UserError) -> str:
    """The error in one sentence and what to try in another, where there is something."""
    return f"{one_line(error)} {error_sentences(error).do}".rstrip()
