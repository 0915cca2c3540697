"""Colours, sizes, icons, and the one place that names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette
from PySide6.QtWidgets import QApplication

import slmdesk.ui
from slmdesk.storage import resources_folder
from slmdesk.ui.icons import application_icon, icon_pixmap
from slmdesk.ui.theme import DARK, LIGHT, Colors, Theme, contrast_ratio, is_dark, text_scale

UI = Path(slmdesk.ui.__file__).parent
ICONS = resources_folder() / "icons"

GROUNDS = ("window", "surface", "surface_sunken", "surface_raised", "hover", "pressed", "selection", "bubble")
TEXT_PAIRS = [
    *(("text", ground) for ground in (*GROUNDS, "negative_soft", "caution_soft")),
    *(("text_secondary", ground) for ground in (*GROUNDS, "negative_soft")),
    *(("accent_text", fill) for fill in ("accent", "accent_hover", "accent_pressed")),
    *(("accent_ink", ground) for ground in ("window", "surface", "surface_raised", "selection")),
    ("positive", "window"),
    ("positive", "surface"),
    ("negative", "window"),
    ("negative", "negative_soft"),
    ("caution", "caution_soft"),
    ("tooltip_text", "tooltip"),
]
MARK_PAIRS = [
    ("border_mark", "surface"),
    ("border_mark", "surface_raised"),
    ("accent", "surface"),
    ("accent_ink", "negative_soft"),
]


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_every_text_can_be_read(colors: Colors, ink: str, ground: str) -> None:
    assert contrast_ratio(getattr(colors, ink), getattr(colors, ground)) >= 4.5


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARK_PAIRS)
def test_every_mark_can_be_seen(colors: Colors, mark: str, ground: str) -> None:
    assert contrast_ratio(getattr(colors, mark), getattr(colors, ground)) >= 3


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


def test_no_colour_or_size_is_named_elsewhere() -> None:
    literal = re.compile(
        r"""["']#[0-9A-Fa-f]{3,8}["']|QColor\(["'\d]|Qt\.GlobalColor\.(?!transparent)"""
        r"|set(Fixed|Minimum|Maximum)(Width|Height|Size)\([1-9]|set(ContentsMargins|Spacing)\([^)]*[1-9]"
        r"|addSpacing\([1-9]|setPixelSize\([1-9]|setPointSize"
    )
    found = [
        f"{file.relative_to(UI)}:{number}: {line.strip()}"
        for file in UI.rglob("*.py")
        if file.name not in ("tokens.py", "theme.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if literal.search(line)
    ]
    assert not found, "\n".join(found)


def _icons_used() -> set[str]:
    present = {file.stem for file in ICONS.glob("*.svg")}
    words = {
        word for file in UI.rglob("*.py") for word in re.findall(r'"([a-z]+(?:-[a-z]+)*)"', file.read_text())
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
