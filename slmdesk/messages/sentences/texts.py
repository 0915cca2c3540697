"""The shapes of a sentence in the table."""

from __future__ import annotations

from dataclasses import dataclass


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for a string marked and translated later
    """Mark a string for extraction."""
    return text


@dataclass(frozen=True, slots=True)
class Plural:
    """A sentence whose form depends on the whole number that the fact `count` holds."""

    one: str
    many: str
    count: str


def NP_(one: str, many: str, count: str) -> Plural:  # noqa: N802
    """Mark a sentence with two forms for extraction."""
    return Plural(one, many, count)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The sentences of an error, as clauses without a full stop: "{name} cannot be loaded", "it is empty".

    `why` starts in lower case, so that a terminal can print "what: why" as one sentence; the window shows it
    as a sentence of its own.
    """

    what: str | Plural
    why: str | Plural = ""
    do: str | Plural = ""
    do_in_doctor: str | Plural = ""
    """What `slmdesk doctor` itself says in place of `do`, where that sends people there."""
