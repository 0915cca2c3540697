"""The panel Models and the Hub: searched, looked into, not reached; over a loopback Hub."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from slmdesk.fit import Subject
from slmdesk.net import Network
from slmdesk.storage import Paths, Settings
from slmdesk.ui import MainWindow
from slmdesk.ui.models import ModelsPanel
from slmdesk.ui.models.worker import Judged
from slmdesk.ui.transcript import reading_column
from tests.formats.onnx_folders import TINY
from tests.hub.loopback import LoopbackHub
from tests.ui.advising import COMPUTER, GIB, make_advice
from tests.ui.driving import PATIENCE_MS, MakeWindow, focused, settle
from tests.ui.models.conftest import OpenPanel
from tests.ui.models.test_panel import names

REPO = "somebody/Tiny-Tests-1B-GGUF"
ONNX_REPO = "somebody/Tiny-Tests-1B-onnx"
CARD = "---\nlicense: mit\n---\n# Tiny\n\nRead [this](https://example.org/x).\n\n<img src='file:///etc/passwd'>\n"


def add_tiny(hub: LoopbackHub, repo: str = REPO, card: str = CARD) -> None:
    hub.add_model(
        repo,
        {"tiny-Q4_K_M.gguf": b"GGUF" + bytes(996), "README.md": card.encode()},
        downloads=1_000_000,
        gguf={"total": 1_000_000_000, "architecture": "llama", "context_length": 8192},
        tags=["gguf", "license:mit"],
        card={"license": "mit"},
        pipeline_tag="text-generation",
    )


def question(panel: ModelsPanel) -> str:
    """What the card asks; empty: nothing."""
    return panel.card.question.accessibleName() if panel.card.question is not None else ""


def name_of(widget: QWidget) -> str:
    """As a screen reader hears it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None
    return interface.text(QAccessible.Text.Name)


def whole_hub(qtbot: QtBot, opened: tuple[MainWindow, ModelsPanel]) -> ModelsPanel:
    window, panel = opened
    panel.bar.scope.segments["hub"].click()
    settle(qtbot, window)
    return panel


