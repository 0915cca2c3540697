"""How the columns of the table of variants share its width, and what gives way where it is too narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QFontMetrics

from slmdesk.messages import tr
from slmdesk.ui.models.variant_model import FIT, QUALITY, VARIANT, VariantModel, heads
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import badge_size
from slmdesk.ui.widgets.verdict import widest_badge

# Times the text scale.
_LEAST_QUALITY = 104
_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Columns:
    """What is shown of the table."""

    widths: Mapping[int, int]
    """Pixels of each column that is shown; of `VARIANT` alone: each row says everything in two lines."""
    best_below: bool
    """Whether the mark of the best variant stands below its name."""

    @property
    def in_one(self) -> bool:
        """Whether there is one column alone."""
        return len(self.widths) == 1


def name_inset(theme: Theme) -> int:
    """Pixels before the name of a variant, where the mark of the chosen one is."""
    return theme.sizes.mark + Space.S + Space.XS


def best_size(theme: Theme) -> int:
    """Pixels that the mark of the best variant takes beside a name."""
    return badge_size(theme, tr("Best here"), "star").width() + Space.S


def share_out(theme: Theme, variants: VariantModel, room: int) -> Columns:
    """Share `room` pixels. Names and figures keep what they need.

    Where that is too much, the mark of the best variant goes below its name; then whose a variant is, and
    after that the words of the quality, are shortened as far as they still say something; then the quality
    goes; where not even that suffices, all columns go but one.
    """
    needed, names = _needed(theme, variants), _Names(theme, variants)
    best = best_size(theme) if names.best >= 0 else 0
    quality, short = needed[QUALITY], min(needed[QUALITY], round(_LEAST_QUALITY * theme.text_scale))
    for column, shortened, beside in (
        (quality, False, best),
        (quality, False, 0),
        (quality, True, 0),
        (short, True, 0),
        (0, False, best),
        (0, False, 0),
        (0, True, 0),
    ):
        own = names.width(beside, shortened=shortened)
        # Below a short name the mark is the longer one.
        below = name_inset(theme) + best if best and not beside else 0
        widths = {**needed, VARIANT: max(own, below), QUALITY: column}
        if not column:
            del widths[QUALITY]
        spare = room - sum(widths.values())
        if spare >= 0:
            # What was shortened gets it first.
            lacking = min(max(0, names.width(beside) - widths[VARIANT]), spare)
            widths[VARIANT] += lacking
            widths[QUALITY if QUALITY in widths else VARIANT] += spare - lacking
            return Columns(widths, best_below=bool(best) and not beside)
    whole = names.best + best + widest_badge(theme) + Space.S
    return Columns({VARIANT: room}, best_below=bool(best) and whole > room)


def _needed(theme: Theme, variants: VariantModel) -> dict[int, int]:
    """Pixels of each column but the first, for its widest words."""
    metrics = QFontMetrics(theme.font(TextRole.BASE))
    head = QFontMetrics(theme.font(TextRole.GROUP_HEAD))
    widths: dict[int, int] = {}
    for column, title in enumerate(heads()):
        words = [str(variants.index(row, column).data()) for row in range(variants.rowCount())]
        widest = max(map(metrics.horizontalAdvance, words), default=0)
        widths[column] = max(widest, head.horizontalAdvance(title)) + Space.L
    widths[FIT] = widest_badge(theme) + Space.S
    return widths


class _Names:
    """Pixels that the names take, with the mark before them."""

    def __init__(self, theme: Theme, variants: VariantModel) -> None:
        # A chosen name is stronger.
        metrics = QFontMetrics(theme.font(TextRole.STRONG))
        around = name_inset(theme) + Space.L
        rows = range(variants.rowCount())
        parts = [variants.name_parts(row) for row in rows]
        self._whole = [metrics.horizontalAdvance(" · ".join(one)) + around for one in parts]
        # Of whose it is, the first letters.
        first = [one[0] if len(one) == 1 else f"{one[0]} · {one[1][:_LETTERS]}…" for one in parts]
        self._short = [metrics.horizontalAdvance(one) + around for one in first]
        self._best = next((row for row in rows if variants.is_best(row)), -1)

    @property
    def best(self) -> int:
        """Of the best one, up to the end of its name; -1: none is."""
        return self._whole[self._best] if self._best >= 0 else -1

    def width(self, beside: int, *, shortened: bool = False) -> int:
        """Of the column, with a mark of `beside` pixels after the name of the best one."""
        widths = list(self._short if shortened else self._whole)
        if beside:
            widths[self._best] += beside
        return max(widths, default=0)
