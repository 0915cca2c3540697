"""Saving settings in the background, in order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.storage import Settings, SettingsStore


class SettingsLane:
    """Saves settings one after the other, whatever thread asks, and never older ones over newer ones."""

    def __init__(self, store: SettingsStore, saved: Settings) -> None:
        self._store = store
        self._saved = saved
        self._lock = threading.Lock()
        self.wanted = saved
        """What is to be saved next. Set from the GUI thread."""

    def save(self) -> None:
        """Save what is wanted now, unless that is what was saved last. Raises what the store raises."""
        with self._lock:
            wanted = self.wanted
            if wanted != self._saved:
                self._store.save(wanted)
                self._saved = wanted
