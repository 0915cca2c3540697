"""Saving settings in the background, in order."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from slmdesk.messages import UserError

if TYPE_CHECKING:
    from slmdesk.storage import Settings, SettingsStore

_log = logging.getLogger(__name__)


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

    def save_last(self, settings: Settings) -> None:
        """Save these when the window has gone, where a wait disturbs nobody."""
        self.wanted = settings
        try:
            self.save()
        except UserError as error:
            # There is no window left to show it in.
            _log.warning("settings not saved: %s", error)
