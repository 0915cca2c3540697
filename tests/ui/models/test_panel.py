"""The panel Models on the curated list: what it shows, and what keys and clicks do."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAccessible, QPainter
from PySide6.QtTest import QTest
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from slmdesk.catalogue import CatalogueModel, load_curated
from slmdesk.fit import Verdict
from slmdesk.messages import ErrorKind, UserError
from slmdesk.net import Network
from slmdesk.offers import OfferFilter, OfferList
from slmdesk.storage import Paths, Settings
from slmdesk.ui import ModelAdvice
from slmdesk.ui.main_window import CHAT, MODELS
from slmdesk.ui.models import ModelsPanel, worker
from slmdesk.ui.widgets.list_row import draw_line_of_text
from slmdesk.ui.widgets.menu import Menu
from tests.hub.loopback import LoopbackHub
from tests.ui.advising import COMPUTER, GIB, make_advice
from tests.ui.driving import PATIENCE_MS, MakeWindow, focused, settle
from tests.ui.models.conftest import OpenPanel
from tests.ui.scripted import make_model

QWEN = "Qwen/Qwen3-4B"


def names(panel: ModelsPanel) -> list[str]:
    rows = range(panel.list.model.rowCount())
    offers = [panel.list.model.offer_at(panel.list.model.index(row)) for row in rows]
    return [one.model.name for one in offers if one is not None]


def heads(panel: ModelsPanel) -> list[str]:
    rows = range(panel.list.model.rowCount())
    return [str(panel.list.model.index(row).data()) for row in rows if panel.list.model.rows[row].is_head]


def show(qtbot: QtBot, opened: tuple[object, ModelsPanel], model_id: str) -> ModelsPanel:
    window, panel = opened
    panel.show_model(model_id)
    settle(qtbot, window)  # type: ignore[arg-type]
    return panel


def test_the_curated_list_is_grouped_by_verdict_and_dated(open_panel: OpenPanel, hub: LoopbackHub) -> None:
    _, panel = open_panel()
    curated = load_curated()
    assert len(names(panel)) == len(curated.models)
    assert heads(panel)[:2] == ["Run well here", "Run with limits"]
    assert panel.list.note.label.text() == f"Curated list of {curated.date}."
    assert panel.list.count.text() == f"{len(curated.models)} models"
    # The first one is shown beside the list, and nobody was asked for it.
    assert panel.selected is not None
    assert panel.selected.model.name == names(panel)[0]
    assert panel.detail.fit.headline.text() == "Fits with room to spare"
    assert not hub.requests


def test_the_models_are_sound(open_panel: OpenPanel, qtmodeltester: ModelTester) -> None:
    _, panel = open_panel()
    for wanted in ("qwen", "nothing like it", ""):
        panel.bar.search.set_value(wanted)
        panel.bar.search.changed.emit(wanted)
        qtmodeltester.check(panel.list.model)  # type: ignore[no-untyped-call]
        qtmodeltester.check(panel.detail.table.variants)  # type: ignore[no-untyped-call]


def test_typing_narrows_and_says_what_hides_the_rest(open_panel: OpenPanel, qtbot: QtBot) -> None:
    _, panel = open_panel()
    before = len(names(panel))
    panel.bar.focus_search()
    QTest.keyClicks(panel.bar.search.edit, "bielik")
    assert names(panel)
    assert all("Bielik" in one for one in names(panel))
    assert panel.list.count.text() == f"{len(names(panel))} of {before} models"
    QTest.keyClicks(panel.bar.search.edit, "zzz")
    assert panel.list.stack.currentWidget() is panel.list.empty
    assert panel.list.empty.why.text() == f"{before} are hidden by them."
    assert panel.list.empty.button is not None
    panel.list.empty.button.click()
    assert len(names(panel)) == before
    assert panel.bar.search.value == ""


def choose(menu: Menu, words: str) -> None:
    next(one for one in menu.actions() if one.text() == words).trigger()
    menu.close()


def test_filters_of_menus_narrow_and_say_so(open_panel: OpenPanel) -> None:
    _, panel = open_panel()
    choose(panel.bar.abilities.open_menu(), "Tools")
    assert panel.bar.abilities.text() == "Can do: tools"
    assert panel.bar.abilities.isChecked()
    choose(panel.bar.licence.open_menu(), "Also for work")
    choose(panel.bar.sizes.open_menu(), "Micro, below 1.5 billion")
    choose(panel.bar.sizes.open_menu(), "up to 1\N{NO-BREAK SPACE}GB")
    choose(panel.bar.engine.open_menu(), "llama.cpp")
    assert panel.bar.sizes.text() == "Size: 2"
    assert panel.bar.wanted == OfferFilter(
        curated=True,
        tiers=frozenset({"micro"}),
        most_bytes=10**9,
        abilities=frozenset({"tools"}),
        work_use=frozenset({"yes"}),
        formats=frozenset({"gguf"}),
    )
    assert 0 < len(names(panel)) < 20
    choose(panel.bar.abilities.open_menu(), "Tools")
    assert panel.bar.abilities.text() == "Can do"
    assert not panel.bar.abilities.isChecked()


def test_only_what_fits_and_only_what_is_installed(open_panel: OpenPanel) -> None:
    model = make_model("Qwen3-4B-Q4_K_M", "Qwen3 4B")
    _, panel = open_panel({"installed": [model]})
    panel.bar.fits.click()
    assert heads(panel) == ["Run well here"]
    panel.bar.fits.click()
    panel.bar.installed.click()
    assert names(panel) == ["Qwen3 4B"]
    words = panel.list.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "installed" in str(words)


def test_the_order_can_be_changed(open_panel: OpenPanel) -> None:
    _, panel = open_panel()
    choose(panel.list.open_sorts(), "By name")
    shown = names(panel)
    first_group = shown[: shown.index(max(shown[:20], key=str.casefold))]
    assert first_group == sorted(first_group, key=str.casefold)
    assert panel.list.sort_button.text() == "By name"


def test_the_keyboard_alone_goes_everywhere(open_panel: OpenPanel, qtbot: QtBot) -> None:
    window, panel = open_panel()
    window.show_chat()
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.stack.currentWidget() is panel
    assert window.rail.buttons[MODELS].isChecked()
    assert focused() is panel.list.view
    first = panel.selected
    QTest.keyClick(focused(), Qt.Key.Key_Down)
    settle(qtbot, window)
    assert panel.selected is not None
    assert first is not None
    assert panel.selected.id != first.id
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert focused() is panel.detail.table
    before = panel.detail.table.currentIndex().row()
    key = Qt.Key.Key_Up if before else Qt.Key.Key_Down
    QTest.keyClick(focused(), key)
    assert panel.detail.table.currentIndex().row() == before + (1 if key == Qt.Key.Key_Down else -1)
    # Back to where Enter came from, and not out of the panel.
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert focused() is panel.list.view
    QTest.keyClick(focused(), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert focused() is panel.bar.search.edit
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert focused() is panel.list.view
    panel.bar.focus_search()
    QTest.keyClick(focused(), Qt.Key.Key_Down)
    assert focused() is panel.list.view
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    assert window.rail.buttons[CHAT].isChecked()
    settle(qtbot, window)


def test_heads_cannot_be_chosen_and_up_goes_over_them(open_panel: OpenPanel, qtbot: QtBot) -> None:
    window, panel = open_panel()
    rows = panel.list.model.rows
    second_head = next(row for row in range(1, len(rows)) if rows[row].is_head)
    panel.list.view.setCurrentIndex(panel.list.model.index(second_head + 1))
    panel.list.focus_list()
    QTest.keyClick(panel.list.view, Qt.Key.Key_Up)
    assert panel.list.view.currentIndex().row() == second_head - 1
    for key, row in ((Qt.Key.Key_Home, 1), (Qt.Key.Key_End, len(rows) - 1), (Qt.Key.Key_Home, 1)):
        QTest.keyClick(panel.list.view, key)
        assert panel.list.view.currentIndex().row() == row
    for key in (Qt.Key.Key_PageDown,) * 40 + (Qt.Key.Key_PageUp,) * 40:
        QTest.keyClick(panel.list.view, key)
        assert not rows[panel.list.view.currentIndex().row()].is_head
    assert panel.list.view.currentIndex().row() == 1
    settle(qtbot, window)


def test_a_variant_is_recommended_with_its_reason(open_panel: OpenPanel, qtbot: QtBot) -> None:
    panel = show(qtbot, open_panel(), QWEN)
    table = panel.detail.table
    assert panel.selected is not None
    assert panel.selected.variant is not None
    recommended = panel.selected.variant.id
    assert table.variants.recommended == recommended
    assert table.variants.variants[table.currentIndex().row()].id == recommended
    assert panel.detail.why.text().startswith("Q4_K_M ")
    row = table.variants.row_of(recommended)
    assert "best here" in str(table.variants.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert table.variants.index(row, 5).data() == "Fits"


def test_another_variant_is_judged_as_chosen(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    panel = show(qtbot, opened, QWEN)
    small = panel.detail.fit.reason.text()
    panel.detail.table.selectRow(0)
    settle(qtbot, opened[0])
    assert panel.detail.table.variants.variants[0].label == "Q8_0"
    assert panel.detail.fit.reason.text() != small


def test_the_slider_updates_verdict_memory_and_table(open_panel: OpenPanel, qtbot: QtBot) -> None:
    computer = dataclasses.replace(COMPUTER, available_memory_bytes=6 * GIB)
    opened = open_panel({"computer": computer})
    panel = show(qtbot, opened, QWEN)
    fit = panel.detail.fit
    before = panel.detail.table.variants.index(0, 3).data()
    assert fit.headline.text() == "Fits with room to spare"
    assert "no longer fits" in fit.scale.marked_words
    fit.slider.setFocus()
    QTest.keyClick(fit.slider, Qt.Key.Key_End)
    settle(qtbot, opened[0])
    assert fit.context.text() == "40,960 tokens"
    assert fit.headline.text() != "Fits with room to spare"
    assert not fit.change.isHidden()
    assert panel.detail.table.variants.index(0, 3).data() != before
    assert "KV cache" in fit.bars[0][1].accessibleDescription()
    # Not "Compute" alone, which the command `fit` says of less.
    assert "Compute, engine" in fit.bars[0][1].accessibleDescription()


def test_of_fast_steps_only_the_last_is_shown(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    panel = show(qtbot, opened, QWEN)
    asked: list[int] = []
    check = panel._open_advice().check
    usual = check.usual_question

    def count(*arguments: object, **more: object) -> object:
        asked.append(int(str(more["context_length"])))
        return usual(*arguments, **more)  # type: ignore[arg-type]

    check.usual_question = count  # type: ignore[method-assign,assignment]
    for tokens in (512, 1024, 2048, 8192, 16384):
        panel.detail.fit.slider._go(tokens)
    settle(qtbot, opened[0])
    # The first was asked at once; of those that came meanwhile, the last.
    assert set(asked) == {512, 16384}
    assert panel.detail.fit.context.text() == "16,384 tokens"


def test_two_models_side_by_side(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    panel = show(qtbot, opened, QWEN)
    popup = panel.open_comparisons()
    assert popup is not None
    popup.chosen.emit("google/gemma-3-4b-it")
    popup.close()
    assert panel.stack.currentWidget() is panel.comparison
    aspects = [row[0] for row in panel.comparison.rows]
    assert aspects[:2] == ["Fit", "Writing speed"]
    assert {row[0]: row[1:] for row in panel.comparison.rows}["Longest context"] == (
        "40,960 tokens",
        "131,072 tokens",
    )
    assert panel.escape()
    assert panel.stack.currentWidget() is panel.detail


def test_a_narrow_window_leaves_a_column_out_and_nothing_is_wider_than_it(
    open_panel: OpenPanel, qtbot: QtBot
) -> None:
    opened = open_panel(size=(900, 600))
    panel = show(qtbot, opened, QWEN)
    assert panel.detail.table.isColumnHidden(1)
    content = panel.detail.widget()
    assert content is not None
    assert content.width() <= panel.detail.viewport().width()
    assert panel.list.width() == 300


def test_names_in_a_narrow_list_have_the_whole_line(
    open_panel: OpenPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, panel = open_panel(size=(900, 600))
    drawn: dict[str, float] = {}
    real = draw_line_of_text

    def draw(painter: QPainter, box: QRectF, text: str, *arguments: Any, **more: Any) -> float:
        drawn[text] = box.width()
        return real(painter, box, text, *arguments, **more)

    monkeypatch.setattr("slmdesk.ui.models.delegate.draw_line_of_text", draw)
    panel.list.view.viewport().grab()
    shown = [drawn[name] for name in names(panel) if name in drawn]
    assert shown
    # All of the row but its edges.
    assert min(shown) > panel.list.view.viewport().width() - 40


def test_everything_has_a_name(open_panel: OpenPanel, qtbot: QtBot) -> None:
    panel = show(qtbot, open_panel(), QWEN)
    fit = panel.detail.fit
    for widget in (
        *(panel.bar.search.edit, panel.bar.fits, panel.bar.sizes, panel.list.view, panel.list.sort_button),
        *(panel.detail.card_button, panel.detail.page_button, panel.detail.table, fit.slider),
        *(fit.source_row.button, fit.bars[0][1]),
    ):
        interface = QAccessible.queryAccessibleInterface(widget)
        assert interface is not None
        assert interface.text(QAccessible.Text.Name), widget


def test_speeds_that_were_measured_meanwhile_are_shown(
    make_window: MakeWindow, qtbot: QtBot, network: Network, paths: Paths
) -> None:
    measured: list[bool] = []

    def measure() -> bool:
        measured.append(True)
        return len(measured) == 1

    advice = make_advice(network, paths.cache / "catalogue", measure_speed=measure)
    judged: list[int] = []
    real = worker.advise_again

    def judge(one: ModelAdvice, models: Sequence[CatalogueModel], known: worker.KnownHeaders) -> OfferList:
        judged.append(len(models))
        return real(one, models, known)

    window = make_window(open_advice=lambda: advice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "advise_again", judge)
        window.show_models()
        qtbot.waitUntil(lambda: bool(judged) and window.settled, timeout=PATIENCE_MS)
    assert measured == [True]
    assert judged == [len(names(window.models_panel))]


def test_a_file_that_cannot_be_judged_says_why(open_panel: OpenPanel, qtbot: QtBot) -> None:
    opened = open_panel()
    panel = show(qtbot, opened, QWEN)
    panel.detail.fit.show_error(UserError("hub-repository-gone", ErrorKind.NETWORK, repo="a/b"))
    assert panel.detail.fit.headline.text() == "a/b cannot be shown."
    assert all(bar.isHidden() for _, bar in panel.detail.fit.bars)


def test_closing_the_window_leaves_nothing_running(open_panel: OpenPanel, qtbot: QtBot) -> None:
    window, panel = open_panel()
    panel.bar.scope.segments["hub"].click()
    window.close()
    assert panel.search.stopped


def test_nothing_of_it_is_imported_before_the_window_shows() -> None:
    script = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import slmdesk.app
from slmdesk.ui import MainWindow
late = "slmdesk.ui.models slmdesk.catalogue slmdesk.offers slmdesk.fit huggingface_hub httpx2"
print([name for name in late.split() if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_an_unknown_size_is_never_called_fitting(open_panel: OpenPanel) -> None:
    _, panel = open_panel()
    assert heads(panel)[-1] in ("Too big for this computer", "Not known how they run here")
    last = panel.list.model.offer_at(panel.list.model.index(panel.list.model.rowCount() - 1))
    assert last is not None
    assert last.verdict in (Verdict.UNKNOWN, Verdict.TOO_BIG)


def test_offline_the_list_is_there_without_an_error(open_panel: OpenPanel) -> None:
    window, panel = open_panel(settings=Settings(theme="light", offline=True))
    assert names(panel)
    assert panel.list.note.label.text().startswith("Offline. Curated list of 20")
    assert window.status.place_segment.words == "Offline"


def test_only_the_newest_answer_counts() -> None:
    class Manual:
        def __init__(self) -> None:
            self.jobs: list[tuple[object, ...]] = []

        def run(self, work: object, then: object, failed: object) -> None:
            self.jobs.append((work, then, failed))

    tasks = Manual()
    taken: list[object] = []
    latest = worker.Latest(tasks)  # type: ignore[arg-type]
    for name in "abc":
        latest.ask(partial(str, name), taken.append, taken.append)
    assert len(tasks.jobs) == 1
    work, then, _ = tasks.jobs.pop()
    then(work())  # type: ignore[operator]
    work, then, _ = tasks.jobs.pop()
    then(work())  # type: ignore[operator]
    assert taken == ["c"]
    latest.ask(lambda: "d", taken.append, taken.append)
    latest.drop()
    work, then, _ = tasks.jobs.pop()
    then(work())  # type: ignore[operator]
    assert taken == ["c"]
    assert not latest.busy
