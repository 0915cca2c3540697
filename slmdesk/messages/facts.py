"""Which facts the sentences of an error mention, for whoever gets an error from a place it does not trust."""

from __future__ import annotations

import string
from functools import cache

from slmdesk.messages.sentences import ERRORS, Plural


@cache
def facts_of_error(key: str) -> dict[str, bool] | None:
    """The facts that the sentences of `key` need, and of each whether it is the count of a plural form.

    None: there is no such error.
    """
    text = ERRORS.get(key)
    if text is None:
        return None
    wanted: dict[str, bool] = {}
    for part in (text.what, text.why, text.do, text.do_in_doctor):
        forms = (part.one, part.many) if isinstance(part, Plural) else (part,)
        for form in forms:
            for _, name, _, _ in string.Formatter().parse(form):
                if name:
                    wanted.setdefault(name, False)
        if isinstance(part, Plural):
            wanted[part.count] = True
    return wanted
