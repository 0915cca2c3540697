"""Fixtures: see tests/hub/fixtures.py."""

from tests.hub.fixtures import hub, network

__all__ = ["hub", "network"]
