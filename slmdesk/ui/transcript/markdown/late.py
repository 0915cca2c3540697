"""Which texts a definition that came after them gives another meaning."""

from __future__ import annotations

import re
from collections.abc import Callable

from slmdesk.ui.transcript.markdown.grammar import Environment

_LABEL = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]", re.DOTALL)
"""What may be the label of a link's definition: brackets in it are escaped."""


def late_meanings(environment: Environment) -> Callable[[str], bool]:
    """Tells whether a text, read before all of `environment` was known, may mean something else now.

    Without a definition only what was taken for the number of a footnote does.
    """
    references = environment["references"]

    def means_something_else(text: str) -> bool:
        if "[" not in text:
            return False
        if "[^" in text:
            return True
        return bool(references) and any(_normal(match[1]) in references for match in _LABEL.finditer(text))

    return means_something_else


def _normal(label: str) -> str:
    from markdown_it.common.utils import normalizeReference

    return normalizeReference(label)
