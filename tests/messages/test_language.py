"""Which language is chosen, and that none of its strings is missing."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

import slmdesk
from slmdesk.messages import choose_language, current_language, tr
from slmdesk.messages.language import system_language
from slmdesk.storage import resources_folder

LOCALE = resources_folder() / "locale"
PACKAGE = Path(slmdesk.__file__).parent
KEYWORDS = {"tr": None, "tr_n": (1, 2), "N_": None, "NP_": (1, 2)}


def polish(kind: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Polish forms by English forms: one and one, or several and several."""
    file = LOCALE / "pl" / "LC_MESSAGES" / f"slmdesk.{kind}"
    with file.open("rb") as stream:
        catalog: Catalog = read_po(stream, locale="pl") if kind == "po" else read_mo(stream)
    return {forms(entry.id): forms(entry.string) for entry in catalog if entry.id and not entry.fuzzy}


def forms(text: object) -> tuple[str, ...]:
    """One string, or the forms of a plural."""
    if isinstance(text, str):
        return (text,)
    return tuple(str(form) for form in text) if isinstance(text, list | tuple) else ()


def said_in_the_program() -> dict[tuple[str, ...], str]:
    """Every string the program says, with the place that says it."""
    found = extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS)
    return {forms(text): f"{file}:{line}" for file, line, text, *_ in found if text}


def test_nothing_the_program_says_is_missing_in_polish() -> None:
    known = polish("po")
    missing = [
        f"{place}: {text[0]}"
        for text, place in said_in_the_program().items()
        if len(known.get(text, ())) != (1 if len(text) == 1 else 3) or not all(known[text])
    ]
    assert not missing, "\n".join(missing)


def test_polish_has_nothing_that_the_program_no_longer_says() -> None:
    said = said_in_the_program()
    assert [text for text in polish("po") if text not in said] == []


def test_placeholders_survive_translation() -> None:
    for english, strings in polish("po").items():
        for string in strings:
            # A singular form may say "one" in words.
            assert fields(string) <= fields(english[-1]), (english, string)
            assert len(english) > 1 or fields(string) == fields(english[0]), (english, string)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_compiled_catalogue_is_fresh() -> None:
    """`.ci/words.py` compiles it; gettext reads only the compiled one."""
    assert polish("mo") == {text: strings for text, strings in polish("po").items() if all(strings)}


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"LANG": "pl_PL.UTF-8"}, "pl"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "pl_PL.UTF-8"}, "pl"),
        ({"LC_ALL": "C", "LANG": "pl_PL.UTF-8"}, "en"),
    ],
)
def test_the_system_language(environment: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert system_language().code == code


def test_choosing_a_language_changes_what_is_said() -> None:
    choose_language("pl", LOCALE)
    try:
        assert current_language().name == "Polski"
        assert tr("Language") == "Język"
    finally:
        choose_language("en", LOCALE)
    assert tr("Language") == "Language"


def test_an_unknown_language_is_english() -> None:
    assert choose_language("xx", LOCALE).code == "en"
