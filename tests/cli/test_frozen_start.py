"""What the program in one folder does first; .ci/frozen tries the whole of it."""

from __future__ import annotations

import multiprocessing
import os
import sys

import pytest

from slmdesk import __main__ as program


class _Child(BaseException):
    """What never comes back in a child process."""


@pytest.mark.parametrize("before", [None, "/opt/their/own"])
def test_a_program_of_the_system_is_not_led_to_our_libraries(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin_child() -> None:
        raise _Child

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(multiprocessing, "freeze_support", begin_child)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/slmdesk/_internal")
    if before is not None:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    # An engine process is a child, too: it starts before anything else, and has the same environment.
    with pytest.raises(_Child):
        program.main()
    assert os.environ.get("LD_LIBRARY_PATH") == before
