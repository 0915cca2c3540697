"""Progress on stderr, for a person who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.cli.output import stderr_is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress


class ProgressBar:
    """One bar at a time, gone again when closed. Draws nothing where stderr is not a terminal."""

    def __init__(self, *, still: bool = False) -> None:
        """`still`: it is drawn only by `show`, so that nothing runs between two of them."""
        self._still = still
        self._progress: Progress | None = None
        self._label = ""

    def show(self, label: str, fraction: float) -> None:
        """Draw the bar at `fraction`, 0 to 1; another `label` starts a new one."""
        if not stderr_is_terminal():
            return
        if label != self._label:
            self.close()
        if self._progress is None:
            self._progress = self._start(label)
        self._progress.update(self._progress.task_ids[0], completed=fraction, refresh=self._still)

    def close(self) -> None:
        """Take the bar off the terminal."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._label = ""

    def _start(self, label: str) -> Progress:
        # Takes 60 ms to import, and a pipe never needs it.
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        console = Console(stderr=True)
        progress = Progress(*columns, console=console, transient=True, auto_refresh=not self._still)
        progress.add_task(escape(label), total=1.0)
        progress.start()
        self._label = label
        return progress
