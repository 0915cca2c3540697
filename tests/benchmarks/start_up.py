"""Budget row 5: from starting the process to the first paint, ours / a bare PySide6 window's."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.budget import Row, median_ratio

_BUDGET = 2.0

# What each process runs. It prints a line at the first paint of its window and another at the first paint of
# the widget that it waits for, then ends.
_AT_FIRST_PAINT = """
import sys
from PySide6 import QtCore
class FirstPaint(QtCore.QObject):
    seen = False
    def eventFilter(self, watched, event):
        if event.type() != QtCore.QEvent.Type.Paint or not watched.isWidgetType() or not watched.isVisible():
            return False
        if not self.seen:
            self.seen = True
            late = {"llama_cpp", "onnxruntime_genai", "huggingface_hub"} & sys.modules.keys()
            print("visible", *late, flush=True)
        if type(watched).__name__ == AWAITED:
            print("ready", flush=True)
            QtCore.QCoreApplication.instance().removeEventFilter(self)
            QtCore.QTimer.singleShot(0, self.end)
        return False
    def end(self):
        from PySide6 import QtWidgets
        for window in QtWidgets.QApplication.topLevelWidgets():
            window.close()
first_paint = FirstPaint()
"""
_BARE = (
    """
from PySide6 import QtWidgets
"""
    + _AT_FIRST_PAINT
    + """
AWAITED = "QMainWindow"
app = QtWidgets.QApplication(sys.argv)
app.installEventFilter(first_paint)
window = QtWidgets.QMainWindow()
window.resize(1280, 800)
window.show()
app.exec()
"""
)
_OURS = (
    """
import slmdesk.__main__
import slmdesk.app
"""
    + _AT_FIRST_PAINT
    + """
AWAITED = "Composer"
slmdesk.app.run(on_application=lambda app: app.installEventFilter(first_paint))
"""
)


def _start(script: str, home: Path) -> tuple[float, float, list[str]]:
    """Seconds until the window shows, and until it is ready; engine libraries imported before it shows."""
    environment = {**os.environ, "SLMDESK_HOME": str(home)}
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")) and sys.platform == "linux":
        environment["QT_QPA_PLATFORM"] = "offscreen"
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
        process.stdout.readline()
        ready = time.perf_counter() - started
        process.stdout.read()
    if not line.startswith("visible"):
        raise RuntimeError("the window did not show")
    return seconds, ready, line.split()[1:]


def measure(runs: int = 9) -> Row:
    """Runs taken in turn, in a home that has been used before, after one of each to warm the disk cache."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for script in (_BARE, _OURS):
            _start(script, home)
        bare: list[float] = []
        ours: list[float] = []
        ready: list[float] = []
        late: list[str] = []
        for _ in range(runs):
            bare.append(_start(_BARE, home)[0])
            seconds, until_ready, late = _start(_OURS, home)
            ours.append(seconds)
            ready.append(until_ready)
    ratio = median_ratio(ours, bare)
    imported = (
        f"imported before it: {', '.join(late)}" if late else "no engine or Hub library imported before"
    )
    return Row(
        number=5,
        what="window visible / a bare PySide6 window",
        figure=ratio,
        budget=f"<= {_BUDGET}",
        holds=ratio <= _BUDGET and not late,
        detail=(
            f"median of {runs}; {statistics.median(ours):.3f} s; {imported}; "
            f"the input is drawn after {statistics.median(ready):.3f} s"
        ),
        samples={"ours_s": ours, "bare_s": bare, "input_s": ready},
    )
