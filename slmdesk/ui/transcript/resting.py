"""Timers that rest while nobody sees what they are for."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer


class RestingTimer(QTimer):
    """Runs only while the transcript is seen. What is started meanwhile starts when it is seen again.

    Rests at first, and in a window that is closed.
    """

    def __init__(self, interval_ms: int, parent: QObject, *, again: bool = False) -> None:
        """`again`: goes off again and again until it is stopped."""
        super().__init__(parent)
        self.setInterval(interval_ms)
        self.setSingleShot(not again)
        self._rests = True
        self._wanted = False

    def start(self) -> None:  # type: ignore[override]
        """Start, now or when it is seen."""
        if self._rests:
            self._wanted = True
        else:
            super().start()

    def stop(self) -> None:
        """Do not go off, now or later."""
        self._wanted = False
        super().stop()

    def rest(self) -> None:
        """Nobody sees it."""
        self._wanted = self._wanted or self.isActive()
        self._rests = True
        super().stop()

    def go_on(self) -> None:
        """Somebody sees it."""
        self._rests = False
        if self._wanted:
            self._wanted = False
            super().start()
