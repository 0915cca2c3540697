"""Finds the lexer of a language and has it made ready beside the window.

Making one compiles its patterns, which takes from 1 to 130 ms. Only what Pygments itself brings is looked at:
a lookup by its own function would import whatever package on this computer says that it has lexers.
"""

from __future__ import annotations

import importlib
import logging
import re
import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[\w+#*.-]+")
_lock = threading.Lock()
_loading: set[str] = set()
_lexers: dict[str, Lexer | None] = {}


def load_lexer(language: str) -> Lexer | None:
    """The lexer of `language`, by any of its names; None where there is none. Blocks; any thread."""
    try:
        lexer = _make_lexer(language)
    except Exception:  # noqa: BLE001 - logged, and code without colours is no reason to lose an answer
        _log.exception("the lexer of %r could not be made", language)
        lexer = None
    with _lock:
        _lexers[language] = lexer
    return lexer


def lexer_when_ready(language: str) -> tuple[bool, Lexer | None]:
    """Whether it is known how to lex `language`, and the lexer. Never blocks: it is being found out."""
    with _lock:
        if language in _lexers:
            return True, _lexers[language]
        if language in _loading:
            return False, None
        _loading.add(language)
    threading.Thread(target=load_lexer, args=(language,), name=f"lexer {language}", daemon=True).start()
    return False, None


def _make_lexer(language: str) -> Lexer | None:
    name = _NAME.search(language)
    place = _places().get(name[0].lower().lstrip(".")) if name else None
    if place is None:
        return None
    module, class_name = place
    lexer: Lexer = getattr(importlib.import_module(module), class_name)()
    return lexer


@cache
def _places() -> dict[str, tuple[str, str]]:
    from pygments.lexers._mapping import LEXERS

    return {alias.lower(): (entry[0], name) for name, entry in LEXERS.items() for alias in entry[2]}
