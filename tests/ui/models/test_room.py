"""The panel Models in windows of several sizes with text of several sizes: nothing is cut, all is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.ui import MainWindow, Theme
from slmdesk.ui.models import ModelsPanel
from slmdesk.ui.models.variant_model import QUALITY, VARIANT
from slmdesk.ui.models.variant_table import VariantTable
from slmdesk.ui.widgets.badge import Badge
from slmdesk.ui.widgets.labels import Label
from tests.ui.driving import focused, settle
from tests.ui.models.conftest import OpenPanel
from tests.ui.room import SMALL, USUAL, faults_of, scaled_theme, speak

LARGE_TEXT = 2.0


@pytest.fixture
def text_scale() -> float:
    return LARGE_TEXT


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Words are longer in Polish."""
    yield from speak(request.param)


@pytest.fixture
def theme(qapp: QApplication, text_scale: float) -> Iterator[Theme]:
    """In place of the usual one: with larger text."""
    yield from scaled_theme(qapp, text_scale)


def faults(panel: ModelsPanel) -> list[str]:
    """What a person could not read or reach of what is shown."""
    judged = Label | QAbstractButton | Badge | VariantTable
    return faults_of(panel, judged, _is_shortened, own_layout=(VariantTable,))


def _is_shortened(widget: QWidget) -> str:
    return "shortened" if isinstance(widget, Badge) and widget.width() < widget.sizeHint().width() else ""


def _list(panel: ModelsPanel) -> None:
    panel.panes.open_model(False)


def _filters(panel: ModelsPanel) -> None:
    panel.panes.open_model(False)
    panel.bar.fold_button.setChecked(True)


def _model(panel: ModelsPanel) -> None:
    panel.show_model("Qwen/Qwen3-4B")


def _compared(panel: ModelsPanel) -> None:
    panel.show_model("Qwen/Qwen3-4B")
    panel.compare_with("google/gemma-3-4b-it")


