"""The real program with a person at it, as a process of its own: `python -m tests.ui.driven_program WORDS`.

Asks WORDS as soon as the model is there, and says on stdout what is streamed: the moment as the monotonic
clock of the machine has it, and how many letters of the answer have been shown until then.
"""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from slmdesk.app import run
from slmdesk.engines import LoadOptions
from slmdesk.ui import MainWindow


class Person(QObject):
    """Looks for the window, waits for the model, and asks."""

    def __init__(self, app: QApplication, words: str) -> None:
        super().__init__(app)
        self._app = app
        self._words = words
        self._letters = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(20)

    def _look(self) -> None:
        window = next((one for one in self._app.topLevelWidgets() if isinstance(one, MainWindow)), None)
        if window is None or window._chat is None or window.chat.model is None or not window.settled:
            return
        self._timer.stop()
        # One thread: several wait for each other where other programs work, too.
        window.inference._base_options = lambda: LoadOptions(threads=1)
        window.chat.answering.text.connect(lambda live, text: self._say(text))
        window.chat.composer.fill(self._words)
        window.chat.composer.input.sent.emit()
        window.chat.composer.fill("a draft")

    def _say(self, text: str) -> None:
        self._letters += len(text)
        sys.stdout.write(f"{time.monotonic()} {self._letters}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    people: list[Person] = []
    sys.exit(run(on_application=lambda app: people.append(Person(app, sys.argv[-1]))))
