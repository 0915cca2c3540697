"""Tooltips that show their text letter for letter."""

from __future__ import annotations

import html

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget


def plain_tooltip(text: str) -> str:
    """`text` for a tooltip. Qt would read a name from a file that looks like HTML as HTML."""
    if "<" not in text and "&" not in text:
        return text
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'


def set_tooltip(target: QWidget | QAction, text: str) -> None:
    """Give a widget or an action a tooltip; an empty one is none."""
    target.setToolTip(plain_tooltip(text))
