"""Typing where nothing takes it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

_CONTROL = Qt.KeyboardModifier.ControlModifier
_ALT = Qt.KeyboardModifier.AltModifier
_META = Qt.KeyboardModifier.MetaModifier


def typed_text(event: QKeyEvent) -> str:
    """What a key writes; nothing for keys that do something, the space bar among them.

    AltGr, which writes on many keyboards, is Ctrl and Alt together to Qt on Windows.
    """
    text, keys = event.text(), event.modifiers() & (_CONTROL | _ALT | _META)
    writes = keys in (Qt.KeyboardModifier.NoModifier, _CONTROL | _ALT)
    return text if writes and text.isprintable() and text.strip() else ""
