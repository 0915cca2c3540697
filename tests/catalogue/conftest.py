"""Fixtures for tests of the catalogue that ask a Hub.

hub, network  see tests/hub/fixtures.py
catalogue     a catalogue of that Hub, with nothing kept yet
offline       a function that takes the network away, with the same folder
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.catalogue import HubCatalogue
from slmdesk.net import Network
from tests.hub import LoopbackHub
from tests.hub.fixtures import hub, network

__all__ = ["hub", "network"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "catalogue"


@pytest.fixture
def catalogue(network: Network, folder: Path) -> HubCatalogue:
    return HubCatalogue(network, folder)


@pytest.fixture
def offline(hub: LoopbackHub, folder: Path) -> Callable[[], HubCatalogue]:
    def make() -> HubCatalogue:
        return HubCatalogue(Network(environment=hub.environment, offline=lambda: True), folder)

    return make
