"""The one door at which keys and facts become sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.messages import numbers
from slmdesk.messages.language import tr, tr_n
from slmdesk.messages.sentences import ERRORS, SENTENCES, Plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slmdesk.messages.errors import Fact, Message, UserError

# A control character in a file name must not reach a terminal, and a hostile name must not fill the window.
_LONGEST_FACT = 200


@dataclass(frozen=True, slots=True)
class ErrorSentences:
    """The three sentences of an error, in the person's language."""

    what: str
    why: str
    do: str


def _fact_in_words(name: str, value: Fact) -> str:
    if isinstance(value, str):
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
        if len(shown) > _LONGEST_FACT:
            half = _LONGEST_FACT // 2
            shown = shown[:half] + "…" + shown[-half:]
        return shown
    if name.endswith("_bytes"):
        return numbers.format_bytes(int(value))
    if name.endswith("_memory"):
        return numbers.format_bytes(int(value), binary=True)
    if isinstance(value, float):
        return numbers.format_number(value)
    return numbers.format_integer(value)


def _fill(template: str, facts: Mapping[str, Fact]) -> str:
    return template.format_map({name: _fact_in_words(name, value) for name, value in facts.items()})


def _sentence(text: str | Plural, facts: Mapping[str, Fact]) -> str:
    if isinstance(text, Plural):
        return _fill(tr_n(text.one, text.many, int(facts[text.count])), facts)
    return _fill(tr(text), facts) if text else ""


def _closed(template: str | Plural, clause: str) -> str:
    """The clause as a sentence of its own: capital letter, full stop."""
    if not clause:
        return ""
    end = "" if clause[-1] in ".?!…" else "."
    # A file name that leads the sentence is written as it is.
    leads = (template.one if isinstance(template, Plural) else tr(template)).startswith("{")
    return (clause if leads else clause[0].upper() + clause[1:]) + end


def say(message: Message) -> str:
    """The message in the person's language.

    Raises KeyError for a key or a fact that does not exist: a bug, which the tests look for.
    """
    return _sentence(SENTENCES[message.key], message.facts)


def error_sentences(error: UserError) -> ErrorSentences:
    """What happened, why, and what to do next, each a closed sentence (or empty)."""
    text = ERRORS[error.key]
    what, why, do = (
        _closed(template, _sentence(template, error.facts)) for template in (text.what, text.why, text.do)
    )
    return ErrorSentences(what, why, do)


def one_line(error: UserError) -> str:
    """The error as one sentence for a terminal: what happened, and the reason behind a colon."""
    text = ERRORS[error.key]
    what, why = _sentence(text.what, error.facts), _sentence(text.why, error.facts)
    line = f"{what}: {why}" if why else what
    return " ".join(_closed(text.what, line).split())
