"""How wide the parts beside a conversation are."""

from __future__ import annotations

from slmdesk.ui.theme import Theme

_LIST, _LIST_NARROW, _DRAWER = 256, 220, 304


def list_width(theme: Theme, *, narrow: bool) -> int:
    """Pixels for the list of conversations; `narrow`: in a narrow window."""
    return round((_LIST_NARROW if narrow else _LIST) * theme.text_scale)


def drawer_width(theme: Theme) -> int:
    """Pixels for the drawer."""
    return round(_DRAWER * theme.text_scale)
