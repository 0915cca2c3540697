"""Fixtures for tests of the panel Models.

hub, network  see tests/hub/fixtures.py
open_panel    shows a window at the panel, over the curated list and the loopback Hub
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.net import Network
from slmdesk.storage import Paths
from slmdesk.ui import MainWindow
from slmdesk.ui.models import ModelsPanel
from tests.hub.fixtures import hub, network
from tests.ui.advising import make_advice
from tests.ui.driving import PATIENCE_MS, MakeWindow, settle

__all__ = ["hub", "network"]

OpenPanel = Callable[..., tuple[MainWindow, ModelsPanel]]


@pytest.fixture
def open_panel(make_window: MakeWindow, qtbot: QtBot, network: Network, paths: Paths) -> OpenPanel:
    def open_it(advice: dict[str, Any] | None = None, **window: Any) -> tuple[MainWindow, ModelsPanel]:
        made = make_advice(network, paths.cache / "catalogue", **(advice or {}))
        shown = make_window(open_advice=lambda: made, **window)
        shown.show_models()
        panel = shown.models_panel
        qtbot.waitUntil(lambda: panel.list.model.rowCount() > 0, timeout=PATIENCE_MS)
        settle(qtbot, shown)
        return shown, panel

    return open_it
