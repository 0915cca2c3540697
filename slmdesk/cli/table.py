"""Plain text in columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

_GAP = "  "


def align(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """Each row as a line, its cells in columns; those of the columns `right` end together."""
    shown = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = []
        for index, cell in enumerate(row):
            space = " " * (widths[index] - width(cell))
            cells.append(space + cell if index in right else cell + space)
        yield _GAP.join(cells).rstrip()


def width(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _printable(text: str) -> str:
    # A size holds a no-break space, which Python does not count among the printable characters.
    return "".join(
        c if c.isprintable() or c == "\N{NO-BREAK SPACE}" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
