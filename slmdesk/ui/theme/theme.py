"""The look that is chosen, and its fonts, palette and sizes."""

from __future__ import annotations

import sys
from typing import Literal, TypeAlias

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QToolTip

from slmdesk.ui.theme.motion import MotionChoice, is_still, system_keeps_still
from slmdesk.ui.theme.tokens import DARK, LIGHT, MOTION_MS, Colors, TextRole, make_sizes

ThemeChoice: TypeAlias = Literal["system", "light", "dark"]

# The size in points and the dots per inch at which a system shows text that nobody has made larger.
_USUAL_POINTS = {"win32": 9.0, "darwin": 13.0}
_USUAL_POINTS_ELSEWHERE = 11.0
_USUAL_DPI = {"darwin": 72.0}
_USUAL_DPI_ELSEWHERE = 96.0
_LARGEST_SCALE = 3.0


def is_dark(choice: ThemeChoice, system: Qt.ColorScheme) -> bool:
    """Whether `choice` means dark on a system that asks for `system`. One that does not say is light."""
    if choice == "system":
        return system is Qt.ColorScheme.Dark
    return choice == "dark"


def text_scale(points: float, dpi: float, platform: str = sys.platform) -> float:
    """How much larger than usual the system shows text: 1 to 3. Smaller text than usual counts as usual."""
    usual = _USUAL_POINTS.get(platform, _USUAL_POINTS_ELSEWHERE)
    scale = max(1.0, points / usual) * dpi / _USUAL_DPI.get(platform, _USUAL_DPI_ELSEWHERE)
    return min(max(scale, 1.0), _LARGEST_SCALE)


class Theme(QObject):
    """Colours, fonts and sizes of the window, and the application's palette made from them.

    One per application, made after it, on the GUI thread. Widgets read `colors` when they paint and update
    on `changed`; sizes and fonts never change while the window is open.
    """

    changed = Signal()

    def __init__(self, app: QApplication, choice: ThemeChoice, *, scale: float | None = None) -> None:
        """`scale`: the text scale to use in place of the system's, 1 to 3."""
        super().__init__()
        self._app = app
        self._choice = choice
        self._motion: MotionChoice = "system"
        self._system_still = system_keeps_still()
        hints = QGuiApplication.styleHints()
        screen = QGuiApplication.primaryScreen()
        dpi = screen.logicalDotsPerInchY() if screen else _USUAL_DPI_ELSEWHERE
        # An application whose font is set in pixels says -1 point.
        points = app.font().pointSizeF()
        self.text_scale = scale or (text_scale(points, dpi) if points > 0 else 1.0)
        self.sizes = make_sizes(self.text_scale)
        self._fonts = {role: self._make_font(role) for role in TextRole}
        self.colors: Colors = LIGHT
        app.setFont(self.font(TextRole.BASE))
        QToolTip.setFont(self.font(TextRole.SECONDARY))
        self._apply()
        hints.colorSchemeChanged.connect(self._apply)

    @property
    def choice(self) -> ThemeChoice:
        """What the person chose."""
        return self._choice

    @property
    def dark(self) -> bool:
        """Whether the dark palette is in use."""
        return self.colors is DARK

    @property
    def reduce_motion(self) -> bool:
        """Whether nothing may move of itself: no slides, no turning marks, no fades."""
        return is_still(self._motion, self._system_still)

    @property
    def motion_ms(self) -> int:
        """How long a change may take to be shown; 0 where nothing may move."""
        return 0 if self.reduce_motion else MOTION_MS

    def set_reduce_motion(self, choice: MotionChoice) -> None:
        """Keep still always ("on"), never ("off"), or as the system asks."""
        before = self.reduce_motion
        self._motion = choice
        if self.reduce_motion != before:
            self.changed.emit()

    def follow_system_motion(self) -> None:
        """Ask a desktop that answers over D-Bus whether to keep still, and follow when it changes.

        Called once, when the window has been painted: it reads a library that nothing else needs. The answer
        comes later; elsewhere than on Linux and its kin the system has been asked already.
        """
        if sys.platform not in ("win32", "darwin"):
            from slmdesk.ui.theme.portal import MotionWatch

            MotionWatch(self._follow_motion, self)

    def set_style(self) -> None:
        """Give the application its style. Called when the window shows: until then nothing needs it."""
        from slmdesk.ui.theme.style import WindowStyle

        self._app.setStyle(WindowStyle(self.sizes))

    def choose(self, choice: ThemeChoice) -> None:
        """Use `choice` from now on."""
        self._choice = choice
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        # So that the title bar, which the system draws, follows. Where the system cannot, nothing happens.
        QGuiApplication.styleHints().setColorScheme(schemes.get(choice, Qt.ColorScheme.Unknown))
        self._apply()

    def font(self, role: TextRole) -> QFont:
        """The font of a kind of text."""
        return QFont(self._fonts[role])

    def line_height(self, role: TextRole) -> int:
        """Pixels from one line to the next."""
        return round(role.value.line * self.text_scale)

    def color(self, role: str) -> QColor:
        """A colour of the palette in use, by the name of its role in `Colors`."""
        return QColor(getattr(self.colors, role))

    def _follow_motion(self, still: bool) -> None:
        before = self.reduce_motion
        self._system_still = still
        if self.reduce_motion != before:
            self.changed.emit()

    def _make_font(self, role: TextRole) -> QFont:
        fixed = QFontDatabase.SystemFont.FixedFont
        font = QFontDatabase.systemFont(fixed) if role is TextRole.MONO else QFont(self._app.font())
        font.setPixelSize(round(role.value.px * self.text_scale))
        font.setWeight(QFont.Weight(role.value.weight))
        # Figures that keep their width do not jump while they change.
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def _apply(self) -> None:
        dark = is_dark(self._choice, QGuiApplication.styleHints().colorScheme())
        self.colors = DARK if dark else LIGHT
        palette = self._make_palette()
        self._app.setPalette(palette)
        tip = QPalette(palette)
        tip.setColor(QPalette.ColorRole.ToolTipBase, self.color("tooltip"))
        tip.setColor(QPalette.ColorRole.ToolTipText, self.color("tooltip_text"))
        QToolTip.setPalette(tip)
        self.changed.emit()

    def _make_palette(self) -> QPalette:
        role = QPalette.ColorRole
        palette = QPalette()
        for where, name in (
            (role.Window, "window"),
            (role.WindowText, "text"),
            (role.Base, "surface"),
            (role.AlternateBase, "surface_sunken"),
            (role.Text, "text"),
            (role.PlaceholderText, "text_secondary"),
            (role.Button, "surface_raised"),
            (role.ButtonText, "text"),
            (role.BrightText, "negative"),
            (role.Link, "accent_ink"),
            (role.Accent, "accent"),
            (role.Highlight, "accent"),
            (role.HighlightedText, "accent_text"),
            (role.ToolTipBase, "tooltip"),
            (role.ToolTipText, "tooltip_text"),
            (role.Mid, "border"),
            (role.Dark, "border_control"),
            (role.Light, "surface_raised"),
        ):
            palette.setColor(where, self.color(name))
        for where in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, where, self.color("text_disabled"))
        return palette
