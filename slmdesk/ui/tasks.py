"""Blocking work of the window, done in a thread and awaited on the GUI thread."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from typing import TypeVar

from slmdesk.messages import UserError

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Tasks:
    """Runs blocking calls in threads; their results come back on the GUI thread, unless closed meanwhile.

    Used on the GUI thread, under a running asyncio loop that Qt drives.
    """

    def __init__(self, failed: Callable[[UserError], None], crashed: Callable[[str], None]) -> None:
        """`failed` gets errors for people; `crashed` gets the traceback of a bug, which is logged already."""
        self._failed = failed
        self._crashed = crashed
        # asyncio itself keeps only weak references to tasks.
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def running(self) -> int:
        """How many are not done yet."""
        return len(self._running)

    def run(self, work: Callable[[], T], then: Callable[[T], None] = lambda _: None) -> None:
        """Call `work` in a thread, then `then` with its result."""
        if self._closed:
            return
        task = asyncio.get_running_loop().create_task(self._carry(work, then))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        """Forget all results. Work that has begun in a thread still ends there."""
        self._closed = True
        for task in tuple(self._running):
            task.cancel()

    async def _carry(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        try:
            result = await asyncio.to_thread(work)
            if not self._closed:
                then(result)
        except UserError as error:
            self._failed(error)
        except Exception:  # noqa: BLE001 - shown to the person, with its traceback
            _log.exception("a bug in the window's background work")
            self._crashed(traceback.format_exc())
