"""Which language is spoken, and the gettext lookups behind it."""

from __future__ import annotations

import gettext
import locale
import os
from dataclasses import dataclass
from pathlib import Path

_DOMAIN = "slmdesk"


@dataclass(frozen=True, slots=True)
class Language:
    """A language the program speaks completely: its ISO 639-1 code and its own name for itself."""

    code: str
    name: str


ENGLISH = Language("en", "English")
POLISH = Language("pl", "Polski")
LANGUAGES = (ENGLISH, POLISH)


@dataclass
class _Spoken:
    language: Language
    translations: gettext.NullTranslations


_spoken = _Spoken(ENGLISH, gettext.NullTranslations())


def system_language() -> Language:
    """The language of the system, or English where it is not one of ours."""
    wanted = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    try:
        wanted.append(locale.getlocale()[0] or "")
    except ValueError:
        # A locale name that Python does not know says nothing about the language.
        wanted.append("")
    first = next((name for name in wanted if name), "")
    code = first[:2].lower()
    # Windows names its locales in words, for example Polish_Poland.
    return next((one for one in LANGUAGES if code == one.code and one is not ENGLISH), ENGLISH)


def choose_language(code: str, folder: Path) -> Language:
    """Speak `code` ("system", "en", "pl") from now on, with the catalogues below `folder`.

    A code that is not ours means English. Called once by a front, before anything is said.
    """
    language = system_language() if code == "system" else ENGLISH
    for one in LANGUAGES:
        if one.code == code:
            language = one
    translations: gettext.NullTranslations = gettext.NullTranslations()
    if language is not ENGLISH:
        translations = gettext.translation(_DOMAIN, folder, [language.code])
    _spoken.language, _spoken.translations = language, translations
    return language


def current_language() -> Language:
    """The language being spoken."""
    return _spoken.language


def tr(text: str) -> str:
    """The English `text` in the language being spoken. `text` must be a literal, so that it is extracted."""
    return _spoken.translations.gettext(text)


def tr_n(one: str, many: str, count: int) -> str:
    """The form of the sentence that fits `count`. Both forms must be literals."""
    return _spoken.translations.ngettext(one, many, count)