def test_the_hub_and_the_curated_list_are_shown_together(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    curated = len(names(opened[1]))
    panel = whole_hub(qtbot, opened)
    assert len(names(panel)) == curated + 1
    assert panel.list.note.label.text() == "The Hub and the curated list together."
    panel.bar.scope.segments["curated"].click()
    assert len(names(panel)) == curated


def test_what_is_typed_is_asked_once_the_person_rests(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    before = len(hub.requests)
    panel.bar.focus_search()
    QTest.keyClicks(panel.bar.search.edit, "tiny-tests")
    assert len(hub.requests) == before
    qtbot.waitUntil(lambda: len(hub.requests) > before, timeout=PATIENCE_MS)
    settle(qtbot, opened[0])
    # Nothing of what was typed on the way, for either format.
    assert all("search=tiny-tests" in one.query for one in hub.requests[before:])
    assert len(names(panel)) == 1


def test_a_model_of_the_hub_gets_its_sizes_and_its_card(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    panel.show_model(REPO)
    qtbot.waitUntil(
        lambda: panel.selected is not None and panel.selected.model.variants_known, timeout=PATIENCE_MS
    )
    settle(qtbot, opened[0])
    assert panel.detail.table.variants.index(0, 2).data() == "1\N{NO-BREAK SPACE}kB"
    assert panel.detail.sizes_button.isHidden()
    panel.detail.card_button.click()
    settle(qtbot, opened[0])
    assert panel.stack.currentWidget() is panel.card
    assert panel.card.stack.currentWidget() is panel.card.text
    shown = panel.card.text.messages[0].source
    assert shown.startswith("# Tiny")
    assert "passwd" not in shown
    # A link is asked about, and Esc takes the question back before it closes the card.
    panel.card.text.link_wanted.emit("https://example.org/x")
    assert "example.org" in question(panel)
    assert panel.escape()
    assert not question(panel)
    assert panel.escape()
    assert panel.stack.currentWidget() is panel.detail


def test_a_file_that_is_no_model_is_said_so_where_it_was_asked_for(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    panel.show_model(REPO)
    settle(qtbot, opened[0])
    panel.detail.fit.source_row.button.click()
    # What would soon have been asked anyway does not take the place of what was asked for.
    assert not panel._one._timer.isActive()
    settle(qtbot, opened[0])
    # Below the button, and in sight.
    problem, button = panel.detail.fit.problem, panel.detail.fit.source_row.button
    assert not problem.isHidden()
    assert "tiny-Q4_K_M.gguf" in problem.text()
    assert panel.detail.problem.isHidden()
    assert button.isEnabled()
    seen = problem.mapTo(panel.detail.viewport(), problem.rect().topLeft()).y()
    assert 0 <= seen < panel.detail.viewport().height()
    ends = button.mapTo(panel.detail, button.rect().bottomLeft()).y()
    assert 0 < problem.mapTo(panel.detail, problem.rect().topLeft()).y() - ends < problem.height()
    # It is about the variant that was looked into, and about no other.
    panel.detail.variant_chosen.emit("another")
    assert problem.isHidden()


def test_an_onnx_folder_is_estimated_from_its_files_and_called_an_estimate(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_model(ONNX_REPO, {f"cpu-int4/{file.name}": file for file in TINY.iterdir()}, tags=["onnx"])
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    panel.show_model(ONNX_REPO)
    settle(qtbot, opened[0])
    judged: list[Judged] = []
    show_judged = panel.detail.show_judged

    def show(one: Judged) -> None:
        judged.append(one)
        show_judged(one)

    monkeypatch.setattr(panel.detail, "show_judged", show)
    fit, row = panel.detail.fit, panel.detail.fit.source_row
    # Nobody says for how much context it was trained, so all that is offered was looked at.
    assert fit.context.text() == "4,096 tokens"
    assert fit.scale.marked_words.endswith("no longer fits")
    assert not fit.scale.marked_words.startswith("8,192")
    assert not row.button.isHidden()
    assert name_of(row.button) == row.button.text() == "Estimate from its files"
    assert "estimated" in row.button.toolTip()
    row.button.click()
    assert (row.button.text(), row.button.isEnabled()) == ("Computing", False)
    settle(qtbot, opened[0])
    assert panel.detail.fit.problem.isHidden()
    assert row.button.isHidden()
    assert row.label.text() == "Estimate, from the model's own files"
    assert "formulas" in row.source.toolTip()
    # Of the folder nothing came but what the formulas need: its config and its graph.
    assert hub.sent_bytes("/resolve") + hub.sent_bytes(host="localhost") == 1095 + 7511
    here = panel._open_advice().check.check(Subject(key="here", format="onnx", path=TINY))
    assert here.memory is not None
    assert fit.context.text() == "1,024 tokens"
    assert judged[-1].report.memory == here.memory
    assert judged[-1].exact
    # No longer context is offered than it was trained for, rather than said not to fit.
    assert not fit.scale.marked_words
    fit.slider.setFocus()
    QTest.keyClick(fit.slider, Qt.Key.Key_End)
    settle(qtbot, opened[0])
    assert fit.context.text() == "1,024 tokens"


def test_the_list_follows_what_was_computed(open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub) -> None:
    """Row, group and order; also where the Hub is asked again, or speeds are measured, afterwards."""
    hub.add_model(ONNX_REPO, {f"cpu-int4/{file.name}": file for file in TINY.iterdir()}, tags=["onnx"])
    # By its name it is far larger than it is.
    opened = open_panel({"computer": dataclasses.replace(COMPUTER, available_memory_bytes=GIB // 4)})
    panel = whole_hub(qtbot, opened)
    panel.show_model(ONNX_REPO)
    settle(qtbot, opened[0])

    def row() -> tuple[str, str]:
        index = panel.list.model.index_of(ONNX_REPO)
        head = max(n for n in range(index.row()) if panel.list.model.rows[n].is_head)
        words = str(index.data(Qt.ItemDataRole.AccessibleTextRole))
        return str(panel.list.model.index(head).data()), words

    before = row()
    assert before[0] == "Run with limits"
    panel.detail.fit.source_row.button.click()
    settle(qtbot, opened[0])
    computed = row()
    verdict = panel.detail.table.variants.verdict_word(0)
    assert computed[0] == "Run well here"
    assert f", {verdict}," in computed[1]
    assert computed[1] != before[1]
    assert panel.selected is not None
    assert panel.selected.report is not None
    here = panel._open_advice().check.check(Subject(key="here", format="onnx", path=TINY))
    assert panel.selected.report.memory == here.memory
    assert panel.list.view.currentIndex() == panel.list.model.index_of(ONNX_REPO)
    panel.detail.sizes_wanted.emit()
    settle(qtbot, opened[0])
    assert row() == computed
    panel.reload()
    settle(qtbot, opened[0])
    assert row() == computed
    assert panel.detail.fit.source_row.label.text() == "Estimate, from the model's own files"


def test_models_of_the_hub_stay_where_all_are_judged_anew(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    count = len(names(panel))
    panel.reload()
    # What the Hub says meanwhile is not forgotten either.
    panel.search.start()
    settle(qtbot, opened[0])
    assert len(names(panel)) == count


def test_a_hub_that_falls_silent_leaves_what_it_said_and_the_note_says_so(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    before = len(names(panel))
    hub.fail_next(count=8, status=503)
    panel.bar.search.set_value("tiny")
    panel.bar.search.changed.emit("tiny")
    panel.search.start()
    settle(qtbot, opened[0])
    assert 0 < len(names(panel)) < before
    words = panel.list.note.label.text()
    assert "Curated list" not in words
    # Another search found the same.
    assert "What the Hub had on" in words


def test_the_keys_that_scroll_and_zoom_work_on_a_card_that_was_just_opened(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub, card="# Tiny\n\n" + "A paragraph.\n\n" * 80)
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    panel.show_model(REPO)
    settle(qtbot, opened[0])
    panel.detail.card_button.click()
    settle(qtbot, opened[0])
    bar = panel.card.text.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0, timeout=PATIENCE_MS)
    bar.setValue(0)
    QTest.keyClick(focused(), Qt.Key.Key_PageDown)
    assert bar.value() > 0
    before = panel.card.text._lettering.reading.pixelSize()
    QTest.keyClick(focused(), Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert panel.card.text._lettering.reading.pixelSize() > before
    # The text begins where its head does.
    QTest.keyClick(focused(), Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, opened[0])
    room = panel.card.text.viewport().width()
    text = (room - reading_column(panel.card._theme, room)) // 2
    assert panel.card.head.mapTo(panel.card, panel.card.head.rect().topLeft()).x() == text


def test_the_button_promises_what_the_variant_allows(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    """Also where another one is chosen while the Hub is asked."""
    files = {f"cpu-int4/{file.name}": file for file in TINY.iterdir()}
    hub.add_model(ONNX_REPO, {**files, "tiny-Q4_K_M.gguf": b"GGUF" + bytes(996)}, tags=["onnx", "gguf"])
    opened = open_panel()
    panel = whole_hub(qtbot, opened)
    panel.show_model(ONNX_REPO)
    qtbot.waitUntil(
        lambda: panel.selected is not None and panel.selected.model.variants_known, timeout=PATIENCE_MS
    )
    settle(qtbot, opened[0])
    button, table = panel.detail.fit.source_row.button, panel.detail.table
    formats = [variant.format for variant in table.variants.variants]
    assert sorted(formats) == ["gguf", "onnx"]
    table.selectRow(formats.index("gguf"))
    settle(qtbot, opened[0])
    assert button.text() == "Compute exactly"
    # As from the click until the Hub has answered.
    panel.detail.set_asking(True, exact=True)
    table.selectRow(formats.index("onnx"))
    settle(qtbot, opened[0])
    assert button.text() == "Computing"
    panel.detail.set_asking(False, exact=True)
    assert button.text() == "Estimate from its files"
    table.selectRow(formats.index("gguf"))
    settle(qtbot, opened[0])
    assert button.text() == "Compute exactly"


def test_a_hub_that_cannot_be_reached_leaves_the_list_and_can_be_asked_again(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    curated = len(names(opened[1]))
    hub.fail_next(count=8, status=503)
    panel = whole_hub(qtbot, opened)
    assert len(names(panel)) == curated
    assert "is shown." in panel.list.note.label.text()
    assert not panel.list.note.button.isHidden()
    hub.fail_next(count=0)
    qtbot.waitUntil(lambda: _asked_again(panel, opened[0], qtbot), timeout=PATIENCE_MS)
    assert len(names(panel)) == curated + 1


def _asked_again(panel: ModelsPanel, window: MainWindow, qtbot: QtBot) -> bool:
    panel.list.note.button.click()
    settle(qtbot, window)
    return panel.list.note.button.isHidden()


def test_a_search_that_was_given_up_shows_nothing(
    open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub
) -> None:
    add_tiny(hub)
    opened = open_panel()
    curated = len(names(opened[1]))
    hub.hold = threading.Event()
    opened[1].bar.scope.segments["hub"].click()
    assert opened[1].list.note.label.text() == "Asking the Hub"
    opened[1].bar.scope.segments["curated"].click()
    hub.hold.set()
    settle(qtbot, opened[0])
    opened[1].bar.show_only()
    assert len(names(opened[1])) == curated


def test_offline_nothing_is_asked_and_the_switch_is_in_the_settings(
    make_window: MakeWindow, qtbot: QtBot, hub: LoopbackHub, paths: Paths
) -> None:
    add_tiny(hub)
    state = {"offline": True}
    network = Network(environment=hub.environment, offline=lambda: state["offline"])
    advice = make_advice(network, paths.cache / "catalogue")
    window = make_window(open_advice=lambda: advice, settings=Settings(theme="light", offline=True))
    window.show_models()
    panel = window.models_panel
    qtbot.waitUntil(lambda: panel.list.model.rowCount() > 0 and window.settled, timeout=PATIENCE_MS)
    panel.bar.scope.segments["hub"].click()
    settle(qtbot, window)
    assert not hub.requests
    assert panel.list.note.label.text().startswith("Offline. Curated list of")
    # Asking again cannot help while the switch is on.
    assert panel.list.note.button.isHidden()
    assert window.status.place_segment.words == "Offline"
    settings = window.settings_panel
    setting = settings.settings["offline"]
    assert setting.row.name == "Work offline"
    state["offline"] = False
    QTest.mouseClick(settings.privacy.offline_control, Qt.MouseButton.LeftButton)
    settings.changed.emit("offline", False)
    settle(qtbot, window)
    assert window.status.place_segment.words == "On this computer"
    assert hub.requests
    network.close()


def test_the_next_page_comes_on_request(open_panel: OpenPanel, qtbot: QtBot, hub: LoopbackHub) -> None:
    hub.page_size = 30
    for number in range(45):
        add_tiny(hub, f"somebody/Tiny-{number:02}-1B-GGUF")
    opened = open_panel()
    curated = len(names(opened[1]))
    panel = whole_hub(qtbot, opened)
    first = len(names(panel)) - curated
    assert 0 < first < 45
    panel.list.more_button.click()
    settle(qtbot, opened[0])
    assert len(names(panel)) - curated == 45
    assert panel.list.more_button.parentWidget() is not None
    assert panel.list._foot.isHidden()


@pytest.mark.parametrize("reason", ["", "Offline: the environment variable SLMDESK_OFFLINE says offline."])
def test_a_variable_that_says_offline_is_shown_in_the_settings(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    from slmdesk.app import _forced_offline

    if reason:
        monkeypatch.setenv("SLMDESK_OFFLINE", "1")
    assert _forced_offline() == reason
    panel = make_window().settings_panel
    panel.privacy.set_forced_offline(reason)
    assert panel.settings["offline"].row.fixed == reason
