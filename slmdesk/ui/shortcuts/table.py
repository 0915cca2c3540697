"""Every key that does something, with what it does."""

from __future__ import annotations

from dataclasses import dataclass

from slmdesk.messages import tr


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys, as Qt's portable text writes them, for one thing. On macOS Qt reads Ctrl as Command."""

    keys: tuple[str, ...]
    """The first is the one that is shown."""
    words: str
    action: str = ""
    """What the window binds the keys to; empty: a widget takes them itself while it has the keyboard."""
    everywhere: bool = True
    """Otherwise only while the chat is shown."""


@dataclass(frozen=True, slots=True)
class ShortcutGroup:
    """Keys that belong together."""

    title: str
    shortcuts: tuple[Shortcut, ...]


def shortcut_groups() -> tuple[ShortcutGroup, ...]:
    """All of them, in the language spoken now."""
    return (
        ShortcutGroup(
            tr("Window"),
            (
                Shortcut(("Ctrl+1",), tr("Chat"), "show_chat"),
                Shortcut(("Ctrl+2",), tr("Models"), "show_models"),
                Shortcut(("Ctrl+,",), tr("Settings"), "show_settings"),
                Shortcut(("F1",), tr("Keyboard shortcuts"), "show_shortcuts"),
                Shortcut(("Esc",), tr("Stop the answer, or close what is open")),
            ),
        ),
        ShortcutGroup(
            tr("Reading"),
            (
                Shortcut(("PgUp",), tr("Scroll up by a page")),
                Shortcut(("PgDown",), tr("Scroll down by a page")),
                Shortcut(("Ctrl+F",), tr("Find in this chat"), "find", everywhere=False),
                Shortcut(("F3",), tr("Next place found"), "find_next", everywhere=False),
                Shortcut(("Shift+F3",), tr("Previous place found"), "find_previous", everywhere=False),
                Shortcut(("Ctrl+Shift+C",), tr("Copy the last answer"), "copy_answer", everywhere=False),
                Shortcut(("Ctrl+R",), tr("Answer again"), "answer_again", everywhere=False),
                Shortcut(("Ctrl++", "Ctrl+="), tr("Larger text"), "zoom_in"),
                Shortcut(("Ctrl+-",), tr("Smaller text"), "zoom_out"),
                Shortcut(("Ctrl+0",), tr("Text as large as usual"), "zoom_reset"),
            ),
        ),
        ShortcutGroup(
            tr("Chats"),
            (
                Shortcut(("Ctrl+N",), tr("New chat"), "new_chat"),
                Shortcut(("Ctrl+PgDown",), tr("Next chat in the list"), "next_chat", everywhere=False),
                Shortcut(("Ctrl+PgUp",), tr("Previous chat in the list"), "previous_chat", everywhere=False),
                Shortcut(("Ctrl+Shift+F",), tr("Search chats"), "search_chats", everywhere=False),
                Shortcut(("F2",), tr("Rename the selected chat")),
                Shortcut(("Del",), tr("Delete the selected chats")),
                Shortcut(("Ctrl+Z",), tr("Bring back what was deleted"), "undo_delete", everywhere=False),
            ),
        ),
        ShortcutGroup(
            tr("Models"),
            (
                Shortcut(("Ctrl+F",), tr("Search models")),
                Shortcut(("Enter",), tr("Go from the list to the variants")),
                Shortcut(("Ctrl+D",), tr("Compare with another model")),
            ),
        ),
        ShortcutGroup(
            tr("Writing"),
            (
                Shortcut(("Ctrl+L",), tr("Go to the input"), "focus_input"),
                Shortcut(("Ctrl+Enter",), tr("Send")),
                Shortcut(("Shift+Enter",), tr("New line")),
                Shortcut(("Ctrl+M",), tr("Choose a model"), "choose_model", everywhere=False),
                Shortcut(
                    ("Ctrl+D",), tr("Instructions and options of this chat"), "drawer", everywhere=False
                ),
            ),
        ),
    )
