"""What can be done with a conversation of the list, or with several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slmdesk.messages import format_integer, tr, tr_n
from slmdesk.ui.widgets.menu import Menu


@dataclass(frozen=True, slots=True)
class RowActions:
    """Who is called for each row of the menu."""

    rename: Callable[[int], object]
    pin: Callable[[int, bool], object]
    delete: Callable[[tuple[int, ...]], object]


def fill_row_menu(
    menu: Menu, conversation: int, chosen: tuple[int, ...], actions: RowActions, *, pinned: bool
) -> None:
    """Fill `menu` for the `chosen` conversations; `conversation` is the one it was opened on."""
    if len(chosen) == 1:
        menu.add(tr("Rename"), lambda: actions.rename(conversation), icon="pencil", shortcut="F2")
        menu.add(
            tr("Unpin") if pinned else tr("Pin"),
            lambda: actions.pin(conversation, not pinned),
            icon="pin-off" if pinned else "pin",
        )
        menu.add_divider()
        words = tr("Delete")
    else:
        words = tr_n("Delete {count} chat", "Delete {count} chats", len(chosen)).format(
            count=format_integer(len(chosen))
        )
    menu.add(words, lambda: actions.delete(chosen), icon="trash-2", shortcut="Del", destructive=True)
