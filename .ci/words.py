"""Bring resources/locale up to date with what the program says, and compile it.

Run `python .ci/words.py` after any change of words, translate what it lists as missing in
resources/locale/*/LC_MESSAGES/slmdesk.po, and run it again. tests/messages fails until nothing is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {"tr": None, "tr_n": (1, 2), "N_": None, "NP_": (1, 2)}
LANGUAGES = ("pl",)


def _extracted(language: str) -> Catalog:
    # Dates, names and line numbers would change the file without a change of words.
    catalog = Catalog(locale=language, domain="slmdesk", project="SLM Desk", header_comment="# SLM Desk")
    found = extract_from_dir(ROOT / "slmdesk", [("**.py", "python")], keywords=KEYWORDS)
    for _, _, text, comments, _ in found:
        if text:
            catalog.add(text, auto_comments=comments)
    return catalog


def _bring_up_to_date(language: str) -> int:
    file = ROOT / "resources" / "locale" / language / "LC_MESSAGES" / "slmdesk.po"
    file.parent.mkdir(parents=True, exist_ok=True)
    catalog = _extracted(language)
    if file.exists():
        with file.open("rb") as stream:
            for entry in read_po(stream, locale=language):
                known = catalog.get(entry.id if isinstance(entry.id, str) else entry.id[0])
                if entry.id and known:
                    known.string = entry.string
    missing = 0
    for entry in catalog:
        strings = entry.string if isinstance(entry.string, list | tuple) else (entry.string,)
        if entry.id and not all(strings):
            missing += 1
            sys.stdout.write(f"{language}: missing: {entry.id!r}\n")
    with file.open("wb") as stream:
        write_po(stream, catalog, width=100, sort_output=True, omit_header=True)
    body = file.read_bytes()
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    file.write_bytes(header.encode() + body)
    with file.open("rb") as stream:
        compiled = read_po(stream, locale=language)
    with file.with_suffix(".mo").open("wb") as stream:
        write_mo(stream, compiled)
    return missing


if __name__ == "__main__":
    sys.exit(1 if sum(_bring_up_to_date(language) for language in LANGUAGES) else 0)
