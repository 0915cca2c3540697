"""The panel Models and the Hub: searched, looked into, not reached; over a loopback Hub."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from slmdesk.net import Network
from slmdesk.storage import Paths, Settings
from slmdesk.ui import MainWindow
from slmdesk.ui.models import ModelsPanel
from tests.hub.loopback import LoopbackHub
from tests.ui.advising import make_advice
from tests.ui.driving import PATIENCE_MS, MakeWindow, settle
from tests.ui.models.conftest import OpenPanel
from tests.ui.models.test_panel import names

REPO = "somebody/Tiny-Tests-1B-GGUF"
CARD = "---\nlicense: mit\n---\n# Tiny\n\nRead [this](https://example.org/x).\n\n<img src='file:///etc/passwd'>\n"


def add_tiny(hub: LoopbackHub, repo: str = REPO) -> None:
    hub.add_model(
        repo,
        {"tiny-Q4_K_M.gguf": b"GGUF" + bytes(996), "README.md": CARD.encode()},
        downloads=1_000_000,
        gguf={"total": 1_000_000_000, "architecture": "llama", "context_length": 8192},
        tags=["gguf", "license:mit"],
        card={"license": "mit"},
        pipeline_tag="text-generation",
    )


def question(panel: ModelsPanel) -> str:
    """What the card asks; empty: nothing."""
    return panel.card.question.accessibleName() if panel.card.question is not None else ""


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
    panel.detail.fit.exact_button.click()
    settle(qtbot, opened[0])
    assert not panel.detail.problem.isHidden()
    assert "tiny-Q4_K_M.gguf" in panel.detail.problem.text()
    assert panel.detail.fit.exact_button.isEnabled()


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
    assert "Curated list of" in panel.list.note.label.text()
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
