"""Fixtures for tests that need a Hub; a conftest.py imports them.

hub      an empty loopback Hub
network  a Network that knows this Hub, and nothing of the environment of the test run
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slmdesk.net import Network
from tests.hub.loopback import LoopbackHub

__all__ = ["hub", "network"]


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub() as hub:
        yield hub


@pytest.fixture
def network(hub: LoopbackHub) -> Iterator[Network]:
    network = Network(environment=hub.environment)
    yield network
    network.close()
