"""Sentences for people, and the one kind of error that is meant for them.

A room below the fronts never writes a sentence: it raises a `UserError` or returns a `Message`, a key with
facts. `say`, `headline` and `one_line` put them into words in the person's language, for the window and the
command line alike.
"""

from slmdesk.messages.errors import ErrorKind, Fact, Message, UserError
from slmdesk.messages.facts import facts_of_error
from slmdesk.messages.language import Language, choose_language, current_language, tr, tr_n
from slmdesk.messages.numbers import format_bytes, format_integer, format_number, format_seconds
from slmdesk.messages.sentences.texts import N_, NP_
from slmdesk.messages.times import format_moment
from slmdesk.messages.words import error_sentences, one_line, say

__all__ = [
    "NP_",
    "N_",
    "ErrorKind",
    "Fact",
    "Language",
    "Message",
    "UserError",
    "choose_language",
    "current_language",
    "error_sentences",
    "facts_of_error",
    "format_bytes",
    "format_integer",
    "format_moment",
    "format_number",
    "format_seconds",
    "one_line",
    "say",
    "tr",
    "tr_n",
]
