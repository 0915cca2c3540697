"""Binding the keys of the table to what they do in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut

from slmdesk.ui.shortcuts.table import shortcut_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from slmdesk.ui.main_window import MainWindow


def window_actions(window: MainWindow) -> dict[str, Callable[[], object]]:
    """What each action of the table does, by its name. Called from `start` on."""
    chat = window.chat
    return {
        "show_chat": window.show_chat,
        "show_models": window.show_models,
        "show_settings": window.show_settings,
        "show_shortcuts": window.show_shortcuts,
        "new_chat": window.new_chat,
        "next_chat": lambda: chat.step_conversation(1),
        "previous_chat": lambda: chat.step_conversation(-1),
        "search_chats": chat.search_chats,
        "focus_input": window.show_chat,
        "choose_model": chat.composer.model_button.open_list,
        "undo_delete": chat.deleting.undo,
        "drawer": chat.toggle_drawer,
        "find": chat.open_find,
        "find_next": chat.transcript.find_next,
        "find_previous": chat.transcript.find_previous,
        "copy_answer": chat.transcript.copy_last_answer,
        "answer_again": chat.try_again,
        "zoom_in": lambda: window.zoom(1),
        "zoom_out": lambda: window.zoom(-1),
        "zoom_reset": lambda: window.zoom(0),
    }


def bind_keys(window: MainWindow) -> None:
    """Bind every key that has an action, in the window or in its chat alone."""
    actions = window_actions(window)
    for one in (one for group in shortcut_groups() for one in group.shortcuts if one.action):
        for keys in one.keys:
            parent = window if one.everywhere else window.chat
            shortcut = QShortcut(QKeySequence(keys), parent, actions[one.action])
            if not one.everywhere:
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
