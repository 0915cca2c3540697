"""Colours, sizes, icons, and the one place that names them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette
from PySide6.QtWidgets import QApplication

import slmdesk.ui
from slmdesk.storage import resources_folder
from slmdesk.ui.icons import application_icon, icon_pixmap
from slmdesk.ui.theme import (
    DARK,
    LIGHT,
    MOTION_MS,
    Colors,
    MotionChoice,
    TextRole,
    Theme,
    contrast_ratio,
    is_dark,
    text_scale,
)
from slmdesk.ui.theme.motion import is_still
from slmdesk.ui.theme.syntax import SYNTAX_DARK, SYNTAX_LIGHT, SyntaxColors

UI = Path(slmdesk.ui.__file__).parent
ICONS = resources_folder() / "icons"

GROUNDS = ("window", "surface", "surface_sunken", "surface_raised", "hover", "pressed", "selection", "bubble")
TEXT_PAIRS = [
    *(("text", ground) for ground in (*GROUNDS, "negative_soft", "caution_soft", "positive_soft")),
    *(("text_secondary", ground) for ground in (*GROUNDS, "negative_soft", "caution_soft")),
    *(("accent_text", fill) for fill in ("accent", "accent_hover", "accent_pressed")),
    *(("accent_ink", ground) for ground in ("window", "surface", "surface_raised", "selection")),
    ("positive", "window"),
    ("positive", "surface"),
    ("positive", "positive_soft"),
    ("positive", "selection"),
    ("negative", "window"),
    ("negative", "surface"),
    ("negative", "surface_raised"),
    ("negative", "negative_soft"),
    ("caution", "caution_soft"),
    ("caution", "surface_raised"),
    ("tooltip_text", "tooltip"),
]
MARK_PAIRS = [
    ("border_mark", "surface"),
    ("border_mark", "surface_raised"),
    ("accent", "surface"),
    ("accent_ink", "negative_soft"),
    ("accent_ink", "caution_soft"),
    ("border_mark", "surface_sunken"),
    ("accent_ink", "hover"),
    ("tooltip_text", "tooltip"),
]


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_every_text_can_be_read(colors: Colors, ink: str, ground: str) -> None:
    assert contrast_ratio(getattr(colors, ink), getattr(colors, ground)) >= 4.5


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARK_PAIRS)
def test_every_mark_can_be_seen(colors: Colors, mark: str, ground: str) -> None:
    assert contrast_ratio(getattr(colors, mark), getattr(colors, ground)) >= 3


@pytest.mark.parametrize(
    ("syntax", "colors"), [(SYNTAX_LIGHT, LIGHT), (SYNTAX_DARK, DARK)], ids=["light", "dark"]
)
@pytest.mark.parametrize("role", SyntaxColors._fields)
def test_every_word_of_code_can_be_read(syntax: SyntaxColors, colors: Colors, role: str) -> None:
    assert contrast_ratio(getattr(syntax, role), colors.surface_sunken) >= 4.5


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("choice", "system", "dark"),
    [
        ("light", Qt.ColorScheme.Dark, False),
        ("dark", Qt.ColorScheme.Light, True),
        ("system", Qt.ColorScheme.Dark, True),
        ("system", Qt.ColorScheme.Light, False),
        ("system", Qt.ColorScheme.Unknown, False),
    ],
)
def test_the_theme_is_a_function_of_the_choice(choice: str, system: Qt.ColorScheme, dark: bool) -> None:
    assert is_dark(choice, system) is dark  # type: ignore[arg-type]


def test_choosing_a_theme_changes_the_palette(qapp: QApplication, theme: Theme) -> None:
    theme.choose("dark")
    assert qapp.palette().color(QPalette.ColorRole.Base) == QColor(DARK.surface)
    theme.choose("light")
    assert qapp.palette().color(QPalette.ColorRole.Base) == QColor(LIGHT.surface)


def test_the_system_theme_is_followed(theme: Theme) -> None:
    theme.choose("system")
    seen: list[bool] = []
    theme.changed.connect(lambda: seen.append(theme.dark))
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert seen == [QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark]


@pytest.mark.parametrize(
    ("points", "dpi", "platform", "scale"),
    [
        (9, 96, "win32", 1),
        (13.5, 96, "win32", 1.5),
        (13, 72, "darwin", 1),
        (11, 96, "linux", 1),
        (11, 144, "linux", 1.5),
        (9, 96, "linux", 1),
        (100, 96, "linux", 3),
    ],
)
def test_the_text_grows_with_the_systems(points: float, dpi: float, platform: str, scale: float) -> None:
    assert text_scale(points, dpi, platform) == pytest.approx(scale)


@pytest.mark.parametrize(
    ("choice", "system", "still"),
    [("system", True, True), ("system", False, False), ("on", False, True), ("off", True, False)],
)
def test_motion_is_a_function_of_the_choice(choice: MotionChoice, system: bool, still: bool) -> None:
    assert is_still(choice, system) is still


def test_nothing_takes_time_to_move_where_motion_is_reduced(theme: Theme) -> None:
    theme.set_reduce_motion("off")
    assert theme.motion_ms == MOTION_MS
    seen: list[bool] = []
    theme.changed.connect(lambda: seen.append(theme.reduce_motion))
    theme.set_reduce_motion("on")
    theme.set_reduce_motion("on")
    assert seen == [True]
    assert theme.motion_ms == 0


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="needs a D-Bus of its own")
def test_a_desktop_that_wants_no_motion_is_heard() -> None:
    talk = ["dbus-run-session", "--", sys.executable, "-m", "tests.ui.talk_to_desktop"]
    done = subprocess.run(talk, capture_output=True, text=True, timeout=60)
    # What it says at first, and what it says when the person changes it.
    assert done.stdout.split() == ["True", "False"], done.stderr


@pytest.mark.parametrize("scale", [1.0, 2.0, 3.0])
def test_sizes_and_fonts_grow_together(qapp: QApplication, scale: float) -> None:
    theme = Theme(qapp, "light", scale=scale)
    assert theme.sizes.button == round(32 * scale)
    assert theme.font(TextRole.BASE).pixelSize() == round(13 * scale)
    assert theme.line_height(TextRole.BASE) == round(18 * scale)


def test_no_colour_or_size_is_named_elsewhere() -> None:
    literal = re.compile(
        r"""["']#[0-9A-Fa-f]{3,8}["']|QColor\(["'\d]|Qt\.GlobalColor\.(?!transparent)"""
        r"|set(Fixed|Minimum|Maximum)(Width|Height|Size)\([1-9]|set(ContentsMargins|Spacing)\([^)]*[1-9]"
        r"|addSpacing\([1-9]|setPixelSize\([1-9]|setPointSize"
    )
    found = [
        f"{file.relative_to(UI)}:{number}: {line.strip()}"
        for file in UI.rglob("*.py")
        if file.name not in ("tokens.py", "theme.py", "syntax.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if literal.search(line)
    ]
    assert not found, "\n".join(found)


def _icons_used() -> set[str]:
    present = {file.stem for file in ICONS.glob("*.svg")}
    words = {
        word
        for file in UI.rglob("*.py")
        for word in re.findall(r'"([a-z]+(?:-[a-z0-9]+)*)"', file.read_text())
    }
    return present & words


def test_only_icons_in_use_are_shipped() -> None:
    assert {file.stem for file in ICONS.glob("*.svg")} == _icons_used()
    assert "ISC License" in (ICONS / "LICENSE").read_text()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0, 3.0])
def test_icons_are_drawn_in_the_pixels_of_the_screen(qapp: QApplication, ratio: float) -> None:
    pixmap = icon_pixmap("check", 18, QColor("red"), ratio)
    assert pixmap.width() == round(18 * ratio)
    assert pixmap.devicePixelRatio() == ratio


def test_icons_take_the_colour_and_are_made_once(qapp: QApplication) -> None:
    red = icon_pixmap("check", 18, QColor("red"), 1.0)
    image = red.toImage().convertToFormat(QImage.Format.Format_ARGB32)
    drawn = [
        image.pixelColor(x, y) for x in range(18) for y in range(18) if image.pixelColor(x, y).alpha() > 200
    ]
    assert drawn
    assert all(color.red() > 200 and color.green() < 50 for color in drawn)
    assert icon_pixmap("check", 18, QColor("red"), 1.0).cacheKey() == red.cacheKey()
    assert icon_pixmap("check", 18, QColor("blue"), 1.0).cacheKey() != red.cacheKey()


def test_the_program_has_an_icon(qapp: QApplication) -> None:
    assert {16, 256} <= {size.width() for size in application_icon().availableSizes()}
