"""The keys of the window: one table, from which they are bound and shown."""

from slmdesk.ui.shortcuts.sheet import ShortcutSheet
from slmdesk.ui.shortcuts.table import Shortcut, ShortcutGroup, shortcut_groups

__all__ = ["Shortcut", "ShortcutGroup", "ShortcutSheet", "shortcut_groups"]
