"""The context menu of a text that can be edited."""

from __future__ import annotations

from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QTextEdit

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.menu import Menu


def open_text_menu(
    theme: Theme, edit: QLineEdit | QPlainTextEdit | QTextEdit, event: QContextMenuEvent
) -> Menu:
    """Open what Qt offers for `edit` (undo, cut, copy, paste, select all) as a menu in the program's look."""
    standard = edit.createStandardContextMenu()
    menu = Menu(theme, edit)
    # They belong to the menu that Qt made, which goes with ours.
    standard.setParent(menu)
    for action in standard.actions():
        menu.addAction(action)
    menu.open_at(event.globalPos())
    return menu
