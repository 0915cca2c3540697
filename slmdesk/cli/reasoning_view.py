"""What a model thinks before it answers, dimmed on stderr, for a person who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.cli.output import escape_controls, stderr_is_terminal

if TYPE_CHECKING:
    from rich.console import Console


class ReasoningView:
    """One piece of reasoning after another. Shows nothing where stderr is not a terminal."""

    def __init__(self) -> None:
        self._console: Console | None = None

    def show(self, text: str) -> None:
        """The next piece."""
        if not stderr_is_terminal():
            return
        if self._console is None:
            # Takes 60 ms to import, and most models do not think.
            from rich.console import Console

            self._console = Console(stderr=True)
        self._console.out(escape_controls(text), style="dim", highlight=False, end="")

    def close(self) -> None:
        """End the reasoning that is shown, with room before what follows."""
        if self._console is not None:
            self._console.out("\n")
            self._console = None
