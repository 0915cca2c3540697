"""When Python looks for garbage: not while an answer is written, and not through thousands of messages."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject

from slmdesk.ui.transcript.resting import RestingTimer

# After this long without anything being written or opened.
_IDLE_MS = 5000
# A search through what an answer makes in this long is not felt.
_AGAIN_MS = 1000


class Collecting(QObject):
    """A full search through everything that a long conversation consists of takes longer than a frame may.

    What is there when a conversation is opened or an answer begins is therefore set aside, and so is, again
    and again, what an answer adds while it is written. It is looked through when nothing has happened for a
    while. Concerns the whole process. GUI thread.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.timer = RestingTimer(_IDLE_MS, self)
        self.timer.timeout.connect(self._collect)
        self.again = RestingTimer(_AGAIN_MS, self, again=True)
        self.again.timeout.connect(gc.freeze)

    def set_aside(self) -> None:
        """Something begins that must not be held up, until `wait`."""
        self.timer.stop()
        gc.freeze()
        self.again.start()

    def wait(self) -> None:
        """It is over: look for garbage when nothing happens for a while."""
        self.again.stop()
        self.timer.start()

    def _collect(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