def _card(panel: ModelsPanel) -> None:
    panel.show_model("Qwen/Qwen3-4B")
    panel.card.show_waiting("Qwen3 4B", "Qwen/Qwen3-4B")
    panel.card.show_card("# A card\n\nSome text.")
    panel.stack.setCurrentWidget(panel.card)


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["900", "1280"])
@pytest.mark.parametrize("text_scale", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("language", ["en", "pl"], indirect=True)
def test_everything_is_read_and_reached(
    open_panel: OpenPanel, qtbot: QtBot, size: tuple[int, int], text_scale: float, language: str
) -> None:
    window, panel = open_panel(size=size)
    states: tuple[Callable[[ModelsPanel], None], ...] = (_list, _filters, _model, _compared, _card)
    found = {}
    for state in states:
        state(panel)
        settle(qtbot, window)
        # What wraps in another way makes what is around it be laid out once more.
        for _ in range(5):
            QApplication.processEvents()
        if wrong := faults(panel):
            found[state.__name__] = wrong
        # The list keeps room for a model, whatever stands over it.
        if panel.list.isVisible():
            assert panel.list.view.height() >= panel.list.view.sizeHintForRow(1)
    assert not found


def test_where_only_one_has_room_the_model_takes_the_place_of_the_list(
    open_panel: OpenPanel, qtbot: QtBot
) -> None:
    window, panel = open_panel(size=SMALL)
    assert panel.list.isVisible()
    assert not panel.detail.isVisible()
    panel.focus_first()
    QTest.keyClick(focused(), Qt.Key.Key_Down)
    settle(qtbot, window)
    chosen = panel.selected
    assert panel.list.isVisible()
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert panel.detail.isVisible()
    assert not panel.list.isVisible()
    assert focused() is panel.panes.back_button
    assert chosen is not None
    assert panel.detail.name.text() == chosen.model.name
    # Esc leads back to the list, and from there out.
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert panel.list.isVisible()
    assert focused() is panel.list.view
    index = panel.list.model.index_of(chosen.id)
    place = panel.list.view.visualRect(index).center()
    QTest.mouseClick(panel.list.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert panel.detail.isVisible()
    panel.panes.back_button.click()
    assert panel.list.isVisible()
    # A model that was asked for elsewhere is shown, and a wider window shows both.
    panel.show_model("Qwen/Qwen3-4B")
    settle(qtbot, window)
    assert panel.detail.isVisible()
    window.resize(1400, 800)
    assert panel.list.isVisible()
    assert panel.detail.isVisible()
    assert not panel.panes.back_button.isVisible()


@pytest.mark.parametrize("text_scale", [1.0])
@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["900", "1280"])
def test_at_the_usual_size_of_text_the_table_keeps_its_columns(
    open_panel: OpenPanel, qtbot: QtBot, size: tuple[int, int]
) -> None:
    table = shown_table(qtbot, open_panel(size=size))
    # Several repositories have the same quantization, so that names are long.
    assert any(len(table.variants.name_parts(row)) == 2 for row in range(table.variants.rowCount()))
    assert not table.columns.in_one


def test_filters_are_behind_a_button_where_they_would_take_the_room_of_the_list(
    open_panel: OpenPanel, qtbot: QtBot
) -> None:
    _, panel = open_panel(size=SMALL)
    assert not panel.bar.fits.isVisible()
    panel.bar.fold_button.click()
    assert panel.bar.fits.isVisible()
    assert panel.bar.scope.isVisible()
    panel.bar.fits.click()
    assert panel.bar.fold_button.text() == "Filters: 1"
    panel.bar.fold_button.click()
    assert not panel.bar.fits.isVisible()
    assert panel.list.view.isVisible()


def shown_table(qtbot: QtBot, opened: tuple[MainWindow, ModelsPanel]) -> VariantTable:
    window, panel = opened
    panel.show_model("Qwen/Qwen3-4B")
    settle(qtbot, window)
    return panel.detail.table


@pytest.mark.parametrize("text_scale", [1.0])
def test_in_a_table_that_gets_narrower_the_mark_of_the_best_goes_below_and_names_stay(
    open_panel: OpenPanel, qtbot: QtBot
) -> None:
    table = shown_table(qtbot, open_panel())
    best = next(row for row in range(table.variants.rowCount()) if table.variants.is_best(row))
    name = table.fontMetrics().horizontalAdvance(table.variants.name_parts(best)[0])
    table.setMinimumWidth(0)
    seen = []
    for width in range(900, 160, -8):
        table.setFixedWidth(width)
        QApplication.processEvents()
        columns = table.columns
        assert columns.widths[VARIANT] > name
        assert sum(columns.widths.values()) <= max(table.viewport().width(), 0)
        heights = {table.rowHeight(row) for row in range(table.variants.rowCount())}
        assert (len(heights) == 2) is columns.best_below
        assert table.height() == sum(table.rowHeight(row) for row in range(table.variants.rowCount())) + (
            0 if columns.in_one else table.horizontalHeader().height()
        )
        step = (QUALITY in columns.widths, columns.in_one, columns.best_below)
        if step not in seen:
            seen.append(step)
    assert seen[0] == (True, False, False)
    assert (True, False, True) in seen
    assert (False, False, False) in seen
    assert (False, True, False) in seen
    # In one column a row says all that the others said, to a screen reader, too.
    words = str(table.variants.index(best, VARIANT).data(Qt.ItemDataRole.AccessibleTextRole))
    assert "best here" in words
    assert "GiB" in words
    assert "tok/s" in words
    assert "Fits" in words


@pytest.mark.parametrize("text_scale", [1.0])
@pytest.mark.parametrize("width", [600, 300])
def test_the_ring_goes_around_the_whole_row(open_panel: OpenPanel, qtbot: QtBot, width: int) -> None:
    table = shown_table(qtbot, open_panel())
    table.setFixedWidth(width)
    table.window().activateWindow()
    table.setFocus(Qt.FocusReason.TabFocusReason)
    QApplication.processEvents()
    row = table.currentIndex().row()
    shown = sorted(table.columns.widths)
    box = table.visualRect(table.model().index(row, shown[0])).united(
        table.visualRect(table.model().index(row, shown[-1]))
    )
    image = table.viewport().grab().toImage()
    ink = table._theme.color("accent_ink").rgb()
    middle = box.center().y()
    assert image.pixelColor(box.left(), middle - 3).rgb() == ink
    assert image.pixelColor(box.right(), middle - 3).rgb() == ink
    assert image.pixelColor(box.center().x(), box.top()).rgb() == ink
    assert image.pixelColor(box.center().x(), box.bottom()).rgb() == ink
