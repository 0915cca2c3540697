"""The colours of words in code, by what they are. All are readable on `surface_sunken`."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtGui import QColor

from slmdesk.ui.theme.theme import Theme


class SyntaxColors(NamedTuple):
    """Colours by role, as sRGB hex."""

    keyword: str
    string: str
    number: str
    comment: str
    function: str


SYNTAX_LIGHT = SyntaxColors(
    keyword="#8A2B86", string="#1A6F3D", number="#A84A0E", comment="#65635E", function="#2A4EBB"
)
SYNTAX_DARK = SyntaxColors(
    keyword="#E39BE0", string="#7ED3A0", number="#F0A873", comment="#9A9894", function="#9DB3FF"
)


def syntax_color(theme: Theme, role: str) -> QColor:
    """The colour of `role`, a field of `SyntaxColors`, in the palette in use."""
    return QColor(getattr(SYNTAX_DARK if theme.dark else SYNTAX_LIGHT, role))
