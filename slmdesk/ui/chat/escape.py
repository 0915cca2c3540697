"""Esc means something to the window; a control that needs it first says so when Qt asks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent


def is_escape_claim(event: QEvent) -> bool:
    """Whether Qt asks if a control wants Esc for itself, before the window's shortcut has it."""
    return (
        event.type() == QEvent.Type.ShortcutOverride
        and isinstance(event, QKeyEvent)
        and event.key() == Qt.Key.Key_Escape
    )
