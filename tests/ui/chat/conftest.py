"""Menus and tooltips want to be above other windows, which the offscreen platform does not know."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    """Before the marker of the folder above: pytest-qt looks at the nearest one."""
    if Path(__file__).parent in item.path.parents:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"), append=False)
