"""Errors of the network."""

from __future__ import annotations

from slmdesk.messages import ErrorKind, Fact, UserError


def network_error(key: str, host: str, *, details: str = "", **facts: Fact) -> UserError:
    """The error `network-...`, which always knows the host."""
    return UserError(f"network-{key}", ErrorKind.NETWORK, host=host, details=details, **facts)
