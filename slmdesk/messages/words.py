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
    words = {name: _fact_in_words(name, value) for name, value in facts.items()}
    have, need = facts.get("have_bytes"), facts.get("need_bytes")
    if have != need and "have_bytes" in words and words["have_bytes"] == words.get("need_bytes"):
        # A file that lacks one byte would have as much as it should.
        for name in ("have_bytes", "need_bytes"):
            count = int(facts[name])
            exact = tr_n("{count} byte", "{count} bytes", count)
            words[name] = exact.format(count=numbers.format_integer(count))
    return template.format_map(words)


def _form(text: str | Plural, facts: Mapping[str, Fact]) -> str:
    """The template in the person's language and the number that the facts ask for."""
    if isinstance(text, Plural):
        return tr_n(text.one, text.many, int(facts[text.count]))
    return tr(text) if text else ""


def _closed(template: str, clause: str) -> str:
    """The clause as a sentence of its own: capital letter, full stop.

    A fact that leads it (a file name), or a name such as llama.cpp, is written as it is.
    """
    if not clause:
        return ""
    keeps_its_case = template.startswith("{") or "." in clause.split(maxsplit=1)[0].rstrip(".,:")
    end = "" if clause[-1] in ".?!…" else "."
    return (clause if keeps_its_case else clause[0].upper() + clause[1:]) + end


def say(message: Message) -> str:
    """The message in the person's language.

    Raises KeyError for a key or a fact that does not exist: a bug, which the tests look for.
    """
    return _fill(_form(SENTENCES[message.key], message.facts), message.facts)


def error_sentences(error: UserError, *, in_doctor: bool = False) -> ErrorSentences:
    """What happened, why, and what to do next, each a closed sentence (or empty).

    `in_doctor`: `slmdesk doctor` says it, which sends nobody to itself.
    """
    text = ERRORS[error.key]
    do = text.do_in_doctor if in_doctor and text.do_in_doctor else text.do
    forms = [_form(part, error.facts) for part in (text.what, text.why, do)]
    return ErrorSentences(*(_closed(form, _fill(form, error.facts)) for form in forms))


def one_line(error: UserError) -> str:
    """The error as one sentence for a terminal: what happened, and the reason behind a colon."""
    text = ERRORS[error.key]
    what, why = _form(text.what, error.facts), _form(text.why, error.facts)
    line = f"{_fill(what, error.facts)}: {_fill(why, error.facts)}" if why else _fill(what, error.facts)
    return " ".join(_closed(what, line).split())
