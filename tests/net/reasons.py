"""Why the tests ask, and what they expect to be raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from slmdesk.messages import ErrorKind, Message, UserError, one_line

WHY = Message("network-why-unknown")


@contextmanager
def refused(key: str, **facts: object) -> Iterator[None]:
    """What happens inside raises the UserError `network-KEY` with these facts, and it has words."""
    with pytest.raises(UserError) as caught:
        yield
    error = caught.value
    assert error.key == f"network-{key}", f"{error}\n{error.facts}"
    assert error.kind is ErrorKind.NETWORK
    assert {name: error.facts.get(name) for name in facts} == facts
    assert "host" in error.facts
    assert one_line(error)
