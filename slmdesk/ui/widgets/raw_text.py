"""The text of an editor, letter for letter."""

from __future__ import annotations

from PySide6.QtGui import QTextDocument


def raw_text(document: QTextDocument) -> str:
    """What was written. Qt's own way would make plain spaces of no-break spaces."""
    raw = document.toRawText()
    return raw.replace("\N{PARAGRAPH SEPARATOR}", "\n").replace("\N{LINE SEPARATOR}", "\n")
